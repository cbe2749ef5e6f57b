"""VirusTotal, API v3: what about a hundred engines say, and what is connected with what.

https://docs.virustotal.com/reference/overview
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from urllib.parse import quote

from huntkit.core.errors import BadReply
from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup, Severity
from huntkit.enrich.ti.replies import (
    Steps,
    as_record,
    listed,
    member,
    needed,
    number,
    record,
    said,
    severity_of,
)
from huntkit.enrich.ti.times import rows_in_range
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret

# Single engines err; several that agree seldom do.
_MALICIOUS: Final[Steps] = ((3, "high"), (1, "warning"))
_SUSPICIOUS: Final[Steps] = ((1, "warning"),)

_COLLECTIONS: Final = {
    "ipv4": "ip_addresses",
    "ipv6": "ip_addresses",
    "dns": "domains",
    "url": "urls",
    "md5_hash": "files",
    "sha1_hash": "files",
    "sha256_hash": "files",
}
_PAGES: Final = {"ip_addresses": "ip-address", "domains": "domain", "urls": "url", "files": "file"}
_RELATED: Final = {
    "passivedns": "resolutions",
    "communicating_files": "communicating_files",
    "downloaded_files": "downloaded_files",
    "votes": "votes",
}
_OF_ADDRESSES: Final = (
    "",
    "passivedns",
    "whois",
    "communicating_files",
    "downloaded_files",
    "votes",
)
_OF_FILES: Final = ("", "behaviour", "votes")
_SHOWN: Final = (
    "reputation", "meaningful_name", "type_description", "size", "names", "tags", "title",
    "country", "as_owner", "asn", "registrar", "categories", "total_votes",
)  # fmt: skip
_TIMES: Final = ("creation_date", "first_submission_date", "last_analysis_date")
_MOST: Final = 40  # what VirusTotal gives at once
_DATED: Final = ("passivedns", "votes")


@dataclass(frozen=True, kw_only=True)
class VirusTotalSettings:
    """The key, and the limits of a plan that allows more than the public 4 a minute, 500 a day."""

    auth_key: Secret | None = None
    per_minute: float | None = None
    per_day: int | None = None
    base_url: str = ""


class VirusTotal(HttpTIProvider):
    """VirusTotal: verdicts of about a hundred engines on files, addresses, domains and URLs."""

    name = "VirusTotal"
    takes: ClassVar = {
        "ipv4": _OF_ADDRESSES,
        "ipv6": _OF_ADDRESSES,
        "dns": _OF_ADDRESSES,
        "url": ("", "votes"),
        "md5_hash": _OF_FILES,
        "sha1_hash": _OF_FILES,
        "sha256_hash": _OF_FILES,
    }
    settings = VirusTotalSettings
    needs = ("auth_key",)
    base_url = "https://www.virustotal.com"
    limits = Limits(concurrency=8, per_minute=4, per_day=500)
    home = "https://www.virustotal.com"
    terms = "the public API is not for commercial use; per_minute and per_day hold other plans"
    endpoints: ClassVar = {
        **{(kind, ""): Endpoint(path=f"/api/v3/{its}/{{observable}}")
           for kind, its in _COLLECTIONS.items()},
        **{(kind, "whois"): Endpoint(path=f"/api/v3/{its}/{{observable}}")
           for kind, its in _COLLECTIONS.items()},
        **{(kind, subtype): Endpoint(path=f"/api/v3/{its}/{{observable}}/{relation}",
                                     params={"limit": _MOST})
           for kind, its in _COLLECTIONS.items() for subtype, relation in _RELATED.items()},
        **{(kind, "behaviour"): Endpoint(path=f"/api/v3/{its}/{{observable}}/behaviour_summary")
           for kind, its in _COLLECTIONS.items()},
    }  # fmt: skip

    def heeds_times(self, ioc_type: str, subtype: str) -> bool:
        """Resolutions and votes have times; verdicts are those of now."""
        del ioc_type
        return subtype in _DATED

    def headers(self) -> Mapping[str, Any]:
        """The key."""
        return {"x-apikey": self.chosen.auth_key}

    def observable(self, lookup: Lookup) -> str:
        """A URL's identifier is its base64 form; all else is itself."""
        return object_id(lookup.value) if lookup.ioc_type == "url" else lookup.value

    def reference(self, lookup: Lookup) -> str:
        """The page in VirusTotal's own interface."""
        kind = _PAGES[_COLLECTIONS[lookup.ioc_type]]
        return f"https://www.virustotal.com/gui/{kind}/{quote(self.observable(lookup), safe='')}"

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """An object, a list of related objects, or what sandboxes saw."""
        body = record(reply)
        reference = self.reference(lookup)
        if lookup.subtype in _RELATED:
            return _related(lookup, body, reference)
        data = as_record(body.get("data"), "'data'")
        if lookup.subtype == "behaviour":
            if not data:  # where no sandbox ran it, the status is 404
                raise BadReply("VirusTotal's summary of behaviour is empty", service=self.name)
            found = {name: its for name, its in data.items() if its}
            return Facts(found=bool(found), details=found, raw=body, reference=reference)
        attributes = as_record(data.get("attributes"), "'attributes'")
        needed(attributes, "last_analysis_stats", "total_votes", "reputation", "whois")
        if lookup.subtype == "whois":
            details = said(attributes, "whois", "whois_date", "registrar", "creation_date")
            found_any = "whois" in details
            return Facts(found=found_any, details=details, raw=body, reference=reference)
        severity, reason = verdict(attributes)
        return Facts(
            severity=severity, reason=reason, details=_details(attributes), raw=body,
            reference=reference,
        )  # fmt: skip


