"""The interactive charts of the report, small enough for one page."""

from dataclasses import replace
from datetime import timedelta

import polars as pl

from huntkit import charts
from huntkit.charts import graph
from huntkit.charts.chart import Chart
from huntkit.report import processes as process_branches
from huntkit.report.connections import Connections
from huntkit.report.facts import Facts
from huntkit.report.logons import MOST_SESSIONS, Logons
from huntkit.report.trails import Trail

MOST_EVENTS = 3_000
_WEIGHT = "Weight"
MOST_PROCESSES = 3_000
MOST_NODES = 120  # of a graph; more are a ball of wool on a page
_FEWEST_EVENTS = 3  # of a timeline; the table above it says as much of fewer
_FEWEST_NODES = 6  # of a graph; fewer are read faster in a table
_FEWEST_BARS = 10
_FEWEST_PLACES = 5  # of a map; fewer stand in the table with their countries
_LANES = 25


def notable_timeline(facts: Facts) -> Chart | None:
    """Notable events as a timeline, one lane per kind; the alarming ones say so."""
    if not facts.notable.height:
        return None
    rows = facts.notable.filter(pl.col("TimeGenerated").is_not_null())
    if rows.height < _FEWEST_EVENTS:
        return None
    title = "Notable events"
    if rows.height > MOST_EVENTS:
        title += f" (the first {MOST_EVENTS:,} of {rows.height:,})"
    chart: Chart = charts.timeline(
        rows.head(MOST_EVENTS).with_columns(
            pl.col("Detail").str.slice(0, 400),
            pl.when(pl.col("Tone") == "alarm")
            .then("▲ " + pl.col("Kind"))
            .otherwise("Kind")
            .alias("Kind"),
        ),
        group_by="Kind",
        source_columns=["Host", "Account", "Detail"],
        time_column="TimeGenerated",
        title=title,
    )
    return chart


def processes(facts: Facts) -> Chart | None:
    """All processes as an unfolding tree, where they are few enough for a page."""
    if not 0 < facts.processes.height <= MOST_PROCESSES:
        return None
    weights = process_branches.weights(facts.processes, facts.risky, facts.starts)
    known = facts.processes.with_columns(weights["weight"].alias(_WEIGHT))
    chart: Chart = charts.process_tree(known, weight_column=_WEIGHT, title="All processes")
    return chart


def amounts(facts: Facts) -> Chart | None:
    """Records over time with what was usual, where there is enough of it to say so."""
    if not facts.amounts.height:
        return None
    step = facts.amounts["TimeGenerated"][1] - facts.amounts["TimeGenerated"][0]
    chart: Chart = charts.timeseries(
        facts.amounts, data_column="records", title=f"Records per {_span(step)}"
    )
    return _tall(chart, 220)


def logon_matrix(logons: Logons) -> Chart | None:
    """How often each account logged on to each host, where there are several of both."""
    rows = logons.pairs.filter(pl.col("Logons") > 0)
    if rows["Account"].n_unique() < 2 or rows["Host"].n_unique() < 2:
        return None
    chart: Chart = charts.matrix(
        rows,
        x="Host",
        y="Account",
        value_column="Logons",
        max_groups=_LANES,
        title="Logons by account and host",
    )
    total = int(rows["Logons"].sum())
    rest = chart.summary.partition(": ")[2].replace("most sum of Logons", "most logons")
    return _told(chart, f"{total:,} logons: {rest}")


def sessions(logons: Logons) -> Chart | None:
    """Sessions from logon to logoff, where logoffs were seen."""
    rows = logons.sessions.drop_nulls("End")  # a bar to the end of all logs would be a guess
    if not rows.height:
        return None
    title = "Sessions from logon to logoff"
    total = int(rows["Total"][0])
    if total > MOST_SESSIONS:
        title += f" (of the first {MOST_SESSIONS:,} of {total:,} logons)"
    chart: Chart = charts.timeline_duration(
        rows,
        group_by=["Account", "Host"],
        time_column="Start",
        end_time_column="End",
        source_columns=["Type", "Source", "LogonId"],
        max_lanes=_LANES,
        title=title,
    )
    return _tall(chart, 420)


