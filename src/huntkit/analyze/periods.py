"""From single anomalies to stretches of time, and from those to a filter in KQL."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.tables import to_polars
from huntkit.tables.times import parse_times, pick_time_column

_LENGTH: Final = re.compile(r"\s*(\d+)\s*([a-zA-Z]+)\s*\Z")
_UNITS: Final = {
    "s": 1, "sec": 1, "m": 60, "min": 60, "t": 60, "h": 3600, "hr": 3600, "d": 86400, "w": 604800,
}  # fmt: skip
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def extract_anomaly_periods(
    data: Any,
    time_column: str | None = None,
    period: str | timedelta = "1h",
    *,
    pos_only: bool = False,
    anomalies_column: str = "anomalies",
) -> dict[datetime, datetime]:
    """Stretches of time around anomalies: start and end, in UTC, sorted, without overlaps.

    Each anomaly covers its own `period` (times are rounded down to it) and the one before it;
    stretches that touch are one.

    Args:
        data: a result of `ts_anomalies_stl`, of any kind.
        time_column: the time of each point; by default found by its role.
        period: the width of a point, such as ``1h``, ``30min``, ``1d``.
        pos_only: whether only what is too high counts.
        anomalies_column: 1 above, -1 below, 0 ordinary.

    Raises:
        UnknownColumn: a column is not there.
        UsageError: the period can't be read.

    Examples:
        >>> table = pl.DataFrame({"TimeGenerated": ["2026-03-01 10:20", "2026-03-01 12:10"],
        ...                       "anomalies": [1, -1]})
        >>> for start, end in extract_anomaly_periods(table).items():
        ...     print(f"{start:%H:%M} to {end:%H:%M}")
        09:00 to 13:00
    """
    table = to_polars(data)
    if anomalies_column not in table.columns:
        raise UnknownColumn(anomalies_column, table.columns)
    width = _length(period)
    moments = parse_times(table[pick_time_column(table, time_column)])
    sides = table[anomalies_column].cast(pl.Int64, strict=False)
    if sides.null_count() > table[anomalies_column].null_count():
        raise UsageError(f"{anomalies_column!r} holds more than 1, -1 and 0")
    odd = moments.filter((sides == 1) if pos_only else (sides != 0)).drop_nulls().sort()
    found: list[tuple[datetime, datetime]] = []
    for moment in odd.dt.truncate(width).unique().sort():
        start, end = moment - width, moment + width
        if found and start <= found[-1][1]:
            start = found.pop()[0]
        found.append((start, end))
    return dict(found)


def find_anomaly_periods(
    data: Any,
    time_column: str | None = None,
    period: str | timedelta = "1h",
    *,
    pos_only: bool = False,
    anomalies_column: str = "anomalies",
) -> list[TimeSpan]:
    """The same as `extract_anomaly_periods`, as spans of time.

    Examples:
        >>> table = pl.DataFrame({"TimeGenerated": ["2026-03-01 10:20"], "anomalies": [1]})
        >>> [span.start.hour for span in find_anomaly_periods(table)]
        [9]
    """
    found = extract_anomaly_periods(
        data, time_column, period, pos_only=pos_only, anomalies_column=anomalies_column
    )
    return [TimeSpan(start=start, end=end) for start, end in found.items()]


def create_time_period_kqlfilter(
    periods: Mapping[datetime, datetime] | Iterable[TimeSpan], time_column: str = "TimeGenerated"
) -> str:
    """A line of KQL that keeps the rows of these stretches of time; of none if there are none.

    Examples:
        >>> start = datetime(2026, 3, 1, 9, tzinfo=UTC)
        >>> print(create_time_period_kqlfilter({start: start + timedelta(hours=2)}, "t"))
        | where t between (datetime(2026-03-01T09:00:00Z) .. datetime(2026-03-01T11:00:00Z))
    """
    pairs = (
        list(periods.items())
        if isinstance(periods, Mapping)
        else [(span.start, span.end) for span in periods]
    )
    if not pairs:
        return "| where false"
    name = time_column
    if not _PLAIN_NAME.match(name):
        escaped = name.replace("\\", "\\\\").replace("'", "\\'")
        name = f"['{escaped}']"
    told = (f"{name} between ({_literal(start)} .. {_literal(end)})" for start, end in pairs)
    return f"| where {' or '.join(told)}"


def _literal(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise UsageError(f"the time {moment} has no zone", hint="say which, such as tzinfo=UTC")
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return f"datetime({text}Z)"


def _length(period: str | timedelta) -> timedelta:
    if isinstance(period, timedelta):
        width = period
    else:
        match = _LENGTH.match(period)
        # A large M would be months to pandas, and minutes to others.
        unit = _UNITS.get(match[2].lower()) if match and match[2] != "M" else None
        if match is None or unit is None:
            raise UsageError(f"the period {period!r} can't be read", hint="such as 1h, 30min, 1d")
        width = timedelta(seconds=int(match[1]) * unit)
    if width <= timedelta(0):
        raise UsageError(f"the period {period!r} has no length")
    return width
