"""What `huntkit open` says about evidence: to eyes, and as one JSON object."""

from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.text import Text

from huntkit.cli.frame import counted
from huntkit.cli.grid import cut, print_table
from huntkit.cli.output import records
from huntkit.core.text import visible
from huntkit.report.facts import Facts
from huntkit.report.processes import Branch
from huntkit.report.sheets import time_text

_FILES = _TABLES = 12
_NAMES = 8


def show(facts: Facts, console: Console, *, seconds: float, target: Path | None) -> None:
    """The summary."""
    _read(facts, console)
    _tables(facts, console)
    _people(facts, console)
    _found(facts, console)
    if facts.partial:
        console.print(
            Text("INCOMPLETE: something failed; what is missing is no proof of absence", "bold red")
        )
    console.print()
    if target is not None:
        show_target(target, console, seconds=seconds)
    else:
        console.print(Text(f"done in {seconds:.1f} s"))


def show_target(target: Path, console: Console, *, seconds: float) -> None:
    """Where the report is; on a line of its own, never folded, so that it can be copied."""
    console.print(Text(f"report: {target.resolve()}"), soft_wrap=True)
    console.print(Text(f"done in {seconds:.1f} s", style="dim"))


def as_dict(facts: Facts, *, seconds: float, target: Path | None) -> dict[str, Any]:
    """The summary as plain values."""
    return {
        "report": str(target.resolve()) if target else None,
        "seconds": round(seconds, 3),
        "partial": facts.partial,
        "problems": facts.problems,
        "records": {"kept": facts.records, "skipped": facts.skipped},
        "files": records(facts.files),
        "tables": records(facts.tables),
        "hosts": records(facts.hosts.head(50)),
        "users": records(facts.users.head(50)),
        "found": {
            "indicators": _by_type(facts),
            "notable": _by_kind(facts),
            "encoded": facts.encoded.height,
            "failed_logons": _failures(facts),
            "processes": facts.processes.height,
        },
    }


def _read(facts: Facts, console: Console) -> None:
    files = facts.files
    formats = ", ".join(
        f"{count:,} {visible(name, limit=20) or 'unknown'}"
        for name, count in files.group_by("format")
        .len()
        .sort("len", "format", descending=[True, False])
        .iter_rows()
    )
    console.print(Text("Read", style="bold"))
    skipped = f", {facts.skipped:,} skipped" if facts.skipped else ""
    console.print(
        Text(
            f"  {counted(files.height, 'file')}{f' ({formats})' if formats else ''}: "
            f"{counted(facts.records, 'record')} kept{skipped}"
        )
    )
    if facts.first and facts.last:
        console.print(Text(f"  {time_text(facts.first)[:19]} to {time_text(facts.last)[:19]} UTC"))
    for told in facts.time_notes:
        console.print(Text(f"  {told}"))
    for problem in facts.problems[:_FILES]:
        console.print(Text(f"  ! {visible(problem, limit=300)}", style="yellow"))
    if len(facts.problems) > _FILES:
        console.print(Text(f"  ! and {len(facts.problems) - _FILES:,} more", style="yellow"))
    console.print()


def _tables(facts: Facts, console: Console) -> None:
    console.print(Text("Tables", style="bold"))
    tables = facts.tables.sort("rows", "name", descending=[True, False])
    shown = tables.head(_TABLES).select(
        pl.col("name").alias("Table"),
        pl.col("rows").alias("Rows"),
        pl.col("first").dt.strftime("%Y-%m-%d %H:%M").alias("First (UTC)"),
        pl.col("last").dt.strftime("%Y-%m-%d %H:%M").alias("Last (UTC)"),
        pl.col("hosts").list.len().alias("Hosts"),
    )
    print_table(shown, console=console)
    if tables.height > _TABLES:
        console.print(Text(f"  {_TABLES} of {tables.height:,} tables shown", style="dim"))
        console.print()


def _people(facts: Facts, console: Console) -> None:
    for title, frame, column in (("Hosts", facts.hosts, "Host"), ("Users", facts.users, "User")):
        if not frame.height:
            continue
        top = frame.sort("Records", descending=True, maintain_order=True).head(_NAMES)
        names = ", ".join(
            f"{visible(name, limit=50)} ({records:,})"
            for name, records in top.select(column, "Records").iter_rows()
        )
        more = f", and {frame.height - _NAMES:,} more" if frame.height > _NAMES else ""
        console.print(Text.assemble((f"{title} (records)  ", "bold"), names + more))
    console.print()


def _found(facts: Facts, console: Console) -> None:
    console.print(Text("Found", style="bold"))
    lines = []
    for kind, (count, tone) in _by_tone(facts).items():
        lines.append((f"  {count:>6,}  {kind}", {"alarm": "red", "warn": "yellow"}.get(tone, "")))
    failures = _failures(facts)
    if failures:
        lines.append((f"  {failures:>6,}  Failed logons", "yellow"))
    if facts.encoded.height:
        lines.append((f"  {facts.encoded.height:>6,}  Encoded commands, decoded", "yellow"))
    if facts.processes.height:
        lines.append((f"  {facts.processes.height:>6,}  Processes; branches, rarest first:", ""))
        lines += [
            (f"          {cut(_branch(branch), console.width - 12, front=True)}", "")
            for branch in facts.branches[:3]
        ]
    for kind, count in _by_type(facts).items():
        lines.append((f"  {count:>6,}  Indicators: {kind}", ""))
    for text, style in lines or [("  nothing of the kinds that are looked for", "")]:
        console.print(Text(text, style=style), soft_wrap=False, overflow="ellipsis", no_wrap=True)


def _branch(branch: Branch) -> str:
    """The chain of a branch and its host; of a long one the end stays, which is what is rare."""
    return f"{visible(branch.title, limit=300)}  ({visible(branch.host, limit=40)})"


def _by_tone(facts: Facts) -> dict[str, tuple[int, str]]:
    if not facts.notable.height:
        return {}
    rank = pl.col("Tone").replace_strict({"alarm": 0, "warn": 1}, default=2)
    counted = (
        facts.notable.group_by("Kind")
        .agg(pl.len().alias("n"), pl.col("Tone").first())
        .sort(rank, "n", "Kind", descending=[False, True, False])
    )
    return {kind: (count, tone) for kind, count, tone in counted.iter_rows()}


def _by_kind(facts: Facts) -> dict[str, int]:
    return {kind: count for kind, (count, _) in _by_tone(facts).items()}


def _by_type(facts: Facts) -> dict[str, int]:
    if not facts.indicators.height:
        return {}
    counted = facts.indicators.group_by("IoCType").len().sort("IoCType")
    return dict(counted.iter_rows())


def _failures(facts: Facts) -> int:
    return int(facts.failed_logons["Failures"].sum()) if facts.failed_logons.height else 0
