"""Datetimes and timespans as ticks of 100 ns, read from and written as KQL's text.

A datetime counts from 0001-01-01T00:00:00Z, as in .NET; years run from 1 to 9999.
"""

import re
from datetime import date

TICKS_PER_SECOND = 10_000_000
TICKS_PER_DAY = 86_400 * TICKS_PER_SECOND
MAX_DATETIME = 3_652_059 * TICKS_PER_DAY - 1
MAX_TIMESPAN = 2**63 - 1

_UNIT_TICKS = {
    **dict.fromkeys(("d", "day", "days"), TICKS_PER_DAY),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600 * TICKS_PER_SECOND),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60 * TICKS_PER_SECOND),
    **dict.fromkeys(("s", "sec", "second", "seconds"), TICKS_PER_SECOND),
    **dict.fromkeys(("ms", "milli", "millis", "millisecond", "milliseconds"), 10_000),
    **dict.fromkeys(("micro", "micros", "microsecond", "microseconds"), 10),
    **dict.fromkeys(("tick", "ticks"), 1),
}
_NANOS = ("nano", "nanos", "nanosecond", "nanoseconds")

_LONGEST = 100  # characters of a datetime or timespan; the shapes below are tried one by one

_AMOUNT = re.compile(r"\s*(-?)\s*([0-9]+)(?:\.([0-9]+))?\s*([a-z]+)\s*", re.ASCII)
_CLOCK_SPAN = re.compile(
    r"\s*(-?)(?:([0-9]{1,8})\.)?([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,7}))?)?\s*"
)
_DAYS = re.compile(r"\s*(-?)([0-9]{1,8})\s*")

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_CLOCK = (
    r"(?:[T\s]\s*(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<part>[0-9]{1,9}))?)?"
    r"\s*(?P<half>[AaPp][Mm])?)?"
)
_ZONE = r"\s*(?P<zone>[zZ]|GMT|UTC|[+-][0-9]{1,2}(?::?[0-9]{2})?)?\s*"
_YEAR, _MONTH, _DAY = "(?P<year>[0-9]{4})", "(?P<month>[0-9]{1,2})", "(?P<day>[0-9]{1,2})"
_CUT = r"(?P<cut>\s*[-/.]\s*|\s*,\s+)"
_DATETIMES = (
    re.compile(rf"\s*{_YEAR}{_CUT}{_MONTH}(?P=cut){_DAY}{_CLOCK}{_ZONE}"),
    re.compile(rf"\s*{_MONTH}(?P<cut>[-/]){_DAY}(?P=cut){_YEAR}{_CLOCK}{_ZONE}"),
    re.compile(r"\s*(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})\s*"),
    re.compile(r"\s*(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{1,2}))?\s*"),
    re.compile(
        r"\s*(?:[A-Za-z]{3,9},?\s+)?(?P<day>[0-9]{1,2})[\s-](?P<name>[A-Za-z]{3,9})[\s-]"
        rf"(?P<year>[0-9]{{4}}|[0-9]{{2}}){_CLOCK}{_ZONE}"
    ),
    re.compile(
        r"\s*(?:[A-Za-z]{3,9},?\s+)?(?P<name>[A-Za-z]{3,9})\s+(?P<day>[0-9]{1,2}),?\s+"
        rf"(?P<year>[0-9]{{4}}){_CLOCK}{_ZONE}"
    ),
)


