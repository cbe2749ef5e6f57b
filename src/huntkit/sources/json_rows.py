"""Rows of JSON, as services send them, to Arrow tables; types by KQL's names."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from operator import itemgetter
from typing import Any, Final

import orjson
import polars as pl
import pyarrow as pa

from huntkit.core.errors import BadReply
from huntkit.sources.local.mapping.times import parse_times

_UTC: Final = pa.timestamp("us", "UTC")
_ARROW: Final[Mapping[str, pa.DataType]] = {
    "string": pa.string(),
    "guid": pa.string(),
    "dynamic": pa.string(),
    "datetime": _UTC,
    "timespan": pa.duration("us"),
    "bool": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "real": pa.float64(),
    "decimal": pa.float64(),
}
# What the services call KQL's types: .NET's names, and JSON's.
_NAMES: Final[Mapping[str, str]] = {
    "sbyte": "bool", "boolean": "bool", "bit": "bool", "int16": "int", "int32": "int",
    "uint32": "long", "int64": "long", "integer": "long", "uint64": "long", "single": "real",
    "float": "real", "double": "real", "number": "real", "sqldecimal": "decimal",
    "date": "datetime", "time": "timespan", "uuid": "guid", "uniqueid": "guid",
    "object": "dynamic", "array": "dynamic",
}  # fmt: skip
_SPAN: Final = re.compile(r"(-?)(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?$")
_TIME: Final = re.compile(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$")
_NUMBERS: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def kql_type(name: str) -> str:
    """The KQL type that a service means; what is not known is ``dynamic``, and nothing is lost.

    Examples:
        >>> kql_type("System.Int64"), kql_type("String"), kql_type("datetime")
        ('long', 'string', 'datetime')
    """
    short = name.rpartition(".")[2].casefold()
    short = _NAMES.get(short, short)
    return short if short in _ARROW else "dynamic"


def table_of(names: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows of JSON values as a table.

    Args:
        names: the columns; of two with one name the second is ``name_2``.
        types: their types, as the service calls them.
        rows: lists of values; shorter ones are filled with null.

    Examples:
        >>> table_of(["n", "at"], ["long", "datetime"], [[1, "2024-05-01T00:00:00Z"]]).to_pylist()
        [{'n': 1, 'at': datetime.datetime(2024, 5, 1, 0, 0, tzinfo=zoneinfo.ZoneInfo(key='UTC'))}]
    """
    width = len(names)
    if set(map(len, rows)) - {width}:
        rows = [[*row[:width], *[None] * (width - len(row))] for row in rows]
    arrays = [  # column by column: zip(*rows) makes an object a row, and takes three times as long
        _checked(name, list(map(itemgetter(place), rows)), kind)
        for place, (name, kind) in enumerate(zip(names, types, strict=True))
    ]
    return pa.table(dict(zip(_distinct(names), arrays, strict=True)))


def table_of_objects(
    rows: Sequence[Mapping[str, Any]],
    schema: Sequence[tuple[str, str]] = (),
    *,
    find_times: bool = False,
) -> pa.Table:
    """Rows that are JSON objects as a table; columns of no told type get that of their values.

    Args:
        rows: the objects; what one lacks is null.
        schema: name and type of the columns that the service told.
        find_times: columns whose every text is a time in UTC are times.
    """
    told = dict(schema)
    names = list(dict.fromkeys([*told, *(name for row in rows for name in row)]))
    arrays = []
    for name in names:
        values = [row.get(name) for row in rows]
        arrays.append(_checked(name, values, told.get(name) or _type_of(values, find_times)))
    return pa.table(dict(zip(names, arrays, strict=True)))


def _checked(name: str, values: Sequence[Any], kind: str) -> pa.Array:
    try:
        return column_of(values, kind)
    except (ValueError, TypeError, OverflowError) as problem:
        raise BadReply(
            f"the column {name!r} holds what is no {kql_type(kind)}: {problem}",
            service="the source",
        ) from problem


