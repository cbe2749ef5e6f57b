"""Small tables as rows in the engine's memory, for callers who ask much.

Opening a part with its hundreds of columns costs more than reading a few thousand rows, and a
view over parts pays for it twice in every statement.
"""

import contextlib
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

MOST_ROWS = 20_000  # of one table
MOST_BYTES = 32 << 20  # of the text of one table; text that repeats is far larger than its part
LITTLE_BYTES = 16 << 20  # of some parts: not worth a closer look
ALL_BYTES = 256 << 20  # of the text of all tables together


def most_text(files: Iterable[Path]) -> int | None:
    """What the text of some parts can't exceed, found without reading them; None if unknown.

    A text stands in its column at least once, so none is longer than the column.
    """
    try:
        return sum(_most_text(pq.read_metadata(file)) for file in files)
    except (OSError, pa.ArrowException):
        return None


def _most_text(facts: pq.FileMetaData) -> int:
    groups = map(facts.row_group, range(facts.num_row_groups))
    return sum(int(group.num_rows * group.total_byte_size) for group in groups)


def text_bytes(connection: duckdb.DuckDBPyConnection, source: str, columns: list[str]) -> int:
    """How much text some columns hold, each given as an expression.

    Examples:
        >>> with duckdb.connect() as connection:
        ...     text_bytes(connection, "(SELECT unnest(['ab', NULL, 'ä']) AS t)", ["t"])
        4
    """
    if not columns:
        return 0
    lengths = " + ".join(f"coalesce(sum(strlen({column})), 0)" for column in columns)
    found = connection.execute(f"SELECT {lengths} FROM {source}").fetchone()  # noqa: S608  quoted
    return int(found[0]) if found else 0


def hold(connection: duckdb.DuckDBPyConnection, name: str, rows: str) -> None:
    """Make a table with these rows, in place of a view of that quoted name if there is one.

    Statements that run meanwhile see one or the other, and both hold the same.

    Raises:
        duckdb.Error: what there was is as it was.

    Examples:
        >>> with duckdb.connect() as connection:
        ...     _ = connection.execute("CREATE VIEW x AS SELECT 1 AS n")
        ...     hold(connection, "x", "SELECT 1 AS n")
        ...     connection.sql("SELECT n FROM x").fetchall()
        [(1,)]
    """
    connection.begin()
    try:
        connection.execute(f"DROP VIEW IF EXISTS {name}")
        connection.execute(f"CREATE TABLE {name} AS {rows}")
        connection.commit()
    except duckdb.Error:
        with contextlib.suppress(duckdb.Error):
            connection.rollback()
        raise
