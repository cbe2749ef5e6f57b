"""Events over time, in lanes: counts from afar, single events from near."""

import math
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl

from huntkit.charts.chart import Chart
from huntkit.charts.payload import Named, as_text, json_bytes, named, octets, planes
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.core.text import visible
from huntkit.tables import frames, roles, times

FEW: Final = 50_000  # up to so many events, all carry their texts;
TEXTS: Final = 3_000  # of more events only the first so many do,
TEXT_BYTES: Final = 1_500_000  # and never more text than this in all
TEXT_LIMIT: Final = 300  # characters of one text
NAME_LIMIT: Final = 80  # characters of a lane's name
PACKED_BYTES: Final = 1_150_000  # for all of it, packed; times become coarser to fit

# What an event shows when no columns are named: the first that the table has, at most six.
_ROLES: Final = (
    "event_id", "host", "user", "process_path", "command_line", "source_ip", "destination_ip",
)  # fmt: skip
_TELLING: Final = ("Activity", "ActionType", "EventName", "Operation", "SyslogMessage", "Message")
_UNITS_US: Final = (
    1, 1_000, 5_000, 20_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000, 15_000_000,
    60_000_000,
)  # fmt: skip

_FIRST: Final = datetime(1, 1, 2, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 30, tzinfo=UTC)
_NO_TIME: Final = "TimeGenerated"
_TIME, _LANE = "_hk_time", "_hk_lane"


def timeline(
    data: Any,
    *,
    group_by: str | None = None,
    source_columns: Sequence[str] | str | None = None,
    time_column: str | None = None,
    title: str | None = None,
    max_lanes: int = 30,
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

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: no column holds times, or `max_lanes` is below 1 or above 200.

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
        time = time_column or _NO_TIME
    else:
        table = frames.to_polars(data)
        time = _time_of(table, time_column)
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
    )


def _one(
    table: pl.DataFrame, group_by: str | None, sources: Sequence[str] | None, time: str | None
) -> pl.DataFrame:
    """The columns drawn of one table: time, lane, then what an event shows."""
    for name in [*([group_by] if group_by is not None else []), *(sources or [])]:
        if name not in table.columns:
            raise UnknownColumn(name, table.columns)
    time = _time_of(table, time)
    if time not in table.columns:
        table = table.with_columns(pl.Series(time, [], dtype=pl.Datetime("us", "UTC")))
    if sources is None:
        sources = [name for name in _told(table) if name not in (time, group_by)][:6]
    lane = _lane(table[group_by]) if group_by is not None else pl.lit("events")
    kept = [name for name in ("_file", "_record") if name in table.columns]
    chosen = dict.fromkeys([*([group_by] if group_by is not None else []), *sources, *kept])
    drawn = [pl.col(name) for name in chosen if name != time]
    return table.select(_moments(table[time]).alias(_TIME), lane.alias(_LANE), *drawn)


def _time_of(table: pl.DataFrame, given: str | None) -> str:
    """The column with the time; a table without any time to draw needs none."""
    named = roles.candidates(table.columns, "time")
    bare = all(table[name].null_count() == table.height for name in named)
    if given in (None, _NO_TIME) and bare and (named or not table.height):
        return next(iter(named), _NO_TIME)
    return times.pick_time_column(table, given)


def _several(
    tables: Mapping[Any, Any], sources: Sequence[str] | None, time: str | None
) -> pl.DataFrame:
    parts = []
    for name, table in tables.items():
        frame = frames.to_polars(table)
        known = None if sources is None else [each for each in sources if each in frame.columns]
        part = _one(frame, None, known, time)
        shown = [
            pl.Series(each, as_text(part[each], limit=TEXT_LIMIT)) for each in part.columns[2:]
        ]
        lane = visible(str(name), limit=NAME_LIMIT)
        parts.append(part.select(_TIME, pl.lit(lane).alias(_LANE)).hstack(shown))
    if not parts:
        return pl.DataFrame(schema={_TIME: pl.Datetime("us", "UTC"), _LANE: pl.String})
    missing = [n for n in sources or [] if all(n not in part.columns for part in parts)]
    if missing:
        raise UnknownColumn(missing[0], {n for part in parts for n in part.columns[2:]})
    return pl.concat(parts, how="diagonal")


def _told(table: pl.DataFrame) -> list[str]:
    """Columns worth showing: known roles, then telling names, else the first ones."""
    found = [roles.resolve(table.columns, role) for role in _ROLES]
    found += [name for name in _TELLING if name in table.columns]
    told = list(dict.fromkeys(name for name in found if name is not None))
    return told or [name for name in table.columns if not name.startswith("_")]


def _moments(column: pl.Series) -> pl.Series:
    """The times in UTC; null where a value is no time, or of no year that people write."""
    stamps = times.parse_times(column)
    written = pl.col(stamps.name).is_between(_FIRST, _LAST)
    stamps = stamps.to_frame().select(pl.when(written).then(pl.col(stamps.name))).to_series()
    if stamps.null_count() == len(stamps) and column.null_count() < len(column):
        raise UsageError(
            f"the column {column.name!r} holds no times", hint="name another by time_column="
        )
    return stamps


