"""Digests and fingerprints, and what can be none."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.entities import flaw
from huntkit.entities.digests import DIGEST_SIZES, digest, filler, ja4, ssdeep


@given(st.binary(max_size=64))
def test_real_digests_are_taken_in_either_case(data):
    for name in DIGEST_SIZES:
        text = hashlib.new(name.removesuffix("_hash"), data).hexdigest()
        assert digest(name, text.upper()) == text
        assert filler(text) == ""


@pytest.mark.parametrize(
    ("digits", "reason"),
    [
        ("0" * 32, "all zeros: no hash was computed"),
        ("f" * 40, "too few different digits for a hash"),
        ("00ff" * 8, "too few different digits for a hash"),
        ("12345678" * 4, "only decimal digits: a number"),
    ],
)
def test_fillers_have_a_reason(digits, reason):
    assert filler(digits) == reason
    name = {32: "md5_hash", 40: "sha1_hash"}[len(digits)]
    assert flaw(name, digits) == reason
    assert digest(name, digits) is None


def test_the_wrong_size_and_other_letters():
    assert digest("md5_hash", "abcdef0123") is None
    assert digest("md5_hash", "g" + "abcdef0123456789" * 2) is None
    assert flaw("md5_hash", "abc") == "not as many digits as the hash has"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C", True),
        ("1536:yB+A8bMtMeRlbIzvDq:N8Mtt1Az4Qgn2h", True),
        ("4:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C", False),
        ("9:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C", False),
        ("0:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C", False),
        ("03:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C", False),
        ("3:101010:202020", False),
        ("3:abcdef", False),
    ],
)
def test_fuzzy_hashes_have_a_size_of_blocks_and_mixed_letters(text, is_one):
    assert (ssdeep(text) is not None) is is_one


def test_fingerprints_of_tls_clients():
    assert ja4("T13D1516H2_8DAAF6152771_B186095E22B6") == "t13d1516h2_8daaf6152771_b186095e22b6"
    assert ja4("z13d1516h2_8daaf6152771_b186095e22b6") is None
    assert ja4("t99d1516h2_8daaf6152771_b186095e22b6") is None
