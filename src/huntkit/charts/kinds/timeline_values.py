"""Numbers over time: points, bars or lines, in groups."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import polars as pl

from huntkit.charts import events, stream
from huntkit.charts.chart import Chart
from huntkit.charts.payload import json_bytes, octets, planes
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.tables import frames
from huntkit.tables.stand_ins import exactly

Mark = Literal["vbar", "circle", "line"]

MOST: Final = 200_000  # of more events the page gets the telling ones;
COLUMNS: Final = 4_000  # of every so many-th of the time: first, last, lowest and highest

_TIME, _GROUP, _VALUE, _ROW = "_hk_time", "_hk_group", "_hk_value", "_hk_row"
_MARKS: Final = ("vbar", "circle", "line")


def timeline_values(
    data: Any,
    *,
    value_column: str,
    group_by: str | None = None,
    source_columns: Sequence[str] | str | None = None,
    time_column: str | None = None,
    kind: Mark | Sequence[Mark] = "vbar",
    max_groups: int = 7,
    references: Any = None,
    title: str | None = None,
    height: int | None = None,
    range_tool: bool = True,
) -> Chart:
    """A timeline whose marks stand as high as a number: bytes, scores, counts.

    Zoomed out, each column of the picture shows the range of its values; near, each event is a
    mark. Rows without a time or a number are not drawn but counted in the summary. Of more than
    200,000 events the page holds those that shape the picture (per group and 4,000th of the
    time the first, last, lowest and highest), and says so; `Chart.data` has them all.

    Args:
        data: a table of any kind.
        value_column: the column with the number; text that reads as a number is one.
        group_by: the column whose values have a colour and a shape each.
        source_columns: columns to show for an event; by default the roles that the table has.
        time_column: the column with the time; by default found by its role.
        kind: ``vbar`` (from zero), ``circle``, ``line``, or several of them.
        max_groups: groups with a colour of their own; smaller ones share one that says so.
        references: times to draw a line at: one, several, by label, or a table such as alerts.
        title: the heading.
        height: of the picture in pixels; by default 340.
        range_tool: whether the strip that shows everything stands below.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: no column holds times, no value is a number, or another argument is wrong.

    Examples:
        >>> chart = timeline_values(
        ...     pl.DataFrame({"time": ["2026-03-01T10:00:00Z", "2026-03-01T10:00:05Z"],
        ...                   "bytes": [10, 30]}),
        ...     value_column="bytes",
        ... )
        >>> chart.summary
        '2 values of bytes, 2026-03-01 10:00:00 to 10:00:05 UTC, from 10 to 30, median 20.'
    """
    marks = [kind] if isinstance(kind, str) else list(kind)
    if not marks or any(each not in _MARKS for each in marks):
        raise UsageError(f"kind is {kind!r}", hint="say vbar, circle, line or several of them")
    if not 1 <= max_groups <= 30:
        raise UsageError(f"max_groups is {max_groups}", hint="from 1 to 30 can be told apart")
    table = frames.to_polars(data)
    sources = events.listed(source_columns)
    events.require(table.columns, [value_column, group_by, *(sources or [])])
    time = events.time_of(table, time_column)
    shown = events.shown_columns(table, sources, (time, value_column))
    if group_by is not None:
        shown = list(dict.fromkeys([group_by, *shown]))
    rows = _rows(table, time, value_column, group_by, shown)
    drawn = rows.drop_nulls([_TIME, _VALUE]).sort(_TIME, maintain_order=True)
    chart = _chart(
        drawn,
        left_out=(int(rows[_TIME].null_count()), rows.height - drawn.height),
        names=(time, value_column, group_by),
        marks=[each for each in _MARKS if each in marks],
        max_groups=max_groups,
        references=events.references(references),
        title=visible(title or f"{value_column} over time", limit=200),
    )
    return events.sized(chart, height=height, range_tool=range_tool, usual=340)


def _rows(
    table: pl.DataFrame, time: str, value: str, group: str | None, shown: Sequence[str]
) -> pl.DataFrame:
    if time not in table.columns:
        table = table.with_columns(pl.Series(time, [], dtype=pl.Datetime("us", "UTC")))
    groups = pl.lit("values") if group is None else events.lane_names(table[group])
    return table.select(
        events.moments(table[time]).alias(_TIME),
        groups.alias(_GROUP),
        numbers_of(table[value], parameter="value_column").alias(_VALUE),
        *[exactly(name) for name in shown if name not in (time, value)],
    )


def numbers_of(column: pl.Series, *, parameter: str) -> pl.Series:
    """The column as finite numbers; null where a value is none.

    Raises:
        UsageError: values, but none of them is a number.
    """
    if column.dtype == pl.String:
        column = column.alias("text").str.strip_chars().alias(column.name)
    if column.dtype.is_integer():
        return column
    if column.dtype.is_nested() or column.dtype.is_temporal() or column.dtype == pl.Object:
        raise UsageError(f"the column {column.name!r} holds no numbers", hint=f"see {parameter}=")
    floats = column.cast(pl.Float64, strict=False)
    finite = pl.when(pl.col("value").is_finite()).then("value")
    found = floats.alias("value").to_frame().select(finite).to_series().alias(column.name)
    if found.null_count() == len(found) and column.null_count() < len(column):
        raise UsageError(
            f"the column {column.name!r} holds no numbers", hint=f"name another by {parameter}="
        )
    return found


def _chart(
    rows: pl.DataFrame,
    *,
    left_out: tuple[int, int],
    names: tuple[str, str, str | None],
    marks: list[str],
    max_groups: int,
    references: list[dict[str, Any]],
    title: str,
) -> Chart:
    time, value, group = names
    groups, of_row = stream.lanes(rows, max_groups, time=_TIME, lane=_GROUP)
    _measure(groups, rows[_VALUE], of_row)
    kept = _telling(rows, of_row)
    some = rows[kept] if kept is not None else rows
    columns, texts = stream.texts(some, rows.columns[3:])
    form, values = stream.numbers(some[_VALUE])
    unit, deltas = stream.gaps(some[_TIME].to_physical(), stream.PACKED_BYTES)
    content = {
        "deltas": deltas,
        "values": values,
        "lanes": octets(of_row.gather(kept) if kept is not None else of_row),
        "texts": json_bytes(columns),
    }
    if kept is not None:
        content["rows"] = planes(kept.cast(pl.Int64).diff().fill_null(int(kept[0])))
    summary = _summary(rows, groups, names, left_out, some.height)
    summary = f"{summary} {stream.rounding(some[_TIME].to_physical(), unit)}".strip()
    described = "; ".join(f"{each['name']}: {each['told']}" for each in groups[:5])
    spec = {
        "kind": "timeline_values",
        "title": title,
        "summary": summary,
        "description": f"Timeline of values: {title}. {summary} {described}. Press ? for keys.",
        "message": "There are no values with a time to draw.",
        "zone": "UTC",
        "value_name": visible(value, limit=events.NAME_LIMIT),
        "group_title": None if group is None else visible(group, limit=events.NAME_LIMIT),
        "groups": groups,
        "marks": marks,
        "events": some.height,
        "numbers": form,
        "low": float(rows[_VALUE].min() or 0),  # type: ignore[arg-type]
        "high": float(rows[_VALUE].max() or 0),  # type: ignore[arg-type]
        "noun": "events" if kept is None else "drawn events",
        "references": references,
        "first_us": rows[_TIME].to_physical().min() or 0,
        "unit_us": unit,
        "texts": texts,
        "height": 640,
    }
    taken = [name for name in rows.columns if not name.startswith("_hk_")]
    told = {_TIME: events.free_name(time, taken), _VALUE: events.free_name(value, [*taken, time])}
    drawn = rows.drop(_GROUP).rename(told)
    return Chart(
        data=drawn,
        times=(told[_TIME],),
        find=None if kept is None else lambda marks: drawn[_those(kept, marks)],
        spec=spec,
        blobs=content,
        libraries=("echarts",) if rows.height else (),
        table=_table(groups, group),
    )


def _those(kept: pl.Series, marks: Sequence[int]) -> pl.Series:
    """The rows of some marks, of which only the telling ones are on the page."""
    return kept.gather([mark for mark in marks if 0 <= mark < len(kept)])


def _measure(groups: list[dict[str, Any]], values: pl.Series, of_row: pl.Series) -> None:
    """Add to each group what its values are like."""
    measured = (
        pl.DataFrame({"group": of_row, "value": values})
        .group_by("group")
        .agg(low=pl.col("value").min(), middle=pl.col("value").median(), high=pl.col("value").max())
        .sort("group")
    )
    for group, (low, middle, high) in zip(
        groups, measured.select("low", "middle", "high").iter_rows(), strict=True
    ):
        group["stats"] = [plain(low), plain(middle), plain(high)]
        group["told"] = f"{group['count']:,}, from {plain(low)} to {plain(high)}"


def stats(values: pl.Series) -> tuple[str, str, str]:
    """The lowest, the median and the highest of some numbers, as texts."""
    return plain(values.min()), plain(values.median()), plain(values.max())


def plain(value: Any) -> str:
    """A number as people write it: thousands apart, at most six significant decimals.

    Anything else is an empty text.

    Examples:
        >>> plain(1234567), plain(0.125), plain(2.0)
        ('1,234,567', '0.125', '2')
    """
    if not isinstance(value, int | float):
        return ""
    if isinstance(value, int) or (value == int(value) and abs(value) < 1e15):
        return f"{int(value):,}"
    return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.2f}"


def _telling(rows: pl.DataFrame, of_row: pl.Series) -> pl.Series | None:
    """Of very many rows those that shape the picture; None for all of them."""
    if rows.height <= MOST:
        return None
    stamps = rows[_TIME].to_physical()
    first, last = int(stamps[0]), int(stamps[-1])
    places = pl.DataFrame(
        {
            "group": of_row,
            "column": (stamps - first) * COLUMNS // (last - first + 1),
            "value": rows[_VALUE],
        }
    ).with_row_index("row")
    row, value = pl.col("row"), pl.col("value")
    picked = places.group_by("group", "column").agg(
        pl.concat_list(
            row.first(), row.last(), row.get(value.arg_min()), row.get(value.arg_max())
        ).alias("rows")
    )
    return picked["rows"].list.explode().unique().sort()


def _summary(
    rows: pl.DataFrame,
    groups: list[dict[str, Any]],
    names: tuple[str, str, str | None],
    left_out: tuple[int, int],
    drawn: int,
) -> str:
    _, value, group = names
    said = visible(value, limit=events.NAME_LIMIT)
    parts = ["No values to draw."]
    if rows.height:
        low, middle, high = stats(rows[_VALUE])
        among = ""
        if group is not None:
            among = f" in {events.number(len(groups), 'group')} ({visible(group, limit=80)})"
        when = events.span(rows[_TIME][0], rows[_TIME][-1])
        what = f"{events.number(rows.height, 'value')} of {said}{among}, {when}"
        parts = [f"{what}, from {low} to {high}, median {middle}."]
    timeless, all_left_out = left_out
    if timeless:
        parts.append(f"{events.number(timeless, 'row')} without a usable time not drawn.")
    if all_left_out > timeless:
        parts.append(f"{events.number(all_left_out - timeless, 'row')} without a number not drawn.")
    if drawn < rows.height:
        parts.append(
            f"The page holds the {drawn:,} events that shape the picture: first, last, lowest and "
            f"highest of each 1/{COLUMNS:,} of the time."
        )
    return " ".join(parts)


def _table(groups: list[dict[str, Any]], group: str | None) -> tuple[tuple[str, ...], ...]:
    if not groups:
        return ()
    head = (group or "", "values", "lowest", "median", "highest", "first (UTC)", "last (UTC)")
    rows = (
        (each["name"], f"{each['count']:,}", *each["stats"], each["first"], each["last"])
        for each in groups
    )
    return (tuple(visible(each, limit=80) for each in head), *rows)
