"""Text search: terms, substrings, regular expressions."""

import json
import re
import unicodedata

from sqlglot import exp

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb.logic import lower
from huntkit.kql.language.emit.duckdb.registry import macro, primitive, simple, use
from huntkit.kql.language.emit.sql import Sql, both, call, either, text
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.language.patterns import checked, groups, only_group
from huntkit.kql.language.plan import Fn, Lit, Scalar

WORD = r"[\p{L}\p{Nd}]"
EDGE = r"[^\p{L}\p{Nd}]"


def escape(value: str) -> str:
    """A text as an RE2 pattern that matches just it."""
    return "".join(rf"\{c}" if c.isascii() and not c.isalnum() and c > " " else c for c in value)


def term_pattern(needles: list[str], start: bool, end: bool) -> str:
    """The RE2 pattern of any of these texts as terms."""
    kinds: dict[tuple[bool, bool], list[str]] = {}
    for needle in needles:
        edges = (start and alphanumeric(needle[:1]), end and alphanumeric(needle[-1:]))
        kinds.setdefault(edges, []).append(escape(needle))
    options = []
    for (before, after), texts in kinds.items():
        inner = "|".join(texts)
        head, tail = f"(?:^|{EDGE})" if before else "", f"(?:$|{EDGE})" if after else ""
        options.append(f"{head}(?:{inner}){tail}")
    return "|".join(options)


def alphanumeric(character: str) -> bool:
    """Whether a character is one of a term's."""
    return bool(character) and unicodedata.category(character) in _TERM


_TERM = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd"}
MOST_TERMS = 100  # of one pattern: RE2 refuses what grows too large
KINDS = {"has": (True, True), "hasprefix": (True, False), "hassuffix": (False, True)}

macro(
    "term",
    "hay, needle, starts, ends",
    # the pattern is built per row, and only where the text is there at all
    rf"""(contains(hay, needle) AND regexp_matches(hay,
    CASE WHEN starts AND regexp_matches(needle, '^{WORD}') THEN '(?:^|{EDGE})' ELSE '' END
    || regexp_escape(needle) ||
    CASE WHEN ends AND regexp_matches(needle, '{WORD}$') THEN '(?:$|{EDGE})' ELSE '' END))""",
)


@primitive(*KINDS, *(f"{name}_cs" for name in KINDS))
def _has(emitter: Emitter, node: Fn, _args: list[Sql]) -> Sql:
    name, _, cased = node.name.partition("_")
    starts, ends = KINDS[name]
    hay, needle = node.args
    if isinstance(needle, Lit):
        return _terms(emitter, hay, [str(needle.value)], starts, ends, bool(cased))
    values = [emitter.value(each) for each in node.args]
    if not cased:
        values = [call("lower", each) for each in values]
    return use(emitter, "term", *values, exp.convert(starts), exp.convert(ends))


def _terms(
    emitter: Emitter, hay: Scalar, needles: list[str], starts: bool, ends: bool, cased: bool
) -> Sql:
    """Any of some known terms."""
    sql = emitter.value(hay)
    if not cased:
        sql, needles = call("lower", sql), [lower(each) for each in needles]
    if "" in needles:
        return exp.true()
    plain_ = [
        n
        for n in needles
        if not (starts and alphanumeric(n[:1])) and not (ends and alphanumeric(n[-1:]))
    ]
    if len(needles) == 1 and plain_:
        return call("contains", sql, text(needles[0]))
    parts = [needles[at : at + MOST_TERMS] for at in range(0, len(needles), MOST_TERMS)]
    patterns = [term_pattern(part, starts, ends) for part in parts]
    matched = either(call("regexp_matches", sql, text(pattern)) for pattern in patterns)
    if len(needles) == 1:
        return both([call("contains", sql, text(needles[0])), matched])
    return matched


@primitive("has_any")
def _has_any(emitter: Emitter, node: Fn, _args: list[Sql]) -> Sql:
    return _terms(emitter, node.args[0], literals(node), True, True, False)


