"""Frames as KQL tables, and the rows of a statement as a frame with KQL's names."""

from collections.abc import Mapping
from typing import Any

import duckdb
import polars as pl
from duckdb.func import FunctionNullHandling
from duckdb.sqltypes import DuckDBPyType

from huntkit.core.contracts import GeoLookup
from huntkit.core.errors import UsageError
from huntkit.kql.language.emit.duckdb.engine import functions_of
from huntkit.kql.language.emit.duckdb.logic import EPOCH
from huntkit.kql.language.emit.duckdb.net import GEO
from huntkit.kql.language.emit.sql import Emitted
from huntkit.kql.language.emit.tables import Physical, Source
from huntkit.kql.language.plan import Schema
from huntkit.kql.places import offer
from huntkit.tables import to_polars

_KQL: dict[type[pl.DataType], str] = {
    pl.String: "string",
    pl.Boolean: "bool",
    pl.Int8: "int",
    pl.Int16: "int",
    pl.Int32: "int",
    pl.UInt8: "int",
    pl.UInt16: "int",
    pl.UInt32: "long",
    pl.Int64: "long",
    pl.UInt64: "long",
    pl.Float32: "real",
    pl.Float64: "real",
    pl.Decimal: "decimal",
    pl.Date: "datetime",
    pl.Datetime: "datetime",
    pl.Duration: "timespan",
    pl.Null: "string",
    pl.List: "dynamic",
    pl.Array: "dynamic",
    pl.Struct: "dynamic",
}
_LONGEST = (1 << 63) - 1
_LAST_TICK = 3_155_378_975_999_999_999  # of 9999, counted from the year 1 as EPOCH is
_SQL = {
    pl.String: "VARCHAR",
    pl.Boolean: "BOOLEAN",
    pl.Int32: "INTEGER",
    pl.Int64: "BIGINT",
    pl.Float64: "DOUBLE",
    pl.Datetime: "TIMESTAMP WITH TIME ZONE",
}


class Table:
    """A frame that queries can read.

    Args:
        name: what queries call it.
        frame: any kind of frame.
        schema: KQL types that the frame alone can't say (dynamic, guid), and columns that it
            lacks.
    """

    def __init__(self, name: str, frame: object, schema: Mapping[str, str] | None) -> None:
        self.name = name
        given = to_polars(frame)
        found = {column: kql_type(name, column, given[column].dtype) for column in given.columns}
        self.schema = {**found, **(schema or {})}
        self.rows = given.select(
            _stored(given[column], place) for place, column in enumerate(given.columns)
        )
        self.columns = {
            column: Physical(f"k{place}", _sql(self.rows[f"k{place}"].dtype))
            for place, column in enumerate(given.columns)
        }


def kql_type(table: str, column: str, kind: pl.DataType) -> str:
    """The KQL type of a column's values."""
    try:
        return _KQL[kind.base_type()]
    except KeyError:
        raise UsageError(
            f"column {column} of {table} is of type {kind}, which KQL does not have"
        ) from None


def _stored(values: pl.Series, place: int) -> pl.Series:
    """The values in a form that the engine takes without loss."""
    kind = values.dtype
    if isinstance(kind, pl.Datetime):
        values = values.cast(pl.Datetime("us", kind.time_zone))
        values = (
            values.dt.convert_time_zone("UTC")
            if kind.time_zone
            else values.dt.replace_time_zone("UTC")
        )
    elif kind == pl.Date:
        values = values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    elif isinstance(kind, pl.Duration):
        values = values.cast(pl.Duration("us")).cast(pl.Int64)
    elif kind == pl.Null:
        values = values.cast(pl.String)
    elif kind == pl.UInt64 and (values > _LONGEST).any():
        raise UsageError(
            f"column {values.name} holds {values.max()!r}, which is beyond KQL's long",
            hint="cast the column to text first",
        )
    return values.alias(f"k{place}")


def _sql(kind: pl.DataType) -> str:
    return _SQL.get(kind.base_type(), "OTHER")


def connect(tables: Mapping[str, Table]) -> tuple[duckdb.DuckDBPyConnection, dict[str, Source]]:
    """A connection that sees these tables and nothing else: no file, no network, no setting."""
    connection = duckdb.connect(":memory:")
    sources = {}
    for place, (name, table) in enumerate(tables.items()):
        sources[name] = Source(f"t{place}", table.columns)
        if table.columns:
            connection.register(f"t{place}", table.rows.to_arrow())
        else:
            connection.execute(f"CREATE TABLE t{place} (k0 BOOLEAN)")
    for setting in (
        "TimeZone = 'UTC'",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "python_enable_replacements = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")
    return connection, sources


def prepare(
    connection: duckdb.DuckDBPyConnection,
    needs: frozenset[str],
    made: set[str],
    geo: GeoLookup | None = None,
) -> None:
    """Give a connection the functions that a statement needs; ``made`` remembers them."""
    if GEO in needs and geo is not None:
        offer(connection, geo, made)
    macros, functions = functions_of(needs)
    for function in functions:
        if function.name not in made:
            connection.create_function(
                function.name,
                function.function,
                [DuckDBPyType(each) for each in function.parameters],
                DuckDBPyType(function.result),
                null_handling=FunctionNullHandling.SPECIAL,
            )
            made.add(function.name)
    for each in macros:
        if each.name not in made:
            connection.execute(
                f"CREATE OR REPLACE MACRO {each.name}({each.parameters}) AS {each.body}"
            )
            made.add(each.name)


def finished(rows: pl.DataFrame, emitted: Emitted) -> pl.DataFrame:
    """The statement's rows with KQL's names and the types of frames."""
    return _finished(rows, emitted.schema)


def _finished(rows: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    # A dict, because a list of columns gives one whose name is empty another name.
    return pl.DataFrame(
        {
            column.name: _final(rows.to_series(place), column.type)
            for place, column in enumerate(schema)
        }
    )


_FINAL: dict[str, Any] = {
    "bool": pl.Boolean,
    "int": pl.Int32,
    "long": pl.Int64,
    "real": pl.Float64,
    "decimal": pl.Float64,
}


def _final(values: pl.Series, kind: str) -> pl.Series:
    """Times beyond the years 1 to 9999, which KQL does not have, are null."""
    if kind == "datetime":
        ticks = values.cast(pl.Int64, strict=False)
        beyond = ~ticks.is_between(0, _LAST_TICK)
        if beyond.any():
            ticks = ticks.set(beyond.fill_null(value=False), None)
        return ((ticks - EPOCH) // 10).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if kind == "timespan":
        return (values.cast(pl.Int64, strict=False) // 10).cast(pl.Duration("us"))
    return values.cast(_FINAL.get(kind, pl.String))
