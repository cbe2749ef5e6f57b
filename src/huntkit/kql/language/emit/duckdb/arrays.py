"""Arrays, sets and bags, computed on their values."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeVar

from sqlglot import exp

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb.dynamic import joined
from huntkit.kql.language.emit.duckdb.registry import primitive, python, use
from huntkit.kql.language.emit.duckdb.values import array, bag, dump, key, load, shown
from huntkit.kql.language.emit.sql import Sql
from huntkit.kql.language.plan import Fn


def _variadic(name: str, compute: Callable[[list[Any]], Any]) -> None:
    """A primitive of any number of dynamics, handed over as one JSON array."""

    def run(packed: str | None) -> str | None:
        items = load(packed)
        return dump(compute(items)) if isinstance(items, list) else None

    python(f"all_{name}", "V", "V")(run)

    def build(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
        return use(emitter, f"all_{name}", joined(emitter, node.args, args))

    primitive(name)(build)


def _concat(items: list[Any]) -> Any:
    arrays = [each if isinstance(each, list) else [each] for each in items if each is not None]
    return [item for each in arrays for item in each] if arrays else None


def distinct(items: list[Any]) -> list[Any]:
    """Each value once, in the order of their first places."""
    found: dict[str, Any] = {}
    for each in items:
        found.setdefault(key(each), each)
    return list(found.values())


def _union(items: list[Any]) -> Any:
    arrays = [each for each in items if isinstance(each, list)]
    return distinct([item for each in arrays for item in each]) if arrays else None


def _intersect(items: list[Any]) -> Any:
    if not all(isinstance(each, list) for each in items):
        return None
    common = set.intersection(*[{key(item) for item in each} for each in items])
    return [item for item in distinct(items[0]) if key(item) in common]


def _difference(items: list[Any]) -> Any:
    if not isinstance(items[0], list):
        return None
    others = {key(item) for each in items[1:] if isinstance(each, list) for item in each}
    return [item for item in distinct(items[0]) if key(item) not in others]


def _zip(items: list[Any]) -> Any:
    arrays = [each if isinstance(each, list) else [] for each in items]
    longest = max(map(len, arrays), default=0)
    return [[each[i] if i < len(each) else None for each in arrays] for i in range(longest)]


def _merge(items: list[Any]) -> Any:
    merged: dict[str, Any] = {}
    bags = [each for each in items if isinstance(each, dict)]
    for each in bags:
        for name, value in each.items():
            merged.setdefault(name, value)
    return merged if bags else None


_variadic("array_concat", _concat)
_variadic("set_union", _union)
_variadic("set_intersect", _intersect)
_variadic("set_difference", _difference)
_variadic("zip", _zip)
_variadic("bag_merge", _merge)


Compute = TypeVar("Compute", bound=Callable[..., Any])


def _on_array(name: str, extra: str = "") -> Callable[[Compute], Compute]:
    """A primitive on one array, with ``extra`` arguments; anything else gives null."""

    def register(compute: Compute) -> Compute:
        def on_one(value: str | None) -> str | None:
            items = array(value)
            return None if items is None else dump(compute(items))

        def on_two(value: str | None, a: Any) -> str | None:
            items = array(value)
            return None if items is None else dump(compute(items, a))

        def on_three(value: str | None, a: Any, b: Any) -> str | None:
            items = array(value)
            return None if items is None else dump(compute(items, a, b))

        # the engine counts a function's parameters
        python(name, "V" + extra, "V")((on_one, on_two, on_three)[len(extra)])
        return compute

    return register


@_on_array("array_reverse")
def _reverse(items: list[Any]) -> list[Any]:
    return items[::-1]


@_on_array("array_slice", "LL")
def _slice(items: list[Any], first: int | None, last: int | None) -> list[Any] | None:
    if first is None or last is None:
        return None
    first = max(first + len(items), 0) if first < 0 else first
    last = last + len(items) if last < 0 else last
    return items[first : last + 1] if last >= 0 else []


@_on_array("array_split", "J")
def _split(items: list[Any], where: str | None) -> list[Any] | None:
    given = load(where)
    places = given if isinstance(given, list) else [given]
    if not all(isinstance(each, int) for each in places):
        return None
    cuts = [0]
    for each in places:
        place = min(max(each + len(items) if each < 0 else each, 0), len(items))
        cuts.append(max(place, cuts[-1]))
    cuts.append(len(items))
    return [items[a:b] for a, b in pairwise(cuts)]


@_on_array("array_rotate_left", "L")
def _rotate_left(items: list[Any], by: int | None) -> list[Any] | None:
    if by is None:
        return None
    by = by % len(items) if items else 0
    return items[by:] + items[:by]


@_on_array("array_rotate_right", "L")
def _rotate_right(items: list[Any], by: int | None) -> list[Any] | None:
    return None if by is None else _rotate_left(items, -by)


@_on_array("array_shift_left", "LJ")
def _shift_left(items: list[Any], by: int | None, fill: str | None) -> list[Any] | None:
    if by is None:
        return None
    if fill is None and items and all(isinstance(each, str) for each in items):
        fill = '""'
    padding = [load(fill)] * min(abs(by), len(items))
    return items[by:] + padding if by >= 0 else padding + items[:by]


@_on_array("array_shift_right", "LJ")
def _shift_right(items: list[Any], by: int | None, fill: str | None) -> list[Any] | None:
    return None if by is None else _shift_left(items, -by, fill)


def _order(items: list[Any], nulls_last: bool | None, *, descending: bool) -> list[int]:
    """The places of the elements in their order: numbers, then texts, then all others."""
    nulls = [place for place, each in enumerate(items) if each is None]
    kinds: tuple[list[int], ...] = ([], [], [])
    for place, each in enumerate(items):
        if each is not None:
            number = isinstance(each, int | float) and not isinstance(each, bool)
            kinds[0 if number else 1 if isinstance(each, str) else 2].append(place)
    found: list[int] = []
    for rank, kind in enumerate(kinds):
        plain = items if rank < 2 else [shown(each) for each in items]
        found += sorted(kind, key=plain.__getitem__, reverse=descending)
    return nulls + found if nulls_last is False else found + nulls


def _sort(items: list[Any], nulls_last: bool | None, *, descending: bool) -> list[Any]:
    return [items[place] for place in _order(items, nulls_last, descending=descending)]


@python("sort_many", "VBB", "V")
def _sort_many(packed: str | None, nulls_last: bool | None, descending: bool | None) -> str | None:
    """All arrays in the order of the first; null for one of another length."""
    arrays = array(packed)
    if not arrays or not isinstance(arrays[0], list):
        return None
    order = _order(arrays[0], nulls_last, descending=bool(descending))
    return dump(
        [
            [each[place] for place in order]
            if isinstance(each, list) and len(each) == len(order)
            else None
            for each in arrays
        ]
    )


@primitive("array_sort_many_asc", "array_sort_many_desc")
def _sorted(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    descending = exp.convert(node.name.endswith("desc"))
    packed = joined(emitter, node.args[1:], args[1:])
    return use(emitter, "sort_many", packed, args[0], descending)


@_on_array("array_sort_asc", "B")
def _ascending(items: list[Any], nulls_last: bool | None) -> list[Any]:
    return _sort(items, nulls_last, descending=False)


@_on_array("array_sort_desc", "B")
def _descending(items: list[Any], nulls_last: bool | None) -> list[Any]:
    return _sort(items, nulls_last, descending=True)


@_on_array("array_iff", "JJ")
def _iff(items: list[Any], yes: str | None, no: str | None) -> list[Any]:
    one, two = load(yes), load(no)

    def pick(source: Any, place: int) -> Any:
        if not isinstance(source, list):
            return source
        return source[place] if place < len(source) else None

    return [
        None if not isinstance(each, bool | int | float) else pick(one if each else two, place)
        for place, each in enumerate(items)
    ]


@python("array_sum", "V", "D")
def _sum(value: str | None) -> float | None:
    items = array(value)
    if items is None or not all(isinstance(each, int | float) for each in items):
        return None
    return float(sum(items))


@python("array_index_of", "VJLLL", "L")
def _index_of(
    value: str | None, wanted: str | None, start: int | None, length: int | None, nth: int | None
) -> int | None:
    items = array(value)
    if items is None:
        return None
    begin = start or 0
    begin = max(begin + len(items), 0) if begin < 0 else begin
    end = len(items) if length in (None, -1) else min(len(items), begin + (length or 0))
    left = 1 if nth is None else nth
    sought = key(load(wanted))
    for place in range(begin, end):
        if key(items[place]) == sought:
            left -= 1
            if left == 0:
                return place
    return -1


@python("set_has_element", "VJ", "B")
def _has_element(value: str | None, wanted: str | None) -> bool | None:
    items = array(value)
    if items is None:
        return None
    sought = key(load(wanted))
    return any(key(each) == sought for each in items)


@python("set_equals", "VV", "B")
def _set_equals(a: str | None, b: str | None) -> bool | None:
    one, two = array(a), array(b)
    return None if one is None or two is None else set(map(key, one)) == set(map(key, two))


@python("jaccard_index", "VV", "D")
def _jaccard(a: str | None, b: str | None) -> float | None:
    one, two = array(a), array(b)
    if one is None or two is None:
        return None
    x, y = set(map(key, one)), set(map(key, two))
    return len(x & y) / len(x | y) if x | y else float("nan")


# --- bags ---------------------------------------------------------------------------------------


@python("bag_keys", "V", "V")
def _keys(value: str | None) -> str | None:
    found = bag(value)
    return None if found is None else dump(list(found))


@python("bag_has_key", "VV", "B")
def _has_key(value: str | None, name: str | None) -> bool | None:
    found = bag(value)
    if found is None or name is None:
        return None
    return name in found if not name.startswith("$") else _at(found, name) is not _MISSING


_MISSING = object()


def _at(value: Any, path: str) -> Any:
    for step in path.removeprefix("$").replace("[", ".[").split(".")[1:]:
        if step.startswith("["):
            inner = step[1:-1]
            if isinstance(value, list) and inner.isdigit() and int(inner) < len(value):
                value = value[int(inner)]
                continue
        name = step.strip("[]").strip("'\"")
        if not isinstance(value, dict) or name not in value:
            return _MISSING
        value = value[name]
    return value


@python("bag_remove_keys", "VV", "V")
def _remove_keys(value: str | None, names: str | None) -> str | None:
    found, gone = bag(value), array(names)
    if found is None or gone is None:
        return value if gone is None else None
    for name in gone:
        if isinstance(name, str) and name.startswith("$."):
            _remove(found, name)
        elif isinstance(name, str):
            found.pop(name, None)
    return dump(found)


def _remove(value: dict[str, Any], path: str) -> None:
    *parents, last = path.removeprefix("$.").split(".")
    inner: Any = value
    for step in parents:
        inner = inner.get(step) if isinstance(inner, dict) else None
    if isinstance(inner, dict):
        inner.pop(last, None)


@python("bag_set_key", "VVJ", "V")
def _set_key(value: str | None, name: str | None, new: str | None) -> str | None:
    found = bag(value)
    if found is None or name is None:
        return None
    *parents, last = name.removeprefix("$.").split(".") if name.startswith("$.") else [name]
    inner = found
    for step in parents:
        deeper = inner.get(step)
        if not isinstance(deeper, dict):
            deeper = inner[step] = {}
        inner = deeper
    inner[last] = load(new)
    return dump(found)


@python("bag_zip", "VV", "V")
def _bag_zip(names: str | None, values: str | None) -> str | None:
    one, two = array(names), array(values)
    if one is None or two is None:
        return None
    return dump({str(shown(n)): two[i] if i < len(two) else None for i, n in enumerate(one)})


@python("treepath", "V", "V")
def _treepath(value: str | None) -> str | None:
    found: list[str] = []

    def walk(item: Any, path: str, depth: int) -> None:
        if depth > 200:  # nesting that no real value has
            return
        children = item.items() if isinstance(item, dict) else ()
        for name, child in children:
            found.append(f"{path}['{name}']")
            walk(child, found[-1], depth + 1)
        for child in item if isinstance(item, list) else ():
            if not found or found[-1] != f"{path}[0]":
                found.append(f"{path}[0]")
            walk(child, f"{path}[0]", depth + 1)

    walk(load(value), "", 0)
    return dump(distinct(found))