def logon_graph(logons: Logons) -> Chart | None:
    """From which addresses which hosts were logged on to."""
    host = pl.col("SourceHost")
    found = logons.pairs.filter(pl.col("Source") != "", pl.col("Host") != "", pl.col("Logons") > 0)
    edges = (
        found.with_columns(
            pl.col("Host").str.to_lowercase().alias("target"),
            pl.when(host != "")
            .then(host)
            .otherwise(pl.col("Source").str.to_lowercase())
            .alias("source"),
            pl.when(host != "")
            .then(pl.lit("host"))
            .otherwise(pl.lit("address"))
            .alias("source_kind"),
        )
        .filter(pl.col("source") != pl.col("target"))
        .group_by("source_kind", "source", "target")
        .agg(
            pl.col("Logons").sum().alias("rows"),
            pl.col("First").min().alias("first"),
            pl.col("Last").max().alias("last"),
            pl.col("Account").unique().sort().alias("accounts"),
            pl.col("Type").unique().sort().alias("types"),
        )
        .sort("rows", "source", "target", descending=[True, False, False])
    )
    return _graph(edges, "host", ["accounts", "types"], "Where logons came from")


def program_graph(connections: Connections) -> Chart | None:
    """Which programs spoke with which addresses."""
    title = "Programs and the addresses that they spoke with"
    edges = connections.programs.with_columns(source_kind=pl.lit("program"))
    return _graph(edges, "address", ["hosts", "ports"], title)


def host_graph(connections: Connections) -> Chart | None:
    """Which addresses spoke with which."""
    title = f"Addresses that spoke with one another ({connections.hosts_table})"
    edges = connections.hosts.with_columns(source_kind=pl.lit("address"))
    return _graph(edges, "address", ["ports"], title)


def sent_bytes(connections: Connections) -> Chart | None:
    """Bytes over time, of the sources that sent most."""
    if connections.sent["TimeGenerated"].n_unique() < _FEWEST_BARS:
        return None
    title = f"Bytes sent per {_span(connections.step)} ({connections.hosts_table})"
    chart: Chart = charts.timeline_values(
        connections.sent,
        value_column="bytes",
        group_by="Source",
        source_columns=[],
        title=title,
    )
    return _tall(chart, 260)


def outside_map(connections: Connections) -> Chart | None:
    """Public addresses by country."""
    rows = connections.outside.filter(pl.col("CountryCode").is_not_null())
    if rows.height < _FEWEST_PLACES or rows["CountryCode"].n_unique() < 2:
        return None
    chart: Chart = charts.geo_map(
        rows, country_column="CountryCode", title="Public addresses by country"
    )
    return _told(chart, chart.summary.replace("Rows in", "Addresses in", 1))


def trail(given: Trail) -> Chart:
    """Who did what from where in one cloud service, as parallel coordinates."""
    title = given.table
    if given.rows.height < given.total:
        title += f" (the first {given.rows.height:,} of {given.total:,} rows)"
    chart: Chart = charts.parallel(
        given.rows, columns=given.rows.columns, group_by=given.rows.columns[0], title=title
    )
    return chart


def _graph(edges: pl.DataFrame, target: str, details: list[str], title: str) -> Chart | None:
    """Edges that are summed up already, as a graph of at most `MOST_NODES` nodes.

    Args:
        edges: source_kind source target rows first last, and the details as lists of texts.
        target: what the targets are.
        details: what a link tells.
        title: the heading.
    """
    named = edges.with_columns(
        graph.texts_of("source"), graph.texts_of("target"), pl.lit(target).alias("target_kind")
    ).filter((pl.col("source") != "") & (pl.col("target") != ""))
    chart: Chart = graph.chart(
        "network",
        named,
        details=details,
        directed=True,
        max_nodes=MOST_NODES,
        notes=[],
        title=title,
    )
    return chart if chart.spec["nodes"] >= _FEWEST_NODES else None


def _told(chart: Chart, summary: str) -> Chart:
    """The chart with another summary: it counts the rows that it was given, which are sums."""
    told = str(chart.spec["description"]).replace(chart.summary, summary)
    return replace(chart, spec={**chart.spec, "summary": summary, "description": told})


def _tall(chart: Chart, pixels: int) -> Chart:
    """The chart with a plot of at most that height: a report holds many."""
    return replace(chart, spec={**chart.spec, "plot_height": pixels})


def _span(step: timedelta) -> str:
    """A stretch of time in words.

    Examples:
        >>> _span(timedelta(minutes=5)), _span(timedelta(seconds=90)), _span(timedelta(days=1))
        ('5 min', '90 s', '1 d')
    """
    seconds = int(step.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
