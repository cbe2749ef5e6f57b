"""AbuseIPDB: what people report about addresses.

https://docs.abuseipdb.com
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import quote

from huntkit.core.errors import BadReply, UsageError
from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup
from huntkit.enrich.ti.replies import (
    Steps,
    as_record,
    listed,
    members,
    number,
    record,
    said,
    severity_of,
    shown_number,
)
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret

# AbuseIPDB itself advises to block from 75 percent on.
_CONFIDENCE: Final[Steps] = ((75, "high"), (25, "warning"), (0, "information"))
_MOST_DAYS: Final = 365


@dataclass(frozen=True, kw_only=True)
class AbuseIPDBSettings:
    """The key; how old reports may be, in days; the limits of another plan."""

    auth_key: Secret | None = None
    max_age_days: int = 90
    per_day: int | None = None
    base_url: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.max_age_days <= _MOST_DAYS:
            raise UsageError(f"MaxAgeDays={self.max_age_days}: AbuseIPDB takes 1 to {_MOST_DAYS}")


class AbuseIPDB(HttpTIProvider):
    """AbuseIPDB: what people report about an address or a small network."""

    name = "AbuseIPDB"
    takes: ClassVar = {"ipv4": ("", "reports"), "ipv6": ("", "reports"), "cidr": ("",)}
    settings = AbuseIPDBSettings
    needs = ("auth_key",)
    base_url = "https://api.abuseipdb.com"
    limits = Limits(concurrency=8, per_day=1000)
    home = "https://www.abuseipdb.com"
    terms = "free: 1,000 addresses and 100 networks a day"
    not_found = ()  # it answers for every address; a 404 would be another service
    endpoints: ClassVar = {
        ("*", ""): Endpoint(path="/api/v2/check", params={"ipAddress": "{observable}"}),
        ("*", "reports"): Endpoint(
            path="/api/v2/check", params={"ipAddress": "{observable}", "verbose": ""}
        ),
        ("cidr", ""): Endpoint(path="/api/v2/check-block", params={"network": "{observable}"}),
    }

    def headers(self) -> Mapping[str, Any]:
        """The key."""
        return {"Key": self.chosen.auth_key, "Accept": "application/json"}

    def params(self) -> Mapping[str, Any]:
        """How old reports may be."""
        return {"maxAgeInDays": self.chosen.max_age_days}

    @property
    def identity(self) -> str:
        """Answers differ by the age of reports."""
        return f"{super().identity} {self.chosen.max_age_days} days"

    def reference(self, lookup: Lookup) -> str:
        """The page in AbuseIPDB's own interface."""
        kind = "check-block" if lookup.ioc_type == "cidr" else "check"
        return f"https://www.abuseipdb.com/{kind}/{quote(lookup.value, safe='')}"

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """The confidence that an address is abusive, or the reported addresses of a network."""
        body = record(reply)
        data = as_record(body.get("data"), "'data'")
        if lookup.ioc_type == "cidr":
            return self._network(data, body, self.reference(lookup))
        score, reports = number(data, "abuseConfidenceScore"), number(data, "totalReports")
        if score is None or reports is None:
            raise BadReply("AbuseIPDB's reply holds no score", service=self.name)
        details = said(
            data, "abuseConfidenceScore", "totalReports", "numDistinctUsers", "lastReportedAt",
            "isWhitelisted", "isTor", "usageType", "isp", "domain", "hostnames", "countryCode",
        )  # fmt: skip
        if lookup.subtype == "reports":
            details["reports"] = members(data, "reports")
        days = f"in {self.chosen.max_age_days} days"
        listed = data.get("isWhitelisted") is True
        if not reports and not score and not listed:
            return Facts(
                found=False, reason=f"no reports {days}", raw=body, reference=self.reference(lookup)
            )
        reason = f"{shown_number(score)} % confidence, {shown_number(reports)} reports {days}"
        if listed:
            reason += "; AbuseIPDB lists it as harmless"
        return Facts(
            severity="information" if listed else severity_of(score, _CONFIDENCE),
            reason=reason,
            details=details,
            raw=body,
            reference=self.reference(lookup),
        )

    def _network(self, data: Mapping[str, Any], body: Any, reference: str) -> Facts:
        reported = listed(data, "reportedAddress")
        if not reported:
            return Facts.unknown(body, reference=reference)
        worst = max(number(each, "abuseConfidenceScore") or 0 for each in reported)
        details = said(
            data, "networkAddress", "netmask", "numPossibleHosts", "addressSpaceDesc",
            "reportedAddress",
        )  # fmt: skip
        return Facts(
            severity=severity_of(worst, _CONFIDENCE),
            reason=f"{len(reported)} reported addresses, the worst with {shown_number(worst)} % "
            f"confidence, in {self.chosen.max_age_days} days",
            details=details,
            raw=body,
            reference=reference,
        )
