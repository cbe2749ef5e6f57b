"""Texts to times in UTC, a column at a time, and the zone of clocks that do not say it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import polars as pl

from huntkit.tables import times as any_times

UTC_TIME = pl.Datetime("us", "UTC")
INFERRED = "zone inferred"
ASSUMED = "zone assumed"
YEAR_ASSUMED = "year assumed"
RECEIVING = "receiving time"
ORDER_ASSUMED = "day/month order assumed"
SKIPPED = "no such local time"

_ZONED = (
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%d %H:%M:%S%.fZ",
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f %#z",
    "%Y-%m-%d %H:%M:%S%.f UTC",
    "%d/%b/%Y:%H:%M:%S %z",
)
_BARE = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%m/%d/%Y %I:%M:%S%.f %p",
    "%m/%d/%Y, %I:%M:%S%.f %p",
    "%m/%d/%Y %H:%M:%S%.f",
    "%m/%d/%Y, %H:%M:%S%.f",
    "%b %d, %Y %I:%M:%S%.f %p",
    "%B %d, %Y %I:%M:%S%.f %p",
    "%b %d, %Y @ %H:%M:%S%.f",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y, %H:%M",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S%.f",
)
_EPOCH = r"^-?[0-9]{1,11}(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?$"
_EPOCH_MS = r"^[0-9]{12,14}$"
_COUNT = re.compile(r"0{9,11}(?:\.0+)?|0{12,13}")  # in noughts; 8 and 14 digits may be dates
# 20201225 and 20201225235959 would be seconds of 1970 and milliseconds of 2610.
_PERHAPS = r"^\s*[+-]?[0-9]|[0-9]{4}"  # nothing else is a time in any format
_COMPACT = r"^(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[0-9]{6})?$"
_DAY_FIRST = r"^\s*(?:1[3-9]|[2-9][0-9])\s*[/-]\s*[0-9]"
_WHOLE_YEAR = r"(?:^|[^0-9.,])[0-9]{4}(?:[^0-9]|$)"
_QUARTER = timedelta(minutes=15)
_NEAR = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Clock:
    """What to assume where a log does not say it.

    Attributes:
        assume_timezone: the zone of times without one, such as ``"Europe/Berlin"``; else UTC.
        assume_year: the year of times without one.
        day_first: whether 03/04/2020 is in April; else what the file tells.
        file_time: when the file was last written. Without `assume_year`, a time without a year
            is in the last year in which it is not after this.
    """

    assume_timezone: str | tzinfo | None = None
    assume_year: int | None = None
    day_first: bool | None = None
    file_time: datetime | None = None

    def zone_name(self) -> str | None:
        """The assumed zone as Polars names it, or None."""
        zone = self.assume_timezone
        if zone is None or isinstance(zone, str):
            return zone
        if isinstance(zone, ZoneInfo):
            return zone.key
        offset = zone.utcoffset(None)
        if offset == timedelta(0):
            return "UTC"
        return None if offset is None else _offset_name(offset)


def _offset_name(offset: timedelta) -> str | None:
    hours, rest = divmod(int(offset.total_seconds()), 3600)
    return None if rest else f"Etc/GMT{-hours:+d}"


def localise(times: pl.Series, zone: str | None) -> pl.Series:
    """Bare times as UTC: in the zone, or as they stand.

    An hour that the clock skipped is null; one that it showed twice is read as the first.
    """
    if zone is None or zone == "UTC":
        return times.dt.replace_time_zone("UTC")
    aware = times.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return aware.dt.convert_time_zone("UTC")


def skipped(text: pl.Series, found: pl.Series, zone: str | None) -> pl.Series:
    """Which texts are no time only since the zone's clock skipped that hour.

    Args:
        text: the texts.
        found: what `parse_both` made of them.
        zone: the zone in which it read them.
    """
    missing = found.is_null() & text.is_not_null() & (text != "")
    if zone in (None, "UTC") or not missing.any():
        return missing.clear().extend_constant(value=False, n=len(text))
    asked = pl.select(pl.when(missing).then(text)).to_series()
    return parse_both(asked)[0].is_not_null()


def _one(text: pl.Series, form: str) -> pl.Series:
    found = any_times.read_moments(text, form)
    return found if found.dtype == UTC_TIME else found.dt.replace_time_zone("UTC")


def parse_both(text: pl.Series, zone: str | None = None) -> tuple[pl.Series, pl.Series]:
    """Times in UTC, and where the text said no zone so that ``zone`` (or UTC) was assumed.

    Reads ISO 8601 in its usual dresses, American dates (also ``May 1, 2024 10:00:00 AM``),
    epoch seconds, milliseconds and microseconds, and what `huntkit.tables.times` reads. Texts
    that are none of these give null; so do years of two digits.
    """
    text = text.rename("t")
    result = _nothing(len(text))
    bare = pl.Series("b", [False], dtype=pl.Boolean).new_from_index(0, len(text))
    left = text.str.contains(_PERHAPS).fill_null(value=False)
    for form in _forms(text, left):
        if not left.any():
            break
        todo = text if left.all() else pl.select(pl.when(left).then(text)).to_series()
        found, zoneless = _read(todo, form, zone)
        hit = found.is_not_null() & left
        if not hit.any():
            continue
        result = found if hit.all() else result.zip_with(~hit, found)
        if zoneless is not None:
            bare = bare | (hit & zoneless)
        left = left & ~hit
    return result, bare


def _read(text: pl.Series, form: str, zone: str | None) -> tuple[pl.Series, pl.Series | None]:
    """The times that one format reads, and which of them said no zone; None for none of them."""
    if form == "epoch":
        return _epoch(text), None
    if form == "other":
        return _other(text, zone)
    if form == "compact":
        if not text.str.contains(_COMPACT).any():
            return _nothing(len(text)), None
        days = text.str.extract(f"({_COMPACT})").str.pad_end(14, "0")
        bare = days.str.to_datetime("%Y%m%d%H%M%S", strict=False, time_unit="us")
    elif form in _BARE:
        bare = any_times.read_moments(text, form)
    else:
        return _with_whole_years(_one(text, form), text), None
    found = _with_whole_years(localise(bare, zone), text)
    return found, found.is_not_null()


def _with_whole_years(found: pl.Series, text: pl.Series) -> pl.Series:
    """``12/25/20`` is not of the year 20, and nothing says of which it is."""
    first = found.min()
    if not isinstance(first, datetime) or first.year >= 1000:
        return found
    early = (found.dt.year() < 1000).fill_null(value=False)
    short = early & ~text.str.contains(_WHOLE_YEAR).fill_null(value=False)
    return found.set(short, None)


def _other(text: pl.Series, zone: str | None) -> tuple[pl.Series, pl.Series | None]:
    """What rarer formats read; dates with the day first are for the file's order to turn."""
    mine = text.str.contains(_DAY_FIRST).fill_null(value=True)
    rest = pl.select(pl.when(~mine).then(text)).to_series()
    found = any_times.parse_times(rest, day_first=False)  # the file's order was put in
    if found.null_count() == len(found):
        return found, None
    elsewhere = any_times.parse_times(rest, assume_timezone="+01:00", day_first=False)
    bare = (found != elsewhere).fill_null(value=False)
    moved = localise(found.dt.replace_time_zone(None), zone)
    return found.zip_with(~bare, moved), bare


