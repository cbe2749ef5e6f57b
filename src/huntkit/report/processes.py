"""Process trees, cut into branches that fit on a page, those worth a look first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from huntkit import extract
from huntkit.charts import foremost
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.report.layouts import Evidence, Layout, find, quoted
from huntkit.report.risky import tone
from huntkit.report.sheets import shortened
from huntkit.tables import roles

MOST_PROCESSES = 200_000
BRANCHES = 20  # of these on the page
MOST_BRANCHES = 500
_NODES = 40  # of one branch
_COMMAND = 400
_CHAIN = 6  # names of a chain
_NONE_RISKY = pl.DataFrame(schema=dict.fromkeys(("Input", "Severity", "Title"), pl.String()))
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
    risk: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """A process and what it started.

    Attributes:
        host: where.
        title: the chain of programs down to the foremost one, which is why the branch is here.
        size: how many processes it has, in words.
        why: what is risky or unusual about the foremost one; empty where it is merely rare.
        nodes: the first of them, parents before children.
        left: how many more there are.
    """

    host: str
    title: str
    size: str
    nodes: list[Node] = field(default_factory=list)
    left: int = 0
    why: str = ""


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
    try:
        tree: pl.DataFrame = extract.process_tree(rows)
    except UsageError:  # none of them is a start: ends of processes, or events without any field
        return pl.DataFrame()
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


def branches(
    tree: pl.DataFrame,
    *,
    risky: pl.DataFrame | None = None,
    starts: pl.DataFrame | None = None,
) -> list[Branch]:
    """Branches around risky, unusual and rare processes; a process is in at most one.

    A branch ranks as its foremost process; what makes one foremost says `huntkit.charts.foremost`.
    Equal ones are ranked by their rarity under their parent, then by time. Those that weigh less
    than 10 bits and are not among the rarest tenth have no branch of their own.

    Args:
        tree: what `processes` gave.
        risky: command lines that rules find risky (`risky.by_line`); looked for if left out.
        starts: how unusual starts are (`foremost.scored`); looked for if left out.
    """
    if not tree.height:
        return []
    return _Cutter(tree, weights(tree, risky, starts)).branches()


def weights(
    tree: pl.DataFrame, risky: pl.DataFrame | None, starts: pl.DataFrame | None
) -> pl.DataFrame:
    """How much each process weighs (`foremost.weights`), by what is known already."""
    lines = None
    if risky is not None:
        titles = pl.col("Titles").list.first().alias("Title")
        lines = risky.select("Input", "Severity", titles) if risky.height else _NONE_RISKY
    return foremost.weights(tree, risky=lines, starts=starts)


class _Cutter:
    """Grows a branch around each process worth a look that no earlier branch holds."""

    def __init__(self, tree: pl.DataFrame, weights: pl.DataFrame) -> None:
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
        self._bits: list[float] = weights["weight"].to_list()
        self._risks = list(weights.select("severity", "title").fill_null("").iter_rows())
        self._odd: list[float | None] = weights["odd"].to_list()
        self._place = foremost.places(
            weights["weight"], pl.Series(self._rarity, dtype=pl.Float64)
        ).to_list()
        self._taken: set[int] = set()

    def branches(self) -> list[Branch]:
        """All branches."""
        found: list[Branch] = []
        for number in sorted(range(len(self._rows)), key=self._place.__getitem__):
            if self._bits[number] < foremost.TELLING and self._rarity[number] < self._red:
                continue  # whatever weighs little: rarer ones may follow
            if number not in self._taken:
                found.append(self._branch(self._top(number)))
            if len(found) == MOST_BRANCHES:
                break
        return found

    def _why(self, number: int) -> str:
        severity, title = self._risks[number]
        return foremost.why(severity, title, self._odd[number])

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
        foremost = min((number for number, _ in members), key=self._place.__getitem__)
        count = len(members)
        return Branch(
            host=self._text(top, "host"),
            title=_chain(self._line(foremost)),
            size=f"{count:,} {'process' if count == 1 else 'processes'}",
            nodes=[self._node(number, depth) for number, depth in members[:_NODES]],
            left=max(count - _NODES, 0),
            why=self._why(foremost),
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
            risk=": ".join(filter(None, self._risks[number])),
            tone=tone(self._risks[number][0]),
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
