"""The commands that say what is rare and who calls at a beat, at work."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

import huntkit
from huntkit.cli.case import Case, opened, python_open, show_python
from huntkit.cli.frame import counted, note
from huntkit.cli.options import General, Reading, Span, Writing
from huntkit.cli.output import emit, is_html, save_chart, to_terminal
from huntkit.cli.questions import bounds, named_tables
from huntkit.cli.standout_columns import apart, check, noted, score_first, telling
from huntkit.cli.statement import evidence_tables
from huntkit.cli.target import check_output
from huntkit.core.errors import UsageError
from huntkit.report.calls import (
    Calls,
    all_rows,
    calls,
    only_listening,
    tables_of_calls,
    told_elsewhere,
)
from huntkit.report.layouts import Layout, layouts, quoted
from huntkit.sources.local.mapping.views import VIEWS
from huntkit.tables import roles
from huntkit.tables.stand_ins import exactly

_STARTS = "DeviceProcessEvents"
_OF_PATTERNS = ("pattern", "ClusterSize", "variants", "FirstEventTime", "LastEventTime", "score",
                "reason")  # fmt: skip
_STARTS_SHARE = 0.8  # of a table's rows, for it to be one of process starts
_LANES = 20  # pairs of a picture
_DRAWN = 0.3  # of the score: where any pair has it, the others are not drawn
_CALLS = 200_000
_BITS = "huntkit: score in bits: 10 is as rare as 1 of 1,000, 20 as 1 of a million"


def rare(
    paths: Sequence[str],
    reading: Reading,
    span: Span,
    writing: Writing,
    general: General,
    *,
    table: str | None,
    by: Sequence[str],
    at_most: int | None,
) -> None:
    """Rare values of a table, or unusual process starts."""
    check_output(writing)
    given = apart(by)
    if given and table is None:
        raise UsageError("--by needs --table", hint="huntkit rare evidence/ -t TABLE --by COLUMN")
    with opened(paths, reading) as case:
        name = named_tables(case, [table])[0] if table else _usual_table(case)
        if name is None:
            _python(general, paths, reading, "evidence.tables")
            note("huntkit: this evidence has no rows to look at")
            emit(pl.DataFrame(), writing, title="Rare")
            return
        starts = not given and _has_starts(case, name)
        columns = given if given or starts else _telling(case, name)
        rows = _rows(case, name, span)
        check(columns, rows)
        found, call, what = _found(rows, name, columns, at_most, starts=starts, chosen=not given)
        _python(general, paths, reading, call)
        noun, of = what
        among = f"{counted(rows.height, 'row')} of {name}"
        note(f"huntkit: {counted(found.height, noun)} of {of}, in {among}")
        if columns and not given:
            note("huntkit: --by COLUMN counts other columns, --table NAME another table")
        if found.height and to_terminal(writing):
            note(_BITS)
        emit(found, writing, title=f"Rare in {name}", eyes=score_first)


def _found(
    rows: pl.DataFrame,
    name: str,
    columns: list[str],
    at_most: int | None,
    *,
    starts: bool,
    chosen: bool,
) -> tuple[pl.DataFrame, str, tuple[str, str]]:
    """What is rare, the Python that finds it, and what it is: values of what."""
    table = f"evidence.table({name!r})"
    if starts:
        found = huntkit.analyze.unusual_starts(rows).drop("SourceIndex")
        if left := rows.height - int(found["Count"].sum()):
            note(
                f"huntkit: warning: {name}: {left:,} of {counted(rows.height, 'row')} left out:"
                " they name no program, or a start whose parent another row names"
            )
        call, what = f"huntkit.analyze.unusual_starts({table})", ("pair", "programs")
        return _at_most(found, "Count", at_most), call, what
    if chosen and columns == [roles.resolve(rows.columns, "message")]:
        found = huntkit.analyze.clusters(rows, columns)
        call, what = f"huntkit.analyze.clusters({table}, {columns!r})", ("pattern", columns[0])
        return _at_most(found.select(*_OF_PATTERNS, columns[0]), "ClusterSize", at_most), call, what
    found = huntkit.analyze.rare(rows, columns, at_most=at_most).drop("SourceIndex")
    call = f"huntkit.analyze.rare({table}, {columns!r}, at_most={at_most!r})"
    return found, call, ("value", ", ".join(columns))


def _at_most(found: pl.DataFrame, column: str, at_most: int | None) -> pl.DataFrame:
    return found if at_most is None else found.filter(pl.col(column) <= at_most)


def _usual_table(case: Case) -> str | None:
    """Process starts; of evidence without any, the largest table that others do not show again."""
    held = evidence_tables(case.evidence)
    own = [name for name in held if name not in VIEWS or VIEWS[name].source not in held]
    if _STARTS in held:
        return _STARTS
    sizes = dict(case.evidence.tables.select("name", "rows").iter_rows())
    ordered = sorted(own, key=lambda name: (-sizes[name], name))
    if not ordered:
        return None
    if starts := next((name for name in ordered if _has_starts(case, name)), None):
        return starts
    of = f" of {len(ordered):,} tables" if len(ordered) > 1 else ""
    note(f"huntkit: no process starts in this evidence; looking at {ordered[0]}{of} instead")
    return ordered[0]


def _has_starts(case: Case, name: str) -> bool:
    """Whether the table's rows are process starts; of many kinds of events, most are not."""
    names = list(case.evidence.schema(name))
    held = [
        next((c for role in either if (c := roles.resolve(names, role))), None)
        for either in (("process_path", "process_name"), ("parent_path", "parent_name"),
                       ("command_line",))
    ]  # fmt: skip
    if name == _STARTS or None in held:
        return name == _STARTS
    both = [f"CAST({quoted(str(column))} AS VARCHAR) <> ''" for column in (held[0], held[2])]
    rows: pl.DataFrame = case.evidence.sql(
        f"SELECT count(*) FILTER ({' AND '.join(both)}) AS n, count(*) AS total "  # noqa: S608
        f"FROM {quoted(name)}",
        frame="polars",
    )
    return bool(rows["n"][0] >= _STARTS_SHARE * rows["total"][0])


