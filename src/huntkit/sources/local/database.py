"""The evidence's tables in DuckDB: read-only, and cut off from files and network."""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from huntkit.core.errors import QueryError, did_you_mean
from huntkit.core.stopping import stoppable
from huntkit.sources.local import schemas
from huntkit.sources.local.cache import removed
from huntkit.sources.local.catalog import OWN, Input, Table, empty_table
from huntkit.sources.local.held import (
    ALL_BYTES,
    LITTLE_BYTES,
    MOST_BYTES,
    MOST_ROWS,
    hold,
    most_text,
    text_bytes,
)
from huntkit.sources.reading_sql import reading_statement, short
from huntkit.tables.results import collected, default_bytes, pieces

SQL_TYPES = {
    "string": "VARCHAR",
    "dynamic": "VARCHAR",
    "guid": "VARCHAR",
    "datetime": "TIMESTAMPTZ",
    "long": "BIGINT",
    "int": "INTEGER",
    "real": "DOUBLE",
    "decimal": "DOUBLE",
    "bool": "BOOLEAN",
    "timespan": "INTERVAL",
}
TEXT = {"string", "dynamic", "guid"}


class Database:
    """A connection that sees the given tables and nothing else.

    File access is limited to the parts of these tables, extensions and network are off, and the
    configuration is locked, so that no text a caller runs can reach further. Only one statement
    that reads is accepted. A table is given to the engine when a text first holds its name, and a
    small one as rows in memory once much was asked.

    Args:
        tables: the tables, by name.
        views: more tables, as SQL over those above.
        spill: a folder for work that does not fit in memory.

    Attributes:
        max_result_bytes: how large an answer may be that is held in memory.
    """

    def __init__(
        self, tables: Mapping[str, Table], *, views: Mapping[str, str], spill: Path
    ) -> None:
        self._tables = tables
        self._lock = threading.Lock()
        self._made: set[str] = set()
        self._closed = False
        self._files = sorted({file for t in tables.values() for i in t.inputs for file in i.files})
        self._connection = duckdb.connect(":memory:")
        self._set_up(list(map(str, self._files)), spill)
        self.max_result_bytes = default_bytes(self._connection)
        self._views = views
        # Binding a table looks into each of its files, and there may be thousands.
        self._waiting = dict.fromkeys([*tables, *views])
        self._small = {name for name, each in tables.items() if 0 < each.rows <= MOST_ROWS}
        self._room = ALL_BYTES
        self._asked = 0

    def _set_up(self, files: list[str], spill: Path) -> None:
        run = self._connection.execute
        run("SET TimeZone = 'UTC'")
        run("SET preserve_insertion_order = true")
        run(f"SET temp_directory = {literal(str(spill))}")
        run("SET autoinstall_known_extensions = false")
        run("SET autoload_known_extensions = false")
        run(f"SET allowed_paths = [{', '.join(map(literal, files))}]")
        run("SET enable_external_access = false")
        run("SET lock_configuration = true")

    def close(self) -> None:
        """Free what the connection holds; a query that is still under way does so when it ends."""
        with self._lock:
            self._closed = True
            with suppress(duckdb.Error):  # it refuses while a query is under way
                self._connection.close()

    def check_open(self) -> None:
        """Refuse to answer once it is closed.

        Raises:
            EvidenceError: it is.
        """
        if self._closed:
            raise removed()

    def prepare(self, make: Callable[[duckdb.DuckDBPyConnection, set[str]], object]) -> None:
        """Let ``make`` give the connection functions; the set remembers which it has."""
        self.check_open()
        with self._lock:
            make(self._connection, self._made)

    def run(self, text: str, values: Iterable[Any] | Mapping[str, Any] = ()) -> pl.DataFrame:
        """The rows of one reading statement.

        Raises:
            QueryError: not one statement, not one that reads, or the engine refused it.
            ResultTooLarge: the rows are more than ``max_result_bytes``.
            EvidenceError: it is closed, or its parts are gone.
        """
        most, cursor = self.max_result_bytes, self._cursor()

        def ask() -> pl.DataFrame:
            with self._refusing():
                return collected(self._bound(cursor, text, values), most_bytes=most)

        return stoppable(ask, stop=cursor.interrupt)

    def pieces(
        self, text: str, values: Iterable[Any] | Mapping[str, Any] = ()
    ) -> Generator[pl.DataFrame, None, None]:
        """The rows of one reading statement, however many, a frame at a time; one at least.

        Raises:
            QueryError, ResultTooLarge, EvidenceError: as for `run`; also after some rows.
        """
        most, cursor = self.max_result_bytes, self._cursor()

        def ask() -> Iterator[pl.DataFrame]:
            with self._refusing():
                return pieces(self._bound(cursor, text, values), most_bytes=most)

        def piece() -> pl.DataFrame | None:
            with self._refusing():
                return next(frames, None)

        try:
            frames = stoppable(ask, stop=cursor.interrupt)
            while (found := stoppable(piece, stop=cursor.interrupt)) is not None:
                yield found
        finally:
            cursor.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        self.check_open()
        with self._lock:
            return self._connection.cursor()

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as failure:
            if not all(file.exists() for file in self._files):
                raise removed() from failure
            raise _refused(failure, self._tables) from failure

    def _bound(
        self,
        cursor: duckdb.DuckDBPyConnection,
        text: str,
        values: Iterable[Any] | Mapping[str, Any],
    ) -> duckdb.DuckDBPyRelation:
        """What a text asks for, once the engine has the tables that it names."""
        statement = reading_statement(cursor, text)
        parameters = dict(values) if isinstance(values, Mapping) else list(values)
        self._give_named(text)
        for _ in range(_MOST_UNKNOWN_TABLES):
            try:
                return cursor.sql(statement, params=parameters or None)
            except duckdb.CatalogException as failure:
                if not self._give_all() and not self._add_empty_table(str(failure)):
                    raise
        raise QueryError("the statement names too many tables")

    def _give_named(self, text: str) -> None:
        """Give the engine the tables whose names stand in a text, and those that they need."""
        told = text.casefold()
        if any(word in told for word in _ASKS_FOR_ALL):
            self._give_all()
            return
        with self._lock:
            self._asked += 1
            often = self._asked > _ONE_OR_TWO
            for name in [each for each in self._waiting if each.casefold() in told]:
                self._give(name, often=often)
            if often:
                for name in [each for each in self._small if each.casefold() in told]:
                    self._hold(name)

    def _give_all(self) -> bool:
        """Give the engine all tables that it does not have yet; whether there were any."""
        with self._lock:
            names = list(self._waiting)
            for name in names:
                self._give(name)
        return bool(names)

    def _give(self, name: str, *, often: bool = False) -> None:
        if name not in self._waiting:
            return
        del self._waiting[name]
        text = self._views.get(name)
        if text is None:
            if not (often and name in self._small and self._hold(name)):
                self._connection.execute(view_sql(self._tables[name]))
            return
        for each in [each for each in self._waiting if each.casefold() in text.casefold()]:
            self._give(each, often=often)
        self._connection.execute(f"CREATE OR REPLACE VIEW {quoted(name)} AS {text}")

    def _hold(self, name: str) -> bool:
        """Give the engine the rows of a small table instead of its parts, if there is room."""
        self._small.discard(name)
        table = self._tables[name]
        with suppress(duckdb.Error):  # the statement itself will meet it, and say it
            size = self._text_bytes(table)
            if size <= min(MOST_BYTES, self._room):
                hold(self._connection, quoted(name), rows_sql(table))
                self._room -= size
                return True
        return False

    def _text_bytes(self, table: Table) -> int:
        """How much text a table holds, or what it can't exceed where that is little."""
        most = most_text([file for given in table.inputs for file in given.files])
        if most is not None and most <= min(LITTLE_BYTES, self._room):
            return most
        return sum(
            text_bytes(self._connection, _parts(given), _text_columns(table, given))
            for given in table.inputs
        )

    def _add_empty_table(self, message: str) -> bool:
        """Give a known table that the evidence lacks: it has its columns and no rows."""
        name = message.partition("Table with name ")[2].partition(" does not exist")[0]
        known = {each.casefold(): each for each in schemas.names()}.get(name.casefold())
        if not known or known in self._tables:
            return False
        with self._lock:
            self._connection.execute(view_sql(empty_table(known)))
        return True


