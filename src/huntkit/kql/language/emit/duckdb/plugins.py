"""``evaluate``: plugins, some of which have columns that only the data tells."""

import json
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from huntkit.kql.language import plan
from huntkit.kql.language.emit.base import Order, Rel, aliased
from huntkit.kql.language.emit.duckdb import aggregates
from huntkit.kql.language.emit.duckdb.conversions import convert
from huntkit.kql.language.emit.duckdb.registry import macro, use
from huntkit.kql.language.emit.grouping import Grouping
from huntkit.kql.language.emit.sql import (
    Emitted,
    Sql,
    both,
    call,
    coalesce,
    ident,
    named,
    text,
    whole,
)
from huntkit.kql.language.errors import KqlError, KqlUnsupported

if TYPE_CHECKING:
    from huntkit.kql.language.emit.duckdb.engine import DuckDB

MOST_COLUMNS = 1000
_KINDS = {
    "VARCHAR": "string",
    "BOOLEAN": "bool",
    "DOUBLE": "real",
    "BIGINT": "long",
    "UBIGINT": "long",
}
_CONFLICTS = ("error", "replace_source", "keep_source")


def on_plugin(emitter: "DuckDB", node: plan.Plugin) -> Rel:
    """The rows of a plugin whose columns are known by now."""
    if node.open_schema:
        raise KqlUnsupported(f"{node.name} here, where its columns can't be asked for first")
    if emitter.rows:
        raise KqlUnsupported(f"{node.name} inside mv-apply or partition")
    if node.name == "bag_unpack":
        return bag_unpack(emitter, node)
    if node.name == "pivot":
        return _pivot(emitter, node)
    if node.name == "ipv4_lookup":
        return ipv4_lookup(emitter, node)
    raise KqlUnsupported(f"the plugin {node.name} is not run by this engine")


# --- what the data says -------------------------------------------------------------------------


def question(emitter: "DuckDB", node: plan.Plugin) -> Emitted:
    """The statement that asks for a plugin's columns: names (and kinds) without repeats."""
    key = column_of(node.args[0])
    rel = emitter.relation(node.input)
    value = emitter.value(key, rel)
    if node.name == "pivot":
        shown = emitter.value(plan.Fn("string", "tostring", (key,)), rel)
        items = [named(shown, "c0"), named(text("VARCHAR"), "c1")]
        found = emitter.add(emitter.select(items, rel), _ANSWER)
    else:
        names = call("unnest", call("json_keys", value))
        pairs = emitter.add(emitter.select([named(names, "c0"), named(value, "d")], rel), _ANSWER)
        inner = use(emitter, "path_of", ident("d"), ident("c0"))
        items = [ident("c0"), named(call("json_type", inner), "c1")]
        found = emitter.add(emitter.select(items, pairs), _ANSWER)
    query = emitter.select([ident("c0"), ident("c1")], found)
    query.set("distinct", exp.Distinct())
    query.set("limit", exp.Limit(expression=whole(4 * MOST_COLUMNS)))
    query.set("with_", exp.With(expressions=emitter.ctes))
    return Emitted(query, ("c0", "c1"), _ANSWER, frozenset(emitter.needs))


_ANSWER = (plan.Column("name", "string"), plan.Column("kind", "string"))


def schema_of(node: plan.Plugin, rows: list[tuple[str, str | None]]) -> plan.Schema:
    """A plugin's columns, given what `question` brought."""
    if node.name == "pivot":
        agg = node.args[1]
        kind = agg.type if isinstance(agg, plan.Agg) else "long"
        new = {name: kind for name, _ in sorted(rows)}
        conflict, prefix, ignored = "error", "", set[str]()
    else:
        prefix, conflict, ignored = _options(node)
        kinds: dict[str, set[str]] = {}
        for name, stored in rows:
            kinds.setdefault(name, set()).update([] if stored in (None, "NULL") else [str(stored)])
        new = {prefix + name: _kind(kinds[name]) for name in sorted(kinds) if name not in ignored}
    if len(new) > MOST_COLUMNS:
        raise KqlUnsupported(f"{node.name} into {len(new)} columns")
    known = [column.name for column in node.schema]
    if conflict == "error" and (twice := [name for name in new if name in known]):
        raise KqlError(
            f"{node.name} gives the column '{twice[0]}', which is there already",
            hint="say columnsConflict='replace_source' or 'keep_source', or give a prefix",
        )
    columns = [
        plan.Column(c.name, new[c.name]) if conflict == "replace_source" and c.name in new else c
        for c in node.schema
    ]
    columns += [plan.Column(name, kind) for name, kind in new.items() if name not in known]
    return tuple(columns)


def _kind(stored: set[str]) -> str:
    kinds = {_KINDS.get(each, "dynamic") for each in stored}
    if kinds == {"long", "real"}:
        return "real"
    return kinds.pop() if len(kinds) == 1 else "dynamic"


def _options(node: plan.Plugin) -> tuple[str, str, set[str]]:
    """Prefix, what to do about equal names, and properties to leave out."""
    prefix, conflict, ignored = "", "error", set[str]()
    for each in node.args[1:]:
        if not isinstance(each, plan.Lit):
            raise KqlUnsupported("bag_unpack with arguments that are not constant")
        if each.type == "dynamic":
            ignored = {str(name) for name in json.loads(str(each.value or "[]"))}
        elif each.value in _CONFLICTS:
            conflict = str(each.value)
        else:
            prefix = str(each.value)
    return prefix, conflict, ignored


