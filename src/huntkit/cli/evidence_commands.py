"""The commands that read evidence and ask it: `open`, `report`, `tables`, `search`, `query`."""

from pathlib import Path
from typing import Annotated

import typer

from huntkit.cli.commands import command, work
from huntkit.cli.options import General, Paths, Reading, Span, Writing
from huntkit.cli.query_commands import LIBRARY_NAME, OwnQueries, Values
from huntkit.core.errors import UsageError


@command(
    "open",
    "huntkit open evidence/",
    "huntkit open case.zip logs/*.evtx -o case.html",
    "Read files, folders and archives of any log format, say what is in them, and write one"
    " offline HTML report (huntkit-report.html, or the next free name, unless -o says"
    " otherwise). Piped, stdout is one JSON object with the summary.",
)
def open_(
    paths: Paths,
    reading: Reading,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The report's name.")
    ] = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="The report's title.")] = None,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="Only say; write nothing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    general: General = General(),  # noqa: B008  a frozen value
) -> None:
    """Read evidence, say what is in it, and write a report."""
    if no_report and (output is not None or title is not None or force):
        raise UsageError(
            "--no-report writes nothing, so -o, --title and --force mean nothing with it",
            hint="leave out --no-report to get the report",
        )
    work("opening", general).open_(
        paths, reading, general, output=output, title=title, write=not no_report, force=force
    )


@command(
    "report",
    "huntkit report evidence/",
    "huntkit report evidence/ -o case.html --title 'Case 17'",
    "As open, without the summary.",
)
def report(
    paths: Paths,
    reading: Reading,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The report's name.")
    ] = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="The report's title.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    general: General = General(),  # noqa: B008
) -> None:
    """Write the report, nothing else."""
    work("opening", general).report(
        paths, reading, general, output=output, title=title, force=force
    )


@command(
    "tables",
    "huntkit tables evidence/",
    "huntkit tables evidence/ --table DeviceProcessEvents",
    "One row per table: name, rows, first and last time, hosts. With --table, the columns of"
    " that table and their types; with --files, what was read of each file.",
)
def tables(
    paths: Paths,
    reading: Reading,
    writing: Writing,
    table: Annotated[
        str | None, typer.Option("--table", "-t", metavar="TABLE", help="Show its columns.")
    ] = None,
    files: Annotated[bool, typer.Option("--files", help="Show the files instead.")] = False,
    general: General = General(),  # noqa: B008
) -> None:
    """Which tables there are, and what is in them."""
    work("questions", general).tables(paths, reading, writing, general, table=table, files=files)


@command(
    "search",
    "huntkit search 203.0.113.45 evidence/",
    "huntkit search @indicators.txt evidence/ -o hits.csv",
    "Find a text in any case, anywhere inside any column. @FILE reads one value a line, - reads"
    " them from stdin.",
)
def search(
    value: Annotated[
        str,
        typer.Argument(
            metavar="VALUE",
            help="A text or number; @FILE for one a line, - for those on stdin.",
            show_default=False,
        ),
    ],
    paths: Paths,
    reading: Reading,
    span: Span,
    writing: Writing,
    general: General,
) -> None:
    """Every table, file and record that holds a value."""
    work("questions", general).search(value, paths, reading, span, writing, general)


@command(
    "query",
    "huntkit query 'DeviceProcessEvents | where FileName =~ \"whoami.exe\"' evidence/",
    "huntkit query --sql 'SELECT * FROM Syslog LIMIT 9' evidence/",
    "KQL first, then the paths; with --sql one reading statement in DuckDB's dialect, and only"
    " paths. Either sees the evidence's tables, no file and no network. @FILE reads the text from a"
    " file. KQL may also be the name of a library query (huntkit queries). --set gives values to it"
    " or to KQL's declare query_parameters.",
)
def query(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="KQL PATHS...",
            help="The query, or @FILE, or Family.name; then files, folders, globs or archives. With"
            " --sql: paths.",
            show_default=False,
        ),
    ],
    reading: Reading,
    writing: Writing,
    sql: Annotated[
        str | None, typer.Option("--sql", metavar="TEXT", help="An SQL statement, or @FILE.")
    ] = None,
    now: Annotated[
        str | None,
        typer.Option(
            "--now", metavar="TIME", help="The instant of KQL's now() and ago(); the last event's."
        ),
    ] = None,
    geo: Annotated[
        list[str] | None,
        typer.Option(
            "--geo",
            metavar="FILE",
            help="A MaxMind database for KQL's geo_info_from_ip_address; may be repeated."
            " The word countries means the shipped ranges alone.",
        ),
    ] = None,
    external: Annotated[
        list[str] | None,
        typer.Option(
            "--external",
            metavar="URI=FILE",
            help="The file that KQL's externaldata reads in the place of URI; may be repeated.",
        ),
    ] = None,
    values: Values = None,
    own: OwnQueries = None,
    general: General = General(),  # noqa: B008
) -> None:
    """Ask in KQL, SQL, or by a library query."""
    if sql is None and words[1:] and LIBRARY_NAME.fullmatch(words[0]):
        if now or geo or external:
            raise UsageError("--now, --geo and --external are for queries of your own")
        work("library", general).run_query(
            words[0], words[1:], reading, Span(), writing, general,
            values=values or [], own=own or [],
        )  # fmt: skip
        return
    if own or (values and sql is not None):
        raise UsageError(
            "--queries is for library queries" if own else "--set is for KQL and library queries",
            hint="huntkit query Family.name evidence/ --set name=value",
        )
    extras = {"geo": geo or [], "external": external or [], "values": values or []}
    work("querying", general).query(words, reading, writing, general, sql=sql, now=now, **extras)
