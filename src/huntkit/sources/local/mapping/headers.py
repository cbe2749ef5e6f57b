"""Column names as Azure's portal writes them into CSV files: ``TimeGenerated [UTC]``."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from huntkit.sources.local.mapping import times
from huntkit.sources.local.mapping.dates import DayOrder
from huntkit.sources.local.mapping.doubts import Doubt
from huntkit.sources.local.mapping.series import texts

_ZONE = re.compile(r"(?P<name>\S.{0,120}?) \[(?P<zone>UTC|GMT|Local Time|[^\[\]]{1,60})\]\Z")
_OFFSET = re.compile(r"(?:UTC|GMT)? ?([+-])(\d{1,2})(?::?(\d\d))?\Z")
_TIMES = re.compile(r"time|date|timestamp", re.IGNORECASE)


def without_zones(
    columns: Mapping[str, Sequence[Any]], clock: times.Clock, order: DayOrder | None = None
) -> tuple[dict[str, Sequence[Any]], list[Doubt]]:
    """The columns without the zone in their names, their times in UTC, and what was assumed.

    A zone that says nothing (``Local Time``) is the clock's, or UTC. A value that is no time stays
    as it is; one that the zone's clock skipped is missing. `order` is the file's, of days and
    months.

    Examples:
        >>> given = {"TimeGenerated [UTC]": ["5/1/2024, 10:00:00.123 AM"], "a [b]": ["1"]}
        >>> without_zones(given, times.Clock())
        ({'TimeGenerated': ['2024-05-01T10:00:00.123000Z'], 'a [b]': ['1']}, [])
    """
    order = order or DayOrder()
    found: dict[str, Sequence[Any]] = {}
    doubts: list[Doubt] = []
    for given, values in columns.items():
        name, zone, sure = _zone(given, clock)
        if name == given or name in columns or name in found:
            found[given] = values
            continue
        text = texts(name, values)
        settled, doubtful = order.settle(given, text)
        if doubtful is not None:
            doubts.append(Doubt(doubtful, times.ORDER_ASSUMED, name, text))
        when, bare = _in_utc(settled, zone)
        lost = times.skipped(settled, when, zone if isinstance(zone, str) else None)
        if lost.any():
            doubts.append(Doubt(lost, times.SKIPPED, name, text))
        iso = when.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        found[name] = iso.zip_with(iso.is_not_null() | lost, text).to_list()
        if not sure and bare.any():
            doubts.append(Doubt(bare, times.ASSUMED))
    return found, doubts


def _zone(given: str, clock: times.Clock) -> tuple[str, str | timedelta | None, bool]:
    """A column's name, its zone, and whether the header said the zone."""
    match = _ZONE.match(given)
    if match is None or not _TIMES.search(match["name"]):
        return given, None, True
    name, label = match["name"], match["zone"].strip()
    if label in {"UTC", "GMT", "Z"}:
        return name, None, True
    if offset := _OFFSET.match(label):
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return name, ahead if offset[1] == "+" else -ahead, True
    if "/" in label and _exists(label):
        return name, label, True
    return name, clock.zone_name(), False


def _exists(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _in_utc(text: pl.Series, zone: str | timedelta | None) -> tuple[pl.Series, pl.Series]:
    when, bare = times.parse_both(text, zone if isinstance(zone, str) else None)
    if isinstance(zone, timedelta):
        when = when.zip_with(~bare, when - zone)
    return when, bare
