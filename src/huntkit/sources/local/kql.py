"""KQL over the evidence's tables: what the language needs to know of them."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import duckdb
import polars as pl

from huntkit.core.contracts import GeoLookup
from huntkit.kql import frames, run
from huntkit.kql.external import watchlists
from huntkit.kql.language.emit.tables import Physical, Source
from huntkit.sources.local.catalog import WHERE_FROM, Table
from huntkit.sources.local.database import SQL_TYPES, Database, quoted

STORED = {
    **SQL_TYPES,
    "datetime": "TIMESTAMP WITH TIME ZONE",
    "dynamic": "JSON TEXT",  # JSON or "": the mapping wrote it
}


class Schemas(Mapping[str, Mapping[str, str]]):
    """Table -> column -> KQL type, asked for one table at a time.

    Args:
        names: every table that a query may name.
        schema: gives the columns of one.
        with_rows: the names of those that the evidence has, which ``*`` stands for.

    Attributes:
        unsearched: the columns in which ``search`` and ``* has`` do not look: the name of a file
            says nothing about its events.
    """

    unsearched = WHERE_FROM

    def __init__(
        self,
        names: list[str],
        schema: Callable[[str], dict[str, str]],
        with_rows: Iterable[str] = (),
    ) -> None:
        self.with_rows = tuple(with_rows)
        self._names = dict.fromkeys(names)
        self._schema = schema
        self._known: dict[str, dict[str, str]] = {}

    def add(self, more: Mapping[str, dict[str, str]]) -> None:
        """More names that a query may use, with their columns: watchlists."""
        self._known.update(more)
        self._names.update(dict.fromkeys(more))

    def __getitem__(self, name: str) -> Mapping[str, str]:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._known:
            self._known[name] = self._schema(name)
        return self._known[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Sources(Mapping[str, Source]):
    """Where the tables are; one that the evidence lacks has no rows.

    Args:
        schemas: their columns.
        table: gives the table of a name.
        present: the names of those with rows.

    Attributes:
        absent: the tables without rows that were asked for.
    """

    def __init__(
        self, schemas: Schemas, table: Callable[[str], Table], present: frozenset[str]
    ) -> None:
        self._schemas = schemas
        self._table = table
        self._present = present
        self.absent: dict[str, None] = {}

    def __getitem__(self, name: str) -> Source:
        if name not in self._present:
            if name not in self._schemas:
                raise KeyError(name)
            self.absent[name] = None
            return Source("", {})
        table = self._table(name)
        stored = {own: column for column, own in table.names.items()}
        columns = {
            column: Physical(stored.get(column, column), STORED[kind])
            for column, kind in self._schemas[name].items()
        }
        return Source(table.name, columns)

    def __iter__(self) -> Iterator[str]:
        return iter(self._schemas)

    def __len__(self) -> int:
        return len(self._schemas)


def pieces(
    text: str,
    database: Database,
    schemas: Schemas,
    sources: Sources,
    *,
    whole: bool,
    now: object,
    parameters: Mapping[str, object] | None,
    externals: Mapping[str, str | Path],
    geo: GeoLookup | None = None,
) -> Generator[pl.DataFrame, None, None]:
    """The rows of a query, with KQL's names, in frames: at least one; with ``whole`` just one."""
    held: list[str] = []

    def ready(compiled: run.Compiled) -> str:
        needs = compiled.emitted.needs
        database.prepare(lambda connection, made: frames.prepare(connection, needs, made, geo))
        return compiled.sql

    def register(name: str, rows: pl.DataFrame) -> None:
        held.append(name)
        database.prepare(lambda connection, _made: _hold(connection, name, rows))

    schemas.add(watchlists(externals))
    try:
        compiled = run.prepared(
            text,
            schemas,
            sources,
            lambda asked: database.run(ready(asked)),
            run.Files(externals, register),
            now=now,
            parameters=parameters,
            places=geo is not None,
        )
        with run.refusing():
            statement = ready(compiled)
            if whole:
                yield frames.finished(database.run(statement), compiled.emitted)
                return
            with closing(database.pieces(statement)) as rows:
                for each in rows:
                    yield frames.finished(each, compiled.emitted)
    finally:
        if held:
            database.prepare(lambda connection, _made: _drop(connection, held))


def _hold(connection: duckdb.DuckDBPyConnection, name: str, rows: pl.DataFrame) -> None:
    """Keep rows as a table: what is only registered is not there for the cursors that ask."""
    connection.register("external_rows", rows.to_arrow())
    connection.execute(f"CREATE TABLE {quoted(name)} AS FROM external_rows")
    connection.unregister("external_rows")


def _drop(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    for name in names:
        connection.execute(f"DROP TABLE IF EXISTS {quoted(name)}")
