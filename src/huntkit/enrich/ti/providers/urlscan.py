"""Who looked at it with a browser, and what did it look like? urlscan.io."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any, ClassVar, Final

from huntkit.core.errors import BadReply
from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup
from huntkit.enrich.ti.replies import listed, member, number, record, said
from huntkit.enrich.ti.service_words import MAX_RAW, https_link
from huntkit.enrich.ti.times import in_range, ranged
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret

# Fields of its search: https://urlscan.io/docs/search/.
_FIELDS: Final = {
    "url": "page.url.keyword",
    "dns": "page.domain",
    "ipv4": "page.ip",
    "ipv6": "page.ip",
    "sha256_hash": "hash",
    "asn": "page.asn",
}


@dataclass(frozen=True, kw_only=True)
class UrlScanSettings:
    """The key, which raises the limits, and where the service is."""

    auth_key: Secret | None = None
    base_url: str = ""


class UrlScan(HttpTIProvider):
    """urlscan.io: scans of pages that anybody may see; nothing is submitted."""

    name = "UrlScan"
    takes: ClassVar = dict.fromkeys(_FIELDS, ("",))
    settings = UrlScanSettings
    keyless = True
    base_url = "https://urlscan.io"
    takes_times = True
    limits = Limits(concurrency=2, per_minute=60, per_day=500)
    home = "https://urlscan.io/docs/api/"
    terms = "searches without a key are limited by address; https://urlscan.io/terms/"
    endpoints: ClassVar = {
        ("*", ""): Endpoint(path="/api/v1/search/", params={"q": "{observable}", "size": 100})
    }

    def headers(self) -> Mapping[str, Any]:
        """The key, if there is one: a wrong one is refused even where none is needed."""
        return {"API-Key": self.chosen.auth_key} if self.chosen.auth_key else {}

    def observable(self, lookup: Lookup) -> str:
        """A search for exactly this value, by scans of the range of time."""
        escaped = lookup.value.replace("\\", "\\\\").replace('"', '\\"')
        asked = f'{_FIELDS[lookup.ioc_type]}:"{escaped}"'
        if not ranged(lookup):
            return asked
        since, until = (
            "*" if each is None else f'"{each.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"'
            for each in (lookup.start, lookup.end)
        )  # fmt: skip
        return f"{asked} AND date:[{since} TO {until}]"

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """A scan is no verdict; only a scan that was judged malicious is."""
        body = record(reply)
        given = listed(body, "results")
        scans = [e for e in given if in_range(lookup, member(e, "task").get("time"))]
        if given and not scans and body.get("has_more"):
            raise BadReply(
                "urlscan gave scans of other times than were asked for", service="urlscan"
            )
        if not scans:
            return Facts.unknown(body)
        bad = [each for each in scans if _malicious(each)]
        total = int(number(body, "total") or len(scans))
        newest = max(scans, key=lambda each: str(member(each, "task").get("time", "")))
        page = member(newest, "page")
        details = {
            "scans": total,
            "malicious": len(bad),
            "last_scan": member(newest, "task").get("time"),
            **said(page, "url", "domain", "ip", "asnname", "country", "server", "title"),
        }
        shown = bad[0] if bad else newest
        made = str(shown.get("_id", ""))
        return Facts(
            severity="high" if bad else "unknown",
            reason=f"{len(bad)} of the {len(scans)} newest scans were judged malicious"
            if bad else f"scanned {total} times; that is no verdict",
            details=details,
            raw={**body, "results": scans[:MAX_RAW]},
            reference=https_link(f"https://urlscan.io/result/{made}/") if made else "",
        )  # fmt: skip


def _malicious(scan: Mapping[str, Any]) -> bool:
    verdicts = member(scan, "verdicts")
    return verdicts.get("malicious") is True or member(verdicts, "overall").get("malicious") is True
