"""The files in a zip or tar that came out of a text, in memory; nothing is ever written."""

import io
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from huntkit.core.errors import FormatError, LimitReached
from huntkit.core.text import visible
from huntkit.extract.decode_limits import MIB, DecodeLimits, stopped
from huntkit.formats.limits import Limits
from huntkit.formats.streams import Meter, take
from huntkit.formats.tarball import tar_members
from huntkit.formats.zipped import Entry, zip_members

_ZIP_ENTRY = b"PK\x01\x02"  # each file has one in a zip's directory (APPNOTE 4.3.12)
_LIMITS = {"max_ratio": "ratio", "max_member_bytes": "size_bytes", "max_total_bytes": "size_bytes"}


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """One file of an archive; without a name it says why there are no more."""

    name: str
    data: bytes
    note: str = ""
    limit: str = ""


def archived_files(
    data: bytes, kind: str, limits: DecodeLimits, *, room: int
) -> Iterator[ArchivedFile]:
    """The files of a ``zip`` or ``tar``, in order, until a limit is met.

    Links, encrypted files and damage come as files without content whose `note` says so.

    Examples:
        >>> import zipfile
        >>> archive = io.BytesIO()
        >>> zipfile.ZipFile(archive, "w").writestr("../a.txt", "hello")
        >>> [(f.name, f.data) for f in archived_files(archive.getvalue(), "zip", DecodeLimits(),
        ...                                           room=100)]
        [('../a.txt', b'hello')]
    """
    if kind == "zip" and data.count(_ZIP_ENTRY) > 2 * limits.files:
        # The library would read the whole directory first, however long.
        yield ArchivedFile("", b"", stopped("files", limits), "files")
        return
    top = Meter(
        Limits(
            max_ratio=limits.ratio,
            ratio_floor_bytes=MIB,
            max_member_bytes=max(1, room),
            max_total_bytes=max(1, room),
            spool_bytes=1 << 40,  # never a temporary file
        ),
        len(data),
    )
    stream = io.BytesIO(data)
    entries: Generator[Entry] = (
        zip_members(stream, top) if kind == "zip" else tar_members(stream, top)
    )
    try:
        for entry in entries:
            file = _file(entry, limits, room)
            yield file
            most = max(MIB, len(data) * limits.ratio)
            if file.limit and top.produced > min(most, room):  # of the archive, not of one file
                yield ArchivedFile("", b"", file.note, file.limit)
                return
    finally:
        entries.close()


def _file(entry: Entry, limits: DecodeLimits, room: int) -> ArchivedFile:
    name = visible(entry.name)[:1024] or "(no name)"
    if entry.error is not None or entry.open is None:
        return ArchivedFile(name, b"", entry.error or "it can't be opened")
    try:
        with entry.open() as stream:
            data, failure = take(stream, room + 1)  # one more, so that the limit is met
    except FormatError as error:
        data, failure = b"", error
    if len(data) > room:  # files of a tar lie in it as they are: no meter runs
        note = stopped("size_bytes", limits)
        return ArchivedFile(name, data[:room], note, "size_bytes")
    if isinstance(failure, LimitReached):
        limit = _LIMITS.get(str(failure.context.get("limit")), "size_bytes")
        return ArchivedFile(name, data, stopped(limit, limits), limit)
    return ArchivedFile(name, data, failure.message if failure else "")
