"""Values that callers give, as what a parameter's type says, or an error; never a guess."""

import ipaddress
import math
import numbers
import pathlib
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, cast

from huntkit.core.errors import TimeError, UsageError, did_you_mean
from huntkit.core.timespan import parse_time
from huntkit.sources.queries.definition import Parameter

_AS_TEXT: Final = (
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
    uuid.UUID,
    pathlib.PurePath,
)
_LONG: Final = range(-(2**63), 2**63)
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_REAL: Final = re.compile(
    r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?"
)
_SPAN: Final = re.compile(
    r"(?P<sign>[+-]?)\s*(?P<count>[0-9]{1,12}(?:\.[0-9]{1,9})?)\s*(?P<unit>[a-z]+)"
)
_CLOCK: Final = re.compile(
    r"(?P<sign>-?)(?:(?P<days>[0-9]{1,8})\.)?(?P<hours>[0-9]{1,2}):(?P<minutes>[0-5][0-9])"
    r"(?::(?P<seconds>[0-5][0-9](?:\.[0-9]{1,6})?))?"
)
_UNITS: Final = {
    **dict.fromkeys(("w", "week", "weeks"), 604_800.0),
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3_600.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 0.001),
}
_NO_MATTER: Final = datetime(1, 1, 1, tzinfo=UTC)  # dates are read without a now
_LONGEST_SPAN: Final = timedelta(days=10_675_199)  # KQL's timespan holds no more


def converted(parameter: Parameter, value: object, *, now: datetime) -> object:
    """A value as the parameter's type says.

    Gives ``str``, ``int``, ``float``, ``bool``, an aware ``datetime`` in UTC, a ``timedelta``, a
    list of plain values, and ``str`` for pieces (which the query's language checks).

    Args:
        parameter: whose value it is.
        value: what the caller gave.
        now: the moment from which relative times count.

    Raises:
        TimeError: a time that can't be read; it never silently means now.
        UsageError: a value of another type, or none of the parameter's choices.

    Examples:
        >>> from datetime import UTC
        >>> now = datetime(2024, 5, 15, 13, 45, tzinfo=UTC)
        >>> converted(Parameter(name="start", type="datetime"), "-2d@d", now=now).isoformat()
        '2024-05-13T00:00:00+00:00'
        >>> converted(Parameter(name="ips", type="list"), "203.0.113.7, 203.0.113.8", now=now)
        ['203.0.113.7', '203.0.113.8']
        >>> converted(Parameter(name="pid", type="int"), "4x", now=now)
        Traceback (most recent call last):
            ...
        huntkit.core.errors.UsageError: pid= takes a whole number, and '4x' is none
    """
    try:
        made = _CONVERT[parameter.type](value, now)
    except TimeError as problem:
        raise TimeError(
            f"{parameter.name}= {problem.message}", hint=problem.hint, context=problem.context
        ) from None
    except _Unfit as unfit:
        raise UsageError(
            f"{parameter.name}= takes {unfit.wanted}, and {_shown(value)} is none",
            hint=unfit.hint,
            context={"parameter": parameter.name, "value": value},
        ) from None
    if parameter.choices and made not in parameter.choices:
        raise UsageError(
            f"{parameter.name}= takes one of {', '.join(parameter.choices)}, not {_shown(value)}",
            hint=did_you_mean(str(made), parameter.choices),
            context={"parameter": parameter.name, "value": value},
        )
    return made


class _Unfit(Exception):
    def __init__(self, wanted: str, hint: str = "") -> None:
        super().__init__(wanted)
        self.wanted = wanted
        self.hint = hint


def _text(value: object, _now: datetime | None = None) -> str:
    if isinstance(value, _AS_TEXT):
        return str(value)
    if not isinstance(value, str):
        hint = "write it in quotes" if isinstance(value, int | float) else ""
        raise _Unfit("text", hint)
    text = str(value)  # numpy's and enum's texts too
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _Unfit("text", "it holds half of a surrogate pair") from None
    return text


