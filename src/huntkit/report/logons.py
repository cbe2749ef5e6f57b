"""Who logged on where: accounts and hosts, sources, and how long sessions lasted."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from huntkit.report.layouts import Evidence, Layout, find

MOST_PAIRS = 20_000
MOST_SESSIONS = 3_000
# Accounts of machines and of Windows itself: they log on all day and hide the people.
_NOBODY = (
    "'', '-', 'system', 'local service', 'network service', 'anonymous logon', 'font driver host', "
    "'window manager'"
)
_PERSON = (
    "NOT ends_with({0}, '$') AND lower({0}) NOT IN (" + _NOBODY + ") "
    "AND NOT regexp_matches(lower({0}), '^(dwm|umfd)-[0-9]+$')"
)
_OWN = "('', '-', '::1', '127.0.0.1', '0.0.0.0', '::')"
_TIME = pl.Datetime("us", "UTC")
_PAIRS = pl.Schema(
    {"Account": pl.String(), "Host": pl.String(), "Source": pl.String(), "Type": pl.String(),
     "Logons": pl.Int64(), "Failed": pl.Int64(), "First": _TIME, "Last": _TIME,
     "SourceHost": pl.String()}
)  # fmt: skip
_SESSIONS = pl.Schema(
    {"Start": _TIME, "End": _TIME, "Account": pl.String(), "Host": pl.String(),
     "Type": pl.String(), "Source": pl.String(), "LogonId": pl.String(), "Total": pl.Int64()}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Logons:
    """Logons of people.

    Attributes:
        pairs: Account Host Source Type Logons Failed First Last SourceHost, the most frequent
            first; Source is empty where the logon came from the host itself; SourceHost is the
            host that this address is known to belong to.
        sessions: Start End Account Host Type Source LogonId in the order of time; End is null
            where no logoff was seen. Total is how many there are.
        others: logons of machines and services, which are not among these.
        only_successes: there are records of logons, but none of a kind that tells of failures.
        note: where the records come from, if that must be known.
    """

    pairs: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_PAIRS))
    sessions: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_SESSIONS))
    others: int = 0
    only_successes: bool = False
    note: str = ""


def logons(evidence: Evidence, tables: Sequence[Layout]) -> Logons:
    """Logons by account, host, source and type; and sessions from logon to logoff."""
    pairs, others = _pairs(evidence, find(tables, "DeviceLogonEvents"))
    if pairs.height:
        names = _names(evidence, find(tables, "DeviceNetworkEvents"))
        pairs = pairs.with_columns(
            pl.col("Source")
            .replace_strict(names, default="", return_dtype=pl.String)
            .alias("SourceHost")
        )
    sessions = _sessions(evidence, find(tables, "SecurityEvent"))
    return Logons(
        pairs, sessions, others, _only_successes(evidence, tables), _note(evidence, tables)
    )


def _only_successes(evidence: Evidence, tables: Sequence[Layout]) -> bool:
    """Whether osquery is all that tells of logons: its tables list who is logged on."""
    layout = find(tables, "DeviceLogonEvents")
    if layout is None or not _held(layout, "AdditionalFields"):
        return False
    rows: pl.DataFrame = evidence.sql(
        f"""SELECT count(*) AS n FROM (SELECT 1 FROM {layout.sql} WHERE NOT
            contains({layout.sql_text("AdditionalFields")}, '"osquery_table"') LIMIT 1)""",  # noqa: S608
        frame="polars",
    )
    return int(rows["n"].item()) == 0


def _note(evidence: Evidence, tables: Sequence[Layout]) -> str:
    """That the audit log and syslog both tell of logins, and what is one row of it."""
    names = ("DeviceLogonEvents", "LinuxAudit", "Syslog")
    all_rows, audit, syslog = (find(tables, name) for name in names)
    if all_rows is None or audit is None or syslog is None:
        return ""
    rows: pl.DataFrame = evidence.sql(
        f"""WITH audited AS (SELECT DISTINCT _file, _record FROM {audit.sql})
            SELECT (SELECT count(*) FROM {all_rows.sql} SEMI JOIN audited USING (_file, _record))
                       AS audit,
                   (SELECT count(*) FROM {all_rows.sql} SEMI JOIN {syslog.sql}
                        USING (_file, _record) ANTI JOIN audited USING (_file, _record)) AS told""",  # noqa: S608  quoted
        frame="polars",
    )
    audited, told = rows.row(0)
    if not audited or not told:
        return ""
    return (
        f"logons in the audit log: {audited:,}, only in sshd's lines in syslog: {told:,}; "
        "the same try would count twice where their clocks differ by more than 5 seconds"
    )


def _pairs(evidence: Evidence, layout: Layout | None) -> tuple[pl.DataFrame, int]:
    if layout is None:
        return pl.DataFrame(schema=_PAIRS), 0
    account = layout.sql_text(_held(layout, "AccountName"))
    source = f"trim({layout.sql_text(_held(layout, 'RemoteIP'))})"
    rows: pl.DataFrame = evidence.sql(
        f"""SELECT {_PERSON.format("account")} AS person, account AS "Account", host AS "Host",
                   source AS "Source", kind AS "Type",
                   count(*) FILTER (action = 'LogonSuccess') AS "Logons",
                   count(*) FILTER (action = 'LogonFailed') AS "Failed",
                   min(t) AS "First", max(t) AS "Last"
            FROM (SELECT {account} AS account, {layout.sql_text(layout.host)} AS host,
                         CASE WHEN {source} IN {_OWN} THEN '' ELSE {source} END AS source,
                         {layout.sql_text(_held(layout, "LogonType"))} AS kind,
                         {layout.sql_text(_held(layout, "ActionType"))} AS action,
                         {layout.sql_time()} AS t FROM {layout.sql})
            WHERE action IN ('LogonSuccess', 'LogonFailed') GROUP BY ALL""",  # noqa: S608  quoted
        frame="polars",
    )
    people = rows.filter("person").drop("person").with_columns(SourceHost=pl.lit("")).cast(_PAIRS)
    others = int(rows.filter(~pl.col("person"))["Logons"].sum())
    order = ["Logons", "Failed", "Account", "Host", "Source", "Type"]
    return people.sort(order, descending=[True, True, False, False, False, False]).head(
        MOST_PAIRS
    ), others


def _names(evidence: Evidence, layout: Layout | None) -> dict[str, str]:
    """Hosts by their own addresses, where only one host ever had that address."""
    if layout is None or not layout.host or not _held(layout, "LocalIP"):
        return {}
    rows: pl.DataFrame = evidence.sql(
        f"""SELECT ip, min(host) AS host FROM (
                SELECT trim({layout.sql_text("LocalIP")}) AS ip,
                       lower({layout.sql_text(layout.host)}) AS host FROM {layout.sql})
            WHERE ip NOT IN {_OWN} AND host <> '' GROUP BY 1
            HAVING count(DISTINCT host) = 1 LIMIT {MOST_PAIRS}""",  # noqa: S608  quoted
        frame="polars",
    )
    return dict(rows.iter_rows())


def _sessions(evidence: Evidence, layout: Layout | None) -> pl.DataFrame:
    """Logons (4624) of Windows with the first logoff (4634, 4647) of the same session.

    Numbers of sessions are used again: a logoff after the next logon of that number is not its.
    """
    needed = ("EventID", "Computer", "TargetLogonId", "TargetUserName")
    if layout is None or layout.time is None or any(not _held(layout, name) for name in needed):
        return pl.DataFrame(schema=_SESSIONS)
    kind = layout.sql_text(_held(layout, "LogonTypeName"))
    source = f"trim({layout.sql_text(_held(layout, 'IpAddress'))})"
    columns = (
        f"{layout.sql_time()} AS t, {layout.sql_text('Computer')} AS host, "
        f"{layout.sql_text('TargetLogonId')} AS id"
    )
    rows: pl.DataFrame = evidence.sql(
        f"""WITH begun AS (
                SELECT {columns}, {layout.sql_text("TargetUserName")} AS account, {kind} AS kind,
                       CASE WHEN {source} IN {_OWN} THEN '' ELSE {source} END AS source
                FROM {layout.sql} WHERE EventID = 4624),
            told AS (SELECT *, lead(t) OVER (PARTITION BY host, id ORDER BY t) AS again FROM begun),
            ended AS (SELECT {columns} FROM {layout.sql} WHERE EventID IN (4634, 4647))
            SELECT told.t AS "Start",
                   CASE WHEN again IS NULL OR ended.t <= again THEN ended.t END AS "End",
                   account AS "Account", told.host AS "Host", kind AS "Type", source AS "Source",
                   told.id AS "LogonId",
                   count(*) OVER () AS "Total"
            FROM told ASOF LEFT JOIN ended
                ON told.host = ended.host AND told.id = ended.id AND ended.t >= told.t
            WHERE told.t IS NOT NULL AND {_PERSON.format("account")}
            ORDER BY 1, 4, 3, 7 LIMIT {MOST_SESSIONS}""",  # noqa: S608  quoted
        frame="polars",
    )
    return rows.cast(_SESSIONS)


def _held(layout: Layout, name: str) -> str | None:
    return name if name in layout.columns else None
