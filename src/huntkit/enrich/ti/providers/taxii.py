"""Is it in the collections of a TAXII 2.1 server?"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final

import polars as pl

from huntkit.core.errors import BadReply, SettingsError
from huntkit.enrich.ti.feed_reading import stix_details, stix_verdict
from huntkit.enrich.ti.feed_values import compared
from huntkit.enrich.ti.provider import Facts, Lookup, Severity, TIProvider, worst
from huntkit.enrich.ti.replies import listed, members, record
from huntkit.enrich.ti.service_words import MAX_RAW
from huntkit.enrich.ti.stix_patterns import observed
from huntkit.enrich.ti.times import valid_in_range
from huntkit.runtime.http_call import Basic
from huntkit.runtime.http_client import HttpClient, Service
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret

_MEDIA: Final = "application/taxii+json;version=2.1"
_PAGE: Final = 1000
_MOST_PAGES: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class TAXIISettings:
    """The API root, its collections, and who asks.

    Attributes:
        base_url: the API root, such as ``https://taxii.example/api1``.
        collections: the ids of the collections.
        user: for basic authentication.
        password: for basic authentication.
        auth_key: a bearer token instead.
    """

    base_url: str = ""
    collections: tuple[str, ...] = ()
    user: str = ""
    password: Secret | None = None
    auth_key: Secret | None = None


class TAXII(TIProvider):
    """Indicators of TAXII collections: they are fetched, and compared here; nothing is told."""

    name = "TAXII"
    takes: ClassVar = dict.fromkeys(
        ("ipv4", "ipv6", "cidr", "dns", "url", "email", "md5_hash", "sha1_hash", "sha256_hash",
         "sha512_hash", "cve", "mutex", "registry_key"),
        ("",),
    )  # fmt: skip
    settings = TAXIISettings
    limits = Limits(concurrency=1)
    takes_times = True
    internal = True
    batch = 200_000
    kept_s = 0.0  # the collections are kept in memory for an hour; a second cache would be older
    home = "https://docs.oasis-open.org/cti/taxii/v2.1/taxii-v2.1.html"
    terms = "those of the server's owner"
    good_for_s: ClassVar[float] = 3600.0

    def __init__(self, chosen: Any, session: Any) -> None:
        super().__init__(chosen, session)
        self._lock = threading.Lock()
        self._items: dict[str, dict[str, Any]] = {}
        self._by_key: dict[str, list[tuple[bool, str]]] = {}
        self._at: float | None = None

    @cached_property
    def http(self) -> HttpClient:
        """The client of the API root.

        Raises:
            SettingsError: the root or a collection is missing.
        """
        chosen: TAXIISettings = self.chosen
        if self._missing:
            raise SettingsError(
                self._missing,
                hint="put them into the settings file under TIProviders: TAXII: Args:",
            )
        token = {"Authorization": ("Bearer ", chosen.auth_key)} if chosen.auth_key else {}
        return self.session.http(
            Service(
                name=self.name,
                base_url=chosen.base_url.rstrip("/"),
                headers={"Accept": _MEDIA, **token},
                auth=Basic(chosen.user, chosen.password)
                if chosen.user and chosen.password else None,
                limits=self.limits,
            )
        )  # fmt: skip

    @property
    def _missing(self) -> str:
        there = self.chosen.base_url and self.chosen.collections
        return "" if there else "TAXII needs BaseUrl (the API root) and Collections"

    def lacking(self) -> str:
        """Which settings are missing, or that the session is offline."""
        return self._missing or ("this session is offline" if self.session.offline else "")

    def ask(self, lookup: Lookup) -> Facts:
        """What the collections say about one indicator."""
        return self.ask_many([lookup])[lookup]

    def ask_many(self, lookups: Sequence[Lookup]) -> Mapping[Lookup, Facts]:
        """What they say about many."""
        with self._lock:
            self._fetch()
        keys = compared(pl.Series([each.value for each in lookups], dtype=pl.String))
        return {
            lookup: self._facts(lookup, self._by_key[key])
            if key in self._by_key else Facts.unknown()
            for lookup, key in zip(lookups, keys, strict=True)
        }  # fmt: skip

    def _fetch(self) -> None:
        """Fetch everything anew once an hour; nothing changes if that fails."""
        now = self.session.network.clock.now().timestamp()
        if self._at is not None and now - self._at < self.good_for_s:
            return
        _ = self.http  # says what is missing, before "no collections" reads as "nothing there"
        items: dict[str, dict[str, Any]] = {}
        for collection in self.chosen.collections:
            for item in self._objects(collection):
                old = items.get(str(item.get("id")))
                if old is None or str(old.get("modified")) <= str(item.get("modified")):
                    items[str(item.get("id"))] = item
        by_key: dict[str, list[tuple[bool, str]]] = {}
        for name, item in items.items():
            if item.get("revoked") is True or item.get("pattern_type", "stix") != "stix":
                continue
            values = observed(str(item.get("pattern", "")))
            keys = compared(pl.Series([each.value for each in values], dtype=pl.String))
            for each, key in zip(values, keys, strict=True):
                by_key.setdefault(key, []).append((each.alone, name))
        self._items, self._by_key, self._at = items, by_key, now

    def _objects(self, collection: str) -> Iterator[dict[str, Any]]:
        """The indicators of a collection, page by page."""
        params: dict[str, Any] = {"match[type]": "indicator", "limit": _PAGE}
        seen: set[tuple[str, str]] = set()
        for _ in range(_MOST_PAGES):
            reply = self.http.get(
                "/collections/{id}/objects/", fill={"id": collection}, params=params
            )
            body = _envelope(reply)
            yield from (o for o in members(body, "objects") if o.get("type") == "indicator")
            if body.get("more") is not True:
                return
            before = len(seen)
            seen.update(
                (str(o.get("id")), str(o.get("modified"))) for o in members(body, "objects")
            )
            following = str(body.get("next") or "")
            last = reply.headers.get("x-taxii-date-added-last", "")
            new = {"next": following} if following else {"added_after": last}
            # The same `next` again is fine (the server keeps the place); the same page is not.
            if not any(new.values()) or len(seen) == before:
                raise BadReply("TAXII has more pages and does not say where", service=self.name)
            params = {**params, **new}
        raise BadReply("TAXII has pages without end", service=self.name)

    def _facts(self, lookup: Lookup, hits: Sequence[tuple[bool, str]]) -> Facts:
        # Not `added_after`: when the server got to know something says nothing about when it held.
        known, hits = hits, [each for each in hits if _valid(lookup, self._items[each[1]])]
        if not hits:
            why = f"{len(known)} indicators name it, none valid in the time that was asked about"
            return Facts(found=False, reason=why)
        now = (lookup.start or self.session.network.clock.now()).isoformat()[:19]
        judged = [(*_verdict(self._items[name], now, alone=alone), name) for alone, name in hits]
        severity = worst([each for each, _, _ in judged])
        reason, name = next((why, n) for each, why, n in judged if each == severity)
        return Facts(
            severity=severity,
            reason=reason,
            details={**stix_details(self._items[name]), "indicators": len(hits)},
            raw=[self._items[n] for _, n in hits[:MAX_RAW]],
        )


def _envelope(reply: Reply) -> dict[str, Any]:
    """The envelope of TAXII 2.1: one without objects is an answer only if it says what it is."""
    body = record(reply)
    if "objects" in body:
        listed(body, "objects")
        return body
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if set(body) - {"more", "next"} or kind != _MEDIA.partition(";")[0]:
        raise BadReply("TAXII's reply is no envelope: it holds no 'objects'", service="TAXII")
    return body


def _valid(lookup: Lookup, item: Mapping[str, Any]) -> bool:
    return valid_in_range(lookup, item.get("valid_from"), item.get("valid_until"))


def _verdict(item: Mapping[str, Any], now: str, *, alone: bool) -> tuple[Severity, str]:
    until = str(item.get("valid_until") or "")
    if until and until[:19] < now:
        return "information", f"its time was over on {until[:10]}"
    if not alone:
        return "information", "only a part of its pattern"
    severity, reason = stix_verdict(item)
    if severity is None or reason is None:
        return "warning", "an indicator that gives no verdict"
    return severity, reason
