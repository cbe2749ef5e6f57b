"""A time series with what was expected of it: baseline, band, and the points that left it."""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from huntkit.charts import events, stream
from huntkit.charts.chart import Chart
from huntkit.charts.kinds.timeline_values import numbers_of, plain
from huntkit.charts.payload import json_bytes, octets
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.tables import frames

MOST: Final = 100_000  # points that a page holds
LISTED: Final = 200  # anomalies in the data table

_BANDS: Final = (
    ("lower", "upper"),
    ("lower_bound", "upper_bound"),
    ("baseline_lower", "baseline_upper"),
    ("yhat_lower", "yhat_upper"),
)
# What an analysis adds to a table; never taken as the series itself.
_DERIVED: Final = frozenset(
    [*(name for band in _BANDS for name in band), "value", "residual", "trend", "seasonal",
     "weights", "baseline", "score", "anomalies", "_record"]
)  # fmt: skip
_TIME: Final = "_hk_time"


def timeseries(
    data: Any,
    *,
    data_column: str | None = None,
    time_column: str | None = None,
    baseline_column: str | None = None,
    band_columns: tuple[str, str] | None = None,
    anomalies_column: str | None = None,
    score_threshold: float = 3.0,
    source_columns: Sequence[str] | str | None = None,
    references: Any = None,
    title: str | None = None,
    height: int | None = None,
    range_tool: bool = True,
) -> Chart:
    """A time series, its seasonal baseline and band, and its anomalies as arrowheads.

    It draws what an analysis found, such as the columns ``baseline``, ``score`` and
    ``anomalies`` of a seasonal decomposition, and finds nothing itself. Without band columns the
    band is worked out from ``residual`` and ``score``, if the score is the residual's distance
    from its mean in standard deviations; that of counts ends at zero. The line is broken
    where points are missing.

    Args:
        data: a table of any kind, one row per point.
        data_column: the series; by default the first column of numbers that no analysis added.
        time_column: the column with the time; by default found by its role.
        baseline_column: what was expected; by default ``baseline``.
        band_columns: the lower and upper edge of what is ordinary; by default ``lower`` and
            ``upper``, or a few other known pairs.
        anomalies_column: 1 above, -1 below, 0 ordinary; or true and false, where the baseline
            decides between above and below. By default ``anomalies``.
        score_threshold: how far the band reaches where it comes from residual and score.
        source_columns: further columns to show for a point; by default none.
        references: times to draw a line at: one, several, by label, or a table such as alerts.
        title: the heading.
        height: of the picture in pixels; by default 360.
        range_tool: whether the strip that shows everything stands below.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: no column holds times, or none holds numbers, or there are more than 100,000
            points.

    Examples:
        >>> chart = timeseries(
        ...     pl.DataFrame({"TimeGenerated": ["2026-03-01", "2026-03-02", "2026-03-03"],
        ...                   "bytes": [10, 11, 90], "baseline": [10, 10, 10],
        ...                   "anomalies": [0, 0, 1]}),
        ... )
        >>> chart.summary
        '3 points of bytes, ... from 10 to 90. 1 anomaly: 1 above, 0 below what was expected.'
    """
    table = frames.to_polars(data)
    sources = events.listed(source_columns) or []
    band = band_columns or (None, None)
    events.require(
        table.columns,
        [data_column, time_column, baseline_column, *band, anomalies_column, *sources],
    )
    time = events.time_of(table, time_column)
    series = _series_of(table, time) if data_column is None else data_column
    rows = _rows(table, time, series, sources)
    rows = rows.with_columns(
        _expected(table, baseline_column, band_columns, score_threshold, rows["value"])
    )
    rows = rows.with_columns(_signs(table, rows, anomalies_column).alias("sign"))
    points = rows.drop_nulls([_TIME, "value"]).sort(_TIME, maintain_order=True)
    if points.height > MOST:
        raise UsageError(
            f"the series has {points.height:,} points", hint=f"sum it up to {MOST:,} or fewer first"
        )
    chart = _chart(
        points,
        names=(time, series, sources),
        left_out=rows.height - points.height,
        judged=_named(table, anomalies_column, "anomalies") is not None,
        references=events.references(references),
        title=visible(title or f"{series} over time", limit=200),
    )
    return events.sized(chart, height=height, range_tool=range_tool, usual=360)


def _named(table: pl.DataFrame, given: str | None, usual: str) -> str | None:
    return given or (usual if usual in table.columns else None)


def _series_of(table: pl.DataFrame, time: str) -> str:
    """The first column of numbers that no analysis added; ``value`` if there is no other."""
    numeric = [n for n in table.columns if table.schema[n].is_numeric() and n != time]
    found = [name for name in numeric if name not in _DERIVED]
    if found or "value" in numeric:
        return (found or ["value"])[0]
    if not table.height:
        return next((name for name in table.columns if name != time), "value")
    raise UsageError("no column holds the series", hint="name it with data_column=")


