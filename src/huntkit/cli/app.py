"""All commands together, in the order in which the help lists them."""

import typer

from huntkit.cli import (
    analysis_commands,
    context_commands,
    enrich_commands,
    evidence_commands,
    extract_commands,
    intel_commands,
    own_commands,
)
from huntkit.cli.chart_commands import Charts
from huntkit.cli.commands import app, command, work
from huntkit.cli.frame import Commands, help_text
from huntkit.cli.options import General, Writing
from huntkit.cli.query_commands import queries

__all__ = ["app"]

# Importing these modules registers their commands; the help lists them in the order below.
JOINED = (
    *(evidence_commands, extract_commands, enrich_commands, intel_commands, context_commands),
    own_commands,
)
ORDER = (
    *("open", "report", "tables", "search", "query", "queries"),
    *("iocs", "decode", "cmdline", "tree", "timeline", "chart"),
    *("rare", "beacons", "series"),
    *("geo", "whois", "dns", "screenshot", "ti", "context", "providers"),
    *("doctor", "demo"),
)

analysis_commands.add_to(command, work)
Commands.order = ORDER

app.add_typer(
    queries,
    name="queries",
    short_help="The library of queries: list, search, show, run.",
    help=help_text(
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
        work("drawing", General()).kinds(Writing())


app.add_typer(
    _charts,
    name="chart",
    short_help="Any chart, of a table or of the answer to a query.",
    help=help_text(
        "huntkit chart                              the kinds there are",
        "huntkit chart matrix evidence/ -t DeviceLogonEvents --x AccountName --y DeviceName",
        "Draw a table of evidence, the answer to a query (--query, or piped from huntkit query"
        " into -), or any file of rows, as one offline page. huntkit chart KIND --help has the"
        " options of a kind.",
    ),
)
