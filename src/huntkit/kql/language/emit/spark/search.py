"""Text search: terms and substrings."""

from sqlglot import exp

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb.logic import lower
from huntkit.kql.language.emit.duckdb.registry import use
from huntkit.kql.language.emit.duckdb.search import (
    EDGE,
    KINDS,
    MOST_TERMS,
    alphanumeric,
    has_array,
    literals,
)
from huntkit.kql.language.emit.spark.registry import primitive
from huntkit.kql.language.emit.sql import Sql, both, call, either, text
from huntkit.kql.language.plan import Fn, Lit, Scalar

_META = frozenset("\\.+*?()|[]{}^$#&-~")  # escaped, they mean themselves to Java and to Rust


def term_pattern(needles: list[str], starts: bool, ends: bool) -> str:
    r"""A pattern of any of these texts as terms, the same to every engine for Spark SQL.

    >>> print(term_pattern(["a.b", "-x"], True, True))
    (?:^|[^\p{L}\p{Nd}])(?:a\.b)(?:$|[^\p{L}\p{Nd}])|(?:\-x)(?:$|[^\p{L}\p{Nd}])
    """
    kinds: dict[tuple[bool, bool], list[str]] = {}
    for needle in needles:
        edges = (starts and alphanumeric(needle[:1]), ends and alphanumeric(needle[-1:]))
        escaped = "".join(rf"\{c}" if c in _META else c for c in needle)
        kinds.setdefault(edges, []).append(escaped)
    options = []
    for (before, after), texts in kinds.items():
        head, tail = f"(?:^|{EDGE})" if before else "", f"(?:$|{EDGE})" if after else ""
        options.append(f"{head}(?:{'|'.join(texts)}){tail}")
    return "|".join(options)


@primitive(*KINDS, *(f"{name}_cs" for name in KINDS))
def _has(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    name, _, cased = node.name.partition("_")
    starts, ends = KINDS[name]
    hay, needle = node.args
    if isinstance(needle, Lit):
        return _terms(emitter, hay, [str(needle.value)], starts, ends, bool(cased))
    values = args if cased else [emitter.lowered(each) for each in args]
    return use(emitter, "term", *values, exp.convert(starts), exp.convert(ends))


def _terms(
    emitter: Emitter, hay: Scalar, needles: list[str], starts: bool, ends: bool, cased: bool
) -> Sql:
    """Any of some known terms."""
    value = emitter.value(hay)
    if not cased:
        value, needles = emitter.lowered(value), [lower(each) for each in needles]
    if "" in needles:
        return exp.true()
    found = []
    for at in range(0, len(needles), MOST_TERMS):
        pattern = term_pattern(needles[at : at + MOST_TERMS], starts, ends)
        found.append(call("rlike", value.copy(), text(pattern)))
    if len(needles) == 1:
        return both([call("contains", value, text(needles[0])), *found])
    return either(found)


@primitive("has_any")
def _has_any(emitter: Emitter, node: Fn, _args: list[Sql]) -> Sql:
    return _terms(emitter, node.args[0], literals(node), True, True, False)


@primitive("has_all")
def _has_all(emitter: Emitter, node: Fn, _args: list[Sql]) -> Sql:
    hay = node.args[0]
    return both(_terms(emitter, hay, [n], True, True, False) for n in literals(node))


primitive("has_any_array", "has_all_array")(has_array)


@primitive(
    *(f"{name}{cs}" for name in ("contains", "startswith", "endswith") for cs in ("", "_cs"))
)
def _plain(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    name, _, cased = node.name.partition("_")
    if cased:
        return call(name, *args)
    needle = node.args[1]
    small = text(lower(str(needle.value))) if isinstance(needle, Lit) else emitter.lowered(args[1])
    return call(name, emitter.lowered(args[0]), small)
