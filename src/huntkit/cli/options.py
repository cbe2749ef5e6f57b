"""The options that commands share, each written once.

A command asks for a group by naming its class as the type of a parameter; `shared` puts the
options of the group into the command's signature, which is what typer reads.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

_READ = "How to read"
_WRITE = "What to do with the answer"
_DRAWN = "What to draw"
_ASKED = "Whom to ask"
_OTHER = "Other"

Paths = Annotated[
    list[str],
    typer.Argument(
        metavar="PATHS",
        help="Files, folders, globs or archives; - reads stdin.",
        show_default=False,
    ),
]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How evidence is opened."""

    cache_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Keep parsed files in this folder.", rich_help_panel=_READ
        ),
    ] = None
    no_cache: Annotated[
        bool,
        typer.Option(
            "--no-cache", help="Neither use nor keep parsed files.", rich_help_panel=_READ
        ),
    ] = False
    assume_timezone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            help="The zone of times that name none, such as Europe/Berlin; they are marked.",
            rich_help_panel=_READ,
        ),
    ] = None
    assume_year: Annotated[
        int | None,
        typer.Option(
            metavar="YEAR",
            help="The year of times that name none (old syslog); they are marked.",
            rich_help_panel=_READ,
        ),
    ] = None
    day_first: Annotated[
        bool | None,
        typer.Option(
            "--day-first/--month-first",
            help="How 03/04/2020 is read; else as each file's dates tell.",
            rich_help_panel=_READ,
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Span:
    """The stretch of time that is looked at."""

    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Only from this time on: 2026-03-03, 2026-03-03T09:12Z, -2d, -1d@d.",
            rich_help_panel=_READ,
        ),
    ] = None
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only before this time.", rich_help_panel=_READ),
    ] = None

    def bounds(self) -> tuple[datetime | None, datetime | None]:
        """Both ends as aware times; relative ones count back from now."""
        # Needed by the commands that look at evidence, not by --help.
        from huntkit.core.timespan import parse_time  # noqa: PLC0415

        now = datetime.now(UTC)
        start = None if self.since is None else parse_time(self.since, now=now)
        end = None if self.until is None else parse_time(self.until, now=now)
        return start, end


@dataclass(frozen=True, kw_only=True)
class Writing:
    """Where the answer goes."""

    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write to FILE; its ending says how: .parquet .csv .ndjson .html .md",
            rich_help_panel=_WRITE,
        ),
    ] = None
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace FILE if it exists.", rich_help_panel=_WRITE),
    ] = False
    raw: Annotated[
        bool,
        typer.Option(
            "--raw",
            help="CSV exactly as it is, even what a spreadsheet would run or a terminal obey.",
            rich_help_panel=_WRITE,
        ),
    ] = False
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            "-n",
            min=0,
            metavar="N",
            help="At most N rows; 0 is all. A terminal shows 50 unless told otherwise.",
            rich_help_panel=_WRITE,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Charting:
    """What a chart is drawn of, and where it goes."""

    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            "-t",
            metavar="TABLE",
            help="The table to draw; not needed where there is only one.",
            rich_help_panel=_DRAWN,
        ),
    ] = None
    query: Annotated[
        str | None,
        typer.Option(
            "--query",
            "-q",
            metavar="KQL",
            help="Draw the answer to this query instead; @FILE reads it from a file.",
            rich_help_panel=_DRAWN,
        ),
    ] = None
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The page's name; by default huntkit-KIND.html or the next free name. With .csv"
            " .parquet .ndjson .md the rows that are drawn; graphs also as .graphml .json .svg.",
            rich_help_panel=_WRITE,
        ),
    ] = None
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace FILE if it exists.", rich_help_panel=_WRITE),
    ] = False


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Which providers are asked, and how much."""

    providers: Annotated[
        list[str] | None,
        typer.Option(
            "--providers",
            "-p",
            metavar="NAMES",
            help="Ask these, with commas between.",
            rich_help_panel=_ASKED,
        ),
    ] = None
    budget: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="At most N questions to each provider.",
            rich_help_panel=_ASKED,
        ),
    ] = None
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Ask nobody; say what would be asked of whom.",
            rich_help_panel=_ASKED,
        ),
    ] = False
    refresh: Annotated[
        bool,
        typer.Option("--refresh", help="Ask anew, whatever is kept.", rich_help_panel=_ASKED),
    ] = False

    @property
    def names(self) -> list[str]:
        """The providers one by one."""
        given = self.providers or ()
        return [name.strip() for each in given for name in each.split(",") if name.strip()]


@dataclass(frozen=True, kw_only=True)
class General:
    """What every command takes."""

    offline: Annotated[
        bool,
        typer.Option("--offline", help="Refuse every network connection.", rich_help_panel=_OTHER),
    ] = False
    show_python: Annotated[
        bool,
        typer.Option(
            "--show-python",
            help="Also print (on stderr) the Python that does the same.",
            rich_help_panel=_OTHER,
        ),
    ] = False


def shared(function: Callable[..., None]) -> Callable[..., None]:
    """The function with the fields of its option groups as its own keyword parameters."""
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, type[Any]] = {
        name: hint for name, hint in hints.items() if isinstance(hint, type) and is_dataclass(hint)
    }
    own = [
        parameter.replace(annotation=hints[parameter.name])
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name not in groups
    ]
    added = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=get_type_hints(group, include_extras=True)[field.name],
        )
        for group in groups.values()
        for field in fields(group)
    ]

    @functools.wraps(function)
    def call(**given: Any) -> None:
        for name, group in groups.items():
            values = {field.name: given.pop(field.name) for field in fields(group)}
            given[name] = group(**values)
        function(**given)

    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in [*own, *added]
    ]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in parameters}
    return call
