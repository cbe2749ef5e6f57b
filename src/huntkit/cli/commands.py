"""The application, and how a command joins it.

The modules ``*_commands`` hold signatures and help only, so that ``--help`` and mistakes are
answered at once; the modules that do the work load the data libraries, and are loaded last.
"""

import importlib
from collections.abc import Callable
from typing import Annotated, Any

import typer

from huntkit.cli.frame import Command, Commands, help_text, refuse_network
from huntkit.cli.options import General, shared

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

stdout carries data only: a table on a terminal, NDJSON into a pipe.
Exit codes: 0 done, 1 failed, 2 wrong use, 3 done in part, 130 interrupted.""",
)


def command(
    name: str, first: str, second: str, text: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function; its docstring is what the list of commands says."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        short = (function.__doc__ or "").splitlines()[0]
        told = help_text(first, second, text)
        app.command(name, cls=Command, short_help=short, help=told)(shared(function))
        return function

    return register


def work(module: str, general: General) -> Any:
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
