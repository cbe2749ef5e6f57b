"""Short and full names of hosts, and what tells one host from another."""

import pytest

from huntkit.enrich.context.host_names import host_matched, spellings

SAME = [
    ("web01", {"name": "WEB01"}, "", "name"),
    ("web01", {"name": "", "fqdn": "web01.corp.example."}, "", "fqdn"),
    ("web01.corp.example", {"name": "web01", "fqdn": "WEB01.corp.example"}, "", "fqdn"),
    ("web01.corp.example", {"name": "web01"}, "Corp.Example", "name and its domain"),
    ("web01.corp.example", {"name": "web01"}, "", "name, which says no domain"),
]
OTHERS = [
    ("web01", {"name": "web010"}, ""),
    ("web01", {}, ""),
    ("web01", {"name": ""}, "corp.example"),
    ("web01.corp.example", {"name": "web01"}, "lab.example"),
    ("web01.corp.example", {"name": "web01", "fqdn": "web01.lab.example"}, ""),
    ("web01.corp.example", {"name": "web01.corp.example.net"}, ""),
    ("web01.corp.example", {"fqdn": "web01.lab.example"}, ""),
]


@pytest.mark.parametrize(("value", "names", "domain", "how"), SAME)
def test_the_same_host_is_known_and_by_what(value, names, domain, how):
    assert host_matched(value, names, domain) == how


@pytest.mark.parametrize(("value", "names", "domain"), OTHERS)
def test_another_host_is_no_match(value, names, domain):
    assert host_matched(value, names, domain) == ""


def test_spellings_are_the_full_and_the_short_one():
    assert spellings("web01.corp.example") == ["web01.corp.example", "web01"]
    assert spellings("web01") == ["web01"]
