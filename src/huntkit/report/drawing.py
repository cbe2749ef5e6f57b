"""The picture of activity: per table a row of bars, drawn as SVG on the spot, no script."""

import math
from datetime import UTC, datetime, timedelta

from markupsafe import Markup, escape

from huntkit.core.text import visible
from huntkit.report.activity import Activity
from huntkit.report.sheets import time_text

_TICKS = 8
_STEPS_S = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800),
    *(3_600, 7_200, 10_800, 21_600, 43_200),
)
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
    told = escape(visible(name, limit=60))
    wide = f"{max(width - 1.2, 0.8):.1f}"
    # Thousands of them: what needs to be escaped is escaped once, the rest are numbers.
    bars = Markup(  # noqa: S704
        "".join(
            f'<rect class="bar" x="{_LEFT + number * width:.1f}"'
            f' y="{top + _ROW - 4 - _tall(count, highest):.1f}" width="{wide}"'
            f' height="{_tall(count, highest):.1f}"><title>{told}: {count:,} rows from'
            f" {time_text(given.start + number * given.step)[:19]} UTC</title></rect>"
            for number, count in enumerate(bins)
            if count
        )
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
    step = _tick_step(span)
    width = _WIDTH - _LEFT - 70
    ticks = []
    moment = _first_tick(given.start, step)
    day = given.start.date()
    last = given.end
    while moment <= last:
        x = _LEFT + width * ((moment - given.start) / span)
        label = _label(moment, step, new_day=moment.date() != day)
        day = moment.date()
        # Not over what stands beside the axis: the day on its left, the counts on its right.
        anchor = "end" if x > _LEFT + width - 30 else "start" if x < _LEFT + 34 else "middle"
        ticks.append(
            Markup(
                '<line class="rule" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>'
                '<text class="axis" x="{0:.1f}" y="{3}" text-anchor="{4}">{5}</text>'
            ).format(x, top, top + 5, top + 17, anchor, label)
        )
        if last - moment < step:
            break
        moment += step
    zone = Markup('<text class="axis" x="{}" y="{}" text-anchor="end">{} UTC</text>').format(
        _LEFT - 10, top + 17, time_text(given.start)[:10]
    )
    return Markup("").join([*ticks, zone])


def _tick_step(span: timedelta) -> timedelta:
    """The smallest round step that gives at most eight ticks."""
    seconds = span.total_seconds()
    round_steps = (*_STEPS_S, *(86_400 * days for days in (1, 2, 7, 14, 30, 91, 182, 365)))
    step = next((each for each in round_steps if seconds / each <= _TICKS), None)
    return timedelta(seconds=step or math.ceil(seconds / _TICKS / 31_536_000) * 31_536_000)


def _first_tick(start: datetime, step: timedelta) -> datetime:
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    step = min(step, timedelta(days=1))
    ahead = step * math.ceil((start - midnight) / step)
    return start if ahead > datetime.max.replace(tzinfo=UTC) - midnight else midnight + ahead


def _label(moment: datetime, step: timedelta, *, new_day: bool) -> str:
    text = time_text(moment)
    if step >= timedelta(days=1):
        return text[:10]
    clock = text[11:16] if step >= timedelta(minutes=1) else text[11:19]
    return f"{text[5:10]} {clock}" if new_day else clock
