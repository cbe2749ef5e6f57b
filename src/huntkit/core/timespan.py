"""Times and time spans as analysts write them: ``-2d@d``, ``yesterday``, ISO 8601, datetimes.

What can't be read is a :class:`~huntkit.core.errors.TimeError`; it never silently means "now",
because a query over the wrong hours answers a question that nobody asked.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from numbers import Real
from typing import Any, Self

from huntkit.core.errors import TimeError

_EXAMPLES = (
    "write for example '-2d', '-1.5h', '-2d@d', 'now', 'today', '2024-05-01', "
    "'2024-05-01T13:30:00Z', or a number of days such as -3"
)

_RELATIVE = re.compile(
    r"""(?P<anchor>now|today|yesterday)?
        (?:\s*(?P<sign>[+-])?\s*(?P<count>[0-9]{1,12}(?:\.[0-9]{1,12})?)\s*(?P<unit>[a-z]*))?
        (?:\s*@\s*(?P<floor>[a-z]+))?""",
    re.VERBOSE | re.IGNORECASE,
)

_UNITS = {
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), "y"),
    **dict.fromkeys(("mon", "mons", "month", "months"), "mon"),
    **dict.fromkeys(("w", "week", "weeks"), "w"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
}
_LENGTHS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}


def parse_time(value: object, *, now: datetime) -> datetime:
    """The moment that `value` names, as an aware datetime in UTC.

    Reads datetimes and dates (without a zone: taken as UTC), ISO 8601 text, ``now``, ``today``,
    ``yesterday``, numbers (days from `now`, so -1.5 is 36 hours ago), timedeltas (from `now`),
    and offsets such as ``-2d``, ``+1.5h``, ``-3mon`` with units y, mon, w, d, h, m, s. No sign
    means plus. ``@unit`` then rounds down to the start of that unit in UTC (weeks start on
    Monday): ``-2d@d`` is midnight two days ago, ``@h`` the start of this hour.

    Raises:
        TimeError: anything else, also text that is empty.

    Examples:
        >>> now = datetime(2024, 5, 15, 13, 45, tzinfo=UTC)
        >>> parse_time("-2d@d", now=now).isoformat()
        '2024-05-13T00:00:00+00:00'
        >>> parse_time(-1.5, now=now).isoformat()
        '2024-05-14T01:45:00+00:00'
        >>> parse_time("2024-05-01T10:00:00+02:00", now=now).isoformat()
        '2024-05-01T08:00:00+00:00'
    """
    now = _in_utc(now, now)
    if isinstance(value, datetime):
        return _in_utc(value, value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, str):
        return _from_text(value, now)
    try:
        if isinstance(value, timedelta):
            return now + value
        if isinstance(value, bool):
            raise _unreadable(value)
        if isinstance(value, Real):
            return now + timedelta(days=float(value))
        if hasattr(value, "astype"):  # numpy.datetime64, without importing numpy
            return _from_numpy(value)
    except (OverflowError, ValueError, TypeError) as problem:
        raise _unreadable(value) from problem
    raise _unreadable(value)


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """From `start` to `end`, both aware and in UTC; `start` belongs to it, `end` does not.

    Datetimes without a zone are taken as UTC.

    Raises:
        TimeError: the end is before the start.

    Examples:
        >>> span = TimeSpan.parse("-1d", now=datetime(2024, 5, 15, tzinfo=UTC))
        >>> span.start.isoformat(), span.end.isoformat()
        ('2024-05-14T00:00:00+00:00', '2024-05-15T00:00:00+00:00')
        >>> span.length
        datetime.timedelta(days=1)
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", _in_utc(self.start, self.start))
        object.__setattr__(self, "end", _in_utc(self.end, self.end))
        if self.end < self.start:
            raise TimeError(
                f"the end {self.end.isoformat()} is before the start {self.start.isoformat()}",
                hint="swap them, or give an earlier start such as '-1d'",
                context={"start": self.start, "end": self.end},
            )

    @classmethod
    def parse(cls, start: object, end: object = "now", *, now: datetime) -> Self:
        """The span between two values that :func:`parse_time` reads."""
        return cls(parse_time(start, now=now), parse_time(end, now=now))

    @property
    def length(self) -> timedelta:
        """How long the span is."""
        return self.end - self.start

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= _in_utc(moment, moment) < self.end


