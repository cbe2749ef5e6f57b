"""Numbers of registries: vulnerabilities, techniques, networks, interfaces, GUIDs."""

import pytest

from huntkit.entities import references


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("cve-2021-44228", "CVE-2021-44228"),
        ("CVE 2021-44228", "CVE-2021-44228"),
        ("CVE\u20112014\u20116271", "CVE-2014-6271"),
        ("CVE-2022-1000001", "CVE-2022-1000001"),
        ("CVE-1998-0001", None),
        ("CVE-2021-123", None),
        ("CVE-2021-12345678", None),
        ("CVE-\u0662021-44228", None),
    ],
)
def test_vulnerabilities(text, wanted):
    assert references.cve(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("T1059", "T1059"), ("t1059.001", "T1059.001"), ("T1059/001", "T1059.001"),
        ("T0855", "T0855"), ("T1000", None), ("T1700", None), ("T0900", None),
        ("T1059.000", None), ("T1059.01", None), ("T10590", None),
    ],
)  # fmt: skip
def test_techniques_lie_in_the_ranges_that_are_in_use(text, wanted):
    assert references.attack_technique(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted", "scope"),
    [
        ("AS15169", "AS15169", "public"),
        ("asn: 3356", "AS3356", "public"),
        ("autonomous system number 64512", "AS64512", "private"),
        ("AS64496", "AS64496", "documentation"),
        ("AS65551", "AS65551", "documentation"),
        ("AS65535", "AS65535", "reserved"),
        ("AS23456", "AS23456", "reserved"),
        ("AS4200000000", "AS4200000000", "private"),
        ("AS4294967295", "AS4294967295", "reserved"),
    ],
)
def test_autonomous_systems_and_their_scope(text, wanted, scope):
    assert references.asn(text) == wanted
    assert references.asn_scope(wanted) == scope


@pytest.mark.parametrize("text", ["AS0", "AS4294967296", "AS", "ASX1"])
def test_numbers_that_no_system_has(text):
    assert references.asn(text) is None


@pytest.mark.parametrize(
    ("text", "wanted", "scope"),
    [
        ("00:1A:2B:3C:4D:5E", "00:1a:2b:3c:4d:5e", ""),
        ("00-1a-2b-3c-4d-5e", "00:1a:2b:3c:4d:5e", ""),
        ("001a.2b3c.4d5e", "00:1a:2b:3c:4d:5e", ""),
        ("ff:ff:ff:ff:ff:ff", "ff:ff:ff:ff:ff:ff", "broadcast"),
        ("33:33:00:00:00:fb", "33:33:00:00:00:fb", "multicast"),
        ("52:54:00:12:34:56", "52:54:00:12:34:56", "local"),
    ],
)
def test_interfaces_and_their_scope(text, wanted, scope):
    assert references.mac_address(text) == wanted
    assert references.mac_scope(wanted) == scope


@pytest.mark.parametrize(
    "text",
    [
        "00:00:00:00:00:00",
        "20-08-07-14-32-22",
        "00:1a-2b:3c:4d:5e",
        "00:1a:2b:3c:4d",
        "0:1:2:3:4:5",
    ],
)
def test_what_only_looks_like_an_interface(text):
    assert references.mac_address(text) is None


def test_guids_lose_braces_and_placeholders_are_none():
    assert references.guid("{5770385F-C22A-43E0-BF4C-06F5698FFBD9}").startswith("5770385f")
    assert references.guid("00000000-0000-0000-0000-000000000000") is None
    assert references.guid("{5770385F-C22A-43E0-BF4C-06F5698FFBD9") is None


@pytest.mark.parametrize(
    ("text", "wanted", "scope"),
    [
        ("192.0.2.0/24", "192.0.2.0/24", "documentation"),
        ("10.0.0.0/8", "10.0.0.0/8", "private"),
        ("8.0.0.0/6", "8.0.0.0/6", ""),
        ("8.0.0.0/7", "8.0.0.0/7", "public"),
        ("2001:DB8:0::/48", "2001:db8::/48", "documentation"),
    ],
)
def test_networks_and_the_scope_that_all_of_them_have(text, wanted, scope):
    assert references.cidr(text) == wanted
    assert references.cidr_scope(wanted) == scope  # 10.0.0.0/8 lies amid public addresses


@pytest.mark.parametrize(
    "text",
    ["192.0.2.7/24", "192.0.2.0/33", "192.0.2.0/32", "192.0.2.0/\u0662", "fe80::1%a/64", "/8"],
)
def test_addresses_and_impossible_sizes_are_no_networks(text):
    assert references.cidr(text) is None
