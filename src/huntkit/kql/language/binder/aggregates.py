"""Aggregates: their columns, default names and types."""

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import calls, expressions
from huntkit.kql.language.binder.convert import elements, to
from huntkit.kql.language.binder.naming import argument_name
from huntkit.kql.language.binder.scope import Context, Row, Scope
from huntkit.kql.language.catalog import aliases, entry

_SPECIAL = frozenset(
    [
        "arg_max",
        "arg_min",
        "take_any",
        "percentile",
        "percentiles",
        "percentilew",
        "percentilesw",
        "percentiles_array",
        "percentilesw_array",
    ]
)
Output = tuple[str, plan.Agg]  # default name, aggregate


def is_aggregate(name: str) -> bool:
    """Whether a function is an aggregate (``any`` ... by an old name too)."""
    canonical = aliases.AGGREGATES.get(name, name)
    return canonical in entry.aggregates() or canonical in _SPECIAL


def in_expression(ctx: Context, node: s.Call, scope: Scope, row: Row) -> plan.Scalar | None:
    """An aggregate inside an expression, as the column that will hold it; None if it is none."""
    if not is_aggregate(node.name):
        return None
    if row.aggregates is None:
        if node.name in entry.scalars():
            return None
        raise ctx.type_error(
            node, f"{node.name}() can't stand here", "aggregates stand in summarize"
        )
    outputs = aggregate(ctx, node, scope, row, ())
    if len(outputs) != 1:
        raise ctx.type_error(node, f"{node.name}() gives several columns", "let it stand alone")
    row.aggregates.append(outputs[0][1])
    return plan.Col(outputs[0][1].type, f"$agg{len(row.aggregates) - 1}")


def default_aggregate_name(call: s.Call) -> str:
    """The default column name of an aggregate with one column."""
    name = aliases.AGGREGATES.get(call.name, call.name)
    first = argument_name(call.args[0]) if call.args else ""
    if call.name == "anyif":
        return f"anyif_{first}"
    found = entry.aggregates().get(name)
    if found is None:
        return ""
    if found[0].naming == "F":
        return first
    return f"{found[0].prefix}_{first}"


def aggregate(
    ctx: Context, node: s.Call, scope: Scope, row: Row, keys: tuple[str, ...]
) -> list[Output]:
    """The columns of an aggregate call; ``keys`` are left out of a ``*``."""
    name = aliases.AGGREGATES.get(node.name, node.name)
    inner = row.inside()
    if name in ("arg_max", "arg_min"):
        return _arg(ctx, node, name, scope, inner, keys)
    if name == "take_any":
        return _any(ctx, node, scope, inner, keys)
    if name.startswith("percentile"):
        return _percentiles(ctx, node, name, scope, inner)
    values = calls.arguments(ctx, node, scope, inner)
    if name == "count" and len(values) == 1 and values[0].type != "bool":
        return [(default_aggregate_name(node), plan.Agg("long", "count", ()))]  # nulls count too
    signature = calls.choose(ctx, node, entry.aggregates()[name], values)
    if name == "count" and values:
        name = "countif"
    result = signature.result
    if result == "0":
        result = values[0].type
    elif result == "promoted0":
        result = "long" if values[0].type == "int" else values[0].type
    if name in ("sum", "sumif") and values[0].type == "datetime":
        raise ctx.type_error(node, "datetimes can't be added up")
    if name.startswith(("sum", "binary_all")) and values[0].type == "int":
        values[0] = to(values[0], "long")
        result = "long"
    return [(default_aggregate_name(node), plan.Agg(result, name, tuple(values)))]


def _columns(
    ctx: Context, node: s.Call, scope: Scope, row: Row, start: int, keys: tuple[str, ...]
) -> list[tuple[str, plan.Scalar]]:
    found: list[tuple[str, plan.Scalar]] = []
    for argument in node.args[start:]:
        if isinstance(argument.value, s.Star):
            if row.open:
                raise ctx.unsupported(argument, "* where columns are known only by the data")
            found += [
                (column.name, plan.Col(column.type, column.name))
                for column in row.columns.values()
                if column.name not in keys
            ]
        else:
            value = expressions.scalar(ctx, argument.value, scope, row)
            found.append((argument_name(argument), value))
    return found


def _arg(
    ctx: Context, node: s.Call, name: str, scope: Scope, row: Row, keys: tuple[str, ...]
) -> list[Output]:
    if not node.args:
        raise ctx.type_error(node, f"{node.name}() needs what to order by", "add a column")
    if isinstance(node.args[0].value, s.Star):
        raise ctx.type_error(node.args[0], "* can't be ordered", "name a column first")
    order = expressions.scalar(ctx, node.args[0].value, scope, row)
    if order.type == "dynamic":
        raise ctx.type_error(node.args[0], "dynamic values have no order", "use tostring(...)")
    first = argument_name(node.args[0])
    old = node.name in ("argmax", "argmin")
    prefix = "max_" if name == "arg_max" else "min_"
    head = f"{prefix}{first}" if old else first
    outputs = [(head, plan.Agg(order.type, name, (order, order)))]
    skip = (*keys, first) if isinstance(node.args[0].value, s.Name) else keys
    for position, argument in enumerate(node.args[1:], 1):
        one = s.Call(start=node.start, end=node.end, name=node.name, args=(argument,))
        for label, value in _columns(ctx, one, scope, row, 0, skip):
            called = f"{prefix}{first}_{label}" if old and not argument.name else label
            outputs.append((called, plan.Agg(value.type, name, (order, value))))
        del position
    return outputs


def _any(ctx: Context, node: s.Call, scope: Scope, row: Row, keys: tuple[str, ...]) -> list[Output]:
    if not node.args:
        raise ctx.type_error(node, f"{node.name}() needs a column", "add one")
    outputs = []
    for label, value in _columns(ctx, node, scope, row, 0, keys):
        called = f"any_{label}" if node.name == "any" else label
        outputs.append((called, plan.Agg(value.type, "take_any", (value,))))
    return outputs


def _percentiles(ctx: Context, node: s.Call, name: str, scope: Scope, row: Row) -> list[Output]:
    values = calls.arguments(ctx, node, scope, row)
    weighted = name.startswith(("percentilew", "percentilesw"))
    fixed = 2 if weighted else 1
    if len(values) <= fixed:
        raise ctx.type_error(node, f"{node.name}() needs a percentile", "for example 95")
    base = tuple(values[:fixed])
    steps = values[fixed:]
    if len(steps) == 1 and (inside := elements(steps[0])) is not None:
        steps = [*inside]
    for i, step in enumerate(steps):
        if not isinstance(step, plan.Lit) or step.type not in ("int", "long", "real", "decimal"):
            raise ctx.type_error(
                node.args[min(fixed + i, len(node.args) - 1)],
                "a percentile must be a constant number",
            )
    first = argument_name(node.args[0])
    if name.endswith("_array"):
        args = (*base, *(to(step, "real") for step in steps))
        return [(f"{name.removesuffix('_array')}_{first}", plan.Agg("dynamic", name, args))]
    result = {"decimal": "real", "int": "long"}.get(base[0].type, base[0].type)
    base = (to(base[0], result), *base[1:])
    primitive = "percentilew" if weighted else "percentile"
    prefix = "percentilew" if weighted else "percentile"
    outputs = []
    for step in steps:
        value = step.value if isinstance(step, plan.Lit) else 0
        label = f"{value:g}" if isinstance(value, float) else str(value)
        called = f"{prefix}_{first}_{label.replace('.', '_')}"
        outputs.append((called, plan.Agg(result, primitive, (*base, to(step, "real")))))
    return outputs
