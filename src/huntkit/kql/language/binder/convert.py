"""Values made into other types, and constants worked out while binding."""

import json

from huntkit.kql.language import plan
from huntkit.kql.language.types import NUMBERS, TICKS, widest

_TO = {
    "bool": "tobool",
    "int": "toint",
    "long": "tolong",
    "real": "toreal",
    "decimal": "todecimal",
    "string": "tostring",
    "datetime": "todatetime",
    "timespan": "totimespan",
    "guid": "toguid",
    "dynamic": "to_dynamic",
}
_INT = 2**31
_LONG = 2**63


def fn(name: str, kind: str, *args: plan.Scalar) -> plan.Scalar:
    """A primitive applied, worked out where that is plain."""
    folded = _fold(name, kind, args)
    return folded if folded is not None else plan.Fn(kind, name, args)


def _fold(name: str, kind: str, args: tuple[plan.Scalar, ...]) -> plan.Lit | None:
    values = [arg.value for arg in args if isinstance(arg, plan.Lit)]
    if len(values) != len(args):
        return None
    if name == "strcat" and all(isinstance(v, str) for v in values):
        return plan.Lit(kind, "".join(str(v) for v in values))
    if kind not in (*TICKS, "int", "long", "real"):
        return None
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) != len(values):
        return None
    if name == "negate":
        return _number(kind, -numbers[0])
    if kind == "real":
        return None
    if name == "add":
        return _number(kind, numbers[0] + numbers[1])
    if name == "subtract":
        return _number(kind, numbers[0] - numbers[1])
    if name == "multiply":
        return _number(kind, numbers[0] * numbers[1])
    if name == "timespan_multiply" and isinstance(numbers[1], int):
        return _number(kind, numbers[0] * numbers[1])
    return None


def _number(kind: str, value: float) -> plan.Lit | None:
    if isinstance(value, int) and not -_LONG <= value < _LONG:
        return None
    return plan.Lit(kind, value)


def to(value: plan.Scalar, kind: str) -> plan.Scalar:
    """The value as another type; null (or "") where it can't be one.

    Examples:
        >>> to(plan.Lit("long", 5), "real")
        Lit(type='real', value=5.0)
    """
    if value.type == kind:
        return value
    if isinstance(value, plan.Lit):
        if value.value is None:
            return plan.Lit(kind, "" if kind == "string" else None)
        if value.type in ("int", "long") and isinstance(value.value, int):
            if kind == "long" or (kind == "int" and -_INT <= value.value < _INT):
                return plan.Lit(kind, value.value)
            if kind == "real":
                return plan.Lit(kind, float(value.value))
            if kind == "string":
                return plan.Lit(kind, str(value.value))
        if kind == "dynamic" and value.type in ("string", "long", "int", "bool"):
            return plan.Lit(kind, json.dumps(value.value))
        if value.type == "dynamic" and kind == "string" and isinstance(value.value, str):
            inside = json.loads(value.value)
            if isinstance(inside, str):
                return plan.Lit(kind, inside)
    return plan.Fn(kind, _TO[kind], (value,))


def alike(values: list[plan.Scalar]) -> list[plan.Scalar]:
    """Numbers made the widest number type among them."""
    target = widest([value.type for value in values])
    return [to(value, target) for value in values]


def is_number(value: plan.Scalar) -> bool:
    """Whether the value is of a number type."""
    return value.type in NUMBERS


def elements(value: plan.Scalar) -> list[plan.Lit] | None:
    """The elements of a constant array, None where it is no constant array of plain values.

    Examples:
        >>> elements(plan.Lit("dynamic", '["a", 1]'))
        [Lit(type='string', value='a'), Lit(type='long', value=1)]
    """
    if not isinstance(value, plan.Lit) or value.type != "dynamic":
        return None
    inside = json.loads(value.value) if isinstance(value.value, str) else None
    if not isinstance(inside, list):
        return None
    found: list[plan.Lit] = []
    for item in inside:
        if isinstance(item, bool):
            found.append(plan.Lit("bool", item))
        elif isinstance(item, str):
            found.append(plan.Lit("string", item))
        elif isinstance(item, int) and -_LONG <= item < _LONG:
            found.append(plan.Lit("long", item))
        elif isinstance(item, float):
            found.append(plan.Lit("real", item))
        else:
            return None
    return found


def columns_of(value: plan.Scalar) -> bool:
    """Whether any column is read by the value."""
    if isinstance(value, plan.Col):
        return True
    if isinstance(value, plan.Fn | plan.Agg):
        return any(columns_of(arg) for arg in value.args)
    return isinstance(value, plan.InQuery) and columns_of(value.value)
