"""Text: cutting, joining, replacing, encoding."""

import base64
import binascii
import hashlib
import re
import urllib.parse
import uuid
import zlib
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb.registry import as_json, macro, primitive, python, simple, use
from huntkit.kql.language.emit.duckdb.values import load
from huntkit.kql.language.emit.sql import Sql, call, case, cast, text
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.language.patterns import checked, only_group
from huntkit.kql.language.plan import Fn, Lit

simple("strlen", "a", "length(a)")
simple("string_size", "a", "strlen(a)")
simple("tolower", "a", "lower(a)")
simple("toupper", "a", "upper(a)")
simple("reverse", "a", "reverse(a)")
simple("strcmp", "a, b", "CASE WHEN a < b THEN -1 WHEN a > b THEN 1 ELSE 0 END::BIGINT")
simple("isascii", "a", "NOT regexp_matches(a, '[^\\x00-\\x7F]')")
simple("isutf8", "a", "a IS NOT NULL")
_FAR = 1 << 40  # beyond the end of any text
macro("start", "s, n", f"CASE WHEN n < 0 THEN greatest(length(s) + n, 0) ELSE least(n, {_FAR}) END")
simple("substring", "s, n", "coalesce(s[kql_start(s, n) + 1 :], '')")
simple(
    "substring/3",
    "s, n, m",
    "CASE WHEN m > 0 THEN coalesce(s[kql_start(s, n) + 1 :"
    f" kql_start(s, n) + least(m, {_FAR})], '') ELSE '' END",
)
simple("indexof", "s, t", "strpos(s, t) - 1")
simple("replace_string", "s, a, b", "CASE WHEN a = '' THEN s ELSE replace(s, a, b) END")
MOST_LETTERS = 1 << 26
"""Of what `strrep` gives: Kusto repeats no text more often."""
macro(
    "repeated",
    "s, n",
    f"CASE WHEN n > {MOST_LETTERS} // greatest(length(s), 1)"
    f" THEN error('strrep() of over {MOST_LETTERS} characters') ELSE repeat(s, greatest(n, 0)) END",
)
simple("strrep", "s, n", "kql_repeated(s, n)")
simple("strrep/3", "s, n, d", "left(kql_repeated(s || d, n), length(s || d) * n - length(d))")


@primitive("strcat")
def _strcat(_e: Emitter, _n: Fn, args: list[Sql]) -> Sql:
    return call("concat", *args)


@primitive("strcat_delim")
def _strcat_delim(_e: Emitter, _n: Fn, args: list[Sql]) -> Sql:
    return call("concat_ws", *args)


simple("split", "s, d", "to_json(kql_pieces(s, d))::VARCHAR")
macro("pieces", "s, d", "CASE WHEN d = '' THEN [s] ELSE string_split(s, d) END")
simple(
    "split/3",
    "s, d, n",
    "CASE WHEN n >= 0 AND n < len(kql_pieces(s, d)) THEN"
    " to_json([kql_pieces(s, d)[n + 1]])::VARCHAR ELSE '[]' END",
)


@python("indexof/5", "VVLLL", "L")
def _indexof(
    hay: str | None, needle: str | None, start: int | None, length: int | None, nth: int | None
) -> int | None:
    if hay is None or needle is None:
        return None
    begin, nth = start or 0, 1 if nth is None else nth
    begin = max(begin + len(hay), 0) if begin < 0 else begin
    if begin > len(hay) or nth < 1 or (length is not None and length < -1):
        return -1
    found = begin - 1
    for _ in range(nth):  # each look is as long as the first
        end = len(hay) if length in (None, -1) else found + 1 + (length or 0)
        found = hay.find(needle, found + 1, end)
        if found < 0:
            return -1
    return found


@primitive("indexof/3", "indexof/4")
def _indexof_more(emitter: Emitter, _n: Fn, args: list[Sql]) -> Sql:
    missing = [exp.Null()] * (5 - len(args))
    return use(emitter, "indexof_5", *args, *missing)


