"""IBM X-Force Exchange: its score of addresses, names, URLs and files.

https://api.xforce.ibmcloud.com/doc/
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final
from urllib.parse import quote

from huntkit.core.errors import BadReply, RateLimited
from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup, Severity
from huntkit.enrich.ti.replies import (
    Steps,
    as_record,
    listed,
    member,
    members,
    needed,
    number,
    record,
    said,
    severity_of,
    shown_number,
)
from huntkit.enrich.ti.times import ranged, rows_in_range
from huntkit.runtime.http_call import Basic
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret

# X-Force's scores are from 1 (the best) to 10; 7 and above it calls high.
_SCORES: Final[Steps] = ((7, "high"), (4, "warning"), (0, "information"))
_RISKS: Final[Mapping[str, Severity]] = {
    "high": "high", "medium": "warning", "low": "information",
}  # fmt: skip
_OF_HOSTS: Final = ("", "malware", "whois", "passivedns")
# What a reply must hold to be the one that was asked for; one of them is enough.
_NEEDED: Final = {
    ("ipv4", ""): ("score", "cats"),
    ("ipv6", ""): ("score", "cats"),
    ("dns", ""): ("result",),
    ("url", ""): ("result",),
    ("*", ""): ("malware",),
    ("*", "malware"): ("malware",),
    ("*", "rep"): ("history",),
    ("*", "whois"): ("registrarName", "createdDate", "contact", "extended", "netRange"),
    ("*", "passivedns"): ("Passive", "RDNS", "A"),
}
# Where the entries of a list say when they began and ended.
_TIMES: Final = {
    "malware": ("firstseen", "lastseen"),
    "rep": ("created", "created"),
    "passivedns": ("first", "last"),
}
_PAYMENT: Final = 402  # the month's free look-ups are used up


@dataclass(frozen=True, kw_only=True)
class XForceSettings:
    """The API key (ApiID) and its password (AuthKey)."""

    api_id: Secret | None = None
    auth_key: Secret | None = None
    per_day: int | None = None
    base_url: str = ""


class XForce(HttpTIProvider):
    """IBM X-Force Exchange: scores, categories, malware and passive DNS."""

    name = "XForce"
    takes: ClassVar = {
        "ipv4": ("", "rep", "malware", "whois", "passivedns"),
        "ipv6": ("", "rep", "malware", "whois", "passivedns"),
        "dns": _OF_HOSTS,
        "url": ("", "malware"),
        "md5_hash": ("",),
        "sha1_hash": ("",),
        "sha256_hash": ("",),
        "cve": ("",),
    }
    settings = XForceSettings
    needs = ("api_id", "auth_key")
    base_url = "https://api.xforce.ibmcloud.com"
    limits = Limits(concurrency=4)
    home = "https://exchange.xforce.ibmcloud.com"
    terms = "the free tier is small, by month, and not for commercial use"
    answers = (_PAYMENT,)
    endpoints: ClassVar = {
        **{(kind, subtype): Endpoint(path=path)
           for kind in ("ipv4", "ipv6")
           for subtype, path in (("", "/ipr/{observable}"), ("rep", "/ipr/history/{observable}"),
                                 ("malware", "/ipr/malware/{observable}"))},
        **{(kind, ""): Endpoint(path="/url/{observable}") for kind in ("dns", "url")},
        **{(kind, "malware"): Endpoint(path="/url/malware/{observable}")
           for kind in ("dns", "url")},
        **{(kind, ""): Endpoint(path="/malware/{observable}")
           for kind in ("md5_hash", "sha1_hash", "sha256_hash")},
        ("cve", ""): Endpoint(path="/vulnerabilities/search/{observable}"),
        ("*", "whois"): Endpoint(path="/whois/{observable}"),
        ("*", "passivedns"): Endpoint(path="/resolve/{observable}"),
    }  # fmt: skip

    def heeds_times(self, ioc_type: str, subtype: str) -> bool:
        """Lists have times; the score is the one of now."""
        del ioc_type
        return subtype in _TIMES

    def auth(self) -> Basic:
        """The key is the name, and its password the password."""
        return Basic(self.chosen.api_id, self.chosen.auth_key)

    def reference(self, lookup: Lookup) -> str:
        """The page in X-Force's own interface."""
        kinds = {"ipv4": "ip", "ipv6": "ip", "dns": "url", "url": "url", "cve": "vulnerabilities"}
        page = quote(lookup.value, safe="")
        kind = kinds.get(lookup.ioc_type, "malware")
        return f"https://exchange.xforce.ibmcloud.com/{kind}/{page}"

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """A score, a risk, or the rows of a sub-query."""
        if reply.status_code == _PAYMENT:
            raise RateLimited(
                "XForce: the look-ups of this month are used up", service=self.name, status=_PAYMENT
            )
        reference = self.reference(lookup)
        if lookup.ioc_type == "cve":
            return _vulnerability(reply.json(), reference)
        body = record(reply)
        needed(body, *_NEEDED.get((lookup.ioc_type, lookup.subtype), _NEEDED["*", lookup.subtype]))
        if lookup.subtype == "malware":
            return _listed(lookup, "malware", listed(body, "malware"), body, reference)
        if lookup.subtype == "rep":
            return _listed(lookup, "history", listed(body, "history"), body, reference)
        if lookup.subtype == "passivedns":
            rows = members(member(body, "Passive"), "records")
            facts = _listed(lookup, "passivedns", rows, body, reference)
            now = said(body, "A", "AAAA", "MX", "NS", "RDNS", "TXT")
            if ranged(lookup) or not now:
                return facts  # what the names say now says nothing about another time
            return replace(facts, found=True, details={**facts.details, **now})
        if lookup.subtype == "whois":
            details = said(body, "registrarName", "createdDate", "updatedDate", "expiresDate",
                           "contactEmail", "contact", "netRange")  # fmt: skip
            return Facts(found=bool(details), details=details, raw=body, reference=reference)
        if lookup.ioc_type.endswith("_hash"):
            return _file(as_record(body["malware"], "'malware'"), body, reference)
        of_ip = lookup.ioc_type.startswith("ip")
        scored = body if of_ip else as_record(body["result"], "'result'")
        needed(scored, "score", "cats")
        return _scored(scored, body, reference)


