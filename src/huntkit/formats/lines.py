"""Files as blocks of lines: fast, in bounded memory, with a place for lines that are too long."""

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

from huntkit.core.errors import FormatError
from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.limits import Limits, size_text
from huntkit.formats.streams import as_utf8, take

CUT_OFF = "cut off"
INVALID_UTF8 = "invalid UTF-8"


class LongLine(bytes):
    """Stands in for a line over the limit: its beginning and dots, so that it never parses."""


class Block(NamedTuple):
    """Some consecutive lines, without their newline (a carriage return may remain).

    Attributes:
        first: the number of the first line, from 1.
        lines: the lines; one over the limit is a LongLine.
        open_end: the last line had no newline, so it may be cut off.
    """

    first: int
    lines: list[bytes]
    open_end: bool


class Chunk(NamedTuple):
    """Some whole lines as they stand in the file.

    Attributes:
        data: the lines with the newlines between them, without the last one.
        open_end: the last line had no newline, so it may be cut off.
    """

    data: bytes
    open_end: bool


def line_chunks(stream: BinaryIO, limits: Limits) -> Iterator[Chunk]:
    r"""All lines of `stream`, about `limits.batch_bytes` at a time, not split yet.

    Of a line over `limits.max_line_bytes` only some may be there, still more than the limit. An
    error of the stream is raised after everything read before it was given.

    Examples:
        >>> import io
        >>> list(line_chunks(io.BytesIO(b"a\nb"), Limits()))
        [Chunk(data=b'a\nb', open_end=True)]
    """
    rest: list[memoryview] = []
    held = 0
    failure: FormatError | None = None
    while failure is None:
        data, failure = take(stream, limits.batch_bytes)
        if not data:
            break
        if len(data) < limits.batch_bytes and failure is None:
            # The end was reached: give the last line together with those before it.
            more, failure = take(stream, 1)
            if not more:
                whole = b"".join([*rest, memoryview(data)])
                yield Chunk(whole.removesuffix(b"\n"), open_end=not whole.endswith(b"\n"))
                rest = []
                continue
            data += more
        cut = data.rfind(b"\n")
        view = memoryview(data)
        if cut >= 0:
            yield Chunk(b"".join([*rest, view[:cut]]), open_end=False)
            rest, held = [], 0
            view = view[cut + 1 :]
        if held <= limits.max_line_bytes:
            rest.append(view)
            held += len(view)
    if last := b"".join(rest):
        yield Chunk(last, open_end=True)
    if failure is not None:
        raise failure


def line_blocks(stream: BinaryIO, limits: Limits) -> Iterator[Block]:
    r"""All lines of `stream`, about `limits.batch_bytes` at a time.

    An error of the stream is raised after everything read before it was given.

    Examples:
        >>> import io
        >>> list(line_blocks(io.BytesIO(b"a\nb"), Limits()))
        [Block(first=1, lines=[b'a', b'b'], open_end=True)]
    """
    number = 1
    for data, open_end in line_chunks(stream, limits):
        lines = split_lines(data, limits)
        yield Block(number, lines, open_end)
        number += len(lines)


def split_lines(data: bytes, limits: Limits) -> list[bytes]:
    """The lines of a chunk; one over the limit is a LongLine."""
    lines = data.split(b"\n")
    if len(data) > limits.max_line_bytes:
        lines = [
            LongLine(line[:1000] + b"...") if len(line) > limits.max_line_bytes else line
            for line in lines
        ]
    return lines


def text_lines(
    stream: BinaryIO, ledger: Ledger, *, limits: Limits, encoding: str | None = None
) -> Iterator[list[tuple[int, str]]]:
    r"""The lines that are not blank, with their numbers, as text, a block at a time.

    Bytes that are not UTF-8 show as ``\xNN`` and the repair is noted; lines over the limit are
    skipped and noted. NUL padding and carriage returns at the ends go.
    """
    for first, lines, _ in line_blocks(as_utf8(stream, encoding), limits):
        found: list[tuple[int, str]] = []
        for number, line in enumerate(lines, first):
            if isinstance(line, LongLine):
                ledger.skip(number, long_line(limits), line)
                continue
            text = decoded(line, ledger).strip("\0\r")
            if text and not text.isspace():
                found.append((number, text))
        yield found


def line_records(
    stream: BinaryIO,
    ledger: Ledger,
    parse: Callable[[str], dict[str, Any] | None],
    *,
    reason: str,
    limits: Limits,
    encoding: str | None = None,
) -> Iterator[Batch]:
    """Batches of what `parse` makes of each line; lines that give None are skipped for `reason`.

    An empty record is a line that is none, such as a header, and is left out without a word.
    """
    for lines in text_lines(stream, ledger, limits=limits, encoding=encoding):
        numbers: list[int] = []
        records: list[dict[str, Any]] = []
        for number, text in lines:
            record = parse(text)
            if record is None:
                ledger.skip(number, reason, text)
            elif record:
                numbers.append(number)
                records.append(record)
        if records:
            yield ledger.batch(numbers, records=records)


def decoded(line: bytes, ledger: Ledger) -> str:
    """A line as text; that its bytes were not UTF-8 is noted."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        ledger.repair(INVALID_UTF8)
        return line.decode("utf-8", "backslashreplace")


def long_line(limits: Limits) -> str:
    """The reason to give for a LongLine."""
    return f"line over {size_text(limits.max_line_bytes)}"
