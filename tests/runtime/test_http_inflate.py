import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.runtime.http_inflate import Inflater, NotInflatable


def raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    " Deflate ": zlib.compress,
    "deflate": raw,
}


def inflated(coding: str, data: bytes, cuts: list[int]) -> bytes:
    inflater, out, start = Inflater(coding), b"", 0
    for end in [*sorted(cut % (len(data) + 1) for cut in cuts), len(data)]:
        out += b"".join(inflater.feed(data[start:end]))
        start = end
    inflater.finish()
    return out


@given(
    coding=st.sampled_from(sorted(PACKERS)),
    data=st.binary(max_size=2000),
    cuts=st.lists(st.integers(0, 5000), max_size=5),
)
def test_a_body_is_the_same_however_it_arrives(coding, data, cuts) -> None:
    assert inflated(coding, PACKERS[coding](data), cuts) == data


@given(data=st.binary(min_size=1, max_size=500), at=st.integers(0, 10_000))
def test_a_cut_body_is_never_whole(data: bytes, at: int) -> None:
    packed = gzip.compress(data)
    with pytest.raises(NotInflatable):
        inflated("gzip", packed[: 1 + at % (len(packed) - 1)], [])


@given(coding=st.sampled_from(["gzip", "deflate"]), data=st.binary(max_size=300))
def test_garbage_is_refused_or_read_but_never_crashes(coding: str, data: bytes) -> None:
    try:
        inflated(coding, data, [])
    except NotInflatable:
        return


def test_members_follow_one_another_and_padding_is_no_member() -> None:
    packed = gzip.compress(b"one") + gzip.compress(b"two") + b"\0" * 10
    assert inflated("gzip", packed, []) == b"onetwo"
    assert inflated("gzip", b"", []) == b""


def test_pieces_are_bounded() -> None:
    pieces = Inflater("gzip").feed(gzip.compress(b"\0" * 50_000_000))
    assert len(next(pieces)) <= 256 * 1024


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress", "x"])
def test_what_was_not_asked_for_is_refused(coding: str) -> None:
    with pytest.raises(NotInflatable, match="not asked for"):
        Inflater(coding)
