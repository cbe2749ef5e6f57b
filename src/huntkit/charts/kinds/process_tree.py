"""Processes as a tree that unfolds, with times, users and whole command lines."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import polars as pl

from huntkit.charts import foremost, processes
from huntkit.charts.chart import Chart
from huntkit.charts.payload import Coded, Named, coded, json_bytes, named
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.core.text import visible
from huntkit.extract.trees import process_tree as processes_as_tree
from huntkit.tables import frames

CELL_LIMIT: Final = 200  # characters of a cell, except the command line
COMMAND_LIMITS: Final = (
    processes.LONGEST,
    1_000,
    300,
)  # characters of a command line: the first that ...
COMMAND_BYTES: Final = 6_000_000  # ... keeps all command lines within this

ORDERS: Final = ("foremost", "rarest", "time")
_CELLS: Final = {"user": "User", "host": "Host", "pid": "PID"}


def process_tree(
    data: Any,
    *,
    columns: Mapping[str, str] | None = None,
    source_columns: Sequence[str] | str | None = None,
    color_by: str | None = None,
    mark_column: str | None = None,
    weight_column: str | None = None,
    order: Literal["foremost", "rarest", "time"] | None = None,
    title: str | None = None,
) -> Chart:
    r"""A process tree as an unfolding table: fold, search, sort by rarity, read command lines.

    Give it a table of process starts, or the result of `huntkit.extract.process_tree`, which is
    otherwise called here. A process whose parent is not in the table is a root; a circle of
    parents is cut at its earliest process.

    Args:
        data: a table of any kind, one row per process.
        columns: where to find what, if not by the known names: a column for any of ``time``,
            ``process``, ``command``, ``user``, ``host``, ``pid``.
        source_columns: further columns to show for the chosen process.
        color_by: a column whose most frequent values have a colour each.
        mark_column: a column that marks processes, such as the names of the rules that they
            break: its text stands in red beside the name, and the ways there are open at first.
        weight_column: a column of numbers: the branches with the heaviest processes come first.
            If left out, a process weighs what is risky in its command line and unusual in its
            start, in bits, as in the report.
        order: ``foremost`` (the branches with the heaviest processes first, equal ones by rarity;
            the default where any weighs something, or `weight_column` is given), ``rarest`` (the
            default where the rarity is known) or ``time``. Weighing takes some seconds for 100,000
            processes; with ``rarest`` or ``time`` there is none.
        title: the heading.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: the table holds no processes, or `columns` or `order` says something else.

    Examples:
        >>> chart = process_tree(
        ...     pl.DataFrame(
        ...         {
        ...             "proc_key": ["a", "b"],
        ...             "parent_key": [None, "a"],
        ...             "Program": [r"C:\Windows\explorer.exe", r"C:\Windows\System32\cmd.exe"],
        ...         }
        ...     ),
        ...     columns={"process": "Program"},
        ... )
        >>> chart.summary
        '2 processes in 1 tree, at most 2 levels deep.'
    """
    if order not in (None, *ORDERS):
        said = " or ".join(f"order={each!r}" for each in ORDERS)
        raise UsageError(f"there is no order {order!r}", hint=f"say {said}")
    table = frames.to_polars(data)
    named = dict(columns or {})
    processes.check(named, table.columns)
    others = [source_columns] if isinstance(source_columns, str) else list(source_columns or [])
    for name in [*others, color_by, mark_column, weight_column]:
        if name is not None and name not in table.columns:
            raise UnknownColumn(name, table.columns)
    if not {"proc_key", "parent_key"} <= set(table.columns):
        given = {processes.PARTS[part]: name for part, name in named.items()}
        table = _tree(table, given)
    known = processes.told(table, named)
    known = known.with_columns(_places(table, weight_column, order))
    rows, depths = _arranged(table, known)
    shown = visible(title or "Processes", limit=200)
    drawn = table[rows]
    more = {
        part: drawn[name]
        for part, name in (("colour", color_by), ("mark", mark_column))
        if name is not None
    }
    return _chart(drawn, known[rows], depths, others, more, order, shown)


def _tree(table: pl.DataFrame, given: Mapping[str, str]) -> pl.DataFrame:
    try:
        tree: pl.DataFrame = processes_as_tree(table, roles=given)
    except UsageError as problem:
        role = problem.context.get("role")
        part = next((part for part, each in processes.PARTS.items() if each == role), None)
        if part is not None:  # roles are no words of this chart
            listed = ", ".join(table.columns[:20])
            problem.hint = f"name it by columns={{'{part}': ...}}; the columns are: {listed}"
        raise
    return tree


def _places(table: pl.DataFrame, weight_column: str | None, order: str | None) -> list[pl.Series]:
    """How far in front each process stands, where that is asked for and some weigh enough."""
    if order in ("rarest", "time") or not table.height:
        return []
    if weight_column is None:
        weight = foremost.weights(table)["weight"]
        if order is None and (weight == 0).all():
            return []
    elif table[weight_column].dtype.is_numeric():
        weight = table[weight_column].cast(pl.Float64).fill_nan(None)
    else:
        raise UsageError(f"weight_column={weight_column!r} holds no numbers")
    if _rarity(table) is None:
        rarity = pl.repeat(0.0, table.height, eager=True)
    else:
        rarity = table["Rarity"].cast(pl.Float64).fill_nan(None)
    return [foremost.places(weight, rarity).alias("place")]


def _arranged(table: pl.DataFrame, known: pl.DataFrame) -> tuple[list[int], list[int]]:
    """The rows so that each process follows its parent, siblings by time; and their depths."""
    keys = table["proc_key"].cast(pl.String).to_list()
    parents = table["parent_key"].cast(pl.String).to_list()
    by_time = known["time"].arg_sort().to_list() if "time" in known else range(table.height)
    place: dict[str, int] = {}
    for row in by_time:
        if keys[row] is not None:
            place.setdefault(keys[row], row)
    children: dict[int, list[int]] = {}
    roots = []
    for row in by_time:
        parent = parents[row]
        above = place.get(parent) if parent is not None else None
        if above is None or above == row:
            roots.append(row)
        else:
            children.setdefault(above, []).append(row)
    return _walk(roots, children, by_time)


def _walk(
    roots: list[int], children: dict[int, list[int]], rows: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Pre-order without recursion: a hostile tree may be as deep as it has rows."""
    order: list[int] = []
    depths: list[int] = []
    seen = bytearray(len(rows))

    def walk(root: int) -> None:
        stack = [(root, 0)]
        while stack:
            row, depth = stack.pop()
            if seen[row]:
                continue
            seen[row] = 1
            order.append(row)
            depths.append(depth)
            stack.extend((child, depth + 1) for child in reversed(children.get(row, ())))

    for root in roots:
        walk(root)
    for row in rows:  # what no root leads to is a circle
        if not seen[row]:
            walk(row)
    return order, depths


