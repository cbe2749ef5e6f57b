"""What a section of the report is made of: tables, charts with their reason, and its lead."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from markupsafe import Markup

from huntkit.charts.chart import Chart
from huntkit.charts.page import Page
from huntkit.core.errors import HuntkitError
from huntkit.report.sheets import Kind, sheet

Columns = Sequence[tuple[str, str, Kind]]


@dataclass(slots=True)
class Section:
    """One section: its name in the list of contents, and its blocks."""

    id: str
    title: str
    short: str
    count: str = ""
    lead: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)

    def placed(self, page: Page) -> dict[str, Any]:
        """For the template, with charts put into the page."""
        return {
            "id": self.id,
            "title": self.title,
            "lead": self.lead,
            "count": self.count or None,
            "blocks": [_placed(block, page) for block in self.blocks],
        }


def chart_block(draw: Callable[[], Chart | None], why: str) -> list[dict[str, Any]]:
    """A chart with what it is good for; nothing where there is nothing to draw.

    What a chart can't draw is said in its place: the report goes on without it.
    """
    try:
        chart = draw()
    except HuntkitError as problem:
        return [{"kind": "text", "text": f"A chart could not be drawn: {problem}"}]
    return [] if chart is None else [{"kind": "chart", "chart": chart, "why": why}]


def sheet_block(
    rows: pl.DataFrame,
    caption: str,
    columns: Columns,
    *,
    limit: int = 200,
    total: int | None = None,
    empty: str = "None were found.",
) -> dict[str, Any]:
    """The first rows of a frame as a table; columns that it lacks are left out."""
    shown = [each for each in columns if each[0] in rows.columns]
    return {
        "kind": "sheet",
        "sheet": sheet(rows, caption, columns=shown or None, limit=limit, total=total),
        "empty": empty,
        "whole": False,
        "folded": [],
    }


def with_place(rows: pl.DataFrame) -> pl.DataFrame:
    """File and record in one: the file's name, and its whole path for who asks.

    Files of the same name are told apart by the folders above them.
    """
    last = pl.col("_file").str.extract(r"([^/\\]*)$", 1).fill_null("")
    folders = pl.col("_file").str.extract(r"((?:[^/\\]*[/\\]){0,2}[^/\\]*)$", 1).fill_null("")
    name = pl.when(pl.col("_file").n_unique().over(last) > 1).then(folders).otherwise(last)
    record = pl.col("_record").fill_null(0)
    place = pl.struct(
        pl.format("{}, {}", name, record).alias("short"), pl.col("_file").alias("whole")
    )
    return rows.with_columns(pl.when(pl.col("_file").is_not_null()).then(place).alias("place"))


def _placed(block: dict[str, Any], page: Page) -> dict[str, Any]:
    if block["kind"] != "chart":
        return block
    chart: Chart = block["chart"]
    return {**block, "html": Markup(page.add(chart))}  # noqa: S704  the chart escapes its data
