"""The command that asks the organisation's own systems: `context`."""

from typing import Annotated

import typer

from huntkit.cli.commands import command, work
from huntkit.cli.options import General, Writing


@command(
    "context",
    "huntkit context 10.1.0.4 web01.corp.example --providers ServiceNow",
    "cut -f1 hosts.txt | huntkit context - --providers ServiceNow,AzureResources -o hosts.csv",
    "Ask the organisation's own systems about hosts, addresses, users and resources: a row for each"
    " value and provider, always. Private addresses are welcome. A plain word is the name of a"
    " host; --type user and --type serial say otherwise. Without --providers those are asked that"
    " the settings enable; no other is ever contacted. Exit code 3 if a provider failed.",
)
def context(
    values: Annotated[
        list[str],
        typer.Argument(
            metavar="VALUES",
            help="Values; - reads them from stdin, @FILE from a file.",
            show_default=False,
        ),
    ],
    writing: Writing,
    providers: Annotated[
        list[str] | None,
        typer.Option("--providers", "-p", metavar="NAMES", help="Ask these, with commas between."),
    ] = None,
    value_type: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="The type of all values: hostname, user, email, serial ...",
        ),
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
    """What your own systems know about hosts and users."""
    work("context", general).context(
        values, writing, general, providers=providers, value_type=value_type, budget=budget,
        dry_run=dry_run, refresh=refresh,
    )  # fmt: skip
