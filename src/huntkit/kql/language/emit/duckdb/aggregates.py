"""Aggregates."""

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from huntkit.kql.language import plan
from huntkit.kql.language.emit.base import Rel
from huntkit.kql.language.emit.duckdb.arrays import distinct
from huntkit.kql.language.emit.duckdb.logic import SQL_TYPES, truth
from huntkit.kql.language.emit.duckdb.registry import as_json, macro, python, use
from huntkit.kql.language.emit.duckdb.values import dump, load
from huntkit.kql.language.emit.grouping import Grouping
from huntkit.kql.language.emit.sql import (
    Sql,
    both,
    call,
    cast,
    coalesce,
    is_null,
    negated,
    text,
    whole,
)
from huntkit.kql.language.errors import KqlUnsupported

Aggregate = Callable[[Grouping, plan.Agg, list[Sql], Rel], Sql]
AGGREGATES: dict[str, Aggregate] = {}


def aggregate(*names: str) -> Callable[[Aggregate], Aggregate]:
    """Register an aggregate."""

    def register(build: Aggregate) -> Aggregate:
        for name in names:
            AGGREGATES[name] = build
        return build

    return register


def where(emitter: Grouping, node: plan.Agg, rel: Rel, condition: Sql) -> Sql:
    """An aggregate over the rows for which a condition holds."""
    if node.name in PLAIN:
        raise KqlUnsupported(f"{node.name} over a part of the rows")
    emitter.condition = condition  # type: ignore[attr-defined]
    try:
        return build(emitter, node, rel)
    finally:
        emitter.condition = None  # type: ignore[attr-defined]


def build(emitter: Grouping, node: plan.Agg, rel: Rel) -> Sql:
    """The SQL of an aggregate; the ``...if`` forms filter the rows of the plain ones."""
    name, args = node.name, list(node.args)
    condition = None
    if (plain := PLAIN.get(name)) is not None:
        name = plain
        condition = truth(
            emitter, args.pop(0 if name == "count" else 2 if name.startswith("covar") else 1)
        )
    if name not in AGGREGATES:
        raise KqlUnsupported(f"the aggregate {node.name} is not run by this engine")
    values = [emitter.value(each) for each in args]
    node = plan.Agg(node.type, name, tuple(args))
    if condition is None:
        return AGGREGATES[name](emitter, node, values, rel)
    emitter.condition = condition  # type: ignore[attr-defined]
    try:
        return AGGREGATES[name](emitter, node, values, rel)
    finally:
        emitter.condition = None  # type: ignore[attr-defined]


PLAIN = {
    "countif": "count",
    "sumif": "sum",
    "avgif": "avg",
    "minif": "min",
    "maxif": "max",
    "dcountif": "dcount",
    "count_distinctif": "count_distinct",
    "make_set_if": "make_set",
    "make_list_if": "make_list",
    "make_bag_if": "make_bag",
    "stdevif": "stdev",
    "varianceif": "variance",
    "variancepif": "variancep",
    "covarianceif": "covariance",
    "covariancepif": "covariancep",
    "stdevpif": "stdevp",
}


def filtered(emitter: Grouping, function: Sql, *extra: Sql) -> Sql:
    """The aggregate over the rows that its conditions let through."""
    given = getattr(emitter, "condition", None)
    conditions = [*([given] if given is not None else []), *extra]
    if not conditions:
        return function
    return exp.Filter(this=function, expression=exp.Where(this=both(conditions)))


def ordered(value: Sql, rel: Rel, emitter: Grouping) -> Sql:
    """list(value) in the order of the rows."""
    if rel.order:
        sort = emitter.order_by(rel.order)
        return call("list", exp.Order(this=value, expressions=sort.expressions))
    return call("list", value)


@aggregate("count")
def _count(emitter: Grouping, _n: plan.Agg, _a: list[Sql], _r: Rel) -> Sql:
    return filtered(emitter, exp.Count(this=exp.Star()))


@aggregate("sum")
def _sum(emitter: Grouping, node: plan.Agg, args: list[Sql], _r: Rel) -> Sql:
    summed = coalesce(filtered(emitter, call("sum", args[0])), whole(0))
    return cast(summed, SQL_TYPES[node.type])


