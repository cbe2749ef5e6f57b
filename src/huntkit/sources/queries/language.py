"""What rendering needs to know of a language: its tokens, its literals, its pieces.

A template becomes text in which each slot is a word of its own. The language cuts that text into
tokens, and every token that holds a slot is written anew, so that a value is always inside one
literal that the language itself ends.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from huntkit.core.errors import UsageError
from huntkit.sources.queries.definition import Parameter
from huntkit.sources.queries.values import written_time

TokenKind = Literal["word", "string", "typed", "opaque", "mark"]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text that a language takes as one.

    Attributes:
        kind: ``word`` for names and numbers, ``string`` for what may hold a value, ``typed``
            for KQL's ``datetime(...)``, ``opaque`` for what may not (comments, quoted names,
            macros), ``mark`` for everything else but white space.
        word: the exact text.
        start: where it starts.
    """

    kind: TokenKind
    word: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.word)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece of query stands: the tokens before it, the nearest last."""

    before: Sequence[str]
    known: frozenset[str] = frozenset()  # names that the template itself declares


class Dialect(Protocol):
    """A language that queries are written in."""

    name: str

    def tokens(self, text: str) -> Iterator[Token]:
        """The tokens of a text, in order; every other character is white space."""

    def inside(self, token: Token) -> str:
        """What a string token holds, escapes resolved."""

    def string(self, text: str, like: str = "") -> str:
        """A string literal that holds exactly this text; ``like`` is the token it replaces.

        Raises:
            UsageError: the language can't write this text.
        """

    def plain(self, value: object) -> str:
        """A value as it stands inside a string that the query's author wrote.

        Raises:
            UsageError: a list, which can't.
        """

    def literal(self, value: object) -> str:
        """A literal of any value but a list."""

    def items(self, values: Sequence[object], before: str) -> str:
        """The literals of a list, with commas between; ``before`` is the token before them."""

    def typed(self, token: Token, slot: str, value: object) -> str:
        """A ``typed`` token whose content is the slot, with a value."""

    def table(self, name: str) -> str:
        """A table's name as the language writes it.

        Raises:
            UsageError: it is no identifier.
        """

    def piece(self, parameter: Parameter, text: str, place: Place) -> str:
        """A caller's piece of query as it is to stand in the text.

        Raises:
            UsageError: it is more, or other, than a piece of query may be.
        """


def plain(value: object) -> str:
    """A value as it stands inside a string literal that the query's author wrote.

    Examples:
        >>> plain(4688), plain(True), plain(timedelta(hours=1))
        ('4688', 'true', '01:00:00')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return written_time(value)
    if isinstance(value, timedelta):
        return written_span(value)
    if isinstance(value, int | float):
        return repr(value)
    raise UsageError("a list can't stand inside a string", hint="take the quotes away")


_DAY: Final = 86_400_000_000


def microseconds(span: timedelta) -> int:
    """The length of a span in whole microseconds."""
    return span // timedelta(microseconds=1)


def written_span(span: timedelta) -> str:
    """A length of time as ``1.02:03:04.500000``.

    Examples:
        >>> written_span(timedelta(days=1, hours=2, minutes=3, seconds=4.5))
        '1.02:03:04.500000'
        >>> written_span(-timedelta(minutes=1))
        '-00:01:00'
    """
    total = microseconds(span)
    days, rest = divmod(abs(total), _DAY)
    seconds, part = divmod(rest, 1_000_000)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return (
        ("-" if total < 0 else "")
        + (f"{days}." if days else "")
        + clock
        + (f".{part:06}" if part else "")
    )
