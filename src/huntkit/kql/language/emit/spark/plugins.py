"""``evaluate`` on Spark."""

from typing import TYPE_CHECKING

from huntkit.kql.language import plan
from huntkit.kql.language.emit.base import Rel
from huntkit.kql.language.emit.duckdb.aggregates import PLAIN
from huntkit.kql.language.emit.duckdb.plugins import (
    MOST_COLUMNS,
    bag_unpack,
    column_of,
    ipv4_lookup,
)
from huntkit.kql.language.emit.spark.registry import template
from huntkit.kql.language.errors import KqlUnsupported

if TYPE_CHECKING:
    from huntkit.kql.language.emit.spark.engine import Spark

template("net_first", "a", "py_parse_ipv4(a)")
template(
    "net_last",
    "a",
    "py_parse_ipv4(a) + shiftleft(1L, cast(32 - py_ipv4_netmask_suffix(a) AS int)) - 1",
)


def on_plugin(emitter: "Spark", node: plan.Plugin) -> Rel:
    """The rows of a plugin whose columns are known by now."""
    if node.open_schema:
        raise KqlUnsupported(f"{node.name} here, where its columns can't be asked for first")
    if emitter.rows:
        raise KqlUnsupported(f"{node.name} inside mv-apply or partition")
    if node.name == "bag_unpack":
        return bag_unpack(emitter, node)
    if node.name == "ipv4_lookup":
        return ipv4_lookup(emitter, node)
    if node.name == "pivot":
        return emitter.relation(_pivoted(node))
    raise KqlUnsupported(f"evaluate {node.name} on Spark")


_WITH_CONDITION = {plain: name for name, plain in PLAIN.items()}


def _pivoted(node: plan.Plugin) -> plan.Aggregate:
    """An aggregate for each value of a column, over the rows that have it."""
    key, agg = column_of(node.args[0]), node.args[1]
    if not isinstance(agg, plan.Agg) or agg.name not in _WITH_CONDITION:
        raise KqlUnsupported("pivot by this aggregate, on Spark")
    known = {column.name for column in node.input.schema} - {key.name}
    kept = [column for column in node.schema if column.name in known]
    new = node.schema[len(kept) :]
    shown = plan.Fn("string", "tostring", (key,))
    aggregates = tuple(
        plan.Agg(agg.type, _WITH_CONDITION[agg.name], (*agg.args, _same(shown, column.name)))
        for column in new
    )
    keys = tuple(plan.Col(column.type, column.name) for column in kept)
    return plan.Aggregate((*kept, *new), node.input, keys, aggregates)


def _same(value: plan.Scalar, name: str) -> plan.Scalar:
    return plan.Fn("bool", "equal", (value, plan.Lit("string", name)))


def question(node: plan.Plugin) -> plan.Plan:
    """What asks for a plugin's columns: names (and kinds) without repeats."""
    key = column_of(node.args[0])
    found = _values(key, node.input) if node.name == "pivot" else _properties(key, node.input)
    distinct = plan.Distinct(_ANSWER, found)
    most = plan.Lit("long", 4 * MOST_COLUMNS)
    return plan.Plan(plan.Limit(_ANSWER, distinct, most), ordered=False)


_ANSWER = (plan.Column("name", "string"), plan.Column("kind", "string"))
# as the schema is told from, which is DuckDB's names for what a property holds
KINDS = {"string": "VARCHAR", "bool": "BOOLEAN", "double": "DOUBLE", "long": "BIGINT"}


def _values(key: plan.Col, rows: plan.Relation) -> plan.Relation:
    shown = plan.Fn("string", "tostring", (key,))
    return plan.Project(_ANSWER, rows, (shown, plan.Lit("string", "string")))


def _properties(bag: plan.Col, rows: plan.Relation) -> plan.Relation:
    names = plan.Fn("dynamic", "bag_keys", (bag,))
    count = plan.Fn("long", "array_length", (names,))
    some = plan.Fn("bool", "greater", (count, plan.Lit("long", 0)))
    full = plan.Filter(rows.schema, rows, some)
    columns = (plan.Column("bag", "dynamic"), plan.Column("name", "dynamic"))
    listed = plan.Project(columns, full, (bag, names))
    each = (plan.Column("bag", "dynamic"), plan.Column("name", "string"))
    item = ("name", plan.Col("dynamic", "name"), "string")
    expanded = plan.Expand(each, listed, (item,))
    name = plan.Col("string", "name")
    inner = plan.Fn("dynamic", "path", (plan.Col("dynamic", "bag"), name))
    return plan.Project(_ANSWER, expanded, (name, plan.Fn("string", "gettype", (inner,))))
