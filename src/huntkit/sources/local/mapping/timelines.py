"""Records of plaso and of Google Workspace as their mapping files want them."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from huntkit.sources.local.mapping import times

Row = dict[str, Any]
_START = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN = ("value", "intValue", "boolValue", "multiValue", "multiIntValue", "messageValue",
          "multiMessageValue")  # fmt: skip


def plaso_row(row: Row) -> Row:
    """An event of plaso with ``_when``; what said the time goes, where it was read.

    Examples:
        >>> given = {"date": "03/04/2024", "time": "10:12:33", "timezone": "Europe/Berlin"}
        >>> plaso_row(given)["_when"]
        '2024-03-04T09:12:33+00:00'
    """
    made = dict(row)
    spent: tuple[str, ...]
    if "datetime" in row:
        when, spent = _iso(row["datetime"]), ("datetime",)
    elif "timestamp" in row:
        when, spent = _micros(row["timestamp"]), ("timestamp",)
    else:
        when, spent = _l2t(row, made), ("date", "time", "timezone")
    if when:
        for name in spent:
            made.pop(name, None)
    made["_when"] = when
    return made


def _iso(value: Any) -> str | None:
    """A time that is one: where a file has none, plaso writes noughts."""
    return value if isinstance(value, str) and not value.startswith("0000") else None


def _micros(value: Any) -> str | None:
    """Microseconds since 1970; nought is no time."""
    try:
        number = int(value)
        return (_START + timedelta(microseconds=number)).isoformat() if number else None
    except (TypeError, ValueError, OverflowError):
        return None


def _l2t(row: Row, made: Row) -> str | None:
    """Date with the month first, time and zone of a row of l2tcsv."""
    try:
        text = f"{row.get('date')} {row.get('time')}"
        bare = datetime.strptime(text, "%m/%d/%Y %H:%M:%S")  # noqa: DTZ007  the zone comes next
    except ValueError:
        return None
    name = str(row.get("timezone") or "")
    zone = _zone(name)
    if zone is None:
        made["_note"] = times.ASSUMED
        if name:
            made["_zone"] = name
        zone = ZoneInfo("UTC")
    try:
        return bare.replace(tzinfo=zone).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def workspace_rows(row: Row) -> list[Row]:
    """An activity of Google Workspace, once for each of its events (``_event``).

    ``_named`` are the event's parameters by name. An activity without events stays one row.

    Examples:
        >>> given = {"events": [{"name": "a", "parameters": [{"name": "x", "value": "1"}]}]}
        >>> workspace_rows(given)[0]["_named"]
        {'x': '1'}
    """
    events = row.get("events")
    if not isinstance(events, list) or not all(isinstance(each, dict) for each in events):
        return [row]
    common = {name: value for name, value in row.items() if name != "events"}
    found = [{**common, "_event": each, "_named": _parameters(each)} for each in events]
    return found or [common]


def _parameters(event: Row) -> Row:
    given = event.get("parameters")
    named: Row = {}
    for each in given if isinstance(given, list) else ():
        if isinstance(each, dict) and isinstance(name := each.get("name"), str):
            named[name] = next((each[key] for key in _PLAIN if key in each), None)
    return named
