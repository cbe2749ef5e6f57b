"""Compressed replies, inflated in bounded pieces: bombs stop at the limit, cut ones are noticed."""

import zlib
from collections.abc import Iterator
from typing import Final

ACCEPTED: Final = "gzip, deflate"

_PIECE: Final = 256 * 1024
_HEAD: Final = 2


class NotInflatable(Exception):
    """The body is not what its Content-Encoding says, or it is cut off."""


class Inflater:
    """Inflates one body; give it the pieces in order, then call `finish`.

    Examples:
        >>> inflater = Inflater("gzip")
        >>> import gzip
        >>> b"".join(inflater.feed(gzip.compress(b"abc")))
        b'abc'
        >>> inflater.finish()
    """

    def __init__(self, encoding: str) -> None:
        coding = encoding.strip().lower()
        if coding in ("gzip", "x-gzip"):
            self._mode = zlib.MAX_WBITS | 16
        elif coding == "deflate":
            self._mode = zlib.MAX_WBITS
        else:
            raise NotInflatable(f"it is encoded as {coding!r}, which was not asked for")
        self._coding = coding
        self._stream = zlib.decompressobj(self._mode)
        self._started = False
        self._head = b""  # of a deflate, until it is known which of the two it is

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What comes out of one more piece, at most 256 KiB at a time."""
        try:
            yield from self._inflated(data)
        except zlib.error as problem:
            raise NotInflatable(f"it is no valid {self._coding}: {problem}") from None

    def finish(self) -> None:
        """Nothing, if the body was whole."""
        if self._head or (self._started and not self._stream.eof):
            raise NotInflatable(f"its {self._coding} is cut off")

    def _inflated(self, data: bytes) -> Iterator[bytes]:
        if self._coding == "deflate" and not self._started:
            self._head += data
            if len(self._head) < _HEAD:
                return
            data, self._head = self._head, b""
            if not _is_zlib(data):
                # What the standard calls deflate is zlib; many servers send it raw.
                self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        self._started = self._started or bool(data)
        while data:
            if self._stream.eof:
                if self._coding == "deflate" or not data.strip(b"\0"):
                    return  # padding
                self._stream = zlib.decompressobj(self._mode)  # the next member of a gzip
            piece = self._stream.decompress(data, _PIECE)
            if piece:
                yield piece
            data = self._stream.unconsumed_tail or self._stream.unused_data


def _is_zlib(data: bytes) -> bool:
    head = int.from_bytes(data[:_HEAD], "big")
    return head >> 8 & 15 == zlib.DEFLATED and head % 31 == 0
