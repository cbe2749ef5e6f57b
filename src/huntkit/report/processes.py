"""Process trees, cut into branches that fit on a page, the rarest first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from huntkit import extract
from huntkit.core.text import visible
from huntkit.report.layouts import Evidence, Layout, find, quoted
from huntkit.report.sheets import shortened
from huntkit.tables import roles

MOST_PROCESSES = 200_000
BRANCHES = 20  # of these on the page
MOST_BRANCHES = 500
_NODES = 40  # of one branch
_COMMAND = 400
_CHAIN = 6  # names of a chain
_BARELY_RARE = 1e-9  # where everything is as common as everything else, nothing is red
_WIDE = 25  # an ancestor with more descendants than this is no part of a branch, but its soil
# What the tree needs of DeviceProcessEvents, which may have a hundred columns.
_COLUMNS = (
    "TimeGenerated",
    "Timestamp",
    "DeviceName",
    "AccountName",
    "AccountDomain",
    "ActionType",
    "FolderPath",
    "FileName",
    "ProcessId",
    "ProcessCommandLine",
    "ProcessUniqueId",
    "ProcessCreationTime",
    "LogonId",
    "InitiatingProcessFolderPath",
    "InitiatingProcessFileName",
    "InitiatingProcessId",
    "InitiatingProcessCommandLine",
    "InitiatingProcessUniqueId",
    "InitiatingProcessCreationTime",
    "InitiatingProcessAccountName",
    "_file",
    "_record",
)
_ROLES = (
    "time",
    "host",
    "user",
    "process_path",
    "process_name",
    "command_line",
    "process_id",
    "parent_path",
)


@dataclass(frozen=True, slots=True)
class Node:
    """One process of a branch, ready to be shown."""

    depth: int
    time: str
    name: str
    pid: str
    command: str
    more: str
    user: str
    rare: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """A process and what it started.

    Attributes:
        host: where.
        title: the chain of programs down to the rarest one, which is why the branch is here.
        size: how many processes it has, in words.
        nodes: the first of them, parents before children.
        left: how many more there are.
    """

    host: str
    title: str
    size: str
    nodes: list[Node] = field(default_factory=list)
    left: int = 0


def processes(
    evidence: Evidence,
    tables: Sequence[Layout],
    problems: list[str],
    *,
    hosts: Sequence[str] = (),
    start: datetime | None = None,
    end: datetime | None = None,
) -> pl.DataFrame:
    """The process starts of the evidence as a tree, in the order of time."""
    layout = find(tables, "DeviceProcessEvents")
    if layout is None:
        return pl.DataFrame()
    listed = ", ".join(quoted(name) for name in _COLUMNS if name in layout.columns)
    time = layout.sql_time()
    conditions = ["true"]
    if hosts and layout.host:
        listed_hosts = ", ".join("'" + each.lower().replace("'", "''") + "'" for each in hosts)
        conditions.append(f"lower({quoted(layout.host)}) IN ({listed_hosts})")
    if start is not None:
        conditions.append(f"{time} >= TIMESTAMPTZ '{start.isoformat()}'")
    if end is not None:
        conditions.append(f"{time} < TIMESTAMPTZ '{end.isoformat()}'")
    rows: pl.DataFrame = evidence.sql(
        f"SELECT {listed} FROM {layout.sql} WHERE {' AND '.join(conditions)} "  # noqa: S608
        f"ORDER BY {time}, _file, _record LIMIT {MOST_PROCESSES}",
        frame="polars",
    )
    if rows.height == MOST_PROCESSES:
        problems.append(f"processes: only the first {MOST_PROCESSES:,} are in the trees")
    if not rows.height:
        return pl.DataFrame()
    tree: pl.DataFrame = extract.process_tree(rows)
    return tree


def nothing() -> pl.DataFrame:
    """A tree without processes, with the columns of one that has some."""
    columns: dict[str, Any] = {name: [] for name in _COLUMNS}
    empty = pl.DataFrame(
        columns,
        schema={
            name: pl.Datetime("us", "UTC")
            if name.endswith(("TimeGenerated", "Timestamp", "Time"))
            else pl.Int64()
            if name in ("ProcessId", "InitiatingProcessId", "_record")
            else pl.String()
            for name in _COLUMNS
        },
    )
    tree: pl.DataFrame = extract.process_tree(empty)
    return tree


def branches(tree: pl.DataFrame) -> list[Branch]:
    """Branches around rare processes, the rarest first; a process is in at most one."""
    return _Cutter(tree).branches() if tree.height else []


class _Cutter:
    """Grows a branch around each rare process that no earlier branch holds."""

    def __init__(self, tree: pl.DataFrame) -> None:
        self._column = {role: roles.resolve(tree.columns, role) for role in _ROLES}
        self._rows: list[dict[str, Any]] = tree.to_dicts()
        by_key = {row["proc_key"]: number for number, row in enumerate(self._rows)}
        self._parent: list[int | None] = []
        self._children: dict[int, list[int]] = {}
        for number, row in enumerate(self._rows):
            parent = by_key.get(row["parent_key"])
            self._parent.append(parent if parent != number else None)
            if parent is not None and parent != number:
                self._children.setdefault(parent, []).append(number)
        self._rarity = [float(row["Rarity"] or 0) for row in self._rows]
        ordered = sorted(self._rarity, reverse=True)
        # Red is for the rarest tenth, so that it stays worth looking at.
        self._red = max(ordered[len(ordered) // 10], _BARELY_RARE)
        self._taken: set[int] = set()

    def branches(self) -> list[Branch]:
        """All branches."""
        found: list[Branch] = []
        for number in sorted(range(len(self._rows)), key=lambda n: (-self._rarity[n], n)):
            if self._rarity[number] < self._red:
                break
            if number not in self._taken:
                found.append(self._branch(self._top(number)))
            if len(found) == MOST_BRANCHES:
                break
        return found

    def _top(self, number: int) -> int:
        """The highest ancestor whose whole offspring still fits on a page."""
        seen = {number}
        while (parent := self._parent[number]) is not None and parent not in seen | self._taken:
            if int(self._rows[parent]["Descendants"] or 0) > _WIDE:
                break
            seen.add(parent)
            number = parent
        return number

    def _branch(self, top: int) -> Branch:
        members = self._below(top)
        self._taken.update(number for number, _ in members)
        rarest = max((number for number, _ in members), key=lambda n: (self._rarity[n], -n))
        count = len(members)
        return Branch(
            host=self._text(top, "host"),
            title=_chain(self._line(rarest)),
            size=f"{count:,} {'process' if count == 1 else 'processes'}",
            nodes=[self._node(number, depth) for number, depth in members[:_NODES]],
            left=max(count - _NODES, 0),
        )

    def _below(self, top: int) -> list[tuple[int, int]]:
        """A process and its offspring that no other branch holds, parents before children."""
        found: list[tuple[int, int]] = []
        waiting = [(top, 0)]
        seen = set(self._taken)
        while waiting:
            number, depth = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            found.append((number, depth))
            # A process that started hundreds of others is shown without them.
            if depth or len(self._children.get(number, ())) <= _WIDE:
                children = reversed(self._children.get(number, []))
                waiting += [(child, depth + 1) for child in children]
        return found

    def _line(self, number: int) -> list[str]:
        """Names from the root down to a process."""
        names: list[str] = []
        at: int | None = number
        seen: set[int] = set()
        while at is not None and at not in seen and len(names) < 12:
            seen.add(at)
            names.append(self._name(at))
            at = self._parent[at]
        parent = self._text(number, "parent_path") if len(names) == 1 else ""
        return [*([_last(parent)] if parent else []), *reversed(names)]

    def _name(self, number: int) -> str:
        path = self._text(number, "process_path") or self._text(number, "process_name")
        return visible(_last(path), limit=60) or "?"

    def _node(self, number: int, depth: int) -> Node:
        command = self._text(number, "command_line")
        shown, more = shortened(command, _COMMAND)
        time = self._rows[number].get(self._column["time"] or "")
        return Node(
            depth=min(depth, 8),
            time=time.strftime("%H:%M:%S") if isinstance(time, datetime) else "",
            name=self._name(number),
            pid=self._text(number, "process_id"),
            command=shown,
            more=more,
            user=visible(self._text(number, "user"), limit=60),
            rare=self._rarity[number] >= self._red,
        )

    def _text(self, number: int, role: str) -> str:
        column = self._column[role]
        value = self._rows[number].get(column) if column else None
        return "" if value is None else str(value)


def _chain(names: list[str]) -> str:
    """Of a long chain both ends, since the rare program stands at its end."""
    if len(names) > _CHAIN:
        names = [names[0], "…", *names[1 - _CHAIN :]]
    return " → ".join(names)


def _last(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]
