"""The commands that ask evidence one question and hand the rows over."""

import glob
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

import huntkit
from huntkit.cli import events, views
from huntkit.cli.case import (
    TEXTS_IN_PYTHON,
    Case,
    opened,
    python_open,
    show_python,
    stdin_lines,
    texts_of,
)
from huntkit.cli.frame import counted, note
from huntkit.cli.grid import print_table
from huntkit.cli.options import General, Reading, Span, Writing
from huntkit.cli.output import (
    emit,
    is_html,
    print_tree,
    save_chart,
    save_text,
    to_terminal,
)
from huntkit.cli.standout_columns import check
from huntkit.cli.statement import evidence_tables, exact
from huntkit.cli.target import ENDINGS, check_output
from huntkit.core.errors import UnknownTable, UsageError
from huntkit.core.timespan import parse_time
from huntkit.entities.indicators import chosen_types
from huntkit.report import encoded as encoded_text
from huntkit.report import indicators, notable, processes, risky
from huntkit.report.layouts import layouts, quoted
from huntkit.report.names import hosts_meant
from huntkit.report.texts import distinct_texts
from huntkit.sources.local.mapping.views import VIEWS
from huntkit.sources.local.search import values_of

_MISSED = 10
_MOST_RECORDS = 10_000  # of which the hosts are asked for
_NOT_DECODED = "encoded text is not searched; huntkit iocs and decode read it"
_WIDTH = 2_000  # of a line of a tree in a text file


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
            [table] = named_tables(case, [table])
            schema = case.evidence.schema(table)
            rows = pl.DataFrame({"column": list(schema), "type": list(schema.values())})
            emit(rows, writing, title=f"Columns of {table}")
        elif files:
            emit(case.evidence.files, writing, title="What was read", eyes=views.files)
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
    given = texts_of(value)
    wanted = [each.strip() for each in values_of(given)]
    _python(general, paths, reading, f"evidence.search({_python_value(given)})")
    with opened(_folders(paths), reading) as case:
        hits = case.evidence.search(wanted, progress=case.bars)
        hits = _within(hits, span, case)
        _say_hits(hits, wanted, writing, case)
        emit(hits, writing, title=_search_title(value, wanted), eyes=views.hits)


def _say_hits(hits: pl.DataFrame, wanted: list[str], writing: Writing, case: Case) -> None:
    """What was found of which value, before the rows; and what was not found."""
    if hits.height:
        note(f"huntkit: {_extent(hits, case)}; {_NOT_DECODED}")
        if to_terminal(writing):
            print_table(views.hits_by_place(hits), title="Hits by value, table and column")
        missed = [each for each in wanted if each not in set(hits["Value"])]
        if missed:
            shown = ", ".join(repr(each) for each in missed[:_MISSED])
            more = f", and {len(missed) - _MISSED:,} more" if len(missed) > _MISSED else ""
            note(f"huntkit: no hit for {counted(len(missed), 'value')}: {shown}{more}")
        return
    tables = case.evidence.tables
    rows = int(tables.filter(~pl.col("name").is_in(list(VIEWS)))["rows"].sum())
    note(
        f"huntkit: 0 hits; searched {counted(rows, 'row')} of "
        f"{counted(tables.height, 'table')} for {counted(len(wanted), 'value')}; {_NOT_DECODED}"
    )


def _extent(hits: pl.DataFrame, case: Case) -> str:
    """How many records hold it: one stands in several columns, and in several tables, too."""
    records = hits.select("_file", "_record").n_unique()
    tables = hits["Table"].n_unique()
    hosts = _hosts_of(hits, case)
    return (
        f"{counted(hits.height, 'hit')} in {counted(records, 'record')} of "
        f"{counted(tables, 'table')}" + (f" on {counted(hosts, 'host')}" if hosts else "")
    )


def _hosts_of(hits: pl.DataFrame, case: Case) -> int:
    """How many hosts the tables name in the records that were hit; 0 if that is too many to ask."""
    wanted = hits.select("Table", "_file", "_record").unique()
    if wanted["_record"].n_unique() > _MOST_RECORDS:
        return 0
    names: set[str] = set()
    for layout in layouts(case.evidence):
        held = wanted.filter(pl.col("Table") == layout.name)
        if layout.host is None or held.is_empty():
            continue
        records = ", ".join(map(str, sorted(set(held["_record"].drop_nulls()))))
        rows = case.evidence.sql(
            f"SELECT DISTINCT {quoted(layout.host)}::VARCHAR AS host, _file, _record"  # noqa: S608
            f" FROM {quoted(layout.name)} WHERE _record IN ({records or 'NULL'})",
            frame="polars",
        )
        found = rows.join(held, on=["_file", "_record"], how="semi")
        names |= {each.casefold() for each in found["host"].unique() if each}
    # a name with its domain and the same without one are one host
    return len(names - {each for each in names if "." in each and each.split(".")[0] in names})


def _search_title(value: str, wanted: list[str]) -> str:
    if len(wanted) == 1:
        return f"Rows that hold {wanted[0]}"
    origin = "stdin" if value == "-" else value[1:]
    return f"Rows that hold one of {len(wanted):,} values of {origin}"


