import io

import pytest

from huntkit.core.errors import FormatError, LimitReached
from huntkit.formats.limits import Limits
from huntkit.formats.streams import Meter, as_utf8, bounded, peek, seekable, seekable_copy, take


class OneWay(io.BytesIO):
    def seekable(self):
        return False


class Torn(OneWay):
    def read1(self, size=-1):
        data = super().read1(min(size, 3))
        if not data:
            raise EOFError
        return data


def test_what_came_before_an_error_is_not_lost():
    data, failure = take(Torn(b"abcdefgh"), 100)
    assert data == b"abcdefgh"
    assert "cut off" in str(failure)


def test_peeking_at_a_torn_stream_gives_its_error_later():
    head, stream = peek(Torn(b"abcdefgh"), 100)
    assert head == b"abcdefgh"
    data, failure = take(stream, 100)
    assert data == b"abcdefgh"
    assert isinstance(failure, FormatError)


def test_a_bounded_stream_raises_its_error_again():
    stream = bounded(io.BytesIO(bytes(10_000)), Meter(Limits(max_member_bytes=5000), None))
    for _ in range(2):
        _, failure = take(stream, 100_000)
        assert isinstance(failure, LimitReached)


def test_a_stream_that_can_not_seek_is_copied_with_its_error():
    copy, failure = seekable(Torn(b"abcdefgh"))
    with copy:
        assert copy.read() == b"abcdefgh"
        assert isinstance(failure, FormatError)


def test_a_copy_goes_and_the_original_stays():
    original = io.BytesIO(b"x")
    with seekable_copy(original, Limits()) as (found, _):
        assert found is original
    assert not original.closed
    with seekable_copy(OneWay(b"x"), Limits(spool_bytes=0)) as (found, _):
        assert found.read() == b"x"
    assert found.closed


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_unicode_flavours_become_utf8(encoding):
    text = '{"name": "a text long enough to tell"}\n'
    assert take(as_utf8(io.BytesIO(text.encode(encoding))), 1000)[0] == text.encode()


def test_half_a_character_at_the_end_of_utf16_is_no_error():
    data = "text\n".encode("utf-16") + b"x"
    assert take(as_utf8(io.BytesIO(data)), 100)[0].startswith(b"text\n")
