"""Attributes of MISP, in exports and in answers: which indicators they hold, how bad they are.

Types and their meaning: https://www.misp-project.org/datamodels/.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from huntkit.enrich.ti.provider import Severity

_TYPES: Final = {
    "ip-src": "ipv4", "ip-dst": "ipv4", "domain": "dns", "hostname": "dns", "url": "url",
    "uri": "url", "link": "url", "md5": "md5_hash", "sha1": "sha1_hash", "sha256": "sha256_hash",
    "sha512": "sha512_hash", "imphash": "imphash", "email": "email", "email-src": "email",
    "email-dst": "email", "email-reply-to": "email", "vulnerability": "cve", "AS": "asn",
    "mutex": "mutex", "named pipe": "named_pipe", "user-agent": "user_agent",
    "regkey": "registry_key", "mac-address": "mac_address", "ja3-fingerprint-md5": "ja3_hash",
    "btc": "btc_wallet", "ip": "ipv4",
}  # fmt: skip
# What an analyst says of the whole event.
_THREAT_LEVELS: Final[Mapping[str, tuple[Severity, str]]] = {
    "1": ("high", "high"),
    "2": ("warning", "medium"),
    "3": ("information", "low"),
}
MISP_TYPES: Final[Mapping[str, Sequence[str]]] = {
    "ipv4": ("ip-src", "ip-dst", "ip-src|port", "ip-dst|port", "domain|ip"),
    "ipv6": ("ip-src", "ip-dst", "ip-src|port", "ip-dst|port", "domain|ip"),
    "cidr": ("ip-src", "ip-dst"),
    "dns": ("domain", "hostname", "domain|ip", "hostname|port"),
    "url": ("url", "uri", "link"),
    "email": ("email", "email-src", "email-dst", "email-reply-to"),
    "md5_hash": ("md5", "filename|md5", "malware-sample"),
    "sha1_hash": ("sha1", "filename|sha1"),
    "sha256_hash": ("sha256", "filename|sha256"),
    "sha512_hash": ("sha512", "filename|sha512"),
    "cve": ("vulnerability",),
    "asn": ("AS",),
}
"""The types of attributes in which MISP holds each type of indicator."""


def indicators_in(attribute: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Type and value of each indicator in an attribute; combined types hold two.

    Examples:
        >>> indicators_in({"type": "domain|ip", "value": "evil.example|203.0.113.7"})
        [('dns', 'evil.example'), ('ipv4', '203.0.113.7')]
        >>> indicators_in({"type": "filename|md5", "value": "a.exe|00ff"})
        [('md5_hash', '00ff')]
        >>> indicators_in({"type": "comment", "value": "hello"})
        []
    """
    kind, value = str(attribute.get("type", "")), str(attribute.get("value", ""))
    if kind == "malware-sample":
        kind = "filename|md5"
    kinds, parts = kind.split("|"), [value]
    if len(kinds) == 2:
        first, _, second = value.rpartition("|")
        parts = [first, second] if first else [value]
    found = []
    for each, part in zip(kinds, parts, strict=False):
        ioc_type = _TYPES.get(each, "")
        if ioc_type == "ipv4":
            ioc_type = "cidr" if "/" in part else "ipv6" if ":" in part else "ipv4"
        if ioc_type and part:
            found.append((ioc_type, part))
    return found


def verdict(attribute: Mapping[str, Any], event: Mapping[str, Any]) -> tuple[Severity, str]:
    """How bad an attribute is by its event, and why."""
    if not attribute.get("to_ids", True):
        return "information", "MISP holds it as context, not as a sign of an attack (to_ids is off)"
    level, word = _THREAT_LEVELS.get(str(event.get("threat_level_id")), ("warning", ""))
    if word:
        return level, f"marked for detection in an event with threat level {word}"
    return level, "marked for detection (to_ids); its event has no threat level"


def tags_of(*holders: Mapping[str, Any]) -> list[str]:
    """The names of the tags of an attribute and of its event."""
    names = [
        str(tag.get("name"))
        for holder in holders
        for tag in holder.get("Tag") or ()
        if isinstance(tag, Mapping) and tag.get("name")
    ]
    return list(dict.fromkeys(names))
