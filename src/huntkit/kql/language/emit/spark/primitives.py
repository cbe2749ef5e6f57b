"""Primitives that Spark builds in its own way."""

import json

from sqlglot import exp

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb.logic import SQL_TYPES
from huntkit.kql.language.emit.duckdb.registry import use
from huntkit.kql.language.emit.spark.registry import primitive
from huntkit.kql.language.emit.sql import Sql, call, cast, text, whole
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.language.plan import Fn, Lit, Scalar


def constant_steps(node: Scalar) -> tuple[Scalar, str] | None:
    """The value that a chain of constant keys and indexes starts from, and the chain as JSON."""
    steps: list[object] = []
    while isinstance(node, Fn) and node.name in ("path", "element"):
        step = node.args[1]
        if not isinstance(step, Lit) or step.value is None:
            return None
        steps.append(str(step.value) if node.name == "path" else int(step.value))
        node = node.args[0]
    return (node, json.dumps(steps[::-1], ensure_ascii=False)) if steps else None


@primitive("path", "element")
def _path(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    found = constant_steps(node)
    if found is None:
        return use(emitter, f"{node.name}_of", *args)
    return use(emitter, "at_path", emitter.value(found[0]), text(found[1]))


@primitive("tostring")
def _tostring(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    given = node.args[0]
    if given.type == "dynamic" and (found := constant_steps(given)) is not None:
        return use(emitter, "text_at_path", emitter.value(found[0]), text(found[1]))
    kind = "long" if given.type == "int" else given.type
    return args[0] if kind == "string" else use(emitter, f"text_{kind}", args[0])


@primitive("tolower")
def _tolower(emitter: Emitter, _n: Fn, args: list[Sql]) -> Sql:
    return emitter.lowered(args[0])


@primitive("round")
def _round(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    digits = node.args[1] if len(node.args) > 1 else Lit("long", 0)
    if not isinstance(digits, Lit) or digits.value is None:
        raise KqlUnsupported("round with digits that are not constant")
    number = int(digits.value)
    if node.type == "real":
        return use(emitter, "round_real", args[0], whole(number))
    if node.type in ("int", "long") and number >= 0:
        return args[0]
    return cast(call("round", args[0], whole(number)), SQL_TYPES[node.type])


@primitive("countof")
def _countof(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    kind = node.args[2] if len(node.args) > 2 else Lit("string", "normal")
    if isinstance(kind, Lit) and kind.value == "normal":
        return use(emitter, "countof_text", *args[:2])
    raise KqlUnsupported("countof of this kind on Spark")


@primitive("rand")
def _rand(_e: Emitter, _n: Fn, args: list[Sql]) -> Sql:
    if not args:
        return call("rand")
    scaled = exp.Mul(this=call("rand"), expression=exp.Paren(this=args[0]))
    return cast(call("floor", scaled), "DOUBLE")
