"""Rows whose numbers are unlike those of the others, and which number it is."""

import math
from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from huntkit.analyze.clustering import refuse_taken, with_exponent
from huntkit.analyze.random_cuts import Points, RobustRandomCutForest, checked
from huntkit.core.errors import UsageError
from huntkit.core.extras import require
from huntkit.tables import step

_ADDED: Final = ("score", "reason", "SourceIndex")
_LARGEST_SINGLE: Final = 1e38
_LARGEST: Final = 1e150  # so that no distance leaves the numbers there are
_COMMON: Final = 10  # a value in more rows than this is common


@step(split="whole", columns=("columns",), index="SourceIndex")
def outliers(
    data: pl.DataFrame,
    columns: Sequence[str] | None = None,
    *,
    method: Literal["random_cut_forest", "isolation_forest"] = "random_cut_forest",
) -> pl.DataFrame:
    """All rows with a score of how unlike the others they are, and why; the most unlike first.

    Each column is first put on a scale of its own: distance from its median in interquartile
    ranges (of standard deviations where that range is nought), so the units do not matter.

    Args:
        data: any frame.
        columns: columns of numbers, durations or booleans; None: all of these types.
        method: ``random_cut_forest``, which is built in, or scikit-learn's ``isolation_forest``
            (extra ``ml``).

    Returns:
        The rows with ``score`` (higher: more unlike; of the random cut forest how many points it
        displaces, of the isolation forest 0 to 1), ``reason`` (the value that is farthest from its
        median, and how many rows have one as extreme), and ``SourceIndex``. Rows in which a value
        is missing, infinite or not a number are not judged: their score is null, and they stand
        last.

    Raises:
        UsageError: there are no such columns, or no row has a value in all of them.
        MissingExtra: the isolation forest is asked for, and scikit-learn is not installed.

    Examples:
        >>> rows = pl.DataFrame({"bytes": [100 + n % 7 for n in range(200)] + [90_000]})
        >>> outliers(rows).select("bytes", "reason").row(0)
        (90000, 'bytes is 90000, the median 103; 1 of 201 rows is as far from it')
    """
    refuse_taken(data.columns, _ADDED)
    names = _numeric(data, columns)
    if method not in ("random_cut_forest", "isolation_forest"):
        raise UsageError(
            f"there is no method {method!r}", hint="one of: random_cut_forest, isolation_forest"
        )
    numbers = data.select(_number(data.schema[name], name) for name in names)
    whole = numbers.with_row_index("SourceIndex").drop_nulls()
    if not data.height:
        return data.with_columns(
            score=pl.lit(None, dtype=pl.Float64), reason=pl.lit(None, dtype=pl.String),
            SourceIndex=pl.lit(None, dtype=pl.Int64),
        )  # fmt: skip
    if not whole.height:
        raise UsageError(
            f"no row has a number in all of {', '.join(names)}", hint="name fewer columns"
        )
    scaled = whole.select(_scaled(whole[name]) for name in names)
    scores = _scores(scaled.to_numpy(), method)
    reasons = _reasons(whole.select(names), scaled)
    judged = pl.DataFrame(
        {"SourceIndex": whole["SourceIndex"].cast(pl.Int64), "score": scores, "reason": reasons}
    )
    return (
        data.with_columns(SourceIndex=pl.int_range(pl.len(), dtype=pl.Int64))
        .join(judged, on="SourceIndex", how="left")
        .select(*data.columns, *_ADDED)
        .sort("score", "SourceIndex", descending=[True, False], nulls_last=True)
    )


