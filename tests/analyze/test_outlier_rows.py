from datetime import timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.analyze import (
    identify_outliers,
    identify_outliers_rrcf,
    outliers,
    remove_common_items,
)
from huntkit.core.errors import UnknownColumn, UsageError

METHODS = ["random_cut_forest", "isolation_forest"]


def flows(size=500):
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "host": [f"h{n}" for n in range(size)],
            "bytes": rng.integers(1000, 2000, size),
            "took": [timedelta(seconds=float(s)) for s in rng.uniform(1, 2, size)],
        }
    )


@pytest.mark.parametrize("method", METHODS)
def test_the_odd_rows_stand_first_with_the_value_that_is_odd(method):
    rows = flows()
    odd = pl.DataFrame(
        {"host": ["x", "y"], "bytes": [9_000_000, 1500], "took": [timedelta(seconds=1.5),
                                                                 timedelta(hours=5)]}
    )  # fmt: skip
    found = outliers(pl.concat([rows, odd]), method=method)
    assert set(found["host"][:2]) == {"x", "y"}
    told = dict(found.select("host", "reason").head(2).iter_rows())
    assert told["x"].startswith("bytes is 9000000, the median 1")
    assert told["x"].endswith("; 1 of 502 rows is as far from it")
    assert told["y"].startswith("took is 18000, the median 1.")
    assert found.height == 502
    assert sorted(found["SourceIndex"]) == list(range(502))


def test_units_do_not_matter():
    rows = flows(300)
    large = rows.with_columns(pl.col("bytes") * 1_000_000)
    assert outliers(rows)["score"].to_list() == pytest.approx(outliers(large)["score"].to_list())


def test_rows_with_gaps_are_not_judged_and_stand_last():
    rows = pl.concat([flows(50), flows(2).with_columns(bytes=pl.lit(None, dtype=pl.Int64))])
    found = outliers(rows, ["bytes"])
    assert found["SourceIndex"].to_list()[-2:] == [50, 51]
    assert found["score"].null_count() == found["reason"].null_count() == 2
    nan = pl.DataFrame({"a": [1.0, 2.0, float("nan"), float("inf"), None]})
    assert outliers(nan)["score"].null_count() == 3


@pytest.mark.parametrize("rows", [1, 2, 50])
def test_constant_rows_are_all_alike(rows):
    found = outliers(pl.DataFrame({"a": [5] * rows}))
    assert found["score"].to_list() == [0] * rows


def test_nothing_in_gives_nothing_out():
    found = outliers(pl.DataFrame(schema={"a": pl.Int64}))
    assert found.schema == {"a": pl.Int64, "score": pl.Float64, "reason": pl.String,
                            "SourceIndex": pl.Int64}  # fmt: skip


def test_pandas_callers_get_their_index():
    rows = flows(40).to_pandas()
    rows.index = [f"r{n}" for n in range(40)]
    found = outliers(rows, ["bytes"])
    assert isinstance(found, pd.DataFrame)
    assert sorted(found["SourceIndex"]) == sorted(rows.index)


def test_wrong_use_is_said():
    with pytest.raises(UsageError, match="holds String, not numbers"):
        outliers(flows(), ["host"])
    with pytest.raises(UsageError, match="no columns of numbers"):
        outliers(flows().select("host"))
    with pytest.raises(UsageError, match="no row has a number in all of a"):
        outliers(pl.DataFrame({"a": [None, None]}, schema={"a": pl.Int64}))
    with pytest.raises(UnknownColumn, match="did you mean 'bytes'"):
        outliers(flows(), ["byte"])
    with pytest.raises(UsageError, match="no method 'magic'"):
        outliers(flows(), method="magic")
    with pytest.raises(UsageError, match="already has 'score'") as refused:
        outliers(flows().with_columns(score=1))
    assert refused.value.hint == "rename it first, or drop it"


@pytest.mark.parametrize("share", [0.01, 0.1])
def test_the_isolation_forest_is_that_of_scikit_learn(share):
    ensemble = pytest.importorskip("sklearn.ensemble")
    points = np.random.default_rng(3).normal(size=(400, 5))
    theirs = ensemble.IsolationForest(
        max_samples=100, max_features=2, random_state=np.random.RandomState(42), contamination=share
    ).fit(points)
    model, found, labels = identify_outliers(points, points, contamination=share)
    assert labels.tolist() == theirs.predict(points).tolist()
    assert model.score_samples(points).tolist() == theirs.score_samples(points).tolist()
    assert found.tolist() == points[labels == -1].tolist()


