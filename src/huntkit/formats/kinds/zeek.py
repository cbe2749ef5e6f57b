r"""Zeek logs in their own tab-separated form (Zeek's JSON is plain JSON).

Format: https://docs.zeek.org/en/master/log-formats.html. Columns keep Zeek's names. ``time`` and
``interval`` are floats in seconds, ``count``, ``int`` and ``port`` integers, sets and vectors
lists; an unset field is None. Several logs one after another in one file are several batches;
`context` has ``path`` (``conn``, ``dns`` ...) and ``types``.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from huntkit.core.errors import FormatError
from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits
from huntkit.formats.lines import CUT_OFF, Block, LongLine, decoded, line_blocks, long_line
from huntkit.formats.streams import as_utf8

name = "zeek"
suffixes = frozenset({"log"})

WRONG_WIDTH = "wrong number of fields"
NO_HEADER = "no #fields line before it"
_ESCAPES = re.compile(r"(?:\\x[0-9a-fA-F]{2})+")
_CONTAINER = re.compile(r"(?:set|vector|table)\[(.*)\]$")


def sniff(head: Head) -> int:
    """The ``#separator`` or ``#fields`` lines at the beginning."""
    first = head.lines[:12]
    if first and first[0].startswith("#separator"):
        return 97
    return (
        95
        if any(re.match(r"#fields[\t ,]", line) for line in first)
        and any(line.startswith(("#types", "#path")) for line in first)
        else 0
    )


@dataclass(slots=True)
class _Header:
    separator: str = "\t"
    set_separator: str = ","
    empty: str = "(empty)"
    unset: str = "-"
    path: str = ""
    names: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)

    def take(self, line: str) -> None:
        """Learn from a line that begins with ``#``."""
        if line.startswith("#separator"):
            self.separator = _unescape(line[len("#separator") :].strip(" ")) or "\t"
            return
        key, _, rest = line[1:].partition(self.separator)
        match key:
            case "set_separator":
                self.set_separator = rest or ","
            case "empty_field":
                self.empty = rest
            case "unset_field":
                self.unset = rest
            case "path":
                self.path = rest
            case "fields":
                self.names = rest.split(self.separator)
                self.types = []
            case "types":
                self.types = rest.split(self.separator)
            case _:
                pass  # open and close times, and what later versions may add


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """The rows of each log in the file, as columns."""
    del name
    ledger = Ledger("zeek")
    blocks = line_blocks(as_utf8(stream, options.encoding), limits)
    yield from ledger.settle(_batches(blocks, ledger, limits))


def _batches(blocks: Iterator[Block], ledger: Ledger, limits: Limits) -> Iterator[Batch]:
    section = _Section(ledger, limits)
    try:
        for first, lines, open_end in blocks:
            for number, raw in enumerate(lines, first):
                if isinstance(raw, LongLine):
                    ledger.skip(number, long_line(limits), raw)
                    continue
                line = decoded(raw, ledger).strip("\r\0")
                if line.startswith("#"):
                    if line.startswith(("#separator", "#fields", "#path", "#types")):
                        yield from section.flush()
                    section.header.take(line)
                elif line:
                    is_last = open_end and number == first + len(lines) - 1
                    section.add(number, line, is_last=is_last)
            yield from section.flush()
    except FormatError:
        yield from section.flush()
        raise


class _Section:
    """Rows under one header, on their way into a batch."""

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        self.header = _Header()
        self._ledger = ledger
        self._limits = limits
        self._rows: list[list[str]] = []
        self._numbers: list[int] = []

    def add(self, number: int, line: str, *, is_last: bool) -> None:
        """Take a line of data."""
        values = line.split(self.header.separator)
        if not self.header.names:
            self._ledger.skip(number, NO_HEADER, line)
        elif len(values) != len(self.header.names):
            short = is_last and len(values) < len(self.header.names)
            self._ledger.skip(number, CUT_OFF if short else WRONG_WIDTH, line)
        else:
            self._rows.append(values)
            self._numbers.append(number)

    def flush(self) -> Iterator[Batch]:
        """What was taken so far, as one batch."""
        rows, numbers, header = self._rows, self._numbers, self.header
        self._rows, self._numbers = [], []
        if not rows:
            return
        types = dict(zip(header.names, header.types, strict=False))
        columns: dict[str, list[Any]] = {}
        for column, texts in zip(header.names, zip(*rows, strict=True), strict=True):
            given = types.get(column, "string")
            try:
                columns[column] = _converted(texts, given, header)
            except (ValueError, OverflowError):
                # Rather all of it as text than a guess at a part of it.
                self._ledger.repair(f"values of {column} are not {given}", len(texts))
                columns[column] = _converted(texts, "string", header)
                types[column] = "string"
        yield self._ledger.batch(
            numbers, columns=columns, context={"path": header.path, "types": types}
        )


def _converted(texts: tuple[str, ...], given: str, header: _Header) -> list[Any]:
    unset, empty = header.unset, header.empty
    inside = _CONTAINER.match(given)
    if inside is None:
        convert = _converter(given)
        return [None if t == unset else "" if t == empty else convert(t) for t in texts]
    convert = _converter(inside[1])

    def members(text: str) -> list[Any]:
        parts = text.split(header.set_separator)
        return [None if part == unset else convert(part) for part in parts]

    return [None if t == unset else [] if t == empty or not t else members(t) for t in texts]


def _converter(given: str) -> Callable[[str], Any]:
    match given:
        case "time" | "interval" | "double":
            return float
        case "count" | "int" | "port":
            return _integer
        case "bool":
            return _boolean
        case _:
            return _text


def _integer(text: str) -> int:
    number = int(text) if len(text) < 30 else 1 << 64
    if not -(1 << 63) <= number < 1 << 63:
        raise OverflowError
    return number


def _boolean(text: str) -> bool:
    if text not in ("T", "F"):
        raise ValueError
    return text == "T"


def _text(text: str) -> str:
    return _unescape(text) if "\\x" in text else text


def _unescape(text: str) -> str:
    r"""``\xNN`` as the characters that these bytes are in UTF-8, where they are some."""

    def characters(found: re.Match[str]) -> str:
        data = bytes.fromhex(found[0].replace("\\x", ""))
        try:
            return data.decode()
        except UnicodeDecodeError:
            return found[0]

    return _ESCAPES.sub(characters, text)
