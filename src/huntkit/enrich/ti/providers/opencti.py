"""Does our own OpenCTI know it?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from huntkit.enrich.ti.feed_reading import confident
from huntkit.enrich.ti.http_provider import HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup
from huntkit.enrich.ti.replies import member, members, needed, number, record, said
from huntkit.enrich.ti.service_words import https_link, refusal
from huntkit.enrich.ti.stix_patterns import observed, quoted
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret

_QUERY: Final = """query Look($seen: FilterGroup, $said: FilterGroup) {
  stixCyberObservables(first: 25, filters: $seen) { edges { node {
    id entity_type observable_value x_opencti_score x_opencti_description
    objectLabel { value } objectMarking { definition } createdBy { name } created_at
  } } }
  indicators(first: 25, filters: $said) { edges { node {
    id name description pattern pattern_type valid_from valid_until revoked confidence
    x_opencti_score indicator_types objectLabel { value } objectMarking { definition }
  } } }
}"""
_HASHES: Final = {"md5_hash": "hashes.MD5", "sha1_hash": "hashes.SHA-1",
                  "sha256_hash": "hashes.SHA-256", "sha512_hash": "hashes.SHA-512"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class OpenCTISettings:
    """The platform and a user's token."""

    base_url: str = ""
    auth_key: Secret | None = None


class OpenCTI(HttpTIProvider):
    """OpenCTI: observables and indicators of the organisation's own platform."""

    name = "OpenCTI"
    takes: ClassVar = dict.fromkeys(("ipv4", "ipv6", "dns", "url", "email", *_HASHES), ("",))
    settings = OpenCTISettings
    needs = ("base_url", "auth_key")
    base_url = ""
    endpoints: ClassVar = {}
    limits = Limits(concurrency=8)
    internal = True
    kept_s = 3600.0
    home = "https://docs.opencti.io/latest/reference/api/"
    terms = "your own platform"

    def headers(self) -> Mapping[str, Any]:
        """The token."""
        return {"Authorization": ("Bearer ", self.chosen.auth_key or "")}

    async def ask(self, lookup: Lookup) -> Facts:
        """Observables by their value, indicators by their pattern; in one question."""
        key = _HASHES.get(lookup.ioc_type, "value")
        pattern = _filter("and", ("pattern", "contains", quoted(lookup.value)))
        variables = {"seen": _filter("and", (key, "eq", lookup.value)), "said": pattern}
        reply = await self.http.apost(
            "/graphql", json={"query": _QUERY, "variables": variables}, repeatable=True
        )
        return self.read(lookup, reply)

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """Errors come with status 200; half an answer is none."""
        body = record(reply)
        if errors := members(body, "errors"):
            first = errors[0]
            code = str(member(first, "extensions").get("code") or first.get("name") or "")
            raise refusal(self.name, f"{code} {first.get('message', '')}".strip())
        needed(body, "data")
        data = member(body, "data")
        seen = _nodes(data, "stixCyberObservables")
        said_ = [each for each in _nodes(data, "indicators") if each.get("revoked") is not True]
        said_ = [each for each in said_ if _is_of(each, lookup)]
        if not seen and not said_:
            return Facts.unknown()
        nodes = [*said_, *seen]
        scores = [s for each in nodes if (s := number(each, "x_opencti_score")) is not None]
        labels = [str(one.get("value")) for each in nodes for one in members(each, "objectLabel")]
        marks = [str(m.get("definition")) for each in nodes for m in members(each, "objectMarking")]
        first = nodes[0]
        kind = "indicators" if said_ else "observables"
        base = str(self.chosen.base_url).rstrip("/")
        return Facts(
            severity=confident(max(scores)) if scores else "unknown",
            reason=f"score {max(scores):g} of 100" if scores else "known, without a score",
            details={
                "indicators": len(said_),
                "observables": len(seen),
                "labels": list(dict.fromkeys(labels)),
                "markings": list(dict.fromkeys(marks)),
                **said(first, "name", "description", "valid_until", "confidence"),
            },
            raw=data,
            reference=https_link(f"{base}/dashboard/observations/{kind}/{first.get('id')}"),
        )


def _filter(mode: str, *conditions: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "mode": mode,
        "filters": [
            {"key": key, "operator": operator, "values": [value], "mode": "or"}
            for key, operator, value in conditions
        ],
        "filterGroups": [],
    }


def _nodes(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    edges: Sequence[Mapping[str, Any]] = members(member(data, name), "edges")
    return [member(each, "node") for each in edges]


def _is_of(indicator: Mapping[str, Any], lookup: Lookup) -> bool:
    if indicator.get("pattern_type") not in (None, "stix"):
        return True  # of another language: the value stands in it, in quotes
    values = {each.value.casefold() for each in observed(str(indicator.get("pattern", "")))}
    return lookup.value.casefold() in values