def _rows(table: pl.DataFrame, time: str, series: str, sources: list[str]) -> pl.DataFrame:
    for name in (time, series):
        if name not in table.columns:
            table = table.with_columns(pl.Series(name, [], dtype=pl.Float64))
    values = numbers_of(table[series], parameter="data_column").cast(pl.Float64).alias("value")
    shown = [table[name].alias(f"_hk_shown_{place}") for place, name in enumerate(sources)]
    return pl.DataFrame([events.moments(table[time]).alias(_TIME), values, *shown])


def _expected(
    table: pl.DataFrame,
    baseline: str | None,
    band: tuple[str, str] | None,
    threshold: float,
    values: pl.Series,
) -> list[pl.Series]:
    """What is known of ``baseline``, ``lower``, ``upper`` and ``score``, as numbers."""
    found = {}
    for part, name in (
        ("baseline", _named(table, baseline, "baseline")),
        ("score", _named(table, None, "score")),
        ("residual", _named(table, None, "residual")),
    ):
        if name is not None and table[name].null_count() < table.height:
            column = numbers_of(table[name], parameter=f"{part}_column").cast(pl.Float64)
            found[part] = column.alias(part)
    pair = band or next((pair for pair in _BANDS if set(pair) <= set(table.columns)), None)
    if pair is not None:
        edges = (numbers_of(table[name], parameter="band_columns") for name in pair)
        found["lower"], found["upper"] = (e.cast(pl.Float64).alias("edge") for e in edges)
    elif {"baseline", "score", "residual"} <= found.keys():
        found |= _band(found, threshold)
        if "lower" in found and _are_counts(values):
            found["lower"] = found["lower"].clip(lower_bound=0.0)
    found.pop("residual", None)
    return [column.alias(part) for part, column in found.items()]


def _are_counts(values: pl.Series) -> bool:
    """Whether these are whole numbers of which none is below zero."""
    known = values.drop_nulls()
    return bool(((known >= 0) & (known == known.floor())).all())


def _band(found: dict[str, pl.Series], threshold: float) -> dict[str, pl.Series]:
    """The band that a score in standard deviations implies; none, unless it is such a score."""
    known = pl.DataFrame([found["score"], found["residual"]]).drop_nulls()
    if known.height < 3:
        return {}
    low, high = known["score"].arg_min(), known["score"].arg_max()
    if low is None or high is None or known["score"][low] == known["score"][high]:
        return {}
    (score_low, residual_low), (score_high, residual_high) = known.row(low), known.row(high)
    deviation = (residual_high - residual_low) / (score_high - score_low)
    mean = residual_high - deviation * score_high
    fits = (
        (known["residual"] - mean - deviation * known["score"]).abs() <= 1e-6 * abs(deviation)
    ).all()
    if not fits or deviation <= 0:
        return {}
    middle = found["baseline"] + mean
    return {"lower": middle - threshold * deviation, "upper": middle + threshold * deviation}


def _signs(table: pl.DataFrame, rows: pl.DataFrame, given: str | None) -> pl.Series:
    """1 above, -1 below, 0 ordinary or not judged."""
    name = _named(table, given, "anomalies")
    if name is None:
        return pl.Series([0] * table.height, dtype=pl.Int8)
    if table.schema[name] == pl.Boolean:
        above = pl.col("value") >= (pl.col("baseline") if "baseline" in rows else pl.lit(0.0))
        direction = rows.select(pl.when(above).then(1).otherwise(-1).alias("s"))["s"]
        return (
            direction * table[name].alias("judged").fill_null(value=False).cast(pl.Int8)
        ).fill_null(0)
    judged = numbers_of(table[name], parameter="anomalies_column").cast(pl.Float64)
    return judged.alias("judged").sign().fill_null(0).cast(pl.Int8)


