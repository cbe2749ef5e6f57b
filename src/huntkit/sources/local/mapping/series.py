"""Lists of raw values to typed Polars columns."""

from collections.abc import Callable, Sequence, Sized
from itertools import repeat
from typing import Any

import numpy as np
import polars as pl
import polars.selectors as cs
import pyarrow as pa

from huntkit.sources.local.mapping.times import parse_times
from huntkit.sources.local.mapping.values import Memo, to_bool, to_float, to_int, to_text, whole

_INT32 = (-(1 << 31), (1 << 31) - 1)


def texts(name: str, values: Sequence[Any], *, flat: bool = False) -> pl.Series:
    """A text column; missing is null until ``filled``. Clean text costs 15 ns a value.

    ``flat`` says that there are surely no lists or objects: looking costs as much again.
    """
    try:
        column = _strict(name, values, pl.String, flat=flat)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        column = _mixed(name, values)
    return column


def _strict(name: str, values: Sequence[Any], dtype: Any, *, flat: bool) -> pl.Series:
    """A column of values that are all of its type; else an error.

    Polars may not see lists and objects here: it takes minutes over those that are deep.
    """
    if not flat and not {list, dict}.isdisjoint(set(map(type, values))):
        raise TypeError
    return pl.Series(name, values, dtype=dtype, strict=True)


def _mixed(name: str, values: Sequence[Any]) -> pl.Series:
    """A text column of values of several types; one of numbers only is quick."""
    if type(next((v for v in values if v is not None), None)) is int:
        try:
            return pl.Series(name, values, dtype=pl.Int64, strict=True).cast(pl.String)
        except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
            pass
    return pl.Series(name, [to_text(v) for v in values], dtype=pl.String)


