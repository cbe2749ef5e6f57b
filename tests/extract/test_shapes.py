"""Expressions for the engine, and the readers of what they match."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.entities import IOC_TYPES
from huntkit.extract.shapes import shapes_for

IN_PIECES = {"ipv4", "ipv6", "cidr", "dns", "url", "email"}
ALL = shapes_for(IOC_TYPES)


def read(text: str, ioc_type: str) -> list[tuple[str, str, str]]:
    return [
        each
        for shape in shapes_for({ioc_type})
        for piece in pl.Series([text]).str.extract_all(shape.pattern)[0]
        for each in shape.read(piece)
    ]


def test_every_type_that_is_not_read_from_pieces_has_a_shape():
    shaped = {name for shape in ALL for name in shape.types}
    digests = {"md5_hash", "sha1_hash", "sha256_hash", "sha512_hash"}
    assert shaped | IN_PIECES | digests == set(IOC_TYPES)
    assert not shaped & IN_PIECES
    assert shapes_for(IN_PIECES) == []


@pytest.mark.parametrize(
    ("text", "ioc_type", "wanted"),
    [
        ("CVE-2021-44228", "cve", [("cve", "CVE-2021-44228", "")]),
        ("CVE-1998-44228", "cve", [("cve", "CVE-1998-44228", "not a valid cve")]),
        ("T1059/001", "attack_technique", [("attack_technique", "T1059.001", "")]),
        ("AS400", "asn", [("asn", "AS400", "a computer of IBM")]),
        ("imphash=" + "0" * 32, "imphash",
         [("imphash", "0" * 32, "all zeros: no hash was computed")]),
        ("00:00:00:00:00:00", "mac_address",
         [("mac_address", "00:00:00:00:00:00", "all zeros: nobody's address")]),
        ("aa:bb:cc:dd:ee:ff:00", "mac_address", []),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "btc_wallet",
         [("btc_wallet", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "its checksum is wrong")]),
        ("User-Agent:   ", "user_agent", []),
    ],
)  # fmt: skip
def test_readers_give_the_value_or_the_reason(text, ioc_type, wanted):
    assert read(text, ioc_type) == wanted


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(ALL), st.text(max_size=80))
def test_readers_take_any_text_that_their_expression_matches(shape, text):
    for piece in pl.Series([text], dtype=pl.String).str.extract_all(shape.pattern)[0]:
        if shape.start is None or shape.start.match(piece):
            for ioc_type, value, reason in shape.read(piece):
                assert ioc_type in shape.types
                assert value or reason
