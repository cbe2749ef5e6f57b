"""Groups: summarize, and the rows that mv-expand, mv-apply and partition make."""

from dataclasses import replace

from sqlglot import exp

from huntkit.kql.language import plan
from huntkit.kql.language.emit.base import Order, Rel, aliased
from huntkit.kql.language.emit.joining import Joining
from huntkit.kql.language.emit.sql import (
    Sql,
    call,
    coalesce,
    ident,
    named,
    text,
    whole,
)
from huntkit.kql.language.emit.tables import Tables
from huntkit.kql.language.emit.windows import Windows
from huntkit.kql.language.errors import KqlUnsupported

ROW_WISE = ("arg_max", "arg_min", "take_any", "take_anyif")


class Grouping(Tables, Joining, Windows):
    """All relations that engines share; its own are those that make groups, or rows of groups."""

    # --- what an engine says for itself --------------------------------------------------------

    def aggregate(self, node: plan.Agg, rel: Rel) -> Sql:
        """An aggregate that stands for itself."""
        raise NotImplementedError

    def row_of(self, values: list[Sql]) -> Sql:
        """Several values as one."""
        raise NotImplementedError

    def part_of(self, row: Sql, place: int) -> Sql:
        """One of the values of `row_of`, from 0."""
        raise NotImplementedError

    def pick_row(self, name: str, row: Sql, by: list[Sql], rel: Rel) -> Sql:
        """The aggregate that takes one row: by arg_max, arg_min, or any."""
        raise NotImplementedError

    def items_of(self, value: Sql, *, as_pairs: bool) -> Sql:
        """The elements of a dynamic, as a list of dynamics."""
        raise NotImplementedError

    def length_of(self, items: Sql) -> Sql:
        """How many elements a list has."""
        raise NotImplementedError

    def at(self, items: Sql, place: Sql) -> Sql:
        """The element of a list, from 1; null beyond its end."""
        raise NotImplementedError

    def numbers_to(self, count: Sql) -> Sql:
        """In a SELECT list: a row for each number from 1 to count."""
        raise NotImplementedError

    def converted(self, value: Sql, kind: str) -> Sql:
        """A dynamic as another type."""
        raise NotImplementedError

    # --- summarize -----------------------------------------------------------------------------

    def on_aggregate(self, node: plan.Aggregate) -> Rel:
        """GROUP BY; aggregates that take one row together take the same row."""
        rel = self.relation(node.input)
        keys = [named(self.value(key, rel), f"c{i}") for i, key in enumerate(node.keys)]
        items: list[Sql] = [*keys]
        outer: list[Sql] = [ident(f"c{i}") for i in range(len(keys))]
        rows: dict[str, tuple[str, list[plan.Agg]]] = {}
        for agg in node.aggregates:
            if agg.name in ROW_WISE:
                chosen = agg.name + repr(self._chooser(agg))
                rows.setdefault(chosen, (self.fresh(), []))[1].append(agg)
        taken = {}
        for hidden, aggs in rows.values():
            self.use(rel)
            values = [self.value(agg.args[0 if "any" in agg.name else 1]) for agg in aggs]
            by = [self.value(each) for each in self._chooser(aggs[0])]
            items.append(named(self.pick_row(aggs[0].name, self.row_of(values), by, rel), hidden))
            for place, agg in enumerate(aggs):
                taken[id(agg)] = (hidden, place)
        for place, agg in enumerate(node.aggregates, len(keys)):
            name = f"c{place}"
            if id(agg) in taken:
                hidden, at = taken[id(agg)]
                got = self.part_of(ident(hidden), at)
                fixed = coalesce(got, text("")) if agg.type == "string" else got
                outer.append(named(fixed, name))
                continue
            self.use(rel)
            items.append(named(self.aggregate(agg, rel), name))
            outer.append(ident(name))
        group = [ident(name) for name in rel.group]
        query = self.select([*items, *group], rel)
        by_names = [f"c{i}" for i in range(len(keys))] + list(rel.group)
        if by_names:
            positions = [whole(i + 1) for i in range(len(keys))]
            places = [whole(len(items) + i + 1) for i in range(len(group))]
            query.set("group", exp.Group(expressions=[*positions, *places]))
        if not items and not group:
            raise KqlUnsupported("summarize of nothing")
        made = self.add(query, node.schema, Rel("", node.schema, group=rel.group))
        if not rows:
            return made
        return self.add(self.select([*outer, *group], made), node.schema, made)

    def _chooser(self, agg: plan.Agg) -> tuple[plan.Scalar, ...]:
        """What decides which row an aggregate takes."""
        if agg.name == "take_any":
            return ()
        return (agg.args[1 if agg.name == "take_anyif" else 0],)

    # --- mv-expand -----------------------------------------------------------------------------

    def on_expand(self, node: plan.Expand) -> Rel:
        """A row for each element."""
        return self.expand(node, self.relation(node.input))

    def expand(self, node: plan.Expand | plan.Apply, rel: Rel, *, numbered: str = "") -> Rel:
        """The rows of the elements; ``numbered``: a hidden column for the place."""
        rel = self.lift(rel, [plan.Fn("dynamic", "items", (value,)) for _, value, _ in node.items])
        lists = [(self.fresh(), value) for _, value, _ in node.items]
        kept = [*self.columns(rel), *rel.hidden()]
        pairs = isinstance(node, plan.Expand) and node.as_pairs
        items = [
            named(self.items_of(self.value(value, rel), as_pairs=pairs), name)
            for name, value in lists
        ]
        listed = self.add(self.select([*map(ident, kept), *items], rel), rel.schema, rel)
        lengths = [self.length_of(ident(name)) for name, _ in lists]
        count = call("greatest", whole(1), *lengths)
        if node.limit is not None:
            count = call("least", count, self.value(node.limit, rel))
        place = numbered or self.fresh()
        names = [ident(n) for n in [*kept, *[name for name, _ in lists]]]
        walked = self.add(
            self.select([*names, named(self.numbers_to(count), place)], listed), rel.schema, rel
        )
        return self.placed(node, walked, [name for name, _ in lists], place, keep=bool(numbered))

    def placed(
        self, node: plan.Expand | plan.Apply, rel: Rel, lists: list[str], place: str, *, keep: bool
    ) -> Rel:
        """The elements put in their columns."""
        schema = node.schema if isinstance(node, plan.Expand) else expanded_schema(node)
        known = {column.name: f"c{i}" for i, column in enumerate(rel.schema)}
        new: dict[str, Sql] = {}
        for (name, _, kind), hidden in zip(node.items, lists, strict=True):
            element = self.at(ident(hidden), ident(place))
            new[name] = self.converted(element, kind)
        if node.index:
            new[node.index] = exp.Sub(this=ident(place), expression=whole(1))
        items = [
            named(new[column.name] if column.name in new else ident(known[column.name]), f"c{i}")
            for i, column in enumerate(schema)
        ]
        raw = tuple(each for each in rel.raw if each[0] not in new)
        order = (*rel.order, Order(place)) if rel.order or keep else ()
        made = replace(rel, raw=raw, order=order)
        hidden_ = [ident(name) for name in made.hidden()]
        return self.add(self.select([*items, *hidden_], rel), schema, made)

    # --- mv-apply and partition ----------------------------------------------------------------

    def on_apply(self, node: plan.Apply) -> Rel:
        """The sub-plan, with the input row or the group kept apart by a hidden column."""
        if self.rows:
            raise KqlUnsupported("mv-apply, partition or top-nested inside another")
        rel = self.relation(node.input)
        if node.group:
            return self.partition(node, rel)
        mark, place = self.fresh(), self.fresh()
        names = [ident(n) for n in [*self.columns(rel), *rel.hidden()]]
        number = exp.Window(this=call("row_number"))
        if rel.order:
            number.set("order", self.order_by(rel.order))
        marked = self.add(
            self.select([*names, named(number, mark)], rel), rel.schema, rel, materialized=True
        )
        rows = self.expand(node, replace(marked, group=(mark,), order=()), numbered=place)
        found = self.body(node, rows)
        return self.rejoined(node, marked, found, mark)

    def body(self, node: plan.Apply, rows: Rel) -> Rel:
        """The sub-plan over the given rows."""
        self.rows.append(rows)
        try:
            return self.relation(node.body)
        finally:
            self.rows.pop()

    def rejoined(self, node: plan.Apply, marked: Rel, found: Rel, mark: str) -> Rel:
        """The sub-plan's columns, and the input row's where the sub-plan lost them."""
        inside = {column.name: f"c{i}" for i, column in enumerate(found.schema)}
        outside = {column.name: f"c{i}" for i, column in enumerate(marked.schema)}
        group = found.group[0]
        order = [ident(each.column) for each in found.order]
        if all(column.name in inside for column in node.schema):
            items = [
                named(ident(inside[column.name]), f"c{i}") for i, column in enumerate(node.schema)
            ]
            query = self.select([*items, named(ident(group), mark), *order], found)
        else:
            items = [
                named(
                    exp.column(inside[column.name], table="a")
                    if column.name in inside
                    else exp.column(outside[column.name], table="b"),
                    f"c{i}",
                )
                for i, column in enumerate(node.schema)
            ]
            marks = named(exp.column(group, table="a"), mark)
            carried = [exp.column(each.column, table="a") for each in found.order]
            query = self.select([*items, marks, *carried], aliased(found, "a"))
            on = exp.EQ(this=exp.column(group, table="a"), expression=exp.column(mark, table="b"))
            query.set("joins", [exp.Join(this=aliased(marked, "b"), on=on)])
        keys = (Order(mark), *found.order)
        return self.add(query, node.schema, Rel("", node.schema, order=keys))

    def partition(self, node: plan.Apply, rel: Rel) -> Rel:
        """The sub-plan for each group of rows."""
        names = [ident(n) for n in [*self.columns(rel), *rel.hidden()]]
        marks = [(self.fresh(), self.value(value, rel)) for value in node.group]
        items = [named(value, name) for name, value in marks]
        made = self.add(
            self.select([*names, *items], rel),
            rel.schema,
            rel,
            group=tuple(name for name, _ in marks),
        )
        found = self.body(node, made)
        places = {column.name: f"c{i}" for i, column in enumerate(found.schema)}
        columns = [named(ident(places[c.name]), f"c{i}") for i, c in enumerate(node.schema)]
        return self.add(self.select(columns, found), node.schema, Rel("", node.schema))


def expanded_schema(node: plan.Apply) -> plan.Schema:
    """The columns of an Apply's rows: the input's, with the elements in their place."""
    kinds = {name: kind for name, _, kind in node.items}
    columns = [
        plan.Column(column.name, kinds.pop(column.name, column.type))
        for column in node.input.schema
    ]
    columns += [plan.Column(name, kind) for name, kind in kinds.items()]
    if node.index:
        columns.append(plan.Column(node.index, "long"))
    return tuple(columns)
