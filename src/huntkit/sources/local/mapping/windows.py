"""Windows events to WindowsEvent, SecurityEvent and the Device tables."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import polars as pl

from huntkit.sources.local import schemas
from huntkit.sources.local.mapping import rules, times
from huntkit.sources.local.mapping.layouts import Events, Row
from huntkit.sources.local.mapping.rules import Rule
from huntkit.sources.local.mapping.series import bags, integers, texts, typed
from huntkit.sources.local.mapping.values import Memo, keywords

Frames = list[tuple[str, pl.DataFrame]]
_NAMES = {0: "LogAlways", 1: "Critical", 2: "Error", 3: "Warning", 4: "Information", 5: "Verbose"}
_LEVELS = {name.lower(): level for level, name in _NAMES.items()}
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")
_NEW_COLUMNS = 400
_TARGET_EVENTS = frozenset({4624, 4625, 4634, 4647, 4768, 4769, 4770, 4771, 4776})
_BASE = (
    "Provider",
    "Channel",
    "Computer",
    "EventID",
    "EventLevel",
    "EventLevelName",
    "EventRecordId",
    "Task",
    "Opcode",
    "Keywords",
    "Version",
    "Correlation",
    "SystemUserId",
    "SystemProcessId",
    "SystemThreadId",
    "RenderedDescription",
)


@dataclass(slots=True)
class Memory:
    """What one file has taught so far."""

    clock: times.Clock = field(default_factory=times.Clock)
    offset: Any = None
    offset_sure: bool = False
    new_columns: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Group:
    """Events of one class: same channel, provider and id."""

    at: list[int]
    rows: list[Row]
    event: int
    channel: str
    provider: str


@cache
def _security_kinds() -> dict[str, str]:
    return schemas.known("SecurityEvent") or {}


@cache
def _activities() -> dict[int, str]:
    return {int(event): str(text) for event, text in rules.data("activities").items()}


def frames(events: Events, memory: Memory) -> Frames:
    """All tables that these events feed."""
    base = _base(events, memory)
    groups = _groups(events, base)
    found: Frames = []
    if "WindowsEvent" not in events.layout.gives:
        found.append(("WindowsEvent", base.drop("ReportId")))
    if "SecurityEvent" not in events.layout.gives:
        security = [group for group in groups if group.channel == "security"]
        if security:
            found.append(("SecurityEvent", _security(security, base, memory)))
    plan: dict[str, list[tuple[Rule, _Group]]] = {}
    for group in groups:
        for rule in _rules_of(group.channel, group.provider, group.event):
            let = rule.rows_of(group.rows)
            part = group if let is None else _subset(group, let)
            if part.rows:
                plan.setdefault(rule.table, []).append((rule, part))
    messages = events.system.get("RenderedDescription")
    for table, pieces in plan.items():
        found.append((table, _device(pieces, base, messages)))
    return found


def _subset(group: _Group, let: list[int]) -> _Group:
    at = [group.at[i] for i in let]
    rows = [group.rows[i] for i in let]
    return _Group(at, rows, group.event, group.channel, group.provider)


_EVENT_RULES: dict[tuple[str, str, int], tuple[Rule, ...]] = {}


def _rules_of(channel: str, provider: str, event: int) -> tuple[Rule, ...]:
    key = (channel, provider, event)
    found = _EVENT_RULES.get(key)
    if found is None:
        found = tuple(
            rule
            for family in rules.families()
            if channel in family.channels or provider in family.providers
            for rule in family.by_event.get(event, ())
        )
        if len(_EVENT_RULES) < 20_000:  # hostile names may not fill the memory
            _EVENT_RULES[key] = found
    return found


def _system(name: str, values: Sequence[Any]) -> pl.Series:
    if name == "Keywords":
        memo = Memo(keywords)
        try:
            return texts(name, [memo[value] for value in values])
        except TypeError:
            return texts(name, [keywords(value) for value in values])
    if name in {"EventID", "EventLevel", "Task", "Version", "SystemProcessId", "SystemThreadId"}:
        return integers(name, values, small=True)
    if name == "EventRecordId":
        try:
            return pl.Series(name, values, dtype=pl.Int64).cast(pl.String).fill_null("")
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            return texts(name, values)
    return texts(name, values)


def _base(events: Events, memory: Memory) -> pl.DataFrame:
    """The WindowsEvent rows, one per record and in their order."""
    count = len(events.data)
    when, note = _when(events, memory)
    columns = [pl.Series("_record", events.numbers, dtype=pl.Int64), when.rename("TimeGenerated")]
    for name in _BASE:
        if name in events.system:
            columns.append(_system(name, events.system[name]))
        elif name in events.layout.defaults:
            columns.append(pl.Series(name, [events.layout.defaults[name]]).new_from_index(0, count))
    columns.append(bags("EventData", events.data))
    extra = bags("_extra", events.extra)
    if (extra != "").any():
        columns.append(extra)
    columns.append(note)
    frame = pl.DataFrame(columns)
    frame = _fill_defaults(frame, events.layout.defaults)
    return _levels(frame)


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


def _when(events: Events, memory: Memory) -> tuple[pl.Series, pl.Series]:
    """Each event's time in UTC and its mark: its own clock, else a local one, else a receiver's."""
    count = len(events.data)
    read = [(kind, texts("t", values)) for kind, values in events.clocks]
    own = [times.parse_times(text) for kind, text in read if kind == "own"]
    when = _coalesce(own, count)
    local = next((text for kind, text in read if kind == "local"), None)
    marks: list[tuple[pl.Series, str]] = []
    if local is not None and (when.null_count() or not memory.offset_sure):
        received = [text for kind, text in read if kind == "receiving"]
        when, mark = _from_local(when, local, received, memory)
        marks.append(mark)
    if when.null_count():
        late = [times.parse_times(text) for kind, text in read if kind == "receiving"]
        filled = _coalesce([when, *late], count)
        marks.append((when.is_null() & filled.is_not_null(), times.RECEIVING))
        when = filled
    return when, times.notes(count, marks)


def _from_local(
    when: pl.Series, local: pl.Series, received: Sequence[pl.Series], memory: Memory
) -> tuple[pl.Series, tuple[pl.Series, str]]:
    """Fill the gaps from a bare local clock, whose zone the file itself may betray."""
    clock, bare = times.parse_both(local)
    naive = clock.set(~bare, None)
    offset = times.offset_of(naive, when)
    if offset is not None:
        memory.offset, memory.offset_sure = offset, True
    elif memory.offset is None:
        for text in received:
            late, zoneless = times.parse_both(text)
            memory.offset = times.offset_of(naive, late.set(zoneless, None))
            if memory.offset is not None:
                break
    gaps = when.is_null() & clock.is_not_null()
    if not gaps.any():
        return when, (gaps, "")
    if memory.offset is not None:
        moved, note = clock - memory.offset, times.INFERRED
    else:
        zone = memory.clock.zone_name()
        moved = times.localise(clock.dt.replace_time_zone(None), zone)
        note = times.ASSUMED
    moved = moved.zip_with(bare, clock)
    return when.zip_with(~gaps, moved), (gaps & bare, note)


def _groups(events: Events, base: pl.DataFrame) -> list[_Group]:
    """The events by class: channel, provider and id."""
    count = len(events.data)

    def column(name: str) -> list[Any]:
        return base[name].to_list() if name in base.columns else [""] * count

    found: dict[tuple[str, str, int | None], list[int]] = {}
    keys = zip(column("Channel"), column("Provider"), column("EventID"), strict=True)
    for at, key in enumerate(keys):
        if key in found:
            found[key].append(at)
        else:
            found[key] = [at]
    data = events.data
    return [
        _Group(at, [data[i] for i in at], event or 0, channel.lower(), provider.lower())
        for (channel, provider, event), at in found.items()
    ]


def _device(
    pieces: list[tuple[Rule, _Group]], base: pl.DataFrame, messages: list[Any] | None
) -> pl.DataFrame:
    """One table's rows out of all rules that feed it: each column is made once."""
    names: dict[str, str] = {}
    for rule, _ in pieces:
        names.update(rule.kinds)
    columns = []
    for name, kind in names.items():
        values: list[Any] = []
        for rule, group in pieces:
            make = rule.columns.get(name)
            if make is None:
                values += [None] * len(group.rows)
            else:
                values += make(group.rows, _reader_of(messages, group.at))
        columns.append(typed(name, values, kind))
    at = pl.Series([i for _, group in pieces for i in group.at], dtype=pl.UInt32)
    kept = base.select(
        "_record",
        pl.col("TimeGenerated").alias("Timestamp"),
        "TimeGenerated",
        *([pl.col("Computer").alias("DeviceName")] if "Computer" in base.columns else []),
        "ReportId",
        "_time_note",
    )[at]
    own = [column for column in columns if column.name not in kept.columns]
    return kept.with_columns(own)


