import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import FormatError
from huntkit.formats.batch import Ledger
from huntkit.formats.limits import Limits
from huntkit.formats.lines import LongLine, line_blocks, text_lines


class Broken(io.BytesIO):
    """Ends in an error instead of an end."""

    def read1(self, size=-1):
        data = super().read1(size)
        if not data:
            raise FormatError("it is cut off")
        return data


@given(
    st.lists(st.sampled_from([b"", b"a", b"bb" * 40, b"\r", b"\0"]), max_size=30),
    st.integers(1, 50),
)
@settings(max_examples=200, deadline=None)
def test_lines_come_out_as_they_are_whatever_the_chunks(lines, size):
    data = b"\n".join(lines)
    blocks = list(line_blocks(io.BytesIO(data), Limits(batch_bytes=size)))
    found = [line for block in blocks for line in block.lines]
    expected = data.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    assert found == expected
    numbers = [block.first + at for block in blocks for at in range(len(block.lines))]
    assert numbers == list(range(1, len(found) + 1))
    assert [block.open_end for block in blocks[:-1]] == [False] * (len(blocks) - 1 if blocks else 0)
    if blocks:
        assert blocks[-1].open_end == (not data.endswith(b"\n"))


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_what_came_before_an_error_is_given_first(size):
    found = []

    def take_all():
        for block in line_blocks(Broken(b"one\ntwo\nthr"), Limits(batch_bytes=size)):
            found.extend(block.lines)

    with pytest.raises(FormatError):
        take_all()
    assert found == [b"one", b"two", b"thr"]


def test_a_line_over_the_limit_is_a_stand_in_and_not_held():
    data = b"a\n" + b"x" * 100_000 + b"\nb\n"
    limits = Limits(max_line_bytes=1000, batch_bytes=512)
    lines = [line for block in line_blocks(io.BytesIO(data), limits) for line in block.lines]
    assert lines[0] == b"a"
    assert isinstance(lines[1], LongLine)
    assert len(lines[1]) <= 1024
    assert lines[2:] == [b"b"]


def test_text_lines_leave_out_blank_ones_and_say_what_they_skip():
    ledger = Ledger("x")
    limits = Limits(max_line_bytes=10)
    data = b"\xef\xbb\xbfone\r\n \n\xff\n" + b"x" * 50 + b"\n\0\0"
    blocks = list(text_lines(io.BytesIO(data), ledger, limits=limits))
    assert [line for block in blocks for line in block] == [(1, "one"), (3, "\\xff")]
    assert ledger.batch([]).skipped == {"line over 10 bytes": 1}
