"""The text of a query cut into tokens, in one pass and in linear time.

A token is three things at one index: its kind, its word (the exact text) and its start. The kind
of a punctuation mark or an operator is its own word; the others are ``name``, ``string``,
``long``, ``real``, ``timespan``, ``typed`` (``datetime(2024-01-01)``: the content of such a
literal is raw text, so the lexer takes it whole) and ``end``.
"""

import re
from collections.abc import Callable

from huntkit.core.errors import did_you_mean
from huntkit.kql.language.errors import KqlSyntaxError
from huntkit.kql.language.syntax import Expr, Operator

NESTING = 80  # public queries reach 14; a level costs at most eight of Python's 1000 frames

_AHEAD = 6  # tokens past the end, so that looking ahead needs no check of bounds

_UNITS = (
    "days?|d|hours?|hrs?|h|minutes?|min|milliseconds?|millis?|ms|microseconds?|micros?"
    "|m|seconds?|sec|s|nanoseconds?|nanos?|ticks?"
)
_TYPES = "datetime|date|timespan|time|guid|bool|int32|int64|int|long|real|double|decimal"
_TOKEN = re.compile(
    rf"""
    (?:[\s\ufeff\u200b]++|//[^\n]*+)*+
    (?:
      (?P<typed>(?:{_TYPES})\([^()\r\n]*+\))
    | (?P<string>
        ```(?:(?!```).)*+```
      | ~~~(?:(?!~~~).)*+~~~
      | [hH]?@"(?:[^"\r\n]++|"")*+"
      | [hH]?@'(?:[^'\r\n]++|'')*+'
      | [hH]?"(?:[^"\\\r\n]++|\\[^\r\n])*+"
      | [hH]?'(?:[^'\\\r\n]++|\\[^\r\n])*+'
      )
    | (?P<timespan>[0-9]++(?:\.[0-9]++)?(?:{_UNITS})(?![A-Za-z0-9_]))
    | (?P<real>
        [0-9]++\.(?!\.)[0-9]*+(?:[eE][+-]?[0-9]++)?+(?![A-Za-z0-9_])
      | [0-9]++[eE][+-]?[0-9]++(?![A-Za-z0-9_])
      )
    | (?P<long>(?:0[xX][0-9a-fA-F]++|[0-9]++)(?![A-Za-z0-9_]))
    | (?P<name>in~|[0-9]*+[A-Za-z_$][A-Za-z0-9_]*+)
    | (?P<mark>![A-Za-z][A-Za-z_]*+~?+|!=|!~|==|=~|=>|<=|>=|<>|\.\.|[-+*/%<>=|()\[\]{{}},;:.?#])
    | (?P<end>\Z)
    | (?P<bad>.)
    )
    """,
    re.VERBOSE | re.DOTALL,
)


class Cursor:
    """A place in the tokens of a query; the one thing that the parsing functions share."""

    __slots__ = ("at", "depth", "kinds", "starts", "subquery", "tabular", "text", "words")

    def __init__(
        self,
        text: str,
        *,
        tabular: Callable[["Cursor"], Expr],
        subquery: Callable[["Cursor"], tuple[Operator, ...]],
    ) -> None:
        self.text = text
        self.tabular = tabular  # reads a pipeline: expressions hold pipelines, and the reverse
        self.subquery = subquery  # reads ``(where a | count)``
        self.at = 0
        self.depth = 0
        kinds: list[str] = []
        words: list[str] = []
        starts: list[int] = []
        for match in _TOKEN.finditer(text):
            kind = match.lastgroup
            word = match[kind]  # type: ignore[index]  # every alternative has a name
            kinds.append(word if kind == "mark" else kind)  # type: ignore[arg-type]
            words.append(word)
            starts.append(match.start(kind))  # type: ignore[arg-type]
            if kind == "bad":
                raise KqlSyntaxError(_what_is_bad(word), text=text, start=starts[-1])
            if kind == "end":
                break
        for _ in range(_AHEAD):
            kinds.append("end")
            words.append("")
            starts.append(len(text))
        self.kinds = kinds
        self.words = words
        self.starts = starts

    def start(self) -> int:
        """Where the current token starts."""
        return self.starts[self.at]

    def end(self) -> int:
        """Where the token before the current one ended."""
        before = self.at - 1
        return self.starts[before] + len(self.words[before]) if before >= 0 else 0

    def take(self, kind: str, why: str = "") -> str:
        """The word of the current token, which must be of that kind; moves on."""
        at = self.at
        if self.kinds[at] != kind:
            raise self.expected(why or f"{kind!r}")
        self.at = at + 1
        return self.words[at]

    def keyword(self, word: str, why: str = "") -> None:
        """Move over a keyword, which must be there."""
        if self.words[self.at] != word:
            raise self.expected(f"{word!r} {why}".rstrip(), known=[word])
        self.at += 1

    def skip(self, word: str) -> bool:
        """Move over this word if it is there."""
        if self.words[self.at] == word:
            self.at += 1
            return True
        return False

    def deeper(self) -> None:
        """Enter one level of nesting; the caller leaves it by ``depth -= 1``."""
        self.depth += 1
        if self.depth > NESTING:
            raise self.error(f"the query is nested more than {NESTING} levels deep")

    def error(self, message: str, *, at: int | None = None, hint: str = "") -> KqlSyntaxError:
        """An error at a token, by default the current one."""
        start = self.starts[self.at if at is None else at]
        return KqlSyntaxError(message, text=self.text, start=start, hint=hint)

    def error_at(self, message: str, start: int, *, hint: str = "") -> KqlSyntaxError:
        """An error at an offset into the text."""
        return KqlSyntaxError(message, text=self.text, start=start, hint=hint)

    def expected(self, what: str, *, known: list[str] | None = None) -> KqlSyntaxError:
        """An error that says what should stand here, what does, and which known word is near."""
        word = self.words[self.at]
        near = known if known and self.kinds[self.at] == "name" else []
        hint = did_you_mean(word[:40], [each for each in near if each != word])
        return self.error(f"expected {what}, found {self.found()}", hint=hint)

    def found(self) -> str:
        """The current token, as messages show it."""
        if self.kinds[self.at] == "end":
            return "the end of the query"
        word = self.words[self.at]
        return repr(word if len(word) <= 40 else word[:37] + "...")


def _what_is_bad(word: str) -> str:
    if word in "\"'`@":
        return "this string has no end on its line"
    if word in "“”‘’":  # noqa: RUF001  typographic quotes are what people paste
        return f"{word!r} is a typographic quote; a string needs \" or '"
    if word == "&":
        return "'&' is not KQL; write 'and'"
    if word == "!":
        return "'!' is not KQL here; write 'not(...)'"
    return f"{word!r} can't stand here"
