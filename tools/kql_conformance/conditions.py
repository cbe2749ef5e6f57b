"""Conditions of a plan turned into what its columns must hold."""

import json
from collections.abc import Callable
from typing import Any

from huntkit.kql.language import plan
from tools.kql_conformance.wants import LONGEST, Want, fixed

Wants = dict[str, Want]

_SAME = frozenset(
    [
        *("tostring", "toint", "tolong", "toreal", "todecimal", "tobool", "todatetime"),
        *("totimespan", "toguid", "parse_json", "to_dynamic", "toarray_or_self", "tolower"),
        *("toupper", "url_decode", "startofday", "bin", "round", "abs", "coalesce", "reverse"),
        *("replace_string", "replace_regex", "parse_ipv4", "array_sort_asc", "array_sort_desc"),
        *("substring", "base64_decode_tostring", "ceiling", "array_slice", "parse_xml"),
    ]
)
_CARRIERS = frozenset(["iff", "case", "coalesce", "path", "element", "tobool"])
_BOUNDS = {"less": (0, 1), "less_equal": (0, 0), "greater": (1, 1), "greater_equal": (1, 0)}
_TURNED = {
    "less": "greater",
    "less_equal": "greater_equal",
    "greater": "less",
    "greater_equal": "less_equal",
}
_OPPOSITE = {
    "less": "greater_equal",
    "less_equal": "greater",
    "greater": "less_equal",
    "greater_equal": "less",
}


