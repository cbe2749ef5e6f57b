import warnings
from datetime import UTC, datetime, timedelta
from statistics import median

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import huntkit
from huntkit.analyze import beacons
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.tables.times import parse_times

START = 1_700_000_000.0
COLUMNS = ["Source", "Target", "Connections", "Beats", "interval_s", "jitter", "missed",
           "size_spread", "FirstEventTime", "LastEventTime", "sources", "score", "reason",
           "SourceIndex"]  # fmt: skip


def calls(seconds, source="192.0.2.7", target="203.0.113.9", **more):
    frame = pl.DataFrame({"ts": pl.Series(seconds, dtype=pl.Float64) + START})
    extra = [pl.lit(v).alias(k) for k, v in {"src_ip": source, "dst_ip": target}.items()]
    return frame.with_columns(*extra, **more)


def sleeping(rng, interval, jitter, *, missed=0.0, hours=24.0):
    """A renewal process: it sleeps, give or take its jitter, then calls; some calls are lost."""
    sleeps = interval * (1 + rng.uniform(-jitter, jitter, int(hours * 3600 / interval * 1.6) + 9))
    times = np.cumsum(sleeps)
    times = times[times < hours * 3600]
    return times[rng.random(len(times)) >= missed]


def test_an_exact_beat_has_no_jitter_and_misses_nothing():
    found = beacons(calls(np.arange(0, 3600, 60))).row(0, named=True)
    assert list(found) == COLUMNS
    assert found["interval_s"] == 60
    assert found["jitter"] == 0
    assert found["missed"] == 0
    assert found["Connections"] == found["Beats"] == 60
    assert found["FirstEventTime"] == datetime.fromtimestamp(START, UTC)
    assert found["LastEventTime"] == datetime.fromtimestamp(START + 3540, UTC)
    # 1 (regular) x 1 (complete) x (1 - 2 ** (-60 / 8)) x (0.9 + 0.1 x 0.5, sizes unknown)
    assert found["score"] == pytest.approx((1 - 2 ** (-60 / 8)) * 0.95, abs=1e-4)
    assert found["reason"] == (
        "every 60.0 s within 0 %, 60 of 60 beats seen; 1 of 1 pairs are as regular;"
        " 1 of 1 sources call this target"
    )


@pytest.mark.parametrize("jitter", [0.05, 0.15, 0.3])
def test_interval_jitter_and_missed_beats_are_those_that_were_made(jitter):
    rng = np.random.default_rng(5)
    found = beacons(calls(sleeping(rng, 100, jitter, missed=0.2))).row(0, named=True)
    assert found["interval_s"] == pytest.approx(100, rel=0.05)
    assert found["jitter"] == pytest.approx(jitter, rel=0.25)
    assert found["missed"] == pytest.approx(0.2, abs=0.05)


def test_a_pause_overnight_counts_as_ten_missed_beats():
    times = [*range(0, 6000, 60), *range(60_000, 66_000, 60)]
    found = beacons(calls(times)).row(0, named=True)
    assert found["interval_s"] == 60
    assert found["missed"] == pytest.approx(1 - 199 / 208)  # 198 gaps of one beat, one of ten


def test_calls_that_come_in_pairs_are_one_beat():
    times = sorted([*np.arange(0, 6000, 60.0), *(np.arange(0, 6000, 60.0) + 3)])
    found = beacons(calls(times)).row(0, named=True)
    assert (found["Connections"], found["Beats"], found["interval_s"]) == (200, 100, 60)


def test_bursts_within_the_resolution_are_one_beat_and_duplicates_count_as_connections():
    times = [second for beat in range(0, 3000, 100) for second in [beat, beat, *[beat + 0.4] * 8]]
    found = beacons(calls(times)).row(0, named=True)
    assert (found["Connections"], found["Beats"], found["interval_s"]) == (300, 30, 100)


def test_equal_sizes_raise_the_score_and_changing_ones_lower_it():
    times = np.arange(0, 3600, 60)
    sizes = {"same": [500] * 60, "wild": [10 ** (n % 7) for n in range(60)], "none": [None] * 60}
    found = {
        name: beacons(calls(times, bytes_out=pl.Series(size, dtype=pl.Int64))).row(0, named=True)
        for name, size in sizes.items()
    }
    assert found["same"]["score"] > found["none"]["score"] > found["wild"]["score"]
    assert found["same"]["size_spread"] == 0
    assert found["none"]["size_spread"] is None
    assert "sizes within 0 %" in found["same"]["reason"]
    assert found["wild"]["size_spread"] > 1
    assert "; sizes differ widely;" in found["wild"]["reason"]
    assert "size" not in found["none"]["reason"]


