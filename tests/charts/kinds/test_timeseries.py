import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from huntkit.charts import timeseries
from huntkit.core.errors import UnknownColumn, UsageError

START = datetime(2026, 3, 1, tzinfo=UTC)


def hourly(values: list[Any], **more: list[Any]) -> pl.DataFrame:
    moments = [START + timedelta(hours=i) for i in range(len(values))]
    return pl.DataFrame({"TimeGenerated": moments, "n": values, **more}, strict=False)


def test_anomalies_above_and_below_are_counted_and_listed() -> None:
    chart = timeseries(
        hourly(
            [5, 50, 5, -40], baseline=[5, 5, 6, 5], score=[0, 9, 0, -8.5], anomalies=[0, 1, 0, -1]
        )
    )
    assert "2 anomalies: 1 above, 1 below what was expected." in chart.summary
    assert chart.table == (
        ("time (UTC)", "n", "baseline", "score", "anomaly"),
        ("2026-03-01 01:00:00", "50", "5", "9", "above"),
        ("2026-03-01 03:00:00", "-40", "5", "-8.5", "below"),
    )
    assert list(chart.blobs["anomalies"]) == [0, 1, 0, 2]
    assert chart.data["anomalies"].to_list() == [0, 1, 0, -1]


def test_a_flag_is_above_or_below_by_the_baseline() -> None:
    chart = timeseries(
        hourly([9, 1, 5], expected=[5, 5, 5], odd=[True, True, False]),
        baseline_column="expected",
        anomalies_column="odd",
        data_column="n",
    )
    assert chart.data["anomalies"].to_list() == [1, -1, 0]


def test_the_band_follows_from_a_score_in_standard_deviations() -> None:
    residual = [-2.0, 0.0, 2.0, 4.0]
    score = [(each - 1.0) / 2.0 for each in residual]  # mean 1, deviation 2
    chart = timeseries(
        hourly([8, 10, 12, 14], baseline=[10.0] * 4, residual=residual, score=score),
        score_threshold=3,
    )
    assert chart.data["lower"].to_list() == pytest.approx([5.0] * 4)
    assert chart.data["upper"].to_list() == pytest.approx([17.0] * 4)


def test_another_kind_of_score_gives_no_band() -> None:
    frame = hourly([1, 2, 3], baseline=[1, 1, 1], residual=[0.0, 1.0, 2.0], score=[0.0, 1.0, 9.0])
    assert "lower" not in timeseries(frame).data.columns


def test_the_ordinary_range_of_counts_ends_at_zero_and_that_of_other_numbers_does_not() -> None:
    counts = pl.DataFrame(
        {
            "TimeGenerated": ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"],
            "n": [0, 1, 2, 9],
            "baseline": [1.0] * 4,
            "residual": [-1.0, 0.0, 1.0, 8.0],
            "score": [-0.5, 0.0, 0.5, 4.0],
            "anomalies": [0, 0, 0, 1],
        }
    )
    assert timeseries(counts, data_column="n").data["lower"].to_list() == [0.0] * 4
    halves = counts.with_columns(pl.col("n") + 0.5)
    assert timeseries(halves, data_column="n").data["lower"].to_list() == pytest.approx([-5.0] * 4)


def test_band_columns_are_found_or_named_and_half_a_band_is_none() -> None:
    frame = hourly([1, 2], lower=[0, 0], upper=[3, None], low=[-1, -1], high=[4, 4])
    chart = timeseries(frame, data_column="n")
    assert chart.data["upper"].to_list() == [3, None]
    assert list(chart.blobs["known"]) == [2, 0]
    mine = timeseries(frame, data_column="n", band_columns=("low", "high"))
    assert mine.data["upper"].to_list() == [4, 4]


def test_the_series_is_the_first_number_that_no_analysis_added() -> None:
    frame = hourly([1, 2]).select("TimeGenerated", pl.lit(1.5).alias("score"), "n")
    assert timeseries(frame).spec["value_name"] == "n"
    assert timeseries(frame.rename({"n": "value"})).spec["value_name"] == "value"
    with pytest.raises(UsageError, match="data_column="):
        timeseries(frame.drop("n"))


def test_without_a_judgement_that_is_said() -> None:
    chart = timeseries(hourly([1, 2, 3]))
    assert "No column says which points are anomalous." in chart.summary
    assert [row[1] for row in chart.table[1:]] == ["1", "3"]


def test_rows_without_a_number_leave_a_gap_and_are_counted() -> None:
    chart = timeseries(hourly([1, 2, None, None, None, 3, 4]))
    assert "3 rows without a time or a number not drawn." in chart.summary
    assert chart.spec["gap_ms"] == 2.5 * 3_600_000


@pytest.mark.parametrize(
    "name",
    ["data_column", "time_column", "baseline_column", "anomalies_column", "source_columns"],
)
def test_unknown_columns_are_refused(name: str) -> None:
    with pytest.raises(UnknownColumn):
        timeseries(hourly([1, 2]), **{name: "nn"})
    with pytest.raises(UnknownColumn):
        timeseries(hourly([1, 2]), band_columns=("n", "nn"))


def test_too_many_points_are_refused_not_cut() -> None:
    frame = pl.DataFrame({"t": pl.int_range(100_001, eager=True).cast(pl.Datetime("us", "UTC"))})
    with pytest.raises(UsageError, match="sum it up"):
        timeseries(frame.with_columns(n=1), time_column="t")


@pytest.mark.parametrize("empty", [pl.DataFrame(), hourly([]), hourly([None])])
def test_nothing_to_draw_says_so(empty: pl.DataFrame) -> None:
    chart = timeseries(empty, data_column="n" if "n" in empty.columns else None)
    assert chart.spec["events"] == 0
    assert "No points to draw." in chart.summary


@pytest.mark.data
def test_a_real_series_shows_the_anomalies_that_its_analysis_found(shared_data: Path) -> None:
    path = shared_data / "logs/time_series.csv"
    chart = timeseries(pl.read_csv(path))
    lines = list(csv.reader(path.read_text("utf-8-sig").splitlines()))[1:]
    signs = [int(line[-1]) for line in lines]
    assert chart.spec["value_name"] == "TotalBytesSent"
    assert f"{signs.count(1)} above, {signs.count(-1)} below" in chart.summary
    assert chart.data["TotalBytesSent"].to_list() == [int(line[1]) for line in lines]
