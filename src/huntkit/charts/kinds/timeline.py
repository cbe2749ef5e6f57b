"""Events over time, in lanes: counts from afar, single events from near."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from huntkit.charts import events as known
from huntkit.charts import stream
from huntkit.charts.chart import Chart
from huntkit.charts.events import NAME_LIMIT, free_name, number, stamp
from huntkit.charts.payload import as_text, json_bytes, octets
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.core.text import visible
from huntkit.tables import frames

_TIME, _LANE = "_hk_time", "_hk_lane"


def timeline(
    data: Any,
    *,
    group_by: str | None = None,
    source_columns: Sequence[str] | str | None = None,
    time_column: str | None = None,
    title: str | None = None,
    max_lanes: int = 30,
    references: Any = None,
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

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: no column holds times, or `max_lanes` is below 1 or above 200, or a
            reference is no time.

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
        time = time_column or known.NO_TIME
    else:
        table = frames.to_polars(data)
        time = known.time_of(table, time_column)
        events = _one(table, group_by, sources, time)
        lane_title = group_by or "events"
    total = events.height
    events = events.drop_nulls(_TIME).sort(_TIME, maintain_order=True)
    return _chart(
        events,
        without_time=total - events.height,
        time=time,
        lane_title=visible(lane_title, limit=NAME_LIMIT),
        grouped=group_by is not None or isinstance(data, Mapping),
        title=visible(title or "Timeline", limit=200),
        max_lanes=max_lanes,
        references=known.references(references),
    )


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
    drawn = [pl.col(name) for name in chosen if name != time]
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
    columns, texts = stream.texts(events, events.columns[2:])
    content = {"lanes": octets(of_event), "texts": json_bytes(columns)}
    room = stream.PACKED_BYTES - sum(len(zlib.compress(each, 1)) for each in content.values())
    unit, content["deltas"] = stream.gaps(stamps, room)
    summary = _summary(events, lanes, lane_title, without_time, grouped=grouped)
    summary = f"{summary} {stream.rounding(stamps, unit)}".strip()
    described = "; ".join(f"{lane['name']}: {lane['count']:,}" for lane in lanes[:5])
    height = 320 + (120 if len(lanes) == 1 else max(22 * len(lanes), min(440, 56 * len(lanes))))
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
        "height": height,
    }
    drawn = events.drop(_LANE).rename({_TIME: free_name(time, events.columns)})
    return Chart(
        data=drawn.insert_column(
            1, stream.labels(lanes, of_event, free_name("lane", drawn.columns))
        ),
        spec=spec,
        blobs=content,
        libraries=("echarts",) if events.height else (),
        table=_table(lanes, lane_title),
    )


def _summary(
    events: pl.DataFrame,
    lanes: list[dict[str, Any]],
    lane_title: str,
    without_time: int,
    *,
    grouped: bool,
) -> str:
    parts: list[str] = []
    if events.height:
        first, last = events[_TIME][0], events[_TIME][-1]
        until = stamp(last)
        if first.date() == last.date():
            until = until[11:]
        among = ""
        if grouped:
            among = f" in {number(len(lanes), 'lane')} ({lane_title})"
        parts.append(f"{number(events.height, 'event')}{among}, {stamp(first)} to {until} UTC.")
        if lanes[-1]["rest"]:
            parts.append(
                f"The {len(lanes) - 1} biggest have a lane of their own; the last lane holds the "
                f"{lanes[-1]['name']}."
            )
    else:
        parts.append("No events to draw.")
    if without_time:
        have = (
            "event has no usable time and is"
            if without_time == 1
            else ("events have no usable time and are")
        )
        parts.append(f"{without_time:,} {have} not drawn.")
    return " ".join(parts)


def _table(lanes: list[dict[str, Any]], lane_title: str) -> tuple[tuple[str, ...], ...]:
    if not lanes:
        return ()
    head = (lane_title, "events", "first (UTC)", "last (UTC)")
    rows = ((lane["name"], f"{lane['count']:,}", lane["first"], lane["last"]) for lane in lanes)
    return (head, *rows)
