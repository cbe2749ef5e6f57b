"""The commands that say what is known about addresses and names: `geo`."""

from typing import Annotated

import typer

from huntkit.cli.commands import command, work
from huntkit.cli.options import General, Reading, Writing


@command(
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
    work("places", general).geo(
        words or [], reading, writing, general, files=files or [], update=update
    )