def test_the_isolation_forest_takes_numbers_that_its_trees_can_not_hold():
    points = np.array([[float(n % 5), 1.0] for n in range(60)] + [[1e300, 1.0]])
    _, found, labels = identify_outliers(points, points, contamination=0.01)
    assert labels.tolist() == [1] * 60 + [-1]
    assert len(found) == 1
    rows = pl.DataFrame({"a": points[:, 0]})
    assert outliers(rows, method="isolation_forest")["a"][0] == 1e300


def test_the_isolation_scores_of_rows_are_those_of_scikit_learn():
    ensemble = pytest.importorskip("sklearn.ensemble")
    values = np.random.default_rng(3).normal(size=301)
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], method="nearest")
    scaled = ((values - middle) / (high - low))[:, None]
    want = -ensemble.IsolationForest(random_state=42).fit(scaled).score_samples(scaled)
    found = outliers(pl.DataFrame({"a": values}), method="isolation_forest").sort("SourceIndex")
    assert found["score"].to_list() == pytest.approx(want.tolist(), rel=1e-12)


def test_the_random_cut_forest_marks_the_share_that_was_asked_for():
    points = np.random.default_rng(3).normal(size=(200, 2))
    _, found, labels = identify_outliers_rrcf(points, points, contamination=0.05)
    assert (labels == -1).sum() == len(found) == 10


def test_forests_refuse_other_columns():
    with pytest.raises(UsageError, match="x has 2 columns, x_predict 3"):
        identify_outliers([[1.0, 2.0]], [[1.0, 2.0, 3.0]])
    with pytest.raises(UsageError, match="contamination is 0"):
        identify_outliers([[1.0]], [[1.0]], contamination=0)


def test_common_values_are_counted_before_any_row_is_left_out():
    rows = pl.DataFrame({"user": ["al"] * 11 + ["eve", None], "port": [1] * 10 + [2, 2, 3]})
    assert remove_common_items(rows, ["user"])["user"].to_list() == ["eve", None]
    assert remove_common_items(rows, ["user", "port"]).height == 2
    assert remove_common_items(rows, ["port"], more_than=2)["port"].to_list() == [2, 2, 3]
    assert remove_common_items(rows, []).equals(rows)
    assert isinstance(remove_common_items(rows.to_pandas(), ["user"]), pd.DataFrame)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(allow_nan=True, allow_infinity=True) | st.none(), st.integers(-9, 9)),
        min_size=1,
        max_size=40,
    )
)
def test_any_numbers_give_finite_scores_or_none(rows):
    frame = pl.DataFrame(rows, schema={"a": pl.Float64, "b": pl.Int64}, orient="row")
    found = outliers(frame, ["b"])
    assert found["score"].is_finite().all()
    if frame["a"].is_finite().any():
        scores = outliers(frame, ["a", "b"])["score"]
        assert scores.drop_nulls().is_finite().all()
        assert scores.count() == int(frame["a"].is_finite().sum())


@pytest.mark.parametrize("values", [[0.0, 2e-313], [1e308, -1e308, 0.0], [1e308, 1e-308, 5e-324]])
def test_the_smallest_and_the_largest_numbers_are_judged(values):
    assert outliers(pl.DataFrame({"a": values}))["score"].is_finite().all()


def test_a_column_of_no_values_is_not_called_text() -> None:
    empty = pd.DataFrame({"bytes": []}, dtype=object)
    assert outliers(empty, ["bytes"]).columns.tolist() == [
        "bytes",
        "score",
        "reason",
        "SourceIndex",
    ]
    with pytest.raises(UsageError, match="no row has a number"):
        outliers(pd.DataFrame({"bytes": [None, None]}, dtype=object), ["bytes"])
    with pytest.raises(UsageError, match="holds String, not numbers"):
        outliers(pd.DataFrame({"bytes": [None, "x"]}, dtype=object), ["bytes"])