_MOST_UNKNOWN_TABLES = 100
_ONE_OR_TWO = 2  # statements are answered sooner without reading whole tables for them
# Words of statements that ask which tables there are.
_ASKS_FOR_ALL = ("information_schema", "duckdb_", "pg_catalog", "sqlite_", "show")


def view_sql(table: Table) -> str:
    """The statement that makes a table's view."""
    return f"CREATE OR REPLACE VIEW {quoted(table.name)} AS {rows_sql(table)}"


def rows_sql(table: Table) -> str:
    """The statement that reads a table's rows from its parts."""
    branches = [_branch(table, each) for each in table.inputs] or [_nothing(table)]
    return " UNION ALL ".join(branches)


def _branch(table: Table, given: Input) -> str:
    columns = [
        _table_named(table.name, name in given.columns)
        if name == TABLE_COLUMN and name in (schemas.known(table.name) or {})
        else _column(name, kql, given.columns)
        for name, kql in table.types.items()
    ]
    file = "_file" if given.path is None else f"{literal(given.path)} || _member AS _file"
    return f"SELECT {', '.join([*columns, file, '_record'])} FROM {_parts(given)}"  # noqa: S608  all quoted


def _parts(given: Input) -> str:
    files = ", ".join(literal(str(each)) for each in given.files)
    return f"read_parquet([{files}], union_by_name = true)"


