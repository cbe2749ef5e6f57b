"""Clusters in a plane of two columns: what belongs together, and what stands alone."""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from huntkit.charts import events, stream
from huntkit.charts.axes import axis
from huntkit.charts.chart import Chart
from huntkit.charts.kinds.timeline_values import numbers_of, plain
from huntkit.charts.payload import as_text, json_bytes, octets
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.tables import frames

MOST: Final = 20_000  # marks that a page holds
CATEGORIES: Final = 40  # texts that an axis can tell apart
VALUES: Final = 5  # different texts that a mark tells of each column
NOISE: Final = "-1"  # what density clustering calls rows that belong nowhere

_CLUSTERS: Final = ("ClusterId", "cluster_id", "Cluster", "cluster", "labels")
_SIZES: Final = ("ClusterSize", "cluster_size")
# What clustering adds to a table; never taken as an axis by itself.
_DERIVED: Final = frozenset([*_CLUSTERS, *_SIZES, "Clustered", "_record"])


def clusters(
    data: Any,
    *,
    x: str | None = None,
    y: str | None = None,
    cluster_column: str | None = None,
    size_column: str | None = None,
    source_columns: Sequence[str] | str | None = None,
    max_groups: int = 7,
    title: str | None = None,
) -> Chart:
    """A plane of two columns with a mark per different point, coloured by its cluster.

    A mark is as large as it has rows, or as its ``ClusterSize`` says. The cluster -1, which is
    what density clustering calls noise, is grey and called noise. Axes are numbers, times, or
    up to 40 different texts.

    Args:
        data: a table of any kind, such as the result of clustering.
        x: the column along x; by default the first with numbers that clustering did not add.
        y: the column along y; by default the second.
        cluster_column: which cluster a row is in; by default ``ClusterId`` and its like.
        size_column: how many rows a row stands for; by default ``ClusterSize``, else one.
        source_columns: columns of which a mark tells the first different values; by default the
            roles that the table has.
        max_groups: clusters with a colour of their own; smaller ones share one.
        title: the heading.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: no column says which cluster, fewer than two can be axes, or there are more
            than 20,000 different points.

    Examples:
        >>> chart = clusters(
        ...     pl.DataFrame({"length": [5, 6, 90], "tokens": [1, 1, 30], "ClusterId": [0, 0, -1]})
        ... )
        >>> chart.summary
        '3 rows in 1 cluster and 1 row of noise, by length and tokens; largest: cluster 0 with 2.'
    """
    if not 1 <= max_groups <= 30:
        raise UsageError(f"max_groups is {max_groups}", hint="from 1 to 30 can be told apart")
    table = frames.to_polars(data)
    sources = events.listed(source_columns)
    events.require(table.columns, [x, y, cluster_column, size_column, *(sources or [])])
    cluster = cluster_column or next((n for n in _CLUSTERS if n in table.columns), None)
    if cluster is None:
        raise UsageError("no column says which cluster", hint="name it with cluster_column=")
    size = size_column or next((n for n in _SIZES if n in table.columns), None)
    across, up = _axes(table, x, y, cluster)
    shown = events.shown_columns(table, sources, (across, up, cluster, size))
    rows, names = _rows(table, (across, up), cluster, size)
    told = [pl.Series(f"_hk_{i}", as_text(table[n], limit=300)) for i, n in enumerate(shown)]
    rows = rows.with_columns(pl.Series(t.name, t, dtype=pl.String) for t in told)
    return _chart(
        rows,
        axes=(across, up),
        names=names,
        titles=(cluster, size),
        shown=shown,
        max_groups=max_groups,
        title=visible(title or "Clusters", limit=200),
    )


def _axes(table: pl.DataFrame, x: str | None, y: str | None, cluster: str) -> tuple[str, str]:
    numeric = [
        name
        for name in table.columns
        if table.schema[name].is_numeric() and name not in _DERIVED and name not in (cluster, x, y)
    ]
    across = x or (numeric.pop(0) if numeric else None)
    up = y or (numeric.pop(0) if numeric else None)
    if across is None or up is None:
        raise UsageError("two columns make a plane", hint="name them with x= and y=")
    return across, up


