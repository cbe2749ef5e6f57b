"""InternetDB, Shodan's small and free brother: open ports and weaknesses, without any key.

https://internetdb.shodan.io
"""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

from huntkit.core.errors import BadReply
from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup
from huntkit.enrich.ti.replies import record, said
from huntkit.enrich.ti.scanned_hosts import judged_tags
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits


@dataclass(frozen=True, kw_only=True)
class InternetDBSettings:
    """Nothing is needed."""

    base_url: str = ""


class InternetDB(HttpTIProvider):
    """InternetDB (Shodan): open ports, products, names and weaknesses; needs no key."""

    name = "InternetDB"
    takes: ClassVar = {"ipv4": ("",)}
    settings = InternetDBSettings
    keyless = True
    base_url = "https://internetdb.shodan.io"
    limits = Limits(concurrency=4)
    home = "https://internetdb.shodan.io"
    terms = "not for commercial use"
    endpoints: ClassVar = {("ipv4", ""): Endpoint(path="/{observable}")}

    def reference(self, lookup: Lookup) -> str:
        """The page in Shodan's own interface."""
        return f"https://www.shodan.io/host/{quote(lookup.value, safe='')}"

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """Ports, names and weaknesses; a verdict only where a tag is one."""
        body = record(reply)
        if "ports" not in body or body.get("ip") != lookup.value:
            raise BadReply("InternetDB's reply is not about the address", service=self.name)
        severity, reason = judged_tags(body)
        return Facts(
            severity=severity,
            reason=reason,
            details=said(body, "ports", "hostnames", "cpes", "tags", "vulns"),
            raw=body,
            reference=self.reference(lookup),
        )
