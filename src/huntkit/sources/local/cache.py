"""Parsed evidence, kept by content hash, so that opening the same files again is instant.

A source file's parts lie under ``<cache>/evidence/<fingerprint>/<sha256>-<options>/`` beside a
``manifest.json`` (where a table is named after the file, its name is part of the folder's, too);
the fingerprint changes with the code and data files that parse and map, so a new version never
shows rows that an old one made. An entry appears by one rename: a crash leaves
no half entry behind. ``index.sqlite`` remembers the hash of files that did not change since
(path, size, time, inode), as git does, so that gigabytes need not be hashed again.
"""

import contextlib
import functools
import hashlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

from huntkit.core.errors import EvidenceError
from huntkit.core.version import VERSION
from huntkit.sources.local.inputs import InputFile
from huntkit.sources.local.manifest import Manifest

RACY_NS = 2_000_000_000  # a file changed this recently may change again within one time stamp
IN_USE_S = 3600.0  # entries used within the hour are never evicted: another process may read them
MANIFEST = "manifest.json"


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
        found = {}
        with self._index() as index:
            for file in files:
                row = index.execute(
                    "SELECT sha256 FROM files WHERE path=? AND size=? AND mtime_ns=? AND inode=?",
                    (_key(file), file.size, file.mtime_ns, file.inode),
                ).fetchone()
                if row:
                    found[file.path] = str(row[0])
        return found

    def remember(self, file: InputFile, sha256: str) -> None:
        """Keep the hash of a file, unless it changed a moment ago."""
        if time.time_ns() - file.mtime_ns < RACY_NS:
            return
        with self._index() as index:
            index.execute(
                "INSERT OR REPLACE INTO files VALUES (?,?,?,?,?)",
                (_key(file), file.size, file.mtime_ns, file.inode, sha256),
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
        if not all((folder / part.file).is_file() for part in manifest.parts):
            return None
        with contextlib.suppress(OSError):
            os.utime(folder / MANIFEST)
        return manifest

    def work_folder(self) -> Path:
        """A new folder to write parts into."""
        self.prepare()
        return Path(tempfile.mkdtemp(prefix="work-", dir=self.folder))

    def keep(self, manifest: Manifest) -> Manifest:
        """Move a finished source into its place; the first of two writers wins."""
        self.grew = True
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

    @contextlib.contextmanager
    def _index(self) -> Iterator[sqlite3.Connection]:
        self.prepare()
        path = self.folder / "index.sqlite"
        connection = sqlite3.connect(path, timeout=30)
        try:
            with connection:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS files (path BLOB PRIMARY KEY, size INTEGER,"
                    " mtime_ns INTEGER, inode INTEGER, sha256 TEXT)"
                )
                yield connection
        except sqlite3.DatabaseError as failure:
            raise EvidenceError(
                f"the cache index {os.fspath(path)!r} is damaged: {failure}",
                hint="delete it and open the evidence again",
            ) from failure
        finally:
            connection.close()


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


def _key(file: InputFile) -> bytes:
    """A path as bytes: not every file name is text."""
    return os.fsencode(file.path.absolute())


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