def identify_outliers(
    x: Any,
    x_predict: Any,
    contamination: float = 0.05,
    max_features: float | None = None,
    max_samples: float | None = None,
) -> tuple[Any, Points, npt.NDArray[np.int64]]:
    """Outliers by scikit-learn's isolation forest: the model, the outliers, and -1 or 1 per row.

    Args:
        x: rows of numbers to learn from.
        x_predict: rows to judge.
        contamination: the share of outliers in `x`.
        max_features: columns a tree looks at, a number or a share; None: the root of all.
        max_samples: rows of a tree, a number or a share; None: 100 at most.

    Raises:
        MissingExtra: scikit-learn is not installed.
        UsageError: a value is no number, or a bound makes no sense.

    Examples:
        >>> rows = np.array([[float(n % 10), float(n % 7)] for n in range(99)] + [[90.0, 90.0]])
        >>> model, found, labels = identify_outliers(rows, rows, contamination=0.01)
        >>> found.tolist(), int(labels[-1])
        ([[90.0, 90.0]], -1)
    """
    ensemble: Any = require("sklearn.ensemble", extra="ml")
    points, asked = checked(x), checked(x_predict)
    rows, columns = points.shape
    if asked.shape[1] != columns:
        raise UsageError(f"x has {columns} columns, x_predict {asked.shape[1]}")
    if not 0 < contamination <= 0.5:
        raise UsageError(f"contamination is {contamination}", hint="above 0, and 0.5 at most")
    samples = 100 if max_samples is None else max_samples
    if isinstance(samples, float) and 0 < samples < 1:
        samples = max(1, int(samples * rows))
    model = ensemble.IsolationForest(
        max_samples=int(min(samples, rows)),
        max_features=max_features or math.isqrt(columns),
        random_state=np.random.RandomState(42),  # as msticpy does: an integer gives other trees
        contamination=contamination,
    ).fit(_in_single_precision(points))
    labels = model.predict(_in_single_precision(asked))
    return model, asked[labels == -1], labels


def identify_outliers_rrcf(
    x: Any,
    x_predict: Any,
    contamination: float = 0.05,
    num_trees: int = 100,
    tree_size: int = 256,
    max_features: float | None = None,
    max_samples: float | None = None,
) -> tuple[RobustRandomCutForest, Points, npt.NDArray[np.int64]]:
    """Outliers by a robust random cut forest: the model, the outliers, and -1 or 1 per row.

    Args:
        x: rows of numbers to learn from.
        x_predict: rows to judge.
        contamination: the share of `x_predict` that are outliers.
        num_trees: how many trees.
        tree_size: the most points of a tree.
        max_features: columns a tree looks at, a number or a share; None: all.
        max_samples: rows of a tree, a number or a share; None: `tree_size`.

    Raises:
        UsageError: a value is no number, or a bound makes no sense.

    Examples:
        >>> rows = np.array([[float(n % 10), float(n % 7)] for n in range(99)] + [[90.0, 90.0]])
        >>> model, found, labels = identify_outliers_rrcf(rows, rows, contamination=0.01)
        >>> found.tolist(), int(labels[-1])
        ([[90.0, 90.0]], -1)
    """
    asked = checked(x_predict)
    model = RobustRandomCutForest(
        num_trees, tree_size, contamination, max_samples=max_samples, max_features=max_features
    ).fit(x)
    labels = model.predict(asked)
    return model, asked[labels == -1], labels


def remove_common_items(data: Any, columns: Sequence[str], *, more_than: int = _COMMON) -> Any:
    """The rows whose value is rare in every one of the columns.

    Counted are the rows of the whole table, before any is left out; null counts as a value.

    Args:
        data: any frame.
        columns: the columns to look at.
        more_than: values that stand in more rows than this are common.

    Returns:
        The kind of frame that was given, its rows in their order.

    Raises:
        UnknownColumn: a column is not in the table.

    Examples:
        >>> rows = pl.DataFrame({"user": ["al"] * 20 + ["eve"], "port": range(21)})
        >>> remove_common_items(rows, ["user"]).rows()
        [('eve', 20)]
    """
    return _rare_only(data, columns=list(columns), more_than=more_than)


@step(split="whole", columns=("columns",))
def _rare_only(data: pl.DataFrame, *, columns: list[str], more_than: int) -> pl.DataFrame:
    if not columns:
        return data
    return data.filter(pl.all_horizontal(pl.len().over(name) <= more_than for name in columns))


