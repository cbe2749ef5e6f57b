"""What stands out in the evidence, by counting the evidence itself; the most unusual first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from huntkit.core.errors import HuntkitError
from huntkit.report import odd_calls, odd_logons, odd_sessions, odd_starts, odd_steps
from huntkit.report.finding import Finding, Look
from huntkit.report.layouts import Evidence, Layout
from huntkit.report.logons import Logons

MOST = 60
_FADES = 0.94  # of the weight, with each finding of the same kind: the first rows are of all kinds


@dataclass(frozen=True, slots=True)
class Looked:
    """One look: its name, what it looked at, and what it could not judge; empty for nothing."""

    name: str
    told: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Standouts:
    """What stands out.

    Attributes:
        findings: the most unusual first.
        total: how many there are.
        looked_at: what was looked at.
        notes: what could not be judged, and why.
        failed: which looks failed, and why.
        looks: each look by itself.
    """

    findings: list[Finding] = field(default_factory=list)
    total: int = 0
    looked_at: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    looks: list[Looked] = field(default_factory=list)

    @property
    def frame(self) -> pl.DataFrame:
        """Kind What Score Unit Reason Command Host First Last Rows _file _record."""
        time = pl.Datetime("us", "UTC")
        schema = pl.Schema(
            {"Kind": pl.String(), "What": pl.String(), "Score": pl.Float64(), "Unit": pl.String(),
             "Reason": pl.String(), "Command": pl.String(), "Host": pl.String(), "First": time,
             "Last": time, "Rows": pl.Int64(), "_file": pl.String(), "_record": pl.Int64()}
        )  # fmt: skip
        rows = [
            (each.kind, each.what, each.score, each.unit, each.reason, each.code, each.host,
             each.first, each.last, each.rows, *(each.places[0] if each.places else (None, None)))
            for each in self.findings
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=schema, orient="row")


def standouts(
    evidence: Evidence,
    tables: Sequence[Layout],
    *,
    processes: pl.DataFrame,
    starts: pl.DataFrame,
    amounts: pl.DataFrame,
    logons: Logons,
) -> Standouts:
    """Look at process starts, connections, amounts, logons and sessions of cloud services.

    A look that fails is named, and the others still count. Each is bounded in rows; what is more
    is not judged, and said.

    Args:
        evidence: where connections and sessions are asked for.
        tables: its tables.
        processes: rows of the process tree.
        starts: how unusual they are (`huntkit.charts.foremost.scored`).
        amounts: records per step of time, judged.
        logons: logons of people.
    """
    looks: list[tuple[str, Callable[[], Look]]] = [
        ("process starts", lambda: odd_starts.look(processes, starts)),
        ("connections", lambda: odd_calls.look(evidence, tables)),
        ("amounts over time", lambda: odd_steps.look(amounts)),
        ("logons", lambda: odd_logons.look(evidence, tables, logons)),
        ("sessions of cloud services", lambda: odd_sessions.look(evidence, tables)),
    ]
    found: list[Finding] = []
    told, notes, failed = [], [], []
    looked: list[Looked] = []
    for name, work in looks:
        try:
            look = work()
        except HuntkitError as problem:
            failed.append(f"{name}: {problem}")
            looked.append(Looked(name, note=f"it failed: {problem}"))
            continue
        found += _fading(look.findings)
        told += [look.told] if look.told else []
        notes += [look.note] if look.note else []
        looked.append(Looked(name, look.told, look.note))
    ordered = sorted(found, key=lambda each: (-each.weight, each.kind, each.what, each.reason))
    return Standouts(ordered[:MOST], len(ordered), told, notes, failed, looked)


def _fading(findings: Sequence[Finding]) -> list[Finding]:
    """Each kind by its own scores; of weights, which end at 1, the highest goes to the first."""
    faded = []
    for kind in dict.fromkeys(each.kind for each in findings):
        same = [each for each in findings if each.kind == kind]
        ordered = sorted(same, key=lambda one: (-one.score * one.factor, one.what))
        weights = sorted((each.weight for each in same), reverse=True)
        faded += [
            replace(each, weight=weight * _FADES**place)
            for place, (each, weight) in enumerate(zip(ordered, weights, strict=True))
        ]
    return faded
