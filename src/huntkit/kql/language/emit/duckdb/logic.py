"""Logic, comparison and arithmetic."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any

from sqlglot import exp

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb.registry import primitive, python, simple, use
from huntkit.kql.language.emit.sql import (
    Sql,
    both,
    call,
    case,
    cast,
    coalesce,
    either,
    ident,
    is_null,
    negated,
    null,
    paren,
    text,
    whole,
)
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.language.plan import Col, Fn, Lit, Scalar

SQL_TYPES = {
    "bool": "BOOLEAN",
    "int": "INTEGER",
    "long": "BIGINT",
    "real": "DOUBLE",
    "decimal": "DECIMAL(38,18)",
    "string": "VARCHAR",
    "datetime": "BIGINT",
    "timespan": "BIGINT",
    "guid": "VARCHAR",
    "dynamic": "VARCHAR",
}
_WHOLE = ("int", "long", "datetime", "timespan")
EPOCH = 621_355_968_000_000_000


def literal(node: Lit) -> Sql:
    """A constant of a KQL type."""
    value = node.value
    if value is None:
        return cast(null(), SQL_TYPES[node.type])
    if node.type == "bool":
        return exp.true() if value else exp.false()
    if node.type in ("string", "guid", "dynamic"):
        return text(str(value))
    if node.type == "real":
        return cast(text(repr(float(value))), "DOUBLE")
    if node.type == "decimal":
        return cast(text(str(value)), SQL_TYPES["decimal"])
    if node.type == "int" and not -(2**31) <= int(value) < 2**31:
        raise KqlUnsupported("an int literal beyond 32 bits")
    if not -(2**63) <= int(value) < 2**63:
        raise KqlUnsupported("a literal beyond 64 bits")
    return cast(text(str(value)), SQL_TYPES[node.type])


def plain(emitter: Emitter, node: Scalar) -> Sql:
    """As `value`, but whole numbers without a cast, for comparisons."""
    if isinstance(node, Lit) and node.type in _WHOLE and node.value is not None:
        number = int(node.value)
        if -(2**63) < number < 2**63:
            return whole(number)
    return emitter.value(node)


# --- logic --------------------------------------------------------------------------------------


@primitive("and")
def _and(_e: Emitter, _n: Fn, args: list[Sql]) -> Sql:
    return both(args)


@primitive("or")
def _or(_e: Emitter, _n: Fn, args: list[Sql]) -> Sql:
    return either(args)


@primitive("not")
def _not(_e: Emitter, _n: Fn, args: list[Sql]) -> Sql:
    return negated(args[0])


def truth(emitter: Emitter, node: Scalar) -> Sql:
    """A condition of which only "true" counts: null may stand for false."""
    if isinstance(node, Fn):
        if node.name in ("and", "or"):
            join = both if node.name == "and" else either
            return join(truth(emitter, each) for each in node.args)
        if node.name in _COMPARED:
            return compare(emitter, node, loose=True)
        if node.name in ("in", "in_ci"):
            return _among(emitter, node)
        if node.name == "between":
            return _between(emitter, node)
    return emitter.value(node)


_COMPARED = {
    "equal": exp.EQ,
    "not_equal": exp.NEQ,
    "less": exp.LT,
    "less_equal": exp.LTE,
    "greater": exp.GT,
    "greater_equal": exp.GTE,
}
_TURNED = {
    "equal": "equal",
    "not_equal": "not_equal",
    "less": "greater",
    "less_equal": "greater_equal",
    "greater": "less",
    "greater_equal": "less_equal",
}


@primitive(*_COMPARED)
def _compare(emitter: Emitter, node: Fn, _args: list[Sql]) -> Sql:
    return compare(emitter, node, loose=False)


def compare(emitter: Emitter, node: Fn, *, loose: bool) -> Sql:
    """A comparison; ``loose`` where null may stand for false."""
    left, right = node.args
    if left.type == "dynamic" or right.type == "dynamic":
        raise KqlUnsupported(f"{node.name} of dynamic values")
    if loose and (raw := _raw(emitter, node)):
        return raw
    a, b = paren(plain(emitter, left)), paren(plain(emitter, right))
    if left.type == "string" or node.name not in ("equal", "not_equal"):
        return _COMPARED[node.name](this=a, expression=b)
    if loose and node.name == "equal":
        return exp.EQ(this=a, expression=b)
    same = exp.NullSafeEQ if node.name == "equal" else exp.NullSafeNEQ
    result = same(this=a, expression=b)
    if loose or _known(left) or _known(right):
        return exp.Paren(this=result)
    return case([(both([is_null(a), is_null(b)]), cast(null(), "BOOLEAN"))], result)


def _known(node: Scalar) -> bool:
    return isinstance(node, Lit) and node.value is not None


def ticks(node: Scalar) -> int | None:
    """The value of a constant datetime or timespan."""
    if isinstance(node, Lit) and node.type in ("datetime", "timespan", "long"):
        return None if node.value is None else int(node.value)
    if isinstance(node, Fn) and node.name in ("add", "subtract") and len(node.args) == 2:
        a, b = ticks(node.args[0]), ticks(node.args[1])
        if a is None or b is None:
            return None
        return a + b if node.name == "add" else a - b
    return None


def _raw(emitter: Emitter, node: Fn) -> Sql | None:
    """A datetime column against a constant, on the engine's own timestamps."""
    name, (left, right) = node.name, node.args
    if isinstance(right, Col):
        left, right, name = right, left, _TURNED[name]
    if not isinstance(left, Col) or left.type != "datetime" or emitter.scope is None:
        return None
    column = dict(emitter.scope.raw).get(left.name)
    value = ticks(right)
    if column is None or value is None or name == "not_equal":
        return None
    whole_, rest = divmod(value - EPOCH, 10)
    if rest and name == "equal":
        return exp.false()
    if rest and name in ("less", "greater_equal"):
        whole_ += 1
    stamp = emitter.moment(whole_)
    if stamp is None:
        return None
    return _COMPARED[name](this=ident(column), expression=stamp)


