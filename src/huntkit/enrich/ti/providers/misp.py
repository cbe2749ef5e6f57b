"""Does our own MISP hold it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from huntkit.enrich.ti.feed_values import compared
from huntkit.enrich.ti.http_provider import Endpoint, HttpTIProvider
from huntkit.enrich.ti.misp_attributes import MISP_TYPES, indicators_in, tags_of, verdict
from huntkit.enrich.ti.provider import Facts, Lookup, worst
from huntkit.enrich.ti.replies import member, members, needed, record
from huntkit.enrich.ti.service_words import MAX_RAW, https_link
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret

_MOST = 500


@dataclass(frozen=True, kw_only=True)
class MISPSettings:
    """The server and a user's key."""

    base_url: str = ""
    auth_key: Secret | None = None


class MISP(HttpTIProvider):
    """MISP: events that the organisation and its partners share."""

    name = "MISP"
    takes: ClassVar = dict.fromkeys(MISP_TYPES, ("",))
    settings = MISPSettings
    needs = ("base_url", "auth_key")
    base_url = ""
    limits = Limits(concurrency=8)
    internal = True
    kept_s = 3600.0
    home = "https://www.misp-project.org/openapi/"
    terms = "your own server; tags of attributes say how far they may be told"
    # The value stands in a list: a text alone would be split at && and ||.
    endpoints: ClassVar = {
        ("*", ""): Endpoint(
            path="/attributes/restSearch",
            method="POST",
            json={
                "returnFormat": "json",
                "value": ["{observable}"],
                "limit": _MOST,
                "includeEventTags": True,
                "includeContext": True,
                "includeSightings": True,
                "includeCorrelations": True,
                "includeWarninglistHits": True,
            },
        )
    }

    def headers(self) -> Mapping[str, Any]:
        """The key; the reply is JSON only when it is asked for."""
        return {"Authorization": self.chosen.auth_key, "Accept": "application/json"}

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """Attributes that are the indicator; ``%`` in a value makes MISP find others, too."""
        body = record(reply)
        needed(body, "response")
        given = body["response"]
        found = members(member(body, "response"), "Attribute") if given != [] else []
        ours = [each for each in found if _is(each, lookup) and not each.get("deleted")]
        if not ours:
            return Facts.unknown()
        judged = [verdict(each, member(each, "Event")) for each in ours]
        severity = worst([each for each, _ in judged])
        reason = next(why for each, why in judged if each == severity)
        events = {str(each.get("event_id")): member(each, "Event").get("info") for each in ours}
        details = {
            "attributes": len(ours),
            "events": dict(list(events.items())[:20]),
            "categories": sorted({str(each.get("category")) for each in ours}),
            "tags": list(dict.fromkeys(t for a in ours for t in tags_of(a, member(a, "Event")))),
            "comments": list(dict.fromkeys(str(a["comment"]) for a in ours if a.get("comment"))),
            "sightings": sum(len(members(each, "Sighting")) for each in ours),
            "correlated": sum(len(members(each, "RelatedAttribute")) for each in ours),
            "warninglists": sorted({str(hit.get("warninglist_name") or hit.get("name"))
                                    for each in ours for hit in members(each, "warnings")}),
        }  # fmt: skip
        number = next(iter(events))
        base = str(self.chosen.base_url).rstrip("/")
        return Facts(
            severity=severity,
            reason=reason,
            details={name: value for name, value in details.items() if value},
            raw=ours[:MAX_RAW],
            reference=https_link(f"{base}/events/view/{number}") if number.isdecimal() else "",
        )


def _is(attribute: Mapping[str, Any], lookup: Lookup) -> bool:
    values = [value for _, value in indicators_in(attribute)]
    ours, *theirs = compared(pl.Series([lookup.value, *values])).to_list()
    return ours in theirs
