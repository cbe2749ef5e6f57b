"""Windows events exported as XML text: one ``<Event>`` or many, in any wrapping.

Only what stands from ``<Event`` to ``</Event>`` is parsed, each event by itself, so a document
type with entities (the way to a billion laughs) is never even seen. Numbers count events.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from huntkit.core.errors import FormatError
from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.event_xml import BadEvent, parse_event
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits, size_text
from huntkit.formats.lines import CUT_OFF, decoded
from huntkit.formats.streams import as_utf8, take

name = "xml_event"
suffixes = frozenset({"xml"})

_BEGIN = re.compile(rb"<Event(?=[\s>/])")
_END = b"</Event>"
_BATCH_EVENTS = 4096


def sniff(head: Head) -> int:
    """XML in which an ``<Event>`` stands."""
    text = head.text.lstrip("\0 \t\r\n\ufeff")
    found = re.search(r"<Event[\s>]", text)
    return 90 if text.startswith("<") and found and "<System>" in text[found.start() :] else 0


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """The events, in the shape that the EVTX reader gives."""
    del name
    ledger = Ledger("xml_event")
    texts = _events(as_utf8(stream, options.encoding), limits)
    yield from ledger.settle(_batches(texts, ledger, limits))


def _batches(
    texts: Iterator[tuple[bytes, str | None]], ledger: Ledger, limits: Limits
) -> Iterator[Batch]:
    number = 0
    numbers: list[int] = []
    records: list[dict[str, Any]] = []
    size = 0
    try:
        for text, reason in texts:
            number += 1
            if reason is not None:
                ledger.skip(number, reason, text)
                continue
            try:
                records.append(parse_event(decoded(text, ledger)))
            except BadEvent as error:
                ledger.skip(number, str(error), text)
                continue
            numbers.append(number)
            size += len(text)
            if len(records) >= _BATCH_EVENTS or size >= limits.batch_bytes:
                yield ledger.batch(numbers, records=records)
                numbers, records, size = [], [], 0
    except FormatError:
        if records:
            yield ledger.batch(numbers, records=records)
        raise
    if records:
        yield ledger.batch(numbers, records=records)


def _events(stream: BinaryIO, limits: Limits) -> Iterator[tuple[bytes, str | None]]:
    """The text of each event, or of what is none with the reason."""
    buffer = b""
    failure: FormatError | None = None
    while failure is None:
        data, failure = take(stream, limits.batch_bytes)
        if not data:
            break
        buffer += data
        at = 0
        while begin := _BEGIN.search(buffer, at):
            end = buffer.find(_END, begin.start())
            if end < 0:
                break
            at = end + len(_END)
            yield buffer[begin.start() : at], None
        # Of what follows the last event only an unfinished one is of use.
        start = begin.start() if begin else max(at, len(buffer) - len(b"<Event>"))
        buffer = buffer[start:]
        if len(buffer) > limits.max_document_bytes:
            yield buffer[:1024], f"event over {size_text(limits.max_document_bytes)}"
            buffer = b""
    if _BEGIN.match(buffer):
        yield buffer[:1024], CUT_OFF
    if failure is not None:
        raise failure
