"""Parsed evidence, kept by content hash, so that opening the same files again is instant.

A source file's parts lie under ``<cache>/evidence/<fingerprint>/<sha256>-<options>/`` beside a
``manifest.json`` (where a table is named after the file, its name is part of the folder's, too);
the fingerprint changes with the code and data files that parse and map, so a new version never
shows rows that an old one made. An entry appears by one rename: a crash leaves
no half entry behind. ``index.sqlite`` remembers the hash of files that did not change since
(path, size, time, inode), as git does, so that gigabytes need not be hashed again. It only saves
time: a damaged one is set aside and begun anew, one that can't be used is done without.
"""

import contextlib
import functools
import hashlib
import os
import re
import shutil
import sqlite3
import tempfile
import time
import warnings
import weakref
from collections.abc import Callable, Iterable
from importlib import resources
from pathlib import Path

from huntkit.core.errors import EvidenceError
from huntkit.core.version import VERSION
from huntkit.sources.local.inputs import InputFile
from huntkit.sources.local.manifest import Manifest, Part, crc_of

RACY_NS = 2_000_000_000  # a file changed this recently may change again within one time stamp
IN_USE_S = 3600.0  # entries used within the hour are never evicted: another process may read them
MANIFEST = "manifest.json"
_HALF = 1 << 63
INDEX_WAIT_S = 5.0  # for another process that writes to the index
# What says nothing about the index itself: permissions, locks, disks that fail or are full.
_UNUSABLE = frozenset({
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_AUTH,
})  # fmt: skip


class CacheWarning(UserWarning):
    """The cache is damaged or can't be written; the work goes on, but may take longer."""


