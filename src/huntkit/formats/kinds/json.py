"""JSON in all shapes: lines, arrays, documents, one after another, wrapped exports.

A file whose lines are objects is read by lines, which is fast; numbers are then line numbers.
Anything else is read element by element, and numbers count the records of the document.
"""

import io
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any, BinaryIO

import orjson

from huntkit.core.errors import FormatError
from huntkit.formats import json_shapes as shapes
from huntkit.formats import json_values as values
from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.json_elements import Elements
from huntkit.formats.limits import MIB, Limits
from huntkit.formats.lines import (
    CUT_OFF,
    Block,
    Chunk,
    LongLine,
    line_chunks,
    long_line,
    split_lines,
)
from huntkit.formats.streams import as_utf8, peek

name = "json"
suffixes = frozenset({"json", "ndjson", "jsonl", "log"})

Numbers = list[int] | range

_BLANK = b"\0 \t\r\n\x1e\xef\xbb\xbf"
_UNIT_BYTES = 128 * 1024
_EXACT_FLOAT = float(1 << 63)
_SEAM = re.compile(rb"\}[\s,\x1e]*\{")
RUN_TOGETHER = "several records on one line"


def sniff(head: Head) -> int:
    """It begins as an object or as an array of them, or its lines are objects."""
    text = head.text.lstrip("\0 \t\r\n\x1e\ufeff")
    begin = text[:1] + text[1:200].lstrip()[:1]
    if begin in ('{"', "{}", "[{", "[[", "[]") or (begin == "{" and not text[1:].strip()):
        return 90
    if any(line.lstrip().startswith('{"') and _is_object(line.encode()) for line in head.lines):
        return 60
    return 0


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """The records, in the file's order."""
    del name
    ledger = Ledger("json")
    head, stream = peek(as_utf8(stream, options.encoding), MIB)
    if _has_object_lines(head):
        batches = _line_batches(stream, ledger, limits)
    else:
        batches = _element_batches(Elements(stream, limits), ledger, limits)
    yield from ledger.settle(batches)


def _has_object_lines(head: bytes) -> bool:
    """Most lines that begin with a brace at the left margin are objects by themselves.

    In pretty printing none is; in an array with an element on each line only the last one is.
    """
    lines = head.lstrip(_BLANK).split(b"\n", 200)[:200]
    if lines[0].startswith(b"["):
        return False
    if len(lines) > 1 and (len(head) >= MIB or len(lines) == 200):
        lines.pop()
    begun = [line for line in lines if line.startswith((b"{", b"\x1e{"))]
    return 2 * sum(map(_is_object, begun)) > len(begun)


def _is_object(line: bytes) -> bool:
    """It is an object, and not an empty one (pretty printing has those on one line too)."""
    line = line.strip(_BLANK)
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return False
    try:
        value = values.parse(line)[0]
    except values.BadJSON:
        return False
    return isinstance(value, dict) and bool(value)


def _line_batches(stream: BinaryIO, ledger: Ledger, limits: Limits) -> Iterator[Batch]:
    """Batches are small: what fits the processor's cache is mapped there in half the time."""
    parser = _LineParser(ledger, limits)
    size = min(limits.batch_bytes, _UNIT_BYTES)
    for chunk in line_chunks(stream, replace(limits, batch_bytes=size)):
        numbers, records = _shape(*parser.parse(chunk), ledger)
        if records or ledger.pending:
            yield ledger.batch(numbers, records=records)


class _LineParser:
    """Every line's value: this is the path for gigabytes."""

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        self._ledger = ledger
        self._limits = limits
        self.next = 1  # the number of the next line
        self._mark = (1 << 61) + secrets.randbits(61)  # a number that no file can foresee
        self._between = b",%d," % self._mark

    def parse(self, chunk: Chunk) -> tuple[Numbers, list[Any]]:
        """The values of a chunk's lines, and the lines' numbers."""
        first = self.next
        found = self._all_at_once(chunk.data)
        if found is None:
            lines = split_lines(chunk.data, self._limits)
            self.next += len(lines)
            block = Block(first, lines, chunk.open_end)
            return _parse_lines(block, self._ledger, self._limits)
        self.next += len(found)
        _make_exact(found, chunk.data, self._ledger)
        return range(first, self.next), found

    def _all_at_once(self, data: bytes) -> list[Any] | None:
        """The values, if every line is one, in half the time that single lines would take.

        The lines become an array with a mark between each two of them. If there are as many
        values as lines and marks, and every second is the mark, then no value reaches over the
        end of its line, and no line holds two: a mark inside of a value would be one too few.
        """
        if len(data) > self._limits.max_line_bytes:
            return None
        text = data.replace(b"\n", self._between)
        marks = (len(text) - len(data)) // (len(self._between) - 1)
        try:
            values = orjson.loads(b"[%b]" % text)
        except orjson.JSONDecodeError:
            return None
        if len(values) != 2 * marks + 1 or values[1::2].count(self._mark) != marks:
            return None
        found: list[Any] = values[::2]
        return found


