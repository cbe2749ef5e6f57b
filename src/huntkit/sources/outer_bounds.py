"""May a query's range of time be sent beside its text, too?

Services that take a range apply it to every table that a query reads. A query that looks further
back than its range (a baseline, facts about hosts that were said last week) would lose rows, and
nobody would be told. So the range goes outside only where the plan shows that every table is read
within it anyway.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, Final

from huntkit.core.errors import HuntkitError
from huntkit.core.timespan import TimeSpan
from huntkit.kql.language import plan
from huntkit.kql.language.binder import bind
from huntkit.kql.language.parser import parse
from huntkit.kql.run import ticks_of
from huntkit.sources.local import schemas

TIMES: Final = ("TimeGenerated", "Timestamp")


class _Known(Mapping[str, Mapping[str, str]]):
    """The columns of the tables that are known everywhere."""

    def __getitem__(self, name: str) -> Mapping[str, str]:
        columns = schemas.known(name)
        if columns is None:
            raise KeyError(name)
        return columns

    def __iter__(self) -> Iterator[str]:
        return iter(schemas.names())

    def __len__(self) -> int:
        return len(schemas.names())


@lru_cache(maxsize=512)
def reads_within(text: str, span: TimeSpan) -> bool:
    """Whether every table is read within the range; what can't be told is no.

    Args:
        text: a query in KQL, with its values in it.
        span: the range.

    Examples:
        >>> from datetime import UTC, datetime
        >>> day = TimeSpan(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC))
        >>> within = "TimeGenerated between (datetime(2024-05-01) .. datetime(2024-05-01 12:00))"
        >>> reads_within(f"Heartbeat | where {within} | summarize count() by Computer", day)
        True
        >>> reads_within("Heartbeat | where TimeGenerated >= datetime(2024-04-01)", day)
        False
    """
    try:
        found = bind(parse(text), text=text, tables=_Known(), now=ticks_of(span.end))
    except HuntkitError:
        return False
    return _within(found.relation, span, bounded=frozenset())


def _within(node: Any, span: TimeSpan, *, bounded: frozenset[str]) -> bool:
    """Whether all tables below are read within the range; `bounded` are the times that are."""
    if isinstance(node, plan.Scan):
        own = {each.name for each in node.schema}
        return any(name in own for name in bounded)
    if isinstance(node, plan.Filter):
        conditions: list[plan.Scalar] = []
        below: plan.Relation = node
        while isinstance(below, plan.Filter):
            conditions += _all_of(below.condition)
            below = below.input
        inside = _within(below, span, bounded=bounded | _bounded(conditions, span))
        return inside and _all_within(conditions, span)
    if isinstance(node, plan.Project):
        pairs = zip(node.schema, node.values, strict=True)
        same = {c.name for c, v in pairs if isinstance(v, plan.Col) and v.name == c.name}
        inside = _within(node.input, span, bounded=bounded & same)
        return inside and _all_within(node.values, span)
    if isinstance(node, plan.Union | plan.Shared | plan.Expand):
        return all(_within(each, span, bounded=bounded) for each in _children(node))
    return all(_within(each, span, bounded=frozenset()) for each in _children(node))


def _all_within(nodes: Any, span: TimeSpan) -> bool:
    return all(_within(each, span, bounded=frozenset()) for each in nodes)


def _children(node: Any) -> Iterator[Any]:
    """All relations and values inside a part of a plan."""
    if isinstance(node, tuple):
        for each in node:
            yield from _children_or_self(each)
    elif is_dataclass(node):
        for each in fields(node):
            yield from _children_or_self(getattr(node, each.name))


def _children_or_self(value: Any) -> Iterator[Any]:
    if isinstance(value, plan.Relation | plan.Scalar):
        yield value
    elif isinstance(value, tuple) or (is_dataclass(value) and not isinstance(value, type)):
        yield from _children(value)


def _bounded(conditions: Sequence[plan.Scalar], span: TimeSpan) -> frozenset[str]:
    """The columns of time that the conditions keep within the range."""
    since: set[str] = set()
    until: set[str] = set()
    for each in conditions:
        for name, value, bound in _comparisons(each):
            if name in ("greater_equal", "greater") and bound >= ticks_of(span.start):
                since.add(value)
            if name in ("less", "less_equal") and bound <= ticks_of(span.end):
                until.add(value)
    return frozenset(since & until)


def _comparisons(condition: plan.Scalar) -> Iterator[tuple[str, str, int]]:
    """Comparisons of a column of time with an instant: how, which column, the instant."""
    if not isinstance(condition, plan.Fn):
        return
    parts: list[tuple[str, Any, Any]] = []
    if condition.name == "between":
        value, first, last = condition.args
        parts = [("greater_equal", value, first), ("less_equal", value, last)]
    elif condition.name in _MIRRORED:
        one, other = condition.args
        parts = [(condition.name, one, other), (_MIRRORED[condition.name], other, one)]
    for name, value, bound in parts:
        if not (isinstance(value, plan.Col) and value.name in TIMES):
            continue
        if isinstance(bound, plan.Lit) and isinstance(bound.value, int):
            yield name, value.name, bound.value


_MIRRORED: Final = {
    "less": "greater", "less_equal": "greater_equal", "greater": "less",
    "greater_equal": "less_equal",
}  # fmt: skip


def _all_of(condition: plan.Scalar) -> Iterator[plan.Scalar]:
    if isinstance(condition, plan.Fn) and condition.name == "and":
        for each in condition.args:
            yield from _all_of(each)
    else:
        yield condition
