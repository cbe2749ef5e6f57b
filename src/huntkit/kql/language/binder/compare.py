"""Comparisons, text operators and membership."""

from collections.abc import Sequence

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import expressions, regexes
from huntkit.kql.language.binder.convert import alike, elements, is_number, to
from huntkit.kql.language.binder.scope import Context, Row, Scope, Table

BETWEEN = "\x1f"  # ASCII's unit separator
_ANYWHERE = frozenset({"has", "has_cs", "contains", "contains_cs"})

_ORDER = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal"}
_EXACT = 2**53
_TEXT = frozenset(
    base + case
    for base in ("has", "hasprefix", "hassuffix", "contains", "startswith", "endswith")
    for case in ("", "_cs")
)


def negate(value: plan.Scalar) -> plan.Scalar:
    """``not``."""
    return plan.Fn("bool", "not", (value,))


def compare(
    ctx: Context, node: s.Binary, op: str, left: plan.Scalar, right: plan.Scalar
) -> plan.Scalar:
    """``left op right`` for everything that is no arithmetic and no logic."""
    if op in ("==", "!="):
        return equality(ctx, node, left, right, "equal" if op == "==" else "not_equal")
    if op in _ORDER:
        return _order(ctx, node, op, left, right)
    if op in ("=~", "!~"):
        _texts(ctx, node, op, left, right)
        same = plan.Fn("bool", "equal_ci", (to(left, "string"), to(right, "string")))
        return same if op == "=~" else negate(same)
    negated = op.startswith("!")
    name = op.removeprefix("!")
    if name in ("matches regex", "matches-regex", "matches_regex"):
        name = "matches_regex"
    elif name not in _TEXT:
        raise ctx.unsupported(node, f"the operator '{op}'")
    _texts(ctx, node, op, left, right)
    if name == "matches_regex":
        regexes.check(ctx, node.right, right)
    found = plan.Fn("bool", name, (to(left, "string"), to(right, "string")))
    return negate(found) if negated else found


def _texts(ctx: Context, node: s.Binary, op: str, left: plan.Scalar, right: plan.Scalar) -> None:
    for side, value in ((node.left, left), (node.right, right)):
        if value.type not in ("string", "dynamic"):
            raise ctx.type_error(side, f"'{op}' is for text, not {value.type}", "use tostring(...)")


def _order(
    ctx: Context, node: s.Binary, op: str, left: plan.Scalar, right: plan.Scalar
) -> plan.Scalar:
    pair = _ordered_pair(left, right)
    if pair is None:
        raise ctx.type_error(
            node, f"'{op}' is not for {left.type} and {right.type}", _order_hint(left, right)
        )
    return plan.Fn("bool", _ORDER[op], pair)


def _order_hint(left: plan.Scalar, right: plan.Scalar) -> str:
    kinds = {left.type, right.type}
    if "datetime" in kinds:
        return "use todatetime(...)"
    return "use tolong(...) or toreal(...)" if kinds & {"string", "dynamic"} else ""


def _ordered_pair(left: plan.Scalar, right: plan.Scalar) -> tuple[plan.Scalar, plan.Scalar] | None:
    kinds = {left.type, right.type}
    if is_number(left) and is_number(right):
        a, b = alike([left, right])
        return a, b
    if kinds in ({"datetime"}, {"timespan"}):
        return left, right
    if kinds == {"dynamic"}:
        return to(left, "real"), to(right, "real")
    if "dynamic" in kinds and (is_number(left) or is_number(right)):
        return _number_of_dynamic(left, right)
    if "bool" in kinds and kinds <= {"bool", "int", "long", "real", "decimal"}:
        return _ordered_pair(_as_number(left), _as_number(right))
    return None


def _as_number(value: plan.Scalar) -> plan.Scalar:
    return to(value, "long") if value.type == "bool" else value


def _number_of_dynamic(left: plan.Scalar, right: plan.Scalar) -> tuple[plan.Scalar, plan.Scalar]:
    # as real, so that 1.5 does not equal 1; large identifiers as long, so that none are mixed up
    number = right if left.type == "dynamic" else left
    kind = "decimal" if number.type == "decimal" else "real"
    if (
        isinstance(number, plan.Lit)
        and isinstance(number.value, int)
        and abs(number.value) > _EXACT
    ):
        kind = "long"
    return to(left, kind), to(right, kind)


