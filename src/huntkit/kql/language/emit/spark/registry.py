"""What Spark's SQL is put together from: templates of SQL, and functions in Python on columns.

Spark has no macros, so a template is written out where it is used. What SQL can't say exactly, or
says otherwise on another version of Spark, is a function in Python; it must never stand inside a
lambda, and never raises.
"""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import sqlglot
from sqlglot import exp

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb import registry as shared
from huntkit.kql.language.emit.sql import Sql, call, named, paren
from huntkit.kql.language.errors import KqlUnsupported

PREFIX = "huntkit_"
HEAVY = 12  # nodes of an argument that is written out once, however often a template names it
_TYPES = {"V": "string", "L": "bigint", "D": "double", "B": "boolean", "A": "array<string>"}


@dataclass(frozen=True, slots=True)
class Template:
    """SQL with named parameters."""

    parameters: tuple[str, ...]
    body: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function in Python.

    Attributes:
        name: what Spark calls it.
        compute: of one row's values; of whole Arrow arrays where ``columns`` is set.
        result: Spark's type.
        columns: whether it takes arrays.
    """

    name: str
    compute: Callable[..., Any]
    result: str
    columns: bool = False


class Missing(KqlUnsupported):
    """Spark lacks a building block."""


TEMPLATES: dict[str, Template] = {}
FUNCTIONS: dict[str, Function] = {}
PRIMITIVES: dict[str, shared.Build] = {}


def template(name: str, parameters: str, body: str) -> None:
    """A building block in SQL; ``kql_x(...)`` and ``py_x(...)`` inside it are others."""
    TEMPLATES[name] = Template(tuple(p.strip() for p in parameters.split(",") if p.strip()), body)


def primitive(*keys: str) -> Callable[[shared.Build], shared.Build]:
    """A primitive that Spark builds in its own way. Keys as in the shared registry."""

    def register(build: shared.Build) -> shared.Build:
        for key in keys:
            PRIMITIVES[key] = build
        return build

    return register


Run = TypeVar("Run", bound=Callable[..., Any])


def python(name: str, result: str, *, columns: bool = False) -> Callable[[Run], Run]:
    """A building block in Python; the result is ``V L D B`` or ``A``, a list of texts."""

    def register(function: Run) -> Run:
        FUNCTIONS[name] = Function(PREFIX + name, function, _TYPES[result], columns)
        return function

    return register


def function_of(name: str) -> Function | None:
    """A function in Python by the name of its building block; DuckDB's serve Spark as well."""
    found = FUNCTIONS.get(name)
    if found is None and (other := shared.PYTHON.get(f"py_{name}")) is not None:
        found = Function(PREFIX + name, other.function, _TYPES[other.kinds[-1]])
    return found


def functions_of(needs: Iterable[str]) -> list[Function]:
    """What a session must know before a statement runs."""
    found = (function_of(name.removeprefix(PREFIX)) for name in sorted(needs))
    return [each for each in found if each is not None]


def build_helper(emitter: Emitter, name: str, arguments: Sequence[Sql]) -> Sql:
    """A building block with its arguments."""
    if name in TEMPLATES:
        return _expanded(emitter, name, arguments)
    function = function_of(name)
    if function is None:
        raise Missing(name)
    emitter.needs.add(function.name)
    emitter.spend(1)
    return call(function.name, *arguments)


def _expanded(emitter: Emitter, name: str, arguments: Sequence[Sql]) -> Sql:
    """A template written out."""
    made, counts, lambdas = _parsed(name)
    parameters = TEMPLATES[name].parameters
    given = dict(zip(parameters, arguments, strict=True))
    often = {each: value for each, value in given.items() if counts[each] > 1}
    heavy = {
        each: value
        for each, value in often.items()
        if lambdas and _is_heavy(value) and value.find(exp.Column)
    }
    emitter.spend(sum(weight(often[each]) * counts[each] for each in often if each not in heavy))
    inside = {each: paren(value) for each, value in given.items() if each not in heavy}
    inside |= {each: _field("v", each) for each in heavy}
    result = _filled(emitter, made.copy(), inside, often)
    if not heavy:
        return exp.Paren(this=result)
    # Spark has no LET: a lambda over an array of one evaluates the arguments once
    row = call(
        "array", exp.Struct(expressions=[named(value, name) for name, value in heavy.items()])
    )
    body = exp.Lambda(this=result, expressions=[exp.to_identifier("v")])
    return call("element_at", call("transform", row, body), exp.convert(1))


def weight(value: Sql) -> int:
    """How many nodes an expression has."""
    return sum(1 for _ in value.walk())


def _is_heavy(value: Sql) -> bool:
    return any(count >= HEAVY for count, _ in enumerate(value.walk()))


def _field(row: str, name: str) -> Sql:
    return exp.column(name, table=row)