@aggregate("avg")
def _avg(emitter: Grouping, node: plan.Agg, args: list[Sql], _r: Rel) -> Sql:
    kind = node.args[0].type
    found = filtered(emitter, call("avg", args[0]))
    if kind in ("datetime", "timespan"):
        summed = filtered(emitter, call("sum", args[0]))
        counted = filtered(emitter, call("count", args[0]))
        return use(emitter, "average_ticks", summed, counted)
    if node.type == "real":
        return coalesce(found, cast(text("NaN"), "DOUBLE"))
    return cast(found, SQL_TYPES[node.type])


macro("average_ticks", "total, n", "CASE WHEN n > 0 THEN (total // n)::BIGINT END")


@aggregate("min", "max")
def _extreme(emitter: Grouping, node: plan.Agg, args: list[Sql], _r: Rel) -> Sql:
    if node.args[0].type == "dynamic":
        raise KqlUnsupported(f"{node.name} of dynamic values")
    found = filtered(emitter, call(node.name, args[0]))
    return coalesce(found, text("")) if node.type == "string" else found


@aggregate("dcount", "count_distinct")
def _dcount(emitter: Grouping, _n: plan.Agg, args: list[Sql], _r: Rel) -> Sql:
    return filtered(emitter, exp.Count(this=exp.Distinct(expressions=[args[0]])))


# --- sets, lists, bags --------------------------------------------------------------------------


def limit_of(node: plan.Agg) -> int:
    """How many elements a set or list may have."""
    if len(node.args) < 2:
        return MOST_ITEMS
    given = node.args[1]
    if not isinstance(given, plan.Lit) or given.value is None:
        raise KqlUnsupported(f"{node.name} with a size that is not constant")
    return int(given.value)


MOST_ITEMS = 1_048_576
macro(
    "json_list",
    "items, most",
    "CASE WHEN items IS NULL THEN '[]'"
    " ELSE '[' || array_to_string(items[1 : most], ',') || ']' END",
)
macro(
    "distinct_in_order",
    "items",
    "list_transform(list_filter(list_zip(items, range(len(items))),"
    " lambda p: list_position(items, p[1]) = p[2] + 1), lambda p: p[1])",
)


@aggregate("make_list", "make_list_with_nulls")
def _make_list(emitter: Grouping, node: plan.Agg, args: list[Sql], rel: Rel) -> Sql:
    value = as_json(emitter, node.args[0].type, args[0])
    if node.name == "make_list_with_nulls":
        found = filtered(emitter, ordered(coalesce(value, text("null")), rel, emitter))
        return use(emitter, "json_list", found, whole(MOST_ITEMS))
    found = filtered(emitter, ordered(value, rel, emitter), negated(is_null(args[0])))
    return use(emitter, "json_list", found, whole(limit_of(node)))


@aggregate("make_set")
def _make_set(emitter: Grouping, node: plan.Agg, args: list[Sql], rel: Rel) -> Sql:
    value = as_json(emitter, node.args[0].type, args[0])
    present = negated(is_null(args[0]))
    if node.args[0].type == "dynamic":
        found = filtered(emitter, ordered(value, rel, emitter), present)
        joined = use(emitter, "json_list", found, whole(MOST_ITEMS))
        return use(emitter, "set_of", joined, whole(limit_of(node)))
    if rel.order:
        found = filtered(emitter, ordered(value, rel, emitter), present)
        return use(
            emitter,
            "set_of",
            use(emitter, "json_list", found, whole(MOST_ITEMS)),
            whole(limit_of(node)),
        )
    distinct = call("list", exp.Distinct(expressions=[value]))
    found = call("list_sort", filtered(emitter, distinct, present))
    return use(emitter, "json_list", found, whole(limit_of(node)))


@python("set_of", "VL", "V")
def _set_of(items: str | None, most: int | None) -> str | None:
    """Distinct elements in order; arrays inside are sets of their own elements."""
    found = load(items)
    if not isinstance(found, list):
        return "[]"
    flat: list[Any] = []
    for each in found:
        flat.extend(each if isinstance(each, list) else [each])
    return dump(distinct([each for each in flat if each is not None])[:most])


