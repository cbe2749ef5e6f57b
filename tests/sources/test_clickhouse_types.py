"""ClickHouse's types by name; the values of the real engine are in the driver's tests."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from huntkit.sources.clickhouse_types import base, column_of, kql_type


@pytest.mark.parametrize(("name", "kind", "kql"), [
    ("LowCardinality(Nullable(String))", "String", "string"),
    ("Nullable(DateTime64(3, 'UTC'))", "DateTime64", "datetime"),
    ("SimpleAggregateFunction(sum, Nullable(UInt64))", "UInt64", "long"),
    ("Array(Nullable(String))", "Array", "dynamic"), ("Int8", "Int8", "int"),
    ("Enum8('a' = 1, 'Nullable(' = 2)", "Enum8", "string"), ("Decimal(9, 2)", "Decimal", "real"),
    ("IntervalHour", "IntervalHour", "timespan"), ("UUID", "UUID", "guid"),
    ("Date32", "Date32", "datetime"), ("SomethingNew(1)", "SomethingNew", "string"),
])  # fmt: skip
def test_names(name, kind, kql):
    assert base(name) == kind
    assert kql_type(name) == kql


def test_values():
    at = datetime(2024, 5, 1, tzinfo=UTC)
    assert column_of("DateTime", [at.replace(tzinfo=None), None]).to_pylist() == [at, None]
    assert column_of("Date", [date(2024, 5, 1)]).to_pylist() == [at]
    assert str(column_of("Decimal(9, 2)", [Decimal("1.00"), None]).type) == "double"
    assert str(column_of("Decimal(9, 0)", [Decimal(1)]).type) == "int64"
    assert column_of("FixedString(2)", [b"a\0", b"\xff\0", None]).to_pylist() == ["a", "ff00", None]
    assert column_of("SomethingNew", [1, None]).to_pylist() == ["1", None]
    assert str(column_of("UInt64", []).type) == "int64"
