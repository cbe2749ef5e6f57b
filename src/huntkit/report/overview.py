"""Who and when: hosts, users, and how much of what happened at which time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from huntkit.report.activity import Activity, Grid, activity, grid_of
from huntkit.report.failures import failures_sql
from huntkit.report.layouts import Evidence, Layout, find, per_table
from huntkit.report.names import same_host
from huntkit.report.row_users import names_users, sql_named
from huntkit.sources.local.mapping.views import VIEWS

_NOBODY = ("", "-", "N/A", "null")
_COUNTED = pl.Schema(
    {
        "side": pl.String(),
        "name": pl.String(),
        "bin": pl.Int64(),
        "rows": pl.Int64(),
        "first": pl.Datetime("us", "UTC"),
        "last": pl.Datetime("us", "UTC"),
        "table": pl.String(),
    }
)
_TIME = pl.Datetime("us", "UTC")
_FAILED = pl.Schema(
    {"Account": pl.String(), "Source": pl.String(), "Host": pl.String(), "Program": pl.String(),
     "Caller": pl.String(), "Reason": pl.String(), "Failures": pl.Int64(), "First": _TIME,
     "Last": _TIME}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Overview:
    """Hosts, users and times of all tables.

    Attributes:
        hosts: one row per host: Host Records Tables First Last, the busiest first. A record that
            several tables hold counts once; a short name and the one full name that begins with
            it are one host.
        users: one row per user name: User Records Tables First Last Logons Failed, failures first.
        activity: how the rows of each table lie in time; None where nothing has a time.
        alike: short and full names taken for one host though no file names both.
        notes: how many records carry which note about their time (assumed, or unknown).
    """

    hosts: pl.DataFrame
    users: pl.DataFrame
    activity: Activity | None
    notes: dict[str, int]
    alike: list[tuple[str, str]] = field(default_factory=list)


def overview(evidence: Evidence, tables: Sequence[Layout]) -> Overview:
    """Look once at every row of every table."""
    tables = [each for each in tables if not _is_repeated(evidence, each, tables)]
    grid = grid_of(tables)
    counted = pl.concat(
        [
            pl.DataFrame(schema=_COUNTED),
            *per_table(lambda each: _count(evidence, each, grid), tables),
        ]
    )
    names = counted.filter(~pl.col("name").is_in(_NOBODY), ~pl.col("name").str.starts_with("{"))
    seen = {side: names.filter(pl.col("side") == side) for side in ("host", "user")}
    same = same_host(seen["host"]["name"])
    hosts = _records(evidence, tables, "host", seen["host"], same).rename({"name": "Host"})
    users = _records(evidence, tables, "user", seen["user"], {}).rename({"name": "User"})
    users = users.join(_logons(evidence, tables), on="User", how="left").with_columns(
        pl.col("Logons", "Failed").fill_null(0)
    )
    return Overview(
        hosts,
        users.sort("Failed", "Records", "User", descending=[True, True, False]),
        activity(evidence, tables, grid, counted.filter(pl.col("side") == "bin")),
        _notes(evidence, tables),
        _only_alike(evidence, tables, same),
    )


def failed_logons(evidence: Evidence, tables: Sequence[Layout]) -> pl.DataFrame:
    """Failed logons: Account Source Host Program Caller Reason Failures First Last.

    One row for each that differs in what stands before the count.
    """
    layout = find(tables, "DeviceLogonEvents")
    if layout is None:
        return pl.DataFrame(schema=_FAILED)
    return _run(
        evidence,
        f"""SELECT account AS "Account", source AS "Source", host AS "Host",
                   program AS "Program", caller AS "Caller",
                   reason || CASE seen WHEN 'controller' THEN ' (told by the domain controller)'
                             ELSE '' END AS "Reason",
                   count(*) AS "Failures", min(t) AS "First", max(t) AS "Last"
            FROM ({failures_sql(layout, tables)}) WHERE seen <> 'again' GROUP BY ALL
            ORDER BY "Failures" DESC, "Account", "Source", "Host", "Program", "Caller", "Reason"
        """,  # noqa: S608  quoted
    ).cast(_FAILED)


def _count(evidence: Evidence, layout: Layout, grid: Grid) -> pl.DataFrame:
    """Rows by host, by user and by stretch of time, in one pass over the table."""
    time = layout.sql_time()
    found = _run(
        evidence,
        f"""SELECT CASE WHEN grouping(h) = 0 THEN 'host' WHEN grouping(u) = 0 THEN 'user'
                        ELSE 'bin' END AS side,
                   coalesce(h, u, '') AS name, b AS bin, count(*) AS rows,
                   min(t) AS first, max(t) AS last
            FROM (SELECT {layout.sql_text(layout.host)} AS h, {sql_named(layout)} AS u,
                         {grid.sql_bin(time)} AS b, {time} AS t FROM {layout.sql})
            GROUP BY GROUPING SETS ((h), (u), (b))""",  # noqa: S608  quoted
    )
    return (
        found.with_columns(pl.lit(layout.name).alias("table")).select(list(_COUNTED)).cast(_COUNTED)
    )


def _is_repeated(evidence: Evidence, layout: Layout, tables: Sequence[Layout]) -> bool:
    """Whether a table only shows another one's rows under other names."""
    view = VIEWS.get(layout.name)
    source = find(tables, view.source) if view else None
    if source is None:
        return False
    others = _run(
        evidence,
        f"""SELECT count(*) AS n FROM (SELECT 1 FROM {layout.sql}
            ANTI JOIN {source.sql} USING (_file, _record) LIMIT 1)""",  # noqa: S608  quoted
    )
    return int(others["n"].item()) == 0


