import csv
import datetime as dt
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.tables.times import (
    UTC_TIME,
    DateOrderWarning,
    parse_times,
    pick_time_column,
    read_moments,
    unread,
)


def moment(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019-01-15 05:15:02.980", moment(2019, 1, 15, 5, 15, 2, 980_000)),
        ("2019-01-15T05:15:02.9801234Z", moment(2019, 1, 15, 5, 15, 2, 980_123)),
        ("2019-01-15T05:15:02.123456789+00:00", moment(2019, 1, 15, 5, 15, 2, 123_456)),
        ("2019-01-15T05:15:02,1", moment(2019, 1, 15, 5, 15, 2, 100_000)),
        ("2019-01-15 05:15:02 UTC", moment(2019, 1, 15, 5, 15, 2)),
        ("2019/01/15 05:15", moment(2019, 1, 15, 5, 15)),
        ("2019-01-15", moment(2019, 1, 15)),
        (" 2019-01-15T05:15:02z ", moment(2019, 1, 15, 5, 15, 2)),
        ("2020-09-04T16:09:38.000-0400", moment(2020, 9, 4, 20, 9, 38)),
        ("2020-09-04T16:09:38+05:30", moment(2020, 9, 4, 10, 39, 38)),
        ("2020-09-04T16:09:38-04", moment(2020, 9, 4, 20, 9, 38)),
        ("20200904T160938Z", moment(2020, 9, 4, 16, 9, 38)),
        ("07/08/2019 04:08:09.5 PM", moment(2019, 7, 8, 16, 8, 9, 500_000)),
        ("7/8/2019 12:00:00 AM", moment(2019, 7, 8)),
        ("[10/Oct/2000:13:55:36 -0700]", moment(2000, 10, 10, 20, 55, 36)),
        ("10/oct/2000:13:55:36 +0000", moment(2000, 10, 10, 13, 55, 36)),
        ("Tue, 10 Oct 2000 13:55:36 GMT", moment(2000, 10, 10, 13, 55, 36)),
        ("Thu Mar 16 03:08:58 2023 UTC", moment(2023, 3, 16, 3, 8, 58)),
        ("Thu Mar  6 03:08:58 2023", moment(2023, 3, 6, 3, 8, 58)),
        ("1678936138", moment(2023, 3, 16, 3, 8, 58)),
        ("1692147977.908495", moment(2023, 8, 16, 1, 6, 17, 908_495)),
        ("1678936138123", moment(2023, 3, 16, 3, 8, 58, 123_000)),
        ("1678936138123456", moment(2023, 3, 16, 3, 8, 58, 123_456)),
        ("1678936138123456789", moment(2023, 3, 16, 3, 8, 58, 123_456)),
        ("5.12.2020 9:05", moment(2020, 12, 5, 9, 5)),
        ("05.12.2020, 10:00:00,5", moment(2020, 12, 5, 10, 0, 0, 500_000)),
        ("05.12.2020 10:00:00 +0100", moment(2020, 12, 5, 9)),
        ("05.12.2020", moment(2020, 12, 5)),
        ("2020.12.05. 10:00:00", moment(2020, 12, 5, 10)),
        ("25-12-2020 10:00:00", moment(2020, 12, 25, 10)),
        ("12-25-2020 10:00:00", moment(2020, 12, 25, 10)),
        ("20201205100000", moment(2020, 12, 5, 10)),
        ("20201205100000.0Z", moment(2020, 12, 5, 10)),
        ("132516360001234567", moment(2020, 12, 5, 10, 0, 0, 123_456)),
        ("637427592001234567", moment(2020, 12, 5, 10, 0, 0, 123_456)),
        ("13251636000123456", moment(2020, 12, 5, 10, 0, 0, 123_456)),
        ("2020.12.5", None),
        ("32.12.2020 10:00", None),
        ("5.13.2020", None),
        ("2019-02-30 01:00:00", None),
        ("2019-01-15 25:00:00", None),
        ("13/13/2019 10:00", None),
        ("10/Foo/2000:13:55:36 -0700", None),
        ("12345", None),
        ("soon", None),
        ("", None),
        ("192.168.1.1", None),
        ("٢٠١٩-٠١-١٥", None),
        ("١٣/٨/٢٠١٩ 10:00", None),
        ("2016-12-31T23:59:60Z", moment(2017, 1, 1)),
        ("2016-12-31 23:59:60 ", moment(2017, 1, 1)),
        ("+2016-12-31T23:59:00Z", None),
    ],
)
def test_the_forms_of_logs_are_read(text: str, expected: dt.datetime | None) -> None:
    read = parse_times(pl.Series("t", [text, None]))
    assert read.dtype == UTC_TIME
    assert read.to_list() == [expected, None]
    # The same beside another form, where the quick way for columns of one form is not taken.
    assert parse_times(pl.Series([text, "x"])).to_list() == [expected, None]


