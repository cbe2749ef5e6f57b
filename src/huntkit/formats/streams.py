"""Streams that stay within bounds, and the few ways in which readers take bytes from them."""

import bz2
import codecs
import gzip
import io
import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, BinaryIO, cast

from huntkit.core.errors import FormatError, LimitReached
from huntkit.formats.format import HEAD_BYTES, wide_encoding
from huntkit.formats.limits import DEFAULT, Limits, size_text

PIECE_BYTES = 1 << 18
MOST_AT_ONCE = 1 << 23

Source = IO[bytes] | io.RawIOBase | io.BufferedIOBase

# What the standard library's unpackers raise on damaged input.
DAMAGE: tuple[type[Exception], ...] = (
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    MemoryError,
    OSError,
)


class Meter:
    """Bytes that came out of one packed source, counted once however often it is opened."""

    def __init__(self, limits: Limits, packed: int | None, above: "Meter | None" = None) -> None:
        self.limits = limits
        self.packed = packed
        self.above = above
        self.produced = 0
        self.members = 0

    def reach(self, position: int) -> None:
        """Note how far the source was read this time, or raise LimitReached."""
        limits = self.limits
        if position > limits.max_member_bytes:
            raise LimitReached(
                f"it unpacks to more than {size_text(limits.max_member_bytes)}",
                context={"limit": "max_member_bytes"},
            )
        self._check_ratio(position)
        more, self.produced = max(0, position - self.produced), max(position, self.produced)
        above = self.above
        while above is not None:
            above.produced += more
            above._check_ratio(above.produced)  # noqa: SLF001  another meter, not another class
            if above.produced > limits.max_total_bytes:
                raise LimitReached(
                    f"the archive unpacks to more than {size_text(limits.max_total_bytes)}",
                    context={"limit": "max_total_bytes"},
                )
            above = above.above

    def _check_ratio(self, size: int) -> None:
        limits = self.limits
        if self.packed is None or size <= limits.ratio_floor_bytes:
            return
        if size > limits.max_ratio * max(self.packed, 1):
            raise LimitReached(
                f"it unpacks to more than {limits.max_ratio} times its size; reading stopped "
                f"after {size_text(size)}",
                context={"limit": "max_ratio"},
            )


class Pieces(io.RawIOBase):
    """A raw stream for reading only; what is made from it says how to get the next bytes."""

    def piece(self, count: int) -> bytes:
        """From 1 to `count` bytes, or none at the end."""
        raise NotImplementedError

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill as much of `buffer` as comes at once."""
        data = self.piece(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read1(self, count: int = -1) -> bytes:
        """As `piece`; `take` uses it, which saves two copies of every byte."""
        return self.piece(count if count > 0 else PIECE_BYTES)

    def plain(self) -> BinaryIO:
        """The stream for readers that use `take` and nothing else."""
        return cast("BinaryIO", self)

    def buffered(self) -> BinaryIO:
        """The stream that readers take."""
        return cast("BinaryIO", io.BufferedReader(self, PIECE_BYTES))


class Bounded(Pieces):
    """A stream that counts what it gives, names damage in plain words, and stops at limits."""

    def __init__(self, source: Source, meter: Meter, *below: Source) -> None:
        super().__init__()
        self._closing = (source, *below)
        self._take = _pieces_of(source)
        self._meter = meter
        self._position = 0
        self._failure: FormatError | None = None

    def piece(self, count: int) -> bytes:
        """The next bytes of the source; an error, once raised, is raised again."""
        if self._failure is not None:
            raise self._failure
        try:
            data = self._take(min(count, PIECE_BYTES * 4))
            self._position += len(data)
            self._meter.reach(self._position)
        except FormatError as error:
            self._failure = error
            raise
        except DAMAGE as error:
            self._failure = damaged(error, self._position)
            raise self._failure from None
        return data

    def close(self) -> None:
        """Close the sources too."""
        if not self.closed:
            for each in self._closing:
                each.close()
        super().close()


def _pieces_of(source: Source) -> Callable[[int], bytes]:
    """How to read without waiting for more than one piece, so that none is lost to an error."""
    return cast("Callable[[int], bytes]", getattr(source, "read1", source.read))


def damaged(error: BaseException, position: int = 0) -> FormatError:
    """Why unpacking failed, in plain words."""
    text = str(error)
    if isinstance(error, EOFError) or "unexpected end" in text or "Truncated" in text:
        reason = "it is cut off"
    elif "password" in text or "encrypted" in text:
        reason = "it is encrypted"
    elif isinstance(error, NotImplementedError):
        reason = f"its compression is not supported: {text}"
    else:
        reason = f"it is damaged: {text or type(error).__name__}"
    return FormatError(
        f"{reason}; {size_text(position)} could be read", context={"position": position}
    )


def bounded(source: Source, meter: Meter, *below: Source) -> BinaryIO:
    """`source` as a buffered stream under `meter`; closing it closes those `below` it too."""
    return Bounded(source, meter, *below).buffered()


class Replayed(Pieces):
    """A stream whose first bytes were already taken: they come again, then the rest."""

    def __init__(self, first: bytes, source: BinaryIO, failure: FormatError | None = None) -> None:
        super().__init__()
        self._first = memoryview(first)
        self._take = _pieces_of(source)
        self._failure = failure

    def piece(self, count: int) -> bytes:
        """First what was taken, then the source."""
        if self._first:
            data = bytes(self._first[:count])
            self._first = self._first[count:]
            return data
        if self._failure is not None:
            raise self._failure
        return self._take(count)


def take(stream: BinaryIO, count: int) -> tuple[bytes, FormatError | None]:
    """Up to `count` bytes, and the error that ended the stream before, if one did.

    A plain ``read`` would throw away what it had got when the error came. An empty result
    without an error is the end.
    """
    piece = _pieces_of(stream)
    pieces: list[bytes] = []
    held = 0
    while held < count:
        try:
            data = piece(min(count - held, MOST_AT_ONCE))
        except FormatError as error:
            return b"".join(pieces), error
        except DAMAGE as error:
            return b"".join(pieces), damaged(error, held)
        if not data:
            break
        pieces.append(data)
        held += len(data)
    return (pieces[0] if len(pieces) == 1 else b"".join(pieces)), None


def peek(stream: BinaryIO, count: int = HEAD_BYTES) -> tuple[bytes, BinaryIO]:
    r"""The first bytes, and a stream that still begins with them.

    Examples:
        >>> head, stream = peek(io.BytesIO(b"abcdef"), 2)
        >>> head, stream.read()
        (b'ab', b'abcdef')
    """
    head, failure = take(stream, count)
    return head, Replayed(head, stream, failure).plain()


class Recoded(Pieces):
    """A text stream in another encoding, as UTF-8; what can't be decoded becomes U+FFFD."""

    def __init__(self, source: BinaryIO, encoding: str) -> None:
        super().__init__()
        self._take = _pieces_of(source)
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""
        self._ended = False

    def piece(self, count: int) -> bytes:
        """The next bytes in UTF-8."""
        while not self._ready and not self._ended:
            data = self._take(PIECE_BYTES)
            self._ended = not data
            text = self._decoder.decode(data, final=self._ended)
            self._ready = text.encode("utf-8", "backslashreplace")
        data, self._ready = self._ready[:count], self._ready[count:]
        return data


