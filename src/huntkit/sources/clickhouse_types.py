"""ClickHouse's types: what KQL calls them, and the columns that their values become."""

import ipaddress
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import pyarrow as pa

from huntkit.sources.column_types import json_column, numbers

_WRAPPED: Final = re.compile(r"(?:Nullable|LowCardinality)\((.*)\)\Z", re.DOTALL)
_SIMPLE: Final = re.compile(r"SimpleAggregateFunction\([^,]+,\s*(.*)\)\Z", re.DOTALL)
_SMALL: Final = frozenset(["Int8", "Int16", "Int32", "UInt8", "UInt16"])
_WIDE: Final = frozenset(["UInt64", "Int128", "Int256", "UInt128", "UInt256"])
_LENGTHS: Final = {
    "IntervalNanosecond": 1e-9, "IntervalMicrosecond": 1e-6, "IntervalMillisecond": 1e-3,
    "IntervalSecond": 1, "IntervalMinute": 60, "IntervalHour": 3600, "IntervalDay": 86_400,
    "IntervalWeek": 604_800,
}  # fmt: skip

_NESTED: Final = frozenset(
    ["Array", "Map", "Tuple", "Nested", "JSON", "Object", "Dynamic", "Variant", "Point", "Ring",
     "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
)  # fmt: skip


def base(name: str) -> str:
    """The type itself, without what wraps it and without its arguments.

    Examples:
        >>> base("LowCardinality(Nullable(FixedString(3)))"), base("DateTime64(9, 'UTC')")
        ('FixedString', 'DateTime64')
    """
    while found := _WRAPPED.match(name) or _SIMPLE.match(name):
        name = found.group(1)
    return name.partition("(")[0]


def kql_type(name: str) -> str:
    """The KQL type of a ClickHouse type.

    Examples:
        >>> kql_type("Nullable(UInt32)"), kql_type("DateTime('UTC')"), kql_type("Array(UInt8)")
        ('long', 'datetime', 'dynamic')
    """
    kind = base(name)
    if kind in _SMALL:
        return "int"
    if kind in _WIDE or kind in ("Int64", "UInt32"):
        return "long"
    if kind in _NESTED:
        return "dynamic"
    if kind in _LENGTHS or kind in ("Time", "Time64"):
        return "timespan"
    if kind.startswith(("Float", "Decimal", "BFloat")):
        return "real"
    if kind.startswith("Date"):
        return "datetime"
    return {"Bool": "bool", "UUID": "guid"}.get(kind, "string")


def column_of(name: str, values: Sequence[Any]) -> pa.Array:
    """Values, as ClickHouse's own library gives them, as a column of an answer.

    Args:
        name: the type's name.
        values: its values; times are aware or in UTC.
    """
    kind = base(name)
    if kind in _WIDE:
        return numbers(values)
    if kind.startswith("Decimal"):
        scale = name.replace(" ", "").rpartition(",")[2].partition(")")[0]
        return numbers(values, fraction=scale != "0")
    if kind in _LENGTHS:
        length = _LENGTHS[kind]
        return _mapped(values, lambda n: timedelta(seconds=n * length), _ARROW["timespan"])
    if kind.startswith("Date"):
        return _mapped(values, _instant, _ARROW["datetime"])
    known = kql_type(kind)
    if known == "dynamic":
        return json_column(values)
    if known in _ARROW:
        return pa.array(values, _ARROW[known])
    texts = {"FixedString": _fixed, "IPv4": _address, "IPv6": _address}
    return _mapped(values, texts.get(kind, str), pa.string())


_ARROW: Final = {
    "int": pa.int32(),
    "long": pa.int64(),
    "real": pa.float64(),
    "bool": pa.bool_(),
    "datetime": pa.timestamp("us", "UTC"),
    "timespan": pa.duration("us"),
}


def _mapped(values: Sequence[Any], make: Callable[[Any], object], kind: pa.DataType) -> pa.Array:
    return pa.array([None if each is None else make(each) for each in values], kind)


def _instant(value: date | datetime) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _fixed(value: bytes | str) -> str:
    """Fixed strings are filled up with zero bytes; what is no UTF-8 is shown as hex."""
    if isinstance(value, str):
        return value.rstrip("\0")
    try:
        return value.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        return value.hex()


def _address(value: Any) -> str:
    """An address as ClickHouse prints it; Python's versions differ in mapped ones."""
    if isinstance(value, ipaddress.IPv6Address) and value.ipv4_mapped is not None:
        return f"::ffff:{value.ipv4_mapped}"
    return str(value)
