r"""The different command lines and scripts of all tables, each with its first time and place.

Beside the columns that play the role of a command line: what PowerShell logs of scripts (4104) and
of commands with their parameters (4103), and the program's own command line in the latter's
context and in the classic PowerShell log (400, 600, 800). Tables that keep records whole count
where no other table holds the record.
"""

from collections.abc import Iterable, Sequence

import polars as pl

from huntkit.report.layouts import Evidence, Layout, own_rows, per_table, quoted
from huntkit.tables import roles

MOST_LINES = 200_000  # of one table, in a report
_PLACES = 3  # that are told of one text; how many there are is said
_ROLES = ("command_line", "parent_command_line")
_IN_EVENT = ("CommandLine", "ParentCommandLine", "ScriptBlockText", "Payload")
# The words are in Windows's language; the line after the host's GUID is the same in all of them.
_APPLICATION = r"=[ \t]*[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27}[ \t]*\r?\n[^=\n]*=[ \t]*([^\r\n]+)"
_MESSAGES = ("RenderedDescription", "EventData")
_SCHEMA = pl.Schema(
    {
        "text": pl.String(),
        "TimeGenerated": pl.Datetime("us", "UTC"),
        "Host": pl.String(),
        "User": pl.String(),
        "Mentions": pl.Int64(),
        "Places": pl.List(pl.Struct({"_file": pl.String(), "_record": pl.Int64()})),
        "Table": pl.String(),
        "_file": pl.String(),
        "_record": pl.Int64(),
    }
)


def command_lines(
    evidence: Evidence,
    tables: Sequence[Layout],
    *,
    most: int | None = None,
    problems: list[str] | None = None,
) -> pl.DataFrame:
    """Each different text once, by its first time.

    Columns: ``text TimeGenerated Host User Mentions Places Table _file _record``. What started
    before the log began is there as somebody's parent only. ``Mentions`` counts the rows, and
    ``Places`` names the first three, of the table that had the text first: other tables tell of the
    same events again.

    Args:
        evidence: what is asked.
        tables: its tables.
        most: how many different texts of one table are enough; all by default.
        problems: where it is said that there are more.
    """
    chosen = [layout for layout in tables if any(_texts(layout))]
    parts = per_table(lambda layout: _lines(evidence, layout, tables, most), chosen)
    if problems is not None:
        problems += [
            f"risky command lines: only the first {most:,} different ones of {layout.name} "
            "were judged"
            for layout, rows in zip(chosen, parts, strict=True)
            if most and rows.height >= most
        ]
    lines = pl.concat([pl.DataFrame(schema=_SCHEMA), *parts])
    order = ["TimeGenerated", "_file", "_record", "Table", "text"]
    return lines.sort(order, nulls_last=True).unique("text", keep="first", maintain_order=True)


def _texts(layout: Layout) -> Iterable[str]:
    """What holds command lines in a row of a table, as expressions."""
    found = [name for role in _ROLES for name in roles.candidates(layout.columns, role)]
    known = [name for name in layout.texts() if name in found]
    yield from (layout.sql_text(name) for name in known)
    if layout.name == "DeviceEvents" and "AdditionalFields" in layout.columns:
        yield _application(_field("AdditionalFields", "ContextInfo"))
    elif layout.name == "WindowsEvent" and "EventData" in layout.columns:
        yield from (_field("EventData", name) for name in _IN_EVENT)
        yield _application(_field("EventData", "ContextInfo"))
        yield from (_started_as(name) for name in _MESSAGES if name in layout.columns)


def _started_as(column: str) -> str:
    """The host application in the text of a classic PowerShell event (400, 600, 800), or in JSON.

    In JSON a line ends where it is escaped; a backslash and a quote of the line itself are doubled.
    """
    text = f"CAST({quoted(column)} AS VARCHAR)"
    if column != "EventData":
        return rf"trim(regexp_extract({text}, 'HostApplication=([^\r\n]+)', 1))"
    line = rf"""regexp_extract({text}, 'HostApplication=((?:[^\\"]|\\\\|\\")+)', 1)"""
    return rf"""trim(replace(replace({line}, '\"', '"'), '\\', '\'))"""


def _field(column: str, name: str) -> str:
    text = f"CAST({quoted(column)} AS VARCHAR)"
    # The word is looked for first: most rows have no such field, and need not be parsed.
    return (
        f"CASE WHEN contains({text}, '\"{name}\"') AND json_valid({text}) "
        f"THEN coalesce(json_extract_string({text}, '$.{name}'), '') ELSE '' END"
    )


def _application(text: str) -> str:
    return f"trim(regexp_extract({text}, '{_APPLICATION}', 1))"


def _lines(
    evidence: Evidence, layout: Layout, tables: Sequence[Layout], most: int | None
) -> pl.DataFrame:
    place = f"""{{'t': {layout.sql_time()}, 'f': _file, 'r': _record,
                  'h': {layout.sql_text(layout.host)}, 'u': {layout.sql_text(layout.user)}}}"""
    rows: pl.DataFrame = evidence.sql(
        f"""SELECT text, place.t AS "TimeGenerated", place.h AS "Host", place.u AS "User",
                   "Mentions", "Places", '{layout.name.replace("'", "''")}' AS "Table",
                   place.f AS _file, place.r AS _record
            FROM (SELECT text, min(place) AS place, count(*) AS "Mentions",
                         list_transform(min(place, {_PLACES}), lambda each:
                             {{'_file': each.f, '_record': each.r}}) AS "Places"
                  FROM (SELECT DISTINCT text, place
                        FROM (SELECT unnest([{", ".join(_texts(layout))}]) AS text,
                                     {place} AS place FROM {own_rows(layout, tables)})
                        WHERE text <> '')
                  GROUP BY 1)
            {f"ORDER BY place, text LIMIT {most}" if most else ""}""",  # noqa: S608  quoted
        frame="polars",
    )
    return rows.cast(_SCHEMA)