def _listed(
    lookup: Lookup, name: str, given: list[dict[str, Any]], body: Any, reference: str
) -> Facts:
    first, last = _TIMES[lookup.subtype]
    rows, others = rows_in_range(lookup, given, first, last, more=False)
    details = {**({name: rows} if rows else {}), **others}
    return Facts(found=bool(rows), details=details, raw=body, reference=reference)


def _scored(scored: Mapping[str, Any], body: Any, reference: str) -> Facts:
    details = said(scored, "score", "cats", "reason", "reasonDescription", "geo", "tags")
    score = number(scored, "score")
    if score is None:
        return Facts(
            found=bool(details), reason="no score", details=details, raw=body, reference=reference
        )
    cats = ", ".join(map(str, member(scored, "cats"))) or "no category"
    return Facts(
        severity=severity_of(score, _SCORES),
        reason=f"score {shown_number(score)} of 10 ({cats})",
        details=details,
        raw=body,
        reference=reference,
    )


def _file(malware: Mapping[str, Any], body: Any, reference: str) -> Facts:
    needed(malware, "risk", "family", "type", "md5", "origins")
    risk = str(malware.get("risk") or "").casefold()
    details = said(malware, "risk", "family", "type", "mimetype", "created", "md5")
    external = member(member(malware, "origins"), "external")
    details |= said(external, "firstSeen", "lastSeen", "detectionCoverage", "platform")
    severity = _RISKS.get(risk, "unknown")
    return Facts(
        severity=severity,
        reason=f"risk {risk}" if risk else "no risk is given",
        details=details,
        raw=body,
        reference=reference,
    )


def _vulnerability(body: Any, reference: str) -> Facts:
    if body is None:
        raise BadReply("XForce's reply is no list", service="XForce")
    found = members({"found": body}, "found")  # a list stands at the top
    if not found:
        return Facts.unknown(body, reference=reference)
    first = found[0]
    needed(first, "title", "xfdbid")
    details = said(first, "title", "description", "risk_level", "exploitability", "reported")
    return Facts(details=details, raw=body, reference=reference)