def _folders(paths: Sequence[str]) -> Sequence[str]:
    """The paths of a search; a first one that is not there may be a second value."""
    first = paths[0]
    if len(paths) > 1 and not glob.has_magic(first) and first != "-" and not Path(first).exists():
        raise UsageError(
            f"there is no file or folder {first!r}",
            hint=f"if {first!r} is a second value: write the values into a file, one a line, and "
            "give @FILE",
        )
    return paths


def iocs(
    paths: Sequence[str],
    reading: Reading,
    writing: Writing,
    general: General,
    *,
    types: list[str] | None,
    defang: bool,
) -> None:
    """Indicators of evidence, or of any text on stdin."""
    check_output(writing)
    chosen_types(types)  # before any evidence: a misspelt type must not read as "none found"
    if list(paths) == ["-"]:
        if general.show_python:
            show_python("import huntkit", "", "huntkit.extract.iocs(frame, 'text')")
        lines = pl.DataFrame({"text": stdin_lines()})
        found = huntkit.extract.iocs(lines, "text", ioc_types=types)
        _say_none(found, "indicators")
        emit(_unclickable(_counted(found), defang), writing, title="Indicators")
        return
    worst = "risky.risky(evidence, layouts(evidence), [])"
    given = f"texts, decoded=encoded.encoded(texts), risky={worst}, ioc_types={types!r}"
    _python(general, paths, reading, TEXTS_IN_PYTHON, f"indicators.indicators({given})")
    with opened(paths, reading) as case:
        problems: list[str] = []
        tables = layouts(case.evidence)
        texts = distinct_texts(case.evidence, tables, problems)
        rows = indicators.indicators(
            texts,
            decoded=encoded_text.encoded(texts),
            risky=risky.risky(case.evidence, tables, problems),
            ioc_types=types,
            progress=case.bars,
        )
        _say(problems)
        _say_none(rows, "indicators")
        emit(_unclickable(rows, defang), writing, title="Indicators", eyes=views.indicators)


def decode(
    paths: Sequence[str],
    texts: Sequence[str],
    reading: Reading,
    writing: Writing,
    general: General,
    *,
    xor: bool = False,
) -> None:
    """Decoded layers of evidence, of given texts, or of stdin."""
    check_output(writing)
    if bool(paths) == bool(texts):
        raise UsageError(
            "decode takes either PATHS or --text", hint="huntkit decode evidence/, or --text '...'"
        )
    given = list(texts)
    if list(paths) == ["-"]:
        given = stdin_lines()
        paths = []
    if not paths:
        if general.show_python:
            show_python(
                "import huntkit", "", f"huntkit.extract.decode(frame, 'text')  # {len(given)} texts"
            )
        found = huntkit.extract.decode(
            pl.DataFrame({"text": given}, schema={"text": pl.String}), "text", xor=xor
        )
        if not found.height:
            note(f"huntkit: nothing encoded in {counted(len(given), 'text')}")
        if stopped := found.filter(pl.col("limit") != "")["SourceIndex"].n_unique():
            note(
                f"huntkit: {counted(stopped, 'text')} not decoded to the end: see the column limit"
            )
        emit(found, writing, title="Decoded", eyes=views.decoded_texts)
        return
    _python(general, paths, reading, TEXTS_IN_PYTHON, f"encoded.encoded(texts, xor={xor!r})")
    with opened(paths, reading) as case:
        problems: list[str] = []
        found = distinct_texts(case.evidence, layouts(case.evidence), problems)
        rows = encoded_text.encoded(found, xor=xor)
        _say(problems)
        if not rows.height:
            note("huntkit: no encoded text was found")
        emit(rows, writing, title="Encoded text, decoded", eyes=views.decoded)


def tree(
    paths: Sequence[str],
    reading: Reading,
    span: Span,
    writing: Writing,
    general: General,
    *,
    host: str | None,
    title: str | None = None,
) -> None:
    """Process trees."""
    check_output(writing, endings=(*ENDINGS, ".txt"))
    _python(
        general,
        paths,
        reading,
        "processes = huntkit.extract.process_tree(evidence.table('DeviceProcessEvents'))",
        f"huntkit.charts.process_tree(processes{f', title={title!r}' if title else ''})",
    )
    with opened(paths, reading) as case:
        problems: list[str] = []
        start, end = bounds(span, case)
        hosts = hosts_meant(host, _hosts(case)) if host is not None else []
        rows = processes.processes(
            case.evidence, layouts(case.evidence), problems, hosts=hosts, start=start, end=end
        )
        _say(problems)
        if not rows.height:
            where = f" of {', '.join(hosts)}" if hosts else ""
            when = " in that time" if start or end else ""
            note(f"huntkit: this evidence has no process starts{where}{when}")
            rows = rows if rows.width else processes.nothing()
        as_text = writing.output is not None and writing.output.suffix.lower() == ".txt"
        if (is_html(writing) or as_text) and not rows.height:
            note("nothing was written")
        elif as_text and writing.output is not None:
            text = huntkit.extract.tree_to_text(rows, max_rows=rows.height, width=_WIDTH)
            save_text(writing.output, text + "\n")
            lines = counted(text.count("\n") + 1, "line")
            note(f"{lines} written to {writing.output}")
        elif is_html(writing):
            save_chart(huntkit.charts.process_tree(rows, title=title or "Processes"), writing)
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
    title: str | None = None,
) -> None:
    """Events in the order of time."""
    check_output(writing)
    _python(general, paths, reading, *_timeline_in_python(names, group_by, title, writing))
    with opened(paths, reading) as case:
        tables = named_tables(case, names)
        rows = _events(case, tables, span)
        if group_by is not None:
            check([group_by], rows)
        _say_timeless(rows, tables, span, case)
        if is_html(writing) and rows["TimeGenerated"].null_count() == rows.height:
            note("nothing was written: no event has a time")
        elif is_html(writing):
            band = group_by or ("Table" if len(tables) > 1 else "Kind" if not tables else None)
            save_chart(
                huntkit.charts.timeline(rows, group_by=band, title=title or "Timeline"), writing
            )
        else:
            emit(rows, writing, title="Timeline", eyes=views.moments)


