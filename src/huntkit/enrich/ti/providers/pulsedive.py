"""Pulsedive: the risk of addresses, names and URLs, and why.

https://pulsedive.com/api/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import quote

from huntkit.core.errors import AccessDenied, BadReply, RateLimited, RequestFailed
from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup, Severity
from huntkit.enrich.ti.replies import members, record, said
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret

_RISKS: Final[Mapping[str, Severity]] = {
    "critical": "high",
    "high": "high",
    "medium": "warning",
    "low": "information",
    "none": "information",
    "unknown": "unknown",
    "retired": "unknown",
}
_TAKES: Final = ("", "links", "properties")


@dataclass(frozen=True, kw_only=True)
class PulsediveSettings:
    """The key."""

    auth_key: Secret | None = None
    per_minute: float | None = None
    per_day: int | None = None
    base_url: str = ""


class Pulsedive(HttpTIProvider):
    """Pulsedive: a risk with its reasons, threats and feeds that name the indicator."""

    name = "Pulsedive"
    takes: ClassVar = dict.fromkeys(("ipv4", "ipv6", "dns", "url"), _TAKES)
    settings = PulsediveSettings
    needs = ("auth_key",)
    base_url = "https://pulsedive.com"
    limits = Limits(concurrency=2, per_second=1, per_minute=30)
    home = "https://pulsedive.com"
    answers = (400,)
    endpoints: ClassVar = {
        ("*", subtype): Endpoint(path="/api/info.php", params={"indicator": "{observable}"})
        for subtype in _TAKES
    }

    def params(self) -> Mapping[str, Any]:
        """The key; Pulsedive takes it in the query only."""
        return {"key": self.chosen.auth_key}

    def reference(self, lookup: Lookup) -> str:
        """The page in Pulsedive's own interface."""
        return f"https://pulsedive.com/indicator/?indicator={quote(lookup.value, safe='')}"

    async def ask(self, lookup: Lookup) -> Facts:
        """The indicator; links and properties are asked by its number."""
        facts = await super().ask(lookup)
        if not lookup.subtype or not facts.found:
            return facts
        number = facts.raw.get("iid")
        if not isinstance(number, int | str):
            raise BadReply("Pulsedive's reply holds no number of the indicator", service=self.name)
        params = {"iid": number, "get": lookup.subtype}
        reply = await self.http.aget("/api/info.php", params=params)
        if reply.status_code in self.not_found:
            return Facts.unknown(reference=facts.reference)
        body = self._checked(reply)
        rows = said(body, *(name for name in body if name not in ("iid", "type", "success")))
        return Facts(found=bool(rows), details=rows, raw=body, reference=facts.reference)

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """The risk, and why."""
        body = self._checked(reply)
        reference = self.reference(lookup)
        if body.get("_nothing"):
            return Facts.unknown({"error": body["error"]}, reference=reference)
        if "risk" not in body:
            raise BadReply("Pulsedive's reply holds no risk", service=self.name)
        risk = str(body["risk"]).casefold()
        details = said(body, "risk", "risk_recommended", "stamp_added", "stamp_updated",
                       "stamp_seen", "stamp_retired", "retired", "attributes")  # fmt: skip
        factors = [each.get("description") for each in members(body, "riskfactors")]
        for name, key in (("threats", "name"), ("feeds", "name")):
            details |= said({name: [each.get(key) for each in members(body, name)]}, name)
        reason = f"risk {risk}"
        if factors:
            details["riskfactors"] = factors
            reason += f": {factors[0]}" + (f" and {len(factors) - 1} more" * (len(factors) > 1))
        if body.get("retired"):
            return Facts(
                reason=f"risk {risk}, but retired: {body['retired']}", details=details, raw=body,
                reference=reference,
            )  # fmt: skip
        return Facts(
            severity=_RISKS.get(risk, "unknown"), reason=reason, details=details, raw=body,
            reference=reference,
        )  # fmt: skip

    def _checked(self, reply: Reply) -> dict[str, Any]:
        """The body; errors stand in it, sometimes with status 200."""
        body = record(reply)
        problem = body.get("error")
        if not problem:
            if reply.status_code >= 400:
                raise RequestFailed(
                    f"Pulsedive refused the request ({reply.status_code})", service=self.name,
                    status=reply.status_code,
                )  # fmt: skip
            return body
        text = self.http.hidden(str(problem))
        plain = text.casefold()
        if "not found" in plain:
            return {"_nothing": True, "error": text}
        kind = RequestFailed
        if "key" in plain or "permission" in plain:
            kind = AccessDenied
        elif "limit" in plain or "quota" in plain:
            kind = RateLimited
        raise kind(f"Pulsedive says: {text[:200]}", service=self.name, status=reply.status_code)
