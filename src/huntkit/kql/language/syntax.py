"""The syntax tree of a KQL query: what was written, where, and nothing about what it means.

Every node carries ``start`` and ``end``, offsets into the query's text. Nodes are immutable.
"""

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


# --- scalar expressions ---------------------------------------------------------------------


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
class TableParameter(Node):
    """``T: (a: string, b: long)`` or ``T: (*)`` (then ``columns`` is None)."""

    name: str
    columns: tuple[Typed, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Function(Expr):
    """``(a: string, b: long = 1) { let x = ...; body }``; ``view`` functions too."""

    parameters: tuple[Typed | TableParameter, ...]
    body: "Query"
    view: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Node):
    """An expression of a list, with the names given to it.

    ``names`` is empty for a bare expression, one name for ``a = x``, several for
    ``(a, b) = x``. ``type`` is the cast of ``mv-expand x to typeof(long)``.
    """

    value: Expr
    names: tuple[str, ...] = ()
    type: str | None = None


# --- tabular expressions ----------------------------------------------------------------------


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
class Serialize(Operator):
    """``serialize``."""

    items: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Render(Operator):
    """``render kind with (...)``; a hint for charts."""

    chart: str
    properties: Parameters = ()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported(Operator):
    """An operator that is read to its end but not understood (``scan``, graph operators ...)."""

    name: str


# --- statements ---------------------------------------------------------------------------------


class Statement(Node):
    """A statement; the last tabular one is the query."""

    __slots__ = ()


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
    literal: "Literal | None" = None  # with its type, where it is one


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherStatement(Statement):
    """``alias``, ``restrict``, ``declare pattern``: read, and refused by the binder."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Statement):
    """An expression as a statement."""

    value: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Node):
    """Statements in order."""

    statements: tuple[Statement, ...]
