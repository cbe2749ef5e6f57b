"""Conversions between the types."""

import math
import re
import uuid
from decimal import Decimal, InvalidOperation

from sqlglot import exp

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb.dynamic import constant_path
from huntkit.kql.language.emit.duckdb.logic import SQL_TYPES
from huntkit.kql.language.emit.duckdb.registry import (
    as_json,
    macro,
    primitive,
    python,
    simple,
    use,
)
from huntkit.kql.language.emit.sql import Sql, call, cast, coalesce, text
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.language.instants import parse_datetime, parse_timespan
from huntkit.kql.language.plan import Fn

# --- text ---------------------------------------------------------------------------------------

macro("text_bool", "a", "CASE WHEN a THEN 'True' WHEN NOT a THEN 'False' ELSE '' END")
macro("text_long", "a", "coalesce(a::VARCHAR, '')")
macro(
    "text_datetime",
    "a",
    "coalesce(strftime(make_timestamp((a - 621355968000000000) // 10 - CASE WHEN"
    " a < 621355968000000000 AND a % 10 <> 0 THEN 1 ELSE 0 END), '%Y-%m-%dT%H:%M:%S')"
    " || '.' || lpad((a % 10000000)::VARCHAR, 7, '0') || 'Z', '')",
)
macro(
    "text_timespan",
    "a",
    "coalesce(CASE WHEN a < 0 THEN '-' ELSE '' END"
    " || CASE WHEN abs(a) >= 864000000000 THEN (abs(a) // 864000000000)::VARCHAR || '.' ELSE ''"
    " END || lpad((abs(a) // 36000000000 % 24)::VARCHAR, 2, '0')"
    " || ':' || lpad((abs(a) // 600000000 % 60)::VARCHAR, 2, '0')"
    " || ':' || lpad((abs(a) // 10000000 % 60)::VARCHAR, 2, '0')"
    " || CASE WHEN a % 10000000 <> 0 THEN '.' || lpad((abs(a) % 10000000)::VARCHAR, 7, '0')"
    " ELSE '' END, '')",
)
macro("text_dynamic", "a", "coalesce(json_extract_string(a, '$'), '')")
macro("text_string", "a", "a")
macro("text_guid", "a", "coalesce(a, '')")
macro("text_decimal", "a", "coalesce(rtrim(rtrim(a::VARCHAR, '0'), '.'), '')")


@python("text_real", "D", "V")
def real_text(value: float | None) -> str:
    """A real as KQL prints it: the shortest digits, always with a point or an exponent."""
    if value is None:
        return ""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    digits = repr(value)
    if "e" not in digits:
        return digits
    mantissa, _, exponent = digits.partition("e")
    power = int(exponent)
    if -5 <= power < 15:
        return format(Decimal(digits), "f") + ".0"
    return f"{mantissa}E{'+' if power >= 0 else '-'}{abs(power):02d}"


