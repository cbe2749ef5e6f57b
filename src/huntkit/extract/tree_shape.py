"""Depth, path and size of the trees in a list of parents; loops are cut.

Parents are followed by pointer doubling: after k rounds each node knows its ancestor 2^k levels up,
so a tree of depth d takes log2(d) rounds over whole columns, and a chain of a million processes 20.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

_PATH_LEVELS = 64  # a path names at most so many ancestors: a hostile chain must not cost n * n
_Places = npt.NDArray[np.int64]


def shape(parent: pl.Series, labels: pl.Series | None = None) -> pl.DataFrame:
    """Columns ``parent depth path descendants children is_cut`` for parents given by place.

    -1 is the parent of a root. A loop is cut above its first node, which becomes a root and has
    ``is_cut``. ``path`` is the labels (places, if none are given) from the root, separated by
    ``/``; of very deep nodes the last 64, with ``…`` before.

    Examples:
        >>> shape(pl.Series([-1, 0, 1, 2, 4])).select("depth", "path", "is_cut").rows()
        [(0, '0', False), (1, '0/1', False), (2, '0/1/2', False), (3, '0/1/2/3', False),
         (0, '4', True)]
    """
    end = len(parent)  # one more place, above all roots, that points to itself
    given = parent.cast(pl.Int64).fill_null(-1).to_numpy()
    jump = np.append(np.where((given >= 0) & (given < end), given, end), end)
    cut = _first_of_loops(jump, end)
    jump[cut] = end
    is_cut = np.zeros(end, dtype=bool)
    is_cut[cut] = True
    depth, descendants = _sizes(jump, end)
    names = pl.int_range(end, eager=True) if labels is None else labels
    above = jump[:end]
    return pl.DataFrame(
        {
            "parent": np.where(above == end, -1, above),
            "depth": depth,
            "path": _paths(jump, depth, names.cast(pl.String)),
            "descendants": descendants,
            "children": np.bincount(above, minlength=end + 1)[:end],
            "is_cut": is_cut,
        },
        schema_overrides={"depth": pl.Int64, "descendants": pl.Int64, "children": pl.Int64},
    )


def _first_of_loops(jump: _Places, end: int) -> _Places:
    """The smallest place of every loop."""
    above, first = jump, np.arange(end + 1)
    for _ in range(max(1, end).bit_length() + 1):
        if (above == end).all():
            return np.empty(0, dtype=np.int64)
        first = np.minimum(first, first[above])
        above = above[above]
    # Whoever is not at the end by now stands on a loop; `first` is the smallest place of that loop.
    return np.unique(first[above[above != end]])


def _sizes(jump: _Places, end: int) -> tuple[_Places, _Places]:
    """Depth and number of descendants of each node."""
    depth = (jump != end).astype(np.int64)
    below = np.zeros(end + 1, dtype=np.int64)  # descendants less than `2^round` levels down
    while (jump != end).any():
        found = np.bincount(jump, weights=below + 1, minlength=end + 1).astype(np.int64)
        found[end] = 0
        below += found
        depth += depth[jump]
        jump = jump[jump]
    return depth[:end], below[:end]


def _paths(jump: _Places, depth: _Places, labels: pl.Series) -> pl.Series:
    end = len(labels)
    places = pl.Series(jump, dtype=pl.Int64)
    path = pl.concat([labels.alias("path"), pl.Series("path", [""], dtype=pl.String)])
    levels = 1
    while levels < _PATH_LEVELS and (places != end).any():
        joined = pl.select(pl.concat_str(path.gather(places), path, separator="/")).to_series()
        path = path.zip_with(places == end, joined)
        places = places.gather(places)
        levels *= 2
    path = path.head(end)
    if not (depth >= _PATH_LEVELS).any():
        return path
    deep = pl.Series(depth >= _PATH_LEVELS)
    return path.zip_with(~deep, "…/" + path)
