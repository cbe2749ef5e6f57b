"""Datetimes and timespans: forms that are read, bounds, and the way back to text."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.kql.language.instants import (
    MAX_DATETIME,
    datetime_text,
    parse_datetime,
    parse_timespan,
    timespan_text,
)

SAME = "2014-11-08T15:05:00.0000000Z"


@pytest.mark.parametrize(
    "text",
    [
        "2014-11-08T15:05:00.0000000Z",
        "2014-11-08 15:05",
        "2014-11-08T15:05:00",
        "2014-11-8 15:05:00.0",
        "2014-11-08 17:05:00+02:00",
        "2014-11-08 10:05:00 -0500",
        "2014 - 11 - 08 15:05",
        "2014/11/08 3:05 PM",
        "11/08/2014 15:05:00",
        "11-08-2014 15:05:00",
        "2014, 11, 8 15:05",
        "8 Nov 14 15:05:00",
        "Sat, 8 Nov 2014 15:05:00 GMT",
        "Nov 8, 2014 3:05 PM",
    ],
)
def test_one_instant_in_many_forms(text: str) -> None:
    assert parse_datetime(text) == parse_datetime(SAME) is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2014", "2014-01-01T00:00:00.0000000Z"),
        ("2014-11", "2014-11-01T00:00:00.0000000Z"),
        ("20141108", "2014-11-08T00:00:00.0000000Z"),
        ("9999-12-31 23:59:59.9999999", "9999-12-31T23:59:59.9999999Z"),
    ],
)
def test_short_forms_and_bounds(text: str, expected: str) -> None:
    ticks = parse_datetime(text)
    assert ticks is not None
    assert datetime_text(ticks) == expected


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2014-13-01", "2014-02-29", "0000-01-01", "10000-01-01", "2014-01-01 24:00",
     "2014-01-01 12:60", "2014-01-01 13:00 PM", "0001-01-01 00:00+01:00", "8.11.2014", "1" * 500],
)  # fmt: skip
def test_what_is_no_datetime(text: str) -> None:
    assert parse_datetime(text) is None


@given(
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)),
    st.integers(-14 * 60, 14 * 60),
)
def test_datetimes_with_offsets_agree_with_python(moment: datetime, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    expected = (moment - timedelta(minutes=minutes) - datetime(1, 1, 1)) // timedelta(
        microseconds=1
    )
    assert parse_datetime(moment.replace(tzinfo=zone).isoformat()) == expected * 10


@given(st.integers(0, MAX_DATETIME))
def test_datetimes_survive_their_text(ticks: int) -> None:
    assert parse_datetime(datetime_text(ticks)) == ticks


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_timespans_survive_their_text(ticks: int) -> None:
    assert parse_timespan(timespan_text(ticks)) == ticks


@pytest.mark.parametrize(
    ("text", "ticks"),
    [
        ("1d", 864_000_000_000),
        ("-1.5 hours", -54_000_000_000),
        ("3ticks", 3),
        ("250nanos", 2),
        ("1.5micros", 15),
        ("5", 5 * 864_000_000_000),
        ("0.12:34:56.7", 452_967_000_000),
        ("1:30", 54_000_000_000),
    ],
)
def test_timespans(text: str, ticks: int) -> None:
    assert parse_timespan(text) == ticks


@pytest.mark.parametrize("text", ["", "soon", "1 week", "24:00", "1:60", "9999999999d", "1" * 500])
def test_what_is_no_timespan(text: str) -> None:
    assert parse_timespan(text) is None