def parse_timespan(text: str) -> int | None:
    """Ticks of a timespan as written in a literal, or None if it is none.

    A number without a unit counts days, as in ``time(5)``.

    Examples:
        >>> parse_timespan("1.5h") == 90 * 60 * TICKS_PER_SECOND
        True
        >>> parse_timespan("1.02:03:04.5")
        937845000000
        >>> parse_timespan("soon") is None
        True
    """
    ticks: int | None = None
    if len(text) > _LONGEST:
        return None
    if match := _AMOUNT.fullmatch(text):
        sign, whole, part, unit = match.groups()
        digits, scale = int(whole + (part or "")), 10 ** len(part or "")
        if unit in _UNIT_TICKS:
            ticks = digits * _UNIT_TICKS[unit] // scale
        elif unit in _NANOS:
            ticks = digits // (100 * scale)
        else:
            return None
    elif match := _CLOCK_SPAN.fullmatch(text):
        sign, days, hours, minutes, seconds, part = match.groups()
        if int(hours) > 23 or int(minutes) > 59 or int(seconds or 0) > 59:
            return None
        clock = int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)
        ticks = int(days or 0) * TICKS_PER_DAY + clock * TICKS_PER_SECOND
        ticks += int((part or "").ljust(7, "0"))
    elif match := _DAYS.fullmatch(text):
        sign, days = match.groups()
        ticks = int(days) * TICKS_PER_DAY
    if ticks is None or ticks > MAX_TIMESPAN:
        return None
    return -ticks if sign else ticks


def parse_datetime(text: str) -> int | None:
    """Ticks of a datetime as written in a literal, or None if it is none.

    ISO 8601 and its usual short forms, month/day/year, and the dates of RFC 822; without a zone
    it is UTC.

    Examples:
        >>> parse_datetime("0001-01-02")
        864000000000
        >>> parse_datetime("Sat, 8 Nov 14 15:05:02 GMT") == parse_datetime("2014-11-08T15:05:02Z")
        True
        >>> parse_datetime("2023-02-30") is None
        True
    """
    if len(text) > _LONGEST:
        return None
    for shape in _DATETIMES:
        if match := shape.fullmatch(text):
            return _ticks_of(match.groupdict())
    return None


def _ticks_of(found: dict[str, str | None]) -> int | None:
    month = int(found.get("month") or 1)
    if name := found.get("name"):
        if name[:3].lower() not in _MONTHS:
            return None
        month = _MONTHS.index(name[:3].lower()) + 1
    written = found["year"] or "1"
    year = int(written)
    if len(written) == 2:
        year += 2000 if year < 50 else 1900
    try:
        days = date(year, month, int(found.get("day") or 1)).toordinal() - 1
    except ValueError:
        return None
    seconds = _seconds_of(found)
    offset = _offset_of(found.get("zone") or "Z")
    if seconds is None or offset is None:
        return None
    ticks = days * TICKS_PER_DAY + (seconds - offset) * TICKS_PER_SECOND
    ticks += int((found.get("part") or "").ljust(7, "0")[:7])
    return ticks if 0 <= ticks <= MAX_DATETIME else None


def _seconds_of(found: dict[str, str | None]) -> int | None:
    hour, minute = int(found.get("hour") or 0), int(found.get("minute") or 0)
    second = int(found.get("second") or 0)
    if half := found.get("half"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.lower() == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    return hour * 3600 + minute * 60 + second


def _offset_of(zone: str) -> int | None:
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    if hours > 14 or minutes > 59:
        return None
    seconds = hours * 3600 + minutes * 60
    return -seconds if zone[0] == "-" else seconds


def datetime_text(ticks: int) -> str:
    """A datetime as Kusto writes it.

    Examples:
        >>> datetime_text(864000000000)
        '0001-01-02T00:00:00.0000000Z'
    """
    days, rest = divmod(ticks, TICKS_PER_DAY)
    seconds, part = divmod(rest, TICKS_PER_SECOND)
    day = date.fromordinal(days + 1)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{day.year:04}-{day.month:02}-{day.day:02}T{clock}.{part:07}Z"


def timespan_text(ticks: int) -> str:
    """A timespan as Kusto writes it.

    Examples:
        >>> timespan_text(937845000000), timespan_text(-600000000)
        ('1.02:03:04.5000000', '-00:01:00')
    """
    days, rest = divmod(abs(ticks), TICKS_PER_DAY)
    seconds, part = divmod(rest, TICKS_PER_SECOND)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return (
        ("-" if ticks < 0 else "")
        + (f"{days}." if days else "")
        + text
        + (f".{part:07}" if part else "")
    )
