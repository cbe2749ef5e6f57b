"""Blocks of addresses with a purpose of their own, by IANA's registries; offline."""

import functools
import ipaddress
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from huntkit.enrich.parsed_addresses import bare_address
from huntkit.entities.addresses import Address, embedded_ipv4, parse_address
from huntkit.tables.data_files import data_file

_TEREDO: Final = ipaddress.IPv6Network("2001::/32")
_ALL: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class SpecialPurpose:
    """A block that an address lies in, the innermost of several.

    Attributes:
        block: in CIDR notation.
        name: as the registry has it.
        laid_down_in: where, such as ``RFC 6598``.
        is_reachable: whether others can reach it; None where the registry does not say.
        inner: the IPv4 address that an address of such a block carries: the mapped or translated
            one, the 6to4 router's, the Teredo client's.
    """

    block: str
    name: str
    laid_down_in: str
    is_reachable: bool | None
    inner: str | None = None

    def __str__(self) -> str:
        text = f"{self.name} ({self.laid_down_in})"
        return f"{text}: {self.inner}" if self.inner else text


def special_purpose(ip: str) -> SpecialPurpose | None:
    """The special-purpose block of an address; None for others, and for what is no address.

    Examples:
        >>> str(special_purpose("100.64.0.9"))
        'Shared Address Space (RFC 6598)'
        >>> str(special_purpose("2002:c633:6407::1"))
        '6to4 (RFC 3056): 198.51.100.7'
        >>> special_purpose("8.8.8.8") is None
        True
    """
    address = parse_address(bare_address(ip))
    if address is None:
        return None
    starts, found = _blocks(address.version)
    block = found[bisect_right(starts, int(address)) - 1]
    if block is None or address.version == 4:
        return block
    inner = _inner(address)
    if inner is None:
        return block
    return SpecialPurpose(
        block.block, block.name, block.laid_down_in, block.is_reachable, str(inner)
    )


def _inner(address: Address) -> ipaddress.IPv4Address | None:
    bare = ipaddress.IPv6Address(int(address))  # a zone keeps an address out of every network
    if bare in _TEREDO:  # RFC 4380, section 4: the last 32 bits, each turned over
        return ipaddress.IPv4Address(int(bare) & _ALL ^ _ALL)
    return embedded_ipv4(bare)


@functools.cache
def _blocks(version: int) -> tuple[list[int], list[SpecialPurpose | None]]:
    """Where each stretch begins, sorted and without gaps, and the innermost block there."""
    rows = [
        (ipaddress.ip_network(block), SpecialPurpose(block, name, where, reachable))
        for block, name, where, reachable in data_file(
            "huntkit.enrich", "data/special_purpose.yaml"
        )
    ]
    mine = [(network, row) for network, row in rows if network.version == version]
    edges = {0}
    for network, _ in mine:
        edges |= {int(network[0]), int(network[-1]) + 1}
    starts = sorted(edges)
    return starts, [_innermost(start, mine) for start in starts]


_Row = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, SpecialPurpose]


def _innermost(number: int, rows: list[_Row]) -> SpecialPurpose | None:
    holding = [pair for pair in rows if int(pair[0][0]) <= number <= int(pair[0][-1])]
    return max(holding, key=lambda pair: pair[0].prefixlen)[1] if holding else None
