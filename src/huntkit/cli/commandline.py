"""The command that looks for risky command lines."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

import huntkit
from huntkit.cli.case import opened, python_open, show_python, stdin_lines
from huntkit.cli.frame import counted, note
from huntkit.cli.options import General, Reading, Writing
from huntkit.cli.output import emit
from huntkit.cli.target import check_output
from huntkit.core.errors import UsageError
from huntkit.report.command_lines import command_lines
from huntkit.report.layouts import layouts
from huntkit.report.names import first_few

_KEPT = ("TimeGenerated", "Host", "User", "Mentions", "Table", "_file", "_record",
         "First", "Last", "Hosts", "Users")  # fmt: skip
_NAMED = 3  # hosts and accounts of one line, before somebody's eyes


def cmdline(
    paths: Sequence[str],
    texts: Sequence[str],
    reading: Reading,
    writing: Writing,
    general: General,
    *,
    lowest: str,
    rules: Sequence[Path],
) -> None:
    """Risky command lines of evidence, of given texts, or of stdin."""
    check_output(writing)
    if bool(paths) == bool(texts):
        raise UsageError(
            "cmdline takes either PATHS or --text",
            hint="huntkit cmdline evidence/, or --text '...'",
        )
    more = f", lowest={lowest!r}" + (f", rules={[str(r) for r in rules]!r}" if rules else "")
    if list(paths) == ["-"]:
        texts, paths = stdin_lines(), []
    if not paths:
        if general.show_python:
            show_python("import huntkit", "", f"huntkit.extract.command_risks(frame, 'text'{more})")
        given = pl.DataFrame({"text": list(texts)}, schema={"text": pl.String})
        found = huntkit.extract.command_risks(given, "text", lowest=lowest, rules=rules or None)
        _say_none(found, given.height)
        emit(found, writing, title="Risky command lines", eyes=_for_eyes)
        return
    if general.show_python:
        call = f"huntkit.extract.command_risks(evidence.table('DeviceProcessEvents'){more})"
        show_python(python_open(paths, reading), call)
    with opened(paths, reading) as case:
        lines = command_lines(case.evidence, layouts(case.evidence))
        found = huntkit.extract.command_risks(
            lines, "text", lowest=lowest, rules=rules or None, keep=_KEPT, progress=case.bars
        )
        _say_none(found, lines.height)
        emit(found.drop("SourceIndex", "input_column"), writing, title="Risky command lines",
             eyes=_for_eyes)  # fmt: skip


def _for_eyes(rows: pl.DataFrame) -> pl.DataFrame:
    """The most severe first, what it is before where it stands; all hosts in one cell."""
    if "Hosts" in rows.columns:
        rows = rows.with_columns(
            TimeGenerated="First",
            **{
                one: pl.Series([first_few(names, _NAMED) for names in rows[every]], dtype=pl.String)
                for one, every in (("Host", "Hosts"), ("User", "Users"))
            },
        ).drop("First", "Hosts", "Users")
    first = [
        name
        for name in ("Severity", "Title", "Technique", "Input", "TimeGenerated", "Last", "Host",
                     "User", "Matched", "Why")
        if name in rows.columns
    ]  # fmt: skip
    order = pl.col("Severity").replace_strict(
        {"critical": 0, "high": 1, "medium": 2, "low": 3, "informational": 4}
    )
    return rows.sort(order, maintain_order=True).select(*first, pl.exclude(first))


def _say_none(found: pl.DataFrame, looked_at: int) -> None:
    if not looked_at:
        note("huntkit: there are no command lines to look at")
    elif not found.height:
        note(f"huntkit: nothing risky in {counted(looked_at, 'command line')}")