def _integer(value: object, _now: datetime | None = None) -> int:
    if isinstance(value, bool):
        raise _Unfit("a whole number")
    written = isinstance(value, str) and _INTEGER.fullmatch(value.strip())
    if not written and not isinstance(value, numbers.Integral):
        raise _Unfit("a whole number")
    number = int(cast("int", value))
    if number not in _LONG:
        raise _Unfit("a whole number of 64 bits")
    return number


def _real(value: object, _now: datetime | None = None) -> float:
    if isinstance(value, bool):
        raise _Unfit("a number")
    written = isinstance(value, str) and _REAL.fullmatch(value.strip())
    if not written and not isinstance(value, numbers.Real):
        raise _Unfit("a number")
    try:
        number = float(cast("float", value))
    except OverflowError:
        raise _Unfit("a number") from None
    if not math.isfinite(number):
        raise _Unfit("a finite number")
    return number


def _truth(value: object, _now: datetime | None = None) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    if type(value).__module__ == "numpy" and type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    raise _Unfit("True or False")


def _moment(value: object, now: datetime) -> datetime:
    return parse_time(value, now=now)


def _length(value: object, _now: datetime | None = None) -> timedelta:
    hint = "write for example '1h', '30m', '1.5d', '1.02:03:04', or give a timedelta"
    found: timedelta | None = None
    if isinstance(value, timedelta):
        # Rebuilt, because pandas' Timedelta is one with its own arithmetic, and NaT is one, too.
        try:
            found = timedelta(value.days, value.seconds, value.microseconds)
        except (TypeError, ValueError):
            raise _Unfit("a length of time", hint) from None
    elif isinstance(value, str):
        found = _written_length(value.strip().lower())
    if found is None or abs(found) > _LONGEST_SPAN:
        raise _Unfit("a length of time", hint)
    return found


def _written_length(text: str) -> timedelta | None:
    if match := _SPAN.fullmatch(text):
        unit = _UNITS.get(match["unit"])
        if unit is None:
            return None
        count = float(match["count"]) * (-1 if match["sign"] == "-" else 1)
        try:
            return timedelta(seconds=count * unit)
        except OverflowError:
            return None
    if match := _CLOCK.fullmatch(text):
        found = timedelta(
            days=int(match["days"] or 0),
            hours=int(match["hours"]),
            minutes=int(match["minutes"]),
            seconds=float(match["seconds"] or 0),
        )
        return -found if match["sign"] else found
    return None


def _items(value: object, _now: datetime | None = None) -> list[object]:
    if isinstance(value, str):
        return [each.strip() for each in value.split(",") if each.strip()]
    if isinstance(value, Mapping) or value is None:
        raise _Unfit("a list")
    if isinstance(value, set | frozenset):
        value = sorted(value, key=lambda each: (type(each).__name__, str(each)))  # same every time
    if hasattr(value, "tolist"):  # pandas, numpy
        value = value.tolist()
    elif hasattr(value, "to_list"):  # Polars
        value = value.to_list()
    if isinstance(value, bytes | bytearray) or not isinstance(value, Iterable):
        return [_item(value)]
    if isinstance(value, _AS_TEXT):
        return [str(value)]  # a network is iterable
    return [_item(each) for each in value]


def _item(value: Any) -> object:
    if hasattr(value, "item") and type(value).__module__ == "numpy":
        value = value.item()
    if isinstance(value, bool):
        return value
    if isinstance(value, numbers.Integral):
        return _integer(value)
    if isinstance(value, float):
        return _real(value)
    if isinstance(value, datetime | date):
        return written_time(parse_time(value, now=_NO_MATTER))
    try:
        return _text(value)
    except _Unfit:
        raise _Unfit("a list of texts and numbers", f"{_shown(value)} is neither") from None


def written_time(moment: datetime) -> str:
    """A moment in UTC as ISO 8601 with all its digits.

    Examples:
        >>> from datetime import UTC
        >>> written_time(datetime(2024, 5, 1, tzinfo=UTC))
        '2024-05-01T00:00:00.000000Z'
    """
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."


_CONVERT: Final[dict[str, Callable[[object, datetime], object]]] = {
    "str": _text,
    "int": _integer,
    "float": _real,
    "bool": _truth,
    "datetime": _moment,
    "timespan": _length,
    "list": _items,
    "kql": _text,
    "table": _text,
    "op": _text,
}
