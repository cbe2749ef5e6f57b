"""Columns of arbitrary Python values, as they stand in pandas' object columns.

Values of one family (all text, all whole numbers, all times ...) become the Polars type of that
family. Anything mixed becomes text, because text is the only type that holds every value of a
log without dropping some. Lists and dicts keep their structure when every one has the same
shape; otherwise they become JSON text, so that hostile rows with a thousand different keys
can't blow a frame up to rows times keys.
"""

import datetime as dt
import decimal
import json
import numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import polars as pl
import pyarrow as pa

_Family = Literal[
    "text", "bool", "int", "number", "bytes", "datetime", "date", "time", "duration", "decimal",
    "list", "dict", "mixed",
]  # fmt: skip

_BY_NAME: dict[str, _Family] = {
    "bool": "bool",  # numpy's, too
    "bool_": "bool",
    "ndarray": "list",
    "Fraction": "mixed",
    "MonthDayNano": "mixed",  # Arrow's intervals, which Polars does not know
}
# The first that fits: a datetime is a date as well.
_BY_BASE: tuple[tuple[type, _Family], ...] = (
    (str, "text"),
    (dt.datetime, "datetime"),
    (dt.date, "date"),
    (dt.time, "time"),
    (dt.timedelta, "duration"),
    (decimal.Decimal, "decimal"),
    (numbers.Integral, "int"),
    (numbers.Real, "number"),
    (bytes, "bytes"),
    (list, "list"),
    (tuple, "list"),
    (dict, "dict"),
)
_DEPTH = 16  # nesting beyond this is JSON text


def from_objects(name: str, values: Sequence[Any]) -> pl.Series:
    """A Polars column from Python values; None, NaN, NaT and pandas' NA are null.

    Examples:
        >>> from_objects("a", [1, None, 2.5]).to_list()
        [1.0, None, 2.5]
        >>> from_objects("a", [1, "x", None, ["y", 2]]).to_list()
        ['1', 'x', None, '["y", 2]']
    """
    cleaned = [None if _is_missing(value) else value for value in values]
    family = _family({type(value) for value in cleaned if value is not None})
    if family == "mixed":
        return _text(name, cleaned)
    try:
        return _typed(name, cleaned, family)
    except (pa.ArrowException, pl.exceptions.PolarsError, ValueError, TypeError, OverflowError):
        # A number beyond 64 bits, half a surrogate pair, a date that only Python knows ...
        return _text(name, cleaned)


def as_text(value: object) -> str:
    """A value as the text that stands for it in a column of mixed values."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, bytes | bytearray | memoryview):
        text = bytes(value).decode("utf-8", "backslashreplace")
    elif isinstance(value, dt.datetime | dt.date | dt.time):
        text = value.isoformat()
    elif isinstance(value, Mapping | list | tuple | set | frozenset) or hasattr(value, "tolist"):
        text = _json(value)
    else:
        text = str(value)
    # Half a surrogate pair is no text for Arrow: show it as what it is.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _text(name: str, values: Iterable[Any]) -> pl.Series:
    return pl.Series(name, [None if v is None else as_text(v) for v in values], dtype=pl.String)


def _json(value: object) -> str:
    try:
        return json.dumps(_plain(value), ensure_ascii=False, default=as_text)
    except (ValueError, TypeError, RecursionError):
        return str(value)


def _plain(value: object, depth: int = 0) -> object:
    """The value with only text keys and lists, so that JSON can hold it."""
    if depth > _DEPTH * 4:
        return "... nested too deeply to show"
    if hasattr(value, "tolist"):  # numpy arrays and scalars
        value = value.tolist()
    if isinstance(value, Mapping):
        return {as_text(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(item, depth + 1) for item in value), key=str)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None if value != value else str(value)
    return value


def _is_missing(value: Any) -> bool:
    if value is None or isinstance(value, str):
        return value is None
    if type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, decimal.Decimal):
        return value.is_nan()
    return isinstance(value, float) and value != value


def _family(types: set[type]) -> _Family:
    families = {_family_of(kind) for kind in types}
    if len(families) == 1:
        return families.pop()
    if not families:
        return "text"
    return "number" if families == {"int", "number"} else "mixed"


def _family_of(kind: type) -> _Family:
    if kind.__name__ in _BY_NAME:
        return _BY_NAME[kind.__name__]
    for base, family in _BY_BASE:
        if issubclass(kind, base):
            return family
    return "mixed"


def _typed(name: str, values: list[Any], family: _Family) -> pl.Series:
    match family:
        case "text":
            return pl.Series(name, values, dtype=pl.String)
        case "bool":
            return pl.Series(name, [None if v is None else bool(v) for v in values], pl.Boolean)
        case "datetime":
            return pl.Series(name, [_utc(v) for v in values], dtype=pl.Datetime("us", "UTC"))
        case "number":
            # Whole numbers beyond 2**53 would change beside a fraction.
            if any(isinstance(v, numbers.Integral) and abs(int(v)) > 2**53 for v in values):
                return _text(name, values)
            return pl.Series(name, [None if v is None else float(v) for v in values], pl.Float64)
        case "duration":
            return pl.Series(name, [_plain_delta(v) for v in values], dtype=pl.Duration("us"))
        case "list" | "dict":
            plain = [None if v is None else _arrays_to_lists(v) for v in values]
            if not _same_shape([v for v in plain if v is not None]):
                return _text(name, values)
            return _from_arrow(name, pa.array(plain, from_pandas=True))
        case "int":
            return _from_arrow(name, pa.array([None if v is None else int(v) for v in values]))
        case _:
            return _from_arrow(name, pa.array(values))


def _from_arrow(name: str, array: pa.Array) -> pl.Series:
    if "decimal256" in str(array.type):
        raise ValueError("more than 38 digits, which Polars can't hold")
    column = pl.from_arrow(array)
    assert isinstance(column, pl.Series)
    return column.rename(name)


def _utc(value: dt.datetime | None) -> dt.datetime | None:
    if value is None:
        return None
    plain = dt.datetime(
        value.year, value.month, value.day, value.hour, value.minute, value.second,
        value.microsecond, tzinfo=value.tzinfo, fold=value.fold,
    )  # fmt: skip
    return plain.replace(tzinfo=dt.UTC) if plain.utcoffset() is None else plain.astimezone(dt.UTC)


def _plain_delta(value: dt.timedelta | None) -> dt.timedelta | None:
    return None if value is None else dt.timedelta(value.days, value.seconds, value.microseconds)


def _arrays_to_lists(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, tuple):
        value = list(value)
    return value


def _same_shape(values: list[Any], depth: int = 0) -> bool:
    """Whether Arrow can hold all these values in one type without adding or losing a key."""
    values = [v for v in values if not _is_missing(v)]
    family = _family({type(v) for v in values})
    if family == "dict":
        keys = values[0].keys()
        return (
            depth < _DEPTH
            and bool(keys)
            and all(isinstance(key, str) for key in keys)
            and all(list(v) == list(keys) for v in values)
            and all(_same_shape([v[key] for v in values], depth + 1) for key in keys)
        )
    if family == "list":
        return depth < _DEPTH and _same_shape([item for v in values for item in v], depth + 1)
    if family == "datetime":
        return len({str(v.tzinfo) for v in values}) <= 1
    if family == "number":
        return len({type(v) for v in values}) == 1
    return family != "mixed"
