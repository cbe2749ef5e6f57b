"""Process trees, cut into branches that fit on a page, those worth a look first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from huntkit import extract
from huntkit.core.text import visible
from huntkit.report import odd_starts
from huntkit.report.layouts import Evidence, Layout, find, quoted
from huntkit.report.risky import LOWEST, by_line, tone
from huntkit.report.sheets import shortened
from huntkit.tables import roles

MOST_PROCESSES = 200_000
BRANCHES = 20  # of these on the page
MOST_BRANCHES = 500
_NODES = 40  # of one branch
_COMMAND = 400
_CHAIN = 6  # names of a chain
# What a rule's finding in a command line counts beside the bits of an unusual start.
_BITS = {"critical": 30.0, "high": 20.0, "medium": 10.0, "low": 5.0, "informational": 0.0}
_TELLING = 10.0  # bits from which on a process has a branch of its own, however often it started
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


def branches(
    tree: pl.DataFrame,
    *,
    risky: pl.DataFrame | None = None,
    starts: pl.DataFrame | None = None,
) -> list[Branch]:
    """Branches around risky, unusual and rare processes; a process is in at most one.

    A branch ranks as its foremost process. A process counts the bits of its start, where that is
    unusual (10 and more; see `huntkit.analyze.unusual_starts`: programs and parents that seldom
    meet, folders of anybody, what kind starts what kind), plus what rules say of its command line:
    30 for the worst finding being critical, 20 for high, 10 for medium, 5 for low. Equal ones are
    ranked by their rarity under their parent, then by time. So browsers and updaters, which are
    merely rare, stand behind payloads; but rules know only what is in them, and an attack that
    looks like everybody's work ranks by its rarity alone.

    Args:
        tree: what `processes` gave.
        risky: command lines that rules find risky (`risky.by_line`); looked for if left out.
        starts: how unusual starts are (`odd_starts.scored`); looked for if left out.
    """
    if not tree.height:
        return []
    return _Cutter(
        tree,
        _risks(tree) if risky is None else risky,
        odd_starts.scored(tree) if starts is None else starts,
    ).branches()


def _risks(tree: pl.DataFrame) -> pl.DataFrame:
    column = roles.resolve(tree.columns, "command_line")
    if column is None:
        return pl.DataFrame()
    lines = tree.select(pl.col(column).cast(pl.String).alias("text")).unique(maintain_order=True)
    return by_line(extract.command_risks(lines, "text", lowest=LOWEST))


class _Cutter:
    """Grows a branch around each process worth a look that no earlier branch holds."""

    def __init__(self, tree: pl.DataFrame, risky: pl.DataFrame, starts: pl.DataFrame) -> None:
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
        self._risks = {
            line: (severity, titles[0])
            for line, severity, titles in (
                risky.select("Input", "Severity", "Titles").iter_rows() if risky.height else ()
            )
        }
        odd = starts.filter(pl.col("score") >= odd_starts.LEAST) if starts.height else starts
        self._odd = dict(odd.select("proc_key", "score").iter_rows()) if odd.height else {}
        self._bits = [self._weight(number) for number in range(len(self._rows))]
        self._taken: set[int] = set()

    def branches(self) -> list[Branch]:
        """All branches."""
        found: list[Branch] = []
        for number in sorted(range(len(self._rows)), key=self._rank):
            if self._bits[number] < _TELLING and self._rarity[number] < self._red:
                continue  # whatever weighs little: rarer ones may follow
            if number not in self._taken:
                found.append(self._branch(self._top(number)))
            if len(found) == MOST_BRANCHES:
                break
        return found

    def _rank(self, number: int) -> tuple[float, float, int]:
        return -self._bits[number], -self._rarity[number], number

    def _weight(self, number: int) -> float:
        """How much of what is risky and unusual meets in a process, in bits."""
        severity, _ = self._risk(number)
        odd: float = self._odd.get(self._rows[number]["proc_key"], 0.0)
        return odd + _BITS.get(severity, 0.0)

    def _risk(self, number: int) -> tuple[str, str]:
        return self._risks.get(self._text(number, "command_line"), ("", ""))

    def _why(self, number: int) -> str:
        severity, title = self._risk(number)
        odd = self._odd.get(self._rows[number]["proc_key"])
        told = [f"{severity}: {title}"] if severity else []
        return "; ".join([*told, *([f"unusual start, {odd:.0f} bits"] if odd else [])])

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
        foremost = min((number for number, _ in members), key=self._rank)
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
            risk=": ".join(filter(None, self._risk(number))),
            tone=tone(self._risk(number)[0]),
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
