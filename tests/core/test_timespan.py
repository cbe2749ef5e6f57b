import contextlib
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import TimeError
from huntkit.core.timespan import TimeSpan, parse_time

NOW = datetime(2024, 5, 15, 13, 45, 30, 123456, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("now", "2024-05-15T13:45:30.123456"),
        (" Today ", "2024-05-15T00:00:00"),
        ("yesterday", "2024-05-14T00:00:00"),
        ("-2d", "2024-05-13T13:45:30.123456"),
        ("-1.5d", "2024-05-14T01:45:30.123456"),
        ("+1.5h", "2024-05-15T15:15:30.123456"),
        ("2h", "2024-05-15T15:45:30.123456"),
        ("-2d@d", "2024-05-13T00:00:00"),
        ("-0.5h@m", "2024-05-15T13:15:00"),
        ("@h", "2024-05-15T13:00:00"),
        ("@w", "2024-05-13T00:00:00"),
        ("now@mon", "2024-05-01T00:00:00"),
        ("@y", "2024-01-01T00:00:00"),
        ("@s", "2024-05-15T13:45:30"),
        ("today-1d", "2024-05-14T00:00:00"),
        ("-1mon", "2024-04-15T13:45:30.123456"),
        ("-0.5y", "2023-11-15T13:45:30.123456"),
        ("-2 weeks", "2024-05-01T13:45:30.123456"),
        ("-1", "2024-05-14T13:45:30.123456"),
        (-1.5, "2024-05-14T01:45:30.123456"),
        (0, "2024-05-15T13:45:30.123456"),
        (timedelta(hours=-1), "2024-05-15T12:45:30.123456"),
        (date(2020, 2, 29), "2020-02-29T00:00:00"),
        (datetime(2020, 2, 29, 1), "2020-02-29T01:00:00"),
        (datetime(2020, 2, 29, 1, tzinfo=timezone(timedelta(hours=2))), "2020-02-28T23:00:00"),
        ("2020-02-29", "2020-02-29T00:00:00"),
        ("20200229", "2020-02-29T00:00:00"),
        ("2020-02-29 10:11:12.98", "2020-02-29T10:11:12.980000"),
        ("2020-09-04T16:09:38.000-0400", "2020-09-04T20:09:38"),
        ("2020-09-04T16:09:38.1234567Z", "2020-09-04T16:09:38.123456"),
    ],
)
def test_what_analysts_write_is_read(value: object, expected: str) -> None:
    assert parse_time(value, now=NOW).isoformat() == expected + "+00:00"


@pytest.mark.parametrize(
    "value",
    ["", " ", "soon", "2d ago", "--2d", "-2x", "-2d@x", "5", "2024", "now-", "@", "nan", "-", "٢d",
     "2024-13-01", "today 5", "-999999999999d", "-99999y", None, True, float("nan"), float("inf"),
     10**400, object(), [], {}, b"-2d", "x" * 100_000, "-" * 10_000 + "1d", "\ud800"],
)  # fmt: skip
def test_what_is_no_time_is_an_error_and_never_now(value: object) -> None:
    with pytest.raises(TimeError) as caught:
        parse_time(value, now=NOW)
    assert "-2d@d" in caught.value.hint or "days" in caught.value.hint
    assert len(str(caught.value)) < 500


def test_the_error_names_the_value() -> None:
    with pytest.raises(TimeError, match="'next wek' is not a time"):
        parse_time("next wek", now=NOW)


def test_part_of_a_month_is_refused_with_the_way_out() -> None:
    with pytest.raises(TimeError, match="'-45d'"):
        parse_time("-1.5mon", now=NOW)


def test_a_month_earlier_never_leaves_the_month() -> None:
    assert parse_time("-1mon", now=datetime(2023, 3, 31, tzinfo=UTC)).date() == date(2023, 2, 28)
    assert parse_time("-1y", now=datetime(2024, 2, 29, tzinfo=UTC)).date() == date(2023, 2, 28)


def test_frames_own_time_types_become_plain_datetimes() -> None:
    import numpy as np
    import pandas as pd

    stamp = parse_time(pd.Timestamp("2024-05-01 10:00", tz="Europe/Berlin"), now=NOW)
    assert type(stamp) is datetime
    assert stamp == datetime(2024, 5, 1, 8, tzinfo=UTC)
    assert parse_time(np.datetime64("2024-05-01T10:00:00.123456789"), now=NOW).microsecond == 123456
    assert parse_time(np.int64(-1), now=NOW) == NOW - timedelta(days=1)
    for nothing in (pd.NaT, np.datetime64("NaT")):
        with pytest.raises(TimeError):
            parse_time(nothing, now=NOW)


def test_a_span_knows_its_length_and_what_is_in_it() -> None:
    span = TimeSpan.parse("-1d", now=NOW)
    assert span.length == timedelta(days=1)
    assert NOW - timedelta(hours=1) in span
    assert span.start in span
    assert span.end not in span
    assert TimeSpan(datetime(2024, 1, 1), datetime(2024, 1, 2)).start.tzinfo is UTC


def test_an_end_before_its_start_is_refused() -> None:
    with pytest.raises(TimeError, match="before the start"):
        TimeSpan.parse("now", "-1d", now=NOW)


@given(st.text(max_size=40) | st.from_regex(r"[+-]?[0-9.]{1,6}(y|mon|w|d|h|m|s)(@[a-z]+)?"))
def test_any_text_is_an_aware_time_or_a_time_error(text: str) -> None:
    with contextlib.suppress(TimeError):
        assert parse_time(text, now=NOW).utcoffset() == timedelta(0)


@given(st.datetimes(timezones=st.none() | st.timezones()), st.floats(-10_000, 10_000))
def test_every_datetime_and_number_gives_an_aware_time_in_utc(
    moment: datetime, days: float
) -> None:
    assert parse_time(days, now=NOW).tzinfo is UTC
    try:
        read = parse_time(moment, now=NOW)
    except TimeError:
        assert moment.year in (1, 9999)  # the zone's offset leaves the calendar
        return
    assert read.tzinfo is UTC
    # By their timestamps: a time that a clock change skipped equals no other datetime.
    assert read.timestamp() == (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
