"""How a set of files is cut into jobs: most are one job; a big file of JSON lines is many."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson

from huntkit.sources.local.crew import SURELY_BYTES
from huntkit.sources.local.ingest import HEAD_BYTES, Piece

SPLIT_BYTES = SURELY_BYTES  # files of JSON lines beyond this size are read in pieces
PIECE_BYTES = 96 << 20
LAST_BYTES = 24 << 20  # the last pieces are small, so that no worker has much left when others end
BLOCK_BYTES = 1 << 20
NEWLINE = 0x0A

# Compressed logs grow about this much when read; used only to guess the work.
_PACKED = {".zip": 12, ".gz": 12, ".tgz": 12, ".bz2": 14, ".xz": 16}


def work_bytes(path: Path, size: int) -> int:
    """A guess of how much text a file holds."""
    return size * _PACKED.get(path.suffix.lower(), 1)


def can_split(path: Path, size: int) -> bool:
    """True for a big file whose first lines are JSON objects."""
    if size < SPLIT_BYTES:
        return False
    with path.open("rb") as file:
        lines = file.read(HEAD_BYTES).split(b"\n")[:-1]
    return len(lines) > 1 and all(_is_object(line) for line in lines[:2])


def hash_file(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Cutter:
    """Cut a file into pieces of whole lines, and hash it on the way.

    ``sha256`` is there when the last piece was taken.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.sha256 = ""

    def pieces(self) -> Iterator[Piece]:
        """Pieces in order, each as soon as its end is known, so that reading starts at once."""
        digest = hashlib.sha256()
        start = position = 0
        first_line = line = 1
        buffer = bytearray(BLOCK_BYTES)  # one for all: memory that is new costs as much as reading
        size = self._path.stat().st_size
        wanted = _piece_bytes(size)
        with self._path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                block = memoryview(buffer)[:count]
                digest.update(block)
                cut = buffer.rfind(b"\n", 0, count) + 1
                if position + cut - start >= wanted and cut:
                    yield Piece(start=start, end=position + cut, first_line=first_line)
                    start = position + cut
                    first_line = line + _newlines(block[:cut])
                    wanted = _piece_bytes(size - start)
                line += _newlines(block)
                position += count
        if position > start:
            yield Piece(start=start, end=position, first_line=first_line)
        self.sha256 = digest.hexdigest()


def _piece_bytes(left: int) -> int:
    """How large the next piece shall be."""
    return min(PIECE_BYTES, max(LAST_BYTES, left // 4))


def _newlines(block: memoryview) -> int:
    """How many there are; three times as fast as ``bytes.count``."""
    return int(np.count_nonzero(np.frombuffer(block, dtype=np.uint8) == NEWLINE))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False
