"""Which column is the time, and what its text or numbers mean.

Everything here works on whole columns; a value that can't be read becomes null and can be
counted with :func:`unread`.
"""

import re
import warnings
from dataclasses import dataclass
from typing import Final

import polars as pl

from huntkit.core.callers import caller_level
from huntkit.core.errors import UsageError
from huntkit.tables import roles
from huntkit.tables.dates import DayOrder

UTC_TIME: Final = pl.Datetime("us", "UTC")
"""The one type of time inside huntkit."""


class DateOrderWarning(UserWarning):
    """Dates such as 05/12/2020 were read with the month first, and nothing told that it is."""


_ENOUGH = 0.9  # the share of readable values that makes a text column a time column
_SAMPLE = 500  # values looked at

# The two forms of most logs, read in one go where a whole column has one of them.
_QUICK = (
    (
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$",
        "%Y-%m-%dT%H:%M:%S%.fZ",
    ),
    (
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?$",
        "%Y-%m-%d %H:%M:%S%.f",
    ),
)
_FRACTION = re.compile(r":[0-9]{2}(?:\.([0-9]*))?[^0-9.]*$")
_QUICK_FRACTIONS = {0: "", 3: ".%3f", 6: ".%6f", 9: ".%9f"}
_ISO = (
    r"^\s*(?P<y>[0-9]{4})[-/](?P<mo>[0-9]{1,2})[-/](?P<d>[0-9]{1,2})"
    r"(?:[T\s]+(?P<h>[0-9]{1,2}):(?P<mi>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,](?P<f>[0-9]+))?)?"
    r"\s*(?P<z>Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?\s*$"
)
# Wherever dots are written, the day is first, or the year.
_DOTTED = (
    r"^\s*(?P<d>[0-9]{1,2})\.(?P<mo>[0-9]{1,2})\.(?P<y>[0-9]{4})"
    r"(?:[,T\s]+(?P<h>[0-9]{1,2}):(?P<mi>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,](?P<f>[0-9]+))?)?"
    r"\s*(?P<z>Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?\s*$"
)
_DOTTED_YEAR = (  # without a clock, it may be a version
    r"^\s*(?P<y>[0-9]{4})\.(?P<mo>[0-9]{1,2})\.(?P<d>[0-9]{1,2})\.?"
    r"\s+(?P<h>[0-9]{1,2}):(?P<mi>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,](?P<f>[0-9]+))?)?"
    r"\s*(?P<z>Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?\s*$"
)
_COMPACT = (
    r"^\s*(?P<y>[0-9]{4})(?P<mo>[0-9]{2})(?P<d>[0-9]{2})T(?P<h>[0-9]{2})(?P<mi>[0-9]{2})(?P<s>[0-9]{2})"
    r"(?:\.(?P<f>[0-9]+))?(?P<z>Z|[+-][0-9]{4})?\s*$"
)
_SLASHED = (  # once they are settled
    r"^\s*(?P<mo>[0-9]{1,2})/(?P<d>[0-9]{1,2})/(?P<y>[0-9]{4})"
    r"(?:[,\s]+(?P<h>[0-9]{1,2}):(?P<mi>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,](?P<f>[0-9]+))?)?"
    r"\s*(?P<p>[AaPp][Mm])?\s*(?P<z>Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?)?\s*$"
)
_CLF = (
    r"^\s*\[?(?:[A-Z][a-z]{2},\s+)?(?P<d>[0-9]{1,2})[/\s-](?P<mon>[A-Za-z]{3})[/\s-](?P<y>[0-9]{4})"
    r"[:\s](?P<h>[0-9]{2}):(?P<mi>[0-9]{2}):(?P<s>[0-9]{2})(?:\.(?P<f>[0-9]+))?"
    r"\s*(?P<z>Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?\]?\s*$"
)
_ASCTIME = (
    r"^\s*[A-Z][a-z]{2}\s+(?P<mon>[A-Za-z]{3})\s+(?P<d>[0-9]{1,2})\s+"
    r"(?P<h>[0-9]{2}):(?P<mi>[0-9]{2}):(?P<s>[0-9]{2})\s+(?P<y>[0-9]{4})\s*(?P<z>UTC|GMT|[+-][0-9]{4})?\s*$"
)
_COMPACT_BARE = (
    r"^\s*(?P<y>(?:19|20)[0-9]{2})(?P<mo>0[1-9]|1[0-2])(?P<d>0[1-9]|[12][0-9]|3[01])"
    r"(?P<h>[01][0-9]|2[0-3])(?P<mi>[0-5][0-9])(?P<s>[0-5][0-9])"
    r"(?:\.(?P<f>[0-9]+))?(?P<z>Z|[+-][0-9]{4})?\s*$"
)
_NUMBER = r"^\s*[0-9]{9,19}(?:\.[0-9]+)?\s*$"
# Counts since other years than 1970, from 1990 to 2050; in the usual units these would be times of
# 2356 to 2420 and of 1973 to 1990. Chrome counts microseconds, the others tenths of them.
_CHROME = (1.227e16, 1.417e16)
_FILETIME = (1.227e17, 1.417e17)
_TICKS = (6.276e17, 6.467e17)
_SINCE_1601 = 11_644_473_600_000_000
_SINCE_1 = 62_135_596_800_000_000
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a form's pattern found, one expression per part; missing parts are null."""

    fields: frozenset[str]

    def text(self, name: str, default: str = "") -> pl.Expr:
        if name not in self.fields:
            return pl.lit(default)
        return pl.col(name).fill_null(default)


