"""The events of a file, one row a record, with the fields that the file has."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from huntkit.core.errors import FormatError
from huntkit.formats import ReadOptions, detect
from huntkit.formats.archive import Member, walk
from huntkit.formats.batch import Batch
from huntkit.formats.format import HEAD_BYTES
from huntkit.formats.limits import DEFAULT
from huntkit.sources.column_types import json_text, numbers
from huntkit.sources.driver import Gap

_DOUBLES: Final = range(-(1 << 53), (1 << 53) + 1)  # integers that a float64 holds


@dataclass(slots=True)
class Events:
    """Records as they come in.

    Attributes:
        rows: the records, each with ``_file`` and ``_record``.
        problems: what could not be read, and why.
        cut: there were more than wanted.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    cut: bool = False

    def table(self) -> pa.Table:
        """All rows; a column is what all its values are, objects and mixtures as JSON text."""
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        own = [each for each in ("_file", "_record") if each in names]
        ordered = [*(each for each in names if each not in own), *own]
        columns = {name: _column([row.get(name) for row in self.rows]) for name in ordered}
        return pa.table(columns)

    def gaps(self, most: int) -> list[Gap]:
        """What is missing."""
        found = [Gap(each, helps="nothing") for each in self.problems]
        if self.cut:
            found.append(Gap(f"only the first {most:,} events were read (max_rows=)", "nothing"))
        return found


def read_events(paths: Sequence[Path], *, most: int, check: Callable[[], object]) -> Events:
    """The records of files, also within archives; nothing is unpacked to disk.

    Args:
        paths: the files.
        most: stop after so many.
        check: called between batches; raises to stop.
    """
    found = Events()
    for path in paths:
        for member in _members(path, found):
            check()
            try:
                _read(member, found, most, check)
            except (FormatError, OSError) as problem:
                found.problems.append(f"{member.name}: {problem}")
            if found.cut:
                return found
    return found


def _members(path: Path, found: Events) -> Iterator[Member]:
    try:
        yield from walk(path)
    except OSError as problem:
        found.problems.append(f"{path}: {problem.strerror or problem}")


def _read(member: Member, found: Events, most: int, check: Callable[[], object]) -> None:
    if member.error:
        found.problems.append(f"{member.name}: {member.error}")
        return
    head = member.head(HEAD_BYTES)
    if not head:
        return
    kind = detect(head, member.name)
    if kind is None:
        found.problems.append(f"{member.name}: not a known log format")
        return
    skipped = 0
    with member.open() as stream:
        buffered = io.BufferedReader(_raw(stream))
        batches = kind.read(buffered, name=member.name, limits=DEFAULT, options=ReadOptions())
        for batch in batches:
            check()
            skipped += batch.skipped.total()
            for number, row in zip(batch.numbers, _rows(batch), strict=True):
                if len(found.rows) >= most:
                    found.cut = True
                    return
                found.rows.append({**row, "_file": member.name, "_record": number})
    if skipped:
        found.problems.append(f"{member.name}: {skipped:,} records could not be read")


def _raw(stream: Any) -> Any:
    """What a buffer can stand on."""
    return stream.raw if isinstance(stream, io.BufferedReader) else stream


def _rows(batch: Batch) -> Iterator[dict[str, Any]]:
    if batch.records is not None:
        yield from batch.records
    elif batch.columns is not None:
        names = list(batch.columns)
        for values in zip(*batch.columns.values(), strict=True):
            yield dict(zip(names, values, strict=True))
    elif batch.table is not None:
        yield from batch.table.iter_rows(named=True)


def _column(values: Sequence[Any]) -> pa.Array:
    kinds = {type(each) for each in values if each is not None}
    if kinds <= {str}:
        return pa.array(values, pa.string())
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int}:
        return numbers(values)
    whole = (each for each in values if isinstance(each, int))
    if kinds <= {int, float} and all(each in _DOUBLES for each in whole):
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    texts = [v if v is None or isinstance(v, str) else json_text(v) for v in values]
    return pa.array(texts, pa.string())
