"""Density clustering (DBSCAN) whose memory grows with the points, not with their neighbours.

The labels are those of ``sklearn.cluster.DBSCAN``: the same core points, clusters numbered by
their first core point, a border point in the lowest numbered cluster that reaches it. The usual
way keeps the list of all neighbours of every point, which is quadratic where points are dense.
Here only two questions are asked of a k-d tree. How many of the nearest ``min_samples`` points
lie within reach? And: which is the nearest core point of another component? The second is
Borůvka's way to a spanning forest; two components that differ are told apart by some bit of
their numbers, so asking once per bit finds a neighbour for each component that has one.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from huntkit.core.extras import require

_CELLS: Final = 4_000_000  # answers of one question to the tree
_FIRST: Final = 8  # neighbours that join components to begin with

Points = NDArray[np.float64]
Numbers = NDArray[np.int64]


def dbscan(
    points: Points, weights: Numbers, *, reach: float, min_samples: int
) -> tuple[Numbers, NDArray[np.bool_]]:
    """The cluster of each point, -1 for none, and which points are core points.

    Args:
        points: distinct points, a row each.
        weights: how many rows each point stands for.
        reach: how near neighbours are, Euclidean, bounds included.
        min_samples: how many rows within reach, itself included, make a core point.
    """
    spatial: Any = require("scipy.spatial", extra="ml")
    core = _core(spatial.cKDTree(points), points, weights, reach, min_samples)
    labels = np.full(len(points), -1, dtype=np.int64)
    if not core.any():
        return labels, core
    cores = points[core]
    labels[core] = _by_first(_components(spatial, cores, reach))
    border = np.flatnonzero(~core)
    if len(border):
        labels[border] = _lowest_near(
            spatial.cKDTree(cores), points[border], cores, labels[core], reach, min_samples
        )
    return labels, core


def _near(
    tree: Any, asked: Points, points: Points, reach: float, most: int
) -> tuple[Numbers, NDArray[np.bool_]]:
    """The nearest `most` points of each asked one, and which of them are within reach."""
    most = min(most, len(points))
    # The tree's bound is exclusive and its distances are rounded: ask a little wider, and decide
    # on squares, as scikit-learn does.
    _, found = tree.query(asked, k=most, distance_upper_bound=reach * (1 + 1e-6) + 1e-300)
    found = found.reshape(len(asked), most)
    known = found < len(points)
    safe = np.where(known, found, 0)
    with np.errstate(over="ignore"):  # what is infinitely far is not near
        squares = ((points[safe] - asked[:, None, :]) ** 2).sum(axis=2)
    return safe, known & (squares <= reach * reach)


def _core(
    tree: Any, points: Points, weights: Numbers, reach: float, min_samples: int
) -> NDArray[np.bool_]:
    core = weights >= min_samples
    unsure = np.flatnonzero(~core)
    for part in _parts(unsure, min_samples, points.shape[1]):
        safe, near = _near(tree, points[part], points, reach, min_samples)
        core[part] = (weights[safe] * near).sum(axis=1) >= min_samples
    return core


def _components(spatial: Any, points: Points, reach: float) -> Numbers:
    """The number of the connected component of each point, neighbours being within reach."""
    graph: Any = require("scipy.sparse.csgraph", extra="ml")
    sparse: Any = require("scipy.sparse", extra="ml")

    def joined(one: Numbers, other: Numbers, count: int) -> Numbers:
        ones = np.ones(len(one), dtype=np.int8)
        edges = sparse.coo_matrix((ones, (one, other)), shape=(count, count))
        numbers: Numbers = graph.connected_components(edges, directed=False)[1].astype(np.int64)
        return numbers

    tree = spatial.cKDTree(points)
    pairs: list[tuple[Numbers, Numbers]] = []
    for part in _parts(np.arange(len(points)), _FIRST, points.shape[1]):
        found, near = _near(tree, points[part], points, reach, _FIRST)
        pairs.append((np.repeat(part, near.sum(axis=1)), found[near]))
    one, other = (np.concatenate(side) for side in zip(*pairs, strict=True))
    component = joined(one, other, len(points))
    while True:
        count = int(component.max()) + 1
        edges = _between(spatial, points, component, count, reach)
        if not len(edges[0]):
            return component
        component = joined(*edges, count)[component]


def _between(
    spatial: Any, points: Points, component: Numbers, count: int, reach: float
) -> tuple[Numbers, Numbers]:
    """Pairs of components with points within reach; at least one for each that has any."""
    ones: list[Numbers] = [np.empty(0, np.int64)]
    others: list[Numbers] = [np.empty(0, np.int64)]
    for bit in range(max(count - 1, 0).bit_length()):
        side = (component >> bit) & 1 == 1
        for asking, asked in ((side, ~side), (~side, side)):
            if not asking.any() or not asked.any():
                continue
            there, places = np.flatnonzero(asked), np.flatnonzero(asking)
            tree = spatial.cKDTree(points[there])
            for part in _parts(places, 1, points.shape[1]):
                found, near = _near(tree, points[part], points[there], reach, 1)
                ones.append(component[part[near[:, 0]]])
                others.append(component[there[found[near]]])
    return np.concatenate(ones), np.concatenate(others)


def _by_first(component: Numbers) -> Numbers:
    """Components renumbered in the order in which they first appear."""
    _, first, place = np.unique(component, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[place]


def _lowest_near(
    tree: Any, asked: Points, cores: Points, labels: Numbers, reach: float, min_samples: int
) -> Numbers:
    """The lowest cluster with a core point within reach. A border point has few of those."""
    result = np.full(len(asked), -1, dtype=np.int64)
    for part in _parts(np.arange(len(asked)), min_samples, cores.shape[1]):
        found, near = _near(tree, asked[part], cores, reach, min_samples)
        lowest = np.where(near, labels[found], np.iinfo(np.int64).max).min(axis=1)
        result[part] = np.where(near.any(axis=1), lowest, -1)
    return result


def _parts(places: Numbers, most: int, width: int) -> list[Numbers]:
    size = max(1, _CELLS // (most * max(width, 1)))
    return [places[start : start + size] for start in range(0, len(places), size)]
