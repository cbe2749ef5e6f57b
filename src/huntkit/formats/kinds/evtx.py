"""Windows event log files (EVTX), through the Rust package of the same name.

A record is the dictionary that the package gives, ``{"Event": {...}}``, types included. Its number
is the EventRecordID. Times have microseconds: the package drops the seventh digit.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import orjson

from huntkit.core.errors import FormatError
from huntkit.formats.batch import Batch, Ledger
from huntkit.formats.format import Head, ReadOptions
from huntkit.formats.limits import Limits
from huntkit.formats.streams import seekable_copy, spooled

name = "evtx"
suffixes = frozenset({"evtx"})

DAMAGED_RECORD = "record is damaged"

# File header: size of its block and number of chunks; chunk header: first and last record number.
# Layout: https://github.com/libyal/libevtx/blob/main/documentation/
_FILE_HEADER = struct.Struct("<40xHH")
_CHUNK_HEADER = struct.Struct("<8sQQ")
_FIRST_CHUNK = 4096
_CHUNK_BYTES = 65536
_MOST_IN_CHUNK = 65536 // 28
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
    yield from ledger.settle(_batches(stream, ledger, limits))


def _batches(stream: BinaryIO, ledger: Ledger, limits: Limits) -> Iterator[Batch]:
    with seekable_copy(stream, limits) as (stream, failure):
        survey = _survey(stream)
        if not survey.torn:
            yield from _read(stream, survey, ledger, limits)
        else:
            with _completed(stream, limits) as whole:
                yield from _read(whole, survey, ledger, limits)
    if failure is not None:
        raise failure
    if survey.missing:
        raise FormatError(
            f"it is cut off: {survey.missing} of its {survey.chunks} chunks are not whole"
        )


def _read(stream: BinaryIO, survey: "_Survey", ledger: Ledger, limits: Limits) -> Iterator[Batch]:
    kept = 0
    numbers: list[int] = []
    records: list[dict[str, Any]] = []
    size = 0
    for record in _records(stream, ledger):
        try:
            value = orjson.loads(record["data"])
        except orjson.JSONDecodeError:
            ledger.skip(record["event_record_id"], DAMAGED_RECORD, record["data"])
            continue
        kept += 1
        numbers.append(_number(value, record["event_record_id"]))
        records.append(value)
        size += len(record["data"])
        if len(records) >= _BATCH_RECORDS or size >= limits.batch_bytes:
            yield ledger.batch(numbers, records=records)
            numbers, records, size = [], [], 0
    # The package passes over some damage in silence; the chunks say how many there should be.
    lost = survey.records - kept - ledger.total
    if lost > 0:
        ledger.skip(numbers[-1] if numbers else 0, DAMAGED_RECORD, count=lost)
    if records:
        yield ledger.batch(numbers, records=records)


@dataclass(slots=True)
class _Survey:
    """What the headers of file and chunks promise.

    Attributes:
        chunks: how many chunks of 64 KiB the file header counts.
        missing: how many of them are not there, or not whole.
        torn: the file ends inside a chunk.
        records: how many records the chunks that are there say they hold.
    """

    chunks: int = 0
    missing: int = 0
    torn: bool = False
    records: int = 0


def _survey(stream: BinaryIO) -> _Survey:
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    header = stream.read(_FILE_HEADER.size)
    survey = _Survey()
    if len(header) == _FILE_HEADER.size:
        first_chunk, survey.chunks = _FILE_HEADER.unpack(header)
        for at in range(survey.chunks):
            offset = first_chunk + at * _CHUNK_BYTES
            survey.missing += offset + _CHUNK_BYTES > size
            survey.torn |= offset < size < offset + _CHUNK_BYTES
            stream.seek(offset)
            chunk = stream.read(_CHUNK_HEADER.size)
            if len(chunk) == _CHUNK_HEADER.size:
                magic, first, last = _CHUNK_HEADER.unpack(chunk)
                if magic == _CHUNK_MAGIC and 0 <= last - first < _MOST_IN_CHUNK:
                    survey.records += last - first + 1
    stream.seek(0)
    return survey


def _completed(stream: BinaryIO, limits: Limits) -> BinaryIO:
    """The same with zeros up to a whole chunk, so that the records in the torn one are read."""
    whole, _ = spooled(stream, limits)
    size = whole.seek(0, io.SEEK_END)
    whole.write(bytes(-(size - _FIRST_CHUNK) % _CHUNK_BYTES))
    whole.seek(0)
    return whole


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


def _number(value: dict[str, Any], position: int) -> int:
    """The EventRecordID; in exported files the record's own header counts anew from 1.

    Both may be damaged: 0 where neither is a number that Windows could have got to.
    """
    try:
        number = value["Event"]["System"]["EventRecordID"]
    except (KeyError, TypeError):
        number = position
    numbers = (number, position)
    return next((each for each in numbers if type(each) is int and 0 <= each < 1 << 63), 0)


def _reason(text: str) -> str:
    return "chunk is damaged" if "chunk" in text.lower() else DAMAGED_RECORD
