"""The mapper of one source file: batches of records to tables."""

from typing import Any

import polars as pl

from huntkit.formats.batch import Batch
from huntkit.sources.local.mapping import exports, windows
from huntkit.sources.local.mapping.collect import Collector
from huntkit.sources.local.mapping.layouts import Layout, layouts
from huntkit.sources.local.mapping.times import Clock

Frames = list[tuple[str, pl.DataFrame]]
Row = dict[str, Any]
_SLICE = 512
Group = tuple[Layout | None, list[Row], list[int]]


class Mapper:
    """Maps the batches of one source file, in their order, to known tables."""

    def __init__(self, *, name: str, clock: Clock | None = None) -> None:
        self._name = name
        self._clock = clock or Clock()
        self._memory = windows.Memory(clock=self._clock)
        self._collectors: dict[str, Collector] = {}
        self._likely: Layout | None = None

    def map(self, batch: Batch) -> Frames:
        """The tables that are ready; Windows events are held until there are thousands.

        Takes the batch's records over: they are changed.
        """
        if batch.columns is not None:
            return self._table(dict(batch.columns), list(batch.numbers))
        found: Frames = []
        rows, numbers = batch.records or [], batch.numbers
        for start in range(0, len(rows), _SLICE):
            end = start + _SLICE
            found += self._slice(rows[start:end], list(numbers[start:end]))
        return found

    def finish(self) -> Frames:
        """What was held back until the end of the file."""
        found: Frames = []
        for collector in self._collectors.values():
            found += windows.frames(collector, self._memory)
        return found

    def _slice(self, rows: list[Row], numbers: list[int]) -> Frames:
        found: Frames = []
        others: list[Row] = []
        their_numbers: list[int] = []
        for layout, some, their in _by_layout(rows, numbers, self._likely):
            if layout is None:
                others += some
                their_numbers += their
                continue
            self._likely = layout
            if layout.gives:
                found += self._rows([dict(row) for row in some], their)
            collector = self._collectors.get(layout.name)
            if collector is None:
                collector = self._collectors[layout.name] = Collector(layout)
            collector.add(layout.read(some, their))
            if collector.full:
                found += windows.frames(collector, self._memory)
        return found + self._rows(others, their_numbers)

    def _rows(self, rows: list[Row], numbers: list[int]) -> Frames:
        if not rows:
            return []
        names = dict.fromkeys(name for row in rows for name in row)
        return self._table({name: [row.get(name) for row in rows] for name in names}, numbers)

    def _table(self, columns: dict[str, list[Any]], numbers: list[int]) -> Frames:
        table = exports.guess(columns) or exports.identifier(self._name)
        return [(table, exports.frame_of(table, columns, numbers, self._clock))]


def _by_layout(rows: list[Row], numbers: list[int], likely: Layout | None) -> list[Group]:
    """The records by the layout that they are written in; None for no Windows event."""
    if likely is not None and likely.fits_all(rows):
        return [(likely, rows, numbers)]
    found: dict[str, Group] = {}
    for row, number in zip(rows, numbers, strict=True):
        layout = next((each for each in layouts() if each.fits(row)), None)
        _, its, their = found.setdefault(layout.name if layout else "", (layout, [], []))
        its.append(row)
        their.append(number)
    return list(found.values())
