import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

cluster = pytest.importorskip("sklearn.cluster")

from huntkit.analyze.density import dbscan  # noqa: E402

GRID = hnp.arrays(
    np.int64, st.tuples(st.integers(1, 60), st.integers(1, 3)), elements=st.integers(0, 6)
)


def both(rows, reach, min_samples):
    order = list(dict.fromkeys(map(tuple, rows.tolist())))
    distinct = np.array(order, dtype=np.float64)
    counts = np.array([sum(tuple(r) == o for r in rows.tolist()) for o in order])
    labels, core = dbscan(distinct, counts, reach=reach, min_samples=min_samples)
    place = {value: at for at, value in enumerate(order)}
    at = [place[tuple(r)] for r in rows.tolist()]
    theirs = cluster.DBSCAN(eps=reach, min_samples=min_samples).fit(rows.astype(np.float64))
    return labels[at], np.flatnonzero(core[at]), theirs


@given(GRID, st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0]), st.integers(1, 9))
def test_labels_and_cores_are_those_of_scikit_learn(rows, reach, min_samples):
    labels, core, theirs = both(rows, reach, min_samples)
    assert labels.tolist() == theirs.labels_.tolist()
    assert core.tolist() == theirs.core_sample_indices_.tolist()


@pytest.mark.parametrize("seed", range(6))
def test_dense_clouds_and_chains_are_those_of_scikit_learn(seed):
    random = np.random.default_rng(seed)
    cloud = random.normal(size=(400, 2)) * random.choice([0.3, 1, 3])
    chain = np.column_stack([np.arange(300) * 0.09 + 20, np.zeros(300)])
    rows = random.permutation(np.concatenate([cloud, chain]))
    labels, core, theirs = both(rows, 0.1, int(random.integers(2, 8)))
    assert labels.tolist() == theirs.labels_.tolist()
    assert core.tolist() == theirs.core_sample_indices_.tolist()
