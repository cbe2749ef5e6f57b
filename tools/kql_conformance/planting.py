"""Rows that a query keeps: its plan walked from the result to the tables, conditions in hand."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterator

from huntkit.kql.language import plan
from tools.kql_conformance.conditions import Conditions, Wants, literal
from tools.kql_conformance.wants import Want, fixed

Leaf = plan.Scan | plan.External


class Planter:
    """Collects, for each table of one query, the conditions of the rows to make.

    Args:
        row: which row of a table is made; branches and list items are chosen by it.
    """

    def __init__(self, row: int) -> None:
        self.row = row
        self.found: list[tuple[Leaf, Wants]] = []
        self.repeats = 1
        self._known: dict[int, Wants] = {}
        self._inner: list[Wants] = []
        self._asked: set[int] = set()

    def push(self, relation: plan.Relation, wants: Wants) -> None:
        """Make the relation have a row that meets the conditions."""
        names = {column.name for column in relation.schema}
        wants = {name: want for name, want in wants.items() if name in names}
        if isinstance(relation, Leaf):
            self.found.append((relation, wants))
            return
        if isinstance(relation, plan.Rows):
            for name, want in wants.items():
                self._inner[-1].setdefault(name, Want()).merge(want)
            return
        step = getattr(self, f"_{type(relation).__name__.lower()}", None)
        if step is not None:
            step(relation, wants)
        elif isinstance(getattr(relation, "input", None), plan.Relation):
            self.push(relation.input, wants)  # type: ignore[attr-defined]

    def ask(self, relation: plan.Relation) -> Wants:
        """Rows for a query inside a condition, once; what is known of its columns."""
        if id(relation) not in self._asked:
            self._asked.add(id(relation))
            self.push(relation, {})
        return self.known(relation)

    def conditions(self, wants: Wants) -> Conditions:
        """A collector that adds to these."""
        return Conditions(wants, self.row, self.ask)

    # --- down --------------------------------------------------------------------------------

    def _filter(self, node: plan.Filter, wants: Wants) -> None:
        self.conditions(wants).require(node.condition, True)
        self.push(node.input, wants)

    def _project(self, node: plan.Project, wants: Wants) -> None:
        below: Wants = {}
        collect = self.conditions(below)
        for column, value in zip(node.schema, node.values, strict=True):
            if column.name in wants:
                collect.invert(value, wants[column.name])
        self.push(node.input, below)

    def _aggregate(self, node: plan.Aggregate, wants: Wants) -> None:
        below: Wants = {}
        collect = self.conditions(below)
        for column, value in zip(node.schema, (*node.keys, *node.aggregates), strict=True):
            want = wants.get(column.name)
            if isinstance(value, plan.Agg):
                if want is not None:
                    self._grouped(value, want, collect)
            elif want is not None:
                collect.invert(value, want)
        self.push(node.input, below)

    def _grouped(self, node: plan.Agg, want: Want, collect: Conditions) -> None:
        name, args = node.name, node.args
        if name in ("count", "countif"):
            if want.low is not None and want.low > 8:
                self.repeats = max(self.repeats, min(int(want.low / 6) + 1, 200))
        elif name in ("dcount", "dcountif", "count_distinct", "count_distinctif"):
            collect.invert(args[0], Want(vary=(want.low or 0) > 1))
        elif name.startswith(("make_set", "make_list")):
            collect.invert(args[0], Want(vary=len(want.items) > 1))
            if want.items:
                collect.invert(args[0], want.items[0])
        elif name in ("arg_max", "arg_min"):
            collect.invert(args[1], want)
        elif args:
            collect.invert(args[0], want)
        if name.endswith("if") and len(args) < 3 and name != "sumif":
            collect.require(args[-1], True)

    def _join(self, node: plan.Join, wants: Wants) -> None:
        sides: dict[str, Wants] = {"left": {}, "right": {}}
        for column, (side, name) in zip(node.schema, node.sources, strict=True):
            if column.name in wants:
                sides[side].setdefault(name, Want()).merge(wants[column.name])
        self._meet(node, sides["left"], sides["right"])
        if node.kind != "rightanti":
            self.push(node.left, sides["left"])
        if node.kind != "leftanti":
            self.push(node.right, sides["right"])

    def _meet(self, node: plan.Join, left: Wants, right: Wants) -> None:
        """What is known of a key on one side holds on the other."""
        knowns = self.known(node.left), self.known(node.right)
        for one, two in node.keys:
            wants = [
                _of(value, given, known)
                for value, given, known in ((one, left, knowns[0]), (two, right, knowns[1]))
            ]
            self.conditions(right).invert(two, wants[0].copy())
            self.conditions(left).invert(one, wants[1].copy())

    def _union(self, node: plan.Union, wants: Wants) -> None:
        for each in node.inputs:
            self.push(each, {name: want.copy() for name, want in wants.items()})

    def _expand(self, node: plan.Expand, wants: Wants) -> None:
        self._lists(node, wants, {})

    def _apply(self, node: plan.Apply, wants: Wants) -> None:
        self._inner.append({})
        self.push(node.body, wants)
        self._lists(node, wants, self._inner.pop())

    def _lists(self, node: plan.Expand | plan.Apply, wants: Wants, inner: Wants) -> None:
        below = {**wants}
        for name, want in inner.items():
            below.setdefault(name, Want()).merge(want)
        elements = [(value, below.pop(name, Want())) for name, value, _ in node.items]
        collect = self.conditions(below)
        for value, element in elements:
            if isinstance(node, plan.Expand) and node.as_pairs and len(element.items) == 2:
                key, inside = element.items
                collect.invert(value, Want(fields={str(key.value or "alpha"): inside}))
            else:
                collect.invert(value, Want(items=[element]))
        self.push(node.input, below)

    def _plugin(self, node: plan.Plugin, wants: Wants) -> None:
        names = {column.name for column in node.input.schema}
        below = {name: want for name, want in wants.items() if name in names}
        if node.name == "bag_unpack" and isinstance(node.args[0], plan.Col):
            fields = {name: want for name, want in wants.items() if name not in names}
            self.conditions(below).invert(
                node.args[0], Want(fields=fields or {"alpha": fixed("alpha")})
            )
        for argument in node.args:
            if isinstance(argument, plan.Relation):
                self.push(argument, {})
        self.push(node.input, below)

    def _makeseries(self, node: plan.MakeSeries, wants: Wants) -> None:
        below: Wants = {}
        collect = self.conditions(below)
        for column, key in zip(node.schema, node.keys, strict=False):
            if column.name in wants:
                collect.invert(key, wants[column.name])
        bounds = [_ticks(node.first), _ticks(node.last)]
        if any(each is not None for each in bounds):
            collect.invert(node.axis, Want(low=bounds[0], high=bounds[1]))
        self.push(node.input, below)

    # --- up ----------------------------------------------------------------------------------

    def known(self, relation: plan.Relation) -> Wants:
        """What the relation's own filters say of its columns."""
        if id(relation) not in self._known:
            self._known[id(relation)] = self._look(relation)
        return self._known[id(relation)]

    def _look(self, node: plan.Relation) -> Wants:
        if isinstance(node, plan.Values):
            return self._row_of(node)
        if isinstance(node, plan.Filter):
            found = {name: want.copy() for name, want in self.known(node.input).items()}
            Conditions(found, self.row, self.known).require(node.condition, True)
            return found
        if isinstance(node, plan.Project):
            return self._through(node.schema, node.values, self.known(node.input))
        if isinstance(node, plan.Aggregate):
            return self._through(node.schema, node.keys, self.known(node.input))
        if isinstance(node, plan.Join):
            sides = {"left": self.known(node.left), "right": self.known(node.right)}
            return {
                column.name: sides[side][name]
                for column, (side, name) in zip(node.schema, node.sources, strict=True)
                if name in sides[side]
            }
        if isinstance(node, plan.Union):
            return self.known(node.inputs[self.row % len(node.inputs)])
        names = {column.name for column in node.schema}
        below = getattr(node, "input", None)
        if not isinstance(below, plan.Relation):
            return {}
        lost = {name for name, *_ in getattr(node, "items", ())}
        return {n: w for n, w in self.known(below).items() if n in names - lost}

    def _row_of(self, node: plan.Values) -> Wants:
        if not node.rows:
            return {}
        row = node.rows[self.row % len(node.rows)]
        pairs = zip(node.schema, row, strict=True)
        return {column.name: fixed(literal(value)) for column, value in pairs}

    def _through(self, schema: plan.Schema, values: tuple[plan.Scalar, ...], below: Wants) -> Wants:
        found: Wants = {}
        for column, value in zip(schema, values, strict=False):
            inner = _bare(value)
            if isinstance(inner, plan.Col) and inner.name in below:
                found[column.name] = below[inner.name]
            elif isinstance(inner, plan.Lit):
                found[column.name] = fixed(literal(inner))
        return found