def pick_time_column(frame: pl.DataFrame, given: str | None = None) -> str:
    """The name of the column that says when each row happened.

    The caller's `given` wins and must exist. Otherwise: the first column that plays the time
    role and holds a time in nearly every row, or else the fullest one that plays it; then the
    first column of times; then the text column of which most can be read as times.

    Raises:
        UnknownColumn: `given` does not exist.
        UsageError: no column holds times; the message lists what came near.

    Examples:
        >>> pick_time_column(pl.DataFrame({"host": ["a"], "EventTime": ["2024-05-01 10:00:00"]}))
        'EventTime'
    """
    if given is not None:
        return roles.require(frame.columns, "time", given)
    named = roles.candidates(frame.columns, "time")
    if named and frame.height == 0:
        return named[0]
    filled = {name: _filled(frame[name]) for name in named}
    if any(filled.values()):
        # A table of several kinds of events may fill its best column for some kinds only.
        return next(
            (name for name in named if filled[name] >= _ENOUGH),
            max(named, key=filled.__getitem__),
        )
    typed = [name for name in frame.columns if _is_time(frame[name])]
    for name in typed:
        if frame[name].null_count() < frame.height or frame.height == 0:
            return name
    shares = {
        name: _share(frame[name]) for name in frame.columns if frame.schema[name] == pl.String
    }
    best = max(shares, key=shares.__getitem__, default=None)
    if best is not None and shares[best] >= _ENOUGH:
        return best
    near = [name for name in shares if shares[name] > 0] or typed
    raise UsageError(
        "no column holds the time of the events",
        hint="name it with time_column="
        + (f"; these hold some times: {', '.join(near)}" if near else "")
        + f"; the columns are: {', '.join(frame.columns[:20])}",
        context={"candidates": near, "columns": frame.columns},
    )


