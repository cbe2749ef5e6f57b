"""Logons that stand out: bursts of failures from one source, and accounts where they seldom are."""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl

from huntkit.report import guessing
from huntkit.report.failures import failures_sql
from huntkit.report.finding import MOST_PLACES, Finding, Look, on_line, places
from huntkit.report.layouts import Evidence, Layout, find
from huntkit.report.logons import Logons

MOST_FAILURES = 200_000
MOST = 6
_PAUSE = timedelta(minutes=10)  # a longer one ends a burst
_SHORTEST = timedelta(seconds=60)
_FEWEST = 5  # failures of a burst
_LEAST = 20.0  # bits
_WHOLE = 60.0
_FEWEST_LOGONS = 30  # of people; of fewer nobody can say what is usual
_PLACE_LEAST = 7.0  # bits
_PLACE_WHOLE = 16.0
_ONE_ACCOUNT = 0.8  # of the weight: people mistype their own passwords
_WITH_FAILURES = 1.5  # of the weight: who also failed there may have guessed
_PRIOR = 1.0
_QUOTE = "'"


def look(evidence: Evidence, tables: Sequence[Layout], logons: Logons) -> Look:
    """Bursts of failed logons, and logons from or to where an account seldom is."""
    layout = find(tables, "DeviceLogonEvents")
    if layout is None or not {"RemoteIP", "AccountName", "ActionType"} <= set(layout.columns):
        return Look()
    bursts, failed, unjudged = _bursts(evidence, layout, tables)
    count = int(logons.pairs["Logons"].sum()) if logons.pairs.height else 0
    rare = _places(evidence, layout, logons, count) if count >= _FEWEST_LOGONS else []
    people = f"{count:,} {'logon' if count == 1 else 'logons'} of people"
    notes = [unjudged] if unjudged else []
    if 0 < count < _FEWEST_LOGONS:
        notes.append(f"{people}: too few to say which are unusual")
    told = f"{people}, {failed:,} failed" if count or failed else ""
    if bursts:
        told += f" ({len(bursts):,} {'burst' if len(bursts) == 1 else 'bursts'})"
    return Look([*bursts[:MOST], *rare], told, "; ".join(notes))


def _bursts(
    evidence: Evidence, layout: Layout, tables: Sequence[Layout]
) -> tuple[list[Finding], int, str]:
    """The bursts, how many logons failed, and which of these could not be judged."""
    all_rows = failures_sql(layout, tables)
    counted: pl.DataFrame = evidence.sql(
        f"SELECT count(*) AS n, count(*) FILTER (t IS NOT NULL AND source = '') AS lost "  # noqa: S608
        f"FROM ({all_rows}) WHERE seen <> 'again'",
        frame="polars",
    )
    failed, lost = counted.row(0)
    rows: pl.DataFrame = evidence.sql(
        f"""SELECT t, source, lower(account) AS account, host, program, caller, reason,
                   seen, _file, _record
            FROM ({all_rows}) WHERE t IS NOT NULL
            ORDER BY seen = 'again', 1, _file, _record LIMIT {MOST_FAILURES}""",  # noqa: S608
        frame="polars",
    ).cast({"t": pl.Datetime("us", "UTC")})
    again = rows.filter(pl.col("seen") == "again")
    rows = rows.filter(pl.col("seen") != "again", pl.col("source") != "")
    note = _left_out(failed, rows.height, lost)
    if rows.height < _FEWEST or layout.first is None or layout.last is None:
        return [], failed, note
    # Failures are read in the order of time; of more than are read, the rest is not there.
    last = rows["t"][-1] if failed > MOST_FAILURES else layout.last
    whole = max((last - layout.first).total_seconds(), 1.0)
    begins = (pl.col("t").diff() > _PAUSE).fill_null(value=True).over("key")
    numbered = rows.with_columns(key=pl.col("source").str.to_lowercase()).with_columns(
        begins.cum_sum().over("key").alias("burst")
    )
    found = []
    for (_, _), burst in numbered.group_by("key", "burst", maintain_order=True):
        finding = _burst(burst, rows.height, whole, again) if burst.height >= _FEWEST else None
        found += [finding] if finding else []
    return sorted(found, key=lambda each: (-each.weight, -each.score)), failed, note


def _left_out(failed: int, judged: int, lost: int) -> str:
    if judged == failed:
        return ""
    why = [f"{lost:,} name no source"] if lost else []
    if failed > MOST_FAILURES:
        why.append(f"no more than the first {MOST_FAILURES:,} are read")
    if failed <= MOST_FAILURES and (timeless := failed - judged - lost):
        why.append(f"{timeless:,} have no time")
    return f"{failed - judged:,} of {failed:,} failed logons are not judged: {', '.join(why)}"


