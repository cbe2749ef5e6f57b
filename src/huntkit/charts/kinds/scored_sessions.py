"""Sessions over time, by how likely their rarest part is: the rare ones lie at the bottom."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import polars as pl

from huntkit.charts import events
from huntkit.charts.chart import Chart
from huntkit.charts.kinds.timeline_values import numbers_of, timeline_values
from huntkit.core.errors import UsageError
from huntkit.tables import frames

_LIKELIHOOD: Final = re.compile(r"rarest_window(\d+)_likelihood\Z")


def scored_sessions(
    data: Any,
    *,
    score_column: str | None = None,
    time_column: str | None = None,
    source_columns: Sequence[str] | str | None = None,
    rarest: int = 20,
    references: Any = None,
    title: str | None = None,
) -> Chart:
    """A timeline of sessions, as high as their rarest part is likely; the rarest stand out.

    Made for the result of scoring sessions: ``rarest_window3_likelihood`` is the score and
    ``rarest_window3`` is told. Values are drawn by powers of ten where all are above zero.

    Args:
        data: a table with one row per session.
        score_column: the likelihood, small for rare sessions; by default the first
            ``rarest_window..._likelihood``.
        time_column: when a session began; by default a time that ends in ``_min``, else the role.
        source_columns: columns to show for a session; by default its rarest window and the
            columns before the times.
        rarest: how many of the least likely sessions stand out; of equal ones all or none.
        references: times to draw a line at: one, several, by label, or a table such as alerts.
        title: the heading.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: no column is known to hold the likelihood, or `rarest` is negative.

    Examples:
        >>> chart = scored_sessions(
        ...     pl.DataFrame({"User": ["al", "bo"],
        ...                   "time_min": ["2026-03-01 10:00", "2026-03-01 11:00"],
        ...                   "rarest_window3_likelihood": [0.2, 0.0001]}),
        ...     rarest=1,
        ... )
        >>> [group["name"] for group in chart.spec["groups"]]
        ['the 1 rarest', 'others']
    """
    if rarest < 0:
        raise UsageError(f"rarest is {rarest}", hint="say how many sessions should stand out")
    table = frames.to_polars(data)
    sources = events.listed(source_columns)
    events.require(table.columns, [score_column, time_column, *(sources or [])])
    score = score_column or next((n for n in table.columns if _LIKELIHOOD.match(n)), None)
    if score is None:
        raise UsageError(
            "no column is known to hold the likelihood of sessions",
            hint="name it with score_column=",
            context={"columns": table.columns},
        )
    time = time_column or next((n for n in table.columns if n.endswith("_min")), None)
    group = events.free_name("rarity", table.columns)
    marked, name = _marked(table, score, rarest, group)
    chart = timeline_values(
        marked,
        value_column=score,
        group_by=group,
        source_columns=sources if sources is not None else _told(table, score, time),
        time_column=time,
        kind="circle",
        references=references,
        title=title or "Sessions by likelihood",
    )
    return _renamed(chart, name)


def _marked(table: pl.DataFrame, score: str, rarest: int, group: str) -> tuple[pl.DataFrame, str]:
    """The table with who is among the rarest, and what they are called."""
    values = numbers_of(table[score], parameter="score_column").cast(pl.Float64).alias("score")
    known = values.drop_nulls().sort()
    count = min(rarest, len(known))
    # Of equal ones all or none: who is rare must not depend on the order of rows.
    while 0 < count < len(known) and known[count - 1] == known[count]:
        count -= 1
    low = known[count - 1] if count else None
    among = (values <= low).fill_null(value=False) if low is not None else values.is_null() & False
    name = f"the {count} rarest"
    labels = pl.select(pl.when(among).then(pl.lit(name)).otherwise(pl.lit("others"))).to_series()
    return table.with_columns(labels.alias(group)), name


def _told(table: pl.DataFrame, score: str, time: str | None) -> list[str]:
    """The rarest window, then what comes before the times: whose session it is."""
    window = score.removesuffix("_likelihood")
    names = [window] if window != score and window in table.columns else []
    for name in table.columns:
        if name == time or name.endswith(("_min", "_max")):
            break
        names.append(name)
    more = [n for n in ("duration", "number_events") if n in table.columns]
    return list(dict.fromkeys([*names, *more]))[:8]


def _renamed(chart: Chart, rarest: str) -> Chart:
    """The chart as one of sessions: the rarest in the colour of alarm, all others grey."""
    groups = [
        {**group, "alarm": group["name"] == rarest, "rest": group["name"] != rarest}
        for group in chart.spec["groups"]
    ]
    # Painted last, on top: groups are drawn from the last to the first.
    order = sorted(range(len(groups)), key=lambda at: groups[at]["rest"])
    place = {was: now for now, was in enumerate(order)}
    lanes = bytes(place[lane] for lane in chart.blobs["lanes"])
    summary = chart.summary.replace(" values of ", " sessions by ")
    summary = summary.replace("1 value of ", "1 session by ")
    told = f"Sessions by likelihood: {chart.spec['title']}. {summary} Press ? for keys."
    spec = {
        **chart.spec,
        "kind": "scored_sessions",
        "role": "timeline of sessions",
        "noun": chart.spec["noun"].replace("events", "sessions"),
        "groups": [groups[at] for at in order],
        "log": True,
        "summary": summary,
        "description": told,
        "message": "There are no sessions with a time and a likelihood to draw.",
    }
    return replace(chart, spec=spec, blobs={**chart.blobs, "lanes": lanes})
