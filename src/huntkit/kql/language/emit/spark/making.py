"""Relations that make rows or arrays out of steps: range and make-series."""

from sqlglot import exp

from huntkit.kql.language import plan
from huntkit.kql.language.emit.base import Order, Rel
from huntkit.kql.language.emit.duckdb.logic import SQL_TYPES
from huntkit.kql.language.emit.duckdb.registry import use
from huntkit.kql.language.emit.grouping import Grouping
from huntkit.kql.language.emit.spark.computed import text_datetime, text_timespan
from huntkit.kql.language.emit.spark.registry import python, template
from huntkit.kql.language.emit.sql import Sql, call, cast, coalesce, ident, named, text, whole
from huntkit.kql.language.errors import KqlUnsupported

template(
    "steps",
    "a, b, s",
    "CASE WHEN s = 0 OR (s > 0 AND b < a) OR (s < 0 AND b > a) THEN 0"
    " ELSE (b - a) div nullif(s, 0) + 1 END",
)
template(
    "step_count",
    "a, b, s",
    "CASE WHEN s > 0 AND b > a THEN (b - a + s - 1) div nullif(s, 0) ELSE 0 END",
)


def on_series(emitter: Grouping, node: plan.Series) -> Rel:
    """``range``: a row for each step."""
    kind = node.schema[0].type
    if kind in ("real", "decimal"):
        raise KqlUnsupported(f"range of {kind} values on Spark")
    one = emitter.add(emitter.select([named(whole(0), "c0")]), (plan.Column("", "long"),))
    emitter.use(one)
    values = [
        named(cast(emitter.value(each), SQL_TYPES[kind]), name)
        for each, name in ((node.first, "a"), (node.last, "b"), (node.step, "s"))
    ]
    bounds = emitter.add(emitter.select(values, one), node.schema)
    count = use(emitter, "steps", ident("a"), ident("b"), ident("s"))
    counted = emitter.add(
        emitter.select([ident("a"), ident("s"), named(count, "n")], bounds), node.schema
    )
    order = emitter.fresh()
    query = emitter.select(
        [ident("a"), ident("s"), named(emitter.numbers_to(ident("n")), order)], counted
    )
    query.set("where", exp.Where(this=exp.GT(this=ident("n"), expression=whole(0))))
    walked = emitter.add(query, node.schema)
    place = exp.Paren(this=exp.Sub(this=ident(order), expression=whole(1)))
    value = exp.Add(this=ident("a"), expression=exp.Mul(this=place, expression=ident("s")))
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
    binned = emitter.relation(_binned(node, node.first, node.last))
    return _listed(emitter, node, binned, (node.first, node.last, node.step))


def _binned(node: plan.MakeSeries, first: plan.Scalar, last: plan.Scalar) -> plan.Relation:
    """The aggregates of each key and step, as JSON: keys, then the place, then the values."""
    inside = plan.Fn(
        "bool",
        "and",
        (
            plan.Fn("bool", "greater_equal", (node.axis, first)),
            plan.Fn("bool", "less", (node.axis, last)),
        ),
    )
    rows = plan.Filter(node.input.schema, node.input, inside)
    offset = plan.Fn("long", "tolong", (plan.Fn("timespan", "subtract", (node.axis, first)),))
    step = plan.Fn("long", "tolong", (node.step,))
    place = plan.Fn("long", "bin", (offset, step))
    keys = tuple(plan.Column(f"\0k{i}", each.type) for i, each in enumerate(node.keys))
    values = tuple(plan.Column(f"\0v{i}", agg.type) for i, (agg, _) in enumerate(node.aggregates))
    schema = (*keys, plan.Column("\0place", "long"), *values)
    made = plan.Aggregate(
        schema, rows, (*node.keys, place), tuple(agg for agg, _ in node.aggregates)
    )
    columns = [plan.Col(each.type, each.name) for each in schema]
    count = len(keys) + 1
    shown = [plan.Fn("dynamic", "to_dynamic", (each,)) for each in columns[count:]]
    out = (*schema[:count], *(plan.Column(each.name, "dynamic") for each in values))
    return plan.Project(out, made, (*columns[:count], *shown))


def _listed(
    emitter: Grouping,
    node: plan.MakeSeries,
    rel: Rel,
    bounds: tuple[plan.Scalar, plan.Scalar, plan.Scalar],
) -> Rel:
    """One row per key, with the arrays."""
    width = len(node.keys)
    keys: list[Sql] = [ident(f"c{i}") for i in range(width)]
    lists = [named(call("collect_list", ident(f"c{width}")), "places")]
    for number in range(len(node.aggregates)):
        value = coalesce(ident(f"c{width + 1 + number}"), text("null"))
        lists.append(named(call("collect_list", value), f"v{number}"))
    query = emitter.select([*keys, *lists], rel)
    if width:
        query.set("group", exp.Group(expressions=[whole(i + 1) for i in range(width)]))
    grouped = emitter.add(query, node.schema)
    first, last, step = (cast(emitter.value(each), "BIGINT") for each in bounds)
    count = use(emitter, "step_count", first.copy(), last, step.copy())
    items = list(keys)
    for number, (_, default) in enumerate(node.aggregates):
        other = emitter.value(plan.Fn("dynamic", "to_dynamic", (default,)))
        given = [ident("places"), ident(f"v{number}"), step.copy(), count.copy(), other]
        items.append(named(use(emitter, "series_of", *given), f"c{width + number}"))
    kind = "long" if node.axis.type == "int" else node.axis.type
    axis = use(emitter, f"axis_{kind}", first, step, count)
    items.append(named(axis, f"c{len(items)}"))
    return emitter.add(emitter.select(items, grouped), node.schema)


@python("series_of", "V")
def series_of(
    places: list[int] | None,
    values: list[str] | None,
    step: int | None,
    count: int | None,
    other: str | None,
) -> str:
    """A series of JSON values, with ``other`` where there is none."""
    known = dict(zip(places or [], values or [], strict=True))
    empty = "null" if other is None else other
    found = [known.get(place * (step or 0), empty) for place in range(count or 0)]
    return "[" + ",".join(found) + "]"


@python("axis_long", "V")
def axis_long(first: int | None, step: int | None, count: int | None) -> str:
    """The axis of a series."""
    return "[" + ",".join(map(str, _axis(first, step, count))) + "]"


@python("axis_datetime", "V")
def axis_datetime(first: int | None, step: int | None, count: int | None) -> str:
    """The axis of a series."""
    return "[" + ",".join(f'"{text_datetime(each)}"' for each in _axis(first, step, count)) + "]"


@python("axis_timespan", "V")
def axis_timespan(first: int | None, step: int | None, count: int | None) -> str:
    """The axis of a series."""
    return "[" + ",".join(f'"{text_timespan(each)}"' for each in _axis(first, step, count)) + "]"


def _axis(first: int | None, step: int | None, count: int | None) -> list[int]:
    return [(first or 0) + place * (step or 0) for place in range(count or 0)]
