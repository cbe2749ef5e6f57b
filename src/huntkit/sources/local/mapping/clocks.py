"""Which column of a table of no known kind is its time, told by the columns beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

import polars as pl

from huntkit.sources.local.mapping import rules, times
from huntkit.sources.local.mapping.dates import DayOrder
from huntkit.sources.local.mapping.series import listed, texts, typed
from huntkit.sources.local.mapping.values import filled
from huntkit.sources.local.mapping.verbs import reader

Columns = Mapping[str, Sequence[Any] | pl.Series]
_NEW = "TimeGenerated"
_LOOK = 100  # values among which one tells what an object holds


@dataclass(frozen=True, slots=True)
class KnownClock:
    """Where a tool's time is; see ``clocks`` in ``data/exports.yaml``.

    Attributes:
        needs: the fields by which the tool is known.
        time: where its time is, best first.
        made: more columns, and the fields of which they are made.
        is_utc: bare times are UTC.
    """

    needs: tuple[str, ...]
    time: tuple[str, ...]
    made: Mapping[str, tuple[str, ...]]
    is_utc: bool


@cache
def _known() -> tuple[KnownClock, ...]:
    def names(given: str | list[str]) -> tuple[str, ...]:
        return (given,) if isinstance(given, str) else tuple(given)

    return tuple(
        KnownClock(
            needs=names(each["needs"]),
            time=names(each["time"]),
            made={name: names(fields) for name, fields in each.get("made", {}).items()},
            is_utc=bool(each.get("utc", False)),
        )
        for each in rules.data("exports")["clocks"]
    )


def of(columns: Columns) -> KnownClock | None:
    """The clock of a table with these columns, or None; it needs none if it says its time.

    Examples:
        >>> found = of({"RunTime": ["2024-03-04 10:12:33"], "ExecutableName": ["CMD.EXE"]})
        >>> found.time, found.is_utc, of({"RunTime": ["90"], "Machine": ["x"]})
        (('RunTime',), True, None)
    """
    if _NEW in columns or "Timestamp" in columns:
        return None
    return next((each for each in _known() if all(_is_there(columns, n) for n in each.needs)), None)


def _is_there(columns: Columns, field: str) -> bool:
    first, dot, _ = field.partition(".")
    if field in columns or not dot or first not in columns:
        return field in columns
    sample = next((each for each in islice(columns[first], _LOOK) if each is not None), None)
    return isinstance(sample, dict) and reader(field)({first: sample}) is not None


def added(
    frame: pl.DataFrame, clock: KnownClock, columns: Columns, order: DayOrder
) -> pl.DataFrame:
    """The frame with ``TimeGenerated`` after its record numbers, and what else the clock makes.

    Without, if nothing of what should be times is one: then it is another tool's table.
    """
    text = texts(_NEW, _first_filled(columns, clock.time, frame.height))
    settled, _ = order.settle(clock.time[0], text)
    when = times.parse_times(settled).rename(_NEW)
    if when.null_count() == len(when) and (text.fill_null("") != "").any():
        return frame
    more = [
        typed(name, _first_filled(columns, fields, frame.height), "string").fill_null("")
        for name, fields in clock.made.items()
        if name not in frame.columns
    ]
    return frame.select("_record", when, *more, pl.exclude("_record", _NEW))


def _first_filled(columns: Columns, fields: Sequence[str], count: int) -> list[Any]:
    found: list[Any] = [None] * count
    for field in fields:
        first = field if field in columns else field.partition(".")[0]
        if first not in columns:
            continue
        given = columns[first]
        values = listed(given) if isinstance(given, pl.Series) else given
        if first != field:
            read = reader(field)
            values = [read({first: value}) for value in values]
        found = [
            _plain(value) if old is None else old for old, value in zip(found, values, strict=True)
        ]
    return found


def _plain(value: Any) -> Any:
    """A value, of a list the first; None for nothing."""
    if isinstance(value, list):
        value = value[0] if value else None
    return filled(value)
