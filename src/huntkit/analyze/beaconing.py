"""Which pairs of hosts talk at a beat, as programs do that report to somebody.

A beacon sleeps, calls, and sleeps again: its gaps are one interval, give or take its jitter, or a
few of them where calls were missed. People and servers at work leave gaps of every length. What
is measured here is how well one interval explains a pair's gaps; see `beacons`.
"""

import warnings
from collections.abc import Sequence
from typing import Final

import polars as pl

from huntkit.analyze.pair_beats import BEATS, measured
from huntkit.core.errors import UsageError
from huntkit.tables import roles, step
from huntkit.tables.times import UTC_TIME, parse_times, pick_time_column

_SOURCES: Final = ("source_ip", "host")
_TARGETS: Final = ("destination_ip", "destination_host", "dns_query", "url")
_NOTHING: Final = 2**32 - 1  # the code of null in a column that makes pairs of their own
_GIVES: Final = {
    "Source": pl.String,
    "Target": pl.String,
    "Connections": pl.Int64,
    "Beats": pl.Int64,
    "interval_s": pl.Float64,
    "jitter": pl.Float64,
    "missed": pl.Float64,
    "size_spread": pl.Float64,
    "FirstEventTime": UTC_TIME,
    "LastEventTime": UTC_TIME,
    "sources": pl.Int64,
    "score": pl.Float64,
    "reason": pl.String,
    "SourceIndex": pl.Int64,
}


@step(
    split="whole",
    columns=("source_column", "target_column", "by", "time_column", "size_column"),
    gives=_GIVES,
    index="SourceIndex",
)
def beacons(
    data: pl.DataFrame,
    *,
    source_column: str | None = None,
    target_column: str | None = None,
    by: str | Sequence[str] = (),
    time_column: str | None = None,
    size_column: str | None = None,
    min_beats: int = 8,
    resolution_s: float = 1.0,
) -> pl.DataFrame:
    """One row for each pair that talked often enough, those that keep a beat first.

    Connections of a pair that follow within `resolution_s`, or within a tenth of the pair's long
    gaps (its upper quartile), are one beat. The interval is the median of the gaps between beats,
    each divided by the number of intervals that it is nearest to, so that missed beats are seen
    through. Pairs with fewer than `min_beats` beats can't be judged and are not in the result.

    Args:
        data: any frame of connections, flows, DNS queries ...; the order does not matter.
        source_column: who calls; by default the role ``source_ip``, else ``host``.
        target_column: who is called; by default ``destination_ip``, else ``destination_host``,
            ``dns_query`` or ``url``.
        by: columns that make pairs of their own, such as the destination's port.
        time_column: when it happened; found by its role and content.
        size_column: bytes of each connection; by default the role ``bytes_sent``; may be missing.
        min_beats: how many beats a pair needs; 4 or more.
        resolution_s: connections this close are one beat, so shorter intervals are not seen.

    Returns:
        ``Source Target`` and the columns of `by`; ``Connections``, ``Beats``; ``interval_s``
        (seconds); ``jitter`` (0.2: most gaps lie within 20 % of the interval, either way);
        ``missed`` (share of expected beats that are not there; a pause counts as ten at most);
        ``size_spread`` (the same measure as the jitter, of the sizes; null without sizes);
        ``FirstEventTime LastEventTime``; ``sources`` (how many sources call this target);
        ``score`` (0 to 1, see the documentation), ``reason``, and ``SourceIndex`` (the pair's
        first row). The highest score first.

    Raises:
        UsageError: no column is known to hold a part, or a bound makes no sense.

    Rows without a time or an end are left out, with a warning that counts them.

    Examples:
        >>> seconds = [60 * beat + 3 * (beat % 3) for beat in range(30)]
        >>> calls = pl.DataFrame({"ts": [1_700_000_000 + s for s in seconds],
        ...     "src_ip": "192.0.2.7", "dst_ip": "203.0.113.9"})
        >>> found = beacons(calls)
        >>> found.select("Source", "Target", "Beats", "interval_s", "missed").rows()
        [('192.0.2.7', '203.0.113.9', 30, 63.0, 0.0)]
    """
    if min_beats < 4 or not resolution_s >= 0:
        raise UsageError(
            f"min_beats is {min_beats}, resolution_s is {resolution_s}",
            hint="fewer than 4 beats show no rhythm, and the resolution can't be negative",
        )
    names = data.columns
    more = [by] if isinstance(by, str) else list(dict.fromkeys(by))
    if clash := [name for name in more if name in _GIVES]:
        raise UsageError(f"the column {clash[0]!r} is in the way", hint="rename it first")
    ends = [_end(names, source_column, _SOURCES), _end(names, target_column, _TARGETS)]
    events = _events(data, ends, more, time_column, size_column)
    pairs = measured(events, min_beats=min_beats, resolution_s=float(resolution_s))
    known = data.select(
        pl.col(ends[0]).cast(pl.String).alias("Source"),
        pl.col(ends[1]).cast(pl.String).alias("Target"),
    )
    named = pairs.with_columns(
        **{name: known[name].gather(pairs["SourceIndex"]) for name in known.columns},
        **{name: data[name].gather(pairs["SourceIndex"]) for name in more},
        sources=pl.col("sources").cast(pl.Int64),
    )
    told = _scored(named, events["source"].n_unique())
    order = ["Source", "Target", *more, *(name for name in _GIVES if name not in known.columns)]
    return told.sort(
        "score", "Beats", "SourceIndex", descending=[True, True, False], nulls_last=True
    ).select(order)


