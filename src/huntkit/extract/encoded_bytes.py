"""What decoded bytes are: text, something compressed, an archive, a binary file."""

import bz2
import codecs
import hashlib
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

import polars as pl

from huntkit.extract.decode_limits import MIB
from huntkit.extract.xor_bytes import unmasked

# Letters, marks, numbers, punctuation and blanks of any script; no control, private or unassigned
# characters. str.isprintable() says the same, but for the breaks that texts have.
_BREAKS = str.maketrans("", "", "\t\r\n\x0b\x0c")
_STRINGS = r"[\x20-\x7e]{5,}|(?:[\x20-\x7e]\x00){5,}"
_MAX_STRINGS = 20_000
_GZIP_HAS_EXTRA, _GZIP_HAS_NAME = 4, 8

# First bytes: https://en.wikipedia.org/wiki/List_of_file_signatures
_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip archive"),
    (b"PK\x05\x06", "zip archive"),
    (b"\x7fELF", "ELF program"),
    (b"%PDF-", "PDF document"),
    (b"\x89PNG\r\n\x1a\n", "PNG picture"),
    (b"\xff\xd8\xff\xe0", "JPEG picture"),
    (b"\xff\xd8\xff\xe1", "JPEG picture"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE document"),
    (b"\x1f\x8b\x08", "gzip archive"),
    (b"\xfd7zXZ\x00", "xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"MSCF\x00\x00\x00\x00", "cabinet archive"),
    (b"\xac\xed\x00\x05", "serialised Java object"),
    (b"\x00\x01\x00\x00\x00\xff\xff\xff\xff", "serialised .NET object"),
    (b"\xca\xfe\xba\xbe\x00", "Java class"),
)
_XZ_MEMORY = 80 * MIB  # what the strongest usual setting needs, and little more
_MAGIC = tuple(magic for magic, _ in _KINDS)
PROGRAMS = ("Windows program", "ELF program")
ARCHIVES = ("zip archive", "tar archive")


class Unpacker(Protocol):
    """The common ground of the decompressors of the standard library."""

    def decompress(self, data: bytes, max_length: int = ...) -> bytes:
        """At most `max_length` bytes of output."""


class Stage(NamedTuple):
    """One step on the way to the content, and the bytes that it gave."""

    name: str
    data: bytes


@dataclass(frozen=True, eq=False)
class Opened:
    """What bytes turned out to be.

    Attributes:
        encodings: the steps, from outside to inside; the last one of a text is its encoding.
        text: readable text; of a binary, the strings in it.
        data: the bytes after decompression.
        is_text: `text` is all that there is.
        file_type: what kind of file a binary is, or empty.
        file_name: the name that gzip keeps, or empty.
        note: what else there is to say.
        limit: the name of the limit that ended the work, or empty.
        spent: bytes that were made, those of failed tries too.
        stages: each step, with the bytes that it gave.
    """

    encodings: tuple[str, ...]
    text: str
    data: bytes
    is_text: bool
    file_type: str = ""
    file_name: str = ""
    note: str = ""
    limit: str = ""
    spent: int = 0
    stages: tuple[Stage, ...] = field(default=(), repr=False)

    @property
    def size(self) -> int:
        """Bytes, after decompression."""
        return len(self.data)

    @cached_property
    def hashes(self) -> tuple[str, str, str]:
        """MD5, SHA-1 and SHA-256 of the bytes after decompression."""
        return (
            hashlib.md5(self.data, usedforsecurity=False).hexdigest(),
            hashlib.sha1(self.data, usedforsecurity=False).hexdigest(),
            hashlib.sha256(self.data).hexdigest(),
        )

    @cached_property
    def steps(self) -> list[dict[str, str | int]]:
        """Each step with the size and SHA-256 of what it gave."""
        return [
            {"encoding": name, "size": len(data), "sha256": self._sha256(data)}
            for name, data in self.stages
        ]

    def _sha256(self, data: bytes) -> str:
        # The last step's bytes are most often the content, whose hash is known.
        return self.hashes[2] if data is self.data else hashlib.sha256(data).hexdigest()


class Context(NamedTuple):
    """What the surroundings of some bytes say about them."""

    sure: bool = False  # they are encoded: if they are not readable, they are a binary
    hinted: bool = False  # something decodes nearby: deflate without a header is worth a try
    wide: bool = False  # they are UTF-16
    ends: bool = False  # their end may be missing: the last character may be half
    cut: bool = False  # their end is missing


_BARE = Context()
_CUT = "cut off"
_SURELY_WIDE = 14  # bytes; any few of them spell letters of some script in UTF-16


class Allowed(NamedTuple):
    """How far to go with some bytes."""

    room: int = 16 * MIB  # bytes that may be made
    ratio: int = 100  # unpacked to packed size, once beyond 1 MiB
    depth: int = 20  # compressions inside one another
    xor: bool = False  # try the keys of one byte


class _Unpacked(NamedTuple):
    name: str
    data: bytes
    limit: str
    note: str


def open_bytes(
    data: bytes, allowed: Allowed, context: Context = _BARE, stages: tuple[Stage, ...] = ()
) -> Opened | None:
    """Readable text out of bytes; None if they are most likely no encoded content at all.

    `stages` are the steps that led to the bytes, for the result.

    Examples:
        >>> open_bytes("dir c:".encode("utf-16-le"), Allowed()).text
        'dir c:'
        >>> open_bytes(bytes(range(200, 240)), Allowed()) is None
        True
    """
    chain: list[Stage] = []
    name = limit = ""
    notes = [_CUT] if context.cut else []
    room = allowed.room
    while not limit:
        packing = _packing(data)
        text = None if packing else readable(data, wide=context.wide)
        worth = context.sure or context.hinted or bool(chain)
        kind = "" if packing or text else file_kind(data)
        if not (packing or text or kind) and (context.ends or _CUT in notes):
            text = readable_start(data, wide=context.wide)
            notes += [_CUT] if text and _CUT not in notes else []
        if packing is None and text is None and not kind and worth and len(data) > 8:
            packing = "deflate"
        if packing is None:
            break
        unpacked, spent = _unpacked(data, packing, room, allowed.ratio)
        room -= spent
        if unpacked is None:
            text = text or readable(data, wide=context.wide)
            break
        if len(chain) >= allowed.depth:
            limit, text = "depth", None
            break
        name = name or _gzip_name(data, unpacked.name)
        data, limit, text = unpacked.data, unpacked.limit, None
        chain.append(Stage(unpacked.name, data))
        notes += [unpacked.note] if unpacked.note and unpacked.note not in notes else []
    if limit and limit != "depth":
        text = readable(data) or readable_start(data)
    kind = "" if text else file_kind(data)
    if text is None and not kind and allowed.xor:
        key, plain = unmasked(data, sure=context.sure or bool(chain))
        if key:
            data = plain
            chain.append(Stage(f"xor 0x{key:02x}", data))
            text, kind = readable(data), file_kind(data)
    if text is None:
        if not (kind or chain or context.sure):
            return None
        notes.insert(0, f"binary: {kind or 'unknown'}, {len(data):,} bytes")
    names = tuple(stage.name for stage in chain)
    return Opened(
        encodings=names if text is None else (*names, text[0]),
        text=text[1] if text else "" if kind in ARCHIVES else _strings(data),
        data=data,
        is_text=text is not None,
        file_type=kind,
        file_name=name,
        note="; ".join(notes),
        limit=limit,
        spent=allowed.room - room,
        stages=(*stages, *chain),
    )


def readable(data: bytes, *, wide: bool = False) -> tuple[str, str] | None:
    r"""Encoding and text, if all of it is printable in UTF-8 or UTF-16.

    With `wide`, any script may be UTF-16; else half of its bytes must be zero.

    Examples:
        >>> readable(b"net user"), readable(b"a\x00\x01")
        (('utf-8', 'net user'), None)
    """
    if not data:
        return None
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return _printable("utf-16", data)
    if len(data) % 2 == 0 and len(data) >= 4:
        sample = data[:512]
        for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
            if zeros.count(0) * 4 >= len(zeros) * 3:
                return _printable(encoding, data)
    if 0 not in data.rstrip(b"\x00")[:64] and (found := _printable("utf-8", data)):
        return found
    return _printable("utf-16-le", data) if wide else None


def readable_start(data: bytes, *, wide: bool = False) -> tuple[str, str] | None:
    r"""As `readable`, of bytes that end within a character; None where they do not.

    Examples:
        >>> readable_start(b"n\x00e\x00t"), readable_start("caf\u00e9".encode()[:-1])
        (('utf-16-le', 'ne'), ('utf-8', 'caf'))
    """
    even = data[: len(data) & ~1]
    if even and 0xD8 <= even[-1] <= 0xDB:  # the first half of a rare letter
        even = even[:-2]
    if len(even) < len(data):
        found = readable(even, wide=wide and len(even) >= _SURELY_WIDE)
        if found is not None and found[0].startswith("utf-16"):
            return found
    try:
        used = codecs.utf_8_decode(data, "strict", False)[1]
    except UnicodeDecodeError:
        return None
    return readable(data[:used]) if used < len(data) else None


def _printable(encoding: str, data: bytes) -> tuple[str, str] | None:
    sample = data[:256].decode(encoding, "ignore").removeprefix("\ufeff").rstrip("\x00")
    if not sample or not _all_printable(sample):
        return None
    try:
        text = data.decode(encoding).removeprefix("\ufeff").rstrip("\x00")
    except UnicodeDecodeError:
        return None
    if len(data) > 256 and not _all_printable(text):
        return None
    return encoding, text


def _all_printable(text: str) -> bool:
    # Most texts have no breaks, and taking these out costs more than all the rest.
    return text.isprintable() or text.translate(_BREAKS).isprintable()


_MAKERS: dict[str, Callable[[], Unpacker]] = {
    "gzip": lambda: zlib.decompressobj(31),
    "bz2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY),
    "zlib": lambda: zlib.decompressobj(15),
    "deflate": lambda: zlib.decompressobj(-15),
}
_SEVERAL = ("gzip", "bz2", "xz")  # formats of which several may stand one behind the other


def _unpacked(data: bytes, name: str, room: int, ratio: int) -> tuple[_Unpacked | None, int]:
    """What decompression gives, and how many bytes that or a failed try made."""
    if room <= 0:
        return None, 0
    most = max(1, min(room, max(MIB, len(data) * ratio)))
    try:
        unpacker = _MAKERS[name]()
        out = unpacker.decompress(data, most)
        more = getattr(unpacker, "unused_data", b"")
        while more and name in _SEVERAL and len(out) < most and more[:3] == data[:3]:
            unpacker = _MAKERS[name]()
            out += unpacker.decompress(more, most - len(out))
            more = getattr(unpacker, "unused_data", b"")
    except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError, MemoryError):
        return None, 0
    done, full = bool(getattr(unpacker, "eof", False)), len(out) >= most
    if not out or (name == "deflate" and not _is_deflate(out, done=done, rest=more, full=full)):
        return None, len(out)  # any few bytes start a deflate stream
    limit = ""
    if full and not done:
        limit = "ratio" if most < room else "size_bytes"
    return _Unpacked(name, out, limit, "" if done or limit else _CUT), len(out)


