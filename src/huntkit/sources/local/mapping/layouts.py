"""How products write the same Windows event: records of any layout to one shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import chain, repeat
from operator import contains, itemgetter
from typing import Any

import orjson

from huntkit.formats.event_xml import BadEvent, parse_event
from huntkit.sources.local.mapping import rules
from huntkit.sources.local.mapping.values import rows_of, to_json
from huntkit.sources.local.mapping.verbs import Reader, reader

Row = dict[str, Any]
Clocked = tuple[int, str, str]
SYSMON_CLOCK: Clocked = (0, "own", "UtcTime")


@dataclass(slots=True)
class Events:
    """Windows events of one layout, field by field.

    Attributes:
        data: each event's own fields.
        system: our column name to raw values.
        extra: what belongs to neither, as JSON text by row.
        clocks: candidate times: (rank, kind, field) to raw values; the lowest rank is best, kind
            is own, local or receiving.
    """

    layout: "Layout"
    numbers: list[int]
    data: list[Row]
    system: dict[str, list[Any]]
    extra: list[str | None]
    clocks: dict[Clocked, list[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """One way to write a Windows event; see ``data/layouts.yaml``."""

    name: str
    needs: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    holds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    data: tuple[str, ...] = ()
    system: dict[str, tuple[str, ...]] = field(default_factory=dict)
    time: tuple[tuple[tuple[str, ...], str], ...] = ()
    shipper: tuple[str, ...] = ()
    shipper_values: dict[str, frozenset[str]] = field(default_factory=dict)
    rest: dict[str, frozenset[str]] = field(default_factory=dict)
    extra: dict[str, tuple[str, ...]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    gives: frozenset[str] = frozenset()
    levels: tuple[str, dict[int, int]] | None = None

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Whether the record is written in this layout.

        Of what `holds` names, the value counts, too: others call a text ``Event``.
        """
        for name in self.needs:
            if name not in row:
                return False
        for name, inner in self.holds.items():
            value = row[name]
            if not isinstance(value, dict) or not all(each in value for each in inner):
                return False
        for name in self.lacks:
            if name in row:
                return False
        return not self.any_of or any(name in row for name in self.any_of)

    def fits_all(self, rows: Sequence[Row]) -> bool:
        """Whether all of the records are."""
        if self.any_of or not all(all(map(contains, rows, repeat(n))) for n in self.needs):
            return False
        for name, inner in self.holds.items():
            values = list(map(itemgetter(name), rows))
            if set(map(type, values)) != {dict}:
                return False
            if not all(all(map(contains, values, repeat(each))) for each in inner):
                return False
        return not any(any(map(contains, rows, repeat(n))) for n in self.lacks)

    def read(self, rows: list[Row], numbers: list[int]) -> Events:
        """Take the records apart. Flat records are emptied on the way: they become the data."""
        if self.data and self.data[0]:
            return _nested(self, rows, numbers)
        return _flat(self, rows, numbers)


def _layout(raw: dict[str, Any]) -> Layout:
    levels = raw.get("levels")
    return Layout(
        name=raw["name"],
        needs=tuple(raw["needs"]),
        lacks=tuple(raw.get("lacks", ())),
        any_of=tuple(raw.get("any", ())),
        holds={name: tuple(inner) for name, inner in raw.get("holds", {}).items()},
        data=tuple(raw.get("data", ())),
        system={name: tuple(fields) for name, fields in raw.get("system", {}).items()},
        time=tuple((tuple(each["field"]), each["kind"]) for each in raw.get("time", ())),
        shipper=tuple(raw.get("shipper", ())),
        shipper_values={k: frozenset(v) for k, v in raw.get("shipper_values", {}).items()},
        rest={name: frozenset(known) for name, known in raw.get("rest", {}).items()},
        extra={name: tuple(fields) for name, fields in raw.get("extra", {}).items()},
        defaults=dict(raw.get("defaults", {})),
        gives=frozenset(raw.get("gives", ())),
        levels=(levels["field"], dict(levels["values"])) if levels else None,
    )


@cache
def layouts() -> tuple[Layout, ...]:
    """All layouts, in the order in which they are tried."""
    return tuple(_layout(raw) for raw in rules.data("layouts"))