def test_neither_order_nor_zone_nor_kind_of_frame_changes_the_answer():
    rng = np.random.default_rng(1)
    frame = pl.concat(
        [calls(sleeping(rng, 60, 0.2)), calls(sleeping(rng, 600, 0.1), target="198.51.100.1")]
    )
    want = beacons(frame).drop("SourceIndex").rows()
    moved = frame.sample(fraction=1, shuffle=True, seed=3)
    local = frame.with_columns(
        (pl.col("ts") * 1e6).round().cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
        .dt.convert_time_zone("Asia/Tokyo")
    )  # fmt: skip
    assert beacons(moved).drop("SourceIndex").rows() == want
    from_tokyo = beacons(local).drop("SourceIndex")
    assert from_tokyo.drop("reason").rows() == [row[:-1] for row in want]
    made = beacons(frame.to_pandas())
    assert isinstance(made, pd.DataFrame)
    assert made["score"].tolist() == [row[COLUMNS.index("score")] for row in want]
    assert isinstance(beacons(frame.to_arrow()), pa.Table)


def test_pandas_callers_get_their_own_index_of_the_first_row():
    frame = calls(range(0, 900, 60)).to_pandas()
    frame.index = [f"row{n}" for n in range(len(frame))]
    assert beacons(frame)["SourceIndex"].tolist() == ["row0"]


def test_ports_can_make_pairs_of_their_own_and_null_is_a_port_too():
    times = [*range(0, 1000, 50), *range(7, 1000, 33)]
    ports = pl.Series([443] * 20 + [None] * 31, dtype=pl.Int64)
    assert len(ports) == len(times)
    found = beacons(calls(times, port=ports), by="port").sort("interval_s")
    assert found.select("port", "interval_s", "Beats").rows() == [(None, 33, 31), (443, 50, 20)]


def test_how_many_sources_call_a_target_is_counted_over_all_rows():
    rare = [calls([1.0, 2.0], source=f"192.0.2.{n}") for n in range(20, 25)]
    found = beacons(pl.concat([calls(range(0, 900, 60)), *rare])).row(0, named=True)
    assert found["sources"] == 6
    assert found["reason"].endswith("6 of 6 sources call this target")


def test_too_few_beats_are_not_judged():
    assert beacons(calls(range(0, 420, 60))).height == 0
    assert beacons(calls(range(0, 420, 60)), min_beats=7).height == 1
    assert beacons(calls([0.0] * 1000)).height == 0  # all at once


@pytest.mark.parametrize("rows", [0, 1])
def test_nothing_in_gives_nothing_out_with_all_columns(rows):
    found = beacons(calls(range(rows)))
    assert found.height == 0
    assert found.columns == COLUMNS


def test_rows_without_time_or_ends_are_left_out_and_counted():
    frame = pl.concat([calls(range(0, 900, 60)), calls([1.0], source=""), calls([None])])
    with pytest.warns(UserWarning, match="2 of 17 rows have no time, source or target"):
        assert beacons(frame)["Connections"].to_list() == [15]
    empty = calls([None, None]).with_columns(src_ip=pl.lit(None, dtype=pl.String))
    with pytest.warns(UserWarning, match="2 of 2 rows"):
        assert beacons(empty, time_column="ts").height == 0


def test_wrong_use_is_said():
    frame = calls(range(0, 900, 60))
    with pytest.raises(UnknownColumn, match="src_ip"):
        beacons(frame, source_column="src_ipp")
    with pytest.raises(UsageError, match="min_beats is 3"):
        beacons(frame, min_beats=3)
    with pytest.raises(UsageError, match="resolution_s is -1"):
        beacons(frame, resolution_s=-1)
    with pytest.raises(UsageError, match="the role 'source_ip'"):
        beacons(frame.drop("src_ip"))
    with pytest.raises(UsageError, match="in the way"):
        beacons(frame.with_columns(score=1), by="score")
    with pytest.raises(UsageError, match="not names"):
        beacons(frame.with_columns(src_ip=pl.concat_list("src_ip")))


def beats_of(times, shortest):
    return [at for n, at in enumerate(times) if n == 0 or (at - times[n - 1]) / 1e6 > shortest]