def _packing(data: bytes) -> str | None:
    """The compression that the first bytes name."""
    if data.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    if data.startswith(b"BZh") and data[4:10] == b"1AY&SY":
        return "bz2"
    if data.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if data[:1] == b"\x78" and len(data) > 8 and data[1] in (0x01, 0x5E, 0x9C, 0xDA):
        return "zlib"
    return None


def is_packed(data: bytes) -> bool:
    """Whether the first bytes are those of something compressed."""
    return _packing(data) is not None


def _is_deflate(out: bytes, *, done: bool, rest: bytes, full: bool) -> bool:
    """Whether it was deflate: its end or the limit was reached, and it says something."""
    if len(rest) > 8 or not (done or full):
        return False
    return len(out) >= 4 and (full or readable(out) is not None or bool(file_kind(out)))


def _gzip_name(data: bytes, name: str) -> str:
    """The file name in gzip's header (RFC 1952), as harmless text."""
    if name != "gzip" or len(data) < 11 or not data[3] & _GZIP_HAS_NAME:
        return ""
    start = 10
    if data[3] & _GZIP_HAS_EXTRA:
        start += 2 + int.from_bytes(data[10:12], "little")
    end = data.find(b"\x00", start, start + 1024)
    return data[start:end].decode("latin-1") if end > start else ""