def parse_times(
    column: pl.Series, *, assume_timezone: str | None = None, day_first: bool | None = None
) -> pl.Series:
    """The column as ``datetime[us, UTC]``; what can't be read is null.

    Reads ISO 8601 with and without zone and with any number of fraction digits (beyond
    microseconds they are cut off), ``7/8/2019 16:08`` and ``7-8-2019`` (see `day_first`),
    ``8.7.2019 16:08`` (day first), ``[10/Oct/2000:13:55:36 -0700]``,
    ``Sat Feb 15 21:58:23 2020 UTC``, and seconds, milliseconds, microseconds or nanoseconds since
    1970, told apart by size, as are the counts of Windows (FILETIME), .NET (ticks) and Chrome of
    today.

    Args:
        column: text, numbers, dates or times.
        assume_timezone: the zone of times that carry none, such as ``Europe/Berlin`` or
            ``+02:00``; without it they are taken as UTC. Where a clock change makes a time
            ambiguous the earlier one is meant; a time that the change skipped is null.
        day_first: whether ``7/8/2019`` is in August. Without it the whole column tells: a first
            number above 12 means that the day is first, a second one above 12, or AM and PM,
            that the month is. Where nothing tells, or both, the month is taken to be, with a
            `DateOrderWarning`.

    Raises:
        UsageError: no such time zone.

    Examples:
        >>> parse_times(pl.Series(["2020-09-04T16:09:38.000-0400", "soon"])).to_list()
        [datetime.datetime(2020, 9, 4, 20, 9, 38, tzinfo=zoneinfo.ZoneInfo(key='UTC')), None]
    """
    order = DayOrder(day_first=day_first)
    # Under a plain name: Polars takes some of the caller's for patterns.
    parsed, doubtful = _parsed(column.alias("column"), assume_timezone, order)
    if doubtful is not None or (day_first is not None and order.contradicts("column")):
        _warn(column.name, doubtful, both=order.contradicts("column"))
    return parsed.alias(column.name)


def _warn(name: str, doubtful: str | None, *, both: bool) -> None:
    """Say how dates were read of which nothing, or not everything, told the order."""
    where = f"the column {name!r:.80}" if name else "a time"
    how = "read them with huntkit.extract.times(..., day_first=True) or False first"
    if doubtful is None:
        said = f"{where} holds dates that can't be read in the order that day_first= says"
        how = "they were read in the other one: check them"
    elif both:
        said = f"{where} holds dates of both orders: {doubtful!r} was read month first"
    else:
        said = f"{where} holds {doubtful!r}, and nothing tells whether day or month is first: "
        said += "it was read month first"
    warnings.warn(f"{said}; {how}", DateOrderWarning, stacklevel=caller_level())


def _parsed(
    column: pl.Series, assume_timezone: str | None, order: DayOrder
) -> tuple[pl.Series, str | None]:
    """The times, and one of the dates of which nothing told the order."""
    dtype = column.dtype
    _localize(pl.Series([], dtype=pl.Datetime("us")), assume_timezone)  # a wrong zone always fails
    if isinstance(dtype, pl.Datetime):
        moments = column.dt.cast_time_unit("us")
        if dtype.time_zone is not None:
            return moments.dt.convert_time_zone("UTC"), None
        return _localize(moments, assume_timezone), None
    if dtype == pl.Date:
        return _localize(column.cast(pl.Datetime("us")), assume_timezone), None
    if dtype.is_numeric():
        return _from_epoch(column), None
    if dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    if column.dtype != pl.String:
        return pl.Series(column.name, [None] * len(column), dtype=UTC_TIME), None
    return _from_text(column, assume_timezone, order)


def unread(before: pl.Series, parsed: pl.Series) -> int:
    """How many values of `before` said something and became null in `parsed`.

    Examples:
        >>> text = pl.Series(["2024-05-01", "soon", "", None])
        >>> unread(text, parse_times(text))
        1
    """
    before, parsed = before.alias("before"), parsed.alias("parsed")
    said = before.is_not_null()
    if before.dtype == pl.String:
        said &= before.str.strip_chars() != ""
    return int((said & parsed.is_null()).sum())


def read_moments(text: pl.Series, form: str) -> pl.Series:
    """What ``str.to_datetime`` reads; null where the format does not fit.

    Polars reads a fixed number of digits after the second five times as fast as ``%.f``, any
    number of them. So the first text's number is tried first, and ``%.f`` for what is left.
    """
    exact = _exact_form(text, form)
    if exact == form:
        return text.str.to_datetime(form, time_unit="us", strict=False)
    found = text.str.to_datetime(exact, time_unit="us", strict=False, cache=False)
    if found.null_count() > text.null_count():
        left = pl.select(pl.when(found.is_null()).then(text)).to_series()
        found = found.zip_with(
            found.is_not_null(), left.str.to_datetime(form, time_unit="us", strict=False)
        )
    return found


