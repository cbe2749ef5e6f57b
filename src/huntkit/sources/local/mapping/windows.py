"""Collected Windows events to WindowsEvent and the Device tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import repeat
from typing import Any

import polars as pl

from huntkit.sources.local.mapping import times
from huntkit.sources.local.mapping.channels import as_windows_spells
from huntkit.sources.local.mapping.collect import Collector, EventClass
from huntkit.sources.local.mapping.layouts import SYSMON_CLOCK, Layout
from huntkit.sources.local.mapping.rules import Rule
from huntkit.sources.local.mapping.security import security_events
from huntkit.sources.local.mapping.series import TEXT, filled, integers, texts, typed
from huntkit.sources.local.mapping.values import Memo, keywords
from huntkit.sources.local.mapping.verbs import Fields
from huntkit.sources.local.mapping.zones import Hosts, Zones, hosts_of

Frames = list[tuple[str, pl.DataFrame]]
_NAMES = {0: "LogAlways", 1: "Critical", 2: "Error", 3: "Warning", 4: "Information", 5: "Verbose"}
_LEVELS = {**{name.lower(): level for level, name in _NAMES.items()}, "info": 4}
_SMALL = frozenset({"EventID", "EventLevel", "Version", "SystemProcessId", "SystemThreadId"})


@dataclass(slots=True)
class Memory:
    """What one file has taught so far."""

    clock: times.Clock = field(default_factory=times.Clock)
    zones: dict[str, Zones] = field(default_factory=dict)  # by layout, whose events come in order
    new_columns: set[str] = field(default_factory=set)

    def zones_of(self, layout: Layout) -> Zones:
        """What the events of a layout have told of their hosts' zones."""
        return self.zones.setdefault(layout.name, Zones())


def frames(events: Collector, memory: Memory) -> Frames:
    """All tables that the collected events feed; the collector is empty afterwards."""
    if not events.numbers:
        return []
    messages = events.messages()
    base = _base(events, memory, messages)
    groups = events.groups()
    found: Frames = []
    if "WindowsEvent" not in events.layout.gives:
        found.append(("WindowsEvent", base.drop("ReportId")))
    taken = [(group, group.fields()) for group in groups if group.security or group.rules]
    security = [(group.event, group.at, fields) for group, fields in taken if group.security]
    if security:
        found.append(("SecurityEvent", security_events(security, base, memory.new_columns)))
    for table, pieces in _plan(taken).items():
        found.append((table, _device(pieces, base, messages)))
    events.clear()
    return found


Piece = tuple[Rule, list[int], Fields]


def _plan(taken: list[tuple[EventClass, Fields]]) -> dict[str, list[Piece]]:
    """What feeds each table: the rule, which events, and their fields."""
    plan: dict[str, list[Piece]] = {}
    for group, fields in taken:
        for rule in group.rules:
            let = rule.rows_of(fields)
            if let is None:
                piece = (rule, group.at, fields)
            elif let:
                piece = (rule, [group.at[i] for i in let], fields.pick(let))
            else:
                continue
            plan.setdefault(rule.table, []).append(piece)
    return plan


def _system(name: str, values: Sequence[Any], *, flat: bool) -> pl.Series:
    if name == "Keywords":
        return texts(name, Memo(keywords, numbers=True).each(values), flat=True)
    if name in _SMALL or name == "Task":
        return integers(name, values, small=True, flat=flat)
    return texts(name, values, flat=flat)


def _base(events: Collector, memory: Memory, messages: pl.Series | None) -> pl.DataFrame:
    """The WindowsEvent rows, one per record and in their order."""
    count = len(events.numbers)
    when, note = _when(events, memory)
    columns = [pl.Series("_record", events.numbers, dtype=pl.Int64), when.rename("TimeGenerated")]
    columns += [
        _system(name, events.column(name) or [], flat=name not in events.nested)
        for name in events.layout.system
        if name in events.system
    ]
    columns += [
        pl.Series(name, [text]).new_from_index(0, count)
        for name, text in events.layout.defaults.items()
        if name not in events.system
    ]
    if messages is not None:
        columns.append(messages)
    columns.append(events.data())
    if any(events.extra):
        columns.append(pl.Series("_extra", events.extra, dtype=pl.String))
    columns.append(note)
    frame = filled(pl.DataFrame(columns))
    return _levels(_channels(_fill_defaults(frame, events.layout.defaults)))


