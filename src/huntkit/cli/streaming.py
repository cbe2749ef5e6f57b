"""Write the answer to a query as it comes, so that it need not fit in memory."""

import itertools
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pyarrow.parquet as pq

from huntkit.cli.frame import note
from huntkit.cli.grid import print_table
from huntkit.cli.options import Writing
from huntkit.cli.output import ROWS_ON_A_TERMINAL, emit, save, to_terminal, write_csv, write_ndjson
from huntkit.core.errors import ResultTooLarge
from huntkit.core.text import visible
from huntkit.tables import as_kind

Frames = Iterator[pl.DataFrame]
_Writer = Callable[..., None]
Eyes = Callable[[pl.DataFrame], pl.DataFrame]
_COUNTED = 1 << 30  # bytes of rows that are not shown


class Taken:
    """The first rows of an answer, and how many more there are.

    The rest is counted and not held. An answer may have no end: the counting ends after a
    gigabyte.

    Attributes:
        rows: how many were given.
        total: how many there are, as far as counted.
        counted: whether that is all of them.
    """

    def __init__(self, frames: Frames, limit: int | None) -> None:
        self._frames = frames
        self._limit = limit
        self.rows = self.total = 0
        self.counted = True

    def __iter__(self) -> Generator[pl.DataFrame, None, None]:
        for frame in self._frames:
            room = frame.height if self._limit is None else self._limit - self.rows
            part = frame.head(room)
            self.rows += part.height
            first = not self.total
            self.total += frame.height
            if part.height or first:
                yield part
            if part.height < frame.height:
                self._count()
                return

    def _count(self) -> None:
        size = 0
        for frame in self._frames:
            self.total += frame.height
            size += _weight(frame)
            if size > _COUNTED:
                self.counted = False
                return

    def say_rest(self, how: str) -> None:
        """Say what was left out."""
        if self.rows < self.total:
            of = f"{self.total:,}" if self.counted else f"more than {self.total:,}"
            note(f"{self.rows:,} of {of} rows shown; {how}")


def emit_pieces(
    frames: Frames, writing: Writing, *, title: str, eyes: Eyes | None, most_bytes: int
) -> None:
    """Hand an answer over as `huntkit.cli.output.emit` does, but hold no more than must be.

    Files for programs and pipes get the rows as they come. A table on a terminal holds the rows
    that it shows, a page all of them.

    Args:
        frames: the answer, one frame at least, all of one schema.
        writing: what the options say.
        title: what the answer is.
        eyes: the answer as people read it.
        most_bytes: how much may be held.

    Raises:
        ResultTooLarge: what must be held is more.
    """
    on_screen = to_terminal(writing)
    limit = writing.limit or None
    if writing.limit is None and on_screen:
        limit = ROWS_ON_A_TERMINAL
    taken = Taken(frames, limit)
    ending = writing.output.suffix.lower() if writing.output else ""
    if on_screen:
        rows = _held(taken, most_bytes)
        if rows.height:
            print_table(eyes(rows) if eyes else rows, title=title)
        else:
            print(f"{visible(title)}: none")
    elif writing.output is None or str(writing.output) == "-":
        sys.stdout.flush()
        for each in taken:
            write_ndjson(each, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    elif ending in _WRITERS:
        _save(taken, writing.output, _WRITERS[ending], raw=writing.raw)
    else:
        rows = _held(taken, most_bytes)
        emit(rows, Writing(output=writing.output, force=writing.force), title=title, eyes=eyes)
    taken.say_rest("--limit 0 shows all" if on_screen else "by --limit")


def _weight(frame: pl.DataFrame) -> int:
    return max(int(frame.estimated_size()), frame.height)


def _held(frames: Iterable[pl.DataFrame], most_bytes: int) -> pl.DataFrame:
    held: list[pl.DataFrame] = []
    size = rows = 0
    for frame in frames:
        rows += frame.height
        size += _weight(frame)
        if size > most_bytes:
            raise ResultTooLarge(rows, most_bytes)
        held.append(frame)
    return pl.concat(held)


def _save(taken: Taken, path: Path, write: _Writer, *, raw: bool) -> None:
    save(path, lambda stream: write(iter(taken), stream, raw=raw))
    note(f"{taken.rows:,} {'row' if taken.rows == 1 else 'rows'} written to {path}")


def _write_ndjson(frames: Frames, stream: BinaryIO, *, raw: bool) -> None:  # noqa: ARG001
    for frame in frames:
        write_ndjson(frame, stream)


def _write_csv(frames: Frames, stream: BinaryIO, *, raw: bool) -> None:
    for place, frame in enumerate(frames):
        write_csv(frame, stream, raw=raw, header=place == 0)


def _write_parquet(frames: Frames, stream: BinaryIO, *, raw: bool) -> None:  # noqa: ARG001
    first = as_kind(next(frames), "arrow")
    with pq.ParquetWriter(stream, first.schema, compression="zstd") as writer:
        for table in itertools.chain([first], (as_kind(each, "arrow") for each in frames)):
            writer.write_table(table)


_WRITERS: dict[str, _Writer] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".ndjson": _write_ndjson,
    ".jsonl": _write_ndjson,
}