def file_kind(data: bytes) -> str:
    r"""What kind of file the first bytes say that it is, or empty.

    Examples:
        >>> file_kind(b"PK\x03\x04..."), file_kind(b"hello")
        ('zip archive', '')
    """
    if data[:2] == b"MZ" and (b"This program" in data[:256] or b"PE\x00\x00" in data[:1024]):
        return "Windows program"
    if is_tar(data):
        return "tar archive"
    if not data.startswith(_MAGIC):
        return ""
    return next(name for magic, name in _KINDS if data.startswith(magic))


def is_tar(data: bytes) -> bool:
    """Whether the bytes begin with a header block of any tar, old ones included.

    POSIX.1-1988: bytes 148 to 155 are, in octal, the sum of the block with blanks in their place.
    """
    if len(data) < 512 or not data[0]:
        return False
    field_ = data[148:156].strip(b" \x00")
    if not field_ or not field_.isdigit() or len(field_) > 7 or set(field_) - set(b"01234567"):
        return False
    block = data[:148] + b" " * 8 + data[156:512]
    signed = sum(byte - 256 if byte > 127 else byte for byte in block)
    return int(field_, 8) in (sum(block), signed)


def _strings(data: bytes) -> str:
    """The printable strings of a binary, one a line."""
    text = data.decode("latin-1")
    # The engine of columns is linear and many times faster than that of single texts.
    found = pl.Series([text]).str.extract_all(_STRINGS).explode().drop_nulls().head(_MAX_STRINGS)
    return "\n".join(found.str.replace_all("\x00", "", literal=True).to_list())
