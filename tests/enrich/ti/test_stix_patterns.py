"""What of a STIX pattern is an indicator, and what is not."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from huntkit.enrich.ti.stix_patterns import observed, quoted

SHA = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def told(pattern):
    return [(each.ioc_type, each.value, each.alone) for each in observed(pattern)]


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("[ipv4-addr:value = '9.9.9.9']", [("ipv4", "9.9.9.9", True)]),
        ("[ipv4-addr:value='9.9.9.9']", [("ipv4", "9.9.9.9", True)]),
        ("[ ipv4-addr:value = '9.9.9.0/24' ]", [("cidr", "9.9.9.0/24", True)]),
        (
            "[domain-name:value IN ('a.example', 'b.example')]",
            [("dns", "a.example", True), ("dns", "b.example", True)],
        ),
        (
            f"[file:hashes.'SHA-256' = '{SHA}' OR file:hashes.MD5 = 'ab']",
            [("sha256_hash", SHA, True), ("md5_hash", "ab", True)],
        ),
        (
            "[url:value = 'http://a.example/'] FOLLOWEDBY [ipv4-addr:value = '9.9.9.9']",
            [("url", "http://a.example/", False), ("ipv4", "9.9.9.9", False)],
        ),
        (
            r"[file:hashes.MD5 = 'ab' AND file:name = 'it\'s AND.exe']",
            [("md5_hash", "ab", False)],
        ),
        ("[domain-name:value = 'a AND b']", [("dns", "a AND b", True)]),
        ("[ipv4-addr:value NOT = '9.9.9.9']", []),
        ("[ipv4-addr:value != '9.9.9.9']", []),
        ("[ipv4-addr:value NOT IN ('9.9.9.9', '8.8.8.8')]", []),
        ("[url:value LIKE 'http://%']", []),
        ("[url:value MATCHES '^x']", []),
        ("[domain-name:value > 'a']", []),
        ("[process:name = 'a.exe']", []),
        ("", []),
        ("[ipv4-addr:value = 'cut", []),
    ],
)
def test_only_what_is_compared_for_equality_is_an_indicator(pattern, wanted):
    assert told(pattern) == wanted


@given(st.text(max_size=60))
@example("=")
@example("NOT")
@example("(")
def test_any_value_comes_back_as_it_was_quoted(value):
    assert told(f"[domain-name:value = {quoted(value)}]") == [("dns", value, True)]


@given(st.text(alphabet="[]()'\\=!<> ANDORtinu-:.value,ipv4ar", max_size=400))
def test_no_text_is_trouble(text):
    observed(text)


@pytest.mark.parametrize("piece", ["'", "\\'", "a:", "[", "a:'b", "file:hashes.'SHA-256'", "(,"])
def test_hostile_lengths_are_quick(piece):
    started = time.perf_counter()
    observed("[" + piece * (300_000 // len(piece)))
    assert time.perf_counter() - started < 5
