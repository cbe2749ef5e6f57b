"""The beats of each pair, and how well one interval explains the gaps between them.

Whole columns at a time: one sort, then sums and quantiles of groups, so that ten million
connections take seconds.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from huntkit.tables.times import UTC_TIME

_MICROS: Final = 1_000_000


@dataclass(frozen=True)
class Model:
    """What is taken for a beat.

    Attributes:
        burst: gaps shorter than this share of a pair's upper quartile do not part beats.
        longest_run: a gap of more missed beats than this is a pause, and counts as this many.
        near: gaps of more intervals than this say nothing about the jitter.
        inner: half the share of values that lie between the quantiles used for a spread.
        widest_jitter: gaps that differ this much from the interval are no rhythm.
        half_sure_after: so many beats halve the doubt that it is chance.
    """

    burst: float = 0.1
    longest_run: int = 10
    near: int = 3
    inner: float = 0.3
    widest_jitter: float = 0.8
    half_sure_after: float = 8.0


BEATS: Final = Model()


def measured(events: pl.DataFrame, *, min_beats: int, resolution_s: float) -> pl.DataFrame:
    """One row for each pair with enough beats: counts, interval, jitter, missed beats, sizes.

    Args:
        events: ``row source target pair time size``, time in microseconds.
        min_beats: pairs with fewer are left out.
        resolution_s: the shortest gap between two beats.
    """
    callers = events.select("source", "target").unique().group_by("target").agg(
        sources=pl.len()
    )  # fmt: skip
    often = events.group_by("pair").agg(n=pl.len()).filter(pl.col("n") >= min_beats).select("pair")
    kept = events.drop("source").join(often, on="pair", how="semi").sort("pair", "time", "row")
    whole = kept.group_by("pair").agg(
        pl.col("row").first().cast(pl.Int64).alias("SourceIndex"),
        pl.col("target").first(),
        pl.len().cast(pl.Int64).alias("Connections"),
        pl.col("time").first().cast(UTC_TIME).alias("FirstEventTime"),
        pl.col("time").last().cast(UTC_TIME).alias("LastEventTime"),
        _spread(pl.col("size")).alias("size_spread"),
    )
    gaps = _gaps(kept.select("pair", "time"))
    del kept
    gaps = _gaps(_starts(gaps, pl.lit(resolution_s)))
    usual = gaps.group_by("pair").agg(usual=pl.col("gap").quantile(0.75))
    gaps = _gaps(_starts(gaps.join(usual, on="pair"), pl.col("usual") * BEATS.burst))
    return (
        _rhythm(gaps.drop_nulls("gap").select("pair", "gap"))
        .filter(pl.col("Beats") >= min_beats)
        .join(whole, on="pair")
        .join(callers, on="target", how="left")
        .drop("pair", "target")
    )


def _gaps(events: pl.DataFrame) -> pl.DataFrame:
    """Sorted events with the seconds since the one before of the same pair; null for the first."""
    same = pl.col("pair") == pl.col("pair").shift()
    return events.select(
        "pair", "time", gap=pl.when(same).then(pl.col("time").diff() / _MICROS)
    )  # fmt: skip


def _starts(events: pl.DataFrame, shortest: pl.Expr) -> pl.DataFrame:
    """The events that begin a beat."""
    return events.filter(pl.col("gap").is_null() | (pl.col("gap") > shortest))


def _rhythm(gaps: pl.DataFrame) -> pl.DataFrame:
    """The interval of each pair, and what its gaps are in intervals."""
    once = gaps.with_columns(interval=pl.col("gap").median().over("pair"))
    for _ in range(2):
        once = _folded(once).with_columns(
            interval=pl.col("fold").filter(pl.col("beats") <= BEATS.near).median().over("pair")
        )
    told = _folded(once).with_columns(near=pl.col("beats") <= BEATS.near)
    return told.group_by("pair").agg(
        (pl.len() + 1).cast(pl.Int64).alias("Beats"),
        pl.col("interval").first().alias("interval_s"),
        _spread(pl.col("fold").filter(pl.col("near"))).alias("jitter"),
        (1 - pl.len() / pl.col("beats").clip(upper_bound=BEATS.longest_run).sum()).alias("missed"),
    )


def _folded(gaps: pl.DataFrame) -> pl.DataFrame:
    """Each gap as a number of intervals, and how long one of them was."""
    return gaps.with_columns(
        beats=(pl.col("gap") / pl.col("interval")).round().clip(lower_bound=1)
    ).with_columns(fold=pl.col("gap") / pl.col("beats"))


def _spread(values: pl.Expr) -> pl.Expr:
    """How far most values are from their median, as a share of it; of even jitter, the jitter."""
    low, high = values.quantile(0.5 - BEATS.inner), values.quantile(0.5 + BEATS.inner)
    middle = values.median()
    wide = (high - low) / (4 * BEATS.inner)
    return pl.when(middle > 0).then(wide / middle).when(wide == 0).then(0.0)