def _rows(
    table: pl.DataFrame, axes: tuple[str, str], cluster: str, size: str | None
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """``x``, ``y``, ``cluster``, ``size`` of every row; and how places on the axes are called."""
    across, up = (axis(table[name], most=CATEGORIES) for name in axes)
    group = events.lane_names(table[cluster]).replace(NOISE, "noise")
    counted = pl.Series([1] * table.height, dtype=pl.Int64)
    if size is not None:
        counted = numbers_of(table[size], parameter="size_column").cast(pl.Int64, strict=False)
    rows = pl.DataFrame(
        [
            across.values.alias("x"),
            up.values.alias("y"),
            group.alias("cluster"),
            counted.alias("size"),
        ]
    ).with_columns(pl.col("size").fill_null(1).clip(1))
    return rows, {
        "x_names": across.names,
        "y_names": up.names,
        "x_time": across.is_time,
        "y_time": up.is_time,
    }


def _chart(
    rows: pl.DataFrame,
    *,
    axes: tuple[str, str],
    names: dict[str, Any],
    titles: tuple[str, str | None],
    shown: Sequence[str],
    max_groups: int,
    title: str,
) -> Chart:
    cluster, size = titles
    sound = rows.drop_nulls(["x", "y"])
    texts = [name for name in rows.columns if name.startswith("_hk_")]
    told = [
        pl.col(n).filter(pl.col(n) != "").unique(maintain_order=True).head(VALUES).str.join("; ")
        for n in texts
    ]
    points = (
        sound.group_by("x", "y", "cluster")
        .agg(pl.col("size").sum(), *told)
        .sort(["size", "cluster", "x", "y"], descending=[True, False, False, False])
    )
    if points.height > MOST:
        raise UsageError(
            f"there are {points.height:,} different points",
            hint=f"{MOST:,} can be drawn; sum up first",
        )
    groups, of_point = _groups(points, max_groups)
    forms, content = {}, {"groups": octets(of_point)}
    for part, column in (("x", "x"), ("y", "y"), ("counts", "size")):
        forms[part], content[part] = stream.numbers(points[column])
    columns, _ = stream.texts(points, texts)
    for each, name in zip(columns, shown, strict=True):
        each["name"] = visible(name, limit=events.NAME_LIMIT)
    content["texts"] = json_bytes(columns)
    summary = _summary(sound, groups, axes, rows.height - sound.height)
    spec = {
        "kind": "clusters",
        "title": title,
        "summary": summary,
        "description": f"Clusters: {title}. {summary} Press ? for keys.",
        "message": "There are no points to draw.",
        "x_name": visible(axes[0], limit=events.NAME_LIMIT),
        "y_name": visible(axes[1], limit=events.NAME_LIMIT),
        **names,
        "group_title": visible(cluster, limit=events.NAME_LIMIT),
        "count_title": visible(size or "rows", limit=events.NAME_LIMIT),
        "groups": groups,
        "points": points.height,
        "numbers": forms,
        "height": 800,
    }
    first = events.free_name(axes[0], ["cluster", "size"])
    second = events.free_name(axes[1], ["cluster", "size", first])
    return Chart(
        data=points.drop(texts).rename({"x": first, "y": second}),
        spec=spec,
        blobs=content,
        table=_table(groups, cluster),
    )


def _groups(points: pl.DataFrame, most: int) -> tuple[list[dict[str, Any]], pl.Series]:
    """The clusters, the largest first, then small ones together, then noise; and each point's."""
    sizes = (
        points.filter(pl.col("cluster") != "noise")
        .group_by("cluster")
        .agg(pl.col("size").sum())
        .sort(["size", "cluster"], descending=[True, False])
    )
    kept = sizes if sizes.height <= most + 1 else sizes.head(most)
    groups = [{"name": name, "count": size, "rest": False} for name, size in kept.iter_rows()]
    number = {name: place for place, name in enumerate(kept["cluster"])}
    if sizes.height > kept.height:
        rest = sizes.slice(kept.height)
        number |= dict.fromkeys(rest["cluster"], len(groups))
        groups.append(
            {"name": f"{rest.height:,} others", "count": int(rest["size"].sum()), "rest": True}
        )
    noise = points.filter(pl.col("cluster") == "noise")["size"].sum()
    if noise:
        number["noise"] = len(groups)
        groups.append({"name": "noise", "count": int(noise), "rest": True})
    if not number:
        return [], pl.Series([], dtype=pl.UInt8)
    return groups, points["cluster"].replace_strict(number, return_dtype=pl.UInt8)


def _summary(
    rows: pl.DataFrame, groups: list[dict[str, Any]], axes: tuple[str, str], left_out: int
) -> str:
    parts = ["No points to draw."]
    if rows.height:
        found = rows.filter(pl.col("cluster") != "noise")["cluster"].n_unique()
        noise = int((rows["cluster"] == "noise").sum())
        x, y = (visible(name, limit=80) for name in axes)
        text = f"{events.number(rows.height, 'row')} in {events.number(found, 'cluster')}"
        if noise:
            text += f" and {events.number(noise, 'row')} of noise"
        text += f", by {x} and {y}"
        if found and not groups[0]["rest"]:
            text += f"; largest: cluster {groups[0]['name']} with {plain(groups[0]['count'])}"
        parts = [f"{text}."]
    if left_out:
        parts.append(f"{events.number(left_out, 'row')} without both values not drawn.")
    return " ".join(parts)


def _table(groups: list[dict[str, Any]], cluster: str) -> tuple[tuple[str, ...], ...]:
    if not groups:
        return ()
    head = (visible(cluster, limit=80), "size")
    return (head, *((group["name"], f"{group['count']:,}") for group in groups))
