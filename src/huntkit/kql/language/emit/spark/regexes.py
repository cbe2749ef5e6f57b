r"""Regular expressions: RE2 on Arrow columns.

Spark's own are Java's or, on other servers, Rust's; they differ in what ``\d``, ``$`` and a dot
mean, and Java's may take for ever on hostile text.
"""

import re
import uuid
from typing import TYPE_CHECKING, Any

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb.registry import use
from huntkit.kql.language.emit.duckdb.search import groups_of, pattern_of
from huntkit.kql.language.emit.duckdb.values import dump, load
from huntkit.kql.language.emit.spark.registry import primitive, python
from huntkit.kql.language.emit.sql import Sql, text
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.language.patterns import groups
from huntkit.kql.language.plan import Fn, Lit

if TYPE_CHECKING:
    import pyarrow as pa


def _checked(pattern: str) -> str:
    """A pattern that RE2 takes; better refused now than while a cluster runs."""
    import pyarrow as pa  # noqa: PLC0415  slow to load
    import pyarrow.compute as pc  # noqa: PLC0415  slow to load

    try:
        pc.match_substring_regex(pa.array([""]), pattern=pattern)
    except pa.ArrowInvalid as problem:
        reason = str(problem).partition(": ")[2] or str(problem)
        raise KqlUnsupported(f"the regular expression {pattern!r}: {reason}") from None
    return pattern


def _constant(values: "pa.Array") -> str:
    """A column that holds one constant."""
    first = values[0].as_py() if len(values) else ""
    return first or ""


@python("regex_found", "B", columns=True)
def regex_found(values: "pa.Array", patterns: "pa.Array") -> Any:
    """Whether a pattern is found."""
    import pyarrow.compute as pc  # noqa: PLC0415  slow to load

    return pc.match_substring_regex(values, pattern=_constant(patterns))


@python("regex_group", "V", columns=True)
def regex_group(values: "pa.Array", patterns: "pa.Array") -> Any:
    """What the group ``wanted`` of a pattern holds; "" without a match."""
    import pyarrow.compute as pc  # noqa: PLC0415  slow to load

    found = pc.extract_regex(values, pattern=_constant(patterns))
    return pc.fill_null(pc.struct_field(found, "wanted"), "")


@python("regex_replaced", "V", columns=True)
def regex_replaced(values: "pa.Array", patterns: "pa.Array", rewrites: "pa.Array") -> Any:
    """Every match replaced."""
    import pyarrow.compute as pc  # noqa: PLC0415  slow to load

    pattern, rewrite = _constant(patterns), _constant(rewrites)
    return pc.replace_substring_regex(values, pattern=pattern, replacement=rewrite)


@python("regex_cut", "V", columns=True)
def regex_cut(values: "pa.Array", patterns: "pa.Array") -> Any:
    """The first match cut out."""
    import pyarrow.compute as pc  # noqa: PLC0415  slow to load

    pattern = _constant(patterns)
    return pc.replace_substring_regex(values, pattern=pattern, replacement="", max_replacements=1)


@python("regex_all", "V", columns=True)
def regex_all(values: "pa.Array", patterns: "pa.Array", groups_: "pa.Array") -> Any:
    """The wanted groups of every match, as JSON; null without a match."""
    import pyarrow as pa  # noqa: PLC0415  slow to load
    import pyarrow.compute as pc  # noqa: PLC0415  slow to load

    # RE2 replaces every match by its groups between marks that no text can know beforehand
    wanted_ = load(_constant(groups_)) or [0]
    mark = uuid.uuid4().hex
    rewrite = f"{mark}<" + f"{mark}|".join(f"\\{each}" for each in wanted_) + f"{mark}>"
    pattern = _constant(patterns)
    marked = pc.replace_substring_regex(values, pattern=pattern, replacement=rewrite)
    return pa.array(
        [_matches_in(each, mark, len(wanted_)) for each in marked.to_pylist()], "string"
    )


def _matches_in(marked: str | None, mark: str, width: int) -> str | None:
    pieces = (marked or "").split(f"{mark}<")[1:]
    rows = [piece.partition(f"{mark}>")[0].split(f"{mark}|") for piece in pieces]
    return dump([row[0] for row in rows] if width == 1 else rows) if rows else None


_OPENING = re.compile(
    r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|\((?:\?P?<(\w+)>)?", re.DOTALL
)


def wanted(pattern: str, group: int) -> str:
    """The pattern with one group named ``wanted``, and no other named.

    Examples:
        >>> wanted("a(b)(?P<x>c)(?:d)", 2)
        'a(?:b)(?P<wanted>c)(?:d)'
        >>> wanted("a[(]", 0)
        '(?P<wanted>a[(])'
    """
    number = 0

    def rewrite(match: re.Match[str]) -> str:
        nonlocal number
        if match[0][0] != "(" or pattern[match.end() : match.end() + 1] == "?":
            return match[0]
        number += 1
        return "(?P<wanted>" if number == group else "(?:"

    made = _OPENING.sub(rewrite, pattern)
    return f"(?P<wanted>{made})" if group == 0 else made


@primitive("matches_regex")
def _matches(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    return use(emitter, "regex_found", args[0], text(_checked(pattern_of(node, 1))))


def _group(emitter: Emitter, node: Fn, value: Sql, pattern: str, place: int) -> Sql:
    given = node.args[place]
    if not isinstance(given, Lit):
        raise KqlUnsupported(f"{node.name} with a group that is not constant")
    group = int(given.value or 0)
    if not 0 <= group <= groups(_checked(pattern)):
        return text("")
    return use(emitter, "regex_group", value, text(_checked(wanted(pattern, group))))


@primitive("extract")
def _extract(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    return _group(emitter, node, args[2], pattern_of(node, 0), 1)


@primitive("parse_capture")
def _capture(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    return _group(emitter, node, args[0], pattern_of(node, 1), 2)


@primitive("extract_all")
def _extract_all(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    pattern = _checked(pattern_of(node, 0))
    return use(emitter, "regex_all", args[-1], text(pattern), text(str(groups_of(node))))


@primitive("replace_regex")
def _replace(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    if not isinstance(node.args[2], Lit):
        raise KqlUnsupported("replace_regex with a rewrite that is not constant")
    return use(emitter, "regex_replaced", args[0], text(_checked(pattern_of(node, 1))), args[2])


@primitive("trim", "trim_start", "trim_end")
def _trim(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    pattern = _checked(pattern_of(node, 0))
    value = args[1]
    if node.name in ("trim", "trim_start"):
        value = use(emitter, "regex_cut", value, text(f"^(?:{pattern})"))
    if node.name in ("trim", "trim_end"):
        value = use(emitter, "regex_cut", value, text(f"(?:{pattern})$"))
    return value
