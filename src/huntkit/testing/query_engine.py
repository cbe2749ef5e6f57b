"""Queries over a few rows, many times over: one DuckDB connection, tables with known types."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Self

import duckdb
import polars as pl

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.kql import frames, run
from huntkit.kql.language import plan
from huntkit.kql.language.emit.duckdb import plugins
from huntkit.kql.language.emit.duckdb.engine import DuckDB
from huntkit.kql.language.emit.tables import Physical, Source
from huntkit.sources.local import schemas
from huntkit.testing.query_events import Row

_STORED: Final = {
    "string": ("VARCHAR", pl.String()),
    "dynamic": ("VARCHAR", pl.String()),
    "guid": ("VARCHAR", pl.String()),
    "datetime": ("TIMESTAMP WITH TIME ZONE", pl.Datetime("us", "UTC")),
    "timespan": ("BIGINT", pl.Int64()),
    "long": ("BIGINT", pl.Int64()),
    "int": ("INTEGER", pl.Int32()),
    "real": ("DOUBLE", pl.Float64()),
    "decimal": ("DOUBLE", pl.Float64()),
    "bool": ("BOOLEAN", pl.Boolean()),
}
EVERYWHERE: Final = -1  # the case of rows that are there in every run


class Tables(Mapping[str, Mapping[str, str]]):
    """Every known table, and those that only rows tell of."""

    def __init__(self, more: Mapping[str, Mapping[str, str]]) -> None:
        self._more = more

    def __getitem__(self, name: str) -> Mapping[str, str]:
        found = self._more.get(name) or schemas.known(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Any:
        return iter([*schemas.names(), *self._more])

    def __len__(self) -> int:
        return len(list(iter(self)))


class _Sources(Mapping[str, Source]):
    """Tables with rows are where the engine has them; all others have none."""

    def __init__(self, filled: Mapping[str, Source], tables: Tables) -> None:
        self._filled = filled
        self._tables = tables

    def __getitem__(self, name: str) -> Source:
        found = self._filled.get(name)
        if found is None:
            self._tables[name]
            return Source("", {})
        return found

    def __iter__(self) -> Any:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


class Engine:
    """Runs queries over cases of rows.

    Examples:
        >>> with Engine() as engine:
        ...     engine.load({0: [{"_table": "Syslog", "HostName": "ws01"}], 1: []})
        ...     engine.prepare("Syslog | where HostName == 'ws01'", {}, now=None)
        ...     [len(engine.rows(case)) for case in (0, 1)]
        [1, 0]
    """

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:")
        for setting in (
            "TimeZone = 'UTC'",
            "threads = 1",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            "python_enable_replacements = false",
            "enable_external_access = false",
        ):
            self._connection.execute(f"SET {setting}")
        self._connection.execute("CREATE TABLE asked (c BIGINT)")
        self._connection.execute("INSERT INTO asked VALUES (0)")
        self._made: set[str] = set()
        self._tables = Tables({})
        self._filled: dict[str, Source] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def load(self, cases: Mapping[int, Sequence[Row]]) -> None:
        """Take these rows, and forget those before them; case `EVERYWHERE` is in every run.

        Raises:
            UsageError: a column that the table does not have, or a value of another type.
        """
        by_table: dict[str, list[tuple[int, Row]]] = {}
        for case, rows in cases.items():
            for row in rows:
                repeat = row.get("_repeat", 1)
                by_table.setdefault(str(row["_table"]), []).extend([(case, row)] * int(repeat))
        unknown = {
            name: _guessed(row for _, row in rows)
            for name, rows in by_table.items()
            if schemas.known(name) is None
        }
        self._tables = Tables(unknown)
        self._filled = {}
        for place, (name, placed) in enumerate(by_table.items()):
            self._filled[name] = self._table(place, name, placed)

    def _table(self, place: int, name: str, rows: Sequence[tuple[int, Row]]) -> Source:
        types = self._tables[name]
        used = list(dict.fromkeys(c for _, row in rows for c in row if c not in _OWN))
        for column in used:
            if column not in types:
                raise UsageError(
                    f"{name} has no column {column!r}", hint=did_you_mean(column, types)
                )
        stored = {
            f"k{at}": pl.Series(
                [_value(name, column, types[column], row.get(column)) for _, row in rows],
                dtype=_STORED[types[column]][1],
            )
            for at, column in enumerate(used)
        }
        frame = pl.DataFrame({"_case": [case for case, _ in rows], **stored})
        self._connection.register("incoming", frame.to_arrow())
        self._connection.execute(f"CREATE OR REPLACE TABLE rows{place} AS FROM incoming")
        self._connection.unregister("incoming")
        self._connection.execute(
            f"CREATE OR REPLACE VIEW table{place} AS FROM rows{place} "
            f"WHERE _case = (FROM asked) OR _case = {EVERYWHERE}"
        )
        columns = {
            column: Physical(f"k{at}", _STORED[types[column]][0]) for at, column in enumerate(used)
        }
        return Source(f"table{place}", columns)

    def optimize(self, *, on: bool) -> None:
        """Whether statements are optimized: with a few rows, that takes longer than it saves."""
        self._connection.execute(f"PRAGMA {'enable' if on else 'disable'}_optimizer")

    def prepare(self, text: str, parameters: Mapping[str, object], *, now: object) -> None:
        """Compile a query for the rows in hand; it is the one that `rows` then runs.

        Raises:
            KqlError: what is wrong with the query.
        """
        sources = _Sources(self._filled, self._tables)

        def opened(plugin: plan.Plugin) -> plan.Schema:
            asked = plugins.question(DuckDB(sources), plugin)
            compiled = run.Compiled(plan.Plan(plugin.input, ordered=False), asked)
            self._need(compiled)
            rows = self._run(compiled.sql).fetchall()
            return plugins.schema_of(plugin, [(row[0], row[1]) for row in rows])

        compiled = run.compile(
            text, self._tables, sources, now=now, parameters=parameters, opened=opened
        )
        self._need(compiled)
        self._run(f"PREPARE question AS {compiled.sql}")

    def rows(self, case: int) -> list[tuple[Any, ...]]:
        """The rows that the prepared query gives for one case."""
        self._connection.execute("UPDATE asked SET c = ?", [case])
        return self._run("EXECUTE question").fetchall()

    def _need(self, compiled: run.Compiled) -> None:
        frames.prepare(self._connection, compiled.emitted.needs, self._made)

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql)
        except duckdb.Error as failure:
            raise run.refused(failure) from failure


_OWN: Final = frozenset(["_table", "_repeat"])


def _guessed(rows: Iterable[Row]) -> dict[str, str]:
    """The types of a table that nothing knows, by its rows."""
    found: dict[str, str] = {}
    for row in rows:
        for column, value in row.items():
            if column not in _OWN and value is not None:
                found.setdefault(column, _kind(value))
    return found


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "long"
    if isinstance(value, float):
        return "real"
    if isinstance(value, date):
        return "datetime"
    return "dynamic" if isinstance(value, dict | list) else "string"


def _value(table: str, column: str, kind: str, value: Any) -> Any:
    """A value as it is stored, or an error: a wrong type would be a wrong test."""
    if value is None:
        return None
    if kind in ("string", "guid") and isinstance(value, str):
        return value
    if kind == "dynamic":
        return _json(value)
    if kind == "datetime" and isinstance(value, date):
        if not isinstance(value, datetime):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind in ("long", "int") and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind in ("real", "decimal") and isinstance(value, int | float):
        return float(value)
    if kind == "timespan" and isinstance(value, int | float):
        return timedelta(seconds=value) // timedelta(microseconds=1)
    raise UsageError(f"{column} of {table} is of type {kind}, and {value!r:.80} is not")


def _json(value: Any) -> str:
    if isinstance(value, str):
        try:
            json.loads(value)
        except ValueError:
            return json.dumps(value)
        return value
    return json.dumps(value, default=str)
