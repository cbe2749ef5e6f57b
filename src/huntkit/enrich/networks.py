"""Which network addresses belong to: lists of networks, and the ranges that clouds publish.

See `published_ranges` for the files that are read. Nothing is downloaded.
"""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.enrich.parsed_addresses import bare_addresses, parsed_addresses, texts_in
from huntkit.enrich.published_ranges import published_ranges
from huntkit.enrich.shipped_ranges import RangeTable
from huntkit.tables import step

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Files: TypeAlias = "str | Path | Sequence[str | Path] | Mapping[str | Path, str]"
Given: TypeAlias = "Networks | Mapping[str, str] | Iterable[str]"

_FACTS = {"network": pl.String, "name": pl.String}


class Networks:
    """Networks, each with a name; where one lies inside another, the innermost holds.

    Args:
        entries: pairs of a network in CIDR notation and its name. Where equal networks have
            several names, all of them stand in the name, in the order given.

    Raises:
        UsageError: something is no network; it is named.

    Examples:
        >>> office = Networks([("192.0.2.0/24", "office"), ("192.0.2.128/25", "lab")])
        >>> office.find(["192.0.2.1", "192.0.2.200", "198.51.100.1"])["name"].to_list()
        ['office', 'lab', None]
    """

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        named: dict[Network, dict[str, None]] = {}
        for text, name in entries:
            named.setdefault(_network(text), {})[name] = None
        self._count = len(named)
        names = {network: "; ".join(filter(None, each)) for network, each in named.items()}
        self._v4 = _ranges(names, 4)
        self._v6 = _ranges(names, 6)

    @classmethod
    def from_files(cls, files: Files) -> "Networks":
        """The ranges of clouds and networks of delivery, from the files that they publish.

        Args:
            files: one or several; or a dictionary of file to name, for lists that do not say
                whose they are: ``{"ips-v4": "Cloudflare"}``.

        Raises:
            UsageError: no file, or one that is not there.
            FormatError: a file is none of those that are known, or holds something that is no
                network; see `published_ranges`.
        """
        if isinstance(files, str | Path):
            files = [files]
        names = files if isinstance(files, Mapping) else dict.fromkeys(files, "")
        if not names:
            raise UsageError("no file is given, so no network could be known")
        return cls(
            entry for path, name in names.items() for entry in published_ranges(path, name=name)
        )

    def find(self, texts: Sequence[str]) -> pl.DataFrame:
        """The innermost network of each address and its name; nulls for none, and for junk."""
        addresses = parsed_addresses(texts)
        four, six = self._v4.find(addresses.v4), self._v6.find(addresses.v6)
        return four.select(pl.coalesce(column, six[column.name]) for column in four.iter_columns())

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"<Networks: {self._count:,}>"


@step(split="row", columns=("column",))
def ip_networks(table: pl.DataFrame, column: str, *, networks: Given) -> pl.DataFrame:
    """The table with the network that each address belongs to.

    Args:
        table: any frame; rows and their order stay.
        column: the column with addresses.
        networks: networks in CIDR notation, a dictionary of network to name, or `Networks`, such
            as ``Networks.from_files("ip-ranges.json")``.

    Returns:
        The table with ``<column>_Network`` and ``<column>_NetworkName``; null where no network
        holds the address, or it is none. With several, the innermost.

    Examples:
        >>> seen = pl.DataFrame({"Ip": ["192.0.2.7", "203.0.113.9"]})
        >>> ip_networks(seen, "Ip", networks={"192.0.2.0/24": "office"}).rows()
        [('192.0.2.7', '192.0.2.0/24', 'office'), ('203.0.113.9', None, None)]
    """
    known = _given(networks)
    values = texts_in(table, column)
    distinct = values.drop_nulls().unique()
    names = {"network": f"{column}_Network", "name": f"{column}_NetworkName"}
    for short, name in names.items():
        while name in table.columns:
            name += "_ip"  # noqa: PLW2901  until it is free
        names[short] = name
    key = "address" + "_" * sum(map(len, names.values()))
    found = (
        known.find(bare_addresses(distinct).to_list())
        .rename(names)
        .with_columns(distinct.alias(key))
    )
    joined = values.alias(key).to_frame().join(found, on=key, how="left", maintain_order="left")
    return table.hstack(joined.drop(key))


def _given(networks: Given) -> Networks:
    if isinstance(networks, Networks):
        return networks
    if isinstance(networks, str):
        return Networks([(networks, "")])
    if isinstance(networks, Mapping):
        return Networks(networks.items())
    return Networks((text, "") for text in networks)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(str(text).strip(), strict=False)
    except ValueError:
        raise UsageError(
            f"{text!r:.80} is no network", hint="write it like 192.0.2.0/24 or 2001:db8::/32"
        ) from None


def _ranges(names: Mapping[Network, str], version: int) -> RangeTable:
    """Nested networks as neighbours without gaps: a stack of what is open at each edge."""
    chosen = sorted((n for n in names if n.version == version), key=_start_and_size)
    starts: list[int] = []
    facts: list[tuple[str | None, str | None]] = []

    def begin(at: int, network: Network | None) -> None:
        fact = (None, None) if network is None else (str(network), names[network] or None)
        if starts and starts[-1] == at:
            facts[-1] = fact
        else:
            starts.append(at)
            facts.append(fact)

    begin(0, None)
    open_: list[Network] = []
    for network in chosen:
        while open_ and int(open_[-1].broadcast_address) < int(network.network_address):
            _close(open_, begin)
        begin(int(network.network_address), network)
        open_.append(network)
    while open_:
        _close(open_, begin)
    limit = 1 << (32 if version == 4 else 128)
    pairs = [(at, fact) for at, fact in zip(starts, facts, strict=True) if at < limit]
    dtype = pl.UInt32 if version == 4 else pl.UInt128
    return RangeTable(
        pl.Series("start", [at for at, _ in pairs], dtype=dtype),
        pl.DataFrame([fact for _, fact in pairs], schema=_FACTS, orient="row"),
        "",
    )


def _start_and_size(network: Network) -> tuple[int, int]:
    return int(network.network_address), network.prefixlen


def _close(open_: list[Network], begin: Any) -> None:
    ended = open_.pop()
    outer = open_[-1] if open_ else None
    begin(int(ended.broadcast_address) + 1, outer)
