"""Datetimes and timespans."""

import datetime as dt
import re
from typing import cast as typed
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlglot import exp

from huntkit.kql.language.emit.base import Emitter
from huntkit.kql.language.emit.duckdb.logic import SQL_TYPES
from huntkit.kql.language.emit.duckdb.registry import macro, primitive, python, simple, use
from huntkit.kql.language.emit.sql import Sql, cast, null
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.language.instants import MAX_DATETIME, TICKS_PER_DAY, TICKS_PER_SECOND
from huntkit.kql.language.plan import Fn, Lit

# --- between ticks and the engine's timestamps --------------------------------------------------

macro(
    "floor_div",
    "a, b",
    "(a // b) - CASE WHEN a % b <> 0 AND ((a < 0) <> (b < 0)) THEN 1 ELSE 0 END",
)
macro("stamp", "a", "make_timestamp(kql_floor_div(a - 621355968000000000, 10))")
macro("ticks", "a", "epoch_us(a) * 10 + 621355968000000000")
macro("trunc_to", "unit, a", "kql_ticks(date_trunc(unit, kql_stamp(a)))")

# --- bin ----------------------------------------------------------------------------------------

simple("bin", "a, b", "CASE WHEN b > 0 THEN kql_floor_div(a, b) * b END")
simple("bin:real", "a, b", "CASE WHEN b > 0 THEN floor(a / b) * b END")
simple("bin:decimal", "a, b", "CASE WHEN b > 0 THEN (floor(a / b) * b)::DECIMAL(38,18) END")
simple("bin_at", "a, b, c", "CASE WHEN b > 0 THEN kql_floor_div(a - c, b) * b + c END")
simple("bin_at:real", "a, b, c", "CASE WHEN b > 0 THEN floor((a - c) / b) * b + c END")

# --- calendar -----------------------------------------------------------------------------------

simple("startofday", "a", "kql_floor_div(a, 864000000000) * 864000000000")
simple("startofday/2", "a, n", "(kql_floor_div(a, 864000000000) + n) * 864000000000")
# day 0 of the ticks was a Monday
macro("week_day", "a", "(kql_floor_div(a, 864000000000) + 1) % 7")
macro("week", "a, n", "(kql_floor_div(a, 864000000000) - kql_week_day(a) + 7 * n) * 864000000000")
macro("month", "a, n", "kql_ticks(date_trunc('month', kql_stamp(a)) + to_months(n::INTEGER))")
macro("year", "a, n", "kql_ticks(date_trunc('year', kql_stamp(a)) + to_years(n::INTEGER))")
for _unit in ("week", "month", "year"):
    simple(f"startof{_unit}", "a", f"kql_{_unit}(a, 0)")
    simple(f"startof{_unit}/2", "a, n", f"kql_{_unit}(a, n)")
    simple(f"endof{_unit}", "a", f"kql_{_unit}(a, 1) - 1")
    simple(f"endof{_unit}/2", "a, n", f"kql_{_unit}(a, n + 1) - 1")
simple("endofday", "a", "(kql_floor_div(a, 864000000000) + 1) * 864000000000 - 1")
simple("endofday/2", "a, n", "(kql_floor_div(a, 864000000000) + n + 1) * 864000000000 - 1")
simple("dayofweek", "a", "kql_week_day(a) * 864000000000")
_PARTS = {
    "year": "year(kql_stamp(a))",
    "quarter": "quarter(kql_stamp(a))",
    "month": "month(kql_stamp(a))",
    "week_of_year": "week(kql_stamp(a))",
    "day": "day(kql_stamp(a))",
    "dayofyear": "dayofyear(kql_stamp(a))",
    "hour": "a // 36000000000 % 24",
    "minute": "a // 600000000 % 60",
    "second": "a // 10000000 % 60",
    "millisecond": "a // 10000 % 1000",
    "microsecond": "a // 10 % 1000000",
    "nanosecond": "a % 10000000 * 100",
}
for _part, _body in _PARTS.items():
    macro(f"part_{_part}", "a", f"({_body})::INTEGER")
for _name, _part in {
    "dayofmonth": "day",
    "dayofyear": "dayofyear",
    "hourofday": "hour",
    "week_of_year": "week_of_year",
    "monthofyear": "month",
    "getyear": "year",
}.items():
    simple(_name, "a", f"kql_part_{_part}(a)")


def part_of(node: Fn) -> str:
    """The part of a datetime that a call names."""
    given = node.args[0]
    part = str(given.value).lower() if isinstance(given, Lit) else ""
    return _ALIASES.get(part, part)


