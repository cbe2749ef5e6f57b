"""Running KQL on frames."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import duckdb
import polars as pl

from huntkit.core.contracts import GeoLookup
from huntkit.core.errors import QueryError, ResultTooLarge, TimeError, UsageError
from huntkit.core.stopping import stoppable
from huntkit.core.timespan import parse_time
from huntkit.kql import spark
from huntkit.kql.external import Externals, read, watchlists
from huntkit.kql.frames import Table, connect, finished, prepare
from huntkit.kql.language import plan
from huntkit.kql.language.binder import bind
from huntkit.kql.language.emit.duckdb import plugins
from huntkit.kql.language.emit.duckdb.engine import DuckDB, emit
from huntkit.kql.language.emit.sql import Emitted
from huntkit.kql.language.emit.tables import Physical, Source
from huntkit.kql.language.errors import KqlError
from huntkit.kql.language.parser import parse
from huntkit.tables import as_kind
from huntkit.tables.results import collected, default_bytes

Schemas = Mapping[str, Mapping[str, str]]
Kind = Literal["pandas", "polars", "arrow", "spark"]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query for DuckDB, ready to run."""

    plan: plan.Plan
    emitted: Emitted

    @property
    def sql(self) -> str:
        """The statement."""
        return self.emitted.sql("duckdb")


def compile(  # noqa: A001  what it does
    text: str,
    schemas: Schemas,
    sources: Mapping[str, Source],
    *,
    now: object = None,
    parameters: Mapping[str, object] | None = None,
    opened: Callable[[plan.Plugin], plan.Schema] | None = None,
    external: Callable[[plan.External], Source] | None = None,
    places: bool = False,
) -> Compiled:
    """Turn a query into DuckDB's SQL.

    Args:
        text: the query.
        schemas: table -> column -> KQL type.
        sources: where the engine keeps these tables; one without a source has no rows.
        now: the instant of ``now()`` and ``ago()``; the current one by default.
        parameters: values of ``declare query_parameters``.
        opened: tells the columns of a plugin that depend on the data; without it such a plugin
            is refused.
        external: gives the rows of an ``externaldata``; without it these are refused.
        places: whether the engine can tell where addresses are.

    Raises:
        KqlError: what is wrong with the query, and where.
    """
    bound = bind(
        parse(text),
        text=text,
        tables=schemas,
        now=ticks_of(now),
        parameters=parameters,
        opened=opened,
    )
    return Compiled(bound, emit(bound, sources, external, geo=places))


def ticks_of(now: object) -> int:
    """A moment as ticks of 100 ns since year 1."""
    current = datetime.now(UTC)
    moment = current if now is None else parse_time(now, now=current)
    since = moment - datetime(1, 1, 1, tzinfo=UTC)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 10


def query(
    text: str,
    *,
    schemas: Schemas | None = None,
    now: object = None,
    parameters: Mapping[str, object] | None = None,
    frame: Kind | None = None,
    tables: Mapping[str, Any] | None = None,
    externals: Externals | None = None,
    geo: GeoLookup | None = None,
    **more_tables: Any,
) -> Any:
    """The rows of a KQL query over frames.

    Nothing but the given frames can be read: no file, no network. Where one of them is a Spark
    DataFrame, the query runs on Spark, and nothing is collected: a Spark DataFrame comes back,
    which is computed when you ask it for rows. Frames from here beside it (a watchlist) are sent
    to Spark.

    Args:
        text: the query; ``print`` and ``datatable`` need no table.
        schemas: table -> column -> KQL type, where a frame alone can't say (dynamic); a table
            without a frame is empty.
        now: the instant of ``now()`` and ``ago()``: a datetime, ISO text ...; the current one by
            default.
        parameters: values of ``declare query_parameters``, bound as constants.
        frame: ``"pandas"``, ``"polars"`` or ``"arrow"``; pandas if left out, or ``"spark"`` where
            the query runs there. Any other kind collects all rows of the answer from Spark.
        tables: the frames (pandas, Polars, Arrow, DuckDB relations, Spark DataFrames), by table
            name.
        externals: URI -> local file, for ``externaldata``; ``watchlist:<alias>`` -> a CSV file
            with a header, for ``_GetWatchlist``. Nothing else is ever read.
        geo: tells where addresses are, for ``geo_info_from_ip_address``.
        **more_tables: more of them.

    Returns:
        A frame with the columns' KQL names: datetimes in UTC microseconds, timespans as
        durations, dynamic values as JSON text.

    Raises:
        KqlError: what is wrong with the query, with the place; `KqlUnsupported` names what can't
            be run.

    Examples:
        >>> import polars as pl
        >>> logons = pl.DataFrame({"User": ["ann", "bob", "Ann"], "EventID": [4624, 4625, 4624]})
        >>> query("L | where User =~ 'ann' | summarize Count = count() by EventID",
        ...       L=logons, frame="polars").rows()
        [(4624, 2)]
    """
    if not isinstance(text, str):
        raise UsageError("the query is not text")
    given = {**(tables or {}), **more_tables}
    schemas = {**(schemas or {}), **watchlists(externals or {})}
    session = spark.engine_of(given)
    if session is not None:
        if geo is not None:
            raise UsageError("geo= is not known to Spark's workers", hint="leave it out")
        answered, _ = _on_spark(
            session, text, given, schemas or {}, now, parameters, externals or {}
        )
        return answered if frame in (None, "spark") else as_kind(answered.toArrow(), frame)
    if frame == "spark":
        raise UsageError("frame='spark' needs a Spark DataFrame among the tables")
    compiled, rows = _run(text, given, schemas or {}, now, parameters, externals or {}, geo)
    return as_kind(finished(rows, compiled.emitted), frame or "pandas")


