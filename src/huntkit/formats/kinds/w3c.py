r"""Logs in W3C's extended format: IIS, HTTP.sys, Windows Firewall, Exchange, CloudFront.

Format: https://www.w3.org/TR/WD-logfile.html. ``#Fields:`` names what follows and may change in
mid-file. A record has the fields by their names, ``-`` as empty text, and ``timestamp``,
``zone_missing`` and ``year_missing`` as the syslog reader has them: times are UTC unless the file
says ``#Time Format: Local``. Where there is a time and no date it is that of the last ``#Date``,
a day later each time that the clock has gone back by hours.

Batches are of kind ``iis`` and ``firewall`` (Windows'), else of kind ``w3c``.
"""

import csv
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, BinaryIO

from huntkit.core.errors import FormatError
from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits
from huntkit.formats.lines import text_lines

name = "w3c"
suffixes = frozenset({"log"})

WRONG_WIDTH = "wrong number of fields"
NO_HEADER = "no #Fields line before it"
TOO_WIDE = "#Fields line with too many fields"
_FIELDS = "#fields:"
_TOKEN = re.compile(r'"([^"]*)"|(\S+)')
_CLOCK = re.compile(r"\d{1,2}:\d\d:\d\d(?:\.\d{1,9})?\Z")
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")
_WHOLE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?Z?\Z")
_TIMES = ("date-time", "DateTime", "datetime")
_IIS = frozenset({"s-ip", "s-sitename", "sc-win32-status", "s-computername"})


def sniff(head: Head) -> int:
    """A ``#Fields:`` line at the beginning, with at most one line before that is no comment."""
    others = 0
    for line in head.lines[:12]:
        if line.lower().startswith(_FIELDS):
            return 96 if head.is_text and len(_names(line)) > 1 else 0
        others += not line.startswith("#")
        if others > 1:
            return 0
    return 0


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """One record per line under the ``#Fields:`` that was last."""
    del name
    ledger = Ledger("w3c")
    blocks = text_lines(stream, ledger, limits=limits, encoding=options.encoding)
    yield from ledger.settle(_batches(blocks, _Section(ledger, limits)))


def _batches(blocks: Iterator[list[tuple[int, str]]], section: "_Section") -> Iterator[Batch]:
    try:
        for lines in blocks:
            for number, text in lines:
                if text.startswith("#"):
                    yield from section.header(number, text)
                else:
                    section.add(number, text)
            yield from section.flush()
    except FormatError:
        yield from section.flush()
        raise


def _names(line: str) -> list[str]:
    """The fields that a ``#Fields:`` line names.

    Examples:
        >>> _names("#Fields: date time c-ip"), _names("#Fields: date-time,client-ip")
        (['date', 'time', 'c-ip'], ['date-time', 'client-ip'])
    """
    rest = line[len(_FIELDS) :].strip()
    names = rest.split(",") if "," in rest and " " not in rest else rest.split()
    return [each.strip() for each in names]


class _Section:
    """Lines under one header, on their way into a batch."""

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        self._ledger = ledger
        self._limits = limits
        self._software = ""
        self._is_local = False
        self._day: date | None = None
        self._hour = 0
        self._names: list[str] = []
        self._numbers: list[int] = []
        self._records: list[dict[str, Any]] = []

    def header(self, number: int, line: str) -> Iterator[Batch]:
        """Learn from a line that begins with ``#``."""
        key, _, rest = line[1:].partition(":")
        rest = rest.strip()
        match key.strip().lower():
            case "software":
                yield from self.flush()
                self._software = rest.lower()
            case "time format":
                self._is_local = rest.lower() == "local"
            case "date":
                self._day = _day(rest[:10])
                self._hour = 0
            case "fields":
                yield from self.flush()
                self._names = _names(line)
                if len(self._names) > self._limits.max_fields:
                    self._ledger.skip(number, TOO_WIDE, line)
                    self._names = []
            case _:
                pass  # version, start and end

    def add(self, number: int, line: str) -> None:
        """Take a line of data."""
        if not self._names:
            self._ledger.skip(number, NO_HEADER, line)
            return
        values = self._split(line)
        if values is None:
            self._ledger.skip(number, WRONG_WIDTH, line)
            return
        record: dict[str, Any] = {
            field: "" if value == "-" else value
            for field, value in zip(self._names, values, strict=True)
        }
        record["timestamp"] = stamp = self._stamp(record)
        record["year_missing"] = False
        record["zone_missing"] = self._is_local and not stamp.endswith("Z")
        self._numbers.append(number)
        self._records.append(record)

    def _split(self, line: str) -> list[str] | None:
        """The values: parted by tabs, commas or blanks, with quotes around some."""
        width = len(self._names)
        if "\t" in line and len(values := line.split("\t")) == width:
            return values
        if len(values := line.split(" ")) == width or len(values := line.split()) == width:
            return values
        if "," in line:
            try:
                values = next(csv.reader([line]), [])
            except csv.Error:
                values = []
            if len(values) == width:
                return values
        if '"' in line:
            values = [quoted or bare for quoted, bare in _TOKEN.findall(line)]
            if len(values) == width:
                return values
        return None

    def _stamp(self, record: dict[str, Any]) -> str:
        """The record's time, with a Z if it is known to be UTC; empty without one."""
        zone = "" if self._is_local else "Z"
        clock = record.get("time", "")
        if not _CLOCK.match(clock):
            whole = next((record[each] for each in _TIMES if each in record), "")
            return whole.removesuffix("Z") + zone if _WHOLE.match(whole) else ""
        given = record.get("date")
        if given is not None:
            return f"{given} {clock}{zone}" if _DAY.match(given) else ""
        if self._day is None:
            return ""
        hour = int(clock.partition(":")[0])
        if self._hour - hour >= 2:  # lines are written a little out of order
            self._day = _day(self._day, 1)
        self._hour = hour
        return f"{self._day} {clock}{zone}" if self._day else ""

    def flush(self) -> Iterator[Batch]:
        """What was taken so far, as one batch."""
        records, numbers = self._records, self._numbers
        self._records, self._numbers = [], []
        if records:
            yield self._ledger.batch(numbers, records=records, kind=self._kind())

    def _kind(self) -> str:
        there = set(self._names)
        if "cs-uri-stem" in there and (
            "internet information services" in self._software or not _IIS.isdisjoint(there)
        ):
            return "iis"
        is_firewall = {"action", "src-ip", "dst-ip"} <= there and "firewall" in self._software
        return "firewall" if is_firewall else "w3c"


def _day(given: str | date, more: int = 0) -> date | None:
    try:
        day = date.fromisoformat(given) if isinstance(given, str) else given
        return day + timedelta(days=more)
    except (ValueError, OverflowError):
        return None
