"""Relations that make rows or arrays out of steps: range and make-series."""

from sqlglot import exp

from huntkit.kql.language import plan
from huntkit.kql.language.emit.base import Order, Rel
from huntkit.kql.language.emit.duckdb import aggregates
from huntkit.kql.language.emit.duckdb.logic import SQL_TYPES
from huntkit.kql.language.emit.duckdb.registry import as_json, macro, use
from huntkit.kql.language.emit.grouping import Grouping
from huntkit.kql.language.emit.sql import (
    Sql,
    both,
    call,
    cast,
    ident,
    named,
    whole,
)
from huntkit.kql.language.errors import KqlUnsupported

macro(
    "steps",
    "a, b, s",
    "CASE WHEN s = 0 OR (b - a) * sign(s) < 0 THEN 0 ELSE (b - a) // s + 1 END",
)
macro(
    "steps_real",
    "a, b, s",
    "CASE WHEN s = 0 OR (b - a) * sign(s) < 0 THEN 0"
    " ELSE floor((b - a) / s + 1e-9)::BIGINT + 1 END",
)


def on_series(emitter: Grouping, node: plan.Series) -> Rel:
    """``range``: a row for each step."""
    kind = node.schema[0].type
    one = emitter.add(emitter.select([named(whole(0), "c0")]), (plan.Column("", "long"),))
    emitter.use(one)
    ends = (node.first, node.last, node.step)
    values = [cast(emitter.value(each), SQL_TYPES[kind]) for each in ends]
    steps = "steps_real" if kind in ("real", "decimal") else "steps"
    order = emitter.fresh()
    if all(isinstance(each, plan.Lit) for each in ends):
        # a source that gives its rows as they are asked for; of a list, and of a count that is
        # known only while it runs, the engine makes the whole before a row leaves
        count = call("coalesce", use(emitter, steps, *values), whole(0))
        source = exp.Table(this=call("range", count))
        first, step = (value.copy() for value in (values[0], values[2]))
        items = [named(first, "a"), named(step, "s"), named(ident("range"), order)]
        walked = emitter.add(emitter.select(items, source), node.schema)
    else:
        given = [named(value, name) for value, name in zip(values, "abs", strict=True)]
        bounds = emitter.add(emitter.select(given, one), node.schema)
        count = call("coalesce", use(emitter, steps, *map(ident, "abs")), whole(0))
        place = call("unnest", call("range", count))
        items = [ident("a"), ident("s"), named(place, order)]
        walked = emitter.add(emitter.select(items, bounds), node.schema)
    value = exp.Add(this=ident("a"), expression=exp.Mul(this=ident(order), expression=ident("s")))
    items = [named(cast(value, SQL_TYPES[kind]), "c0"), ident(order)]
    return emitter.add(emitter.select(items, walked), node.schema, order=(Order(order),))


def on_makeseries(emitter: Grouping, node: plan.MakeSeries) -> Rel:
    """``make-series``: an array per key and aggregate, with a place for each step."""
    if node.first is None or node.last is None:
        raise KqlUnsupported("make-series without from and to")
    if emitter.rows:
        raise KqlUnsupported("make-series inside mv-apply or partition")
    kind = node.axis.type
    if kind not in ("datetime", "timespan", "long", "int"):
        raise KqlUnsupported(f"make-series over a {kind} axis")
    rel = emitter.relation(node.input)
    emitter.use(rel)
    axis, first, last, step = (
        cast(emitter.value(each), "BIGINT")
        for each in (node.axis, node.first, node.last, node.step)
    )
    place = emitter.fresh()
    index = use(emitter, "floor_div", exp.Paren(this=exp.Sub(this=axis, expression=first)), step)
    names = [ident(n) for n in [*emitter.columns(rel), *rel.hidden()]]
    query = emitter.select([*names, named(index, place)], rel)
    inside = both([exp.GTE(this=axis, expression=first), exp.LT(this=axis, expression=last)])
    query.set("where", exp.Where(this=inside))
    placed = emitter.add(query, rel.schema, rel)
    keyed = _binned(emitter, node, placed, place)
    return _listed(emitter, node, keyed, [first, last, step])


def _binned(emitter: Grouping, node: plan.MakeSeries, rel: Rel, place: str) -> Rel:
    """The aggregates of each key and step."""
    emitter.use(rel)
    keys = [named(emitter.value(key), f"c{i}") for i, key in enumerate(node.keys)]
    items: list[Sql] = [*keys, named(ident(place), "place")]
    for number, (agg, _) in enumerate(node.aggregates):
        emitter.use(rel)
        found = aggregates.build(emitter, agg, rel)
        text = as_json(emitter, agg.type, found)
        items.append(named(call("coalesce", text, exp.Literal.string("null")), f"v{number}"))
    query = emitter.select(items, rel)
    query.set("group", exp.Group(expressions=[whole(i + 1) for i in range(len(keys) + 1)]))
    return emitter.add(query, node.schema)


macro("step_count", "a, b, s", "CASE WHEN s > 0 AND b > a THEN (b - a + s - 1) // s ELSE 0 END")
macro(
    "series_of",
    "places, vals, n, other",
    "'[' || array_to_string(list_transform(range(n), lambda i:"
    " coalesce(list_extract(vals, list_position(places, i)), other)), ',') || ']'",
)


def _listed(emitter: Grouping, node: plan.MakeSeries, rel: Rel, bounds: list[Sql]) -> Rel:
    """One row per key, with the arrays."""
    width = len(node.keys)
    keys: list[Sql] = [ident(f"c{i}") for i in range(width)]
    lists = [named(call("list", ident("place")), "places")]
    lists += [
        named(call("list", ident(f"v{number}")), f"v{number}")
        for number in range(len(node.aggregates))
    ]
    query = emitter.select([*keys, *lists], rel)
    if width:
        query.set("group", exp.Group(expressions=[whole(i + 1) for i in range(width)]))
    elif not node.nonempty:
        query.set("having", exp.Having(this=exp.GT(this=call("count"), expression=whole(0))))
    grouped = emitter.add(query, node.schema)
    first, last, step = bounds
    count = use(emitter, "step_count", first, last, step)
    items = list(keys)
    for number, (agg, default) in enumerate(node.aggregates):
        other = as_json(emitter, default.type, emitter.value(default))
        series = use(
            emitter,
            "series_of",
            ident("places"),
            ident(f"v{number}"),
            count,
            call("coalesce", other, exp.Literal.string("null")),
        )
        items.append(named(series, f"c{width + number}"))
        del agg
    kind = "long" if node.axis.type == "int" else node.axis.type
    axis = use(emitter, f"axis_{kind}", first, step, count)
    items.append(named(axis, f"c{len(items)}"))
    return emitter.add(emitter.select(items, grouped), node.schema)


for _kind in ("datetime", "timespan", "long"):
    macro(
        f"axis_{_kind}",
        "a, s, n",
        f"'[' || array_to_string(list_transform(range(n), lambda i: kql_json_{_kind}(a + i * s)),"
        " ',') || ']'",
    )
