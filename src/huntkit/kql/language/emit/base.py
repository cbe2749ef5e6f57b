"""The walk over a plan that all engines share: every relation becomes one named subquery.

A relation is a common table expression with columns ``c0, c1 ...`` by position, so that names
that differ only in case, or are no SQL names at all, never reach an engine. Beside them it may
carry hidden columns (``h7``): raw timestamps, sort keys, and the group that an ``Apply`` works
on.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from huntkit.kql.language import plan
from huntkit.kql.language.emit.sql import (
    Emitted,
    Sql,
    call,
    coalesce,
    ident,
    is_null,
    named,
    negated,
    text,
    whole,
)
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.language.plan import Schema
from huntkit.kql.language.pruning import pruned

MOST_WEIGHT = 60_000


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key that a relation carries."""

    column: str
    ascending: bool = True
    nulls_first: bool = True


@dataclass(frozen=True, slots=True)
class Rel:
    """A relation that has been emitted.

    Attributes:
        name: of the subquery.
        schema: the KQL columns; column i is called ``c<i>``.
        raw: hidden columns with the engine's own timestamp of a datetime column, by KQL name.
        order: the sort keys that rows are ordered by, as hidden columns.
        group: hidden columns that keep the groups of an Apply apart.
    """

    name: str
    schema: Schema
    raw: tuple[tuple[str, str], ...] = ()
    order: tuple[Order, ...] = ()
    group: tuple[str, ...] = ()

    def hidden(self) -> list[str]:
        """The hidden columns."""
        names = [column for _, column in self.raw] + [each.column for each in self.order]
        return list(dict.fromkeys([*names, *self.group]))


