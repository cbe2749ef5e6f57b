import resource

import numpy as np
import pandas as pd
import polars as pl
import pytest

cluster = pytest.importorskip("sklearn.cluster")
from sklearn.preprocessing import Normalizer  # noqa: E402

from huntkit.analyze import add_process_features, dbcluster_events  # noqa: E402
from huntkit.core.errors import UnknownColumn, UsageError  # noqa: E402

FEATURES = ["commandlineLen", "commandlineTokensFull", "pathScore"]


@pytest.mark.data
@pytest.mark.parametrize("normalize", [True, False])
def test_clusters_of_real_processes_are_those_of_scikit_learn(shared_data, normalize):
    starts = pl.read_csv(shared_data / "logs/processes_on_host.csv", infer_schema=False)
    frame = add_process_features(starts)
    found, model, features = dbcluster_events(
        frame, FEATURES, normalize=normalize, max_cluster_distance=0.0005 if normalize else 2
    )
    raw = frame.select(FEATURES).to_numpy().astype(float)
    scaled = Normalizer().fit_transform(raw) if normalize else raw
    assert np.allclose(features, scaled, rtol=0, atol=1e-15)
    theirs = cluster.DBSCAN(eps=model.eps, min_samples=2).fit(scaled)
    assert model.labels_.tolist() == theirs.labels_.tolist()
    sizes = pl.Series(theirs.labels_).value_counts()
    noise = int((theirs.labels_ == -1).sum())
    assert found.height == sizes.height - (noise > 0) + noise
    assert found["ClusterSize"].sum() == frame.height
    assert found.filter(pl.col("ClusterId") == -1)["ClusterSize"].to_list() == [1] * noise
    assert 1 < found.height < frame.height


def test_columns_times_and_reasons():
    frame = pd.DataFrame(
        {
            "TimeGenerated": pd.to_datetime(["2026-03-02", "2026-03-01", "2026-03-03"], utc=True),
            "x": [1.0, 1.0, 50.0],
            "y": [1.0, 1.001, -3.0],
        },
        index=[7, 8, 9],
    )
    found, _, _ = dbcluster_events(frame, ["x", "y"])
    assert isinstance(found, pd.DataFrame)
    noise, group = found.to_dict("records")
    assert (noise["ClusterId"], noise["Clustered"], noise["x"]) == (-1, False, 50.0)
    assert noise["reason"] == "1 of 3 rows (33 %); fewer than 2 rows within 0.01"
    assert (group["ClusterId"], group["ClusterSize"], group["Clustered"]) == (0, 2, True)
    assert (group["FirstEventTime"].day, group["LastEventTime"].day) == (1, 2)
    assert group["reason"] == "2 of 3 rows (67 %); near one another"


def test_columns_by_place_and_all_of_them():
    frame = pl.DataFrame({"x": [1, 2], "y": [True, False]})
    for chosen in ([0, 1], ["x", 1], None):
        assert dbcluster_events(frame, chosen)[2].shape == (2, 2)


def test_empty_and_constant_tables():
    empty = pl.DataFrame({"x": []}, schema={"x": pl.Float64})
    found, model, _ = dbcluster_events(empty, ["x"])
    assert found.height == 0
    assert len(model.labels_) == 0
    found, _, _ = dbcluster_events(pl.DataFrame({"x": [0.0] * 5, "y": [0] * 5}), ["x", "y"])
    assert found["ClusterSize"].to_list() == [5]


def test_wrong_input_is_told():
    frame = pl.DataFrame({"x": [1.0, None, float("nan")], "t": ["a", "b", "c"]})
    with pytest.raises(UsageError, match=r"'x' \(2 rows\)"):
        dbcluster_events(frame, ["x"])
    with pytest.raises(UsageError, match="not numeric: 't'"):
        dbcluster_events(frame, ["t"])
    with pytest.raises(UnknownColumn, match="z"):
        dbcluster_events(frame, ["z"])
    with pytest.raises(UsageError, match="max_cluster_distance is 0"):
        dbcluster_events(frame, ["x"], max_cluster_distance=0)


def test_thirty_thousand_dense_rows_need_little_memory():
    random = np.random.default_rng(1)
    frame = pl.DataFrame({"x": random.random(30_000), "y": random.random(30_000)})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found, _, _ = dbcluster_events(frame, ["x", "y"], normalize=False, max_cluster_distance=0.3)
    assert found["ClusterSize"].to_list() == [30_000]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB


def test_numbers_beyond_all_bounds_are_told_apart_in_silence():
    """Their squares are infinite or nought, and warnings are errors here."""
    rows = [[1e200, 1.0], [1e200, 2.0], [-1e200, 3.0], [3e-200, 4e-200], [3.0, 4.0], [0.0, 0.0]]
    frame = pd.DataFrame(rows, columns=["a", "b"])
    _, model, features = dbcluster_events(frame, verbose=True)  # as notebooks say
    assert np.allclose(features, [[1, 0], [1, 0], [-1, 0], [0.6, 0.8], [0.6, 0.8], [0, 0]])
    assert model.labels_.tolist() == [0, 0, -1, 1, 1, -1]
    _, model, _ = dbcluster_events(frame, normalize=False)
    assert model.labels_.tolist() == [-1, -1, -1, 0, -1, 0]
