"""The relations that work on rows as they come: filters, columns, order, and unions."""

from dataclasses import replace

from sqlglot import exp

from huntkit.kql.language import plan
from huntkit.kql.language.emit.base import Emitter, Order, Rel
from huntkit.kql.language.emit.sql import Sql, call, ident, named, whole
from huntkit.kql.language.errors import KqlUnsupported


class Relations(Emitter):
    """The relations that neither join nor group."""

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
