"""Functions of neighbouring rows: row numbers, ranks, running sums, sessions."""

from sqlglot import exp

from huntkit.kql.language import plan
from huntkit.kql.language.emit.base import Emitter, Order, Rel
from huntkit.kql.language.emit.sql import (
    Sql,
    call,
    case,
    cast,
    coalesce,
    either,
    ident,
    named,
    null,
    whole,
)
from huntkit.kql.language.errors import KqlUnsupported


class Windows(Emitter):
    """The relation that adds columns computed from neighbouring rows."""

    # --- what an engine says for itself --------------------------------------------------------

    def sessions(self, node: plan.Fn, rel: Rel, name: str) -> Rel:  # noqa: ARG002  one meaning
        """The relation, in its order, with a hidden column: where each row's session started."""
        raise KqlUnsupported(f"{node.name} is not run by this engine")

    def differs(self, one: Sql, two: Sql) -> Sql:
        """IS DISTINCT FROM."""
        return exp.NullSafeNEQ(this=one, expression=two)

    def on_window(self, node: plan.Window) -> Rel:
        """Functions of neighbouring rows, over an explicit row number."""
        rel = self.relation(node.input)
        names = [*self.columns(rel), *rel.hidden()]
        number = self.fresh()
        query = self.select(
            [*map(ident, names), named(self.over(call("row_number"), rel), number)], rel
        )
        numbered = self.add(query, rel.schema, rel, order=(Order(number),))
        restarts = [
            (self.fresh(), function.args[-1])
            if function.args and function.args[-1].type == "bool" and not false(function.args[-1])
            else None
            for function in node.functions
        ]
        parts = [
            named(
                self.over(
                    call("sum", cast(self.value(each[1], numbered), "INTEGER")),
                    numbered,
                    frame=True,
                ),
                each[0],
            )
            for each in restarts
            if each
        ]
        kept = [*self.columns(rel), *numbered.hidden()]
        if parts:
            query = self.select([*map(ident, kept), *parts], numbered)
            numbered = self.add(query, rel.schema, numbered)
        items = []
        for place, (function, restart) in enumerate(zip(node.functions, restarts, strict=True)):
            by = [restart[0]] if restart else []
            if function.name in ("row_rank_dense", "row_rank_min"):
                numbered, value = self.rank(function, numbered, by)
            elif function.name == "row_window_session":
                started = self.fresh()
                numbered, value = self.sessions(function, numbered, started), ident(started)
            else:
                value = self.window_function(function, numbered, by)
            items.append(named(value, f"c{len(rel.schema) + place}"))
        query = self.select([*map(ident, kept), *items], numbered)
        return self.add(query, node.schema, numbered)

    def window_function(self, node: plan.Fn, rel: Rel, by: list[str]) -> Sql:
        """One function of neighbouring rows."""
        if node.name == "row_number":
            count = self.over(call("row_number"), rel, by=by)
            first = self.value(node.args[0], rel)
            return exp.Add(this=count, expression=exp.Sub(this=first, expression=whole(1)))
        if node.name in ("prev", "next"):
            value, offset, default = (self.value(each, rel) for each in node.args)
            function = call("lag" if node.name == "prev" else "lead", value, offset, default)
            return self.over(function, rel, by=by)
        if node.name == "row_cumsum":
            summed = self.over(call("sum", self.value(node.args[0], rel)), rel, by=by, frame=True)
            types = {"real": "DOUBLE", "int": "INTEGER", "decimal": "DECIMAL(38,18)"}
            return cast(coalesce(summed, whole(0)), types.get(node.type, "BIGINT"))
        raise KqlUnsupported(f"{node.name} is not run by this engine")

    def rank(self, node: plan.Fn, rel: Rel, by: list[str]) -> tuple[Rel, Sql]:
        """How many runs of equal values there were, or the row number that the run began with."""
        value, place, start = self.fresh(), self.fresh(), self.fresh()
        found = self.value(node.args[0], rel)
        number = self.over(call("row_number"), rel, by=by)
        kept = [exp.Star(), named(found, value), named(number, place)]
        placed = self.add(self.select(kept, rel), rel.schema, rel)
        before = self.over(call("lag", ident(value)), placed, by=by)
        first = exp.EQ(this=ident(place), expression=whole(1))
        begins = either([first, self.differs(ident(value), before)])
        marked = ident(place) if node.name == "row_rank_min" else whole(1)
        items = [exp.Star(), named(case([(begins, marked)], null()), start)]
        made = self.add(self.select(items, placed), rel.schema, placed)
        total = call("max" if node.name == "row_rank_min" else "sum", ident(start))
        return made, cast(self.over(total, made, by=by, frame=True), "BIGINT")


def false(node: plan.Scalar) -> bool:
    """Whether a scalar is the constant false."""
    return isinstance(node, plan.Lit) and node.value is False
