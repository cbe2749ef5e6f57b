"""GreyNoise: who scans the whole internet, and which addresses belong to well-known services.

With a key API v3 (many addresses at once); without one the community's, one by one.
https://docs.greynoise.io/docs/using-the-greynoise-api
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from huntkit.core.errors import BadReply
from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup, Severity
from huntkit.enrich.ti.replies import member, members, record, said, values
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session

_CLASSES: Final[Mapping[str, tuple[Severity, str]]] = {
    "malicious": ("high", "it scans the internet, with malicious intent"),
    "suspicious": ("warning", "it scans the internet, in a suspicious way"),
    "benign": ("information", "it scans the internet, with known and harmless intent"),
    "unknown": ("warning", "it scans the internet, with unknown intent"),
}
_AT_ONCE: Final = 500  # of 10,000 that GreyNoise takes: a failed request costs fewer answers
_FREE_A_DAY: Final = 50  # GreyNoise says about 50 a week; a day's number is what is kept on disk


@dataclass(frozen=True, kw_only=True)
class GreyNoiseSettings:
    """A key of a subscription; a free one is of use for the community's service only."""

    auth_key: Secret | None = None
    community: bool = False
    per_day: int | None = None
    base_url: str = ""


class GreyNoise(HttpTIProvider):
    """GreyNoise: whether an address scans the whole internet, or belongs to a known service."""

    name = "GreyNoise"
    takes: ClassVar = {"ipv4": ("", "quick", "full")}
    settings = GreyNoiseSettings
    keyless = True
    base_url = "https://api.greynoise.io"
    limits = Limits(concurrency=4)
    home = "https://viz.greynoise.io"
    terms = "without a key about 50 look-ups a week"
    endpoints: ClassVar = {
        ("ipv4", ""): Endpoint(path="/v3/community/{observable}"),
        ("ipv4", "quick"): Endpoint(path="/v3/ip", method="POST", params={"quick": "true"}),
        ("ipv4", "full"): Endpoint(path="/v3/ip", method="POST"),
    }

    def __init__(self, chosen: GreyNoiseSettings, session: Session) -> None:
        super().__init__(chosen, session)
        self.subscribed = chosen.auth_key is not None and not chosen.community
        if self.subscribed:
            self.batch = _AT_ONCE
        elif chosen.per_day is None:
            self.limits = replace(self.limits, per_day=_FREE_A_DAY)

    def subtypes(self, ioc_type: str) -> Sequence[str]:
        """Without a subscription there is one query only."""
        known = super().subtypes(ioc_type)
        return known if self.subscribed else known[:1]

    @property
    def identity(self) -> str:
        """The two services answer differently."""
        return super().identity if self.subscribed else f"{super().identity} community"

    def headers(self) -> Mapping[str, Any]:
        """The key, where there is one."""
        return {"key": self.chosen.auth_key} if self.chosen.auth_key else {}

    async def ask_many(self, lookups: Sequence[Lookup]) -> Mapping[Lookup, Facts]:
        """Up to 500 addresses in one request; all are of one sub-query."""
        endpoint = self.endpoints[("ipv4", lookups[0].subtype or "full")]
        reply = await self.http.apost(
            endpoint.path,
            params=endpoint.params,
            json={"ips": [each.value for each in lookups]},
            repeatable=True,
        )
        if reply.status_code in self.not_found:
            return {each: Facts.unknown(reference=self.reference(each)) for each in lookups}
        body = record(reply)
        if "data" not in body:
            raise BadReply("GreyNoise's reply holds no 'data'", service=self.name)
        told = {str(each.get("ip")): each for each in members(body, "data")}
        nothing = set(map(str, values(member(body, "request_metadata"), "ips_not_found")))
        found: dict[Lookup, Facts] = {}
        for each in lookups:
            if each.value in told:
                found[each] = _known(told[each.value], self.reference(each))
            elif each.value in nothing:
                found[each] = Facts.unknown(reference=self.reference(each))
        return found

    def reference(self, lookup: Lookup) -> str:
        """The page in GreyNoise's own interface."""
        return f"https://viz.greynoise.io/ip/{lookup.value}"

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """The community's answer."""
        body = record(reply)
        reference = self.reference(lookup)
        details = said(body, "name", "classification", "noise", "riot", "last_seen", "message")
        if body.get("riot") is True:
            reason = f"it belongs to a well-known service: {body.get('name')}"
            return Facts(
                severity="information", reason=reason, details=details, raw=body,
                reference=reference,
            )  # fmt: skip
        if body.get("noise") is True:
            severity, reason = _classified(body.get("classification"))
            return Facts(
                severity=severity, reason=reason, details=details, raw=body, reference=reference
            )
        if body.get("noise") is False:
            return Facts.unknown(body, reference=reference)
        raise BadReply("GreyNoise's reply does not say whether it is noise", service=self.name)


def _classified(word: Any) -> tuple[Severity, str]:
    return _CLASSES.get(str(word or "unknown").casefold(), ("unknown", f"classified as {word!r}"))


def _known(body: Mapping[str, Any], reference: str) -> Facts:
    """What v3 says: a scanner, a service of somebody's business, both, or neither."""
    scanner = member(body, "internet_scanner_intelligence")
    service = member(body, "business_service_intelligence")
    scans, serves = scanner.get("found") is True, service.get("found") is True
    if not scans and not serves:
        return Facts.unknown(dict(body), reference=reference)
    details: dict[str, Any] = {}
    if scans:
        severity, reason = _classified(scanner.get("classification"))
        details |= said(
            scanner, "classification", "actor", "last_seen", "first_seen", "cves", "bot", "vpn",
            "vpn_service", "tor", "spoofable",
        )  # fmt: skip
        details["tags"] = [
            each.get("name") if isinstance(each, dict) else each for each in values(scanner, "tags")
        ]
        details |= said(
            member(scanner, "metadata"), "organization", "asn", "source_country", "rdns", "os"
        )
    else:
        severity = "information"
        reason = f"it belongs to a well-known service: {service.get('name')}"
    if serves:
        details["service"] = said(service, "name", "category", "trust_level", "last_updated")
        if scans:
            reason += f"; it belongs to a well-known service: {service.get('name')}"
    return Facts(
        severity=severity, reason=reason, details=details, raw=dict(body), reference=reference
    )
