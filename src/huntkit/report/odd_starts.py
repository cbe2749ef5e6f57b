"""Process starts that stand out."""

import polars as pl

from huntkit.analyze import unusual_starts
from huntkit.analyze.start_features import programs
from huntkit.core.text import visible
from huntkit.report.finding import Finding, Look, places
from huntkit.tables import roles

FEWEST = 50  # starts; of fewer nobody can say what is usual
MOST = 15
LEAST = 10.0  # bits, from which on a start is unusual
_WHOLE = 20.0  # bits of what is most unusual
_PARENT = "_parent"
_SCORED = pl.Schema({"proc_key": pl.String(), "score": pl.Float64()})


def scored(processes: pl.DataFrame) -> pl.DataFrame:
    """The pairs of programs, the most unusual first; no rows where there are too few starts.

    As `huntkit.analyze.unusual_starts`; ``SourceIndex`` is the row among those that were not
    inferred, ``proc_key`` the process.

    Args:
        processes: rows of the process tree; those that were only inferred do not count.
    """
    if not processes.height:
        return pl.DataFrame(schema=_SCORED)
    rows = _starts(processes)
    if rows.height < FEWEST:
        return pl.DataFrame(schema=_SCORED)
    found: pl.DataFrame = unusual_starts(rows, parent_column=_PARENT)
    return found.with_columns(proc_key=rows["proc_key"].gather(found["SourceIndex"]))


def _starts(processes: pl.DataFrame) -> pl.DataFrame:
    return _with_parents(processes).filter(~pl.col("Inferred").fill_null(value=False))


def look(processes: pl.DataFrame, found: pl.DataFrame) -> Look:
    """The pairs of programs whose start is most unusual.

    Args:
        processes: rows of the process tree; those that were only inferred do not count.
        found: what `scored` says of them.
    """
    if not processes.height:
        return Look()
    rows = _starts(processes)
    if rows.height < FEWEST:
        return Look(
            note=f"{rows.height:,} process starts are too few to say which are unusual "
            f"({FEWEST} would do)"
        )
    if "Count" not in found.columns:
        return Look(note="process starts: they could not be judged")
    judged = int(found["Count"].sum())
    odd = found.filter(pl.col("score") >= LEAST)
    told = f"{judged:,} process starts: {odd.height:,} of {found.height:,} pairs of programs"
    host = roles.resolve(rows.columns, "host")
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
                weight=row["score"] / _WHOLE,
                reason=row["reason"],
                host=_where(behind[host].item(), row["Spread"] - 1) if host else "",
                first=row["FirstSeen"],
                last=row["LastSeen"],
                rows=row["Count"],
                places=places(behind),
            )
        )
    return Look(findings, told)


def _with_parents(processes: pl.DataFrame) -> pl.DataFrame:
    """With the parents' programs: where a row does not name them, from the parents' own rows."""
    named = programs(processes, "parent")
    known = pl.DataFrame(
        {"parent_key": processes["proc_key"], "known": programs(processes, "process")}
    ).unique("parent_key", keep="first")
    given = pl.lit("") if named is None else pl.lit(named)
    return (
        processes.with_columns(given.alias(_PARENT))
        .join(known, on="parent_key", how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col(_PARENT) == "").then("known").otherwise(_PARENT).alias(_PARENT)
        )
    )


def _what(parent: str, child: str, others: int) -> str:
    """The pair; programs in one folder that users can write to are one row, and are counted."""
    names = [visible(name, limit=60) for name in (parent, child) if name]
    return " → ".join(names) + (f" and {others:,} more of its folder" if others > 0 else "")


def _where(host: str | None, others: int) -> str:
    return f"{host} and {others:,} more" if host and others > 0 else host or ""
