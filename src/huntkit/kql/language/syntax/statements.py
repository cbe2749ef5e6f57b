"""Statements, the functions that some of them define, and the query that they make up."""

from dataclasses import dataclass

from huntkit.kql.language.syntax.expressions import Expr, Literal, Node, Scalar, Typed


class Statement(Node):
    """A statement; the last tabular one is the query."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Node):
    """Statements in order."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableParameter(Node):
    """``T: (a: string, b: long)`` or ``T: (*)`` (then ``columns`` is None)."""

    name: str
    columns: tuple[Typed, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Function(Expr):
    """``(a: string, b: long = 1) { let x = ...; body }``; ``view`` functions too."""

    parameters: tuple[Typed | TableParameter, ...]
    body: Query
    view: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Let(Statement):
    """``let name = value``; the value is scalar, tabular or a Function."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryParameters(Statement):
    """``declare query_parameters(...)``."""

    parameters: tuple[Typed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOption(Statement):
    """``set name = value``."""

    name: str
    value: Scalar
    literal: Literal | None = None  # with its type, where it is one


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherStatement(Statement):
    """``alias``, ``restrict``, ``declare pattern``: read, and refused by the binder."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Statement):
    """An expression as a statement."""

    value: Expr
