"""`huntkit queries ...`: the library of queries; only signatures and help live here."""

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from huntkit.cli.frame import Command, help_text, refuse_network, without_types
from huntkit.cli.options import General, Paths, Reading, Span, Writing, shared
from huntkit.core.errors import UsageError, did_you_mean

LIBRARY_NAME = re.compile(r"[A-Za-z]\w*\.[A-Za-z]\w*")
"""What names a library query, and is no query itself."""

_THE_QUERY = "The query"

Values = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="NAME=VALUE",
        help="A value for a parameter of the query; may be repeated. Lists as A,B,C.",
        rich_help_panel=_THE_QUERY,
    ),
]
OwnQueries = Annotated[
    list[Path] | None,
    typer.Option(
        "--queries",
        metavar="FILE",
        help="Your own queries (YAML), a file or a folder; may be repeated.",
        rich_help_panel=_THE_QUERY,
    ),
]
_Environment = Annotated[
    str,
    typer.Option(
        "--environment",
        "-e",
        metavar="NAME",
        help="The queries for this environment: Local, MSSentinel, Splunk ...",
        rich_help_panel=_THE_QUERY,
    ),
]
_Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Family.name, or the name where it is one.", show_default=False
    ),
]


class Queries(typer.core.TyperGroup):
    """The group of what can be done with library queries."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, without Python's names for their values."""
        return without_types(super().get_params(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of that name, or the nearest."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise UsageError(
                f"there is no 'huntkit queries {args[0]}'",
                hint=did_you_mean(args[0], self.commands)
                or f"there are: {', '.join(self.commands)}",
            )
        return super().resolve_command(ctx, args)


queries = typer.Typer(
    cls=Queries,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _command(
    name: str, first: str, second: str, text: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function; its docstring is what the list of commands says."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        short = (function.__doc__ or "").splitlines()[0]
        told = help_text(first, second, text)
        queries.command(name, cls=Command, short_help=short, help=told)(shared(function))
        return function

    return register


def _work(general: General) -> Any:
    """The module that does the work; it loads the data libraries, which takes a moment."""
    if general.offline:
        refuse_network()
    return importlib.import_module("huntkit.cli.library")


@queries.callback(invoke_without_command=True)
def _all(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        _work(General()).list_queries(None, Writing(), General(), family=None, own=[])


@_command(
    "list",
    "huntkit queries list",
    "huntkit queries list '*logon*' --family WindowsSecurity",
    "One row per query: family, name, what it answers, what it needs, the tables it reads and"
    " ATT&CK techniques. A part of the name, or a pattern with * and ?, in any case of letters.",
)
def list_(
    writing: Writing,
    pattern: Annotated[
        str | None, typer.Argument(metavar="PATTERN", show_default=False, help="Part of a name.")
    ] = None,
    family: Annotated[
        str | None, typer.Option("--family", "-f", metavar="FAMILY", help="Only this family.")
    ] = None,
    environment: _Environment = "Local",
    own: OwnQueries = None,
    general: General = General(),  # noqa: B008  a frozen value
) -> None:
    """The queries that there are."""
    _work(general).list_queries(
        pattern, writing, general, family=family, own=own or [], environment=environment
    )


@_command(
    "search",
    "huntkit queries search 'brute|password'",
    "huntkit queries search --table Syslog --parameter host",
    "The queries that fit everything that is given; each is a regular expression in any case of"
    " letters. The first is looked for in names, descriptions, texts, tags and techniques.",
)
def search(
    writing: Writing,
    words: Annotated[
        str | None, typer.Argument(metavar="TEXT", show_default=False, help="What to look for.")
    ] = None,
    table: Annotated[
        str | None, typer.Option("--table", "-t", metavar="TABLE", help="In the tables it reads.")
    ] = None,
    parameter: Annotated[
        str | None, typer.Option("--parameter", "-p", metavar="NAME", help="In its parameters.")
    ] = None,
    environment: _Environment = "Local",
    own: OwnQueries = None,
    general: General = General(),  # noqa: B008
) -> None:
    """Find a query by what it is about."""
    _work(general).search_queries(
        words,
        writing,
        general,
        table=table,
        parameter=parameter,
        own=own or [],
        environment=environment,
    )


@_command(
    "show",
    "huntkit queries show WindowsSecurity.list_host_logons",
    "huntkit queries show list_host_logons | jq -r .text",
    "What a query answers, its parameters, its tables and techniques, and its text.",
)
def show(
    name: _Name,
    environment: _Environment = "Local",
    own: OwnQueries = None,
    general: General = General(),  # noqa: B008
) -> None:
    """What there is to know about a query."""
    _work(general).show_query(name, general, own=own or [], environment=environment)


@_command(
    "run",
    "huntkit queries run WindowsSecurity.list_host_logons evidence/ --set host_name=ws01",
    "huntkit queries run MDE.list_host_processes evidence/ -s host_name=ws01 --since -2h -o x.csv",
    "Ask local evidence a library query. Without --since and --until all of the evidence is asked;"
    " relative times count from its last event.",
)
def run(
    name: _Name,
    paths: Paths,
    reading: Reading,
    span: Span,
    writing: Writing,
    values: Values = None,
    split_by: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Ask in pieces of this length, such as 1h; only where that is exact.",
            rich_help_panel=_THE_QUERY,
        ),
    ] = None,
    own: OwnQueries = None,
    general: General = General(),  # noqa: B008
) -> None:
    """Ask evidence a library query."""
    _work(general).run_query(
        name, paths, reading, span, writing, general, values=values or [], own=own or [],
        split_by=split_by,
    )  # fmt: skip