def _parse_lines(block: Block, ledger: Ledger, limits: Limits) -> tuple[Numbers, list[Any]]:
    """Every line's value, where some need repair or are none."""
    first, lines, open_end = block
    loads = orjson.loads
    found: list[Any] = []
    append = found.append
    gaps: list[int] = []  # lines that gave no value, as offsets
    rest = iter(lines)
    while True:
        try:
            for line in rest:
                append(loads(line))
            break
        except orjson.JSONDecodeError:
            at = len(found) + len(gaps)
            cut = open_end and at == len(lines) - 1
            value: Any = _repair(line, first + at, ledger, limits, cut=cut)
            if value is None:
                gaps.append(at)
            else:
                append(value)
    if not gaps:
        numbers: Numbers = range(first, first + len(found))
        texts: list[bytes] = lines
    else:
        missing = frozenset(gaps)
        kept = [at for at in range(len(lines)) if at not in missing]
        numbers = [first + at for at in kept]
        texts = [lines[at] for at in kept]
    _make_exact(found, texts, ledger)
    return numbers, found


def _repair(
    line: bytes, number: int, ledger: Ledger, limits: Limits, *, cut: bool
) -> dict[str, Any] | list[Any] | None:
    """The object in a line that orjson refused, or several, or None with the reason noted."""
    if isinstance(line, LongLine):
        ledger.skip(number, long_line(limits), line)
        return None
    if not line.strip(_BLANK):
        return None
    try:
        value, repairs = values.parse_slowly(line)
    except values.BadJSON as error:
        if found := _run_together(line, number, ledger, limits):
            return found
        ledger.skip(number, CUT_OFF if cut else str(error), line)
        return None
    for how in repairs:
        ledger.repair(how)
    if not isinstance(value, dict):
        ledger.skip(number, shapes.NOT_AN_OBJECT, line)
        return None
    return value


def _run_together(line: bytes, number: int, ledger: Ledger, limits: Limits) -> list[Any]:
    """The objects of a line that holds several, as where files without a last newline were joined.

    Empty where there is no whole one, or none to tell apart; what is broken between them is noted.
    """
    if _SEAM.search(line) is None:
        return []
    found: list[Any] = []
    damage: list[tuple[str, bytes]] = []
    try:
        for element in Elements(io.BytesIO(line), limits):
            reason = element.reason
            if reason is None:
                try:
                    value, repairs = values.parse_slowly(element.text)
                except values.BadJSON as error:
                    reason = str(error)
                else:
                    found.append(value)
                    for how in repairs:
                        ledger.repair(how)
            if reason is not None:
                damage.append((reason, element.text))
    except FormatError as error:
        damage.append((error.message, b""))
    if found:
        ledger.repair(RUN_TOGETHER)
        for reason, text in damage:
            ledger.skip(number, reason, text)
    return found


def _make_exact(found: list[Any], texts: list[bytes] | bytes, ledger: Ledger) -> None:
    """Parse again what lost digits: orjson makes a float of an integer beyond 64 bits.

    Only the outermost values are looked at, which costs a few percent; looking at all of them
    would halve the speed. The texts are a list, or lines.
    """
    if set(map(type, found)) <= {dict}:
        kinds = map(type, chain.from_iterable(map(dict.values, found)))
        if float not in kinds:  # ends at the first one, and keeps none
            return
    if isinstance(texts, bytes):
        texts = texts.split(b"\n")
    for at, (record, text) in enumerate(zip(found, texts, strict=True)):
        if type(record) is dict and any(
            type(v) is float and abs(v) >= _EXACT_FLOAT for v in record.values()
        ):
            value, repairs = values.parse_slowly(text)
            if values.BIG_INTEGER in repairs:
                found[at] = value
                ledger.repair(values.BIG_INTEGER)


def _shape(
    numbers: Numbers, found: list[Any], ledger: Ledger
) -> tuple[Numbers, list[dict[str, Any]]]:
    """Records out of their wrappers; what is no object is skipped."""
    if not found or (set(map(type, found)) == {dict} and min(map(len, found)) > shapes.MOST_KEYS):
        return numbers, found
    inner = list(map(shapes.unwrap, found))
    if inner.count(None) == len(inner) and set(map(type, found)) == {dict}:
        return numbers, found
    kept: list[dict[str, Any]] = []
    kept_numbers: list[int] = []
    for number, value, records in zip(numbers, found, inner, strict=True):
        for record in [value] if records is None else records:
            if isinstance(record, dict):
                kept.append(record)
                kept_numbers.append(number)
            else:
                ledger.skip(number, shapes.NOT_AN_OBJECT, repr(record)[:200])
    return kept_numbers, kept


def _element_batches(elements: Elements, ledger: Ledger, limits: Limits) -> Iterator[Batch]:
    """Batches of a document's records, each of about `limits.batch_bytes`."""
    count = 0
    held: list[dict[str, Any]] = []
    size = 0
    try:
        for element in elements:
            size += len(element.text)
            for record in _element_records(element.text, element.reason, count + 1, ledger):
                count += 1
                held.append(record)
            if size >= limits.batch_bytes or len(held) >= limits.batch_rows:
                yield ledger.batch(range(count - len(held) + 1, count + 1), records=held)
                held, size = [], 0
    except FormatError:
        if held:
            yield ledger.batch(range(count - len(held) + 1, count + 1), records=held)
        raise
    if held:
        yield ledger.batch(range(count - len(held) + 1, count + 1), records=held)


def _element_records(
    text: bytes, reason: str | None, number: int, ledger: Ledger
) -> list[dict[str, Any]]:
    if reason is not None:
        ledger.skip(number, reason, text)
        return []
    try:
        value, repairs = values.parse(text)
    except values.BadJSON as error:
        ledger.skip(number, str(error), text)
        return []
    for how in repairs:
        ledger.repair(how)
    found = [value]
    _make_exact(found, [text], ledger)
    return _shape([number], found, ledger)[1]
