"""`huntkit series`, at work: peaks and dips of how much happened."""

import html
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl

import huntkit
from huntkit.charts.page import Page
from huntkit.cli.case import Case, opened, python_open, show_python
from huntkit.cli.frame import counted, note
from huntkit.cli.options import General, Reading, Span, Writing
from huntkit.cli.output import emit, is_html, save_chart, save_text
from huntkit.cli.questions import bounds, named_tables
from huntkit.cli.standout_columns import apart, check, noted, score_first
from huntkit.cli.statement import evidence_tables
from huntkit.cli.target import check_output
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.sources.local.mapping.views import VIEWS
from huntkit.tables.frames import renamed
from huntkit.tables.stand_ins import StandIns, exactly
from huntkit.tables.times import parse_times, pick_time_column

_EVERY = re.compile(r"([1-9]\d{0,5})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_MOST_POINTS = 2_000_000
_STEPS = ("10s", "30s", "1m", "2m", "5m", "10m", "15m", "30m", "1h", "2h", "6h", "1d")
_SEASONAL = timedelta(days=4)  # from so long on, a day is a season
_POINTS = 200  # of a series without a season
_DRAWN = 6  # series of a page
_DAY = 86_400


def series(
    paths: Sequence[str],
    reading: Reading,
    span: Span,
    writing: Writing,
    general: General,
    *,
    table: str | None,
    by: Sequence[str],
    value: str | None,
    every: str | None,
    period: int | None,
    threshold: float,
    everything: bool,
) -> None:
    """Peaks and dips of how much happened."""
    check_output(writing)
    if every is not None and not _EVERY.fullmatch(every):
        raise UsageError(f"--every {every!r} is no stretch of time", hint="such as 15m, 1h or 1d")
    columns = apart(by)
    with opened(paths, reading) as case:
        name = named_tables(case, [table])[0] if table else _only_table(case)
        rows = _timed(case, name, span)
        check([*columns, *([value] if value else [])], rows)
        if value is not None and not rows.schema[value].is_numeric():
            raise UsageError(f"--value {value!r} holds {rows.schema[value]}, not numbers")
        if value is not None and (lost := rows[value].null_count()):
            told = f"{lost:,} of {counted(rows.height, 'row')} have no number in {value!r}"
            note(f"huntkit: warning: {name}: {told}: they add nothing")
        if not rows.height:
            note(f"huntkit: {name} has no rows with a time to look at")
            emit(pl.DataFrame(), writing, title="Peaks and dips")
            return
        every, period = _chosen(rows, every, period)
        _python(general, paths, reading, name, columns, value, every, period, threshold, writing)
        stand_ins = StandIns.of(rows.columns)
        rows = renamed(rows, map(stand_ins.inner, rows.columns))
        keys = [stand_ins.inner(column) for column in columns]
        points = _points(rows, keys, None if value is None else stand_ins.inner(value), every)
        amounts = points.drop("judged")
        judged = points.select(*keys, "TimeGenerated", Amount="judged")
        _say_edges(points)
        _say_sparse(points, every)
        found = noted(
            name,
            lambda: huntkit.analyze.ts_anomalies_stl(
                judged, time_column="TimeGenerated", data_column="Amount", period=period,
                score_threshold=threshold, group_by=keys or None, method="light", gaps="zero",
            ),
        )  # fmt: skip
        found = stand_ins.texts_of(_with_amounts(found, amounts, keys))
        found = renamed(found, map(stand_ins.restored, found.columns))
        odd = found.filter(pl.col("anomalies") != 0).sort(pl.col("score").abs(), descending=True)
        season = (
            f"a season of {period:,} points" if period > 1 else "no season, but the points around"
        )
        note(
            f"huntkit: {odd.height:,} of {counted(found.height, 'point')} of {every} are"
            f" peaks or dips, against {season}"
        )
        if is_html(writing):
            _draw(found, odd, name, columns, every, threshold, writing)
            return
        emit(found if everything else odd, writing, title="Peaks and dips", eyes=score_first)


def _only_table(case: Case) -> str:
    """The table of evidence that has one; views that show its rows again do not count."""
    held = evidence_tables(case.evidence)
    own = [name for name in held if name not in VIEWS or VIEWS[name].source not in held]
    if len(own) == 1:
        return own[0]
    if not own:
        raise UsageError("this evidence has no rows to look at")
    raise UsageError(
        "series needs --table: which of the tables?", hint="tables: " + ", ".join(sorted(held))
    )


def _timed(case: Case, name: str, span: Span) -> pl.DataFrame:
    """The rows that have a time, which is called TimeGenerated."""
    start, end = bounds(span, case)
    rows: pl.DataFrame = case.evidence.table(name, start=start, end=end, frame="polars")
    if not rows.height:
        return rows
    when = parse_times(rows[pick_time_column(rows)]).alias("TimeGenerated")
    timed = rows.with_columns(when).drop_nulls("TimeGenerated")
    if lost := rows.height - timed.height:
        note(
            f"huntkit: warning: {name}: {lost:,} of {counted(rows.height, 'row')} have no time:"
            " left out"
        )
    return timed


def _chosen(rows: pl.DataFrame, every: str | None, period: int | None) -> tuple[str, int]:
    """Steps and season: what was given, else what the length of the time suggests."""
    [[first, last]] = rows.select(a=pl.min("TimeGenerated"), b=pl.max("TimeGenerated")).rows()
    whole = last - first
    if every is None:
        fitting = [e for e in _STEPS if whole.total_seconds() / _seconds(e) <= _POINTS]
        every = "1h" if whole >= _SEASONAL else (fitting or _STEPS[-1:])[0]
    if period is None:
        width = _seconds(every)
        daily = whole >= _SEASONAL and _DAY % width == 0 and width < _DAY
        period = _DAY // width if daily else 1
    return every, period


def _seconds(every: str) -> int:
    size, unit = _EVERY.fullmatch(every).groups()  # type: ignore[union-attr]
    return int(size) * _SECONDS[unit]


def _points(
    rows: pl.DataFrame, columns: Sequence[str], value: str | None, every: str
) -> pl.DataFrame:
    """How much happened in each stretch of time."""
    amount = exactly(value).sum() if value is not None else pl.len()
    time = pl.col("TimeGenerated").dt.truncate(every)
    points = rows.group_by(*columns, time).agg(Amount=amount.cast(pl.Float64))
    [[first, last]] = points.select(a=pl.min("TimeGenerated"), b=pl.max("TimeGenerated")).rows()
    groups = points.select(columns).n_unique() if columns else 1
    if (last - first).total_seconds() / _seconds(every) * groups > _MOST_POINTS:
        raise UsageError(
            f"from {first:%Y-%m-%d} to {last:%Y-%m-%d} are too many points of {every}",
            hint="take longer ones with --every, or less time with --since and --until",
        )
    whole = points.group_by(columns or pl.lit(0).alias("_all")).agg(
        pl.datetime_ranges(
            pl.min("TimeGenerated"), pl.max("TimeGenerated"), every, time_unit="us"
        ).first().alias("TimeGenerated")
    ).select(*columns, "TimeGenerated").explode("TimeGenerated")  # fmt: skip
    keys = [*columns, "TimeGenerated"]
    filled = whole.join(points, on=keys, how="left", nulls_equal=True).with_columns(
        pl.col("Amount").fill_null(0.0)
    )
    return _with_edges(filled, rows, columns, every).sort(*keys)


def _with_edges(
    points: pl.DataFrame, rows: pl.DataFrame, columns: Sequence[str], every: str
) -> pl.DataFrame:
    """With the amount to judge: null at an end that is low because the data fill but part of it.

    A group's data fill the stretch if they come as near to its end as they usually follow.
    """
    time, width = pl.col("TimeGenerated"), pl.duration(seconds=_seconds(every))
    gap = time.sort().diff().median().fill_null(pl.duration(seconds=0))
    ends = rows.group_by(columns or pl.lit(0).alias("_all")).agg(
        first=time.min(), last=time.max(), gap=gap
    )
    known = (
        points.join(ends, on=list(columns), how="left", nulls_equal=True)
        if columns
        else points.join(ends, how="cross")
    )
    late = (time <= pl.col("first")) & (pl.col("first") - pl.col("gap") > time)
    early = (time + width > pl.col("last")) & (pl.col("last") + pl.col("gap") < time + width)
    usual = pl.col("Amount").median()
    low = pl.col("Amount") <= (usual.over(columns) if columns else usual)
    judged = pl.when((late | early) & low).then(None).otherwise(pl.col("Amount"))
    return known.select(*points.columns, judged=judged)


def _with_amounts(
    found: pl.DataFrame, amounts: pl.DataFrame, columns: Sequence[str]
) -> pl.DataFrame:
    """With the amount of the points that were not judged, too."""
    keys = [*columns, "TimeGenerated"]
    return (
        found.drop("Amount")
        .join(amounts, on=keys, how="left", nulls_equal=True, maintain_order="left")
        .select(found.columns)
    )


def _say_edges(points: pl.DataFrame) -> None:
    if part := points["judged"].null_count():
        note(
            f"huntkit: {counted(part, 'point')} at the ends of the data not judged: the data fill"
            " only a part of that stretch of time"
        )


def _say_sparse(points: pl.DataFrame, every: str) -> None:
    empty = int((points["Amount"] == 0).sum())
    if empty * 2 > points.height:
        note(
            f"huntkit: {empty:,} of {counted(points.height, 'point')} of {every} are empty or 0;"
            " a longer --every tells more"
        )


def _draw(
    found: pl.DataFrame,
    odd: pl.DataFrame,
    name: str,
    columns: Sequence[str],
    every: str,
    threshold: float,
    writing: Writing,
) -> None:
    """Each series with its anomalies; of several, those with the farthest."""
    title = f"{name}, per {every}"
    if not columns:
        save_chart(_chart(found, title, threshold), writing)
        return
    ordered = pl.concat([each.select(map(exactly, columns)) for each in (odd, found)])
    groups = ordered.unique(maintain_order=True)
    page = Page()
    bodies = []
    for group in groups.head(_DRAWN).iter_rows(named=True):
        told = ", ".join(f"{key} {value}" for key, value in group.items())
        # A group that is null is one, too.
        same = [exactly(key).eq_missing(pl.lit(value)) for key, value in group.items()]
        bodies.append(page.add(_chart(found.filter(same), f"{title}: {told}", threshold)))
    heading = html.escape(visible(title))
    save_text(
        _file(writing),
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{page.head()}\n'
        f"<title>{heading}</title>\n</head>\n<body>\n{''.join(bodies)}\n{page.tail()}\n</body>\n"
        "</html>\n",
    )
    note(
        f"{min(groups.height, _DRAWN):,} of {groups.height:,} series drawn, those with the farthest"
        f" peaks or dips first. Written to {writing.output}"
    )


def _file(writing: Writing) -> Any:
    return writing.output


def _chart(found: pl.DataFrame, title: str, threshold: float) -> Any:
    return huntkit.charts.timeseries(
        found, data_column="Amount", time_column="TimeGenerated", score_threshold=threshold,
        title=title,
    )  # fmt: skip


def _python(
    general: General,
    paths: Sequence[str],
    reading: Reading,
    table: str,
    columns: Sequence[str],
    value: str | None,
    every: str,
    period: int,
    threshold: float,
    writing: Writing,
) -> None:
    if not general.show_python:
        return
    amount = f"pl.col({value!r}).sum()" if value else "pl.len()"
    drawn = [
        f"huntkit.charts.timeseries(found, data_column='Amount').save({str(writing.output)!r})"
    ]
    show_python(
        python_open(paths, reading),
        "import polars as pl",
        f"rows = evidence.table({table!r}, frame='polars').sort('TimeGenerated')",
        f"points = rows.group_by_dynamic('TimeGenerated', every={every!r}, group_by={columns!r})"
        f".agg(Amount={amount})",
        "# An end of the data that fills but part of its stretch of time is not judged here.",
        f"found = huntkit.analyze.ts_anomalies_stl(points, data_column='Amount', period={period}, "
        f"score_threshold={threshold}, group_by={columns!r}, method='light', gaps='zero')",
        *(drawn if is_html(writing) and not columns else []),
    )