class Emitter:
    """Turns plans into statements of one engine. Make a new one for each plan.

    This is what all relations need: names, hidden columns, scalars. The relations themselves are
    methods of the classes that inherit from it, ``on_`` and the name of the plan's node.
    """

    dialect = ""

    def __init__(self) -> None:
        self.ctes: list[exp.CTE] = []
        self.needs: set[str] = set()
        self.shared: dict[str, Rel] = {}
        self.rows: list[Rel] = []
        self.counter = 0
        self.scope: Rel | None = None
        self.positions: dict[str, int] = {}
        self.lifted: dict[tuple[str, int], str] = {}
        self.spent = 0

    # --- what an engine says for itself --------------------------------------------------------

    def literal(self, node: plan.Lit) -> Sql:
        """A constant."""
        raise NotImplementedError

    def function(self, node: plan.Fn) -> Sql:
        """A primitive."""
        raise NotImplementedError

    def truth(self, node: plan.Scalar) -> Sql:
        """A condition of which only "true" counts, so that null may stand for false."""
        return self.value(node)

    def helper(self, name: str, arguments: Sequence[Sql]) -> Sql:
        """One of the engine's own building blocks that primitives are made of, by name."""
        raise NotImplementedError

    def moment(self, microseconds: int) -> Sql | None:
        """A constant of the engine's own timestamps, in UTC since 1970; None beyond its range."""
        raise NotImplementedError

    def lowered(self, value: Sql) -> Sql:
        """A text in lower case, letter by letter."""
        return call("lower", value)

    def null_of(self, type_: str) -> Sql:
        """The null of a KQL type, "" for string."""
        return self.literal(plan.Lit(type_, "" if type_ == "string" else None))

    # --- statements ----------------------------------------------------------------------------

    def emit(self, query: plan.Plan) -> Emitted:
        """The whole statement."""
        rel = self.relation(pruned(query.relation))
        names = self.columns(rel)
        select = self.select([ident(name) for name in names], rel)
        if rel.order:
            select.set("order", self.order_by(rel.order))
        if self.ctes:
            select.set("with_", exp.With(expressions=self.ctes))
        return Emitted(select, tuple(names), rel.schema, frozenset(self.needs))

    def relation(self, node: plan.Relation) -> Rel:
        """Emit a relation; the result's rows are those of the plan's node."""
        method = getattr(self, "on_" + type(node).__name__.lower(), None)
        if method is None:
            raise KqlUnsupported(f"{type(node).__name__} is not run by this engine")
        rel: Rel = method(node)
        return rel

    # --- parts ---------------------------------------------------------------------------------

    def columns(self, rel: Rel) -> list[str]:
        """The relation's columns by position."""
        return [f"c{place}" for place in range(len(rel.schema))]

    def fresh(self) -> str:
        """A new hidden name."""
        self.counter += 1
        return f"h{self.counter}"

    def select(self, items: Sequence[Sql], source: Rel | Sql | None = None) -> exp.Select:
        """SELECT items FROM the relation."""
        query = exp.Select(expressions=list(items) or [exp.Literal.number(1)])
        if source is not None:
            table = (
                exp.Table(this=exp.Identifier(this=source.name, quoted=False))
                if isinstance(source, Rel)
                else source
            )
            query.set("from_", exp.From(this=table))
        return query

    def order_by(self, keys: Sequence[Order]) -> exp.Order:
        """ORDER BY."""
        return exp.Order(
            expressions=[
                exp.Ordered(
                    this=ident(key.column), desc=not key.ascending, nulls_first=key.nulls_first
                )
                for key in keys
            ]
        )

    def add(self, query: Sql, schema: Schema, like: Rel | None = None, **changes: object) -> Rel:
        """Give a subquery a name; hidden columns as in ``like`` unless changed."""
        self.counter += 1
        name = f"q{self.counter}"
        materialized = changes.pop("materialized", False)
        self.ctes.append(
            exp.CTE(
                this=query,
                alias=exp.TableAlias(this=exp.Identifier(this=name, quoted=False)),
                materialized=bool(materialized),
            )
        )
        made = replace(like, name=name, schema=schema) if like else Rel(name, schema)
        return replace(made, **changes) if changes else made  # type: ignore[arg-type]

    def use(self, rel: Rel) -> None:
        """Scalars that follow see this relation's columns."""
        self.scope = rel
        self.positions = {column.name: place for place, column in enumerate(rel.schema)}

    def value(self, node: plan.Scalar, rel: Rel | None = None) -> Sql:
        """A scalar over the current relation."""
        if rel is not None and rel is not self.scope:
            self.use(rel)
        if isinstance(node, plan.Col):
            return ident(f"c{self.positions[node.name]}")
        if isinstance(node, plan.Lit):
            return self.literal(node)
        if isinstance(node, plan.Fn):
            self.spend(1)
            return self.function(node)
        if isinstance(node, plan.ScalarQuery):
            return self.scalar_query(node)
        if isinstance(node, plan.InQuery):
            return self.in_query(node)
        raise KqlUnsupported(f"{type(node).__name__} can't stand here")

    def spend(self, count: int) -> None:
        """Count what is emitted; a query that grows without end is refused."""
        self.spent += count
        if self.spent > MOST_WEIGHT:
            raise KqlUnsupported("a query this large (search and union over fewer tables)")

    def apart(self, node: plan.Relation) -> Rel:
        """Emit a relation that stands inside a scalar; the scope stays."""
        scope, positions, rows = self.scope, self.positions, self.rows
        self.rows = []
        try:
            return self.relation(node)
        finally:
            self.scope, self.positions, self.rows = scope, positions, rows

    def lift(self, rel: Rel, scalars: Iterable[plan.Scalar]) -> Rel:
        """The relation with a hidden column for each subquery that stands inside a function.

        What becomes of a function's arguments is the engine's affair: inside the functions that
        some make for it (lambdas) no subquery may stand.
        """
        found = {id(each): each for scalar in scalars for each in _inside(scalar, within=False)}
        if not found:
            return rel
        self.use(rel)
        names = {key: self.fresh() for key in found}
        items = [named(self.scalar_query(each), names[key]) for key, each in found.items()]
        made = self.add(self.select([exp.Star(), *items], rel), rel.schema, rel)
        self.lifted |= {(made.name, key): name for key, name in names.items()}
        return made

    def scalar_query(self, node: plan.ScalarQuery) -> Sql:
        """(SELECT the first cell)."""
        if self.scope is not None and (known := self.lifted.get((self.scope.name, id(node)))):
            return ident(known)
        rel = self.apart(node.relation)
        query = self.select([ident("c0")], rel)
        if rel.order:
            query.set("order", self.order_by(rel.order))
        query.set("limit", exp.Limit(expression=whole(1)))
        found: Sql = exp.Subquery(this=query)
        return coalesce(found, text("")) if node.type == "string" else found

    def in_query(self, node: plan.InQuery) -> Sql:
        """Whether a value is among a relation's first column, never null."""
        value = self.value(node.value)
        rel = self.apart(node.relation)
        item: Sql = ident("c0")
        if node.ignore_case:
            value, item = self.lowered(value), self.lowered(item)
        query = self.select([named(item, "c0")], rel)
        query.set("where", exp.Where(this=negated(is_null(ident("c0")))))
        return coalesce(
            exp.In(this=exp.Paren(this=value), query=exp.Subquery(this=query)), exp.false()
        )

    def over(
        self,
        function: Sql,
        rel: Rel,
        *,
        by: Sequence[str] = (),
        order: Sequence[Order] | None = None,
        frame: bool = False,
    ) -> Sql:
        """A window function over the relation's order, in each group."""
        keys = rel.order if order is None else order
        window = exp.Window(this=function)
        parts = [*rel.group, *by]
        if parts:
            window.set("partition_by", [ident(name) for name in parts])
        if keys:
            window.set("order", self.order_by(keys))
        if frame:
            spec = exp.WindowSpec(
                kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW"
            )
            window.set("spec", spec)
        return window


def aliased(rel: Rel, name: str) -> exp.Table:
    """The relation under a short name."""
    return exp.Table(
        this=exp.Identifier(this=rel.name, quoted=False),
        alias=exp.TableAlias(this=exp.Identifier(this=name, quoted=False)),
    )


_OPEN = frozenset(
    [
        *("and", "or", "not", "equal", "not_equal", "less", "less_equal", "greater"),
        *("greater_equal", "between", "add", "subtract", "in", "equal_ci"),
    ]
)


def _inside(node: plan.Scalar, *, within: bool) -> Iterator[plan.ScalarQuery]:
    """The subqueries inside functions; in comparisons and sums they may stay."""
    if isinstance(node, plan.ScalarQuery):
        if within:
            yield node
    elif isinstance(node, plan.Fn):
        for each in node.args:
            yield from _inside(each, within=within or node.name not in _OPEN)
    elif isinstance(node, plan.InQuery):
        yield from _inside(node.value, within=within)
