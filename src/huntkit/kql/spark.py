"""KQL on Spark: DataFrames as tables, and a statement's rows as a DataFrame.

Nothing is collected: what comes back is a DataFrame that Spark has not computed yet.
"""

import importlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.kql.language.emit.duckdb.engine import Physical, Source
from huntkit.kql.language.emit.spark.engine import text_of
from huntkit.kql.language.emit.spark.registry import Function, functions_of
from huntkit.kql.language.emit.sql import Emitted

_KQL = {
    "string": "string",
    "void": "string",
    "boolean": "bool",
    "tinyint": "int",
    "smallint": "int",
    "int": "int",
    "bigint": "long",
    "float": "real",
    "double": "real",
    "decimal": "decimal",
    "date": "datetime",
    "timestamp": "datetime",
    "timestamp_ntz": "datetime",
    "interval day to second": "timespan",
    "array": "dynamic",
    "struct": "dynamic",
    "map": "dynamic",
}


class Table:
    """A Spark DataFrame that queries can read.

    Args:
        name: what queries call it.
        frame: the DataFrame.
        schema: KQL types that the frame alone can't say, and columns that it lacks.
    """

    def __init__(self, name: str, frame: Any, schema: Mapping[str, str] | None) -> None:
        self.name = name
        fields = frame.schema.fields
        twice = {each.name for each in fields if [f.name for f in fields].count(each.name) > 1}
        if twice:
            raise UsageError(f"two columns of {name} are named {min(twice)!r}")
        kinds = {each.name: each.dataType.simpleString() for each in fields}
        found = {column: kql_type(name, column, kind) for column, kind in kinds.items()}
        self.schema = {**found, **(schema or {})}
        self.rows = frame.toDF(*[f"k{place}" for place in range(len(fields))])
        self.columns = {
            column: Physical(f"k{place}", kind)
            for place, (column, kind) in enumerate(kinds.items())
        }


def kql_type(table: str, column: str, kind: str) -> str:
    """The KQL type of a Spark column's values."""
    for known in (kind, kind.partition("(")[0], kind.partition("<")[0]):
        if known in _KQL:
            return _KQL[known]
    raise UsageError(f"column {column} of {table} is of type {kind}, which KQL does not have")


class Session:
    """A Spark session with the tables of one query.

    Args:
        session: Spark's own.
    """

    def __init__(self, session: Any) -> None:
        self.session = session
        self.frames: dict[str, Any] = {}

    def add(self, table: Table) -> Source:
        """Make a table known; where it now is."""
        return Source(self.register(table.rows), table.columns)

    def register(self, rows: Any) -> str:
        """Give a DataFrame, or a small local frame, a name that no text of a query can hold."""
        name = f"kql_{uuid.uuid4().hex}"
        if isinstance(rows, pl.DataFrame):
            rows = self.session.createDataFrame(rows.to_arrow(compat_level=pl.CompatLevel.oldest()))
        self.frames[name] = rows
        return name

    def run(self, emitted: Emitted) -> Any:
        """The statement's rows as a DataFrame with internal column names."""
        register(self.session, functions_of(emitted.needs))
        statement = text_of(emitted)
        used = {name: rows for name, rows in self.frames.items() if f"`{name}`" in statement}
        if not used:
            return self.session.sql(statement)
        statement = statement.replace("{", "{{").replace("}", "}}")
        for name in used:
            statement = statement.replace(f"`{name}`", "{" + name + "}")
        return self.session.sql(statement, **used)


def register(session: Any, functions: Sequence[Function]) -> None:
    """Make functions known to a session, for as long as it lives."""
    functions_: Any = importlib.import_module("pyspark.sql.functions")  # an extra

    for each in functions:
        run = each.compute if each.columns else in_rows(each.compute, each.result)
        made = functions_.arrow_udf(run, each.result, functions_.ArrowUDFType.SCALAR)
        session.udf.register(each.name, made)


_ARROW = {
    "string": "string",
    "bigint": "int64",
    "double": "float64",
    "boolean": "bool",
    "array<string>": "list<string>",
}


def in_rows(compute: Callable[..., Any], result: str) -> Callable[..., Any]:
    """A function of one row's values as one of Arrow arrays."""
    kind = _ARROW[result]

    def run(*columns: Any) -> Any:
        import pyarrow as pa  # noqa: PLC0415  runs in Spark's workers

        made = pa.list_(pa.string()) if kind == "list<string>" else pa.type_for_alias(kind)
        rows = zip(*(column.to_pylist() for column in columns), strict=True)
        return pa.array([compute(*row) for row in rows], type=made)

    return run
