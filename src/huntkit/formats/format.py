"""What a format is: a way to recognise bytes, and a way to turn them into batches."""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, Protocol

from huntkit.formats.batch import Batch
from huntkit.formats.limits import Limits

HEAD_BYTES = 64 * 1024
_GAP = re.compile("\0{16,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What the caller knows about a file that its bytes don't say.

    Attributes:
        encoding: of text files; None means UTF-8, or UTF-16 where the bytes show it.
    """

    encoding: str | None = None


class Format(Protocol):
    """One kind of log file; each module in `huntkit.formats.kinds` is one.

    `sniff` answers from 0 (certainly not) to 100 (a magic number); 1 to 9 is for formats that
    would take any text. `read` yields what it has before it raises, and raises nothing but
    FormatError and LimitReached.
    """

    @property
    def name(self) -> str:
        """The format's name, as it stands in a batch and in the list of files."""

    def sniff(self, head: "Head") -> int:
        """How sure it is that these are its bytes."""

    def read(
        self, stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions
    ) -> Iterator[Batch]:
        """The file's records in batches of bounded size."""


class Head:
    r"""The first bytes of a file, in the ways that formats look at them.

    Examples:
        >>> head = Head(b"\xef\xbb\xbfone\ntwo\nthr", "a.LOG", complete=False)
        >>> head.lines, head.suffix, head.encoding
        (['one', 'two'], 'log', 'utf-8')
    """

    def __init__(self, data: bytes, name: str = "", *, complete: bool | None = None) -> None:
        self.data = data[:HEAD_BYTES]
        self.name = name
        self.complete = len(data) < HEAD_BYTES - 1024 if complete is None else complete

    @cached_property
    def suffix(self) -> str:
        """What follows the last dot of the name, in lower case."""
        base = self.name.replace("\\", "/").rsplit("/", 1)[-1].rsplit("!", 1)[-1]
        return base.rsplit(".", 1)[-1].lower() if "." in base else ""

    @cached_property
    def encoding(self) -> str:
        """``utf-8``, or the UTF-16 or UTF-32 that the first bytes show."""
        return wide_encoding(self.data) or "utf-8"

    @cached_property
    def text(self) -> str:
        r"""The head decoded, without byte order mark; undecodable bytes show as ``\xNN``."""
        text = self.data.decode(self.encoding, "backslashreplace")
        return text.removeprefix("\ufeff")

    @cached_property
    def lines(self) -> list[str]:
        """The complete lines of the head that are not blank (at most 200)."""
        lines = self.text.replace("\r\n", "\n").split("\n")
        if len(lines) > 1 and not (self.complete and lines[-1].strip("\0 \t")):
            lines.pop()
        return [line for line in lines if line.strip("\0 \t\r")][:200]

    def share(self, fits: Callable[[str], object]) -> float:
        r"""How many of the first lines are of a kind: 1.0 for all of them, 0.0 where there is none.

        Examples:
            >>> Head(b"a 1\nb 2\n\nc\n").share(lambda line: line[-1].isdigit())
            0.6666666666666666
        """
        lines = self.lines[:50]
        return sum(1 for line in lines if fits(line)) / len(lines) if lines else 0.0

    @cached_property
    def is_text(self) -> bool:
        """Few control characters and few undecodable bytes: worth reading as text.

        A run of zeros does not count: a crash leaves one where a file system had made room.
        """
        data = self.text if self.encoding != "utf-8" else self.data.decode("utf-8", "replace")
        data = _GAP.sub("", data.strip("\0"))
        if not data:
            return False
        odd = sum(data.count(chr(code)) for code in range(32) if chr(code) not in "\t\n\r\x1b\x1d")
        return odd <= len(data) // 50 and data.count("\ufffd") <= max(2, len(data) // 8)


def wide_encoding(data: bytes) -> str | None:
    r"""The UTF-16 or UTF-32 flavour that a file's first bytes show, or None.

    Examples:
        >>> wide_encoding('{"a": 1}'.encode("utf-16")), wide_encoding(b'{"a": 1}')
        ('utf-16-le', None)
        >>> wide_encoding('{"a": 1}'.encode("utf-16-be"))
        'utf-16-be'
    """
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return encoding
    sample = data[:512]
    if len(sample) < 512:
        sample = sample[: len(sample) & ~1]
    even, odd = sample[0::2], sample[1::2]
    if not sample:
        return None
    # Text in a Latin script without a mark: nearly every other byte is zero, the rest never.
    if odd.count(0) > 0.8 * len(odd) and even.count(0) == 0:
        return "utf-16-le"
    if even.count(0) > 0.8 * len(even) and odd.count(0) == 0:
        return "utf-16-be"
    return None
