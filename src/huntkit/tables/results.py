"""The rows of an engine's answer: no more of them than memory holds, or a piece at a time."""

import re
from collections.abc import Iterable, Iterator

import duckdb
import polars as pl
import pyarrow as pa

from huntkit.core.errors import ResultTooLarge
from huntkit.tables.frames import is_strange, to_polars

# Few, because a single value may be long and pieces are weighed once they are there.
_ROWS_AT_ONCE = 8192
_PIECE_ROWS = 122_880
_PIECE_BYTES = 32 << 20
# The engine takes four fifths of the machine's memory at most. While an answer becomes another
# kind of frame it is held twice, and short texts grow on the way.
_SHARE = 3
_UNITS = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SIZE = re.compile(r"([\d.]+) (\w+)")
_FALLBACK = 2 << 30


def default_bytes(connection: duckdb.DuckDBPyConnection) -> int:
    """How large an answer may be: about a quarter of the memory that this process may use."""
    told = connection.execute("SELECT current_setting('memory_limit')").fetchall()
    found = _SIZE.fullmatch(str(told[0][0]))
    if found is None or found[2] not in _UNITS:
        return _FALLBACK
    return int(float(found[1]) * _UNITS[found[2]]) // _SHARE


def collected(relation: duckdb.DuckDBPyRelation, *, most_bytes: int) -> pl.DataFrame:
    """All rows of an answer; sums are 128-bit in the engine and 64-bit here, where they fit.

    Raises:
        ResultTooLarge: it is larger than ``most_bytes``; no more than that was held.
        duckdb.Error: what the engine met on the way.
        UsageError: two columns have the same name.

    Examples:
        >>> collected(duckdb.sql("FROM range(3)"), most_bytes=1000)["range"].to_list()
        [0, 1, 2]
        >>> collected(duckdb.sql("FROM range(10_000_000_000)"), most_bytes=1_000_000)
        Traceback (most recent call last):
        ...
        huntkit.core.errors.ResultTooLarge: the answer is too large to hold: 131,072 rows ...
    """
    wide = _wide(relation)
    reader = relation.to_arrow_reader(_ROWS_AT_ONCE)
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in _batches(reader):
        rows += batch.num_rows
        size += _weight(batch)
        if size > most_bytes:
            raise ResultTooLarge(rows, most_bytes)
        held.append(batch)
    frame = to_polars(pa.Table.from_batches(held, reader.schema))
    for name in wide:
        narrow = frame[name].cast(pl.Int64, strict=False)
        if narrow.null_count() == frame[name].null_count():
            frame = frame.with_columns(narrow)
    return frame


def pieces(relation: duckdb.DuckDBPyRelation, *, most_bytes: int) -> Iterator[pl.DataFrame]:
    """The rows of an answer of any length, a frame at a time, all with the same columns and types.

    A frame has some 100,000 rows, fewer where they are long. An answer without rows gives one
    empty frame. Where a column's type depends on all of its
    values (128-bit sums, intervals), the answer is collected first, and ``most_bytes`` holds.

    Examples:
        >>> [each.height for each in pieces(duckdb.sql("FROM range(200_000)"), most_bytes=1000)]
        [122880, 77120]
    """
    if _wide(relation):
        yield collected(relation, most_bytes=most_bytes)
        return
    reader = relation.to_arrow_reader(_ROWS_AT_ONCE)
    if any(is_strange(column.type) for column in reader.schema):
        reader.close()
        yield collected(relation, most_bytes=most_bytes)
        return
    held: list[pa.RecordBatch] = []
    given = False
    for batch in _batches(reader):
        held.append(batch)
        if sum(each.num_rows for each in held) >= _PIECE_ROWS or _bytes(held) >= _PIECE_BYTES:
            given = True
            yield to_polars(pa.Table.from_batches(held))
            held.clear()
    if held or not given:
        yield to_polars(pa.Table.from_batches(held, reader.schema))


def _wide(relation: duckdb.DuckDBPyRelation) -> list[str]:
    kinds = map(str, relation.types)
    return [name for name, kind in zip(relation.columns, kinds, strict=True) if "HUGEINT" in kind]


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """What the reader gives; the engine's faults come through it under Arrow's names."""
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        except (OSError, pa.ArrowException) as problem:
            raise duckdb.Error(str(problem)) from problem
        yield batch


def _bytes(batches: Iterable[pa.RecordBatch]) -> int:
    return sum(map(_weight, batches))


def _weight(batch: pa.RecordBatch) -> int:
    """Bytes; a value has one at least, though Arrow keeps eight of some in a byte."""
    return max(int(batch.nbytes), int(batch.num_rows * batch.num_columns))
