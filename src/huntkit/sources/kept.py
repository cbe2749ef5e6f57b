"""Answers kept on disk, so that asking the same again costs nothing.

One Parquet file an answer, named by a hash of everything that it depends on: environment, place,
query text, parameters, range of time. What is known about it (when it was asked, how many rows)
stands in the file itself. An answer is used for ever where its range had ended two days before
it was asked, because late events have arrived by then; for ten minutes where not. Answers that
are not whole are never kept.
"""

import contextlib
import hashlib
import json
import os
import stat
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from huntkit.core.errors import UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.runtime.secrets import Secret

LATE: Final = timedelta(hours=48)
FRESH: Final = timedelta(minutes=10)

_DEAD_S: Final = 3600.0
_VERSION: Final = 1  # changes with what is kept and how
_FACTS: Final = b"huntkit"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Everything that an answer depends on.

    Attributes:
        environment: what was asked.
        place: which one of its kind, without any secret (`Driver.identity`).
        text: the query, as sent.
        parameters: the values that were sent beside it.
        span: the range of time, if there is one.
        options: what else the call said (`Request.options`), as text.
    """

    environment: str
    place: str
    text: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    span: TimeSpan | None = None
    options: str = ""

    @property
    def key(self) -> str:
        """The name of the answer's file.

        Raises:
            UsageError: a secret among the parameters.
        """
        span = [self.span.start.isoformat(), self.span.end.isoformat()] if self.span else None
        facts = [
            _VERSION,
            self.environment,
            self.place,
            self.text,
            sorted((name, _plain(value)) for name, value in self.parameters.items()),
            span,
            self.options,
        ]
        return hashlib.sha256(json.dumps(facts).encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: object) -> object:
    """A value so that two different ones never look alike."""
    if isinstance(value, Secret):
        raise UsageError("a secret can't be a query's parameter")
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return [type(value).__name__, repr(value)]


@dataclass(frozen=True, slots=True)
class Hit:
    """A kept answer.

    Attributes:
        table: its rows.
        asked_at: when the source was asked.
        age: how long ago that was.
        facts: what was kept beside the rows.
    """

    table: pa.Table
    asked_at: datetime
    age: timedelta
    facts: Mapping[str, Any]


class Kept:
    """The folder of kept answers; made on first use, readable by the owner alone.

    Args:
        folder: where.
        limit_bytes: beyond this size the answers that were not used for longest are removed.
        clock: tells the time.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limit_bytes: int,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.folder = folder / "queries"
        self._limit_bytes = limit_bytes
        self._clock = clock

    def find(self, asked: Asked) -> Hit | None:
        """The kept answer, if there is one that is not too old."""
        path = self._path(asked)
        if not _ours(path):
            return None
        try:
            # Read at once rather than mapped: another process may replace the file meanwhile.
            table = pq.read_table(path, memory_map=False)
            facts = json.loads(table.schema.metadata[_FACTS])
            asked_at = datetime.fromisoformat(facts.pop("asked_at"))
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, AttributeError):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        age = self._clock() - asked_at
        if not _usable(asked.span, asked_at, age):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return Hit(_without_facts(table), asked_at, age, facts)

    def keep(
        self, asked: Asked, table: pa.Table, *, asked_at: datetime, facts: Mapping[str, Any]
    ) -> bool:
        """Keep a whole answer; whether that was possible. A full disk is no reason to fail."""
        if not table.num_columns:
            return False  # Parquet would forget how many rows there are
        path = self._path(asked)
        said = json.dumps({**facts, "asked_at": asked_at.isoformat()}, default=str)
        metadata = {**(table.schema.metadata or {}), _FACTS: said.encode()}
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self.folder, prefix=".new-")  # mode 0600
            try:
                with os.fdopen(handle, "wb") as stream:
                    kept = table.replace_schema_metadata(metadata)
                    pq.write_table(kept, stream, compression="zstd")
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            self._evict()
        except (OSError, pa.ArrowException):
            return False
        return True

    def forget(self, asked: Asked) -> None:
        """Remove an answer, if it is kept."""
        with contextlib.suppress(OSError):
            self._path(asked).unlink()

    def clear(self) -> int:
        """Remove all kept answers; how many there were."""
        files = self._files()
        for path in files:
            with contextlib.suppress(OSError):
                path.unlink()
        return len(files)

    def _path(self, asked: Asked) -> Path:
        return self.folder / f"{asked.key}.parquet"

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.parquet")) if self.folder.is_dir() else []

    def _evict(self) -> None:
        for path in self.folder.glob(".new-*"):  # of a process that died while writing
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < time.time() - _DEAD_S:
                    path.unlink()
        used = []
        for path in self._files():
            with contextlib.suppress(OSError):
                facts = path.stat()
                used.append((facts.st_mtime, facts.st_size, path))
        total = sum(size for _, size, _ in used)
        for _, size, path in sorted(used)[:-1]:  # never the newest: it was just asked for
            if total <= self._limit_bytes:
                return
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size


def _usable(span: TimeSpan | None, asked_at: datetime, age: timedelta) -> bool:
    if age < timedelta(0):
        return False  # a clock was set back: nothing can be said
    return age < FRESH or (span is not None and asked_at - span.end >= LATE)


def _ours(path: Path) -> bool:
    """Whether nobody else can have written the file."""
    try:
        facts = path.lstat()
    except OSError:
        return False
    if not stat.S_ISREG(facts.st_mode):
        return False
    return os.name == "nt" or (facts.st_uid == os.geteuid() and not facts.st_mode & _OTHERS)


def _without_facts(table: pa.Table) -> pa.Table:
    rest = {name: value for name, value in table.schema.metadata.items() if name != _FACTS}
    return table.replace_schema_metadata(rest or None)
