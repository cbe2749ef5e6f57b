"""Sessions of cloud services in which an unusual thing was done."""

import warnings
from collections.abc import Sequence
from typing import Any

import polars as pl

from huntkit.analyze import score_sessions, sessionize_data
from huntkit.report.connections import WITH_PORT
from huntkit.report.finding import Finding, Look, places
from huntkit.report.layouts import Evidence, Layout, find
from huntkit.report.trails import shortened
from huntkit.tables.data_files import data_file

MOST_ROWS = 300_000
MOST = 6
_FEWEST = 30  # events
_FEWEST_SESSIONS = 3
_LEAST = 10.0  # bits
_RARE = 4.0  # bits of the rarest event: of sixteen events, one
_WHOLE = 20.0
_LONGEST_MIN = 60
_APART_MIN = 15
_SHOWN = 12  # events of a session
_TIME = pl.Datetime("us", "UTC")
_NOBODY = "nobody named"
_NAMED = 3  # rare ones, in the reason
_TABLES = 4


def look(evidence: Evidence, tables: Sequence[Layout]) -> Look:
    """The sessions whose rarest two steps are rarest."""
    axes = data_file("huntkit.report", "trails.yaml")
    held = tables_of(tables)
    findings: list[Finding] = []
    told, notes = [], []
    for layout in sorted(held, key=lambda each: (-each.rows, each.name))[:_TABLES]:
        found = _of_table(evidence, layout, axes[layout.name])
        findings += found.findings
        told += [found.told] if found.told else []
        notes += [found.note] if found.note else []
    findings.sort(key=lambda each: -each.score)
    return Look(findings[:MOST], "; ".join(told), "; ".join(notes))


def tables_of(tables: Sequence[Layout]) -> list[Layout]:
    """The trails of cloud services."""
    axes = data_file("huntkit.report", "trails.yaml")
    return [each for name in axes if (each := find(tables, name)) is not None]


def _of_table(evidence: Evidence, layout: Layout, axes: list[list[str]]) -> Look:
    who, source, did, came = (_held(layout, axes, place) for place in (0, 1, -2, -1))
    if layout.time is None or who is None or did is None:
        return Look()
    if layout.rows > MOST_ROWS:
        return Look(
            note=f"{layout.name}: {layout.rows:,} rows are more than the report makes sessions of"
        )
    rows: pl.DataFrame = evidence.sql(
        f"""SELECT {layout.sql_time()} AS "TimeGenerated", {layout.sql_text(who)} AS who,
                   {layout.sql_text(source)} AS source, {layout.sql_text(did)} AS did,
                   {layout.sql_text(came)} AS came, _file, _record
            FROM {layout.sql} WHERE {layout.sql_time()} IS NOT NULL
                  AND {layout.sql_text(did)} <> '' ORDER BY 1, _file, _record""",  # noqa: S608
        frame="polars",
    )
    rows = rows.with_columns(pl.col("TimeGenerated").cast(_TIME))
    if rows.height < _FEWEST:
        return Look(note=f"{layout.name}: {rows.height:,} events are too few to compare")
    for pattern in WITH_PORT:
        rows = rows.with_columns(pl.col("source").str.replace(pattern, "${1}"))
    rows = rows.with_columns(shortened(rows["who"]).replace("", _NOBODY))
    scored, count = _scored(rows)
    if count < _FEWEST_SESSIONS:
        return Look(note=f"{layout.name}: {count:,} sessions are too few to compare")
    odd = scored.filter(pl.col("score") >= _LEAST).sort(
        "score", "TimeGenerated_min", descending=[True, False]
    )
    told = f"{count:,} sessions of {layout.name} ({rows.height:,} events): {odd.height:,} unusual"
    return Look([_finding(layout, rows, row) for row in odd.head(MOST).to_dicts()], told)


def _held(layout: Layout, axes: list[list[str]], place: int) -> str | None:
    return next((name for name in axes[place] if name in layout.columns), None)


def _scored(rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The sessions with a rare event, with their scores; and how many sessions there are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sessions = sessionize_data(
            rows,
            ["who", "source"],
            "TimeGenerated",
            max_session_time_mins=_LONGEST_MIN,
            max_event_separation_mins=_APART_MIN,
            event_col="did",
        )
    found: pl.DataFrame = score_sessions(sessions, "did_list", window_length=2)
    return _with_rarest(found, rows), found.height


def _with_rarest(sessions: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """With the rarest event of each session in the score.

    A chain that is trained on the sessions themselves finds what follows a unique event expected.
    """
    counted = rows.group_by("did").len("n").with_columns(n=(rows.height / pl.col("n")).log(2))
    rarest = (
        sessions.with_row_index("session")
        .select("session", pl.col("did_list").alias("did"))
        .explode("did")
        .unique()
        .join(counted, on="did")
        .sort("n", "did", descending=[True, False])
        .group_by("session", maintain_order=True)
        .agg(pl.col("n").first().alias("bits"), pl.col("did").head(_NAMED).alias("rarest"),
             (pl.col("n") >= _RARE).sum().alias("rare"))
    )  # fmt: skip
    return (
        sessions.with_row_index("session")
        .join(rarest, on="session", maintain_order="left")
        .filter(pl.col("bits") >= _RARE)
        .with_columns(pl.col("score").fill_null(0) + pl.col("bits"))
    )


def _finding(layout: Layout, rows: pl.DataFrame, row: dict[str, Any]) -> Finding:
    first, last = row["TimeGenerated_min"], row["TimeGenerated_max"]
    behind = rows.filter(
        pl.col("who") == row["who"],
        pl.col("source") == row["source"],
        pl.col("TimeGenerated").is_between(first, last),
    )
    unusual = _rarest_first(behind, rows)
    events = "event" if behind.height == 1 else "events"
    origin = f" from {row['source']}" if row["source"] else ""
    return Finding(
        kind="Session",
        what=f"{row['who']}{origin}: {behind.height:,} {events} of {layout.name}",
        code=_steps(behind["did"].to_list()),
        score=row["score"],
        unit="bits",
        weight=min(row["score"] / _WHOLE, 1.0),
        reason=_reason(row, rows),
        first=first,
        last=last,
        rows=behind.height,
        places=places(unusual),
    )


def _reason(row: dict[str, Any], rows: pl.DataFrame) -> str:
    """The rarest events with their counts, and what the chain finds rare, if it says more."""
    told = [
        f"{name!r}: {rows['did'].eq(name).sum():,} of {rows.height:,} events"
        for name in row["rarest"][: max(1, min(row["rare"], _NAMED))]
    ]
    chain = str(row["reason"] or "")
    if chain and not any(chain == each for each in told) and "the end after" not in chain:
        told.append(chain)
    return "; ".join(told)


def _rarest_first(behind: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    counted = rows.group_by("did").len("n")
    return behind.join(counted, on="did", maintain_order="left").sort("n", maintain_order=True)


def _steps(events: list[str]) -> str:
    """Events in their order, equal ones that follow one another as one."""
    runs: list[tuple[str, int]] = []
    for each in events:
        if runs and runs[-1][0] == each:
            runs[-1] = (each, runs[-1][1] + 1)
        else:
            runs.append((each, 1))
    shown = [f"{name} ({count:,})" if count > 1 else name for name, count in runs[:_SHOWN]]
    more = f", {len(runs) - _SHOWN:,} more" if len(runs) > _SHOWN else ""
    return ", ".join(shown) + more
