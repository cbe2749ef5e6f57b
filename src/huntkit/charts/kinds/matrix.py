"""How often, or how much, two things meet: users and hosts, accounts and addresses."""

from typing import Any, Final, Literal

import polars as pl

from huntkit.charts import events, stream
from huntkit.charts.chart import Chart
from huntkit.charts.kinds.timeline_values import numbers_of, plain
from huntkit.charts.payload import octets
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.tables import frames

LISTED: Final = 200  # cells in the data table

Show = Literal["value", "rare", "presence"]
Sort = Literal["value", "name"]


def matrix(
    data: Any,
    *,
    x: str,
    y: str,
    value_column: str | None = None,
    distinct: bool = False,
    show: Show = "value",
    log_scale: bool | None = None,
    sort: Sort = "value",
    max_groups: int = 60,
    title: str | None = None,
) -> Chart:
    """A field of cells: how many rows have this `x` and that `y`.

    An empty or missing value is a group of its own, ``(empty)``. Groups beyond the biggest share
    a last row or column, which says so and does not set the scale.

    Args:
        data: a table of any kind.
        x: the column whose values become the columns.
        y: the column whose values become the rows.
        value_column: sum up this column instead of counting rows.
        distinct: count the different values of `value_column` instead of summing them up.
        show: ``value`` (the larger the stronger), ``rare`` (the smaller the stronger) or
            ``presence`` (only whether they meet).
        log_scale: whether colours follow powers; by default where the numbers differ widely.
        sort: ``value`` (biggest groups first) or ``name``.
        max_groups: rows and columns shown by themselves.
        title: the heading.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: `value_column` holds no numbers, or another argument is wrong.

    Examples:
        >>> chart = matrix(
        ...     pl.DataFrame({"User": ["al", "al", "bo"], "Host": ["ws1", "ws1", "ws2"]}),
        ...     x="Host", y="User",
        ... )
        >>> chart.summary
        '3 rows: 2 values of User and 2 of Host, which meet in 2 of 4 cells; most rows: al and ...'
    """
    if show not in ("value", "rare", "presence") or sort not in ("value", "name"):
        raise UsageError(
            f"show is {show!r}, sort is {sort!r}",
            hint="show: value, rare or presence; sort: value or name",
        )
    if not 1 <= max_groups <= 200:
        raise UsageError(f"max_groups is {max_groups}", hint="from 1 to 200 can be told apart")
    if distinct and value_column is None:
        raise UsageError("distinct values of which column?", hint="name it with value_column=")
    table = frames.to_polars(data)
    events.require(table.columns, [x, y, value_column])
    names, cells = _cells(
        table, (x, y), value_column, distinct=distinct, sort=sort, most=max_groups
    )
    shown = visible(title or f"{y} by {x}", limit=200)
    value_name = "rows"
    if value_column is not None:
        value_name = f"{'different' if distinct else 'sum of'} {value_column}"
    return _chart(
        cells,
        axes=names,
        columns=(x, y, visible(value_name, limit=100)),
        rows=table.height,
        settings=(show, log_scale, not distinct),
        title=shown,
    )


def _cells(
    table: pl.DataFrame,
    axes: tuple[str, str],
    value: str | None,
    *,
    distinct: bool,
    sort: Sort,
    most: int,
) -> tuple[tuple[list[str], list[str], bool, bool], pl.DataFrame]:
    """The names along x and y, whether their last ones are the others, and the filled cells."""
    rows = pl.DataFrame(
        [events.lane_names(table[axes[0]]).alias("x"), events.lane_names(table[axes[1]]).alias("y")]
    )
    measure = pl.len().cast(pl.Int64)
    if value is not None and distinct:
        rows = rows.with_columns(_comparable(table[value]).alias("value"))
        measure = pl.col("value").drop_nulls().n_unique().cast(pl.Int64)
    elif value is not None:
        rows = rows.with_columns(numbers_of(table[value], parameter="value_column").alias("value"))
        rows = rows.drop_nulls("value")
        measure = pl.col("value").sum()
    placed = rows
    found: list[tuple[list[str], bool]] = []
    for axis in ("x", "y"):
        names, rest, number = _axis(rows, axis, measure, sort=sort, most=most)
        place = pl.col(axis).replace_strict(number, default=len(number), return_dtype=pl.UInt8)
        placed = placed.with_columns(
            place.alias(f"{axis}_at") if number else pl.lit(0).alias(f"{axis}_at")
        )
        found.append((names, rest))
    cells = placed.group_by("x_at", "y_at").agg(measure.alias("value")).sort("y_at", "x_at")
    (xs, rest_x), (ys, rest_y) = found
    return (xs, ys, rest_x, rest_y), cells


def _comparable(column: pl.Series) -> pl.Series:
    if column.dtype.is_nested() or column.dtype == pl.Object:
        return pl.Series([None if v is None else str(v) for v in column.to_list()], dtype=pl.String)
    return column