def examine(
    text: str, *, now: object = None, schemas: Schemas | None = None, **tables: Any
) -> tuple[list[tuple[Any, ...]], plan.Schema, bool]:
    """Rows as the engine gives them (times as ticks), their schema, and whether they are ordered.

    For checks that need all of a tick's digits; everyone else wants `query`.
    """
    session = spark.engine_of(tables)
    if session is not None:
        answered, bound = _on_spark(session, text, tables, schemas or {}, now, None, {}, ticks=True)
        columns = zip(*answered.toArrow().to_pydict().values(), strict=True)
        return list(columns), bound.relation.schema, bound.ordered
    compiled, rows = _run(text, tables, schemas or {}, now, None, {})
    return rows.rows(), compiled.emitted.schema, compiled.plan.ordered


def _run(
    text: str,
    tables: Mapping[str, Any],
    schemas: Schemas,
    now: object,
    parameters: Mapping[str, object] | None,
    externals: Externals,
    geo: GeoLookup | None = None,
) -> tuple[Compiled, pl.DataFrame]:
    """Compile and run a query on its own connection."""
    known = {name: Table(name, each, schemas.get(name)) for name, each in tables.items()}
    described = {name: dict(columns) for name, columns in schemas.items()}
    described |= {name: table.schema for name, table in known.items()}
    connection, sources = connect(known)
    most = default_bytes(connection)
    sources |= {name: Source("", {}) for name in schemas if name not in sources}
    made: set[str] = set()

    def execute(compiled: Compiled) -> pl.DataFrame:
        prepare(connection, compiled.emitted.needs, made, geo)
        return stoppable(
            lambda: collected(connection.sql(compiled.sql), most_bytes=most),
            connection.interrupt,
        )

    with connection:
        register = Files(externals, lambda name, rows: connection.register(name, rows.to_arrow()))
        compiled = prepared(
            text,
            described,
            sources,
            execute,
            register,
            now=now,
            parameters=parameters,
            places=geo is not None,
        )
        with refusing():
            return compiled, execute(compiled)


def _on_spark(
    session: Any,
    text: str,
    tables: Mapping[str, Any],
    schemas: Schemas,
    now: object,
    parameters: Mapping[str, object] | None,
    externals: Externals,
    *,
    ticks: bool = False,
) -> tuple[Any, plan.Plan]:
    """Compile a query for Spark; the answer is a DataFrame that nothing has computed yet."""

    def bound(described: Schemas, opened: spark.Opened) -> plan.Plan:
        return bind(
            parse(text),
            text=text,
            tables=described,
            now=ticks_of(now),
            parameters=parameters,
            opened=opened,
        )

    def files(register: Callable[[str, pl.DataFrame], object]) -> Files:
        return Files(externals, register)

    return spark.run(session, bound, tables, schemas, files, ticks=ticks)


class Files:
    """The files of ``externaldata``, each read and registered once.

    Args:
        externals: URI -> local file.
        register: gives the engine a table under a name.
    """

    def __init__(
        self, externals: Externals, register: Callable[[str, pl.DataFrame], object]
    ) -> None:
        self._externals = externals
        self._register = register
        self._known: dict[plan.External, Source] = {}

    def __call__(self, node: plan.External) -> Source:
        """Where the engine now has the rows of an ``externaldata``."""
        if node not in self._known:
            name = f"external_{uuid.uuid4().hex}"
            self._register(name, read(node, self._externals))
            columns = {c.name: Physical(f"k{i}", "TEXT") for i, c in enumerate(node.schema)}
            self._known[node] = Source(name, columns)
        return self._known[node]


def prepared(
    text: str,
    schemas: Schemas,
    sources: Mapping[str, Source],
    execute: Callable[[Compiled], pl.DataFrame],
    files: Files,
    *,
    now: object,
    parameters: Mapping[str, object] | None,
    places: bool = False,
) -> Compiled:
    """Compile a query; ``execute`` answers what must be known of the data beforehand."""

    def opened(plugin: plan.Plugin) -> plan.Schema:
        asked = plugins.question(DuckDB(sources, files, geo=places), plugin)
        rows = execute(Compiled(plan.Plan(plugin.input, ordered=False), asked))
        return plugins.schema_of(plugin, [(row[0], row[1]) for row in rows.rows()])

    with refusing():
        return compile(
            text,
            schemas,
            sources,
            now=now,
            parameters=parameters,
            opened=opened,
            external=files,
            places=places,
        )


@contextmanager
def refusing() -> Iterator[None]:
    """What the engine says while a query runs inside, as one of our errors."""
    try:
        yield
    except (KqlError, TimeError, ResultTooLarge):
        raise
    except (duckdb.Error, QueryError, UsageError) as failure:
        raise refused(failure) from failure


_MOST_SAID = 300  # the engine quotes whole values


def refused(failure: Exception) -> KqlError:
    """What the engine said while running, as one of our errors."""
    message = str(failure.__cause__ or failure).split("\n\n")[0].splitlines()[0][:_MOST_SAID]
    return KqlError(f"the engine could not run this query: {message}")
