"""What a section of the report is made of: tables, charts with their reason, and its lead."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from markupsafe import Markup

from huntkit.charts.chart import Chart
from huntkit.charts.page import Page
from huntkit.core.errors import HuntkitError
from huntkit.report.places import placed
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
    """File and record in one: the file's short name, and its whole path for who asks."""
    known = rows.select("_file", "_record").unique().drop_nulls("_file").sort("_file", "_record")
    pairs = [(str(file), int(record or 0)) for file, record in known.iter_rows()]
    names = pl.DataFrame(
        {
            "_file": known["_file"],
            "_record": known["_record"],
            "place": [{"short": short, "whole": whole} for short, whole in placed(pairs)],
        },
        schema_overrides={"place": pl.Struct({"short": pl.String, "whole": pl.String})},
    )
    on = ["_file", "_record"]
    return rows.drop("place", strict=False).join(
        names, on=on, how="left", nulls_equal=True, maintain_order="left"
    )


def _placed(block: dict[str, Any], page: Page) -> dict[str, Any]:
    if block["kind"] != "chart":
        return block
    chart: Chart = block["chart"]
    return {**block, "html": Markup(page.add(chart))}  # noqa: S704  the chart escapes its data
