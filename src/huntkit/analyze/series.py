"""Time series: what was expected, and the points that were far above or below it."""

import functools
import operator
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, ParamSpec, cast

import numpy as np
import polars as pl

from huntkit.analyze.clustering import with_exponent
from huntkit.analyze.decomposition import Floats, Method, check, decomposed, spread
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.tables import kind_of, roles, step
from huntkit.tables.frames import Guest, is_spark
from huntkit.tables.steps import Step
from huntkit.tables.times import parse_times, pick_time_column

ADDED: Final = (
    "value", "residual", "trend", "seasonal", "weights", "baseline", "score", "anomalies", "reason",
)  # fmt: skip
_WIDEST: Final = 20  # steps per point; a sparser series is no series
_FEWEST: Final = 8  # points of a series without a season
P = ParamSpec("P")
_ROW, _TIME, _VALUE, _GROUP = "_hk_row", "_hk_time", "_hk_value", "_hk_group"


@dataclass(frozen=True)
class _How:
    periods: tuple[int, ...]
    seasonal: int
    threshold: float
    robust: bool
    method: Method
    zero: bool


def _with_index(run: Step[P]) -> Step[P]:
    """The step, which also takes a pandas frame with the times in its index, as notebooks do."""

    @functools.wraps(cast("Callable[..., Any]", run))
    def taken(data: Any, *args: Any, **kwargs: Any) -> Any:
        if (
            not is_spark(data)
            and kind_of(data) == "pandas"
            and _holds_times(data.index, data.columns)
        ):
            data = data.reset_index()
        return cast("Callable[..., Any]", run)(data, *args, **kwargs)

    return cast("Step[P]", taken)


def _holds_times(index: Any, columns: Any) -> bool:
    if index.name in columns or (index.name is None and "index" in columns):
        return False
    is_named = isinstance(index.name, str) and bool(roles.candidates([index.name], "time"))
    return is_named or str(index.dtype).startswith("datetime64")


@_with_index
@step(split="whole", columns=("time_column", "data_column", "group_by"))
def ts_anomalies_stl(
    data: pl.DataFrame,
    *,
    time_column: str | None = None,
    data_column: str | None = None,
    seasonal: int = 7,
    period: int | Sequence[int] = 24,
    score_threshold: float = 3.0,
    group_by: str | Sequence[str] | None = None,
    method: Method = "stl",
    robust: bool = False,
    gaps: Literal["interpolate", "zero"] = "interpolate",
) -> pl.DataFrame:
    """The series with what was expected at each point, and which points were far from it.

    The series is taken apart into a trend, a season and a rest. A point's score is how far its
    rest is from the usual, in deviations, and its sign says on which side: a peak has a high
    score, a dip a low one, whatever the season.

    Args:
        data: a table of any kind, one row per point, such as counts or sums per hour. It need not
            be sorted; its points must lie on a regular grid, where some may be missing. A pandas
            frame may have the times in its index, and gets them back as a column.
        time_column: the time of each point; by default found by its role.
        data_column: the series; by default the first column of numbers.
        seasonal: how many neighbouring periods shape the season of STL; odd. MSTL has its own.
        period: how many points a season has; several, such as ``(24, 168)``, for a day and a week;
            1 for no season (``light`` only), where 49 points around tell what is usual.
        score_threshold: from how many deviations on a point is an anomaly.
        group_by: columns whose values tell several series apart; each is judged by itself.
        method: ``stl`` (statsmodels, in the extra ``ml``; MSTL for several periods), or ``light``,
            which is built in: running medians, and medians by place in the season.
        robust: whether anomalies have little weight in STL, and the score is in median
            deviations instead of standard deviations. It finds more, and too much where the
            level shifts with something that no `period` tells of, such as weekends.
        gaps: what a missing point is: ``interpolate`` (not known) or ``zero`` (nothing happened).
            Points that were zero are added as rows; what is not known is not judged. With
            ``zero``, where most points are zero, a deviation of whole numbers is one at least:
            single events are no peaks.

    Returns:
        The group columns, the time and the series; and ``value`` (as a number), ``residual``,
        ``trend``, ``seasonal``, ``weights``, ``baseline`` (trend and seasonal), ``score``,
        ``anomalies`` (1 above, -1 below, 0) and ``reason``, sorted by group and time. Nulls have
        no score.

    Raises:
        MissingExtra: the extra ``ml`` is not installed; ``method="light"`` does without.
        UsageError: no series, times twice, no regular grid, fewer points than two periods.

    Examples:
        >>> hours = pl.datetime_range(pl.datetime(2026, 3, 1), pl.datetime(2026, 3, 8), "1h",
        ...                           eager=True)
        >>> table = pl.DataFrame({"time": hours, "bytes": [n % 24 + 100.5 for n in range(169)]})
        >>> table[100, "bytes"] = 20.0
        >>> found = ts_anomalies_stl(table, method="light").filter(pl.col("anomalies") != 0)
        >>> found.select("time", "anomalies", "reason").rows()
        [(datetime.datetime(2026, 3, 5, 4, 0), -1, '20 is 84.5 below the 104.5 that were ...')]
    """
    how = _How(
        _whole(period, "period"), _whole(seasonal, "seasonal")[0], score_threshold, robust,
        method, gaps == "zero",
    )  # fmt: skip
    check(how.periods, how.seasonal, method)
    if gaps not in ("interpolate", "zero") or not score_threshold > 0:
        raise UsageError(f"gaps is {gaps!r}, score_threshold is {score_threshold}")
    groups = [group_by] if isinstance(group_by, str) else list(group_by or ())
    time = pick_time_column(data, time_column)
    series = _series_of(data, [time, *groups]) if data_column is None else data_column
    kept = data.select(list(dict.fromkeys([*groups, time, series])))
    if taken := [name for name in kept.columns if name in ADDED and name != "value"]:
        raise UsageError(f"a column is called {taken[0]!r}, as a result is", hint="rename it first")
    rows = kept.with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias(_ROW),
        parse_times(data[time]).alias(_TIME),
        _numbers(data[series]).alias(_VALUE),
        (pl.struct(groups).rank("dense") if groups else pl.lit(0, pl.UInt32)).alias(_GROUP),
    )
    if lost := rows[_TIME].null_count():
        raise UsageError(f"{lost:,} rows have no readable time in {time!r}")
    each = rows.sort(_GROUP, maintain_order=True).partition_by(_GROUP, maintain_order=True)
    parts = [_one(part.sort(_TIME), how, time, named=bool(groups)) for part in each]
    result = pl.concat(parts) if parts else _unjudged(rows)
    _tell_short(result, rows.height, how)
    if how.zero:
        result = _times_of_added(result, time, series)
    return result.select(*kept.columns, *(name for name in ADDED if name not in kept.columns))


