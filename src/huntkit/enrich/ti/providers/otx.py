"""AlienVault OTX (LevelBlue): which reports ("pulses") of its community name an indicator.

https://otx.alienvault.com/api
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import quote

from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup
from huntkit.enrich.ti.replies import (
    Steps,
    as_record,
    listed,
    members,
    needed,
    number,
    record,
    said,
    severity_of,
)
from huntkit.enrich.ti.times import rows_in_range
from huntkit.entities.domains import split_domain
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret

# Anybody may write a pulse: one is a hint, two are two people's hint.
_PULSES: Final[Steps] = ((2, "high"), (1, "warning"))

_SECTIONS: Final = {
    "": "general",
    "passivedns": "passive_dns",
    "geo": "geo",
    "malware": "malware",
    "urls": "url_list",
    "analysis": "analysis",
}
_LISTS: Final = {"passivedns": "passive_dns", "malware": "data", "urls": "url_list"}
_OF_HOSTS: Final = ("", "passivedns", "geo", "malware", "urls")
_KINDS: Final = {
    "ipv4": "IPv4", "ipv6": "IPv6", "dns": "{kind}", "url": "url", "cve": "cve",
    "md5_hash": "file", "sha1_hash": "file", "sha256_hash": "file",
}  # fmt: skip
_MOST_PULSES: Final = 10


@dataclass(frozen=True, kw_only=True)
class OtxSettings:
    """The key."""

    auth_key: Secret | None = None
    per_hour: float | None = None
    base_url: str = ""


class OTX(HttpTIProvider):
    """AlienVault OTX: the reports of its community that name the indicator."""

    name = "OTX"
    takes: ClassVar = {
        "ipv4": _OF_HOSTS,
        "ipv6": _OF_HOSTS,
        "dns": _OF_HOSTS,
        "url": ("", "urls"),
        "md5_hash": ("", "analysis"),
        "sha1_hash": ("", "analysis"),
        "sha256_hash": ("", "analysis"),
        "cve": ("",),
    }
    settings = OtxSettings
    needs = ("auth_key",)
    base_url = "https://otx.alienvault.com"
    limits = Limits(concurrency=8, per_hour=10_000)
    home = "https://otx.alienvault.com"
    endpoints: ClassVar = {
        (kind, subtype): Endpoint(path=f"/api/v1/indicators/{its}/{{observable}}/{section}")
        for kind, its in _KINDS.items()
        for subtype, section in _SECTIONS.items()
    }

    def heeds_times(self, ioc_type: str, subtype: str) -> bool:
        """Lists have times; the count of pulses is that of all times."""
        del ioc_type
        return subtype in _LISTS

    def headers(self) -> Mapping[str, Any]:
        """The key."""
        return {"X-OTX-API-KEY": self.chosen.auth_key}

    async def ask(self, lookup: Lookup) -> Facts:
        """The facts of one section; names under a domain are another kind than domains."""
        if lookup.ioc_type != "dns":
            return await super().ask(lookup)
        path = f"/api/v1/indicators/{_name_kind(lookup.value)}/{{observable}}/{{section}}"
        fill = {"observable": lookup.value, "section": _SECTIONS[lookup.subtype]}
        reply = await self.http.aget(path, fill=fill)
        if reply.status_code in self.not_found:
            return Facts.unknown(record(reply), reference=self.reference(lookup))
        return self.read(lookup, reply)

    def reference(self, lookup: Lookup) -> str:
        """The page in OTX's own interface."""
        kind = {"ipv4": "ip", "ipv6": "ip", "url": "url", "cve": "cve"}.get(lookup.ioc_type, "file")
        if lookup.ioc_type == "dns":
            kind = _name_kind(lookup.value)
        return f"https://otx.alienvault.com/indicator/{kind}/{quote(lookup.value, safe='')}"

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """Pulses, or the entries of a section."""
        body = record(reply)
        reference = self.reference(lookup)
        if lookup.subtype in _LISTS:
            given = listed(body, _LISTS[lookup.subtype])
            more = bool(body.get("has_next")) or int(number(body, "count") or 0) > len(given)
            first, last = ("first", "last") if lookup.subtype == "passivedns" else ("date", "date")
            rows, others = rows_in_range(lookup, given, first, last, more=more)
            details: dict[str, Any] = {lookup.subtype: rows} if rows else {}
            details |= others
            if given and more:
                details["more"] = f"the first {len(given)}; OTX knows more"
            return Facts(found=bool(rows), details=details, raw=body, reference=reference)
        if lookup.subtype == "geo":
            needed(body, "country_name", "country_code", "city", "asn", "latitude")
            details = said(
                body, "country_name", "country_code", "city", "region", "asn", "latitude",
                "longitude",
            )  # fmt: skip
            return Facts(found=bool(details), details=details, raw=body, reference=reference)
        if lookup.subtype == "analysis":
            needed(body, "analysis")
            details = said(body, "analysis", "malware")
            return Facts(found=bool(details), details=details, raw=body, reference=reference)
        return _pulses(body, reference)


def _name_kind(name: str) -> str:
    """OTX knows registered domains and the names under them as different kinds."""
    parts = split_domain(name)
    return "hostname" if parts is not None and parts.subdomain else "domain"


def _pulses(body: Mapping[str, Any], reference: str) -> Facts:
    needed(body, "pulse_info")
    info = as_record(body["pulse_info"], "'pulse_info'")
    needed(info, "count", "pulses")
    pulses = members(info, "pulses")
    count = int(number(info, "count") or len(pulses))
    listed = [each.get("message") or each.get("source") for each in members(body, "validation")]
    details: dict[str, Any] = {"pulse_count": count}
    details |= said(body, "reputation", "asn", "country_name")
    if listed:
        details["validation"] = listed
    if pulses:
        details["pulses"] = [each.get("name") for each in pulses[:_MOST_PULSES]]
        details["tags"] = sorted({str(tag) for each in pulses for tag in each.get("tags") or ()})[
            :40
        ]
        families = (f for each in pulses for f in each.get("malware_families") or ())
        details["malware_families"] = sorted(
            {str(f.get("display_name") if isinstance(f, dict) else f) for f in families}
        )
    if not count:
        if not listed:
            reason = "no pulse names it"
            return Facts(found=False, reason=reason, raw=body, reference=reference)
        reason = f"no pulse names it, and OTX lists it as harmless: {listed[0]}"
        return Facts(
            severity="information", reason=reason, details=details, raw=body, reference=reference
        )
    reason = f"{count} pulse{'s name' if count > 1 else ' names'} it"
    if listed:
        reason += f"; but OTX lists it as harmless: {listed[0]}"
    severity = "warning" if listed else severity_of(count, _PULSES)
    return Facts(severity=severity, reason=reason, details=details, raw=body, reference=reference)
