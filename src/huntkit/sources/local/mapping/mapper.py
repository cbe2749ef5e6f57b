"""The mapper of one source file: batches of records to tables."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import polars as pl

from huntkit.formats.batch import Batch
from huntkit.sources.local.mapping import (
    azure,
    dates,
    detections,
    exports,
    headers,
    linux,
    records,
    rules,
    sessions,
    sshd,
    targets,
    windows,
)
from huntkit.sources.local.mapping.azure import Diagnostics
from huntkit.sources.local.mapping.collect import BYTES, Collector
from huntkit.sources.local.mapping.dates import DayOrder, Waiting
from huntkit.sources.local.mapping.doubts import Doubt, Doubts, noted
from huntkit.sources.local.mapping.layouts import Layout, layouts, unwrapped
from huntkit.sources.local.mapping.rules import Family
from huntkit.sources.local.mapping.series import filled, listed, texts
from huntkit.sources.local.mapping.times import ASSUMED, ORDER_ASSUMED, Clock

Frames = list[tuple[str, pl.DataFrame]]
Row = dict[str, Any]
Columns = Mapping[str, Sequence[Any]]
Group = tuple[Layout | None, list[Row], list[int]]
_SLICE = 512
_STEP = (
    2_048  # events between two looks at whether there are enough; few, since batches are cut there
)
_BATCHES = 4
_FEW = 32
FREE_TEXT = "Text"
_W3C = frozenset({"iis", "firewall", "w3c", "weberror"})
_SESSIONS = ("Zeek_conn", "Zeek_dns", "Zeek_http")


class _Others:
    """Records that are no Windows events, until there are enough for frames of a good size."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.numbers: list[int] = []
        self._batches = 0

    def full(self, batch_rows: int) -> bool:
        """After a few batches; at once where a batch of few rows says that they are large."""
        self._batches += bool(self.rows)
        return self._batches >= _BATCHES or batch_rows < _FEW

    def take(self) -> tuple[list[Row], list[int]]:
        """All of them; then there are none."""
        found = self.rows, self.numbers
        self.rows, self.numbers, self._batches = [], [], 0
        return found


