"""Pairs of addresses that call at a beat, and those that sent unusually much."""

import warnings
from collections.abc import Sequence
from typing import Any

import polars as pl

from huntkit.analyze import beacons
from huntkit.analyze.clustering import percent
from huntkit.entities.addresses import address_scope
from huntkit.report.calls import Calls, calls, tables_of_calls
from huntkit.report.finding import Finding, Look, on_line, places
from huntkit.report.layouts import Evidence, Layout

MOST_ROWS = 1_000_000
MOST = 8
_LEAST = 0.6  # of the score of beacons
_TICKS = 60
# Loopback, multicast and broadcast: every program of every host speaks there.
_TO_MANY = r"^(127\.|22[4-9]\.|23[0-9]\.|255\.255\.255\.255$|0\.0\.0\.0$|ff[0-9a-f]{2}:|::1?$)"
_INSIDE = 0.75  # of the weight: inside, health checks and backups keep a beat, too
_COMMON = 0.5  # of the weight: a target that most of many sources call
_MANY = 5
_FEWEST_PAIRS = 10  # that sent anything; of fewer nobody can say what is much
_DEVIATIONS = 4.0
_WHOLE = 8.0
_LEAST_BYTES = 1_000_000
_MAD = 1.4826


def look(evidence: Evidence, tables: Sequence[Layout]) -> Look:
    """Beacons and large transfers, in the connections of all tables."""
    held = tables_of_calls(tables)
    if not held:
        return Look()
    total = sum(each.rows for each in held)
    if total > MOST_ROWS:
        return Look(
            note=f"connections: {total:,} rows are more than the report looks at "
            f"({MOST_ROWS:,}); `huntkit beacons` looks at all"
        )
    found = calls(evidence, held)
    rows = found.rows.filter(
        ~pl.col("DestinationIP").str.contains(_TO_MANY),
        pl.col("SourceIP") != pl.col("DestinationIP"),
    )
    pairs = rows.select("SourceIP", "DestinationIP").n_unique()
    if not rows.height:
        return Look()
    beating = _beacons(rows)
    sent, note = _sent(rows)
    told = (
        f"{rows.height:,} connections between {pairs:,} pairs of addresses "
        f"({', '.join(found.tables)}{_again(found)}): {len(beating):,} at a beat"
    )
    return Look([*beating[:MOST], *sent[:MOST]], told, note)


def _again(found: Calls) -> str:
    return f"; {found.told_again:,} told of twice" if found.told_again else ""


def _beacons(rows: pl.DataFrame) -> list[Finding]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rows without an end were left out before
        judged = beacons(
            rows,
            source_column="SourceIP",
            target_column="DestinationIP",
            time_column="TimeGenerated",
            size_column="BytesSent",
        )
    sources = rows["SourceIP"].n_unique()
    return [
        _beacon(rows, row, sources)
        for row in judged.filter(pl.col("score") >= _LEAST).iter_rows(named=True)
    ]


def _beacon(rows: pl.DataFrame, row: dict[str, Any], sources: int) -> Finding:
    behind = _of(rows, row["Source"], row["Target"])
    factor, reasons = 1.0, []
    if not _outside(row["Target"]):
        factor, reasons = _INSIDE, ["inside"]
    if row["sources"] >= _MANY and row["sources"] > sources / 2:
        factor, reasons = factor * _COMMON, [*reasons, "called by most"]
    times = behind["TimeGenerated"].to_list()[:_TICKS]
    shown = "all" if behind.height <= _TICKS else f"the first {_TICKS} of {behind.height:,}"
    return Finding(
        kind="Beacon",
        what=_arrow(row["Source"], row["Target"]),
        score=row["score"],
        unit="of 1",
        weight=row["score"] * factor,
        reason=row["reason"],
        factor=factor,
        factor_reason=", ".join(reasons),
        first=row["FirstEventTime"],
        last=row["LastEventTime"],
        rows=row["Connections"],
        places=places(behind),
        strip=on_line(times, f"{shown} calls in time"),
    )


def _sent(rows: pl.DataFrame) -> tuple[list[Finding], str]:
    """Pairs that sent far more than others, by the logarithm of their bytes."""
    pairs = (
        rows.filter(pl.col("BytesSent") > 0)
        .group_by("SourceIP", "DestinationIP")
        .agg(
            pl.col("BytesSent").sum(),
            pl.len().alias("n"),
            pl.col("TimeGenerated").min().alias("first"),
            pl.col("TimeGenerated").max().alias("last"),
        )
        .sort("BytesSent", "SourceIP", "DestinationIP", descending=[True, False, False])
    )
    if not pairs.height:
        return [], ""
    if pairs.height < _FEWEST_PAIRS:
        return [], f"bytes sent: {pairs.height:,} pairs are too few to say what is much"
    amount = pairs["BytesSent"].log10()
    middle = float(amount.median() or 0)  # type: ignore[arg-type]
    usual = float((amount - middle).abs().median() or 0) * _MAD  # type: ignore[arg-type]
    # A tenth of the amounts' size at least: where all are alike, little more is nothing.
    far = (amount - middle) / max(usual, 0.1)
    odd = pairs.with_columns(far.alias("far"), pl.col("BytesSent").shift(-1).alias("next")).filter(
        pl.col("far") >= _DEVIATIONS, pl.col("BytesSent") >= _LEAST_BYTES
    )
    whole = float(pairs["BytesSent"].sum())
    return [_transfer(rows, row, whole, 10**middle, pairs.height) for row in odd.to_dicts()], ""


def _transfer(
    rows: pl.DataFrame, row: dict[str, Any], whole: float, usual: float, pairs: int
) -> Finding:
    behind = _of(rows, row["SourceIP"], row["DestinationIP"]).filter(pl.col("BytesSent") > 0)
    behind = behind.sort("BytesSent", "TimeGenerated", descending=[True, False])
    inside = 1.0 if _outside(row["DestinationIP"]) else _INSIDE
    return Finding(
        kind="Bytes sent",
        what=f"{_arrow(row['SourceIP'], row['DestinationIP'])}: {size_text(row['BytesSent'])}",
        score=row["far"],
        unit="deviations",
        weight=min(row["far"] / _WHOLE, 1.0) * inside,
        factor=inside,
        factor_reason="inside",
        reason=f"{percent(row['BytesSent'] / whole)} of all bytes, in {row['n']:,} "
        f"{'connection' if row['n'] == 1 else 'connections'}; "
        f"the median of {pairs:,} pairs is {size_text(usual)}"
        + (f", the next smaller {size_text(row['next'])}" if row["next"] else ""),
        first=row["first"],
        last=row["last"],
        rows=row["n"],
        places=places(behind),
    )


def _of(rows: pl.DataFrame, source: str, target: str) -> pl.DataFrame:
    return rows.filter((pl.col("SourceIP") == source) & (pl.col("DestinationIP") == target))


def _outside(address: str) -> bool:
    return address_scope(address) not in ("private", "link_local", "cgnat", "loopback", None)


def _arrow(source: str, target: str) -> str:
    return f"{source} → {target}"


def size_text(size: float) -> str:
    """Bytes as people say them.

    Examples:
        >>> size_text(432_000_000), size_text(12)
        ('432 MB', '12 bytes')
    """
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size:.0f} bytes"
