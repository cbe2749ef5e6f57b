"""Process starts that stand out."""

import polars as pl

from huntkit.charts.foremost import FEWEST, LEAST, scored, starts_of
from huntkit.core.text import visible
from huntkit.report.finding import Finding, Look, places
from huntkit.tables import roles

MOST = 15
_FEW = 0.5  # of the weight: what is usual is not known
_WHOLE = 20.0  # bits of what is most unusual


def look(processes: pl.DataFrame, found: pl.DataFrame) -> Look:
    """The pairs of programs whose start is most unusual.

    Args:
        processes: rows of the process tree; those that were only inferred do not count.
        found: what `huntkit.charts.foremost.scored` says of them.
    """
    if not processes.height:
        return Look()
    rows = starts_of(processes)
    few = rows.height < FEWEST
    if few:
        found = scored(processes, fewest=1)
    if "Count" not in found.columns:
        return Look(note=_too_few(rows.height) if few else "process starts: could not be judged")
    judged = int(found["Count"].sum())
    odd = found.filter(pl.col("score") >= LEAST)
    told = f"{judged:,} process starts: {odd.height:,} of {found.height:,} pairs of programs"
    if few and not odd.height:
        return Look(note=_too_few(rows.height))
    host = roles.resolve(rows.columns, "host")
    factor = _FEW if few else 1.0
    findings = []
    for row in odd.head(MOST).iter_rows(named=True):
        behind = rows[row["SourceIndex"]]
        findings.append(
            Finding(
                kind="Process start",
                what=_what(row["Parent"], row["Child"], row["Programs"] - 1),
                code=row["Command"],
                score=row["score"],
                unit="bits",
                weight=row["score"] / _WHOLE * factor,
                reason=row["reason"] + (f"; of {rows.height:,} starts only" if few else ""),
                factor=factor,
                factor_reason="few starts" if few else "",
                host=_where(behind[host].item(), row["Spread"] - 1) if host else "",
                first=row["FirstSeen"],
                last=row["LastSeen"],
                rows=row["Count"],
                places=places(behind),
            )
        )
    return Look(findings, told, _too_few(rows.height) if few else "")


def _too_few(count: int) -> str:
    starts = f"{count:,} process {'start is' if count == 1 else 'starts are'}"
    return f"{starts} too few to say which are unusual ({FEWEST} would do); huntkit rare ranks them"


def _what(parent: str, child: str, others: int) -> str:
    """The pair; programs in one folder that users can write to are one row, and are counted."""
    names = [visible(name, limit=60) for name in (parent, child) if name]
    return " → ".join(names) + (f" and {others:,} more of its folder" if others > 0 else "")


def _where(host: str | None, others: int) -> str:
    return f"{host} and {others:,} more" if host and others > 0 else host or ""
