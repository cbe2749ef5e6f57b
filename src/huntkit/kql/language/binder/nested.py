"""``top-nested``: the top values of each level, within those of the levels before.

Each level groups the rows that the levels before kept, keeps the top groups, and goes on with
their rows. Rows that fall out at a level that says ``with others``, or that a later level says it
of, make one row for each value of the levels before; levels that say nothing are empty in it.
https://learn.microsoft.com/kusto/query/top-nested-operator
"""

from dataclasses import dataclass

from huntkit.kql.language import plan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import expressions, shaping, summarize
from huntkit.kql.language.binder.convert import to
from huntkit.kql.language.binder.naming import Unique
from huntkit.kql.language.binder.scope import Context, Row, Scope, Table

_ROWS = plan.Column("$rows", "long")
_NOT_NULL: dict[str, str | int | float | bool] = {
    "bool": False,
    "datetime": 0,
    "decimal": "0",
    "guid": "00000000-0000-0000-0000-000000000000",
    "int": 0,
    "long": 0,
    "real": 0.0,
    "timespan": 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """One level, bound: its two columns and how they come about."""

    of: plan.Column  # as the plan calls it; `names` are what the query does
    by: plan.Column
    names: tuple[str, str]
    value: plan.Scalar
    aggregates: tuple[tuple[plan.Column, plan.Agg], ...]
    found: plan.Scalar  # over the aggregates' columns
    count: plan.Scalar | None
    others: plan.Scalar | None
    ascending: bool


def top_nested(ctx: Context, op: s.TopNested, scope: Scope, table: Table) -> Table:
    """``top-nested``."""
    if table.open:
        raise ctx.unsupported(op, "top-nested where columns are known only by the data")
    names = Unique()
    collected: list[plan.Agg] = []
    levels = [_level(ctx, level, scope, table, names, collected) for level in op.levels]
    source = table.relation
    rows: plan.Relation = plan.Project(
        (*source.schema, *(level.of for level in levels)),
        source,
        (*(shaping.col(column) for column in source.schema), *(level.value for level in levels)),
    )
    parts: list[plan.Relation] = []
    for place, level in enumerate(levels):
        rows = _shared(ctx, rows)
        before, path = levels[:place], levels[: place + 1]
        top = _shared(ctx, _top(_groups(rows, path, [level]), before, level))
        if level.count is not None and any(each.others for each in levels[place:]):
            left = plan.Join(rows.schema, rows, top, "leftanti", _keys(path), ())
            parts.append(_rest(left, before, levels[place:]))
        if place + 1 < len(levels):
            rows = _within(rows, top, path)
        else:
            parts.insert(0, _columns(top, levels, []))
    return Table(parts[0] if len(parts) == 1 else plan.Union(parts[0].schema, tuple(parts)))


def _level(
    ctx: Context,
    level: s.NestedLevel,
    scope: Scope,
    table: Table,
    names: Unique,
    collected: list[plan.Agg],
) -> _Level:
    found = shaping.outputs_of(ctx, level.of, scope, shaping.row_of(table))
    if len(found) > 1:
        raise ctx.type_error(level.of, "a level of top-nested is of one value")
    label, given, value = found[0]
    if value.type == "dynamic":
        raise ctx.type_error(
            level.of, "rows can't be grouped by a dynamic value", "use tostring(...)"
        )
    of = shaping.take(ctx, level.of, names, label, given=given)
    start = len(collected)
    outputs = summarize.aggregated(ctx, level.by, scope, table, collected, ())
    if len(outputs) > 1 or outputs[0][2].type == "dynamic":
        raise ctx.type_error(level.by, "top-nested goes by one number, text or time", "use count()")
    if len(collected) == start or summarize.reads_row(outputs[0][2]):
        raise ctx.type_error(level.by, "top-nested goes by an aggregate", "use count()")
    _, _, result = outputs[0]
    named = bool(level.by.names)
    by = level.by.names[0] if named else f"aggregated_{of}"
    return _Level(
        of=plan.Column(f"$of{start}", value.type),  # each level has aggregates
        by=plan.Column(f"$by{start}", result.type),
        names=(of, shaping.take(ctx, level.by, names, by, given=named)),
        value=value,
        aggregates=tuple(
            (plan.Column(f"$agg{place}", agg.type), agg)
            for place, agg in enumerate(collected[start:], start)
        ),
        found=result,
        count=None if level.count is None else expressions.count(ctx, level.count, scope),
        others=_others(ctx, level.others, value.type, scope),
        ascending=bool(level.ascending),
    )


def _others(ctx: Context, expr: s.Expr | None, kind: str, scope: Scope) -> plan.Scalar | None:
    if expr is None:
        return None
    value = expressions.scalar(ctx, expr, scope, Row())
    numbers = ("int", "long", "real", "decimal")
    if value.type != kind and not {value.type, kind} <= set(numbers):
        raise ctx.type_error(
            expr, f"others is {value.type}, and the values of its level are {kind}"
        )
    return to(value, kind)


def _shared(ctx: Context, relation: plan.Relation) -> plan.Relation:
    ctx.shared += 1
    return plan.Shared(relation.schema, f"shared{ctx.shared}", relation)


def _path(levels: list[_Level]) -> list[plan.Column]:
    """The columns of the levels, as the plan calls them."""
    return [column for level in levels for column in (level.of, level.by)]


def _groups(rows: plan.Relation, path: list[_Level], by: list[_Level]) -> plan.Relation:
    """A row for each value of the path; its last level is worked out here."""
    keys = [*_path(path[:-1]), path[-1].of]
    return _aggregated(rows, keys, by)


def _aggregated(rows: plan.Relation, keys: list[plan.Column], by: list[_Level]) -> plan.Relation:
    """The keys, and for each of the levels what it goes by."""
    aggregates = [agg for level in by for agg in level.aggregates]
    aggregates.append((_ROWS, plan.Agg("long", "count", ())))
    relation: plan.Relation = plan.Aggregate(
        (*keys, *(column for column, _ in aggregates)),
        rows,
        tuple(map(shaping.col, keys)),
        tuple(agg for _, agg in aggregates),
    )
    if not keys:  # no rows give one row there
        some = plan.Fn("bool", "greater", (shaping.col(_ROWS), plan.Lit("long", 0)))
        relation = plan.Filter(relation.schema, relation, some)
    return plan.Project(
        (*keys, *(level.by for level in by)),
        relation,
        (*map(shaping.col, keys), *(level.found for level in by)),
    )


def _top(groups: plan.Relation, before: list[_Level], level: _Level) -> plan.Relation:
    """The top groups within each value of the levels before; ties go by the value."""
    if level.count is None:
        return groups
    keys = (
        plan.SortKey(shaping.col(level.by), level.ascending, level.ascending),
        plan.SortKey(shaping.col(level.of), ascending=True, nulls_first=True),
    )
    if not before:
        return plan.Sort(groups.schema, groups, keys, level.count)
    body = plan.Sort(groups.schema, plan.Rows(groups.schema), keys, level.count)
    within = tuple(shaping.col(each.of) for each in before)
    return plan.Apply(groups.schema, groups, body, group=within)


def _keys(path: list[_Level]) -> tuple[tuple[plan.Scalar, plan.Scalar], ...]:
    """What joins rows with groups: unlike join's own keys, null meets null."""
    found: list[plan.Scalar] = []
    for level in path:
        value = shaping.col(level.of)
        if value.type == "string":
            found.append(value)
            continue
        stand_in = plan.Lit(value.type, _NOT_NULL[value.type])
        found.append(plan.Fn("bool", "isnull", (value,)))
        found.append(plan.Fn(value.type, "coalesce", (value, stand_in)))
    return tuple((each, each) for each in found)


def _within(rows: plan.Relation, top: plan.Relation, path: list[_Level]) -> plan.Relation:
    """The rows of the top groups, with what their level goes by."""
    by = path[-1].by
    sources = (*(("left", column.name) for column in rows.schema), ("right", by.name))
    return plan.Join((*rows.schema, by), rows, top, "inner", _keys(path), sources)


def _rest(left: plan.Relation, before: list[_Level], after: list[_Level]) -> plan.Relation:
    """One row for all rows that fell out, for each value of the levels before."""
    said = [level for level in after if level.others is not None]
    return _columns(_aggregated(left, _path(before), said), before, after)


def _columns(groups: plan.Relation, path: list[_Level], rest: list[_Level]) -> plan.Relation:
    """The columns as the query calls them; of the rest the value for others, or nothing."""
    values = [shaping.col(column) for column in _path(path)]
    pairs: list[plan.Scalar] = [*values]
    for level in rest:
        if level.others is None:
            pairs += [_nothing(level.of), _nothing(level.by)]
        else:
            pairs += [level.others, shaping.col(level.by)]
    schema = [
        plan.Column(name, column.type)
        for level in (*path, *rest)
        for name, column in zip(level.names, (level.of, level.by), strict=True)
    ]
    return plan.Project(tuple(schema), groups, tuple(pairs))


def _nothing(column: plan.Column) -> plan.Lit:
    return plan.Lit(column.type, "" if column.type == "string" else None)
