"""Operators that take values apart or line them up: parse, mv-expand, mv-apply, make-series."""

from dataclasses import dataclass
from typing import Literal as OneOf

from huntkit.kql.language.syntax.expressions import Expr, Named, Node, Typed
from huntkit.kql.language.syntax.operators import Operator, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class MvExpand(Operator):
    """``mv-expand`` (also ``mvexpand``); items may carry a type."""

    items: tuple[Named, ...]
    limit: Expr | None = None
    parameters: Parameters = ()  # kind, bagexpansion, with_itemindex


@dataclass(frozen=True, slots=True, kw_only=True)
class MvApply(Operator):
    """``mv-apply items on (subquery)``; the subquery's operators follow the expanded rows."""

    items: tuple[Named, ...]
    subquery: tuple[Operator, ...]
    limit: Expr | None = None
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseStep(Node):
    """One piece of a ``parse`` pattern: text, ``*``, or a capture."""

    kind: OneOf["text", "star", "capture"]
    text: str = ""  # the text, or the capture's name
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parse(Operator):
    """``parse kind=... x with ...`` and ``parse-where`` (``where`` true)."""

    value: Expr
    steps: tuple[ParseStep, ...]
    kind: str = "simple"  # simple, regex, relaxed
    flags: str = ""
    where: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseKv(Operator):
    """``parse-kv x as (a: string, ...) with (...)``."""

    value: Expr
    columns: tuple[Typed, ...]
    parameters: Parameters = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSeries(Operator):
    """``make-series aggs on axis from a to b step s by keys``; ``in range(a, b, s)`` too.

    With ``in_range`` the last value is inclusive and the axis is cut by ``bin``; without, the last
    value is exclusive and the cuts count from the first.
    """

    aggregates: tuple[tuple[Named, Expr | None], ...]  # with the default value
    axis: Named
    first: Expr | None
    last: Expr | None
    step: Expr
    by: tuple[Named, ...]
    parameters: Parameters = ()
    in_range: bool = False