def column_of(value: object) -> plan.Col:
    """The column that a plugin works on."""
    if not isinstance(value, plan.Col):
        raise KqlUnsupported("a plugin over something other than a column")
    return value


# --- the plugins --------------------------------------------------------------------------------


def bag_unpack(emitter: Grouping, node: plan.Plugin) -> Rel:
    """The properties as columns."""
    bag = column_of(node.args[0])
    prefix, conflict, ignored = _options(node)
    rel = emitter.relation(node.input)
    known = {c.name: c.type for c in rel.schema if c.name != bag.name}
    items: list[Sql] = []
    for place, column in enumerate(node.schema):
        name = column.name.removeprefix(prefix)
        own = column.name in known and conflict != "replace_source"
        if own or name in ignored or not column.name.startswith(prefix):
            value = emitter.value(plan.Col(column.type, column.name), rel)
        else:
            found = plan.Fn("dynamic", "path", (bag, plan.Lit("string", name)))
            value = convert(emitter, emitter.value(found, rel), column.type)
        items.append(named(value, f"c{place}"))
    hidden = [ident(name) for name in Rel("", (), order=rel.order).hidden()]
    query = emitter.select([*items, *hidden], rel)
    return emitter.add(query, node.schema, Rel("", node.schema, order=rel.order))


def _pivot(emitter: "DuckDB", node: plan.Plugin) -> Rel:
    """An aggregate for each value of a column."""
    key, agg = column_of(node.args[0]), node.args[1]
    if not isinstance(agg, plan.Agg):
        raise KqlUnsupported("pivot without an aggregate")
    rel = emitter.relation(node.input)
    known = {column.name for column in rel.schema} - {key.name}
    kept = [column for column in node.schema if column.name in known]
    items: list[Sql] = []
    for place, column in enumerate(node.schema):
        emitter.use(rel)
        if column in kept:
            items.append(named(emitter.value(plan.Col(column.type, column.name)), f"c{place}"))
            continue
        shown = emitter.value(plan.Fn("string", "tostring", (key,)))
        same = exp.EQ(this=shown, expression=text(column.name))
        items.append(named(aggregates.where(emitter, agg, rel, same), f"c{place}"))
    query = emitter.select(items, rel)
    if kept:
        places = [i for i, column in enumerate(node.schema) if column in kept]
        query.set("group", exp.Group(expressions=[whole(i + 1) for i in places]))
    return emitter.add(query, node.schema)


macro("net_first", "a", "py_parse_ipv4(a)")
macro("net_last", "a", "py_parse_ipv4(a) + (1::BIGINT << (32 - py_ipv4_netmask_suffix(a))) - 1")


def ipv4_lookup(emitter: Grouping, node: plan.Plugin) -> Rel:
    """Rows whose address lies in a network of the other table."""
    other, source, network, extra, unmatched = node.args
    if not isinstance(other, plan.Relation) or not isinstance(source, plan.Scalar):
        raise KqlUnsupported("ipv4_lookup of these arguments")
    left, right = emitter.relation(node.input), emitter.relation(other)
    extra_names: Any = extra
    nets = plan.Col("string", str(network))
    ip, first, last = emitter.fresh(), emitter.fresh(), emitter.fresh()
    columns = [ident(n) for n in [*emitter.columns(left), *left.hidden()]]
    address = use(emitter, "parse_ipv4", emitter.value(source, left))
    one = emitter.add(emitter.select([*columns, named(address, ip)], left), left.schema, left)
    columns = [ident(n) for n in [*emitter.columns(right), *right.hidden()]]
    bounds = [
        named(use(emitter, name, emitter.value(nets, right)), hidden)
        for name, hidden in (("net_first", first), ("net_last", last))
    ]
    two = emitter.add(emitter.select([*columns, *bounds], right), right.schema, right)
    conditions: list[Sql] = [
        exp.GTE(this=exp.column(ip, table="a"), expression=exp.column(first, table="b")),
        exp.LTE(this=exp.column(ip, table="a"), expression=exp.column(last, table="b")),
    ]
    for name in extra_names:
        place, beside = _place(left, name), _place(right, name)
        conditions.append(
            exp.EQ(
                this=exp.column(f"c{place}", table="a"),
                expression=exp.column(f"c{beside}", table="b"),
            )
        )
    items: list[Sql] = [exp.column(f"c{i}", table="a") for i in range(len(left.schema))]
    for place, column in enumerate(right.schema):
        if column.name in extra_names:
            continue
        value: Sql = exp.column(f"c{place}", table="b")
        items.append(coalesce(value, text("")) if column.type == "string" else value)
    named_items = [named(item, f"c{i}") for i, item in enumerate(items)]
    carried = [exp.column(each.column, table="a") for each in left.order]
    query = emitter.select([*named_items, *carried], aliased(one, "a"))
    join = exp.Join(this=aliased(two, "b"), on=both(conditions))
    if unmatched:
        join.set("side", "LEFT")
    query.set("joins", [join])
    order: tuple[Order, ...] = left.order
    return emitter.add(query, node.schema, Rel("", node.schema, order=order))


def _place(rel: Rel, name: str) -> int:
    return next(i for i, column in enumerate(rel.schema) if column.name == name)
