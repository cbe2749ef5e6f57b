"""Aggregates.

What they are of stands in columns of its own before they are reached (see `groups`), so no
function in Python ever stands inside one.
"""

from collections.abc import Callable

from sqlglot import exp

from huntkit.kql.language import plan
from huntkit.kql.language.emit.base import Rel
from huntkit.kql.language.emit.duckdb.aggregates import MOST_ITEMS, PLAIN, limit_of, share
from huntkit.kql.language.emit.duckdb.logic import SQL_TYPES
from huntkit.kql.language.emit.duckdb.registry import as_json, use
from huntkit.kql.language.emit.grouping import Grouping
from huntkit.kql.language.emit.sql import (
    Sql,
    call,
    cast,
    coalesce,
    ident,
    text,
    whole,
)
from huntkit.kql.language.errors import KqlUnsupported

Where = Callable[[Sql], Sql]
Aggregate = Callable[[Grouping, plan.Agg, list[Sql], Rel, Where], Sql]
AGGREGATES: dict[str, Aggregate] = {}
_PLAIN = {**PLAIN, "make_set_of_scalars_if": "make_set_of_scalars"}
LISTS = ("make_list", "make_list_with_nulls", "make_set", "make_bag", "buildschema")


def aggregate(*names: str) -> Callable[[Aggregate], Aggregate]:
    """Register an aggregate."""

    def register(build_: Aggregate) -> Aggregate:
        for name in names:
            AGGREGATES[name] = build_
        return build_

    return register


def build(emitter: Grouping, node: plan.Agg, rel: Rel) -> Sql:
    """The SQL of an aggregate; the ``...if`` forms filter the rows of the plain ones."""
    name, args = node.name, list(node.args)
    condition: Sql | None = None
    if (plain := _PLAIN.get(name)) is not None:
        name = plain
        place = 0 if name == "count" else 2 if name.startswith("covar") else 1
        condition = emitter.truth(args.pop(place))
    if name not in AGGREGATES:
        raise KqlUnsupported(f"the aggregate {node.name} is not run on Spark")

    def where(function: Sql) -> Sql:
        if condition is None:
            return function
        return exp.Filter(this=function, expression=exp.Where(this=condition.copy()))

    values = [emitter.value(each) for each in args]
    return AGGREGATES[name](emitter, plan.Agg(node.type, name, tuple(args)), values, rel, where)


@aggregate("count")
def _count(_e: Grouping, _n: plan.Agg, _a: list[Sql], _r: Rel, where: Where) -> Sql:
    return where(exp.Count(this=exp.Star()))


@aggregate("sum")
def _sum(_e: Grouping, node: plan.Agg, args: list[Sql], _r: Rel, where: Where) -> Sql:
    return cast(coalesce(where(call("sum", args[0])), whole(0)), SQL_TYPES[node.type])


@aggregate("avg")
def _avg(emitter: Grouping, node: plan.Agg, args: list[Sql], _r: Rel, where: Where) -> Sql:
    if node.args[0].type in ("datetime", "timespan"):
        summed, counted = where(call("sum", args[0])), where(call("count", args[0].copy()))
        return use(emitter, "average_ticks", summed, counted)
    found = where(call("avg", args[0]))
    if node.type == "real":
        return coalesce(found, cast(text("NaN"), "DOUBLE"))
    return cast(found, SQL_TYPES[node.type])


@aggregate("min", "max")
def _extreme(_e: Grouping, node: plan.Agg, args: list[Sql], _r: Rel, where: Where) -> Sql:
    if node.args[0].type == "dynamic":
        raise KqlUnsupported(f"{node.name} of dynamic values")
    found = where(call(node.name, args[0]))
    return coalesce(found, text("")) if node.type == "string" else found


@aggregate("dcount", "count_distinct")
def _dcount(_e: Grouping, _n: plan.Agg, args: list[Sql], _r: Rel, where: Where) -> Sql:
    return where(exp.Count(this=exp.Distinct(expressions=[args[0]])))


# --- sets, lists, bags: the values are JSON by now ----------------------------------------------


def _listed(emitter: Grouping, value: Sql, rel: Rel, where: Where) -> Sql:
    """The values that are not null, in the order of the rows."""
    if not rel.order:
        return where(call("collect_list", value))
    name = emitter.fresh()  # pysail takes two lists of rows with one shape for one
    place = ident(rel.order[0].column)
    row = exp.Struct(expressions=[exp.alias_(place, "n"), exp.alias_(value, name)])
    rows = call("sort_array", where(call("collect_list", row)))
    inner = exp.Lambda(
        this=exp.column(name, table="x"), expressions=[exp.Identifier(this="x", quoted=False)]
    )
    values = call("transform", rows, inner)
    present = exp.Lambda(
        this=exp.Not(this=exp.Is(this=exp.column("x"), expression=exp.Null())),
        expressions=[exp.Identifier(this="x", quoted=False)],
    )
    return call("filter", values, present)


