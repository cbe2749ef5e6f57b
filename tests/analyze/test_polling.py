import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

from huntkit.analyze import PeriodogramPollingDetector
from huntkit.core.errors import UnknownColumn, UsageError

ADDED = ["p_value", "dominant_frequency", "dominant_interval"]


def detect(seconds, **more):
    frame = pl.DataFrame({"ts": np.asarray(seconds, dtype=float) + 1_700_000_000}, **more)
    return PeriodogramPollingDetector(frame).detect_polling("ts")


@pytest.mark.parametrize("interval", [7, 60, 3600])
def test_an_exact_rhythm_has_its_own_interval(interval):
    found = detect(np.arange(0, 200 * interval, interval)).row(0, named=True)
    assert found["dominant_interval"] == interval
    assert found["dominant_frequency"] == pytest.approx(1 / interval, rel=0.02)
    assert found["p_value"] < 1e-6


def test_jitter_is_seen_through():
    rng = np.random.default_rng(0)
    found = detect(np.cumsum(60 * (1 + rng.uniform(-0.1, 0.1, 1440)))).row(0, named=True)
    assert found["dominant_interval"] == pytest.approx(60, rel=0.05)
    assert found["p_value"] < 1e-6


def test_p_values_of_noise_are_those_of_noise():
    rng = np.random.default_rng(2)
    found = [detect(rng.uniform(0, 20_000, 400))["p_value"][0] for _ in range(60)]
    assert min(found) > 0.001
    assert sum(p < 0.1 for p in found) < 15


def test_the_p_value_is_never_below_the_exact_one():
    # Fisher's exact sum, for a small case in which it can be written out.
    counts = np.zeros(41)
    counts[::5] = 1
    times = np.repeat(np.arange(41), counts.astype(int))
    power = np.abs(np.fft.rfft(counts - counts.mean())) ** 2
    power = power[1:]
    g, m = power.max() / power.sum(), len(power)
    exact = sum(
        (-1) ** (k - 1) * stats.binom(m, 0.5).pmf(k) * 2**m * (1 - k * g) ** (m - 1)
        for k in range(1, int(1 / g) + 1)
    )
    told = detect(times)["p_value"][0]
    assert exact - 1e-12 <= told <= max(3 * exact, 1)


def test_each_group_is_judged_by_itself_and_rows_stay_where_they_are():
    frame = pl.DataFrame(
        {
            "ts": [1_700_000_000.0 + t for n in range(50) for t in (60 * n, 17 * n)],
            "host": ["a", None] * 50,
        }
    )
    found = PeriodogramPollingDetector(frame).detect_polling("ts", groupby="host")
    assert found["ts"].to_list() == frame["ts"].to_list()
    assert found["dominant_interval"].to_list() == [60, 17] * 50


def test_the_callers_table_is_left_alone_and_a_second_run_replaces_the_first():
    frame = pd.DataFrame({"ts": [1_700_000_000.0 + 60 * n for n in range(50)]})
    detector = PeriodogramPollingDetector(frame)
    first = detector.detect_polling("ts")
    assert list(frame.columns) == ["ts"]
    assert list(first.columns) == ["ts", *ADDED]
    assert detector.data is first
    assert list(detector.detect_polling("ts").columns) == ["ts", *ADDED]


@pytest.mark.parametrize("seconds", [[], [5.0], [5.0] * 100, [0.0, 60.0, 120.0]])
def test_too_little_gives_null(seconds):
    found = detect(seconds)
    assert found.columns == ["ts", *ADDED]
    assert found.select(ADDED).null_count().row(0) == (len(seconds),) * 3


def test_an_event_in_every_second_has_no_frequency():
    assert detect(np.arange(1000))["p_value"].null_count() == 1000


def test_a_span_of_years_is_bounded():
    found = detect(np.arange(0, 3 * 365 * 86_400, 86_400)).row(0, named=True)
    assert found["dominant_interval"] == 86_400


def test_wrong_use_is_said():
    frame = pl.DataFrame({"ts": ["soon", "later"]})
    with pytest.raises(UsageError, match="holds no times"):
        PeriodogramPollingDetector(frame).detect_polling("ts")
    with pytest.raises(UnknownColumn, match="did you mean 'ts'"):
        PeriodogramPollingDetector(frame).detect_polling("tss")
    with pytest.raises(UnknownColumn, match="host"):
        PeriodogramPollingDetector(frame).detect_polling("ts", groupby=["host"])


def test_a_pandas_frame_keeps_its_index_and_any_names_of_columns():
    seconds = [1_700_000_000 + 60 * n for n in range(40)]
    frame = pd.DataFrame({0: seconds, "host": pd.Categorical(["a"] * 40)}, index=range(100, 140))
    found = PeriodogramPollingDetector(frame).detect_polling(0, "host")
    assert found.index.tolist() == list(range(100, 140))
    assert found["host"].dtype == frame["host"].dtype
    assert set(found["dominant_interval"]) == {60.0}
    with pytest.raises(UnknownColumn, match="'1'"):
        PeriodogramPollingDetector(frame).detect_polling(1)
