"""Delimited text: comma, tab, semicolon or pipe, found by content; the first row names columns.

Values stay text, and empty stays empty: types are found later. A short row is filled with empty
text, the surplus of a long row goes to the column ``_extra``. A column without a name is
``_index`` if it is the first (pandas writes it so), else ``column_3``; a name that comes again
gets a number. Numbers are the lines on which rows begin. Where files were joined, the header that
comes again is no row.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from huntkit.core.errors import FormatError
from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits, size_text
from huntkit.formats.lines import LongLine, decoded, line_blocks, long_line
from huntkit.formats.streams import as_utf8, peek

name = "csv"
suffixes = frozenset({"csv", "tsv", "psv"})

EXTRA = "_extra"
UNCLOSED = "quote is never closed"
_DELIMITERS = ",\t;|"
_MOST_RESCUES = 100
_SNIFF_ROWS = 100
_MOST_IN_CELL = 10_000  # lines
_NAME = re.compile(r"[A-Za-z_$@#][\w.$@#()\[\]/%:-]{0,63}(?: [\w.()\[\]/%#-]{1,40}){0,2}\Z")
SHORT = "row shorter than the header"
AGAIN = "the header again"
NO_ROWS = "a header without rows"


def sniff(head: Head) -> int:
    """Rows that agree on how many fields they have; weak for a single column."""
    if not head.is_text or not head.lines:
        return 0
    delimiter, columns, agreement = _delimiter(head)
    by_name = head.suffix in suffixes
    rows = _sample_rows(head, delimiter)
    if len(rows) < 2:  # a lone line is a header only if the name says so
        is_header = by_name and columns > 1 and all(_NAME.match(field) for field in rows[0])
        return 3 if is_header else 2
    if columns < 2:
        return 3 if by_name else 2
    if not by_name and _is_prose(rows):
        return 2
    if agreement < 0.8:
        return 20 if _is_ragged(rows, by_name=by_name) else 2
    return 50 if columns > 2 else 30


def _is_prose(rows: list[list[str]]) -> bool:
    """Sentences with commas: blanks after them, and several words from one to the next."""
    sentences = [
        row
        for row in rows
        if len(row) > 1
        and all(field.startswith(" ") for field in row[1:])
        and sum(len(field.split()) for field in row) >= 2 * len(row)
    ]
    return rows[0] in sentences and len(sentences) > 0.5 * len(rows)


def _is_ragged(rows: list[list[str]], *, by_name: bool) -> bool:
    """A table whose rows are cut short or go on: a header of names, and most rows have fields."""
    header, *others = rows
    if not by_name and not all(_NAME.match(field) for field in header):
        return False
    near = sum(1 < len(row) <= 2 * len(header) for row in others)
    return near >= 0.6 * len(others)


def _delimiter(head: Head) -> tuple[str, int, float]:
    """The delimiter, its number of columns, and the share of rows that have as many."""
    best = (",", 1, 0.0)
    for delimiter in _DELIMITERS:
        rows = _sample_rows(head, delimiter)
        if not rows or len(rows[0]) < 2 or not _names_columns(rows[0]):
            continue
        columns = len(rows[0])
        agreement = sum(len(row) == columns for row in rows) / len(rows)
        if (agreement >= 0.8, columns) > (best[2] >= 0.8, best[1]):
            best = (delimiter, columns, agreement)
    return best


def _sample_rows(head: Head, delimiter: str) -> list[list[str]]:
    _raise_field_limit(len(head.text) + 1)
    rows: list[list[str]] = []
    lines = head.text.strip("\0").splitlines(keepends=True)
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) > _SNIFF_ROWS:
                break
    except csv.Error:
        return []
    # The last row of a head that ends in the middle of the file is not whole.
    return rows[:-1] if len(rows) > 1 and not head.complete else rows


def _names_columns(row: list[str]) -> bool:
    """Most fields look like names: short and not empty (one may be: an index)."""
    named = [field for field in row if field.strip() and len(field) <= 200]
    return len(named) >= max(1, 0.7 * (len(row) - 1))


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """The rows as columns of text."""
    ledger = Ledger("csv")
    yield from ledger.settle(_batches(stream, name, ledger, limits, options))


def _batches(
    stream: BinaryIO, name: str, ledger: Ledger, limits: Limits, options: ReadOptions
) -> Iterator[Batch]:
    stream = as_utf8(stream, options.encoding)
    data, stream = peek(stream)
    delimiter, _, _ = _delimiter(Head(data, name))
    # The limit belongs to the whole process; it is only ever raised.
    _raise_field_limit(limits.max_document_bytes)
    rows = _Rows(stream, delimiter, ledger, limits)
    names: list[str] | None = None
    first: list[str] = []
    held: list[list[str]] = []
    numbers: list[int] = []
    size, header, given = 0, 0, False
    for number, row in rows:
        if names is None:
            names, header, first = column_names(row, limits), number, row
            rows.width = len(row)
            continue
        if _is_again(row, first):
            ledger.repair(AGAIN)
            continue
        given = True
        held.append(row)
        numbers.append(number)
        size += sum(map(len, row)) + 50 * len(row)
        if len(held) >= limits.batch_rows or size >= limits.batch_bytes:
            yield _as_batch(names, held, numbers, ledger)
            held, numbers, size = [], [], 0
    if names is not None and held:
        yield _as_batch(names, held, numbers, ledger)
    if names is not None and not given:
        ledger.skip(header, NO_ROWS, delimiter.join(names))
    if rows.failure is not None:
        raise rows.failure


def _is_again(row: list[str], header: list[str]) -> bool:
    """Whether a row is the header of a file that was joined to the first, perhaps with its mark."""
    if len(header) < 2:  # a lone value may well be called as its column
        return False
    return row == header or (row[0][:1] == "\ufeff" and [row[0][1:], *row[1:]] == header)


def column_names(row: list[str], limits: Limits) -> list[str]:
    """The header's names, none empty and none twice.

    Examples:
        >>> column_names(["", "a", "a", ""], Limits())
        ['_index', 'a', 'a_2', 'column_4']
    """
    if len(row) > limits.max_fields:
        raise FormatError(f"it has more than {limits.max_fields:,} columns")
    names: list[str] = []
    taken: set[str] = set()
    for at, given in enumerate(row):
        base = given.strip() or ("_index" if at == 0 else f"column_{at + 1}")
        unique, count = base, 2
        while unique in taken:
            unique, count = f"{base}_{count}", count + 1
        taken.add(unique)
        names.append(unique)
    return names


def _raise_field_limit(size: int) -> None:
    if csv.field_size_limit() < size:
        csv.field_size_limit(size)


def _as_batch(names: list[str], rows: list[list[str]], numbers: list[int], ledger: Ledger) -> Batch:
    width = len(names)
    context: dict[str, object] = {}
    surplus: list[str] | None = None
    if set(map(len, rows)) != {width}:
        padded = sum(len(row) < width for row in rows)
        if padded:
            context["padded"] = padded
            ledger.repair(SHORT, padded)
        if any(len(row) > width for row in rows):
            surplus = [_joined(row[width:]) for row in rows]
        rows = [row[:width] + [""] * (width - len(row)) for row in rows]
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    if surplus is not None:
        columns[EXTRA] = surplus
    return ledger.batch(numbers, columns=columns, context=context)


def _joined(fields: list[str]) -> str:
    """Surplus fields as they would stand in the file."""
    quoted = ('"' + f.replace('"', '""') + '"' if set(f) & set('",\r\n') else f for f in fields)
    return ",".join(quoted)


class _Rows:
    """The rows of a file with the number of the line each begins on.

    A quote that is never closed swallows the rest of the file; it is noticed at the end, its
    line is skipped, and the lines after it are read again, unless none of them could be a row as
    wide as the header: then the file was cut off within a cell of many lines.
    """

    def __init__(self, stream: BinaryIO, delimiter: str, ledger: Ledger, limits: Limits) -> None:
        self._lines = self._decoded(stream)
        self._delimiter = delimiter
        self._ledger = ledger
        self._limits = limits
        self._back: deque[str] = deque()
        self._row_lines: list[str] = []  # of the row being read
        self._number = 0  # of the last line given
        self._rescues = 0
        self.width = 0  # of the header, once it is known
        self.failure: FormatError | None = None

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        reader: Iterator[list[str]] = csv.reader(self._feed(), delimiter=self._delimiter)
        while True:
            start = self._number + 1
            self._row_lines.clear()
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if self._unclosed():
                    reader = self._rescue(start)
                elif self._split_at_returns():
                    self._number = start - 1
                    reader = csv.reader(self._feed(), delimiter=self._delimiter)
                else:
                    self._ledger.skip(start, self._reason(str(error)), self._sample())
                continue
            if len(self._row_lines) > 1 and self._at_end() and self._unclosed():
                reader = self._rescue(start)
            elif len(row) > 1 or "".join(row).strip():
                yield start, row

    def _feed(self) -> Iterator[str]:
        while True:
            line = self._back.popleft() if self._back else next(self._lines, None)
            if line is None:
                return
            self._number += 1
            self._row_lines.append(line)
            yield line

    def _at_end(self) -> bool:
        if self._back:
            return False
        line = next(self._lines, None)
        if line is None:
            return True
        self._back.append(line)
        return False

    def _unclosed(self) -> bool:
        try:
            for _ in csv.reader(self._row_lines, delimiter=self._delimiter, strict=True):
                pass
        except csv.Error as error:
            return "end of data" in str(error) or "field limit" in str(error)
        return False

    def _rescue(self, start: int) -> Iterator[list[str]]:
        """Skip the line with the open quote and put the others back."""
        first, *others = self._row_lines or [""]
        self._rescues += 1
        self._number = start
        if self._is_one_row(others):
            self._ledger.skip(start, UNCLOSED, first)
            self._number += len(others)
        elif self._rescues > _MOST_RESCUES:
            self._ledger.skip(start, UNCLOSED, first, count=len(others) + 1)
            self._number += len(others)
        else:
            self._ledger.skip(start, UNCLOSED, first)
            self._back.extendleft(reversed(others))
        return csv.reader(self._feed(), delimiter=self._delimiter)

    def _is_one_row(self, lines: list[str]) -> bool:
        """Whether lines after an open quote are the inside of a cell, for none is a row."""
        if not lines or not self.width or len(lines) > _MOST_IN_CELL:
            return False
        return all(self._width(line) != self.width for line in lines)

    def _width(self, line: str) -> int:
        """How many fields a line has by itself; none if it is no row."""
        try:
            return len(next(csv.reader([line], delimiter=self._delimiter), []))
        except csv.Error:
            return 0

    def _split_at_returns(self) -> bool:
        """Put the row's lines back with carriage returns as line ends, as old Macs wrote them."""
        lines = [line.removesuffix("\n").removesuffix("\r") for line in self._row_lines]
        if not any("\r" in line for line in lines):
            return False
        pieces = [piece + "\n" for line in lines for piece in line.split("\r")]
        self._back.extendleft(reversed(pieces))
        return True

    def _reason(self, error: str) -> str:
        if "field limit" in error:
            return f"field over {size_text(self._limits.max_document_bytes)}"
        if "new-line" in error:
            return "stray carriage return"
        return "not a row"

    def _sample(self) -> str:
        return self._row_lines[0][:200] if self._row_lines else ""

    def _decoded(self, stream: BinaryIO) -> Iterator[str]:
        try:
            for first, lines, _ in line_blocks(stream, self._limits):
                for number, line in enumerate(lines, first):
                    if isinstance(line, LongLine):
                        self._ledger.skip(number, long_line(self._limits), line)
                        yield "\n"
                    else:
                        yield decoded(line.strip(b"\0"), self._ledger) + "\n"
        except FormatError as error:
            self.failure = error
