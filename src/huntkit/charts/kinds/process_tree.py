"""Processes as a tree that unfolds, with times, users and whole command lines."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import polars as pl

from huntkit.charts.chart import Chart
from huntkit.charts.payload import Coded, Named, coded, json_bytes, named
from huntkit.core.errors import UnknownColumn, UsageError, did_you_mean
from huntkit.core.text import visible
from huntkit.extract.trees import process_tree as processes_as_tree
from huntkit.tables import frames, roles, times

CELL_LIMIT: Final = 200  # characters of a cell, except the command line
COMMAND_LIMITS: Final = (4_000, 1_000, 300)  # characters of a command line: the first that ...
COMMAND_BYTES: Final = 6_000_000  # ... keeps all command lines within this

_ROLES: Final = {
    "time": "time",
    "process": "process_path",
    "command": "command_line",
    "user": "user",
    "host": "host",
    "pid": "process_id",
}
_CELLS: Final = {"user": "User", "host": "Host", "pid": "PID"}


def process_tree(
    data: Any,
    *,
    columns: Mapping[str, str] | None = None,
    source_columns: Sequence[str] | str | None = None,
    order: Literal["rarest", "time"] | None = None,
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
        order: ``rarest`` (the branches with the rarest processes first; the default where the
            rarity is known) or ``time``.
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
    if order not in (None, "rarest", "time"):
        raise UsageError(f"there is no order {order!r}", hint="say order='rarest' or order='time'")
    table = frames.to_polars(data)
    found = _columns(table.columns, columns or {})
    others = [source_columns] if isinstance(source_columns, str) else list(source_columns or [])
    for name in others:
        if name not in table.columns:
            raise UnknownColumn(name, table.columns)
    if not {"proc_key", "parent_key"} <= set(table.columns):
        named = {_ROLES[part]: name for part, name in (columns or {}).items()}
        table = processes_as_tree(table, roles=named)
    drawn, depths = _arranged(table, found.get("time"))
    return _chart(drawn, depths, found, others, order, visible(title or "Processes", limit=200))


def _columns(known: Sequence[str], named: Mapping[str, str]) -> dict[str, str]:
    for part in named:
        if part not in _ROLES:
            hint = did_you_mean(part, _ROLES) or f"one of {', '.join(_ROLES)}"
            raise UsageError(f"a process tree has no part {part!r}", hint=hint)
    found = {}
    for part, role in _ROLES.items():
        name = roles.resolve(known, role, given=named.get(part))
        if name is None and part == "process":
            name = roles.resolve(known, "process_name")
        if name is not None:
            found[part] = name
    return found


def _arranged(table: pl.DataFrame, time: str | None) -> tuple[pl.DataFrame, list[int]]:
    """The rows so that each process follows its parent, siblings by time; and their depths."""
    if time is not None and table.height:
        table = table.sort(time, nulls_last=False, maintain_order=True)
    keys = table["proc_key"].cast(pl.String).to_list()
    parents = table["parent_key"].cast(pl.String).to_list()
    place: dict[str, int] = {}
    for row, key in enumerate(keys):
        if key is not None:
            place.setdefault(key, row)
    children: dict[int, list[int]] = {}
    roots = []
    for row, parent in enumerate(parents):
        above = place.get(parent) if parent is not None else None
        if above is None or above == row:
            roots.append(row)
        else:
            children.setdefault(above, []).append(row)
    order, depths = _walk(roots, children, len(keys))
    return table[order], depths


def _walk(
    roots: list[int], children: dict[int, list[int]], size: int
) -> tuple[list[int], list[int]]:
    """Pre-order without recursion: a hostile tree may be as deep as it has rows."""
    order: list[int] = []
    depths: list[int] = []
    seen = bytearray(size)

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
    for row in range(size):  # what no root leads to is a circle
        if not seen[row]:
            walk(row)
    return order, depths


def _chart(
    table: pl.DataFrame,
    depths: list[int],
    found: Mapping[str, str],
    others: Sequence[str],
    order: str | None,
    title: str,
) -> Chart:
    first, offsets = _times(table, found.get("time"))
    rarity = _rarity(table)
    shown = [part for part in _CELLS if part in found and _has_values(table[found[part]])]
    cells = [{"id": "time", "label": "Time (UTC)"}] if first is not None else []
    cells += [{"id": part, "label": _CELLS[part]} for part in shown]
    cells += [{"id": "rarity", "label": "Rarity"}] if rarity is not None else []
    cells += [{"id": "command", "label": "Command line"}] if "command" in found else []
    nodes: dict[str, Any] = {
        "depth": depths,
        "process": _programs(table, found.get("process")),
        "time": offsets,
        "inferred": _flags(table, "Inferred"),
        **{part: coded(table[found[part]], limit=CELL_LIMIT) for part in shown},
        "details": _details(table, others),
    }
    if rarity is not None:
        nodes["rarity"] = rarity
    if "command" in found:
        nodes["command"] = _commands(table[found["command"]])
    summary = _summary(depths, nodes["inferred"])
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
        "order": order or ("rarest" if rarity is not None else "time"),
        "height": min(26 * table.height + 30, 560) + 320,
    }
    return Chart(data=table, spec=spec, blobs={"nodes": json_bytes(nodes)})


def _times(table: pl.DataFrame, time: str | None) -> tuple[int | None, list[int | None]]:
    """The first time in ms since 1970, and every row's distance from it."""
    if time is None:
        return None, [None] * table.height
    stamps = times.parse_times(table[time])
    milliseconds = stamps.dt.epoch("ms")
    first = milliseconds.min()
    if not isinstance(first, int):
        return None, [None] * table.height
    return first, (milliseconds - first).to_list()


def _rarity(table: pl.DataFrame) -> list[float] | None:
    """From 0 (everywhere) to 1 (seen once); -1 where it is not known."""
    if "Rarity" not in table.columns or not table["Rarity"].dtype.is_numeric():
        return None
    values = table["Rarity"].cast(pl.Float64).fill_nan(None).clip(0, 1)
    return values.round(3).fill_null(-1.0).to_list()


def _programs(table: pl.DataFrame, process: str | None) -> Coded:
    """Each program's path, of which the page shows the last part."""
    if process is None:
        return coded(pl.Series([""] * table.height, dtype=pl.String), limit=1)
    return coded(table[process], limit=1_000)


def _commands(column: pl.Series) -> Coded:
    limit = COMMAND_LIMITS[-1]
    lengths = column.str.len_bytes() if column.dtype == pl.String else pl.Series([0])
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


def _has_values(column: pl.Series) -> bool:
    if column.dtype == pl.String:
        return bool((column.fill_null("") != "").any())
    return column.null_count() < len(column)


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
