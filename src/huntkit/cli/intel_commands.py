"""The commands that ask providers: `ti`, `providers`."""

from pathlib import Path
from typing import Annotated

import typer

from huntkit.cli.commands import command, work
from huntkit.cli.options import Asking, General, Writing


@command(
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
            metavar="VALUES",
            help="Indicators; - reads them from stdin, @FILE from a file.",
            show_default=False,
        ),
    ],
    asking: Asking,
    writing: Writing,
    feeds: Annotated[
        list[Path] | None,
        typer.Option(
            "--feeds",
            metavar="FILES",
            help="Also look into these files of indicators, with commas between; may be repeated.",
        ),
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
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Facts from then on, of providers that know times: -30d."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Facts before then: 2026-03-03.")
    ] = None,
    general: General = General(),  # noqa: B008
) -> None:
    """What others know about indicators."""
    work("intel", general).ti(
        values, asking, writing, general, feeds=feeds or [], ioc_type=ioc_type, subtype=subtype,
        tlp=tlp, since=since, until=until,
    )  # fmt: skip


@command(
    "providers",
    "huntkit providers",
    "huntkit providers --context --types",
    "The providers of threat intelligence, or of context: which are loaded, what they take, whether"
    " they need a key, their terms.",
)
def providers(
    writing: Writing,
    types: Annotated[
        bool, typer.Option("--types", help="A row for each type of value and sub-query.")
    ] = False,
    context: Annotated[
        bool, typer.Option("--context", help="The providers of context in their place.")
    ] = False,
    general: General = General(),  # noqa: B008
) -> None:
    """Who can be asked about indicators."""
    work("context" if context else "intel", general).providers(writing, general, types=types)
