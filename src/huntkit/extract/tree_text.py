"""A process tree as text, for terminals, reports and tickets."""

from typing import Any

import polars as pl

from huntkit.core.errors import UnknownColumn
from huntkit.core.text import visible
from huntkit.extract.texts import text_of
from huntkit.tables import roles, to_polars

_SHOWN = ("host", "process_path", "process_name", "process_id", "command_line", "user")


def tree_to_text(
    tree: Any, *, root: str | None = None, max_rows: int = 1000, width: int = 160
) -> str:
    """The trees as indented text: one line for each process, children below their parent.

    Text of events is shown with control characters as marks, cut to `width`.

    Args:
        tree: what `process_tree` gave, in any kind of frame, filtered as you like.
        root: the ``proc_key`` of the process to start from; all trees if left out.
        max_rows: how many lines at most; a last line says how many are missing.
        width: the longest line.

    Raises:
        UnknownColumn: `tree` has no ``proc_key``: it is no process tree.

    Examples:
        >>> from huntkit.extract import process_tree
        >>> frame = pl.DataFrame({"host": ["h", "h"], "Pid": [4, 8], "Ppid": [0, 4],
        ...                       "Exe": ["init", "sh"]})
        >>> print(tree_to_text(process_tree(frame)))
        init  [4]
        └── sh  [8]
    """
    frame = to_polars(tree)
    for name in ("proc_key", "parent_key", "Inferred"):
        if name not in frame.columns:
            raise UnknownColumn(name, frame.columns, hint="give this the result of process_tree()")
    keys, parents = frame["proc_key"].to_list(), frame["parent_key"].to_list()
    lines = _labels(frame)
    known = set(keys)
    children: dict[str, list[int]] = {}
    tops: list[int] = []
    for place, (key, parent) in enumerate(zip(keys, parents, strict=True)):
        is_top = key == root if root is not None else parent not in known
        if is_top:
            tops.append(place)
        if parent in known:
            children.setdefault(parent, []).append(place)
    out: list[str] = []
    todo: list[tuple[int, str, str]] = [(place, "", "") for place in reversed(tops)]
    seen: set[int] = set()
    while todo and len(out) < max_rows:
        place, stem, hang = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        out.append((stem + lines[place])[:width])
        below = children.get(keys[place], [])
        for number, child in enumerate(reversed(below)):
            last = number == 0
            # Very deep trees would be nothing but indent.
            bar = hang if len(hang) < width // 2 else hang[: width // 2]
            todo.append(
                (child, bar + ("└── " if last else "├── "), bar + ("    " if last else "│   "))
            )
    if todo:
        out.append(f"... more processes than {max_rows:,}")
    return "\n".join(out)


def _labels(frame: pl.DataFrame) -> list[str]:
    names = {role: roles.resolve(_source_names(frame), role) for role in _SHOWN}
    columns = {
        role: text_of(frame[name]).fill_null("").to_list()
        for role, name in names.items()
        if name is not None
    }
    inferred = frame["Inferred"].to_list()
    labels = []
    for place in range(frame.height):
        value = {role: visible(texts[place], limit=400) for role, texts in columns.items()}
        label = value.get("process_path") or value.get("process_name") or "?"
        if value.get("process_id"):
            label += f"  [{value['process_id']}]"
        if frame["parent_key"][place] == "" and value.get("host") not in (None, ""):
            label += f"  on {value['host']}" if len(set(columns["host"])) > 1 else ""
        if inferred[place]:
            label += "  (inferred)"
        if value.get("command_line"):
            label += f"  {value['command_line']}"
        labels.append(label)
    return labels


def _source_names(frame: pl.DataFrame) -> list[str]:
    """The columns of the events, without those of the tree that have names of other products."""
    return [name for name in frame.columns if name not in {"path", "parent_key"}]
