"""Take Windows events apart while they are warm; build columns when there are many.

Going through thousands of parsed records column by column costs a cache miss a field; taking each
record apart right after it was parsed does not. So records come in small slices, leave their values
in compact tuples and lists, and become frames every few thousand.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import polars as pl

from huntkit.sources.local.mapping import rules
from huntkit.sources.local.mapping.layouts import Clocked, Events, Layout, Row, dumps_all
from huntkit.sources.local.mapping.rules import Rule
from huntkit.sources.local.mapping.series import LongTexts
from huntkit.sources.local.mapping.values import to_int, to_text
from huntkit.sources.local.mapping.verbs import Fields, reader

ROWS = 16_384
BYTES = 32 << 20
_PATIENCE = 4
_MOST_NAMES = 1_000
MESSAGE = "RenderedDescription"  # long: made a column at once, thousands of such objects cost dear
_REPEATED = frozenset(
    {"Channel", "Provider", "Computer", "SystemUserId", "Opcode", "EventLevel", "Task"}
)
_NESTED = frozenset({list, dict})
_EVERY = 16  # one of so many events shows which texts repeat
_MOST_TEXTS = 20_000
_LONGEST = 200

_RULES: dict[tuple[str, str, int], tuple[Rule, ...]] = {}


def rules_of(channel: str, provider: str, event: int) -> tuple[Rule, ...]:
    """The rules for a class of Windows events; names in lower case."""
    key = (channel, provider, event)
    found = _RULES.get(key)
    if found is None:
        found = tuple(
            rule
            for family in rules.families()
            if channel in family.channels or provider in family.providers
            for rule in family.by_event.get(event, ())
        )
        if len(_RULES) < 20_000:  # hostile names may not fill the memory
            _RULES[key] = found
    return found


@dataclass(slots=True)
class EventClass:
    """Events of one channel, provider and id, and the fields of theirs that tables need."""

    event: int
    security: bool
    rules: tuple[Rule, ...]
    names: list[str]
    known: set[str]
    nested: bool
    flat: bool = True  # no value so far was a list or an object
    at: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)  # of all events, one after another
    _before: list[tuple[int, int, list[Any]]] = field(default_factory=list)

    def learn(self, row: Row) -> None:
        """Security events keep their fields: note the names that are new, within reason."""
        room = max(0, _MOST_NAMES - len(self.names))
        new = [name for name in row if name not in self.known][:room]
        if new:
            self._widen(len(self.at) - 1)
            self.names += new
            self.known.update(new)

    def _widen(self, events: int) -> None:
        """Put the values of so many events by: those that follow have more fields."""
        count = events - sum(count for count, _, _ in self._before)
        if count:
            self._before.append((count, len(self.names), self.values))
            self.values = []

    def fields(self) -> Fields:
        """The kept values by field."""
        self._widen(len(self.at))
        lists: dict[str, list[Any]] = {}
        for place, name in enumerate(self.names):
            column = lists[name] = []
            for count, width, values in self._before:
                column += values[place::width] if place < width else [None] * count
        return Fields(lists, len(self.at), flat=self.flat)


class Collector:
    """The events of one layout since the last flush."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._doubtful = any(kind in ("local", "claimed") for _, kind in layout.time)
        self._texts: dict[Any, str] = {}
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.numbers: list[int] = []
        self.system: dict[str, list[Any]] = {}
        self.clocks: dict[Clocked, list[Any]] = {}
        self.nested: set[str] = set()  # system columns with lists or objects
        self._data = LongTexts()
        self._messages = LongTexts()
        self.extra: list[str | None] = []
        self.classes: dict[tuple[Any, Any, Any], EventClass] = {}

    def full(self, *, patient: bool) -> bool:
        """Enough for frames of a good size, or too much to keep.

        ``patient`` waits longer for the event that says how the file's clock goes.
        """
        wait = patient and self._doubtful and not any(k[1] == "own" for k in self.clocks)
        times = _PATIENCE if wait else 1
        return len(self.numbers) >= ROWS * times or self.bytes >= BYTES

    def add(self, events: Events) -> None:
        """Take a slice of events apart."""
        before = len(self.numbers)
        messages = events.system.pop(MESSAGE, None)
        self._share(events)
        self._sort(events, before)
        self.numbers += events.numbers
        _extend(self.system, events.system, before)
        _extend(self.clocks, events.clocks, before)
        self.extra += events.extra
        self._data.add(dumps_all(events.data))
        if messages is not None:
            self._messages.skip(before - len(self._messages))
            self._messages.add_texts(messages)

    @property
    def bytes(self) -> int:
        """How much text is kept, roughly."""
        return self._data.bytes + self._messages.bytes

    def data(self) -> pl.Series:
        """The events' own fields as JSON; empty where there are none."""
        return self._data.column("EventData")

    def messages(self) -> pl.Series | None:
        """The rendered messages; None if no event had one."""
        if not self._messages:
            return None
        self._messages.skip(len(self.numbers) - len(self._messages))
        return self._messages.column(MESSAGE)

    def column(self, name: str) -> list[Any] | None:
        """A system column, as long as there are events; None if no event had it."""
        return _padded(self.system, name, len(self.numbers))

    def clock(self, key: Clocked) -> list[Any]:
        """A clock's raw values, as long as there are events."""
        return _padded(self.clocks, key, len(self.numbers)) or []

    def _share(self, events: Events) -> None:
        """Hold the system columns' texts once: many events, few computers.

        Each parsed text is an object of its own, and when thousands of them become columns, going
        to each costs more than all else. Only texts are shared: ``True`` is no ``1``.
        """
        shared = self._texts
        if len(shared) > _MOST_TEXTS:
            shared.clear()
        for row in events.data[::_EVERY]:
            shared.update(_short(row.values()))
        for name, values in events.system.items():
            if name not in _REPEATED:
                if not _NESTED.isdisjoint(set(map(type, values))):
                    self.nested.add(name)
                continue
            shared.update(_short(values[::_EVERY]))
            try:
                events.system[name] = list(map(shared.get, values, values))
            except TypeError:  # lists or objects
                self.nested.add(name)

    def _sort(self, events: Events, before: int) -> None:
        default = events.layout.defaults
        channels = events.system.get("Channel") or repeat(default.get("Channel", ""))
        providers = events.system.get("Provider") or repeat(default.get("Provider", ""))
        numbers = events.system.get("EventID") or repeat(0)
        classes = self.classes
        shared = self._texts.get
        keys = zip(channels, providers, numbers, strict=False)
        for at, (key, row) in enumerate(zip(keys, events.data, strict=False), before):
            try:
                found = classes[key]
            except KeyError:
                found = self._class(key, key)
            except TypeError:  # the parts are no plain values
                found = self._class((to_text(key[0]), to_text(key[1]), to_int(key[2])), key)
            found.at.append(at)
            if found.security and not found.known.issuperset(row):
                found.learn(row)
            if found.nested:
                values = [reader(name)(row) for name in found.names]
            elif found.names or found.security:
                values = list(map(row.get, found.names))
            else:
                continue
            kept = found.values
            end = len(kept)
            try:
                kept += map(shared, values, values)
            except TypeError:  # lists or objects
                kept[end:] = values
                found.flat = False

    def _class(self, key: tuple[Any, Any, Any], raw: tuple[Any, Any, Any]) -> EventClass:
        default = self.layout.defaults
        channel = (to_text(raw[0]) or default.get("Channel", "")).lower()
        provider = (to_text(raw[1]) or default.get("Provider", "")).lower()
        event = to_int(raw[2]) or 0
        plain = (channel, provider, event)
        found = self.classes.get(plain)
        if found is None:
            its = rules_of(*plain)
            names = list(dict.fromkeys(name for rule in its for name in rule.needs))
            found = EventClass(
                event=event,
                security=channel == "security" and "SecurityEvent" not in self.layout.gives,
                rules=its,
                names=names,
                known=set(names),
                nested=any("." in name for name in names),
            )
            self.classes[plain] = found
        self.classes[key] = found
        return found

    def groups(self) -> list[EventClass]:
        """The classes that have events, each once."""
        seen: dict[int, EventClass] = {id(each): each for each in self.classes.values()}
        return list(seen.values())


def _short(values: Iterable[Any]) -> dict[str, str]:
    """The texts among them that are worth keeping: long ones could fill the memory."""
    return {each: each for each in values if type(each) is str and len(each) <= _LONGEST}


def _extend(into: dict[Any, list[Any]], new: dict[Any, list[Any]], before: int) -> None:
    for name, values in new.items():
        column = into.get(name)
        if column is None:
            column = into[name] = []
        if len(column) < before:
            column += [None] * (before - len(column))
        column += values


def _padded(columns: dict[Any, list[Any]], name: Any, count: int) -> list[Any] | None:
    column = columns.get(name)
    if column is not None and len(column) < count:
        column += [None] * (count - len(column))
    return column
