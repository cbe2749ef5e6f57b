"""The picture of activity: per table a row of bars, drawn as SVG on the spot, no script."""

import math

from markupsafe import Markup

from huntkit.core.text import visible
from huntkit.report.overview import Activity
from huntkit.report.sheets import time_text

_LEFT, _WIDTH, _ROW = 210, 1180, 30


def activity_svg(given: Activity, *, most: int = 24) -> Markup:
    """Rows over time by table, each table in its own scale; the numbers stand in the titles."""
    shown = given.tables[:most]
    height = len(shown) * _ROW + 24
    parts = [
        Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            _WIDTH,
            height,
            f"Rows over time by table, {len(shown)} of {len(given.tables)} tables; "
            "the exact numbers are in the table of tables",
        )
    ]
    for number, (name, rows, bins) in enumerate(shown):
        parts.append(_row(given, name, rows, bins, top=number * _ROW))
    parts.append(_axis(given, len(shown[0][2]), top=len(shown) * _ROW))
    parts.append(Markup("</svg>"))
    return Markup(
        '<div class="activity" tabindex="0" role="region" aria-label="Activity">{}</div>'
    ).format(Markup("").join(parts))


def _row(given: Activity, name: str, rows: int, bins: list[int], *, top: int) -> Markup:
    highest = max(bins) or 1
    width = (_WIDTH - _LEFT - 70) / len(bins)
    bars = Markup("").join(
        Markup(
            '<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
            "<title>{}: {:,} rows from {} UTC</title></rect>"
        ).format(
            _LEFT + number * width,
            top + _ROW - 4 - _tall(count, highest),
            max(width - 1.2, 0.8),
            _tall(count, highest),
            visible(name, limit=60),
            count,
            time_text(given.start + number * given.step)[:19],
        )
        for number, count in enumerate(bins)
        if count
    )
    return Markup(
        '<text x="{}" y="{}" text-anchor="end">{}</text>{}'
        '<line class="rule" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text class="axis" x="{}" y="{}" text-anchor="end">{:,}</text>'
    ).format(
        _LEFT - 10,
        top + _ROW - 8,
        visible(name, limit=27),
        bars,
        _LEFT,
        _WIDTH - 70,
        top + _ROW - 3.5,
        top + _ROW - 3.5,
        _WIDTH - 4,
        top + _ROW - 8,
        rows,
    )


def _tall(count: int, highest: int) -> float:
    """A single row among thousands must still be seen."""
    return 3 + 20 * math.sqrt(count / highest)


def _axis(given: Activity, bins: int, *, top: int) -> Markup:
    span = given.step * bins
    ticks = []
    for number in range(6):
        moment = given.start + span * number / 5
        text = time_text(moment)
        shown = text[11:16] if span.days < 1 else text[:16]
        anchor = "start" if number == 0 else "end" if number == 5 else "middle"
        ticks.append(
            Markup('<text class="axis" x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
                _LEFT + (_WIDTH - _LEFT - 70) * number / 5, top + 17, anchor, shown
            )
        )
    zone = Markup('<text class="axis" x="{}" y="{}" text-anchor="end">{} UTC</text>').format(
        _LEFT - 10, top + 17, time_text(given.start)[:10]
    )
    return Markup("").join([*ticks, zone])
