"""How DuckDB computes each primitive: inline SQL, a macro, or a function in Python.

Macros are SQL of our own with named parameters; a connection gets only those that a statement
needs. Python functions are for what SQL can't say exactly; they never raise.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, TypeVar

from sqlglot import exp

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.sql import Sql, call, null
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.language.plan import Fn

Build = Callable[[Emitter, Fn, list[Sql]], Sql]


@dataclass(frozen=True, slots=True)
class Macro:
    """CREATE MACRO kql_<name>(parameters) AS body."""

    name: str
    parameters: str
    body: str


@dataclass(frozen=True, slots=True)
class Python:
    """A function in Python over DuckDB's types; a missing last argument is NULL."""

    name: str
    function: Callable[..., Any]
    parameters: tuple[str, ...]
    result: str
    kinds: str = ""  # the parameters' and the result's letters, as `python` has them


MACROS: dict[str, Macro] = {}
PYTHON: dict[str, Python] = {}
PRIMITIVES: dict[str, Build] = {}


def macro(name: str, parameters: str, body: str) -> str:
    """A macro for use by others; its SQL name."""
    full = f"kql_{name}"
    MACROS[full] = Macro(full, parameters, body)
    return full


def simple(key: str, parameters: str, body: str) -> None:
    """A primitive that is one macro. Key: ``name``, ``name/2`` by arity, ``name:real`` by type."""
    name = macro(re.sub(r"\W", "_", key), parameters, body).removeprefix("kql_")

    def build(emitter: Emitter, _: Fn, arguments: list[Sql]) -> Sql:
        return use(emitter, name, *arguments)

    PRIMITIVES[key] = build


def primitive(*keys: str) -> Callable[[Build], Build]:
    """A primitive that is built inline."""

    def register(build: Build) -> Build:
        for key in keys:
            PRIMITIVES[key] = build
        return build

    return register


Run = TypeVar("Run", bound=Callable[..., Any])


def python(key: str, parameters: Iterable[str], result: str) -> Callable[[Run], Run]:
    """A primitive in Python.

    Types: ``V`` VARCHAR, ``L`` BIGINT, ``D`` DOUBLE, ``B`` BOOLEAN; ``J``: the argument, of any
    type, as JSON text.
    """

    def register(function: Run) -> Run:
        kinds = list(parameters)
        name = re.sub(r"\W", "_", key)
        full, types = f"py_{name}", tuple(_TYPES[k] for k in kinds)
        PYTHON[full] = Python(
            full, _unfailing(function), types, _TYPES[result], "".join(kinds) + result
        )

        def build(emitter: Emitter, node: Fn, arguments: list[Sql]) -> Sql:
            if len(arguments) > len(kinds):
                raise KqlUnsupported(f"{node.name}() with {len(arguments)} arguments")
            given = [
                _given(emitter, kind, each.type, value)
                for kind, each, value in zip(kinds, node.args, arguments, strict=False)
            ]
            missing = [null() for _ in range(len(kinds) - len(given))]
            found = emitter.helper(name, [*given, *missing])
            if node.type == "dynamic" and result in _KQL:
                return as_json(emitter, _KQL[result], found)
            return found

        PRIMITIVES[key] = build
        return function

    return register


def _unfailing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Null where a function meets a value that it can't compute with: one row costs no query."""

    @wraps(function)
    def run(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
            return None

    return run


def _given(emitter: Emitter, kind: str, type_: str, value: Sql) -> Sql:
    if kind == "J":
        return as_json(emitter, type_, value)
    if kind == "L" and type_ in ("real", "decimal"):
        return exp.TryCast(this=call("trunc", value), to=exp.DataType.build("BIGINT"))
    return value


_KQL = {"L": "long", "D": "real", "B": "bool"}
_TYPES = {"V": "VARCHAR", "L": "BIGINT", "D": "DOUBLE", "B": "BOOLEAN", "J": "VARCHAR"}


def as_json(emitter: Emitter, type_: str, value: Sql) -> Sql:
    """A value as JSON text; null is NULL."""
    if type_ == "dynamic":
        return value
    return use(emitter, f"json_{_JSON.get(type_, type_)}", value)


_JSON = {"guid": "string", "int": "long"}


def use(emitter: Emitter, name: str, *arguments: Sql) -> Sql:
    """One of the emitter's building blocks by its name."""
    return emitter.helper(name, arguments)


def known(emitter: Emitter, name: str, arguments: Sequence[Sql]) -> Sql:
    """Call a macro or Python function by its name."""
    full = f"kql_{name}"
    if full not in MACROS:
        full = f"py_{name}"
    emitter.needs.add(full)
    return call(full, *arguments)


def find(node: Fn) -> Build | None:
    """The implementation for a call's arity and types."""
    first = node.args[0].type if node.args else ""
    for key in (
        f"{node.name}/{len(node.args)}:{first}",
        f"{node.name}/{len(node.args)}",
        f"{node.name}:{first}",
        node.name,
    ):
        if key in PRIMITIVES:
            return PRIMITIVES[key]
    return None


_NAMES = re.compile(r"\b(?:kql|py)_\w+")


@cache
def requirements(name: str) -> tuple[str, ...]:
    """What a macro calls, and the macro last."""
    found: list[str] = []
    for each in _NAMES.findall(MACROS[name].body) if name in MACROS else []:
        found += [n for n in requirements(each) if n not in found]
    return (*found, name)
