import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from huntkit.analyze import RobustRandomCutForest
from huntkit.analyze.random_cuts import _displacement, _tree
from huntkit.core.errors import UsageError

POINTS = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 30), st.integers(1, 3)),
    elements=st.one_of(
        st.integers(-5, 5).map(float),
        st.floats(-1e6, 1e6),
        st.sampled_from([1e300, -1e300, 5e-324]),
    ),
)


def expected(node, point):
    """The definition, in exact fractions: cut off here, or further down on its side."""
    low, high = ([Fraction(float(v)) for v in a] for a in (node.low, node.high))
    point = [Fraction(float(v)) for v in point]
    beyond = sum(
        max(lo - p, 0) + max(p - hi, 0) for lo, hi, p in zip(low, high, point, strict=True)
    )
    inside = sum(hi - lo for lo, hi in zip(low, high, strict=True))
    chance = beyond / (beyond + inside) if beyond else Fraction(0)
    return chance, point


def reference(node, point, above=Fraction(0)):
    chance, exact = expected(node, point)
    cut = chance * max(above, node.size)
    if node.left is None:
        return cut + (1 - chance) * above
    sides = [node.left, node.right]
    if not exact[node.dimension] <= Fraction(node.place):
        sides.reverse()
    ratio = Fraction(sides[1].size, sides[0].size + 1)
    return cut + (1 - chance) * reference(sides[0], point, max(above, ratio))


@given(POINTS, POINTS, st.integers(0, 9))
def test_displacements_are_those_of_the_definition(sample, asked, seed):
    asked = np.resize(asked, (len(asked), sample.shape[1]))
    sample, asked = np.clip(sample, -1e150, 1e150), np.clip(asked, -1e150, 1e150)
    tree = _tree(sample, np.random.default_rng(seed))
    want = [float(reference(tree, point)) for point in asked]
    assert _displacement(tree, asked).tolist() == pytest.approx(want, rel=1e-6, abs=1e-9)


@given(POINTS, st.integers(0, 9))
def test_every_leaf_of_a_tree_is_one_value(sample, seed):
    sample = np.clip(sample, -1e150, 1e150)
    waiting, leaves = [_tree(sample, np.random.default_rng(seed))], []
    while waiting:
        node = waiting.pop()
        if node.left is None:
            leaves.append((tuple(node.low), node.size))
            assert (node.low == node.high).all()
        else:
            assert node.size == node.left.size + node.right.size
            waiting += [node.left, node.right]
    values, counts = np.unique(sample + 0.0, axis=0, return_counts=True)
    assert sorted(leaves) == sorted(zip(map(tuple, values), counts.tolist(), strict=True))


def test_putting_a_point_in_by_chance_displaces_as_much_on_average():
    rng = np.random.default_rng(1)
    tree = _tree(rng.normal(0, 1, (40, 2)), rng)
    dice = random.Random(5)

    def put(node, point, above):
        chance, _ = expected(node, point)
        if dice.random() < chance:
            return max(above, node.size)
        if node.left is None:
            return above
        sides = [node.left, node.right]
        if point[node.dimension] > node.place:
            sides.reverse()
        return put(sides[0], point, max(above, sides[1].size / (sides[0].size + 1)))

    point = np.array([1.5, -2.0])
    mean = sum(put(tree, point, 0.0) for _ in range(4000)) / 4000
    assert _displacement(tree, point[None])[0] == pytest.approx(mean, rel=0.1)


def test_what_lies_apart_scores_highest_and_the_same_every_time():
    rng = np.random.default_rng(0)
    points = np.vstack([rng.normal(0, 1, (600, 3)), rng.normal(9, 1, (5, 3))])
    forest = RobustRandomCutForest(contamination=5 / 605).fit(points)
    scores = forest.decision_function(points)
    assert set(np.argsort(-scores)[:5]) == set(range(600, 605))
    assert (np.flatnonzero(forest.predict(points) == -1) == range(600, 605)).all()
    again = RobustRandomCutForest().fit(points)
    assert again.decision_function(points[::-1])[::-1].tolist() == scores.tolist()


def test_equal_points_have_no_outliers():
    forest = RobustRandomCutForest().fit([[1.0, 2.0]] * 50)
    assert forest.decision_function([[1.0, 2.0]] * 3).tolist() == [0, 0, 0]
    assert forest.predict([[1.0, 2.0]] * 30).tolist() == [1] * 30
    assert forest.decision_function([[1.0, 3.0]])[0] == 50


@pytest.mark.parametrize(("share", "most"), [(None, 256), (0.1, 100), (7, 7), (9999, 256)])
def test_samples_are_a_number_or_a_share(share, most):
    points = np.arange(1000.0)[:, None]
    forest = RobustRandomCutForest(3, max_samples=share).fit(points)
    assert [root.size for root, _ in forest._trees] == [most] * 3


def test_trees_look_at_some_columns_if_asked():
    points = np.random.default_rng(0).normal(size=(50, 6))
    forest = RobustRandomCutForest(5, max_features=0.5).fit(points)
    assert [len(chosen) for _, chosen in forest._trees] == [3] * 5
    assert np.isfinite(forest.decision_function(points)).all()


def test_wrong_use_is_said():
    forest = RobustRandomCutForest()
    with pytest.raises(UsageError, match="no trees yet"):
        forest.decision_function([[1.0]])
    with pytest.raises(UsageError, match="knows 1 columns, not 2"):
        forest.fit([[1.0]]).decision_function([[1.0, 2.0]])
    with pytest.raises(UsageError, match="among numbers"):
        forest.fit([["a"]])
    with pytest.raises(UsageError, match="1 rows hold no finite number"):
        forest.fit([[1.0], [float("nan")]])
    for odd in ([], [1.0], [[]]):
        with pytest.raises(UsageError, match="rows and columns"):
            forest.fit(odd)
    with pytest.raises(UsageError, match=r"contamination 0\.9"):
        RobustRandomCutForest(contamination=0.9)
    with pytest.raises(UsageError, match="above 0"):
        RobustRandomCutForest(max_samples=0).fit([[1.0]])
