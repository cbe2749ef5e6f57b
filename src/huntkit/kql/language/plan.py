"""The typed logical plan: what a query means, stated for no engine in particular.

Relations have an ordered schema of columns; two columns of one relation never share a name, but
may differ only in case. Scalars have a KQL type. Semantics are KQL's: strings are never null
(missing is ""), other types have nulls, a filter treats null as false, datetime and timespan are
ticks of 100 ns, dynamic values are JSON.

``Fn.name`` is the name of a semantic primitive (``has``, ``bin``, ``path``, ``tostring`` ...):
one meaning, one implementation per engine, one shared test (docs/kql.md lists them).
"""

from dataclasses import dataclass, field

Type = str  # bool int long real decimal string datetime timespan guid dynamic


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation."""

    name: str
    type: Type


Schema = tuple[Column, ...]


# --- scalars ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value of one row."""

    type: Type


@dataclass(frozen=True, slots=True)
class Lit(Scalar):
    """A constant; None is null. datetime and timespan are ticks; dynamic is JSON text."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Col(Scalar):
    """A column of the input relation, by its exact name."""

    name: str


@dataclass(frozen=True, slots=True)
class Fn(Scalar):
    """A semantic primitive applied to scalars of the same row."""

    name: str
    args: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class ScalarQuery(Scalar):
    """The first cell of a relation (``toscalar``), null where it has no rows."""

    relation: "Relation"


@dataclass(frozen=True, slots=True)
class InQuery(Scalar):
    """Whether a value is among a relation's first column (``in (T | project x)``)."""

    value: Scalar
    relation: "Relation"
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Agg(Scalar):
    """An aggregate; stands only in `Aggregate.aggregates` and `MakeSeries.aggregates`.

    ``arg_max``/``arg_min`` become one Agg per output column with args (ordering value, output
    value), all with the same first argument.
    """

    name: str
    args: tuple[Scalar, ...]


# --- relations ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows with a schema."""

    schema: Schema


@dataclass(frozen=True, slots=True)
class Scan(Relation):
    """All rows of a table of the caller's."""

    table: str


@dataclass(frozen=True, slots=True)
class Values(Relation):
    """Literal rows (``datatable``; ``print`` is a Project over one row without columns)."""

    rows: tuple[tuple[Lit, ...], ...]


@dataclass(frozen=True, slots=True)
class External(Relation):
    """``externaldata``: rows from a file that the caller mapped to one of the URIs."""

    uris: tuple[str, ...]
    properties: tuple[tuple[str, object], ...]


@dataclass(frozen=True, slots=True)
class Series(Relation):
    """``range``: one column from first to last by step; empty where the step leads away."""

    first: Scalar
    last: Scalar
    step: Scalar


@dataclass(frozen=True, slots=True)
class Filter(Relation):
    """Rows where the condition is true."""

    input: Relation
    condition: Scalar


@dataclass(frozen=True, slots=True)
class Project(Relation):
    """One scalar per output column: extend, project, -away, -keep, -rename, -reorder, parse.

    Scalars see the input's columns only (extend's items see what stood before: the binder makes
    a Project for each dependency).
    """

    input: Relation
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Aggregate(Relation):
    """Groups and their aggregates.

    No keys and no rows give one row, as KQL does for summarize without by.
    """

    input: Relation
    keys: tuple[Scalar, ...]  # the schema's first columns
    aggregates: tuple[Agg, ...]  # the rest


@dataclass(frozen=True, slots=True)
class SortKey:
    """One sort key."""

    value: Scalar
    ascending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Sort(Relation):
    """Rows in order; ``limit`` for top."""

    input: Relation
    keys: tuple[SortKey, ...]
    limit: Scalar | None = None


@dataclass(frozen=True, slots=True)
class Limit(Relation):
    """Any so many rows (the first ones where the input is sorted)."""

    input: Relation
    count: Scalar


@dataclass(frozen=True, slots=True)
class Distinct(Relation):
    """Each row once."""

    input: Relation


@dataclass(frozen=True, slots=True)
class Join(Relation):
    """Two relations joined on equal keys.

    ``kind``: innerunique, inner, leftouter, rightouter, fullouter, leftanti, rightanti,
    leftsemi, rightsemi. Null keys do not match; strings never are null, so "" matches "".
    The schema is the output's: for semi and anti one side's columns; else left then right,
    renamed as KQL does, and `sources` says for each output column where it comes from.
    """

    left: Relation
    right: Relation
    kind: str
    keys: tuple[tuple[Scalar, Scalar], ...]  # left value, right value
    sources: tuple[tuple[str, str], ...]  # ("left" | "right", column name)


@dataclass(frozen=True, slots=True)
class Union(Relation):
    """Rows of all inputs; each input already has the output's schema (binder adds Projects)."""

    inputs: tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class Expand(Relation):
    """``mv-expand``: one row per element of the arrays.

    Of bags it is one per property, as a one-property bag. Several arrays are walked side by side,
    the shorter ones padded with null; a row whose arrays are all empty or null stays with nulls.
    Output columns: the input's, with each expanded column in its place, or new ones at the end,
    then the item index if asked for.
    """

    input: Relation
    items: tuple[tuple[str, Scalar, Type], ...]  # output name, array, element type
    index: str | None = None
    limit: Scalar | None = None
    as_pairs: bool = False  # bagexpansion=array


@dataclass(frozen=True, slots=True)
class Apply(Relation):
    """``mv-apply`` and ``partition``: a sub-plan run for each input row or each group.

    The sub-plan's leaves are `Rows` (the expanded rows of one input row, or one group's rows).
    """

    input: Relation
    body: Relation
    items: tuple[tuple[str, Scalar, Type], ...] = ()
    index: str | None = None
    limit: Scalar | None = None
    group: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows(Relation):
    """The rows that the enclosing Apply hands to its body."""


@dataclass(frozen=True, slots=True)
class Window(Relation):
    """The input, in its order, with one more column per function of neighbouring rows.

    These are row_number, prev, next, row_cumsum, row_rank_dense, row_window_session ...
    """

    input: Relation
    functions: tuple[Fn, ...]  # the schema's last columns


@dataclass(frozen=True, slots=True)
class MakeSeries(Relation):
    """``make-series``: keys, one array per aggregate, then the axis's array (order as KQL)."""

    input: Relation
    aggregates: tuple[tuple[Agg, Scalar], ...]  # with default
    axis: Scalar
    first: Scalar | None
    last: Scalar | None
    step: Scalar
    keys: tuple[Scalar, ...] = ()
    nonempty: bool = False  # one row of defaults where there is no input


@dataclass(frozen=True, slots=True)
class Shared(Relation):
    """``materialize`` or a let table used more than once: computed once, under one name."""

    name: str
    input: Relation


@dataclass(frozen=True, slots=True)
class Plugin(Relation):
    """``evaluate`` of a plugin.

    Its columns depend on the data (bag_unpack, pivot), or an engine knows it on its own
    (ipv4_lookup). ``schema`` is what is known before running.
    """

    name: str
    input: Relation
    args: tuple[object, ...]
    open_schema: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole query: the relation to run and hints that do not change its rows."""

    relation: Relation
    ordered: bool  # the rows have an order (sort, top, serialize last)
    render: tuple[str, tuple[tuple[str, object], ...]] | None = None
    warnings: tuple[str, ...] = field(default=())
