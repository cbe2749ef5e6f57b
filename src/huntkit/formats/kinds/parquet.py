"""Parquet files and Arrow IPC files and streams: already tables, given as tables.

A batch's `table` holds a Polars frame with the file's own types; numbers are row positions.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from huntkit.core.errors import FormatError
from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits
from huntkit.formats.streams import seekable_copy

if TYPE_CHECKING:
    import pyarrow as pa

name = "parquet"
suffixes = frozenset({"parquet", "arrow", "feather", "ipc", "arrows"})

_PARQUET = b"PAR1"
_ARROW_FILE = b"ARROW1"
_ARROW_STREAM = b"\xff\xff\xff\xff"


def sniff(head: Head) -> int:
    """The magic numbers; an Arrow stream has only a weak one."""
    if head.data.startswith((_PARQUET, _ARROW_FILE)):
        return 100
    return 30 if head.data.startswith(_ARROW_STREAM) and b"\x10\0\0\0" in head.data[:64] else 0


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """The rows, in batches of `limits.batch_rows`; a damaged row group ends the file."""
    del name, options
    import polars as pl  # noqa: PLC0415  detecting other formats need not load it

    ledger = Ledger("parquet")
    with seekable_copy(stream, limits) as (stream, failure):
        if failure is not None:
            raise failure
        number = 1
        for piece in _pieces(stream, limits):
            table = pl.DataFrame(pl.from_arrow(piece))
            yield ledger.batch(range(number, number + len(table)), table=table)
            number += len(table)


def _pieces(stream: BinaryIO, limits: Limits) -> Iterator["pa.RecordBatch"]:
    import pyarrow as pa  # noqa: PLC0415  as above

    try:
        yield from _opened(stream, limits)
    except (pa.ArrowException, OSError, ValueError, EOFError, MemoryError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"it is damaged or cut off: {error}") from None


def _opened(stream: BinaryIO, limits: Limits) -> Iterator["pa.RecordBatch"]:
    import pyarrow as pa  # noqa: PLC0415  as above
    import pyarrow.parquet as pq  # noqa: PLC0415  as above

    magic = stream.read(6)
    stream.seek(0)
    if magic.startswith(_PARQUET):
        with pq.ParquetFile(stream) as file:
            yield from file.iter_batches(batch_size=limits.batch_rows, use_threads=False)
        return
    if magic.startswith(_ARROW_FILE):
        with pa.ipc.open_file(stream) as reader:
            for at in range(reader.num_record_batches):
                yield reader.get_batch(at)
        return
    with pa.ipc.open_stream(stream) as reader:
        yield from reader
