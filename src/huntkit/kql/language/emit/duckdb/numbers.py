"""Mathematics."""

import math
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb.registry import primitive, python, simple
from huntkit.kql.language.emit.sql import Sql, call, cast
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.language.plan import Fn, Lit

simple("ceiling", "a", "a")
simple("ceiling:real", "a", "ceil(a)")
simple("ceiling:decimal", "a", "ceil(a)::DECIMAL(38,18)")
simple("abs", "a", "abs(a)")
simple("sign", "a", "CASE WHEN isnan(a) THEN NULL ELSE sign(a) END")
simple("sqrt", "a", "CASE WHEN a >= 0 THEN sqrt(a) END")
simple("pow", "a, b", "TRY(pow(a, b))")
simple("exp", "a", "exp(a)")
simple("exp2", "a", "pow(2.0::DOUBLE, a)")
simple("exp10", "a", "pow(10.0::DOUBLE, a)")
for _name, _sql in {"log": "ln", "log2": "log2", "log10": "log10"}.items():
    simple(_name, "a", f"CASE WHEN a > 0 THEN {_sql}(a) END")
simple("pi", "", "pi()")
for _name in ("sin", "cos", "tan", "atan", "degrees", "radians"):
    simple(_name, "a", f"CASE WHEN isfinite(a) THEN {_name}(a) END")
simple("cot", "a", "CASE WHEN isfinite(a) AND a <> 0 THEN 1 / tan(a) END")
for _name in ("asin", "acos"):
    simple(_name, "a", f"CASE WHEN a BETWEEN -1 AND 1 THEN {_name}(a) END")
simple("atan2", "a, b", "atan2(a, b)")
simple("isnan", "a", "coalesce(isnan(a), false)")
simple("isinf", "a", "coalesce(isinf(a), false)")
simple("isfinite", "a", "coalesce(isfinite(a), false)")
simple("binary_and", "a, b", "a & b")
simple("binary_or", "a, b", "a | b")
simple("binary_xor", "a, b", "xor(a, b)")
simple("binary_not", "a", "~a")
simple("bitset_count_ones", "a", "bit_count(a)::BIGINT")
simple("tohex", "a", "lower(printf('%x', a))")
simple(
    "tohex/2",
    "a, n",
    "lpad(lower(printf('%x', a)), greatest(least(n, 1024), length(printf('%x', a)))::INTEGER, '0')",
)
simple("new_guid", "", "uuid()::VARCHAR")


def _shift(left: bool) -> Callable[..., Any]:
    def compute(value: int | None, by: int | None) -> int | None:
        if value is None or by is None:
            return None
        by %= 64
        if not left:
            return value >> by
        found = (value << by) & (2**64 - 1)
        return found - 2**64 if found >= 2**63 else found

    return compute


python("binary_shift_left", "LL", "L")(_shift(left=True))
python("binary_shift_right", "LL", "L")(_shift(left=False))


def _special(name: str) -> Callable[..., Any]:
    def compute(value: float | None) -> float | None:
        if value is None:
            return None
        try:
            found: float = getattr(math, name)(value)
        except (ValueError, OverflowError):
            return None
        return found

    return compute


for _name, _function in {
    "gamma": "gamma",
    "loggamma": "lgamma",
    "erf": "erf",
    "erfc": "erfc",
}.items():
    python(_name, "D", "D")(_special(_function))


@primitive("round")
def _round(_e: Emitter, node: Fn, args: list[Sql]) -> Sql:
    digits = node.args[1] if len(node.args) > 1 else Lit("long", 0)
    if not isinstance(digits, Lit) or digits.value is None:
        raise KqlUnsupported("round with digits that are not constant")
    if node.type in ("int", "long") and int(digits.value) >= 0:
        return args[0]
    found = call("round", args[0], exp.convert(int(digits.value)))
    types = {"decimal": "DECIMAL(38,18)", "real": "DOUBLE", "long": "BIGINT", "int": "INTEGER"}
    return cast(found, types[node.type])


@primitive("max_of", "min_of")
def _extreme(_e: Emitter, node: Fn, args: list[Sql]) -> Sql:
    if node.args[0].type == "dynamic":
        raise KqlUnsupported(f"{node.name} of dynamic values")
    return call("greatest" if node.name == "max_of" else "least", *args)


@primitive("rand")
def _rand(_e: Emitter, _n: Fn, args: list[Sql]) -> Sql:
    if not args:
        return call("random")
    scaled = exp.Mul(this=call("random"), expression=exp.Paren(this=args[0]))
    return cast(call("floor", scaled), "DOUBLE")


@python("beta_pdf", "DDD", "D")
def _beta_density(x: float | None, alpha: float | None, beta: float | None) -> float | None:
    """The density of the beta distribution; nan outside of it."""
    if x is None or alpha is None or beta is None:
        return None
    if not 0 < x < 1 or alpha <= 0 or beta <= 0:
        return math.nan
    scale = math.lgamma(alpha + beta) - math.lgamma(alpha) - math.lgamma(beta)
    return math.exp(scale + (alpha - 1) * math.log(x) + (beta - 1) * math.log1p(-x))
