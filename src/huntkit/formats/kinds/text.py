"""Text of no known kind: one record per line, so that it can at least be searched."""

from collections.abc import Iterator
from typing import BinaryIO

from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits
from huntkit.formats.lines import text_lines

name = "text"
suffixes = frozenset({"txt", "log"})


def sniff(head: Head) -> int:
    """Anything that is text at all."""
    return 3 if head.is_text and head.lines else 0


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """Records ``{"Text": line}`` for the lines that are not blank."""
    del name
    ledger = Ledger("text")
    blocks = text_lines(stream, ledger, limits=limits, encoding=options.encoding)
    yield from ledger.settle(
        ledger.batch([number for number, _ in lines], records=[{"Text": text} for _, text in lines])
        for lines in blocks
        if lines
    )