def equality(
    ctx: Context, node: s.Node, left: plan.Scalar, right: plan.Scalar, name: str
) -> plan.Scalar:
    """``==`` or ``!=`` with the sides made comparable."""
    if left.type == right.type:
        if left.type == "dynamic":
            same = plan.Fn("bool", "dynamic_equal", (left, right))
            return same if name == "equal" else negate(same)
        return plan.Fn("bool", name, (left, right))
    pair = equal_pair(left, right)
    if pair is None:
        raise ctx.type_error(
            node, f"{left.type} and {right.type} can't be compared", "convert one side"
        )
    return plan.Fn("bool", name, pair)


def equal_pair(left: plan.Scalar, right: plan.Scalar) -> tuple[plan.Scalar, plan.Scalar] | None:
    """The sides of an equality made one type; None where they can't be."""
    kinds = {left.type, right.type}
    pair = _ordered_pair(left, right)
    if pair is not None:
        return pair
    if "dynamic" in kinds:
        kind = (kinds - {"dynamic"}).pop()
        return to(left, kind), to(right, kind)
    if "string" in kinds:
        kind = (kinds - {"string"}).pop()
        if kind in ("int", "long"):
            return to(left, "string"), to(right, "string")
        return to(left, kind), to(right, kind)
    return None


def between(ctx: Context, node: s.Between, scope: Scope, row: Row) -> plan.Scalar:
    """``x between (low .. high)``; the high end may be a timespan after the low one."""
    value = expressions.scalar(ctx, node.value, scope, row)
    low = expressions.scalar(ctx, node.low, scope, row)
    high = expressions.scalar(ctx, node.high, scope, row)
    if value.type == low.type == "datetime" and high.type == "timespan":
        high = expressions.arithmetic(ctx, node.high, "+", low, high)
    found = within(ctx, node, "between", value, low, high)
    return negate(found) if node.negated else found


def within(
    ctx: Context, node: s.Node, name: str, value: plan.Scalar, low: plan.Scalar, high: plan.Scalar
) -> plan.Scalar:
    """Whether a number or time lies between two others, or is one of them."""
    kinds = {value.type, low.type, high.type}
    if kinds <= {"int", "long", "real", "decimal", "dynamic"} and kinds != {"dynamic"}:
        if "dynamic" in kinds:
            value, low, high = (to(each, "real") for each in (value, low, high))
        value, low, high = alike([value, low, high])
    elif kinds not in ({"datetime"}, {"timespan"}):
        raise ctx.type_error(
            node, f"{name} is not for {value.type}, {low.type} and {high.type}", "convert them"
        )
    return plan.Fn("bool", "between", (value, low, high))


def in_list(ctx: Context, node: s.InList, scope: Scope, row: Row) -> plan.Scalar:
    """``in``, ``in~``, ``has_any``, ``has_all`` and their negations."""
    left_is_star = isinstance(node.left, s.Star)
    if left_is_star:
        raise ctx.unsupported(node, f"* {node.op} (...)")
    left = expressions.scalar(ctx, node.left, scope, row)
    items = [expressions.anything(ctx, item, scope, row) for item in node.items]
    negated = node.op.startswith("!")
    op = node.op.removeprefix("!")
    if op in ("has_any", "has_all"):
        if left.type not in ("string", "dynamic"):
            raise ctx.type_error(node.left, f"'{node.op}' is for text, not {left.type}")
        found = _has(ctx, node, op, to(left, "string"), items)
    else:
        found = _member(ctx, node, left, items, op == "in~")
    return negate(found) if negated else found


def _flat(
    items: list[Table | plan.Scalar],
) -> tuple[list[plan.Scalar], list[plan.Scalar], list[Table]]:
    plain: list[plan.Scalar] = []
    arrays: list[plan.Scalar] = []
    tables: list[Table] = []
    for item in items:
        if isinstance(item, Table):
            tables.append(item)
        elif (inside := elements(item)) is not None:
            plain.extend(inside)
        elif item.type == "dynamic":
            arrays.append(item)
        else:
            plain.append(item)
    return plain, arrays, tables


def whole_row(columns: Sequence[plan.Column]) -> plan.Scalar:
    """All columns as one text: hundreds of conditions, one a column, would take seconds to plan.

    What stands between the columns is part of no term and not in the text that is looked for, so
    a match never reaches from one column into the next.
    """
    parts: list[plan.Scalar] = []
    for column in columns:
        value = to(plan.Col(column.type, column.name), "string")
        parts += [plan.Lit("string", BETWEEN), value]
    if not parts:
        return plan.Lit("string", "")
    return plan.Fn("string", "strcat", tuple(parts[1:])) if len(parts) > 2 else parts[-1]


def _any_of(found: list[plan.Scalar]) -> plan.Scalar:
    if not found:
        return plan.Lit("bool", value=False)
    return found[0] if len(found) == 1 else plan.Fn("bool", "or", tuple(found))


