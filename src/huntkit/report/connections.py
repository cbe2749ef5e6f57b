"""Who spoke with whom: programs and addresses, bytes over time, and what lies outside."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from huntkit.enrich import GeoDatabases
from huntkit.entities.addresses import address_scope, address_text, parse_address
from huntkit.report.layouts import Evidence, Layout, quoted
from huntkit.sources.local.mapping.views import VIEWS
from huntkit.tables import roles

MOST_EDGES = 20_000
MOST_ADDRESSES = 20_000
STEPS = 1_000  # of the time, in which bytes are summed up
SOURCES = 6  # whose bytes are drawn
_INSIDE = ("private", "loopback", "link_local", "multicast", "broadcast", "unspecified", "cgnat")
# Loopback, multicast and broadcast: every program of every host speaks there.
_TO_MANY = r"^(127\.|22[4-9]\.|23[0-9]\.|255\.255\.255\.255$|ff[0-9a-f]{2}:|(0+:){7}0*[01]$)"
WITH_PORT = (r"^(\d+\.\d+\.\d+\.\d+):\d+$", r"^\[([0-9A-Fa-f:.]+)\](?::\d+)?$")
_PROGRAMS = "DeviceNetworkEvents"  # the table made for it
_TRIED = 4  # tables may have the columns and nothing in them
_REPEATS = ("NetworkSession",)  # holds the rows of other tables once more
_TIME = pl.Datetime("us", "UTC")
_EDGES = pl.Schema(
    {"source": pl.String(), "target": pl.String(), "rows": pl.Int64(), "first": _TIME,
     "last": _TIME, "ports": pl.List(pl.String()), "hosts": pl.List(pl.String())}
)  # fmt: skip
_OUTSIDE = pl.Schema(
    {"Address": pl.String(), "Country": pl.String(), "CountryCode": pl.String(),
     "Operator": pl.String(), "Records": pl.Int64(), "Tables": pl.List(pl.String()),
     "First": _TIME, "Last": _TIME}
)  # fmt: skip
_BYTES = pl.Schema({"TimeGenerated": _TIME, "Source": pl.String(), "bytes": pl.Float64()})


@dataclass(frozen=True, slots=True)
class Connections:
    """Connections of the evidence.

    Attributes:
        programs: from programs to addresses: source target rows first last ports hosts.
        hosts: from address to address, of the table `hosts_table`.
        hosts_table: where `hosts` and `sent` come from.
        outside: addresses that are not inside, the rarest first: Address Country CountryCode
            Operator Records Tables First Last.
        sent: bytes from the sources that sent most: TimeGenerated Source bytes.
        step: the stretch of time that one row of `sent` sums up.
    """

    programs: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_EDGES))
    hosts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_EDGES))
    hosts_table: str = ""
    outside: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_OUTSIDE))
    sent: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_BYTES))
    step: timedelta = timedelta(0)


def connections(evidence: Evidence, tables: Sequence[Layout], problems: list[str]) -> Connections:
    """Connections by program and by address; whatever was left out goes into `problems`."""
    known = [each for each in tables if each.name not in VIEWS and _role(each, "destination_ip")]
    with_programs = [each for each in known if _role(each, "process_name")]
    with_programs.sort(key=lambda each: (each.name != _PROGRAMS, -each.rows, each.name))
    by_program, programs = _first(evidence, with_programs, "process_name")
    others = [
        each
        for each in known
        if each is not by_program and _role(each, "source_ip") and each.name not in _REPEATS
    ]
    # A log of flows says more of who spoke with whom than one of names that were looked up.
    others.sort(key=lambda e: (_role(e, "bytes_sent") is None, bool(_role(e, "dns_query")),
                               -e.rows, e.name))  # fmt: skip
    by_host, hosts = _first(evidence, others, "source_ip")
    if MOST_EDGES in (programs.height, hosts.height):
        problems.append(f"network: only the {MOST_EDGES:,} most frequent connections are drawn")
    sent, step = _sent(evidence, by_host)
    return Connections(
        programs,
        hosts,
        by_host.name if by_host else "",
        _outside(evidence, tables, problems),
        sent,
        step,
    )


def _first(
    evidence: Evidence, tables: Sequence[Layout], source: str
) -> tuple[Layout | None, pl.DataFrame]:
    """The first table that holds any connection from that role, and its connections."""
    for layout in tables[:_TRIED]:
        edges = _edges(evidence, layout, str(_role(layout, source)))
        if edges.height:
            return layout, edges
    return None, pl.DataFrame(schema=_EDGES)


def _role(layout: Layout, role: str) -> str | None:
    return roles.resolve(list(layout.columns), role)


def _edges(evidence: Evidence, layout: Layout, source: str) -> pl.DataFrame:
    """Pairs with their rows, without what goes to all or to oneself, or lacks an end."""
    target = str(_role(layout, "destination_ip"))
    rows: pl.DataFrame = evidence.sql(
        f"""SELECT source, target, count(*) AS rows, min(t) AS first, max(t) AS last,
                   coalesce(list_sort(list(DISTINCT port) FILTER (port <> ''))[:5], []) AS ports,
                   coalesce(list_sort(list(DISTINCT host) FILTER (host <> ''))[:5], []) AS hosts
            FROM (SELECT lower(trim({layout.sql_text(source)})) AS source,
                         lower(trim({layout.sql_text(target)})) AS target,
                         {layout.sql_text(_role(layout, "destination_port"))} AS port,
                         {layout.sql_text(layout.host)} AS host, {layout.sql_time()} AS t
                  FROM {layout.sql})
            WHERE source NOT IN ('', '-') AND target NOT IN ('', '-', '::1', '0.0.0.0', '::')
                  AND source <> target AND NOT regexp_matches(target, '{_TO_MANY}')
            GROUP BY 1, 2 ORDER BY rows DESC, source, target LIMIT {MOST_EDGES}""",  # noqa: S608
        frame="polars",
    )
    return _one_spelling(rows.cast(_EDGES))


def _one_spelling(edges: pl.DataFrame) -> pl.DataFrame:
    """IPv6 addresses in their canonical form: Sysmon writes out what others leave out."""
    ends = pl.concat([edges["source"], edges["target"]]).unique()
    written = ends.filter(ends.str.contains(":", literal=True)).to_list()
    known = {each: address_text(found) for each in written if (found := parse_address(each))}
    if all(before == after for before, after in known.items()):
        return edges
    listed = [
        pl.col(name).explode().drop_nulls().unique().sort().head(5) for name in ("ports", "hosts")
    ]
    return (
        edges.with_columns(pl.col("source", "target").replace(known))
        .group_by("source", "target")
        .agg(pl.col("rows").sum(), pl.col("first").min(), pl.col("last").max(), *listed)
        .sort("rows", "source", "target", descending=[True, False, False])
        .select(list(_EDGES))
        .cast(_EDGES)
    )


def _outside(evidence: Evidence, tables: Sequence[Layout], problems: list[str]) -> pl.DataFrame:
    """Every address of a column that holds addresses, unless it is inside, with its country."""
    parts = []
    for layout in tables:
        columns = {_role(layout, role) for role in ("source_ip", "destination_ip")} - {None}
        if layout.name in VIEWS or layout.name in _REPEATS:
            continue
        parts += [
            f"""SELECT {_bare(layout, column)} AS "Address", '{_literal(layout.name)}' AS t,
                       hash(_file, _record) AS record, {layout.sql_time()} AS moment
                FROM {layout.sql}"""  # noqa: S608
            for column in sorted(str(each) for each in columns)
        ]
    if not parts:
        return pl.DataFrame(schema=_OUTSIDE)
    rows: pl.DataFrame = evidence.sql(
        f"""SELECT "Address", count(DISTINCT record) AS "Records",
                   list_sort(list(DISTINCT t)) AS "Tables",
                   min(moment) AS "First", max(moment) AS "Last"
            FROM ({" UNION ALL ".join(parts)}) WHERE contains("Address", '.')
                 OR contains("Address", ':') GROUP BY 1
            ORDER BY "Records" DESC, 1 LIMIT {MOST_ADDRESSES}""",  # noqa: S608
        frame="polars",
    )
    if rows.height == MOST_ADDRESSES:
        problems.append(f"network: only the {MOST_ADDRESSES:,} most frequent addresses are told")
    scopes = pl.Series("scope", [address_scope(each) for each in rows["Address"]], pl.String)
    known = rows.hstack([scopes]).filter(
        pl.col("scope").is_not_null(), ~pl.col("scope").is_in(_INSIDE)
    )
    return _placed(known).sort("Records", "Address").select(list(_OUTSIDE)).cast(_OUTSIDE)


def _bare(layout: Layout, column: str) -> str:
    """An address as an expression, without a port behind it."""
    text = f"trim({layout.sql_text(column)})"
    for pattern in WITH_PORT:
        text = f"regexp_replace({text}, '{pattern}', '\\1')"
    return text


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    """With country and operator; the ranges are loaded only where there is a public address."""
    public = rows.filter(pl.col("scope") == "public")
    if not public.height:
        empty = pl.lit(None, pl.String)
        return rows.with_columns(
            empty.alias("Country"), empty.alias("CountryCode"), empty.alias("Operator")
        )
    facts = GeoDatabases().facts(public["Address"].to_list())
    found = facts.select(
        public["Address"],
        pl.col("CountryOrRegionName").alias("Country"),
        "CountryCode",
        pl.col("AsnName").alias("Operator"),
    )
    return rows.join(found, on="Address", how="left", maintain_order="left")


def _sent(evidence: Evidence, layout: Layout | None) -> tuple[pl.DataFrame, timedelta]:
    """Bytes per source and step of time, of the sources that sent most."""
    none = pl.DataFrame(schema=_BYTES), timedelta(0)
    if layout is None or not (layout.time and layout.first and layout.last):
        return none
    column = _role(layout, "bytes_sent")
    if column is None:
        return none
    seconds = max(1, int((layout.last - layout.first).total_seconds()) // STEPS)
    step = next((each for each in _ROUND_S if each >= seconds), seconds)
    rows: pl.DataFrame = evidence.sql(
        f"""WITH sent AS (
                SELECT epoch_us({layout.sql_time()}) // {step * 1_000_000} AS step,
                       trim({layout.sql_text(_role(layout, "source_ip"))}) AS source,
                       TRY_CAST({quoted(column)} AS HUGEINT) AS n FROM {layout.sql}),
            most AS (SELECT source FROM sent WHERE n > 0 AND source <> '' GROUP BY 1
                     ORDER BY sum(n) DESC, source LIMIT {SOURCES})
            SELECT step, source AS "Source", CAST(sum(n) AS DOUBLE) AS bytes
            FROM sent JOIN most USING (source)
            WHERE n > 0 AND step IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2""",  # noqa: S608
        frame="polars",
    )
    moment = (pl.col("step") * step * 1_000_000).cast(_TIME).alias("TimeGenerated")
    return rows.select(moment, "Source", "bytes").cast(_BYTES), timedelta(seconds=step)


_ROUND_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400)


def _literal(text: str) -> str:
    return text.replace("'", "''")
