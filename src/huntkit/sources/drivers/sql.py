"""SQL databases: PostgreSQL by ADBC, and files of DuckDB and SQLite; all of them read-only."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import urlsplit

from huntkit.core.errors import EvidenceError, Offline, UsageError
from huntkit.runtime import Secret
from huntkit.sources.driver import Answer, Driver, Limits, Request, Schema
from huntkit.sources.errors import NotConnected
from huntkit.sources.sql.duckdb_file import DuckDBFile
from huntkit.sources.sql.engine import Engine, Statement
from huntkit.sources.sql.postgresql import PostgreSQL
from huntkit.sources.sql.sqlite_file import SQLiteFile

_SQLITE: Final = b"SQLite format 3\x00"
_DUCKDB: Final = b"DUCK"  # at byte 8: https://duckdb.org/docs/internals/storage


@dataclass(frozen=True, kw_only=True)
class SQLSettings:
    """Which database to ask: an address or a file.

    Attributes:
        connection_str: a PostgreSQL server, ``postgresql://user@host/database``; never with a
            password. Servers elsewhere are asked over TLS with their certificate checked, unless
            ``?sslmode=`` says otherwise.
        user: who asks, where the address does not say.
        password: what proves it.
        file: a DuckDB or SQLite file; which, is seen by its content.
    """

    connection_str: str = field(default="", metadata={"aliases": ("uri", "url")})
    user: str = ""
    password: Secret | None = None
    file: Path | None = field(default=None, metadata={"aliases": ("data", "path")})


@dataclass(frozen=True, kw_only=True)
class SQLOptions:
    """What one call may say.

    Attributes:
        max_rows: stop after so many rows, and say so.
    """

    max_rows: int = 1_000_000


class SQL(Driver):
    """PostgreSQL servers, and DuckDB and SQLite files; statements that read, and nothing else.

    Times without a zone count as UTC. Exact numbers come as integers or float64 where that holds
    every one of them, else as text; JSON, lists and objects as JSON text; binary as hex.
    """

    environments: ClassVar = {"SQL": ()}
    language = "sql"
    settings = SQLSettings
    options = SQLOptions
    limits = Limits(max_parallel=4, timeout_s=300)

    chosen: SQLSettings
    _engine: Engine | None = None

    def connect(self) -> None:
        """Find out that the database is there.

        Raises:
            UsageError: neither an address nor a file is given, or both.
            AccessDenied: the server does not take this user and password.
            RequestFailed: the server is not there.
            EvidenceError: the file can't be read.
        """
        chosen = self.chosen
        if bool(chosen.connection_str) == (chosen.file is not None):
            raise UsageError(
                "say which database to ask: an address or a file",
                hint='connect("postgresql://user@host/database"), or connect(file="logs.duckdb")',
            )
        engine = self._server() if chosen.file is None else _opened(chosen.file)
        engine.connect()
        self._engine = engine

    def _server(self) -> PostgreSQL:
        address = self.chosen.connection_str
        if urlsplit(address).scheme not in ("postgresql", "postgres"):
            raise UsageError(
                "the address is none of a database that can be asked",
                hint="postgresql://user@host/database; for a file: file=",
            )
        if self.session.offline:
            raise Offline("the network is switched off for this session", service="PostgreSQL")
        return PostgreSQL(address, user=self.chosen.user, password=self.chosen.password)

    def close(self) -> None:
        """End what is open."""
        if self._engine is not None:
            self._engine.close()
        self._engine = None

    def run(self, request: Request) -> Answer:
        """The rows of one statement that reads."""
        request.cancel.check()
        options: SQLOptions = request.options
        return self._connected.run(
            Statement(
                text=request.text,
                max_rows=options.max_rows,
                timeout_s=request.timeout_s,
                cancel=request.cancel,
            )
        )

    def schema(self) -> Schema:
        """The tables and views with their columns."""
        return self._connected.schema()

    @property
    def _connected(self) -> Engine:
        if self._engine is None:
            raise NotConnected("SQL is not connected", hint="call connect() first")
        return self._engine

    @property
    def identity(self) -> str:
        """The address without who asks, or the file with its time and size."""
        chosen = self.chosen
        if chosen.file is None:
            parts = urlsplit(chosen.connection_str)
            user = parts.username or chosen.user
            host = parts.netloc.rpartition("@")[2]
            return f"postgresql://{host}{parts.path} {user}".strip()
        try:
            facts = chosen.file.stat()
        except OSError:
            return str(chosen.file)
        return f"{chosen.file.absolute()} {facts.st_size} {facts.st_mtime_ns}"


def _opened(path: Path) -> DuckDBFile | SQLiteFile:
    """The engine of a file, by its first bytes; never by its name."""
    path = path.expanduser()
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise EvidenceError(f"{str(path)!r} can't be read: {reason}") from None
    if head == _SQLITE:
        return SQLiteFile(path)
    if head[8:12] == _DUCKDB:
        return DuckDBFile(path)
    raise UsageError(
        f"{str(path)!r} is neither a DuckDB nor an SQLite database",
        hint="log files are read by QueryProvider('Local', data=...)",
    )
