"""Columns as axes: numbers, times, or a few different texts."""

from dataclasses import dataclass

import polars as pl

from huntkit.charts import events
from huntkit.core.errors import UsageError
from huntkit.tables import times


@dataclass(frozen=True, slots=True)
class Axis:
    """A column as places along an axis.

    Attributes:
        values: where each row stands, null where it has no place: numbers as they are, times in
            milliseconds since 1970, texts by their number in `names`.
        names: what the places are called, if they are texts.
        is_time: whether the values are times.
    """

    values: pl.Series
    names: list[str] | None = None
    is_time: bool = False


def axis(column: pl.Series, *, most: int, fold: bool = False) -> Axis:
    """The column as an axis.

    Args:
        column: numbers, times, or texts; text that reads as numbers or times throughout is that.
        most: how many different texts it can tell apart.
        fold: whether texts beyond the most frequent share a place that says so.

    Raises:
        UsageError: more different texts than `most`, and `fold` is false.

    Examples:
        >>> axis(pl.Series("host", ["b", "a", "b"]), most=10).names
        ['a', 'b']
        >>> axis(pl.Series("size", ["1", "20"]), most=10).values.to_list()
        [1.0, 20.0]
    """
    if column.dtype.is_temporal() or _reads_as_times(column):
        milliseconds = events.moments(column, parameter="columns").alias("time").dt.epoch("ms")
        return Axis(milliseconds.cast(pl.Float64), is_time=True)
    numbers = _numbers(column)
    if numbers is not None:
        return Axis(numbers)
    texts = events.lane_names(column).rename("text")
    counted = (
        texts.to_frame().group_by("text").len().sort(["len", "text"], descending=[True, False])
    )
    others = counted.height - most
    if others > 1 and not fold:
        raise UsageError(
            f"the column {column.name!r} has {counted.height:,} different texts",
            hint=f"an axis can tell {most} apart; name a column of numbers",
        )
    kept = counted["text"].to_list() if others <= 1 else counted["text"].head(most).to_list()
    names = sorted(kept)
    places = {name: float(place) for place, name in enumerate(names)}
    if others > 1:
        names.append(f"{others:,} others")
    values = texts.replace_strict(places, default=float(len(places)), return_dtype=pl.Float64)
    return Axis(values if len(texts) else pl.Series([], dtype=pl.Float64), names)


def _reads_as_times(column: pl.Series) -> bool:
    if column.dtype != pl.String or column.null_count() == len(column):
        return False
    sample = column.alias("sample").drop_nulls().head(200)
    read = times.parse_times(sample, day_first=False)  # what it is of is for later
    return read.null_count() == 0 and not sample.str.contains(r"^\d+$").any()


def _numbers(column: pl.Series) -> pl.Series | None:
    """The column as finite numbers, if every value that is there reads as one."""
    if column.dtype.is_nested() or column.dtype in (pl.Boolean, pl.Binary, pl.Object):
        return None
    floats = column.alias("v").cast(pl.Float64, strict=False)
    if floats.null_count() > column.null_count() or column.null_count() == len(column) > 0:
        return None
    finite = pl.when(pl.col("v").is_finite()).then(pl.col("v"))
    return floats.to_frame().select(finite).to_series()
