"""Columns of databases as the types of answers."""

import json
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.sources.column_types import (
    UTC,
    column_of_arrow,
    distinct_names,
    json_text,
    numbers,
    table_of_columns,
)

UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": Decimal("0.001")}


@given(st.lists(st.none() | st.integers(-(1 << 63), (1 << 63) - 1)), st.sampled_from([*UNITS]))
def test_a_time_is_right_or_empty_and_counted(values, unit):
    column, lost = column_of_arrow(pa.array(values, pa.timestamp(unit)))
    assert column.type == UTC
    found = column.cast(pa.int64()).to_pylist()
    for given_, got in zip(values, found, strict=True):
        exact = None if given_ is None else given_ * UNITS[unit]
        if got is not None:
            assert abs(got - exact) < 1
        elif exact is not None:
            assert not -62_135_596_800_000_000 <= exact < 253_402_300_800_000_000
    assert lost == sum(v is None for v in found) - sum(v is None for v in values)


@given(st.lists(st.none() | st.decimals(allow_nan=False, allow_infinity=False)))
def test_exact_numbers_are_held_to_the_digit_or_are_text(values):
    found = numbers(values)
    for given_, got in zip(values, found.to_pylist(), strict=True):
        if given_ is None:
            assert got is None
        else:
            assert Decimal(str(got)) == given_


@given(st.lists(st.sampled_from(["a", "b", "a_2", "a_3", ""])))
def test_names_are_distinct_and_unique_ones_stay(names):
    found = distinct_names(names)
    assert len(set(found)) == len(found) == len(names)
    for before, after in zip(names, found, strict=True):
        assert after.startswith(before)
        if names.count(before) == 1:
            assert after == before


@pytest.mark.parametrize("kind", [
    pa.int8(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64(), pa.uint64(), pa.float16(),
    pa.float32(), pa.float64(), pa.decimal128(38, 2), pa.decimal256(76, 0), pa.bool_(), pa.string(),
    pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary(4),
    pa.binary_view(), pa.timestamp("s"), pa.timestamp("ns", "Europe/Berlin"), pa.date32(),
    pa.date64(), pa.time32("s"), pa.time64("ns"), pa.duration("s"), pa.month_day_nano_interval(),
    pa.list_(pa.int8()), pa.large_list(pa.string()), pa.struct({"a": pa.int8()}),
    pa.map_(pa.string(), pa.int8()), pa.dictionary(pa.int8(), pa.string()), pa.null(), pa.uuid(),
], ids=str)  # fmt: skip
def test_every_type_has_a_form_even_without_rows(kind):
    allowed = {
        pa.int32(),
        pa.int64(),
        pa.float64(),
        pa.bool_(),
        pa.string(),
        UTC,
        pa.duration("us"),
    }
    for column in (pa.array([], kind), pa.array([None, None], kind), pa.chunked_array([], kind)):
        assert column_of_arrow(column)[0].type in allowed


def test_json_keeps_what_json_lacks_as_text():
    deep = {"n": 1 << 80, "t": (1, b"\xff"), 5: Decimal("1.50")}
    assert json.loads(json_text(deep)) == {"n": 1 << 80, "t": [1, "ff"], "5": "1.50"}


def test_a_gap_names_the_column():
    table, gaps = table_of_columns(["at"], [pa.array([1 << 62, 0], pa.timestamp("us"))])
    assert table.column("at").null_count == 1
    assert "'at'" in gaps[0].reason