def rhythm_in_plain_python(times, min_beats):
    """Beats, interval, jitter and missed, from the description; times are microseconds."""
    times = beats_of(sorted(times), 1.0)
    if len(times) < 2:
        return None
    times = beats_of(times, pl.Series(np.diff(times) / 1e6).quantile(0.75) * 0.1)
    if len(times) < min_beats:
        return None
    gaps = (np.diff(times) / 1e6).tolist()
    interval = median(gaps)
    for _ in range(3):
        parts = [max(1, round(gap / interval)) for gap in gaps]
        folds = [gap / n for gap, n in zip(gaps, parts, strict=True) if n <= 3]
        used, interval = interval, median(folds)
    near = pl.Series(folds)
    jitter = (near.quantile(0.8) - near.quantile(0.2)) / 1.2 / near.median()
    missed = 1 - len(gaps) / sum(min(n, 10) for n in parts)
    return len(times), used, jitter, missed


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 0.5, 2, 59.5, 60, 61.25, 120, 183, 1e7]), st.floats(0, 3)),
        max_size=40,
    ),
    st.randoms(use_true_random=False),
)
def test_the_rhythm_is_that_of_plain_python(gaps, random):
    times = np.cumsum([a + b for a, b in gaps]).tolist()
    random.shuffle(times)
    found = beacons(calls(times), min_beats=4, time_column="ts")
    read = parse_times(calls(times)["ts"]).to_physical()
    wanted = rhythm_in_plain_python(read.to_list(), 4)
    if wanted is None:
        assert found.height == 0
        return
    for one, other in zip(
        found.select("Beats", "interval_s", "jitter", "missed").row(0), wanted, strict=True
    ):
        assert one == pytest.approx(other, rel=1e-6, abs=1e-6)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "", None]),
            st.sampled_from(["x", "y", None]),
            st.one_of(st.none(), st.floats(0, 1e9), st.sampled_from([0.0, 60.0, 120.0])),
            st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
        ),
        max_size=80,
    )
)
def test_any_rows_give_scores_between_nought_and_one(rows):
    schema = {"src_ip": pl.String, "dst_ip": pl.String, "ts": pl.Float64, "bytes_out": pl.Float64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        found = beacons(frame.with_columns(ts=pl.col("ts") + START), min_beats=4, time_column="ts")
    assert found["score"].is_between(0, 1).all()
    assert found["reason"].null_count() == 0
    whole = frame.filter(pl.col("src_ip") != "").drop_nulls(["src_ip", "dst_ip", "ts"])
    assert found.height <= whole.select("src_ip", "dst_ip").n_unique()
    assert found["Connections"].sum() <= whole.height


# The attackers of the simulations: their traffic is what has to be found, so it is no background.
ATTACKERS = {"192.168.0.4", "192.168.1.43", "10.0.10.106", "10.10.10.5"}
LOGS = (
    ("compound/apt29", "Zeek_conn", "id_orig_h", "id_resp_h"),
    ("compound/LSASS_campaign_02", "Zeek_conn", "id_orig_h", "id_resp_h"),
    ("atomic/windows", "DeviceNetworkEvents", "DeviceName", "RemoteIP"),
)


@pytest.fixture(scope="module")
def real_gaps(shared_data):
    """Seconds between two connections of the same pair of hosts, within one capture."""
    found = []
    for folder, table, source, target in LOGS:
        evidence = huntkit.open(shared_data / "security-datasets" / folder)
        rows = evidence.table(table, frame="polars").drop_nulls([source, target])
        rows = rows.filter(~pl.col(source).is_in(ATTACKERS) & ~pl.col(target).is_in(ATTACKERS))
        gap = pl.col("TimeGenerated").sort().diff().dt.total_microseconds() / 1e6
        gaps = rows.group_by(source, target).agg(gap.drop_nulls().alias("gap")).explode("gap")
        found.append(gaps["gap"].drop_nulls().filter(gaps["gap"].drop_nulls() < 86_400))
    return pl.concat(found).sort().to_numpy()


@pytest.mark.data
@pytest.mark.parametrize(("seed", "stretched"), [(1, False), (2, True), (3, False), (4, True)])
def test_planted_beacons_are_found_among_quiet_pairs(real_gaps, seed, stretched):
    assert len(real_gaps) > 1000
    rng = np.random.default_rng(seed)
    frames = []
    for pair in range(5000):
        gaps = rng.choice(real_gaps, int(np.exp(rng.uniform(np.log(10), np.log(1000)))))
        times = np.cumsum(gaps)
        if stretched:  # over the whole day, however short the gaps are
            times = times * rng.uniform(0.5, 1) * 86_400 / times[-1]
        frames.append((f"quiet{pair}", times[times < 86_400]))
    for pair in range(50):
        interval = np.exp(rng.uniform(np.log(30), np.log(3600)))
        times = sleeping(rng, interval, rng.uniform(0, 0.3), missed=0.2)
        frames.append((f"planted{pair}", times))
    rows = pl.concat(calls(times, source=name) for name, times in frames)
    found = beacons(rows.sample(fraction=1, shuffle=True, seed=seed))
    names = pl.DataFrame({"Source": [name for name, _ in frames]})
    ranked = names.join(found, on="Source", how="left").with_columns(
        pl.col("score").fill_null(0), planted=pl.col("Source").str.starts_with("planted")
    )  # a pair that was not judged was not found
    rank = ranked["score"].rank("average")
    planted = ranked["planted"]
    auc = (rank.filter(planted).sum() - 50 * 51 / 2) / (50 * 5000)
    assert auc >= 0.97
    # A few of the real gaps are hours long. Stretched over a day, a pair that drew one of them a
    # dozen times calls at that interval and no other, so it ranks among the planted ones.
    top = found.head(20)["Source"].str.starts_with("planted").mean()
    assert top >= (0.8 if stretched else 1.0)


def test_ten_times_the_rows_take_no_more_than_a_few_times_ten_as_long():
    # An answer that is quadratic anywhere would take minutes here.
    rng = np.random.default_rng(0)
    size = 300_000
    frame = pl.DataFrame(
        {
            "ts": START + rng.uniform(0, 86_400, size),
            "src_ip": pl.Series(rng.integers(0, 3000, size)).cast(pl.String),
            "dst_ip": "203.0.113.9",
        }
    )
    began = datetime.now(UTC)
    found = beacons(frame)
    assert datetime.now(UTC) - began < timedelta(seconds=20)
    assert found.height == 3000
    assert found["score"].max() < 0.5
