"""The commands that say what is known about addresses and names: `geo`, `whois`, `dns` ..."""

from pathlib import Path
from typing import Annotated

import typer

from huntkit.cli.commands import command, work
from huntkit.cli.options import General, Reading, Writing


@command(
    "geo",
    "huntkit geo 203.0.113.45 2001:db8::1",
    "huntkit geo evidence/ --geo GeoLite2-City.mmdb -o places.csv",
    "Country and network operator of addresses, offline; with a database of cities also city and"
    " position. Each address has a row; @FILE and - give one a line, evidence every public or"
    " private address in it. --update downloads GeoLite2 by the account in your settings; nothing"
    " else asks the network.",
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
    networks: Annotated[
        list[str] | None,
        typer.Option(
            "--networks",
            metavar="FILE",
            help="Say which of these networks each is in: ip-ranges.json of AWS, Azure's service"
            " tags, Google's cloud.json ..., or a list; may be repeated.",
        ),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Download GeoLite2 first, if there is a newer one.")
    ] = False,
    general: General = General(),  # noqa: B008
) -> None:
    """Where addresses are, and who runs their network."""
    work("places", general).geo(
        words or [], reading, writing, general, files=files or [], networks=networks or [],
        update=update,
    )  # fmt: skip


_Values = Annotated[
    list[str],
    typer.Argument(
        metavar="VALUES", help="Values; @FILE and - give one a line.", show_default=False
    ),
]
_Refresh = Annotated[bool, typer.Option("--refresh", help="Ask anew, whatever is kept.")]


@command(
    "whois",
    "huntkit whois 9.9.9.9 www.example.com AS13335",
    "huntkit whois @addresses.txt -o holders.csv",
    "Ask the registries who holds addresses, names and autonomous systems: by RDAP over https, by"
    " whois where there is none. A row for each value, always; private addresses and internal names"
    " never leave. Answers are kept for a week. Exit code 3 if some could not be asked.",
)
def whois(
    values: _Values,
    writing: Writing,
    records: Annotated[
        bool, typer.Option("--records", help="Add what the registry said, as it said it.")
    ] = False,
    refresh: _Refresh = False,
    general: General = General(),  # noqa: B008
) -> None:
    """Who holds addresses, names and autonomous systems."""
    work("lookups", general).whois(values, writing, general, refresh=refresh, records=records)


@command(
    "dns",
    "huntkit dns www.example.com 'evil[.]example[.]com' 9.9.9.9",
    "huntkit dns @names.txt --type A,MX,TXT --server 192.0.2.53 -o names.csv",
    "Ask DNS where names lead (A and AAAA unless --type says otherwise), and which names addresses"
    " have. Whoever runs the name server learns what you ask, and so may whoever owns the name;"
    " private addresses and names of the inside are asked about only with --internal. A"
    " row for each value and type. Exit code 3 if some could not be asked.",
)
def dns(
    values: _Values,
    writing: Writing,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="A, AAAA, MX, NS, TXT ...; may be repeated."),
    ] = None,
    servers: Annotated[
        list[str] | None,
        typer.Option("--server", metavar="ADDRESS", help="Ask this name server; may be repeated."),
    ] = None,
    internal: Annotated[
        bool, typer.Option("--internal", help="Ask about private addresses and names inside, too.")
    ] = False,
    refresh: _Refresh = False,
    general: General = General(),  # noqa: B008
) -> None:
    """Where names lead, and which names addresses have."""
    work("lookups", general).dns(
        values,
        writing,
        general,
        types=types or [],
        servers=servers or [],
        refresh=refresh,
        internal=internal,
    )


@command(
    "screenshot",
    "huntkit screenshot 'hxxps://www[.]example[.]com/login' -o page.png",
    "huntkit screenshot @urls.txt -o pictures/",
    "Open pages in Chromium, Chrome or Edge of this machine, with an empty profile that is thrown"
    " away, and save a picture of each. The page runs there, and its server sees your address; use"
    " a machine that can't reach your own network. Exit code 3 if some gave no picture.",
)
def screenshot(
    urls: Annotated[
        list[str],
        typer.Argument(
            metavar="URLS", help="http or https; @FILE and - give one a line.", show_default=False
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE|FOLDER", help="After the host by default."),
    ] = None,
    size: Annotated[str, typer.Option(metavar="WxH", help="In pixels.")] = "1280x960",
    timeout_s: Annotated[
        float, typer.Option("--timeout", min=1, max=600, metavar="SECONDS", help="For each page.")
    ] = 60.0,
    browser: Annotated[
        Path | None, typer.Option(metavar="PROGRAM", help="The browser to use.")
    ] = None,
    unprotected: Annotated[
        bool, typer.Option("--unprotected", help="Without the browser's sandbox, as root needs.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    general: General = General(),  # noqa: B008
) -> None:
    """Pictures of pages, taken by this machine's browser."""
    work("lookups", general).screenshot(
        urls, general, output=output, size=size, timeout_s=timeout_s, browser=browser,
        unprotected=unprotected, force=force,
    )  # fmt: skip
