"""One source file to parts: walk archives, find the format, read, map, write."""

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from polars.exceptions import PanicException

from huntkit.core.collecting import no_collecting
from huntkit.core.errors import Cancelled, FormatError
from huntkit.core.progress import Task
from huntkit.formats import Format, ReadOptions, detect
from huntkit.formats.archive import Member, visible, walk
from huntkit.formats.batch import Batch
from huntkit.formats.limits import Limits
from huntkit.formats.streams import take
from huntkit.sources.local.manifest import FIRST_FEW, MemberFacts, Part, Reason
from huntkit.sources.local.mapping import Clock, Mapper
from huntkit.sources.local.parts import PartWriter

HEAD_BYTES = 64 << 10  # how much of a file tells its format
UNKNOWN = "not a known log format"
_PACKED = {
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x04\x22\x4d\x18": "LZ4",
    b"MSCF\0\0\0\0": "cabinet",
}
BUFFER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of whole lines of a file of JSON lines: bytes ``start`` to ``end``."""

    start: int
    end: int
    first_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One file, or one piece of it, to be read into ``folder``."""

    path: Path
    folder: Path
    clock: Clock = field(default_factory=Clock)
    limits: Limits = field(default_factory=Limits)
    sha256: str = ""  # of the whole file, where it is known already
    piece: Piece | None = None
    prefix: str = ""


@dataclass(slots=True)
class Done:
    """What a job gave."""

    members: list[MemberFacts]
    parts: list[Part]
    broke: bool = False  # the reader itself failed: not worth keeping


def run(job: Job, task: Task) -> Done:
    """Read a file, or a piece of it, into parts.

    Never raises for what the file holds: a damaged file gives the rows before the damage and
    says the rest in its facts. Memory is bounded by the batches of the readers and the buffers
    of the writer.
    """
    writer = PartWriter(job.folder, prefix=job.prefix, zone=job.clock.zone_name())
    with no_collecting():
        if job.piece is not None:
            members = [_read_piece(job, job.piece, writer, task)]
        else:
            members = [_read_member(member, job, writer, task) for member in _members(job)]
        return Done(members, writer.close())


def _members(job: Job) -> Iterator[Member]:
    try:
        yield from walk(job.path, limits=job.limits)
    except OSError as failure:
        yield Member(visible(str(job.path)), error=failure.strerror or str(failure))


def _read_member(member: Member, job: Job, writer: PartWriter, task: Task) -> MemberFacts:
    inner = member.name.removeprefix(visible(str(job.path)))
    facts = MemberFacts(name=inner)
    if member.error:
        facts.error = member.error
        return facts
    try:
        with member.open() as stream:
            known = job.sha256 if not inner else ""
            hashing = HashingStream(stream, hashing=not known)
            _read_stream(hashing, facts, _Into(job, writer, task, member.name))
            facts.sha256 = known or hashing.finish()
    except FormatError as failure:
        facts.error = facts.error or str(failure)
    except OSError as failure:
        facts.error = facts.error or failure.strerror or str(failure)
    return facts


def _read_stream(stream: "HashingStream", facts: MemberFacts, into: "_Into") -> None:
    head = stream.peek(HEAD_BYTES)
    if not head:
        facts.format = "empty"
        return
    found = detect(head, into.name)
    if found is None:
        packed = next((name for magic, name in _PACKED.items() if head.startswith(magic)), "")
        facts.error = f"a {packed} archive: unpack it first" if packed else UNKNOWN
        return
    facts.format = found.name
    _map_batches(into.read(found, stream), facts, into)


def _read_piece(job: Job, piece: Piece, writer: PartWriter, task: Task) -> MemberFacts:
    facts = MemberFacts(name="")
    with job.path.open("rb") as whole:
        head = whole.read(HEAD_BYTES)
        found = detect(head, job.path.name)
        if found is None:  # the planner saw JSON lines a moment ago
            facts.error = "the file changed while it was read"
            return facts
        facts.format = found.name
        into = _Into(job, writer, task, job.path.name, piece.first_line - 1)
        _map_batches(into.read(found, _Window(whole, piece.start, piece.end)), facts, into)
    return facts


@dataclass(frozen=True, slots=True)
class _Into:
    """Where the rows of one member go."""

    job: Job
    writer: PartWriter
    task: Task
    name: str
    lines_before: int = 0

    def read(self, found: Format, stream: io.RawIOBase) -> Iterator[Batch]:
        """The batches of a stream."""
        buffered = io.BufferedReader(stream, BUFFER_BYTES)
        return found.read(buffered, name=self.name, limits=self.job.limits, options=ReadOptions())


