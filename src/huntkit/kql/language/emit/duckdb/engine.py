"""The emitter of DuckDB's SQL."""

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from huntkit.kql.language import plan
from huntkit.kql.language.emit.base import Rel
from huntkit.kql.language.emit.duckdb import (  # noqa: F401  they register themselves
    aggregates,
    arrays,
    cells,
    conversions,
    dynamic,
    logic,
    making,
    net,
    numbers,
    parsers,
    places,
    plugins,
    search,
    series,
    sessions,
    strings,
    times,
    units,
)
from huntkit.kql.language.emit.duckdb.registry import (
    MACROS,
    PYTHON,
    Macro,
    Python,
    find,
    known,
    macro,
    requirements,
    use,
)
from huntkit.kql.language.emit.grouping import Grouping
from huntkit.kql.language.emit.sql import Emitted, Sql, call, cast, coalesce, quoted, text
from huntkit.kql.language.emit.tables import Physical, Source
from huntkit.kql.language.errors import KqlUnsupported

macro(
    "items",
    "a",
    "CASE json_type(a) WHEN 'ARRAY' THEN json_extract(a, '$[*]')::VARCHAR[]"
    " WHEN 'OBJECT' THEN list_transform(json_keys(a), lambda k: '{' || to_json(k)::VARCHAR || ':'"
    " || coalesce(py_path_of(a, k), 'null') || '}') WHEN 'NULL' THEN []"
    " ELSE CASE WHEN a IS NULL THEN [] ELSE [a] END"
    " END",
)
macro(
    "pairs",
    "a",
    "CASE json_type(a) WHEN 'OBJECT' THEN list_transform(json_keys(a), lambda k: '[' ||"
    " to_json(k)::VARCHAR || ',' || coalesce(py_path_of(a, k), 'null') || ']')"
    " ELSE kql_items(a) END",
)


