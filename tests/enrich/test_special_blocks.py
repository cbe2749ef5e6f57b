"""All entries of IANA's two registries, copied here by hand from their tables (2025-10-09).

They were compared once more with those of 2026-07-18.

``reachable`` is their column "Globally Reachable"; ``N/A`` is None.
"""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.enrich import get_ip_type
from huntkit.enrich.special_blocks import special_purpose
from huntkit.entities.addresses import address_scope

REGISTRIES: list[tuple[str, bool | None, str]] = [
    ("0.0.0.0/8", False, "Reserved"), ("0.0.0.0/32", False, "Unspecified"),
    ("10.0.0.0/8", False, "Private"), ("100.64.0.0/10", False, "CGNAT"),
    ("127.0.0.0/8", False, "Loopback"), ("169.254.0.0/16", False, "Link Local"),
    ("172.16.0.0/12", False, "Private"), ("192.0.0.0/24", False, "Reserved"),
    ("192.0.0.0/29", False, "Reserved"), ("192.0.0.8/32", False, "Reserved"),
    ("192.0.0.9/32", True, "Public"), ("192.0.0.10/32", True, "Public"),
    ("192.0.0.170/32", False, "Reserved"), ("192.0.0.171/32", False, "Reserved"),
    ("192.0.2.0/24", False, "Documentation"), ("192.31.196.0/24", True, "Public"),
    ("192.52.193.0/24", True, "Public"), ("192.88.99.0/24", None, "Reserved"),
    ("192.88.99.2/32", False, "Reserved"), ("192.168.0.0/16", False, "Private"),
    ("192.175.48.0/24", True, "Public"), ("198.18.0.0/15", False, "Benchmark"),
    ("198.51.100.0/24", False, "Documentation"), ("203.0.113.0/24", False, "Documentation"),
    ("240.0.0.0/4", False, "Reserved"), ("255.255.255.255/32", False, "Broadcast"),
    ("::1/128", False, "Loopback"), ("::/128", False, "Unspecified"),
    ("64:ff9b:1::/48", False, "Private"), ("100::/64", False, "Reserved"),
    ("100:0:0:1::/64", False, "Reserved"), ("2001::/23", False, "Reserved"),
    ("2001::/32", None, "Public"), ("2001:1::1/128", True, "Public"),
    ("2001:1::2/128", True, "Public"), ("2001:1::3/128", True, "Public"),
    ("2001:2::/48", False, "Benchmark"), ("2001:3::/32", True, "Public"),
    ("2001:4:112::/48", True, "Public"), ("2001:10::/28", None, "Reserved"),
    ("2001:20::/28", True, "Public"), ("2001:30::/28", True, "Public"),
    ("2001:db8::/32", False, "Documentation"), ("2620:4f:8000::/48", True, "Public"),
    ("3fff::/20", False, "Documentation"), ("5f00::/16", False, "Reserved"),
    ("fc00::/7", False, "Private"), ("fe80::/10", False, "Link Local"),
]  # fmt: skip
WRAPPERS: list[tuple[str, bool | None]] = [
    ("::ffff:0:0/96", False), ("64:ff9b::/96", True), ("2002::/16", None),
]  # fmt: skip
ALL = {ipaddress.ip_network(block): reachable for block, reachable, _ in REGISTRIES}
ALL |= {ipaddress.ip_network(block): reachable for block, reachable in WRAPPERS}


def innermost(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    address = ipaddress.ip_address(text)
    holding = [n for n in ALL if n.version == address.version and address in n]
    return max(holding, key=lambda network: network.prefixlen, default=None)


@pytest.mark.parametrize(("block", "reachable", "kind"), REGISTRIES, ids=lambda v: str(v))
def test_each_entry_of_the_registries_is_known(
    block: str, reachable: bool | None, kind: str
) -> None:
    network = ipaddress.ip_network(block)
    for text in map(str, {network[0], network[-1]}):
        if innermost(text) == network:
            found = special_purpose(text)
            assert found is not None
            assert (found.block, found.is_reachable) == (block, reachable)
            assert get_ip_type(text) == kind
    # something of every block is its own, and not of one inside it
    assert innermost(str(network[-1])) == network or innermost(str(network[0])) == network


@pytest.mark.parametrize(("block", "reachable"), WRAPPERS)
def test_wrappers_are_known_and_say_what_they_wrap(block: str, reachable: bool | None) -> None:
    base = int(ipaddress.ip_network(block)[0])
    inner = int(ipaddress.IPv4Address("192.168.3.4"))
    at = base | (inner << 80 if block.startswith("2002") else inner)
    text = str(ipaddress.IPv6Address(at))
    found = special_purpose(text)
    assert found is not None
    assert (found.block, found.is_reachable, found.inner) == (block, reachable, "192.168.3.4")
    assert get_ip_type(text) == "Private"


def test_a_teredo_address_tells_its_client() -> None:
    """The example of RFC 4380, section 4, as Wikipedia and Python's documentation compute it."""
    text = "2001:0000:4136:e378:8000:63bf:3fff:fdd2"
    found = special_purpose(text)
    assert found is not None
    assert (found.name, found.inner) == ("TEREDO", "192.0.2.45")
    assert ipaddress.IPv6Address(text).teredo == (
        ipaddress.IPv4Address("65.54.227.120"), ipaddress.IPv4Address("192.0.2.45"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("224.0.0.251", "Multicast on the local network (RFC 5771)"),
        ("239.255.255.250", "Administratively Scoped Multicast (RFC 2365)"),
        ("fe80::1%eth0", "Link-Local Unicast (RFC 4291)"),
        ("[fec0::1]", "Deprecated (Site-Local) (RFC 3879)"),
        ("8.8.8.8", "None"), ("2606:4700::1111", "None"), ("junk", "None"), ("", "None"),
    ],
)  # fmt: skip
def test_other_texts(text: str, wanted: str) -> None:
    assert str(special_purpose(text)) == wanted


@given(st.ip_addresses())
def test_the_innermost_block_holds_and_what_is_not_reachable_is_not_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    network, found = innermost(str(address)), special_purpose(str(address))
    if network is not None:
        assert found is not None
        assert ALL[network] == found.is_reachable or found.block not in map(str, ALL)
        if found.is_reachable is False and found.inner is None:
            assert address_scope(address) != "public"