@pytest.mark.parametrize(
    ("text", "month", "day"),
    [
        ("7/8/2019 16:08", moment(2019, 7, 8, 16, 8), moment(2019, 8, 7, 16, 8)),
        ("7-8-2019 16:08:09Z", moment(2019, 7, 8, 16, 8, 9), moment(2019, 8, 7, 16, 8, 9)),
        ("7/8/2019, 12:30 pm", moment(2019, 7, 8, 12, 30), moment(2019, 8, 7, 12, 30)),
        (" 07 / 08 / 2019 ", moment(2019, 7, 8), moment(2019, 8, 7)),
    ],
)
def test_a_date_that_can_be_read_both_ways_is_never_read_in_silence(
    text: str, month: dt.datetime, day: dt.datetime
) -> None:
    column = pl.Series("when", [text, "2019-01-01", "x", None])
    rest = [moment(2019, 1, 1), None, None]
    with pytest.warns(DateOrderWarning, match="'when' holds '.*nothing tells"):
        assert parse_times(column).to_list() == [month, *rest]
    assert parse_times(column, day_first=False).to_list() == [month, *rest]
    assert parse_times(column, day_first=True).to_list() == [day, *rest]


def test_a_date_that_contradicts_what_was_said_is_read_as_it_can_be_and_said() -> None:
    column = pl.Series("when", ["12/25/2019", "7/8/2019"])
    with pytest.warns(DateOrderWarning, match="in the order that day_first= says"):
        read = parse_times(column, day_first=True)
    assert read.to_list() == [moment(2019, 12, 25), moment(2019, 8, 7)]
    assert parse_times(column, day_first=False).to_list() == [
        moment(2019, 12, 25),
        moment(2019, 7, 8),
    ]


def test_dates_of_both_orders_are_said() -> None:
    column = pl.Series("when", ["12/25/2019", "25/12/2019", "7/8/2019"])
    with pytest.warns(DateOrderWarning, match="both orders: '7/8/2019'"):
        read = parse_times(column)
    assert read.to_list() == [moment(2019, 12, 25), moment(2019, 12, 25), moment(2019, 7, 8)]


def test_american_clocks_tell_that_the_month_is_first() -> None:
    assert parse_times(pl.Series(["7/8/2019 1:00 PM"])).to_list() == [moment(2019, 7, 8, 13)]


def test_the_warning_shows_no_text_that_is_no_date() -> None:
    column = pl.Series("\x1b[31m", ["7/8/2019", "\x1b]0;7/8/2019"])
    with pytest.warns(DateOrderWarning) as told:
        parse_times(column)
    assert "\x1b" not in str(told[0].message)


def test_a_column_may_mix_forms_and_keeps_its_order_and_name() -> None:
    column = pl.Series(
        "when", ["soon", "1678936138", None, "2019-01-15", "soon", "7/28/2019 16:08"]
    )
    read = parse_times(column)
    assert read.name == "when"
    assert read.to_list() == [
        None, moment(2023, 3, 16, 3, 8, 58), None, moment(2019, 1, 15), None,
        moment(2019, 7, 28, 16, 8),
    ]  # fmt: skip
    assert unread(column, read) == 2


