import datetime as dt
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.analyze import (
    create_time_period_kqlfilter,
    extract_anomaly_periods,
    find_anomaly_periods,
)
from huntkit.core.errors import UnknownColumn, UsageError

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def table(hours, sides=None):
    times = pl.Series(
        [START + dt.timedelta(minutes=round(h * 60)) for h in hours], dtype=pl.Datetime("us", "UTC")
    )
    return pl.DataFrame(
        {"TimeGenerated": times, "anomalies": sides or [1] * len(hours)},
        schema_overrides={"anomalies": pl.Int64},
    )


@given(st.lists(st.integers(0, 60), max_size=20))
def test_every_anomaly_is_covered_and_stretches_do_not_touch(hours):
    found = list(extract_anomaly_periods(table(hours)).items())
    covered = {h for h in range(-1, 70) if any(s <= START + h * HOUR < e for s, e in found)}
    assert covered == {h for hour in hours for h in (hour - 1, hour)}
    assert all(end < start for (_, end), (start, _) in pairwise(found))


def test_dips_count_unless_only_peaks_are_asked_for():
    data = table([5, 20, 30], [1, -1, 0])
    assert [span.start.hour for span in find_anomaly_periods(data)] == [4, 19]
    assert [span.start.hour for span in find_anomaly_periods(data, pos_only=True)] == [4]


def test_the_width_of_a_point_is_read():
    assert list(extract_anomaly_periods(table([5.4]), period="30min").values()) == [
        START + 5.5 * HOUR
    ]
    assert list(extract_anomaly_periods(table([5.4]), period="1D").values()) == [START + 24 * HOUR]
    for wrong in ("soon", "0h", "1 fortnight", "", "1M"):  # minutes or months?
        with pytest.raises(UsageError, match="period"):
            extract_anomaly_periods(table([1]), period=wrong)


def test_the_filter_keeps_exactly_these_rows():
    from huntkit.kql import query

    data = table([5, 20, 30], [1, -1, 0])
    line = create_time_period_kqlfilter(find_anomaly_periods(data))
    every = table(list(range(40)))
    kept = query(f"T {line} | summarize n=count()", T=every, frame="polars")
    assert kept["n"].to_list() == [6]  # both ends belong to `between`
    none = create_time_period_kqlfilter({})
    assert query(f"T {none} | summarize n=count()", T=every, frame="polars")["n"].to_list() == [0]


def test_odd_names_and_times_without_a_zone():
    pairs = {START: START + HOUR}
    assert create_time_period_kqlfilter(pairs, "a'b c").startswith("| where ['a\\'b c'] between")
    with pytest.raises(UsageError, match="no zone"):
        create_time_period_kqlfilter({START.replace(tzinfo=None): START})


def test_a_missing_column_is_named():
    with pytest.raises(UnknownColumn, match="anomalies"):
        extract_anomaly_periods(table([1]).drop("anomalies"))


def test_marks_that_are_no_numbers_are_told():
    with pytest.raises(UsageError, match="'anomalies' holds more than 1, -1 and 0"):
        extract_anomaly_periods(table([1]).with_columns(anomalies=pl.lit("high")))