def _timeline_in_python(
    names: Sequence[str], group_by: str | None, title: str | None, writing: Writing
) -> list[str]:
    if names:
        call = f"events(evidence, {list(names)!r}, start=None, end=None)"
        lines = ["from huntkit.cli.events import events", "", f"rows = {call}"]
    else:
        lines = [
            "from huntkit.report.layouts import layouts",
            "from huntkit.report.notable import notable",
            "",
            "rows = notable(evidence, layouts(evidence))",
        ]
    if not is_html(writing):
        return [*lines, "print(rows)"]
    band = f", group_by={group_by!r}" if group_by else ""
    return [*lines, f"huntkit.charts.timeline(rows{band}, title={title or 'Timeline'!r})"]


def _events(case: Case, tables: Sequence[str], span: Span) -> pl.DataFrame:
    if not tables:
        found = notable.notable(case.evidence, layouts(case.evidence))
        return _within(events.notable(found), span, case)
    start, end = bounds(span, case)
    return events.events(case.evidence, tables, start=start, end=end)


def _say_timeless(rows: pl.DataFrame, tables: Sequence[str], span: Span, case: Case) -> None:
    without = rows["TimeGenerated"].null_count()
    if not tables and not notable.tables_of(layouts(case.evidence)):
        note(
            "huntkit: notable events were not judged: no log of alerts or system changes in this "
            "evidence; --table NAME shows all rows of a table"
        )
    elif not rows.height and (tables or span.since or span.until):
        what = f"rows of {', '.join(tables)}" if tables else "notable events"
        note(f"huntkit: no {what} in that time{_lasts(case)}")
    elif not rows.height:
        note("huntkit: no notable events were found; --table NAME shows all rows of a table")
    elif without:
        note(f"huntkit: {without:,} of {counted(rows.height, 'row')} have no time; they stand last")


def _lasts(case: Case) -> str:
    """From when to when the evidence goes, for those who asked for another time."""
    times = case.evidence.tables.select(pl.col("first").min(), pl.col("last").max())
    first, last = times.row(0)
    return f"; the evidence goes from {first:%F %T} to {last:%F %T} UTC" if first else ""


def named_tables(case: Case, names: Sequence[str]) -> list[str]:
    """Tables as the evidence spells them, whatever the case in which they were given."""
    held = evidence_tables(case.evidence)
    found = []
    for name in names:
        table = exact(case.evidence, name)
        try:
            case.evidence.schema(table)
        except UnknownTable as problem:
            hint = problem.hint or "tables: " + ", ".join(sorted(held)[:20])
            raise UnknownTable(name, held, hint=hint) from None
        if table not in held:
            note(f"huntkit: this evidence has no rows of {table}")
        found.append(table)
    return found


def _hosts(case: Case) -> list[str]:
    tables: pl.DataFrame = case.evidence.tables
    return tables["hosts"].explode().drop_nulls().unique().to_list()


def _say_none(rows: pl.DataFrame, what: str) -> None:
    if not rows.height:
        note(f"huntkit: no {what} were found")


def _within(rows: pl.DataFrame, span: Span, case: Case) -> pl.DataFrame:
    """Rows of the stretch of time; those without a time only where none was asked for."""
    start, end = bounds(span, case)
    if start is not None:
        rows = rows.filter(pl.col("TimeGenerated") >= start)
    if end is not None:
        rows = rows.filter(pl.col("TimeGenerated") < end)
    return rows


def bounds(span: Span, case: Case) -> tuple[datetime | None, datetime | None]:
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
    first, last = ends
    if first is not None and last is not None and last < first:
        raise UsageError(f"the end, {last:%F %T} UTC, is before the start, {first:%F %T} UTC")
    return first, last


def _unclickable(found: pl.DataFrame, defang: bool) -> pl.DataFrame:
    return found.with_columns(Observable="Defanged") if defang else found


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
