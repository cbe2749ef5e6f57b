"""What `huntkit open` says about evidence: to eyes, and as one JSON object."""

from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from huntkit.cli.frame import counted
from huntkit.cli.grid import Column, cut, print_columns
from huntkit.core.text import visible
from huntkit.report.summary import Summary

_FILES = _TABLES = 12
_KEYS = {
    "Alarming": "alarming",
    "Indicators": "indicators",
    "Notable events": "notable",
    "Encoded": "encoded",
    "Risky commands": "risky",
    "Failed logons": "failed_logons",
    "Processes": "processes",
    "Stands out": "standouts",
}


def show(told: Summary, console: Console, *, seconds: float, target: Path | None) -> None:
    """The summary."""
    _read(told, console)
    _tables(told, console)
    _people(told, console)
    _found(told, console)
    if told.partial:
        console.print(
            Text("INCOMPLETE: something failed; what is missing is no proof of absence", "bold red")
        )
    console.print()
    if target is not None:
        show_target(target, console, seconds=seconds)
    else:
        console.print(Text(_done(seconds)))


def show_target(target: Path, console: Console, *, seconds: float) -> None:
    """Where the report is; on a line of its own, never folded, so that it can be copied."""
    console.print(Text(f"report: {target.resolve()}"), soft_wrap=True)
    console.print(Text(_done(seconds), style="dim"))


def as_dict(told: Summary, *, seconds: float, target: Path | None) -> dict[str, Any]:
    """The summary as plain values."""
    return {
        "report": str(target.resolve()) if target else None,
        "seconds": round(seconds, 3),
        "partial": told.partial,
        "problems": told.problems,
        "notes": told.notes,
        "records": {"kept": told.kept, "skipped": told.skipped},
        "files": told.files,
        "tables": told.tables,
        "hosts": told.hosts.rows,
        "users": told.users.rows,
        "found": {
            "alarming": told.alarming,
            "indicators": told.indicators,
            "notable": {kind: count for kind, (count, _) in told.notable.items()},
            "encoded": told.encoded,
            "risky": told.risky,
            "failed_logons": told.failed_logons,
            "processes": told.processes,
            "standouts": told.standouts,
        }
        | {_KEYS[tile]: None for tile in told.not_judged if tile in _KEYS},
        "not_judged": told.not_judged,
    }


def _read(told: Summary, console: Console) -> None:
    by_format = Counter(str(each["format"] or "") for each in told.files)
    formats = ", ".join(
        f"{count:,} {visible(name, limit=20) or 'unknown'}"
        for name, count in sorted(by_format.items(), key=lambda each: (-each[1], each[0]))
    )
    console.print(Text("Read", style="bold"))
    skipped = f", {told.skipped:,} skipped" if told.skipped else ""
    console.print(
        Text(
            f"  {counted(len(told.files), 'file')}{f' ({formats})' if formats else ''}: "
            f"{counted(told.kept, 'record')} kept{skipped}"
        )
    )
    if told.first and told.last:
        console.print(Text(f"  {_time(told.first, 19)} to {_time(told.last, 19)} UTC"))
    for each in told.time_notes:
        console.print(Text(f"  {each}"))
    for each in told.notes:
        console.print(Text(f"  ! {visible(each, limit=600)}", style="yellow"))
    for problem in told.problems[:_FILES]:
        console.print(Text(f"  ! {visible(problem, limit=300)}", style="yellow"))
    if len(told.problems) > _FILES:
        console.print(Text(f"  ! and {len(told.problems) - _FILES:,} more", style="yellow"))
    console.print()


def _tables(told: Summary, console: Console) -> None:
    console.print(Text("Tables", style="bold"))
    largest = sorted(told.tables, key=lambda each: (-each["rows"], each["name"]))
    shown = largest[:_TABLES]
    columns = [
        Column("Table", [each["name"] for each in shown]),
        Column("Rows", [each["rows"] for each in shown], "number"),
        Column("First (UTC)", [_time(each["first"], 16) for each in shown]),
        Column("Last (UTC)", [_time(each["last"], 16) for each in shown]),
        Column("Hosts", [len(each["hosts"]) for each in shown], "number"),
    ]
    print_columns(columns, console=console)
    if len(largest) > _TABLES:
        console.print(Text(f"  {_TABLES} of {len(largest):,} tables shown", style="dim"))
        console.print()