def _channels(frame: pl.DataFrame) -> pl.DataFrame:
    """Channels in one spelling; what was logged otherwise stands in a column of its own."""
    if "Channel" not in frame.columns or (spelt := as_windows_spells(frame["Channel"])) is None:
        return frame
    logged = pl.when(pl.col("Channel") == spelt).then(pl.lit("")).otherwise("Channel")
    return frame.with_columns(spelt.alias("Channel"), logged.alias("_channel"))


def _fill_defaults(frame: pl.DataFrame, defaults: dict[str, str]) -> pl.DataFrame:
    changes = [
        pl.when(pl.col(name) == "").then(pl.lit(text)).otherwise(pl.col(name)).alias(name)
        for name, text in defaults.items()
        if name in frame.columns
    ]
    return frame.with_columns(changes) if changes else frame


def _levels(frame: pl.DataFrame) -> pl.DataFrame:
    """The level's number and name from each other; the record id as Defender's ReportId."""
    made = []
    if "EventLevelName" not in frame.columns and "EventLevel" in frame.columns:
        level = pl.col("EventLevel")
        made.append(
            level.replace_strict(_NAMES, default="", return_dtype=pl.String).alias("EventLevelName")
        )
    if "EventLevel" not in frame.columns and "EventLevelName" in frame.columns:
        name = pl.col("EventLevelName").str.to_lowercase()
        made.append(
            name.replace_strict(_LEVELS, default=None, return_dtype=pl.Int32).alias("EventLevel")
        )
    record = pl.col("EventRecordId") if "EventRecordId" in frame.columns else pl.lit(None)
    made.append(record.cast(pl.Int64, strict=False).alias("ReportId"))
    return frame.with_columns(made)


def _coalesce(columns: Sequence[pl.Series], count: int) -> pl.Series:
    if not columns:
        return pl.Series("t", [None], dtype=times.UTC_TIME).new_from_index(0, count)
    found = columns[0]
    for column in columns[1:]:
        if not found.null_count():
            break
        found = found.zip_with(found.is_not_null(), column)
    return found


def _when(events: Collector, memory: Memory) -> tuple[pl.Series, pl.Series]:
    """Each event's time in UTC and its mark: its own clock, else a local one, else a receiver's."""
    count = len(events.numbers)
    keys = sorted(events.clocks)

    def read(wanted: str) -> list[pl.Series]:
        return [
            texts("t", _sysmons(events) if key == SYSMON_CLOCK else events.clock(key))
            for key in keys
            if key[1] == wanted
        ]

    when = _coalesce([times.parse_times(text) for text in read("own")], count)
    marks: list[tuple[pl.Series, str]] = []
    gaps = bool(when.null_count())
    zones = memory.zones_of(events.layout)
    zone = memory.clock.zone_name()
    for kind in ("claimed", "local"):
        if not (local := read(kind)):
            continue
        hosts = hosts_of(events.column("Computer") or [None] * count)
        if gaps or not zones.knows(hosts):
            received = read("receiving") if kind == "local" else []
            clock = _Local(hosts, local[0], received, zoneless=kind == "local")
            when, its = _from_local(when, clock, zones, zone)
            marks += its
            gaps = bool(when.null_count())
    if when.null_count():
        late = [times.parse_times(text) for text in read("receiving")]
        filled = _coalesce([when, *late], count)
        marks.insert(0, (when.is_null() & filled.is_not_null(), times.RECEIVING))
        when = filled
    return when, times.notes(count, marks)


