import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest

from huntkit.analyze import set_new_anomaly_threshold, ts_anomalies_stl
from huntkit.core.errors import UnknownColumn, UsageError

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
DIP = 400


def hours(values, start=START):
    times = [start + dt.timedelta(hours=n) for n in range(len(values))]
    return pl.DataFrame(
        {"TimeGenerated": pl.Series(times, dtype=pl.Datetime("us", "UTC")), "count": values}
    )


def wave(days=10):
    return [10.25 + n % 24 / 4 + (n * 7919 % 13) / 100 for n in range(24 * days)]


def light(table, **more):
    return ts_anomalies_stl(table, method="light", **more)


def odd(found):
    rows = found.with_row_index().filter(pl.col("anomalies") != 0)
    return list(zip(rows["index"], rows["anomalies"], strict=True))


@pytest.mark.data
class TestRealSeries:
    @pytest.fixture
    def series(self, shared_data):
        return pl.read_csv(shared_data / "logs/time_series.csv")

    def test_scores_are_those_of_statsmodels_and_the_standard_deviation(self, series):
        seasonal = pytest.importorskip("statsmodels.tsa.seasonal")
        found = ts_anomalies_stl(series, data_column="TotalBytesSent")
        fit = seasonal.STL(
            series["TotalBytesSent"].to_numpy().astype(float), period=24, seasonal=7
        ).fit()
        score = (fit.resid - fit.resid.mean()) / fit.resid.std()
        assert np.allclose(found["score"], score, rtol=1e-12)
        side = np.where(score >= 3, 1, np.where(score <= -3, -1, 0))
        assert found["anomalies"].to_list() == side.tolist()
        assert found["value"].to_list() == series["TotalBytesSent"].to_list()

    @pytest.mark.parametrize("method", ["stl", "light"])
    def test_the_anomalies_that_the_file_names_are_among_those_found(self, series, method):
        if method == "stl":
            pytest.importorskip("statsmodels")
        found = ts_anomalies_stl(series, data_column="TotalBytesSent", method=method)
        named = {r for r in series.select("TimeGenerated", "anomalies").rows() if r[1]}
        ours = {r for r in found.select("TimeGenerated", "anomalies").rows() if r[1]}
        assert len(named) == 6
        assert named <= ours
        assert len(ours) <= 10

    @pytest.mark.parametrize("method", ["stl", "light"])
    def test_an_injected_dip_is_the_strongest_and_below(self, series, method):
        if method == "stl":
            pytest.importorskip("statsmodels")
        dip = pl.int_range(pl.len()) == DIP
        fifth = pl.when(dip).then(pl.col("TotalBytesSent") // 5).otherwise("TotalBytesSent")
        found = ts_anomalies_stl(
            series.with_columns(fifth.alias("TotalBytesSent")),
            data_column="TotalBytesSent",
            method=method,
        )
        assert found["anomalies"][DIP] == -1
        if method == "stl":
            assert found["score"].abs().arg_max() == DIP


def test_peaks_and_dips_are_found_whatever_the_season_with_fractions_kept():
    values = wave()
    for place, change in ((50, -4.5), (71, 4.5), (96, 4.5), (119, -4.5)):
        values[place] += change
    found = light(hours(values))
    assert odd(found) == [(50, -1), (71, 1), (96, 1), (119, -1)]
    assert found["value"].to_list() == values
    whole = found.select((pl.col("trend") + pl.col("seasonal") + pl.col("residual")).alias("v"))[
        "v"
    ]
    assert np.allclose(whole, values)
    assert np.allclose(found["baseline"], found["trend"] + found["seasonal"])


def test_the_reason_says_value_distance_and_how_many_are_as_far():
    values = wave()
    values[50] = 2.0
    found = light(hours(values))
    reason = found["reason"][50]
    assert reason.startswith("2 is ")
    assert " below the " in reason
    assert reason.endswith("1 of 240 points are as far")
    assert found["reason"][51] == ""


def test_unsorted_input_is_sorted_and_the_same():
    table = hours(wave())
    assert light(table.sample(fraction=1, shuffle=True, seed=1)).equals(light(table))


def test_groups_are_judged_each_by_itself():
    high, low = wave(), [value / 100 for value in wave()]
    low[60] *= 3  # nothing beside the other series
    both = pl.concat(
        [hours(high).with_columns(host=pl.lit("a")), hours(low).with_columns(host=pl.lit("b"))]
    )
    found = light(both, group_by="host")
    assert found.filter(pl.col("anomalies") != 0).select("host", "anomalies").rows() == [("b", 1)]
    alone = light(hours(low))
    assert np.allclose(found.filter(pl.col("host") == "b")["score"], alone["score"])
    with pytest.raises(UsageError, match="share a time"):
        light(both)


def test_a_short_series_among_others_is_told_and_not_judged():
    both = pl.concat(
        [
            hours(wave()).with_columns(host=pl.lit("a")),
            hours([1.0] * 5).with_columns(host=pl.lit("b")),
        ]
    )
    with pytest.warns(UserWarning, match="1 of 2 series"):
        found = light(both, group_by="host")
    assert found.filter(pl.col("host") == "b")["score"].null_count() == 5
    assert found.height == both.height


@pytest.mark.parametrize("method", ["stl", "light"])
def test_what_came_only_twice_is_told_as_it_may_hide_peaks(method):
    two_days = wave(days=2)
    two_days[30] = 99.5
    with pytest.warns(UserWarning, match="1 of 1 series have fewer than the 72 points of three"):
        found = ts_anomalies_stl(hours(two_days), method=method)
    assert odd(found) != [(30, 1)]  # one of two days is odd, and nothing tells which
    three_days = [*two_days, *wave(days=1)]
    assert (30, 1) in odd(ts_anomalies_stl(hours(three_days), method=method))
    groups = pl.concat([hours(two_days).with_columns(host=pl.lit("a")),
                        hours(wave()).with_columns(host=pl.lit("b"))])  # fmt: skip
    with pytest.warns(UserWarning, match="1 of 2 series have fewer than the 72 points"):
        ts_anomalies_stl(groups, method=method, group_by="host")


def test_missing_points_are_not_judged_or_zero_as_asked():
    table = hours(wave())
    thin = table.filter(~pl.int_range(pl.len()).is_in([30, 31, 90]))
    assert odd(light(thin)) == []
    assert light(thin).height == thin.height
    found = light(thin, gaps="zero")
    assert found["TimeGenerated"].to_list() == table["TimeGenerated"].to_list()
    assert odd(found) == [(30, -1), (31, -1), (90, -1)]
    assert found["count"][30] == 0.0


def test_where_most_points_are_empty_single_events_are_no_peaks_and_bursts_are():
    every_25th = [float(n % 25 == 0) for n in range(500)]
    every_25th[75] = 2.0
    assert odd(light(hours(every_25th), gaps="zero", period=1)) == []
    every_25th[310] = 9.0
    found = light(hours(every_25th), gaps="zero", period=1)
    assert odd(found) == [(310, 1)]
    assert found["score"][75] <= 2
    beat = [1.0] * 300
    beat[120] = 0.0  # most points are not nought: this one says something
    assert odd(light(hours(beat), gaps="zero", period=1)) == [(120, -1)]


def test_added_rows_keep_the_group_and_the_form_of_times():
    text = hours(wave()).with_columns(
        pl.col("TimeGenerated").dt.strftime("%Y-%m-%dT%H:%M:%SZ"), host=pl.lit("a")
    )
    found = light(text.filter(pl.int_range(pl.len()) != 40), group_by="host", gaps="zero")
    assert found["TimeGenerated"].to_list() == text["TimeGenerated"].to_list()
    assert found["host"].unique().to_list() == ["a"]


def test_nulls_have_no_score():
    values = wave()
    values[77] = None
    found = light(hours(values))
    assert found["score"].is_null().to_list() == [n == 77 for n in range(240)]
    assert odd(found) == []


@pytest.mark.parametrize("robust", [True, False])
def test_constant_series_have_no_anomalies_and_one_spike_is_one(robust):
    assert odd(light(hours([7.0] * 100), robust=robust)) == []
    assert odd(light(hours([7.0] * 60 + [70.0] + [7.0] * 39), robust=robust)) == [(60, 1)]


def test_pandas_and_zones():
    table = hours(wave()).to_pandas()
    table["TimeGenerated"] = table["TimeGenerated"].dt.tz_convert("Europe/Berlin")
    found = light(table)
    assert isinstance(found, pd.DataFrame)
    assert list(found.columns) == [
        "TimeGenerated", "count", "value", "residual", "trend", "seasonal", "weights", "baseline",
        "score", "anomalies", "reason",
    ]  # fmt: skip


def test_empty_tables_stay_empty_and_all_null_ones_are_not_judged():
    assert light(hours([]).with_columns(pl.col("count").cast(pl.Float64))).height == 0
    nulls = hours([None] * 60).with_columns(pl.col("count").cast(pl.Float64))
    with pytest.warns(UserWarning, match="not judged"):
        assert light(nulls)["score"].null_count() == 60


def test_wrong_input_is_told():
    table = hours(wave())
    for more, message in (
        ({"period": 0}, "2 points"),
        ({"period": 1, "method": "stl"}, "2 points"),
        ({"period": 200}, "two periods"),
        ({"method": "prophet"}, "method"),
        ({"gaps": "x"}, "gaps"),
        ({"score_threshold": 0}, "score_threshold"),
    ):
        with pytest.raises(UsageError, match=message):
            ts_anomalies_stl(table, **{"method": "light", **more})
    with pytest.raises(UsageError, match="odd"):
        ts_anomalies_stl(table, seasonal=8)
    with pytest.raises(UnknownColumn, match="cnt"):
        light(table, data_column="cnt")
    with pytest.raises(UsageError, match="infinite"):
        light(hours([float("inf"), *wave()]))
    with pytest.raises(UsageError, match="no numbers"):
        light(hours(["x", *map(str, wave())]), data_column="count")
    jagged = table.with_columns(
        pl.col("TimeGenerated") + pl.duration(seconds=pl.int_range(pl.len()) ** 2)
    )
    with pytest.raises(UsageError, match="regular grid"):
        light(jagged)
    far = pl.concat([table, hours([1.0], START + dt.timedelta(days=36500))])
    with pytest.raises(UsageError, match="regular grid"):
        light(far)
    with pytest.raises(UsageError, match="'score'"):
        light(table.rename({"count": "score"}), data_column="score")


def test_a_new_threshold_uses_the_scores():
    table = pl.DataFrame({"score": [5.0, 3.0, -2.0, -4.0, None], "anomalies": [0] * 5})
    assert set_new_anomaly_threshold(table, 3)["anomalies"].to_list() == [1, 1, 0, -1, 0]
    assert set_new_anomaly_threshold(table, 4, 2)["anomalies"].to_list() == [1, 0, -1, -1, 0]
    with pytest.raises(UsageError, match="above 0"):
        set_new_anomaly_threshold(table, 3, 0)
    with pytest.raises(UsageError, match="score"):
        set_new_anomaly_threshold(table.drop("score"), 3)
    with pytest.raises(UsageError, match="String, not numbers"):
        set_new_anomaly_threshold(table.with_columns(score=pl.lit("high")), 3)
    nothing = pl.DataFrame({"score": [None] * 2, "anomalies": [1] * 2})
    assert set_new_anomaly_threshold(nothing, 3)["anomalies"].to_list() == [0, 0]


def test_times_in_the_index_of_a_pandas_frame_are_found():
    """The way in which notebooks hand a series over."""
    table = hours(wave())
    table[DIP // 2, "count"] = 2.0
    wanted = light(table)
    frame = table.to_pandas().set_index("TimeGenerated")
    found = light(frame)
    assert found["score"].to_list() == pytest.approx(wanted["score"].to_list())
    assert found["TimeGenerated"].to_list() == table["TimeGenerated"].to_list()
    assert light(frame, time_column="TimeGenerated", data_column="count").equals(found)
    texts = frame.set_axis(frame.index.astype(str).rename("TimeGenerated"))
    assert light(texts)["reason"].to_list() == found["reason"].to_list()
    unnamed = light(frame.rename_axis(None))
    assert unnamed["reason"].to_list() == found["reason"].to_list()
    assert frame.columns.to_list() == ["count"]  # the caller's own frame stays as it was
    other = table.to_pandas().set_index("TimeGenerated", drop=False)
    assert light(other)["reason"].to_list() == found["reason"].to_list()


def test_periods_are_whole_numbers_of_any_kind():
    table = hours(wave())
    wanted = light(table, period=(24, 48))["score"].to_list()
    assert light(table, period=np.array([48, 24]))["score"].to_list() == wanted
    assert light(table, period=np.int64(24)).equals(light(table, period=24))
    for wrong in (24.5, "24", None):
        with pytest.raises(UsageError, match="period is"):
            light(table, period=wrong)


def test_rows_that_share_a_time_are_counted():
    table = hours(wave())
    with pytest.raises(UsageError, match="240 rows share a time") as caught:
        light(pl.concat([table, table.head(120)]))
    assert "group_by" in str(caught.value)


def test_a_series_without_values_is_not_called_short():
    nulls = hours([None] * 60).with_columns(pl.col("count").cast(pl.Float64))
    with pytest.warns(UserWarning, match="1 of 1 series have no values, or fewer than the 48"):
        light(nulls)


def test_days_that_are_missing_are_added_as_dates():
    days = [dt.date(2026, 3, 1) + dt.timedelta(days=n) for n in range(40)]
    table = pl.DataFrame({"day": days, "n": [5 + n % 7 for n in range(40)]})
    found = light(table.filter(pl.col("n") != 8), period=7, gaps="zero")
    assert found["day"].to_list() == days
    assert found.filter(pl.col("n") == 0).height == table.filter(pl.col("n") == 8).height > 0


@pytest.mark.parametrize("size", [1e-200, 1e200])
@pytest.mark.parametrize("method", ["stl", "light"])
def test_scores_do_not_depend_on_the_unit(size, method):
    values = np.array(wave())
    values[100] = 2.5
    usual = ts_anomalies_stl(hours(values), method=method)
    found = ts_anomalies_stl(hours(values * size), method=method)
    assert odd(found) == odd(usual)
    assert found["score"].to_list() == pytest.approx(usual["score"].to_list(), rel=1e-6, abs=1e-6)


def test_large_numbers_can_be_read():
    values = [2**62 + n % 24 for n in range(96)]
    values[50] = 2**63 - 1
    [reason] = light(hours(values)).filter(pl.col("anomalies") != 0)["reason"]
    assert reason.startswith("9.223e+18 is 4.612e+18 above the 4.612e+18 that were expected")


def test_a_new_threshold_gives_its_anomalies_reasons_and_no_others():
    one, other = hours(wave()), hours(wave())
    one[50, "count"], one[150, "count"], other[90, "count"] = 16.0, 2.0, 12.0
    table = pl.concat([one.with_columns(host=pl.lit("a")), other.with_columns(host=pl.lit("b"))])
    found = light(table, group_by="host")
    low = float(found["score"].abs().sort()[-5])
    for threshold, count in ((low, 5), (1000.0, 0)):
        new = set_new_anomaly_threshold(found, threshold, group_by="host")
        wanted = light(table, group_by="host", score_threshold=threshold)
        assert new["anomalies"].to_list() == wanted["anomalies"].to_list()
        assert new["reason"].to_list() == wanted["reason"].to_list()
        assert (new["reason"] != "").sum() == count
    part = found.to_pandas().query("host == 'b'")
    assert set_new_anomaly_threshold(part, low).index.equals(part.index)
    with pytest.raises(UnknownColumn, match="hots"):
        set_new_anomaly_threshold(part, low, group_by="hots")
    other = found.rename({"anomalies": "side"})
    new = set_new_anomaly_threshold(other, low, anomalies_column="side")
    assert new["reason"].ne("").to_list() == new["side"].ne(0).to_list()
    assert new["reason"].str.contains("of 480 points").sum() == 5  # both series are one here
