"""Pictures of what analyses gave, by the calls that notebooks know."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from huntkit.analyze.sequences import score_sessions
from huntkit.charts import events
from huntkit.charts.chart import Chart
from huntkit.charts.kinds.clusters import MOST, clusters
from huntkit.charts.kinds.scored_sessions import scored_sessions
from huntkit.charts.kinds.timeline_values import numbers_of
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.tables import frames

Points = NDArray[np.float64]

_LEARNED: Final = "learned from"
_OUTLIER: Final = "outlier"
_FINEST: Final = 2048  # steps of an axis, where points that lie close are drawn together


def visualise_scored_sessions(
    data_with_scores: Any,
    time_column: str,
    score_column: str,
    window_column: str,
    score_upper_bound: float | None = None,
    source_columns: Sequence[str] | str | None = None,
) -> Chart:
    """A timeline of scored sessions, as high as they are likely; the rarest stand out.

    These are a tenth of all sessions, 20 at most; of equal ones all or none.

    Args:
        data_with_scores: a table with one row per session, such as `score_sessions` gives.
        time_column: when a session began.
        score_column: its likelihood, small for rare sessions.
        window_column: what a mark tells first: the rarest window, or the whole session.
        score_upper_bound: sessions that are more likely are not drawn, and counted.
        source_columns: what else a mark tells; nothing by default.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: the scores are no numbers.

    Examples:
        >>> scored = pl.DataFrame({
        ...     "time": ["2026-03-01 10:00", "2026-03-01 11:00"], "score": [0.2, 0.0001],
        ...     "window": [["Get", "Set"], ["Get", "Drop"]]})
        >>> chart = visualise_scored_sessions(scored, "time", "score", "window", 0.1)
        >>> chart.summary.rpartition("median ")[2]
        '0.0001. 1 session above 0.1 not drawn.'
    """
    table = frames.to_polars(data_with_scores)
    more = events.listed(source_columns) or []
    events.require(table.columns, [time_column, score_column, window_column, *more])
    above, rarest = 0, min(20, max(1, table.height // 10))
    if score_upper_bound is not None:
        scores = (
            numbers_of(table[score_column], parameter="score_column")
            .cast(pl.Float64)
            .alias("score")
        )
        kept = (scores <= score_upper_bound).fill_null(value=True)  # nulls: told by the chart
        above = int((~kept).sum())
        table = table.filter(kept)
    chart = scored_sessions(
        table,
        score_column=score_column,
        time_column=time_column,
        source_columns=list(dict.fromkeys([window_column, *more])),
        rarest=rarest,
    )
    if not above:
        return chart
    return _told(chart, f"{events.number(above, 'session')} above {score_upper_bound:g} not drawn.")


def score_and_visualise_sessions(
    data: Any,
    session_column: str,
    window_length: int,
    time_column: str,
    likelihood_upper_bound: float | None = None,
    source_columns: Sequence[str] | str | None = None,
) -> Chart:
    """Sessions scored by `huntkit.analyze.score_sessions`, and drawn with their rarest windows.

    Args:
        data: a table with one row per session.
        session_column: the sessions' events, as lists.
        window_length: how many events a window has.
        time_column: when a session began.
        likelihood_upper_bound: sessions that are more likely are not drawn, and counted.
        source_columns: what a mark tells after its rarest window; by default why it is rare.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: the column holds no lists of events.

    Examples:
        >>> sessions = pl.DataFrame({
        ...     "begun": [f"2026-03-01 1{n}:00" for n in range(9)],
        ...     "did": [["Get", "Set"]] * 8 + [["Get", "Drop"]]})
        >>> chart = score_and_visualise_sessions(sessions, "did", 2, "begun")
        >>> chart.data.filter(rarity="the 1 rarest")["reason"].to_list()
        ["'Drop': 1 of 18 events"]
    """
    table = frames.to_polars(score_sessions(data, session_column, window_length))
    window = f"rarest_window{window_length}"
    return visualise_scored_sessions(
        table,
        time_column,
        f"{window}_likelihood",
        window,
        likelihood_upper_bound,
        ["reason"] if source_columns is None else source_columns,
    )


def plot_cluster(
    db_cluster: Any,
    data: Any,
    x_predict: Any,
    plot_label: str | None = None,
    plot_features: tuple[int, int] = (0, 1),
    verbose: bool = False,
    cut_off: int = 3,
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> Chart:
    """A plane of two features with the clusters of a density clustering, each in its colour.

    Takes what `huntkit.analyze.dbcluster_events` gives and what scikit-learn gives. Where there
    are more than 20,000 different points, those that lie close are drawn together, as large as
    there are rows.

    Args:
        db_cluster: the model, for its ``labels_``.
        data: the rows that were clustered: marks tell their texts. None: they tell none.
        x_predict: the features, one row for each row of `data`.
        plot_label: the column that a mark tells; by default the roles that the table has.
        plot_features: which two columns of `x_predict` make the plane.
        verbose: whether the summary also says how many rows are core.
        cut_off: clusters of fewer rows are counted as small in the summary.
        xlabel: the name of the axis across.
        ylabel: the name of the axis upwards.

    Raises:
        UnknownColumn: `plot_label` is not in the table.
        UsageError: the model has no labels, the features are no table of numbers, or the numbers
            of rows differ.

    Examples:
        >>> from huntkit.analyze import dbcluster_events
        >>> logons = pl.DataFrame({"length": [9.0, 9.1, 9.2, 30.0], "words": [1, 1, 1, 9]})
        >>> found, model, features = dbcluster_events(logons, ["length", "words"])
        >>> chart = plot_cluster(model, logons, features, xlabel="length", ylabel="words")
        >>> chart.summary
        '4 rows in 1 cluster and 1 row of noise, by length and words; largest: cluster 0 with 3.'
    """
    if not hasattr(db_cluster, "labels_"):
        raise UsageError(
            f"{type(db_cluster).__name__} has no labels_", hint="give the model that was fitted"
        )
    points, labels = _points(x_predict, "x_predict"), np.asarray(db_cluster.labels_)
    across, up = (_place(points, place) for place in plot_features)
    if across == up:
        raise UsageError(f"plot_features are both {across}", hint="two different columns")
    texts = None if data is None else frames.to_polars(data)
    heights = {"x_predict": len(points), "labels_": len(labels)}
    if texts is not None:
        heights["data"] = texts.height
        events.require(texts.columns, [plot_label])
    _equal(heights)
    chart = _plane(
        points[:, [across, up]],
        pl.Series(labels.astype(np.int64)),
        (xlabel or f"feature {across}", ylabel or f"feature {up}"),
        texts,
        None if plot_label is None else [plot_label],
        title="Clusters",
    )
    _, sizes = np.unique(labels[labels >= 0], return_counts=True)
    told = []
    if small := int((sizes < cut_off).sum()):
        told.append(f"{events.number(small, 'cluster')} of fewer than {cut_off} rows.")
    if verbose and hasattr(db_cluster, "core_sample_indices_"):
        told.append(f"{events.number(len(db_cluster.core_sample_indices_), 'core row')}.")
    return _told(chart, " ".join(told)) if told else chart


def plot_outlier_results(
    clf: Any,
    x: Any,
    x_predict: Any,
    x_outliers: Any,
    feature_columns: Sequence[Any],
    plt_title: str,
) -> Chart:
    """A plane with the rows that a forest learned from, those it judged, and the outliers.

    Takes what `huntkit.analyze.identify_outliers` and `identify_outliers_rrcf` give. Of more than
    two columns it draws the two in which the outliers lie farthest out; marks tell the score.

    Args:
        clf: the model; its ``decision_function`` gives the score that a mark tells.
        x: the rows it learned from.
        x_predict: the rows it judged.
        x_outliers: those among them that are outliers.
        feature_columns: the names of the columns.
        plt_title: the heading.

    Raises:
        UsageError: the columns differ, or there are fewer than two.

    Examples:
        >>> from huntkit.analyze import identify_outliers_rrcf
        >>> rows = np.array([[float(n % 10), float(n % 7)] for n in range(99)] + [[90.0, 90.0]])
        >>> model, found, _ = identify_outliers_rrcf(rows, rows, contamination=0.01)
        >>> chart = plot_outlier_results(model, rows, rows, found, ["sent", "got"], "Flows")
        >>> [(group["name"], group["count"]) for group in chart.spec["groups"]]
        [('learned from', 100), ('regular', 99), ('outlier', 1)]
    """
    known = _points(x, "x")
    judged, found = _points(x_predict, "x_predict"), _points(x_outliers, "x_outliers", known)
    names = [visible(str(name), limit=events.NAME_LIMIT) for name in feature_columns]
    widths = {known.shape[1], judged.shape[1], found.shape[1], len(names)}
    if len(widths) > 1 or len(names) < 2:
        raise UsageError(
            f"x has {known.shape[1]} columns, x_predict {judged.shape[1]}, "
            f"x_outliers {found.shape[1]}, and {len(names)} are named",
            hint="the same two columns or more everywhere",
        )
    are_found = {row.tobytes() for row in found + 0.0}  # one kind of zero
    is_outlier = [row.tobytes() in are_found for row in judged + 0.0]
    across, up = _farthest(known, found)
    told = pl.DataFrame({"score": _scores(clf, np.vstack([known, judged]))})
    others = [place for place in range(len(names)) if place not in (across, up)]
    both = np.vstack([known, judged])
    told = told.with_columns(
        pl.Series(f"{names[place]} ({place})", both[:, place]) for place in others
    )
    of = [_LEARNED] * len(known) + [_OUTLIER if odd else "regular" for odd in is_outlier]
    chart = _plane(
        both[:, [across, up]],
        pl.Series(of, dtype=pl.String),
        (names[across], names[up]),
        told,
        told.columns[:6],
        title=plt_title,
    )
    counted = sum(is_outlier)
    share = f"{events.number(counted, 'outlier')} of {events.number(len(judged), 'row')} judged"
    learned = f"learned from {events.number(len(known), 'row')}"
    summary = f"{share}, {learned}; by {names[across]} and {names[up]}."
    groups = [
        {**group, "rest": group["name"] == _LEARNED, "alarm": group["name"] == _OUTLIER}
        for group in chart.spec["groups"]
    ]
    chart = replace(chart, spec={**chart.spec, "groups": groups})
    if others:
        summary += f" {len(names)} columns were judged: these are where outliers lie farthest out."
    return _told(chart, summary, instead=True)


def _points(given: Any, name: str, like: Points | None = None) -> Points:
    """Rows of finite numbers."""
    try:
        points = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{name} is no table of numbers") from None
    if like is not None and not points.size:
        points = points.reshape(0, like.shape[1])
    if points.ndim != 2:
        raise UsageError(f"{name} has {points.ndim} dimensions", hint="rows and columns: two")
    return points


def _place(points: Points, place: int) -> int:
    if not 0 <= place < points.shape[1]:
        raise UsageError(
            f"there is no feature {place}", hint=f"x_predict has {points.shape[1]} columns"
        )
    return place


def _equal(heights: dict[str, int]) -> None:
    if len(set(heights.values())) > 1:
        told = ", ".join(f"{name} has {rows:,}" for name, rows in heights.items())
        raise UsageError(
            f"the numbers of rows differ: {told}",
            hint="data are the rows that were clustered, not the clusters",
        )


def _farthest(known: Points, found: Points) -> tuple[int, int]:
    """The two columns in which the outliers are farthest from the rest; the first two of none."""
    if not len(found) or not len(known):
        return 0, 1
    width = known.std(axis=0)
    far = np.abs(found - np.median(known, axis=0)).mean(axis=0) / np.where(width > 0, width, 1.0)
    first, second = sorted(np.argsort(-far, kind="stable")[:2].tolist())
    return first, second


def _scores(clf: Any, points: Points) -> Points:
    if not len(points) or not hasattr(clf, "decision_function"):
        return np.full(len(points), np.nan)
    return np.asarray(clf.decision_function(points), dtype=np.float64)


def _plane(
    points: Points,
    groups: pl.Series,
    names: tuple[str, str],
    texts: pl.DataFrame | None,
    told: Sequence[str] | None,
    *,
    title: str,
) -> Chart:
    """The chart of clusters, with texts of a table whose columns may be called anything."""
    table = pl.DataFrame() if texts is None else texts
    taken = list(table.columns)
    x, y, group, size = (events.free_name(n, taken) for n in ("x", "y", "cluster", "rows"))
    plane, coarse = _drawable(points, groups)
    rows = pl.DataFrame(
        [pl.Series(x, plane[:, 0]), pl.Series(y, plane[:, 1]), groups.alias(group)]
    ).with_columns(pl.lit(1, pl.Int64).alias(size))
    chart = clusters(
        rows if texts is None else rows.hstack(table),
        x=x,
        y=y,
        cluster_column=group,
        size_column=size,
        source_columns=[] if texts is None else told,
        title=title,
    )
    across, up = (visible(name, limit=events.NAME_LIMIT) for name in names)
    summary = chart.summary.replace(f", by {x} and {y}", f", by {across} and {up}", 1)
    spec = {**chart.spec, "x_name": across, "y_name": up, "count_title": "rows"}
    spec["group_title"] = "cluster"
    chart = _told(replace(chart, spec=spec), summary, instead=True)
    if not coarse:
        return chart
    return _told(chart, f"Points within 1/{coarse:,} of an axis are drawn together.")


def _drawable(points: Points, groups: pl.Series) -> tuple[Points, int]:
    """The points, moved onto a grid where too many differ to be drawn; and its steps, or 0."""
    finite = np.isfinite(points).all(axis=1)
    if _different(points[finite], groups.filter(pl.Series(finite))) <= MOST:
        return points, 0
    low, high = points[finite].min(axis=0), points[finite].max(axis=0)
    steps = _FINEST
    while True:
        width = np.where(high > low, (high - low) / steps, 1.0)
        moved = low + (np.floor((points - low) / width) + 0.5) * width
        few = _different(moved[finite], groups.filter(pl.Series(finite))) <= MOST
        if few or steps <= 2:
            return moved, steps
        steps //= 2


def _different(points: Points, groups: pl.Series) -> int:
    rows = pl.DataFrame(
        [pl.Series("x", points[:, 0]), pl.Series("y", points[:, 1]), groups.alias("g")]
    )
    return rows.n_unique()


def _told(chart: Chart, text: str, *, instead: bool = False) -> Chart:
    """The chart with a longer summary, or another one."""
    summary = text if instead else f"{chart.summary} {text}"
    description = str(chart.spec["description"]).replace(chart.summary, summary, 1)
    return replace(chart, spec={**chart.spec, "summary": summary, "description": description})