def _whole(given: Any, name: str) -> tuple[int, ...]:
    """Whole numbers of any kind, one or several, without repeats."""
    each = given if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    try:
        return tuple(sorted({operator.index(number) for number in each}))
    except TypeError:
        raise UsageError(f"{name} is {given!r}", hint="a whole number of points") from None


def _series_of(data: pl.DataFrame, others: list[str]) -> str:
    found = [n for n in data.columns if data.schema[n].is_numeric() and n not in (*others, *ADDED)]
    if not found and "value" in data.columns:
        return "value"
    if not found:
        raise UsageError("no column holds the series", hint="name it with data_column=")
    return found[0]


def _numbers(column: pl.Series) -> pl.Series:
    numbers = column.cast(pl.Float64, strict=False)
    wrong = numbers.null_count() - column.null_count()
    if wrong or not (column.dtype.is_numeric() or column.dtype in (pl.String, pl.Boolean, pl.Null)):
        raise UsageError(f"{wrong:,} values of {column.name!r} are no numbers")
    odd = int((~numbers.is_finite()).sum())
    if odd:
        raise UsageError(f"{odd:,} values of {column.name!r} are infinite or not a number")
    return numbers


def _one(rows: pl.DataFrame, how: _How, time: str, *, named: bool) -> pl.DataFrame:
    """One series, judged; sorted by time."""
    at, size = _grid(rows, time, named=named)
    if size < _fewest(how):
        if not named and how.periods == (1,):
            raise UsageError(f"the series has {size:,} points", hint=f"{_FEWEST} would do")
        if not named:
            raise UsageError(
                f"the series has {size:,} points, and a period {max(how.periods):,}",
                hint="two periods are needed; say period= for a shorter season, or 1 for none",
            )
        return _unjudged(rows)
    values: Floats = np.full(size, np.nan)
    values[at] = rows[_VALUE].fill_null(float("nan")).to_numpy()
    if how.zero:
        missing = np.ones(size, dtype=bool)
        missing[at] = False
        values[missing] = 0.0
        rows, at = _with_added(rows, at, np.flatnonzero(missing))
    known = ~np.isnan(values)
    if not known.any():
        return _unjudged(rows)
    filled = np.interp(np.arange(size), np.flatnonzero(known), values[known])
    parts = decomposed(
        filled, periods=how.periods, seasonal=how.seasonal, robust=how.robust, method=how.method
    )
    middle, usual = spread(parts.residual[known], float(np.abs(filled).max()), robust=how.robust)
    if how.zero and usual:
        usual = max(usual, _of_events(values[known]))
    score = (parts.residual - middle) / usual if usual else np.zeros(size)
    columns = {
        "residual": parts.residual, "trend": parts.trend, "seasonal": parts.seasonal,
        "weights": parts.weights, "baseline": parts.trend + parts.seasonal,
        "score": np.where(known, score, np.nan),
    }  # fmt: skip
    judged = rows.with_columns(
        pl.col(_VALUE).alias("value"),
        *(pl.Series(name, column[at]).fill_nan(None) for name, column in columns.items()),
    )
    return judged.with_columns(_sides(how.threshold, how.threshold)).with_columns(_reason([]))


