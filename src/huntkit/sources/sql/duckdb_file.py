"""A DuckDB file, opened read-only and cut off from all other files and the network."""

import functools
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from huntkit.core.errors import EvidenceError
from huntkit.sources.column_types import numbers, table_of_columns
from huntkit.sources.driver import Answer, Gap, Schema
from huntkit.sources.errors import QueryRefused
from huntkit.sources.reading_sql import reading_statement, short
from huntkit.sources.sql.engine import Statement, kql_type, stopped_by

_SERVICE: Final = "DuckDB"
_BATCH: Final = 50_000
# Arrow has no exact form of these; as text nothing of them is lost.
_AS_TEXT: Final = frozenset(
    ["HUGEINT", "UHUGEINT", "BIGNUM", "VARINT", "BIT", "TIME WITH TIME ZONE"]
)
_WHOLE: Final = frozenset(["HUGEINT", "UHUGEINT", "BIGNUM", "VARINT"])


class DuckDBFile:
    """A DuckDB database in a file.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: duckdb.DuckDBPyConnection | None = None

    def connect(self) -> None:
        """Open the file.

        Raises:
            EvidenceError: it can't be opened, for example while another program writes to it.
        """
        options: dict[str, str | bool | int | float | list[str]] = {
            "enable_external_access": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,
        }
        try:
            self._connection = duckdb.connect(str(self._path), read_only=True, config=options)
            self._connection.execute("SET TimeZone = 'UTC'")
            self._connection.execute("SET lock_configuration = true")
        except duckdb.Error as problem:
            raise EvidenceError(
                f"{str(self._path)!r} can't be opened: {_line(problem)}",
                hint="close the program that has it open for writing, or copy the file",
            ) from None

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def run(self, statement: Statement) -> Answer:
        """The rows of a statement that reads.

        Raises:
            QueryRefused: what DuckDB says is wrong with it.
        """
        statement.cancel.check()
        cursor = self._cursor()
        try:
            parsed = reading_statement(cursor, statement.text, refusal=QueryRefused)
            with stopped_by(statement, cursor.interrupt) as stopped:
                try:
                    relation = cursor.sql(parsed)
                    kinds = [str(each) for each in relation.types]
                    names = list(relation.columns)
                    shown = relation.project(", ".join(map(_shown, range(len(kinds)), kinds)))
                    rows, gaps = _read(shown, statement)
                except duckdb.Error as problem:
                    if (reason := stopped.reason(statement, _SERVICE)) is not None:
                        raise reason from None
                    raise QueryRefused(f"{_SERVICE} refused the query: {_line(problem)}") from None
        finally:
            cursor.close()
        columns = [
            numbers(column.to_pylist()) if kind in _WHOLE else column
            for column, kind in zip(rows.columns, kinds, strict=True)
        ]
        table, lost = table_of_columns(names, columns)
        return Answer(table=table, gaps=[*gaps, *lost])

    def schema(self) -> Schema:
        """The tables and views; those of other schemas as ``schema.table``."""
        cursor = self._cursor()
        found: dict[str, dict[str, str]] = {}
        rows = cursor.execute(
            "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE NOT internal ORDER BY schema_name, table_name, column_index"
        ).fetchall()
        for space, table, column, kind in rows:
            name = table if space == "main" else f"{space}.{table}"
            found.setdefault(name, {})[column] = kql_type(kind)
        cursor.close()
        return found

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise EvidenceError(f"{str(self._path)!r} is not open", hint="call connect() first")
        return self._connection.cursor()


def _shown(place: int, kind: str) -> str:
    """A column by its place: two may have one name."""
    cast = f"CAST(#{place + 1} AS VARCHAR)" if kind in _AS_TEXT else f"#{place + 1}"
    return f"{cast} AS c{place}"


def _read(relation: duckdb.DuckDBPyRelation, statement: Statement) -> tuple[pa.Table, list[Gap]]:
    """The rows, no further than wanted."""
    reader = relation.to_arrow_reader(min(_BATCH, statement.max_rows + 1))
    batches: list[pa.RecordBatch] = []
    count = 0
    for batch in iter(functools.partial(next, reader, None), None):
        statement.cancel.check()
        batches.append(batch.slice(0, statement.max_rows - count))
        count += batch.num_rows
        if count > statement.max_rows:
            gap = Gap(f"only the first {statement.max_rows:,} rows were read (max_rows=)")
            return pa.Table.from_batches(batches, reader.schema), [gap]
    return pa.Table.from_batches(batches, reader.schema), []


def _line(problem: Exception) -> str:
    return " ".join(short(problem).split())