def _burst(burst: pl.DataFrame, failures: int, whole: float, again: pl.DataFrame) -> Finding | None:
    """A burst, if chance would hardly make it at the rate of the others, or nobody types so."""
    first, last = burst["t"][0], burst["t"][-1]
    spent = (last - first).total_seconds()
    long = max(spent, _SHORTEST.total_seconds())
    others = failures - burst.height
    # At least one failure is always expected somewhere: no evidence is free of them.
    expected = (others + 1) / whole * long
    score = surprise(burst.height, expected)
    accounts = burst["account"].unique(maintain_order=True).to_list()
    way = guessing.way_of(burst)
    if score < _LEAST and not way.machine:
        return None
    hosts = burst["host"].unique(maintain_order=True).to_list()
    factor = 1.0 if len(accounts) > 1 else _ONE_ACCOUNT
    weight = 1.0 if way.machine else min(score / _WHOLE, 1.0)
    reason = (
        f"{burst.height:,} of {failures:,} failures; at the rate of the others "
        f"{expected:.2g} would be expected in {_long(long)}"
    )
    if way.machine:
        reason += f"; {way.machine}"
    return Finding(
        kind=way.kind,
        what=guessing.told(burst, accounts, _long(spent)),
        score=score,
        unit="bits",
        weight=weight * factor,
        factor=factor,
        factor_reason="one account",
        reason=reason + guessing.why_failed(burst) + guessing.also_told(burst, again),
        host=str(hosts[0]) if len(hosts) == 1 else f"{len(hosts):,} hosts",
        first=first,
        last=last,
        rows=burst.height,
        places=places(burst),
        strip=on_line(burst["t"].to_list()[:60], "the failures in time"),
    )


def _long(seconds: float) -> str:
    return f"{max(seconds, 1):.0f} s" if seconds < 300 else f"{seconds / 60:.0f} min"


def surprise(seen: int, expected: float) -> float:
    """How surprising it is to see so many where so many are expected, in bits (Chernoff's bound).

    Examples:
        >>> surprise(1, 1.0), round(surprise(20, 0.5), 1)
        (0.0, 78.3)
    """
    if seen <= expected:
        return 0.0
    return (seen * math.log(seen / expected) - (seen - expected)) / math.log(2)


def _places(evidence: Evidence, layout: Layout, logons: Logons, count: int) -> list[Finding]:
    """Accounts on hosts or from sources where they hardly ever are, while others are."""
    used = logons.pairs.with_columns(
        pl.when(pl.col("SourceHost") != "")
        .then(pl.col("SourceHost").str.split(".").list.first())
        .otherwise("Source")
        .alias("from")
    ).filter(pl.col("from") != "")
    ways = (
        used.group_by("Account", "from", "Host", maintain_order=True)
        .agg(
            pl.col("Source").first(),
            pl.col("Logons", "Failed").sum(),
            pl.col("First").min(),
            pl.col("Last").max(),
        )
        .with_columns(
            pl.col("Logons").sum().over("Account").alias("of_account"),
            pl.col("Logons").sum().over("from", "Host").alias("of_way"),
        )
        .filter(pl.col("Logons") > 0, pl.col("of_way") > pl.col("Logons"))
    )
    n = pl.col("Logons")
    unexpected = pl.min_horizontal(
        ((pl.col(name) + _PRIOR) / n).log(2) for name in ("of_account", "of_way")
    )
    scored = ways.with_columns(((count / n).log(2) + unexpected).alias("score")).filter(
        pl.col("score") >= _PLACE_LEAST
    )
    ordered = scored.sort("score", "First", "Account", descending=[True, False, False])
    return [_place(evidence, layout, row, count) for row in ordered.head(MOST).to_dicts()]


def _place(evidence: Evidence, layout: Layout, row: dict[str, Any], count: int) -> Finding:
    short = str(row["Host"]).partition(".")[0]
    failed = f"; {row['Failed']:,} more of these failed" if row["Failed"] else ""
    factor = _WITH_FAILURES if row["Failed"] else 1.0
    return Finding(
        kind="Logon",
        what=f"{row['Account']} from {row['from']} to {short}",
        score=row["score"],
        unit="bits",
        weight=min(row["score"] / _PLACE_WHOLE * factor, 1.0),
        factor=factor,
        factor_reason="with failures",
        reason=f"{row['Logons']:,} of {row['of_account']:,} logons of {row['Account']}, and of "
        f"{row['of_way']:,} from {row['from']} to {short}; {count:,} in all{failed}",
        host=str(row["Host"]),
        first=row["First"],
        last=row["Last"],
        rows=row["Logons"] + row["Failed"],
        places=places(_behind(evidence, layout, row)),
    )


def _behind(evidence: Evidence, layout: Layout, row: dict[str, Any]) -> pl.DataFrame:
    """The first records of these logons, those that succeeded before those that failed."""
    wanted = {"AccountName": row["Account"], "RemoteIP": row["Source"], layout.host: row["Host"]}
    where = " AND ".join(
        f"trim({layout.sql_text(name)}) = '{str(value).replace(_QUOTE, _QUOTE * 2)}'"
        for name, value in wanted.items()
        if name
    )
    found: pl.DataFrame = evidence.sql(
        f"""SELECT _file, _record FROM {layout.sql} WHERE {where}
            AND ActionType IN ('LogonSuccess', 'LogonFailed')
            ORDER BY ActionType DESC, {layout.sql_time()}, _file, _record LIMIT {MOST_PLACES}""",  # noqa: S608
        frame="polars",
    )
    return found
