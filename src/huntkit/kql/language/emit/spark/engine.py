"""The emitter of Spark's SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from huntkit.kql.language import plan
from huntkit.kql.language.emit.base import Order, Rel, aliased
from huntkit.kql.language.emit.duckdb import conversions, logic
from huntkit.kql.language.emit.duckdb.registry import use
from huntkit.kql.language.emit.grouping import Grouping
from huntkit.kql.language.emit.spark import (  # noqa: F401  they register themselves
    aggregates,
    computed,
    primitives,
    regexes,
    search,
    stored,
    templates,
)
from huntkit.kql.language.emit.spark.groups import Ready, flattened
from huntkit.kql.language.emit.spark.making import on_makeseries, on_series
from huntkit.kql.language.emit.spark.plugins import on_plugin
from huntkit.kql.language.emit.spark.registry import Missing, build_helper, find
from huntkit.kql.language.emit.sql import (
    Emitted,
    Sql,
    call,
    cast,
    coalesce,
    ident,
    is_null,
    named,
    negated,
    quoted,
    text,
    whole,
)
from huntkit.kql.language.emit.tables import Physical, Source
from huntkit.kql.language.errors import KqlUnsupported

MOST_DEPTH = 60


class Spark(Grouping):
    """Turns one plan into Spark SQL.

    Args:
        sources: the tables that may be read, by KQL name; a column's type is Spark's.
        external: gives the source of an ``externaldata``; without it these are refused.
    """

    dialect = "spark"

    def __init__(
        self,
        sources: Mapping[str, Source],
        external: Callable[[plan.External], Source] | None = None,
    ) -> None:
        super().__init__(sources, external)
        self.depth = 0
        self.flags: dict[int, str] = {}
        self.carried: dict[str, list[str]] = {}

    # --- scalars -------------------------------------------------------------------------------

    def literal(self, node: plan.Lit) -> Sql:
        """A constant."""
        return logic.literal(node)

    def function(self, node: plan.Fn) -> Sql:
        """A primitive."""
        build = find(node.name, len(node.args), node.args[0].type if node.args else "")
        if build is None:
            raise KqlUnsupported(f"{node.name} is not run on Spark")
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise KqlUnsupported("a query nested this deep, on Spark")
        try:
            values = [self.value(each) for each in node.args]
            return build(self, node, values)
        except Missing as missing:
            if str(missing).endswith("is not run on Spark"):
                raise
            raise Missing(f"{node.name} is not run on Spark") from None
        finally:
            self.depth -= 1

    def helper(self, name: str, arguments: Sequence[Sql]) -> Sql:
        """A template, or a function in Python."""
        return build_helper(self, name, arguments)

    def moment(self, microseconds: int) -> Sql | None:
        """A timestamp, whatever the session's time zone."""
        return call("timestamp_micros", cast(text(str(microseconds)), "BIGINT"))

    def lowered(self, value: Sql) -> Sql:
        """Lower case; two letters would not become the one that other engines make of them."""
        return call("lower", call("translate", value, text("\u03a3\u0130"), text("\u03c3i")))

    def truth(self, node: plan.Scalar) -> Sql:
        """A condition of which only "true" counts."""
        return logic.truth(self, node)

    # --- tables --------------------------------------------------------------------------------

    def stamp(self, physical: Physical) -> Sql | None:
        """A timestamp."""
        return quoted(physical.name) if physical.type == "timestamp" else None

    def read(self, physical: Physical, kind: str) -> Sql:
        """A stored value as a value of a KQL type."""
        column, kept = quoted(physical.name), physical.type
        if kept in ("TEXT", "string") and kind not in ("string", "guid", "dynamic"):
            return conversions.of_text(self, coalesce(column, text("")), kind)
        if kind in ("string", "guid"):
            value: Sql = column if kept in ("string", "TEXT") else cast(column, "VARCHAR")
            if kind == "guid":
                return call("nullif", call("lower", value), text(""))
            return coalesce(value, text(""))
        if kind == "dynamic":
            if kept in ("string", "TEXT"):
                return use(self, "parse_json", column)
            return use(self, "json_of_value", column)
        if kind in ("datetime", "timespan"):
            return use(self, f"{kind}_of_{kept.partition(' ')[0]}", column)
        if kept == _SPARK[kind]:
            return column
        return exp.TryCast(this=column, to=exp.DataType.build(logic.SQL_TYPES[kind], udt=True))

    # --- statements ----------------------------------------------------------------------------

    def emit(self, query: plan.Plan, *, ticks: bool = False) -> Emitted:
        """The whole statement, with Spark's types for times unless ``ticks`` are asked for."""
        emitted = super().emit(query)
        select = emitted.expression
        select.set(
            "expressions",
            [
                named(self.final(ident(name), column.type, ticks=ticks), name)
                for name, column in zip(emitted.columns, emitted.schema, strict=True)
            ],
        )
        for each in list(select.find_all(exp.TryCast)):
            each.set("safe", True)
        return Emitted(select, emitted.columns, emitted.schema, frozenset(self.needs))

    def final(self, value: Sql, kind: str, *, ticks: bool) -> Sql:
        """A result's value in Spark's type for it."""
        if kind == "datetime" and not ticks:
            return use(self, "stamp", value)
        if kind == "timespan" and not ticks:
            return use(self, "interval", value)
        if kind == "decimal":
            return cast(value, "DOUBLE")
        return cast(value, logic.SQL_TYPES[kind])

    def add(
        self, query: Sql, schema: plan.Schema, like: Rel | None = None, **changes: object
    ) -> Rel:
        """Give a subquery a name; Spark decides by itself what it keeps."""
        changes.pop("materialized", None)
        made = super().add(query, schema, like, **changes)
        self.ctes[-1].set("materialized", None)
        return made

    def on_shared(self, node: plan.Shared) -> Rel:
        """A relation used more than once, which Spark may compute as often."""
        if chance := _chance(node.input):
            raise KqlUnsupported(f"{chance} in a table that is used more than once, on Spark")
        return super().on_shared(node)

    def on_ready(self, node: Ready) -> Rel:
        """What is there already."""
        return node.rel

    # --- membership in a relation: Spark knows it only beside WHERE ------------------------------

    def on_filter(self, node: plan.Filter) -> Rel:
        """WHERE."""
        rel = self.flagged(self.relation(node.input), [node.condition])
        return super().on_filter(plan.Filter(node.schema, Ready(rel.schema, rel), node.condition))

    def on_project(self, node: plan.Project) -> Rel:
        """SELECT values."""
        rel = self.flagged(self.relation(node.input), node.values)
        return super().on_project(plan.Project(node.schema, Ready(rel.schema, rel), node.values))

    def flagged(self, rel: Rel, scalars: Sequence[plan.Scalar]) -> Rel:
        """The relation with a hidden column for each question whether a value is in another."""
        for node in _questions(scalars):
            self.use(rel)
            key, flag, item = self.fresh(), self.fresh(), ident("c0")
            value = self.value(node.value)
            other = self.apart(node.relation)
            keyed: Sql = self.lowered(item) if node.ignore_case else item
            value = self.lowered(value) if node.ignore_case else value
            found = self.select([named(keyed, "k")], other)
            found.set("distinct", exp.Distinct())
            found.set("where", exp.Where(this=negated(is_null(ident("c0")))))
            listed = self.add(found, ())
            known = self.carried.get(rel.name, [])
            names = [*self.columns(rel), *rel.hidden(), *known]
            with_key = self.add(
                self.select([*map(ident, names), named(value, key)], rel), rel.schema, rel
            )
            items = [exp.column(name, table="a") for name in names]
            present = negated(is_null(exp.column("k", table="b")))
            query = self.select([*items, named(present, flag)], aliased(with_key, "a"))
            on = exp.EQ(this=exp.column(key, table="a"), expression=exp.column("k", table="b"))
            query.set("joins", [exp.Join(this=aliased(listed, "b"), on=on, side="LEFT")])
            rel = self.add(query, rel.schema, rel)
            self.flags[id(node)] = flag
            self.carried[rel.name] = [*known, flag]
        return rel

    def in_query(self, node: plan.InQuery) -> Sql:
        """Whether a value is among a relation's first column."""
        if id(node) not in self.flags:
            raise KqlUnsupported("in (a table) at this place, on Spark")
        return ident(self.flags[id(node)])

    def scalar_query(self, node: plan.ScalarQuery) -> Sql:
        """(SELECT the first cell), as a row that is there even where the relation has none."""
        first = self.limited(self.apart(node.relation), whole(1))
        found: Sql = exp.Subquery(this=self.select([call("max", ident("c0"))], first))
        return coalesce(found, text("")) if node.type == "string" else found

    # --- joins, windows, limits ------------------------------------------------------------------

    def semi(self, node: plan.Join, one: Rel, two: Rel, condition: Sql) -> Rel:
        """Rows of one side that have, or lack, a partner."""
        keep, other = (one, two) if node.kind.startswith("left") else (two, one)
        mine, beside = ("a", "b") if keep is one else ("b", "a")
        names = [*self.columns(keep), *keep.hidden()]
        query = self.select([exp.column(name, table=mine) for name in names], aliased(keep, mine))
        kind = "SEMI" if node.kind.endswith("semi") else "ANTI"
        join = exp.Join(this=aliased(other, beside), on=condition, side="LEFT", kind=kind)
        query.set("joins", [join])
        return self.add(query, node.schema, replace(keep))

    def over(
        self,
        function: Sql,
        rel: Rel,
        *,
        by: Sequence[str] = (),
        order: Sequence[Order] | None = None,
        frame: bool = False,
    ) -> Sql:
        """A window function; Spark wants an order even where there is none."""
        window = super().over(function, rel, by=by, order=order, frame=frame)
        if not window.args.get("order"):
            window.set("order", exp.Order(expressions=[exp.Ordered(this=whole(0))]))
        return window

    def window_function(self, node: plan.Fn, rel: Rel, by: list[str]) -> Sql:
        """One function of neighbouring rows."""
        if node.name in ("prev", "next"):
            value, offset, default = node.args
            if not isinstance(offset, plan.Lit) or offset.value is None:
                raise KqlUnsupported(f"{node.name} with an offset that is not constant")
            function = call(
                "lag" if node.name == "prev" else "lead",
                self.value(value, rel),
                whole(int(offset.value)),
                self.value(default, rel),
            )
            return self.over(function, rel, by=by)
        return super().window_function(node, rel, by)

    def limited(self, rel: Rel, count: Sql) -> Rel:
        """The first so many rows."""
        inner = count.this if isinstance(count, exp.Cast) else count
        if not isinstance(inner, exp.Literal):
            raise KqlUnsupported("take of a number of rows that is not constant, on Spark")
        return super().limited(rel, whole(min(max(int(inner.name), 0), 2**31 - 1)))

    # --- groups ----------------------------------------------------------------------------------

    def on_aggregate(self, node: plan.Aggregate) -> Rel:
        """GROUP BY, over columns only."""
        flat = flattened(node)
        rel = self.relation(flat.input)
        lists = any(agg.name.startswith(aggregates.LISTS) for agg in flat.aggregates)
        if rel.order and lists:  # the place of a row, by which lists are put in order
            place = self.fresh()
            names = [*map(ident, [*self.columns(rel), *rel.hidden()])]
            query = self.select([*names, named(self.over(call("row_number"), rel), place)], rel)
            rel = self.add(query, rel.schema, rel, order=(Order(place),))
        ready = Ready(rel.schema, rel)
        return super().on_aggregate(plan.Aggregate(node.schema, ready, flat.keys, flat.aggregates))

    def aggregate(self, node: plan.Agg, rel: Rel) -> Sql:
        """An aggregate."""
        return aggregates.build(self, node, rel)

    def row_of(self, values: list[Sql]) -> Sql:
        """A struct."""
        return exp.Struct(
            expressions=[exp.alias_(value, f"f{place}") for place, value in enumerate(values)]
        )

    def part_of(self, row: Sql, place: int) -> Sql:
        """A field of it."""
        return exp.Dot(this=row, expression=exp.to_identifier(f"f{place}"))

    def pick_row(self, name: str, row: Sql, by: list[Sql], _rel: Rel) -> Sql:
        """One row; where every ordering value is null, any."""
        if name == "take_any":
            return call("first", row)
        if name == "take_anyif":
            return exp.Filter(this=call("first", row), expression=exp.Where(this=by[0]))
        chosen = call("max_by" if name == "arg_max" else "min_by", row, by[0])
        return coalesce(chosen, call("first", row.copy()))

    def items_of(self, value: Sql, *, as_pairs: bool) -> Sql:
        """The elements of a dynamic."""
        return use(self, "pairs" if as_pairs else "items", value)

    def length_of(self, items: Sql) -> Sql:
        """How many."""
        return call("size", items)

    def at(self, items: Sql, place: Sql) -> Sql:
        """The element, or null."""
        index = exp.Sub(this=place, expression=whole(1))
        return use(self, "no_null", call("get", items, index))

    def numbers_to(self, count: Sql) -> Sql:
        """A row for each number."""
        return call("explode", call("sequence", whole(1), cast(count, "INT")))

    def converted(self, value: Sql, kind: str) -> Sql:
        """A dynamic as another type."""
        return conversions.convert(self, value, kind)

    def on_apply(self, node: plan.Apply) -> Rel:
        """The sub-plan; the input row goes along as hidden columns of its group.

        A join with the input afterwards would be wrong: Spark may number its rows anew.
        """
        if self.rows:
            raise KqlUnsupported("mv-apply, partition or top-nested inside another")
        rel = self.relation(node.input)
        if node.group:
            return self.partition(node, rel)
        mark, place = self.fresh(), self.fresh()
        copies = [self.fresh() for _ in rel.schema]
        items: list[Sql] = [ident(name) for name in [*self.columns(rel), *rel.hidden()]]
        items += [named(ident(f"c{i}"), name) for i, name in enumerate(copies)]
        number = named(self.over(call("row_number"), rel), mark)
        group = (mark, *copies)
        marked = self.add(
            self.select([*items, number], rel), rel.schema, rel, group=group, order=()
        )
        found = self.body(node, self.expand(node, marked, numbered=place))
        inside = {column.name: f"c{i}" for i, column in enumerate(found.schema)}
        outside = dict(zip((c.name for c in rel.schema), found.group[1:], strict=True))
        columns = [
            named(ident(inside.get(column.name) or outside[column.name]), f"c{i}")
            for i, column in enumerate(node.schema)
        ]
        keys = (Order(found.group[0]), *found.order)
        order = [ident(each.column) for each in keys]
        return self.add(
            self.select([*columns, *order], found), node.schema, Rel("", node.schema, order=keys)
        )

    # --- refused, or elsewhere -------------------------------------------------------------------

    def on_series(self, node: plan.Series) -> Rel:
        """``range``."""
        return on_series(self, node)

    def on_makeseries(self, node: plan.MakeSeries) -> Rel:
        """``make-series``."""
        return on_makeseries(self, node)

    def on_plugin(self, node: plan.Plugin) -> Rel:
        """``evaluate``."""
        return on_plugin(self, node)


