"""Windows event log files (EVTX), through the Rust package of the same name.

A record is the dictionary that the package gives, ``{"Event": {...}}``, types included. Its number
is the EventRecordID. Times have microseconds: the package drops the seventh digit.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import orjson

from huntkit.core.errors import FormatError
from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits
from huntkit.formats.streams import seekable

name = "evtx"
suffixes = frozenset({"evtx"})

_MAGIC = b"ElfFile\0"
_CHUNK_MAGIC = b"ElfChnk\0"
_BATCH_RECORDS = 4096
_MOST_FAILURES = 100_000


def sniff(head: Head) -> int:
    """The signature of the file header."""
    return 100 if head.data.startswith(_MAGIC) else 0


def read(stream: BinaryIO, *, name: str, limits: Limits, options: ReadOptions) -> Iterator[Batch]:
    """The events, in the file's order; a damaged record or chunk is skipped and counted."""
    del name, options
    ledger = Ledger("evtx")
    stream, failure = seekable(stream, limits)
    numbers: list[int] = []
    records: list[dict[str, Any]] = []
    size = 0
    for record in _records(stream, ledger):
        try:
            value = orjson.loads(record["data"])
        except orjson.JSONDecodeError:
            ledger.skip(record["event_record_id"], "record is damaged", record["data"])
            continue
        numbers.append(record["event_record_id"])
        records.append(value)
        size += len(record["data"])
        if len(records) >= _BATCH_RECORDS or size >= limits.batch_bytes:
            yield ledger.batch(numbers, records=records)
            numbers, records, size = [], [], 0
    if records:
        yield ledger.batch(numbers, records=records)
    yield from ledger.last()
    if failure is not None:
        raise failure


def _records(stream: BinaryIO, ledger: Ledger) -> Iterator[dict[str, Any]]:
    """What the package gives, without what it stumbles over."""
    from evtx import PyEvtxParser  # noqa: PLC0415  detecting other formats need not load it

    last = 0
    try:
        iterator = iter(PyEvtxParser(stream, number_of_threads=1).records_json())
    except (RuntimeError, OSError, ValueError) as error:
        raise FormatError(f"it is not readable as EVTX: {error}") from None
    for _ in range(_MOST_FAILURES):
        try:
            for record in cast("Iterator[dict[str, Any]]", iterator):
                last = record["event_record_id"]
                yield record
        except (RuntimeError, OSError, ValueError) as error:
            ledger.skip(last, _reason(str(error)), str(error))
        else:
            return
    raise FormatError(f"it has more than {_MOST_FAILURES} damaged records; the rest was not read")


def _reason(text: str) -> str:
    return "chunk is damaged" if "chunk" in text.lower() else "record is damaged"
