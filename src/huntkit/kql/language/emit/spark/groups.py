"""What is computed before rows are grouped, so that aggregates stand over plain columns."""

from dataclasses import dataclass

from huntkit.kql.language import plan
from huntkit.kql.language.emit.base import Rel
from huntkit.kql.language.emit.duckdb.aggregates import PLAIN
from huntkit.kql.language.emit.spark.aggregates import LISTS


@dataclass(frozen=True, slots=True)
class Ready(plan.Relation):
    """A relation that has been emitted already."""

    rel: Rel


class Columns:
    """The input's columns, and new ones for what is computed from them.

    Args:
        relation: the input.
    """

    def __init__(self, relation: plan.Relation) -> None:
        self.relation = relation
        self.found: dict[plan.Scalar, plan.Col] = {}

    def lift(self, node: plan.Scalar) -> plan.Scalar:
        """A scalar as a column."""
        if isinstance(node, plan.Col):
            return node
        if node not in self.found:
            name = f"\0{len(self.found)}"  # no column of KQL's is called so
            self.found[node] = plan.Col(node.type, name)
        return self.found[node]

    def aggregate(self, node: plan.Agg) -> plan.Agg:
        """An aggregate of columns; the values of lists become JSON first."""
        name, args = node.name, list(node.args)
        plain = PLAIN.get(name, name)
        if plain in LISTS and args[0].type != "dynamic":
            args[0] = plan.Fn("dynamic", "to_dynamic", (args[0],))
            if plain == "make_set":
                name = "make_set_of_scalars" + ("_if" if name.endswith("if") else "")
        lifted = [each if isinstance(each, plan.Lit) else self.lift(each) for each in args]
        if args and isinstance(args[0], plan.Lit) and not plain.startswith("percentile"):
            lifted[0] = self.lift(args[0])
        return plan.Agg(node.type, name, tuple(lifted))

    def input(self) -> plan.Relation:
        """The relation with the new columns."""
        if not self.found:
            return self.relation
        own = self.relation.schema
        new = tuple(plan.Column(col.name, col.type) for col in self.found.values())
        values = (*(plan.Col(c.type, c.name) for c in own), *self.found)
        return plan.Project((*own, *new), self.relation, values)


def flattened(node: plan.Aggregate) -> plan.Aggregate:
    """The same groups over columns only."""
    columns = Columns(node.input)
    aggregates = tuple(columns.aggregate(each) for each in node.aggregates)
    keys = tuple(columns.lift(each) for each in node.keys)
    return plan.Aggregate(node.schema, columns.input(), keys, aggregates)
