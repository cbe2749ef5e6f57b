"""The command that asks the organisation's own systems: `context`."""

from typing import Annotated

import typer

from huntkit.cli.commands import command, work
from huntkit.cli.options import Asking, General, Writing


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
    asking: Asking,
    writing: Writing,
    value_type: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="The type of all values: hostname, user, email, serial ...",
        ),
    ] = None,
    general: General = General(),  # noqa: B008
) -> None:
    """What your own systems know about hosts and users."""
    work("context", general).context(values, asking, writing, general, value_type=value_type)
