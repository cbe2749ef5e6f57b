"""Censys, Platform API v3: services of hosts and web properties, and the history of DNS.

https://docs.censys.com/reference/get-started
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import quote

from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup, Severity
from huntkit.enrich.ti.replies import (
    as_record,
    listed,
    member,
    members,
    needed,
    number,
    record,
    said,
)
from huntkit.enrich.ti.times import rows_in_range
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret

# The levels of Censys' reputation score (`score_level`).
_LEVELS: Final[Mapping[str, Severity]] = {
    "malicious": "high",
    "high_risk": "high",
    "medium_risk": "warning",
    "low_risk": "information",
    "benign": "information",
}

# Each asset has a media type of its own, as Censys' own client asks for it.
_TYPES: Final = (
    "application/vnd.censys.api.v3.host.v1+json, "
    "application/vnd.censys.api.v3.webproperty.v1+json, application/json;q=0.9"
)

_PAGE: Final = {"page_size": 100}


@dataclass(frozen=True, kw_only=True)
class CensysSettings:
    """The personal access token (AuthKey), and the organisation's id (ApiID) of paid plans."""

    auth_key: Secret | None = None
    api_id: str = ""
    per_day: int | None = None
    base_url: str = ""


class Censys(HttpTIProvider):
    """Censys: services, threats and reputation of hosts and web sites, and passive DNS."""

    name = "Censys"
    takes: ClassVar = {
        "ipv4": ("", "passivedns"),
        "ipv6": ("", "passivedns"),
        "dns": ("", "passivedns"),
    }
    settings = CensysSettings
    needs = ("auth_key",)
    base_url = "https://api.platform.censys.io"
    limits = Limits(concurrency=1)  # of the free plan
    home = "https://platform.censys.io"
    terms = "look-ups cost credits; passive DNS needs a paid plan"
    endpoints: ClassVar = {
        ("ipv4", ""): Endpoint(path="/v3/global/asset/host/{observable}"),
        ("ipv6", ""): Endpoint(path="/v3/global/asset/host/{observable}"),
        ("dns", ""): Endpoint(path="/v3/global/asset/webproperty/{observable}"),
        ("ipv4", "passivedns"): Endpoint(
            path="/v3/global/dns/resolutions/ip/{observable}/ranges", params=_PAGE
        ),
        ("ipv6", "passivedns"): Endpoint(
            path="/v3/global/dns/resolutions/ip/{observable}/ranges", params=_PAGE
        ),
        ("dns", "passivedns"): Endpoint(
            path="/v3/global/dns/resolutions/{observable}/ranges", params=_PAGE
        ),
    }

    def headers(self) -> Mapping[str, Any]:
        """The token."""
        return {"Authorization": ("Bearer ", self.chosen.auth_key), "Accept": _TYPES}

    def params(self) -> Mapping[str, Any]:
        """The organisation, where there is one."""
        return {"organization_id": self.chosen.api_id or None}

    def observable(self, lookup: Lookup) -> str:
        """A name's web property is the name with a port."""
        web = lookup.ioc_type == "dns" and not lookup.subtype
        return f"{lookup.value}:443" if web else lookup.value

    def reference(self, lookup: Lookup) -> str:
        """The page in Censys' own interface."""
        kind = "web" if lookup.ioc_type == "dns" else "hosts"
        value = f"{lookup.value}:443" if kind == "web" else lookup.value
        return f"https://platform.censys.io/{kind}/{quote(value, safe=':')}"

    def heeds_times(self, ioc_type: str, subtype: str) -> bool:
        """Records of DNS have times; services are those of now."""
        del ioc_type
        return subtype == "passivedns"

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """A host, a web property, or records of DNS."""
        body = record(reply)
        result = as_record(body.get("result"), "'result'")
        reference = self.reference(lookup)
        if lookup.subtype == "passivedns":
            given = listed(result, "records")
            total = int(number(result, "total_records") or 0)
            more = total > len(given)
            rows, others = rows_in_range(lookup, given, "first_seen", "last_seen", more=more)
            details: dict[str, Any] = {"passivedns": rows} if rows else {}
            details |= others
            if more:
                details["more"] = f"the first {len(given)} of {total}"
            return Facts(found=bool(rows), details=details, raw=body, reference=reference)
        resource = as_record(result.get("resource"), "'resource'")
        needed(resource, "ip", "hostname")
        if lookup.ioc_type == "dns":
            return _web(resource, body, reference)
        return _host(resource, body, reference)


def _host(resource: Mapping[str, Any], body: Any, reference: str) -> Facts:
    services = members(resource, "services")
    details = said(resource, "service_count")
    details["services"] = [
        said(each, "port", "protocol", "transport_protocol") for each in services
    ]
    details |= said(member(resource, "autonomous_system"), "asn", "name", "bgp_prefix")
    details |= said(member(resource, "location"), "country", "city")
    details |= said(member(resource, "dns"), "names")
    labels = [each.get("value") for each in members(resource, "labels")]
    level = str(member(resource, "reputation").get("score_level") or "")
    details |= said({"labels": labels, "reputation": level}, "labels", "reputation")
    threats = [each.get("name") for service in services for each in members(service, "threats")]
    severity, reason = _judged(threats, level)
    if threats:
        details["threats"] = threats
    found = bool(services or level or labels or resource.get("service_count"))
    return Facts(
        found=found, severity=severity if found else "unknown", reason=reason,
        details=details if found else {}, raw=body, reference=reference,
    )  # fmt: skip


def _web(resource: Mapping[str, Any], body: Any, reference: str) -> Facts:
    details = said(resource, "hostname", "port", "scan_time")
    details |= said({"software": [each.get("product") for each in members(resource, "software")]},
                    "software")  # fmt: skip
    details |= said(
        {"labels": [each.get("value") for each in members(resource, "labels")]}, "labels"
    )
    threats = [each.get("name") for each in members(resource, "threats")]
    if threats:
        details["threats"] = threats
    severity, reason = _judged(threats, "")
    return Facts(severity=severity, reason=reason, details=details, raw=body, reference=reference)


def _judged(threats: list[Any], level: str) -> tuple[Severity, str]:
    if threats:
        return "high", f"Censys sees a threat: {threats[0]}"
    if level:
        return _LEVELS.get(level, "unknown"), f"reputation {level}"
    return "unknown", "no verdict"