def _telling(case: Case, name: str) -> list[str]:
    schema = case.evidence.schema(name)
    columns = telling(schema, lambda column: _different(case, name, column))
    if not columns:
        listed = ", ".join(each for each in schema if not each.startswith("_"))
        raise UsageError(
            f"which columns of {name} are to be counted?",
            hint=f"--by COLUMN; columns: {listed[:600]}",
        )
    return columns


def _different(case: Case, name: str, column: str) -> tuple[int, int, int]:
    """Different values, rows that have one, and rows."""
    held = f"nullif(nullif(trim(CAST({quoted(column)} AS VARCHAR)), ''), '-')"
    rows: pl.DataFrame = case.evidence.sql(
        f"SELECT approx_count_distinct({held}) AS n, count({held}) AS held, count(*) AS total "  # noqa: S608
        f"FROM {quoted(name)}",
        frame="polars",
    )
    return int(rows["n"][0]), int(rows["held"][0]), int(rows["total"][0])


def beacons(
    paths: Sequence[str],
    reading: Reading,
    span: Span,
    writing: Writing,
    general: General,
    *,
    table: str | None,
    source: str | None,
    target: str | None,
    by: Sequence[str],
    min_beats: int,
    lowest: float,
) -> None:
    """Pairs that call at a beat, of one table, or of every table of connections together."""
    check_output(writing)
    columns = apart(by)
    if table is None and (columns or source or target):
        raise UsageError(
            "--source, --target and --by are columns of one table", hint="say which with --table"
        )
    options: dict[str, Any] = {"source_column": source, "target_column": target, "by": columns,
                               "min_beats": min_beats}  # fmt: skip
    given = {key: value for key, value in options.items() if value}
    _python_of_beacons(general, paths, reading, table, given, lowest, writing)
    with opened(paths, reading) as case:
        if table is not None:
            [name] = named_tables(case, [table])
            rows = _rows(case, name, span)
            check([each for each in (source, target, *columns) if each], rows)
            tables = [name]
        else:
            rows, tables = _every_call(case, span)
            given |= {"source_column": "SourceIP", "target_column": "DestinationIP",
                      "time_column": "TimeGenerated", "size_column": "BytesSent"}  # fmt: skip
            if not tables:
                note("huntkit: this evidence has no table of connections; --table NAME names one")
        found = noted(", ".join(tables), lambda: huntkit.analyze.beacons(rows, **given))
        kept = found.filter(pl.col("score") >= lowest)
        if tables:
            note(
                f"huntkit: {counted(rows.height, 'connection')} of {', '.join(tables)},"
                f" {counted(found.height, 'pair')} with {min_beats} beats or more to judge;"
                f" {kept.height:,} score {lowest:g} or more"
            )
        if is_html(writing):
            _draw(kept, rows, given, writing)
            return
        emit(kept.drop("SourceIndex"), writing, title="Beacons", eyes=score_first)