def _exact_form(text: pl.Series, form: str) -> str:
    """The format with the digits of the first text, if that is one that Polars is quick at."""
    at = text.is_not_null().arg_max()
    fraction = _FRACTION.search(text[at] or "") if at is not None and "%.f" in form else None
    exact = _QUICK_FRACTIONS.get(len(fraction[1] or "")) if fraction is not None else None
    return form if exact is None else form.replace("%.f", exact)


def _from_text(
    column: pl.Series, zone: str | None, order: DayOrder
) -> tuple[pl.Series, str | None]:
    for pattern, form in _QUICK:
        if column.null_count() < len(column) and column.str.contains(pattern).all():
            moments = read_moments(column, form)
            return _localize(moments, "UTC" if form.endswith("Z") else zone), None
    # Logs repeat their times: each distinct text is read once.
    distinct = column.unique()
    settled, doubtful = order.settle("column", distinct)
    texts = settled.to_frame("text")
    read = pl.Series("read", [None] * len(distinct), dtype=UTC_TIME)
    for pattern in (_ISO, _SLASHED, _DOTTED, _DOTTED_YEAR, _CLF, _ASCTIME, _COMPACT, _COMPACT_BARE):
        if read.null_count() == distinct.null_count():
            break
        fits = read.is_null() & texts["text"].str.contains(pattern).fill_null(value=False)
        if fits.any():
            read = read.scatter(fits.arg_true(), _form(texts.filter(fits), pattern, zone))
    numeric = read.is_null() & texts["text"].str.contains(_NUMBER).fill_null(value=False)
    if numeric.any():
        numbers = texts.filter(numeric)["text"].str.strip_chars()
        whole = numbers.str.contains(".", literal=True).not_()
        epochs = pl.select(
            pl.when(whole)
            .then(pl.lit(_from_epoch(numbers.cast(pl.Int64, strict=False))))
            .otherwise(pl.lit(_from_epoch(numbers.cast(pl.Float64, strict=False))))
        ).to_series()
        read = read.scatter(numeric.arg_true(), epochs)
    pairs = distinct.to_frame("text").with_columns(read.alias("read"))
    found = (
        column.to_frame("text")
        .join(pairs, on="text", how="left", maintain_order="left")["read"]
        .rename(column.name)
    )
    return found, None if doubtful is None else str(distinct.filter(doubtful).min())


def _form(texts: pl.DataFrame, pattern: str, zone: str | None) -> pl.Series:
    """The moments of texts that all fit one pattern."""
    found = texts.select(pl.col("text").str.extract_groups(pattern)).unnest("text")
    parts = _Parts(frozenset(found.columns))
    month = parts.text("mo")
    if "mon" in found.columns:
        month = (
            pl.col("mon")
            .str.to_lowercase()
            .replace_strict(
                {name: str(number) for number, name in enumerate(_MONTHS, 1)}, default="0"
            )
        )
    clock = found.select(
        local=pl.concat_str(
            parts.text("y"),
            pl.lit("-"),
            month.str.zfill(2),
            pl.lit("-"),
            parts.text("d").str.zfill(2),
            pl.lit("T"),
            _hours(parts),
            pl.lit(":"),
            parts.text("mi", "00"),
            pl.lit(":"),
            parts.text("s", "00"),
            pl.lit("."),
            parts.text("f", "0").str.pad_end(6, "0").str.slice(0, 6),
        ).str.to_datetime("%Y-%m-%dT%H:%M:%S%.6f", time_unit="us", strict=False),
        zone=parts.text("z"),
    )
    plain = _localize(clock["local"], zone)
    zoned = clock["local"].dt.replace_time_zone("UTC") - _offset(clock)
    return pl.select(pl.when(clock["zone"] == "").then(plain).otherwise(zoned)).to_series()


def _hours(parts: _Parts) -> pl.Expr:
    hours = parts.text("h", "00").str.zfill(2)
    if "p" not in parts.fields:
        return hours
    half = parts.text("p").str.to_lowercase()
    number = hours.cast(pl.Int16)
    return (
        pl.when(half == "pm")
        .then(number % 12 + 12)
        .when(half == "am")
        .then(number % 12)
        .otherwise(number)
        .cast(pl.String)
        .str.zfill(2)
    )


