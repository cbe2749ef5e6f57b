"""Which network addresses belong to: lists of networks, and the ranges that clouds publish.

Read are AWS's ``ip-ranges.json``, Microsoft's ``ServiceTags_*.json``, Google's ``cloud.json`` and
``goog.json``, Oracle's ``public_ip_ranges.json``, Fastly's ``public-ip-list``, and text with one
network a line, as Cloudflare publishes it. Nothing is downloaded.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import polars as pl

from huntkit.core.errors import FormatError, UsageError
from huntkit.enrich.parsed_addresses import parsed_addresses
from huntkit.enrich.shipped_ranges import RangeTable
from huntkit.tables import step

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Given: TypeAlias = "Networks | Mapping[str, str] | Iterable[str]"

_FACTS = {"network": pl.String, "name": pl.String}
_LARGEST_FILE = 64 << 20


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
    def from_files(cls, files: str | Path | Sequence[str | Path]) -> "Networks":
        """The ranges of clouds and networks of delivery, from the files that they publish.

        Raises:
            UsageError: there is no such file.
            FormatError: a file is none of those that are known.
        """
        paths = [files] if isinstance(files, str | Path) else list(files)
        return cls(entry for path in paths for entry in _read(Path(path).expanduser()))

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
    values = table[column].cast(pl.String, strict=False)
    distinct = values.drop_nulls().unique()
    names = {"network": f"{column}_Network", "name": f"{column}_NetworkName"}
    for short, name in names.items():
        while name in table.columns:
            name += "_ip"  # noqa: PLW2901  until it is free
        names[short] = name
    key = "address" + "_" * sum(map(len, names.values()))
    found = known.find(distinct.to_list()).rename(names).with_columns(distinct.alias(key))
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


def _read(path: Path) -> Iterator[tuple[str, str]]:
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= _LARGEST_FILE else b""
    except OSError as problem:
        raise UsageError(f"can't read {str(path)!r}: {problem.strerror}") from None
    if size > _LARGEST_FILE:
        raise FormatError(f"{str(path)!r} is larger than any list of ranges")
    if content.lstrip()[:1] in (b"{", b"["):
        entries = list(_of_json(_json(content, path)))
    else:
        entries = list(_of_lines(content.decode("utf-8", "replace"), path.stem))
    if not entries:
        raise FormatError(f"{str(path)!r} holds no networks that are known how to read")
    return iter(entries)


def _json(content: bytes, path: Path) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as problem:
        raise FormatError(f"{str(path)!r} is no JSON: {problem}") from None


def _of_lines(text: str, name: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        network = line.partition("#")[0].strip()
        if network:
            yield network, name


def _of_json(body: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(body, dict):
        return
    for prefix in _dicts(body.get("prefixes")):  # AWS and Google
        text = next((prefix[key] for key in _PREFIX_KEYS if key in prefix), None)
        maker = "AWS" if "region" in prefix else "Google"
        words = [maker, prefix.get("service"), prefix.get("region") or prefix.get("scope")]
        yield str(text), _name(words)
    for prefix in _dicts(body.get("ipv6_prefixes")):
        words = ["AWS", prefix.get("service"), prefix.get("region")]
        yield str(prefix.get("ipv6_prefix")), _name(words)
    for tag in _dicts(body.get("values")):  # Microsoft
        about = tag.get("properties")
        prefixes = about.get("addressPrefixes") if isinstance(about, dict) else None
        for text in prefixes if isinstance(prefixes, list) else ():
            yield str(text), _name(["Azure", tag.get("name")])
    for region in _dicts(body.get("regions")):  # Oracle
        for each in _dicts(region.get("cidrs")):
            tags = each.get("tags")
            kind = "/".join(map(str, tags)) if isinstance(tags, list) else None
            yield str(each.get("cidr")), _name(["Oracle", kind, region.get("region")])
    for key in ("addresses", "ipv6_addresses"):  # Fastly
        listed = body.get(key)
        for text in listed if isinstance(listed, list) else ():
            yield str(text), "Fastly"


_PREFIX_KEYS = ("ip_prefix", "ipv4Prefix", "ipv6Prefix")


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    return (
        (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())
    )


def _name(words: Iterable[Any]) -> str:
    return " ".join(word for word in words if isinstance(word, str) and word)
