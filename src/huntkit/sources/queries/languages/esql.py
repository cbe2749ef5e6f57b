r"""Elasticsearch's ES|QL: strings in double quotes with the escapes ``\t \n \r \" \\``.

Tokens as in Elasticsearch's own grammar (``EsqlBaseLexer.g4``): strings hold no line breaks but
escaped ones, ``\"\"\"`` strings no escapes at all, comments are ``//`` and nested ``/* */``.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from huntkit.core.errors import UsageError
from huntkit.sources.queries import lexing, pipes
from huntkit.sources.queries.definition import Parameter
from huntkit.sources.queries.language import Place, Token, microseconds, plain
from huntkit.sources.queries.languages.lists import some
from huntkit.sources.queries.values import written_time

_TOKEN: Final = re.compile(
    r'''
    (?P<gap>\s+|//[^\r\n]*|/\*(?:(?!\*/|/\*).)*+\*/)
  | (?P<raw>"""[^\r\n]*?"""(?:"{1,2}(?!"))?)
  | (?P<string>"(?:[^"\\\r\n]|\\[tnr"\\])*+")
  | (?P<opaque>`(?:[^`]|``)*+`)
  | (?P<open>/\*|["`])
  | (?P<word>[A-Za-z0-9_@.]+)
  | (?P<mark>.)
    ''',
    re.VERBOSE | re.DOTALL,
)
_ESCAPED: Final = re.compile(r'\\([tnr"\\])')
_MEANS: Final = {"t": "\t", "n": "\n", "r": "\r", '"': '"', "\\": "\\"}
_WRITTEN: Final = {each: f"\\{name}" for name, each in _MEANS.items()}
_INDEX: Final = re.compile(r"[A-Za-z0-9_.*][A-Za-z0-9_.*:-]*(?:,[A-Za-z0-9_.*-][A-Za-z0-9_.*:-]*)*")
COMMANDS: Final = frozenset(
    [
        "dissect", "drop", "eval", "grok", "keep", "limit", "mv_expand", "rename", "sample",
        "sort", "stats", "inlinestats", "where",
    ]
)  # fmt: skip


class Esql:
    """Elasticsearch's query language."""

    name = "esql"

    def tokens(self, text: str) -> Iterator[Token]:
        """Strings, quoted names, words and marks."""
        return lexing.tokens(_TOKEN, text, "ES|QL")

    def inside(self, token: Token) -> str:
        """What a string holds."""
        if token.word.startswith('"""') and len(token.word) >= 6:
            return token.word[3:-3]
        return _ESCAPED.sub(lambda found: _MEANS[found[1]], token.word[1:-1])

    def string(self, text: str, like: str = "") -> str:  # noqa: ARG002  one form is enough
        """A string in double quotes."""
        lexing.without_nul(text, "ES|QL")
        return '"' + "".join(_WRITTEN.get(each, each) for each in text) + '"'

    def plain(self, value: object) -> str:
        """A value inside a string."""
        return plain(value)

    def literal(self, value: object) -> str:
        """A literal of the value's type."""
        if isinstance(value, str):
            return self.string(value)
        if isinstance(value, datetime):
            return f'TO_DATETIME("{written_time(value)}")'
        if isinstance(value, timedelta):
            return f"{microseconds(value) // 1000} milliseconds"
        return plain(value)

    def items(self, values: Sequence[object], before: str) -> str:  # noqa: ARG002
        """The literals of a list, which must hold something."""
        return some(values, "ES|QL", self.literal)

    def typed(self, token: Token, slot: str, value: object) -> str:
        """ES|QL has no such tokens."""
        raise NotImplementedError

    def table(self, name: str) -> str:
        """An index, or a pattern of indices."""
        if not _INDEX.fullmatch(name):
            raise UsageError(f"{name[:80]!r} is no index", hint="such as logs-endpoint.events.*")
        return name

    def piece(self, parameter: Parameter, text: str, place: Place) -> str:
        """Commands that shape what was found: no other index, no enrichment, no model."""
        return pipes.piece(self, parameter, text, place, commands=COMMANDS, forbidden=["?", ";"])


def dialect(_language: str, _text: str = "") -> Esql:
    """The dialect."""
    return Esql()