class DuckDB(Grouping):
    """Turns one plan into DuckDB SQL.

    Args:
        sources: the tables that may be read, by KQL name.
        external: gives the source of an ``externaldata``; without it these are refused.
        geo: whether the engine can tell where addresses are.
    """

    dialect = "duckdb"

    def __init__(
        self,
        sources: Mapping[str, Source],
        external: Callable[[plan.External], Source] | None = None,
        *,
        geo: bool = False,
    ) -> None:
        super().__init__(sources, external)
        self.geo = geo
        self.condition: Sql | None = None

    def literal(self, node: plan.Lit) -> Sql:
        """A constant."""
        return logic.literal(node)

    def function(self, node: plan.Fn) -> Sql:
        """A primitive."""
        build = find(node)
        if build is None:
            raise KqlUnsupported(f"{node.name} is not run by this engine")
        return build(self, node, [self.value(each) for each in node.args])

    def helper(self, name: str, arguments: Sequence[Sql]) -> Sql:
        """A macro, or a function in Python."""
        return known(self, name, arguments)

    def moment(self, microseconds: int) -> Sql | None:
        """A TIMESTAMPTZ."""
        return logic.timestamp(microseconds)

    def truth(self, node: plan.Scalar) -> Sql:
        """A condition of which only "true" counts."""
        return logic.truth(self, node)

    # --- tables --------------------------------------------------------------------------------

    def stamp(self, physical: Physical) -> Sql | None:
        """A TIMESTAMPTZ."""
        stored = quoted(physical.name)
        if physical.type == "TIMESTAMP":
            return cast(stored, "TIMESTAMPTZ")
        return stored if physical.type == "TIMESTAMP WITH TIME ZONE" else None

    def read(self, physical: Physical, kind: str) -> Sql:
        """A stored value as a value of a KQL type."""
        column, stored = quoted(physical.name), physical.type
        if stored == "TEXT" and kind not in ("string", "dynamic"):
            return conversions.of_text(self, coalesce(column, text("")), kind)
        if kind in ("string", "guid"):
            value: Sql = column if stored == "VARCHAR" else cast(column, "VARCHAR")
            if kind == "guid":
                return call("nullif", call("lower", value), text(""))
            return coalesce(value, text(""))
        if kind == "dynamic":
            if stored == "JSON TEXT":
                return call("nullif", column, text(""))
            if stored in ("VARCHAR", "JSON", "TEXT"):
                return use(self, "parse_json", cast(column, "VARCHAR"))
            return use(self, "no_null", cast(call("to_json", column), "VARCHAR"))
        if kind == "datetime":
            if stored == "TIMESTAMP_NS":
                return use(self, "ticks_of_nanos", column)
            return use(self, "ticks", column)
        if kind == "timespan":
            unit = "micros" if stored == "BIGINT" else "interval"
            return use(self, f"ticks_of_{unit}", column)
        if stored == logic.SQL_TYPES[kind]:
            return column
        return exp.TryCast(
            this=column, to=exp.DataType.build(logic.SQL_TYPES[kind], dialect="duckdb")
        )

    def on_series(self, node: plan.Series) -> Rel:
        """``range``."""
        return making.on_series(self, node)

    def on_plugin(self, node: plan.Plugin) -> Rel:
        """``evaluate``."""
        return plugins.on_plugin(self, node)

    def on_makeseries(self, node: plan.MakeSeries) -> Rel:
        """``make-series``."""
        return making.on_makeseries(self, node)

    def sessions(self, node: plan.Fn, rel: Rel, name: str) -> Rel:
        """``row_window_session``."""
        return sessions.sessions(self, node, rel, name)

    # --- aggregates and lists ------------------------------------------------------------------

    def aggregate(self, node: plan.Agg, rel: Rel) -> Sql:
        """An aggregate."""
        return aggregates.build(self, node, rel)

    def row_of(self, values: list[Sql]) -> Sql:
        """An unnamed struct."""
        return call("row", *values)

    def part_of(self, row: Sql, place: int) -> Sql:
        """A field of it."""
        return call("struct_extract", row, exp.convert(place + 1))

    def pick_row(self, name: str, row: Sql, by: list[Sql], rel: Rel) -> Sql:
        """One row; where every ordering value is null, any."""
        if name.startswith("take_any"):
            found = (
                call("first", exp.Order(this=row, expressions=self.order_by(rel.order).expressions))
                if rel.order
                else call("first", row)
            )
            if name == "take_anyif":
                return exp.Filter(this=found, expression=exp.Where(this=by[0]))
            return found
        chosen = call(name, row, by[0])
        return call("coalesce", chosen, call("first", row))

    def items_of(self, value: Sql, *, as_pairs: bool) -> Sql:
        """The elements of a dynamic."""
        return use(self, "pairs" if as_pairs else "items", value)

    def length_of(self, items: Sql) -> Sql:
        """How many."""
        return call("len", items)

    def at(self, items: Sql, place: Sql) -> Sql:
        """The element, or null."""
        return use(self, "no_null", call("list_extract", items, place))

    def numbers_to(self, count: Sql) -> Sql:
        """A row for each number."""
        return call("unnest", call("generate_series", exp.convert(1), count))

    def converted(self, value: Sql, kind: str) -> Sql:
        """A dynamic as another type."""
        return conversions.convert(self, value, kind)


macro("ticks_of_nanos", "a", "epoch_ns(a) // 100 + 621355968000000000")
macro("ticks_of_micros", "a", "a * 10")
macro(
    "ticks_of_interval",
    "a",
    "(datepart('day', a) * 86400000000 + (datepart('hour', a) * 3600 + datepart('minute', a) * 60)"
    " * 1000000 + datepart('microsecond', a)) * 10",
)


def emit(
    query: plan.Plan,
    sources: Mapping[str, Source],
    external: Callable[[plan.External], Source] | None = None,
    *,
    geo: bool = False,
) -> Emitted:
    """DuckDB's statement for a plan."""
    return DuckDB(sources, external, geo=geo).emit(query)


def functions_of(needs: frozenset[str]) -> tuple[list[Macro], list[Python]]:
    """What a connection must have before a statement runs, in the order to make them."""
    names = dict.fromkeys(each for need in sorted(needs) for each in requirements(need))
    macros = [MACROS[name] for name in names if name in MACROS]
    return macros, [PYTHON[name] for name in names if name in PYTHON]
