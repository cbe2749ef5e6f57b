"""OData: strings in single quotes, a quote doubled; escaped for addresses where it is one.

A text with ``?$filter=`` or the like is part of an address: values in it are percent-encoded, so
that ``&`` and ``#`` in a value stay in it. Anything else is a filter as it is, and whoever sends
it encodes it as a whole.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, unquote

from huntkit.core.errors import UsageError
from huntkit.sources.queries import lexing
from huntkit.sources.queries.definition import Parameter
from huntkit.sources.queries.language import Place, Token, microseconds, plain
from huntkit.sources.queries.languages.lists import some
from huntkit.sources.queries.values import written_time

_TOKEN: Final = re.compile(
    r"""
    (?P<gap>\s+)
  | (?P<string>'(?:[^']|'')*+')
  | (?P<opaque>"[^"]*+")
  | (?P<open>['"])
  | (?P<word>[A-Za-z0-9_$@.%-]+)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_IN_ADDRESS: Final = re.compile(r"[?&]\$?[A-Za-z]+=|^\s*\$[a-z]+=")
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z_][A-Za-z0-9_]*){0,3}")
_CONDITION_AFTER: Final = frozenset(["and", "or", "not", "(", "="])
_NEVER: Final = frozenset(["&", "?", "#", ";", "|", "\\", "{", "}"])


class OData:
    """OData's filters and addresses.

    Args:
        text: the whole template, which tells whether it is part of an address.
    """

    name = "odata"

    def __init__(self, text: str = "") -> None:
        self._encoded = bool(_IN_ADDRESS.search(text))

    def tokens(self, text: str) -> Iterator[Token]:
        """Strings, words and marks."""
        return lexing.tokens(_TOKEN, text, "OData")

    def inside(self, token: Token) -> str:
        """What a string holds."""
        text = token.word[1:-1]
        return (unquote(text) if self._encoded else text).replace("''", "'")

    def string(self, text: str, like: str = "") -> str:  # noqa: ARG002  one form of strings
        """A string in single quotes."""
        lexing.without_nul(text, "OData")
        doubled = text.replace("'", "''")
        return f"'{quote(doubled, safe='') if self._encoded else doubled}'"

    def plain(self, value: object) -> str:
        """A value inside a string."""
        return plain(value)

    def literal(self, value: object) -> str:
        """A literal of the value's type."""
        if isinstance(value, str):
            return self.string(value)
        if isinstance(value, datetime):
            return written_time(value)
        if isinstance(value, timedelta):
            total = microseconds(value)
            sign = "-" if total < 0 else ""
            return f"duration'{sign}PT{abs(total) // 1_000_000}.{abs(total) % 1_000_000:06}S'"
        return plain(value)

    def items(self, values: Sequence[object], before: str) -> str:  # noqa: ARG002
        """The literals of a list, which must hold something."""
        return some(values, "OData", self.literal)

    def typed(self, token: Token, slot: str, value: object) -> str:
        """OData has no such tokens."""
        raise NotImplementedError

    def table(self, name: str) -> str:
        """The name of an entity set."""
        if not _IDENTIFIER.fullmatch(name):
            raise UsageError(f"{name[:80]!r} is no name of a set of entities")
        return name

    def piece(self, parameter: Parameter, text: str, place: Place) -> str:
        """One condition of a filter."""
        own = parameter.name
        before = place.before[-1].lower() if place.before else ""
        if not text.strip():
            return "true" if before in _CONDITION_AFTER else ""
        if before not in _CONDITION_AFTER:
            raise UsageError(f"{own}= is one condition, and none can stand there")
        depth = 0
        for token in self.tokens(text):
            depth += (token.word == "(") - (token.word == ")")
            if depth < 0 or token.kind == "opaque" or token.word in _NEVER:
                raise UsageError(f"{own}= is no condition of a filter: {token.word[:40]!r}")
            if token.word.startswith("$"):
                raise UsageError(f"{own}= may not use {token.word[:40]!r}")
        if depth:
            raise UsageError(f"{own}= leaves a bracket open")
        return f"({quote(text.strip(), safe=_KEPT) if self._encoded else text.strip()})"


_KEPT: Final = "'() ,/:=*@-._~$"


def dialect(_language: str, text: str = "") -> OData:
    """The dialect."""
    return OData(text)