def _fewest(how: _How) -> int:
    return 2 * max(how.periods) if how.periods != (1,) else _FEWEST


def _of_events(values: Floats) -> float:
    """The least deviation of counts that are mostly nought: one event more or less is chance."""
    mostly_nought = np.count_nonzero(values) <= len(values) / 2
    return 1.0 if mostly_nought and bool((values == np.floor(values)).all()) else 0.0


def _grid(rows: pl.DataFrame, time: str, *, named: bool) -> tuple[np.ndarray, int]:
    """At which step of the grid each row stands, and how many steps there are."""
    times = rows[_TIME].to_physical().to_numpy()
    if len(times) < 2:
        return np.zeros(len(times), dtype=np.int64), len(times)
    apart = np.diff(times)
    if (apart == 0).any():
        twice = int(rows[_TIME].is_duplicated().sum())
        raise UsageError(
            f"{twice:,} rows share a time in {time!r}",
            hint="name what tells the series apart with group_by=" if not named
            else "sum up first, to one row per time and group",
        )  # fmt: skip
    steps, counts = np.unique(apart, return_counts=True)
    width = int(steps[counts.argmax()])
    offsets = times - times[0]
    size = int(offsets[-1] // width) + 1
    if (offsets % width).any() or size > _WIDEST * len(times) + 1000:
        raise UsageError(
            f"the times in {time!r} are not on a regular grid: most are {width / 1e6:g} s apart",
            hint="count or sum up by hour (or another width) first",
        )
    return offsets // width, size


def _with_added(
    rows: pl.DataFrame, at: np.ndarray, missing: np.ndarray
) -> tuple[pl.DataFrame, np.ndarray]:
    """The rows with one for each missing point, and where on the grid all of them stand."""
    if not len(missing):
        return rows, at
    first = rows[_TIME].to_physical()[0]
    width = int((rows[_TIME].to_physical()[-1] - first) // at[-1])
    times = pl.Series(_TIME, first + missing * width).cast(rows.schema[_TIME])
    known = [n for n in rows.columns if n not in (_ROW, _TIME, _VALUE)]
    same = {n: rows[n][0] for n in known if rows[n].n_unique() == 1}
    added = rows.clear(len(missing)).with_columns(
        times, pl.lit(0.0).alias(_VALUE),
        *(pl.lit(value, rows.schema[n]).alias(n) for n, value in same.items()),
    )  # fmt: skip
    where = np.concatenate([at, missing])
    order = np.argsort(where, kind="stable")
    return pl.concat([rows, added])[order], where[order]


def _times_of_added(result: pl.DataFrame, time: str, series: str) -> pl.DataFrame:
    """Rows that were added have the time and the zero in the caller's columns, too."""
    moment = pl.col(_TIME)
    kind = result.schema[time]
    if kind == pl.String:
        moment = moment.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    elif kind == pl.Date:
        moment = moment.dt.date()
    elif isinstance(kind, pl.Datetime):
        moment = moment.dt.convert_time_zone(kind.time_zone or "UTC")
        moment = (moment if kind.time_zone else moment.dt.replace_time_zone(None)).cast(kind)
    else:
        raise UsageError(
            f"the column {time!r} holds {kind}, not times", hint="make times of it before adding"
        )
    is_new = pl.col(_ROW).is_null()
    zero = pl.lit(0).cast(result.schema[series])
    return result.with_columns(
        pl.when(is_new).then(moment.cast(kind)).otherwise(pl.col(time)).alias(time),
        pl.when(is_new).then(zero).otherwise(pl.col(series)).alias(series),
    )


def _unjudged(rows: pl.DataFrame) -> pl.DataFrame:
    nothing = [pl.lit(None, pl.Float64).alias(name) for name in ADDED[1:7]]
    return rows.with_columns(
        pl.col(_VALUE).alias("value"), *nothing, pl.lit(0, pl.Int64).alias("anomalies"),
        pl.lit("").alias("reason"),
    )  # fmt: skip


def _tell_short(result: pl.DataFrame, height: int, how: _How) -> None:
    judged = result.group_by(_GROUP).agg(pl.col("score").count())
    short = int((judged["score"] == 0).sum())
    if height and short:
        warnings.warn(
            f"{short:,} of {judged.height:,} series have no values, or fewer than the "
            f"{_fewest(how):,} points of two periods, and are not judged",
            stacklevel=7,
        )
    enough = 3 * max(how.periods)
    hardly = judged.filter(pl.col("score").is_between(1, enough - 1)).height
    if hardly and how.periods != (1,):
        warnings.warn(
            f"{hardly:,} of {judged.height:,} series have fewer than the {enough:,} points of "
            "three periods: what came only twice tells not which time was usual, so peaks and dips "
            "may be missed or doubled; period= takes a shorter season, period=1 with "
            "method='light' none",
            stacklevel=7,
        )


def _sides(high: float, low: float) -> pl.Expr:
    score = pl.col("score")
    side = pl.when(score >= high).then(1).when(score <= -low).then(-1).otherwise(0)
    return side.cast(pl.Int64).alias("anomalies")


def _reason(groups: list[str], anomalies: str = "anomalies") -> pl.Expr:
    """What an anomaly is, how far, and how many points of its series are as far."""
    as_far = pl.col("score").abs().rank("max", descending=True)
    points = pl.col("score").count()
    if groups:
        as_far, points = as_far.over(groups), points.over(groups)
    value, baseline, far = (
        _plain(each) for each in (pl.col("value"), pl.col("baseline"), pl.col("residual").abs())
    )
    told = pl.format(
        "{} is {} {} the {} that were expected, {} deviations; {} of {} points are as far",
        value,
        far,
        pl.when(pl.col(anomalies) > 0).then(pl.lit("above")).otherwise(pl.lit("below")),
        baseline,
        _plain(pl.col("score").abs().round(1)),
        as_far,
        points,
    )
    return pl.when(pl.col(anomalies) != 0).then(told).otherwise(pl.lit("")).alias("reason")


def _plain(number: pl.Expr) -> pl.Expr:
    """A number to read: large ones whole, small ones with four digits that count."""
    short = number.round_sig_figs(4)
    whole = (number.abs() >= 1000) | (short == short.round(0))
    return (
        pl.when(whole & (number.abs() < 1e15))
        .then(number.round(0).cast(pl.Int64, strict=False).cast(pl.String))
        .when(number.abs() >= 1e15)
        .then(with_exponent(number))
        .otherwise(short.cast(pl.String))
    )


timeseries_anomalies_stl = ts_anomalies_stl


def set_new_anomaly_threshold(
    data: Any,
    threshold: float,
    threshold_low: float | None = None,
    anomalies_column: str = "anomalies",
    group_by: str | Sequence[str] | None = None,
) -> Any:
    """The series with anomalies by another threshold; the scores and rows stay as they are.

    Args:
        data: a result of `ts_anomalies_stl`. Its column ``reason`` is written anew for the points
            that are anomalies now, and is empty for the others.
        threshold: from which score on a point is too high.
        threshold_low: from how far below zero it is too low; by default the same.
        anomalies_column: where 1, -1 and 0 are written.
        group_by: columns that tell several series apart: reasons count the points of one.

    Examples:
        >>> table = pl.DataFrame({"score": [4.0, -2.5, None], "anomalies": [1, 0, 0]})
        >>> set_new_anomaly_threshold(table, 5, 2)["anomalies"].to_list()
        [0, -1, 0]
    """
    guest = Guest.receive(data)
    groups = [group_by] if isinstance(group_by, str) else list(group_by or ())
    for name in (anomalies_column, *groups):
        if name not in guest.inner.columns:
            raise UnknownColumn(name, guest.inner.columns)
    schema = guest.inner.schema
    if "score" not in schema:
        raise UsageError("there is no column 'score'", hint="give this a result of an analysis")
    rows = guest.inner
    if rows["score"].null_count() == rows.height:  # without a type, it is nulls of text
        rows = rows.with_columns(pl.col("score").cast(pl.Float64))
    elif not _are_numbers(schema, "score"):
        raise UsageError(f"the column 'score' holds {schema['score']}, not numbers")
    low = threshold if threshold_low is None else threshold_low
    if not (threshold > 0 and low > 0):
        raise UsageError(f"thresholds are {threshold} and {low}", hint="both must be above 0")
    found = rows.with_columns(_sides(threshold, low).alias(anomalies_column))
    if "reason" in schema and _are_numbers(schema, "value", "baseline", "residual"):
        found = found.with_columns(_reason(groups, anomalies_column))
    return guest.give_back(found, rows_kept=True)


def _are_numbers(schema: pl.Schema, *names: str) -> bool:
    return all(name in schema and schema[name].is_numeric() for name in names)
