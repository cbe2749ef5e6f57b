"""Scalar expressions: names, paths, operators."""

import re

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import calls, compare
from huntkit.kql.language.binder.convert import alike, columns_of, fn, is_number, to
from huntkit.kql.language.binder.scope import Closure, Context, Row, Scope, Table, Value
from huntkit.kql.language.types import NUMBERS, did_you_mean

_LIKE_A_SPAN = re.compile(r"[0-9]+[A-Za-z]+")

_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "modulo"}
_TABULAR = (s.Pipeline, s.DataTable, s.ExternalData, s.Source)


def scalar(ctx: Context, expr: s.Expr, scope: Scope, row: Row) -> plan.Scalar:
    """The expression as a value of the row."""
    bound = anything(ctx, expr, scope, row)
    if isinstance(bound, Table):
        if isinstance(expr, s.Name):
            raise ctx.type_error(
                expr,
                f"there is no column '{expr.name}' here; it is a table, and a value is expected",
                "check the column's name, or use toscalar(...) for one value of the table",
            )
        raise ctx.type_error(expr, "a table stands where a value is expected", "use toscalar(...)")
    return bound


def condition(ctx: Context, expr: s.Expr, scope: Scope, row: Row) -> plan.Scalar:
    """The expression as a condition."""
    bound = scalar(ctx, expr, scope, row)
    if bound.type != "bool":
        raise ctx.type_error(
            expr, f"a condition must be bool, not {bound.type}", "compare it, or use tobool(...)"
        )
    return bound


def anything(  # noqa: C901  one line per kind of expression
    ctx: Context, expr: s.Expr, scope: Scope, row: Row
) -> Table | plan.Scalar:
    """The expression as a value of the row, or as a table."""
    ctx.step(expr)
    if isinstance(expr, s.Name):
        return _name(ctx, expr, scope, row)
    if isinstance(expr, s.Literal):
        return plan.Lit(expr.type, expr.value)
    if isinstance(expr, s.Dynamic):
        return plan.Lit("dynamic", None if expr.json == "null" else expr.json)
    if isinstance(expr, s.Call):
        return calls.call(ctx, expr, scope, row)
    if isinstance(expr, s.Binary):
        return _binary(ctx, expr, scope, row)
    if isinstance(expr, s.Member | s.Element):
        return _path(ctx, expr, scope, row)
    if isinstance(expr, s.InList):
        return compare.in_list(ctx, expr, scope, row)
    if isinstance(expr, s.Between):
        return compare.between(ctx, expr, scope, row)
    if isinstance(expr, s.Unary):
        return _unary(ctx, expr, scope, row)
    if isinstance(expr, _TABULAR):
        return ctx.bind_table(ctx, expr, scope)
    if isinstance(expr, s.Star):
        raise ctx.type_error(expr, "* can't stand here")
    if isinstance(expr, s.TypeOf):
        raise ctx.type_error(expr, "typeof(...) can't stand here")
    raise ctx.unsupported(expr, f"an expression of this kind ({type(expr).__name__})")


def _name(ctx: Context, expr: s.Name, scope: Scope, row: Row) -> Table | plan.Scalar:
    column = row.columns.get(expr.name)
    if column is not None:
        return plan.Col(column.type, column.name)
    meaning = scope.get(expr.name)
    if isinstance(meaning, Value):
        if meaning.row is not None and meaning.row is not row.key and columns_of(meaning.value):
            raise ctx.unsupported(expr, "a subquery that depends on the row around it")
        return meaning.value
    if isinstance(meaning, Table):
        return meaning
    if isinstance(meaning, Closure) and not meaning.function.parameters:
        return calls.invoke(
            ctx,
            meaning,
            s.Call(start=expr.start, end=expr.end, name=expr.name, args=()),
            scope,
            row,
        )
    if row.open:
        return plan.Col("dynamic", expr.name)
    if not row.columns and expr.name in ctx.tables:
        return ctx.bind_table(ctx, expr, scope)
    if expr.name in ctx.tables:
        return ctx.bind_table(ctx, expr, scope)
    if _LIKE_A_SPAN.fullmatch(expr.name):
        hint = "timespans are written 1d, 2h, 30m, 10s, 100ms"
        raise ctx.name_error(expr, f"'{expr.name}' is no column and no timespan", hint)
    raise ctx.name_error(
        expr,
        f"unknown column '{expr.name}'" if row.columns else f"unknown name '{expr.name}'",
        did_you_mean(expr.name, [*row.columns, *scope.names()]) or _listing(row),
    )


def _listing(row: Row) -> str:
    names = list(row.columns)
    if not names:
        return "no columns are in scope here"
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return "columns here: " + ", ".join(names[:12]) + more


def _path(ctx: Context, expr: s.Member | s.Element, scope: Scope, row: Row) -> plan.Scalar:
    base = scalar(ctx, expr.base, scope, row)
    if base.type != "dynamic":
        where = expr.name if isinstance(expr, s.Member) else "[...]"
        raise ctx.type_error(
            expr,
            f"'{where}' can't be taken out of a value of type {base.type}",
            "parse_json(...) makes text dynamic",
        )
    if isinstance(expr, s.Member):
        return plan.Fn("dynamic", "path", (base, plan.Lit("string", expr.name)))
    index = scalar(ctx, expr.index, scope, row)
    if index.type == "string":
        return plan.Fn("dynamic", "path", (base, index))
    if index.type in ("int", "long"):
        return plan.Fn("dynamic", "element", (base, to(index, "long")))
    if index.type == "dynamic":
        return plan.Fn("dynamic", "element_any", (base, index))
    raise ctx.type_error(expr.index, f"an index must be a number or text, not {index.type}")


