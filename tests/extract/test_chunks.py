"""Cutting text into pieces loses nothing that reading would find."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.extract.chunk_reading import read_chunk
from huntkit.extract.chunks import chunks, worth_reading

VALUES = [
    "192.0.2.1", "2001:db8::1", "1:2:3:4:5:6:7:8", "fe80::1%eth0", "evil.com", "пример.рф",
    "xn--e1afmkfd.xn--p1ai", "http://evil.com/a", "hxxp[://]evil[.]com", "evil[dot]com", "::1",
    "bob@evil.com", "9f3f0f1d5c3a4b5c6d7e8f901234abcd", "evil。com", "http:\\/\\/evil.com",
    "%65vil%2Ecom", "ev\u200bil.com", "evil.\u200bcom",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet="aF1.:@%[]()/\\-2 \u200bй", max_size=60) | st.sampled_from(VALUES))
def test_a_piece_that_is_left_out_holds_nothing(text):
    pieces = chunks(pl.Series([text]))["chunk"]
    left_out = set(pieces) - set(worth_reading(pieces))
    assert [piece for piece in left_out if read_chunk(piece)] == []


@settings(deadline=None)
@given(
    st.sampled_from(VALUES),
    st.sampled_from(["", " ", '"', "<", "(", "x=", "\n", "|"]),
    st.sampled_from(["", " ", '"', ">", "),", "\r\n", "|", ";"]),
)
def test_a_value_is_found_between_any_delimiters(value, before, after):
    alone = [read_chunk(piece) for piece in chunks(pl.Series([value]))["chunk"]]
    framed = [read_chunk(piece) for piece in chunks(pl.Series([before + value + after]))["chunk"]]
    found = {(f.ioc_type, f.observable) for piece in alone for f in piece}
    assert found
    assert found == {(f.ioc_type, f.observable) for piece in framed for f in piece}


def test_pieces_know_their_text():
    frame = chunks(pl.Series(["none", None, "a.b c.d", "e.f"]))
    assert frame.rows() == [(2, "a.b"), (2, "c.d"), (3, "e.f")]