def _sysmons(events: Collector) -> list[Any]:
    """Sysmon's clock where Sysmon wrote it: other providers may call a field so, and lie in it."""
    clock = events.clock(SYSMON_CLOCK)
    pairs = list(
        zip(
            *(events.column(n) or repeat("", len(clock)) for n in ("Provider", "Channel")),
            strict=True,
        )
    )
    told = Memo(_is_sysmon).each(pairs)
    return [when if its else None for when, its in zip(clock, told, strict=True)]


def _is_sysmon(names: tuple[Any, ...]) -> bool:
    """Whether provider or channel say so; an export that names neither is believed."""
    told = "".join(str(name) for name in names if name).lower()
    return not told or "sysmon" in told


@dataclass(frozen=True, slots=True)
class _Local:
    """The texts of a local clock, with their hosts and when the events were received.

    One that says UTC (not ``zoneless``) is believed unless the file proves it wrong.
    """

    hosts: Hosts
    text: pl.Series
    received: Sequence[pl.Series]
    zoneless: bool


def _from_local(
    when: pl.Series, local: _Local, zones: Zones, zone: str | None
) -> tuple[pl.Series, list[tuple[pl.Series, str]]]:
    """Fill the gaps from a local clock, whose zone the file itself may betray."""
    clock, bare = times.parse_both(local.text)
    if not local.zoneless:
        bare = clock.is_not_null()
    naive = clock.set(~bare, None)
    zones.learn(local.hosts, naive, when)
    if not zones.knows(local.hosts):
        for text in local.received:
            late, its_bare = times.parse_both(text)
            zones.hear(local.hosts, naive, late.set(its_bare, None))
    gaps = when.is_null() & clock.is_not_null()
    if not gaps.any():
        return when, []
    ahead = zones.ahead(local.hosts)
    told = bare & ahead.is_not_null()
    if local.zoneless:
        assumed = times.localise(clock.dt.replace_time_zone(None), zone)
        inferred = told
    else:
        assumed = clock
        inferred = told & (ahead != timedelta(0)).fill_null(value=False)
    moved = (clock - ahead).zip_with(told, assumed).zip_with(bare, clock)
    marks = [(gaps & bare & moved.is_null(), times.SKIPPED), (gaps & inferred, times.INFERRED)]
    if local.zoneless:
        marks.append((gaps & bare & ~told, times.ASSUMED))
    return when.zip_with(~gaps, moved), marks


def _device(pieces: list[Piece], base: pl.DataFrame, messages: pl.Series | None) -> pl.DataFrame:
    """One table's rows out of all rules that feed it: each column is made once."""
    kinds: dict[str, str] = {}
    for rule, _, _ in pieces:
        kinds.update(rule.kinds)
    at = pl.Series([i for _, its, _ in pieces for i in its], dtype=pl.UInt32)
    kept = base.select(
        "_record",
        pl.col("TimeGenerated").alias("Timestamp"),
        "TimeGenerated",
        *([pl.col("Computer").alias("DeviceName")] if "Computer" in base.columns else []),
        "ReportId",
        "_time_note",
    )[at]
    flat = all(fields.flat for _, _, fields in pieces)
    columns = []
    for name, kind in kinds.items():
        if name in kept.columns:
            continue
        values: list[Any] = []
        empty = "" if kind in TEXT else None
        for rule, its, fields in pieces:
            column = rule.columns.get(name)
            if column is None:
                values += [empty] * fields.count
            else:
                values += column.make(fields, _messages_of(messages, its))
        columns.append(typed(name, values, kind, flat=flat))
    return kept.hstack(filled(pl.DataFrame(columns)) if columns else [])


def _messages_of(messages: pl.Series | None, at: list[int]) -> Callable[[str], Sequence[Any]]:
    def read(_name: str) -> list[Any]:
        return [None] * len(at) if messages is None else messages.gather(at).to_list()

    return read