@aggregate("make_bag")
def _make_bag(emitter: Grouping, node: plan.Agg, args: list[Sql], rel: Rel) -> Sql:
    found = filtered(emitter, ordered(args[0], rel, emitter), negated(is_null(args[0])))
    return use(
        emitter,
        "bag_union",
        use(emitter, "json_list", found, whole(MOST_ITEMS)),
        whole(limit_of(node)),
    )


@python("bag_union", "VL", "V")
def _bag_union(items: str | None, most: int | None) -> str | None:
    merged: dict[str, Any] = {}
    for each in load(items) or []:
        for name, value in each.items() if isinstance(each, dict) else ():
            if len(merged) < (most or MOST_ITEMS):
                merged.setdefault(name, value)
    return dump(merged)


@aggregate("buildschema")
def _buildschema(emitter: Grouping, _n: plan.Agg, args: list[Sql], rel: Rel) -> Sql:
    found = filtered(emitter, ordered(args[0], rel, emitter), negated(is_null(args[0])))
    joined = use(emitter, "json_list", found, whole(MOST_ITEMS))
    return use(emitter, "schema_of", joined)


@python("schema_of", "V", "V")
def _schema_of(items: str | None) -> str | None:
    """The types that values take: one name, or a list of them; bags and arrays as a bag."""
    found = load(items)
    return dump(_shape(found)) if isinstance(found, list) and found else None


def _shape(values: list[Any]) -> Any:
    kinds = list(dict.fromkeys(_kind_of(v) for v in values if not isinstance(v, list | dict)))
    shapes: list[Any] = [kind for kind in kinds if kind != "null"]
    properties: dict[str, list[Any]] = {}
    for value in values:
        if isinstance(value, dict):
            for name, inner in value.items():
                properties.setdefault(name, []).append(inner)
        elif isinstance(value, list):
            properties.setdefault("`indexer`", []).extend(value)
    if properties:
        shapes.append({name: _shape(inner) for name, inner in properties.items()})
    return shapes[0] if len(shapes) == 1 else shapes


def _kind_of(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "bool", int: "long", float: "double"}
    return names.get(type(value), "string")


# --- statistics ---------------------------------------------------------------------------------


def _statistic(name: str, function: str) -> None:
    @aggregate(name)
    def build_(emitter: Grouping, _n: plan.Agg, args: list[Sql], _r: Rel) -> Sql:
        values = [cast(each, "DOUBLE") for each in args]
        return coalesce(filtered(emitter, call(function, *values)), cast(whole(0), "DOUBLE"))


for _name, _function in {
    "stdev": "stddev_samp",
    "stdevp": "stddev_pop",
    "variance": "var_samp",
    "variancep": "var_pop",
    "covariance": "covar_samp",
    "covariancep": "covar_pop",
}.items():
    _statistic(_name, _function)
for _name, _function in {
    "binary_all_and": "bit_and",
    "binary_all_or": "bit_or",
    "binary_all_xor": "bit_xor",
}.items():

    def _bits(
        emitter: Grouping, node: plan.Agg, args: list[Sql], _r: Rel, function: str = _function
    ) -> Sql:
        if node.args[0].type not in ("int", "long"):
            raise KqlUnsupported(f"{node.name}() of {node.args[0].type} values")
        return filtered(emitter, call(function, args[0]))

    aggregate(_name)(_bits)


def share(node: plan.Scalar) -> Sql:
    """A constant percentile as a part of 1."""
    if not isinstance(node, plan.Lit) or node.value is None:
        raise KqlUnsupported("a percentile that is not constant")
    value = float(node.value)
    if not 0 <= value <= 100:
        raise KqlUnsupported(f"the percentile {value}")
    return exp.Literal.number(repr(value / 100))


@aggregate("percentile")
def _percentile(emitter: Grouping, node: plan.Agg, args: list[Sql], _r: Rel) -> Sql:
    return filtered(emitter, call("quantile_disc", args[0], share(node.args[1])))


@aggregate("percentiles_array")
def _percentiles(emitter: Grouping, node: plan.Agg, args: list[Sql], _r: Rel) -> Sql:
    kind = node.args[0].type
    items = [
        as_json(emitter, kind, filtered(emitter, call("quantile_disc", args[0], share(each))))
        for each in node.args[1:]
    ]
    return use(emitter, "json_list", call("list_value", *items), whole(MOST_ITEMS))
