"""Operators that bring in other tables, subqueries, plugins and functions."""

from dataclasses import dataclass

from huntkit.kql.language.syntax.expressions import Call, Expr, Named, Typed
from huntkit.kql.language.syntax.operators import Operator, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(Operator):
    """``join kind=... (right) on ...``; ``on`` holds names and equalities as written."""

    right: Expr
    on: tuple[Expr, ...]
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup(Operator):
    """``lookup kind=... (right) on ...``."""

    right: Expr
    on: tuple[Expr, ...]
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Union(Operator):
    """``union``; parameters ``kind``, ``withsource``, ``isfuzzy``."""

    tables: tuple[Expr, ...]
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate(Operator):
    """``evaluate plugin(args) : (schema)``; ``*`` in a schema is a Typed with that name."""

    call: Call
    schema: tuple[Typed, ...] | None = None
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoke(Operator):
    """``invoke f(args)``."""

    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Print(Operator):
    """``print``; starts a query."""

    items: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range(Operator):
    """``range x from a to b step s``; starts a query."""

    name: str
    first: Expr
    last: Expr
    step: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Search(Operator):
    """``search in (T, U) condition``; ``kind`` in parameters.

    A bare text means ``* has text``; ``column: text`` is Binary("has", ...) already.
    """

    condition: Expr
    tables: tuple[Expr, ...] = ()
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Find(Operator):
    """``find in (...) where ... project ...``."""

    condition: Expr
    tables: tuple[Expr, ...] = ()
    project: tuple[Named, ...] | None = None  # None: project-smart
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition(Operator):
    """``partition by x (subquery)``; a subquery is operators, or a whole query with braces."""

    by: Expr
    subquery: tuple[Operator, ...] | Expr
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork(Operator):
    """``fork (a) (b)``: names and operator runs."""

    branches: tuple[tuple[str | None, tuple[Operator, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet(Operator):
    """``facet by a, b with (...)``."""

    columns: tuple[Expr, ...]
    subquery: tuple[Operator, ...]
