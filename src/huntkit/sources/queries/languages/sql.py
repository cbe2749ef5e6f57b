"""SQL: strings in single quotes, a quote doubled; in ClickHouse, backslashes escaped as well.

The standard form is right for PostgreSQL (with ``standard_conforming_strings``, its default since
9.1) and DuckDB. Times are in UTC and say so.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import sqlglot
from sqlglot import exp

from huntkit.core.errors import UsageError
from huntkit.sources.queries import lexing
from huntkit.sources.queries.definition import Parameter
from huntkit.sources.queries.language import Place, Token, microseconds, plain
from huntkit.sources.queries.languages.lists import some

_GAPS: Final = r"(?P<gap>\s+|--[^\r\n]*|/\*(?:(?!\*/).)*+\*/)"
_REST: Final = r"""
  | (?P<opaque>[eEbBxXnNuU]&?'(?:[^'\\]|\\.|'')*+'|"(?:[^"]|"")*+"|`[^`]*+`
              |\$(?P<tag>[A-Za-z_]*)\$(?:(?!\$(?P=tag)\$).)*+\$(?P=tag)\$)
  | (?P<open>/\*|['"`])
  | (?P<word>[A-Za-z0-9_.]+)
  | (?P<mark>.)
"""
_FLAGS: Final = re.VERBOSE | re.DOTALL
_STANDARD: Final = re.compile(
    _GAPS + r"| (?P<string>(?<![A-Za-z0-9_&])'(?:[^']|'')*+')" + _REST, _FLAGS
)
_CLICKHOUSE: Final = re.compile(
    _GAPS + r"| (?P<string>(?<![A-Za-z0-9_&])'(?:[^'\\]|\\.|'')*+')" + _REST, _FLAGS
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*){0,2}")
_CONDITION_AFTER: Final = frozenset(["where", "and", "or", "not", "(", "on", "having", "when"])
_TAIL: Final = frozenset(["order", "limit", "offset"])


class Sql:
    """SQL.

    Args:
        backslashes: whether a backslash in a string escapes, as in ClickHouse.
    """

    def __init__(self, *, backslashes: bool = False) -> None:
        self._backslashes = backslashes
        self.name = "clickhouse" if backslashes else "sql"
        self._dialect = "clickhouse" if backslashes else "postgres"
        self._pattern = _CLICKHOUSE if backslashes else _STANDARD

    def tokens(self, text: str) -> Iterator[Token]:
        """Strings, quoted names and other strings, words and marks."""
        return lexing.tokens(self._pattern, text, "SQL")

    def inside(self, token: Token) -> str:
        """What a string holds."""
        text = token.word[1:-1]
        if not self._backslashes:
            return text.replace("''", "'")
        lexing.no_other_escape(text, "'\\", "ClickHouse")
        return re.sub(r"\\(['\\])|'(')", lambda found: found[1] or found[2], text)

    def string(self, text: str, like: str = "") -> str:  # noqa: ARG002  one form of strings
        """A string in single quotes."""
        lexing.without_nul(text, "SQL")
        if self._backslashes:
            text = text.replace("\\", "\\\\")
        return "'" + text.replace("'", "''") + "'"

    def plain(self, value: object) -> str:
        """A value inside a string."""
        if isinstance(value, datetime):
            return value.isoformat(sep=" ", timespec="microseconds")
        return plain(value)

    def literal(self, value: object) -> str:
        """A literal of the value's type; a negative number in brackets: ``--`` is a comment."""
        if isinstance(value, str):
            return self.string(value)
        if isinstance(value, datetime):
            if self._backslashes:
                stamp = value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
                return f"toDateTime64('{stamp}', 6, 'UTC')"
            return f"TIMESTAMPTZ '{self.plain(value)}'"
        if isinstance(value, timedelta):
            total = microseconds(value)
            if self._backslashes:
                return f"toIntervalMicrosecond({total})"
            return f"INTERVAL '{total} microseconds'"
        if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
            return f"({value!r})"
        return plain(value)

    def items(self, values: Sequence[object], before: str) -> str:  # noqa: ARG002
        """The literals of a list, which must hold something."""
        return some(values, "SQL", self.literal)

    def typed(self, token: Token, slot: str, value: object) -> str:
        """Strings with a word before them are left alone."""
        raise NotImplementedError

    def table(self, name: str) -> str:
        """A name, with those of its schema and database."""
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name[:80]!r} is no name of a table")
        return name

    def piece(self, parameter: Parameter, text: str, place: Place) -> str:
        """One condition, or ``ORDER BY``, ``LIMIT`` and ``OFFSET`` at the end."""
        before = place.before[-1].lower() if place.before else ""
        condition = before in _CONDITION_AFTER
        if not text.strip():
            return "TRUE" if condition else ""
        rest = f"WHERE {text}" if condition else text
        select = f"SELECT * FROM t {rest}\n"  # noqa: S608  parsed below, and never run
        self._check(parameter.name, select, frozenset(["where"]) if condition else _TAIL)
        return f"({text.strip()}\n)" if condition else f"\n{text.strip()}\n"

    def _check(self, own: str, select: str, allowed: frozenset[str]) -> None:
        wrong = UsageError(
            f"{own}= is no piece of SQL that can stand here",
            hint=" or ".join(sorted(each.upper() for each in allowed)) + " only, one statement",
        )
        try:
            parsed = sqlglot.parse(select, dialect=self._dialect)
        except sqlglot.errors.SqlglotError:
            raise wrong from None
        tree = parsed[0]
        if len(parsed) != 1 or not isinstance(tree, exp.Select):
            raise wrong
        used = {key for key, value in tree.args.items() if value}
        if used - allowed - {"expressions", "from", "from_", "kind"}:
            raise wrong
        for node in tree.walk():
            if node is not tree and isinstance(node, exp.Query | exp.Anonymous | exp.Command):
                raise wrong
            if isinstance(node, exp.Table) and node.name != "t":
                raise wrong


def dialect(language: str, _text: str = "") -> Sql:
    """The dialect."""
    return Sql(backslashes=language == "clickhouse")
