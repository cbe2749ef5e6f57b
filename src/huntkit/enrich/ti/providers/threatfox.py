"""Is it an indicator of known malware? ThreatFox of abuse.ch."""

from collections.abc import Mapping
from typing import Any, ClassVar

from huntkit.enrich.ti import abuse_ch
from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup, Severity
from huntkit.enrich.ti.replies import listed, said
from huntkit.enrich.ti.service_words import MAX_RAW
from huntkit.entities.indicators import url_host
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits

_IOC = Endpoint(
    path="/api/v1/", method="POST", json={"query": "search_ioc", "search_term": "{observable}"}
)
_HASH = Endpoint(
    path="/api/v1/", method="POST", json={"query": "search_hash", "hash": "{observable}"}
)
# ThreatFox's confidence of 75 is its usual "sure"; 50 is what it gives without further evidence.
_SURE: tuple[tuple[int, Severity], ...] = ((75, "high"), (50, "warning"), (0, "information"))


class ThreatFox(HttpTIProvider):
    """ThreatFox: indicators of malware, by family, with a confidence."""

    name = "ThreatFox"
    takes: ClassVar = {
        "ipv4": ("",), "dns": ("",), "url": ("",), "md5_hash": ("",), "sha256_hash": ("",),
    }  # fmt: skip
    settings = abuse_ch.AbuseChSettings
    needs = ("auth_key",)
    base_url = "https://threatfox-api.abuse.ch"
    limits = Limits(concurrency=5)
    home = "https://threatfox.abuse.ch/api/"
    terms = abuse_ch.TERMS
    endpoints: ClassVar = {
        ("ipv4", ""): _IOC,
        ("dns", ""): _IOC,
        ("url", ""): _IOC,
        ("md5_hash", ""): _HASH,
        ("sha256_hash", ""): _HASH,
    }

    def headers(self) -> Mapping[str, Any]:
        """The key."""
        return abuse_ch.headers(self.chosen)

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """The search also finds texts that hold the value: those are left out."""
        body = abuse_ch.answer(reply, self.name)
        rows = listed(body, "data") if body else []
        if lookup.ioc_type not in ("md5_hash", "sha256_hash"):
            rows = [each for each in rows if _is(str(each.get("ioc", "")), lookup)]
        if not rows:
            return Facts.unknown()
        first = max(rows, key=_confidence)
        level = _confidence(first)
        severity = next(word for least, word in _SURE if level >= least)
        family = first.get("malware_printable") or first.get("malware") or "malware"
        families = sorted({str(r["malware_printable"]) for r in rows if r.get("malware_printable")})
        details = {
            **said(first, "threat_type", "first_seen", "last_seen", "tags"),
            "malware": families,
            "confidence": level,
            "iocs": [str(each.get("ioc")) for each in rows[:20]],
            "entries": len(rows),
        }
        number = str(first.get("id", ""))
        return Facts(
            severity=severity,
            reason=f"{first.get('threat_type') or 'indicator'} of {family}, confidence {level}",
            details=details,
            raw=rows[:MAX_RAW],
            reference=f"https://threatfox.abuse.ch/ioc/{number}/" if number.isdecimal() else "",
        )


def _confidence(row: Mapping[str, Any]) -> int:
    given = row.get("confidence_level")
    return int(given) if isinstance(given, int | float) else 0


def _is(ioc: str, lookup: Lookup) -> bool:
    """Whether an entry is about the indicator itself: with a port, or a URL of that host."""
    plain = ioc.strip()
    if lookup.ioc_type == "url":
        return plain.rstrip("/") == lookup.value.rstrip("/")
    host = url_host(plain) if "://" in plain else plain.casefold().partition(":")[0]
    return host == lookup.value
