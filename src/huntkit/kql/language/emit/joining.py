"""Joins, of all kinds that KQL has."""

from dataclasses import replace

from sqlglot import exp

from huntkit.kql.language import plan
from huntkit.kql.language.emit.base import Emitter, Rel, aliased
from huntkit.kql.language.emit.sql import (
    Sql,
    both,
    call,
    coalesce,
    ident,
    named,
    negated,
    text,
    whole,
)
from huntkit.kql.language.errors import KqlUnsupported

_NO_NULLS = ("string",)


class Joining(Emitter):
    """The relation that matches rows of two others."""

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
            if loses and column.type in _NO_NULLS:
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