def column_of(values: Sequence[Any], kind: str) -> pa.Array:
    """A column of a type, as the service calls it.

    Raises:
        ValueError, TypeError, OverflowError: a value is no such thing.
    """
    known = kql_type(kind)
    dtype = _ARROW[known]
    if known in ("int", "long", "string", "guid", "bool"):
        try:
            return pa.array(values, dtype)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            pass
    return _MAKERS[known](values).cast(dtype)


def _texts(values: Sequence[Any]) -> pa.Array:
    return pa.array([v if v is None or isinstance(v, str) else _json(v) for v in values])


def _dynamic(values: Sequence[Any]) -> pa.Array:
    """JSON text; some services send it as text already, some as what it stands for."""
    return pa.array([None if v is None else _json_text(v) for v in values], pa.string())


def _json_text(value: Any) -> str:
    if not isinstance(value, str):
        return _json(value)
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError:
        return _json(value)
    return value


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _times(values: Sequence[Any]) -> pa.Array:
    try:
        texts = pl.Series(values, dtype=pl.String)
    except TypeError:  # numbers among them
        texts = pl.Series([None if v is None else str(v) for v in values], dtype=pl.String)
    times = parse_times(texts)
    lost = texts.filter(times.is_null() & texts.is_not_null() & (texts != ""))
    if lost.len():
        raise ValueError(f"{lost[0]!r}")
    parsed: pa.Array = times.to_arrow()
    return parsed


def _spans(values: Sequence[Any]) -> pa.Array:
    known = {value: _span(value) for value in set(values) if value not in (None, "")}
    return pa.array([known.get(value) for value in values], pa.int64()).cast(pa.duration("us"))


def _span(value: Any) -> int:
    """Microseconds of ``[-][d.]hh:mm:ss[.fffffff]``."""
    found = _SPAN.match(str(value))
    if found is None:
        raise ValueError(f"{value!r}")
    minus, days, hours, minutes, seconds, part = found.groups()
    whole = ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds)
    micros = whole * 1_000_000 + int((part or "").ljust(6, "0")[:6])
    return -micros if minus else micros


def _bools(values: Sequence[Any]) -> pa.Array:
    words = {"true": True, "false": False, "1": True, "0": False}
    try:
        return pa.array(
            [None if v in (None, "") else words[str(v).casefold()] for v in values], pa.bool_()
        )
    except KeyError as problem:
        raise ValueError(f"{problem}") from None


def _integers(values: Sequence[Any]) -> pa.Array:
    return pa.array([None if v is None or v == "" else int(v) for v in values], pa.int64())


def _reals(values: Sequence[Any]) -> pa.Array:
    return pa.array(
        [None if v is None or v == "" else float(_NUMBERS.get(v, v)) for v in values], pa.float64()
    )


_MAKERS: Final[Mapping[str, Callable[[Sequence[Any]], pa.Array]]] = {
    "string": _texts,
    "guid": _texts,
    "dynamic": _dynamic,
    "datetime": _times,
    "timespan": _spans,
    "bool": _bools,
    "int": _integers,
    "long": _integers,
    "real": _reals,
    "decimal": _reals,
}


def _type_of(values: Sequence[Any], times: bool) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return "bool"
    if kinds == {int}:
        return "long"
    if kinds and kinds <= {int, float}:
        return "real"
    if times and kinds == {str} and all(_TIME.match(each) for each in values if each is not None):
        return "datetime"
    return "string" if not kinds or kinds == {str} else "dynamic"


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, the second of two that are the same with ``_2``."""
    seen: set[str] = set()
    given = set(names)
    made = []
    for name in names:
        new = name
        if name in seen:
            new = next(
                each for n in count(2) if (each := f"{name}_{n}") not in seen and each not in given
            )
        seen.add(new)
        made.append(new)
    return made
