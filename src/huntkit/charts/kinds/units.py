"""Every row as a unit that moves between layouts, flat and in space."""

from collections.abc import Sequence, Sized
from typing import Any, Final, Literal

import polars as pl

from huntkit.charts import events, stream
from huntkit.charts.axes import axis
from huntkit.charts.chart import Chart
from huntkit.charts.payload import json_bytes, octets
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.tables import frames

MOST: Final = 60_000  # units that a page can move
TEXTS: Final = 30  # different texts that an axis tells apart; rarer ones share a place

MOVE_MS: Final = 1_200  # from one layout to the next
FLAT: Final = ("scatter", "columns", "cells", "stacks")
SPACE: Final = ("space", "blocks")  # these need a third column

Layout = Literal["scatter", "columns", "cells", "stacks", "space", "blocks"]
Renderer = Literal["auto", "gpu", "canvas"]


def units(
    data: Any,
    *,
    x: str,
    y: str,
    z: str | None = None,
    group_by: str | None = None,
    layout: Layout = "columns",
    source_columns: Sequence[str] | str | None = None,
    max_groups: int = 7,
    title: str | None = None,
    renderer: Renderer = "auto",
) -> Chart:
    """A unit per row, in layouts between which the page moves them, flat and in space.

    ``scatter`` puts each row at its values of `x` and `y`, ``columns`` stacks rows along `x`,
    ``cells`` packs them into the fields of `x` by `y`, and ``stacks`` stacks them on those fields,
    seen from above. With a third column, ``space`` puts each row at its values of all three, and
    ``blocks`` packs them into the cells of `x` by `y` by `z`. The keys 1 to 6 change the layout;
    the same units move, so that a heap in one layout can be followed into another. Where a reader
    asks for less motion, they leap.

    Args:
        data: a table of any kind, up to 60,000 rows.
        x: the column along x: numbers, times, or texts.
        y: the column along y; on the floor of ``stacks`` it runs into the depth.
        z: the column into the depth of ``space`` and ``blocks``.
        group_by: the column whose values colour the units.
        layout: the first layout.
        source_columns: columns to show for a row; by default the roles that the table has.
        max_groups: groups with a colour of their own; smaller ones share one.
        title: the heading.
        renderer: who paints. ``auto`` takes the graphics card (with morphcharts, 85 KB in the page)
            where the reader's browser has one, else paints on the canvas and says so; ``gpu``
            takes what the browser calls a graphics card, even one that it imitates slowly;
            ``canvas`` leaves the library out, the picture is the same.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: more than 60,000 rows, no such layout, or one that needs `z`.

    Examples:
        >>> chart = units(
        ...     pl.DataFrame({"port": [443, 22, 443], "host": ["a", "b", "a"]}), x="port", y="host"
        ... )
        >>> chart.summary
        '3 rows by port and host; most stand at host a (2).'
    """
    layouts = _layouts(layout, z)
    if renderer not in ("auto", "gpu", "canvas"):
        raise UsageError(f"there is no renderer {renderer!r}", hint="say auto, gpu or canvas")
    if not 1 <= max_groups <= 30:
        raise UsageError(f"max_groups is {max_groups}", hint="from 1 to 30 can be told apart")
    table = frames.to_polars(data)
    sources = events.listed(source_columns)
    events.require(table.columns, [x, y, z, group_by, *(sources or [])])
    if table.height > MOST:
        raise UsageError(
            f"the table has {table.height:,} rows",
            hint=f"a page can move {MOST:,} units; filter, or take a sample, first",
        )
    shown = events.shown_columns(table, sources, (x, y, z, group_by))
    named = {"x": x, "y": y} if z is None else {"x": x, "y": y, "z": z}
    axes = {part: axis(table[name], most=TEXTS, fold=True) for part, name in named.items()}
    group = pl.lit("rows") if group_by is None else events.lane_names(table[group_by])
    places = [each.values.alias(f"_hk_{part}") for part, each in axes.items()]
    rows = table.with_columns(*places, group.alias("_hk_group"))
    sound = rows.drop_nulls([place.name for place in places])
    now = pl.lit(0).cast(pl.Datetime("us", "UTC")).alias("_hk_t")
    groups, of_row = stream.lanes(
        sound.with_columns(now), max_groups, time="_hk_t", lane="_hk_group"
    )
    columns, texts = stream.texts(sound, shown)
    forms, content = {}, {"groups": octets(of_row), "texts": json_bytes(columns)}
    for part in named:
        forms[part], content[part] = stream.numbers(sound[f"_hk_{part}"])
    summary = _summary(sound, tuple(named.values()), axes["y"].names, table.height - sound.height)
    heading = visible(title or " by ".join([y, x] if z is None else [z, y, x]), limit=200)
    spec = {
        "kind": "units",
        "title": heading,
        "summary": summary,
        "description": f"Units: {heading}. {summary} Press ? for keys.",
        "message": f"There are no rows with {_all(named)} values to draw.",
        "units": sound.height,
        "layout": layout,
        "layouts": layouts,
        "renderer": renderer,
        "move_ms": MOVE_MS,
        "group_title": None if group_by is None else visible(group_by, limit=events.NAME_LIMIT),
        "groups": [{"name": g["name"], "count": g["count"], "rest": g["rest"]} for g in groups],
        "texts": texts,
        "height": 820,
    }
    for part, each in axes.items():
        spec[part] = {
            "name": visible(named[part], limit=events.NAME_LIMIT),
            "names": each.names,
            "time": each.is_time,
            "numbers": forms[part],
        }
    return Chart(
        data=sound.drop(*(place.name for place in places), "_hk_group"),
        spec=spec,
        blobs=content,
        libraries=() if renderer == "canvas" else ("morph",),
        table=_table(sound, groups, of_row, (y, group_by), axes["y"].names),
    )


