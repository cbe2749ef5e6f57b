"""Shodan: which services an address offers, and the DNS of a domain.

https://developer.shodan.io/api
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import quote

from huntkit.core.errors import RequestFailed
from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup
from huntkit.enrich.ti.replies import listed, members, needed, record, said
from huntkit.enrich.ti.scanned_hosts import judged_tags
from huntkit.enrich.ti.times import ranged, rows_in_range
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret

_OF_SERVICES: Final = ("port", "transport", "product", "version", "timestamp", "cpe23")


@dataclass(frozen=True, kw_only=True)
class ShodanSettings:
    """The key."""

    auth_key: Secret | None = None
    per_second: float | None = None
    base_url: str = ""


class Shodan(HttpTIProvider):
    """Shodan: services, products and weaknesses of an address; DNS of a domain."""

    name = "Shodan"
    takes: ClassVar = {
        "ipv4": ("", "history"),
        "ipv6": ("", "history"),
        "dns": ("", "passivedns"),
    }
    settings = ShodanSettings
    needs = ("auth_key",)
    base_url = "https://api.shodan.io"
    limits = Limits(concurrency=1, per_second=1)
    home = "https://www.shodan.io"
    terms = "names and history cost query credits"
    endpoints: ClassVar = {
        **{(kind, ""): Endpoint(path="/shodan/host/{observable}") for kind in ("ipv4", "ipv6")},
        **{(kind, "history"): Endpoint(path="/shodan/host/{observable}", params={"history": "true"})
           for kind in ("ipv4", "ipv6")},
        ("dns", ""): Endpoint(path="/dns/domain/{observable}"),
        ("dns", "passivedns"): Endpoint(
            path="/dns/domain/{observable}", params={"history": "true"}
        ),
    }  # fmt: skip

    def params(self) -> Mapping[str, Any]:
        """The key; Shodan takes it in the query only."""
        return {"key": self.chosen.auth_key}

    def reference(self, lookup: Lookup) -> str:
        """The page in Shodan's own interface."""
        kind = "domain" if lookup.ioc_type == "dns" else "host"
        return f"https://www.shodan.io/{kind}/{quote(lookup.value, safe='')}"

    def heeds_times(self, ioc_type: str, subtype: str) -> bool:
        """Records of DNS say when they were seen last; hosts are those of now."""
        del ioc_type
        return subtype == "passivedns"

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """A host, or a domain's records; Shodan gives no verdict but tags."""
        body = record(reply)
        if problem := body.get("error"):
            text = self.http.hidden(str(problem))[:200]
            if "no information" in text.casefold():
                return Facts.unknown({"error": text}, reference=self.reference(lookup))
            raise RequestFailed(f"Shodan says: {text}", service=self.name)
        if lookup.ioc_type == "dns":
            rows = listed(body, "data")
            needed(body, "domain")
            more = body.get("more") is True
            details = said(body, "domain", "tags", "subdomains")
            kept, others = rows_in_range(lookup, rows, "", "last_seen", more=more)
            details |= {**({"passivedns": kept} if kept else {}), **others}
            if more:
                details["more"] = f"the first {len(rows)} records; Shodan knows more"
            found = bool(kept or (body.get("subdomains") and not ranged(lookup)))
            return Facts(
                found=found, details=details if found else others, raw=body,
                reference=self.reference(lookup),
            )  # fmt: skip
        needed(body, "ip_str")
        rows = members(body, "data")
        details = said(
            body, "ports", "hostnames", "domains", "org", "isp", "asn", "os", "country_code",
            "country_name", "city", "tags", "vulns", "last_update",
        )  # fmt: skip
        if rows:
            details["services"] = [said(each, *_OF_SERVICES) for each in rows]
        severity, reason = judged_tags(body)
        return Facts(
            severity=severity, reason=reason, details=details, raw=body,
            reference=self.reference(lookup),
        )  # fmt: skip
