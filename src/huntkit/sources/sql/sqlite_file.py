"""An SQLite file, opened read-only; every statement on a connection of its own."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from huntkit.core.errors import EvidenceError
from huntkit.sources.column_types import table_of_columns
from huntkit.sources.driver import Answer, Gap, Schema
from huntkit.sources.errors import QueryRefused
from huntkit.sources.sql.engine import Statement, kql_type, refuse_writing, stopped_by

_SERVICE: Final = "SQLite"
_READS: Final = frozenset(["select", "with", "values"])
_PAGE: Final = 10_000
_ALLOWED: Final = frozenset(
    [sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE]
)
_LONGEST: Final = 100_000_000  # bytes of one value: a statement can make them up
_DOUBLES: Final = range(-(1 << 53), (1 << 53) + 1)  # integers that a float64 holds


class SQLiteFile:
    """An SQLite database in a file.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def connect(self) -> None:
        """Find out that the file is a database.

        Raises:
            EvidenceError: it is not.
        """
        self.schema()

    def close(self) -> None:
        """Nothing stays open between statements."""

    def run(self, statement: Statement) -> Answer:
        """The rows of a statement that reads.

        SQLite has types for values, not for columns: a column is what all its values are. Whole
        and broken numbers together come as float64 where it holds them all, else as text; times
        are what the file holds (text or numbers), as SQLite has none.

        Raises:
            QueryRefused: what SQLite says is wrong with it.
        """
        refuse_writing(statement.text, _READS)
        statement.cancel.check()
        connection = self._open()
        try:
            connection.set_authorizer(_authorized)
            with stopped_by(statement, connection.interrupt) as stopped:
                try:
                    names, rows, gaps = _read(connection, statement)
                except (sqlite3.Error, sqlite3.Warning) as problem:
                    if (reason := stopped.reason(statement, _SERVICE)) is not None:
                        raise reason from None
                    raise QueryRefused(f"{_SERVICE} refused the query: {problem}") from None
        finally:
            connection.close()
        columns = [_column(values) for values in zip(*rows, strict=True)] if rows else []
        empty = [pa.array([], pa.string()) for _ in names]
        table, lost = table_of_columns(names, columns or empty)
        return Answer(table=table, gaps=[*gaps, *lost])

    def schema(self) -> Schema:
        """The tables and views, with the types that their columns were declared with."""
        connection = self._open()
        try:
            rows = connection.execute(
                "SELECT m.name, c.name, c.type FROM sqlite_master AS m, pragma_table_xinfo(m.name) "
                "AS c WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' "
                "ESCAPE '\\' ORDER BY m.name, c.cid"
            ).fetchall()
        except sqlite3.Error as problem:
            raise EvidenceError(f"{str(self._path)!r} can't be read: {problem}") from None
        finally:
            connection.close()
        found: dict[str, dict[str, str]] = {}
        for table, column, kind in rows:
            found.setdefault(table, {})[column] = _declared(kind or "")
        return found

    def _open(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=ro",
                uri=True,
                isolation_level=None,
                check_same_thread=False,  # it is interrupted from others
            )
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
        except sqlite3.Error as problem:
            raise EvidenceError(f"{str(self._path)!r} can't be opened: {problem}") from None
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.text_factory = _text
        return connection


def _authorized(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _text(value: bytes) -> str:
    """Text that is no UTF-8 is shown as far as it can be: files hold what programs wrote."""
    return value.decode("utf-8", "backslashreplace")


def _read(
    connection: sqlite3.Connection, statement: Statement
) -> tuple[list[str], list[tuple[Any, ...]], list[Gap]]:
    cursor = connection.execute(statement.text)
    names = [each[0] for each in cursor.description]
    rows: list[tuple[Any, ...]] = []
    while page := cursor.fetchmany(_PAGE):
        statement.cancel.check()
        rows += page
        if len(rows) > statement.max_rows:
            gap = Gap(f"only the first {statement.max_rows:,} rows were read (max_rows=)")
            return names, rows[: statement.max_rows], [gap]
    return names, rows, []


def _column(values: Sequence[Any]) -> pa.Array:
    """Values of one type as that type, of several as text."""
    kinds = {type(each) for each in values if each is not None}
    if kinds <= {int}:
        return pa.array(values, pa.int64())
    whole = (each for each in values if isinstance(each, int))
    if kinds <= {int, float} and all(each in _DOUBLES for each in whole):
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    if kinds == {bytes}:
        return pa.array(values, pa.binary())
    return pa.array([_as_text(each) for each in values], pa.string())


def _as_text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, str) else repr(value)


def _declared(kind: str) -> str:
    """SQLite's integers are of 64 bits, and its times are what the file holds."""
    known = {"int": "long", "datetime": "string", "timespan": "string", "bool": "long"}
    found = kql_type(kind)
    return known.get(found, found)
