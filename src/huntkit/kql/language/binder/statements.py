"""Statements in order, in a query and in the body of a function."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import expressions
from huntkit.kql.language.binder.convert import to
from huntkit.kql.language.binder.scope import Closure, Context, Row, Scope, Table, Value

_YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def run(
    ctx: Context, statements: Iterable[s.Statement], scope: Scope, row: Row
) -> Table | plan.Scalar | None:
    """The result of the last expression; names go into the scope."""
    result: Table | plan.Scalar | None = None
    for statement in statements:
        ctx.step(statement)
        if isinstance(statement, s.Let):
            _let(ctx, statement, scope, row)
        elif isinstance(statement, s.Result):
            result = ctx.bind_any(ctx, statement.value, scope, row)
        elif isinstance(statement, s.QueryParameters):
            for parameter in statement.parameters:
                scope[parameter.name] = Value(_parameter(ctx, parameter, scope))
        elif isinstance(statement, s.SetOption):
            if statement.literal is not None:
                ctx.options[statement.name] = statement.literal
        else:
            kind = statement.kind if isinstance(statement, s.OtherStatement) else "a statement"
            raise ctx.unsupported(statement, f"the statement '{kind}'")
    return result


def _let(ctx: Context, statement: s.Let, scope: Scope, row: Row) -> None:
    if isinstance(statement.value, s.Function):
        scope[statement.name] = Closure(statement.name, statement.value, _frozen(scope))
        return
    bound = ctx.bind_any(ctx, statement.value, scope, row)
    if isinstance(bound, Table):
        ctx.shared += 1
        shared = plan.Shared(bound.relation.schema, f"let{ctx.shared}", bound.relation)
        scope[statement.name] = Table(shared, bound.open, bound.ordered)
    else:
        scope[statement.name] = Value(bound, row.key)


def _frozen(scope: Scope) -> Scope:
    # a later let of the same name must not change what the function sees
    return scope.copy()


def _parameter(ctx: Context, parameter: s.Typed, scope: Scope) -> plan.Scalar:
    if parameter.name in ctx.parameters:
        return literal(ctx, parameter, ctx.parameters[parameter.name], parameter.type)
    if parameter.default is None:
        raise ctx.name_error(
            parameter,
            f"the parameter '{parameter.name}' has no value",
            f"give it: parameters={{'{parameter.name}': ...}}",
        )
    return to(expressions.scalar(ctx, parameter.default, scope, Row()), parameter.type)


def literal(ctx: Context, node: s.Node, value: object, kind: str) -> plan.Lit:
    """A caller's value as a typed constant; it never becomes text of the query."""
    if value is None:
        return plan.Lit(kind, "" if kind == "string" else None)
    if kind == "dynamic":
        # as a literal of the query would be written
        written = json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":"))
        return plan.Lit(kind, written)
    if kind in ("string", "guid") and isinstance(value, str):
        return plan.Lit(kind, value if kind == "string" else value.lower())
    if kind == "bool" and isinstance(value, bool):
        return plan.Lit(kind, value)
    if isinstance(value, int) and not isinstance(value, bool):
        if kind in ("int", "long"):
            return plan.Lit(kind, value)
        if kind == "real":
            return plan.Lit(kind, float(value))
    if kind == "real" and isinstance(value, float):
        return plan.Lit(kind, value)
    if kind == "decimal" and not isinstance(value, bool):
        return plan.Lit(kind, str(value))
    if kind == "datetime" and isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return plan.Lit(kind, (aware - _YEAR_ONE) // _MICROSECOND * 10)
    if kind == "timespan" and isinstance(value, timedelta):
        return plan.Lit(kind, value // _MICROSECOND * 10)
    raise ctx.type_error(node, f"{value!r} is no value for a parameter of type {kind}")
