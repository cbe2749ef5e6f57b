"""Columns that nobody asks for, taken out of a plan: tables have hundreds, queries need a few.

Rows stay the same, one by one; only columns go.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import singledispatchmethod

from huntkit.kql.language import plan

_MOST_VISITS = 20_000
_MOST_COLUMNS = 200_000  # of all projections together: no engine is given a plan that large


def pruned(relation: plan.Relation, names: Iterable[str] | None = None) -> plan.Relation:
    """The relation without the columns that neither it nor the caller needs.

    Args:
        relation: what is to be run.
        names: the columns that the caller needs; all by default. More may stay.

    Examples:
        >>> scan = plan.Scan((plan.Column("a", "long"), plan.Column("b", "long")), "T")
        >>> made = plan.Project((plan.Column("a", "long"),), scan, (plan.Col("long", "a"),))
        >>> pruned(made).input
        Scan(schema=(Column(name='a', type='long'),), table='T')
    """
    walk = _Walk()
    try:
        walk.need(relation, _all(relation) if names is None else set(names))
        return walk.rebuilt(relation)
    except _TooMuchError:
        return relation


class _TooMuchError(Exception):
    """The plan is not worth going through."""


def _all(relation: plan.Relation) -> set[str]:
    return {column.name for column in relation.schema}


class _Walk:
    """Down once (or more, where needs grow) to collect what is needed, then up to rebuild."""

    def __init__(self) -> None:
        self.needs: dict[object, set[str]] = {}
        self.done: dict[object, plan.Relation] = {}
        self.read: dict[int, tuple[plan.Scalar, frozenset[str], tuple[plan.Relation, ...]]] = {}
        self.placed: dict[int, tuple[plan.Schema, dict[str, int]]] = {}
        self.visits = 0
        self.spent = 0

    @staticmethod
    def key(relation: plan.Relation) -> object:
        """Shared relations are one by their name."""
        return relation.name if isinstance(relation, plan.Shared) else id(relation)

    # --- what is needed ------------------------------------------------------------------------

    def need(self, relation: plan.Relation, names: set[str]) -> None:
        """Someone reads these columns of a relation."""
        known = self.needs.get(self.key(relation))
        if known is not None and names <= known:
            return
        self.visits += 1
        if self.visits > _MOST_VISITS:
            raise _TooMuchError
        wanted = (known or set()) | names
        self.needs[self.key(relation)] = wanted
        self.ask(relation, wanted)

    def scalars(self, *scalars: plan.Scalar | None) -> set[str]:
        """The columns that scalars read; relations inside them are walked."""
        names: set[str] = set()
        for each in scalars:
            if each is not None:
                columns, relations = self._reads(each)
                names |= columns
                for relation in relations:
                    self.need(relation, {relation.schema[0].name})
        return names

    def _reads(self, scalar: plan.Scalar) -> tuple[frozenset[str], tuple[plan.Relation, ...]]:
        found = self.read.get(id(scalar))
        if found is None:
            names: set[str] = set()
            relations: list[plan.Relation] = []
            if isinstance(scalar, plan.Col):
                names.add(scalar.name)
            if isinstance(scalar, plan.ScalarQuery | plan.InQuery):
                relations.append(scalar.relation)
            inside = [scalar.value] if isinstance(scalar, plan.InQuery) else []
            if isinstance(scalar, plan.Fn | plan.Agg):
                inside += scalar.args
            for each in inside:
                columns, more = self._reads(each)
                names |= columns
                relations += more
            found = (scalar, frozenset(names), tuple(relations))
            self.read[id(scalar)] = found  # the scalar is kept, so that its id stays taken
        return found[1], found[2]

    @singledispatchmethod
    def ask(self, relation: plan.Relation, _names: set[str]) -> None:
        """Pass on what a relation itself needs for these columns."""
        inside = getattr(relation, "input", None)
        if isinstance(inside, plan.Relation):
            self.need(inside, _all(inside))

    @ask.register
    def _(self, relation: plan.Shared, names: set[str]) -> None:
        self.need(relation.input, names)

    @ask.register
    def _(self, relation: plan.Series, _names: set[str]) -> None:
        self.scalars(relation.first, relation.last, relation.step)

    @ask.register
    def _(self, relation: plan.Filter, names: set[str]) -> None:
        self.need(relation.input, names | self.scalars(relation.condition))

    @ask.register
    def _(self, relation: plan.Project, _names: set[str]) -> None:
        kept = [relation.values[place] for place in self.outputs(relation)]
        self.need(relation.input, self.scalars(*kept))

    @ask.register
    def _(self, relation: plan.Aggregate, _names: set[str]) -> None:
        kept = [agg for _, agg in self.aggregates(relation)]
        self.need(relation.input, self.scalars(*relation.keys, *kept))

    @ask.register
    def _(self, relation: plan.Sort, names: set[str]) -> None:
        values = [key.value for key in relation.keys]
        self.need(relation.input, names | self.scalars(*values, relation.limit))

    @ask.register
    def _(self, relation: plan.Limit, names: set[str]) -> None:
        self.need(relation.input, names | self.scalars(relation.count))

    @ask.register
    def _(self, relation: plan.Join, names: set[str]) -> None:
        sides: dict[str, set[str]] = {"left": set(), "right": set()}
        if relation.kind in _ONE_SIDED:
            sides[_ONE_SIDED[relation.kind]] |= names
        else:
            for column, (side, name) in zip(relation.schema, relation.sources, strict=True):
                if column.name in names:
                    sides[side].add(name)
        for one, two in relation.keys:
            sides["left"] |= self.scalars(one)
            sides["right"] |= self.scalars(two)
        self.need(relation.left, sides["left"])
        self.need(relation.right, sides["right"])

    @ask.register
    def _(self, relation: plan.Union, names: set[str]) -> None:
        names |= {column.name for column in relation.schema[: not names]}  # at least one
        for each in relation.inputs:
            self.need(each, names)

    @ask.register
    def _(self, relation: plan.Expand, names: set[str]) -> None:
        made = {name for name, _, _ in relation.items} | {relation.index or ""}
        arrays = [value for _, value, _ in relation.items]
        self.need(relation.input, (names - made) | self.scalars(*arrays, relation.limit))

    @ask.register
    def _(self, relation: plan.Apply, _names: set[str]) -> None:
        arrays = [value for _, value, _ in relation.items]
        self.scalars(*arrays, *relation.group, relation.limit)
        self.need(relation.input, _all(relation.input))
        self.need(relation.body, _all(relation.body))

    @ask.register
    def _(self, relation: plan.Window, names: set[str]) -> None:
        made = {column.name for column in relation.schema[-len(relation.functions) :]}
        self.need(relation.input, (names - made) | self.scalars(*relation.functions))

    @ask.register
    def _(self, relation: plan.MakeSeries, _names: set[str]) -> None:
        values = [each for pair in relation.aggregates for each in pair]
        ends = (relation.axis, relation.first, relation.last, relation.step)
        self.need(relation.input, self.scalars(*values, *ends, *relation.keys))

    @ask.register
    def _(self, relation: plan.Plugin, _names: set[str]) -> None:
        self.need(relation.input, _all(relation.input))
        for each in relation.args:
            if isinstance(each, plan.Relation):
                self.need(each, _all(each))
            elif isinstance(each, plan.Scalar):
                self.scalars(each)

    # --- what stays ----------------------------------------------------------------------------

    def outputs(self, relation: plan.Project) -> list[int]:
        """The places of a projection's columns that are needed, at least one."""
        # not column by column: a union of all tables has thousands of columns in each of them
        places = self.places(relation.schema)
        names = self.needs[id(relation)]
        self.spent += min(len(names), len(places))
        if self.spent > _MOST_COLUMNS:
            raise _TooMuchError
        return sorted(places[name] for name in names if name in places) or [0][: len(places)]

    def places(self, schema: plan.Schema) -> dict[str, int]:
        """Where a schema has each name; the inputs of a union share one."""
        known = self.placed.get(id(schema))
        if known is None:
            known = (schema, {column.name: place for place, column in enumerate(schema)})
            self.placed[id(schema)] = known  # the schema is kept, so that its id stays taken
        return known[1]

    def aggregates(self, relation: plan.Aggregate) -> list[tuple[plan.Column, plan.Agg]]:
        """The aggregates that are needed; one, where there would be neither keys nor others."""
        names = self.needs[id(relation)]
        columns = relation.schema[len(relation.keys) :]
        pairs = list(zip(columns, relation.aggregates, strict=True))
        kept = [pair for pair in pairs if pair[0].name in names]
        return kept or ([] if relation.keys else pairs[:1])

    # --- the new plan --------------------------------------------------------------------------

    def rebuilt(self, relation: plan.Relation) -> plan.Relation:
        """The relation with fewer columns."""
        key = self.key(relation)
        if key not in self.done:
            self.done[key] = self.build(relation)
        return self.done[key]

    def scalar(self, scalar: plan.Scalar) -> plan.Scalar:
        """A scalar over the new plan; the same one where no relation stands in it."""
        if not self._reads(scalar)[1]:
            return scalar
        if isinstance(scalar, plan.ScalarQuery):
            return replace(scalar, relation=self.first(scalar.relation))
        if isinstance(scalar, plan.InQuery):
            value = self.scalar(scalar.value)
            return replace(scalar, value=value, relation=self.first(scalar.relation))
        if isinstance(scalar, plan.Fn | plan.Agg):
            return replace(scalar, args=tuple(map(self.scalar, scalar.args)))
        return scalar

    def scalar_or_none(self, scalar: plan.Scalar | None) -> plan.Scalar | None:
        """The same for one that may be missing."""
        return None if scalar is None else self.scalar(scalar)

    def first(self, relation: plan.Relation) -> plan.Relation:
        """A relation whose first column is the one that was first."""
        made = self.rebuilt(relation)
        return (
            made if made.schema[0] == relation.schema[0] else self.only(made, relation.schema[:1])
        )

    def only(self, relation: plan.Relation, schema: plan.Schema) -> plan.Relation:
        """Exactly these columns."""
        values = tuple(plan.Col(column.type, column.name) for column in schema)
        return plan.Project(schema, relation, values)

    @singledispatchmethod
    def build(self, relation: plan.Relation) -> plan.Relation:
        """The relation over its new inputs; its own columns stay by default."""
        inside = getattr(relation, "input", None)
        if isinstance(inside, plan.Relation):
            return replace(relation, input=self.rebuilt(inside))  # type: ignore[call-arg]
        return relation

    @build.register
    def _(self, relation: plan.Scan) -> plan.Relation:
        names = self.needs[id(relation)]
        kept = tuple(column for column in relation.schema if column.name in names)
        return replace(relation, schema=kept or relation.schema[:1])

    @build.register
    def _(self, relation: plan.Series) -> plan.Relation:
        ends = (self.scalar(each) for each in (relation.first, relation.last, relation.step))
        return plan.Series(relation.schema, *ends)

    @build.register
    def _(self, relation: plan.Shared) -> plan.Relation:
        inside = self.rebuilt(relation.input)
        return plan.Shared(inside.schema, relation.name, inside)

    @build.register
    def _(self, relation: plan.Filter) -> plan.Relation:
        inside = self.rebuilt(relation.input)
        return plan.Filter(inside.schema, inside, self.scalar(relation.condition))

    @build.register
    def _(self, relation: plan.Project) -> plan.Relation:
        kept = self.outputs(relation)
        schema = tuple(relation.schema[place] for place in kept)
        values = tuple(self.scalar(relation.values[place]) for place in kept)
        return plan.Project(schema, self.rebuilt(relation.input), values)

    @build.register
    def _(self, relation: plan.Aggregate) -> plan.Relation:
        kept = self.aggregates(relation)
        keys = relation.schema[: len(relation.keys)]
        return plan.Aggregate(
            (*keys, *(column for column, _ in kept)),
            self.rebuilt(relation.input),
            tuple(map(self.scalar, relation.keys)),
            tuple(self.scalar(agg) for _, agg in kept),  # type: ignore[misc]
        )

    @build.register
    def _(self, relation: plan.Sort) -> plan.Relation:
        inside = self.rebuilt(relation.input)
        keys = tuple(replace(key, value=self.scalar(key.value)) for key in relation.keys)
        return plan.Sort(inside.schema, inside, keys, self.scalar_or_none(relation.limit))

    @build.register
    def _(self, relation: plan.Limit) -> plan.Relation:
        inside = self.rebuilt(relation.input)
        return plan.Limit(inside.schema, inside, self.scalar(relation.count))

    @build.register
    def _(self, relation: plan.Join) -> plan.Relation:
        left, right = self.rebuilt(relation.left), self.rebuilt(relation.right)
        keys = tuple((self.scalar(one), self.scalar(two)) for one, two in relation.keys)
        side = _ONE_SIDED.get(relation.kind)
        if side is not None:
            schema = (left if side == "left" else right).schema
            sources = tuple((side, column.name) for column in schema)
            return plan.Join(schema, left, right, relation.kind, keys, sources)
        names = self.needs[id(relation)]
        pairs = list(zip(relation.schema, relation.sources, strict=True))
        kept = [pair for pair in pairs if pair[0].name in names]
        schema, sources = tuple(c for c, _ in kept), tuple(source for _, source in kept)
        return plan.Join(schema, left, right, relation.kind, keys, sources)

    @build.register
    def _(self, relation: plan.Union) -> plan.Relation:
        names = self.needs[id(relation)]
        schema = tuple(column for column in relation.schema if column.name in names)
        inputs = [self.rebuilt(each) for each in relation.inputs]
        return plan.Union(
            schema,
            tuple(each if each.schema == schema else self.only(each, schema) for each in inputs),
        )

    @build.register
    def _(self, relation: plan.Expand) -> plan.Relation:
        inside = self.rebuilt(relation.input)
        stay = _all(inside) | {name for name, _, _ in relation.items} | {relation.index or ""}
        return replace(
            relation,
            schema=tuple(column for column in relation.schema if column.name in stay),
            input=inside,
            items=tuple((name, self.scalar(value), kind) for name, value, kind in relation.items),
            limit=self.scalar_or_none(relation.limit),
        )

    @build.register
    def _(self, relation: plan.Apply) -> plan.Relation:
        return replace(
            relation,
            input=self.rebuilt(relation.input),
            body=self.rebuilt(relation.body),
            items=tuple((name, self.scalar(value), kind) for name, value, kind in relation.items),
            limit=self.scalar_or_none(relation.limit),
            group=tuple(map(self.scalar, relation.group)),
        )

    @build.register
    def _(self, relation: plan.MakeSeries) -> plan.Relation:
        return plan.MakeSeries(
            relation.schema,
            self.rebuilt(relation.input),
            tuple((self.scalar(agg), self.scalar(other)) for agg, other in relation.aggregates),  # type: ignore[misc]
            self.scalar(relation.axis),
            self.scalar_or_none(relation.first),
            self.scalar_or_none(relation.last),
            self.scalar(relation.step),
            tuple(map(self.scalar, relation.keys)),
            relation.nonempty,
        )

    @build.register
    def _(self, relation: plan.Window) -> plan.Relation:
        inside = self.rebuilt(relation.input)
        made = relation.schema[-len(relation.functions) :]
        functions = tuple(map(self.scalar, relation.functions))
        return plan.Window((*inside.schema, *made), inside, functions)  # type: ignore[arg-type]

    @build.register
    def _(self, relation: plan.Plugin) -> plan.Relation:
        args = [
            self.rebuilt(each)
            if isinstance(each, plan.Relation)
            else self.scalar(each)
            if isinstance(each, plan.Scalar)
            else each
            for each in relation.args
        ]
        return replace(relation, input=self.rebuilt(relation.input), args=tuple(args))


_ONE_SIDED = {"leftsemi": "left", "leftanti": "left", "rightsemi": "right", "rightanti": "right"}