def _records(
    evidence: Evidence,
    tables: Sequence[Layout],
    side: str,
    seen: pl.DataFrame,
    same: dict[str, str],
) -> pl.DataFrame:
    """Names with the different source records that hold them, the busiest first.

    Names that differ only in case are one; the spelling most often seen stands.
    """
    lowered = pl.col("name").str.to_lowercase()
    grouped = (
        # Of a short and a full name the full one stands.
        seen.with_columns(lowered.replace(same).alias("key"), lowered.is_in(list(same)).alias("s"))
        .sort("s", "rows", "name", descending=[False, True, False])
        .group_by("key", maintain_order=True)
        .agg(
            pl.col("name").first(),
            pl.col("table").n_unique().cast(pl.Int64).alias("Tables"),
            pl.col("first").min().alias("First"),
            pl.col("last").max().alias("Last"),
        )
    )
    return (
        grouped.join(_per_name(evidence, tables, side, same), on="key", how="left")
        .select("name", pl.col("Records").fill_null(0), "Tables", "First", "Last")
        .sort("Records", "name", descending=[True, False])
    )


def _per_name(
    evidence: Evidence, tables: Sequence[Layout], side: str, same: dict[str, str]
) -> pl.DataFrame:
    """Different source records per name: the same record stands in several tables."""
    parts = []
    for layout in tables:
        if names_users(layout) if side == "user" else layout.host:
            name = sql_named(layout) if side == "user" else layout.sql_text(layout.host)
            parts.append(
                f"SELECT DISTINCT lower({name}) AS name, "  # noqa: S608
                f"hash(_file, _record) AS record FROM {layout.sql}"
            )
    if not parts:
        return pl.DataFrame(schema={"key": pl.String, "Records": pl.Int64})
    pairs = "".join(f" WHEN {_literal(a)} THEN {_literal(b)}" for a, b in sorted(same.items()))
    key = f"CASE name{pairs} ELSE name END" if pairs else "name"
    return _run(
        evidence,
        f"""SELECT {key} AS key, count(DISTINCT record) AS Records
            FROM ({" UNION ALL ".join(parts)}) GROUP BY 1""",  # noqa: S608  quoted
    )


def _only_alike(
    evidence: Evidence, tables: Sequence[Layout], same: dict[str, str]
) -> list[tuple[str, str]]:
    """Short names with their full ones where no file names both: only their names join them."""
    if not same:
        return []
    names = ", ".join(_literal(name) for name in sorted({*same, *same.values()}))
    parts = [
        f"SELECT DISTINCT lower({each.sql_text(each.host)}) AS name, _file FROM {each.sql} "  # noqa: S608
        f"WHERE lower({each.sql_text(each.host)}) IN ({names})"
        for each in tables
        if each.host
    ]
    seen: dict[str, set[str]] = {}
    for name, file in _run(evidence, " UNION ".join(parts)).iter_rows():
        seen.setdefault(name, set()).add(file)
    return [
        (short, full)
        for short, full in sorted(same.items())
        if not seen.get(short, set()) & seen.get(full, set())
    ]


def _notes(evidence: Evidence, tables: Sequence[Layout]) -> dict[str, int]:
    """How many records have which note about their time."""
    parts = [
        f"SELECT DISTINCT _time_note AS note, hash(_file, _record) AS record FROM {each.sql}"  # noqa: S608
        for each in tables
        if "_time_note" in each.columns
    ]
    if not parts:
        return {}
    found = _run(
        evidence,
        f"""SELECT note, count(DISTINCT record) AS records FROM ({" UNION ALL ".join(parts)})
            WHERE coalesce(note, '') != '' GROUP BY 1 ORDER BY 2 DESC, 1""",  # noqa: S608
    )
    return dict(found.iter_rows())


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _logons(evidence: Evidence, tables: Sequence[Layout]) -> pl.DataFrame:
    schema = pl.Schema({"User": pl.String(), "Logons": pl.Int64(), "Failed": pl.Int64()})
    layout = find(tables, "DeviceLogonEvents")
    if layout is None:
        return pl.DataFrame(schema=schema)
    return _run(
        evidence,
        f"""SELECT AccountName AS "User",
                   count(*) FILTER (ActionType = 'LogonSuccess') AS Logons,
                   count(*) FILTER (ActionType = 'LogonFailed') AS Failed
            FROM {layout.sql} GROUP BY 1""",  # noqa: S608  quoted
    ).cast(schema)


def _run(evidence: Evidence, text: str) -> pl.DataFrame:
    rows: pl.DataFrame = evidence.sql(text, frame="polars")
    return rows