_SPARK = {
    "bool": "boolean",
    "int": "int",
    "long": "bigint",
    "real": "double",
    "decimal": "decimal(38,18)",
}


def _questions(scalars: Sequence[plan.Scalar]) -> list[plan.InQuery]:
    """The memberships asked for in some scalars, the inner ones first."""
    found: list[plan.InQuery] = []
    for node in scalars:
        if isinstance(node, plan.Fn):
            found += _questions(node.args)
        elif isinstance(node, plan.InQuery):
            found += [*_questions([node.value]), node]
    return found


def _chance(relation: plan.Relation) -> str:
    """A function in a relation that gives something else each time."""
    stack: list[object] = [relation]
    while stack:
        node = stack.pop()
        if isinstance(node, plan.Fn) and node.name in ("rand", "new_guid"):
            return node.name
        if isinstance(node, tuple):
            stack.extend(node)
        elif isinstance(node, plan.Scalar | plan.Relation | plan.SortKey):
            stack.extend(getattr(node, name) for name in node.__dataclass_fields__)
    return ""


def emit(
    query: plan.Plan,
    sources: Mapping[str, Source],
    external: Callable[[plan.External], Source] | None = None,
    *,
    ticks: bool = False,
) -> Emitted:
    """Spark's statement for a plan."""
    try:
        return Spark(sources, external).emit(query, ticks=ticks)
    except RecursionError:
        raise KqlUnsupported("a query nested this deep, on Spark") from None


def text_of(emitted: Emitted) -> str:
    """The statement's text, in which Spark finds no variable of its own to fill in."""
    try:
        return emitted.sql("spark").replace("${", "$\\{")
    except RecursionError:
        raise KqlUnsupported("a query nested this deep, on Spark") from None
