"""The members of a tar archive, read once from front to back."""

import io
import tarfile
from collections.abc import Generator
from typing import BinaryIO, Self, cast

from huntkit.core.errors import FormatError
from huntkit.formats.limits import MIB
from huntkit.formats.streams import DAMAGE, Meter, Pieces, Replayed, damaged, spooled
from huntkit.formats.zipped import Entry

_PIECE_BYTES = 10240  # tarfile's own unit
_ENDS = 100  # a damaged member may be tried several times
_MAGIC = slice(257, 262)  # where a header says that it is one
_MOST_ARCHIVES = 50  # in one file
_HEADER_TYPES = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


class _SmallHeaders(tarfile.TarInfo):
    """Refuses name and attribute blocks of absurd size, which tarfile would read into memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _HEADER_TYPES and self.size > MIB:
            raise tarfile.ReadError(f"a header of {self.size} bytes")
        process = super()._proc_member  # type: ignore[misc]  # the hook tarfile documents in source
        return cast("tarfile.TarInfo", process(archive))


class _Ending:
    """A stream that may be read at its end a few times only.

    To skip a member of which a header says that it has exabytes, tarfile would read on, a piece
    at a time, long after there is nothing left.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._ends = 0

    def read(self, count: int) -> bytes:
        """The next bytes."""
        data = self._source.read(count)
        self._ends += not data
        if self._ends > _ENDS:
            raise EOFError("unexpected end")
        return data


def tar_members(stream: BinaryIO, top: Meter, *, before: int = 0) -> Generator[Entry]:
    """The regular files in a tar; links and devices are listed as not read.

    Archives that were joined (``cat a.tar b.tar``) are read one after another; there are as many
    ``before`` this one.
    """
    source = cast("BinaryIO", _Ending(stream))
    try:
        # Streaming mode never seeks, so a packed tar is unpacked exactly once.
        with tarfile.open(fileobj=source, mode="r|", tarinfo=_SmallHeaders) as archive:
            for info in archive:
                archive.members.clear()  # type: ignore[attr-defined]  # else memory grows
                if info.size < 0:  # what follows can't be found
                    raise tarfile.ReadError(f"a member of {info.size} bytes")
                if info.isdir():
                    continue
                if not info.isreg():
                    yield Entry(info.name, error="it is a link or a device, not a file")
                    continue
                with _Opened(archive, info, top) as opened:
                    yield opened.entry()
            rest = cast("BinaryIO", archive.fileobj)
            block = _after_zeros(rest)
            if block[_MAGIC] == b"ustar" and before < _MOST_ARCHIVES:
                yield from tar_members(Replayed(block, rest).plain(), top, before=before + 1)
            elif block:
                yield Entry("", error="what follows the end of the archive was not read")
    except FormatError as error:
        yield Entry("", error=error.message)
    except DAMAGE as error:
        yield Entry("", error="the archive ends early: " + damaged(error).message)


def _after_zeros(source: BinaryIO) -> bytes:
    """The first block behind an archive's end that is not empty; nothing if there is none.

    Damage there is no matter: the archive is whole, and packed ones often have a line's end or
    junk behind them.
    """
    try:
        while block := source.read(tarfile.BLOCKSIZE):
            if block.strip(b"\0"):
                return block
    except FormatError:
        pass
    except DAMAGE:
        pass
    return b""


class _Opened:
    """A member while it is the current one; its copy, if one was made, goes with it."""

    def __init__(self, archive: tarfile.TarFile, info: tarfile.TarInfo, top: Meter) -> None:
        self._archive, self._info, self._top = archive, info, top
        self._copy: tuple[BinaryIO, FormatError | None] | None = None

    def entry(self) -> Entry:
        if self._info.sparse is not None:
            error = "it is a sparse file; unpack the archive with tar first"
            return Entry(self._info.name, self._info.size, error)
        return Entry(self._info.name, self._info.size, open=self._open)

    def _open(self) -> BinaryIO:
        if self._copy is None:
            packed = cast("BinaryIO", self._archive.extractfile(self._info))
            self._copy = spooled(_Small(packed).plain(), self._top.limits)
        return _View(*self._copy).buffered()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._copy is not None:
            self._copy[0].close()


class _Small(Pieces):
    """Takes a little at a time: what tarfile had got of a piece when an error came is lost."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._source = source

    def piece(self, count: int) -> bytes:
        """The next few bytes."""
        return self._source.read(min(count, _PIECE_BYTES))


class _View(Pieces):
    """A position of its own in a shared copy, and the error that the copy ended with."""

    def __init__(self, spool: BinaryIO, failure: FormatError | None) -> None:
        super().__init__()
        self._spool, self._failure, self._at = spool, failure, 0

    def seekable(self) -> bool:
        """Whether the copy is whole."""
        # What ends in an error is read front to back, so that the error is met.
        return self._failure is None

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; beyond the end is allowed."""
        base = (0, self._at, self._spool.seek(0, io.SEEK_END))[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Where the next bytes come from."""
        return self._at

    def piece(self, count: int) -> bytes:
        """The next bytes of the copy."""
        self._spool.seek(self._at)
        data = self._spool.read(count)
        if not data and self._failure is not None:
            raise self._failure
        self._at += len(data)
        return data
