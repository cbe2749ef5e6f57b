"""Tokens of literals become values: escapes resolved, numbers in range, dates as ticks."""

import json
import math
import re
from collections.abc import Callable

from huntkit.kql.language import syntax as s
from huntkit.kql.language.instants import (
    datetime_text,
    parse_datetime,
    parse_timespan,
    timespan_text,
)
from huntkit.kql.language.tokens import Cursor

TYPES = {
    "bool": "bool",
    "boolean": "bool",
    "date": "datetime",
    "datetime": "datetime",
    "decimal": "decimal",
    "double": "real",
    "dynamic": "dynamic",
    "float": "real",
    "guid": "guid",
    "int": "int",
    "int32": "int",
    "int64": "long",
    "long": "long",
    "real": "real",
    "string": "string",
    "time": "timespan",
    "timespan": "timespan",
    "uniqueid": "guid",
}

_ESCAPE = re.compile(
    r"\\(?:([\\'\"abfnrtv])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([0-7]{1,3})|())"
)
_SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"',
}  # fmt: skip
_GUID = re.compile(r"\{?[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?")
_DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")
_LONGS = {"int": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
_NOT_FINITE = {"nan": "nan", "inf": "inf", "+inf": "inf", "-inf": "-inf"}
_NOT_JSON = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_LOWEST = "9223372036854775808"  # the lowest long without its sign, which alone is too high
_LONGEST_NUMBER = 400  # digits; Python refuses to convert far longer ones, in quadratic time


def literal(c: Cursor) -> s.Literal:
    """The literal at the cursor, which stands on a literal's token."""
    kind = c.kinds[c.at]
    if kind == "string":
        start = c.start()
        value = string(c)
        return s.Literal(start=start, end=c.end(), type="string", value=value)
    start, word = c.start(), c.words[c.at]
    if kind == "typed":
        name, _, rest = word.partition("(")
        type_, value_ = TYPES[name], _typed(c, TYPES[name], rest[:-1].strip())
    elif kind == "long":
        type_, value_ = "long", _integer(c, "long", word)
    elif kind == "real":
        type_, value_ = "real", _real(c, word)
    else:
        type_, value_ = "timespan", parse_timespan(word)
        if value_ is None:
            raise c.error(f"{c.found()} is longer than any timespan")
    c.at += 1
    return s.Literal(start=start, end=c.end(), type=type_, value=value_)


def string(c: Cursor) -> str:
    """The text of one or more adjacent string literals."""
    if c.kinds[c.at] != "string":
        raise c.expected("a string")
    parts = []
    while c.kinds[c.at] == "string":
        parts.append(_text(c))
        c.at += 1
    return parts[0] if len(parts) == 1 else "".join(parts)


def _text(c: Cursor) -> str:
    word = c.words[c.at]
    if word[0] in "hH":
        word = word[1:]
    if word[0] in "`~":
        return word[3:-3]
    if word[0] == "@":
        quote = word[1]
        return word[2:-1].replace(quote * 2, quote)
    if "\\" not in word:
        return word[1:-1]
    start = c.start() + len(c.words[c.at]) - len(word)

    def resolve(match: re.Match[str]) -> str:
        simple, short, long, byte, octal, _ = match.groups()
        if simple:
            return _SIMPLE[simple]
        number = int(octal, 8) if octal else int(short or long or byte or "-1", 16)
        if 0xD800 <= number <= 0xDFFF:
            return chr(number)  # one half of a pair; joined below
        if not 0 <= number <= 0x10FFFF:
            at = start + match.start()
            raise c.error_at(
                f"{c.text[at : at + 2]!r} is no escape",
                at,
                hint='write @"..." to take backslashes as they are, or double them',
            )
        return chr(number)

    text = _ESCAPE.sub(resolve, word[:-1])[1:]
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _integer(c: Cursor, type_: str, text: str) -> int:
    sign = -1 if text[:1] == "-" else 1
    digits = text.lstrip("+-")
    if len(digits) > _LONGEST_NUMBER:
        raise c.error(f"this number does not fit in {type_}")
    number = sign * int(digits, 16 if digits[:2] in ("0x", "0X") else 10)
    low, high = _LONGS[type_]
    if not low <= number <= high:
        raise c.error(f"{c.found()} does not fit in {type_}")
    return number


def _typed(c: Cursor, type_: str, text: str) -> s.Scalar:
    """The value of ``type(text)``."""
    if len(text) > _LONGEST_NUMBER:
        raise c.error(f"this {type_} literal is too long")
    if text == "null" or (not text and type_ != "string"):
        return None
    if text[0] in "\"'" and text[-1] == text[0] and len(text) >= 2:
        text = text[1:-1].strip()
    value = _CONVERT[type_](c, text)
    if value is None:
        word = c.words[c.at]
        hint = "" if type_ in ("datetime", "timespan", "guid") else f"did you mean 'to{type_}'?"
        raise c.error(f"{word} is not a literal of {type_}", hint=hint)
    return value


def _typed_integer(type_: str, c: Cursor, text: str) -> int | None:
    if not re.fullmatch(r"[+-]?(?:0[xX][0-9a-fA-F]+|[0-9]+)", text):
        return None
    return _integer(c, type_, text)


def _typed_real(c: Cursor, text: str) -> float | None:
    if text.lower() in _NOT_FINITE:
        return float(_NOT_FINITE[text.lower()])
    return _real(c, text) if _DECIMAL.fullmatch(text) else None


def _real(c: Cursor, text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise c.error("this number does not fit in real")
    return number


def _typed_bool(_: Cursor, text: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())


def _typed_guid(_: Cursor, text: str) -> str | None:
    if not _GUID.fullmatch(text):
        return None
    digits = text.strip("{}").replace("-", "").lower()
    cuts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "-".join(cuts)


_CONVERT: dict[str, Callable[[Cursor, str], s.Scalar]] = {
    "bool": _typed_bool,
    "datetime": lambda _, text: parse_datetime(text),
    "decimal": lambda _, text: text if _DECIMAL.fullmatch(text) else None,
    "guid": _typed_guid,
    "int": lambda c, text: _typed_integer("int", c, text),
    "long": lambda c, text: _typed_integer("long", c, text),
    "real": _typed_real,
    "timespan": lambda _, text: parse_timespan(text),
}


def dynamic(c: Cursor) -> s.Dynamic:
    """``dynamic(...)``; the cursor stands on the word."""
    start = c.start()
    c.at += 1
    c.take("(")
    value = _json(c)
    c.take(")", "')' after the dynamic's value")
    return s.Dynamic(start=start, end=c.end(), json=value)


def _json(c: Cursor) -> str:
    """One JSON value, and KQL's literals as strings; text because it is never looked into here."""
    kind, word = c.kinds[c.at], c.words[c.at]
    if kind == "string":
        return json.dumps(string(c), ensure_ascii=False)
    if kind == "[":
        return "[" + ",".join(_members(c, "]", _json)) + "]"
    if kind == "{":
        return "{" + ",".join(_members(c, "}", _pair)) + "}"
    if kind in ("-", "+"):
        c.at += 1
        if c.kinds[c.at] not in ("long", "real"):
            raise c.expected("a number")
        if kind == "-" and c.words[c.at].lstrip("0") == _LOWEST:
            c.at += 1
            return "-" + _LOWEST
        value = _json(c)
        return "-" + value if kind == "-" and not value.startswith("-") else value
    if kind == "name" and word.lower() in ("true", "false", "null"):
        c.at += 1
        return word.lower()
    if kind in ("long", "real", "timespan", "typed"):
        return _as_json(literal(c))
    raise c.expected("a JSON value")


def _members(c: Cursor, close: str, one: Callable[[Cursor], str]) -> list[str]:
    c.deeper()
    c.at += 1
    found = []
    if not c.skip(close):
        found.append(one(c))
        while c.skip(","):
            found.append(one(c))
        c.take(close, f"',' or {close!r}")
    c.depth -= 1
    return found


def _pair(c: Cursor) -> str:
    if c.kinds[c.at + 1] == "string":
        raise c.error("expected ':' after this key", at=c.at + 1)
    key = json.dumps(string(c), ensure_ascii=False)
    c.take(":", "':' after this key")
    return f"{key}:{_json(c)}"


def _as_json(value: s.Literal) -> str:
    if value.value is None:
        return "null"
    if value.type == "datetime":
        return json.dumps(datetime_text(int(value.value)))
    if value.type == "timespan":
        return json.dumps(timespan_text(int(value.value)))
    if value.type in ("real", "decimal"):
        number = float(value.value)
        return repr(number) if math.isfinite(number) else json.dumps(_NOT_JSON[repr(number)])
    return json.dumps(value.value)
