"""Lists of raw values to typed Polars columns."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson
import polars as pl

from huntkit.sources.local.mapping.times import parse_times
from huntkit.sources.local.mapping.values import to_bool, to_float, to_int, to_json, to_text

_INT32 = (-(1 << 31), (1 << 31) - 1)


def texts(name: str, values: Sequence[Any]) -> pl.Series:
    """A text column; missing is empty. Lists of clean text cost 15 ns a value."""
    try:
        column = pl.Series(name, values, dtype=pl.String, strict=True)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        column = pl.Series(name, [to_text(v) for v in values], dtype=pl.String)
    return column.fill_null("") if column.null_count() else column


def integers(name: str, values: Sequence[Any], *, small: bool = False) -> pl.Series:
    """An Int64 (or Int32) column; what is no integer of that size is null."""
    try:
        column = pl.Series(name, values, dtype=pl.Int64, strict=True)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        column = pl.Series(name, [to_int(v) for v in values], dtype=pl.Int64)
    return column.cast(pl.Int32, strict=False) if small else column


def bags(name: str, rows: Sequence[Any]) -> pl.Series:
    """One JSON text per row's dict; an empty dict is empty text."""
    dumps = orjson.dumps
    try:
        raw = [dumps(row) if row else None for row in rows]
    except (TypeError, ValueError, RecursionError):
        return texts(name, [to_json(row) if row else None for row in rows])
    try:
        column = pl.Series(name, raw, dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError:  # pragma: no cover  orjson writes valid UTF-8
        column = pl.Series(name, [r.decode("utf-8", "replace") if r else None for r in raw])
    return column.fill_null("")


def _times(name: str, values: Sequence[Any]) -> pl.Series:
    return parse_times(texts(name, values)).rename(name)


def _bools(name: str, values: Sequence[Any]) -> pl.Series:
    return pl.Series(name, [to_bool(v) for v in values], dtype=pl.Boolean)


def _reals(name: str, values: Sequence[Any]) -> pl.Series:
    return pl.Series(name, [to_float(v) for v in values], dtype=pl.Float64)


def _spans(name: str, values: Sequence[Any]) -> pl.Series:
    found = pl.Series(name, [to_int(v) for v in values], dtype=pl.Int64)
    return found.cast(pl.Duration("us"))


_MAKERS: dict[str, Callable[[str, Sequence[Any]], pl.Series]] = {
    "string": texts,
    "dynamic": texts,
    "guid": texts,
    "long": integers,
    "int": lambda name, values: integers(name, values, small=True),
    "datetime": _times,
    "bool": _bools,
    "real": _reals,
    "decimal": _reals,
    "timespan": _spans,
}
KINDS = frozenset(_MAKERS)


def typed(name: str, values: Sequence[Any], kind: str) -> pl.Series:
    """A column of a KQL type from raw values; what does not fit is null.

    Examples:
        >>> typed("LogonType", ["3", None, "x"], "int").to_list()
        [3, None, None]
    """
    return _MAKERS[kind](name, values)