def _people(told: Summary, console: Console) -> None:
    for title, names in (("Hosts", told.hosts), ("Users", told.users)):
        if not names.total:
            continue
        listed = ", ".join(
            f"{visible(name, limit=50)} ({records:,})" for name, records in names.busiest
        )
        left = names.total - len(names.busiest)
        more = f", and {left:,} more" if left else ""
        console.print(Text.assemble((f"{title} (records)  ", "bold"), listed + more))
    console.print()


def _found(told: Summary, console: Console) -> None:
    console.print(Text("Found", style="bold"))
    lines = []
    if told.alarming:
        what = "Alarming: events in red, and high or critical command lines"
        lines.append((f"  {told.alarming:>6,}  {what}", "red"))
    lines += [
        (f"  {count:>6,}  {kind}", {"alarm": "red", "warn": "yellow"}.get(tone, ""))
        for kind, (count, tone) in told.notable.items()
    ]
    if told.failed_logons:
        lines.append((f"  {told.failed_logons:>6,}  Failed logons", "yellow"))
    if told.standouts:
        lines.append((f"  {told.standouts:>6,}  Stand out, the most unusual first:", "yellow"))
        lines += [
            (f"          {cut(_finding(*each), console.width - 12)}", "")
            for each in told.outstanding
        ]
    if told.risky:
        severities = ", ".join(f"{count:,} {name}" for name, count in told.risky.items())
        style = "red" if {"critical", "high"} & set(told.risky) else "yellow"
        count = sum(told.risky.values())
        lines.append((f"  {count:>6,}  Risky command lines: {severities}", style))
        lines += [
            (f"          {cut(_finding(*each), console.width - 12)}", "") for each in told.riskiest
        ]
    if told.encoded:
        lines.append((f"  {told.encoded:>6,}  Encoded commands, decoded", "yellow"))
    if told.processes:
        lines.append((f"  {told.processes:>6,}  Processes; branches worth a look first:", ""))
        lines += [
            (f"          {cut(_branch(*branch), console.width - 12, front=True)}", "")
            for branch in told.branches
        ]
    for kind, count in told.indicators.items():
        lines.append((f"  {count:>6,}  Indicators: {kind}", ""))
    for text, style in lines or [("  nothing of the kinds that are looked for", "")]:
        console.print(Text(text, style=style), soft_wrap=False, overflow="ellipsis", no_wrap=True)
    lacking = [(tile, why) for tile, why in told.not_judged.items() if tile != "Alarming"]
    if lacking:
        listed = "; ".join(f"{tile.lower()} ({why})" for tile, why in lacking)
        console.print(Text(f"  not judged: {listed}", style="dim"))
    if told.unjudged and "Stands out" not in told.not_judged:
        listed = visible("; ".join(told.unjudged), limit=600)
        console.print(Text(f"  not judged, of what stands out: {listed}", style="dim"))


def _done(seconds: float) -> str:
    return f"done in {seconds:.{1 if seconds >= 1 else 2}f} s"


def _branch(title: str, host: str) -> str:
    """The chain of a branch and its host; of a long one the end stays, which is what is rare.

    Examples:
        >>> _branch("dash → ip", "ws01"), _branch("dash → ip", "")
        ('dash → ip  (ws01)', 'dash → ip')
    """
    where = f"  ({visible(host, limit=40)})" if host else ""
    return visible(title, limit=300) + where


def _finding(kind: str, what: str, host: str) -> str:
    where = f"  ({visible(host, limit=40)})" if host else ""
    return f"{visible(kind, limit=40)}: {visible(what, limit=300)}{where}"


def _time(iso: str, length: int) -> str:
    """ISO text as people read it, to the second (19) or the minute (16)."""
    return iso[:length].replace("T", " ") if iso else ""
