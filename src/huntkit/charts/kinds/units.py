"""Every row as a square that moves between layouts: scattered, stacked, in cells of two columns."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import polars as pl

from huntkit.charts import events, stream
from huntkit.charts.axes import axis
from huntkit.charts.chart import Chart
from huntkit.charts.payload import json_bytes, octets
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.tables import frames

MOST: Final = 60_000  # squares that a page can move
TEXTS: Final = 30  # different texts that an axis tells apart; rarer ones share a place
LISTED: Final = 200  # cells in the data table

Layout = Literal["scatter", "columns", "cells"]


def units(
    data: Any,
    *,
    x: str,
    y: str,
    group_by: str | None = None,
    layout: Layout = "columns",
    source_columns: Sequence[str] | str | None = None,
    max_groups: int = 7,
    title: str | None = None,
) -> Chart:
    """A square per row, in three layouts between which the page moves them.

    ``scatter`` puts each row at its values of `x` and `y`, ``columns`` stacks rows along `x`, and
    ``cells`` packs them into the fields of `x` by `y`. The keys 1, 2 and 3 change the layout; the
    same squares move, so that a heap in one layout can be followed into another. Where a reader
    asks for less motion, they leap.

    Args:
        data: a table of any kind, up to 60,000 rows.
        x: the column along x: numbers, times, or texts.
        y: the column along y.
        group_by: the column whose values colour the squares.
        layout: the first layout.
        source_columns: columns to show for a row; by default the roles that the table has.
        max_groups: groups with a colour of their own; smaller ones share one.
        title: the heading.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: more than 60,000 rows, or no such layout.

    Examples:
        >>> chart = units(
        ...     pl.DataFrame({"port": [443, 22, 443], "host": ["a", "b", "a"]}), x="port", y="host"
        ... )
        >>> chart.summary
        '3 rows by port and host; most stand at host a (2).'
    """
    if layout not in ("scatter", "columns", "cells"):
        raise UsageError(f"there is no layout {layout!r}", hint="say scatter, columns or cells")
    if not 1 <= max_groups <= 30:
        raise UsageError(f"max_groups is {max_groups}", hint="from 1 to 30 can be told apart")
    table = frames.to_polars(data)
    sources = events.listed(source_columns)
    events.require(table.columns, [x, y, group_by, *(sources or [])])
    if table.height > MOST:
        raise UsageError(
            f"the table has {table.height:,} rows",
            hint=f"a page can move {MOST:,} squares; filter, or take a sample, first",
        )
    shown = events.shown_columns(table, sources, (x, y, group_by))
    across, up = (axis(table[name], most=TEXTS, fold=True) for name in (x, y))
    group = pl.lit("rows") if group_by is None else events.lane_names(table[group_by])
    rows = table.with_columns(
        across.values.alias("_hk_x"), up.values.alias("_hk_y"), group.alias("_hk_group")
    )
    sound = rows.drop_nulls(["_hk_x", "_hk_y"])
    now = pl.lit(0).cast(pl.Datetime("us", "UTC")).alias("_hk_t")
    groups, of_row = stream.lanes(
        sound.with_columns(now), max_groups, time="_hk_t", lane="_hk_group"
    )
    columns, texts = stream.texts(sound, shown)
    forms, content = {}, {"groups": octets(of_row), "texts": json_bytes(columns)}
    for part in ("x", "y"):
        forms[part], content[part] = stream.numbers(sound[f"_hk_{part}"])
    summary = _summary(sound, (x, y), up.names, table.height - sound.height)
    heading = visible(title or f"{y} by {x}", limit=200)
    spec = {
        "kind": "units",
        "title": heading,
        "summary": summary,
        "description": f"Units: {heading}. {summary} Press ? for keys.",
        "message": "There are no rows with both values to draw.",
        "units": sound.height,
        "layout": layout,
        "group_title": None if group_by is None else visible(group_by, limit=events.NAME_LIMIT),
        "groups": [{"name": g["name"], "count": g["count"], "rest": g["rest"]} for g in groups],
        "texts": texts,
        "height": 820,
    }
    for part, name, each in (("x", x, across), ("y", y, up)):
        spec[part] = {
            "name": visible(name, limit=events.NAME_LIMIT),
            "names": each.names,
            "time": each.is_time,
            "numbers": forms[part],
        }
    return Chart(
        data=sound.drop("_hk_x", "_hk_y", "_hk_group"),
        spec=spec,
        blobs=content,
        table=_table(groups, group_by),
    )


def _summary(
    rows: pl.DataFrame, axes: tuple[str, str], names: list[str] | None, left_out: int
) -> str:
    x, y = (visible(name, limit=80) for name in axes)
    text = (
        f"{events.number(rows.height, 'row')} by {x} and {y}" if rows.height else "No rows to draw"
    )
    if names and rows.height:
        fullest = rows["_hk_y"].value_counts().sort(["count", "_hk_y"], descending=[True, False])
        place, count = fullest.row(0)
        text += f"; most stand at {y} {names[int(place)]} ({count:,})"
    text += "."
    if left_out:
        text += f" {events.number(left_out, 'row')} without both values not drawn."
    return text


def _table(groups: list[dict[str, Any]], group_by: str | None) -> tuple[tuple[str, ...], ...]:
    if not groups:
        return ()
    head = (visible(group_by or "all", limit=80), "rows")
    return (head, *((group["name"], f"{group['count']:,}") for group in groups[:LISTED]))
