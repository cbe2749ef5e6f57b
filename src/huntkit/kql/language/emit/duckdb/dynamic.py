"""Dynamic values: paths, arrays, bags."""

import json
from typing import Any

from sqlglot import exp

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb.registry import as_json, macro, primitive, python, simple, use
from huntkit.kql.language.emit.duckdb.values import array, bag, dump, key, load, shown
from huntkit.kql.language.emit.sql import Sql, call, coalesce, text
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.language.plan import Fn, Lit, Scalar

# --- paths --------------------------------------------------------------------------------------

macro("no_null", "a", "CASE WHEN a <> 'null' THEN a END")


def constant_path(node: Scalar) -> tuple[Scalar, str] | None:
    """The value that a chain of constant keys and indexes starts from, and its JSON path."""
    steps: list[str] = []
    while isinstance(node, Fn) and node.name in ("path", "element"):
        step = node.args[1]
        if not isinstance(step, Lit) or step.value is None:
            return None
        if node.name == "path":
            name = str(step.value)
            if not name or any(c in name for c in '"\\*\x00'):
                return None
            steps.append(f'."{name}"')
        else:
            place = int(step.value)
            steps.append(f"[{place}]" if place >= 0 else f"[#{place}]")
        node = node.args[0]
    return (node, "$" + "".join(reversed(steps))) if steps else None


