"""``join``, ``lookup`` and ``union``."""

import re
from collections.abc import Iterable

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import order, shaping
from huntkit.kql.language.binder.compare import equal_pair
from huntkit.kql.language.binder.convert import to
from huntkit.kql.language.binder.naming import Unique
from huntkit.kql.language.binder.scope import Closure, Context, Scope, Table
from huntkit.kql.language.errors import KqlNameError
from huntkit.kql.language.types import did_you_mean

_KINDS = {
    "anti": "leftanti",
    "leftantisemi": "leftanti",
    "rightantisemi": "rightanti",
} | {
    kind: kind
    for kind in [
        "innerunique",
        "inner",
        "leftouter",
        "rightouter",
        "fullouter",
        "leftanti",
        "rightanti",
        "leftsemi",
        "rightsemi",
    ]
}


def option(parameters: s.Parameters, name: str) -> object:
    """An operator's parameter, None where it is not written."""
    for key, value in parameters:
        if key.lower() == name:
            return value
    return None


def join(ctx: Context, op: s.Join, scope: Scope, left: Table) -> Table:
    """``join``."""
    kind = str(option(op.parameters, "kind") or "innerunique").lower()
    if kind not in _KINDS:
        raise ctx.name_error(op, f"unknown kind of join '{kind}'", did_you_mean(kind, _KINDS))
    kind = _KINDS[kind]
    right = ctx.bind_table(ctx, op.right, scope)
    keys = [_key(ctx, on, left, right) for on in _conditions(op.on)]
    if kind in ("leftanti", "leftsemi"):
        schema = left.relation.schema
        sources = tuple(("left", c.name) for c in schema)
        is_open = left.open
    elif kind in ("rightanti", "rightsemi"):
        schema = right.relation.schema
        sources = tuple(("right", c.name) for c in schema)
        is_open = right.open
    else:
        schema, sources = _both(left, right, frozenset())
        is_open = left.open or right.open
    pairs = tuple((a, b) for a, b in keys)
    return Table(plan.Join(schema, left.relation, right.relation, kind, pairs, sources), is_open)


def lookup(ctx: Context, op: s.Lookup, scope: Scope, left: Table) -> Table:
    """``lookup``: a join that leaves out the right side's keys."""
    kind = str(option(op.parameters, "kind") or "leftouter").lower()
    if kind not in ("leftouter", "inner"):
        raise ctx.type_error(op, f"lookup has no kind '{kind}'", "leftouter or inner")
    right = ctx.bind_table(ctx, op.right, scope)
    keys = [_key(ctx, on, left, right) for on in _conditions(op.on)]
    away = frozenset(_plain(key) for _, key in keys)
    schema, sources = _both(left, right, away)
    relation = plan.Join(schema, left.relation, right.relation, kind, tuple(keys), sources)
    if not order.lost(ctx, left.relation):  # other than join, lookup keeps an order
        ctx.serialized[id(relation)] = relation
    return Table(relation, left.open or right.open)


def _conditions(on: tuple[s.Expr, ...]) -> list[s.Expr]:
    found: list[s.Expr] = []
    for expr in on:
        rest = expr
        while isinstance(rest, s.Binary) and rest.op == "and":
            found.append(rest.right)
            rest = rest.left
        found.append(rest)
    return found


def _plain(key: plan.Scalar) -> str:
    while isinstance(key, plan.Fn) and key.args:
        key = key.args[0]
    return key.name if isinstance(key, plan.Col) else ""


def _both(
    left: Table, right: Table, away: frozenset[str]
) -> tuple[plan.Schema, tuple[tuple[str, str], ...]]:
    mine = [c for c in right.relation.schema if c.name not in away]
    names = Unique([*left.columns, *(c.name for c in mine if c.name not in left.columns)])
    columns = list(left.relation.schema)
    sources = [("left", c.name) for c in columns]
    for column in mine:
        name = names.take(column.name) if column.name in left.columns else column.name
        columns.append(plan.Column(name, column.type))
        sources.append(("right", column.name))
    return tuple(columns), tuple(sources)


def _key(ctx: Context, on: s.Expr, left: Table, right: Table) -> tuple[plan.Scalar, plan.Scalar]:
    if isinstance(on, s.Name):
        pair = (_side(ctx, on, on.name, left, "left"), _side(ctx, on, on.name, right, "right"))
    elif isinstance(on, s.Binary) and on.op == "==":
        sides = {}
        for part in (on.left, on.right):
            if not (isinstance(part, s.Member) and isinstance(part.base, s.Name)):
                raise ctx.type_error(part, "a join is on columns", "write $left.a == $right.b")
            table = left if part.base.name == "$left" else right
            if part.base.name not in ("$left", "$right"):
                raise ctx.name_error(part, f"unknown side '{part.base.name}'", "$left or $right")
            sides[part.base.name] = _side(ctx, part, part.name, table, part.base.name[1:])
        if len(sides) != 2:
            raise ctx.type_error(on, "both sides of == are of one table", "$left.a == $right.b")
        pair = (sides["$left"], sides["$right"])
    else:
        raise ctx.type_error(on, "a join is on columns or equalities", "$left.a == $right.b")
    if pair[0].type == pair[1].type:
        if pair[0].type == "dynamic":
            if left.open or right.open:
                return to(pair[0], "string"), to(pair[1], "string")
            raise ctx.type_error(on, "dynamic columns can't be joined on", "use tostring(...)")
        return pair
    made = equal_pair(*pair)
    numbers = ("int", "long", "real", "decimal")
    fine = pair[0].type in numbers and pair[1].type in numbers
    if made is None or not (fine or "dynamic" in (pair[0].type, pair[1].type)):
        raise ctx.type_error(
            on, f"{pair[0].type} can't be joined with {pair[1].type}", "convert one side"
        )
    return made


