"""Output of Hayabusa and Chainsaw: rules that matched, with the Windows events that they matched.

Each detection is a row of ``Hayabusa`` or ``Chainsaw``. The event is a Windows event besides: once,
however many rules it matched, under its channel's real name.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from huntkit.sources.local.mapping import rules
from huntkit.sources.local.mapping.values import to_int, to_text

Row = dict[str, Any]
_BAGS = ("Details", "ExtraFieldInfo", "AllFieldInfo")
_BETWEEN = " ¦ "
_MOST_SEEN = 500_000
_LOGON_TYPE = re.compile(r"(\d{1,2}) - ")


class Seen:
    """Which events of a file there were already."""

    def __init__(self) -> None:
        self._keys: set[tuple[str | None, ...]] = set()

    def first(self, row: Row) -> bool:
        """Whether the record's event is new; one without a record id always is."""
        if not to_text(row.get("RecordID")):
            return True
        names = ("Computer", "Channel", "EventID", "RecordID", "Timestamp")
        key = tuple(to_text(row.get(name)) for name in names)
        if key in self._keys:
            return False
        if len(self._keys) >= _MOST_SEEN:
            self._keys.clear()
        self._keys.add(key)
        return True


def hayabusa(row: Row) -> Row:
    """The record with its channel's real name, and its fields by the names that the event has.

    Examples:
        >>> made = hayabusa({"Channel": "Sec", "EventID": "4624", "RuleTitle": "Logon",
        ...                  "Details": "Type: 3 - NETWORK ¦ TgtUser: ana ¦ SrcIP: 203.0.113.7"})
        >>> made["Channel"], made["Details"]
        ('Security', {'LogonType': '3', 'TargetUserName': 'ana', 'IpAddress': '203.0.113.7'})
    """
    short = row.get("Channel")
    channel = channel_name(short) if isinstance(short, str) else short
    names = _names(channel if isinstance(channel, str) else "", to_int(row.get("EventID")))
    made = {**row, "Channel": channel}
    for bag in _BAGS:
        given = row.get(bag)
        if given == "-":
            made[bag] = None
            continue
        fields = _fields(given) if isinstance(given, str) else given
        if isinstance(fields, dict):
            made[bag] = _renamed(fields, names)
    return made


def channel_name(short: str) -> str:
    """A channel's name in full, by Hayabusa's abbreviation; any other name as it is.

    Examples:
        >>> channel_name("PwSh"), channel_name("Security")
        ('Microsoft-Windows-PowerShell/Operational', 'Security')
    """
    found: str = rules.data("detections")["channels"].get(short, short)
    return found


def _renamed(fields: Row, names: Mapping[str, str]) -> Row:
    """The fields by their own names; two never become one."""
    found: Row = {}
    for name, value in fields.items():
        own = names.get(name, name)
        if own in found or (own != name and own in fields and own not in names):
            own = name
        found[own] = _plain(own, value)
    return found


@lru_cache(maxsize=1024)
def _names(channel: str, event: int | None) -> Mapping[str, str]:
    known = rules.data("detections")["fields"].get(channel, {})
    return {**known.get("any", {}), **known.get(event, {})}


def _fields(text: str) -> Row | str:
    """``Name: value ¦ Name: value`` as an object; other text stays text."""
    found: Row = {}
    for part in text.split(_BETWEEN):
        name, colon, value = part.partition(": ")
        if not colon or not name or " " in name or name in found:
            return text
        found[name] = value
    return found


def _plain(name: str, value: Any) -> Any:
    """Logon types are written with their names."""
    if name == "LogonType" and isinstance(value, str) and (found := _LOGON_TYPE.match(value)):
        return found[1]
    return value


def laid_bare(row: Row, event: Row) -> Row:
    """The event out of a hunt of Chainsaw, with the file that it is from and that file's kind."""
    document = row.get("document")
    if not isinstance(document, dict):
        return event
    about = {"path": document.get("path"), "document_kind": document.get("kind")}
    return {**{name: value for name, value in about.items() if value is not None}, **event}


def chainsaw(row: Row) -> Row | None:
    """The detection beside an event, by the names of Chainsaw's CSV; None if there is none."""
    event = row.get("Event")
    if "name" not in row or "timestamp" not in row or not isinstance(event, dict):
        return None
    given = event.get("System")
    system = given if isinstance(given, dict) else {}
    provider = system.get("Provider_attributes")
    return {
        **{name: value for name, value in row.items() if name != "Event"},
        "Computer": system.get("Computer"),
        "Channel": system.get("Channel"),
        "Provider": provider.get("Name") if isinstance(provider, dict) else None,
        "Event ID": system.get("EventID"),
        "Record ID": system.get("EventRecordID"),
        "Event Data": event.get("EventData", event.get("UserData")),
    }


def aggregated(row: Row) -> Sequence[Row]:
    """A record of Chainsaw for each of the events that a rule took together; else none."""
    documents = row.get("documents")
    if not isinstance(documents, list) or "name" not in row or not documents:
        return ()
    if not all(isinstance(each, dict) and isinstance(each.get("data"), dict) for each in documents):
        return ()
    about = {name: value for name, value in row.items() if name != "documents"}
    return [{**about, "document": each} for each in documents]
