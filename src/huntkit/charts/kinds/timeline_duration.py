"""Spans of time in lanes: sessions, flows, alerts; what began when and how long it took."""

import heapq
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from huntkit.charts import events, stream
from huntkit.charts.chart import Chart
from huntkit.charts.payload import json_bytes, octets
from huntkit.core.errors import UsageError
from huntkit.core.text import visible
from huntkit.tables import frames
from huntkit.tables.stand_ins import exactly

MOST: Final = 50_000  # of more spans, those of a lane that nearly touch are drawn as one;
COLUMNS: Final = 4_000  # nearly: nearer than one so many-th of the time
TRACKS: Final = 12  # spans of one lane beside one another; more lie over each other

# The end that belongs to a start, where the caller names none.
_ENDS: Final = {
    "StartTimeUtc": "EndTimeUtc",
    "StartTime": "EndTime",
    "Start": "End",
    "start": "end",
    "FlowStartTime": "FlowEndTime",
    "FirstEventTime": "LastEventTime",
    "FirstSeen": "LastSeen",
    "first_seen": "last_seen",
}
_TIME, _END, _LANE, _OPEN, _COUNT = "_hk_time", "_hk_end", "_hk_lane", "_hk_open", "_hk_count"


def timeline_duration(
    data: Any,
    *,
    group_by: Sequence[str] | str | None = None,
    time_column: str | None = None,
    end_time_column: str | None = None,
    source_columns: Sequence[str] | str | None = None,
    max_lanes: int = 60,
    references: Any = None,
    title: str | None = None,
    height: int | None = None,
    range_tool: bool = True,
) -> Chart:
    """A timeline of spans: one bar per row, from its start to its end, in lanes by group.

    Lanes stand in order of their first start; spans of a lane that overlap lie beside one
    another. Without an end column each lane shows from its first to its last event, with a mark
    per event. A row without an end is drawn to the last time known, with a torn end; one that
    ends before it starts, or has no start, is not drawn but counted.

    Args:
        data: a table of any kind.
        group_by: the column whose values make the lanes, or several together.
        time_column: the column with the start; by default the known start of a known pair such
            as ``StartTimeUtc`` and ``EndTimeUtc``, else by its role.
        end_time_column: the column with the end; by default the one that belongs to the start.
        source_columns: columns to show for a span; by default the roles that the table has.
        max_lanes: lanes shown by themselves; smaller groups share a lane that says so.
        references: times to draw a line at: one, several, by label, or a table such as alerts.
        title: the heading.
        height: of the picture in pixels; by default as the lanes need.
        range_tool: whether the strip that shows everything stands below.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: no column holds times, or `max_lanes` is below 1 or above 200.

    Examples:
        >>> chart = timeline_duration(
        ...     pl.DataFrame({"User": ["al", "al"],
        ...                   "Start": ["2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z"],
        ...                   "End": ["2026-03-01T11:00:00Z", None]}),
        ...     group_by="User",
        ... )
        >>> chart.summary
        '2 spans in 1 lane (User), 2026-03-01 10:00:00 to 11:00:00 UTC. 1 span has no end ...'
    """
    if not 1 <= max_lanes <= 200:
        raise UsageError(f"max_lanes is {max_lanes}", hint="from 1 to 200 lanes can be told apart")
    table = frames.to_polars(data)
    groups = events.listed(group_by) or []
    sources = events.listed(source_columns)
    events.require(table.columns, [*groups, time_column, end_time_column, *(sources or [])])
    start, end = _ends_of(table, time_column, end_time_column)
    shown = list(dict.fromkeys([*groups, *events.shown_columns(table, sources, (start, end))]))
    rows = _rows(table, start, end, groups, shown)
    chart = _chart(
        rows,
        names=(start, end, " / ".join(groups) or "all"),
        max_lanes=max_lanes,
        references=events.references(references),
        title=visible(title or ("Durations" if end else "First to last event"), limit=200),
    )
    return events.sized(chart, height=height, range_tool=range_tool, usual=620)


def _ends_of(table: pl.DataFrame, start: str | None, end: str | None) -> tuple[str, str | None]:
    """The columns with start and end."""
    if start is None and end is None:
        pairs = ((a, b) for a, b in _ENDS.items() if {a, b} <= set(table.columns))
        start, end = next(pairs, (None, None))
    elif start is not None and end is None:
        known = _ENDS.get(start)
        end = known if known in table.columns else None
    return events.time_of(table, start), end


def _rows(
    table: pl.DataFrame, start: str, end: str | None, groups: list[str], shown: list[str]
) -> pl.DataFrame:
    """Start, end, lane and whether the end is open; then what a span shows."""
    if start not in table.columns:
        table = table.with_columns(pl.Series(start, [], dtype=pl.Datetime("us", "UTC")))
    begun = events.moments(table[start]).alias(_TIME)
    ended = begun.alias(_END)
    if end is not None:
        ended = events.moments(table[end], parameter="end_time_column").alias(_END)
    names = [events.lane_names(table[name]).alias(name) for name in groups]
    lane = pl.concat_str(names, separator=" / ") if names else pl.lit("all")
    both = table.select(
        begun, ended, lane.alias(_LANE), *[exactly(n) for n in shown if n not in (start, end)]
    )
    if both.schema[_LANE] != pl.String or not names:
        return both.with_columns(pl.col(_LANE).cast(pl.String))
    return both.with_columns(pl.col(_LANE).str.head(2 * events.NAME_LIMIT))


