r"""Regular expressions read closely enough to know their groups.

>>> groups(r"(a)(?:b)\((?P<name>c)[(]"), only_group("(a)(b|(c))", 3)
(2, '(?:a)(?:b|(c))')
"""

import re

from huntkit.kql.language.errors import KqlUnsupported

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
    """The pattern, if it holds nothing that KQL's expressions lack."""
    if "\x00" in pattern:
        raise KqlUnsupported("a regex with a NUL")
    if any(each["looking"] for each in _PIECE.finditer(pattern)):
        raise KqlUnsupported("a regex that looks ahead or behind (KQL has none)")
    return pattern
