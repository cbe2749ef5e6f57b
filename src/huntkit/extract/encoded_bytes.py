"""What decoded bytes are: text in some encoding, something compressed, or a binary file."""

import bz2
import lzma
import re
import zlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

# Letters, marks, numbers, punctuation and blanks of any script; no control, private or unassigned
# characters. str.isprintable() says the same, but for the breaks that texts have.
_BREAKS = str.maketrans("", "", "\t\r\n\x0b\x0c")
_STRINGS = re.compile(rb"[\x20-\x7e]{5,}|(?:[\x20-\x7e]\x00){5,}")
_MAX_STRINGS = 20_000

# First bytes: https://en.wikipedia.org/wiki/List_of_file_signatures
_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip archive"),
    (b"\x7fELF", "ELF program"),
    (b"%PDF-", "PDF document"),
    (b"\x89PNG\r\n\x1a\n", "PNG picture"),
    (b"\xff\xd8\xff\xe0", "JPEG picture"),
    (b"\xff\xd8\xff\xe1", "JPEG picture"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE document"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"\xac\xed\x00\x05", "serialised Java object"),
    (b"\x00\x01\x00\x00\x00\xff\xff\xff\xff", "serialised .NET object"),
    (b"\xca\xfe\xba\xbe\x00", "Java class"),
)


class Unpacker(Protocol):
    """The common ground of the decompressors of the standard library."""

    def decompress(self, data: bytes, max_length: int = ...) -> bytes:
        """At most `max_length` bytes of output."""


class Opened(NamedTuple):
    """What bytes turned out to be."""

    encodings: tuple[str, ...]
    text: str  # readable text; of a binary, the strings in it
    size: int  # bytes, after decompression
    note: str
    is_text: bool


def open_bytes(data: bytes, *, room: int, max_depth: int = 20, sure: bool = False) -> Opened | None:
    """Readable text out of bytes; None if they are most likely no encoded content at all.

    Args:
        data: what a base64 run decoded to.
        room: how many bytes decompression may give; the note says when it stopped there.
        max_depth: how many compressions may lie inside one another.
        sure: the context says that this is encoded, so unreadable bytes are reported as binary, and
            headerless deflate is tried.

    Examples:
        >>> open_bytes("dir c:".encode("utf-16-le"), room=1000).text
        'dir c:'
        >>> open_bytes(bytes(range(200, 240)), room=1000) is None
        True
    """
    chain: list[str] = []
    note = ""
    while len(chain) < max_depth:
        opened = _decompressed(data, room, sure=sure or bool(chain))
        if opened is None:
            break
        name, data, stopped = opened
        chain.append(name)
        room -= len(data)
        if stopped:
            note = "stopped: more bytes than the limit"
            break
    text = readable(data)
    if text is not None:
        return Opened((*chain, text[0]), text[1], len(data), note, is_text=True)
    kind = _kind(data)
    if kind or chain or sure:
        what = f"binary: {kind or 'unknown'}, {len(data):,} bytes"
        note = f"{what}; {note}" if note else what
        return Opened(tuple(chain), _strings(data), len(data), note, is_text=False)
    return None


def readable(data: bytes) -> tuple[str, str] | None:
    r"""Encoding and text, if all of it is printable in UTF-8 or UTF-16.

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
    if 0 in data.rstrip(b"\x00")[:64]:
        return None
    return _printable("utf-8", data)


def _printable(encoding: str, data: bytes) -> tuple[str, str] | None:
    try:
        text = data.decode(encoding).removeprefix("\ufeff").rstrip("\x00")
    except UnicodeDecodeError:
        return None
    if not text or not text.translate(_BREAKS).isprintable():
        return None
    return encoding, text


def _decompressed(data: bytes, room: int, *, sure: bool) -> tuple[str, bytes, bool] | None:
    """Name, output and whether it was stopped at `room`."""
    makers: list[tuple[str, Callable[[], Unpacker]]] = []
    if data.startswith(b"\x1f\x8b\x08"):
        makers = [("gzip", lambda: zlib.decompressobj(31))]
    elif data.startswith(b"BZh") and data[4:10] == b"1AY&SY":
        makers = [("bz2", bz2.BZ2Decompressor)]
    elif data.startswith(b"\xfd7zXZ\x00"):
        makers = [("xz", lambda: lzma.LZMADecompressor(memlimit=64 * 1024 * 1024))]
    elif len(data) > 8 and data[0] == 0x78 and data[1] in (0x01, 0x5E, 0x9C, 0xDA):
        makers = [("zlib", lambda: zlib.decompressobj(15))]
    elif sure and len(data) > 8 and readable(data[:64]) is None:
        makers = [("deflate", lambda: zlib.decompressobj(-15))]
    for name, make in makers:
        try:
            unpacker = make()
            out = unpacker.decompress(data, max(1, room))
        except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError):
            continue
        done = bool(getattr(unpacker, "eof", False))
        if name == "deflate" and not done and len(out) < room:
            continue  # any few bytes start a deflate stream; only a whole one is one
        if out:
            return name, out, len(out) >= room and not done
    return None


def _kind(data: bytes) -> str:
    if data[:2] == b"MZ" and (b"This program" in data[:256] or b"PE\x00\x00" in data[:1024]):
        return "Windows program"
    return next((name for magic, name in _KINDS if data.startswith(magic)), "")


def _strings(data: bytes) -> str:
    """The printable strings of a binary, one a line."""
    found: list[str] = []
    for match in _STRINGS.finditer(data):
        found.append(match[0].replace(b"\x00", b"").decode("ascii"))
        if len(found) >= _MAX_STRINGS:
            break
    return "\n".join(found)
