"""Does malware lie there? URLhaus of abuse.ch."""

from collections.abc import Mapping
from typing import Any, ClassVar

from huntkit.enrich.ti import abuse_ch
from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup
from huntkit.enrich.ti.replies import members, said
from huntkit.enrich.ti.service_words import https_link
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits

_HOST = Endpoint(path="/v1/host/", method="POST", form={"host": "{observable}"})


class URLhaus(HttpTIProvider):
    """URLhaus: addresses from which malware is spread."""

    name = "URLhaus"
    takes: ClassVar = {
        "url": ("",), "dns": ("",), "ipv4": ("",), "md5_hash": ("",), "sha256_hash": ("",),
    }  # fmt: skip
    settings = abuse_ch.AbuseChSettings
    needs = ("auth_key",)
    base_url = "https://urlhaus-api.abuse.ch"
    limits = Limits(concurrency=5)
    home = "https://urlhaus.abuse.ch/api/"
    terms = abuse_ch.TERMS
    endpoints: ClassVar = {
        ("url", ""): Endpoint(path="/v1/url/", method="POST", form={"url": "{observable}"}),
        ("dns", ""): _HOST,
        ("ipv4", ""): _HOST,
        ("md5_hash", ""): Endpoint(
            path="/v1/payload/", method="POST", form={"md5_hash": "{observable}"}
        ),
        ("sha256_hash", ""): Endpoint(
            path="/v1/payload/", method="POST", form={"sha256_hash": "{observable}"}
        ),
    }

    def headers(self) -> Mapping[str, Any]:
        """The key."""
        return abuse_ch.headers(self.chosen)

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """Online now is worse than once online."""
        body = abuse_ch.answer(reply, self.name)
        if body is None:
            return Facts.unknown()
        reference = https_link(body.get("urlhaus_reference"))
        if lookup.ioc_type in ("md5_hash", "sha256_hash"):
            return _payload(body, reference)
        if lookup.ioc_type == "url":
            online = body.get("url_status") == "online"
            threat = body.get("threat") or "malware"
            reason = f"listed for {threat}, {body.get('url_status') or 'status unknown'}"
        else:
            urls = members(body, "urls")
            active = sum(each.get("url_status") == "online" for each in urls)
            online = active > 0
            reason = f"{body.get('url_count', len(urls))} URLs listed, {active} online"
        details = said(
            body, "url_status", "threat", "tags", "url_count", "date_added", "last_online",
            "firstseen", "blacklists", "reporter",
        )  # fmt: skip
        return Facts(severity="high" if online else "warning", reason=reason, details=details,
                     raw=body, reference=reference)  # fmt: skip


def _payload(body: Mapping[str, Any], reference: str) -> Facts:
    family = body.get("signature")
    names = ("file_type", "file_size", "signature", "firstseen", "lastseen", "url_count")
    return Facts(
        severity="high",
        reason=f"a file that URLhaus saw at {body.get('url_count') or 'some'} URLs"
        + (f", recognised as {family}" if family else ""),
        details=said(body, *names),
        raw=dict(body),
        reference=reference,
    )
