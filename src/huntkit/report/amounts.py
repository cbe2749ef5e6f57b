"""How much was logged over time, and when it was unusually much or little."""

import math
from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from huntkit.report.layouts import Evidence, Layout
from huntkit.sources.local.mapping.views import VIEWS

MOST_STEPS = 200
_FEWEST = 48  # steps; of fewer nobody can say what is usual
_SHORTEST = timedelta(hours=1)  # shorter evidence has no "usual" to compare with
_FILLED = 0.3  # of the steps must hold something: between two captures lies nothing to learn
_STEPS_S = (30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400)
_DAYS = 4  # from so many days on, a step is compared with the same time of other days
_AROUND = 24  # else with so many steps around it
_LIMIT = 3.5  # standard deviations
_MAD = 1.4826  # of a normal distribution, the standard deviation per median absolute deviation
_SCHEMA = pl.Schema(
    {"TimeGenerated": pl.Datetime("us", "UTC"), "records": pl.Int64(), "baseline": pl.Float64(),
     "lower": pl.Float64(), "upper": pl.Float64(), "score": pl.Float64(), "anomalies": pl.Int64()}
)  # fmt: skip


def amounts(evidence: Evidence, tables: Sequence[Layout]) -> pl.DataFrame:
    """Records of all tables per step of time, with what was usual; empty where that says nothing.

    A record that several tables hold counts once. Columns: ``TimeGenerated records baseline lower
    upper score anomalies``. The baseline is the median of the same time of day (from four days
    on), else of the steps around. Counts are compared by their square roots, which makes small
    and large ones comparable (Anscombe 1948); the scale is the median absolute deviation, at
    least that of pure chance.
    """
    timed = [
        each for each in tables if each.time and each.first and each.last and each.name not in VIEWS
    ]
    if not timed:
        return pl.DataFrame(schema=_SCHEMA)
    first = min(each.first for each in timed if each.first)
    last = max(each.last for each in timed if each.last)
    step = _step(last - first)
    if last - first < _SHORTEST or (last - first) / step < _FEWEST:
        return pl.DataFrame(schema=_SCHEMA)
    counted = _counted(evidence, timed, step)
    if counted.height < _FILLED * ((last - first) / step):
        return pl.DataFrame(schema=_SCHEMA)
    return judged(counted, step)


def _step(span: timedelta) -> timedelta:
    """The finest round step that gives few enough of them."""
    for seconds in _STEPS_S:
        if span / timedelta(seconds=seconds) <= MOST_STEPS:
            return timedelta(seconds=seconds)
    return timedelta(days=math.ceil(span / timedelta(days=1) / MOST_STEPS))


def _counted(evidence: Evidence, tables: Sequence[Layout], step: timedelta) -> pl.DataFrame:
    seconds = int(step.total_seconds())
    parts = " UNION ALL ".join(
        f"SELECT epoch_us({each.sql_time()}) // 1000000 // {seconds} AS step, "  # noqa: S608
        f"hash(_file, _record) AS record FROM {each.sql} WHERE {each.sql_time()} IS NOT NULL"
        for each in tables
    )
    rows: pl.DataFrame = evidence.sql(
        f"SELECT step, count(DISTINCT record) AS records FROM ({parts}) GROUP BY 1 ORDER BY 1",  # noqa: S608
        frame="polars",
    )
    moment = (pl.col("step") * seconds * 1_000_000).cast(pl.Datetime("us", "UTC"))
    return rows.select(moment.alias("TimeGenerated"), pl.col("records").cast(pl.Int64))


def judged(counted: pl.DataFrame, step: timedelta) -> pl.DataFrame:
    """Counts per step (gaps are zeros) with their baseline, band, score and anomalies.

    Examples:
        >>> from datetime import UTC, datetime
        >>> begin = datetime(2026, 3, 3, tzinfo=UTC)
        >>> times = [begin + timedelta(minutes=n) for n in range(60)]
        >>> rows = pl.DataFrame({"TimeGenerated": times, "records": [9] * 30 + [90] + [9] * 29})
        >>> judged(rows, timedelta(minutes=1)).filter(pl.col("anomalies") != 0)["records"].to_list()
        [90]
    """
    # Whole steps from the first to the last, so that a gap is a row of zeros.
    ends = counted["TimeGenerated"].to_physical()
    width = step // timedelta(microseconds=1)
    steps = pl.int_range(int(ends[0]), int(ends[-1]) + 1, width, eager=True)
    times = steps.cast(pl.Datetime("us", "UTC")).alias("TimeGenerated").to_frame()
    rows = times.join(counted, on="TimeGenerated", how="left", maintain_order="left").with_columns(
        pl.col("records").fill_null(0)
    )
    a_day = timedelta(days=1)
    seasonal = step <= a_day / 4 and rows.height * step >= _DAYS * a_day
    usual = (
        pl.col("records").median().over(pl.col("TimeGenerated").dt.time())
        if seasonal
        else pl.col("records").rolling_median(
            2 * _AROUND + 1, center=True, min_samples=_AROUND // 2
        )
    )
    root = 2 * ((pl.col("records") + 0.375).sqrt() - (pl.col("baseline") + 0.375).sqrt())
    rows = rows.with_columns(usual.cast(pl.Float64).alias("baseline")).with_columns(
        root.alias("score")
    )
    spread = float(rows["score"].abs().median() or 0) * _MAD  # type: ignore[arg-type]
    scale = max(spread, 1.0)  # 1 is what pure chance gives
    low, high = (
        (pl.col("baseline") + 0.375).sqrt() + sign * _LIMIT * scale / 2 for sign in (-1, 1)
    )
    return rows.with_columns(
        (low.clip(0) ** 2 - 0.375).clip(0).alias("lower"),
        (high**2 - 0.375).alias("upper"),
        (pl.col("score") / scale).alias("score"),
    ).select(
        "TimeGenerated",
        "records",
        "baseline",
        "lower",
        "upper",
        "score",
        pl.when(pl.col("score").abs() > _LIMIT)
        .then(pl.col("score").sign())
        .otherwise(0)
        .cast(pl.Int64)
        .alias("anomalies"),
    )
