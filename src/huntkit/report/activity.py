"""How the rows of each table lie in time, where most of them are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import polars as pl

from huntkit.report.layouts import Evidence, Layout, per_table

_BINS = 120
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_NARROW = 10  # what fills a tenth of the picture deserves a picture of its own, and a whole one
_HALF = 2
_ROUNDS = 8  # a tenth at a time, from ten thousand years to an hour
_FEW = 100  # one row of so many, or a single one, may lie elsewhere


@dataclass(frozen=True, slots=True)
class Grid:
    """Stretches of time of one length, one after another."""

    start: datetime
    step: timedelta
    bins: int

    @classmethod
    def over(cls, start: datetime, end: datetime) -> "Grid":
        """As many as a picture shows, none shorter than a second."""
        step = max(timedelta(seconds=1), (end - start) / (_BINS - 1))
        return cls(start, step, min(_BINS, (end - start) // step + 1))

    def sql_bin(self, time: str) -> str:
        """Which one a time lies in; below zero or beyond the last for a time outside."""
        width = self.step // timedelta(microseconds=1)
        return f"CAST(floor((epoch_us({time}) - {_micros(self.start)}) / {width}) AS BIGINT)"


@dataclass(frozen=True, slots=True)
class Activity:
    """Rows per table and stretch of time.

    Attributes:
        start: the first moment.
        step: how long a stretch is.
        tables: name, rows with a time, rows per stretch; the largest table first.
        outside: rows so far before or after all others that they have no place.
    """

    start: datetime
    step: timedelta
    tables: list[tuple[str, int, list[int]]]
    outside: int = 0

    @property
    def end(self) -> datetime:
        """The last moment."""
        whole = self.step * max((len(bins) for _, _, bins in self.tables), default=1)
        return self.start + min(whole, datetime.max.replace(tzinfo=UTC) - self.start)


def grid_of(tables: Sequence[Layout]) -> Grid:
    """From the first row of all tables to the last one."""
    firsts = [each.first for each in tables if each.time and each.first and each.last]
    lasts = [each.last for each in tables if each.time and each.first and each.last]
    return Grid.over(min(firsts, default=_NO_TIME), max(lasts, default=_NO_TIME))


def activity(
    evidence: Evidence, tables: Sequence[Layout], grid: Grid, counted: pl.DataFrame
) -> Activity | None:
    """The activity where nearly all rows of every table are; None where nothing has a time.

    A clock that was never set (1601, 1970) or stands for "never" (9999) would squeeze all that
    happened into one bar. So, as long as nearly all is in a tenth of the time, that tenth is
    looked at.

    Args:
        evidence: the evidence.
        tables: its tables.
        grid: the stretches of time that were counted by.
        counted: table, bin, rows.
    """
    timed = [each for each in tables if each.time and each.first and each.last]
    if not timed:
        return None
    found = _rows_per_bin(counted.with_columns(pl.col("bin").clip(0, grid.bins - 1)), grid)
    totals = {name: sum(bins) for name, bins in found.items()}
    part = _NARROW
    for _ in range(_ROUNDS):
        if (inner := _inner(found, grid, totals, part)) is None:
            break
        grid, part = inner, _HALF
        looked = per_table(lambda each, by=grid: _count(evidence, each, by), timed)  # type: ignore[misc]
        found = _rows_per_bin(pl.concat(looked), grid)
    told = [(name, sum(bins), bins) for name, bins in found.items()]
    told.sort(key=lambda each: (-each[1], each[0]))
    outside = sum(totals.values()) - sum(count for _, count, _ in told)
    return Activity(grid.start, grid.step, told, outside)


def _rows_per_bin(counted: pl.DataFrame, grid: Grid) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for name, place, count in counted.select("table", "bin", "rows").iter_rows():
        if place is not None and 0 <= place < grid.bins:
            found.setdefault(str(name), [0] * grid.bins)[place] += count
    return found


def _inner(
    found: dict[str, list[int]], grid: Grid, totals: dict[str, int], part: int
) -> Grid | None:
    """The part of the time (a tenth, a half) in which nearly all rows of each table lie."""
    if grid.step <= timedelta(seconds=1):
        return None
    few = {name: max(1, rows // _FEW) for name, rows in totals.items()}
    left = {name: few[name] - totals[name] + sum(bins) for name, bins in found.items()}
    first = min((_lone(bins, left[name]) for name, bins in found.items()), default=0)
    last = min((_lone(bins[::-1], left[name]) for name, bins in found.items()), default=0)
    last = grid.bins - last
    together = [sum(bins) for bins in zip(*found.values(), strict=True)]
    while first and together[first - 1]:  # what hangs together stays together
        first -= 1
    while last < grid.bins and together[last]:
        last += 1
    if last <= first or last - first > grid.bins // part:
        return None
    return Grid.over(grid.start + grid.step * first, grid.start + grid.step * last)


def _lone(bins: list[int], few: int) -> int:
    """How many bins from the left hold no more than a few rows together."""
    return sum(1 for so_far in accumulate(bins) if so_far <= few)


def _count(evidence: Evidence, layout: Layout, grid: Grid) -> pl.DataFrame:
    rows: pl.DataFrame = evidence.sql(
        f"""SELECT {grid.sql_bin(layout.sql_time())} AS bin, count(*) AS rows
            FROM {layout.sql} GROUP BY 1""",  # noqa: S608  quoted
        frame="polars",
    )
    return rows.select(
        pl.lit(layout.name).alias("table"),
        pl.col("bin").cast(pl.Int64),
        pl.col("rows").cast(pl.Int64),
    )


def _micros(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, tz=moment.tzinfo)) // timedelta(microseconds=1)
