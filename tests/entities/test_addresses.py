"""Scopes by the special-purpose registries."""

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.entities import address_scope, parse_address
from huntkit.entities.addresses import address_text, embedded_ipv4


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("8.8.8.8", "public"), ("10.1.2.3", "private"), ("172.15.255.255", "public"),
        ("172.16.0.0", "private"), ("172.31.255.255", "private"), ("172.32.0.0", "public"),
        ("192.168.1.1", "private"), ("100.63.255.255", "public"), ("100.64.0.0", "cgnat"),
        ("100.127.255.255", "cgnat"), ("100.128.0.0", "public"), ("127.9.9.9", "loopback"),
        ("169.254.169.254", "link_local"), ("0.0.0.0", "unspecified"), ("0.1.2.3", "reserved"),
        ("192.0.2.1", "documentation"), ("198.51.100.7", "documentation"),
        ("203.0.113.255", "documentation"), ("198.19.0.1", "benchmark"), ("224.0.0.1", "multicast"),
        ("239.255.255.250", "multicast"), ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"), ("192.0.0.1", "reserved"), ("192.0.0.9", "public"),
        ("192.88.99.1", "reserved"), ("2606:4700::1111", "public"), ("::", "unspecified"),
        ("::1", "loopback"), ("fe80::1", "link_local"), ("fe80::1%eth0", "link_local"),
        ("fc00::1", "private"), ("fdff::1", "private"), ("ff02::1", "multicast"),
        ("2001:db8::1", "documentation"), ("3fff::1", "documentation"),
        ("::ffff:10.0.0.1", "private"), ("::ffff:8.8.8.8", "public"),
        ("64:ff9b::8.8.8.8", "public"), ("64:ff9b::192.168.1.1", "private"),
        ("64:ff9b:1::1", "private"), ("2002:0a00:0001::1", "private"), ("100::1", "reserved"),
        ("5f00::1", "reserved"), ("4000::1", "reserved"), ("fec0::1", "private"),
        ("junk", None), ("", None), ("999.1.2.3", None), ("10.0.0.1:80", None), ("1" * 500, None),
    ],
)  # fmt: skip
def test_scopes(text, scope):
    assert address_scope(text) == scope


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_public_agrees_with_the_standard_library(address):
    # 192.88.99.0/24 (6to4 relays, withdrawn) is where the two decide differently.
    if address in ipaddress.ip_network("192.88.99.0/24") or address.is_multicast:
        return
    if address in ipaddress.ip_network("192.0.0.0/24"):
        return
    assert (address_scope(address) == "public") == address.is_global


@settings(deadline=None)
@given(st.ip_addresses())
def test_every_address_has_a_scope_and_a_text_that_reads_back(address):
    assert address_scope(address)
    assert parse_address(address_text(address)) == address


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_embedded_addresses_are_found(address):
    number = int(address)
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        wrapped = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | number)
        assert embedded_ipv4(wrapped) == address
        assert address_scope(wrapped) == address_scope(address)
