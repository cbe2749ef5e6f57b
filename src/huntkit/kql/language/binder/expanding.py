"""``mv-expand``, ``mv-apply``, ``partition``."""

from collections.abc import Callable

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import expressions, shaping
from huntkit.kql.language.binder.joining import option
from huntkit.kql.language.binder.naming import Unique, default_name
from huntkit.kql.language.binder.scope import Context, Row, Scope, Table

Items = tuple[tuple[str, plan.Scalar, str], ...]
Pipe = Callable[[Context, tuple[s.Operator, ...], Scope, Table], Table]


def _items(ctx: Context, items: tuple[s.Named, ...], scope: Scope, table: Table) -> Items:
    row = shaping.row_of(table)
    names = Unique(table.columns)
    found: list[tuple[str, plan.Scalar, str]] = []
    for item in items:
        value = expressions.scalar(ctx, item.value, scope, row)
        if value.type != "dynamic":
            raise ctx.type_error(
                item,
                f"only dynamic values can be expanded, not {value.type}",
                "use parse_json(...)",
            )
        name = item.names[0] if item.names else default_name(item.value)
        if not name or any(name == other for other, _, _ in found):
            name = names.take(name)
        found.append((name, value, item.type or "dynamic"))
    return tuple(found)


def _expanded(table: Table, items: Items, index: str | None) -> plan.Schema:
    types = {name: kind for name, _, kind in items}
    columns = [plan.Column(c.name, types.pop(c.name, c.type)) for c in table.relation.schema]
    columns += [plan.Column(name, kind) for name, kind in types.items()]
    if index is not None:
        columns.append(plan.Column(index, "long"))
    return tuple(columns)


def _index(parameters: s.Parameters) -> str | None:
    name = option(parameters, "with_itemindex")
    return str(name) if name else None


def _limit(ctx: Context, limit: s.Expr | None, scope: Scope) -> plan.Scalar | None:
    return None if limit is None else expressions.scalar(ctx, limit, scope, Row())


def expand(ctx: Context, op: s.MvExpand, scope: Scope, table: Table) -> Table:
    """``mv-expand``."""
    items = _items(ctx, op.items, scope, table)
    index = _index(op.parameters)
    kind = option(op.parameters, "bagexpansion") or option(op.parameters, "kind")
    schema = _expanded(table, items, index)
    relation = plan.Expand(
        schema, table.relation, items, index, _limit(ctx, op.limit, scope), kind == "array"
    )
    return Table(relation, table.open)


def apply(ctx: Context, op: s.MvApply, scope: Scope, table: Table, pipe: Pipe) -> Table:
    """``mv-apply``: columns of the body come from it, the input's other columns beside them."""
    if table.open:
        raise ctx.unsupported(op, "mv-apply where columns are known only by the data")
    items = _items(ctx, op.items, scope, table)
    index = _index(op.parameters)
    rows = Table(plan.Rows(_expanded(table, items, index)))
    body = pipe(ctx, op.subquery, scope, rows)
    expanded = {name for name, _, _ in items}
    inner = body.columns
    columns = [
        inner.get(column.name, column)
        for column in table.relation.schema
        if column.name not in expanded
    ]
    known = {column.name for column in columns}
    columns += [column for column in body.relation.schema if column.name not in known]
    relation = plan.Apply(
        tuple(columns), table.relation, body.relation, items, index, _limit(ctx, op.limit, scope)
    )
    return Table(relation)


def partition(ctx: Context, op: s.Partition, scope: Scope, table: Table, pipe: Pipe) -> Table:
    """``partition by``: the body runs for each group."""
    if not isinstance(op.subquery, tuple):
        raise ctx.unsupported(op, "partition with a query in braces")
    if table.open:
        raise ctx.unsupported(op, "partition where columns are known only by the data")
    by = expressions.scalar(ctx, op.by, scope, shaping.row_of(table))
    body = pipe(ctx, op.subquery, scope, Table(plan.Rows(table.relation.schema)))
    relation = plan.Apply(body.relation.schema, table.relation, body.relation, group=(by,))
    return Table(relation)