def _layouts(first: str, z: str | None) -> list[str]:
    if first in SPACE and z is None:
        raise UsageError(f"the layout {first!r} needs a third column", hint="name one by z=")
    if first not in (*FLAT, *SPACE):
        raise UsageError(
            f"there is no layout {first!r}", hint=f"say one of {', '.join([*FLAT, *SPACE])}"
        )
    return [*FLAT, *(SPACE if z is not None else ())]


def _all(axes: Sized) -> str:
    return "both" if len(axes) == 2 else "all three"


def _summary(
    rows: pl.DataFrame, axes: tuple[str, ...], names: list[str] | None, left_out: int
) -> str:
    *most, last = (visible(name, limit=80) for name in axes)
    by = f"{', '.join(most)} and {last}"
    y = visible(axes[1], limit=80)
    text = f"{events.number(rows.height, 'row')} by {by}" if rows.height else "No rows to draw"
    if names and rows.height:
        fullest = rows["_hk_y"].value_counts().sort(["count", "_hk_y"], descending=[True, False])
        place, count = fullest.row(0)
        text += f"; most stand at {y} {names[int(place)]} ({count:,})"
    text += "."
    if left_out:
        text += f" {events.number(left_out, 'row')} without {_all(axes)} values not drawn."
    return text


def _table(
    rows: pl.DataFrame,
    groups: list[dict[str, Any]],
    of_row: pl.Series,
    titles: tuple[str, str | None],
    names: list[str] | None,
) -> tuple[tuple[str, ...], ...]:
    """How many rows stand at each name of y, in each group; just of each group without names."""
    y, group_by = titles
    if not groups:
        return ()
    if names is None:
        head = (visible("all" if group_by is None else group_by, limit=80), "rows")
        return (head, *((group["name"], f"{group['count']:,}") for group in groups))
    pairs = pl.DataFrame({"y": rows["_hk_y"].cast(pl.Int64), "group": of_row})
    counts = {(place, of): count for place, of, count in pairs.group_by("y", "group").len().rows()}
    parted = range(len(groups)) if len(groups) > 1 else range(0)
    lines = []
    for place, name in enumerate(names):
        all_of_it = sum(counts.get((place, of), 0) for of in range(len(groups)))
        each = (counts.get((place, of), 0) for of in parted)
        lines.append((name, f"{all_of_it:,}", *(f"{count:,}" for count in each)))
    return ((visible(y, limit=80), "rows", *(groups[of]["name"] for of in parted)), *lines)