def _end(names: Sequence[str], given: str | None, wanted: Sequence[str]) -> str:
    if given is not None:
        return given
    found = [role for role in wanted if roles.resolve(names, role) is not None]
    return roles.require(names, found[0] if found else wanted[0])


def _events(
    data: pl.DataFrame,
    ends: Sequence[str],
    more: Sequence[str],
    time_column: str | None,
    size_column: str | None,
) -> pl.DataFrame:
    """Row, time, size, and numbers in the place of names, of the rows that have both ends."""
    time = parse_times(data[pick_time_column(data, time_column)])
    size = roles.resolve(data.columns, "bytes_sent", size_column)
    codes = [_code(data[name]) for name in ends]
    codes += [_code(data[name]).fill_null(_NOTHING) for name in more]
    pair = codes[0]
    for code in codes[1:]:
        pair = pair.rank("dense").cast(pl.UInt64) * (2**32) + code.cast(pl.UInt64)
    events = pl.DataFrame(
        {
            "row": pl.int_range(data.height, dtype=pl.UInt32, eager=True),
            "source": codes[0],
            "target": codes[1],
            "pair": pair,
            "time": time.to_physical(),
            "size": _sizes(data, size),
        }
    )
    whole = events.drop_nulls(["time", "source", "target"])
    if left := events.height - whole.height:
        warnings.warn(
            f"{left:,} of {events.height:,} rows have no time, source or target: left out",
            UserWarning,
            stacklevel=6,
        )
    return whole


def _code(column: pl.Series) -> pl.Series:
    """A number for each different value; null and empty text are null."""
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
        raise UsageError(
            f"the column {column.name!r} holds {column.dtype}, not names",
            hint="explode lists, or make text of them first",
        )
    return column.cast(pl.String).replace("", None).cast(pl.Categorical).to_physical()


def _sizes(data: pl.DataFrame, column: str | None) -> pl.Series:
    if column is None:
        return pl.repeat(None, data.height, dtype=pl.Float64, eager=True)
    return data[column].cast(pl.Float64, strict=False)


def _scored(pairs: pl.DataFrame, sources: int) -> pl.DataFrame:
    """The score, and in words what it rests on."""
    ranked = pairs.with_columns(score=_score().round(4)).with_columns(
        above=pl.col("score").rank("max", descending=True)
    )
    spread = pl.col("size_spread")
    size = (
        pl.when(spread.is_null())
        .then(pl.lit(""))
        .when(spread > 1)  # more than the size itself: a number would say nothing
        .then(pl.lit("; sizes differ widely"))
        .otherwise(pl.format("; sizes within {} %", _percent("size_spread")))
    )
    return ranked.with_columns(
        reason=pl.format(
            "every {} within {} %, {} of {} beats seen{}; {} of {} pairs are as regular;"
            " {} of {} sources call this target",
            _duration("interval_s"),
            _percent("jitter"),
            "Beats",
            (pl.col("Beats") / (1 - pl.col("missed"))).round().cast(pl.Int64),
            size,
            "above",
            pl.len(),
            "sources",
            pl.lit(sources),
        )
    )


def _score() -> pl.Expr:
    """Regular, complete, and often enough to be no chance; equal sizes add a little."""
    regular = (1 - pl.col("jitter") / BEATS.widest_jitter).clip(0, 1)
    complete = (1 - pl.col("missed")).sqrt()
    enough = 1 - pl.lit(0.5).pow(pl.col("Beats") / BEATS.half_sure_after)
    alike = (1 - pl.col("size_spread")).clip(0, 1).fill_null(0.5)
    return regular * complete * enough * (0.9 + 0.1 * alike)


def _percent(name: str) -> pl.Expr:
    return (pl.col(name) * 100).round(0).cast(pl.Int64)


def _duration(name: str) -> pl.Expr:
    seconds = pl.col(name)
    return (
        pl.when(seconds < 300)
        .then(pl.format("{} s", seconds.round(1)))
        .when(seconds < 3 * 3600)
        .then(pl.format("{} min", (seconds / 60).round(1)))
        .otherwise(pl.format("{} h", (seconds / 3600).round(1)))
    )
