"""May a query be asked in pieces of time? Only where the pieces together are the whole.

A row belongs to exactly one piece where everything after the bounds works on one row at a time,
and where the bounds are half open and nothing else of the query depends on them. This is shown
on the plan, not guessed from the text: the query is bound for two different ranges, the bounds
are taken out, and what is left has to be the same plan.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from huntkit.core.errors import UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.kql.language import plan
from huntkit.kql.run import ticks_of

_HINT = "ask it without split_by, or for less time"

_NAMED = {
    plan.Aggregate: "summarize counts rows of the whole range",
    plan.Distinct: "distinct compares rows of the whole range",
    plan.Limit: "take and limit count rows of the whole range",
    plan.Join: "join and lookup put rows together that may lie in different pieces",
    plan.Window: "serialize, prev, next and row numbers look at neighbouring rows",
    plan.MakeSeries: "make-series counts rows of the whole range",
    plan.Plugin: "evaluate of a plugin looks at all rows",
}


@dataclass(frozen=True, slots=True)
class Order:
    """One column by which the rows of the whole answer are ordered."""

    column: str
    ascending: bool
    nulls_first: bool


Bind = Callable[[TimeSpan, int], plan.Plan]
"""Gives the query's plan for a range of time and an instant of ``now()``, in ticks."""


def orders_of(bind: Bind, span: TimeSpan) -> tuple[Order, ...]:
    """How to order the answers of pieces, put one after another; empty where nothing is ordered.

    Args:
        bind: binds the query.
        span: the whole range.

    Raises:
        UsageError: the pieces would not be the whole; the message says why.
    """
    now = ticks_of(span.end)
    whole = bind(span, now)
    left = _without_bounds(whole.relation, span)
    for other in _other_ranges(span):
        if left != _without_bounds(bind(other, now).relation, other):
            raise _refused("start or end is used for more than the bounds of time")
    if left != _without_bounds(bind(span, now + _LATER).relation, span):
        raise _refused("now() and ago() would differ from piece to piece")
    return _order(whole.relation)


def _other_ranges(span: TimeSpan) -> list[TimeSpan]:
    """Ranges that share nothing with this one: no year, month, weekday, hour or length."""
    far = datetime(1994, 2, 9, 23, 58, 57, 999_999, tzinfo=UTC)
    if span.start == far:
        far += timedelta(days=700, hours=3)
    return [
        TimeSpan(span.start - _APART, span.end + _APART * 2),
        TimeSpan(far, far + timedelta(days=41, hours=7, microseconds=13)),
    ]


_APART = timedelta(days=1, hours=11, minutes=17, microseconds=1)
_LATER = ticks_of(datetime(2, 2, 4, 5, 7, 11, tzinfo=UTC))  # more than a year, no whole hours


def _refused(why: str, hint: str = _HINT) -> UsageError:
    return UsageError(f"this query can't be split by time: {why}", hint=hint)


def _without_bounds(relation: plan.Relation, span: TimeSpan) -> plan.Relation:
    """The plan with a mark in the place of the bounds, one pair on the way to every row.

    Raises:
        UsageError: there are no bounds, or something above them looks at several rows.
    """
    if isinstance(relation, plan.Filter):
        below, conditions = _filters(relation)
        marked = _marked(conditions, span)
        if marked is None:
            return _rebuilt(relation, _without_bounds(below, span), conditions)
        _one_row_at_a_time(below)
        return _rebuilt(relation, below, marked)
    if isinstance(relation, plan.Project | plan.Expand | plan.Shared | plan.Sort | plan.Apply):
        _keeps_rows_apart(relation)
        return replace(relation, input=_without_bounds(relation.input, span))
    if isinstance(relation, plan.Union):
        return replace(
            relation, inputs=tuple(_without_bounds(each, span) for each in relation.inputs)
        )
    if why := _NAMED.get(type(relation)):
        raise _refused(why)
    named = f"the table {relation.table}" if isinstance(relation, plan.Scan) else "a part of it"
    raise _refused(
        f"{named} is read without half-open bounds of time",
        hint="write: | where TimeGenerated >= start and TimeGenerated < end",
    )