def _nothing(length: int) -> pl.Series:
    return pl.Series("t", [None], dtype=UTC_TIME).new_from_index(0, length)


def _forms(text: pl.Series, left: pl.Series) -> list[str]:
    """All formats, with the one that reads the first text in front: a column is mostly alike."""
    forms = [*_ZONED, "compact", "epoch", *_BARE, "other"]
    first = left.arg_max()
    sample = text[first] if first is not None and len(text) else None
    likely = _form_of(re.sub(r"[0-9]", "0", sample)) if sample and len(sample) < 60 else None
    first_forms = ["compact", "epoch"] if likely == "epoch" else [likely] if likely else []
    return list(dict.fromkeys([*first_forms, *forms]))  # a day without dashes is no count


@lru_cache(maxsize=1024)
def _form_of(shape: str) -> str | None:
    """The format that reads a text of this shape, whose digits are noughts."""
    if _COUNT.fullmatch(shape):
        return "epoch"
    sample = pl.Series([shape.replace("0", "1")])
    for form in (*_ZONED, *_BARE):
        if sample.str.to_datetime(form, strict=False, time_unit="us").null_count() == 0:
            return form
    return None if any_times.parse_times(sample, day_first=False)[0] is None else "other"


def _epoch(text: pl.Series) -> pl.Series:
    head = text.drop_nulls().head(1)
    if not head.str.contains(r"^-?[0-9]+(\.|$|e|E)").any() and not text.str.contains(_EPOCH).any():
        return _nothing(len(text))
    number = text.cast(pl.Float64, strict=False)
    frame = pl.DataFrame({"t": text, "n": number})
    seconds = (pl.col("n") * 1e6).round().cast(pl.Int64, strict=False)
    whole = frame.select(
        pl.when(pl.col("t").str.contains(_EPOCH)).then(seconds)
        .when(pl.col("t").str.contains(_EPOCH_MS))
        .then(pl.col("t").cast(pl.Int64, strict=False) * 1000)
    ).to_series()  # fmt: skip
    return whole.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def parse_times(text: pl.Series, zone: str | None = None) -> pl.Series:
    """Times in UTC; a text without a zone is read in ``zone``, or in UTC.

    Examples:
        >>> parse_times(pl.Series(["2020-09-04 16:09:38", "x"])).to_list()
        [datetime.datetime(2020, 9, 4, 16, 9, 38, tzinfo=zoneinfo.ZoneInfo(key='UTC')), None]
    """
    return parse_both(text, zone)[0]


def offset_of(local: pl.Series, known: pl.Series) -> timedelta | None:
    """How far a bare local clock is ahead of UTC, from rows that carry both times.

    The median of the differences, rounded to a quarter of an hour; None without such rows, or if
    the result is no zone that exists and half of the rows do not agree on it either (there are
    exports that lost the afternoon to a 12-hour clock).
    """
    gap = (local - known).drop_nulls().dt.total_seconds()
    if gap.is_empty():
        return None
    middle = gap.median()
    if not isinstance(middle, int | float):
        return None
    offset = round(middle / _QUARTER.total_seconds()) * _QUARTER
    is_zone = timedelta(hours=-12) <= offset <= timedelta(hours=14)
    return offset if is_zone or agree(local, known, offset) * 2 > len(gap) else None


def agree(local: pl.Series, known: pl.Series, offset: timedelta) -> int:
    """How many rows that carry both times agree with an offset, give or take two minutes."""
    gap = (local - known).drop_nulls().dt.total_seconds()
    return int(((gap - offset.total_seconds()).abs() <= _NEAR.total_seconds()).sum())


def notes(length: int, parts: Sequence[tuple[pl.Series, str]]) -> pl.Series:
    """One text column out of marks: the first true mask of a row names it."""
    column = pl.Series("_time_note", [""]).new_from_index(0, length)
    for mask, note in reversed(parts):
        if mask.any():
            column = pl.select(pl.when(mask).then(pl.lit(note)).otherwise(column)).to_series()
    return column.rename("_time_note")
