"""Calls of functions: KQL's own, those of let statements, those whose rules are their own."""

from huntkit.kql.language import plan, primitives
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import closures, compare, expressions, regexes, special
from huntkit.kql.language.binder.convert import alike, fn, is_number, to
from huntkit.kql.language.binder.scope import Closure, Context, Row, Scope, Table
from huntkit.kql.language.catalog import aliases, entry
from huntkit.kql.language.types import common, counted, did_you_mean, fits, widest

invoke = closures.invoke


_TABULAR = ("materialize", "table", "externaldata", "datatable", "view", "_GetWatchlist")


def call(ctx: Context, node: s.Call, scope: Scope, row: Row) -> Table | plan.Scalar:
    """A call as a value, or as the table that it gives."""
    meaning = scope.get(node.name)
    if isinstance(meaning, Closure):
        return closures.invoke(ctx, meaning, node, scope, row)
    if node.name in _TABULAR:
        return ctx.bind_table(ctx, node, scope)
    if node.name in ctx.functions:
        return ctx.bind_table(ctx, node, scope)
    aggregate = special.aggregate(ctx, node, scope, row)
    if aggregate is not None:
        return aggregate
    name = aliases.SCALARS.get(node.name, node.name)
    own = special.FUNCTIONS.get(name)
    if own is not None:
        return own(ctx, node, scope, row)
    signatures = entry.scalars().get(name)
    if signatures is None:
        known = [*entry.scalars(), *aliases.SCALARS, *ctx.functions, *scope.names()]
        if row.aggregates is not None:
            known = [*entry.aggregates(), *aliases.AGGREGATES, *known]
        raise ctx.name_error(
            node,
            f"unknown function '{node.name}'",
            did_you_mean(node.name, known) or "it may be a saved function: define it by let",
        )
    values = arguments(ctx, node, scope, row)
    return apply(ctx, node, name, signatures, values)


def arguments(ctx: Context, node: s.Call, scope: Scope, row: Row) -> list[plan.Scalar]:
    """The arguments as values; ``typeof(x)`` becomes a null literal of that type."""
    found: list[plan.Scalar] = []
    for argument in node.args:
        if isinstance(argument.value, s.TypeOf):
            found.append(plan.Lit("typeof:" + argument.value.type, None))
        else:
            found.append(expressions.scalar(ctx, argument.value, scope, row))
    return found


def apply(
    ctx: Context,
    node: s.Call,
    name: str,
    signatures: tuple[entry.Signature, ...],
    values: list[plan.Scalar],
) -> plan.Scalar:
    """A function of the catalogue on bound arguments."""
    signature = choose(ctx, node, signatures, values)
    result = _result(signature, values)
    if signature.result == "typeof" and values:
        text = apply_primitive(ctx, node, name, "string", values[:-1])
        return to(text, result)
    return apply_primitive(ctx, node, name, result, values)


def choose(
    ctx: Context,
    node: s.Call,
    signatures: tuple[entry.Signature, ...],
    values: list[plan.Scalar],
) -> entry.Signature:
    """The signature that the arguments fit."""
    right_count = [
        sig
        for sig in signatures
        if sig.least <= len(values) and (sig.most is None or len(values) <= sig.most)
    ]
    if not right_count:
        least = min(sig.least for sig in signatures)
        most = max((sig.most or 64) for sig in signatures)
        wanted = str(least) if least == most else f"{least} to {most}"
        raise ctx.type_error(
            node,
            f"{node.name}() takes {counted(wanted, 'argument')}, not {len(values)}",
            "check the call",
        )
    for sig in right_count:
        if all(_fits(sig.at(i).kind, value) for i, value in enumerate(values)):
            return sig
    sig = right_count[0]
    for i, value in enumerate(values):
        if not _fits(sig.at(i).kind, value):
            kind = sig.at(i).kind.replace("text", "string or dynamic").replace("|", " or ")
            raise ctx.type_error(
                node.args[i],
                f"{node.name}() takes a value of kind {kind} there, not {value.type}",
                "convert it, for example by tostring(...) or todatetime(...)",
            )
    raise ctx.type_error(node, f"{node.name}() can't be called with these types")


def _fits(kind: str, value: plan.Scalar) -> bool:
    if kind == "typeof" or value.type.startswith("typeof:"):
        return kind == "typeof" and value.type.startswith("typeof:")
    if isinstance(value, plan.Lit) and value.value is None and value.type == "dynamic":
        return True
    return fits(kind, value.type)


def _result(signature: entry.Signature, values: list[plan.Scalar]) -> str:
    rule = signature.result
    if rule in ("0", "1"):
        return values[int(rule)].type
    if rule == "promoted0":
        return "long" if values[0].type == "int" else values[0].type
    if rule == "widest":
        found = widest([value.type for value in values if is_number(value)])
        return "long" if found == "int" else found
    if rule == "common":
        return common([value.type for value in values]) or "dynamic"
    if rule == "typeof":
        return values[-1].type.removeprefix("typeof:")
    return rule


_WHOLE = frozenset({"bin", "bin_at", "range"})


def apply_primitive(
    ctx: Context, node: s.Call, name: str, result: str, values: list[plan.Scalar]
) -> plan.Scalar:
    """The primitive with its arguments converted as the vocabulary says."""
    regexes.check_argument(ctx, node, name, values)
    primitive = primitives.scalars().get(name)
    if primitive is None:
        return plan.Fn(result, name, tuple(values))
    if name in _WHOLE and all(is_number(value) for value in values):
        target = widest([value.type for value in values])
        return fn(
            name, result, *(to(value, "long" if target == "int" else target) for value in values)
        )
    kinds = [kind.strip("[]") for kind in primitive.arguments]
    converted: list[plan.Scalar] = []
    for i, value in enumerate(values):
        kind = kinds[min(i, len(kinds) - 1)] if kinds else "any"
        if kind == "..." and len(kinds) > 1:
            kind = kinds[-2]
        converted.append(_convert(ctx, node, i, value, kind))
    return fn(name, result, *converted)


def _convert(ctx: Context, node: s.Call, i: int, value: plan.Scalar, kind: str) -> plan.Scalar:
    literal = kind.startswith("lit ")
    kind = kind.removeprefix("lit ")
    if literal and not isinstance(value, plan.Lit):
        where: s.Node = node.args[i] if i < len(node.args) else node
        raise ctx.unsupported(
            where, f"{node.name}() with a computed value there", "write a constant"
        )
    if kind in (
        "string",
        "bool",
        "int",
        "long",
        "real",
        "decimal",
        "datetime",
        "timespan",
        "guid",
        "dynamic",
    ):
        return to(value, kind)
    if kind == "real|long":
        return (
            value
            if value.type in ("real", "long")
            else to(value, "long" if value.type == "int" else "real")
        )
    if kind == "dynamic|long":
        return value if value.type == "dynamic" else to(value, "long")
    if kind == "long|dynamic":
        return value if value.type == "dynamic" else to(value, "long")
    return value


def unify(
    ctx: Context, node: s.Node, values: list[plan.Scalar], *, loose: bool
) -> list[plan.Scalar]:
    """Branches made one type; ``loose`` falls back to dynamic where they have none in common."""
    target = common([value.type for value in values])
    if target is None:
        if not loose:
            kinds = " and ".join(dict.fromkeys(value.type for value in values))
            raise ctx.type_error(node, f"values of {kinds} can't stand together", "convert them")
        target = "dynamic"
    return [to(value, target) for value in values]


__all__ = [
    "alike",
    "apply",
    "apply_primitive",
    "arguments",
    "call",
    "choose",
    "compare",
    "invoke",
    "unify",
]