def _keeps_rows_apart(relation: plan.Relation) -> None:
    if isinstance(relation, plan.Sort) and relation.limit is not None:
        raise _refused("top counts rows of the whole range")
    if isinstance(relation, plan.Apply) and relation.group:
        raise _refused("partition looks at groups of rows")


def _one_row_at_a_time(relation: plan.Relation) -> None:
    """Refuse what looks at several rows below the bounds, too: there it sees the whole table.

    That would be the same for every piece, but a limit below the bounds gives any rows it likes.
    """
    if why := _NAMED.get(type(relation)):
        raise _refused(why)
    if isinstance(relation, plan.Sort | plan.Apply):
        _keeps_rows_apart(relation)
    inputs = getattr(relation, "inputs", ()) or filter(None, [getattr(relation, "input", None)])
    for each in inputs:
        _one_row_at_a_time(each)


def _filters(relation: plan.Relation) -> tuple[plan.Relation, list[plan.Scalar]]:
    """What stands below neighbouring filters, and all their conditions one by one."""
    conditions: list[plan.Scalar] = []
    while isinstance(relation, plan.Filter):
        conditions = [*_all_of(relation.condition), *conditions]
        relation = relation.input
    return relation, conditions


def _all_of(condition: plan.Scalar) -> list[plan.Scalar]:
    if isinstance(condition, plan.Fn) and condition.name == "and":
        return [part for each in condition.args for part in _all_of(each)]
    return [condition]


def _rebuilt(
    relation: plan.Relation, below: plan.Relation, conditions: list[plan.Scalar]
) -> plan.Relation:
    condition = plan.Fn("bool", "and", tuple(conditions))
    return plan.Filter(relation.schema, below, condition)


def _marked(conditions: list[plan.Scalar], span: TimeSpan) -> list[plan.Scalar] | None:
    """The conditions with one pair of bounds on one value replaced; None where there is none."""
    since = [_value_if(each, "greater_equal", "less_equal", span.start) for each in conditions]
    until = [_value_if(each, "less", "greater", span.end) for each in conditions]
    value = next((each for each in since if each is not None and each in until), None)
    if value is None:
        return None
    first, last = since.index(value), until.index(value)
    mark = plan.Fn("bool", "(in the piece of time)", (value,))
    rest = [each for place, each in enumerate(conditions) if place not in (first, last)]
    return [mark, *rest]


def _value_if(
    condition: plan.Scalar, name: str, mirrored: str, bound: object
) -> plan.Scalar | None:
    """What is compared with a bound, where the condition does that."""
    if not (isinstance(condition, plan.Fn) and len(condition.args) == 2):
        return None
    one, other = condition.args
    if condition.name == mirrored:
        one, other = other, one
    elif condition.name != name:
        return None
    literal = plan.Lit("datetime", ticks_of(bound))
    return one if other == literal and not isinstance(one, plan.Lit) else None


def _order(relation: plan.Relation) -> tuple[Order, ...]:
    """The order of the whole answer's rows, by columns that it has."""
    renamed: list[plan.Project] = []
    while not isinstance(relation, plan.Sort):
        if isinstance(relation, plan.Project):
            renamed.append(relation)
        if not isinstance(relation, plan.Project | plan.Filter | plan.Expand | plan.Shared):
            return ()
        relation = relation.input
    return tuple(
        Order(_shown(key.value, renamed), key.ascending, key.nulls_first) for key in relation.keys
    )


def _shown(value: plan.Scalar, renamed: list[plan.Project]) -> str:
    """The name that a sort key's column has in the answer."""
    hint = "order by columns that the answer shows, or leave the order out"
    if not isinstance(value, plan.Col):
        raise _refused("it is ordered by a value that is computed", hint=hint)
    name = value.name
    for project in reversed(renamed):
        names = [
            column.name
            for column, each in zip(project.schema, project.values, strict=True)
            if isinstance(each, plan.Col) and each.name == name
        ]
        if not names:
            raise _refused(f"it is ordered by {name}, which the answer does not show", hint=hint)
        name = name if name in names else names[0]
    return name