def _axis(
    rows: pl.DataFrame, axis: str, measure: pl.Expr, *, sort: Sort, most: int
) -> tuple[list[str], bool, dict[str, int]]:
    """The names of one axis, whether the last is the others, and each name's place."""
    sizes = rows.group_by(axis).agg(measure.alias("size"))
    sizes = sizes.sort(["size", axis], descending=[True, False])
    kept = sizes[axis].to_list()
    others = 0
    if len(kept) > most + 1:  # a row of "others" for a single group would hide its name
        others = len(kept) - most
        kept = kept[:most]
    if sort == "name":
        kept.sort(key=_natural)
    number = {name: place for place, name in enumerate(kept)}
    return ([*kept, f"{others:,} others"] if others else kept), bool(others), number


def _natural(name: str) -> tuple[int, float, str]:
    """Numbers by size, then texts."""
    try:
        return (0, float(name.replace(",", "")), name)
    except ValueError:
        return (1, 0.0, name.casefold())


def _chart(
    cells: pl.DataFrame,
    *,
    axes: tuple[list[str], list[str], bool, bool],
    columns: tuple[str, str, str],
    rows: int,
    settings: tuple[Show, bool | None, bool],
    title: str,
) -> Chart:
    xs, ys, rest_x, rest_y = axes
    x, y, value_name = columns
    show, log_scale, adds_up = settings
    form, values = stream.numbers(cells["value"])
    named = cells.with_columns(
        _named(cells["x_at"], xs).alias("x"), _named(cells["y_at"], ys).alias("y")
    )
    summary = _summary(named, axes, columns, rows)
    spec = {
        "kind": "matrix",
        "title": title,
        "summary": summary,
        "description": f"Matrix: {title}. {summary} Press ? for keys.",
        "message": "There are no rows to draw.",
        "x_name": visible(x, limit=events.NAME_LIMIT),
        "y_name": visible(y, limit=events.NAME_LIMIT),
        "value_name": value_name,
        "xs": xs,
        "ys": ys,
        "rest_x": rest_x,
        "rest_y": rest_y,
        "cells": cells.height,
        "numbers": form,
        "scale": _scale(cells, axes, log_scale),
        "show": show,
        "adds_up": adds_up,
        "height": 200 + max(15, min(34, 620 // max(len(ys), 1))) * len(ys) + 160,
    }
    first, second = x, events.free_name(y, [x])
    drawn = named.select(
        pl.col("x").alias(first),
        pl.col("y").alias(second),
        pl.col("value").alias(events.free_name(value_name, [first, second])),
    )
    places = {
        y * len(xs) + x: row for row, (x, y) in enumerate(cells.select("x_at", "y_at").rows())
    }
    return Chart(
        data=drawn,
        find=lambda marks: drawn[[places[mark] for mark in marks if mark in places]],
        spec=spec,
        blobs={"x": octets(cells["x_at"]), "y": octets(cells["y_at"]), "values": values},
        table=_table(named, columns),
    )


def _named(places: pl.Series, names: list[str]) -> pl.Series:
    if not names:
        return pl.Series([], dtype=pl.String)
    return pl.Series(names, dtype=pl.String).gather(places)


def _scale(
    cells: pl.DataFrame, axes: tuple[list[str], list[str], bool, bool], log: bool | None
) -> dict[str, Any]:
    """The ends of the colours, and whether they follow powers; the others do not count."""
    xs, ys, rest_x, rest_y = axes
    own = cells
    if rest_x:
        own = own.filter(pl.col("x_at") < len(xs) - 1)
    if rest_y:
        own = own.filter(pl.col("y_at") < len(ys) - 1)
    values = (own if own.height else cells)["value"]
    low, high = float(values.min() or 0), float(values.max() or 0)  # type: ignore[arg-type]
    middle = float(values.median() or 0)  # type: ignore[arg-type]
    wide = low > 0 and high > 30 * middle
    return {"low": low, "high": high, "log": low > 0 and (wide if log is None else log)}


def _summary(
    cells: pl.DataFrame,
    axes: tuple[list[str], list[str], bool, bool],
    columns: tuple[str, str, str],
    rows: int,
) -> str:
    xs, ys, rest_x, rest_y = axes
    x, y, value = (visible(name, limit=80) for name in columns)
    if not cells.height:
        return "No rows to draw."
    best = cells.sort("value", descending=True, maintain_order=True).row(0, named=True)
    text = (
        f"{events.number(rows, 'row')}: {len(ys):,} values of {y} and {len(xs):,} of {x}, which "
        f"meet in {cells.height:,} of {len(xs) * len(ys):,} cells; most {value}: {best['y']} and "
        f"{best['x']} ({plain(best['value'])})."
    )
    if rest_y:
        text += f" The last row holds {ys[-1]}."
    if rest_x:
        text += f" The last column holds {xs[-1]}."
    return text


def _table(cells: pl.DataFrame, columns: tuple[str, str, str]) -> tuple[tuple[str, ...], ...]:
    if not cells.height:
        return ()
    x, y, value = (visible(name, limit=80) for name in columns)
    top = cells.sort("value", descending=True, maintain_order=True).head(LISTED)
    rows = top.select("y", "x", "value").iter_rows()
    return ((y, x, value), *((b, a, plain(number)) for b, a, number in rows))