def timestamp(microseconds: int) -> Sql | None:
    """A TIMESTAMPTZ literal."""
    try:
        moment = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=microseconds)  # noqa: DTZ001
    except OverflowError:
        return None
    return cast(text(moment.isoformat(sep=" ") + "+00"), "TIMESTAMPTZ")


@primitive("between")
def _between_value(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    value = node.args[0]
    return both(
        [
            exp.GTE(this=paren(args[0]), expression=paren(args[1])),
            exp.LTE(this=paren(emitter.value(value)), expression=paren(args[2])),
        ]
    )


def _between(emitter: Emitter, node: Fn) -> Sql:
    value, low, high = node.args
    return both(
        compare(emitter, Fn("bool", name, (value, bound)), loose=True)
        for name, bound in (("greater_equal", low), ("less_equal", high))
    )


@primitive("in", "in_ci")
def _in(emitter: Emitter, node: Fn, _args: list[Sql]) -> Sql:
    found = _among(emitter, node)
    return found if node.args[0].type == "string" else coalesce(found, exp.false())


def _among(emitter: Emitter, node: Fn) -> Sql:
    value, *items = node.args
    if value.type == "dynamic" or any(item.type == "dynamic" for item in items):
        raise KqlUnsupported("in of dynamic values")
    items = [item for item in items if not (isinstance(item, Lit) and item.value is None)]
    if not items:
        return exp.false()
    sql, listed = emitter.value(value), [plain(emitter, item) for item in items]
    if node.name == "in_ci":
        sql = lowered(emitter, value)
        listed = [lowered(emitter, item) for item in items]
    return exp.In(this=paren(sql), expressions=listed)


def lowered(emitter: Emitter, node: Scalar) -> Sql:
    """A text in lower case; a constant's is computed now."""
    if isinstance(node, Lit):
        return text(lower(str(node.value)))
    return emitter.lowered(emitter.value(node))


def lower(value: str) -> str:
    """Lower case letter by letter, as the engine does."""
    return "".join(c.lower()[0] for c in value)


@primitive("equal_ci")
def _equal_ci(emitter: Emitter, node: Fn, _args: list[Sql]) -> Sql:
    a, b = (lowered(emitter, each) for each in node.args)
    return exp.Paren(this=exp.EQ(this=a, expression=b))


@primitive("isnull", "isnotnull")
def _isnull(_e: Emitter, node: Fn, args: list[Sql]) -> Sql:
    if node.args[0].type == "string":
        return exp.false() if node.name == "isnull" else exp.true()
    found = is_null(args[0])
    return exp.Paren(this=found) if node.name == "isnull" else negated(found)


@primitive("isempty", "isnotempty")
def _isempty(_e: Emitter, node: Fn, args: list[Sql]) -> Sql:
    kind = node.args[0].type
    if kind in ("string", "guid"):
        found: Sql = exp.EQ(this=coalesce(args[0], text("")), expression=text(""))
    elif kind == "dynamic":
        found = exp.In(
            this=coalesce(args[0], text("")), expressions=[text(""), text('""'), text("null")]
        )
    else:
        found = is_null(args[0])
    return exp.Paren(this=found) if node.name == "isempty" else negated(found)


@primitive("iff")
def _iff(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    return case([(truth(emitter, node.args[0]), args[1])], args[2])


@primitive("case")
def _case(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    pairs = zip(node.args[:-1:2], args[1:-1:2], strict=True)
    return case([(truth(emitter, condition), value) for condition, value in pairs], args[-1])


@primitive("coalesce")
def _coalesce(_e: Emitter, node: Fn, args: list[Sql]) -> Sql:
    if node.type == "string":
        given = [call("nullif", each, text("")) for each in args]
        return call("coalesce", *given, text(""))
    return call("coalesce", *args)


# --- arithmetic ---------------------------------------------------------------------------------


@primitive("add", "subtract", "multiply")
def _arithmetic(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    if node.args[0].type == "decimal" and node.name == "multiply":
        given = (cast(each, "VARCHAR") for each in args)
        return cast(use(emitter, "decimal_multiply", *given), SQL_TYPES["decimal"])
    kind = {"add": exp.Add, "subtract": exp.Sub, "multiply": exp.Mul}[node.name]
    return exp.Paren(this=kind(this=paren(args[0]), expression=paren(args[1])))


@primitive("divide")
def _divide(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    kind = node.args[0].type
    if kind == "real":
        return use(emitter, "divide_real", *args)
    if kind == "decimal":
        given = (cast(each, "VARCHAR") for each in args)
        return cast(use(emitter, "decimal_divide", *given), SQL_TYPES["decimal"])
    return cast(use(emitter, "divide_long", *args), SQL_TYPES[node.type])


simple("divide_real", "a, b", "a / b")
simple("divide_long", "a, b", "a // nullif(b, 0)")
simple("modulo_long", "a, b", "((a % nullif(b, 0)) + abs(b)) % nullif(b, 0)")


@primitive("modulo")
def _modulo(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    if node.args[0].type in _WHOLE:
        return cast(use(emitter, "modulo_long", *args), SQL_TYPES[node.type])
    return cast(use(emitter, "modulo_long", *args), SQL_TYPES[node.type])


@primitive("negate")
def _negate(_e: Emitter, _n: Fn, args: list[Sql]) -> Sql:
    return exp.Paren(this=exp.Neg(this=paren(args[0])))


simple("timespan_multiply", "a, b", "TRY_CAST(round(a * b) AS BIGINT)")
simple("timespan_divide", "a, b", "TRY_CAST(round(a / nullif(b::DOUBLE, 0)) AS BIGINT)")
simple("timespan_ratio", "a, b", "a::DOUBLE / b::DOUBLE")


def _decimal(operation: str) -> Callable[..., Any]:
    def compute(a: str | None, b: str | None) -> str | None:
        if a is None or b is None:
            return None
        with localcontext() as context:
            context.prec = 60
            try:
                x, y = Decimal(a), Decimal(b)
                result = x * y if operation == "multiply" else x / y
                return format(result.quantize(Decimal("1e-18")), "f")
            except (InvalidOperation, ZeroDivisionError):
                return None

    return compute


python("decimal_multiply", "VV", "V")(_decimal("multiply"))
python("decimal_divide", "VV", "V")(_decimal("divide"))