def _unary(ctx: Context, expr: s.Unary, scope: Scope, row: Row) -> plan.Scalar:
    value = scalar(ctx, expr.operand, scope, row)
    if value.type not in (*NUMBERS, "timespan", "dynamic"):
        raise ctx.type_error(expr, f"'{expr.op}' is not for values of type {value.type}")
    if expr.op == "+":
        return value
    if value.type == "dynamic":
        return plan.Fn("dynamic", "dynamic_subtract", (plan.Lit("dynamic", "0"), value))
    return fn("negate", value.type, value)


def _binary(ctx: Context, expr: s.Binary, scope: Scope, row: Row) -> plan.Scalar:
    op = expr.op
    if op in ("and", "or"):
        return _logic(ctx, expr, scope, row)
    if isinstance(expr.left, s.Star):
        return compare.any_column(ctx, expr, scope, row)
    if op == "=":
        raise ctx.type_error(expr, "'=' does not compare", "did you mean '=='?")
    left = scalar(ctx, expr.left, scope, row)
    right = scalar(ctx, expr.right, scope, row)
    if op in _ARITHMETIC:
        return arithmetic(ctx, expr, op, left, right)
    return compare.compare(ctx, expr, op, left, right)


def _logic(ctx: Context, expr: s.Binary, scope: Scope, row: Row) -> plan.Scalar:
    # a chain of "or" is deep on its left; walked without recursion
    parts: list[s.Expr] = []
    node: s.Expr = expr
    while isinstance(node, s.Binary) and node.op == expr.op:
        parts.append(node.right)
        node = node.left
    parts.append(node)
    bound = []
    for part in reversed(parts):
        value = scalar(ctx, part, scope, row)
        if value.type not in ("bool", "dynamic"):
            raise ctx.type_error(
                part, f"'{expr.op}' joins conditions, not {value.type}", "compare it with something"
            )
        bound.append(to(value, "bool"))
    return plan.Fn("bool", expr.op, tuple(bound))


def arithmetic(
    ctx: Context, node: s.Node, op: str, left: plan.Scalar, right: plan.Scalar
) -> plan.Scalar:
    """``left op right`` with KQL's result types."""
    kinds = (left.type, right.type)
    name = _ARITHMETIC[op]
    if is_number(left) and is_number(right):
        a, b = alike([left, right])
        if a.type == "int":
            a, b = to(a, "long"), to(b, "long")
        return fn(name, a.type, a, b)
    if kinds == ("dynamic", "dynamic"):
        return plan.Fn("dynamic", f"dynamic_{name}", (left, right))
    if "dynamic" in kinds:
        return _with_dynamic(ctx, node, op, left, right)
    if op in "+-":
        result = _ticks(op, kinds)
        if result:
            return fn(name, result, left, right)
    if op == "*" and "timespan" in kinds and (is_number(left) or is_number(right)):
        span, number = (left, right) if left.type == "timespan" else (right, left)
        number = to(number, "long" if number.type == "int" else number.type)
        return fn("timespan_multiply", "timespan", span, _plain(number))
    if op == "/" and kinds == ("timespan", "timespan"):
        return plan.Fn("real", "timespan_ratio", (left, right))
    if op == "/" and left.type == "timespan" and is_number(right):
        right = to(right, "long" if right.type == "int" else right.type)
        return plan.Fn("timespan", "timespan_divide", (left, _plain(right)))
    if op == "%" and kinds == ("timespan", "timespan"):
        return plan.Fn("timespan", "modulo", (left, right))
    if op == "%" and kinds == ("datetime", "timespan"):
        return plan.Fn("timespan", "modulo", (left, right))
    raise ctx.type_error(
        node, f"'{op}' is not for {left.type} and {right.type}", "convert one side"
    )


def _plain(number: plan.Scalar) -> plan.Scalar:
    return to(number, "real") if number.type == "decimal" else number


def _ticks(op: str, kinds: tuple[str, str]) -> str | None:
    if kinds == ("timespan", "timespan"):
        return "timespan"
    if kinds == ("datetime", "timespan"):
        return "datetime"
    if kinds == ("timespan", "datetime") and op == "+":
        return "datetime"
    if kinds == ("datetime", "datetime") and op == "-":
        return "timespan"
    return None


def _with_dynamic(
    ctx: Context, node: s.Node, op: str, left: plan.Scalar, right: plan.Scalar
) -> plan.Scalar:
    # the dynamic side is taken as the other side's type; int counts as long
    other = right.type if left.type == "dynamic" else left.type
    target = "long" if other == "int" else other
    if target in NUMBERS or (op in "+-" and target == "timespan"):
        return arithmetic(ctx, node, op, to(left, target), to(right, target))
    if op == "-" and target == "datetime":
        return arithmetic(ctx, node, op, to(left, target), to(right, target))
    if op == "+" and target == "datetime":
        left = to(left, "timespan") if left.type == "dynamic" else left
        right = to(right, "timespan") if right.type == "dynamic" else right
        return arithmetic(ctx, node, op, left, right)
    raise ctx.type_error(node, f"'{op}' is not for {left.type} and {right.type}")


def count(ctx: Context, expr: s.Expr, scope: Scope) -> plan.Scalar:
    """A number of rows."""
    value = scalar(ctx, expr, scope, Row())
    if value.type not in ("int", "long"):
        raise ctx.type_error(expr, f"a count must be long, not {value.type}", "write a number")
    return to(value, "long")