def _offset(clock: pl.DataFrame) -> pl.Series:
    """How far ahead of UTC each row's clock is; names of UTC are zero."""
    digits = pl.col("zone").str.replace_all(":", "").str.extract(r"^[+-](\d{2,4})$")
    hours = digits.str.slice(0, 2).cast(pl.Int64).fill_null(0)
    minutes = digits.str.slice(2, 2).cast(pl.Int64, strict=False).fill_null(0)
    sign = pl.when(pl.col("zone").str.starts_with("-")).then(-1).otherwise(1)
    return clock.select(pl.duration(minutes=sign * (hours * 60 + minutes))).to_series()


def _localize(moments: pl.Series, zone: str | None) -> pl.Series:
    """Times without a zone as UTC, read in `zone`."""
    if zone is None or zone.upper() in ("UTC", "Z", "GMT"):
        return moments.dt.replace_time_zone("UTC")
    fixed = _OFFSET.fullmatch(zone)
    if fixed:
        sign, hours, minutes = fixed.groups()
        ahead = pl.duration(minutes=int(sign + "1") * (int(hours) * 60 + int(minutes)))
        return pl.select(moments.dt.replace_time_zone("UTC") - ahead).to_series()
    try:
        return moments.dt.replace_time_zone(
            zone, ambiguous="earliest", non_existent="null"
        ).dt.convert_time_zone("UTC")
    except pl.exceptions.PolarsError as problem:
        raise UsageError(
            f"there is no time zone {zone!r}",
            hint="write a name such as 'Europe/Berlin' or an offset such as '+02:00'",
            context={"timezone": zone},
        ) from problem


def _from_epoch(column: pl.Series) -> pl.Series:
    """Times from counts since 1970; the unit is told by size (years 1973 to 5138)."""
    value = pl.col("n")
    if column.dtype.is_float():
        value = pl.when(value.is_finite()).then(value)
    else:
        value = value.cast(pl.Int64, strict=False)
    size = value.abs()
    # Rounded, since 1600000000.123 is not exactly that in binary.
    micros = (
        pl.when(size.is_between(*_CHROME))
        .then(value - _SINCE_1601)
        .when(size.is_between(*_FILETIME))
        .then(_tenths(value) - _SINCE_1601)
        .when(size.is_between(*_TICKS))
        .then(_tenths(value) - _SINCE_1)
        .when(size < 1e11)
        .then(_micros(value, 1_000_000))
        .when(size < 1e14)
        .then(_micros(value, 1_000))
        .when(size < 1e17)
        .then(_micros(value, 1))
        .when(size < 9e18)
        .then((value / 1000).round() if column.dtype.is_float() else value // 1000)
    )
    return (
        column.to_frame("n")
        .select(micros.cast(pl.Int64, strict=False).cast(UTC_TIME))
        .to_series()
        .rename(column.name)
    )


def _tenths(value: pl.Expr) -> pl.Expr:
    return (value // 10).cast(pl.Int64, strict=False)


def _micros(value: pl.Expr, factor: int) -> pl.Expr:
    return (value * factor).round() if factor > 1 else value


def _is_time(column: pl.Series) -> bool:
    return isinstance(column.dtype, pl.Datetime) or column.dtype == pl.Date


def _filled(column: pl.Series) -> float:
    """The share of rows that hold a time, judged by the first values."""
    said = column.alias("column").drop_nulls()
    if said.dtype == pl.String:
        said = said.filter(said.str.strip_chars() != "")
    readable = 1.0 if _is_time(column) else _share(said)
    return readable * len(said) / max(len(column), 1)


def _share(column: pl.Series) -> float:
    """The share of the first values that can be read as times."""
    said = column.alias("column").drop_nulls()
    if said.dtype == pl.String:
        said = said.filter(said.str.strip_chars() != "")
    said = said.head(_SAMPLE)
    read = parse_times(said, day_first=False)
    return read.is_not_null().mean() or 0.0 if len(said) else 0.0  # type: ignore[return-value]
