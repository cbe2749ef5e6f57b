"""Constant regular expressions, read where the query says them, so that a fault has its place."""

from huntkit.kql.language import patterns, plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder.scope import Context
from huntkit.kql.language.errors import KqlError

_ARGUMENT = {  # the primitive's argument that is one
    "extract": 0,
    "extract_all": 0,
    "indexof_regex": 1,
    "replace_regex": 1,
    "trim": 0,
    "trim_end": 0,
    "trim_start": 0,
}


def check_argument(ctx: Context, node: s.Call, name: str, values: list[plan.Scalar]) -> None:
    """Refuse a primitive's constant that is no regular expression of KQL, at its place."""
    place = _ARGUMENT.get(name)
    if name == "countof" and values[2:] == [plan.Lit("string", "regex")]:
        place = 1
    if place is not None and place < len(values):
        check(ctx, node.args[place].value, values[place])


def check(ctx: Context, node: s.Node, value: plan.Scalar) -> None:
    """Refuse a constant that is no regular expression of KQL, at the node's place."""
    if not isinstance(value, plan.Lit) or not isinstance(value.value, str):
        return
    try:
        patterns.checked(value.value)
    except KqlError as fault:
        raise type(fault)(fault.message, text=ctx.text, start=node.start) from None


def check_steps(ctx: Context, op: s.Parse, regex: plan.Lit) -> None:
    """The same for ``parse kind=regex``: at the first text with a fault of its own, if one has."""
    texts = [step for step in op.steps if step.kind == "text"]
    if op.kind != "regex" or not texts:
        return
    place = texts[0]
    for step in texts:
        try:
            patterns.checked(step.text)
        except KqlError:
            place = step
            break
    check(ctx, place, regex)