def _every_call(case: Case, span: Span) -> tuple[pl.DataFrame, list[str]]:
    """The connections of all tables, each once."""
    start, end = bounds(span, case)
    tables = tables_of_calls(layouts(case.evidence))
    found = calls(case.evidence, tables, start=start, end=end)
    _say_left_out(case, tables, found, start=start, end=end)
    once = dict(found.rows["Table"].value_counts().iter_rows())
    for name, read in found.read.items():
        if again := read - once.get(name, 0):
            note(
                f"huntkit: {counted(again, 'row')} of {name} tell of the same connections as"
                " another table, and count once"
            )
    return found.rows, found.tables


def _say_left_out(
    case: Case, tables: list[Layout], found: Calls, *, start: datetime | None, end: datetime | None
) -> None:
    """Which rows are no connections: a loss where they should be, else none."""
    used = [each for each in tables if found.read[each.name]]
    for each in tables:
        total = all_rows(case.evidence, [each], start=start, end=end)
        left = total - found.read[each.name]
        if each not in used and total and used:
            same = told_elsewhere(case.evidence, each, used, start=start, end=end)
            also = f"; {same:,} of them are in {', '.join(one.name for one in used)} too"
            note(
                f"huntkit: {each.name} is not used: none of its {counted(total, 'row')} names a"
                f" time, a source and a target{also if same else ''}"
            )
            continue
        if ports := only_listening(case.evidence, each, start=start, end=end):
            note(
                f"huntkit: {each.name}: {ports:,} of {counted(total, 'row')} tell of ports that"
                " were opened, not of connections"
            )
        if left := left - ports:
            note(
                f"huntkit: warning: {each.name}: {left:,} of {counted(total, 'row')} have no time,"
                " source or target: left out"
            )


def _draw(found: pl.DataFrame, rows: pl.DataFrame, given: dict[str, Any], writing: Writing) -> None:
    """The calls of each pair in time, the most regular pairs."""
    if not found.height:
        note("huntkit: no pair to draw; nothing was written")
        return
    source = given.get("source_column") or roles.require(rows.columns, "source_ip")
    target = given.get("target_column") or roles.require(rows.columns, "destination_ip")
    regular = found.filter(pl.col("score") >= _DRAWN)
    top = (regular if regular.height else found).head(writing.limit or _LANES).select(
        "Source", "Target",
        Pair=pl.format("{} → {}, {}", "Source", "Target", pl.col("score").round(2)),
        Why="reason",
    ).unique(["Source", "Target"], keep="first", maintain_order=True)  # fmt: skip
    shown = (
        rows.with_columns(
            exactly(source).cast(pl.String).alias("Source"),
            exactly(target).cast(pl.String).alias("Target"),
        )
        .join(top, on=["Source", "Target"], maintain_order="left")
        .head(_CALLS)
    )
    chart = huntkit.charts.timeline(
        shown, group_by="Pair", source_columns=["Why"], max_lanes=_LANES,
        time_column=given.get("time_column"),
        title=f"Calls of the {counted(top.height, 'most regular pair')} of {found.height:,}",
    )  # fmt: skip
    save_chart(chart, writing)


def _python_of_beacons(
    general: General,
    paths: Sequence[str],
    reading: Reading,
    table: str | None,
    given: dict[str, Any],
    lowest: float,
    writing: Writing,
) -> None:
    told = "".join(f", {key}={value!r}" for key, value in given.items())
    source = f"evidence.table({table!r})" if table else "rows"
    first = [] if table else [
        "from huntkit.report.calls import calls, tables_of_calls",
        "from huntkit.report.layouts import layouts",
        "rows = calls(evidence, tables_of_calls(layouts(evidence))).rows",
    ]  # fmt: skip
    ends = "" if table else ", source_column='SourceIP', target_column='DestinationIP'"
    kept = [f"found = found[found['score'] >= {lowest!r}]"] if lowest else []
    drawn = [f"huntkit.charts.timeline(rows).save({str(writing.output)!r})"] if (
        is_html(writing) and not table
    ) else []  # fmt: skip
    line = f"huntkit.analyze.beacons({source}{ends}{told})"
    _python(general, paths, reading, *first, f"found = {line}" if kept else line, *kept, *drawn)


def _rows(case: Case, name: str, span: Span) -> pl.DataFrame:
    start, end = bounds(span, case)
    rows: pl.DataFrame = case.evidence.table(name, start=start, end=end, frame="polars")
    return rows


def _python(general: General, paths: Sequence[str], reading: Reading, *lines: str) -> None:
    if general.show_python:
        show_python(python_open(paths, reading), *lines)