def unwrapped(row: Row) -> Row | None:
    """The event in a wrapping that products put around one, or None.

    Chainsaw's ``document.data``, Splunk's ``_raw`` XML, Kibana's columns with dotted names, and
    ``AuditData`` of an export from Office's audit search.
    """
    document = row.get("document")
    if isinstance(document, dict):
        data = document.get("data")
        if isinstance(data, dict) and "Event" in data:
            return {**{k: v for k, v in row.items() if k != "document"}, **data}
    raw = row.get("_raw")
    if isinstance(raw, str) and raw.lstrip()[:6] == "<Event":
        event = xml_event(raw)
        if event is not None:
            return {**{k: v for k, v in row.items() if k != "_raw"}, **event}
    audit = row.get("AuditData")
    if isinstance(audit, str) and audit.lstrip()[:1] == "{":
        return _audit_data(row, audit)
    if "winlog.event_id" in row or "winlog.channel" in row:
        return _undotted(row)
    return None


def _audit_data(row: Row, text: str) -> Row | None:
    """The record that Office's audit search gives as text; its own columns only repeat it."""
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(record, dict) or not {"CreationTime", "Operation"} <= record.keys():
        return None
    return {**{f"Export{k}": v for k, v in row.items() if k != "AuditData" and v}, **record}


def _undotted(row: Row) -> Row:
    found: Row = {}
    for name, value in row.items():
        *parents, last = name.split(".")
        here = found
        for parent in parents[:8]:
            inner = here.setdefault(parent, {})
            if not isinstance(inner, dict):
                break
            here = inner
        else:
            here[last] = value
            continue
        found[name] = value
    return found


def _present(rows: Sequence[Row]) -> set[str]:
    return set().union(*rows)


def _gather(columns: dict[str, list[Any]], count: int) -> list[Row]:
    """Rows out of columns, without what is None."""
    full = {name: values for name, values in columns.items() if None not in values}
    names = tuple(full)
    rows: list[Row]
    if full:
        rows = [dict(zip(names, each, strict=True)) for each in zip(*full.values(), strict=True)]
    else:
        rows = [{} for _ in range(count)]
    for name, values in columns.items():
        if name not in full:
            for row, value in zip(rows, values, strict=True):
                if value is not None:
                    row[name] = value
    return rows


def dumps_all(rows: Sequence[Row]) -> list[bytes]:
    """Each row as JSON; an empty one as nothing."""
    dumps = orjson.dumps
    try:
        return [dumps(row) if row else b"" for row in rows]
    except (TypeError, ValueError, RecursionError):
        return [to_json(row).encode() if row else b"" for row in rows]


def _shipped(columns: dict[str, list[Any]], unique: frozenset[str], count: int) -> list[str | None]:
    """What a shipper added, as JSON by row.

    All but the times repeat from event to event, so their text is made once per combination.
    """
    same: Row = {}
    few: dict[str, list[Any]] = {}
    many: dict[str, list[Any]] = {}
    for name, values in columns.items():
        first = values[0]
        if name in unique:
            many[name] = values
        elif (
            first is not None
            and values.count(first) == count
            and not isinstance(first, int | float)
        ):
            same[name] = first
        else:
            few[name] = values
    names = tuple(few)

    def write(key: tuple[Any, ...]) -> str:
        pairs = zip(names, key, strict=True)
        row = {**same, **{name: value for name, value in pairs if value is not None}}
        return to_json(row)[:-1]

    heads = rows_of(few.values(), write) if few else [write(())] * count
    return [
        head + tail if head != "{" else (None if tail == "}" else head + tail[1:])
        for head, tail in zip(heads, _tails(many, count), strict=True)
    ]


def _tails(columns: dict[str, list[Any]], count: int) -> list[str]:
    """The rest of a JSON object, from the comma on."""
    if not columns:
        return ["}"] * count
    if all(_is_plain(values) for values in columns.values()):
        form = "".join(f',"{name}":"%s"' for name in columns) + "}"
        return [form % each for each in zip(*columns.values(), strict=True)]
    return ["," + to_json(row)[1:] if row else "}" for row in _gather(columns, count)]