def _numeric(data: pl.DataFrame, columns: Sequence[str] | None) -> list[str]:
    wanted = (
        data.columns
        if columns is None
        else list(dict.fromkeys([columns] if isinstance(columns, str) else columns))
    )
    # A column of nothing but nulls, as an empty table's are, has no type that could be wrong.
    fit = [
        name
        for name in wanted
        if _is_number(data.schema[name])
        or (columns is not None and data[name].null_count() == data.height)
    ]
    wrong = [name for name in wanted if name not in fit]
    if columns is not None and wrong:
        raise UsageError(
            f"the column {wrong[0]!r} holds {data.schema[wrong[0]]}, not numbers",
            hint="huntkit.analyze.add_process_features makes numbers of command lines",
        )
    if not fit:
        raise UsageError("the table has no columns of numbers", hint="name them with columns=")
    return fit


def _is_number(kind: pl.DataType) -> bool:
    return kind.is_numeric() or kind == pl.Boolean or isinstance(kind, pl.Duration)


def _number(kind: pl.DataType, name: str) -> pl.Expr:
    """As a finite number, or null."""
    value = pl.col(name)
    if isinstance(kind, pl.Duration):
        value = value.dt.total_microseconds() / 1e6
    value = value.cast(pl.Float64)
    return pl.when(value.is_finite()).then(value).alias(name)


def _scaled(column: pl.Series) -> pl.Series:
    """Distance from the median, in widths of the middle half, or else in standard deviations."""
    column = column.clip(-_LARGEST, _LARGEST)
    middle = column.median()
    width = float(column.quantile(0.75) or 0.0) - float(column.quantile(0.25) or 0.0)
    if not width > 0:
        width = float(column.std() or 0.0)  # type: ignore[arg-type]
    # numpy divides each value; a product with 1 / width is infinite where the width is tiny.
    with np.errstate(over="ignore"):
        far = (column - middle).to_numpy() / (width if width > 0 else 1.0)
    return pl.Series(column.name, np.clip(far, -_LARGEST, _LARGEST))


def _in_single_precision(points: Points) -> Points:
    """No larger than scikit-learn's trees can hold: they work on numbers of 32 bits."""
    return np.clip(points, -_LARGEST_SINGLE, _LARGEST_SINGLE)


def _scores(points: Points, method: str) -> Points:
    if method == "random_cut_forest":
        return RobustRandomCutForest().fit(points).decision_function(points)
    ensemble: Any = require("sklearn.ensemble", extra="ml")
    points = _in_single_precision(points)
    model = ensemble.IsolationForest(random_state=42).fit(points)
    return np.asarray(-model.score_samples(points), dtype=np.float64)


def _reasons(values: pl.DataFrame, scaled: pl.DataFrame) -> pl.Series:
    """The farthest value of each row, its column's median, and how many are as far from it."""
    far = scaled.select(pl.all().abs())
    names = far.columns
    counts = far.select(pl.all().rank("max", descending=True).cast(pl.Int64))
    farthest = np.argmax(far.to_numpy(), axis=1)
    rows = np.arange(values.height)
    middles = [values[name].median() for name in names]
    told = pl.DataFrame(
        {
            "name": pl.Series(names).gather(farthest),
            "value": values.to_numpy()[rows, farthest],
            "middle": pl.Series(middles, dtype=pl.Float64).gather(farthest),
            "count": counts.to_numpy()[rows, farthest],
        }
    )
    return told.select(
        pl.format(
            "{} is {}, the median {}; {} of {} rows {} as far from it",
            "name",
            _plain("value"),
            _plain("middle"),
            "count",
            pl.len(),
            pl.when(pl.col("count") == 1).then(pl.lit("is")).otherwise(pl.lit("are")),
        )
    ).to_series()


def _plain(name: str) -> pl.Expr:
    """A number as people write it: whole ones without a point."""
    value = pl.col(name)
    is_whole = (value == value.round()) & (value.abs() < 1e15)
    return (
        pl.when(is_whole)
        .then(pl.when(is_whole).then(value).cast(pl.Int64).cast(pl.String))
        .when(value.abs() >= 1e15)
        .then(with_exponent(value))
        .otherwise(value.round_sig_figs(4).cast(pl.String))
    )