@primitive("has_all")
def _has_all(emitter: Emitter, node: Fn, _args: list[Sql]) -> Sql:
    hay = node.args[0]
    return both(_terms(emitter, hay, [n], True, True, False) for n in literals(node))


def literals(node: Fn) -> list[str]:
    """The constant texts after the first argument."""
    found = []
    for each in node.args[1:]:
        if not isinstance(each, Lit):
            raise KqlUnsupported(f"{node.name} of texts that are not constant")
        found.append("" if each.value is None else str(each.value))
    return found


@primitive("has_any_array", "has_all_array")
def has_array(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    """Terms of a dynamic array; of a constant one as if they were written out."""
    hay, needles = node.args
    if isinstance(needles, Lit) and needles.value is not None:
        listed = json.loads(str(needles.value))
        if isinstance(listed, list) and all(isinstance(each, str) for each in listed):
            new = tuple(Lit("string", each) for each in listed)
            return emitter.value(Fn("bool", node.name.removesuffix("_array"), (hay, *new)))
    return use(emitter, node.name, *args)


macro(
    "has_any_array",
    "hay, needles",
    "coalesce(list_bool_or(list_transform(kql_texts(needles),"
    " lambda n: kql_term(lower(hay), lower(n), true, true))), false)",
)
macro(
    "has_all_array",
    "hay, needles",
    "coalesce(list_bool_and(list_transform(kql_texts(needles),"
    " lambda n: kql_term(lower(hay), lower(n), true, true))), true)",
)
simple(
    "has_any_index",
    "hay, needles",
    "coalesce(list_position(list_transform(kql_texts(needles),"
    " lambda n: kql_term(lower(hay), lower(n), true, true)), true), 0) - 1",
)

_PLAIN = {"contains": "contains", "startswith": "starts_with", "endswith": "ends_with"}


@primitive(*_PLAIN, *(f"{name}_cs" for name in _PLAIN))
def _plain(_e: Emitter, node: Fn, args: list[Sql]) -> Sql:
    name, _, cased = node.name.partition("_")
    if cased:
        return call(_PLAIN[name], *args)
    needle = node.args[1]
    small = text(lower(str(needle.value))) if isinstance(needle, Lit) else call("lower", args[1])
    return call(_PLAIN[name], call("lower", args[0]), small)


def pattern_of(node: Fn, place: int) -> str:
    """A literal regex, checked as far as it can be here."""
    given = node.args[place]
    if not isinstance(given, Lit):
        raise KqlUnsupported(f"{node.name} with a regex that is not constant")
    return checked(str(given.value or ""))


@primitive("matches_regex")
def _matches(_e: Emitter, node: Fn, args: list[Sql]) -> Sql:
    if isinstance(node.args[1], Lit):
        args = [args[0], text(checked(str(node.args[1].value or "")))]
    return call("regexp_matches", *args)


@primitive("extract")
def _extract(_e: Emitter, node: Fn, args: list[Sql]) -> Sql:
    pattern, group = pattern_of(node, 0), node.args[1]
    if not isinstance(group, Lit):
        raise KqlUnsupported("extract with a group that is not constant")
    return _group(args[2], pattern, int(group.value or 0))


def _group(value: Sql, pattern: str, group: int) -> Sql:
    if group > groups(pattern) or group < 0:
        return text("")
    if group > _MOST_GROUPS:
        pattern, group = only_group(pattern, group), 1
    return call(
        "coalesce", call("regexp_extract", value, text(pattern), exp.convert(group)), text("")
    )


_MOST_GROUPS = 9  # RE2's, for one match


def group_names(pattern: str) -> dict[str, int]:
    """The numbers of a pattern's named groups."""
    bare = re.sub(r"\\.", "", pattern, flags=re.DOTALL)
    bare = re.sub(r"\[\^?\]?[^\]]*\]", "x", bare)
    found = re.finditer(r"\((?!\?)|\(\?P?<(?![=!])(\w+)>", bare)
    return {each[1]: number for number, each in enumerate(found, 1) if each[1]}


@primitive("parse_capture")
def _capture(_e: Emitter, node: Fn, args: list[Sql]) -> Sql:
    group = node.args[2]
    if not isinstance(group, Lit):
        raise KqlUnsupported("parse with a group that is not constant")
    return _group(args[0], pattern_of(node, 1), int(group.value or 0))


def groups_of(node: Fn) -> list[int]:
    """The groups that an ``extract_all`` gives."""
    pattern = pattern_of(node, 0)
    count = groups(pattern)
    wanted = list(range(1, count + 1)) or [0]
    if len(node.args) == 3:
        given = node.args[1]
        chosen = json.loads(str(given.value)) if isinstance(given, Lit) else None
        names = group_names(pattern)
        if not isinstance(chosen, list) or not all(
            isinstance(each, int) or each in names for each in chosen
        ):
            raise KqlUnsupported("extract_all with groups that are not constant")
        wanted = [each if isinstance(each, int) else names[each] for each in chosen]
    if len(wanted) > MOST_LISTS or any(not 0 <= i <= count for i in wanted):
        raise KqlUnsupported("extract_all of such groups")
    return wanted


@primitive("extract_all")
def _extract_all(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    pattern = pattern_of(node, 0)
    lists = [_all_of(args[-1], pattern, each) for each in groups_of(node)]
    if len(lists) == 1:
        return use(emitter, "extracted", lists[0])
    zipped = call("list_zip", *lists)
    return use(emitter, f"extracted_rows_{len(lists)}", zipped)


def _all_of(value: Sql, pattern: str, group: int) -> Sql:
    if group > _MOST_GROUPS:
        pattern, group = only_group(pattern, group), 1
    return call("regexp_extract_all", value, text(pattern), exp.convert(group))


MOST_LISTS = 24
macro("extracted", "found", "CASE WHEN len(found) > 0 THEN to_json(found)::VARCHAR END")
for _count in range(2, MOST_LISTS + 1):
    _row = ", ".join(f"r[{i}]" for i in range(1, _count + 1))
    macro(
        f"extracted_rows_{_count}",
        "found",
        "CASE WHEN len(found) > 0 THEN"
        f" to_json(list_transform(found, lambda r: [{_row}]))::VARCHAR END",
    )


@primitive("parse_kv_regex")
def _parse_kv(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    pattern = pattern_of(node, 2)
    if groups(pattern) != 2:
        raise KqlUnsupported("parse-kv by a regex that has not two groups")
    keys, values = (_all_of(args[0], pattern, group) for group in (1, 2))
    return use(emitter, "value_of_key", keys, values, args[1])


macro(
    "value_of_key",
    "keys, vals, k",
    "coalesce(trim(list_extract(vals, list_position("
    "list_transform(keys, lambda each: trim(each)), k))), '')",
)


@primitive("replace_regex")
def _replace_regex(_e: Emitter, node: Fn, args: list[Sql]) -> Sql:
    told, by = node.args[2], args[2]
    if isinstance(told, Lit) and isinstance(told.value, str):
        # A backslash means a group, or a backslash; before anything else it is one itself.
        by = text(re.sub(r"\\([0-9\\]?)", lambda m: m[0] if m[1] else r"\\", told.value))
    return call("regexp_replace", args[0], text(pattern_of(node, 1)), by, text("g"))


@primitive("trim", "trim_start", "trim_end")
def _trim(_e: Emitter, node: Fn, args: list[Sql]) -> Sql:
    pattern = pattern_of(node, 0)
    value = args[1]
    if node.name in ("trim", "trim_start"):
        value = call("regexp_replace", value, text(f"^(?:{pattern})"), text(""))
    if node.name in ("trim", "trim_end"):
        value = call("regexp_replace", value, text(f"(?:{pattern})$"), text(""))
    return value


simple("regex_quote", "a", "regexp_escape(a)")
