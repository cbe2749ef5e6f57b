"""``search``: a condition over every column of every table."""

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import compare, expressions, joining, shaping
from huntkit.kql.language.binder.scope import Context, Scope, Table


def search(ctx: Context, op: s.Search, scope: Scope, first: Table | None) -> Table:
    """``search``; the result has the tables' columns and ``$table``."""
    exact = str(joining.option(op.parameters, "kind") or "").lower() == "case_sensitive"
    named: list[tuple[str, Table]] = []
    if first is not None:
        named.append(("union_arg0", first))
    else:
        exprs: tuple[s.Expr, ...] = op.tables or (s.Star(start=op.start, end=op.start),)
        for expr in exprs:
            named += joining.inputs_of(ctx, expr, scope, len(named))
    filtered = []
    for name, table in named:
        test = _condition(ctx, op.condition, scope, table, exact)
        relation = plan.Filter(table.relation.schema, table.relation, test)
        filtered.append((name, Table(relation, table.open)))
    return joining.combine(filtered, "$table")


def _condition(ctx: Context, expr: s.Expr, scope: Scope, table: Table, exact: bool) -> plan.Scalar:
    if isinstance(expr, s.Binary) and expr.op in ("and", "or"):
        return plan.Fn(
            "bool",
            expr.op,
            (
                _condition(ctx, expr.left, scope, table, exact),
                _condition(ctx, expr.right, scope, table, exact),
            ),
        )
    if isinstance(expr, s.Star):
        return plan.Lit("bool", value=True)
    row = shaping.row_of(table)
    if isinstance(expr, s.Literal) and expr.type == "string":
        text = str(expr.value)
        if "*" in text:
            raise ctx.unsupported(expr, "search by a pattern with *", "use contains or has")
        if compare.BETWEEN in text:
            raise ctx.unsupported(expr, "search for a unit separator", "use contains")
        has = "has_cs" if exact else "has"
        whole = compare.whole_row(ctx.searched(table.relation.schema))
        return plan.Fn("bool", has, (whole, plan.Lit("string", text)))
    if isinstance(expr, s.Call) and expr.name == "not" and len(expr.args) == 1:
        return compare.negate(_condition(ctx, expr.args[0].value, scope, table, exact))
    if (
        isinstance(expr, s.Binary)
        and isinstance(expr.left, s.Name)
        and expr.left.name not in table.columns
        and scope.get(expr.left.name) is None
    ):
        return plan.Lit("bool", value=False)
    return expressions.condition(ctx, expr, scope, row)
