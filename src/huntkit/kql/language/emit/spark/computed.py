"""Building blocks in Python that only Spark needs; DuckDB has them as SQL."""

import datetime as dt
import json
import math
from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import Any

import orjson

from huntkit.kql.language.emit.duckdb.conversions import real_of_text, whole_of_text
from huntkit.kql.language.emit.duckdb.search import alphanumeric
from huntkit.kql.language.emit.duckdb.times import format_ticks
from huntkit.kql.language.emit.duckdb.values import array, dump, load, shown
from huntkit.kql.language.emit.spark.registry import python
from huntkit.kql.language.instants import MAX_DATETIME, TICKS_PER_DAY, TICKS_PER_SECOND

# --- texts of values ----------------------------------------------------------------------------


@python("text_datetime", "V")
def text_datetime(ticks: int | None) -> str:
    """A datetime as KQL prints it."""
    if ticks is None or not 0 <= ticks <= MAX_DATETIME:
        return ""
    date = dt.date.fromordinal(ticks // TICKS_PER_DAY + 1).isoformat()
    seconds, part = divmod(ticks % TICKS_PER_DAY, TICKS_PER_SECOND)
    time = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{date}T{time}.{part:07}Z"


@python("text_timespan", "V")
def text_timespan(ticks: int | None) -> str:
    """A timespan as KQL prints it."""
    if ticks is None:
        return ""
    days, rest = divmod(abs(ticks), TICKS_PER_DAY)
    layout = "hh:mm:ss.fffffff" if rest % TICKS_PER_SECOND else "hh:mm:ss"
    before = f"{days}." if days else ""
    return ("-" if ticks < 0 else "") + before + format_ticks(rest, layout, True)


@python("text_decimal", "V")
def text_decimal(value: Decimal | None) -> str:
    """A decimal without zeros at its end."""
    if value is None:
        return ""
    digits = format(value, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


@python("text_dynamic", "V")
def text_dynamic(value: str | None) -> str:
    """A dynamic as ``tostring`` gives it; a number keeps its digits."""
    if value is not None and value[:1] in _NUMBER:
        return value
    return _printed(load(value))


_NUMBER = frozenset("-0123456789")


def _printed(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return shown(value)


@python("floored_decimal", "V")
def floored_decimal(value: Decimal | None, step: Decimal | None) -> str | None:
    """A decimal, down to a multiple of a step."""
    if value is None or step is None or step <= 0:
        return None
    with localcontext() as context:
        context.prec = 60
        return format((value / step).to_integral_value(ROUND_FLOOR) * step, "f")


@python("json_string", "V")
def json_string(value: str | None) -> str | None:
    """A text as JSON."""
    return None if value is None else json.dumps(value, ensure_ascii=False)


@python("json_real", "V")
def json_real(value: float | None) -> str | None:
    """A real as JSON."""
    return dump(value)


@python("parse_json", "V")
def parse_json(value: str | None) -> str | None:
    """A text as a dynamic: JSON as it is, anything else as a JSON string."""
    if not value:
        return None
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            return json.dumps(value, ensure_ascii=False)
    return dump(found)


# --- conversions --------------------------------------------------------------------------------

_LEAST, _MOST = -(2**63), 2**63 - 1


@python("long_real", "L")
def long_of_real(value: float | None) -> int | None:
    """A real without its fraction."""
    if value is None or not -9.3e18 < value < 9.3e18:  # nan, too
        return None
    number = int(value)
    return number if _LEAST <= number <= _MOST else None


@python("long_dynamic", "L")
def long_of_dynamic(value: str | None) -> int | None:
    """What ``tolong`` makes of a dynamic."""
    found = load(value)
    if isinstance(found, bool):
        return int(found)
    if isinstance(found, int):
        return found if _LEAST <= found <= _MOST else None
    if isinstance(found, float):
        return long_of_real(found)
    return whole_of_text(found) if isinstance(found, str) else None


@python("real_dynamic", "D")
def real_of_dynamic(value: str | None) -> float | None:
    """What ``toreal`` makes of a dynamic."""
    found = load(value)
    if isinstance(found, int | float):
        return float(found)
    return real_of_text(found) if isinstance(found, str) else None


@python("bool_string", "B")
def bool_of_text(value: str | None) -> bool | None:
    """What ``tobool`` makes of a text."""
    given = (value or "").strip(" ")
    if given.lower() in ("true", "false"):
        return given.lower() == "true"
    number = whole_of_text(given)
    return None if number is None else number != 0


@python("bool_dynamic", "B")
def bool_of_dynamic(value: str | None) -> bool | None:
    """What ``tobool`` makes of a dynamic."""
    found = load(value)
    if isinstance(found, bool | int | float):
        return found != 0
    return bool_of_text(found) if isinstance(found, str) else None


@python("gettype_dynamic", "V")
def type_of_dynamic(value: str | None) -> str:
    """The name of the type of the value inside."""
    names = {bool: "bool", int: "long", float: "double", str: "string"}
    names |= {list: "array", dict: "dictionary"}
    return names.get(type(load(value)), "null")


# --- dynamic ------------------------------------------------------------------------------------


def _walked(value: str | None, steps: str | None) -> Any:
    """What lies at a path, given as a JSON array of keys and indexes."""
    found = load(value)
    for step in load(steps) or ():
        if isinstance(step, str):
            found = found.get(step) if isinstance(found, dict) else None
        else:
            inside = isinstance(found, list) and -len(found) <= step < len(found)
            found = found[step] if inside else None
    return found


@python("at_path", "V")
def at_path(value: str | None, steps: str | None) -> str | None:
    """The dynamic at a path."""
    return dump(_walked(value, steps))


@python("text_at_path", "V")
def text_at_path(value: str | None, steps: str | None) -> str:
    """The dynamic at a path, as text."""
    return _printed(_walked(value, steps))


@python("items", "A")
def items(value: str | None) -> list[str | None]:
    """The elements of an array, the properties of a bag, or the value itself."""
    found = load(value)
    if isinstance(found, dict):
        return [dump({name: each}) for name, each in found.items()]
    return [dump(each) for each in (found if isinstance(found, list) else _one(found))]


@python("pairs", "A")
def pairs(value: str | None) -> list[str | None]:
    """As `items`, with a bag's properties as arrays of name and value."""
    found = load(value)
    if isinstance(found, dict):
        return [dump([name, each]) for name, each in found.items()]
    return items(value)


def _one(value: Any) -> list[Any]:
    return [] if value is None else [value]


@python("array_length", "L")
def array_length(value: str | None) -> int | None:
    """How many elements an array has."""
    found = array(value)
    return None if found is None else len(found)


@python("toarray_or_self", "V")
def array_or_self(value: str | None) -> str | None:
    """An array as it is, anything else as an array of one."""
    found = load(value)
    return dump(found if isinstance(found, list) or found is None else [found])


def _texts(value: str | None) -> list[str | None]:
    found = load(value)
    listed = found if isinstance(found, list) else _one(found)
    return [None if each is None else _printed(each) for each in listed]


@python("strcat_array", "V")
def strcat_array(value: str | None, delimiter: str | None) -> str:
    """An array's elements as one text."""
    if array(value) is None:
        return ""
    return (delimiter or "").join(each or "" for each in _texts(value))


@python("text_in", "B")
def text_in(value: str | None, listed: str | None) -> bool:
    """Whether a text is an element."""
    return value in [each for each in _texts(listed) if each is not None]


@python("text_in_ci", "B")
def text_in_ci(value: str | None, listed: str | None) -> bool:
    """Whether a text is an element, without case."""
    return _small(value or "") in [_small(each) for each in _texts(listed) if each is not None]


def _small(value: str) -> str:
    return value.lower() if value.isascii() else "".join(c.lower()[0] for c in value)


@python("term", "B")
def term(hay: str | None, needle: str | None, starts: bool | None, ends: bool | None) -> bool:
    """Whether a text holds another as a term."""
    if not needle:
        return hay is not None and needle is not None
    hay = hay or ""
    place = hay.find(needle)
    while place >= 0:
        before, after = hay[:place][-1:], hay[place + len(needle) :][:1]
        free = not (starts and alphanumeric(needle[0]) and alphanumeric(before))
        if free and not (ends and alphanumeric(needle[-1]) and alphanumeric(after)):
            return True
        place = hay.find(needle, place + 1)
    return False


def _found(hay: str | None, needles: str | None) -> list[bool]:
    small = _small(hay or "")
    return [term(small, _small(each), True, True) for each in _texts(needles) if each is not None]


@python("has_any_array", "B")
def has_any(hay: str | None, needles: str | None) -> bool:
    """Whether one of an array's texts is a term."""
    return any(_found(hay, needles))


@python("has_all_array", "B")
def has_all(hay: str | None, needles: str | None) -> bool:
    """Whether each of an array's texts is a term."""
    return all(_found(hay, needles))


@python("has_any_index", "L")
def has_any_index(hay: str | None, needles: str | None) -> int:
    """The place of the first text that is a term."""
    found = _found(hay, needles)
    return found.index(True) if True in found else -1


MOST_ITEMS = 1_048_576


@python("range_long", "V")
def range_long(first: int | None, last: int | None, step: int | None) -> str | None:
    """Whole numbers from first to last."""
    return dump(_range(first, last, step))


def _range(first: int | None, last: int | None, step: int | None) -> list[int] | None:
    if first is None or last is None or not step:
        return None
    found = range(first, last + (1 if step > 0 else -1), step)
    return list(found) if len(found) <= MOST_ITEMS else None


@python("range_datetime", "V")
def range_datetime(first: int | None, last: int | None, step: int | None) -> str | None:
    """Datetimes from first to last."""
    found = _range(first, last, step)
    return None if found is None else dump([text_datetime(each) for each in found])


@python("range_timespan", "V")
def range_timespan(first: int | None, last: int | None, step: int | None) -> str | None:
    """Timespans from first to last."""
    found = _range(first, last, step)
    return None if found is None else dump([text_timespan(each) for each in found])


# --- text ---------------------------------------------------------------------------------------


@python("toupper", "V")
def toupper(value: str | None) -> str | None:
    """Upper case letter by letter: a letter without one of its own stays."""
    if value is None or value.isascii():
        return None if value is None else value.upper()
    return "".join("\u1e9e" if c == "\u00df" else _one_letter(c.upper(), c) for c in value)


def _one_letter(upper: str, own: str) -> str:
    return upper if len(upper) == 1 else own


@python("reverse", "V")
def reverse(value: str | None) -> str | None:
    """The characters from the last to the first."""
    return None if value is None else value[::-1]


def _pieces(value: str, delimiter: str) -> list[str]:
    return value.split(delimiter) if delimiter else [value]


@python("split", "V")
def split(value: str | None, delimiter: str | None) -> str | None:
    """The pieces of a text."""
    return None if value is None else dump(_pieces(value, delimiter or ""))


@python("split_3", "V")
def split_at(value: str | None, delimiter: str | None, place: int | None) -> str:
    """One piece of a text, as an array."""
    found = _pieces(value or "", delimiter or "")
    inside = place is not None and 0 <= place < len(found)
    return dump([found[place]] if inside and place is not None else []) or "[]"


@python("round_real", "D")
def round_real(value: float | None, digits: int | None) -> float | None:
    """Rounded half away from zero."""
    if value is None or digits is None:
        return None
    try:
        scale = 10.0 ** abs(digits)
        scaled = value * scale if digits >= 0 else value / scale
        whole = float(int(scaled))
        whole += (abs(scaled - whole) >= 0.5) * (1 if scaled > 0 else -1)
        found = whole / scale if digits >= 0 else whole * scale
    except (OverflowError, ValueError):
        return value
    return math.copysign(found, value) if math.isfinite(found) else value


# --- calendar -----------------------------------------------------------------------------------


def _date(ticks: int | None) -> dt.date | None:
    if ticks is None or not 0 <= ticks <= MAX_DATETIME:
        return None
    return dt.date.fromordinal(ticks // TICKS_PER_DAY + 1)


_CALENDAR: dict[str, Callable[[dt.date], int]] = {
    "year": lambda d: d.year,
    "quarter": lambda d: (d.month + 2) // 3,
    "month": lambda d: d.month,
    "week_of_year": lambda d: d.isocalendar().week,
    "day": lambda d: d.day,
    "dayofyear": lambda d: d.timetuple().tm_yday,
    "months": lambda d: d.year * 12 + d.month,
    "quarters": lambda d: d.year * 4 + (d.month + 2) // 3,
}


def _calendar(name: str) -> None:
    part = _CALENDAR[name]

    @python(f"calendar_{name}", "L")
    def compute(ticks: int | None) -> int | None:
        date = _date(ticks)
        return None if date is None else part(date)


for _name in _CALENDAR:
    _calendar(_name)


def _first_of(months: int) -> int | None:
    """The ticks at which a month begins, counted from year 0."""
    year, month = divmod(months, 12)
    if not 1 <= year <= 9999:
        return None
    return (dt.date(year, month + 1, 1).toordinal() - 1) * TICKS_PER_DAY


@python("month", "L")
def month(ticks: int | None, later: int | None) -> int | None:
    """The first tick of a month, so many months later."""
    date = _date(ticks)
    if date is None or later is None:
        return None
    return _first_of(date.year * 12 + date.month - 1 + later)


@python("year", "L")
def year(ticks: int | None, later: int | None) -> int | None:
    """The first tick of a year, so many years later."""
    date = _date(ticks)
    return None if date is None or later is None else _first_of((date.year + later) * 12)


@python("add_months", "L")
def add_months(ticks: int | None, months: int | None) -> int | None:
    """The same day so many months later, or that month's last."""
    date = _date(ticks)
    if date is None or ticks is None or months is None:
        return None
    places = date.year * 12 + date.month - 1 + months
    first, following = _first_of(places), _first_of(places + 1)
    if first is None:
        return None
    length = 31 if following is None else (following - first) // TICKS_PER_DAY
    return first + (min(date.day, length) - 1) * TICKS_PER_DAY + ticks % TICKS_PER_DAY
