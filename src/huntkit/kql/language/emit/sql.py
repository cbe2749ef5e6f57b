"""Small builders of sqlglot expressions, and what an emitter gives back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from sqlglot import exp

from huntkit.kql.language.plan import Schema

Sql = exp.Expr


def call(name: str, *args: Sql) -> Sql:
    """A function call."""
    return exp.Anonymous(this=name, expressions=list(args))


def ident(name: str) -> exp.Column:
    """A column by an internal name, which never needs quotes."""
    return exp.Column(this=exp.Identifier(this=name, quoted=False))


def quoted(name: str) -> exp.Column:
    """A column by a foreign name."""
    return exp.Column(this=exp.Identifier(this=name, quoted=True))


def text(value: str) -> Sql:
    """A text literal."""
    return exp.Literal.string(value)


def whole(value: int) -> Sql:
    """An integer literal."""
    literal = exp.Literal.number(abs(value))
    return exp.Neg(this=literal) if value < 0 else literal


def null() -> Sql:
    """NULL."""
    return exp.Null()


def cast(value: Sql, type_: str) -> Sql:
    """CAST to a type of the engine; the type is one of our constants."""
    return exp.Cast(this=value, to=_type(type_).copy())


@cache
def _type(name: str) -> exp.DataType:
    return exp.DataType.build(name, udt=True)


def both(items: Iterable[Sql]) -> Sql:
    """AND of all; TRUE of none."""
    return _joined(exp.And, list(items)) or exp.true()


def either(items: Iterable[Sql]) -> Sql:
    """OR of all; FALSE of none."""
    return _joined(exp.Or, list(items)) or exp.false()


def _joined(kind: type[exp.And | exp.Or], items: Sequence[Sql]) -> Sql | None:
    """A balanced tree, so that a thousand items nest ten deep."""
    if not items:
        return None
    if len(items) == 1:
        return paren(items[0])
    middle = len(items) // 2
    return exp.Paren(
        this=kind(this=_joined(kind, items[:middle]), expression=_joined(kind, items[middle:]))
    )


def paren(value: Sql) -> Sql:
    """The value in parentheses where it could come apart."""
    whole_ = (exp.Column, exp.Literal, exp.Anonymous, exp.Paren, exp.Cast, exp.Case, exp.Null)
    return value if isinstance(value, whole_) else exp.Paren(this=value)


def case(pairs: Iterable[tuple[Sql, Sql]], otherwise: Sql | None = None) -> Sql:
    """CASE WHEN ... END."""
    return exp.Case(
        ifs=[exp.If(this=condition, true=value) for condition, value in pairs],
        default=otherwise,
    )


def is_null(value: Sql) -> Sql:
    """IS NULL."""
    return exp.Is(this=paren(value), expression=exp.Null())


def negated(value: Sql) -> Sql:
    """NOT."""
    return exp.Not(this=paren(value))


def coalesce(value: Sql, other: Sql) -> Sql:
    """COALESCE of two."""
    return call("coalesce", value, other)


def named(value: Sql, name: str) -> Sql:
    """The value AS an internal name."""
    return exp.Alias(this=value, alias=exp.Identifier(this=name, quoted=False))


@dataclass(frozen=True, slots=True)
class Emitted:
    """A statement and what it needs.

    Attributes:
        expression: the statement.
        columns: internal column names, in the order of ``schema``.
        schema: what the columns are called and are in KQL.
        needs: names of the engine-side functions that the statement calls.
    """

    expression: Sql
    columns: tuple[str, ...]
    schema: Schema
    needs: frozenset[str]

    def sql(self, dialect: str) -> str:
        """The statement's text."""
        # the generator may change the tree as it goes, always to the same text
        return self.expression.sql(dialect=dialect, comments=False, copy=False)
