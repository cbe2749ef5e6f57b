"""IPQualityScore: fraud and abuse scores of addresses, URLs, domains and mail addresses.

The key stands in the path of the URL: there is no other way.
https://www.ipqualityscore.com/documentation/overview
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from huntkit.core.errors import AccessDenied, BadReply, RateLimited, RequestFailed
from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup, Severity
from huntkit.enrich.ti.replies import Steps, number, record, said, severity_of, shown_number
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret

# From IPQualityScore's documentation: 75 suspicious, 85 and above likely abuse.
_SCORES: Final[Steps] = ((85, "high"), (75, "warning"), (0, "information"))
_SAID: Final = {
    "ip": (
        "fraud_score", "proxy", "vpn", "tor", "active_vpn", "active_tor", "recent_abuse",
        "bot_status", "is_crawler", "connection_type", "abuse_velocity", "host", "ISP",
        "organization", "ASN", "country_code", "region", "city", "latitude", "longitude",
    ),
    "url": (
        "risk_score", "unsafe", "malware", "phishing", "suspicious", "spamming", "parking",
        "adult", "category", "domain", "domain_rank", "domain_age", "ip_address", "server",
    ),
    "email": (
        "fraud_score", "valid", "disposable", "leaked", "recent_abuse", "suspect", "honeypot",
        "deliverability", "domain_age", "first_seen", "frequent_complainer",
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class IPQualityScoreSettings:
    """The key."""

    auth_key: Secret | None = None
    per_day: int | None = None
    base_url: str = ""


class IPQualityScore(HttpTIProvider):
    """IPQualityScore: proxies, VPNs, fraud, phishing and malware, with a score."""

    name = "IPQualityScore"
    takes: ClassVar = dict.fromkeys(("ipv4", "ipv6", "dns", "url", "email"), ("",))
    settings = IPQualityScoreSettings
    needs = ("auth_key",)
    base_url = "https://www.ipqualityscore.com"
    limits = Limits(concurrency=8)
    home = "https://www.ipqualityscore.com"
    terms = "free: a small number of look-ups a month"
    not_found = ()
    endpoints: ClassVar = {
        ("ipv4", ""): Endpoint(path="/api/json/ip/{key}/{observable}"),
        ("ipv6", ""): Endpoint(path="/api/json/ip/{key}/{observable}"),
        ("dns", ""): Endpoint(path="/api/json/url/{key}/{observable}"),
        ("url", ""): Endpoint(path="/api/json/url/{key}/{observable}"),
        ("email", ""): Endpoint(path="/api/json/email/{key}/{observable}"),
    }

    def fill(self) -> Mapping[str, Any]:
        """The key."""
        return {"key": self.chosen.auth_key}

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """The score; an error may stand in a reply with status 200."""
        body = record(reply)
        if body.get("success") is not True:
            self._refused(body)
        kind = {"dns": "url", "url": "url", "email": "email"}.get(lookup.ioc_type, "ip")
        score = number(body, "risk_score" if kind == "url" else "fraud_score")
        if score is None:
            raise BadReply("IPQualityScore's reply holds no score", service=self.name)
        severity: Severity = severity_of(score, _SCORES)
        reason = f"score {shown_number(score)} of 100"
        bad = [word for word in ("malware", "phishing") if body.get(word) is True]
        if kind == "url" and bad:
            severity, reason = "high", f"{' and '.join(bad)}, {reason}"
        return Facts(severity=severity, reason=reason, details=said(body, *_SAID[kind]), raw=body)

    def _refused(self, body: Mapping[str, Any]) -> None:
        text = self.http.hidden(str(body.get("message") or "no reason given"))[:200]
        plain = text.casefold()
        error = RequestFailed
        if any(word in plain for word in ("credit", "quota", "exceed", "limit")):
            error = RateLimited
        elif any(word in plain for word in ("key", "unauthorized", "not authorized", "account")):
            error = AccessDenied
        raise error(f"IPQualityScore says: {text}", service=self.name)