def _is_plain(values: list[Any]) -> bool:
    """Texts that JSON writes as they are."""
    try:
        text = "".join(values)
    except TypeError:
        return False
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


@dataclass(frozen=True, slots=True)
class _Plan:
    """What of a layout's fields records have that have these fields at all."""

    system: dict[str, list[str]]  # by column, the fields that may fill it
    timed: frozenset[str]
    shippers: list[str]
    taken: list[str]
    clocks: list[Clocked]


@cache
def _known(layout: Layout) -> frozenset[str]:
    """All fields that a flat layout asks for."""
    named = [*layout.system.values(), *(fields for fields, _ in layout.time), layout.shipper]
    known = {*chain(*named), *layout.shipper_values, SYSMON_CLOCK[2]}
    return frozenset(known | {layout.levels[0]} if layout.levels else known)


@lru_cache(maxsize=512)
def _plan(layout: Layout, present: frozenset[str]) -> _Plan:
    system = {
        name: there
        for name, fields in layout.system.items()
        if (there := [each for each in fields if each in present])
    }
    clocks = [
        (rank, kind, name)
        for rank, (fields, kind) in enumerate(layout.time, 1)
        for name in fields
        if name in present
    ]
    timed = frozenset(name for _, _, name in clocks)
    shippers = [name for name in layout.shipper if name in present]
    shippers += sorted(timed.difference(shippers))
    taken = list(dict.fromkeys([*(there[0] for there in system.values()), *shippers]))
    return _Plan(system, timed, shippers, taken, clocks)


def _flat(layout: Layout, rows: list[Row], numbers: list[int]) -> Events:
    if layout.data:  # flat, with a part of the event's fields in one text
        _unfold(rows, layout.data[1:])
    present = _known(layout).intersection(_present(rows))
    plan = _plan(layout, present)
    taken = _take(rows, plan.taken)
    shipped = {name: taken[name] for name in plan.shippers}
    columns = {name: _or_others(rows, taken, there) for name, there in plan.system.items()}
    if layout.levels and "EventLevel" not in columns and layout.levels[0] in present:
        field, named = layout.levels
        raw = taken.get(field) or [row.get(field) for row in rows]
        columns["EventLevel"] = [named.get(v) if type(v) is int else None for v in raw]
    for name, words in layout.shipper_values.items():
        if name in present:
            shipped[name] = _take_words(rows, name, words)
    clocks = {key: shipped[key[2]] for key in plan.clocks}
    if "UtcTime" in present:
        clocks[SYSMON_CLOCK] = [row.get("UtcTime") for row in rows]
    extra = _shipped(shipped, plan.timed, len(rows))
    return Events(layout, numbers, rows, columns, extra, clocks)


def _take(rows: list[Row], names: Sequence[str]) -> dict[str, list[Any]]:
    """Take fields out of the records, each record in one go: what is left are the data.

    Twenty passes that take one field each would cost four times as much.
    """
    nothing = repeat(None)
    values: list[Any] = []
    for row in rows:
        values += map(row.pop, names, nothing)
    width = len(names)
    return {name: values[place::width] for place, name in enumerate(names)}


def _or_others(rows: list[Row], taken: dict[str, list[Any]], fields: Sequence[str]) -> list[Any]:
    """The first of these fields of every record; the first of all is taken already."""
    found = taken[fields[0]]
    for name in fields[1:]:
        if None not in found:
            break
        found = [
            value if value is not None else row.pop(name, None)
            for value, row in zip(found, rows, strict=True)
        ]
    return found


def _take_words(rows: list[Row], name: str, words: frozenset[str]) -> list[Any]:
    """A field out of the records where it is a shipper's word; elsewhere it is the event's own."""
    found = [row.pop(name, None) for row in rows]
    for at, value in enumerate(found):
        if value is not None and not (isinstance(value, str) and value in words):
            rows[at][name] = value
            found[at] = None
    return found


def _unfold(rows: list[Row], fields: Sequence[str]) -> None:
    for name in fields:
        for row in rows:
            if name in row:
                for key, value in event_data(row.pop(name)).items():
                    row.setdefault(key, value)
    for row in rows:
        for key in [key for key, value in row.items() if value is None or value == ""]:
            del row[key]