@primitive("tostring")
def _tostring(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    given = node.args[0]
    if given.type == "dynamic" and isinstance(given, Fn) and (found := path_text(emitter, given)):
        return coalesce(found, text(""))
    kind = "long" if given.type == "int" else given.type
    return args[0] if kind == "string" else use(emitter, f"text_{kind}", args[0])


def path_text(emitter: Emitter, node: Fn) -> Sql | None:
    """The text at a constant path, in one step."""
    found = constant_path(node)
    if found is None:
        return None
    base, path = found
    return call("json_extract_string", emitter.value(base), text(path))


# --- JSON ---------------------------------------------------------------------------------------

macro("json_string", "a", "to_json(a)::VARCHAR")
macro("json_long", "a", "a::VARCHAR")
macro("json_bool", "a", "CASE WHEN a THEN 'true' WHEN NOT a THEN 'false' END")
macro("json_decimal", "a", "'\"' || kql_text_decimal(a) || '\"'")
macro("json_datetime", "a", "'\"' || nullif(kql_text_datetime(a), '') || '\"'")
macro("json_timespan", "a", "'\"' || nullif(kql_text_timespan(a), '') || '\"'")
macro(
    "json_real",
    "a",
    "CASE WHEN isnan(a) THEN '\"NaN\"' WHEN isinf(a) THEN CASE WHEN a > 0 THEN '\"Infinity\"'"
    " ELSE '\"-Infinity\"' END ELSE to_json(a)::VARCHAR END",
)
macro(
    "parse_json",
    "a",
    # TRY: a constant is folded before CASE can keep it from json()
    "CASE WHEN a = '' THEN NULL WHEN json_valid(a) THEN nullif(TRY(json(a)::VARCHAR), 'null')"
    " ELSE to_json(a)::VARCHAR END",
)


@primitive("to_dynamic")
def _to_dynamic(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    return as_json(emitter, node.args[0].type, args[0])


@primitive("parse_json")
def _parse_json(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    if node.args[0].type == "dynamic":
        return args[0]
    return use(emitter, "parse_json", args[0])


# --- numbers ------------------------------------------------------------------------------------


@python("whole_text", "V", "L")
def whole_of_text(value: str | None) -> int | None:
    """A whole number written as text."""
    if value is None:
        return None
    value = value.strip()
    if _WHOLE.fullmatch(value):
        number = int(value)
    elif _HEX.fullmatch(value):
        number = int(value, 16)
    else:
        return None
    return number if -(2**63) <= number < 2**63 else None


_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
_HEX = re.compile(r"0[xX][0-9a-fA-F]{1,16}")
_REAL = re.compile(r"[+-]?(?:[0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?")

macro(
    "long_string",
    "a",
    "CASE WHEN regexp_full_match(a, '-?[0-9]{1,18}') THEN TRY_CAST(a AS BIGINT)"
    " WHEN a = '' THEN NULL ELSE py_whole_text(a) END",
)
macro("long_bool", "a", "a::BIGINT")
macro("long_long", "a", "a::BIGINT")
macro("long_real", "a", "TRY_CAST(trunc(a) AS BIGINT)")
macro("long_decimal", "a", "TRY_CAST(trunc(a) AS BIGINT)")
macro("long_datetime", "a", "a")
macro("long_timespan", "a", "a")
macro(
    "long_dynamic",
    "a",
    "CASE json_type(a) WHEN 'DOUBLE' THEN TRY_CAST(trunc(a::DOUBLE) AS BIGINT)"
    " WHEN 'BOOLEAN' THEN CASE WHEN a = 'true' THEN 1 ELSE 0 END"
    " WHEN 'VARCHAR' THEN kql_long_string(json_extract_string(a, '$'))"
    " WHEN 'ARRAY' THEN NULL WHEN 'OBJECT' THEN NULL ELSE TRY_CAST(a AS BIGINT) END",
)


@primitive("tolong", "toint")
def _tolong(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    kind = node.args[0].type
    if kind == "guid":
        raise KqlUnsupported("toint of a guid")
    kind = "long" if kind == "int" else kind
    found = use(emitter, f"long_{kind}", args[0])
    if node.name == "toint":
        return exp.TryCast(this=found, to=exp.DataType.build("INTEGER"))
    return found


@python("real_text_value", "V", "D")
def real_of_text(value: str | None) -> float | None:
    """A real number written as text."""
    if value is None:
        return None
    value = value.strip()
    if _REAL.fullmatch(value):
        return float(value)
    if _HEX.fullmatch(value):
        return float(int(value, 16))
    return {"nan": math.nan, "infinity": math.inf, "-infinity": -math.inf}.get(value.lower())


macro("real_string", "a", "CASE WHEN a = '' THEN NULL ELSE py_real_text_value(a) END")
macro("real_real", "a", "a")
macro("real_number", "a", "a::DOUBLE")
macro(
    "real_dynamic",
    "a",
    "CASE json_type(a) WHEN 'BOOLEAN' THEN CASE WHEN a = 'true' THEN 1 ELSE 0 END"
    " WHEN 'VARCHAR' THEN kql_real_string(json_extract_string(a, '$'))"
    " WHEN 'ARRAY' THEN NULL WHEN 'OBJECT' THEN NULL ELSE TRY_CAST(a AS DOUBLE) END",
)


@primitive("toreal")
def _toreal(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    kind = node.args[0].type
    if kind in ("guid", "datetime"):
        raise KqlUnsupported(f"toreal of a {kind}")
    kind = kind if kind in ("string", "real", "dynamic") else "number"
    return use(emitter, f"real_{kind}", args[0])


@python("decimal_text", "V", "V")
def decimal_of_text(value: str | None) -> str | None:
    """A decimal written as text, as the engine can hold it."""
    if value is None or not _REAL.fullmatch(value.strip()):
        return None
    try:
        number = Decimal(value.strip())
    except InvalidOperation:
        return None
    if number and not -19 < number.adjusted() < 20:
        return None
    return format(number, "f")


@primitive("todecimal")
def _todecimal(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    kind = node.args[0].type
    if kind in ("guid", "datetime", "timespan", "bool"):
        raise KqlUnsupported(f"todecimal of a {kind}")
    if kind == "decimal":
        return args[0]
    given = use(emitter, "text_dynamic", args[0]) if kind == "dynamic" else cast(args[0], "VARCHAR")
    found = use(emitter, "decimal_text", given)
    return exp.TryCast(this=found, to=exp.DataType.build(SQL_TYPES["decimal"], dialect="duckdb"))


macro(
    "bool_string",
    "a",
    "CASE lower(trim(a)) WHEN 'true' THEN true WHEN 'false' THEN false"
    " ELSE kql_long_string(trim(a)) <> 0 END",
)
macro("bool_number", "a", "a <> 0")
macro("bool_bool", "a", "a")
macro(
    "bool_dynamic",
    "a",
    "CASE json_type(a) WHEN 'BOOLEAN' THEN a = 'true' WHEN 'VARCHAR' THEN"
    " kql_bool_string(json_extract_string(a, '$')) WHEN 'ARRAY' THEN NULL WHEN 'OBJECT' THEN NULL"
    " ELSE TRY_CAST(a AS DOUBLE) <> 0 END",
)


@primitive("tobool")
def _tobool(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    kind = node.args[0].type
    if kind in ("guid", "datetime", "timespan"):
        raise KqlUnsupported(f"tobool of a {kind}")
    kind = kind if kind in ("string", "bool", "dynamic") else "number"
    return use(emitter, f"bool_{kind}", args[0])


# --- times --------------------------------------------------------------------------------------


@python("datetime_text", "V", "L")
def datetime_of_text(value: str | None) -> int | None:
    """A datetime written as text, in ticks."""
    return None if not value else parse_datetime(value)


@python("timespan_text", "V", "L")
def timespan_of_text(value: str | None) -> int | None:
    """A timespan written as text, in ticks."""
    return None if not value else parse_timespan(value)


@primitive("todatetime", "totimespan")
def _totime(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    kind, wanted = node.args[0].type, node.name[2:]
    if kind in (wanted, "long", "int"):
        return cast(args[0], "BIGINT")
    if kind == "string":
        return use(emitter, f"{wanted}_text", args[0])
    if kind == "dynamic":
        return use(emitter, f"{wanted}_text", use(emitter, "text_dynamic", args[0]))
    raise KqlUnsupported(f"{node.name} of a {kind}")


# --- guid ---------------------------------------------------------------------------------------


@python("guid_text", "V", "V")
def guid_of_text(value: str | None) -> str | None:
    """A guid written as text, in lower case with dashes."""
    if value is None or not _GUID.fullmatch(value.strip()):
        return None
    return str(uuid.UUID(value.strip().strip("{}()")))


_DASHED = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_GUID = re.compile(rf"\{{{_DASHED}\}}|\({_DASHED}\)|{_DASHED}|[0-9a-fA-F]{{32}}")


@primitive("toguid")
def _toguid(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    kind = node.args[0].type
    if kind == "guid":
        return args[0]
    if kind not in ("string", "dynamic"):
        raise KqlUnsupported(f"toguid of a {kind}")
    return use(emitter, "guid_text", use(emitter, f"text_{kind}", args[0]))


# --- types --------------------------------------------------------------------------------------

_DYNAMIC = (
    "CASE json_type(a) WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'bool' WHEN 'DOUBLE' THEN"
    " 'double' WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'dictionary' WHEN 'UBIGINT' THEN 'long'"
    " WHEN 'BIGINT' THEN 'long' ELSE 'null' END"
)
simple("gettype:dynamic", "a", _DYNAMIC)


@primitive("gettype")
def _gettype(_e: Emitter, node: Fn, _a: list[Sql]) -> Sql:
    kind = node.args[0].type
    return text(kind)


def of_text(emitter: Emitter, value: Sql, kind: str) -> Sql:
    """A text as another type, as ``to<type>`` does."""
    if kind in ("long", "real", "bool"):
        return use(emitter, f"{kind}_string", value)
    if kind in ("datetime", "timespan", "guid"):
        return use(emitter, f"{kind}_text", value)
    found, wanted = ("long_string", "INTEGER") if kind == "int" else ("decimal_text", kind)
    wanted = SQL_TYPES.get(wanted, wanted)
    made = use(emitter, found, value)
    return exp.TryCast(this=made, to=exp.DataType.build(wanted, dialect="duckdb"))


def convert(emitter: Emitter, value: Sql, kind: str) -> Sql:
    """A dynamic as another type, as ``to<type>`` does."""
    if kind == "dynamic":
        return value
    if kind == "string":
        return use(emitter, "text_dynamic", value)
    if kind in ("long", "real", "bool"):
        return use(emitter, f"{kind}_dynamic", value)
    if kind == "int":
        found = use(emitter, "long_dynamic", value)
        return exp.TryCast(this=found, to=exp.DataType.build("INTEGER"))
    if kind in ("datetime", "timespan", "guid"):
        return use(emitter, f"{kind}_text", use(emitter, "text_dynamic", value))
    raise KqlUnsupported(f"a dynamic value as {kind}")
