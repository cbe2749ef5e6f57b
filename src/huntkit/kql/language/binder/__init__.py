"""From syntax tree and table schemas to the typed plan: names, types, columns.

>>> from huntkit.kql.language.parser import parse
>>> text = "T | summarize max(x) by host"
>>> plan = bind(parse(text), text=text, tables={"T": {"host": "string", "x": "long"}}, now=0)
>>> [(column.name, column.type) for column in plan.relation.schema]
[('host', 'string'), ('max_x', 'long')]
"""

from collections.abc import Callable, Mapping

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import expressions, sharing, statements
from huntkit.kql.language.binder import tables as _tables
from huntkit.kql.language.binder.scope import Context, Row, Schemas, Scope, Table, TableFunction

__all__ = ["Schemas", "TableFunction", "bind"]


def bind(
    query: s.Query,
    *,
    text: str,
    tables: Schemas,
    now: int,
    parameters: Mapping[str, object] | None = None,
    functions: Mapping[str, TableFunction] | None = None,
    opened: Callable[[plan.Plugin], plan.Schema | None] | None = None,
) -> plan.Plan:
    """The plan of a query.

    Args:
        query: what `parse` read.
        text: the query's text, for places in errors.
        tables: the columns and KQL types of every table, by case-sensitive names.
        now: the instant of ``now()`` and ``ago()``, in ticks.
        parameters: values for ``declare query_parameters``.
        functions: stored functions that give a table.
        opened: told a plugin whose columns depend on the data, gives them; None keeps the schema
            open: names that nothing declares are then taken for dynamic columns.

    Raises:
        KqlNameError: a name that nothing declares; the hint has the nearest ones.
        KqlTypeError: a value of a type that can't stand there.
        KqlUnsupported: right KQL that is not run here.
    """
    ctx = Context(
        text=text,
        tables=tables,
        functions=functions or {},
        now=now,
        parameters=parameters or {},
        bind_table=_tables.table,
        bind_any=_anything,
        opened=opened or _unknown,
    )
    try:
        result = statements.run(ctx, query.statements, Scope(), Row())
        if result is None:
            hint = "end with a tabular expression"
            raise ctx.type_error(query, "there is nothing to run", hint)
        if not isinstance(result, Table):
            column = (plan.Column("print_0", result.type),)
            result = Table(plan.Project(column, plan.Values((), ((),)), (result,)))
        relation = result.relation
        if ctx.shared:
            relation = sharing.unshare(relation)
    except RecursionError:
        hint = "split it by let statements"
        raise ctx.unsupported(query, "a query nested this deeply", hint) from None
    return plan.Plan(relation, result.ordered, _render(query), tuple(ctx.warnings))


def _anything(ctx: Context, expr: s.Expr, scope: Scope, row: Row) -> Table | plan.Scalar:
    if isinstance(expr, s.Name) and not row.open:
        known = expr.name in row.columns or scope.get(expr.name) is not None
        if not known and (expr.name in ctx.tables or not row.columns):
            return _tables.table(ctx, expr, scope)
    if isinstance(expr, s.MemberCall | s.Pipeline):
        return _tables.table(ctx, expr, scope)
    if isinstance(expr, s.Member) and isinstance(expr.base, s.MemberCall):
        return _tables.table(ctx, expr, scope)
    return expressions.anything(ctx, expr, scope, row)


def _unknown(plugin: plan.Plugin) -> plan.Schema | None:  # noqa: ARG001  one of `opened`
    return None


def _render(query: s.Query) -> tuple[str, tuple[tuple[str, object], ...]] | None:
    last = query.statements[-1] if query.statements else None
    if isinstance(last, s.Result) and isinstance(last.value, s.Pipeline):
        op = last.value.operators[-1] if last.value.operators else None
        if isinstance(op, s.Render):
            return op.chart, tuple(op.properties)
    return None
