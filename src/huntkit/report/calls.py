"""Who called whom, when: the connections of all tables, each once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from huntkit.entities.addresses import address_text, parse_address
from huntkit.report.layouts import Evidence, Layout, quoted
from huntkit.sources.local.mapping.views import VIEWS
from huntkit.tables import roles

# Tables that hold once more, whole, what others hold in columns of their own.
_GENERIC = ("WindowsEvent", "Event", "LinuxAudit", "AuditLog_CL")
_NEEDED = ("time", "source_ip", "destination_ip")
_APART = timedelta(seconds=60)  # clocks of sensors may differ by so much
_TIME = pl.Datetime("us", "UTC")
_SCHEMA = pl.Schema(
    {"TimeGenerated": _TIME, "SourceIP": pl.String(), "DestinationIP": pl.String(),
     "DestinationPort": pl.String(), "BytesSent": pl.Float64(), "Table": pl.String(),
     "_file": pl.String(), "_record": pl.Int64()}
)  # fmt: skip
_PAIR = ["SourceIP", "DestinationIP"]


@dataclass(frozen=True, slots=True)
class Calls:
    """Connections of several tables.

    Attributes:
        rows: ``TimeGenerated SourceIP DestinationIP DestinationPort BytesSent Table _file
            _record``, each connection once, in the order of time.
        tables: where they come from.
        read: how many rows of each table that was asked name a connection.
        told_again: rows of tables that tell of the same connections, and are not among `rows`.
    """

    rows: pl.DataFrame
    tables: list[str]
    told_again: int = 0
    read: dict[str, int] = field(default_factory=dict)


def tables_of_calls(tables: Sequence[Layout]) -> list[Layout]:
    """Tables whose rows say who called whom, when."""
    return [
        each
        for each in tables
        if each.time is not None
        and each.name not in _GENERIC
        and each.name not in VIEWS
        and all(roles.resolve(list(each.columns), role) for role in _NEEDED[1:])
    ]


def calls(
    evidence: Evidence,
    tables: Sequence[Layout],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Calls:
    """The connections of these tables, each once.

    Several logs tell of the same connection, with clocks of their own. Of each pair of addresses
    the table with most rows counts, and other tables only before and after what it covers.
    """
    parts = [_rows(evidence, each, start, end) for each in tables]
    rows = _one_spelling(pl.concat([pl.DataFrame(schema=_SCHEMA), *parts]))
    once = _once(rows)
    names = [each.name for each, part in zip(tables, parts, strict=True) if part.height]
    read = {each.name: part.height for each, part in zip(tables, parts, strict=True)}
    return Calls(once, names, rows.height - once.height, read)


def all_rows(
    evidence: Evidence,
    tables: Sequence[Layout],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
) -> int:
    """How many rows these tables have in all, those that name no connection too."""
    total = 0
    for each in tables:
        limits = " AND ".join(_limits(each.sql_time(), start, end)) or "true"
        found: pl.DataFrame = evidence.sql(
            f"SELECT count(*) AS n FROM {each.sql} WHERE {each.sql_time()} IS NULL OR ({limits})",  # noqa: S608
            frame="polars",
        )
        total += int(found["n"][0])
    return total


def told_elsewhere(
    evidence: Evidence,
    table: Layout,
    others: Sequence[Layout],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
) -> int:
    """How many rows of a table are of records that the others hold too."""
    if not others:
        return 0
    known = " UNION ALL ".join(f"SELECT _file, _record FROM {each.sql}" for each in others)  # noqa: S608
    limits = " AND ".join(_limits(table.sql_time(), start, end)) or "true"
    found: pl.DataFrame = evidence.sql(
        f"""SELECT count(*) AS n FROM (SELECT * FROM {table.sql} WHERE {limits})
            SEMI JOIN ({known}) USING (_file, _record)""",  # noqa: S608  quoted
        frame="polars",
    )
    return int(found["n"][0])


def only_listening(
    evidence: Evidence,
    table: Layout,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
) -> int:
    """How many rows say that a program listens on a port: these name no target, and need none."""
    target = roles.resolve(list(table.columns), "destination_ip")
    if "ActionType" not in table.columns or target is None:
        return 0
    limits = " AND ".join(_limits(table.sql_time(), start, end)) or "true"
    found: pl.DataFrame = evidence.sql(
        f"""SELECT count(*) AS n FROM {table.sql}
            WHERE {table.sql_text("ActionType")} = 'ListeningConnectionCreated'
            AND trim({table.sql_text(target)}) IN ('', '-')
            AND {table.sql_time()} IS NOT NULL AND ({limits})""",  # noqa: S608  quoted
        frame="polars",
    )
    return int(found["n"][0])


def _limits(time: str, start: datetime | None, end: datetime | None) -> list[str]:
    limits = [f"{time} >= TIMESTAMPTZ '{start.isoformat()}'"] if start is not None else []
    if end is not None:
        limits.append(f"{time} < TIMESTAMPTZ '{end.isoformat()}'")
    return limits


def _rows(
    evidence: Evidence, layout: Layout, start: datetime | None, end: datetime | None
) -> pl.DataFrame:
    known = {
        role: roles.resolve(list(layout.columns), role)
        for role in (*_NEEDED, "destination_port", "bytes_sent")
    }
    time, size = layout.sql_time(), known["bytes_sent"]
    limits = [f"{time} IS NOT NULL", *_limits(time, start, end)]
    found: pl.DataFrame = evidence.sql(
        f"""SELECT * FROM (
                SELECT {time} AS "TimeGenerated",
                       lower(trim({layout.sql_text(known["source_ip"])})) AS "SourceIP",
                       lower(trim({layout.sql_text(known["destination_ip"])})) AS "DestinationIP",
                       {layout.sql_text(known["destination_port"])} AS "DestinationPort",
                       {f"TRY_CAST({quoted(size)} AS DOUBLE)" if size else "NULL"} AS "BytesSent",
                       '{layout.name.replace("'", "''")}' AS "Table", _file, _record
                FROM {layout.sql} WHERE {" AND ".join(limits)})
            WHERE "SourceIP" NOT IN ('', '-') AND "DestinationIP" NOT IN ('', '-')""",  # noqa: S608
        frame="polars",
    )
    return found.cast(_SCHEMA)


def _one_spelling(rows: pl.DataFrame) -> pl.DataFrame:
    """IPv6 addresses in their canonical form: Sysmon writes out what others leave out."""
    ends = pl.concat([rows[name].unique() for name in _PAIR]).unique()
    written = ends.filter(ends.str.contains(":", literal=True)).to_list()
    known = {each: address_text(found) for each in written if (found := parse_address(each))}
    return rows.with_columns(pl.col(_PAIR).replace(known)) if known else rows


def _once(rows: pl.DataFrame) -> pl.DataFrame:
    """Without what a table with more rows of the same pair covers."""
    order = ["TimeGenerated", "Table", "_file", "_record"]
    if rows["Table"].n_unique() < 2:
        return rows.sort(order)
    # Numbers in the place of addresses: millions of pairs are then grouped in a second.
    ends = [pl.col(name).rank("dense").cast(pl.UInt64) for name in _PAIR]
    rows = rows.with_columns(pair=ends[0] * 2**32 + ends[1])
    covers = rows.group_by("pair", "Table").agg(
        pl.len().alias("n"),
        pl.col("BytesSent").count().alias("sizes"),
        pl.col("TimeGenerated").min().alias("first"),
        pl.col("TimeGenerated").max().alias("last"),
    )
    twice = covers.group_by("pair").len().filter(pl.col("len") > 1)
    covers = (
        covers.join(twice, on="pair", how="semi")
        .sort("pair", "n", "sizes", "Table", descending=[False, True, True, False])
        .with_columns(
            (pl.col("first").cum_min().shift().over("pair") - _APART).alias("from"),
            (pl.col("last").cum_max().shift().over("pair") + _APART).alias("to"),
        )
    )
    time = pl.col("TimeGenerated")
    return (
        rows.join(covers.select("pair", "Table", "from", "to"), on=["pair", "Table"], how="left")
        .filter(pl.col("from").is_null() | (time < pl.col("from")) | (time > pl.col("to")))
        .select(list(_SCHEMA))
        .sort(order)
    )