def _nested(layout: Layout, rows: list[Row], numbers: list[int]) -> Events:
    def first(fields: Sequence[str]) -> list[Any]:
        readers = [reader(name) for name in fields]
        return [_first(row, readers) for row in rows]

    parts = [reader(name) for name in layout.data]
    data = []
    for row in rows:
        found: Row = {}
        for part in parts:
            value = part(row)
            if value:
                found = {**found, **event_data(value)} if found else event_data(value)
        data.append(found)
    system = {name: first(fields) for name, fields in layout.system.items()}
    clocks: dict[Clocked, list[Any]] = {
        (rank, kind, fields[0]): first(fields) for rank, (fields, kind) in enumerate(layout.time, 1)
    }
    if any("UtcTime" in each for each in data):
        clocks[SYSMON_CLOCK] = [each.get("UtcTime") for each in data]
    extra = _gather({name: first(fields) for name, fields in layout.extra.items()}, len(rows))
    for path, known in layout.rest.items():
        inside = reader(path) if path else (lambda row: row)
        for row, bag in zip(rows, extra, strict=True):
            here = inside(row)
            if isinstance(here, dict):
                for key, value in here.items():
                    if key not in known and value is not None:
                        bag.setdefault(key, value)
    bags = [to_json(bag) if bag else None for bag in extra]
    return Events(layout, numbers, data, system, bags, clocks)


def _first(row: Row, readers: Sequence[Reader]) -> Any:
    for read in readers:
        value = read(row)
        if value is not None and value != "":
            return value
    return None


def event_data(value: Any) -> Row:
    """The event's own fields out of whatever carries them: an object, JSON text, XML text, a list.

    Fields without a name are called ``param1``, ``param2`` ... as Windows does.

    Examples:
        >>> event_data('<EventData><Data Name="User">ana</Data><Data>x</Data></EventData>')
        {'param1': 'x', 'User': 'ana'}
    """
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, list):
        return _from_list(value)
    if not isinstance(value, dict):
        return {} if value is None else {"param1": value}
    if "Data" in value and not isinstance(value["Data"], str | int | float):
        inner = value["Data"]
        if isinstance(inner, dict) and "#text" in inner and not _name_of(inner):
            inner = inner["#text"]
        fields = _from_list(inner if isinstance(inner, list) else [inner])
        fields.update({k: v for k, v in value.items() if k not in ("Data", "#attributes")})
        return fields
    if len(value) <= 2 and any(isinstance(each, dict) for each in value.values()):
        for key, inner in value.items():  # UserData holds one element of the provider's own
            if key in ("EventData", "UserData"):
                return event_data(inner)
            if key != "#attributes" and isinstance(inner, dict) and "#text" not in inner:
                return {k: v for k, v in inner.items() if k != "#attributes"}
    if "#attributes" in value:
        return {k: v for k, v in value.items() if k != "#attributes"}
    return value


def _from_list(items: list[Any]) -> Row:
    fields: Row = {}
    for at, item in enumerate(items, 1):
        if isinstance(item, dict):
            name = _name_of(item)
            if isinstance(name, str):
                fields[name] = item.get("#text", item.get("content", item.get("Value")))
                continue
        if item is not None:
            fields[f"param{at}"] = item
    return fields


def _name_of(item: Row) -> Any:
    attributes = item.get("#attributes")
    name = attributes.get("Name") if isinstance(attributes, dict) else None
    return name or item.get("@Name") or item.get("Name")


def _from_text(text: str) -> Row:
    head = text.lstrip()[:1]
    if head in ("{", "["):
        try:
            return event_data(orjson.loads(text))
        except orjson.JSONDecodeError:
            return {"param1": text}
    if head == "<":
        event = xml_event(text if text.lstrip().startswith("<Event>") else f"<Event>{text}</Event>")
        if event is not None:
            inner = event["Event"]
            found = inner.get("EventData") or inner.get("DataItem") or inner
            return event_data(found) if isinstance(found, dict | list) else {"param1": found}
    return {"param1": text} if text else {}


def xml_event(text: str) -> Row | None:
    """A Windows ``<Event>`` text as the object that the EVTX reader gives, or None."""
    try:
        return parse_event(text)
    except BadEvent:
        return None
