"""Archives as lists of members, opened without writing anything anywhere.

Names inside archives are text to show, never paths to follow: nothing is extracted. A member's
bytes come through a stream that stops at the limits; what needs to seek goes through memory or a
temporary file without a name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from huntkit.core.errors import FormatError, LimitReached
from huntkit.formats.detection import detect
from huntkit.formats.format import HEAD_BYTES
from huntkit.formats.limits import DEFAULT, Limits
from huntkit.formats.streams import Meter, bounded, seekable, take, unpacker
from huntkit.formats.tarball import tar_members
from huntkit.formats.zipped import bytes_before, zip_members

_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b\x08", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
)
_SUFFIXES = {
    "gz": (".gz", ".gzip", ".z"),
    "bz2": (".bz2", ".bz"),
    "xz": (".xz",),
}
_SHORT_TARS = (".tgz", ".tbz", ".tbz2", ".txz")


@dataclass(slots=True)
class Member:
    """One file to read: a file itself, or a file inside an archive.

    Attributes:
        name: where it is, as safe text: ``a.zip!inner/x.json``.
        size: its size unpacked, where that is known beforehand.
        error: why it can't be opened, or None; `open` then raises FormatError.
        path: the file itself, if it is not inside an archive.
        opener: what `open` calls.
    """

    name: str
    size: int | None = None
    error: str | None = None
    path: Path | None = None
    opener: Callable[[], BinaryIO] | None = field(default=None, repr=False)

    def open(self) -> BinaryIO:
        """The member's bytes from the start; call it as often as needed, during the walk only.

        Raises:
            FormatError: it can't be opened (`error` says why); reading raises it for damage.
            LimitReached: reading went past a limit.
        """
        if self.error is not None or self.opener is None:
            raise FormatError(f"{self.name}: {self.error or 'there is nothing to open'}")
        return self.opener()

    def head(self, size: int = HEAD_BYTES) -> bytes:
        """The first bytes, as many as can be read; it raises nothing that reading will not."""
        with self.open() as stream:
            data, _ = take(stream, size)
        return data


def walk(path: Path, *, limits: Limits = DEFAULT) -> Iterator[Member]:
    """The file itself, or, if it is an archive, the files in it, however deep, in order.

    A member is good until the next one is asked for. What can't be read is a member with
    `error`; the walk goes on where it can. Archives are zip, tar, gz, bz2 and xz, found by
    content; a zip also behind something else, such as the program that unpacks it.

    Examples:
        >>> import tempfile, zipfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        ...     archive.writestr("../x.json", "{}")
        >>> [(m.name.rsplit("/a.zip")[-1], m.open().read()) for m in walk(folder / "a.zip")]
        [('!../x.json', b'{}')]
    """
    name = visible(str(path))
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(512)
    except OSError as error:
        yield Member(name, error=f"it can't be read: {error.strerror or error}", path=path)
        return
    kind = archive_kind(head)
    outer = Member(name, size, path=path, opener=lambda: path.open("rb"))
    front = _front(path) if kind is None else 0
    if kind is None and not front:
        yield outer
        return
    top = Meter(limits, size)
    try:
        yield from _unpack(kind or "zip", outer, top, depth=1)
        if front:
            yield _before_the_zip(outer, front)
    except LimitReached as error:
        yield Member(name, size, error=error.message)


def _front(path: Path) -> int:
    """How much stands in front of a zip archive at the end of a file that begins otherwise."""
    try:
        with path.open("rb") as stream:
            return bytes_before(stream)
    except OSError:
        return 0


def _before_the_zip(outer: Member, front: int) -> Member:
    """The file itself, which is more than its archive; a log in front of one is read, too."""
    if detect(outer.head(), outer.name) is None:
        outer.error = (
            f"a zip archive that is read, and in front of it {front:,} bytes that are no known log"
        )
    return outer


def archive_kind(head: bytes) -> str | None:
    r"""``zip``, ``tar``, ``gz``, ``bz2``, ``xz`` or None, from a file's first 512 bytes.

    Examples:
        >>> archive_kind(b"PK\x03\x04..."), archive_kind(b"{}")
        ('zip', None)
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return "tar" if head[257:262] == b"ustar" else None


def visible(name: str) -> str:
    r"""A name from an archive as harmless text: control and bidi characters show as escapes.

    Examples:
        >>> visible("../a\x1b[2J\u202egpj.exe")
        '../a\\x1b[2J\\u202egpj.exe'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _unpack(kind: str, outer: Member, top: Meter, depth: int) -> Iterator[Member]:
    if depth > top.limits.max_depth:
        error = f"archives are nested deeper than {top.limits.max_depth}"
        yield Member(outer.name, outer.size, error=error)
        return
    if kind in ("gz", "bz2", "xz"):
        yield from _single(kind, outer, top, depth)
        return
    with outer.open() as stream:
        raw, failure = (stream, None) if kind == "tar" else seekable(stream, top.limits)
        entries = tar_members(raw, top) if kind == "tar" else zip_members(raw, top)
        try:
            for entry in entries:
                _count(top)
                inner = Member(f"{outer.name}!{visible(entry.name)}" if entry.name else outer.name)
                inner.size, inner.error, inner.opener = entry.size, entry.error, entry.open
                yield from _nested(inner, top, depth)
        finally:
            entries.close()
            raw.close()
        if failure is not None:
            yield Member(outer.name, outer.size, error=failure.message)


def _single(kind: str, outer: Member, top: Meter, depth: int) -> Iterator[Member]:
    meter = Meter(top.limits, outer.size, top)

    def opener() -> BinaryIO:
        packed = outer.open()
        return bounded(unpacker(kind, packed), meter, packed)

    name = _inner_name(kind, outer.name)
    is_tar = archive_kind(Member(outer.name, opener=opener).head(512)) == "tar"
    inner = Member(outer.name if is_tar else f"{outer.name}!{name}", opener=opener)
    _count(top)
    # A packed tar is one archive to people, so it does not count as two levels.
    yield from _nested(inner, top, depth - 1 if is_tar else depth)


def _nested(inner: Member, top: Meter, depth: int) -> Iterator[Member]:
    """The member, or what is in it if it is an archive itself."""
    if inner.error is not None:
        yield inner
        return
    try:
        kind = archive_kind(inner.head(512))
    except LimitReached:
        raise
    except FormatError as error:
        inner.error = error.message
        yield inner
        return
    if kind is None:
        yield inner
    else:
        yield from _unpack(kind, inner, top, depth + 1)


def _count(top: Meter) -> None:
    top.members += 1
    if top.members > top.limits.max_members:
        raise LimitReached(
            f"the archive has more than {top.limits.max_members:,} members; the rest was not read",
            context={"limit": "max_members"},
        )


def _inner_name(kind: str, name: str) -> str:
    base = name.replace("\\", "/").rsplit("/", 1)[-1].rsplit("!", 1)[-1]
    low = base.lower()
    for suffix in _SUFFIXES[kind]:
        if low.endswith(suffix) and len(base) > len(suffix):
            return base[: -len(suffix)]
    for suffix in _SHORT_TARS:
        if low.endswith(suffix):
            return base[: -len(suffix)] + ".tar"
    return base