def _first_column(ctx: Context, node: s.Node, table: Table) -> plan.Column:
    if not table.relation.schema:
        raise ctx.type_error(node, "the table has no column")
    return table.relation.schema[0]


def _has(
    ctx: Context,
    node: s.InList,
    op: str,
    left: plan.Scalar,
    items: list[Table | plan.Scalar],
) -> plan.Scalar:
    plain, arrays, tables = _flat(items)
    found: list[plan.Scalar] = []
    if plain:
        texts = tuple(to(item, "string") for item in plain)
        found.append(plan.Fn("bool", op, (left, *texts)))
    arrays.extend(_column_as_array(ctx, node, table) for table in tables)
    found.extend(plan.Fn("bool", f"{op}_array", (left, array)) for array in arrays)
    if op == "has_all":
        return plan.Fn("bool", "and", tuple(found)) if len(found) > 1 else _all_of(found)
    return _any_of(found)


def _all_of(found: list[plan.Scalar]) -> plan.Scalar:
    return found[0] if found else plan.Lit("bool", value=True)


def _column_as_array(ctx: Context, node: s.Node, table: Table) -> plan.Scalar:
    column = _first_column(ctx, node, table)
    gathered = plan.Aggregate(
        (plan.Column("set", "dynamic"),),
        table.relation,
        (),
        (plan.Agg("dynamic", "make_set", (plan.Col(column.type, column.name),)),),
    )
    return plan.ScalarQuery("dynamic", gathered)


def _member(
    ctx: Context,
    node: s.InList,
    left: plan.Scalar,
    items: list[Table | plan.Scalar],
    ignore_case: bool,
) -> plan.Scalar:
    plain, arrays, tables = _flat(items)
    found: list[plan.Scalar] = []
    groups: dict[str, list[plan.Scalar]] = {}
    for item in plain:
        pair = (left, item) if left.type == item.type else equal_pair(left, item)
        if pair is None:
            raise ctx.type_error(node, f"{left.type} can't be among values of type {item.type}")
        groups.setdefault(repr(pair[0]), [pair[0]]).append(pair[1])
    for values in groups.values():
        ci = ignore_case and values[0].type == "string"
        found.append(plan.Fn("bool", "in_ci" if ci else "in", tuple(values)))
    for array in arrays:
        if ignore_case and left.type in ("string", "dynamic"):
            found.append(plan.Fn("bool", "in_array_ci", (to(left, "string"), array)))
        else:
            found.append(plan.Fn("bool", "in_array", (left, array)))
    for table in tables:
        column = _first_column(ctx, node, table)
        found.append(_in_query(ctx, node, left, table, column, ignore_case))
    return _any_of(found)


def _in_query(
    ctx: Context,
    node: s.Node,
    left: plan.Scalar,
    table: Table,
    column: plan.Column,
    ignore_case: bool,
) -> plan.Scalar:
    inner: plan.Scalar = plan.Col(column.type, column.name)
    pair: tuple[plan.Scalar, plan.Scalar] | None = (left, inner)
    if left.type == column.type == "dynamic":
        pair = (to(left, "string"), to(inner, "string"))
    elif left.type != column.type:
        pair = equal_pair(left, inner)
    if pair is None:
        raise ctx.type_error(node, f"{left.type} can't be among values of type {column.type}")
    relation = table.relation
    if pair[1] is not inner or len(relation.schema) > 1:
        relation = plan.Project((plan.Column(column.name, pair[1].type),), relation, (pair[1],))
    return plan.InQuery("bool", pair[0], relation, ignore_case and pair[0].type == "string")


def any_column(ctx: Context, expr: s.Binary, scope: Scope, row: Row) -> plan.Scalar:
    """``* has x``: true where it holds for any column that it can be asked of."""
    right = expressions.scalar(ctx, expr.right, scope, row)
    columns = ctx.searched(row.columns.values())
    if expr.op in _ANYWHERE and isinstance(right, plan.Lit) and BETWEEN not in str(right.value):
        whole = whole_row(columns)
        return compare(ctx, expr, expr.op, whole, to(right, "string"))
    found: list[plan.Scalar] = []
    for column in columns:
        value: plan.Scalar = plan.Col(column.type, column.name)
        if expr.op in ("==", "!=", *_ORDER):
            if value.type == right.type:
                found.append(compare(ctx, expr, expr.op, value, right))
        else:
            found.append(compare(ctx, expr, expr.op, to(value, "string"), to(right, "string")))
    return _any_of(found)