class Conditions:
    """Adds what scalars must be to what columns must be.

    Args:
        wants: column -> conditions, added to in place.
        row: chooses among alternatives.
        ask: told a query inside a condition, gives what is known of its columns.
    """

    def __init__(self, wants: Wants, row: int, ask: Callable[[plan.Relation], Wants]) -> None:
        self.wants = wants
        self.row = row
        self.ask = ask

    # --- truth -------------------------------------------------------------------------------

    def require(self, node: plan.Scalar, truth: bool) -> None:
        """The condition is to be true, or false."""
        if isinstance(node, plan.InQuery):
            self._in_query(node, truth)
        elif isinstance(node, plan.Col):
            self.invert(node, fixed(truth))
        elif isinstance(node, plan.Fn):
            self._function(node, node.args, truth)

    def _function(self, node: plan.Fn, args: tuple[plan.Scalar, ...], truth: bool) -> None:
        name = node.name
        if name == "not":
            self.require(args[0], not truth)
        elif name in ("and", "or"):
            if (name == "and") == truth:
                for each in args:
                    self.require(each, truth)
            else:
                self.require(args[self.row % len(args)], truth)
        elif name in _BOUNDS:
            self._bound(name if truth else _OPPOSITE[name], args[0], args[1])
        elif name in ("isempty", "isnull", "isnotempty", "isnotnull"):
            empty = (name in ("isempty", "isnull")) == truth
            self.invert(args[0], fixed(None) if empty else Want())
        elif name == "tobool":
            self.invert(args[0], fixed(truth))
        elif name == "ipv4_is_private":
            self.invert(args[0], fixed("10.0.0.5" if truth else "93.184.216.34"))
        elif name in ("iff", "case", "coalesce", "path", "element"):
            self.invert(node, fixed(truth))
        elif truth:
            self._search(name, args)
        elif name == "not_equal":
            self._equal(args[0], args[1])

    def _search(self, name: str, args: tuple[plan.Scalar, ...]) -> None:
        """A comparison that is to be true."""
        if name in ("equal", "equal_ci", "dynamic_equal"):
            self._equal(args[0], args[1])
        elif name in ("in", "in_ci"):
            self._equal(args[0], args[1 + self.row % (len(args) - 1)])
        elif name in ("has_any", "has_any_ipv4", "has_any_ipv4_prefix"):
            self._text(args[0], args[1 + self.row % (len(args) - 1)], "has")
        elif name == "has_all":
            for each in args[1:]:
                self._text(args[0], each, "has")
        elif name in ("in_array", "in_array_ci", "has_any_array", "has_all_array"):
            self._array(name, args[0], args[1])
        elif name == "between":
            self._bound("greater_equal", args[0], args[1])
            self._bound("less_equal", args[0], args[2])
        elif name in ("set_has_element", "array_index_of"):
            self.invert(args[0], Want(items=[self._said(args[1])]))
        elif name == "bag_has_key" and isinstance(args[1], plan.Lit):
            self.invert(args[0], Want(fields={str(args[1].value): Want()}))
        elif name in ("ipv4_is_in_range", "ipv4_is_match", "ipv4_is_in_any_range"):
            address = _constant(args[1])
            self.invert(args[0], fixed(str(address).partition("/")[0]) if address else Want())
        elif len(args) == 2:
            self._text(args[0], args[1], name.removesuffix("_cs"))

    def _equal(self, one: plan.Scalar, two: plan.Scalar) -> None:
        if isinstance(one, plan.Lit):
            one, two = two, one
        self.invert(one, self._said(two))
        if not isinstance(two, plan.Lit):
            self.invert(two, self._said(one))

    def _said(self, node: plan.Scalar) -> Want:
        """What is known of a value before it is looked up."""
        if isinstance(node, plan.Lit):
            return fixed(literal(node))
        if isinstance(node, plan.ScalarQuery):
            known = self.ask(node.relation)
            first = node.relation.schema[0].name if node.relation.schema else ""
            return known[first].copy() if first in known else Want()
        if isinstance(node, plan.Col) and node.name in self.wants:
            return self.wants[node.name].copy()
        return Want()

    def _text(self, where: plan.Scalar, part: plan.Scalar, name: str) -> None:
        if isinstance(where, plan.Lit) and not isinstance(part, plan.Lit):
            self.invert(part, fixed(where.value))
            return
        value = _constant(part)
        if value is None:
            self.invert(where, Want())
            return
        shown = str(value)
        if name == "startswith":
            self.invert(where, Want(prefix=shown))
        elif name == "endswith":
            self.invert(where, Want(suffix=shown))
        elif name == "matches_regex":
            self.invert(where, Want(captures={shown: {}}))
        else:
            self.invert(where, Want(parts=[shown]))

    def _array(self, name: str, where: plan.Scalar, array: plan.Scalar) -> None:
        values = _constant(array)
        if isinstance(values, dict):
            values = list(values)
        if isinstance(values, list) and values:
            if name == "has_all_array":
                self.invert(where, Want(parts=[str(each) for each in values]))
            elif name == "has_any_array":
                self.invert(where, Want(parts=[str(values[self.row % len(values)])]))
            else:
                self.invert(where, fixed(values[self.row % len(values)]))
        elif isinstance(where, plan.Lit):
            self.invert(array, Want(items=[fixed(where.value)]))
        else:
            self.invert(where, self._said(array))

    def _bound(self, name: str, one: plan.Scalar, two: plan.Scalar) -> None:
        if isinstance(one, plan.Lit):
            one, two, name = two, one, _TURNED[name]
        value = _constant(two)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return
        upwards, strictly = _BOUNDS[name]
        step = 1 if strictly else 0
        self.invert(one, Want(low=value + step) if upwards else Want(high=value - step))

    def _in_query(self, node: plan.InQuery, truth: bool) -> None:
        known = self.ask(node.relation) if truth else {}
        first = node.relation.schema[0].name if node.relation.schema else ""
        if truth:
            self.invert(node.value, known[first].copy() if first in known else Want())

    # --- values ------------------------------------------------------------------------------

    def invert(self, node: plan.Scalar, want: Want) -> None:
        """The value is to meet the conditions."""
        if isinstance(node, plan.Col):
            self.wants.setdefault(node.name, Want()).merge(want)
        elif isinstance(node, plan.ScalarQuery):
            self.ask(node.relation)
        elif isinstance(node, plan.Fn):
            if node.type == "bool" and want.fixed and node.name not in _CARRIERS:
                self.require(node, bool(want.value))
            else:
                self._inside(node, node.args, want)

    def _inside(self, node: plan.Fn, args: tuple[plan.Scalar, ...], want: Want) -> None:
        name = node.name
        if name in _SAME:
            self.invert(args[0], want)
        elif name in ("trim", "trim_start", "trim_end"):
            self.invert(args[1], want)
        elif name in ("path", "element"):
            self._member(name, args, want)
        elif name in ("parse_capture", "extract"):
            self._captured(name, args, want)
        elif name == "split":
            self._split(args, want)
        elif name in ("iff", "case"):
            self._choice(args, want)
        elif name in ("add", "subtract"):
            self._moved(name, args, want)
        elif name in ("strlen", "array_length"):
            self._sized(name, args[0], want)
        elif name == "strcat":
            self._joined(args, want)
        elif name in ("max_of", "min_of", "array_concat", "set_union", "pack_array"):
            self.invert(args[self.row % len(args)], want)

    def _member(self, name: str, args: tuple[plan.Scalar, ...], want: Want) -> None:
        place = _constant(args[1])
        if name == "path" and isinstance(place, str):
            self.invert(args[0], Want(fields={place: want}))
        elif isinstance(place, int):
            count = place + 1 if 0 <= place < 50 else max(1, min(50, -place))
            self.invert(args[0], Want(items=[Want() for _ in range(count - 1)] + [want]))

    def _sized(self, name: str, value: plan.Scalar, want: Want) -> None:
        least = int(want.value if want.fixed and want.value else want.low or 0)
        if name == "strlen" and 0 < least < LONGEST:
            self.invert(value, Want(parts=["x" * (least + 1)]))
        elif name == "array_length" and 0 < least < 100:
            items = [Want(vary=True) for _ in range(least)]
            self.invert(value, Want(items=items, vary=least > 1))

    def _captured(self, name: str, args: tuple[plan.Scalar, ...], want: Want) -> None:
        text = 0 if name == "parse_capture" else 2
        pattern, group = _constant(args[1 if text == 0 else 0]), _constant(args[2 - text // 2])
        if isinstance(pattern, str) and isinstance(group, int):
            self.invert(args[text], Want(captures={pattern: {group: want} if group else {}}))

    def _split(self, args: tuple[plan.Scalar, ...], want: Want) -> None:
        divider = _constant(args[1])
        if not want.items or not isinstance(divider, str):
            self.invert(args[0], Want())
            return
        parts = [str(each.value) if each.fixed else _rough(each) for each in want.items]
        self.invert(args[0], Want(parts=[divider.join(parts)]))

    def _choice(self, args: tuple[plan.Scalar, ...], want: Want) -> None:
        """A branch whose value can be what is wanted."""
        values = [*args[1:-1:2], args[-1]]
        fitting = [
            place
            for place, value in enumerate(values)
            if isinstance(value, plan.Lit) and (not want.fixed or literal(value) == want.value)
        ] or [place for place, value in enumerate(values) if not isinstance(value, plan.Lit)]
        if not fitting:
            return
        chosen = fitting[self.row % len(fitting)]
        for condition in args[: 2 * chosen : 2]:
            self.require(condition, False)
        if chosen < len(values) - 1:
            self.require(args[2 * chosen], True)
        self.invert(values[chosen], want)

    def _moved(self, name: str, args: tuple[plan.Scalar, ...], want: Want) -> None:
        amount = _constant(args[1])
        if not isinstance(amount, int | float) or isinstance(amount, bool):
            return
        by = amount if name == "subtract" else -amount
        moved = want.copy()
        moved.low = None if want.low is None else want.low + by
        moved.high = None if want.high is None else want.high + by
        if want.fixed and isinstance(want.value, int | float):
            moved.value = want.value + by
        self.invert(args[0], moved)

    def _joined(self, args: tuple[plan.Scalar, ...], want: Want) -> None:
        free = [each for each in args if not isinstance(each, plan.Lit)]
        if len(free) != 1:
            if free and not want.fixed:
                self.invert(free[0], want)
            return
        if want.fixed and isinstance(want.value, str):
            place = next(i for i, each in enumerate(args) if each is free[0])
            before = "".join(str(_constant(each)) for each in args[:place])
            after = "".join(str(_constant(each)) for each in args[place + 1 :])
            want = fixed(want.value.removeprefix(before).removesuffix(after))
        self.invert(free[0], want)


def _rough(want: Want) -> str:
    return " ".join(each for each in (want.prefix, *want.parts, want.suffix) if each) or "alpha"


def literal(node: plan.Lit) -> Any:
    """A literal's value; of a dynamic the JSON value."""
    if node.type == "dynamic" and isinstance(node.value, str):
        return json.loads(node.value)
    return node.value


def _constant(node: plan.Scalar) -> Any:
    """A literal's value, also behind conversions; None where it is not one."""
    while isinstance(node, plan.Fn) and node.name in _SAME and len(node.args) == 1:
        node = node.args[0]
    return literal(node) if isinstance(node, plan.Lit) else None