def _from_text(text: str, now: datetime) -> datetime:
    stripped = text.strip()
    match = _RELATIVE.fullmatch(stripped) if stripped else None
    try:
        if match:
            return _relative(match, now, text)
        return _in_utc(datetime.fromisoformat(stripped), text)
    except (OverflowError, ValueError) as problem:
        if isinstance(problem, TimeError):
            raise
        raise _unreadable(text) from problem


def _relative(match: re.Match[str], now: datetime, text: str) -> datetime:
    anchor, sign, count, unit, floor = match.group("anchor", "sign", "count", "unit", "floor")
    if count and not (sign or unit):
        # A bare "20240501" or "5" is a date, a year or a count: only ISO may say which.
        if anchor or floor:
            raise _unreadable(text)
        return _in_utc(datetime.fromisoformat(count), text)
    moment = now
    if anchor and anchor.lower() != "now":
        moment = _floor(now, "d")
        if anchor.lower() == "yesterday":
            moment -= timedelta(days=1)
    if count:
        moment = _shift(moment, f"{sign or '+'}{count}", _unit(unit or "d", text), text)
    return _floor(moment, _unit(floor, text)) if floor else moment


def _unit(name: str, text: str) -> str:
    try:
        return _UNITS[name.lower()]
    except KeyError:
        raise _unreadable(text) from None


def _shift(moment: datetime, count: str, unit: str, text: str) -> datetime:
    if unit in _LENGTHS:
        return moment + float(count) * _LENGTHS[unit]
    months = float(count) * (12 if unit == "y" else 1)
    if not months.is_integer():
        raise TimeError(
            f"{_shown(text)} is no whole number of months",
            hint="months differ in length: give days, such as '-45d'",
            context={"value": text},
        )
    year, month = divmod(moment.year * 12 + moment.month - 1 + int(months), 12)
    day = moment.day
    while day > 28:
        try:
            return moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            day -= 1  # 31 March minus one month is the last day of February
    return moment.replace(year=year, month=month + 1, day=day)


def _floor(moment: datetime, unit: str) -> datetime:
    match unit:
        case "s":
            return moment.replace(microsecond=0)
        case "m":
            return moment.replace(second=0, microsecond=0)
        case "h":
            return moment.replace(minute=0, second=0, microsecond=0)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    match unit:
        case "w":
            return midnight - timedelta(days=midnight.weekday())
        case "mon":
            return midnight.replace(day=1)
        case "y":
            return midnight.replace(month=1, day=1)
    return midnight


def _in_utc(moment: datetime, said: object) -> datetime:
    try:
        # Rebuilt, because pandas' Timestamp is a datetime with its own arithmetic, and its NaT
        # is one without a year.
        plain = datetime(
            moment.year,
            moment.month,
            moment.day,
            moment.hour,
            moment.minute,
            moment.second,
            moment.microsecond,
            tzinfo=moment.tzinfo,
            fold=moment.fold,
        )
        if plain.utcoffset() is None:
            return plain.replace(tzinfo=UTC)
        return plain.astimezone(UTC)
    except (AttributeError, OverflowError, TypeError, ValueError) as problem:
        raise _unreadable(said) from problem


def _from_numpy(value: Any) -> datetime:
    moment = value.astype("datetime64[us]").item()
    if not isinstance(moment, datetime):
        raise _unreadable(value)
    return _in_utc(moment, value)


def _unreadable(value: object) -> TimeError:
    return TimeError(
        f"{_shown(value)} is not a time",
        hint=_EXAMPLES,
        context={"value": value},
    )


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
