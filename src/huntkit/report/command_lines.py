r"""The different command lines and scripts of all tables, each with its first time and place.

Beside the columns that play the role of a command line: what PowerShell logs of scripts (4104) and
of commands with their parameters (4103), and the program's own command line in the latter's
context and in the classic PowerShell log (400, 600, 800); and the commands of sudo, cron and pkexec
in syslog. Tables that keep records whole count where no other table holds the record.
"""

from collections.abc import Iterable, Sequence

import polars as pl

from huntkit.report import syslog_commands
from huntkit.report.layouts import Evidence, Layout, per_table, quoted
from huntkit.report.names import one_spelling, with_domains
from huntkit.report.row_users import rows_with_sid, sql_user
from huntkit.tables import roles

MOST_LINES = 200_000  # of one table, in a report
_PLACES = 3  # that are told of one text; how many there are is said
_OWN, _OTHER, _PARENT, _TOLD = range(4)  # how near a text is to what started: that is cited first
_IN_EVENT = ("CommandLine", "ParentCommandLine", "ScriptBlockText", "Payload")
# The words are in Windows's language; the line after the host's GUID is the same in all of them.
_APPLICATION = r"=[ \t]*[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27}[ \t]*\r?\n[^=\n]*=[ \t]*([^\r\n]+)"
_MESSAGES = ("RenderedDescription", "EventData")
_AUDITED = ("DeviceProcessEvents", "LinuxAudit")  # what Linux's audit log tells is in these
_TIME = pl.Datetime("us", "UTC")
SEEN = pl.List(pl.Struct({"Host": pl.String(), "User": pl.String(), "First": _TIME, "Last": _TIME}))
_SCHEMA = pl.Schema(
    {
        "text": pl.String(),
        "TimeGenerated": _TIME,
        "Host": pl.String(),
        "User": pl.String(),
        "Mentions": pl.Int64(),
        "Places": pl.List(pl.Struct({"_file": pl.String(), "_record": pl.Int64()})),
        "Table": pl.String(),
        "_file": pl.String(),
        "_record": pl.Int64(),
        "First": _TIME,
        "Last": _TIME,
        "Hosts": pl.List(pl.String()),
        "Users": pl.List(pl.String()),
        "Seen": SEEN,
    }
)
_OF_TABLE = pl.Schema(
    {name: dtype for name, dtype in _SCHEMA.items() if name not in ("Hosts", "Users")}
    | {
        "nearness": pl.Int64(),
        "Seen": pl.List(
            pl.Struct(
                {
                    "Host": pl.String(),
                    "User": pl.String(),
                    "First": _TIME,
                    "Last": _TIME,
                    "k": pl.Int64(),
                }
            )
        ),
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

    Columns: ``text TimeGenerated Host User Mentions Places Table _file _record First Last Hosts
    Users Seen``. What started before the log began is there as somebody's parent only.

    One row is cited: ``TimeGenerated Host User Table _file _record`` are of the first row that says
    that it started (process starts before parents, and these before what PowerShell logs of its own
    start). ``Mentions`` counts the rows, and ``Places`` names the first three, of the table that is
    cited: other tables tell of the same events again. ``First Last Hosts Users`` are of all tables,
    and ``Seen`` tells them apart: from when to when on each host, for each account.

    Args:
        evidence: what is asked.
        tables: its tables.
        most: how many different texts of one table are enough; all by default.
        problems: where it is said that there are more.
    """
    chosen = tables_of(tables)
    parts = per_table(lambda layout: _lines(evidence, layout, tables, most), chosen)
    if problems is not None:
        problems += [
            f"risky command lines: only the first {most:,} different ones of {layout.name} "
            "were judged"
            for layout, rows in zip(chosen, parts, strict=True)
            if most and rows.height >= most
        ]
    return _once(_as_typed(pl.concat([pl.DataFrame(schema=_OF_TABLE), *parts])))


def _as_typed(lines: pl.DataFrame) -> pl.DataFrame:
    """What syslog tells of, spelled as audit logs say it.

    These name no folder where none was typed, no quotes, and the shell that cron gives a command.
    """
    told = pl.col("Table") == "Syslog"
    if not lines.select(told.any()).item():
        return lines
    plain = pl.col("text").str.replace(syslog_commands.FOLDERS, "")
    lines = lines.with_columns(
        key=plain.str.replace_all(r"['\\]", "").str.replace_all(r"\s+", " ").str.strip_chars()
    )
    audited = lines.filter(pl.col("Table").is_in(_AUDITED)).sort("nearness", "text")
    typed = dict(audited.select("key", "text").reverse().iter_rows())
    spelled = {
        text: typed.get(key) or typed.get(f"sh -c {key}") or text
        for text, key in lines.filter(told).select("text", "key").iter_rows()
    }
    name = pl.when(told).then(pl.col("text").replace(spelled)).otherwise("text")
    return lines.with_columns(text=name).drop("key")


def _once(lines: pl.DataFrame) -> pl.DataFrame:
    """Each text once, with what all tables know of it."""
    order = ["nearness", "TimeGenerated", "_file", "_record", "Table"]
    cited = [name for name in _OF_TABLE if name not in ("text", "First", "Last", "Seen")]
    once = (
        lines.sort(order, nulls_last=True)
        .group_by("text", maintain_order=True)
        .agg(
            pl.col(cited).first(),
            pl.col("First").min(),
            pl.col("Last").max(),
            pl.col("Seen").explode(),
        )
        .sort("First", "_file", "_record", "Table", "text", nulls_last=True)
        .with_row_index("line")
    )
    seen = _told_once(once.select("line", "Seen"))
    return (
        once.drop("Seen")
        .join(seen, on="line", how="left", maintain_order="left")
        .select(list(_SCHEMA))
        .cast(_SCHEMA)
    )


def _told_once(seen: pl.DataFrame) -> pl.DataFrame:
    """Each host and account of a line once, however several tables spell them.

    On each host the nearest source is believed: Windows's audit log names who started a process,
    which may be the machine, and not as whom it runs.
    """
    rows = seen.explode("Seen").unnest("Seen").with_columns(pl.col("Host", "User").fill_null(""))
    rows = rows.with_columns(pl.col("Host").replace(one_spelling(rows["Host"].unique())))
    names = rows.filter(pl.col("User") != "").group_by("line").agg(pl.col("User").alias("known"))
    nearest = pl.col("k").filter(pl.col("User") != "").min().over("line", "Host")
    rows = (
        rows.with_columns(User=pl.when(pl.col("k") == nearest).then("User").otherwise(pl.lit("")))
        .group_by("line", "Host", "User")
        .agg(pl.col("First").min(), pl.col("Last").max())
        .sort("First", "Host", "User", nulls_last=True)
    )
    told = (
        rows.group_by("line", maintain_order=True)
        .agg(
            pl.col("Host").filter(pl.col("Host") != "").unique(maintain_order=True).alias("Hosts"),
            pl.col("User").filter(pl.col("User") != "").unique(maintain_order=True).alias("Users"),
            pl.struct("Host", "User", "First", "Last").alias("Seen"),
        )
        .join(names, on="line", how="left", maintain_order="left")
    )
    users = [
        with_domains(its, known or ())
        for its, known in zip(told["Users"].to_list(), told["known"].to_list(), strict=True)
    ]
    return told.drop("known").with_columns(pl.Series("Users", users, dtype=pl.List(pl.String)))


def tables_of(tables: Sequence[Layout]) -> list[Layout]:
    """The tables that may hold command lines."""
    return [layout for layout in tables if any(_texts(layout))]


def _texts(layout: Layout) -> Iterable[str]:
    """What holds command lines in a row of a table, as expressions: text, nearness, account."""
    user = sql_user(layout)
    near = _OWN if layout.name == "DeviceProcessEvents" else _OTHER
    parents = roles.candidates(layout.columns, "parent_command_line")
    for name in dict.fromkeys([*roles.candidates(layout.columns, "command_line"), *parents]):
        if name in layout.texts():
            above = name in parents
            whose = _of_parent(layout) if above else user
            yield _piece(layout.sql_text(name), _PARENT if above else near, whose)
    if syslog_commands.tells_commands(layout):
        yield _piece(syslog_commands.sql_command(layout), _TOLD, user)
    elif layout.name == "DeviceEvents" and "AdditionalFields" in layout.columns:
        yield _piece(_application(_field("AdditionalFields", "ContextInfo")), _TOLD, user)
    elif layout.name == "WindowsEvent" and "EventData" in layout.columns:
        for name in _IN_EVENT:
            its = _PARENT if name.startswith("Parent") else _OTHER
            yield _piece(_field("EventData", name), its, user)
        yield _piece(_application(_field("EventData", "ContextInfo")), _TOLD, user)
        for name in _MESSAGES:
            if name in layout.columns:
                yield _piece(_started_as(name), _TOLD, user)


def _piece(text: str, nearness: int, user: str) -> str:
    return f"{{'text': {text}, 'k': {nearness}, 'u': {user}}}"


def _of_parent(layout: Layout) -> str:
    """The parent's account: what it started may run as somebody else."""
    name = "InitiatingProcessAccountName"
    return layout.sql_text(name) if name in layout.columns else sql_user(layout)


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
    if layout.name == "LinuxAudit":  # syslog lines that carry audit records judge none of them
        tables = [each for each in tables if each.name != "Syslog"]
    source = rows_with_sid(layout, tables)
    if syslog_commands.tells_commands(layout):
        source = syslog_commands.sql_rows(layout, source)
    place = "{'k': min(p.k), 't': t, 'f': _file, 'r': _record, 'h': h, 'u': p.u}"
    rows: pl.DataFrame = evidence.sql(
        f"""SELECT text, place.t AS "TimeGenerated", place.h AS "Host", place.u AS "User",
                   "Mentions", "Places", '{layout.name.replace("'", "''")}' AS "Table",
                   place.f AS _file, place.r AS _record, "First", "Last", "Seen",
                   place.k AS nearness
            FROM (SELECT text, min(place) AS place, sum(n) AS "Mentions",
                         list_transform(list_sort(flatten(list(places)))[1:{_PLACES}],
                             lambda each: {{'_file': each.f, '_record': each.r}}) AS "Places",
                         min(first) AS "First", max(last) AS "Last",
                         list({{'Host': place.h, 'User': place.u, 'First': first, 'Last': last,
                               'k': place.k}})
                             AS "Seen"
                  FROM (SELECT text, min(place) AS place, min(place, {_PLACES}) AS places,
                               count(*) AS n, min(place.t) AS first, max(place.t) AS last
                        FROM (SELECT p.text AS text, {place} AS place
                              FROM (SELECT unnest([{", ".join(_texts(layout))}]) AS p,
                                           {layout.sql_time()} AS t, _file, _record,
                                           {layout.sql_text(layout.host)} AS h
                                    FROM {source})
                              WHERE p.text <> ''
                              GROUP BY p.text, t, _file, _record, h, p.u)
                        GROUP BY text, place.h, place.u)
                  GROUP BY 1)
            {f'ORDER BY "First", text LIMIT {most}' if most else ""}""",  # noqa: S608  quoted
        frame="polars",
    )
    return rows.select(list(_OF_TABLE)).cast(_OF_TABLE)
