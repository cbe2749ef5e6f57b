"""Functions whose rules no table of signatures can state."""

# ruff: noqa: ARG001  every function is bound by one signature

from collections.abc import Callable

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import aggregates, calls, compare, expressions, order, regexes
from huntkit.kql.language.binder.convert import elements, fn, to
from huntkit.kql.language.binder.scope import Context, Row, Scope, Table
from huntkit.kql.language.catalog import entry
from huntkit.kql.language.types import counted

Function = Callable[[Context, s.Call, Scope, Row], plan.Scalar]
aggregate = aggregates.in_expression


def _count(ctx: Context, node: s.Call, least: int, most: int | None = None) -> None:
    most = least if most is None else most
    if not least <= len(node.args) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise ctx.type_error(
            node,
            f"{node.name}() takes {counted(wanted, 'argument')}, not {len(node.args)}",
            "check the call",
        )


def _now(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    _count(ctx, node, 0, 1)
    now = plan.Lit("datetime", ctx.now)
    if not node.args:
        return now
    offset = _typed(ctx, node, 0, "timespan", scope, row)
    return fn("add", "datetime", now, offset)


def _ago(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    _count(ctx, node, 1)
    span = _typed(ctx, node, 0, "timespan", scope, row)
    return fn("subtract", "datetime", plan.Lit("datetime", ctx.now), span)


def _typed(
    ctx: Context, node: s.Call, position: int, kind: str, scope: Scope, row: Row
) -> plan.Scalar:
    value = expressions.scalar(ctx, node.args[position].value, scope, row)
    if value.type != kind:
        raise ctx.type_error(
            node.args[position],
            f"{node.name}() takes a {kind}, not {value.type}",
            f"use to{kind}(...)",
        )
    return value


def _iff(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    _count(ctx, node, 3)
    test = expressions.condition(ctx, node.args[0].value, scope, row)
    rest = [expressions.scalar(ctx, argument.value, scope, row) for argument in node.args[1:]]
    yes, no = calls.unify(ctx, node, _nulls(rest), loose=True)
    return plan.Fn(yes.type, "iff", (test, yes, no))


def _nulls(values: list[plan.Scalar]) -> list[plan.Scalar]:
    """dynamic(null) takes the type of its neighbours."""
    known = [value.type for value in values if value.type != "dynamic"]
    if not known:
        return values
    return [
        plan.Lit(known[0], "" if known[0] == "string" else None)
        if isinstance(value, plan.Lit) and value.type == "dynamic" and value.value is None
        else value
        for value in values
    ]


def _case(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    if len(node.args) < 3 or len(node.args) % 2 == 0:
        raise ctx.type_error(
            node, "case() takes pairs of condition and value, then a default", "add the default"
        )
    tests = [expressions.condition(ctx, a.value, scope, row) for a in node.args[:-1:2]]
    results = [a.value for a in (*node.args[1:-1:2], node.args[-1])]
    values = _nulls([expressions.scalar(ctx, value, scope, row) for value in results])
    values = calls.unify(ctx, node, values, loose=False)
    args: list[plan.Scalar] = []
    for test, value in zip(tests, values, strict=False):
        args += [test, value]
    return plan.Fn(values[0].type, "case", (*args, values[-1]))


def _coalesce(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    _count(ctx, node, 2, 64)
    values = _nulls(calls.arguments(ctx, node, scope, row))
    if {value.type for value in values} == {"string", "dynamic"}:
        values = [to(value, "dynamic") for value in values]
    values = calls.unify(ctx, node, values, loose=False)
    return plan.Fn(values[0].type, "coalesce", tuple(values))


def _extreme(name: str) -> Function:
    def bind(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
        _count(ctx, node, 2, 64)
        values = calls.unify(ctx, node, calls.arguments(ctx, node, scope, row), loose=False)
        return plan.Fn(values[0].type, name, tuple(values))

    return bind


def _column_ifexists(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    _count(ctx, node, 2)
    name = expressions.scalar(ctx, node.args[0].value, scope, row)
    if not isinstance(name, plan.Lit) or not isinstance(name.value, str):
        raise ctx.type_error(
            node.args[0], "column_ifexists() takes a constant name", "write it in quotes"
        )
    default = expressions.scalar(ctx, node.args[1].value, scope, row)
    column = row.columns.get(name.value)
    if column is not None:
        return plan.Col(column.type, column.name)
    if row.open:
        return plan.Col(default.type, name.value)  # an engine refuses an open schema
    return default


def _toscalar(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    _count(ctx, node, 1)
    bound = ctx.bind_any(ctx, node.args[0].value, scope, Row())
    if not isinstance(bound, Table):
        return bound
    if not bound.relation.schema:
        raise ctx.type_error(node, "the table has no column")
    return plan.ScalarQuery(bound.relation.schema[0].type, bound.relation)


def _replace(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    _count(ctx, node, 3)
    regex, rewrite, text = calls.arguments(ctx, node, scope, row)
    regexes.check(ctx, node.args[0].value, regex)
    return calls.apply_primitive(ctx, node, "replace_regex", "string", [text, regex, rewrite])


def _parse_json(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    _count(ctx, node, 1)
    value = expressions.scalar(ctx, node.args[0].value, scope, row)
    if value.type == "dynamic":
        return value
    if value.type == "string":
        return plan.Fn("dynamic", "parse_json", (value,))
    if node.name in ("todynamic", "toobject"):
        raise ctx.type_error(node.args[0], f"{node.name}() takes text, not {value.type}")
    raise ctx.type_error(
        node.args[0], f"{node.name}() takes text, not {value.type}", "use tostring(...)"
    )


def _bag_pack(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    values = calls.arguments(ctx, node, scope, row)
    if not values or len(values) % 2:
        raise ctx.type_error(node, f"{node.name}() takes pairs of key and value", "add the value")
    keyed = [to(value, "string") if i % 2 == 0 else value for i, value in enumerate(values)]
    return plan.Fn("dynamic", "bag_pack", tuple(keyed))


def _pack_all(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    _count(ctx, node, 0, 1)
    if row.open:
        raise ctx.unsupported(node, "pack_all() where columns are known only by the data")
    args = calls.arguments(ctx, node, scope, row) or [plan.Lit("bool", value=False)]
    pairs: list[plan.Scalar] = [args[0]]
    for column in row.columns.values():
        pairs += [plan.Lit("string", column.name), plan.Col(column.type, column.name)]
    return plan.Fn("dynamic", "pack_all", tuple(pairs))


def _starred(name: str, kind: str) -> Function:
    def bind(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
        if len(node.args) == 1 and isinstance(node.args[0].value, s.Star):
            columns = row.columns.values()
            return plan.Fn(kind, name, tuple(plan.Col(c.type, c.name) for c in columns))
        return plan.Fn(kind, name, tuple(calls.arguments(ctx, node, scope, row)))

    return bind


def _window(name: str, defaults: tuple[plan.Lit, ...], kind: str | None) -> Function:
    def bind(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
        if row.windows is None:
            raise ctx.type_error(node, f"{node.name}() can't stand here", "put it into extend")
        if row.rows is not None and (why := order.lost(ctx, row.rows)):
            message = f"{node.name}() needs rows in an order: {why}"
            raise ctx.type_error(node, message, order.mend(row.rows))
        values = calls.arguments(ctx, node, scope, row)
        missing = len(values)
        if missing > len(defaults):
            most = counted(len(defaults), "argument")
            raise ctx.type_error(node, f"{node.name}() takes at most {most}")
        values += list(defaults[missing:])
        if any(isinstance(v, plan.Lit) and v.type == "missing" for v in values):
            raise ctx.type_error(node, f"{node.name}() needs more arguments", "check the call")
        result = kind or values[0].type
        if name in ("prev", "next"):
            values[1] = to(values[1], "long")
            values[2] = to(values[2], result) if values[2].type != "null" else _null(result)
        if name == "row_number":
            values[0] = to(values[0], "long")
        row.windows.append(plan.Fn(result, name, tuple(values)))
        return plan.Col(result, f"$window{len(row.windows) - 1}")

    return bind


def _null(kind: str) -> plan.Lit:
    return plan.Lit(kind, "" if kind == "string" else None)


def _part(name: str) -> Function:
    def bind(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
        values = calls.arguments(ctx, node, scope, row)
        result = calls.apply(ctx, node, name, entry.scalars()[name], values)
        if isinstance(result, plan.Fn) and isinstance(result.args[0], plan.Lit):
            part = plan.Lit("string", str(result.args[0].value).lower())
            return plan.Fn(result.type, name, (part, *result.args[1:]))
        return result

    return bind


def _getmonth(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    _count(ctx, node, 1)
    return plan.Fn("int", "monthofyear", (_typed(ctx, node, 0, "datetime", scope, row),))


def _list_or_array(name: str) -> Function:
    def bind(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
        values = calls.arguments(ctx, node, scope, row)
        calls.choose(ctx, node, entry.scalars()[name], values)
        text = to(values[0], "string")
        if len(values) == 2 and values[1].type == "dynamic":
            inside = elements(values[1])
            if inside is None:
                return plan.Fn("bool", f"{name}_array", (text, values[1]))
            values = [text, *inside]
        return plan.Fn("bool", name, (text, *(to(value, "string") for value in values[1:])))

    return bind


def _make_datetime(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    values = calls.arguments(ctx, node, scope, row)
    calls.choose(ctx, node, entry.scalars()["make_datetime"], values)
    if len(values) == 1:
        return to(values[0], "datetime")
    values += [plan.Lit("long", 0)] * (6 - len(values))
    return calls.apply_primitive(ctx, node, "make_datetime", "datetime", values)


def _make_timespan(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    values = calls.arguments(ctx, node, scope, row)
    calls.choose(ctx, node, entry.scalars()["make_timespan"], values)
    if len(values) == 1:
        return to(values[0], "timespan")
    zero = plan.Lit("long", 0)
    if len(values) == 2:
        values = [zero, *values, zero]
    elif len(values) == 3:
        values = [zero, *values]
    return calls.apply_primitive(ctx, node, "make_timespan", "timespan", values)


def _around(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    _count(ctx, node, 3)
    value, center, delta = calls.arguments(ctx, node, scope, row)
    low = expressions.arithmetic(ctx, node, "-", center, delta)
    high = expressions.arithmetic(ctx, node, "+", center, delta)
    return compare.within(ctx, node, "around()", value, low, high)


def _array_sort(name: str) -> Function:
    def bind(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
        values = calls.arguments(ctx, node, scope, row)
        if len(values) < 2 or values[1].type == "bool":
            return calls.apply(ctx, node, name, entry.scalars()[name], values)
        last = values.pop() if values[-1].type == "bool" else plan.Lit("bool", value=True)
        for place, value in enumerate(values):
            if value.type != "dynamic":
                raise ctx.type_error(
                    node.args[place], f"{name}() takes arrays there, not {value.type}"
                )
        return plan.Fn("dynamic", name.replace("sort", "sort_many"), (last, *values))

    return bind


def _bin_auto(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar:
    _count(ctx, node, 1)
    size = ctx.options.get("query_bin_auto_size")
    if size is None:
        raise ctx.unsupported(node, "bin_auto() without the option query_bin_auto_size", "set it")
    at = ctx.options.get("query_bin_auto_at")
    value = s.Argument(start=node.start, end=node.end, value=node.args[0].value)
    rest = [s.Argument(start=node.start, end=node.end, value=each) for each in (size, at) if each]
    name = "bin" if at is None else "bin_at"
    call = s.Call(start=node.start, end=node.end, name=name, args=(value, *rest))
    bound = calls.call(ctx, call, Scope(), row)
    assert isinstance(bound, plan.Scalar)
    return bound


_MISSING = plan.Lit("missing", None)
_FALSE = plan.Lit("bool", value=False)
_NEIGHBOUR = (_MISSING, plan.Lit("long", 1), plan.Lit("null", None))

FUNCTIONS: dict[str, Function] = {
    "ago": _ago,
    "around": _around,
    "array_sort_asc": _array_sort("array_sort_asc"),
    "array_sort_desc": _array_sort("array_sort_desc"),
    "bag_pack": _bag_pack,
    "bin_auto": _bin_auto,
    "case": _case,
    "coalesce": _coalesce,
    "column_ifexists": _column_ifexists,
    "datetime_add": _part("datetime_add"),
    "datetime_diff": _part("datetime_diff"),
    "datetime_part": _part("datetime_part"),
    "estimate_data_size": _starred("estimate_data_size", "long"),
    "getmonth": _getmonth,
    "has_any_ipv4": _list_or_array("has_any_ipv4"),
    "has_any_ipv4_prefix": _list_or_array("has_any_ipv4_prefix"),
    "iff": _iff,
    "ipv4_is_in_any_range": _list_or_array("ipv4_is_in_any_range"),
    "ipv6_is_in_any_range": _list_or_array("ipv6_is_in_any_range"),
    "make_datetime": _make_datetime,
    "make_timespan": _make_timespan,
    "max_of": _extreme("max_of"),
    "min_of": _extreme("min_of"),
    "next": _window("next", _NEIGHBOUR, None),
    "now": _now,
    "pack_all": _pack_all,
    "pack_array": _starred("pack_array", "dynamic"),
    "parse_json": _parse_json,
    "prev": _window("prev", _NEIGHBOUR, None),
    "replace": _replace,
    "row_cumsum": _window("row_cumsum", (_MISSING, _FALSE), None),
    "row_number": _window("row_number", (plan.Lit("long", 1), _FALSE), "long"),
    "row_rank_dense": _window("row_rank_dense", (_MISSING, _FALSE), "long"),
    "row_rank_min": _window("row_rank_min", (_MISSING, _FALSE), "long"),
    "row_window_session": _window(
        "row_window_session", (_MISSING, _MISSING, _MISSING, _FALSE), "datetime"
    ),
    "todynamic": _parse_json,
    "toscalar": _toscalar,
}