def _lane(column: pl.Series) -> pl.Series:
    """The name of every event's lane, worked out once for each distinct value."""
    if column.dtype.is_nested():
        return pl.Series(as_text(column, limit=NAME_LIMIT), dtype=pl.String).replace("", "(empty)")
    values = column.rename("value")
    distinct = values.unique()
    names = [text or "(empty)" for text in as_text(distinct, limit=NAME_LIMIT)]
    known = pl.DataFrame({"value": distinct, "name": pl.Series(names, dtype=pl.String)})
    rows = values.to_frame()
    return rows.join(known, on="value", how="left", nulls_equal=True, maintain_order="left")["name"]


def _chart(
    events: pl.DataFrame,
    *,
    without_time: int,
    time: str,
    lane_title: str,
    grouped: bool,
    title: str,
    max_lanes: int,
) -> Chart:
    lanes, of_event = _lanes(events, max_lanes)
    stamps = events[_TIME].to_physical()
    columns, texts = _texts(events)
    content = {"lanes": octets(of_event), "texts": json_bytes(columns)}
    room = PACKED_BYTES - sum(len(zlib.compress(each, 1)) for each in content.values())
    unit, content["deltas"] = _gaps(stamps, room)
    summary = _summary(events, lanes, lane_title, without_time, grouped=grouped)
    if ((stamps - (stamps.min() or 0)) % unit != 0).any():
        summary += f" To keep the page small, times are rounded down to {unit / 1e6:g} s."
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
        "first_us": stamps.min() or 0,
        "unit_us": unit,
        "texts": texts,
        "height": height,
    }
    drawn = events.drop(_LANE).rename({_TIME: _free_name(time, events.columns)})
    return Chart(
        data=drawn.insert_column(1, _labels(lanes, of_event, _free_name("lane", drawn.columns))),
        spec=spec,
        blobs=content,
        libraries=("echarts",) if events.height else (),
        table=_table(lanes, lane_title),
    )


def _lanes(events: pl.DataFrame, most: int) -> tuple[list[dict[str, Any]], pl.Series]:
    """The lanes from the biggest to the smallest, and the lane of every event."""
    found = (
        events.group_by(_LANE)
        .agg(
            pl.len().alias("count"),
            pl.col(_TIME).min().alias("first"),
            pl.col(_TIME).max().alias("last"),
        )
        .sort(["count", _LANE], descending=[True, False])
    )
    if found.height > most + 1:  # one lane of "others" for a single group would hide its name
        rest = found.slice(most)
        others = pl.DataFrame(
            {
                _LANE: [f"{rest.height:,} others"],
                "count": pl.Series([rest["count"].sum()], dtype=found["count"].dtype),
                "first": [rest["first"].min()],
                "last": [rest["last"].max()],
            }
        ).cast(dict(found.schema))  # type: ignore[arg-type]
        shown = pl.concat([found.head(most), others])
        number = {name: place for place, name in enumerate(found[_LANE].head(most))}
    else:
        shown = found
        number = {name: place for place, name in enumerate(found[_LANE])}
    of_event = (
        events[_LANE].replace_strict(number, default=len(number), return_dtype=pl.UInt8)
        if number
        else pl.Series([], dtype=pl.UInt8)
    )
    lanes = [
        {
            "name": name,
            "count": count,
            "first": _stamp(first),
            "last": _stamp(last),
            "rest": place == len(number),
        }
        for place, (name, count, first, last) in enumerate(shown.iter_rows())
    ]
    return lanes, of_event


def _labels(lanes: list[dict[str, Any]], of_event: pl.Series, name: str) -> pl.Series:
    names = pl.Series([lane["name"] for lane in lanes], dtype=pl.String)
    return names.gather(of_event).alias(name) if lanes else pl.Series(name, [], dtype=pl.String)


def _gaps(stamps: pl.Series, room: int) -> tuple[int, bytes]:
    """The unit of time for the page, and the events' distances in it.

    The unit is as fine as the data, if that fits the room, else the first that does.
    """
    finest = next((unit for unit in (1_000_000, 1_000) if (stamps % unit == 0).all()), 1)
    since = stamps - (stamps.min() or 0)
    for unit in (unit for unit in _UNITS_US if unit >= finest):
        gaps = (since // unit).diff().fill_null(0)
        # Nothing packs below the bits that the numbers have, so most misses cost no packing.
        least = float((gaps + 1).log(2).sum() or 0) / 8
        if least <= room or unit == _UNITS_US[-1]:
            content = planes(gaps)
            if len(content) <= room or len(zlib.compress(content, 1)) <= room:
                break
    return unit, content


def _texts(events: pl.DataFrame) -> tuple[list[Named], int]:
    """The texts of the first events, and of how many there are any."""
    names = events.columns[2:]
    rows = events.height if events.height <= FEW else TEXTS
    while True:
        first = events.head(rows)
        columns = [named(first[name], limit=TEXT_LIMIT) for name in names]
        size = sum(len(text) for column in columns for text in column["values"])
        if size <= TEXT_BYTES or rows < 2:
            return columns, rows
        rows = math.floor(rows * TEXT_BYTES / size)


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
        until = _stamp(last)
        if first.date() == last.date():
            until = until[11:]
        among = ""
        if grouped:
            among = f" in {_number(len(lanes), 'lane')} ({lane_title})"
        parts.append(f"{_number(events.height, 'event')}{among}, {_stamp(first)} to {until} UTC.")
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


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _stamp(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _free_name(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name += "_"
    return name
