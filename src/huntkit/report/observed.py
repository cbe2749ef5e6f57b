"""The section with the analyst's own findings, and the rows or the chart behind each."""

from typing import Any

import polars as pl

from huntkit.analyze.observation_pages import COLUMNS, cut_short, telling
from huntkit.analyze.observations import Observation, Observations
from huntkit.charts.chart import Chart
from huntkit.core.errors import HuntkitError
from huntkit.core.text import visible
from huntkit.report.section import Section
from huntkit.report.sheets import sheet, time_text
from huntkit.tables.stand_ins import exactly
from huntkit.tables.times import parse_times

_ROWS = 20
_LINES = 30


def section(observations: Observations) -> Section:
    """The findings in the order in which they stand in the collection."""
    found = Section(
        "observations",
        "Findings",
        "Findings",
        f"{len(observations):,}",
        "What the analyst collected, with the rows behind it.",
    )
    for _, each in observations:
        found.blocks += _blocks(each)
    return found


def _blocks(given: Observation) -> list[dict[str, Any]]:
    told = [("Score", f"{given.score:g}" if given.score else ""), ("Tags", ", ".join(given.tags))]
    if given.timestamp is not None:
        told.append(("Time", time_text(parse_times(pl.Series([given.timestamp]))[0])))
    told += [(name, str(value)) for name, value in given.additional_properties.items()]
    facts = [
        f"{visible(name, limit=80)}: {visible(text, limit=600)}" for name, text in told if text
    ]
    lines = [visible(line, limit=600) for line in given.description.splitlines() if line.strip()]
    if len(lines) > _LINES:
        lines = [*lines[:_LINES], f"and {len(lines) - _LINES:,} more lines"]
    texts = [" · ".join(facts), *lines]
    return [
        {"kind": "heading", "text": visible(given.caption, limit=200)},
        *({"kind": "note", "text": text} for text in texts if text),
        *_data(given),
    ]


def _data(given: Observation) -> list[dict[str, Any]]:
    if isinstance(given.data, Chart):
        return [{"kind": "chart", "chart": given.data, "why": ""}]
    try:
        rows = given.rows
    except HuntkitError as problem:
        return [{"kind": "text", "text": f"Its rows can't be shown: {problem}"}]
    if rows is None:
        text = "" if given.data is None else visible(str(given.data), limit=2_000)
        return [{"kind": "note", "text": text}] if text else []
    names = telling(rows)
    plain = rows.select(
        exactly(name).struct.json_encode()
        if isinstance(rows.schema[name], pl.Struct)
        else exactly(name)
        for name in names[:COLUMNS]
    )
    blocks: list[dict[str, Any]] = [
        {
            "kind": "sheet",
            "sheet": sheet(plain, "The rows behind it", limit=_ROWS, total=rows.height),
            "empty": "It has no rows.",
            "whole": False,
            "folded": [],
        }
    ]
    if note := cut_short(rows, rows.height, names):
        blocks.append({"kind": "text", "text": note})
    return blocks
