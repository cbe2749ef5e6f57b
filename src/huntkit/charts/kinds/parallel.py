"""Rows as lines across one axis per column: what goes together, and what does not."""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from huntkit.charts import events, stream
from huntkit.charts.axes import Axis, axis
from huntkit.charts.chart import Chart
from huntkit.charts.kinds.timeline_values import plain
from huntkit.charts.payload import octets
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.tables import frames

MOST_AXES: Final = 12
TEXTS: Final = 30  # different texts that an axis tells apart; rarer ones share a place
STEPS: Final = 250  # along an axis of numbers: what is nearer than a step is one line
MOST: Final = 20_000  # different lines
LISTED: Final = 100  # lines in the data table
USUAL: Final = 6  # axes, where the caller names none


def parallel(
    data: Any,
    *,
    columns: Sequence[str] | None = None,
    group_by: str | None = None,
    max_groups: int = 7,
    title: str | None = None,
) -> Chart:
    """Parallel coordinates: an upright axis per column, and a line across them per row.

    Rows that are alike are one line, as thick as they are many: numbers and times are drawn in
    250 steps, and texts beyond the 30 most frequent of a column share a place that says so.
    Dragging along an axis keeps the lines that pass there.

    Args:
        data: a table of any kind.
        columns: two to twelve columns, from left to right; by default up to six that tell: not
            the same everywhere, and not different in every row.
        group_by: the column whose values colour the lines.
        max_groups: groups with a colour of their own; smaller ones share one.
        title: the heading.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: fewer than two columns, more than twelve, or more than 20,000 different lines.

    Examples:
        >>> chart = parallel(
        ...     pl.DataFrame({"port": [443, 443, 22], "proto": ["tcp", "tcp", "udp"]})
        ... )
        >>> chart.summary
        '3 rows in 2 different lines across port and proto; the most frequent has 2 rows.'
    """
    if not 1 <= max_groups <= 30:
        raise UsageError(f"max_groups is {max_groups}", hint="from 1 to 30 can be told apart")
    table = frames.to_polars(data)
    events.require(table.columns, [*(columns or []), group_by])
    chosen = list(dict.fromkeys(columns)) if columns is not None else _telling(table, group_by)
    if not 2 <= len(chosen) <= MOST_AXES:
        raise UsageError(
            f"{len(chosen)} columns for parallel axes",
            hint=f"name from 2 to {MOST_AXES} with columns=",
            context={"columns": table.columns},
        )
    axes = [axis(table[name], most=TEXTS, fold=True) for name in chosen]
    group = events.lane_names(table[group_by]) if group_by is not None else None
    return _chart(
        table.height,
        names=chosen,
        axes=axes,
        group=pl.Series(["rows"] * table.height, dtype=pl.String) if group is None else group,
        group_by=group_by,
        max_groups=max_groups,
        title=visible(title or "Parallel coordinates", limit=200),
    )


