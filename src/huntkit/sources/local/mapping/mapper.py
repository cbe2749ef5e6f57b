"""The mapper of one source file: batches of records to tables."""

from typing import Any

import polars as pl

from huntkit.sources.local.mapping import exports, windows
from huntkit.sources.local.mapping.layouts import Layout, layouts
from huntkit.sources.local.mapping.times import Clock

Frames = list[tuple[str, pl.DataFrame]]


class Mapper:
    """Maps the batches of one source file, in their order, to known tables."""

    def __init__(self, *, name: str, clock: Clock | None = None) -> None:
        self._name = name
        self._clock = clock or Clock()
        self._memory = windows.Memory(clock=self._clock)

    def map(self, batch: Any) -> Frames:
        """The tables that a batch's records feed. Takes the records over."""
        numbers = list(batch.numbers)
        if batch.columns is not None:
            return self._table(dict(batch.columns), numbers)
        found: Frames = []
        groups: dict[str, tuple[Layout, list[Any], list[int]]] = {}
        others: list[dict[str, Any]] = []
        their_numbers: list[int] = []
        tried = layouts()
        last = None
        take: Any = None
        for row, number in zip(batch.records, numbers, strict=True):
            if last is None or not last.fits(row):
                last = next((each for each in tried if each.fits(row)), None)
                if last is None:
                    others.append(row)
                    their_numbers.append(number)
                    continue
                take = groups.setdefault(last.name, (last, [], []))
            take[1].append(row)
            take[2].append(number)
        for layout, some, their in groups.values():
            if layout.gives:
                found += self._rows([dict(row) for row in some], their)
            found += windows.frames(layout.read(some, their), self._memory)
        return found + self._rows(others, their_numbers)

    def _rows(self, rows: list[dict[str, Any]], numbers: list[int]) -> Frames:
        if not rows:
            return []
        names = dict.fromkeys(name for row in rows for name in row)
        return self._table({name: [row.get(name) for row in rows] for name in names}, numbers)

    def _table(self, columns: dict[str, list[Any]], numbers: list[int]) -> Frames:
        table = exports.guess(columns) or exports.identifier(self._name)
        return [(table, exports.frame_of(table, columns, numbers, self._clock))]

    def finish(self) -> Frames:
        """What was held back until the end of the file."""
        return []
