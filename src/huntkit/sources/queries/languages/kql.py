"""KQL: literals, and pieces of query as pipe operators or one predicate."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from huntkit.core.errors import UsageError
from huntkit.kql.language import literals
from huntkit.kql.language.errors import KqlError, KqlSyntaxError
from huntkit.kql.language.expressions import RESERVED
from huntkit.kql.language.operators import subquery, tabular
from huntkit.kql.language.tokens import Cursor
from huntkit.sources.queries.definition import Parameter
from huntkit.sources.queries.language import Place, Token, TokenKind, plain, written_span
from huntkit.sources.queries.languages.kql_pieces import operators, predicate
from huntkit.sources.queries.values import written_time

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMED: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_KINDS: Final[dict[str, TokenKind]] = {
    "name": "word",
    "long": "word",
    "real": "word",
    "timespan": "word",
    "string": "string",
    "typed": "typed",
}
_TYPES: Final = {"datetime": datetime, "timespan": timedelta, "int": int, "long": int,
                 "real": float, "bool": bool}  # fmt: skip
_CONDITION_AFTER: Final = frozenset(["where", "filter", "and", "or", "not", "(", "on"])


class Kql:
    """Kusto's query language."""

    name = "kql"

    def tokens(self, text: str) -> Iterator[Token]:
        """The tokens as our own front end sees them."""
        try:
            cursor = Cursor(text, tabular=tabular, subquery=subquery)
        except KqlSyntaxError as problem:
            raise UsageError(f"the query's text is no KQL: {problem}") from problem
        for kind, word, start in zip(cursor.kinds, cursor.words, cursor.starts, strict=True):
            if kind != "end":
                yield Token(_KINDS.get(kind, "mark"), word, start)

    def inside(self, token: Token) -> str:
        """What a string token holds."""
        return literals.string(Cursor(token.word, tabular=tabular, subquery=subquery))

    def string(self, text: str, like: str = "") -> str:
        """A string literal; an ``h`` of the one that it replaces stays: it hides it from logs."""
        hidden = "h" if like[:1] in ("h", "H") else ""
        return hidden + quoted(text)

    def plain(self, value: object) -> str:
        """A value inside a string."""
        return plain(value)

    def literal(self, value: object) -> str:
        """A literal of the value's type."""
        return literal(value)

    def items(self, values: Sequence[object], before: str) -> str:
        """The list's literals; an empty list is one that equals nothing."""
        if not values and before != "[":
            return "dynamic([])"
        return ", ".join(literal(each) for each in values)

    def typed(self, token: Token, slot: str, value: object) -> str:
        """``datetime({start})`` with the value in."""
        name, _, content = token.word.partition("(")
        type_ = literals.TYPES[name]
        if content[:-1].strip().strip("\"'").strip() != slot:
            raise UsageError(f"a value can't be one part of {token.word.replace(slot, '{...}')}")
        wanted = _TYPES.get(type_)
        if (
            wanted is None
            or not isinstance(value, wanted)
            or (isinstance(value, bool) and type_ != "bool")
        ):
            raise UsageError(f"{name}(...) takes no {type(value).__name__}")
        return f"{type_}({plain(value)})"

    def table(self, name: str) -> str:
        """The name, which must be one word."""
        if not _IDENTIFIER.fullmatch(name) or name in RESERVED:
            raise UsageError(
                f"{name[:80]!r} is no name of a table", hint="a table is one word: SecurityEvent"
            )
        return name

    def piece(self, parameter: Parameter, text: str, place: Place) -> str:
        """Pipe operators, or one predicate after ``where`` and the like."""
        before = place.before[-1] if place.before else ""
        try:
            if before in _CONDITION_AFTER:
                return predicate(text, place.known)
            if before == "|":
                return operators(text, place.known, piped=False)
            return operators(text, place.known, piped=True)
        except KqlError as problem:
            raise UsageError(
                f"{parameter.name}= is no piece of KQL that can stand here: {problem}",
                context={"parameter": parameter.name},
            ) from None


def quoted(text: str) -> str:
    r"""A KQL string literal in which nothing is hidden.

    Examples:
        >>> print(quoted('C:\\a "b"\n'))
        "C:\\a \"b\"\n"
    """
    return '"' + "".join(_NAMED.get(each) or _character(each) for each in text) + '"'


def _character(each: str) -> str:
    if each.isprintable():
        return each
    code = ord(each)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def literal(value: object) -> str:
    """A value as a KQL literal; a negative number as ``long(-5)``, which no sign before it joins.

    Examples:
        >>> literal(["a", 1]), literal(-5), literal(timedelta(hours=1))
        ('dynamic(["a", 1])', 'long(-5)', 'timespan(01:00:00)')
    """
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value >= 0 else f"long({value})"
    if isinstance(value, float):
        return f"real({value!r})"
    if isinstance(value, datetime):
        return f"datetime({written_time(value)})"
    if isinstance(value, timedelta):
        return f"timespan({written_span(value)})"
    if isinstance(value, list | tuple):
        return f"dynamic([{', '.join(_element(each) for each in value)}])"
    raise UsageError(f"KQL has no literal for {type(value).__name__}")


def _element(value: object) -> str:
    # JSON: no long(-5) here
    return plain(value) if isinstance(value, int | float) else literal(value)


def dialect(_language: str, _text: str = "") -> Kql:
    """The dialect."""
    return Kql()
