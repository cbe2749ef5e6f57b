"""Robust random cut forests: how much a point would displace the others in random trees.

Guha, Mishra, Roy, Schrijvers: Robust Random Cut Forest Based Anomaly Detection On Streams (2016).
A tree cuts a sample again and again, each time a dimension chosen by its range, at a place chosen
evenly. A point that is soon cut off alone has many neighbours to displace. Points are scored
together, box by box, without being put into the tree.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from huntkit.core.errors import UsageError

Points = npt.NDArray[np.float64]
_SEED: Final = 42
_LARGEST: Final = 1e150  # so that neither ranges nor their sums leave the numbers there are


@dataclass(slots=True)
class _Node:
    """A box of points; a leaf has no cut."""

    low: Points
    high: Points
    size: int
    dimension: int = -1
    place: float = 0.0
    left: "_Node | None" = None
    right: "_Node | None" = None


class RobustRandomCutForest:
    """A forest that scores points by their collusive displacement; used like scikit-learn's models.

    The same points give the same scores: the trees are drawn from a fixed seed. Scale the columns
    before if their units differ, since wide ones are cut more often.

    Args:
        num_trees: how many trees.
        tree_size: the most points of a tree.
        contamination: the share of outliers that `predict` marks.
        max_samples: how many rows a tree is made of: a number, or a share of all; at most
            `tree_size`, which is also what None means.
        max_features: how many columns a tree looks at: a number, or a share of all; None: all.

    Examples:
        >>> points = np.array([[float(n % 10), float(n // 10)] for n in range(100)] + [[50, 50.]])
        >>> forest = RobustRandomCutForest(contamination=0.01).fit(points)
        >>> int(np.argmax(forest.decision_function(points)))
        100
    """

    def __init__(
        self,
        num_trees: int = 100,
        tree_size: int = 256,
        contamination: float = 0.05,
        max_samples: float | None = None,
        max_features: float | None = None,
    ) -> None:
        if num_trees < 1 or tree_size < 2 or not 0 <= contamination <= 0.5:
            raise UsageError(
                f"num_trees is {num_trees}, tree_size {tree_size}, contamination {contamination}",
                hint="there is at least 1 tree of 2 points, and at most half are outliers",
            )
        self.num_trees = num_trees
        self.tree_size = tree_size
        self.contamination = contamination
        self.max_samples = max_samples
        self.max_features = max_features
        self.n_features_in_ = 0
        self._trees: list[tuple[_Node, npt.NDArray[np.int64]]] = []

    def fit(self, x: Any) -> "RobustRandomCutForest":
        """Make the trees of rows and columns of numbers.

        Raises:
            UsageError: there are no rows, or a value is no number.
        """
        points = checked(x)
        rows, columns = points.shape
        size = min(_part(self.max_samples, rows, self.tree_size), self.tree_size, rows)
        width = min(_part(self.max_features, columns, columns), columns)
        random = np.random.default_rng(_SEED)
        self.n_features_in_ = columns
        self._trees = []
        for _ in range(self.num_trees):
            sample = random.choice(rows, size, replace=False)
            chosen = np.sort(random.choice(columns, width, replace=False))
            self._trees.append((_tree(points[np.ix_(sample, chosen)], random), chosen))
        return self

    def decision_function(self, x: Any) -> Points:
        """The mean displacement of each row: the higher, the more of an outlier.

        A row's score does not depend on the other rows of `x`.

        Raises:
            UsageError: the forest has no trees yet, or `x` has other columns.
        """
        points = checked(x)
        if not self._trees:
            raise UsageError("the forest has no trees yet", hint="call fit() first")
        if points.shape[1] != self.n_features_in_:
            raise UsageError(
                f"the forest knows {self.n_features_in_} columns, not {points.shape[1]}"
            )
        total = np.zeros(len(points))
        for root, chosen in self._trees:
            total += _displacement(root, points[:, chosen])
        return total / len(self._trees)

    def predict(self, x: Any) -> npt.NDArray[np.int64]:
        """-1 for the share of rows with the highest scores, 1 for the others.

        Rows that score as high as the last one of that share are outliers only if there is room
        for all of them, so equal rows are judged alike.
        """
        scores = self.decision_function(x)
        labels = np.ones(len(scores), dtype=np.int64)
        most = int(np.ceil(len(scores) * self.contamination))
        if 0 < most < len(scores):
            labels[scores > np.sort(scores)[len(scores) - most - 1]] = -1
        return labels


def checked(x: Any) -> Points:
    """Rows and columns of finite numbers.

    Raises:
        UsageError: it is something else, or empty.
    """
    try:
        points = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise UsageError(
            "outliers are looked for among numbers", hint="choose columns of numbers"
        ) from problem
    if points.ndim != 2 or 0 in points.shape:
        raise UsageError(
            f"outliers need rows and columns, not {' x '.join(map(str, points.shape)) or 'one'}",
            hint="give a two-dimensional array with at least one row",
        )
    if (np.abs(points) > _LARGEST).any():
        points = np.where(np.isfinite(points), np.clip(points, -_LARGEST, _LARGEST), points)
    if not np.isfinite(points).all():
        raise UsageError(
            f"{int((~np.isfinite(points).all(axis=1)).sum()):,} rows hold no finite number",
            hint="drop or fill missing values first",
        )
    return points


def _part(given: float | None, of: int, usual: int) -> int:
    """A number, or a share of all; at least one."""
    if given is None:
        return usual
    if not given > 0:
        raise UsageError(f"{given} is no number of samples or features", hint="it must be above 0")
    return max(1, int(given * of) if isinstance(given, float) and given < 1 else int(given))


def _tree(points: Points, random: np.random.Generator) -> _Node:
    """A random cut tree; equal points are one leaf."""
    root = _Node(points.min(axis=0), points.max(axis=0), len(points))
    waiting = [(root, points)]
    while waiting:
        node, held = waiting.pop()
        widths = node.high - node.low
        largest = widths.max()
        if not largest > 0:
            continue
        shares = widths / largest
        node.dimension = int(random.choice(len(shares), p=shares / shares.sum()))
        low, high = node.low[node.dimension], node.high[node.dimension]
        node.place = min(float(random.uniform(low, high)), float(np.nextafter(high, low)))
        is_left = held[:, node.dimension] <= node.place
        for side, inside in (("left", is_left), ("right", ~is_left)):
            part = held[inside]
            child = _Node(part.min(axis=0), part.max(axis=0), len(part))
            setattr(node, side, child)
            waiting.append((child, part))
    return root


def _displacement(root: _Node, points: Points) -> Points:
    """For each point: the most that it would displace, were it put into the tree, on average.

    At each box on its way down the point is cut off with a known chance; the mean over all these
    outcomes is taken instead of drawing one, so a point's score depends on nothing but the tree.
    """
    mean = np.zeros(len(points))
    still = np.ones(len(points))  # the chance that it was not cut off yet
    above = np.zeros(len(points))  # the most that it displaces where it was not
    waiting = [(root, np.arange(len(points)))]
    while waiting:
        node, rows = waiting.pop()
        here = points[rows]
        outside = (np.maximum(node.low - here, 0) + np.maximum(here - node.high, 0)).sum(axis=1)
        inside = float((node.high - node.low).sum())
        chance = np.divide(outside, outside + inside, out=np.zeros(len(rows)), where=outside > 0)
        if node.left is None or node.right is None:
            mean[rows] += still[rows] * (
                chance * np.maximum(above[rows], node.size) + (1 - chance) * above[rows]
            )
            continue
        mean[rows] += still[rows] * chance * np.maximum(above[rows], node.size)
        still[rows] *= 1 - chance
        is_left = here[:, node.dimension] <= node.place
        for child, sibling, on_side in (
            (node.left, node.right, is_left),
            (node.right, node.left, ~is_left),
        ):
            part = rows[on_side]
            if len(part):
                above[part] = np.maximum(above[part], sibling.size / (child.size + 1))
                waiting.append((child, part))
    return mean