@primitive("indexof_regex")
def _indexof_regex(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    """The length of what stands before the match."""
    pattern, more = node.args[1], list(node.args[2:])
    numbers = [each.value for each in more if isinstance(each, Lit)]
    if not isinstance(pattern, Lit) or len(numbers) != len(more):
        raise KqlUnsupported("indexof_regex with arguments that are not constant")
    start, length, nth = [*map(_number, numbers), *(0, -1, 1)[len(numbers) :]]
    if start < 0 or length < -1 or nth < 0:
        return cast(exp.Null(), "BIGINT")
    if nth == 0:
        raise KqlUnsupported("indexof_regex of occurrence 0")
    regex = only_group(checked(str(pattern.value)), 0)
    hay = args[0] if not start and length < 0 else _part(args[0], start, length)
    if nth > 1:
        matches = call("regexp_extract_all", hay, text(regex))
        pieces = call("regexp_split_to_array", hay, text(regex))
        return use(emitter, "nth_match", matches, pieces, exp.convert(nth), exp.convert(start))
    found = f"(?s)^(.*?)(?-s:{regex})"
    before = call("regexp_extract", hay, text(found), exp.convert(1))
    place = exp.Add(this=call("length", before), expression=exp.convert(start))
    matched = call("regexp_matches", hay, text(found))
    return case([(matched, cast(exp.Paren(this=place), "BIGINT"))], cast(exp.convert(-1), "BIGINT"))


macro(
    "nth_match",
    "matches, pieces, n, s",
    "CASE WHEN len(matches) < n THEN -1 WHEN list_contains(matches, '')"
    " THEN error('indexof_regex counts no matches of nothing')::BIGINT"
    " ELSE s + list_sum(list_transform(pieces[: n], lambda p: length(p)))"
    " + list_sum(list_transform(matches[: n - 1], lambda p: length(p))) END::BIGINT",
)


def _number(value: object) -> int:
    return int(str(value))


def _part(value: Sql, start: int, length: int) -> Sql:
    rest = [exp.convert(length)] if length >= 0 else []
    return call("substring", value, exp.convert(start + 1), *rest)


@python("countof_text", "VV", "L")
def _countof_text(hay: str | None, needle: str | None) -> int | None:
    if hay is None or not needle:
        return None if hay is None else 0
    count, place = 0, hay.find(needle)
    while place >= 0:
        count, place = count + 1, hay.find(needle, place + 1)
    return count


@primitive("countof")
def _countof(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    kind = node.args[2] if len(node.args) > 2 else Lit("string", "normal")
    if isinstance(kind, Lit) and kind.value == "normal":
        return use(emitter, "countof_text", *args[:2])
    if isinstance(kind, Lit) and kind.value == "regex" and isinstance(node.args[1], Lit):
        pattern = text(checked(str(node.args[1].value or "")))
        return call("len", call("regexp_extract_all", args[0], pattern))
    raise KqlUnsupported("countof of this kind")


@python("translate", "VVV", "V")
def _translate(search: str | None, replacement: str | None, value: str | None) -> str:
    if not value or not search:
        return value or ""
    given = replacement or ""
    if not given:
        return "".join(c for c in value if c not in search)
    padded = given + given[-1] * max(0, len(search) - len(given))
    return value.translate(
        {ord(a): b for a, b in reversed(list(zip(search, padded, strict=False)))}
    )


@python("replace_strings", "VVV", "V")
def _replace_strings(value: str | None, old: str | None, new: str | None) -> str:
    olds, news = load(old), load(new)
    if value is None or not isinstance(olds, list):
        return value or ""
    for place, each in enumerate(olds):
        other = news[place] if isinstance(news, list) and place < len(news) else ""
        if isinstance(each, str) and each:
            value = value.replace(each, str(other))
    return value


# --- encodings ----------------------------------------------------------------------------------


def _url(quote: str) -> Callable[..., Any]:
    def compute(value: str | None) -> str:
        found: str = getattr(urllib.parse, quote)(value or "", safe="-_.!*()")
        return re.sub("%[0-9A-F]{2}", lambda each: each.group().lower(), found)

    return compute


python("url_encode", "V", "V")(_url("quote_plus"))
python("url_encode_component", "V", "V")(_url("quote"))


@python("url_decode", "V", "V")
def _url_decode(value: str | None) -> str:
    return urllib.parse.unquote_plus(value or "")


def _bytes(value: str | None) -> bytes | None:
    if not value:
        return None
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None


@python("base64_encode_tostring", "V", "V")
def _encode(value: str | None) -> str:
    return base64.b64encode((value or "").encode(errors="surrogatepass")).decode()


@python("base64_decode_tostring", "V", "V")
def _decode(value: str | None) -> str:
    found = _bytes(value)
    try:
        return "" if found is None else found.decode()
    except UnicodeDecodeError:
        return ""


@python("base64_decode_toarray", "V", "V")
def _decode_array(value: str | None) -> str | None:
    found = _bytes(value)
    return None if found is None else "[" + ",".join(map(str, found)) + "]"


@python("base64_encode_fromarray", "V", "V")
def _encode_array(value: str | None) -> str:
    items = load(value)
    if not isinstance(items, list):
        return ""
    try:
        return base64.b64encode(bytes(items)).decode()
    except (TypeError, ValueError):
        return ""


@python("base64_encode_fromguid", "V", "V")
def _encode_guid(value: str | None) -> str:
    return base64.b64encode(uuid.UUID(value).bytes_le).decode() if value else ""


@python("base64_decode_toguid", "V", "V")
def _decode_guid(value: str | None) -> str | None:
    found = _bytes(value)
    return str(uuid.UUID(bytes_le=found)) if found and len(found) == 16 else None


MOST_BYTES = 64 << 20


def _unpacked(value: str | None, bits: int) -> str:
    found = _bytes(value)
    if found is None:
        return ""
    try:
        return zlib.decompressobj(bits).decompress(found, MOST_BYTES).decode()
    except (zlib.error, UnicodeDecodeError):
        return ""


@python("gzip_decompress_from_base64_string", "V", "V")
def _gunzip(value: str | None) -> str:
    return _unpacked(value, 31)


@python("zlib_decompress_from_base64_string", "V", "V")
def _inflate(value: str | None) -> str:
    return _unpacked(value, 15)


def _digest(kind: str) -> Callable[..., Any]:
    def compute(value: str | None) -> str:
        return hashlib.new(kind, (value or "").encode(), usedforsecurity=False).hexdigest()

    return compute


for _name in ("md5", "sha1", "sha256"):
    python(f"digest_{_name}", "V", "V")(_digest(_name))


@primitive("hash_md5", "hash_sha1", "hash_sha256")
def _hash(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    kind = node.args[0].type
    if kind not in ("string", "datetime"):
        raise KqlUnsupported(f"{node.name} of a {kind}")
    value = args[0] if kind == "string" else use(emitter, "text_datetime", args[0])
    return use(emitter, node.name.replace("hash", "digest", 1), value)


@python("unicode_codepoints_from_string", "V", "V")
def _codepoints(value: str | None) -> str:
    return "[" + ",".join(str(ord(c)) for c in value or "") + "]"


@python("characters", "V", "V")
def _characters(value: str | None) -> str:
    found: list[str] = []
    stack = [load(value)]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, int) and 0 <= item < 0x110000:
            found.append(chr(item))
    return "".join(found)


@primitive("unicode_codepoints_to_string")
def _to_characters(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    items = [as_json(emitter, arg.type, sql) for arg, sql in zip(node.args, args, strict=True)]
    joined = call("concat_ws", text(","), *items)
    return use(emitter, "characters", call("concat", text("["), joined, text("]")))


@python("punycode_from_string", "V", "V")
def _punycode(value: str | None) -> str:
    return (value or "").encode("punycode").decode()


@python("punycode_to_string", "V", "V")
def _unpunycode(value: str | None) -> str:
    try:
        return (value or "").encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return ""


_UNITS = ("Bytes", "KB", "MB", "GB", "TB", "PB", "EB")


@python("bytes_text", "DLV", "V")
def _bytes_text(value: float | None, digits: int | None, unit: str | None) -> str:
    if value is None:
        return ""
    power = _UNITS.index(unit) if unit in _UNITS else 0
    if not unit:
        while abs(value) / 1024**power >= 1024 and power < len(_UNITS) - 1:
            power += 1
    shown = f"{value / 1024**power:.{min(max(digits or 0, 0), 20)}f}"
    if "." in shown:
        shown = shown.rstrip("0").rstrip(".")
    return f"{shown} {_UNITS[power]}"


@primitive("format_bytes")
def _format_bytes(emitter: Emitter, _n: Fn, args: list[Sql]) -> Sql:
    return use(emitter, "bytes_text", *args, *[exp.Null()] * (3 - len(args)))
