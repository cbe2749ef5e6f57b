"""Expressions, and what lists of them hold: what has a value, or stands for a column."""

from dataclasses import dataclass
from typing import Literal as OneOf

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Anything with a place in the text."""

    start: int
    end: int


class Expr(Node):
    """An expression: scalar, or tabular where a table is expected."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal(Expr):
    """A literal of a KQL type.

    ``datetime`` and ``timespan`` values are ticks of 100 ns (datetime since 0001-01-01, as in
    .NET); ``decimal`` and ``guid`` values are text; a null of any type is None, as in
    ``datetime(null)``. A ``string`` literal's value has its escapes resolved.
    """

    type: str
    value: Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic(Expr):
    """``dynamic(...)``; the value is JSON text, with KQL's own literals inside made strings."""

    json: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Expr):
    """A name: column, table, variable or function without arguments. ``['a b']`` is plain here."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WildcardName(Expr):
    """A name with ``*`` in it, as in ``project-away Foo*`` or ``union Dev*``."""

    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Star(Expr):
    """``*`` alone: every column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Expr):
    """``base.name``: a path into a dynamic, or ``database("x").Table``."""

    base: Expr
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Element(Expr):
    """``base[index]``."""

    base: Expr
    index: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument(Node):
    """One argument of a call; ``name`` for ``f(a=1)``."""

    value: Expr
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Expr):
    """``name(args)``. ``toscalar``, ``materialize``, ``iff`` and all others alike."""

    name: str
    args: tuple[Argument, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberCall(Expr):
    """``base.name(args)``: ``database("x").F(1)``, ``cluster("c").database("d")``."""

    base: Expr
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Unary(Expr):
    """``-x`` or ``+x``."""

    op: OneOf["-", "+"]
    operand: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary(Expr):
    """Two operands.

    ``op`` is one of ``or and == != <> < <= > >= + - * / % =~ !~ matches-regex`` and the string
    operators ``has !has has_cs !has_cs hasprefix !hasprefix hasprefix_cs !hasprefix_cs hassuffix
    !hassuffix hassuffix_cs !hassuffix_cs contains !contains contains_cs !contains_cs startswith
    !startswith startswith_cs !startswith_cs endswith !endswith endswith_cs !endswith_cs`` and
    (old) ``like`` forms as their names. ``<>`` is written ``!=`` and ``notcontains`` forms are
    written with ``!``. ``where a = b`` is read, as by Microsoft, with the op ``=``; Microsoft's
    binder takes it for a name given to ``b``, people mean ``==``: to be refused.
    """

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class InList(Expr):
    """``left in (a, b)``; one item may be a tabular or dynamic expression.

    ``op`` is one of ``in !in in~ !in~ has_any has_all``.
    """

    op: str
    left: Expr
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Between(Expr):
    """``x between (low .. high)``."""

    value: Expr
    low: Expr
    high: Expr
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed(Node):
    """``name: type``, in parameters, schemas and captures; ``default`` in parameters only.

    Types everywhere in the tree have one spelling: ``bool datetime decimal dynamic guid int long
    real string timespan``, whatever was written (``double``, ``date`` ...).
    """

    name: str
    type: str
    default: Expr | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeOf(Expr):
    """``typeof(long)``, or a schema as in ``typeof(*, x: long)`` (then ``type`` is empty).

    A ``*`` among the columns is a Typed with the name ``*`` and no type.
    """

    type: str = ""
    columns: tuple[Typed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Node):
    """An expression of a list, with the names given to it.

    ``names`` is empty for a bare expression, one name for ``a = x``, several for
    ``(a, b) = x``. ``type`` is the cast of ``mv-expand x to typeof(long)``.
    """

    value: Expr
    names: tuple[str, ...] = ()
    type: str | None = None