@primitive("path", "element")
def _path(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    found = constant_path(node)
    if found is not None:
        base, path = found
        got = call("json_extract", emitter.value(base), text(path))
        return use(emitter, "no_null", exp.Cast(this=got, to=exp.DataType.build("VARCHAR")))
    return use(emitter, f"{node.name}_of", *args)


@python("path_of", "VV", "V")
def _path_of(value: str | None, name: str | None) -> str | None:
    found = bag(value)
    return None if found is None or name is None else dump(found.get(name))


@python("element_of", "VL", "V")
def _element_of(value: str | None, place: int | None) -> str | None:
    found = array(value)
    if found is None or place is None or not -len(found) <= place < len(found):
        return None
    return dump(found[place])


@python("element_any", "VV", "V")
def _element_any(value: str | None, step: str | None) -> str | None:
    found, wanted = load(value), load(step)
    if isinstance(found, dict) and isinstance(wanted, str):
        return dump(found.get(wanted))
    if isinstance(found, list) and isinstance(wanted, int) and not isinstance(wanted, bool):
        return dump(found[wanted]) if -len(found) <= wanted < len(found) else None
    return None


# --- lists of texts -----------------------------------------------------------------------------

macro(
    "texts",
    "a",
    "CASE json_type(a) WHEN 'ARRAY' THEN from_json(a, '[\"VARCHAR\"]')"
    " WHEN NULL THEN [] WHEN 'NULL' THEN [] ELSE [json_extract_string(a, '$')] END",
)
simple(
    "toarray_or_self",
    "a",
    "CASE WHEN json_type(a) = 'ARRAY' THEN a WHEN a IS NULL THEN NULL ELSE '[' || a || ']' END",
)
simple(
    "array_length", "a", "CASE WHEN json_type(a) = 'ARRAY' THEN json_array_length(a)::BIGINT END"
)
macro(
    "strcat_array",
    "a, d",
    "CASE WHEN json_type(a) = 'ARRAY' THEN coalesce(array_to_string(list_transform(kql_texts(a),"
    " lambda x: coalesce(x, '')), d), '') ELSE '' END",
)


macro(  # the engine joins by constants only
    "strcat_array_by",
    "a, d",
    "CASE WHEN json_type(a) = 'ARRAY' AND json_array_length(a) > 0 THEN list_reduce(list_transform("
    "kql_texts(a), lambda x: coalesce(x, '')), lambda one, two: one || d || two) ELSE '' END",
)


@primitive("strcat_array")
def _strcat_array(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    name = "strcat_array" if isinstance(node.args[1], Lit) else "strcat_array_by"
    return use(emitter, name, *args)


simple("dynamic_equal", "a, b", "py_same(a, b)")


@python("same", "VV", "B")
def _same(a: str | None, b: str | None) -> bool | None:
    one, two = load(a), load(b)
    if one is None and two is None:
        return None
    return key(one) == key(two)


@python("in_array", "JV", "B")
def _in_array(value: str | None, items: str | None) -> bool:
    found = load(items)
    if found is None:
        return False
    wanted = key(load(value))
    return any(key(each) == wanted for each in (found if isinstance(found, list) else [found]))


@primitive("in_array:string", "in_array_ci")
def _text_in_array(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    items = node.args[1]
    if isinstance(items, Lit) and items.value is not None:
        found = json.loads(str(items.value))
        found = found if isinstance(found, list) else [found]
        if all(isinstance(each, str) for each in found):
            if not found:
                return exp.false()
            name = "in_ci" if node.name == "in_array_ci" else "in"
            literals = tuple(Lit("string", each) for each in found)
            return emitter.value(Fn("bool", name, (node.args[0], *literals)))
    name = "text_in_ci" if node.name == "in_array_ci" else "text_in"
    return use(emitter, name, *args)


macro("text_in", "v, a", "coalesce(list_contains(kql_texts(a), v), false)")
macro(
    "text_in_ci",
    "v, a",
    "coalesce(list_contains(list_transform(kql_texts(a), lambda x: lower(x)), lower(v)), false)",
)


@python("dynamic_to_json", "V", "V")
def _canonical(value: str | None) -> str:
    found = load(value)
    if found is None:
        return ""
    return json.dumps(found, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


# --- making -------------------------------------------------------------------------------------


@primitive("pack_array")
def _pack_array(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    return joined(emitter, node.args, args)


def joined(emitter: Emitter, nodes: tuple[Scalar, ...], args: list[Sql]) -> Sql:
    """A JSON array of values of any types."""
    items = [
        coalesce(as_json(emitter, each.type, sql), text("null"))
        for each, sql in zip(nodes, args, strict=True)
    ]
    pieces: list[Sql] = []
    for item in items:
        pieces += [text(","), item] if pieces else [item]
    return call("concat", text("["), *pieces, text("]"))


@primitive("bag_pack", "pack_all")
def _bag_pack(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    first = 0
    function = "bag_of"
    if node.name == "pack_all":
        first = 1
        leave_out = node.args[0]
        function = "full_bag_of" if isinstance(leave_out, Lit) and leave_out.value else "bag_of"
    return use(emitter, function, joined(emitter, node.args[first:], args[first:]))


def _pairs(value: str | None) -> dict[str, Any]:
    items = array(value) or []
    return {shown(name): item for name, item in zip(items[::2], items[1::2], strict=False)}


@python("bag_of", "V", "V")
def _bag_of(value: str | None) -> str | None:
    return dump(_pairs(value))


@python("full_bag_of", "V", "V")
def _full_bag_of(value: str | None) -> str | None:
    return dump({k: v for k, v in _pairs(value).items() if v is not None and v not in ("", [], {})})


MOST_ITEMS = 1_048_576


@primitive("range")
def _range(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    kind = node.args[0].type
    steps = {"datetime": 36_000_000_000, "timespan": 36_000_000_000}
    step = args[2] if len(args) > 2 else exp.convert(steps.get(kind, 1))
    if kind in ("real", "decimal"):
        return use(emitter, "range_real", *args[:2], step)
    name = "long" if kind == "int" else kind
    return use(emitter, f"range_{name}", *args[:2], step)


macro(
    "range_list",
    "a, b, s",
    "CASE WHEN s = 0 OR a IS NULL OR b IS NULL OR s IS NULL THEN NULL"
    f" WHEN (b - a) // s >= {MOST_ITEMS} THEN error('a range of over {MOST_ITEMS} values')"
    " ELSE generate_series(a::BIGINT, b::BIGINT, s::BIGINT) END",
)
macro("range_long", "a, b, s", "to_json(kql_range_list(a, b, s))::VARCHAR")
for _kind in ("datetime", "timespan"):
    macro(
        f"range_{_kind}",
        "a, b, s",
        f"to_json(list_transform(kql_range_list(a, b, s), lambda x: kql_text_{_kind}(x)))::VARCHAR",
    )


@python("range_real", "DDD", "V")
def _range_real(first: float | None, last: float | None, step: float | None) -> str | None:
    if first is None or last is None or not step:
        return None
    count = int((last - first) / step + 1e-9) + 1
    return dump([first + i * step for i in range(max(0, min(count, MOST_ITEMS)))])


@python("repeat", "JL", "V")
def _repeat(value: str | None, count: int | None) -> str | None:
    if count is None or count < 0 or count > MOST_ITEMS:
        return None
    return dump([load(value)] * count)


# --- arithmetic on dynamics ---------------------------------------------------------------------


def _arithmetic(name: str) -> Any:
    def compute(a: str | None, b: str | None) -> str | None:
        one, two = load(a), load(b)
        if not _number(one) or not _number(two):
            return None
        try:
            return dump(_operate(name, one, two))
        except (ZeroDivisionError, OverflowError):
            return None

    return compute


def _operate(name: str, a: Any, b: Any) -> Any:
    if name == "add":
        return a + b
    if name == "subtract":
        return a - b
    if name == "multiply":
        return a * b
    if name == "modulo":
        return a % b
    if isinstance(a, int) and isinstance(b, int):
        return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return a / b


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


for _name in ("add", "subtract", "multiply", "divide", "modulo"):
    python(f"dynamic_{_name}", "VV", "V")(_arithmetic(_name))


def refuse_dynamic(node: Fn) -> None:
    """A primitive whose meaning on dynamic values is not sure."""
    if any(each.type == "dynamic" for each in node.args):
        raise KqlUnsupported(f"{node.name} of dynamic values")
