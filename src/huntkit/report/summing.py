"""The facts of a report in short."""

from datetime import datetime
from typing import Any

import polars as pl

from huntkit.report import alarms, judged
from huntkit.report.facts import Facts
from huntkit.report.names import first_few
from huntkit.report.summary import Names, Row, Summary

_NAMED = 8
_ROWS = 50
_RISKIEST = 3
_HOSTS = 3  # that are named of one line
_BRANCHES = 3
_OUTSTANDING = 5


def summed(facts: Facts) -> Summary:
    """What there is to say of some evidence before anybody opens the report."""
    return Summary(
        partial=facts.partial,
        failed=facts.failed,
        problems=facts.problems,
        time_notes=facts.time_notes,
        first=_iso(facts.first),
        last=_iso(facts.last),
        kept=facts.records,
        skipped=facts.skipped,
        files=_rows(facts.files),
        tables=_rows(facts.tables),
        hosts=_names(facts.hosts, "Host"),
        users=_names(facts.users, "User"),
        alarming=alarms.alarming(facts),
        notable=_notable(facts.notable),
        indicators=_indicators(facts.indicators),
        encoded=facts.encoded.height,
        risky=_risky(facts.risky),
        riskiest=_riskiest(facts.risky),
        failed_logons=int(facts.failed_logons["Failures"].sum())
        if facts.failed_logons.height
        else 0,
        processes=facts.processes.height,
        branches=[(each.title, each.host) for each in facts.branches[:_BRANCHES]],
        standouts=facts.standouts.total,
        outstanding=[
            (each.kind, each.what, each.host) for each in facts.standouts.findings[:_OUTSTANDING]
        ],
        not_judged=judged.not_judged(facts),
        unjudged=facts.standouts.notes,
        notes=[*facts.repeats, *facts.host_notes],
    )


def _iso(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else ""


def _rows(frame: pl.DataFrame) -> list[Row]:
    return [
        {name: _iso(value) if isinstance(value, datetime) else value for name, value in row.items()}
        for row in frame.iter_rows(named=True)
    ]


def _names(frame: pl.DataFrame, column: str) -> Names:
    if not frame.height:
        return Names(total=0, busiest=[], rows=[])
    top = frame.sort("Records", descending=True, maintain_order=True).head(_NAMED)
    busiest: list[Any] = top.select(column, "Records").rows()
    return Names(total=frame.height, busiest=busiest, rows=_rows(frame.head(_ROWS)))


def _notable(notable: pl.DataFrame) -> dict[str, tuple[int, str]]:
    if not notable.height:
        return {}
    rank = pl.col("Tone").replace_strict({"alarm": 0, "warn": 1}, default=2)
    counted = (
        notable.sort(rank, maintain_order=True)
        .group_by("Kind")
        .agg(pl.len().alias("n"), pl.col("Tone").first())
        .sort(rank, "n", "Kind", descending=[False, True, False])
    )
    return {kind: (count, tone) for kind, count, tone in counted.iter_rows()}


def _risky(risky: pl.DataFrame) -> dict[str, int]:
    if not risky.height:
        return {}
    counted: list[tuple[str, int]] = risky.group_by("Severity", maintain_order=True).len().rows()
    return dict(counted)


def _riskiest(risky: pl.DataFrame) -> list[tuple[str, str, str]]:
    """The worst lines, what is the same on a host once."""
    if not risky.height:
        return []
    told = risky.select("Severity", pl.col("Titles").list.first(), "Hosts")
    worst = told.unique(maintain_order=True).head(_RISKIEST).rows()
    return [(severity, title, first_few(hosts, _HOSTS)) for severity, title, hosts in worst]


def _indicators(indicators: pl.DataFrame) -> dict[str, int]:
    if not indicators.height:
        return {}
    return dict(indicators.group_by("IoCType").len().sort("IoCType").iter_rows())