def _chart(
    table: pl.DataFrame,
    known: pl.DataFrame,
    depths: list[int],
    others: Sequence[str],
    more: Mapping[str, pl.Series],
    order: str | None,
    title: str,
) -> Chart:
    first, offsets = _times(known)
    rarity = _rarity(table)
    shown = [part for part in _CELLS if part in known and (known[part] != "").any()]
    cells = [{"id": "time", "label": "Time (UTC)"}] if first is not None else []
    cells += [{"id": part, "label": _CELLS[part]} for part in shown]
    cells += [{"id": "rarity", "label": "Rarity"}] if rarity is not None else []
    cells += [{"id": "command", "label": "Command line"}] if "command" in known else []
    programs = known["process"] if "process" in known else pl.Series([""] * table.height)
    nodes: dict[str, Any] = {
        "depth": depths,
        "process": coded(programs, limit=1_000),
        "time": offsets,
        "inferred": _flags(table, "Inferred"),
        **{part: coded(known[part], limit=CELL_LIMIT) for part in shown},
        "details": _details(table, others),
    }
    nodes |= {part: coded(_unsaid(column), limit=CELL_LIMIT) for part, column in more.items()}
    if rarity is not None:
        nodes["rarity"] = rarity
    if "place" in known:
        nodes["place"] = known["place"].to_list()
    if "command" in known:
        nodes["command"] = _commands(known["command"])
    summary = _summary(depths, nodes["inferred"])
    if "mark" in more:
        summary += f" {_marked(_unsaid(more['mark'])):,} marked by {_name(more['mark'])}."
    spec = {
        "kind": "process_tree",
        "title": title,
        "summary": summary,
        "description": f"Process tree: {title}. {summary} Press ? for keys.",
        "message": "There are no processes to draw.",
        "zone": "UTC",
        "nodes": table.height,
        "columns": cells,
        "first_ms": first or 0,
        "rarity": rarity is not None,
        "colour_name": _name(more["colour"]) if "colour" in more else None,
        "mark_name": _name(more["mark"]) if "mark" in more else None,
        "foremost": "place" in known,
        "order": order or _usual_order(known, rarity),
        "height": min(26 * table.height + 30, 560) + 320,
    }
    return Chart(data=table, spec=spec, blobs={"nodes": json_bytes(nodes)})


