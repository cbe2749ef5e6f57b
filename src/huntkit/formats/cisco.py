"""Messages of Cisco's firewalls (``%ASA-6-302013: Built ...``) as the dictionaries that CEF gives.

What each message says stands in ``data/cisco_asa.yaml``.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

Row = dict[str, Any]
_TAG = re.compile(
    r"%(?P<product>ASA|FTD|FWSM|PIX)-(?:[a-z]{2,10}-)?(?P<severity>[0-7])-(?P<number>\d{6}): ?"
)
_MOST_CONNECTIONS = 200_000
_LONGEST = 4_000  # characters that a pattern looks at; the whole text is kept


@dataclass(frozen=True, slots=True)
class _Message:
    name: str
    fixed: dict[str, str]
    pattern: re.Pattern[str]


@cache
def _messages() -> dict[str, _Message]:
    text = resources.files("huntkit.formats").joinpath("data/cisco_asa.yaml").read_text("utf-8")
    data = yaml.safe_load(text)
    found: dict[str, _Message] = {}
    for number, given in data["messages"].items():
        pattern = given["pattern"]
        for part, meaning in data["parts"].items():
            pattern = pattern.replace(f"{{{part}}}", meaning)
        fixed = {key: str(given[key]) for key in ("act", "proto") if key in given}
        found[f"{number:06d}"] = _Message(given["name"], fixed, re.compile(pattern))
    return found


class CiscoFirewall:
    """The messages of one file, in their order.

    A teardown does not say which end opened the connection: that is kept from when it was built.

    Examples:
        >>> text = "%ASA-4-106023: Deny tcp src outside:203.0.113.7/51000 dst dmz:10.0.0.5/22"
        >>> event = CiscoFirewall().event(text)
        >>> event["DeviceEventClassID"], event["Severity"], event["Extensions"]["src"]
        ('106023', '4', '203.0.113.7')
    """

    def __init__(self) -> None:
        self._outbound: set[str] = set()

    def event(self, text: str) -> Row | None:
        """The message as CEF's dictionary, or None if the text does not begin as one."""
        tag = _TAG.match(text)
        if tag is None:
            return None
        said = text[tag.end() :]
        extensions: Row = {}
        event: Row = {
            "DeviceVendor": "Cisco",
            "DeviceProduct": tag["product"],
            "DeviceVersion": "",
            "DeviceEventClassID": tag["number"],
            "Name": "",
            "Severity": tag["severity"],
            "Extensions": extensions,
        }
        known = _messages().get(tag["number"])
        found = known.pattern.match(said[:_LONGEST]) if known else None
        if known is not None and found is not None:
            event["Name"] = known.name
            groups = {key: value for key, value in found.groupdict().items() if value}
            extensions.update(known.fixed, **self._named(groups))
        extensions["msg"] = said
        return event

    def _named(self, said: dict[str, str]) -> dict[str, str]:
        """A pattern's groups by CEF's keys: the ends of a connection as source and destination."""
        made = {k: v for k, v in said.items() if not k.startswith(("a_", "b_"))}
        if "a_ip" in said:
            first, second = ("b_", "a_") if self._is_outbound(said) else ("a_", "b_")
            for side, keys in ((first, _SOURCE), (second, _DESTINATION)):
                made |= {key: said[side + part] for part, key in keys if side + part in said}
        for group, key in _RENAMED:
            if group in made:
                made[key] = made.pop(group)
        return made | {f"{key}Label": label for key, label in _LABELS.items() if key in made}

    def _is_outbound(self, said: dict[str, str]) -> bool:
        way, connection = said.get("way"), said.get("connection", "")
        if way is None:
            known = connection in self._outbound
            self._outbound.discard(connection)
            return known
        if way == "outbound" and connection:
            if len(self._outbound) >= _MOST_CONNECTIONS:
                self._outbound.clear()
            self._outbound.add(connection)
        else:
            self._outbound.discard(connection)
        return way == "outbound"


_SOURCE = (
    ("ip", "src"),
    ("port", "spt"),
    ("if", "src_if"),
    ("user", "suser"),
    ("mapped", "sourceTranslatedAddress"),
    ("mport", "sourceTranslatedPort"),
)
_DESTINATION = (
    ("ip", "dst"),
    ("port", "dpt"),
    ("if", "dst_if"),
    ("user", "duser"),
    ("mapped", "destinationTranslatedAddress"),
    ("mport", "destinationTranslatedPort"),
)
_LABELS = {"cs1": "AccessList", "cs2": "AssignedAddress"}
_RENAMED = (
    ("src_if", "deviceInboundInterface"),
    ("dst_if", "deviceOutboundInterface"),
    ("way", "deviceDirection"),
)
