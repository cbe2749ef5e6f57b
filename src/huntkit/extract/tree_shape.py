"""Depth, path and size of the trees in a list of parents; loops are cut.

Parents are followed by pointer doubling: after k rounds each node knows its ancestor 2^k levels up,
so a tree of depth d takes log2(d) rounds over whole columns, and a chain of a million processes 20.
"""

import polars as pl

_PATH_LEVELS = 64  # a path names at most so many ancestors: a hostile chain must not cost n * n


def shape(parent: pl.Series) -> pl.DataFrame:
    """Columns ``parent depth path descendants children`` for parents given by place (-1: a root).

    A loop is cut above its first node, which becomes a root. ``path`` is the places from the root,
    separated by ``/``; of very deep nodes the last 64, with ``…`` before.

    Examples:
        >>> shape(pl.Series([-1, 0, 1, 2, 4])).select("depth", "path").rows()
        [(0, '0'), (1, '0/1'), (2, '0/1/2'), (3, '0/1/2/3'), (0, '4')]
    """
    size = len(parent)
    end = size  # one more place, above all roots, that points to itself
    jump = pl.concat([parent.cast(pl.Int64), pl.Series([end], dtype=pl.Int64)])
    jump = jump.zip_with(
        (jump >= 0) & (jump < size), pl.repeat(end, size + 1, dtype=pl.Int64, eager=True)
    )
    jump = _without_loops(jump, end)
    parent = jump.head(size)
    depth, path = _followed(jump, end)
    descendants, children = _counts(parent.to_list(), depth.to_list(), end)
    return pl.DataFrame(
        {
            "parent": parent.zip_with(
                parent != end, pl.repeat(-1, size, dtype=pl.Int64, eager=True)
            ),
            "depth": depth,
            "path": path,
            "descendants": pl.Series(descendants, dtype=pl.Int64),
            "children": pl.Series(children, dtype=pl.Int64),
        }
    )


def _without_loops(jump: pl.Series, end: int) -> pl.Series:
    """Cut the parent of the first node of every loop."""
    above, first = jump, pl.int_range(end + 1, dtype=pl.Int64, eager=True)
    rounds = max(1, end).bit_length() + 1
    for _ in range(rounds):
        if (above == end).all():
            return jump
        first = pl.select(pl.min_horizontal(first, first.gather(above))).to_series()
        above = above.gather(above)
    # Whoever is not at the end by now stands on a loop; `first` is the smallest place of that loop.
    loops = first.gather(above.filter(above != end)).unique()
    places = pl.int_range(end + 1, dtype=pl.Int64, eager=True)
    return jump.zip_with(
        ~places.is_in(loops.implode()), pl.repeat(end, end + 1, dtype=pl.Int64, eager=True)
    )


def _followed(jump: pl.Series, end: int) -> tuple[pl.Series, pl.Series]:
    places = pl.int_range(end + 1, dtype=pl.Int64, eager=True)
    frame = pl.DataFrame(
        {"jump": jump, "depth": (jump != end).cast(pl.Int64), "path": places.cast(pl.String)}
    )
    levels = 1
    while not (frame["jump"] == end).all():
        above = frame[frame["jump"]].select(pl.all().name.prefix("above_"))
        is_in = pl.col("jump") != end
        path = pl.col("path")
        if levels < _PATH_LEVELS:
            path = (
                pl.when(is_in)
                .then(pl.concat_str("above_path", "path", separator="/"))
                .otherwise("path")
            )
        frame = frame.hstack(above).select(
            jump="above_jump",
            depth=pl.when(is_in).then(pl.col("depth") + pl.col("above_depth")).otherwise("depth"),
            path=path,
        )
        levels *= 2
    frame = frame.head(end)
    cut = pl.when(pl.col("depth") >= _PATH_LEVELS).then(pl.lit("…/") + pl.col("path"))
    return frame["depth"], frame.select(cut.otherwise("path")).to_series()


def _counts(parent: list[int], depth: list[int], end: int) -> tuple[list[int], list[int]]:
    """Descendants and children; a plain loop, as each level needs the sums of the one below."""
    below, children = [0] * (end + 1), [0] * (end + 1)
    for place in sorted(range(end), key=depth.__getitem__, reverse=True):
        above = parent[place]
        below[above] += below[place] + 1
        children[above] += 1
    return below[:end], children[:end]
