"""Does our own MISP hold it?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any, ClassVar, Final

import polars as pl

from huntkit.core.errors import BadReply
from huntkit.enrich.ti.feed_values import compared
from huntkit.enrich.ti.http_provider import HttpTIProvider
from huntkit.enrich.ti.misp_attributes import MISP_TYPES, indicators_in, tags_of, verdict
from huntkit.enrich.ti.provider import Facts, Lookup, worst
from huntkit.enrich.ti.replies import listed, member, members, needed, record
from huntkit.enrich.ti.service_words import MAX_RAW, https_link
from huntkit.enrich.ti.times import in_range, moment, ranged
from huntkit.entities.indicators import refang
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret

_PAGE: Final = 1000
_MOST_PAGES: Final = 100
_ASKED: Final = {
    "returnFormat": "json",
    "limit": _PAGE,
    "includeEventTags": True,
    "includeContext": True,
    "includeSightings": True,
    "includeCorrelations": True,
    "includeWarninglistHits": True,
}


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
    endpoints: ClassVar = {}
    limits = Limits(concurrency=8)
    batch = 100
    splits = True
    takes_times = True
    internal = True
    kept_s = 3600.0
    home = "https://www.misp-project.org/openapi/"
    terms = "your own server; tags of attributes say how far they may be told"

    def headers(self) -> Mapping[str, Any]:
        """The key; the reply is JSON only when it is asked for."""
        return {"Authorization": self.chosen.auth_key, "Accept": "application/json"}

    async def ask(self, lookup: Lookup) -> Facts:
        """The attributes that are one indicator."""
        return (await self.ask_many([lookup]))[lookup]

    async def ask_many(self, lookups: Sequence[Lookup]) -> Mapping[Lookup, Facts]:
        """Those of many, by one question as long as they fit on a page."""
        values = [spelt for each in lookups for spelt in _spellings(each)]
        found: dict[str, dict[str, Any]] = {}
        for page in range(1, _MOST_PAGES + 1):
            # The values stand in a list: a text alone would be split at && and ||.
            body = {**_ASKED, "value": values, "page": page}
            reply = await self.http.apost("/attributes/restSearch", json=body, repeatable=True)
            given = _attributes(reply)
            new = {str(each.get("uuid") or each.get("id") or each): each for each in given}
            before = len(found)
            found |= new
            if len(given) < _PAGE:
                return self._told(lookups, found.values())
            if len(found) == before:
                raise BadReply("MISP has more pages, and repeats the last one", service=self.name)
        raise BadReply("MISP has pages without end", service=self.name)

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """What one page says about one indicator."""
        return self._told([lookup], _attributes(reply))[lookup]

    def _told(
        self, lookups: Sequence[Lookup], attributes: Iterable[Mapping[str, Any]]
    ) -> dict[Lookup, Facts]:
        """Whose attributes are whose; ``%`` in a value makes MISP find others, too."""
        pairs = [(_value(kind, text), each) for each in attributes if not each.get("deleted")
                 for kind, text in indicators_in(each)]  # fmt: skip
        by_key: dict[str, list[Mapping[str, Any]]] = {}
        for key, (_, each) in zip(_keys([text for text, _ in pairs]), pairs, strict=True):
            ours = by_key.setdefault(key, [])
            if not any(each is other for other in ours):
                ours.append(each)
        keys = _keys([each.value for each in lookups])
        return {
            lookup: self._facts(lookup, by_key.get(key, ()))
            for lookup, key in zip(lookups, keys, strict=True)
        }

    def _facts(self, lookup: Lookup, held: Sequence[Mapping[str, Any]]) -> Facts:
        ours = [each for each in held if _is_of_the_time(each, lookup)]
        if not ours:
            why = "MISP holds it, but nothing from the time that was asked about" if held else ""
            return Facts(found=False, reason=why)
        judged = [verdict(each, member(each, "Event")) for each in ours]
        severity = worst([each for each, _ in judged])
        reason = next(why for each, why in judged if each == severity)
        events = {str(each.get("event_id")): member(each, "Event").get("info") for each in ours}
        details = {
            "attributes": len(ours),
            "from_other_times": len(held) - len(ours),
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
            raw=list(ours[:MAX_RAW]),
            reference=https_link(f"{base}/events/view/{number}") if number.isdecimal() else "",
        )


def _attributes(reply: Reply) -> list[dict[str, Any]]:
    body = record(reply)
    needed(body, "response")
    if body["response"] == []:  # PHP's empty object
        return []
    return listed(member(body, "response"), "Attribute")


def _spellings(lookup: Lookup) -> list[str]:
    """As MISP keeps them: by now it shortens IPv6 addresses, and numbers stand without ``AS``."""
    if lookup.ioc_type == "ipv6":
        return [lookup.value, IPv6Address(lookup.value).exploded]
    if lookup.ioc_type == "asn":
        return [lookup.value, lookup.value.removeprefix("AS")]
    return [lookup.value]


def _value(kind: str, text: str) -> str:
    return f"AS{text}" if kind == "asn" and text.isdecimal() else refang(text)


def _keys(values: Sequence[str]) -> list[str]:
    return compared(pl.Series(values, dtype=pl.String)).to_list()


def _is_of_the_time(attribute: Mapping[str, Any], lookup: Lookup) -> bool:
    """Seen or sighted in the range; where MISP knows neither, changed in it."""
    if not ranged(lookup):
        return True
    first, last = attribute.get("first_seen"), attribute.get("last_seen")
    if moment(first) is None and moment(last) is None:
        first = last = attribute.get("timestamp")
    sighted = (each.get("date_sighting") for each in members(attribute, "Sighting"))
    return in_range(lookup, first, last) or any(
        moment(when) is not None and in_range(lookup, when) for when in sighted
    )
