"""The members of a zip archive, also of one that is cut off.

Layout: PKWARE APPNOTE 6.3, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from huntkit.formats.limits import MIB
from huntkit.formats.streams import DAMAGE, Meter, Pieces, bounded, damaged

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_LOCAL_MAGIC = b"PK\x03\x04"
_ENCRYPTED = 0x1
_SIZES_FOLLOW = 0x8
_UTF8 = 0x800
_PIECE = 1 << 18
_END_MAGIC = b"PK\x05\x06"
_END_BYTES = 22
_MOST_COMMENT = 0xFFFF


@dataclass(slots=True)
class Entry:
    """A member as an archive lists it; `open` gives a bounded stream, or it has an `error`."""

    name: str
    size: int | None = None
    error: str | None = None
    open: Callable[[], BinaryIO] | None = None


def zip_members(stream: BinaryIO, top: Meter) -> Generator[Entry]:
    """The files in a zip; without its directory (cut off), those whose beginnings are found."""
    try:
        archive = zipfile.ZipFile(stream)
    except DAMAGE:
        yield from _scan(stream, top)
        return
    with archive:
        # Not `is_dir`, which fails on a member without a name.
        files = [info for info in archive.infolist() if not info.filename.endswith("/")]
        apart = _apart(files)
        for info in files:
            entry = Entry(info.filename or "(no name)", info.file_size)
            if id(info) not in apart:
                entry.error = (
                    "its bytes in the archive are those of another member, too, which makes a zip"
                    " bomb; the first of them is read"
                )
            elif info.flag_bits & _ENCRYPTED:
                entry.error = "it is encrypted; unpack it with its password first"
            else:
                entry.open = _opener(archive, info, Meter(top.limits, info.compress_size, top))
            yield entry


def bytes_before(stream: BinaryIO) -> int:
    """How much stands in front of a zip archive that ends this file; 0 if none does.

    Self-extracting archives begin with a program, and a file may be two things at once. A few
    bytes that look like the end of an archive are not enough: its directory must be there, and
    say where a member begins.
    """
    size = stream.seek(0, io.SEEK_END)
    for length in (_END_BYTES, _END_BYTES + _MOST_COMMENT):
        stream.seek(max(size - length, 0))
        tail = stream.read(length)
        at = tail.rfind(_END_MAGIC)
        if at >= 0 and at + _END_BYTES <= len(tail):
            break
    else:
        return 0
    try:
        with zipfile.ZipFile(stream) as archive:
            first = min((info.header_offset for info in archive.infolist()), default=0)
        stream.seek(max(first, 0))
        return first if stream.read(4) == _LOCAL_MAGIC else 0
    except DAMAGE:
        return 0


def _apart(files: list[zipfile.ZipInfo]) -> set[int]:
    """Which members have their bytes for themselves, by identity; of those that share, the first.

    Members over the same bytes unpack to far more than the archive's size, without any of them
    being packed suspiciously well (David Fifield: A better zip bomb, 2019).
    """
    apart, end = set(), 0
    for info in sorted(files, key=lambda info: info.header_offset):
        if info.header_offset >= end:
            apart.add(id(info))
            name = len(
                info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437", "replace")
            )
            end = info.header_offset + _LOCAL.size + name + info.compress_size
    return apart


def _opener(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter
) -> Callable[[], BinaryIO]:
    def opener() -> BinaryIO:
        try:
            return bounded(archive.open(info), meter)
        except DAMAGE as error:
            raise damaged(error) from None

    return opener


def _scan(stream: BinaryIO, top: Meter) -> Iterator[Entry]:
    """Members by their local headers, for an archive whose end, and so its directory, is gone."""
    offset, found = 0, 0
    while (offset := _next_header(stream, offset)) >= 0:
        stream.seek(offset)
        header = stream.read(_LOCAL.size)
        if len(header) < _LOCAL.size:
            break
        _, _, flags, method, _, _, _, packed, size, name_len, extra_len = _LOCAL.unpack(header)
        name = stream.read(name_len).decode("utf-8" if flags & _UTF8 else "cp437", "replace")
        start = offset + _LOCAL.size + name_len + extra_len
        found += 1
        known = not flags & _SIZES_FOLLOW
        entry = Entry(name, size if known else None)
        if flags & _ENCRYPTED:
            entry.error = "it is encrypted; unpack it with its password first"
        elif method not in (0, 8) or (method == 0 and not known):
            entry.error = "the archive is cut off and this member's extent is not known"
        else:
            entry.open = _raw_opener(stream, start, packed if known else None, method, top)
        if not name.endswith("/"):
            yield entry
        offset = start + packed if known else start
    yield Entry("", error=f"the archive is cut off or damaged; members found in it: {found}")


def _next_header(stream: BinaryIO, offset: int) -> int:
    """Where the next local header begins, from `offset` on, or -1."""
    stream.seek(offset)
    tail = b""
    while piece := stream.read(_PIECE):
        window = tail + piece
        at = window.find(_LOCAL_MAGIC)
        if at >= 0:
            return offset - len(tail) + at
        offset += len(piece)
        tail = window[-3:]
    return -1


def _raw_opener(
    stream: BinaryIO, start: int, packed: int | None, method: int, top: Meter
) -> Callable[[], BinaryIO]:
    meter = Meter(top.limits, packed if packed is not None else None, top)
    return lambda: bounded(_RawMember(stream, start, packed, method), meter)


class _RawMember(Pieces):
    """The bytes of one member from its local header alone."""

    def __init__(self, stream: BinaryIO, start: int, packed: int | None, method: int) -> None:
        super().__init__()
        self._stream, self._at, self._left = stream, start, packed
        self._codec = zlib.decompressobj(-zlib.MAX_WBITS) if method else None
        self._tail = b""

    def piece(self, count: int) -> bytes:
        """The next unpacked bytes."""
        return self._inflate(count) if self._codec else self._packed(count)

    def _packed(self, count: int) -> bytes:
        count = min(count, MIB if self._left is None else self._left)
        if count == 0:
            return b""
        self._stream.seek(self._at)
        data = self._stream.read(count)
        if not data:
            raise EOFError
        self._at += len(data)
        if self._left is not None:
            self._left -= len(data)
        return data

    def _inflate(self, count: int) -> bytes:
        codec = self._codec
        if codec is None:
            return b""
        while not codec.eof:
            source = self._tail or self._packed(_PIECE)
            data = codec.decompress(source, count)
            self._tail = codec.unconsumed_tail
            if data:
                return data
            if not source:
                raise EOFError
        return b""