def test_a_day_beyond_twelve_shows_that_days_come_first() -> None:
    assert parse_times(pl.Series(["13/8/2019 10:00", "7/8/2019 10:00"])).to_list() == [
        moment(2019, 8, 13, 10),
        moment(2019, 8, 7, 10),
    ]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pl.Series([1678936138, None]), moment(2023, 3, 16, 3, 8, 58)),
        (pl.Series([1678936138], dtype=pl.UInt32), moment(2023, 3, 16, 3, 8, 58)),
        (pl.Series([1692147977.908495]), moment(2023, 8, 16, 1, 6, 17, 908_495)),
        (pl.Series([1678936138123]), moment(2023, 3, 16, 3, 8, 58, 123_000)),
        (pl.Series([1678936138123456]), moment(2023, 3, 16, 3, 8, 58, 123_456)),
        (pl.Series([1678936138123456789]), moment(2023, 3, 16, 3, 8, 58, 123_456)),
        (pl.Series([-1.5]), moment(1969, 12, 31, 23, 59, 58, 500_000)),
        (pl.Series([float("nan")]), None),
        (pl.Series([float("inf")]), None),
        (pl.Series([2**64 - 1], dtype=pl.UInt64), None),
        (pl.Series([dt.date(2020, 1, 2)]), moment(2020, 1, 2)),
        (pl.Series([dt.datetime(2020, 1, 2, 3)]), moment(2020, 1, 2, 3)),
        (pl.Series([dt.datetime(2020, 1, 2, 3)], dtype=pl.Datetime("ns")), moment(2020, 1, 2, 3)),
        (pl.Series(["2020-01-02"], dtype=pl.Categorical), moment(2020, 1, 2)),
        (pl.Series([True]), None),
        (pl.Series([["2020-01-02"]]), None),
        (pl.Series([None]), None),
    ],
)
def test_numbers_and_other_types_are_read(column: pl.Series, expected: dt.datetime | None) -> None:
    read = parse_times(column)
    assert read.dtype == UTC_TIME
    assert read[0] == expected


def test_an_aware_time_keeps_its_moment() -> None:
    column = pl.Series([dt.datetime(2020, 7, 1, 12)]).dt.replace_time_zone("Europe/Berlin")
    assert parse_times(column, assume_timezone="Asia/Tokyo").to_list() == [moment(2020, 7, 1, 10)]


@pytest.mark.parametrize(
    ("zone", "hour"), [("Europe/Berlin", 10), ("+02:00", 10), ("-0330", 15), ("utc", 12)]
)
def test_the_assumed_zone_is_for_times_without_one(zone: str, hour: int) -> None:
    minutes = 30 if zone == "-0330" else 0
    text = pl.Series(["2020-07-01 12:00:00", "2020-07-01T12:00:00Z", "1593604800"])
    assert parse_times(text, assume_timezone=zone).to_list() == [
        moment(2020, 7, 1, hour, minutes), moment(2020, 7, 1, 12), moment(2020, 7, 1, 12),
    ]  # fmt: skip
    naive = pl.Series([dt.datetime(2020, 7, 1, 12)])
    assert parse_times(naive, assume_timezone=zone)[0] == moment(2020, 7, 1, hour, minutes)


def test_a_clock_change_neither_fails_nor_invents() -> None:
    text = pl.Series(["2020-10-25 02:30:00", "2020-03-29 02:30:00"])
    read = parse_times(text, assume_timezone="Europe/Berlin")
    assert read.to_list() == [moment(2020, 10, 25, 0, 30), None]
    assert unread(text, read) == 1


@pytest.mark.parametrize("text", [[], ["2020-01-01"], ["2020-01-01T00:00:00Z"]])
def test_an_unknown_zone_is_an_error(text: list[str]) -> None:
    with pytest.raises(UsageError, match="no time zone 'Berlin'"):
        parse_times(pl.Series(text, dtype=pl.String), assume_timezone="Berlin")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.none()
        | st.text(max_size=30)
        | st.from_regex(r"[0-9]{1,4}[-/][0-9]{1,2}[-/][0-9]{1,4}[T ][0-9]{1,2}:[0-9]{2}.{0,12}")
        | st.from_regex(r"\A\d{1,4}[-/]\w{1,3}[-/]\d{4}[: ]\d\d:\d\d:\d\d( [AP]M)?.{0,6}\Z")
        | st.from_regex(r"\A[0-9]{1,25}(\.[0-9]+)?\Z"),
        max_size=8,
    )
)
def test_any_text_is_a_time_or_null_and_no_row_is_lost(texts: list[str | None]) -> None:
    texts = [None if t is None else t.encode("utf-8", "replace").decode() for t in texts]
    column = pl.Series("t", texts, dtype=pl.String)
    read = parse_times(column)
    assert len(read) == len(texts)
    assert read.dtype == UTC_TIME
    said = sum(1 for text in texts if text)
    assert unread(column, read) <= said