_ALIASES = {"weekofyear": "week_of_year", "day_of_year": "dayofyear", "week": "week_of_year"}


@primitive("datetime_part")
def _part_of(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    part = part_of(node)
    if part not in _PARTS:
        raise KqlUnsupported(f"datetime_part {part!r}")
    return use(emitter, f"part_{part}", args[1])


_TICKS = {
    "week_of_year": 7 * TICKS_PER_DAY,
    "day": TICKS_PER_DAY,
    "dayofyear": TICKS_PER_DAY,
    "hour": 3600 * TICKS_PER_SECOND,
    "minute": 60 * TICKS_PER_SECOND,
    "second": TICKS_PER_SECOND,
    "millisecond": 10_000,
    "microsecond": 10,
}
macro("add_ticks", "a, n, unit", "a + n * unit")
macro("add_months", "a, n", "kql_ticks(kql_stamp(a) + to_months(n::INTEGER)) + a % 10")
macro("diff_ticks", "a, b, unit", "kql_floor_div(a, unit) - kql_floor_div(b, unit)")
macro("diff_weeks", "a, b", "(kql_week(a, 0) - kql_week(b, 0)) // 6048000000000")
macro("diff_nanos", "a, b", "(a - b) * 100")
macro(
    "diff_months",
    "a, b",
    "(kql_part_year(a) - kql_part_year(b)) * 12 + kql_part_month(a) - kql_part_month(b)",
)
macro(
    "diff_quarters",
    "a, b",
    "(kql_part_year(a) - kql_part_year(b)) * 4 + kql_part_quarter(a) - kql_part_quarter(b)",
)
macro("diff_years", "a, b", "kql_part_year(a) - kql_part_year(b)")
_MONTHS = {"year": 12, "quarter": 3, "month": 1}


@primitive("datetime_add")
def _add(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    part = part_of(node)
    if part in _MONTHS:
        months = exp.Mul(this=exp.Paren(this=args[1]), expression=exp.convert(_MONTHS[part]))
        return use(emitter, "add_months", args[2], exp.Paren(this=months))
    if part in _TICKS:
        return use(emitter, "add_ticks", args[2], args[1], exp.convert(_TICKS[part]))
    raise KqlUnsupported(f"datetime_add of {part!r}")


@primitive("datetime_diff")
def _diff(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    part = part_of(node)
    if part in _MONTHS:
        return cast(use(emitter, f"diff_{part}s", *args[1:]), "BIGINT")
    if part == "week_of_year":
        return use(emitter, "diff_weeks", *args[1:])
    if part == "nanosecond":
        return use(emitter, "diff_nanos", *args[1:])
    if part in _TICKS:
        return use(emitter, "diff_ticks", *args[1:], exp.convert(_TICKS[part]))
    raise KqlUnsupported(f"datetime_diff of {part!r}")


# --- making -------------------------------------------------------------------------------------


def _make_datetime(
    year: int | None,
    month: int | None,
    day: int | None,
    hour: int | None,
    minute: int | None,
    second: float | None,
) -> int | None:
    if None in (year, month, day, hour, minute, second):
        return None
    try:
        days = dt.date(typed("int", year), typed("int", month), typed("int", day)).toordinal() - 1
    except (ValueError, OverflowError):
        return None
    h, m, s = typed("int", hour), typed("int", minute), typed("float", second)
    if not (0 <= h < 24 and 0 <= m < 60 and 0 <= s < 60):
        return None
    whole = (h * 3600 + m * 60) * TICKS_PER_SECOND
    return days * TICKS_PER_DAY + whole + round(s * TICKS_PER_SECOND)


python("make_datetime", "LLLLLD", "L")(_make_datetime)
simple(
    "make_timespan",
    "d, h, m, s",
    "CASE WHEN d >= 0 AND h BETWEEN 0 AND 23 AND m BETWEEN 0 AND 59 AND s >= 0 AND s < 60 THEN"
    " d * 864000000000 + h * 36000000000 + m * 600000000 + round(s * 10000000)::BIGINT END",
)
for _name, _ticks in {"seconds": 10_000_000, "milliseconds": 10_000, "microseconds": 10}.items():
    _first, _last = (
        seconds * 10_000_000 // _ticks for seconds in (-62_135_596_800, 253_402_300_800)
    )
    simple(
        f"unixtime_{_name}_todatetime",
        "a",
        f"CASE WHEN a >= {_first} AND a < {_last}"
        f" THEN round(a * {_ticks})::BIGINT + 621355968000000000 END",
    )
simple(
    "unixtime_nanoseconds_todatetime",
    "a",
    "CASE WHEN a BETWEEN -9.2e18 AND 9.2e18 THEN a::BIGINT // 100 + 621355968000000000 END",
)


@primitive("ingestion_time")
def _ingestion_time(_e: Emitter, _n: Fn, _args: list[Sql]) -> Sql:
    return cast(null(), SQL_TYPES["datetime"])


# --- writing ------------------------------------------------------------------------------------

_PIECE = re.compile(r"y+|M+|d+|H+|h+|m+|s+|f+|F+|tt|[^A-Za-z]+", re.DOTALL)
_SPAN_PIECE = re.compile(r"d+|H+|h+|m+|s+|f+|F+|[^A-Za-z]+", re.DOTALL)


@python("format_ticks", "LVB", "V")
def format_ticks(ticks: int | None, layout: str | None, span: bool | None) -> str:
    """A datetime or timespan by KQL's letters; the layout is known to be good."""
    if ticks is None or layout is None:
        return ""
    moment = None
    if not span:
        if not 0 <= ticks <= MAX_DATETIME:
            return ""
        moment = dt.date.fromordinal(ticks // TICKS_PER_DAY + 1)
    rest = abs(ticks) % TICKS_PER_DAY
    facts = (abs(ticks) // TICKS_PER_DAY, rest // (3600 * TICKS_PER_SECOND), rest)
    pieces = (_SPAN_PIECE if span else _PIECE).findall(layout)
    return "".join(_write(piece, facts, moment) for piece in pieces)


def _write(piece: str, facts: tuple[int, int, int], moment: dt.date | None) -> str:
    days, hour, rest = facts
    letter, width = piece[0], len(piece)
    seconds, part = divmod(rest, TICKS_PER_SECOND)
    if letter == "f":
        return f"{part:07}"[:width]
    if letter == "F":
        return f"{part:07}"[:width].rstrip("0")
    if piece == "tt":
        return "AM" if hour < 12 else "PM"
    if moment is None:
        numbers = {"d": days, "H": hour, "h": hour, "m": seconds // 60 % 60, "s": seconds % 60}
    else:
        numbers = {
            "y": moment.year if width > 2 else moment.year % 100,
            "M": moment.month,
            "d": moment.day,
            "H": hour,
            "h": (hour + 11) % 12 + 1,
            "m": seconds // 60 % 60,
            "s": seconds % 60,
        }
    return f"{numbers[letter]:0{width}}" if letter in numbers else piece


_WIDEST = {"y": 4, "M": 2, "d": 2, "H": 2, "h": 2, "m": 2, "s": 2, "f": 7, "F": 7, "t": 2}


@primitive("format_datetime", "format_timespan")
def _format(emitter: Emitter, node: Fn, args: list[Sql]) -> Sql:
    layout = node.args[1]
    span = node.name == "format_timespan"
    if not isinstance(layout, Lit):
        raise KqlUnsupported(f"{node.name} with a format that is not constant")
    given, shape = str(layout.value), _SPAN_PIECE if span else _PIECE
    if "".join(shape.findall(given)) != given:
        raise KqlUnsupported(f"{node.name} with the format {given!r}")
    for piece in shape.findall(given):
        widest = 8 if span and piece[0] == "d" else _WIDEST.get(piece[0], 1 << 20)
        if len(piece) > widest or (piece[0] == "y" and len(piece) == 3):
            raise KqlUnsupported(f"{node.name} with the format {given!r}")
    return use(emitter, "format_ticks", args[0], args[1], exp.convert(span))


# --- zones --------------------------------------------------------------------------------------


def _shift(ticks: int | None, zone: str | None, *, to_local: bool) -> int | None:
    if ticks is None or zone is None or not 0 <= ticks <= MAX_DATETIME:
        return None
    try:
        there = ZoneInfo(zone)
        naive = dt.datetime(1, 1, 1) + dt.timedelta(microseconds=ticks // 10)  # noqa: DTZ001
        moment = naive.replace(tzinfo=dt.UTC if to_local else there)
        offset = moment.astimezone(there).utcoffset() or dt.timedelta(0)
    except (ZoneInfoNotFoundError, ValueError, OverflowError, OSError):
        return None
    change = offset // dt.timedelta(microseconds=1) * 10
    return ticks + change if to_local else ticks - change


@python("datetime_utc_to_local", "LV", "L")
def _to_local(ticks: int | None, zone: str | None) -> int | None:
    return _shift(ticks, zone, to_local=True)


@python("datetime_local_to_utc", "LV", "L")
def _to_utc(ticks: int | None, zone: str | None) -> int | None:
    return _shift(ticks, zone, to_local=False)
