"""Batches of a file that wait until it told whether the day or the month of its dates is first.

How it tells: `huntkit.tables.dates`. Here all of a file is asked, as far as it is known.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from huntkit.formats.batch import Batch
from huntkit.sources.local.mapping.series import texts
from huntkit.tables.dates import DayOrder

__all__ = ["DayOrder", "Waiting", "look", "may_be_slashed", "slashed_columns"]

_SAMPLE = re.compile(r"^\s*[0-9]{1,2}\s*[/-]\s*[0-9]{1,2}\s*[/-]\s*[0-9]{4}")
_AFTER_DIGITS = (
    ":"  # the first text that a date, or a blank before it, can't be; quicker than asking
)
_NAME = re.compile(r"time|date|stamp|created|seen", re.IGNORECASE)
PATIENCE_BYTES = 64 << 20
_CELL_BYTES = 60  # what a short text costs beside its letters
_OBJECTS = 3  # parsed records take so much more than their text
_FEW = 20


def look(order: DayOrder, columns: Mapping[str, Sequence[Any]]) -> bool:
    """Take notice of columns of text; whether a later value may still tell how to read one."""
    for name, values in columns.items():
        if order.is_shown(name):
            continue
        sample = next((value for value in values if value), None)
        if isinstance(sample, str) and (_SAMPLE.match(sample) or _NAME.search(name)):
            order.hear(name, texts(name, values))
    return order.is_open


def slashed_columns(records: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Records' fields that hold dates whose order is to be settled, as columns.

    Only a few records are looked at, since nearly no file has such dates; if they have one, all of
    the records' fields of that name are given.

    Examples:
        >>> slashed_columns([{"at": "05/12/2020 10:00", "n": 1}, {"at": None}])
        {'at': ['05/12/2020 10:00', None]}
    """
    some = records if len(records) < _FEW else (records[0], records[len(records) // 2], records[-1])
    names = {
        name
        for record in some
        for name, value in record.items()
        if type(value) is str and value < _AFTER_DIGITS and _SAMPLE.match(value)
    }
    return {name: [record.get(name) for record in records] for name in sorted(names)}


class Waiting:
    """Batches that wait for a later one to tell how their dates are to be read.

    They wait for as many as `PATIENCE_BYTES` hold in memory, roughly, so that all of a usual file
    is read in one way.

    Args:
        order: the file's; it takes notice of each batch.
    """

    def __init__(self, order: DayOrder) -> None:
        self._order = order
        self._batches: list[Batch] = []
        self._bytes = 0
        self._patient = True

    def take(self, batch: Batch) -> list[Batch]:
        """The batches that wait no longer, in their order."""
        self._batches.append(batch)
        if batch.columns is not None:
            is_open = look(self._order, batch.columns)
        elif batch.kind == "json" and batch.records:
            columns = slashed_columns(batch.records)
            is_open = (bool(columns) or self._is_waiting) and look(self._order, columns)
        else:
            return self.rest()
        if not (is_open and self._patient):
            return self.rest()
        self._bytes += _size(batch)
        if self._bytes < PATIENCE_BYTES:
            return []
        self._patient = False
        return self.rest()

    @property
    def _is_waiting(self) -> bool:
        return len(self._batches) > 1

    def rest(self) -> list[Batch]:
        """All that still wait."""
        batches, self._batches, self._bytes = self._batches, [], 0
        return batches


def _size(batch: Batch) -> int:
    """Roughly what a batch takes in memory."""
    if batch.columns is None:
        return _OBJECTS * sum(len(repr(record)) for record in batch.records or ())
    return sum(
        _CELL_BYTES + (len(value) if isinstance(value, str) else 0)
        for values in batch.columns.values()
        for value in values
    )


def may_be_slashed(values: Sequence[Any]) -> bool:
    """Whether a value may be a date with slashes or hyphens whose order is to be settled.

    Columns of ISO times of our decades, as nearly all are, are told apart at the speed of C.

    Examples:
        >>> may_be_slashed(["2020-12-05T10:00:00Z", "2020-12-06 10:00"])
        False
        >>> may_be_slashed(["2020-12-05T10:00:00Z", "06-12-2020 10:00"])
        True
    """
    try:
        text = "\n".join(("", *values))
    except TypeError:  # some are missing, or no texts
        return True
    begin = text.count("\n202")
    if begin != len(values):
        begin += text.count("\n201")
    return not begin == len(values) == text.count("\n")