def _reader_of(messages: list[Any] | None, at: list[int]) -> Any:
    def read(_name: str) -> list[Any]:
        return [None] * len(at) if messages is None else [messages[i] for i in at]

    return read


_SYSTEM = frozenset({*_BASE, "TimeGenerated", "Level", "Activity", "EventData", "Account",
                     "AccountType", "EventSourceName", "Type", "Process", "SubjectAccount",
                     "TargetAccount", "LogonTypeName", "ReportId"})  # fmt: skip


def _security(groups: list[_Group], base: pl.DataFrame, memory: Memory) -> pl.DataFrame:
    """SecurityEvent: the event's own fields as columns, beside what Sentinel's agent adds."""
    at = pl.Series([i for group in groups for i in group.at], dtype=pl.UInt32)
    kinds = _security_kinds()
    per_group = [set().union(*group.rows) for group in groups]
    names = sorted(name for name in set().union(*per_group) if _takes(name, kinds, memory))
    columns = []
    for name in names:
        values: list[Any] = []
        for group, present in zip(groups, per_group, strict=True):
            if name in present:
                values += [row.get(name) for row in group.rows]
            else:
                values += [None] * len(group.rows)
        columns.append(typed(name, values, kinds.get(name, "string")))
    wanted = [
        n
        for n in base.columns
        if n not in ("EventData", "ReportId", "RenderedDescription", "_extra")
    ]
    frame = base.select(wanted)[at].rename({"Provider": "EventSourceName"}, strict=False)
    if "EventLevel" in frame.columns:
        frame = frame.with_columns(
            pl.col("EventLevel").cast(pl.String).fill_null("").alias("Level")
        )
        frame = frame.drop("EventLevel")
    activity = [_activities().get(group.event) for group in groups]
    labels: list[str] = []
    for group, text in zip(groups, activity, strict=True):
        labels += [f"{group.event} - {text}" if text else str(group.event)] * len(group.rows)
    made = pl.Series("Activity", labels, dtype=pl.String)
    frame = frame.with_columns(made, *(c for c in columns if c.name not in frame.columns))
    return _accounts(frame)


