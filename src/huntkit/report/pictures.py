"""The interactive charts of the report, small enough for one page."""

import polars as pl

from huntkit import charts
from huntkit.charts.chart import Chart
from huntkit.report.facts import Facts

MOST_EVENTS = 3_000
MOST_PROCESSES = 3_000


def notable_timeline(facts: Facts) -> Chart | None:
    """Notable events as a timeline, one lane per kind; the alarming ones say so."""
    if not facts.notable.height:
        return None
    rows = facts.notable.filter(pl.col("TimeGenerated").is_not_null())
    if not rows.height:
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
    chart: Chart = charts.process_tree(facts.processes, title="All processes")
    return chart
