"""Texts to numbers, by the fast way and the long way, which must say the same."""

import ipaddress

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.enrich.parsed_addresses import (
    bare_address,
    bare_addresses,
    parsed_addresses,
    texts_in,
)
from huntkit.entities.addresses import embedded_ipv4, parse_address

ODD = [
    "", " 8.8.8.8", "8.8.8.8 ", "8.8.8.8\n", "08.8.8.8", "8.8.8", "8.8.8.8.8", "1.2.3.256",
    "0x8.8.8.8",
    "134744072", "8.8.8.8:443", "8.8.8.8/32", "[2001:db8::1]", "[8.8.8.8]", "fe80::1%eth0",
    "fe80::1%",
    "::ffff:8.8.8.8", "::ffff:8.8.8.08", "::ffff:808:808", "::8.8.8.8", "64:ff9b::8.8.8.8",
    "64:ff9b:1::8.8.8.8", "2002:808:808::1", "::", "1::2::3", "2001:db8::00001", "2001:DB8::A",
    "12345::",
    ":::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7.8.9.1", "\uff18.8.8.8",
    "\u0668.8.8.8", "8\u30028.8.8", "8.8.8.8\0", "\ud800", "g::", "%eth0", "::ffff:8.8.8.8%1",
]  # fmt: skip
TEXTS = st.one_of(
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).map(lambda each: each.exploded),
    st.text("0123456789abcdefABCDEF:.%[]/ x", max_size=46),
    st.text(max_size=20),
)


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_are_what_the_long_way_says(text: str) -> None:
    check([text])


@given(st.lists(TEXTS, max_size=20))
@example(["2001:db8::1", "8.8.8.8", "2001:db8::1"])
def test_any_text_is_what_the_long_way_says(texts: list[str]) -> None:
    check(texts)


def check(texts: list[str]) -> None:
    found = parsed_addresses(texts)
    assert list(found.texts) == texts
    for text, four, six in zip(texts, found.v4, found.v6, strict=True):
        address = parse_address(text)
        if address is None:
            assert (four, six) == (None, None)
            continue
        inner = address if address.version == 4 else embedded_ipv4(address)
        assert four == (None if inner is None else int(inner))
        assert six == (None if inner is not None else int(ipaddress.IPv6Address(int(address))))


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("40.114.117.193:50414", "40.114.117.193"),
        ("[2603:1036:302:4091::5]:51902", "2603:1036:302:4091::5"),
        ("[2001:db8::1]", "[2001:db8::1]"), (" 8.8.8.8 ", " 8.8.8.8 "),
        ("8[.]8[.]8[.]8", "8.8.8.8"),
        ("8(.)8.8.8:53", "8.8.8.8"), ("8.8.8.8/32", "8.8.8.8"), ("2001:db8::1/128", "2001:db8::1"),
        ("8.8.8.0/24", "8.8.8.0/24"), ("8.8.8.8/128", "8.8.8.8/128"), ("8.8.8.8:", "8.8.8.8:"),
        ("8.8.8.8:123456", "8.8.8.8:123456"), ("8.8.8.300:80", "8.8.8.300:80"),
        ("[x]:80", "[x]:80"),
        ("8.8.8.8:53, 9.9.9.9:53", "8.8.8.8:53, 9.9.9.9:53"), ("http://8.8.8.8/", "http://8.8.8.8/"),
        ("134744072", "134744072"), ("[fe80::1%eth0]:80", "fe80::1%eth0"), ("", ""), ("x:1", "x:1"),
    ],
)  # fmt: skip
def test_an_address_beside_a_port_is_that_address(text: str, bare: str) -> None:
    assert bare_address(text) == bare
    assert bare_addresses(pl.Series([text, "x", None])).to_list() == [bare, "x", None]


@given(st.lists(st.one_of(TEXTS, TEXTS.map("{}:80".format), TEXTS.map("[{}]:1".format))))
def test_only_what_holds_one_address_changes(texts: list[str]) -> None:
    found = bare_addresses(pl.Series(texts, dtype=pl.String)).to_list()
    for text, bare in zip(texts, found, strict=True):
        assert bare == text or (parse_address(text) is None and parse_address(bare) is not None)
        if parse_address(text) is None:
            assert parse_address(bare) == parse_address(bare_address(text))


def test_lists_are_refused_with_what_to_do() -> None:
    table = pl.DataFrame({"ip": [["8.8.8.8"]], "who": [{"ip": "8.8.8.8"}], "n": [8]})
    with pytest.raises(UsageError, match=r"holds lists.*explode\('ip'\)"):
        texts_in(table, "ip")
    with pytest.raises(UsageError, match="holds structures"):
        texts_in(table, "who")
    assert texts_in(table, "n").to_list() == ["8"]
