"""Everything that the report and the summary say about some evidence."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import polars as pl
from polars.exceptions import PanicException

from huntkit.charts import foremost
from huntkit.core.errors import Cancelled, HuntkitError
from huntkit.core.progress import SILENT, Progress
from huntkit.report import (
    amounts,
    connections,
    encoded,
    host_names,
    indicators,
    logons,
    notable,
    overview,
    processes,
    repeats,
    risky,
    standouts,
    texts,
    trails,
)
from huntkit.report.activity import Activity
from huntkit.report.connections import Connections
from huntkit.report.layouts import Evidence, Layout, frame_of, layouts
from huntkit.report.logons import Logons
from huntkit.report.names import first_few
from huntkit.report.overview import Overview
from huntkit.report.processes import Branch
from huntkit.report.standouts import Standouts
from huntkit.report.trails import Trail

T = TypeVar("T")
_NAMED = 4  # pairs of hosts of a note


@dataclass(slots=True)
class Facts:
    """What was found; every frame is Polars and complete unless its text says otherwise.

    Attributes:
        files: path sha256 format rows kept skipped reasons.
        tables: name rows first last hosts.
        overview: hosts, users and rows over time.
        texts: the different texts that were searched for indicators and encoded commands.
        failed_logons: Account Source Host Program Caller Reason Failures First Last.
        notable: TimeGenerated Kind Name Tone Host Account Detail Table _file _record.
        indicators: IoCType Observable Defanged Scope Note Mentions Where First Last _file _record.
        encoded: TimeGenerated Host User Given Layers Table _file _record.
        risky: command lines that rules find risky, the most severe first; see `risky.risky`.
        command_lines: how many different ones the rules were asked about.
        starts: pairs of programs, the most unusual start first; see `foremost.scored`.
        branches: process branches; what their order means says `processes.branches`.
        processes: rows of the process tree.
        amounts: TimeGenerated records baseline lower upper score anomalies.
        logons: who logged on where.
        connections: who spoke with whom.
        trails: what was done in cloud services.
        repeats: a note on events that several files hold.
        standouts: what is unusual by the counts of the evidence; `standouts.frame` as a frame.
        partial: something failed.
        problems: what failed, was skipped or was left out, and why.
        failed: the sections that failed.
        stopped: the caller stopped the work.
        unreached: the sections that were not begun before that.
    """

    layouts: list[Layout]
    files: pl.DataFrame
    tables: pl.DataFrame
    partial: bool
    problems: list[str]
    overview: Overview | None = None
    texts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=texts.SCHEMA))
    failed_logons: pl.DataFrame = field(default_factory=pl.DataFrame)
    notable: pl.DataFrame = field(default_factory=pl.DataFrame)
    indicators: pl.DataFrame = field(default_factory=pl.DataFrame)
    encoded: pl.DataFrame = field(default_factory=pl.DataFrame)
    processes: pl.DataFrame = field(default_factory=pl.DataFrame)
    risky: pl.DataFrame = field(default_factory=pl.DataFrame)
    command_lines: int = 0
    starts: pl.DataFrame = field(default_factory=pl.DataFrame)
    branches: list[Branch] = field(default_factory=list)
    amounts: pl.DataFrame = field(default_factory=pl.DataFrame)
    logons: Logons = field(default_factory=Logons)
    connections: Connections = field(default_factory=Connections)
    trails: list[Trail] = field(default_factory=list)
    repeats: list[str] = field(default_factory=list)
    standouts: Standouts = field(default_factory=Standouts)
    failed: list[str] = field(default_factory=list)
    stopped: bool = False
    unreached: list[str] = field(default_factory=list)

    def fail(self, section: str, why: str) -> None:
        """Note that a section failed: the rest of the report stands."""
        self.partial = True
        if section not in self.failed:
            self.failed.append(section)
            self.problems.append(f"the section {section} failed: {why}")

    @property
    def hosts(self) -> pl.DataFrame:
        """Host Records Tables First Last."""
        return self.overview.hosts if self.overview else pl.DataFrame()

    @property
    def users(self) -> pl.DataFrame:
        """User Records Tables First Last Logons Failed."""
        return self.overview.users if self.overview else pl.DataFrame()

    @property
    def activity(self) -> Activity | None:
        """Rows over time."""
        return self.overview.activity if self.overview else None

    @property
    def time_notes(self) -> list[str]:
        """What is to be known about times: how many records, and what was assumed of them."""
        notes = self.overview.notes if self.overview else {}
        return [
            f"{count:,} {'record' if count == 1 else 'records'}: {note} (see _time_note"
            + (", --assume-year)" if "year" in note else ")")
            for note, count in notes.items()
        ]

    @property
    def host_notes(self) -> list[str]:
        """Which hosts were taken for one by their names alone."""
        pairs = self.overview.alike if self.overview else []
        if not pairs:
            return []
        shown = {name.lower(): name for name in self.hosts["Host"]}
        told = [f"{short} and {shown.get(full, full)}" for short, full in pairs]
        named = first_few(told, _NAMED)
        note = (
            f"Taken for one host by name alone, as no file names both: {named}. Where these are "
            "hosts of different networks, open them apart"
        )
        return [note]

    @property
    def records(self) -> int:
        """Source records that were kept."""
        return int(self.files["kept"].sum()) if self.files.height else 0

    @property
    def skipped(self) -> int:
        """Source records that were not kept."""
        return int(self.files["skipped"].sum()) if self.files.height else 0

    @property
    def first(self) -> datetime | None:
        """The first time of any table."""
        return min((each.first for each in self.layouts if each.first), default=None)

    @property
    def last(self) -> datetime | None:
        """The last time of any table."""
        return max((each.last for each in self.layouts if each.last), default=None)


def gather(evidence: Evidence, *, progress: Progress = SILENT) -> Facts:
    """Look at evidence from every side.

    A side that fails is named in ``problems`` and the others are still there; so it is when the
    caller stops the work. A host has one name in all frames, which the evidence may not have in
    every row.
    """
    known = layouts(evidence)
    facts = Facts(
        known,
        frame_of(evidence.files),
        frame_of(evidence.tables),
        evidence.partial,
        list(evidence.problems),
    )
    sides: list[tuple[str, Callable[[], Any]]] = [
        ("overview", lambda: overview.overview(evidence, known)),
        ("repeats", lambda: repeats.repeats(evidence, known)),
        ("failed_logons", lambda: overview.failed_logons(evidence, known)),
        ("notable", lambda: notable.notable(evidence, known)),
        ("processes", lambda: processes.processes(evidence, known, facts.problems)),
        ("amounts", lambda: amounts.amounts(evidence, known)),
        ("logons", lambda: logons.logons(evidence, known)),
        ("trails", lambda: trails.trails(evidence, known)),
        ("texts", lambda: texts.distinct_texts(evidence, known, facts.problems)),
        ("encoded", lambda: encoded.encoded(facts.texts)),
        ("risky", lambda: _judged_lines(judging, facts)),
        (
            "indicators",
            lambda: indicators.indicators(facts.texts, decoded=facts.encoded, risky=facts.risky),
        ),
        ("starts", lambda: foremost.scored(facts.processes)),
        (
            "branches",
            lambda: processes.branches(facts.processes, risky=facts.risky, starts=facts.starts),
        ),
        ("standouts", lambda: _standing_out(evidence, facts)),
        ("connections", lambda: _joined(speaking, facts)),
    ]
    with (
        # Beside the others: half of it is loading the ranges of addresses, and compiling the
        # patterns of rules, on one core.
        ThreadPoolExecutor(max_workers=2) as pool,
        progress.task("looking at the evidence", total=len(sides)) as task,
    ):
        speaking = pool.submit(_apart, connections.connections, evidence, known)
        judging = pool.submit(_apart, risky.judged, evidence, known)
        for place, (name, look) in enumerate(sides):
            try:
                task.check_cancelled()
                setattr(facts, name, look())
            except Cancelled:
                facts.partial = facts.stopped = True
                facts.unreached = [each.replace("_", " ") for each, _ in sides[place:]]
                facts.problems.append("stopped by the caller: the report is not complete")
                break
            except HuntkitError as problem:
                facts.fail(name.replace("_", " "), str(problem))
            except (Exception, PanicException) as problem:  # noqa: BLE001  one side of many: the others go on
                facts.fail(name.replace("_", " "), f"{type(problem).__name__}: {problem}"[:500])
            task.advance()
    host_names.under_one_name(facts)
    return facts


def _standing_out(evidence: Evidence, facts: Facts) -> Standouts:
    found = standouts.standouts(
        evidence,
        facts.layouts,
        processes=facts.processes,
        starts=facts.starts,
        amounts=facts.amounts,
        logons=facts.logons,
    )
    if found.failed:
        facts.partial = True
        facts.failed.append("what stands out")
        facts.problems += [f"what stands out: {each}" for each in found.failed]
    return found


def _apart(
    look: Callable[[Evidence, list[Layout], list[str]], T], evidence: Evidence, known: list[Layout]
) -> tuple[T, list[str]]:
    """What a look gives, and its problems on their own: threads share no list."""
    problems: list[str] = []
    return look(evidence, known, problems), problems


def _joined(pending: Future[tuple[T, list[str]]], facts: Facts) -> T:
    found, problems = pending.result()
    facts.problems += problems
    return found


def _judged_lines(
    pending: Future[tuple[tuple[pl.DataFrame, int], list[str]]], facts: Facts
) -> pl.DataFrame:
    found, facts.command_lines = _joined(pending, facts)
    return found
