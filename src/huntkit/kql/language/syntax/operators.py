"""Pipelines: where rows come from, and what an operator after a pipe is."""

from dataclasses import dataclass

from huntkit.kql.language.syntax.expressions import Expr, Node, Scalar, Typed


class Operator(Node):
    """What stands after a pipe."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline(Expr):
    """``source | operator | operator``; the source may itself be an operator that starts."""

    source: Expr
    operators: tuple[Operator, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTable(Expr):
    """``datatable(a: long, b: string) [1, "x", ...]``; values row by row."""

    columns: tuple[Typed, ...]
    values: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalData(Expr):
    """``externaldata(a: long) ["uri"] with (format="csv")``."""

    columns: tuple[Typed, ...]
    uris: tuple[str, ...]
    properties: tuple[tuple[str, Scalar], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Expr):
    """An operator that may stand first: ``print``, ``range``, ``union``, ``search`` ..."""

    operator: Operator


Parameters = tuple[tuple[str, Scalar], ...]  # ``kind=inner``, ``hint.strategy=shuffle`` ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported(Operator):
    """An operator that is read to its end but not understood (``scan``, graph operators ...)."""

    name: str