def _filled(emitter: Emitter, node: Sql, values: Mapping[str, Sql], often: Container[str]) -> Sql:
    """A template's tree with the arguments in place; those written ``often`` as copies."""

    def replace(each: Any) -> Any:
        if isinstance(each, exp.Column) and not each.table and each.name in values:
            value = values[each.name]
            return value.copy() if each.name in often else value
        if isinstance(each, exp.Anonymous):
            kind, _, rest = str(each.this).partition("_")
            if kind in ("kql", "py"):
                arguments = [_filled(emitter, inner, values, often) for inner in each.expressions]
                return build_helper(emitter, rest, arguments)
            if kind == "spark":  # a name that the parser would take for its own
                each.set("this", rest)
        return each

    filled: Sql = node.transform(replace, copy=False)
    return filled


@cache
def _parsed(name: str) -> tuple[Sql, dict[str, int], bool]:
    """A template's tree, how often it names each parameter, and whether a lambda may hold it."""
    made = sqlglot.parse_one(TEMPLATES[name].body, read="spark")
    for each in list(made.find_all(exp.TryCast)):
        if not each.args.get("safe"):  # the parser's word for CAST
            each.replace(exp.Cast(this=each.this, to=each.args["to"]))
    if isinstance(made, exp.TryCast) and not made.args.get("safe"):
        made = exp.Cast(this=made.this, to=made.args["to"])
    counts = dict.fromkeys(TEMPLATES[name].parameters, 0)
    for column in made.find_all(exp.Column):
        if column.name in counts:
            counts[column.name] += 1
    for parameter, within in _nested(made).items():
        counts[parameter] = counts.get(parameter, 0) + within
    return made, counts, not any(_in_python(each) for each in _calls(made))


def _calls(made: Sql) -> list[str]:
    return [str(each.this) for each in made.find_all(exp.Anonymous)]


def _nested(made: Sql) -> dict[str, int]:
    """How much oftener parameters are named by the templates inside."""
    more: dict[str, int] = {}
    for each in made.find_all(exp.Anonymous):
        inner = str(each.this).removeprefix("kql_")
        if not str(each.this).startswith("kql_") or inner not in TEMPLATES:
            continue
        _, counts, _ = _parsed(inner)
        for parameter, value in zip(TEMPLATES[inner].parameters, each.expressions, strict=True):
            for column in value.find_all(exp.Column):
                more[column.name] = more.get(column.name, 0) + max(counts[parameter] - 1, 0)
    return more


def _in_python(name: str) -> bool:
    """Whether a call inside a template ends in Python, which no lambda may hold."""
    kind, _, rest = name.partition("_")
    if kind == "kql" and rest in TEMPLATES:
        return not _parsed(rest)[2]
    return kind in ("py", "kql")


def find(node_name: str, arity: int, first: str) -> shared.Build | None:
    """How a primitive is built for a call's arity and types."""
    keys = (
        f"{node_name}/{arity}:{first}",
        f"{node_name}/{arity}",
        f"{node_name}:{first}",
        node_name,
    )
    for key in keys:
        if key in PRIMITIVES:
            return PRIMITIVES[key]
        if key in shared.PRIMITIVES and _neutral(key):
            return shared.PRIMITIVES[key]
    return None


def _neutral(key: str) -> bool:
    """Whether the shared way to build a primitive says nothing that only DuckDB knows."""
    name = re.sub(r"\W", "_", key)
    return key in NEUTRAL or f"kql_{name}" in shared.MACROS or f"py_{name}" in shared.PYTHON


# built of standard SQL and of building blocks only
# fmt: off
NEUTRAL = frozenset([
    "and", "or", "not", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
    "between", "in", "in_ci", "equal_ci", "isnull", "isnotnull", "isempty", "isnotempty", "iff",
    "case", "coalesce", "add", "subtract", "multiply", "divide", "modulo", "negate", "strcat",
    "strcat_delim", "indexof/3", "indexof/4", "hash_md5", "hash_sha1", "hash_sha256",
    "format_bytes", "unicode_codepoints_to_string", "to_dynamic", "parse_json", "tolong",
    "toint", "toreal", "todecimal", "tobool", "todatetime", "totimespan", "toguid", "gettype",
    "pack_array", "bag_pack", "pack_all", "range", "in_array:string", "in_array_ci",
    "array_concat", "set_union", "set_intersect", "set_difference", "zip", "bag_merge",
    "datetime_part", "datetime_add", "datetime_diff", "ingestion_time", "format_datetime",
    "format_timespan", "max_of", "min_of", "convert_mass", "convert_speed",
    "convert_temperature", "geo_distance_2points", "has_ipv4",
    "has_any_ipv4", "has_ipv4_prefix", "has_any_ipv4_prefix", "ipv4_is_in_any_range",
    "ipv6_is_in_any_range", "parse_version",
])
# fmt: on
