"""What outlives a process: answers with their age, and how much of a day's quota is used.

One SQLite file that only its owner may read, safe with several processes. Keys are kept as
digests and values as JSON; no secret belongs in either.
"""

import hashlib
import os
import sqlite3
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson

T = TypeVar("T")

_MIB: Final = 1024**2
_BATCH: Final = 500
_SHARE_KEPT: Final = 0.9
_WAIT_S: Final = 20.0
_PAUSE_S: Final = 0.01
_TABLES: Final = (
    """
    CREATE TABLE IF NOT EXISTS answers (
      kind TEXT NOT NULL, key BLOB NOT NULL, at REAL NOT NULL, value BLOB NOT NULL,
      PRIMARY KEY (kind, key)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX IF NOT EXISTS answers_at ON answers (at)",
    """
    CREATE TABLE IF NOT EXISTS quota (
      service TEXT NOT NULL, day TEXT NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (service, day)
    ) WITHOUT ROWID
    """,
)


class StoreWarning(UserWarning):
    """Answers can't be kept, or what was kept can't be read."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was kept.

    Attributes:
        value: what was put in.
        at: when, in seconds since 1970.
        age_s: how long ago.
    """

    value: Any
    at: float
    age_s: float


class Store:
    """Answers by kind and key; a store that can't be used keeps nothing, and warns once.

    Args:
        path: the file; it is made when it is first needed.
        limit_bytes: how large the answers may grow before the oldest go.
        now: the time in seconds since 1970.

    Examples:
        >>> import tempfile
        >>> store = Store(Path(tempfile.mkdtemp()) / "answers.sqlite")
        >>> store.put("otx", ("ipv4", "203.0.113.7"), {"pulses": 3})
        >>> store.get("otx", ("ipv4", "203.0.113.7"), max_age_s=3600).value
        {'pulses': 3}
        >>> store.get("otx", ("ipv4", "203.0.113.8"), max_age_s=3600) is None
        True
        >>> store.close()
    """

    def __init__(
        self,
        path: Path,
        *,
        limit_bytes: int = 256 * _MIB,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self._limit = limit_bytes
        self._now = now
        self._lock = threading.RLock()
        self._open: sqlite3.Connection | None = None
        self._process = 0
        self._warned = False
        self._since_check = limit_bytes  # so that the first answer looks at the size
        self._counted: dict[tuple[str, str], int] = {}

    def get(self, kind: str, key: object, *, max_age_s: float) -> Kept | None:
        """What was kept for that key, if it is not older than that."""
        return self.get_many(kind, [key], max_age_s=max_age_s)[0]

    def get_many(self, kind: str, keys: Sequence[object], *, max_age_s: float) -> list[Kept | None]:
        """The same for many keys, in their order; None for each that is not there."""
        digests = [_digest(key) for key in keys]
        now = self._now()
        found: dict[bytes, Kept] = {}

        def read(opened: sqlite3.Connection) -> None:
            for batch in _batches(digests):
                marks = ",".join("?" * len(batch))
                rows = opened.execute(
                    f"SELECT key, at, value FROM answers WHERE kind = ? AND key IN ({marks})",  # noqa: S608  only question marks
                    (kind, *batch),
                )
                for digest, at, value in rows:
                    if 0 <= now - at <= max_age_s:  # what comes from the future is not believed
                        found[digest] = Kept(_unpacked(value), at, now - at)

        self._do(read, None)
        return [found.get(digest) for digest in digests]

    def put(self, kind: str, key: object, value: object) -> None:
        """Keep an answer, which must be something that JSON can hold."""
        self.put_many(kind, [(key, value)])

    def put_many(self, kind: str, answers: Iterable[tuple[object, object]]) -> None:
        """Keep many answers at once, which is far faster than one by one."""
        now = self._now()
        rows = [(kind, _digest(key), now, _packed(value)) for key, value in answers]
        if not rows:
            return

        def write(opened: sqlite3.Connection) -> None:
            opened.execute("BEGIN IMMEDIATE")
            opened.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", rows)
            opened.execute("COMMIT")

        self._do(write, None)
        self._since_check += sum(len(row[3]) for row in rows)
        if self._since_check > self._limit * (1 - _SHARE_KEPT):
            self._since_check = 0
            self._do(self._shrink, None)

    def forget(self, kind: str | None = None) -> None:
        """Forget all answers of a kind, or all there are; quotas stay."""

        def remove(opened: sqlite3.Connection) -> None:
            opened.execute("DELETE FROM answers WHERE ?1 IS NULL OR kind = ?1", (kind,))

        self._do(remove, None)

    def take(self, service: str, limit: int, day: str) -> bool:
        """Count one more request of a day; False, and nothing counted, if it is used up."""

        def count(opened: sqlite3.Connection) -> bool:
            opened.execute("BEGIN IMMEDIATE")
            try:
                used = _used(opened, service, day)
                if used < limit:
                    opened.execute("DELETE FROM quota WHERE day < ?", (day,))
                    opened.execute(
                        "INSERT OR REPLACE INTO quota VALUES (?, ?, ?)", (service, day, used + 1)
                    )
            finally:
                opened.execute("COMMIT")
            return used < limit

        taken = self._do(count, None)
        if taken is not None:
            return taken
        with self._lock:  # at least what this process asks is counted
            used = self._counted.get((service, day), 0)
            self._counted[service, day] = used + (used < limit)
        return used < limit

    def left(self, service: str, limit: int, day: str) -> int:
        """How many requests a day still has."""
        used = self._do(lambda opened: _used(opened, service, day), None)
        return max(limit - (self._counted.get((service, day), 0) if used is None else used), 0)

    def size_bytes(self) -> int:
        """How large the answers are together."""
        return self._do(_size, 0)

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        with self._lock:
            if self._open is not None and self._process == os.getpid():
                self._open.close()
            self._open = None

    def _do(self, work: Callable[[sqlite3.Connection], T], otherwise: Any) -> T | Any:
        with self._lock:
            try:
                return work(self._connection())
            except (sqlite3.Error, OSError) as problem:
                self._give_up(problem)
        return otherwise

    def _give_up(self, problem: Exception) -> None:
        opened = self._open
        if opened is not None and opened.in_transaction:
            opened.rollback()
        if isinstance(problem, sqlite3.DatabaseError) and "malformed" in str(problem):
            self._set_aside()
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"answers are not kept: {self.path}: {type(problem).__name__}: {problem}",
                StoreWarning,
                stacklevel=5,
            )

    def _connection(self) -> sqlite3.Connection:
        if self._open is not None and self._process == os.getpid():
            return self._open
        self._open, self._process = None, os.getpid()  # a forked child must not use its parent's
        _make_private(self.path)
        try:
            self._open = _opened(self.path)
        except sqlite3.DatabaseError as problem:
            if "not a database" not in str(problem) and "malformed" not in str(problem):
                raise
            self._set_aside()
            _make_private(self.path)
            self._open = _opened(self.path)
        return self._open

    def _set_aside(self) -> None:
        self.close()
        aside = self.path.with_name(self.path.name + ".broken")
        for ending in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + ending)
            if part.exists():
                if ending:
                    part.unlink()
                else:
                    part.replace(aside)
        warnings.warn(
            f"kept answers and quotas were unreadable and begin anew; the old file is {aside}",
            StoreWarning,
            stacklevel=6,
        )

    def _shrink(self, opened: sqlite3.Connection) -> None:
        """The oldest answers go until there is room again."""
        size = _size(opened)
        if size <= self._limit:
            return
        surplus = size - int(self._limit * _SHARE_KEPT)
        opened.execute(
            "DELETE FROM answers WHERE (kind, key) IN (SELECT kind, key FROM (SELECT kind, key,"
            " SUM(LENGTH(value)) OVER (ORDER BY at, kind, key) - LENGTH(value) AS before"
            " FROM answers) WHERE before < ?)",
            (surplus,),
        )


def _opened(path: Path) -> sqlite3.Connection:
    opened = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
    try:
        _use_wal(opened)
        opened.execute("PRAGMA synchronous = NORMAL")
        for statement in _TABLES:
            opened.execute(statement)
    except sqlite3.Error:
        opened.close()
        raise
    return opened


def _use_wal(opened: sqlite3.Connection) -> None:
    """Let readers and one writer work side by side.

    Processes that open a new file at the same moment all ask for it, and SQLite waits for none of
    them: who comes second is told at once that the file is locked (https://sqlite.org/wal.html,
    "Sometimes Queries Return SQLITE_BUSY In WAL Mode").
    """
    until = time.monotonic() + _WAIT_S
    while True:
        try:
            opened.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def _make_private(path: Path) -> None:
    """The file, readable by its owner only; SQLite gives its helper files the same rights."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        if os.name == "posix":
            os.fchmod(handle, 0o600)  # fails where somebody else owns it
    finally:
        os.close(handle)


def _digest(key: object) -> bytes:
    canonical = orjson.dumps(key, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(canonical, digest_size=20).digest()


def _packed(value: object) -> bytes:
    return zlib.compress(orjson.dumps(value), 1)


def _unpacked(value: bytes) -> Any:
    return orjson.loads(zlib.decompress(value))


def _batches(digests: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(digests), _BATCH):
        yield digests[start : start + _BATCH]


def _used(opened: sqlite3.Connection, service: str, day: str) -> int:
    row = opened.execute(
        "SELECT used FROM quota WHERE service = ? AND day = ?", (service, day)
    ).fetchone()
    return int(row[0]) if row else 0


def _size(opened: sqlite3.Connection) -> int:
    (size,) = opened.execute("SELECT COALESCE(SUM(LENGTH(value)), 0) FROM answers").fetchone()
    return int(size)