def object_id(url: str) -> str:
    """VirusTotal's identifier of a URL: base64 for URLs, without padding.

    Examples:
        >>> object_id("http://example.com/")
        'aHR0cDovL2V4YW1wbGUuY29tLw'
    """
    return base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def verdict(attributes: Mapping[str, Any]) -> tuple[Severity, str]:
    """The severity of an object, and why.

    Examples:
        >>> verdict({"last_analysis_stats": {"malicious": 12, "harmless": 60, "undetected": 8}})
        ('high', '12 of 80 engines say malicious')
        >>> verdict({})
        ('unknown', 'no engine has judged it')
    """
    detections, scans = detections_of(attributes)
    if not scans:
        return "unknown", "no engine has judged it"
    suspicious = int(number(member(attributes, "last_analysis_stats"), "suspicious") or 0)
    severity = severity_of(detections, _MALICIOUS)
    if severity != "unknown":
        return severity, f"{detections} of {scans} engines say malicious"
    severity = severity_of(suspicious, _SUSPICIOUS)
    if severity != "unknown":
        return severity, f"{suspicious} of {scans} engines say suspicious, none malicious"
    return "information", f"none of {scans} engines says malicious or suspicious"


def detections_of(attributes: Mapping[str, Any]) -> tuple[int, int]:
    """How many engines say malicious, and how many judged at all.

    Engines that failed, timed out or do not know the type are not counted.
    """
    stats = member(attributes, "last_analysis_stats")
    judged = ("malicious", "suspicious", "harmless", "undetected")
    counts = {name: int(number(stats, name) or 0) for name in judged}
    return counts["malicious"], sum(counts.values())


def _details(attributes: Mapping[str, Any]) -> dict[str, Any]:
    detections, scans = detections_of(attributes)
    details: dict[str, Any] = {"detections": detections, "scans": scans}
    details |= said(attributes, *_SHOWN)
    label = member(attributes, "popular_threat_classification").get("suggested_threat_label")
    if label:
        details["threat_label"] = label
    return details | {name: at for name in _TIMES if (at := time_text(attributes.get(name)))}


def time_text(seconds: Any) -> str | None:
    """Seconds since 1970 as text with a zone; None for all else.

    Examples:
        >>> time_text(1700000000), time_text("soon")
        ('2023-11-14T22:13:20+00:00', None)
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def _related(lookup: Lookup, body: Mapping[str, Any], reference: str) -> Facts:
    subtype = lookup.subtype
    found: list[Mapping[str, Any]] = []
    for each in listed(body, "data"):
        attributes = member(each, "attributes")
        row: dict[str, Any] = {"id": each.get("id")}
        if subtype == "passivedns":
            row |= said(attributes, "host_name", "ip_address", "resolver")
            row["date"] = time_text(attributes.get("date"))
        elif subtype == "votes":
            row |= said(attributes, "verdict", "value") | {
                "date": time_text(attributes.get("date"))
            }
        else:
            detections, scans = detections_of(attributes)
            row |= {"detections": detections, "scans": scans}
            row |= said(attributes, "meaningful_name", "type_description")
        found.append(row)
    more = bool(member(body, "meta").get("cursor"))
    first = "" if subtype == "passivedns" else "date"  # of resolutions it says the last time
    rows, others = rows_in_range(lookup, found, first, "date", more=more)
    details: dict[str, Any] = {subtype: rows} if rows else {}
    details |= others
    if more:
        total = member(body, "meta").get("count", "unknown")
        details["more"] = f"the first {len(found)} of {total}; VTLookup gives all"
    return Facts(found=bool(rows), details=details, raw=body, reference=reference)