def _bare(value: plan.Scalar) -> plan.Scalar:
    while isinstance(value, plan.Fn) and value.name in ("tolower", "toupper", "tostring"):
        value = value.args[0]
    return value


def _of(value: plan.Scalar, given: Wants, known: Wants) -> Want:
    """All that is said of a join's key."""
    found = Want()
    if isinstance(value, plan.Col):
        for wants in (given, known):
            if value.name in wants:
                found.merge(wants[value.name])
    return found


def _ticks(node: plan.Scalar | None) -> float | None:
    if isinstance(node, plan.Lit) and isinstance(node.value, int | float):
        return node.value
    return None


def leaves(node: object) -> Iterator[Leaf]:
    """Every table and file below a node, also in queries inside its conditions."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, tuple):
        for each in node:
            yield from leaves(each)
    elif isinstance(node, plan.Relation | plan.Scalar):
        for field in dataclasses.fields(node):
            yield from leaves(getattr(node, field.name))


def rows_of(relation: plan.Relation, *, rows: int) -> dict[Leaf, list[Wants]]:
    """For every table and file of a plan the conditions of its rows."""
    found: defaultdict[Leaf, list[Wants]] = defaultdict(list)
    repeats = 1
    for leaf in leaves(relation):
        found[leaf] = []
    for row in range(rows):
        planter = Planter(row)
        planter.push(relation, {})
        repeats = max(repeats, planter.repeats)
        for leaf, wants in planter.found:
            found[leaf].append(wants)
    return {leaf: each * repeats for leaf, each in found.items()}
