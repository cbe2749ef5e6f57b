"""What bytes are: text, something compressed, a binary."""

import bz2
import gzip
import lzma
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.extract.encoded_bytes import (
    ARCHIVES,
    Allowed,
    Context,
    open_bytes,
    readable,
)

TEXT = "Invoke-Thing 'http://evil.example/a'"
SURE = Context(sure=True)
NOISE = bytes(range(128, 256))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_the_encoding_is_found_by_the_bytes(encoding):
    assert readable(TEXT.encode(encoding)) == (encoding, TEXT)


def test_marks_of_byte_order_and_padding_are_not_text():
    assert readable(TEXT.encode("utf-16")) == ("utf-16", TEXT)
    assert readable(TEXT.encode("utf-8-sig")) == ("utf-8", TEXT)
    assert readable(TEXT.encode() + b"\x00") == ("utf-8", TEXT)


@pytest.mark.parametrize("data", [b"", b"\x00" * 8, b"ab\x01cd", NOISE, b"\xff\xfe\x00", b"a\x00b"])
def test_other_bytes_are_not_readable(data):
    assert readable(data) is None


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("gzip", gzip.compress),
        ("zlib", zlib.compress),
        ("bz2", bz2.compress),
        ("xz", lzma.compress),
    ],
)
def test_compressed_text_is_opened_and_named(name, pack):
    opened = open_bytes(pack(TEXT.encode("utf-16-le")), Allowed())
    assert opened is not None
    assert (opened.encodings, opened.text) == ((name, "utf-16-le"), TEXT)
    assert (opened.size, opened.note, opened.is_text) == (2 * len(TEXT), "", True)


def test_layers_of_compression_end_at_their_depth_and_room():
    data = gzip.compress(zlib.compress(bz2.compress(TEXT.encode())))
    opened = open_bytes(data, Allowed())
    assert opened is not None
    assert opened.encodings == ("gzip", "zlib", "bz2", "utf-8")
    shallow = open_bytes(data, Allowed(depth=2))
    assert shallow is not None
    assert shallow.encodings == ("gzip", "zlib")
    assert not shallow.is_text
    assert shallow.limit == "depth"
    for allowed, size, limit in (
        (Allowed(room=1000), 1000, "size_bytes"),
        (Allowed(ratio=2), 1 << 20, "ratio"),
    ):
        bomb = open_bytes(gzip.compress(b"A" * 9_000_000), allowed)
        assert bomb is not None
        assert (bomb.size, bomb.limit) == (size, limit)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"PK\x03\x04", "zip archive"),
        (b"\x7fELF", "ELF program"),
        (b"%PDF-\x00", "PDF document"),
        (b"MZ\x90\x00!This program cannot be run", "Windows program"),
    ],
)
def test_binaries_are_named_with_their_strings(head, kind):
    opened = open_bytes(
        head + NOISE + b"secret string" + NOISE + b"w\x00i\x00d\x00e\x00!\x00", Allowed(room=1)
    )
    assert opened is not None
    assert opened.note.startswith(f"binary: {kind}, ")
    assert opened.file_type == kind
    if kind in ARCHIVES:
        return  # its text is the names of its files
    assert "secret string" in opened.text.splitlines()
    assert "wide!" in opened.text.splitlines()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_bytes_that_end_within_a_letter_give_what_is_whole(encoding):
    text = "a caf\u00e9 \u4e2d\u6587 and \U0001f600 more"
    data = text.encode(encoding)
    for size in range(16, len(data)):
        whole = data[:size].decode(encoding, "ignore")
        opened = open_bytes(data[:size], Allowed(), Context(ends=True))
        assert opened is not None
        assert opened.text == whole
        assert opened.note == ("" if whole.encode(encoding) == data[:size] else "cut off")


def test_compressed_text_that_was_cut_within_a_letter_is_still_text():
    text = "\u4e2d\u6587 " * 400 + "end"
    packed = gzip.compress(text.encode(), compresslevel=0)
    for size in range(600, 607):
        opened = open_bytes(packed[:size], Allowed(), SURE)
        assert opened is not None
        assert text.startswith(opened.text)
        assert (opened.is_text, opened.note) == (True, "cut off")


def test_unknown_bytes_are_reported_only_where_the_context_is_sure():
    assert open_bytes(NOISE, Allowed()) is None
    opened = open_bytes(NOISE, Allowed(), SURE)
    assert opened is not None
    assert opened.note == "binary: unknown, 128 bytes"


def test_deflate_without_a_header_needs_a_sure_context_and_a_whole_stream():
    packer = zlib.compressobj(wbits=-15)
    data = packer.compress(TEXT.encode() * 4) + packer.flush()
    assert open_bytes(data, Allowed()) is None
    opened = open_bytes(data, Allowed(), SURE)
    assert opened is not None
    assert opened.encodings == ("deflate", "utf-8")
    cut = open_bytes(data[:-4], Allowed(), SURE)
    assert cut is not None
    assert cut.encodings == ()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.booleans(), st.integers(1, 500))
def test_any_bytes_stay_within_the_room(data, sure, room):
    for each in (data, gzip.compress(data), b"\x78\x9c" + data):
        opened = open_bytes(each, Allowed(room=room), Context(sure=sure))
        if opened is not None and len(opened.encodings) > int(opened.is_text):
            assert opened.size <= room
