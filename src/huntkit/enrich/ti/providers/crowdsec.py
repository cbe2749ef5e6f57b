"""CrowdSec CTI: what its users' sensors saw an address do.

https://docs.crowdsec.net/u/cti_api/api_introduction
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from huntkit.core.errors import BadReply
from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup, Severity
from huntkit.enrich.ti.replies import as_record, member, members, record, said, values
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session

_REPUTATIONS: Final[Mapping[str, Severity]] = {
    "malicious": "high",
    "suspicious": "warning",
    "known": "information",
    "safe": "information",
    "unknown": "unknown",
}
_AT_ONCE: Final = 100


@dataclass(frozen=True, kw_only=True)
class CrowdSecSettings:
    """The key; whether its plan allows many addresses in one request (paid ones do)."""

    auth_key: Secret | None = None
    batch: bool = False
    per_day: int | None = None
    base_url: str = ""


class CrowdSec(HttpTIProvider):
    """CrowdSec CTI: reputation, behaviours and scores from its users' sensors."""

    name = "CrowdSec"
    takes: ClassVar = {"ipv4": ("",), "ipv6": ("",)}
    settings = CrowdSecSettings
    needs = ("auth_key",)
    base_url = "https://cti.api.crowdsec.net"
    limits = Limits(concurrency=4, per_day=50)
    home = "https://app.crowdsec.net/cti"
    terms = "free: 50 look-ups a day; Batch: true for plans that allow it"
    endpoints: ClassVar = {("*", ""): Endpoint(path="/v2/smoke/{observable}")}

    def __init__(self, chosen: CrowdSecSettings, session: Session) -> None:
        super().__init__(chosen, session)
        if chosen.batch:
            self.batch = _AT_ONCE

    def headers(self) -> Mapping[str, Any]:
        """The key."""
        return {"x-api-key": self.chosen.auth_key}

    async def ask_many(self, lookups: Sequence[Lookup]) -> Mapping[Lookup, Facts]:
        """Up to a hundred addresses in one request."""
        ips = ",".join(each.value for each in lookups)
        reply = await self.http.aget("/v2/smoke", params={"ips": ips})
        if reply.status_code in self.not_found:
            return {each: Facts.unknown(reference=self.reference(each)) for each in lookups}
        body = record(reply)
        if "items" not in body:
            raise BadReply("CrowdSec's reply holds no 'items'", service=self.name)
        told = {str(each.get("ip")): each for each in members(body, "items")}
        found = {e: _facts(told[e.value], self.reference(e)) for e in lookups if e.value in told}
        # What it does not name it does not know; but it must have named as many as it says.
        if body.get("not_found") not in (None, len(lookups) - len(found)):
            return found
        nothing = {e: Facts.unknown(reference=self.reference(e)) for e in lookups if e not in found}
        return found | nothing

    def reference(self, lookup: Lookup) -> str:
        """The page in CrowdSec's own interface."""
        return f"https://app.crowdsec.net/cti/{lookup.value}"

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """The facts of one address."""
        return _facts(record(reply), self.reference(lookup))


def _facts(body: dict[str, Any], reference: str) -> Facts:
    word = body.get("reputation")
    overall = member(member(body, "scores"), "overall")
    if word is None and not overall:
        raise BadReply("CrowdSec's reply holds neither reputation nor scores", service="CrowdSec")
    details = said(
        body, "reputation", "confidence", "background_noise", "background_noise_score",
        "ip_range_score", "as_name", "as_num", "reverse_dns", "cves",
    )  # fmt: skip
    details |= said(member(body, "location"), "country", "city")
    details |= said(member(body, "history"), "first_seen", "last_seen")
    for name in ("behaviors", "attack_details", "mitre_techniques"):
        if rows := values(body, name):
            details[name] = [as_record(each, name).get("name") for each in rows]
    listed = members(member(body, "classifications"), "false_positives")
    harmless = [each.get("label") or each.get("name") for each in listed]
    if harmless:
        details["false_positives"] = harmless
    if overall:
        details["scores"] = overall
    severity = _REPUTATIONS.get(str(word or "unknown").casefold(), "unknown")
    reason = f"reputation {word}" if word else "no reputation is given"
    if harmless:
        severity = "information" if severity != "unknown" else severity
        reason += f"; CrowdSec lists it as harmless: {harmless[0]}"
    return Facts(severity=severity, reason=reason, details=details, raw=body, reference=reference)
