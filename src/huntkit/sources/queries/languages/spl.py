"""Splunk's SPL: literals in double quotes, times as seconds since 1970, macros left alone.

Quotes and backslashes are escaped by backslashes (Splunk Search Manual, "Anatomy of a search").
A ``*`` in a value stays a wildcard where SPL reads it as one: it widens what is found, and can't
change the rest of the search.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from huntkit.core.errors import UsageError
from huntkit.sources.queries import lexing, pipes
from huntkit.sources.queries.definition import Parameter
from huntkit.sources.queries.language import Place, Token, microseconds, plain
from huntkit.sources.queries.languages.lists import some

_TOKEN: Final = re.compile(
    r"""
    (?P<gap>\s+|```(?:(?!```).)*+```)
  | (?P<string>"(?:[^"\\]|\\.)*+")
  | (?P<opaque>`[^`]*+`|'[^'\n|]*+')
  | (?P<open>```|["`])
  | (?P<word>[^\s"`'|,=<>!()\[\]]+)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED: Final = re.compile(r'\\(["\\])')
_INDEX: Final = re.compile(r"[A-Za-z0-9_*][A-Za-z0-9_.*:-]*")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
COMMANDS: Final = frozenset(
    [
        "accum", "addcoltotals", "addtotals", "bin", "bucket", "chart", "dedup", "delta",
        "eval", "eventstats", "extract", "fieldformat", "fields", "fieldsummary", "fillnull",
        "filldown", "head", "highlight", "kv", "makemv", "mvcombine", "mvexpand", "nomv",
        "rangemap", "rare", "regex", "rename", "replace", "reverse", "rex", "search", "sort",
        "spath", "stats", "streamstats", "strcat", "table", "tail", "timechart", "top",
        "transaction", "transpose", "untable", "uniq", "where", "xmlkv", "xyseries",
    ]
)  # fmt: skip


class Spl:
    """Splunk's Search Processing Language."""

    name = "spl"

    def __init__(self, text: str = "") -> None:
        if re.search(r"\btimeformat\s*=", text):
            raise UsageError(
                "the query sets timeformat=, and times are written as seconds since 1970",
                hint="leave timeformat= out: a format without a zone would mean the user's own",
            )

    def tokens(self, text: str) -> Iterator[Token]:
        """Strings, macros and quoted fields, words and marks."""
        return lexing.tokens(_TOKEN, text, "SPL")

    def inside(self, token: Token) -> str:
        """What a string holds."""
        lexing.no_other_escape(token.word[1:-1], '"\\', "SPL")
        return _ESCAPED.sub(r"\1", token.word[1:-1])

    def string(self, text: str, like: str = "") -> str:  # noqa: ARG002  one form of strings
        """A string in double quotes."""
        lexing.without_nul(text, "SPL")
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def plain(self, value: object) -> str:
        """A value inside a string: times as seconds since 1970."""
        if isinstance(value, datetime):
            return _seconds(value - _EPOCH)
        if isinstance(value, timedelta):
            return f"{_seconds(value)}s"
        return plain(value)

    def literal(self, value: object) -> str:
        """A literal of the value's type."""
        return self.string(value) if isinstance(value, str) else self.plain(value)

    def items(self, values: Sequence[object], before: str) -> str:  # noqa: ARG002
        """The literals of a list, which must hold something."""
        return some(values, "SPL", self.literal)

    def typed(self, token: Token, slot: str, value: object) -> str:
        """SPL has no such tokens."""
        raise NotImplementedError

    def table(self, name: str) -> str:
        """The name of an index or data model, wildcards included."""
        if not _INDEX.fullmatch(name):
            raise UsageError(f"{name[:80]!r} is no name of an index")
        return name

    def piece(self, parameter: Parameter, text: str, place: Place) -> str:
        """Commands that shape what was found: no subsearch, no macro, no output."""
        return pipes.piece(
            self, parameter, text, place, commands=COMMANDS, forbidden=["["], true="true()"
        )


def _seconds(span: timedelta) -> str:
    total = microseconds(span)
    sign = "-" if total < 0 else ""
    whole, part = divmod(abs(total), 1_000_000)
    return f"{sign}{whole}.{part:06}" if part else f"{sign}{whole}"


def dialect(_language: str, text: str = "") -> Spl:
    """The dialect."""
    return Spl(text)