class Mapper:
    """Maps the batches of one source file, in their order, to known tables.

    Args:
        name: the file's name, as the user sees it.
        clock: what to assume for times without zone or year.
    """

    def __init__(self, *, name: str, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._shapes = targets.Shapes(name)
        self._memory = windows.Memory(clock=self._clock)
        self._collectors: dict[str, Collector] = {}
        self._likely: Layout | None = None
        self._others = _Others()
        self._syslog = linux.SyslogClock(self._clock)
        self._order = DayOrder(day_first=self._clock.day_first)
        self._slashed: set[str] = set()  # clocks of events that may be written so
        self._doubts = Doubts()
        self._waiting = Waiting(self._order)
        self._seen = detections.Seen()
        self._ssh = sshd.SshLogons()
        self._sessions = sessions.Sessions()

    def map(self, batch: Batch) -> Frames:
        """The tables that are ready; events are held until there are thousands, others for a while.

        Takes the batch's records over: they are changed. Every record lands in a table.
        """
        found: Frames = []
        for each in self._waiting.take(batch):
            found += self._mapped(each)
        return found

    def _mapped(self, batch: Batch) -> Frames:
        found = self._doubts.stamp(self._tables(batch))
        if found:  # else all still wait
            self._doubts.forget(n for each in self._collectors.values() for n in each.numbers)
            found += _logons("ssh_logon", *self._ssh.of(found))
        return found

    def _tables(self, batch: Batch) -> Frames:
        if batch.table is not None:
            return self._columnar(batch, batch.table)
        if batch.columns is not None:
            return self._columns(batch, batch.columns)
        family = _by_kind(batch.kind)
        rows, numbers = batch.records or [], list(batch.numbers)
        if batch.kind == "text":
            return _free_text(rows, numbers)
        if batch.kind == "w3c":
            return self._w3c(rows, numbers)
        if family is not None:
            return self._family(family, rows, numbers, kind=batch.kind)
        found: Frames = []
        others = self._others
        for start in range(0, len(rows), _SLICE):
            end = start + _SLICE
            found += self._events(rows[start:end], numbers[start:end], others.rows, others.numbers)
        if others.full(len(rows)):
            found += self._rest(*others.take())
        return found

    def finish(self) -> Frames:
        """What was held back until the end of the file."""
        found: Frames = []
        for batch in self._waiting.rest():
            found += self._mapped(batch)
        rest = self._doubts.stamp(self._rest(*self._others.take()))
        found += rest + _logons("ssh_logon", *self._ssh.of(rest))
        found += _logons("ssh_logon", *self._ssh.rest())
        for collector in self._collectors.values():
            found += self._doubts.stamp(self._flushed(collector))
        return found

    def _events(
        self, rows: list[Row], numbers: list[int], others: list[Row], their: list[int]
    ) -> Frames:
        """Windows events go to their collectors, what is none to the others."""
        found: Frames = []
        for layout, some, some_numbers in _by_layout(rows, numbers, self._likely):
            if layout is None:
                others += some
                their += some_numbers
                continue
            self._likely = layout
            if layout.gives:
                table = next(iter(layout.gives))
                found += self._table(table, targets.columns_of(some), some_numbers)
            if layout.name == "hayabusa":
                found += self._hayabusa(layout, some, some_numbers)
                continue
            if layout.name == "evtx":
                found += _chainsaw(some, some_numbers, self._order)
            found += self._collect(layout, some, some_numbers)
        return found

    def _hayabusa(self, layout: Layout, rows: list[Row], numbers: list[int]) -> Frames:
        """Detections, and the events that they are about, each once."""
        named = [detections.hayabusa(row) for row in rows]
        family = _by_kind("hayabusa")
        order = self._order
        found = records.frames(family, named, numbers, order=order) if family is not None else []
        new = [
            (row, number)
            for row, number in zip(named, numbers, strict=True)
            if self._seen.first(row)
        ]
        return found + self._collect(layout, [row for row, _ in new], [n for _, n in new])

    def _collect(self, layout: Layout, rows: list[Row], numbers: list[int]) -> Frames:
        if not rows:
            return []
        collector = self._collectors.get(layout.name)
        if collector is None:
            collector = self._collectors[layout.name] = Collector(layout)
        found: Frames = []
        start = 0
        while start < len(rows):  # never over a multiple of _STEP: see _is_full
            end = start + _STEP - len(collector.numbers) % _STEP
            events = layout.read(rows[start:end], numbers[start:end])
            for (rank, _, name), values in events.clocks.items():  # now, while they are warm
                if rank and name not in self._slashed and dates.may_be_slashed(values):
                    self._slashed.add(name)
            collector.add(events)
            if self._is_full(collector):
                found += self._flushed(collector)
            start = end
        return found

    def _is_full(self, collector: Collector) -> bool:
        """Enough events for frames, after a number that does not depend on the batches' cuts.

        What the events of a frame tell of their clocks is known to them and to those that follow.
        Only events that would fill the memory don't wait for their number.
        """
        if len(collector.numbers) % _STEP and collector.bytes < 2 * BYTES:
            return False
        told = self._memory.zones_of(collector.layout).is_told
        return collector.full(patient=not told)

    def _flushed(self, events: Collector) -> Frames:
        """The tables of collected events, the month put first in their clocks."""
        for (_, _, name), values in events.clocks.items():
            if name not in self._slashed:
                continue
            settled, doubtful = self._order.settle(name, text := texts(name, values))
            if settled is not text:
                values[:] = settled.to_list()
            if doubtful is not None:
                doubt = Doubt(doubtful, ORDER_ASSUMED, name, text)
                self._doubts.add(events.numbers[: len(values)], doubt)
        return windows.frames(events, self._memory)

    def _family(
        self, family: Family, rows: list[Row], numbers: list[int], *, kind: str = ""
    ) -> Frames:
        if kind == "auditd":
            rows = [linux.audit_row(row) for row in rows]
        elif kind == "syslog":
            inner = self._inside(rows, numbers, "message")
            for row in rows:
                self._syslog.stamp(row)
            return records.frames(family, rows, numbers, order=self._order) + inner
        elif kind in _W3C:
            self._stamp_w3c(rows)
        elif kind in {"cef", "leef"}:
            for row in rows:
                around = row.get("Syslog")
                if isinstance(around, dict):
                    self._syslog.stamp(around)
                    row["_when"], row["_note"] = around.pop("_when"), around.pop("_note")
        return records.frames(family, rows, numbers, order=self._order)

    def _stamp_w3c(self, rows: list[Row]) -> None:
        """Add ``_when`` and ``_note``; what they were made of goes."""
        for row in rows:
            self._syslog.stamp(row)
            spent = ("timestamp", "year_missing", "zone_missing")
            for name in (*spent, "date", "time") if row["_when"] else spent:
                row.pop(name, None)

    def _w3c(self, rows: list[Row], numbers: list[int]) -> Frames:
        """Logs in W3C's format that no mapping file is for: the fields, with their time."""
        self._stamp_w3c(rows)
        notes = [row.pop("_note") for row in rows]
        plain = [{"TimeGenerated": row.pop("_when"), **row} for row in rows]
        found = self._table(self._shapes.own_table, targets.columns_of(plain), numbers)
        marked = pl.Series(
            [n for n, note in zip(numbers, notes, strict=True) if note], dtype=pl.Int64
        )
        return [
            (table, noted(frame, [Doubt(frame["_record"].is_in(marked.implode()), ASSUMED)]))
            for table, frame in found
        ]

    def _inside(self, rows: Sequence[Row], numbers: Sequence[int], field: str) -> Frames:
        """Tables of the events that syslog messages carry."""
        events, audits = linux.inner_events(rows, numbers, field)
        found: Frames = []
        if events:
            found += self._events([row for row, _ in events], [n for _, n in events], [], [])
        family = _by_kind("auditd")
        if audits and family is not None:
            found += self._family(
                family, [row for row, _ in audits], [n for _, n in audits], kind="auditd"
            )
        return found

    def _rest(self, rows: list[Row], numbers: list[int]) -> Frames:
        groups: dict[str, tuple[Family | Diagnostics | str, list[Row], list[int]]] = {}
        for row, number in zip(rows, numbers, strict=True):
            target = self._shapes.target(row)
            key = target if isinstance(target, str) else f" {target.name}"
            _, some, their = groups.setdefault(key, (target, [], []))
            some.append(row)
            their.append(number)
        found: Frames = []
        for target, some, their in groups.values():
            if isinstance(target, Family):
                found += self._family(target, some, their)
                continue
            if isinstance(target, Diagnostics):
                found += self._diagnostics(target.table, some, their)
                continue
            is_osquery = target.startswith("Osquery_")
            plain, places = _osquery(some, their) if is_osquery else (some, their)
            found += self._table(target, targets.columns_of(plain), places)
            if is_osquery:
                found += _logons("osquery_logon", *self._sessions.of(target, plain, places))
            if target == "Syslog":
                found += self._inside(some, their, "SyslogMessage")
        return found

    def _diagnostics(self, table: str, rows: list[Row], numbers: list[int]) -> Frames:
        """Records of Azure's diagnostic settings, all of one table."""
        family = _by_kind("azure_activity")
        if table == azure.ACTIVITY and family is not None:
            plain = [azure.activity_row(row) for row in rows]
            return records.frames(family, plain, numbers, order=self._order)
        plain, rests = azure.taken(table, rows)
        columns = targets.columns_of(plain)
        frame = exports.frame_of(table, columns, numbers, self._clock, infer_texts=False)
        return [(table, azure.typed_rows(frame, rests))]

    def _columnar(self, batch: Batch, table: pl.DataFrame) -> Frames:
        """A columnar file keeps its types, unless its rows are events or a family's records."""
        row = {
            column.name: each[0] for column in table.iter_columns() if (each := listed(column[:1]))
        }
        target = self._shapes.target(row) if row else self._shapes.own_table
        known = isinstance(target, str) and not target.startswith(
            ("Osquery_", "Zeek_", "Suricata_")
        )
        naming = {name: listed(table[name]) for name in exports.NAMING if name in table.columns}
        known = known and not exports.names_several(naming)
        head = {each.name: _sample(listed(each[:_SLICE])) for each in table.iter_columns()}
        if known and target != "Syslog" and _layout_of(head) is None and unwrapped(row) is None:
            columns = {column.name: column for column in table.iter_columns()}
            numbers = list(batch.numbers)
            frame = exports.frame_of(str(target), columns, numbers, self._clock, order=self._order)
            return [(str(target), frame)]
        return self._columns(
            batch, {column.name: listed(column) for column in table.iter_columns()}
        )

    def _columns(self, batch: Batch, columns: dict[str, list[Any]]) -> Frames:
        """A table's columns, whose names say what it is."""
        numbers = list(batch.numbers)
        path = batch.context.get("path")
        if batch.kind == "zeek" and isinstance(path, str) and path:
            return self._table(f"Zeek_{exports.identifier(path)}", columns, numbers)
        named, doubts = headers.without_zones(columns, self._clock, self._order)
        for doubt in doubts:
            self._doubts.add(numbers, doubt)
        return self._named(named, numbers)

    def _named(self, columns: Columns, numbers: list[int]) -> Frames:
        layout = _layout_of({name: _sample(values) for name, values in columns.items()})
        if layout is None:
            if exports.names_several(columns):
                return self._rest(_rows(columns), numbers)
            rows = [dict(zip(columns, each, strict=True)) for each in _first(columns)]
            target = self._shapes.target(rows[0]) if rows else self._shapes.own_table
            if rows and unwrapped(rows[0]) is not None:
                return self._unwrapped(_rows(columns), numbers)
            if isinstance(target, str) and not target.startswith("Osquery_"):
                found = self._table(target, columns, numbers)
                if target == "Syslog":
                    found += self._inside(_rows(columns), numbers, "SyslogMessage")
                return found
            return self._rest(_rows(columns), numbers)
        found = []
        if layout.gives:
            found += self._table(next(iter(layout.gives)), columns, numbers)
        filled = [{k: v for k, v in row.items() if v not in (None, "")} for row in _rows(columns)]
        collect = self._hayabusa if layout.name == "hayabusa" else self._collect
        for start in range(0, len(filled), _SLICE):
            end = start + _SLICE
            found += collect(layout, filled[start:end], numbers[start:end])
        return found

    def _unwrapped(self, rows: list[Row], numbers: list[int]) -> Frames:
        others: list[Row] = []
        their: list[int] = []
        found = self._events(rows, numbers, others, their)
        return found + self._rest(others, their)

    def _table(self, table: str, columns: Columns, numbers: list[int]) -> Frames:
        if table.startswith("Zeek_"):
            return self._zeek(table, columns, numbers)
        frame = exports.frame_of(table, columns, numbers, self._clock, order=self._order)
        if table.startswith("Osquery_"):
            frame = exports.with_time(frame, columns["TimeGenerated"])
        elif table.startswith("Suricata_") and "timestamp" in columns:
            frame = exports.with_time(frame, columns["timestamp"])
        return [(table, frame)]

    def _zeek(self, table: str, columns: Columns, numbers: list[int]) -> Frames:
        renamed = {name.replace(".", "_"): values for name, values in columns.items()}
        frame = exports.frame_of(table, renamed, numbers, self._clock, infer_texts=False)
        if "ts" in renamed:
            frame = exports.with_time(frame, renamed["ts"])
        found = [(table, frame)]
        sessions = _by_kind("zeek_session")
        if table in _SESSIONS and sessions is not None:
            path = table.removeprefix("Zeek_")
            own = {"_path": path, "_application": "" if path == "conn" else path}
            rows = [{**row, **own} for row in _rows(renamed)]
            found += records.frames(sessions, rows, numbers, order=self._order)
        return found


def _osquery(rows: Sequence[Row], numbers: Sequence[int]) -> tuple[list[Row], list[int]]:
    """The rows of results; those of one record share its number."""
    found = [
        (one, number)
        for row, number in zip(rows, numbers, strict=True)
        for one in targets.osquery_rows(row)
    ]
    return [one for one, _ in found], [number for _, number in found]


def _free_text(rows: Sequence[Row], numbers: Sequence[int]) -> Frames:
    """Lines of no known kind, of all files in one table: a name for each would tell nothing."""
    if not rows:
        return []
    lines = filled(pl.DataFrame([texts("Text", [row.get("Text") for row in rows])]))
    record = pl.Series("_record", numbers, dtype=pl.Int64)
    return [(FREE_TEXT, lines.insert_column(0, record))]


def _logons(kind: str, rows: list[Row], numbers: list[int]) -> Frames:
    """What other rows tell of logons; none that way has a family of its own."""
    family = _by_kind(kind) if rows else None
    return [] if family is None else records.frames(family, rows, numbers)


@cache
def _by_kind(kind: str) -> Family | None:
    return next((each for each in rules.families() if kind in each.batch_kinds), None)


def _rows(columns: Columns) -> list[Row]:
    return [dict(zip(columns, each, strict=True)) for each in zip(*columns.values(), strict=True)]


def _first(columns: Columns) -> Iterable[tuple[Any, ...]]:
    return [tuple(values[0] for values in columns.values())] if all(columns.values()) else []


def _sample(values: Sequence[Any]) -> Any:
    """The first object among the first values, else the first value."""
    return next(
        (each for each in values[:_SLICE] if isinstance(each, dict)), next(iter(values), None)
    )


def _layout_of(row: Mapping[str, Any]) -> Layout | None:
    return next((each for each in layouts() if each.fits(row)), None)


def _bared(row: Row) -> list[Row]:
    """The events inside a record of a product that wraps them; most have one."""
    found = []
    for one in detections.aggregated(row) or [row]:
        inner = unwrapped(one)
        if inner is not None:
            found.append(detections.laid_bare(one, inner))
    return found


def _chainsaw(rows: list[Row], numbers: list[int], order: DayOrder) -> Frames:
    """The detections beside events that Chainsaw found; usually there are none."""
    if not any("timestamp" in row for row in rows):
        return []
    told = [(detections.chainsaw(row), number) for row, number in zip(rows, numbers, strict=True)]
    some = [(row, number) for row, number in told if row is not None]
    family = _by_kind("chainsaw")
    if not some or family is None:
        return []
    named, their = [row for row, _ in some], [number for _, number in some]
    return records.frames(family, named, their, order=order)


def _by_layout(rows: list[Row], numbers: list[int], likely: Layout | None) -> list[Group]:
    """The records by the layout that they are written in; None for no Windows event."""
    if likely is not None and likely.fits_all(rows):
        return [(likely, rows, numbers)]
    found: dict[str, Group] = {}
    for row, number in zip(rows, numbers, strict=True):
        layout = _layout_of(row)
        laid = [(row, layout)]
        if layout is None and (events := _bared(row)):
            laid = [(event, _layout_of(event)) for event in events]
        for event, its_layout in laid:
            name = its_layout.name if its_layout else ""
            _, its, their = found.setdefault(name, (its_layout, [], []))
            its.append(event)
            their.append(number)
    return list(found.values())
