"""Who and when: hosts, users, and how much of what happened at which time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from huntkit.report.layouts import Evidence, Layout, find

_BINS = 120
_NOBODY = ("", "-", "N/A", "null")
_COUNTED = pl.Schema(
    {
        "name": pl.String(),
        "rows": pl.Int64(),
        "first": pl.Datetime("us", "UTC"),
        "last": pl.Datetime("us", "UTC"),
        "table": pl.String(),
    }
)


def hosts(evidence: Evidence, tables: Sequence[Layout]) -> pl.DataFrame:
    """One row per host name: Host Rows Tables First Last, the busiest first."""
    counted = pl.concat(
        [pl.DataFrame(schema=_COUNTED)]
        + [_count(evidence, each, each.host) for each in tables if each.host]
    )
    return _grouped(counted).rename({"name": "Host"})


def users(evidence: Evidence, tables: Sequence[Layout]) -> pl.DataFrame:
    """One row per user name: User Rows Tables First Last Logons Failed, failures first."""
    counted = pl.concat(
        [pl.DataFrame(schema=_COUNTED)]
        + [_count(evidence, each, each.user) for each in tables if each.user]
    )
    found = _grouped(counted).rename({"name": "User"})
    return (
        found.join(_logons(evidence, tables), on="User", how="left")
        .with_columns(pl.col("Logons", "Failed").fill_null(0))
        .sort("Failed", "Rows", "User", descending=[True, True, False])
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


@dataclass(frozen=True, slots=True)
class Activity:
    """Rows per table and stretch of time."""

    start: datetime
    step: timedelta
    tables: list[tuple[str, int, list[int]]]  # name, rows with a time, rows per bin


def activity(evidence: Evidence, tables: Sequence[Layout]) -> Activity | None:
    """How the rows of each table lie in time; None where nothing has a time."""
    timed = [each for each in tables if each.time and each.first and each.last]
    if not timed:
        return None
    start = min(each.first for each in timed if each.first)
    end = max(each.last for each in timed if each.last)
    step = max(timedelta(seconds=1), (end - start) / (_BINS - 1))
    counted = []
    for each in timed:
        bins = _run(
            evidence,
            f"""SELECT CAST(floor((epoch_us({each.sql_time()}) - {_micros(start)})
                       / {step // timedelta(microseconds=1)}) AS BIGINT) AS bin, count(*) AS n
                FROM {each.sql} WHERE {each.sql_time()} IS NOT NULL GROUP BY 1""",  # noqa: S608
        )
        rows = [0] * _BINS
        for number, count in bins.iter_rows():
            rows[min(max(number, 0), _BINS - 1)] += count
        counted.append((each.name, sum(rows), rows))
    return Activity(start, step, sorted(counted, key=lambda each: (-each[1], each[0])))


def assumed_times(evidence: Evidence, tables: Sequence[Layout]) -> int:
    """How many rows carry a time whose zone or year was assumed."""
    total = 0
    for each in tables:
        if "_time_note" in each.columns:
            text = f"SELECT count(*) AS n FROM {each.sql} WHERE coalesce(_time_note, '') != ''"  # noqa: S608
            total += int(_run(evidence, text)["n"][0])
    return total


def _count(evidence: Evidence, layout: Layout, column: str | None) -> pl.DataFrame:
    time = layout.sql_time()
    name = layout.sql_text(column)
    found = _run(
        evidence,
        f"""SELECT {name} AS name, count(*) AS rows, min({time}) AS first, max({time}) AS last
            FROM {layout.sql} GROUP BY 1""",  # noqa: S608  quoted
    )
    # An identity that is still JSON is no name.
    kept = found.filter(~pl.col("name").is_in(_NOBODY), ~pl.col("name").str.starts_with("{"))
    return kept.with_columns(pl.lit(layout.name).alias("table")).cast(_COUNTED)


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