def _side(ctx: Context, node: s.Node, name: str, table: Table, side: str) -> plan.Scalar:
    column = table.columns.get(name)
    if column is not None:
        return shaping.col(column)
    if table.open:
        return plan.Col("dynamic", name)
    raise ctx.name_error(
        node,
        f"the {side} table has no column '{name}'",
        did_you_mean(name, table.columns) or "its columns: " + ", ".join(list(table.columns)[:12]),
    )


def union(ctx: Context, op: s.Union, scope: Scope, first: Table | None) -> Table:
    """``union``; columns of one name and several types get a column per type."""
    named: list[tuple[str, Table]] = []
    if first is not None:
        named.append(("union_arg0", first))
    fuzzy = option(op.parameters, "isfuzzy") in (True, "true", 1)
    for expr in op.tables:
        try:
            named += inputs_of(ctx, expr, scope, len(named))
        except KqlNameError as error:
            if not fuzzy:
                raise
            ctx.warnings.append(f"union left out a part: {error}")
    if not named:
        raise ctx.name_error(op, "none of the tables is known", "check the names")
    source = option(op.parameters, "withsource") or option(op.parameters, "with_source")
    inner = option(op.parameters, "kind") == "inner"
    return combine(named, str(source) if source else None, inner=inner)


def inputs_of(ctx: Context, expr: s.Expr, scope: Scope, position: int) -> list[tuple[str, Table]]:
    """The tables that one part of a union stands for, with the names of their source."""
    if isinstance(expr, s.WildcardName | s.Star):
        text = expr.pattern if isinstance(expr, s.WildcardName) else "*"
        pattern = re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)
        views = [name for name in scope.names() if _is_view(scope, name)]
        tables = _with_rows(ctx) if text == "*" else ctx.tables
        names = [n for n in dict.fromkeys([*views, *tables]) if pattern.fullmatch(n)]
        if not names:
            raise ctx.name_error(expr, f"no table matches '{text}'", "check the pattern")
        return [
            (name, ctx.bind_table(ctx, s.Name(start=expr.start, end=expr.end, name=name), scope))
            for name in names
            if scope.get(name) is None or name in views
        ]
    table = ctx.bind_table(ctx, expr, scope)
    if isinstance(expr, s.Name):
        meaning = scope.get(expr.name)
        if meaning is None or (isinstance(meaning, Closure) and meaning.function.view):
            return [(expr.name, table)]
    if isinstance(expr, s.Pipeline) and isinstance(expr.operators[-1], s.As):
        return [(expr.operators[-1].name, table)]
    return [(f"union_arg{position}", table)]


def _with_rows(ctx: Context) -> Iterable[str]:
    """What ``*`` stands for: of a thousand known tables those that can give a row."""
    names: Iterable[str] = getattr(ctx.tables, "with_rows", ctx.tables)
    return names or list(ctx.tables)[:1]


def _is_view(scope: Scope, name: str) -> bool:
    meaning = scope.get(name)
    return isinstance(meaning, Closure) and meaning.function.view


def combine(named: list[tuple[str, Table]], source: str | None, *, inner: bool = False) -> Table:
    """All rows of all tables, under one schema."""
    kinds: dict[str, dict[str, None]] = {}
    for _, table in named:
        for column in table.relation.schema:
            kinds.setdefault(column.name, {})[column.type] = None
    if inner:
        kinds = {
            name: types
            for name, types in kinds.items()
            if len(types) == 1 and all(name in table.columns for _, table in named)
        }
    names = Unique([name for name, types in kinds.items() if len(types) == 1])
    columns: list[tuple[str, str, str]] = []  # output, input, type
    taken: str | None = names.take(source) if source else None
    for name, types in kinds.items():
        for kind in types:
            output = name if len(types) == 1 else names.take(f"{name}_{kind}")
            columns.append((output, name, kind))
    schema = tuple(plan.Column(output, kind) for output, _, kind in columns)
    if taken:
        schema = (plan.Column(taken, "string"), *schema)
    blank: list[plan.Scalar] = [
        plan.Lit(kind, "" if kind == "string" else None) for _, _, kind in columns
    ]
    place = {(name, kind): i for i, (_, name, kind) in enumerate(columns)}
    inputs = []
    for label, table in named:
        values = blank.copy()
        for column in table.relation.schema:
            position = place.get((column.name, column.type))
            if position is not None:
                values[position] = plan.Col(column.type, column.name)
        if taken:
            values.insert(0, plan.Lit("string", label))
        inputs.append(plan.Project(schema, table.relation, tuple(values)))
    is_open = any(table.open for _, table in named)
    return Table(plan.Union(schema, tuple(inputs)), is_open)