def _chart(
    rows: pl.DataFrame,
    *,
    names: tuple[str, str | None, str],
    max_lanes: int,
    references: list[dict[str, Any]],
    title: str,
) -> Chart:
    start, end, lane_title = names
    timeless = int(rows[_TIME].null_count())
    timed = rows.drop_nulls(_TIME)
    backwards = int((timed[_END] < timed[_TIME]).sum())
    timed = timed.filter((pl.col(_END) >= pl.col(_TIME)).fill_null(value=True))
    spans = timed.sort(_TIME, maintain_order=True).with_columns(
        pl.col(_END).is_null().alias(_OPEN),
        pl.col(_END).fill_null(pl.max_horizontal(pl.col(_END).max(), pl.col(_TIME).max())),
    )
    lanes, of_row = _lanes(spans, max_lanes)
    bars = _bars(spans, of_row)
    tracks = _tracks(bars, lanes, moments=end is None)
    columns, texts = ([], 0) if _COUNT in bars else stream.texts(spans, spans.columns[4:-1])
    lengths, content = _packed(bars)
    unit, deltas = stream.gaps(bars[_TIME].to_physical(), stream.PACKED_BYTES)
    content |= {"deltas": deltas, "tracks": octets(tracks), "texts": json_bytes(columns)}
    spec: dict[str, Any] = {
        "kind": "timeline_duration",
        "title": title,
        "message": "There are no spans with a start to draw.",
        "zone": "UTC",
        "noun": "events" if end is None else "spans" if _COUNT not in bars else "bars",
        "moments": end is None,
        "lane_title": visible(lane_title, limit=events.NAME_LIMIT),
        "lanes": lanes,
        "events": bars.height,
        "first_us": bars[_TIME].to_physical().min() or 0,
        "unit_us": unit,
        "lengths": lengths,
        "references": references,
        "texts": texts,
        "height": 820,
    }
    if _COUNT in bars:
        spec["counts"], content["counts"] = stream.numbers(bars[_COUNT])
    summary = _summary(spans, lanes, names, (timeless, backwards), bars.height)
    rounded = stream.rounding(bars[_TIME].to_physical(), unit)
    spec["summary"] = f"{summary} {rounded}".strip()
    described = "; ".join(
        f"{lane['name']}: {lane['first']} to {lane['last']}" for lane in lanes[:5]
    )
    spec["description"] = (
        f"Timeline of durations: {title}. {spec['summary']} First: {described}. Press ? for keys."
    )
    shown = spans.drop(_LANE, _OPEN, *([_END] if end is None else []))
    told = {_TIME: events.free_name(start, spans.columns)}
    if end is not None:
        told[_END] = events.free_name(end, [*spans.columns, start])
        shown = shown.with_columns(pl.when(~spans[_OPEN]).then(pl.col(_END)).alias(_END))
    drawn = shown.rename(told)
    return Chart(
        data=drawn,
        times=tuple(told.values()),
        find=None
        if _COUNT not in bars
        else lambda marks: drawn[_within(spans, of_row, bars, marks)],
        spec=spec,
        blobs=content,
        libraries=("echarts",) if bars.height else (),
        table=_table(lanes, lane_title),
    )


def _lanes(spans: pl.DataFrame, most: int) -> tuple[list[dict[str, Any]], pl.Series]:
    """The lanes in order of their first start, the one of others last; and each row's lane."""
    found, of_row = stream.lanes(spans, most, time=_TIME, lane=_LANE)
    reach = (
        pl.DataFrame({"lane": of_row, "start": spans[_TIME], "end": spans[_END]})
        .group_by("lane")
        .agg(pl.col("start").min(), pl.col("end").max())
        .sort("lane")
    )
    for lane, (_, start, end) in zip(found, reach.iter_rows(), strict=True):
        lane["last"] = events.stamp(end)
        lane["starts"], lane["ends"] = start, end
    order = sorted(
        range(len(found)), key=lambda i: (found[i]["rest"], found[i]["starts"], found[i]["name"])
    )
    epoch = pl.DataFrame(
        {"a": [lane.pop("starts") for lane in found], "b": [lane.pop("ends") for lane in found]},
        schema={"a": spans.schema[_TIME], "b": spans.schema[_TIME]},
    ).select(pl.all().to_physical())
    for lane, (first, last) in zip(found, epoch.iter_rows(), strict=True):
        lane["first_us"], lane["last_us"] = first, last
    place = {was: now for now, was in enumerate(order)}
    if place:
        of_row = of_row.replace_strict(place, return_dtype=pl.UInt8)
    return [found[was] for was in order], of_row


