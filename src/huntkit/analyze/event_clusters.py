"""Events clustered by the density of their numeric features."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from huntkit.analyze.clustering import percent, refuse_taken, times_of
from huntkit.analyze.density import Points, dbscan
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.core.extras import require
from huntkit.tables import from_polars, to_polars
from huntkit.tables.stand_ins import exactly

ADDED: Final = (
    "Clustered", "ClusterId", "ClusterSize", "FirstEventTime", "LastEventTime", "rarity", "score",
    "reason",
)  # fmt: skip


def dbcluster_events(
    data: Any,
    cluster_columns: Sequence[Any] | str | int | None = None,
    *,
    verbose: bool = False,  # noqa: ARG001  known name
    normalize: bool = True,
    time_column: str | None = None,
    max_cluster_distance: float = 0.01,
    min_cluster_samples: int = 2,
) -> tuple[Any, Any, Points]:
    """One row per density cluster and per row that is in none, with the model and the features.

    The clusters are exactly those of scikit-learn's DBSCAN on all rows. Equal rows are put
    together before, and neighbours are never listed, so memory grows with the distinct rows.

    Args:
        data: a table of any kind.
        cluster_columns: numeric columns, by name or place, that say what is near; by default all.
            `add_process_features` makes some for process events.
        verbose: changes nothing: what notebooks had printed is in the three results.
        normalize: scale each row to length one before; distances are between directions then.
        time_column: when it happened; by default found by its role, and left out if there is none.
        max_cluster_distance: how near neighbours are.
        min_cluster_samples: how many rows within that distance, itself included, make a cluster.

    Returns:
        Three things. The clusters, in the kind of table that was given: the columns of an
        example (the cluster's first row), ``Clustered ClusterId ClusterSize FirstEventTime
        LastEventTime``, and ``rarity`` (share of all rows), ``score`` (``log2`` of its inverse,
        in bits) and ``reason``; rows in no cluster have the id -1 and stand first, each by
        itself. Then a ``sklearn.cluster.DBSCAN`` that holds ``labels_``,
        ``core_sample_indices_`` and ``components_``, and the array of features.

    Raises:
        MissingExtra: the extra ``ml`` is not installed.
        UsageError: a column is not numeric or has gaps, or a bound makes no sense.

    Examples:
        >>> logons = pl.DataFrame({"length": [9.0, 9.1, 9.2, 30.0], "words": [1, 1, 1, 9]})
        >>> found, model, _ = dbcluster_events(logons, ["length", "words"])
        >>> found.select("ClusterId", "ClusterSize", "reason").rows()[0]
        (-1, 1, '1 of 4 rows (25 %); fewer than 2 rows within 0.01')
        >>> model.labels_.tolist()
        [0, 0, 0, -1]
    """
    if not max_cluster_distance > 0 or min_cluster_samples < 1:
        raise UsageError(
            f"max_cluster_distance is {max_cluster_distance}, "
            f"min_cluster_samples is {min_cluster_samples}",
            hint="the distance must be above 0, the samples 1 or more",
        )
    sklearn: Any = require("sklearn.cluster", extra="ml")
    table = to_polars(data)
    refuse_taken(table.columns, ADDED)
    features = _features(table, _named(table, cluster_columns))
    points = _normalized(features) if normalize else features
    labels, core = _labels(points, float(max_cluster_distance), min_cluster_samples)
    model = sklearn.DBSCAN(eps=max_cluster_distance, min_samples=min_cluster_samples)
    model.labels_ = labels
    model.core_sample_indices_ = np.flatnonzero(core)
    model.components_ = points[core]
    model.n_features_in_ = points.shape[1]
    within = f"fewer than {min_cluster_samples:,} rows within {max_cluster_distance:g}"
    result = _merged(table, pl.Series(labels, dtype=pl.Int64), time_column, within)
    return from_polars(result, like=data), model, points


def _named(table: pl.DataFrame, given: Sequence[Any] | str | int | None) -> list[str]:
    if given is None:
        return table.columns
    names: list[str] = []
    for each in [given] if isinstance(given, str | int) else given:
        if isinstance(each, int) and -table.width <= each < table.width:
            names.append(table.columns[each])
        elif each in table.columns:
            names.append(each)
        else:
            raise UnknownColumn(str(each), table.columns)
    if not names:
        raise UsageError("no column is named", hint="say by what rows are near")
    return list(dict.fromkeys(names))


def _features(table: pl.DataFrame, names: list[str]) -> Points:
    wrong = [
        n for n in names if not (table.schema[n].is_numeric() or table.schema[n] == pl.Boolean)
    ]
    if wrong:
        raise UsageError(
            f"not numeric: {', '.join(map(repr, wrong))}",
            hint="make features of them first, as add_process_features does for process events",
        )
    cast = table.select(exactly(name).cast(pl.Float64) for name in names)
    gaps = {n: int((~cast[n].alias("n").is_finite().fill_null(value=False)).sum()) for n in names}
    holes = [f"{name!r} ({count:,} rows)" for name, count in gaps.items() if count]
    if holes:
        raise UsageError(
            f"null, NaN or infinite values in {', '.join(holes)}",
            hint="fill them or leave these rows out first",
        )
    return cast.to_numpy().astype(np.float64, copy=False).reshape(table.height, len(names))


def _normalized(features: Points) -> Points:
    """Each row at length one; also where its square is beyond the numbers there are."""
    with np.errstate(over="ignore"):
        lengths = np.sqrt((features * features).sum(axis=1, keepdims=True))
    odd = ~np.isfinite(lengths[:, 0]) | (lengths[:, 0] == 0)
    if odd.any():
        largest = np.abs(features[odd]).max(axis=1, keepdims=True)
        near_one = features[odd] / np.where(largest == 0, 1.0, largest)
        features, lengths = features.copy(), lengths.copy()
        features[odd] = near_one
        lengths[odd] = np.sqrt((near_one * near_one).sum(axis=1, keepdims=True))
    return features / np.where(lengths == 0, 1.0, lengths)


def _labels(points: Points, reach: float, min_samples: int) -> tuple[Any, Any]:
    """Labels and core marks of every row, worked out on the distinct ones."""
    if not len(points):
        return np.empty(0, np.int64), np.empty(0, bool)
    frame = pl.DataFrame(points, schema=[f"f{n}" for n in range(points.shape[1])])
    place = frame.select(pl.struct(pl.all()).rank("dense").alias("p"))["p"].to_numpy() - 1
    _, first, inverse, weights = np.unique(
        place, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first)  # clusters are numbered by the first row that founds them
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    labels, core = dbscan(
        points[first[order]],
        weights[order].astype(np.int64),
        reach=reach,
        min_samples=min_samples,
    )
    at = back[inverse]
    return labels[at], core[at]


def _merged(
    table: pl.DataFrame, labels: pl.Series, time_column: str | None, within: str
) -> pl.DataFrame:
    rows = max(table.height, 1)
    place = pl.int_range(pl.len(), dtype=pl.Int64)
    numbered = pl.DataFrame(
        {"ClusterId": labels, "time": times_of(table, time_column)}
    ).with_columns(
        place=place,
        own=pl.when(pl.col("ClusterId") == -1).then(place).otherwise(-1),
    )
    found = (
        numbered.group_by("ClusterId", "own")
        .agg(
            pl.len().cast(pl.Int64).alias("ClusterSize"),
            pl.col("place").min(),
            pl.col("time").min().alias("FirstEventTime"),
            pl.col("time").max().alias("LastEventTime"),
        )
        .sort("ClusterId", "place")
        .with_columns(
            Clustered=pl.col("ClusterId") >= 0,
            rarity=pl.col("ClusterSize") / rows,
            score=(rows / pl.col("ClusterSize")).log(2),
        )
    )
    told = [
        f"{size:,} of {rows:,} rows ({percent(size / rows)}); "
        + (within if number < 0 else "near one another")
        for number, size in found.select("ClusterId", "ClusterSize").iter_rows()
    ]
    found = found.with_columns(reason=pl.Series(told, dtype=pl.String))
    return table[found["place"].cast(pl.UInt32)].hstack(found.select(ADDED))