def _chart(
    points: pl.DataFrame,
    *,
    names: tuple[str, str, list[str]],
    left_out: int,
    judged: bool,
    references: list[dict[str, Any]],
    title: str,
) -> Chart:
    time, series, sources = names
    parts: list[str] = [
        n for n in ("value", "baseline", "lower", "upper", "score") if n in points.columns
    ]
    forms: dict[str, dict[str, float]] = {}
    content: dict[str, bytes] = {}
    for part in parts:
        forms[part], content[part] = stream.numbers(points[part].fill_null(0.0))
    shown = [f"_hk_shown_{place}" for place in range(len(sources))]
    columns, texts = stream.texts(points, shown)
    for column, name in zip(columns, sources, strict=True):
        column["name"] = visible(name, limit=events.NAME_LIMIT)
    unit, content["deltas"] = stream.gaps(points[_TIME].to_physical(), stream.PACKED_BYTES)
    content["known"] = octets(_known(points))
    content["anomalies"] = octets(points["sign"].replace_strict([0, 1, -1], [0, 1, 2]))
    content["texts"] = json_bytes(columns)
    low, high = _reach(points)
    summary = _summary(points, series, left_out, judged=judged)
    summary = f"{summary} {stream.rounding(points[_TIME].to_physical(), unit)}".strip()
    spec = {
        "kind": "timeseries",
        "title": title,
        "summary": summary,
        "description": f"Time series: {title}. {summary} Press ? for keys, n for anomalies.",
        "message": "There are no points with a time and a number to draw.",
        "zone": "UTC",
        "noun": "points",
        "value_name": visible(series, limit=events.NAME_LIMIT),
        "band_name": "ordinary range",
        "judged": judged,
        "events": points.height,
        "numbers": forms,
        "low": low,
        "high": high,
        "gap_ms": _gap_ms(points[_TIME]),
        "first_us": points[_TIME].to_physical().min() or 0,
        "unit_us": unit,
        "texts": texts,
        "references": references,
        "height": 680,
    }
    drawn = points.select(
        pl.col(_TIME).alias(time),
        *[pl.col(part).alias(series if part == "value" else part) for part in parts],
        pl.col("sign").alias("anomalies"),
    )
    return Chart(
        data=drawn,
        times=(drawn.columns[0],),
        spec=spec,
        blobs=content,
        libraries=("echarts",) if points.height else (),
        table=_table(points, series),
    )


def _known(points: pl.DataFrame) -> pl.Series:
    """Which parts each point has: 1 the baseline, 2 the band, 4 the score."""
    bits = {"baseline": 1, "lower": 2, "score": 4}
    known = [pl.col(p).is_not_null().cast(pl.UInt8) * bit for p, bit in bits.items() if p in points]
    if "upper" in points:  # half a band is none
        whole = pl.col("lower").is_not_null() & pl.col("upper").is_not_null()
        known[-1 if "score" not in points else -2] = whole.cast(pl.UInt8) * 2
    if not known:
        return pl.Series([0] * points.height, dtype=pl.UInt8)
    return points.select(pl.sum_horizontal(known).alias("known"))["known"]


def _reach(points: pl.DataFrame) -> tuple[float, float]:
    """The lowest and highest of all that is drawn; from zero where that costs little room."""
    drawn = [n for n in ("value", "baseline", "lower", "upper") if n in points.columns]
    lows = [value for name in drawn if (value := points[name].min()) is not None]
    highs = [value for name in drawn if (value := points[name].max()) is not None]
    low, high = float(min(lows, default=0.0)), float(max(highs, default=1.0))  # type: ignore[arg-type]
    return (0.0 if 0 < low < high / 2 else low), high


def _gap_ms(stamps: pl.Series) -> float:
    """Points further apart than this have missing ones between them."""
    usual = stamps.diff().drop_nulls().dt.total_microseconds().median()
    return float(usual or 0) / 1000 * 2.5  # type: ignore[arg-type]


def _summary(points: pl.DataFrame, series: str, left_out: int, *, judged: bool) -> str:
    said = visible(series, limit=events.NAME_LIMIT)
    parts = ["No points to draw."]
    if points.height:
        when = events.span(points[_TIME][0], points[_TIME][-1])
        low, high = plain(points["value"].min()), plain(points["value"].max())
        parts = [
            f"{events.number(points.height, 'point')} of {said}, {when}, from {low} to {high}."
        ]
    above, below = int((points["sign"] > 0).sum()), int((points["sign"] < 0).sum())
    if not judged:
        parts.append("No column says which points are anomalous.")
    elif points.height:
        noun = "anomaly" if above + below == 1 else "anomalies"
        parts.append(
            f"{above + below:,} {noun}: {above:,} above, {below:,} below what was expected."
        )
    if left_out:
        parts.append(f"{events.number(left_out, 'row')} without a time or a number not drawn.")
    return " ".join(parts)


def _table(points: pl.DataFrame, series: str) -> tuple[tuple[str, ...], ...]:
    """The anomalies, the strongest first if that is known; without any, the ends of the series."""
    if not points.height:
        return ()
    odd = points.filter(pl.col("sign") != 0)
    if not odd.height:
        odd = (
            points.sort("value")
            .head(1)
            .vstack(points.sort("value").tail(1))
            .unique(keep="first", maintain_order=True)
        )
    if odd.height > LISTED:
        by = pl.col("score").abs() if "score" in odd else pl.col("value")
        odd = odd.sort(by, descending=True).head(LISTED).sort(_TIME)
    parts = [name for name in ("baseline", "score") if name in odd.columns]
    told = {0: "", 1: "above", -1: "below"}
    head = ("time (UTC)", visible(series, limit=80), *parts, "anomaly")
    rows = odd.select(_TIME, "value", *parts, "sign").iter_rows()
    return (
        head,
        *((events.stamp(row[0]), *(plain(v) for v in row[1:-1]), told[row[-1]]) for row in rows),
    )
