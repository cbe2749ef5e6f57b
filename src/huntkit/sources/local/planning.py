"""How a set of files is cut into jobs: most are one job; a big file of JSON lines is many."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import orjson

from huntkit.sources.local.ingest import HEAD_BYTES, Piece

SPLIT_BYTES = 192 << 20  # files of JSON lines beyond this size are read in pieces
PIECE_BYTES = 96 << 20
BLOCK_BYTES = 4 << 20

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
        with self._path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
                cut = block.rfind(b"\n") + 1
                if position + cut - start >= PIECE_BYTES and cut:
                    yield Piece(start=start, end=position + cut, first_line=first_line)
                    start = position + cut
                    first_line = line + block.count(b"\n")
                line += block.count(b"\n")
                position += len(block)
        if position > start:
            yield Piece(start=start, end=position, first_line=first_line)
        self.sha256 = digest.hexdigest()


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False
