"""Times of a caller's own table, read as the caller says."""

import datetime as dt
import warnings
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import huntkit
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.extract import times
from huntkit.tables.times import DateOrderWarning

TEXTS = ["03/04/2020 10:00", "03/04/2020 11:00", "05/04/2020 10:00"]


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table])
def test_any_frame_comes_back_with_its_times_as_was_said(kind: Any) -> None:
    made = times(kind({"host": ["a", "b", "c"], "when": TEXTS}), "when", day_first=True)
    assert type(made) is type(kind({"x": [1]}))
    rows = huntkit.tables.to_polars(made)
    assert rows.columns == ["host", "when"]
    assert rows["when"].to_list() == [utc(2020, 4, 3, 10), utc(2020, 4, 3, 11), utc(2020, 4, 5, 10)]


def test_the_time_column_is_found_and_the_zone_is_used() -> None:
    made = times(pl.DataFrame({"EventTime": ["2020-07-01 12:00"]}), assume_timezone="Europe/Berlin")
    assert made["EventTime"].to_list() == [utc(2020, 7, 1, 10)]


def test_several_columns_are_read() -> None:
    given = pl.DataFrame({"start": ["1/2/2020"], "end": ["2/2/2020"], "text": ["1/2/2020"]})
    assert times(given, ["start", "end"], day_first=True).row(0) == (
        utc(2020, 2, 1), utc(2020, 2, 2), "1/2/2020",
    )  # fmt: skip


def test_what_is_no_time_is_null_and_counted() -> None:
    with pytest.warns(UserWarning, match="1 of 2 values of 'when' are no times"):
        made = times(pl.DataFrame({"when": ["soon", "2020-01-01"]}), "when")
    assert made["when"].to_list() == [None, utc(2020, 1, 1)]


def test_wrong_use_is_told() -> None:
    frame = pl.DataFrame({"when": ["2020-01-01"], "host": "a"})
    with pytest.raises(UnknownColumn, match="When"):
        times(frame, "When")
    with pytest.raises(UsageError, match="no time zone"):
        times(frame, "when", assume_timezone="Mars/Base")
    with pytest.raises(UsageError, match="no column holds the time"):
        times(frame.select("host"))


@pytest.mark.parametrize(
    "step",
    [
        lambda frame: huntkit.charts.timeline(frame),
        lambda frame: huntkit.analyze.sessionize_data(
            frame, user_identifier_cols=["host"], time_col="EventTime", max_session_time_mins=60,
            max_event_separation_mins=60, event_col="host",
        ),
        lambda frame: huntkit.extract.network_edges(frame, "host", "peer"),
        lambda frame: huntkit.analyze.beacons(frame, source_column="host", target_column="peer"),
    ],
)  # fmt: skip
def test_steps_say_what_they_could_not_know_and_nothing_once_it_was_said(step: Any) -> None:
    frame = pd.DataFrame({"EventTime": TEXTS, "host": "a", "peer": "b"})
    with pytest.warns(DateOrderWarning, match="'EventTime' holds '03/04/2020 1") as told:
        step(frame)
    assert {each.filename for each in told} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error", DateOrderWarning)
        step(times(frame, "EventTime", day_first=True))
