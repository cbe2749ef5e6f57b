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
    both,
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
NO_NULLS = ("string",)


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
    """Turns plans into statements of one engine. Make a new one for each plan."""

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

    def scan(self, node: plan.Scan) -> Rel:
        """A table."""
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

    # --- relations -----------------------------------------------------------------------------

    def on_scan(self, node: plan.Scan) -> Rel:
        """A table of the caller's."""
        return self.scan(node)

    def on_values(self, node: plan.Values) -> Rel:
        """Literal rows, in their order; one row without columns for print."""
        order = self.fresh()
        if not node.rows:
            items = [named(self.null_of(c.type), f"c{i}") for i, c in enumerate(node.schema)]
            query = self.select([*items, named(whole(0), order)])
            query.set("where", exp.Where(this=exp.false()))
            return self.add(query, node.schema, order=(Order(order),))
        tuples = [
            exp.Tuple(expressions=[*map(self.literal, row), whole(number)])
            for number, row in enumerate(node.rows)
        ]
        names = [f"c{place}" for place in range(len(node.schema))] + [order]
        values = exp.Values(
            expressions=tuples,
            alias=exp.TableAlias(
                this=exp.Identifier(this="v", quoted=False),
                columns=[exp.Identifier(this=name, quoted=False) for name in names],
            ),
        )
        query = self.select([ident(name) for name in names], values)
        return self.add(query, node.schema, order=(Order(order),))

    def on_rows(self, _node: plan.Rows) -> Rel:
        """What the enclosing Apply hands over."""
        if not self.rows:
            raise KqlUnsupported("rows of an enclosing operator inside a scalar subquery")
        return self.rows[-1]

    def on_shared(self, node: plan.Shared) -> Rel:
        """A relation used more than once, computed once."""
        key = f"{len(self.rows)}:{node.name}"
        if key not in self.shared:
            rel = self.relation(node.input)
            query = self.select([ident(n) for n in [*self.columns(rel), *rel.hidden()]], rel)
            self.shared[key] = self.add(query, rel.schema, rel, materialized=True)
        return self.shared[key]

    def on_filter(self, node: plan.Filter) -> Rel:
        """WHERE."""
        rel = self.lift(self.relation(node.input), [node.condition])
        self.use(rel)
        condition = self.truth(node.condition)
        query = self.select([exp.Star()], rel)
        query.set("where", exp.Where(this=condition))
        return self.add(query, node.schema, rel)

    def on_project(self, node: plan.Project) -> Rel:
        """SELECT values; raw timestamps and sort keys go along."""
        self.spend(len(node.values))
        rel = self.lift(self.relation(node.input), node.values)
        items = [
            named(self.value(value, rel), f"c{place}") for place, value in enumerate(node.values)
        ]
        known = dict(rel.raw)
        raw = tuple(
            (column.name, known[value.name])
            for column, value in zip(node.schema, node.values, strict=True)
            if isinstance(value, plan.Col) and value.name in known
        )
        made = replace(rel, raw=raw)
        hidden = [ident(name) for name in made.hidden()]
        return self.add(self.select([*items, *hidden], rel), node.schema, made)

    def on_sort(self, node: plan.Sort) -> Rel:
        """Keys become hidden columns; a limit is applied at once."""
        rel = self.relation(node.input)
        keys = [(self.fresh(), self.value(key.value, rel), key) for key in node.keys]
        order = tuple(Order(name, key.ascending, key.nulls_first) for name, _, key in keys)
        limit = None if node.limit is None else self.value(node.limit, rel)
        items = [exp.Star(), *[named(value, name) for name, value, _ in keys]]
        full = (*order, *rel.order)
        made = self.add(self.select(items, rel), rel.schema, rel, order=full)
        if limit is None:
            return made
        return self.limited(made, limit)

    def on_limit(self, node: plan.Limit) -> Rel:
        """The first rows."""
        rel = self.relation(node.input)
        return self.limited(rel, self.value(node.count, rel))

    def limited(self, rel: Rel, count: Sql) -> Rel:
        """The first so many rows, of each group inside an Apply."""
        query = self.select([exp.Star()], rel)
        if rel.group:
            number = self.fresh()
            query.append("expressions", named(self.over(call("row_number"), rel), number))
            numbered = self.add(query, rel.schema, rel)
            query = self.select([exp.Star()], numbered)
            query.set("where", exp.Where(this=exp.LTE(this=ident(number), expression=count)))
            return self.add(query, rel.schema, rel)
        if rel.order:
            query.set("order", self.order_by(rel.order))
        query.set("limit", exp.Limit(expression=exp.Paren(this=count)))
        return self.add(query, rel.schema, rel)

    def on_distinct(self, node: plan.Distinct) -> Rel:
        """Each row once."""
        rel = self.relation(node.input)
        query = self.select([ident(n) for n in [*self.columns(rel), *rel.group]], rel)
        query.set("distinct", exp.Distinct())
        return self.add(query, rel.schema, Rel("", rel.schema, group=rel.group))

    def on_union(self, node: plan.Union) -> Rel:
        """UNION ALL; raw timestamps go along where every input has them."""
        rels = [self.relation(each) for each in node.inputs]
        group = rels[0].group
        common = set.intersection(*[{name for name, _ in rel.raw} for rel in rels])
        raw = {name: self.fresh() for name in dict(rels[0].raw) if name in common}
        order = self.fresh()
        queries: list[Sql] = []
        for number, rel in enumerate(rels):
            if len(rel.group) != len(group):
                raise KqlUnsupported("union with a table inside mv-apply or partition")
            known = dict(rel.raw)
            items = [
                *[ident(name) for name in self.columns(rel)],
                *[named(ident(known[name]), raw[name]) for name in raw],
                *[named(ident(a), b) for a, b in zip(rel.group, group, strict=True)],
                named(whole(number), order),
            ]
            queries.append(self.select(items, rel))
        result = queries[0]
        for other in queries[1:]:
            result = exp.Union(this=result, expression=other, distinct=False)
        made = Rel("", node.schema, tuple(raw.items()), (), group)
        return self.add(result, node.schema, made)

    # --- joins ---------------------------------------------------------------------------------

    def on_join(self, node: plan.Join) -> Rel:
        """Joins on equal keys; a null key finds no partner."""
        left, right = self.relation(node.left), self.relation(node.right)
        if right.group and not left.group:
            raise KqlUnsupported("join of a table with the rows of mv-apply or partition")
        keys = [(self.fresh(), self.fresh(), a, b) for a, b in node.keys]
        left_keys = [named(self.value(a, left), name) for name, _, a, _ in keys]
        right_keys = [named(self.value(b, right), name) for _, name, _, b in keys]
        left_names = [name for name, _, _, _ in keys]
        right_names = [name for _, name, _, _ in keys]
        one = self.keyed(left, left_keys, unique=left_names if node.kind == "innerunique" else None)
        two = self.keyed(right, right_keys)
        grouping = list(zip(left.group, right.group, strict=False))
        pairs = [*zip(left_names, right_names, strict=True), *grouping]
        condition = both(
            exp.EQ(this=exp.column(a, table="a"), expression=exp.column(b, table="b"))
            for a, b in pairs
        )
        kind = node.kind
        if kind in ("leftsemi", "leftanti", "rightsemi", "rightanti"):
            return self.semi(node, one, two, condition)
        return self.paired(node, one, two, condition)

    def keyed(self, rel: Rel, keys: list[Sql], unique: list[str] | None = None) -> Rel:
        """The relation with its join keys; only the first row of each key where asked for."""
        names = [ident(n) for n in [*self.columns(rel), *rel.hidden()]]
        made = self.add(self.select([*names, *keys], rel), rel.schema, rel)
        if unique is None:
            return made
        number = self.fresh()
        window = self.over(call("row_number"), made, by=unique)
        items = [*names, *[ident(name) for name in unique]]
        numbered = self.add(self.select([*items, named(window, number)], made), rel.schema, rel)
        query = self.select(items, numbered)
        query.set("where", exp.Where(this=exp.EQ(this=ident(number), expression=whole(1))))
        return self.add(query, rel.schema, rel)

    def semi(self, node: plan.Join, one: Rel, two: Rel, condition: Sql) -> Rel:
        """Rows of one side that have, or lack, a partner."""
        keep, other = (one, two) if node.kind.startswith("left") else (two, one)
        alias, beside = ("a", "b") if keep is one else ("b", "a")
        inner = self.select([whole(1)], aliased(other, beside))
        inner.set("where", exp.Where(this=condition))
        exists: Sql = exp.Exists(this=inner)
        names = [*self.columns(keep), *keep.hidden()]
        query = self.select([exp.column(name, table=alias) for name in names], aliased(keep, alias))
        query.set(
            "where",
            exp.Where(this=exists if node.kind.endswith("semi") else negated(exists)),
        )
        return self.add(query, node.schema, replace(keep))

    def paired(self, node: plan.Join, one: Rel, two: Rel, condition: Sql) -> Rel:
        """Rows of both sides; strings of a missing side are ""."""
        sides = {"inner": "", "innerunique": "", "leftouter": "LEFT"}
        sides |= {"rightouter": "RIGHT", "fullouter": "FULL"}
        side = sides[node.kind]
        places = {
            "left": {column.name: i for i, column in enumerate(one.schema)},
            "right": {column.name: i for i, column in enumerate(two.schema)},
        }
        items = []
        for place, ((source, name), column) in enumerate(
            zip(node.sources, node.schema, strict=True)
        ):
            found: Sql = exp.column(
                f"c{places[source][name]}", table="a" if source == "left" else "b"
            )
            loses = side == "FULL" or side == ("LEFT" if source == "right" else "RIGHT")
            if loses and column.type in NO_NULLS:
                found = coalesce(found, text(""))
            items.append(named(found, f"c{place}"))
        group = []
        for place, name in enumerate(one.group):
            found = exp.column(name, table="a")
            if side in ("RIGHT", "FULL") and place < len(two.group):
                found = coalesce(found, exp.column(two.group[place], table="b"))
            group.append(named(found, name))
        if one.group and side in ("RIGHT", "FULL") and not two.group:
            raise KqlUnsupported(f"join kind={node.kind} inside mv-apply or partition")
        carried = [each for each in one.order if side not in ("RIGHT", "FULL")]
        extra = [exp.column(each.column, table="a") for each in carried]
        query = self.select([*items, *group, *extra], aliased(one, "a"))
        join = exp.Join(this=aliased(two, "b"), on=condition)
        if side:
            join.set("side", side)
        query.set("joins", [join])
        return self.add(query, node.schema, Rel("", node.schema, (), tuple(carried), one.group))

    # --- windows -------------------------------------------------------------------------------

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
