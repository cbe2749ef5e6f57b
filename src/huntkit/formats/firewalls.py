"""Lines of firewalls that are no CEF, as the dictionaries that CEF gives.

Palo Alto's comma separated lines, FortiGate's ``key=value`` lines and Cisco's messages
(`huntkit.formats.cisco`), with syslog in front or without. The fields' names stand in
``data/firewalls.yaml``. The line as it was is kept under ``Original``, except for Cisco's, whose
text is the message.
"""

import csv
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

import yaml

from huntkit.formats.cisco import CiscoFirewall

Row = dict[str, Any]
_PRIORITY = re.compile(r"<\d{1,3}>")
_PALO_ALTO = re.compile(
    r"\d{0,3},(?P<received>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d),(?P<serial>[^,\s]{0,40}),"
    r"(?P<type>[A-Z][A-Z-]{2,20}),(?P<subtype>[^,]{0,40}),"
)
_DAY = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\Z")
_PRECISE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?P<zone>[+-]\d\d:\d\d|Z)\Z")
_FORTIGATE = re.compile(
    r'date="?(?P<date>\d{4}-\d\d-\d\d)"?[ ,]time="?(?P<time>\d\d:\d\d:\d\d)"?(?P<then>[ ,])'
)
_PAIR = re.compile(r'([A-Za-z][\w.\-]{0,63})=(?:"((?:[^"\\]|\\.)*)"|([^ ]*))')
_PAIR_CSV = re.compile(r'([A-Za-z][\w.\-]{0,63})=(?:"((?:[^"\\]|\\.)*)"|([^,]*))')
_ZONE = re.compile(r"(?:[+-]\d\d:?\d\d|Z)\Z")
_MOST_FIELDS = 300
_GENERATED = 6  # the position of the time at which PAN-OS logged it
_SHIFT = timedelta(days=1)
_EPOCH_DIGITS = 10


@cache
def _data() -> dict[str, Any]:
    text = resources.files("huntkit.formats").joinpath("data/firewalls.yaml").read_text("utf-8")
    data: dict[str, Any] = yaml.safe_load(text)
    return data


def is_line(text: str) -> bool:
    """Whether a line without syslog's header is a firewall's."""
    bare = _bare(text)
    if bare[:1] == "%":
        return CiscoFirewall().event(bare) is not None
    return _palo_alto_type(bare) is not None or _is_fortigate(bare)


def is_palo_alto(text: str) -> bool:
    """Whether it is one of Palo Alto's lines, which look like rows of a CSV file."""
    return _palo_alto_type(_bare(text)) is not None


def _bare(text: str) -> str:
    found = _PRIORITY.match(text) if text[:1] == "<" else None
    return text[found.end() :] if found else text


class Firewalls:
    """The lines of one file, in their order.

    Examples:
        >>> line = 'date=2024-03-04 time=10:12:33 devid="FG1" logid="0000000013" type="traffic"'
        >>> event = Firewalls().event(None, line + ' subtype="forward" srcip=10.0.0.5')
        >>> event["DeviceProduct"], event["Syslog"]["timestamp"], event["Extensions"]["src"]
        ('Fortigate', '2024-03-04T10:12:33', '10.0.0.5')
    """

    def __init__(self) -> None:
        self._cisco = CiscoFirewall()

    def event(self, record: Row | None, text: str) -> Row | None:
        """A line as CEF's dictionary, or None if it is no firewall's.

        Args:
            record: the syslog record; None if the line has no header.
            text: the line.
        """
        message = _bare(text) if record is None else record["message"]
        if "%" in text and (cisco := self._of_cisco(record, message)) is not None:
            return cisco
        if "," in message and (kind := _palo_alto_type(message)) is not None:
            return _palo_alto(kind, record, message)
        if "logid=" in message and _is_fortigate(message):
            return _fortigate(record, message)
        return None

    def _of_cisco(self, record: Row | None, message: str) -> Row | None:
        said = message.lstrip(" :")
        if record is not None and record["app"][:1] == "%":
            said = f"{record['app']}: {message}"
        event = self._cisco.event(said, device=record["host"] if record else "")
        if event is not None:
            event["Syslog"] = None if record is None else {**record, "app": "", "message": ""}
        return event


def _clocked(record: Row | None, time: str, name: str) -> Row:
    """The syslog record with the device's own time, unless only syslog's has a zone."""
    found = dict(record) if record else {"host": name, "facility": "", "severity": ""}
    zoned = _ZONE.search(time) is not None
    if zoned or record is None or record["year_missing"] or record["zone_missing"]:
        found |= {"timestamp": time, "year_missing": False, "zone_missing": not zoned}
    return {**found, "message": ""}