@functools.lru_cache(maxsize=1)
def fingerprint() -> str:
    """A name for the code and data that turn bytes into tables."""
    digest = hashlib.sha256(VERSION.encode())
    for package in ("huntkit.formats", "huntkit.sources.local", "huntkit.tables"):
        root = Path(str(resources.files(package)))
        for path in sorted(root.rglob("*")):
            if path.suffix in {".py", ".yaml", ".json", ".gz", ".tsv"}:
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class Cache:
    """The folder with parsed evidence.

    Args:
        folder: where it lies; made on first use, readable by the owner alone.
        options: a short name for the choices that change what parsing gives (assumed clocks).
        limit_bytes: entries that were not used lately are removed beyond this size.
    """

    def __init__(self, folder: Path, *, options: str, limit_bytes: int) -> None:
        self.folder = folder / "evidence" / fingerprint()
        self._evidence = folder / "evidence"
        self._options = options
        self._limit_bytes = limit_bytes
        self._without_index = False
        self._spare: Path | None = None
        self.grew = False  # since this object was made

    def prepare(self) -> Path:
        """The folder, made if need be."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as failure:
            raise EvidenceError(
                f"the cache folder {os.fspath(self.folder)!r} can't be made: {failure.strerror}",
                hint="choose another with cache_dir=, or use cache=False",
            ) from failure
        return self.folder

    def known_hashes(self, files: Iterable[InputFile]) -> dict[Path, str]:
        """The hashes of those files that did not change since they were hashed."""
        found: dict[Path, str] = {}

        def look(index: sqlite3.Connection) -> None:
            for file in files:
                row = index.execute(
                    "SELECT sha256 FROM files WHERE path=? AND size=? AND mtime_ns=? AND inode=?",
                    _key(file),
                ).fetchone()
                if row and isinstance(row[0], str) and row[0].isalnum():
                    found[file.path] = row[0]

        self._with_index(look)
        return found

    def remember(self, hashed: Iterable[tuple[InputFile, str]]) -> None:
        """Keep the hashes of files, but for those that changed a moment ago."""
        now = time.time_ns()
        rows = [(*_key(file), sha256) for file, sha256 in hashed if now - file.mtime_ns >= RACY_NS]
        if rows:
            self._with_index(
                lambda index: index.executemany(
                    "INSERT OR REPLACE INTO files VALUES (?,?,?,?,?)", rows
                )
            )

    def entry(self, sha256: str, naming: str = "") -> Path:
        """The folder of one source's parts."""
        return self.folder / "-".join(filter(None, (sha256, naming, self._options)))

    def load(self, sha256: str, naming: str = "") -> Manifest | None:
        """What is kept of a source, or None.

        Args:
            sha256: the hash of its content.
            naming: the file's `naming`; some of what is kept counts for this name only.
        """
        found = self._load(self.entry(sha256))
        return found or (self._load(self.entry(sha256, naming)) if naming else None)

    def _load(self, folder: Path) -> Manifest | None:
        try:
            manifest = Manifest.from_json((folder / MANIFEST).read_bytes(), folder)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not all(_is_whole(folder / part.file, part) for part in manifest.parts):
            return None
        with contextlib.suppress(OSError):
            os.utime(folder / MANIFEST)
        return manifest

    def work_folder(self, prefix: str = "work-") -> Path:
        """A new folder to write into; where the cache can't be written, one that goes with it."""
        place = self._spare or self.prepare()
        try:
            return Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        except OSError as failure:
            if self._spare is not None:
                raise
            self._spare = Path(tempfile.mkdtemp(prefix="huntkit-"))
            weakref.finalize(self, shutil.rmtree, self._spare, ignore_errors=True)
            _warn(
                f"the cache folder {os.fspath(self.folder)!r} can't be written:"
                f" {failure.strerror}; nothing new is kept"
            )
            return self.work_folder(prefix)

    def keep(self, manifest: Manifest) -> Manifest:
        """Move a finished source into its place; the first of two writers wins."""
        if self._spare is not None and manifest.folder.parent == self._spare:
            return manifest
        self.grew = True
        for part in manifest.parts:
            part.size, part.stamp = _facts_of(manifest.folder / part.file)
        text = manifest.to_json()
        (manifest.folder / MANIFEST).write_bytes(text)
        place = self.entry(manifest.sha256, manifest.naming)
        try:
            manifest.folder.rename(place)
        except OSError:
            if kept := self._load(place):
                shutil.rmtree(manifest.folder, ignore_errors=True)
                return kept
            shutil.rmtree(place, ignore_errors=True)
            manifest.folder.rename(place)
        manifest.folder = place
        manifest.digest = hashlib.sha256(text).hexdigest()
        return manifest

    def evict(self) -> None:
        """Remove what was not used lately, the oldest first, until the limit holds."""
        entries = sorted(
            (used, size, folder)
            for version in self._versions()
            for folder in version.iterdir()
            if folder.is_dir()
            for used, size in [_use_of(folder)]
        )
        total = sum(size for _, size, _ in entries)
        now = time.time()
        for used, size, folder in entries:
            if total <= self._limit_bytes:
                return
            if now - used > IN_USE_S:
                shutil.rmtree(folder, ignore_errors=True)
                total -= size

    def _versions(self) -> list[Path]:
        return [each for each in self._evidence.iterdir() if each.is_dir()]

    def _with_index(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Do something with the index, or without it where it can't be used."""
        path = self.prepare() / "index.sqlite"
        for again in (True, False):
            if self._without_index:
                return
            try:
                _in_index(path, work)
            except sqlite3.Error as failure:
                self._mend(path, failure, again=again)
            else:
                return

    def _mend(self, path: Path, failure: sqlite3.Error, *, again: bool) -> None:
        """Set a damaged index aside, the first time; else do without."""
        code = getattr(failure, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if again and code not in _UNUSABLE:
            with contextlib.suppress(OSError):
                path.replace(path.with_name("index.sqlite.damaged"))
                for rest in ("-journal", "-wal", "-shm"):  # they would be played into the new one
                    path.with_name(f"index.sqlite{rest}").unlink(missing_ok=True)
                _warn(
                    f"the cache index {os.fspath(path)!r} is damaged ({failure}): it is begun"
                    " anew, and files are hashed once more"
                )
                return
        self._without_index = True
        _warn(
            f"the cache index {os.fspath(path)!r} can't be used ({failure}): all files are"
            " hashed again"
        )


def _in_index(path: Path, work: Callable[[sqlite3.Connection], object]) -> None:
    connection = sqlite3.connect(path, timeout=INDEX_WAIT_S)
    try:
        with connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS files (path BLOB PRIMARY KEY, size INTEGER,"
                " mtime_ns INTEGER, inode INTEGER, sha256 TEXT)"
            )
            work(connection)
    finally:
        connection.close()


def _warn(text: str) -> None:
    warnings.warn(text, CacheWarning, stacklevel=3)


def without_own(files: list[InputFile], paths: object, folder: Path) -> list[InputFile]:
    """The files that are not this cache's parsed copies of other files.

    A cache below the evidence would give every event again at the next opening, and twice as many
    at the one after that. Parsed files are read where a path in the cache itself is given.
    """
    own = os.path.realpath(folder / "evidence")
    given = [paths] if isinstance(paths, str | os.PathLike) else paths
    assert isinstance(given, Iterable)
    if any(_parsed(os.path.realpath(Path(each).expanduser()), own) for each in given):
        return files
    folders = {parent: os.path.realpath(parent) for parent in {file.path.parent for file in files}}
    parsed = {parent for parent, place in folders.items() if _parsed(place, own)}
    others = [file for file in files if file.path.parent not in parsed]
    if len(others) < len(files):
        _warn(
            f"the cache {os.fspath(folder)!r} lies in the evidence: its "
            f"{len(files) - len(others)} files were not read as evidence"
        )
    return others


def _parsed(place: str, own: str) -> bool:
    """Whether a folder or file is of a version of the cache, whose folders lie in `own`."""
    if not place.startswith(own + os.sep):
        return False
    version = place[len(own) + 1 :].partition(os.sep)[0]
    return re.fullmatch("[0-9a-f]{16}", version) is not None


def removed() -> EvidenceError:
    """What to say where parsed evidence went while it was in use."""
    return EvidenceError(
        "parsed evidence is gone: it was closed, or its cache folder was removed",
        hint="open the evidence again",
    )


def naming(path: Path) -> str:
    """A short name for what of a path may decide how a file is read and what its table is called.

    Examples:
        >>> naming(Path("a/hosts.csv")) == naming(Path("b/hosts.csv")) != naming(Path("a/b.csv"))
        True
    """
    name = f"results/{path.name}" if path.parent.name == "results" else path.name
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:12]


def _key(file: InputFile) -> tuple[bytes, int, int, int]:
    """What a file is known by: its path as bytes, since not every name is text, and its facts.

    Times after 2262 and some file systems' inodes need more than SQLite's 63 bits.
    """
    numbers = (file.size, file.mtime_ns, file.inode)
    size, mtime_ns, inode = ((each + _HALF) % (2 * _HALF) - _HALF for each in numbers)
    return os.fsencode(file.path.absolute()), size, mtime_ns, inode


def _is_whole(path: Path, part: Part) -> bool:
    """Whether a part is as it was written.

    It may be gone, or cut off when the power or the disk's room went. Its bytes are looked at
    only where something has written to the file since: the query engines take changed bytes for
    values, and to read everything at each opening would cost what the cache is there to save.
    """
    size, stamp = _facts_of(path)
    return size == part.size and (stamp == part.stamp or crc_of(path) == part.crc)


def _facts_of(path: Path) -> tuple[int, str]:
    """Size, -1 where there is none, and what changes with every writing."""
    try:
        facts = path.stat()
    except OSError:
        return -1, ""
    return facts.st_size, f"{facts.st_mtime_ns} {facts.st_ctime_ns}"


def _use_of(folder: Path) -> tuple[float, int]:
    """When an entry was last used, and its size."""
    size = 0
    used = 0.0
    with contextlib.suppress(OSError):
        used = folder.stat().st_mtime
        for path in folder.iterdir():
            facts = path.stat()
            size += facts.st_size
            used = max(used, facts.st_mtime)
    return used, size