def filled(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with empty texts for missing ones, in one go: a call per column costs too much."""
    gaps = [s.name for s in frame.iter_columns() if s.dtype == pl.String and s.null_count()]
    # By name: a column may be called ``^a$``, which ``pl.col`` takes for a pattern.
    return frame.with_columns(cs.by_name(gaps).fill_null("")) if gaps else frame


def integers(
    name: str, values: Sequence[Any], *, small: bool = False, flat: bool = False
) -> pl.Series:
    """An Int64 (or Int32) column; what is no integer of that size is null."""
    try:
        column = _strict(name, values, pl.Int64, flat=flat)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        column = pl.Series(name, Memo(to_int).each(values), dtype=pl.Int64)
    return column.cast(pl.Int32, strict=False) if small else column


class LongTexts:
    """A column of texts that are long, taken in while they are warm.

    A batch of them is joined to one text at once: thousands of long objects that wait to become a
    column cost dear, and so does a call of Polars for each batch. Missing is empty.
    """

    def __init__(self) -> None:
        self._joined: list[bytes] = []
        self._sizes: list[int] = []
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._sizes)

    def add(self, values: Sequence[bytes]) -> None:
        """Take texts that are UTF-8 already."""
        self._add(b"".join(values), values)

    def add_texts(self, values: Sequence[Any]) -> None:
        """Take raw values of any kind."""
        try:
            joined = "".join(values)
        except TypeError:
            values = ["" if each is None else to_text(each) for each in values]
            joined = "".join(values)
        if joined.isascii():
            self._add(joined.encode(), values)
        else:
            self.add([whole(each).encode() for each in values])

    def _add(self, joined: bytes, values: Sequence[Sized]) -> None:
        self._joined.append(joined)
        self._sizes += map(len, values)
        self.bytes += len(joined)

    def skip(self, count: int) -> None:
        """Take so many that are missing."""
        self._sizes += repeat(0, count)

    def column(self, name: str) -> pl.Series:
        """All of them."""
        ends = np.zeros(len(self._sizes) + 1, dtype=np.int64)
        np.cumsum(self._sizes, out=ends[1:])
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(self._joined))]
        array = pa.Array.from_buffers(pa.large_string(), len(self._sizes), buffers)
        return pl.Series(name, array)


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
    "datetime": _times,
    "bool": _bools,
    "real": _reals,
    "decimal": _reals,
    "timespan": _spans,
}
_DTYPES: dict[str, Any] = {
    "string": pl.String,
    "dynamic": pl.String,
    "guid": pl.String,
    "long": pl.Int64,
    "int": pl.Int32,
    "datetime": pl.Datetime("us", "UTC"),
    "bool": pl.Boolean,
    "real": pl.Float64,
    "decimal": pl.Float64,
    "timespan": pl.Duration("us"),
}
KINDS = frozenset(_DTYPES)
TEXT = frozenset({"string", "dynamic", "guid"})
_WHOLE = frozenset({"long", "int"})


def plain(column: pl.Series) -> pl.Series:
    """A column of a columnar file in one of the types that tables have: others become text."""
    dtype = column.dtype
    if dtype in (pl.String, pl.Boolean, pl.Int64, pl.Int32, pl.Float64):
        return column
    if dtype.is_integer():
        wide = column.cast(pl.Int64, strict=False)
        return wide if wide.null_count() == column.null_count() else column.cast(pl.String)
    if dtype.is_float():
        return column.cast(pl.Float64)
    if isinstance(dtype, pl.Datetime | pl.Duration) or dtype == pl.Date:
        return in_range(column)
    if dtype == pl.Time or isinstance(dtype, pl.Decimal):
        return column.cast(pl.String)
    texts_of = [None if value is None else to_text(value) for value in column.to_list()]
    return pl.Series(column.name, texts_of, dtype=pl.String)


# Counts of the years 1 to 9999, the times that all engines know; more makes Polars panic.
_COUNTS = {"us": (-62_135_596_800_000_000, 253_402_300_799_999_999), "days": (-719_162, 2_932_896)}


def in_range(column: pl.Series) -> pl.Series:
    """Times and spans in microseconds; null for what is beyond the years 1 to 9999."""
    dtype, count = column.dtype, column.to_physical()
    low, high = _COUNTS["days" if dtype == pl.Date else "us"]
    if isinstance(dtype, pl.Datetime | pl.Duration):
        if dtype.time_unit == "ms":
            low, high = low // 1000, high // 1000
        elif dtype.time_unit == "ns":
            low, high = -(1 << 63), (1 << 63) - 1
    beyond = ~count.is_between(low, high).fill_null(value=True)
    if beyond.any():
        column = column.set(beyond, None)
    if isinstance(dtype, pl.Duration):
        return column.cast(pl.Duration("us"))
    zone = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    cut = column.cast(pl.Datetime("us", zone))
    return cut.dt.replace_time_zone("UTC") if zone is None else cut.dt.convert_time_zone("UTC")


def listed(column: pl.Series) -> list[Any]:
    """The same as raw values, as a JSON file would hold them: times are ISO text.

    Times and spans beyond what tables hold are said in words, which nobody takes for other times.

    Examples:
        >>> listed(pl.Series([5, 1 << 62], dtype=pl.Datetime("ms")))
        ['1970-01-01T00:00:00.005000Z', '4611686018427387904 ms since 1970']
    """
    given, column = column, plain(column.rename(""))
    beyond = column.null_count() - given.null_count()
    if isinstance(column.dtype, pl.Datetime):
        column = column.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    elif isinstance(column.dtype, pl.Duration):
        column = column.dt.total_microseconds()
    if not beyond:
        return column.to_list()
    dtype = given.dtype
    unit = dtype.time_unit if isinstance(dtype, pl.Datetime | pl.Duration) else "days"
    since = "" if isinstance(dtype, pl.Duration) else " since 1970"
    return [
        value if count is None or value is not None else f"{count} {unit}{since}"
        for count, value in zip(given.to_physical().to_list(), column.to_list(), strict=True)
    ]


def typed(
    name: str, values: Sequence[Any] | pl.Series, kind: str, *, flat: bool = False
) -> pl.Series:
    """A column of a KQL type from raw values; what does not fit is null.

    ``flat`` says that the values are surely no lists or objects.

    Examples:
        >>> typed("LogonType", ["3", None, "x"], "int").to_list()
        [3, None, None]
    """
    if isinstance(values, pl.Series):
        if values.dtype == _DTYPES[kind]:
            return values.rename(name)
        values = listed(values)
    if kind in TEXT:
        return texts(name, values, flat=flat)
    if kind in _WHOLE:
        return integers(name, values, small=kind == "int", flat=flat)
    return _MAKERS[kind](name, values)