def _map_batches(batches: Iterator[Batch], facts: MemberFacts, into: _Into) -> None:
    mapper = Mapper(name=into.name, clock=_dated(into.job))
    reasons: dict[str, Reason] = {}
    try:
        for batch in batches:
            into.task.check_cancelled()
            if into.lines_before:
                batch.numbers = _moved(batch.numbers, into.lines_before)
            _count_skips(batch, reasons, into.lines_before)
            facts.count_repairs(batch.context)
            for table, rows in mapper.map(batch):
                into.writer.add(table, rows, member=facts.name)
            facts.kept += batch.rows
        _finish(mapper, facts, into)
    except FormatError as failure:
        facts.error = str(failure)
        _finish(mapper, facts, into)
    except Cancelled:
        raise
    except (Exception, PanicException) as failure:  # noqa: BLE001  one file may not cost the others
        facts.error = f"huntkit failed on this file: {type(failure).__name__}: {failure}"[:500]
    facts.reasons = list(reasons.values())
    facts.skipped = sum(reason.count for reason in facts.reasons)
    facts.rows = facts.kept + facts.skipped


def _moved(numbers: Sequence[int], by: int) -> Sequence[int]:
    if isinstance(numbers, range) and numbers.step == 1:
        return range(numbers.start + by, numbers.stop + by)
    return [number + by for number in numbers]


def _dated(job: Job) -> Clock:
    """The job's clock, with the time at which the file was written."""
    try:
        written = datetime.fromtimestamp(job.path.stat().st_mtime, UTC)
    except (OSError, ValueError, OverflowError):
        return job.clock
    return replace(job.clock, file_time=written)


def _finish(mapper: Mapper, facts: MemberFacts, into: "_Into") -> None:
    for table, rows in mapper.finish():
        into.writer.add(table, rows, member=facts.name)


def _count_skips(batch: Batch, reasons: dict[str, Reason], lines_before: int) -> None:
    for text, count in batch.skipped.items():
        reasons.setdefault(text, Reason(text, 0)).count += count
    for skip in batch.skips:
        first = reasons.setdefault(skip.reason, Reason(skip.reason, 0)).first
        if len(first) < FIRST_FEW:
            first.append({"number": skip.number + lines_before, "sample": skip.sample})


class HashingStream(io.RawIOBase):
    """A stream that hashes what is read through it, and can look ahead once at its start."""

    def __init__(self, stream: BinaryIO, *, hashing: bool = True) -> None:
        self._stream = stream
        self._hashing = hashing
        self._digest = hashlib.sha256()
        self._ahead = b""
        self._failure: FormatError | None = None

    def peek(self, size: int) -> bytes:
        """The first bytes, which are read again later."""
        while len(self._ahead) < size and (more := self._take(size - len(self._ahead))):
            self._ahead += more
        return self._ahead

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # io's Buffer
        """Fill a buffer, from what was looked at ahead first."""
        if self._ahead:
            size = min(len(buffer), len(self._ahead))
            buffer[:size] = self._ahead[:size]
            self._ahead = self._ahead[size:]
            return size
        data = self._take(len(buffer))
        if not data and self._failure is not None:
            raise self._failure
        buffer[: len(data)] = data
        return len(data)

    def _take(self, size: int) -> bytes:
        """Bytes that came before the stream broke; the failure is kept for the next call."""
        data = b""
        if self._failure is None:
            data, self._failure = take(self._stream, size)
            self._hash(data)
        return data

    def _hash(self, data: bytes) -> None:
        if self._hashing:
            self._digest.update(data)

    def finish(self) -> str:
        """The hash of the whole stream; reads what a reader left."""
        while self._take(BUFFER_BYTES):
            pass
        if self._failure is not None:
            raise self._failure
        return self._digest.hexdigest()


class _Window(io.RawIOBase):
    """Bytes ``start`` to ``end`` of an open file."""

    def __init__(self, file: io.BufferedReader, start: int, end: int) -> None:
        file.seek(start)
        self._file = file
        self._left = end - start

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # io's Buffer
        """Fill a buffer with what is left of the window."""
        size = self._file.readinto(memoryview(buffer)[: self._left])
        self._left -= size
        return size