def _text_columns(table: Table, given: Input) -> list[str]:
    """What may be long of what lies in some parts, quoted."""
    return [
        f"CAST({quoted(name)} AS VARCHAR)"
        for name in sorted(given.columns)
        if table.types.get(name, "string") in TEXT
    ]


TABLE_COLUMN = "Type"  # in Microsoft's tables it holds the table's name


def _table_named(table: str, present: bool) -> str:
    column = quoted(TABLE_COLUMN)
    given = f"nullif(CAST({column} AS VARCHAR), '')" if present else "NULL"
    return f"coalesce({given}, {literal(table)}) AS {column}"


def _column(name: str, kql: str, present: frozenset[str]) -> str:
    column = quoted(name)
    if name not in present:
        return f"{missing(kql)} AS {column}"
    if kql in TEXT:
        return f"coalesce(CAST({column} AS VARCHAR), '') AS {column}"
    if kql == "timespan":  # Parquet has no durations: parts hold microseconds
        return f"to_microseconds(CAST({column} AS BIGINT)) AS {column}"
    return f"CAST({column} AS {SQL_TYPES[kql]}) AS {column}"


def missing(kql: str) -> str:
    """The SQL of a value that is not there."""
    return "''" if kql in TEXT else f"CAST(NULL AS {SQL_TYPES[kql]})"


def _nothing(table: Table) -> str:
    columns = [f"{missing(kql)} AS {quoted(name)}" for name, kql in table.types.items()]
    own = [f"'' AS {OWN[0]}", f"CAST(NULL AS BIGINT) AS {OWN[1]}"]
    return f"SELECT {', '.join(columns + own)} WHERE false"


def _refused(failure: duckdb.Error, tables: Iterable[str]) -> QueryError:
    message = short(failure)
    name = message.partition("Table with name ")[2].partition(" does not exist")[0]
    hint = did_you_mean(name, [*tables, *schemas.names()]) if name else ""
    return QueryError(message, hint=hint)


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
