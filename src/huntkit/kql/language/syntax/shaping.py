"""Operators that keep, make and order rows and columns of one table."""

from dataclasses import dataclass

from huntkit.kql.language.syntax.expressions import Expr, Named, Node
from huntkit.kql.language.syntax.operators import Operator, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Where(Operator):
    """``where`` and ``filter``."""

    condition: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend(Operator):
    """``extend``."""

    items: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project(Operator):
    """``project``."""

    items: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectAway(Operator):
    """``project-away``: names and wildcard names."""

    columns: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectByNames(Operator):
    """``project-by-names``; constants, arrays of names, patterns, ``column_names_of(T)``."""

    names: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectKeep(Operator):
    """``project-keep``."""

    columns: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRename(Operator):
    """``project-rename new = old``; each item's value is a Name."""

    items: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectReorder(Operator):
    """``project-reorder``: (name or wildcard, order).

    The order is ``""``, ``asc``, ``desc``, ``granny-asc`` or ``granny-desc``.
    """

    columns: tuple[tuple[Expr, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summarize(Operator):
    """``summarize a by b``."""

    aggregates: tuple[Named, ...]
    by: tuple[Named, ...]
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct(Operator):
    """``distinct a, b`` or ``distinct *``."""

    items: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SortKey(Node):
    """One key; ``ascending`` and ``nulls_first`` are None where not written."""

    value: Named
    ascending: bool | None = None
    nulls_first: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort(Operator):
    """``sort by`` and ``order by``."""

    keys: tuple[SortKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Top(Operator):
    """``top n by key``."""

    count: Expr
    keys: tuple[SortKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopHitters(Operator):
    """``top-hitters n of x by y``."""

    count: Expr
    of: Named
    by: Expr | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedLevel(Node):
    """One level of ``top-nested``; ``count`` None means all."""

    count: Expr | None
    of: Named
    others: Expr | None
    by: Named
    ascending: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopNested(Operator):
    """``top-nested ..., top-nested ...``."""

    levels: tuple[NestedLevel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Take(Operator):
    """``take`` and ``limit``."""

    count: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Operator):
    """``sample n``, or ``sample-distinct n of x``."""

    count: Expr
    of: Named | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Operator):
    """``count``; ``name`` for ``count as name``."""

    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Serialize(Operator):
    """``serialize``."""

    items: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Render(Operator):
    """``render kind with (...)``; a hint for charts."""

    chart: str
    properties: Parameters = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class As(Operator):
    """``as name``."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSchema(Operator):
    """``getschema``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceBy(Operator):
    """``reduce by x``."""

    value: Named
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Consume(Operator):
    """``consume``."""
