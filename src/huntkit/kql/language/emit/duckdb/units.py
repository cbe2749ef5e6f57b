"""Units, as far as their factors are exact; and ``assert``."""

from sqlglot import exp

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb.registry import primitive
from huntkit.kql.language.emit.sql import Sql, call, case, cast, paren, text
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.language.plan import Fn, Lit

_MASS = {
    "Milligram": 1e-6,
    "Gram": 1e-3,
    "Kilogram": 1.0,
    "Tonne": 1e3,
    "Pound": 0.45359237,
}
_SPEED = {
    "MeterPerSecond": 1.0,
    "MeterPerMinute": 1 / 60,
    "MeterPerHour": 1 / 3600,
    "CentimeterPerSecond": 1 / 100,
    "CentimeterPerHour": 1 / 360_000,
    "KilometerPerHour": 1 / 3.6,
}


def _unit(node: Fn, place: int) -> str:
    given = node.args[place]
    return str(given.value) if isinstance(given, Lit) else ""


@primitive("convert_mass", "convert_speed")
def _convert(_e: Emitter, node: Fn, args: list[Sql]) -> Sql:
    factors = _MASS if node.name == "convert_mass" else _SPEED
    first, second = _unit(node, 1), _unit(node, 2)
    if first not in factors or second not in factors:
        raise KqlUnsupported(f"{node.name} from {first!r} to {second!r}")
    times = cast(text(repr(factors[first])), "DOUBLE")
    by = cast(text(repr(factors[second])), "DOUBLE")
    product = exp.Paren(this=exp.Mul(this=paren(args[0]), expression=times))
    return exp.Paren(this=exp.Div(this=product, expression=by))


_ZERO = {"Kelvin": 0.0, "DegreeCelsius": 273.15}


@primitive("convert_temperature")
def _temperature(_e: Emitter, node: Fn, args: list[Sql]) -> Sql:
    first, second = _unit(node, 1), _unit(node, 2)
    if first not in _ZERO or second not in _ZERO:
        raise KqlUnsupported(f"convert_temperature from {first!r} to {second!r}")
    shift = cast(text(repr(_ZERO[first] - _ZERO[second])), "DOUBLE")
    return exp.Paren(this=exp.Add(this=paren(args[0]), expression=shift))


@primitive("assert")
def _assert(_e: Emitter, node: Fn, args: list[Sql]) -> Sql:
    message = node.args[1]
    if not isinstance(message, Lit):
        raise KqlUnsupported("assert with a message that is not constant")
    failed = cast(call("error", text(f"assertion failed: {message.value}")), "BOOLEAN")
    return case([(args[0], exp.true())], failed)