def _takes(name: str, kinds: dict[str, str], memory: Memory) -> bool:
    """Whether an event's field becomes a column; odd and endless names stay in the bag."""
    if name in _SYSTEM or not isinstance(name, str) or name.startswith("_"):
        return False
    if name in kinds or name in memory.new_columns:
        return True
    if len(memory.new_columns) >= _NEW_COLUMNS or not _FIELD.match(name):
        return False
    memory.new_columns.add(name)
    return True


def _accounts(frame: pl.DataFrame) -> pl.DataFrame:
    """Account, AccountType, SubjectAccount, TargetAccount and Process, as Sentinel writes them."""

    def text(name: str) -> pl.Expr:
        return pl.col(name) if name in frame.columns else pl.lit("")

    def account(side: str) -> pl.Expr:
        user, domain = text(f"{side}UserName"), text(f"{side}DomainName")
        return (
            pl.when(user == "").then(pl.lit(""))
            .when(domain == "").then(user)
            .otherwise(domain + "\\" + user)
        )  # fmt: skip

    made = frame.with_columns(
        account("Subject").alias("SubjectAccount"), account("Target").alias("TargetAccount")
    )
    subject, target = pl.col("SubjectAccount"), pl.col("TargetAccount")
    nothing = ("", "-\\-", "-")
    targeted = pl.col("EventID").is_in(list(_TARGET_EVENTS))
    use_target = (targeted & ~target.is_in(nothing)) | subject.is_in(nothing)
    made = made.with_columns(pl.when(use_target).then(target).otherwise(subject).alias("Account"))
    process = [text("NewProcessName"), text("ProcessName")]
    path = pl.when(process[0] != "").then(process[0]).otherwise(process[1])
    return made.with_columns(
        pl.when(pl.col("Account").is_in(nothing)).then(pl.lit(""))
        .when(pl.col("Account").str.ends_with("$")).then(pl.lit("Machine"))
        .otherwise(pl.lit("User")).alias("AccountType"),
        path.str.split("\\").list.last().fill_null("").alias("Process"),
    )  # fmt: skip
