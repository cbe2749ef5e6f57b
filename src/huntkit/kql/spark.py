"""KQL on Spark: DataFrames as tables, and a statement's rows as a DataFrame.

Nothing is collected: what comes back is a DataFrame that Spark has not computed yet. Functions in
Python run in Spark's workers, which need huntkit, too; they need Spark 4.1.
"""

import importlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.kql import frames
from huntkit.kql.language import plan
from huntkit.kql.language.emit.duckdb.plugins import schema_of
from huntkit.kql.language.emit.spark import plugins
from huntkit.kql.language.emit.spark.engine import emit, text_of
from huntkit.kql.language.emit.spark.registry import Function, functions_of
from huntkit.kql.language.emit.sql import Emitted
from huntkit.kql.language.emit.tables import Physical, Source
from huntkit.kql.language.errors import KqlError
from huntkit.tables.frames import is_spark

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


Opened = Callable[[plan.Plugin], plan.Schema]


class Table:
    """A frame that queries on Spark can read: a Spark DataFrame, or a small one from here.

    Args:
        name: what queries call it.
        frame: the frame.
        schema: KQL types that the frame alone can't say, and columns that it lacks.
        session: Spark's, which gets the rows of a frame from here.
    """

    def __init__(
        self, name: str, frame: Any, schema: Mapping[str, str] | None, session: Any
    ) -> None:
        self.name = name
        self.schema: dict[str, str] = dict(schema or {})
        if not is_spark(frame):
            local = frames.Table(name, frame, schema)
            self.schema, names = local.schema, list(local.columns)
            frame = session.createDataFrame(sendable(local.rows))
        else:
            names = list(frame.columns)
        twice = {each for each in names if names.count(each) > 1}
        if twice:
            raise UsageError(f"two columns of {name} are named {min(twice)!r}")
        self.rows = frame.toDF(*[f"k{place}" for place in range(len(names))])
        kinds = [each.dataType.simpleString() for each in frame.schema.fields]
        found = {
            column: kql_type(name, column, kind) for column, kind in zip(names, kinds, strict=True)
        }
        self.schema = {**found, **self.schema}
        self.columns = {
            column: Physical(f"k{place}", kinds[place]) for place, column in enumerate(names)
        }


def sendable(rows: pl.DataFrame) -> Any:
    """Rows as an Arrow table of types that Spark has."""
    unsigned = [name for name, kind in rows.schema.items() if kind.is_unsigned_integer()]
    return rows.with_columns(pl.col(unsigned).cast(pl.Int64)).to_arrow(
        compat_level=pl.CompatLevel.oldest()
    )


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
        name = f"kql_{uuid.uuid4().hex}"  # which no text of a query can hold
        self.frames[name] = table.rows
        return Source(name, table.columns)

    def register(self, name: str, rows: pl.DataFrame) -> None:
        """Send Spark the rows of a local file."""
        self.frames[name] = self.session.createDataFrame(sendable(rows))

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
    arrow: Any = importlib.import_module("pyarrow")
    sql: Any = importlib.import_module("pyspark.sql.functions")  # an extra
    for each in functions:
        run = on_columns(each.compute) if each.columns else in_rows(each.compute, each.result)
        run.__annotations__ = {"columns": arrow.Array, "return": arrow.Array}  # Spark reads them
        session.udf.register(each.name, sql.arrow_udf(run, each.result))


_ARROW = {
    "string": "string",
    "bigint": "int64",
    "double": "float64",
    "boolean": "bool",
    "array<string>": "list<string>",
}


def on_columns(compute: Callable[..., Any]) -> Callable[..., Any]:
    """A function of Arrow arrays as one with a signature of its own."""

    def run(*columns: Any) -> Any:
        return compute(*columns)

    return run


def in_rows(compute: Callable[..., Any], result: str) -> Callable[..., Any]:
    """A function of one row's values as one of Arrow arrays."""
    kind = _ARROW[result]

    def run(*columns: Any) -> Any:
        import pyarrow as pa  # noqa: PLC0415  runs in Spark's workers

        made = pa.list_(pa.string()) if kind == "list<string>" else pa.type_for_alias(kind)
        rows = zip(*(column.to_pylist() for column in columns), strict=True)
        return pa.array([compute(*row) for row in rows], type=made)

    return run


def engine_of(tables: Mapping[str, Any]) -> Any:
    """The Spark session of the DataFrames among some frames; None where there are none.

    Raises:
        UsageError: they are of different sessions.
    """
    sessions = [frame.sparkSession for frame in tables.values() if is_spark(frame)]
    if any(each is not sessions[0] for each in sessions):
        raise UsageError(
            "these Spark DataFrames are of different sessions",
            hint="read them all by one session",
        )
    return sessions[0] if sessions else None


def run(
    session: Any,
    bound: Callable[[Mapping[str, Mapping[str, str]], Opened], plan.Plan],
    tables: Mapping[str, Any],
    schemas: Mapping[str, Mapping[str, str]],
    files: Callable[[Callable[[str, pl.DataFrame], object]], Callable[[plan.External], Source]],
    *,
    ticks: bool = False,
) -> tuple[Any, plan.Plan]:
    """A query's rows as a Spark DataFrame that nothing has computed yet.

    Args:
        session: Spark's.
        bound: gives the plan for the schemas of all tables; it may ask Spark for the columns
            that a plugin makes of the data.
        tables: the frames, Spark's and small ones from here, which are sent to Spark.
        schemas: as `huntkit.kql.query` has it.
        files: given how to send rows to Spark, gives the sources of ``externaldata``.
        ticks: whether times come as ticks.
    """
    here = Session(session)
    known = {name: Table(name, each, schemas.get(name), session) for name, each in tables.items()}
    described = {name: dict(columns) for name, columns in schemas.items()}
    described |= {name: table.schema for name, table in known.items()}
    sources = {name: here.add(table) for name, table in known.items()}
    sources |= {name: Source("", {}) for name in schemas if name not in sources}
    external = files(here.register)

    def opened(plugin: plan.Plugin) -> plan.Schema:
        asked = emit(plugins.question(plugin), sources, external, ticks=True)
        answer = here.run(asked).toArrow().to_pylist()
        return schema_of(
            plugin,
            [(each["c0"], plugins.KINDS.get(each["c1"], each["c1"].upper())) for each in answer],
        )

    try:
        made = bound(described, opened)
        emitted = emit(made, sources, external, ticks=ticks)
        rows = here.run(emitted)
        names = [column.name for column in emitted.schema]
        rows = rows.toDF(*names) if names else rows
        _ = rows.schema  # what Spark's analyser has to say, it says now
    except Exception as failure:
        if not type(failure).__module__.startswith("pyspark"):
            raise
        message = (str(failure).splitlines() or [type(failure).__name__])[0][:300]
        raise KqlError(f"Spark could not run this query: {message}") from failure
    return rows, made
