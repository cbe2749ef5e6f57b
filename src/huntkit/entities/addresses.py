"""Where an IP address can be reached from: its scope, by the special-purpose registries.

Sources: IANA "IPv4 Special-Purpose Address Registry" (RFC 6890 and later) and its IPv6 twin,
RFC 6052 and RFC 8215 (addresses that embed an IPv4 address), RFC 4007 (zones), RFC 6598 (shared
space).
"""

import ipaddress
from bisect import bisect_right
from functools import cache, lru_cache
from typing import Literal

Scope = Literal[
    "public",
    "private",
    "loopback",
    "link_local",
    "cgnat",
    "documentation",
    "benchmark",
    "multicast",
    "broadcast",
    "unspecified",
    "reserved",
]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Later entries lie inside earlier ones and win.
_V4: tuple[tuple[str, Scope], ...] = (
    ("0.0.0.0/8", "reserved"),
    ("0.0.0.0/32", "unspecified"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "cgnat"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link_local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.0.9/32", "public"),  # Port Control Protocol and TURN anycast are globally reachable
    ("192.0.0.10/32", "public"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "reserved"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmark"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("233.252.0.0/24", "documentation"),
    ("240.0.0.0/4", "reserved"),
    ("255.255.255.255/32", "broadcast"),
)
# Only 2000::/3 is handed out as global unicast, so everything starts as reserved.
_V6: tuple[tuple[str, Scope], ...] = (
    ("::/0", "reserved"),
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("64:ff9b:1::/48", "private"),
    ("100::/64", "reserved"),
    ("2000::/3", "public"),
    ("2001::/23", "reserved"),
    ("2001::/32", "public"),  # Teredo
    ("2001:1::1/128", "public"),
    ("2001:1::2/128", "public"),
    ("2001:1::3/128", "public"),
    ("2001:2::/48", "benchmark"),
    ("2001:3::/32", "public"),
    ("2001:4:112::/48", "public"),
    ("2001:20::/28", "public"),
    ("2001:30::/28", "public"),
    ("2001:db8::/32", "documentation"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "reserved"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link_local"),
    ("fec0::/10", "private"),  # site-local: deprecated, still never routed
    ("ff00::/8", "multicast"),
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")


@lru_cache(maxsize=65_536)
def parse_address(text: str) -> Address | None:
    """The address that a text holds, or None: no ports, no leading zeros, zones allowed.

    Examples:
        >>> parse_address("999.1.2.3") is None
        True
        >>> parse_address("[2001:db8::1]")
        IPv6Address('2001:db8::1')
    """
    text = text.strip()
    if len(text) > 80:
        return None
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def address_text(address: Address) -> str:
    """The normal form: lower case, compressed, a mapped IPv4 address in dots (RFC 5952).

    Examples:
        >>> address_text(ipaddress.ip_address("::FFFF:C000:0201"))
        '::ffff:192.0.2.1'
    """
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        zone = f"%{address.scope_id}" if address.scope_id else ""
        return f"::ffff:{address.ipv4_mapped}{zone}"
    return str(address)


def embedded_ipv4(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside a mapped, NAT64 or 6to4 address.

    Examples:
        >>> embedded_ipv4(ipaddress.ip_address("64:ff9b::10.1.2.3"))
        IPv4Address('10.1.2.3')
    """
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    bare = ipaddress.IPv6Address(int(address))  # a zone keeps an address out of every network
    if bare in _NAT64:
        return ipaddress.IPv4Address(int(bare) & 0xFFFFFFFF)
    if bare in _SIX_TO_FOUR:
        return ipaddress.IPv4Address((int(bare) >> 80) & 0xFFFFFFFF)
    return None


def address_scope(value: str | Address) -> Scope | None:
    """From where an address can be reached, or None if the text is no address.

    An address that only wraps an IPv4 address has the scope of that one.

    Examples:
        >>> [address_scope(a) for a in ("8.8.8.8", "100.64.0.1", "fe80::1%eth0", "junk")]
        ['public', 'cgnat', 'link_local', None]
        >>> address_scope("64:ff9b::10.0.0.1")
        'private'
    """
    return _scope_of_text(value) if isinstance(value, str) else _scope(value)


def range_scope(first: Address, last: Address) -> Scope | None:
    """The scope that all addresses from the first to the last have, or None if several.

    Examples:
        >>> range_scope(ipaddress.ip_address("10.0.0.0"), ipaddress.ip_address("10.9.9.9"))
        'private'
        >>> range_scope(ipaddress.ip_address("9.0.0.0"), ipaddress.ip_address("11.0.0.0"))
    """
    starts, scopes = scope_ranges(first.version)
    low, high = bisect_right(starts, int(first)) - 1, bisect_right(starts, int(last))
    found = set(scopes[low:high])
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=65_536)
def _scope_of_text(text: str) -> Scope | None:
    address = parse_address(text)
    return None if address is None else _scope(address)


def _scope(address: Address) -> Scope:
    inner = embedded_ipv4(address)
    if inner is not None:
        address = inner
    starts, scopes = scope_ranges(address.version)
    return scopes[bisect_right(starts, int(address)) - 1]


@cache
def scope_ranges(version: int) -> tuple[list[int], list[Scope]]:
    """The registry as sorted ranges without gaps: where each begins, and its scope."""
    blocks = [(ipaddress.ip_network(net), scope) for net, scope in (_V4 if version == 4 else _V6)]
    base: Scope = "public"
    edges = {0}
    for block, _ in blocks:
        edges.add(int(block.network_address))
        edges.add(int(block.broadcast_address) + 1)
    starts = sorted(edges)
    scopes: list[Scope] = []
    for start in starts:
        holding = [
            (block.prefixlen, scope)
            for block, scope in blocks
            if int(block.network_address) <= start <= int(block.broadcast_address)
        ]
        scopes.append(max(holding, key=lambda pair: pair[0])[1] if holding else base)
    return starts, scopes