def _bars(spans: pl.DataFrame, of_row: pl.Series) -> pl.DataFrame:
    """What is drawn: start, end, lane, whether open; of very many spans, how many a bar holds."""
    bars = spans.select(_TIME, _END, of_row.alias(_LANE), _OPEN)
    if bars.height <= MOST:
        return bars
    reach = int(bars[_END].to_physical().max() or 0) - int(bars[_TIME].to_physical().min() or 0)  # type: ignore[arg-type]
    room = pl.duration(microseconds=reach // COLUMNS)
    before = pl.col(_END).cum_max().shift(1).over(_LANE)
    begins = (pl.col(_TIME) > before + room).fill_null(value=True)
    merged = bars.with_columns(begins.cum_sum().over(_LANE).alias("bar")).group_by(_LANE, "bar")
    return (
        merged.agg(
            pl.col(_TIME).min(), pl.col(_END).max(), pl.col(_OPEN).any(), pl.len().alias(_COUNT)
        )
        .select(_TIME, _END, _LANE, _OPEN, _COUNT)
        .sort(_TIME, _LANE)
    )


def _within(
    spans: pl.DataFrame, of_row: pl.Series, bars: pl.DataFrame, marks: Sequence[int]
) -> pl.Series:
    """The rows of the spans that some bars stand for."""
    bars = bars[[mark for mark in marks if 0 <= mark < bars.height]]
    placed = spans.select(_TIME, _END, of_row.alias(_LANE).cast(bars.schema[_LANE]))
    rows = placed.with_row_index("row").join(bars, on=_LANE, suffix="_bar")
    inside = (pl.col(_TIME) >= pl.col(f"{_TIME}_bar")) & (pl.col(_END) <= pl.col(f"{_END}_bar"))
    return rows.filter(inside)["row"].unique().sort()


def _tracks(bars: pl.DataFrame, lanes: list[dict[str, Any]], *, moments: bool) -> pl.Series:
    """Side by side what overlaps: each bar takes the first track of its lane that is free."""
    busy: list[list[tuple[int, int]]] = [[] for _ in lanes]
    free: list[list[int]] = [[] for _ in lanes]
    for lane in lanes:
        lane["tracks"] = 1
    if moments:
        return pl.Series([0] * bars.height, dtype=pl.UInt8)
    tracks = []
    starts = bars[_TIME].to_physical().to_list()
    ends = bars[_END].to_physical().to_list()
    for start, end, lane in zip(starts, ends, bars[_LANE].to_list(), strict=True):
        while busy[lane] and busy[lane][0][0] <= start:
            heapq.heappush(free[lane], heapq.heappop(busy[lane])[1])
        used = len(busy[lane]) + len(free[lane])
        track = heapq.heappop(free[lane]) if free[lane] else used
        heapq.heappush(busy[lane], (max(end, start + 1), track))
        tracks.append(track % TRACKS)
        lanes[lane]["tracks"] = max(lanes[lane]["tracks"], min(track + 1, TRACKS))
    return pl.Series(tracks, dtype=pl.UInt8)


def _packed(bars: pl.DataFrame) -> tuple[dict[str, float], dict[str, bytes]]:
    form, lengths = stream.numbers((bars[_END] - bars[_TIME]).to_physical())
    lanes, opened = octets(bars[_LANE]), octets(bars[_OPEN])
    return form, {"lengths": lengths, "lanes": lanes, "open": opened}


def _summary(
    spans: pl.DataFrame,
    lanes: list[dict[str, Any]],
    names: tuple[str, str | None, str],
    left_out: tuple[int, int],
    drawn: int,
) -> str:
    _, end, lane_title = names
    timeless, backwards = left_out
    noun = "span" if end is not None else "event"
    parts = [f"No {noun}s to draw."]
    if spans.height:
        among = f"{events.number(len(lanes), 'lane')} ({visible(lane_title, limit=80)})"
        when = events.span(spans[_TIME][0], spans[_END].max())
        parts = [f"{events.number(spans.height, noun)} in {among}, {when}."]
    unended = int(spans[_OPEN].sum())
    if unended:
        parts.append(
            f"{events.number(unended, noun)} {'has' if unended == 1 else 'have'} no end seen."
        )
    if timeless:
        parts.append(f"{events.number(timeless, 'row')} without a usable start not drawn.")
    if backwards:
        parts.append(f"{events.number(backwards, 'row')} not drawn: the end is before the start.")
    if drawn < spans.height:
        parts.append(f"Spans of a lane that nearly touch are drawn as one: {drawn:,} bars.")
    if lanes and lanes[-1]["rest"]:
        parts.append(f"The last lane holds {lanes[-1]['name']}.")
    return " ".join(parts)


def _table(lanes: list[dict[str, Any]], lane_title: str) -> tuple[tuple[str, ...], ...]:
    if not lanes:
        return ()
    head = (visible(lane_title, limit=80), "rows", "first start (UTC)", "last end (UTC)")
    return (
        head,
        *((each["name"], f"{each['count']:,}", each["first"], each["last"]) for each in lanes),
    )
