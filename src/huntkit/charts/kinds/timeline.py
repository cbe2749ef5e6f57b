"""Events over time, in lanes: counts from afar, single events from near."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from huntkit.charts import events as known
from huntkit.charts import stream
from huntkit.charts.chart import Chart
from huntkit.charts.events import NAME_LIMIT, free_name, number, stamp
from huntkit.charts.payload import as_text, json_bytes, octets, planes
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.core.text import visible
from huntkit.tables import frames
from huntkit.tables.stand_ins import exactly

_TIME, _LANE, _OVER = "_hk_time", "_hk_lane", "_hk_over"


def timeline(
    data: Any,
    *,
    group_by: str | None = None,
    source_columns: Sequence[str] | str | None = None,
    time_column: str | None = None,
    title: str | None = None,
    max_lanes: int = 30,
    references: Any = None,
    overlay_data: Any = None,
    height: int | None = None,
    range_tool: bool = True,
) -> Chart:
    """A timeline of events with one lane per value of `group_by`, biggest lanes first.

    Zoomed out, each lane shows counts; below 3,000 events in view, each event is a mark with its
    details. Times are shown in UTC. Events without a time are not drawn but counted in the
    summary. Up to 50,000 events carry the texts of `source_columns`; of more events (or with very
    long texts) the first ones do, and of the others the page holds time, lane and row number,
    and `Chart.data` has the rest. With very many events, times are
    rounded down (to 10 ms, or at worst to a minute) to keep the page small; the spec's
    ``unit_us`` says to what.

    Args:
        data: a table of any kind, or several by name, which become the lanes.
        group_by: the column whose values make the lanes.
        source_columns: columns to show for an event; by default the roles that the table has.
        time_column: the column with the time; by default found by its role.
        title: the heading.
        max_lanes: lanes shown by themselves; smaller groups share a lane that says so.
        references: times to draw a line at: one, several, by label, or a table such as alerts.
        overlay_data: a second table (or ``{"its name": table}``) whose events are laid over the
            others as marks of their own, whatever the zoom, and keep their texts. They stand in
            the lane of their `group_by` value, or in one of their own if they have no such column.
        height: of the picture in pixels; by default as the lanes need.
        range_tool: whether the strip that shows everything stands below.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: no column holds times, or `max_lanes` is below 1 or above 200, or a
            reference is no time, or more than one table is laid over the others.

    Examples:
        >>> chart = timeline(
        ...     pl.DataFrame(
        ...         {
        ...             "TimeGenerated": ["2026-03-01T10:00:00Z", None, "2026-03-01T10:00:05Z"],
        ...             "Computer": ["ws01", "ws01", "ws02"],
        ...         }
        ...     ),
        ...     group_by="Computer",
        ... )
        >>> chart.summary
        '2 events in 2 lanes (Computer), 2026-03-01 10:00:00 to 10:00:05 UTC. 1 event has no ...'
    """
    if not 1 <= max_lanes <= 200:
        raise UsageError(f"max_lanes is {max_lanes}", hint="from 1 to 200 lanes can be told apart")
    sources = [source_columns] if isinstance(source_columns, str) else source_columns
    if isinstance(data, Mapping):
        if group_by is not None:
            raise UsageError("several tables are the lanes", hint="leave out group_by")
        events = _several(data, sources, time_column)
        lane_title = "table"
        time = known.NO_TIME if time_column is None else time_column
    else:
        table = frames.to_polars(data)
        time = known.time_of(table, time_column)
        events = _one(table, group_by, sources, time)
        lane_title = "events" if group_by is None else group_by
    over = _over(overlay_data, events, group_by, sources, time_column)
    if over is not None:
        events = _laid_over(events, over[1])
    total = events.height
    events = events.drop_nulls(_TIME).sort(_TIME, maintain_order=True)
    chart = _chart(
        events,
        over=None if over is None else over[0],
        without_time=total - events.height,
        time=time,
        lane_title=visible(lane_title, limit=NAME_LIMIT),
        grouped=group_by is not None or isinstance(data, Mapping),
        title=visible(title or "Timeline", limit=200),
        max_lanes=max_lanes,
        references=known.references(references),
    )
    usual = _height(len(chart.spec["lanes"]))
    return known.sized(chart, height=height, range_tool=range_tool, usual=usual)


def _height(lanes: int) -> int:
    """Pixels of the picture, as the page chooses them."""
    return 120 if lanes == 1 else max(22 * lanes, min(440, 56 * lanes))


def _over(
    given: Any, events: pl.DataFrame, group_by: str | None, sources: Sequence[str] | None, time: Any
) -> tuple[str, pl.DataFrame] | None:
    """The name and the events of what is laid over others."""
    if given is None:
        return None
    name = "overlay"
    if isinstance(given, Mapping):
        if len(given) != 1:
            raise UsageError(f"{len(given)} tables to lay over others", hint="put them into one")
        ((name, given),) = given.items()
    table = frames.to_polars(given)
    # Its own time counts where the caller's choice was made for the other table.
    own_time = time if time in table.columns else known.time_of(table, None)
    own_sources = None if sources is None else [each for each in sources if each in table.columns]
    own_group = group_by if group_by in table.columns else None
    over = _one(table, own_group, own_sources, own_time)
    name = visible(str(name), limit=NAME_LIMIT)
    one_lane = group_by is None and set(events[_LANE].unique()) <= {"events"}
    if own_group is None and not one_lane:
        over = over.with_columns(pl.lit(name).alias(_LANE))
    return name, over


def _laid_over(events: pl.DataFrame, over: pl.DataFrame) -> pl.DataFrame:
    """Both, and which is which; columns of one name and two types become texts."""
    unlike = [
        name
        for name in over.columns[2:]
        if name in events.columns and over.schema[name] != events.schema[name]
    ]
    parts = []
    for part, is_over in ((events, False), (over, True)):
        texts = [
            pl.Series(n, as_text(part[n], limit=stream.TEXT_LIMIT), dtype=pl.String) for n in unlike
        ]
        parts.append(part.with_columns(*texts).with_columns(pl.lit(is_over).alias(_OVER)))
    return pl.concat(parts, how="diagonal")


def _one(
    table: pl.DataFrame, group_by: str | None, sources: Sequence[str] | None, time: str | None
) -> pl.DataFrame:
    """The columns drawn of one table: time, lane, then what an event shows."""
    for name in [*([group_by] if group_by is not None else []), *(sources or [])]:
        if name not in table.columns:
            raise UnknownColumn(name, table.columns)
    time = known.time_of(table, time)
    if time not in table.columns:
        table = table.with_columns(pl.Series(time, [], dtype=pl.Datetime("us", "UTC")))
    if sources is None:
        sources = [name for name in known.told(table) if name not in (time, group_by)][:6]
    lane = known.lane_names(table[group_by]) if group_by is not None else pl.lit("events")
    kept = [name for name in ("_file", "_record") if name in table.columns]
    chosen = dict.fromkeys([*([group_by] if group_by is not None else []), *sources, *kept])
    drawn = [exactly(name) for name in chosen if name != time]
    return table.select(known.moments(table[time]).alias(_TIME), lane.alias(_LANE), *drawn)


def _several(
    tables: Mapping[Any, Any], sources: Sequence[str] | None, time: str | None
) -> pl.DataFrame:
    parts = []
    for name, table in tables.items():
        frame = frames.to_polars(table)
        known = None if sources is None else [each for each in sources if each in frame.columns]
        part = _one(frame, None, known, time)
        shown = [
            pl.Series(each, as_text(part[each], limit=stream.TEXT_LIMIT))
            for each in part.columns[2:]
        ]
        lane = visible(str(name), limit=NAME_LIMIT)
        parts.append(part.select(_TIME, pl.lit(lane).alias(_LANE)).hstack(shown))
    if not parts:
        return pl.DataFrame(schema={_TIME: pl.Datetime("us", "UTC"), _LANE: pl.String})
    missing = [n for n in sources or [] if all(n not in part.columns for part in parts)]
    if missing:
        raise UnknownColumn(missing[0], {n for part in parts for n in part.columns[2:]})
    return pl.concat(parts, how="diagonal")


def _chart(
    events: pl.DataFrame,
    *,
    over: str | None,
    without_time: int,
    time: str,
    lane_title: str,
    grouped: bool,
    title: str,
    max_lanes: int,
    references: list[dict[str, Any]],
) -> Chart:
    lanes, of_event = stream.lanes(events, max_lanes, time=_TIME, lane=_LANE)
    stamps = events[_TIME].to_physical()
    names = [name for name in events.columns[2:] if name != _OVER]
    columns, texts = stream.texts(events, names)
    content = {"lanes": octets(of_event), "texts": json_bytes(columns)}
    overlay = None if over is None else _overlay(events, names, over, content)
    if overlay is not None:
        counts = of_event.filter(events[_OVER]).value_counts().rows()
        for place, count in counts:
            lanes[place]["over"] = count
    room = stream.PACKED_BYTES - sum(len(zlib.compress(each, 1)) for each in content.values())
    unit, content["deltas"] = stream.gaps(stamps, room)
    summary = _summary(events, lanes, lane_title, without_time, grouped=grouped, overlay=overlay)
    summary = f"{summary} {stream.rounding(stamps, unit)}".strip()
    described = "; ".join(f"{lane['name']}: {lane['count']:,}" for lane in lanes[:5])
    spec = {
        "kind": "timeline",
        "title": title,
        "summary": summary,
        "description": f"Timeline: {title}. {summary} Biggest: {described}. Press ? for keys.",
        "message": "There are no events with a time to draw.",
        "zone": "UTC",
        "lane_title": lane_title,
        "lanes": lanes,
        "events": events.height,
        "without_time": without_time,
        "references": references,
        "first_us": stamps.min() or 0,
        "unit_us": unit,
        "texts": texts,
        "height": 320 + _height(len(lanes)),
    }
    drawn = events.drop(_LANE).rename({_TIME: free_name(time, events.columns)})
    if overlay is not None:
        spec["overlay"] = overlay
        drawn = drawn.rename({_OVER: free_name("overlay", drawn.columns)})
    lane = stream.labels(lanes, of_event, free_name("lane", drawn.columns))
    return Chart(
        data=drawn.insert_column(1, lane),
        times=(drawn.columns[0],),
        spec=spec,
        blobs=content,
        libraries=("echarts",) if events.height else (),
        table=_table(lanes, lane_title, over),
    )


def _overlay(
    events: pl.DataFrame, names: Sequence[str], over: str, content: dict[str, bytes]
) -> dict[str, Any]:
    """What the page must know of the events laid over others; their parts join `content`."""
    rows = events[_OVER].arg_true().cast(pl.Int64)
    columns, texts = stream.texts(events[rows], names)
    content["overlay"] = planes(rows.diff().fill_null(rows[0] if len(rows) else 0))
    content["overlay_texts"] = json_bytes(columns)
    return {"name": over, "main": "events", "count": len(rows), "texts": texts}


def _summary(
    events: pl.DataFrame,
    lanes: list[dict[str, Any]],
    lane_title: str,
    without_time: int,
    *,
    grouped: bool,
    overlay: dict[str, Any] | None,
) -> str:
    parts: list[str] = []
    over = 0 if overlay is None else overlay["count"]
    if events.height:
        first, last = events[_TIME][0], events[_TIME][-1]
        until = stamp(last)
        if first.date() == last.date():
            until = until[11:]
        among = ""
        if grouped:
            among = f" in {number(len(lanes), 'lane')} ({lane_title})"
        parts.append(
            f"{number(events.height - over, 'event')}{among}, {stamp(first)} to {until} UTC."
        )
        if lanes[-1]["rest"]:
            parts.append(
                f"The {len(lanes) - 1} biggest have a lane of their own; the last lane holds the "
                f"{lanes[-1]['name']}."
            )
    else:
        parts.append("No events to draw.")
    if overlay is not None:
        parts.append(f"Laid over: {over:,} of {overlay['name']}.")
    if without_time:
        have = (
            "event has no usable time and is"
            if without_time == 1
            else ("events have no usable time and are")
        )
        parts.append(f"{without_time:,} {have} not drawn.")
    return " ".join(parts)


def _table(
    lanes: list[dict[str, Any]], lane_title: str, over: str | None
) -> tuple[tuple[str, ...], ...]:
    if not lanes:
        return ()
    counts = ("events",) if over is None else ("events", over)
    rows = []
    for lane in lanes:
        laid = lane.get("over", 0)
        numbers = [f"{lane['count'] - laid:,}", f"{laid:,}"][: len(counts)]
        rows.append((lane["name"], *numbers, lane["first"], lane["last"]))
    return ((lane_title, *counts, "first (UTC)", "last (UTC)"), *rows)
