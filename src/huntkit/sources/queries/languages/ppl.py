r"""OpenSearch's PPL: strings in either quotes, a quote doubled, a backslash escaped.

Tokens as in OpenSearch's own grammar (``OpenSearchPPLLexer.g4``): in a string, a backslash takes
the next character along, and a doubled quote is one.
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

_TOKEN: Final = re.compile(
    r"""
    (?P<gap>\s+|//[^\r\n]*|/\*(?:(?!\*/).)*+\*/)
  | (?P<string>"(?:[^"\\]|\\.|"")*+"|'(?:[^'\\]|\\.|'')*+')
  | (?P<opaque>`(?:[^`\\]|\\.|``)*+`)
  | (?P<open>/\*|["'`])
  | (?P<word>[A-Za-z0-9_@.]+)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_INDEX: Final = re.compile(r"[A-Za-z0-9_.*][A-Za-z0-9_.*:-]*(?:,[A-Za-z0-9_.*-][A-Za-z0-9_.*:-]*)*")
COMMANDS: Final = frozenset(
    [
        "bin", "chart", "dedup", "eval", "eventstats", "expand", "fields", "fillnull",
        "flatten", "grok", "head", "parse", "patterns", "rare", "regex", "rename", "reverse",
        "rex", "search", "sort", "stats", "streamstats", "table", "timechart", "top",
        "trendline", "where",
    ]
)  # fmt: skip


class Ppl:
    """OpenSearch's Piped Processing Language."""

    name = "ppl"

    def tokens(self, text: str) -> Iterator[Token]:
        """Strings, quoted names, words and marks."""
        return lexing.tokens(_TOKEN, text, "PPL")

    def inside(self, token: Token) -> str:
        """What a string holds."""
        lexing.no_other_escape(token.word[1:-1], "\"'\\", "PPL")
        quote = token.word[0]
        escaped = re.compile(rf"\\([\"'\\])|{quote}({quote})", re.DOTALL)
        return escaped.sub(lambda found: found[1] or found[2], token.word[1:-1])

    def string(self, text: str, like: str = "") -> str:  # noqa: ARG002  one form is enough
        """A string in double quotes."""
        lexing.without_nul(text, "PPL")
        return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'

    def plain(self, value: object) -> str:
        """A value inside a string: times as the language's own functions read them, in UTC."""
        if isinstance(value, datetime):
            return value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
        return plain(value)

    def literal(self, value: object) -> str:
        """A literal of the value's type."""
        if isinstance(value, str):
            return self.string(value)
        if isinstance(value, datetime):
            return f"TIMESTAMP({self.string(self.plain(value))})"
        if isinstance(value, timedelta):
            return f"INTERVAL {microseconds(value)} MICROSECOND"
        return plain(value)

    def items(self, values: Sequence[object], before: str) -> str:  # noqa: ARG002
        """The literals of a list, which must hold something."""
        return some(values, "PPL", self.literal)

    def typed(self, token: Token, slot: str, value: object) -> str:
        """PPL has no such tokens."""
        raise NotImplementedError

    def table(self, name: str) -> str:
        """An index, or a pattern of indices."""
        if not _INDEX.fullmatch(name):
            raise UsageError(f"{name[:80]!r} is no index", hint="such as logs-windows-*")
        return name

    def piece(self, parameter: Parameter, text: str, place: Place) -> str:
        """Commands that shape what was found: no other index, no join, no model."""
        return pipes.piece(
            self, parameter, text, place, commands=COMMANDS, forbidden=["[", "source", "index"]
        )


def dialect(_language: str, _text: str = "") -> Ppl:
    """The dialect."""
    return Ppl()