def _palo_alto_type(text: str) -> str | None:
    found = _PALO_ALTO.match(text)
    if found is None:
        return None
    return found["type"] if found["type"] in _palo_alto_types() else None


@cache
def _palo_alto_types() -> frozenset[str]:
    data = _data()["palo_alto"]
    return frozenset([*data["types"], *data["others"]])


def _palo_alto(kind: str, record: Row | None, text: str) -> Row | None:
    try:
        fields = next(csv.reader([text]))[:_MOST_FIELDS]
    except (csv.Error, StopIteration):
        return None
    if len(fields) <= _GENERATED or not _DAY.match(fields[_GENERATED]):
        return None
    data = _data()["palo_alto"]
    names: dict[int, str] = {**data["common"], **data["types"].get(kind, {})}
    if kind in ("TRAFFIC", "THREAT"):
        names = {**data["session"], **names}
    nothing = data["nothing"]
    extensions = {
        key: fields[at]
        for at, key in names.items()
        if at < len(fields) and fields[at] and nothing.get(key) != fields[at]
    }
    said = extensions.pop("severity", "")
    return {
        "DeviceVendor": "Palo Alto Networks",
        "DeviceProduct": "PAN-OS",
        "DeviceVersion": "",
        "DeviceEventClassID": fields[4],
        "Name": kind,
        "Severity": data["severities"].get(said, said),
        "OriginalSeverity": said,
        "Extensions": _labelled(extensions, data["labels"]),
        "Original": text,
        "Syslog": _clocked(record, _palo_alto_time(fields), extensions.get("dvchost", "")),
    }


def _palo_alto_time(fields: list[str]) -> str:
    """When it was logged, with the zone of the precise time that newer versions write besides."""
    own = fields[_GENERATED].replace("/", "-").replace(" ", "T")
    for value in reversed(fields):
        precise = _PRECISE.match(value)
        if precise is not None:
            try:
                apart = datetime.fromisoformat(own) - datetime.fromisoformat(value[:19])
            except ValueError:
                break
            return own + precise["zone"] if abs(apart) < _SHIFT else own
    return own


def _is_fortigate(text: str) -> bool:
    if _FORTIGATE.match(text) is None or "logid=" not in text:
        return False
    device = re.search(r'\bdevid="?([A-Z]{0,3})', text)
    # FortiMail, FortiWeb and others write such lines with fields of another meaning.
    return device is None or device[1].startswith(("FG", "FW"))


def _fortigate(record: Row | None, text: str) -> Row | None:
    start = _FORTIGATE.match(text)
    if start is None:
        return None
    pair = _PAIR_CSV if start["then"] == "," else _PAIR
    pairs: dict[str, str] = {}
    for found in pair.finditer(text):
        pairs.setdefault(found[1], found[2] if found[2] is not None else found[3])
        if len(pairs) >= _MOST_FIELDS:
            break
    data = _data()["fortigate"]
    names = data["fields"]
    spent = {"date", "time", "tz", "logid"}
    extensions = {
        (names.get(name, name) if names.get(name) not in pairs else name): value
        for name, value in reversed(pairs.items())
        if name not in spent and value
    }
    level, kind = pairs.get("level", ""), pairs.get("type", "")
    what = ":".join(filter(None, (kind, pairs.get("subtype", ""))))
    extensions["cat"] = what
    return {
        "DeviceVendor": "Fortinet",
        "DeviceProduct": "Fortigate",
        "DeviceVersion": "",
        "DeviceEventClassID": pairs.get("logid", "")[-5:],
        "Name": " ".join(filter(None, (what, pairs.get("action", "")))),
        "Severity": data["severities"].get(level, level),
        "OriginalSeverity": level,
        "Extensions": _labelled(extensions, data["labels"]),
        "Original": text,
        "Syslog": _clocked(record, _fortigate_time(start, pairs), pairs.get("devname", "")),
    }


def _fortigate_time(start: re.Match[str], pairs: dict[str, str]) -> str:
    """Date and time with their zone, if it is said; else the event's time since 1970."""
    own = f"{start['date']}T{start['time']}"
    zone = pairs.get("tz", "")
    if len(zone) in (5, 6) and _ZONE.match(zone):
        return own + (zone if ":" in zone else f"{zone[:3]}:{zone[3:]}")
    since = pairs.get("eventtime", "")
    if since.isascii() and since.isdigit() and _EPOCH_DIGITS <= len(since) < 20:
        moment = datetime.fromtimestamp(int(since[:_EPOCH_DIGITS]), tz=UTC)
        return moment.isoformat()
    return own


def _labelled(extensions: dict[str, str], labels: dict[str, str]) -> dict[str, str]:
    return extensions | {f"{k}Label": label for k, label in labels.items() if k in extensions}