def _array(values: Sql, most: int) -> Sql:
    """A list of JSON texts as one JSON array."""
    if most < MOST_ITEMS:
        values = call("slice", values, whole(1), whole(max(most, 0)))
    return call("concat", text("["), call("array_join", values, text(",")), text("]"))


@aggregate("make_list", "make_list_with_nulls")
def _make_list(emitter: Grouping, node: plan.Agg, args: list[Sql], rel: Rel, where: Where) -> Sql:
    with_nulls = node.name == "make_list_with_nulls"
    value = coalesce(args[0], text("null")) if with_nulls else args[0]
    return _array(_listed(emitter, value, rel, where), MOST_ITEMS if with_nulls else limit_of(node))


@aggregate("make_set")
def _make_set(emitter: Grouping, node: plan.Agg, args: list[Sql], rel: Rel, where: Where) -> Sql:
    joined = _array(_listed(emitter, args[0], rel, where), MOST_ITEMS)
    return use(emitter, "set_of", joined, whole(limit_of(node)))


@aggregate("make_set_of_scalars")
def _scalars(emitter: Grouping, node: plan.Agg, args: list[Sql], rel: Rel, where: Where) -> Sql:
    if rel.order:
        return _make_set(emitter, node, args, rel, where)
    distinct = where(call("collect_set", args[0]))
    return _array(call("sort_array", distinct), limit_of(node))


@aggregate("make_bag")
def _make_bag(emitter: Grouping, node: plan.Agg, args: list[Sql], rel: Rel, where: Where) -> Sql:
    joined = _array(_listed(emitter, args[0], rel, where), MOST_ITEMS)
    return use(emitter, "bag_union", joined, whole(limit_of(node)))


@aggregate("buildschema")
def _buildschema(emitter: Grouping, _n: plan.Agg, args: list[Sql], rel: Rel, where: Where) -> Sql:
    return use(emitter, "schema_of", _array(_listed(emitter, args[0], rel, where), MOST_ITEMS))


# --- statistics ---------------------------------------------------------------------------------


def _statistic(name: str, function: str) -> None:
    @aggregate(name)
    def build_(_e: Grouping, _n: plan.Agg, args: list[Sql], _r: Rel, where: Where) -> Sql:
        values = [cast(each, "DOUBLE") for each in args]
        return coalesce(where(call(function, *values)), cast(whole(0), "DOUBLE"))


for _name, _function in {
    "stdev": "stddev_samp",
    "stdevp": "stddev_pop",
    "variance": "var_samp",
    "variancep": "var_pop",
    "covariance": "covar_samp",
    "covariancep": "covar_pop",
}.items():
    _statistic(_name, _function)


def _bits(name: str, function: str) -> None:
    @aggregate(name)
    def build_(_e: Grouping, _n: plan.Agg, args: list[Sql], _r: Rel, where: Where) -> Sql:
        return where(call(function, args[0]))


for _name, _function in {
    "binary_all_and": "bit_and",
    "binary_all_or": "bit_or",
    "binary_all_xor": "bit_xor",
}.items():
    _bits(_name, _function)


def _rank(value: Sql, node: plan.Scalar, where: Where) -> Sql:
    """The value at a nearest rank."""
    values = call("sort_array", where(call("collect_list", value)))
    count = call("size", values.copy())
    below = call(
        "floor", exp.Sub(this=count.copy(), expression=exp.Mul(this=share(node), expression=count))
    )
    rank = call(
        "greatest",
        whole(0),
        exp.Sub(
            this=exp.Sub(this=call("size", values.copy()), expression=below), expression=whole(1)
        ),
    )
    return call("get", values, cast(rank, "INT"))


@aggregate("percentile")
def _percentile(_e: Grouping, node: plan.Agg, args: list[Sql], _r: Rel, where: Where) -> Sql:
    return _rank(args[0], node.args[1], where)


@aggregate("percentiles_array")
def _percentiles(e: Grouping, node: plan.Agg, args: list[Sql], _r: Rel, where: Where) -> Sql:
    kind = node.args[0].type
    items = [as_json(e, kind, _rank(args[0].copy(), each, where)) for each in node.args[1:]]
    return _array(call("array", *[coalesce(each, text("null")) for each in items]), MOST_ITEMS)
