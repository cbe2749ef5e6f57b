"""How KQL calls a column that was not given a name."""

from collections.abc import Iterable

from huntkit.kql.language import syntax as s
from huntkit.kql.language.catalog import aliases, entry


def default_name(expr: s.Expr) -> str:
    """The name that an expression gives its column; empty where it has none.

    Examples:
        >>> from huntkit.kql.language.parser import parse
        >>> query = parse("T | project tostring(a.b)")
        >>> default_name(query.statements[0].value.operators[0].items[0].value)
        'a_b'
    """
    if isinstance(expr, s.Name):
        return expr.name
    if isinstance(expr, s.Member):
        base = default_name(expr.base)
        return f"{base}_{expr.name}" if base else expr.name
    if isinstance(expr, s.Element):
        index = expr.index.value if isinstance(expr.index, s.Literal) else ""
        base = default_name(expr.base)
        return f"{base}_{index}" if base else str(index)
    if isinstance(expr, s.Call):
        return _call(expr)
    return ""


def argument_name(argument: s.Argument) -> str:
    """The name that an argument gives to a column named after it."""
    return argument.name or default_name(argument.value)


def _call(call: s.Call) -> str:
    first = argument_name(call.args[0]) if call.args else ""
    name = aliases.SCALARS.get(call.name, call.name)
    old = aliases.AGGREGATES.get(name, name)
    found = entry.scalars().get(name) or entry.aggregates().get(old)
    if name == "column_ifexists":
        value = call.args[0].value if call.args else None
        return str(value.value) if isinstance(value, s.Literal) else first
    if found is None or not found[0].naming:
        return ""
    rule, prefix = found[0].naming, found[0].prefix
    if rule == "F":
        return first
    if rule == "NF":
        return f"{call.name}_{first}" if first else f"{call.name}_"
    if rule == "PF":
        return f"{prefix}_{first}"
    return prefix if rule == "P" else ""


class Unique:
    """Column names given out, each once: a second ``x`` becomes ``x1``.

    Examples:
        >>> names = Unique(["x"])
        >>> names.take("x"), names.take("x"), names.take(""), names.take("")
        ('x1', 'x2', 'Column1', 'Column2')
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._given: set[str] = set()
        self._unnamed = 0

    def take(self, name: str) -> str:
        """The name, or the first free one like it."""
        number = 0
        found = name
        if not name:
            name = "Column"
            number = self._unnamed
            found = ""
        while not found or found in self._taken:
            number += 1
            found = f"{name}{number}"
        if name == "Column" and found != "Column":
            self._unnamed = number
        self._taken.add(found)
        return found

    def give(self, name: str) -> bool:
        """Note a name as written by the user; whether that was its first time."""
        first = name not in self._given
        self._given.add(name)
        return first

    def __contains__(self, name: str) -> bool:
        return name in self._taken
