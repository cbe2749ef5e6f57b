"""Parts of a process tree: the parent, the children, the ancestors ... of one process.

All take what `process_tree` gave, in any kind of frame and filtered as you like, and give rows of
it in the same kind of frame. A process is named by its ``proc_key``, or by a row of the tree.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from huntkit.core.errors import UnknownColumn, UsageError, did_you_mean
from huntkit.extract.tree_shape import shape
from huntkit.tables import step, to_polars


@step(split="whole")
def get_roots(tree: pl.DataFrame) -> pl.DataFrame:
    """The processes at the top of their trees.

    Examples:
        >>> tree = pl.DataFrame({"proc_key": ["init", "sh", "id", "ls"],
        ...                      "parent_key": ["", "init", "sh", "sh"]})
        >>> get_roots(tree)["proc_key"].to_list()
        ['init']
    """
    kin = _Kin(tree)
    return kin.rows(np.flatnonzero(kin.parents < 0).tolist())


@step(split="whole")
def get_process(tree: pl.DataFrame, process: Any) -> pl.DataFrame:
    """The one row of a process.

    Raises:
        UsageError: the tree has no such process.

    Examples:
        >>> tree = pl.DataFrame({"proc_key": ["init", "sh", "id", "ls"],
        ...                      "parent_key": ["", "init", "sh", "sh"]})
        >>> get_process(tree, "sh")["proc_key"].to_list()
        ['sh']
    """
    kin = _Kin(tree)
    return kin.rows([kin.place(process)])


@step(split="whole")
def get_parent(tree: pl.DataFrame, process: Any) -> pl.DataFrame:
    """The row of the parent; no row for a root.

    Examples:
        >>> tree = pl.DataFrame({"proc_key": ["init", "sh", "id", "ls"],
        ...                      "parent_key": ["", "init", "sh", "sh"]})
        >>> get_parent(tree, "sh")["proc_key"].to_list()
        ['init']
    """
    kin = _Kin(tree)
    return kin.rows(kin.above(kin.place(process))[:1])


@step(split="whole")
def get_root(tree: pl.DataFrame, process: Any) -> pl.DataFrame:
    """The row of the top of the process's tree: its own if it is a root.

    Examples:
        >>> tree = pl.DataFrame({"proc_key": ["init", "sh", "id", "ls"],
        ...                      "parent_key": ["", "init", "sh", "sh"]})
        >>> get_root(tree, "id")["proc_key"].to_list()
        ['init']
    """
    kin = _Kin(tree)
    place = kin.place(process)
    return kin.rows([place, *kin.above(place)][-1:])


@step(split="whole")
def get_root_tree(tree: pl.DataFrame, process: Any) -> pl.DataFrame:
    """The whole tree that the process stands in.

    Examples:
        >>> tree = pl.DataFrame({"proc_key": ["init", "sh", "id", "ls"],
        ...                      "parent_key": ["", "init", "sh", "sh"]})
        >>> get_root_tree(tree, "id")["proc_key"].to_list()
        ['init', 'sh', 'id', 'ls']
    """
    kin = _Kin(tree)
    place = kin.place(process)
    return kin.rows(kin.below([place, *kin.above(place)][-1]))


@step(split="whole")
def get_ancestors(tree: pl.DataFrame, process: Any, *, include_source: bool = True) -> pl.DataFrame:
    """The process and those above it, the root first.

    Examples:
        >>> tree = pl.DataFrame({"proc_key": ["init", "sh", "id", "ls"],
        ...                      "parent_key": ["", "init", "sh", "sh"]})
        >>> get_ancestors(tree, "id", include_source=False)["proc_key"].to_list()
        ['init', 'sh']
    """
    kin = _Kin(tree)
    place = kin.place(process)
    return kin.rows([*reversed(kin.above(place)), *([place] if include_source else [])])


@step(split="whole")
def get_children(tree: pl.DataFrame, process: Any, *, include_source: bool = True) -> pl.DataFrame:
    """The process and those that it started.

    Examples:
        >>> tree = pl.DataFrame({"proc_key": ["init", "sh", "id", "ls"],
        ...                      "parent_key": ["", "init", "sh", "sh"]})
        >>> get_children(tree, "sh", include_source=False)["proc_key"].to_list()
        ['id', 'ls']
    """
    kin = _Kin(tree)
    return kin.rows(_without(kin.below(kin.place(process), levels=1), include_source))


@step(split="whole")
def get_descendents(
    tree: pl.DataFrame, process: Any, *, include_source: bool = True, max_levels: int = -1
) -> pl.DataFrame:
    """The process and all below it, level by level.

    Args:
        tree: what `process_tree` gave.
        process: a ``proc_key``, or a row of the tree.
        include_source: with the process itself.
        max_levels: how many levels below it; all if negative.

    Examples:
        >>> tree = pl.DataFrame({"proc_key": ["init", "sh", "id", "ls"],
        ...                      "parent_key": ["", "init", "sh", "sh"]})
        >>> get_descendents(tree, "init", max_levels=1)["proc_key"].to_list()
        ['init', 'sh']
    """
    kin = _Kin(tree)
    return kin.rows(_without(kin.below(kin.place(process), levels=max_levels), include_source))


@step(split="whole")
def get_siblings(tree: pl.DataFrame, process: Any, *, include_source: bool = True) -> pl.DataFrame:
    """The processes with the same parent; a root has no siblings.

    Examples:
        >>> tree = pl.DataFrame({"proc_key": ["init", "sh", "id", "ls"],
        ...                      "parent_key": ["", "init", "sh", "sh"]})
        >>> get_siblings(tree, "id", include_source=False)["proc_key"].to_list()
        ['ls']
    """
    kin = _Kin(tree)
    place = kin.place(process)
    parents = kin.above(place)[:1]
    brood = kin.below(parents[0], levels=1)[1:] if parents else [place]
    return kin.rows(each for each in brood if include_source or each != place)


def get_tree_depth(tree: Any) -> int:
    """How many levels the deepest tree has; 0 without processes.

    Examples:
        >>> tree = pl.DataFrame({"proc_key": ["init", "sh", "id", "ls"],
        ...                      "parent_key": ["", "init", "sh", "sh"]})
        >>> get_tree_depth(tree)
        3
    """
    return _Kin(to_polars(tree)).depth()


def get_summary_info(tree: Any) -> dict[str, int]:
    """Counts of the processes by their place, and how deep the trees are.

    ``Processes``, ``RootProcesses``, ``LeafProcesses``, ``BranchProcesses``,
    ``IsolatedProcesses`` (neither parent nor children), ``InferredProcesses``, ``Faults`` (loops
    and self-parents that were cut), ``LargestTreeDepth`` in levels.

    Examples:
        >>> tree = pl.DataFrame({"proc_key": ["init", "sh", "id", "ls"],
        ...                      "parent_key": ["", "init", "sh", "sh"]})
        >>> get_summary_info(tree)["LeafProcesses"]
        2
    """
    frame = to_polars(tree)
    kin = _Kin(frame)
    has_parent = kin.parents >= 0
    has_children = np.bincount(kin.parents[has_parent], minlength=frame.height) > 0
    return {
        "Processes": frame.height,
        "RootProcesses": int((~has_parent).sum()),
        "LeafProcesses": int((~has_children).sum()),
        "BranchProcesses": int((has_parent & has_children).sum()),
        "IsolatedProcesses": int((~has_parent & ~has_children).sum()),
        "InferredProcesses": int(frame["Inferred"].sum()) if "Inferred" in frame.columns else 0,
        "Faults": int((frame["Fault"] != "").sum()) if "Fault" in frame.columns else 0,
        "LargestTreeDepth": kin.depth(),
    }


def _without(places: Sequence[int], include_source: bool) -> Sequence[int]:
    return places if include_source else places[1:]


class _Kin:
    """Who stands above and below whom in a tree, by the places of the rows."""

    def __init__(self, tree: pl.DataFrame) -> None:
        for name in ("proc_key", "parent_key"):
            if name not in tree.columns:
                raise UnknownColumn(
                    name, tree.columns, hint="give this the result of process_tree()"
                )
        self._tree = tree
        keys = tree.select("proc_key").with_row_index("place").unique("proc_key", keep="first")
        found = tree.select("parent_key").join(
            keys, left_on="parent_key", right_on="proc_key", how="left", maintain_order="left"
        )
        # A frame that was put together by hand may hold loops; they end where they began.
        places = found["place"].cast(pl.Int64).fill_null(-1)
        self._form = shape(places)
        self.parents = self._form["parent"].to_numpy()

    def place(self, process: Any) -> int:
        """Where a process stands, given by its key or by a row."""
        key = _key(process)
        found = (self._tree["proc_key"] == key).arg_max() if self._tree.height else None
        if found is None or self._tree["proc_key"][found] != key:
            known = self._tree["proc_key"].head(10_000).drop_nulls().to_list()
            hint = did_you_mean(key, known) or "name it by its proc_key, or give a row of the tree"
            raise UsageError(f"the tree has no process {key!r:.200}", hint=hint)
        return found

    def above(self, place: int) -> list[int]:
        """The ancestors, the parent first."""
        found: list[int] = []
        while (place := int(self.parents[place])) >= 0:
            found.append(place)
        return found

    def below(self, place: int, *, levels: int = -1) -> list[int]:
        """The process and its descendants, level by level, each level in the tree's order."""
        order = np.argsort(self.parents, kind="stable")
        first = np.searchsorted(self.parents[order], np.arange(len(order) + 1))
        found, level = [place], [place]
        while level and levels:
            level = [
                child for each in level for child in order[first[each] : first[each + 1]].tolist()
            ]
            found += level
            levels -= 1
        return found

    def rows(self, places: Iterable[int]) -> pl.DataFrame:
        """The rows at these places."""
        return self._tree[pl.Series(list(places), dtype=pl.UInt32)]

    def depth(self) -> int:
        """How many levels the deepest tree has."""
        return int(self._form["depth"].max() or 0) + 1 if self._tree.height else 0  # type: ignore[arg-type]


def _key(process: Any) -> str:
    """The key of a process, from its key, a mapping, a pandas row or a frame of one row."""
    if isinstance(process, str):
        return process
    if isinstance(process, Mapping) or hasattr(process, "get"):  # a pandas row is no Mapping
        value = process.get("proc_key")
        if isinstance(value, str):
            return value
    if hasattr(process, "columns"):
        frame = to_polars(process)
        if frame.height == 1 and "proc_key" in frame.columns:
            return str(frame["proc_key"][0])
    raise UsageError(
        f"this names no single process: {process!r:.200}",
        hint="give its proc_key, or one row of the result of process_tree()",
    )
