r"""Regular expressions read closely enough to know their groups.

>>> groups(r"(a)(?:b)\((?P<name>c)[(]"), only_group("(a)(b|(c))", 3)
(2, '(?:a)(?:b|(c))')
"""

import re
from functools import lru_cache

from huntkit.kql.language.errors import KqlTypeError, KqlUnsupported

_PIECE = re.compile(
    r"\\Q.*?(?:\\E|\Z)"  # a quoted stretch
    r"|\\."
    r"|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]?"  # a class; a ] that comes first is one of it
    r"|(?P<named>\(\?P?<(?![=!])[^>]*>)"
    r"|(?P<looking>\(\?<?[=!])"
    r"|(?P<other>\(\?)"
    r"|(?P<plain>\()"
    r"|.",
    re.DOTALL,
)


def _openings(pattern: str) -> list[tuple[int, int]]:
    """Where the capturing groups open."""
    found = (each for each in _PIECE.finditer(pattern) if each["plain"] or each["named"])
    return [each.span() for each in found]


def groups(pattern: str) -> int:
    """How many capturing groups a pattern has."""
    return len(_openings(pattern))


def only_group(pattern: str, number: int) -> str:
    """The pattern in which this group, from 1, is the only one that captures."""
    pieces, at = [], 0
    for place, (start, end) in enumerate(_openings(pattern), 1):
        if place != number:
            pieces += [pattern[at:start], "(?:"]
            at = end
    return "".join([*pieces, pattern[at:]])


def checked(pattern: str) -> str:
    r"""The pattern, if it holds nothing that KQL's expressions lack; groups named as RE2 does.

    >>> checked('(?<user>a)[(?<x>]')
    '(?P<user>a)[(?<x>]'
    """
    if "\x00" in pattern:
        raise KqlUnsupported("a regex with a NUL")
    if any(each["looking"] for each in _PIECE.finditer(pattern)):
        raise KqlUnsupported("a regex that looks ahead or behind (KQL has none)")
    pattern = _PIECE.sub(
        lambda each: each[0].replace("(?<", "(?P<") if each["named"] else each[0], pattern
    )
    if fault := _fault(pattern):
        raise KqlTypeError(f"the regex {pattern[:80]!r} can't be read: {fault}")
    return pattern


@lru_cache(maxsize=1_000)
def _fault(pattern: str) -> str:
    """What RE2, which runs it, has against a pattern; nothing if it can be read."""
    import pyarrow as pa  # noqa: PLC0415  slow to load, and queries without a regex do not need it
    import pyarrow.compute as pc  # noqa: PLC0415

    try:
        pc.match_substring_regex(pa.scalar(""), pattern=pattern)
    except pa.ArrowInvalid as problem:
        return str(problem).partition(": ")[2] or str(problem)
    return ""
