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
from huntkit.report.layouts import Evidence, Layout, layouts
from huntkit.tables import roles

_GENERIC = ("WindowsEvent", "Event", "LinuxAudit", "AuditLog_CL")  # other tables hold their columns
_ROLES = ("command_line", "parent_command_line")
_SCHEMA = pl.Schema(
    {
        "text": pl.String(),
        "TimeGenerated": pl.Datetime("us", "UTC"),
        "Host": pl.String(),
        "User": pl.String(),
        "Mentions": pl.Int64(),
        "Table": pl.String(),
        "_file": pl.String(),
        "_record": pl.Int64(),
    }
)


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
        keep = [name for name in _SCHEMA if name != "text"]
        found = huntkit.extract.command_risks(
            lines, "text", lowest=lowest, rules=rules or None, keep=keep, progress=case.bars
        )
        _say_none(found, lines.height)
        emit(found.drop("SourceIndex", "input_column"), writing, title="Risky command lines",
             eyes=_for_eyes)  # fmt: skip


def command_lines(evidence: Evidence, tables: Sequence[Layout]) -> pl.DataFrame:
    """The different command lines of all tables, each with its first time and where it stands.

    What started before the log began is there as somebody's parent only.
    """
    parts = [pl.DataFrame(schema=_SCHEMA)]
    columns = [
        (layout, column)
        for layout in tables
        if layout.name not in _GENERIC
        for column in dict.fromkeys(roles.resolve(layout.columns, role) for role in _ROLES)
        if column is not None
    ]
    for layout, column in columns:
        line = layout.sql_text(column)
        place = f"""{{'t': {layout.sql_time()}, 'f': _file, 'r': _record,
                      'h': {layout.sql_text(layout.host)}, 'u': {layout.sql_text(layout.user)}}}"""
        rows: pl.DataFrame = evidence.sql(
            f"""SELECT text, place.t AS "TimeGenerated", place.h AS "Host", place.u AS "User",
                       "Mentions", '{layout.name.replace("'", "''")}' AS "Table",
                       place.f AS _file, place.r AS _record
                FROM (SELECT {line} AS text, min({place}) AS place, count(*) AS "Mentions"
                      FROM {layout.sql} WHERE {line} <> '' GROUP BY 1)""",  # noqa: S608
            frame="polars",
        )
        parts.append(rows.cast(_SCHEMA))
    lines = pl.concat(parts).sort("TimeGenerated", "_file", "_record", nulls_last=True)
    return lines.unique("text", keep="first", maintain_order=True)


def _for_eyes(rows: pl.DataFrame) -> pl.DataFrame:
    """The most severe first, what it is before where it stands."""
    first = [
        name
        for name in ("Severity", "Title", "Technique", "Input", "TimeGenerated", "Host", "User",
                     "Matched", "Why")
        if name in rows.columns
    ]  # fmt: skip
    order = pl.col("Severity").replace_strict(
        {"critical": 0, "high": 1, "medium": 2, "low": 3, "informational": 4}
    )
    return rows.sort(order, maintain_order=True).select(*first, pl.exclude(first))


def _say_none(found: pl.DataFrame, looked_at: int) -> None:
    if not found.height:
        note(f"huntkit: nothing risky in {counted(looked_at, 'command line')}")