def _usual_order(known: pl.DataFrame, rarity: Sequence[float] | None) -> str:
    if "place" in known:
        return "foremost"
    return "rarest" if rarity is not None else "time"


def _name(column: pl.Series) -> str:
    return visible(column.name, limit=80)


def _unsaid(column: pl.Series) -> pl.Series:
    """Flags as texts: what is not true says nothing; lists as their texts."""
    if column.dtype == pl.Boolean:
        name = pl.lit(column.name)
        return column.to_frame("flag").select(pl.when(pl.col("flag")).then(name)).to_series()
    if column.dtype == pl.List(pl.String):
        return column.list.join(", ")
    return column


def _marked(column: pl.Series) -> int:
    if column.dtype == pl.String:
        return int((column.fill_null("") != "").sum())
    return len(column) - column.null_count()


def _times(known: pl.DataFrame) -> tuple[int | None, list[int | None]]:
    """The first time in ms since 1970, and every row's distance from it."""
    if "time" not in known:
        return None, [None] * known.height
    milliseconds = known["time"].dt.epoch("ms")
    first = milliseconds.min()
    if not isinstance(first, int):
        return None, [None] * known.height
    return first, (milliseconds - first).to_list()


def _rarity(table: pl.DataFrame) -> list[float] | None:
    """From 0 (everywhere) to 1 (seen once); -1 where it is not known."""
    if "Rarity" not in table.columns or not table["Rarity"].dtype.is_numeric():
        return None
    values = table["Rarity"].cast(pl.Float64).fill_nan(None).clip(0, 1)
    return values.round(3).fill_null(-1.0).to_list()


def _commands(column: pl.Series) -> Coded:
    limit = COMMAND_LIMITS[-1]
    lengths = column.str.len_chars()
    for limit in COMMAND_LIMITS:
        if (lengths.clip(0, limit).sum() or 0) <= COMMAND_BYTES:
            break
    return coded(column, limit=limit)


def _details(table: pl.DataFrame, others: Sequence[str]) -> list[Named]:
    """What is shown of the chosen process only, by column name."""
    parts = dict.fromkeys([*others, "_file", "_record"])
    return [named(table[name], limit=1_000) for name in parts if name in table.columns]


def _flags(table: pl.DataFrame, name: str) -> list[int]:
    if name not in table.columns:
        return [0] * table.height
    return table[name].cast(pl.Int8, strict=False).fill_null(0).to_list()


def _summary(depths: list[int], inferred: list[int]) -> str:
    if not depths:
        return "No processes to draw."
    trees = depths.count(0)
    deep = max(depths) + 1
    text = (
        f"{len(depths):,} process{'' if len(depths) == 1 else 'es'} in "
        f"{trees:,} tree{'' if trees == 1 else 's'}, "
        f"at most {deep} level{'' if deep == 1 else 's'} deep."
    )
    if any(inferred):
        text += f" {sum(inferred):,} inferred: named as a parent, but no event shows the start."
    return text
