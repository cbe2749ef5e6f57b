"""Who and when: hosts, users, and how much of what happened at which time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from huntkit.report.layouts import Evidence, Layout, find, per_table

_BINS = 120
_NOBODY = ("", "-", "N/A", "null")
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_COUNTED = pl.Schema(
    {
        "side": pl.String(),
        "name": pl.String(),
        "bin": pl.Int64(),
        "rows": pl.Int64(),
        "first": pl.Datetime("us", "UTC"),
        "last": pl.Datetime("us", "UTC"),
        "assumed": pl.Int64(),
        "table": pl.String(),
    }
)


@dataclass(frozen=True, slots=True)
class Activity:
    """Rows per table and stretch of time."""

    start: datetime
    step: timedelta
    tables: list[tuple[str, int, list[int]]]  # name, rows with a time, rows per bin


@dataclass(frozen=True, slots=True)
class Overview:
    """Hosts, users and times of all tables.

    Attributes:
        hosts: one row per host name: Host Rows Tables First Last, the busiest first.
        users: one row per user name: User Rows Tables First Last Logons Failed, failures first.
        activity: how the rows of each table lie in time; None where nothing has a time.
        assumed: how many rows carry a time whose zone or year was assumed.
    """

    hosts: pl.DataFrame
    users: pl.DataFrame
    activity: Activity | None
    assumed: int


def overview(evidence: Evidence, tables: Sequence[Layout]) -> Overview:
    """Look once at every row of every table."""
    timed = [each for each in tables if each.time and each.first and each.last]
    start = min((each.first for each in timed if each.first), default=_NO_TIME)
    end = max((each.last for each in timed if each.last), default=_NO_TIME)
    step = max(timedelta(seconds=1), (end - start) / (_BINS - 1))
    counted = pl.concat(
        [
            pl.DataFrame(schema=_COUNTED),
            *per_table(lambda each: _count(evidence, each, start, step), tables),
        ]
    )
    names = counted.filter(~pl.col("name").is_in(_NOBODY), ~pl.col("name").str.starts_with("{"))
    users = _grouped(names.filter(pl.col("side") == "user")).rename({"name": "User"})
    users = users.join(_logons(evidence, tables), on="User", how="left").with_columns(
        pl.col("Logons", "Failed").fill_null(0)
    )
    return Overview(
        _grouped(names.filter(pl.col("side") == "host")).rename({"name": "Host"}),
        users.sort("Failed", "Rows", "User", descending=[True, True, False]),
        _activity(counted, start, step) if timed else None,
        int(counted.filter(pl.col("side") == "bin")["assumed"].sum()),
    )


def failed_logons(evidence: Evidence, tables: Sequence[Layout]) -> pl.DataFrame:
    """Failed logons by account, source and host: Account Source Host Failures First Last."""
    layout = find(tables, "DeviceLogonEvents")
    if layout is None:
        return pl.DataFrame(
            schema=pl.Schema(
                {
                    "Account": pl.String(),
                    "Source": pl.String(),
                    "Host": pl.String(),
                    "Failures": pl.Int64(),
                    "First": pl.Datetime("us", "UTC"),
                    "Last": pl.Datetime("us", "UTC"),
                }
            )
        )
    return _run(
        evidence,
        f"""SELECT AccountName AS Account, RemoteIP AS Source, DeviceName AS Host,
                   count(*) AS Failures, min(t) AS First, max(t) AS Last
            FROM (SELECT *, {layout.sql_time()} AS t FROM {layout.sql})
            WHERE ActionType = 'LogonFailed' GROUP BY ALL
            ORDER BY Failures DESC, Account, Source, Host""",  # noqa: S608  quoted
    )


def _count(evidence: Evidence, layout: Layout, start: datetime, step: timedelta) -> pl.DataFrame:
    """Rows by host, by user and by stretch of time, in one pass over the table."""
    time = layout.sql_time()
    note = "coalesce(_time_note, '') != ''" if "_time_note" in layout.columns else "false"
    width = step // timedelta(microseconds=1)
    found = _run(
        evidence,
        f"""SELECT CASE WHEN grouping(h) = 0 THEN 'host' WHEN grouping(u) = 0 THEN 'user'
                        ELSE 'bin' END AS side,
                   coalesce(h, u, '') AS name, b AS bin, count(*) AS rows,
                   min(t) AS first, max(t) AS last, count(*) FILTER (a) AS assumed
            FROM (SELECT {layout.sql_text(layout.host)} AS h, {layout.sql_text(layout.user)} AS u,
                         CAST(floor((epoch_us({time}) - {_micros(start)}) / {width}) AS BIGINT)
                             AS b,
                         {time} AS t, {note} AS a FROM {layout.sql})
            GROUP BY GROUPING SETS ((h), (u), (b))""",  # noqa: S608  quoted
    )
    return (
        found.with_columns(pl.lit(layout.name).alias("table")).select(list(_COUNTED)).cast(_COUNTED)
    )


def _activity(counted: pl.DataFrame, start: datetime, step: timedelta) -> Activity:
    bins = counted.filter(pl.col("side") == "bin", pl.col("bin").is_not_null())
    tables = []
    for (name,), rows in bins.group_by("table", maintain_order=True):
        counts = [0] * _BINS
        for number, count in rows.select("bin", "rows").iter_rows():
            counts[min(max(number, 0), _BINS - 1)] += count
        tables.append((str(name), sum(counts), counts))
    return Activity(start, step, sorted(tables, key=lambda each: (-each[1], each[0])))


def _grouped(counted: pl.DataFrame) -> pl.DataFrame:
    """Names that differ only in case are one; the spelling most often seen stands."""
    return (
        counted.sort("rows", "name", descending=[True, False])
        .group_by(pl.col("name").str.to_lowercase().alias("key"), maintain_order=True)
        .agg(
            pl.col("name").first(),
            pl.col("rows").sum().alias("Rows"),
            pl.col("table").n_unique().cast(pl.Int64).alias("Tables"),
            pl.col("first").min().alias("First"),
            pl.col("last").max().alias("Last"),
        )
        .drop("key")
        .sort("Rows", "name", descending=[True, False])
    )


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


def _micros(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, tz=moment.tzinfo)) // timedelta(microseconds=1)


def _run(evidence: Evidence, text: str) -> pl.DataFrame:
    rows: pl.DataFrame = evidence.sql(text, frame="polars")
    return rows
