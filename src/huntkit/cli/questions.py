"""The commands that ask evidence one question and hand the rows over."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

import huntkit
from huntkit.cli.case import Case, opened, python_open, read_stdin, show_python, texts_of
from huntkit.cli.frame import note
from huntkit.cli.options import General, Reading, Span, Writing
from huntkit.cli.output import check_output, emit, is_html, print_tree, save_chart
from huntkit.core.errors import QueryError, UsageError
from huntkit.core.timespan import parse_time
from huntkit.report import encoded as encoded_text
from huntkit.report import indicators, notable, processes
from huntkit.report.layouts import layouts
from huntkit.report.texts import distinct_texts


def tables(
    paths: Sequence[str],
    reading: Reading,
    writing: Writing,
    general: General,
    *,
    table: str | None,
    files: bool,
) -> None:
    """The tables, the columns of one, or the files."""
    check_output(writing)
    _python(general, paths, reading, "evidence.files" if files else "evidence.tables")
    with opened(paths, reading) as case:
        if table is not None:
            schema = case.evidence.schema(table)
            rows = pl.DataFrame({"column": list(schema), "type": list(schema.values())})
            emit(rows, writing, title=f"Columns of {table}")
        elif files:
            emit(case.evidence.files, writing, title="What was read")
        else:
            found = case.evidence.tables.sort("rows", "name", descending=[True, False])
            emit(found, writing, title="Tables")


def search(
    value: str,
    paths: Sequence[str],
    reading: Reading,
    span: Span,
    writing: Writing,
    general: General,
) -> None:
    """Every row that holds a value."""
    check_output(writing)
    if value == "-" and "-" in paths:
        raise UsageError("- (stdin) can be read only once")
    wanted = texts_of(value)
    _python(general, paths, reading, f"evidence.search({_python_value(wanted)})")
    with opened(paths, reading) as case:
        hits = case.evidence.search(wanted, progress=case.bars)
        emit(_within(hits, span, case), writing, title=f"Rows that hold {value}")


def query(
    sql: str, paths: Sequence[str], reading: Reading, writing: Writing, general: General
) -> None:
    """The answer to an SQL statement."""
    check_output(writing)
    text = _text_or_file(sql)
    _python(general, paths, reading, f"evidence.sql({text!r})")
    with opened(paths, reading) as case:
        emit(case.evidence.sql(text), writing, title="Answer")


def iocs(
    paths: Sequence[str],
    reading: Reading,
    writing: Writing,
    general: General,
    *,
    types: list[str] | None,
) -> None:
    """Indicators of evidence, or of any text on stdin."""
    check_output(writing)
    if list(paths) == ["-"]:
        if general.show_python:
            show_python("import huntkit", "", "huntkit.extract.iocs(frame, 'text')")
        lines = pl.DataFrame({"text": read_stdin().decode("utf-8", "replace").splitlines()})
        found = huntkit.extract.iocs(lines, "text", ioc_types=types)
        emit(_counted(found), writing, title="Indicators")
        return
    _python(general, paths, reading, "huntkit.extract.iocs(evidence.table(name), columns)")
    with opened(paths, reading) as case:
        problems: list[str] = []
        texts = distinct_texts(case.evidence, layouts(case.evidence), problems)
        rows = indicators.indicators(
            texts, decoded=encoded_text.encoded(texts), ioc_types=types, progress=case.bars
        )
        _say(problems)
        emit(rows, writing, title="Indicators")


def decode(
    paths: Sequence[str],
    texts: Sequence[str],
    reading: Reading,
    writing: Writing,
    general: General,
) -> None:
    """Decoded layers of evidence, of given texts, or of stdin."""
    check_output(writing)
    if bool(paths) == bool(texts):
        raise UsageError(
            "decode takes either PATHS or --text", hint="huntkit decode evidence/, or --text '...'"
        )
    given = list(texts)
    if list(paths) == ["-"]:
        given = read_stdin().decode("utf-8", "replace").splitlines()
        paths = []
    if not paths:
        if general.show_python:
            show_python(
                "import huntkit", "", f"huntkit.extract.decode(frame, 'text')  # {len(given)} texts"
            )
        found = huntkit.extract.decode(
            pl.DataFrame({"text": given}, schema={"text": pl.String}), "text"
        )
        emit(found, writing, title="Decoded")
        return
    _python(general, paths, reading, "huntkit.extract.decode(evidence.table(name), columns)")
    with opened(paths, reading) as case:
        problems: list[str] = []
        found = distinct_texts(case.evidence, layouts(case.evidence), problems)
        rows = encoded_text.encoded(found)
        _say(problems)
        emit(rows, writing, title="Encoded text, decoded")


def tree(
    paths: Sequence[str],
    reading: Reading,
    span: Span,
    writing: Writing,
    general: General,
    *,
    host: str | None,
) -> None:
    """Process trees."""
    check_output(writing)
    _python(
        general,
        paths,
        reading,
        "processes = huntkit.extract.process_tree(evidence.table('DeviceProcessEvents'))",
        "huntkit.charts.process_tree(processes)",
    )
    with opened(paths, reading) as case:
        problems: list[str] = []
        start, end = _bounds(span, case)
        rows = processes.processes(
            case.evidence, layouts(case.evidence), problems, host=host, start=start, end=end
        )
        _say(problems)
        if is_html(writing):
            save_chart(huntkit.charts.process_tree(rows, title="Processes"), writing)
        elif not print_tree(processes.branches(rows), writing):
            emit(rows, writing, title="Processes")


def timeline(
    paths: Sequence[str],
    reading: Reading,
    span: Span,
    writing: Writing,
    general: General,
    *,
    names: Sequence[str],
    group_by: str | None,
) -> None:
    """Events in the order of time."""
    check_output(writing)
    first = repr(names[0]) if names else "'DeviceProcessEvents'"
    grouped = f", group_by={group_by!r}" if group_by else ""
    _python(general, paths, reading, f"huntkit.charts.timeline(evidence.table({first}){grouped})")
    with opened(paths, reading) as case:
        rows = _events(case, names, span)
        if is_html(writing):
            band = group_by or ("Table" if len(names) > 1 else "Kind" if not names else None)
            save_chart(huntkit.charts.timeline(rows, group_by=band, title="Timeline"), writing)
        else:
            emit(rows, writing, title="Timeline")


def _events(case: Case, names: Sequence[str], span: Span) -> pl.DataFrame:
    evidence = case.evidence
    if not names:
        return _within(notable.notable(evidence, layouts(evidence)), span, case)
    frames = [
        evidence.table(name, start=span.since, end=span.until).with_columns(
            pl.lit(name).alias("Table")
        )
        for name in names
    ]
    if len(frames) == 1:
        rows: pl.DataFrame = frames[0]
    else:
        rows = pl.concat(frames, how="diagonal_relaxed")
    times = [n for n in ("TimeGenerated", "Timestamp") if n in rows.columns]
    rows = rows.sort(times[0], maintain_order=True, nulls_last=True) if times else rows
    front = [*times[:1], "Table"]
    return rows.select(*front, pl.exclude(front))


def _within(rows: pl.DataFrame, span: Span, case: Case) -> pl.DataFrame:
    """Rows of the stretch of time; those without a time only where none was asked for."""
    start, end = _bounds(span, case)
    if start is not None:
        rows = rows.filter(pl.col("TimeGenerated") >= start)
    if end is not None:
        rows = rows.filter(pl.col("TimeGenerated") < end)
    return rows


def _bounds(span: Span, case: Case) -> tuple[datetime | None, datetime | None]:
    """Both ends; relative ones count back from the evidence's last event."""
    now = case.evidence.now
    ends: list[datetime | None] = []
    for value in (span.since, span.until):
        if value is None:
            ends.append(None)
        elif now is None:
            raise UsageError("the evidence has no times, so --since and --until mean nothing")
        else:
            ends.append(parse_time(value, now=now))
    return ends[0], ends[1]


def _counted(found: pl.DataFrame) -> pl.DataFrame:
    return (
        found.group_by("IoCType", "Observable", maintain_order=True)
        .agg(
            pl.col("scope").first().alias("Scope"),
            pl.len().cast(pl.Int64).alias("Mentions"),
            (pl.col("SourceIndex").first() + 1).alias("Line"),
        )
        .with_columns(
            indicators.defanged(pl.col("IoCType"), pl.col("Observable")).alias("Defanged")
        )
        .select("IoCType", "Observable", "Defanged", "Scope", "Mentions", "Line")
    )


def _text_or_file(sql: str) -> str:
    if not sql.startswith("@"):
        return sql
    path = Path(sql[1:])
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise QueryError(f"the statement can't be read from {str(path)!r}: {problem}") from None


def _python(general: General, paths: Sequence[str], reading: Reading, *lines: str) -> None:
    if general.show_python:
        show_python(python_open(paths, reading), *lines)


def _python_value(value: Any) -> str:
    if isinstance(value, Path):
        return f"pathlib.Path({str(value)!r})"
    return repr(value[0]) if len(value) == 1 else repr(value)


def _say(problems: Sequence[str]) -> None:
    for problem in problems:
        note(f"huntkit: warning: {problem}")