def _telling(table: pl.DataFrame, group_by: str | None) -> list[str]:
    """Columns that neither say the same everywhere nor something else in every row."""
    found = []
    for name in table.columns:
        column = table[name]
        if name == group_by or name[:1] in ("", "_") or column.dtype.is_nested():
            continue
        different = column.n_unique()
        counts = column.dtype.is_numeric() or column.dtype.is_temporal()
        if different > 1 and (counts or different <= max(TEXTS, table.height // 4)):
            found.append(name)
    return (found if len(found) > 1 else table.columns)[:USUAL]


def _chart(
    rows: int,
    *,
    names: list[str],
    axes: list[Axis],
    group: pl.Series,
    group_by: str | None,
    max_groups: int,
    title: str,
) -> Chart:
    places = [f"a{at}" for at in range(len(axes))]
    steps = [_stepped(each).alias(name) for name, each in zip(places, axes, strict=True)]
    whole = pl.DataFrame([*steps, group.alias("group")]).drop_nulls(places)
    now = pl.lit(0).cast(pl.Datetime("us", "UTC")).alias("t")
    groups, of_row = stream.lanes(whole.with_columns(now), max_groups, time="t", lane="group")
    lines = (
        whole.with_columns(of_row.alias("group"))
        .group_by(*places, "group")
        .agg(pl.len().cast(pl.Int64).alias("rows"))
        .sort(["rows", "group", *places], descending=[True] + [False] * (len(places) + 1))
    )
    if lines.height > MOST:
        raise UsageError(
            f"there are {lines.height:,} different lines",
            hint=f"{MOST:,} can be drawn; name fewer columns, or filter first",
        )
    content = {"groups": octets(lines["group"])}
    told = []
    for at, (name, each) in enumerate(zip(names, axes, strict=True)):
        form, content[f"axis{at}"] = stream.numbers(lines[places[at]])
        said = visible(name, limit=events.NAME_LIMIT)
        told.append({"name": said, "names": each.names, "time": each.is_time, "numbers": form})
    count_form, content["counts"] = stream.numbers(lines["rows"])
    summary = _summary(rows, whole.height, lines, names)
    spec = {
        "kind": "parallel",
        "title": title,
        "summary": summary,
        "description": f"Parallel coordinates: {title}. {summary} Press ? for keys.",
        "message": "There are no rows with a value on every axis.",
        "axes": told,
        "group_title": None if group_by is None else visible(group_by, limit=events.NAME_LIMIT),
        "groups": [{"name": g["name"], "count": g["count"], "rest": g["rest"]} for g in groups],
        "lines": lines.height,
        "count_numbers": count_form,
        "height": 760,
    }
    shown = lines.select(
        *[_said(lines[place], each).alias(place) for place, each in zip(places, axes, strict=True)],
        "rows",
    )
    final = {place: _free(names, at) for at, place in enumerate(places)}
    return Chart(
        data=shown.rename(final),
        spec=spec,
        blobs=content,
        table=_table(shown, names) if lines.height else (),
    )


def _free(names: Sequence[str], at: int) -> str:
    return events.free_name(names[at], ["rows"])


def _stepped(each: Axis) -> pl.Series:
    """Numbers and times in even steps between their ends; few different ones stay as they are."""
    values = each.values
    if each.names is not None or values.n_unique() <= STEPS:
        return values
    low, high = float(values.min() or 0), float(values.max() or 0)  # type: ignore[arg-type]
    step = (high - low) / STEPS
    return ((values - low) / step).round() * step + low


def _said(places: pl.Series, each: Axis) -> pl.Series:
    if each.names is not None:
        names = pl.Series(each.names, dtype=pl.String)
        return names.gather(places.cast(pl.UInt32)) if len(names) else places.cast(pl.String)
    if each.is_time:
        return places.cast(pl.Int64).cast(pl.Datetime("ms", "UTC"))
    return places


def _summary(rows: int, drawn: int, lines: pl.DataFrame, names: Sequence[str]) -> str:
    if not lines.height:
        return f"No rows to draw; {rows:,} lack a value." if rows else "No rows to draw."
    said = [visible(name, limit=60) for name in names]
    across = f"{', '.join(said[:-1])} and {said[-1]}"
    different = f"{lines.height:,} different line{'' if lines.height == 1 else 's'}"
    text = (
        f"{events.number(drawn, 'row')} in {different} across {across}; the most frequent has "
        f"{events.number(int(lines['rows'][0]), 'row')}."
    )
    if drawn < rows:
        text += f" {events.number(rows - drawn, 'row')} that lack a value not drawn."
    return text


def _table(shown: pl.DataFrame, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    head = (*(visible(name, limit=80) for name in names), "rows")
    rows = shown.head(LISTED).iter_rows()
    return (head, *(tuple(_cell(value) for value in row) for row in rows))


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return plain(value) or str(value)