def as_utf8(stream: BinaryIO, encoding: str | None = None) -> BinaryIO:
    r"""The stream as UTF-8 without byte order mark, whatever Unicode flavour it has.

    Examples:
        >>> as_utf8(io.BytesIO("häh".encode("utf-16"))).read().decode()
        'häh'
        >>> as_utf8(io.BytesIO(b"\xef\xbb\xbfx")).read()
        b'x'
    """
    head, stream = peek(stream, 4096)
    encoding = encoding or wide_encoding(head)
    if encoding is not None:
        stream = Recoded(stream, encoding).plain()
        head, stream = peek(stream, 3)
    if head.startswith(codecs.BOM_UTF8):
        take(stream, 3)
    return stream


def seekable(stream: BinaryIO, limits: Limits = DEFAULT) -> tuple[BinaryIO, FormatError | None]:
    """A stream that can seek, at its start, and the error that cut the copy short, if one did.

    What can seek already is given back; the rest goes to memory, and above
    `limits.spool_bytes` to a temporary file without a name.
    """
    if stream.seekable():
        stream.seek(0)
        return stream, None
    return spooled(stream, limits)


@contextmanager
def seekable_copy(
    stream: BinaryIO, limits: Limits
) -> Iterator[tuple[BinaryIO, FormatError | None]]:
    """As `seekable`, and what was made for it goes at the end."""
    found, failure = seekable(stream, limits)
    try:
        yield found, failure
    finally:
        if found is not stream:
            found.close()


def spooled(stream: BinaryIO, limits: Limits) -> tuple[BinaryIO, FormatError | None]:
    """A copy of the rest of `stream` that can seek, and the error that cut it short."""
    spool = tempfile.SpooledTemporaryFile(max_size=limits.spool_bytes)  # noqa: SIM115  handed out
    failure = None
    while failure is None:
        data, failure = take(stream, 4 * PIECE_BYTES)
        if not data:
            break
        try:
            spool.write(data)
        except OSError as error:
            failure = FormatError(f"there is no room to unpack it: {error.strerror}")
    spool.seek(0)
    return cast("BinaryIO", spool), failure


def unpacker(kind: str, source: BinaryIO) -> Source:
    """The unpacked bytes of a single-file compression: ``gz``, ``bz2`` or ``xz``."""
    if kind == "gz":
        return gzip.GzipFile(fileobj=source, mode="rb")
    if kind == "bz2":
        return bz2.BZ2File(source, "rb")
    return lzma.LZMAFile(source, "rb")
