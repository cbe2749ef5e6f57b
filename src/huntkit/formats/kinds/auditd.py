"""Linux audit logs: the lines of one event become one record.

An event is known by node, time and serial together (serials start again at boot, and repeat).
A record is ``{"time": 1551485405.594, "time_text": "1551485405.594", "serial": 7507, "node": "",
"types": ["SYSCALL", ...], "records": [{"type": "SYSCALL", "pid": "16049", ...}, ...]}``. Values
are text, decoded. A batch's `rows` counts lines; numbers are the lines on which events begin.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from huntkit.core.errors import FormatError
from huntkit.formats.audit_lines import AuditLine, LineParser, is_audit
from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits
from huntkit.formats.lines import text_lines

name = "auditd"
suffixes = frozenset({"log", "txt"})

NOT_AUDIT = "not an audit record"
RUN_TOGETHER = "several records on one line"
TOO_MANY = "audit event of too many lines"
_HEAD = "msg=audit("
_LONG_HEAD = 40  # where such a text may be the head of a second record
_SEAM = re.compile(r"(?<=\S)(?:node=\S{1,255} )?type=[A-Z_0-9]{2,64} msg=audit\([0-9]")
# Lines of one event are written close together, though not always next to each other.
_WINDOW_LINES = 5_000
_BATCH_LINES = 20_000
_MOST_LINES = 10_000


def sniff(head: Head) -> int:
    """Most lines hold an audit record."""
    return 95 if head.share(is_audit) >= 0.6 else 0


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """The events, in the order of their first lines."""
    del name
    ledger = Ledger("auditd")
    blocks = text_lines(stream, ledger, limits=limits, encoding=options.encoding)
    yield from ledger.settle(_batches(blocks, ledger, limits))


def _batches(
    blocks: Iterator[list[tuple[int, str]]], ledger: Ledger, limits: Limits
) -> Iterator[Batch]:
    events = _Events(ledger, limits)
    parse = LineParser(max_fields=limits.max_fields).parse
    try:
        for lines in blocks:
            for number, text in lines:
                pieces = (text,) if text.find(_HEAD, _LONG_HEAD) < 0 else _apart(text, ledger)
                for piece in pieces:
                    line = parse(piece)
                    if line is None:
                        ledger.skip(number, NOT_AUDIT, piece)
                    else:
                        events.add(number, line)
                if events.ready_lines >= _BATCH_LINES:
                    yield from events.batch()
    except FormatError:
        events.close()
        yield from events.batch()
        raise
    events.close()
    yield from events.batch()


def _apart(text: str, ledger: Ledger) -> Sequence[str]:
    """The records of a line that holds several, as where files without a last newline were joined.

    What stands in quotes is a record's own text, whatever it looks like.
    """
    pieces = []
    start = looked = open_quotes = 0
    for seam in _SEAM.finditer(text):
        at = seam.start()
        open_quotes ^= text.count('"', looked, at) % 2 | text.count("'", looked, at) % 2 << 1
        looked = at
        if not open_quotes:
            pieces.append(text[start:at])
            start = at
            ledger.repair(RUN_TOGETHER)
    return [*pieces, text[start:]]


class _Event:
    __slots__ = ("first", "last", "line", "records")

    def __init__(self, number: int, line: AuditLine) -> None:
        self.first = self.last = number
        self.line = line
        self.records: list[dict[str, Any]] = []

    def as_record(self) -> dict[str, Any]:
        return {
            "time": float(self.line.time),
            "time_text": self.line.time,
            "serial": self.line.serial,
            "node": self.line.node,
            "types": [record["type"] for record in self.records],
            "records": self.records,
        }


class _Events:
    """Events that may get more lines, and those that are ready."""

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        self._ledger = ledger
        self._limits = limits
        self._open: dict[tuple[str, str, int], _Event] = {}
        self._ready: list[_Event] = []
        self._next_look = 0
        self.ready_lines = 0

    def add(self, number: int, line: AuditLine) -> None:
        key = line[:3]
        event = self._open.get(key)
        if event is None:
            event = self._open[key] = _Event(number, line)
        if len(event.records) >= _MOST_LINES:
            self._ledger.skip(number, TOO_MANY, str(line.record))
            return
        event.records.append(line.record)
        event.last = number
        if number >= self._next_look or len(self._open) > self._limits.max_open_events:
            self._next_look = number + 100
            self._settle(number)

    def _settle(self, number: int) -> None:
        """Move the oldest to the ready ones, if no more lines are to be expected for them."""
        while self._open:
            key, event = next(iter(self._open.items()))
            if number - event.last < _WINDOW_LINES and (
                len(self._open) <= self._limits.max_open_events
            ):
                return
            del self._open[key]
            self._finish(event)

    def _finish(self, event: _Event) -> None:
        self._ready.append(event)
        self.ready_lines += len(event.records)

    def close(self) -> None:
        """No more lines will come."""
        for event in self._open.values():
            self._finish(event)
        self._open.clear()

    def batch(self) -> Iterator[Batch]:
        """The ready events, if there are any."""
        if self._ready:
            yield self._ledger.batch(
                [event.first for event in self._ready],
                records=[event.as_record() for event in self._ready],
                rows=self.ready_lines,
            )
        self._ready, self.ready_lines = [], 0