_MOMENT = st.from_regex(
    r"[0-9]{4}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-6][0-9]:[0-6][0-9]?(\.[0-9]{0,10})?",
    fullmatch=True,
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.none() | _MOMENT | st.text("0123456789-: .TZ+x/é,", max_size=30), min_size=1, max_size=8
    ),
    st.sampled_from(["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.fZ"]),
)
def test_moments_are_those_of_any_number_of_digits(texts: list[str | None], form: str) -> None:
    if form.endswith("Z"):
        texts = [text and text.replace(" ", "T") + "Z" for text in texts]
    column = pl.Series("t", texts, dtype=pl.String)
    slow = column.str.to_datetime(form, time_unit="us", strict=False)
    assert read_moments(column, form).to_physical().to_list() == slow.to_physical().to_list()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2250, 1, 1)), max_size=5))
def test_iso_text_gives_the_same_moment(moments: list[dt.datetime]) -> None:
    texts = pl.Series([m.isoformat() for m in moments], dtype=pl.String)
    assert parse_times(texts).to_list() == [m.replace(tzinfo=dt.UTC) for m in moments]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.none()))
def test_any_number_is_a_time_or_null(numbers: list[int | None]) -> None:
    assert len(parse_times(pl.Series(numbers, dtype=pl.Int64))) == len(numbers)


WHEN = [dt.datetime(2020, 1, 1)]


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ({"a": WHEN, "TimeGenerated": WHEN}, "TimeGenerated"),
        ({"a": ["x"], "b": WHEN}, "b"),
        ({"a": [None], "b": WHEN}, "b"),
        ({"a": ["x"], "happened": ["2020-01-01 10:00:00"]}, "happened"),
        ({"EventTime": ["n/a"], "happened": ["2020-01-01 10:00:00"]}, "happened"),
        ({"ts": [1692147977.9], "uid": ["C1"], "id.orig_h": ["192.0.2.1"]}, "ts"),
        ({"eventtime": ["2020-01-01"]}, "eventtime"),
        ({"UtcTime": [""], "EventTime": ["2020-01-01"], "Image": ["a"]}, "EventTime"),
        (
            {
                "EventTime": ["2020-09-04 16:09:38"],
                "@timestamp": ["2020-09-04T20:09:40.845Z"],
                "EventID": [1],
                "Channel": ["Security"],
            },
            "@timestamp",
        ),
    ],
)
def test_the_time_column_is_found(frame: dict[str, Any], expected: str) -> None:
    assert pick_time_column(pl.DataFrame(frame)) == expected


def test_the_callers_time_column_wins_and_must_exist() -> None:
    frame = pl.DataFrame({"TimeGenerated": WHEN, "other": ["x"]})
    assert pick_time_column(frame, "other") == "other"
    with pytest.raises(UnknownColumn, match="did you mean 'TimeGenerated'"):
        pick_time_column(frame, "TimeGenerate")


def test_an_empty_table_still_has_its_time_column() -> None:
    assert (
        pick_time_column(pl.DataFrame(schema={"a": pl.String, "Timestamp": pl.String}))
        == "Timestamp"
    )


def test_no_time_column_is_an_error_that_lists_what_came_near() -> None:
    frame = pl.DataFrame({"a": ["x"] * 3, "note": ["2020-01-01", "y", "z"]})
    with pytest.raises(UsageError, match="hold some times: note"):
        pick_time_column(frame)


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "column"),
    [
        ("alertlist.csv", "TimeGenerated"),
        ("az_net_flows.csv", "FlowStartTime"),
        ("demo_exchange_data.csv", "TimeGenerated"),
        ("host_logons.csv", "TimeGenerated"),
        ("mde_proc_cs1.csv", "CreatedProcessCreationTime"),
        ("processes_on_host.csv", "TimeGenerated"),
        ("sudo_session_test.csv", "TimeGenerated"),
        ("syslog_data.csv", "TimeGenerated"),
        ("time_series.csv", "TimeGenerated"),
    ],
)
def test_the_times_of_real_exports_are_found_and_read(
    shared_data: Path, file: str, column: str
) -> None:
    with (shared_data / "logs" / file).open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    frame = pl.DataFrame(rows, infer_schema_length=None)
    assert pick_time_column(frame) == column
    doubtful = file == "syslog_data.csv"  # all of one day, the 7/8/2019
    with pytest.warns(DateOrderWarning) if doubtful else nullcontext():
        read = parse_times(frame[column])
    assert unread(frame[column], read) == 0
    assert read.null_count() == 0
    assert read.dt.year().is_between(2015, 2024).all()
