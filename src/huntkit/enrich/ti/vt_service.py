"""Asking VirusTotal for objects and for lists that come in pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from huntkit.core.errors import BadReply, RequestFailed
from huntkit.enrich.ti.provider import Lookup
from huntkit.enrich.ti.providers.virustotal import VirusTotal
from huntkit.enrich.ti.replies import as_record, member, needed, record
from huntkit.enrich.ti.vt_tables import KINDS

_PATHS: Final = {
    "ip_address": "/api/v3/ip_addresses/{id}",
    "domain": "/api/v3/domains/{id}",
    "url": "/api/v3/urls/{id}",
    "file": "/api/v3/files/{id}",
}
_RELATED_AT_ONCE: Final = 40  # what VirusTotal gives on one page of related objects
_FOUND_AT_ONCE: Final = 300  # ... of search results
_MOST: Final = 10_000


@dataclass
class Pages:
    """What came of a list that comes in pages.

    Attributes:
        things: the objects.
        total: how many VirusTotal says there are.
        more: there are more than were asked for.
    """

    things: list[Mapping[str, Any]] = field(default_factory=list)
    total: object = None
    more: bool = False


class VTService:
    """VirusTotal's answers as JSON; what it does not know is `RequestFailed` with status 404."""

    def __init__(self, provider: VirusTotal) -> None:
        self.provider = provider

    async def thing(self, lookup: Lookup) -> dict[str, Any]:
        """One object."""
        path = _PATHS[KINDS[lookup.ioc_type]]
        body = await self._get(path, {"id": self.provider.observable(lookup)})
        found = as_record(body.get("data"), "'data'")
        as_record(found.get("attributes"), "'attributes'")
        return found

    async def related(self, lookup: Lookup, relationship: str, limit: int | None) -> Pages:
        """The objects that one is connected with."""
        path = _PATHS[KINDS[lookup.ioc_type]] + "/{relationship}"
        fill = {"id": self.provider.observable(lookup), "relationship": relationship}
        return await self._pages(path, fill, limit, _RELATED_AT_ONCE, {})

    async def search(self, query: str, limit: int | None) -> Pages:
        """What a search finds."""
        path = "/api/v3/intelligence/search"
        return await self._pages(path, {}, limit, _FOUND_AT_ONCE, {"query": query})

    async def behaviour(self, file_id: str, sandbox: str | None) -> dict[str, Any]:
        """What a file did: in all sandboxes, or in one of them."""
        if sandbox is None:
            body = await self._get(_PATHS["file"] + "/behaviour_summary", {"id": file_id})
            return as_record(body.get("data"), "'data'")
        body = await self._get("/api/v3/file_behaviours/{id}", {"id": f"{file_id}_{sandbox}"})
        return member(as_record(body.get("data"), "'data'"), "attributes")

    async def _pages(
        self,
        path: str,
        fill: Mapping[str, str],
        limit: int | None,
        at_once: int,
        params: Mapping[str, str],
    ) -> Pages:
        """The things of a list, page by page, until there are enough."""
        most = _MOST if limit is None else limit
        found, cursor = Pages(), None
        while True:
            size = min(at_once, most - len(found.things))
            body = await self._get(path, fill, {**params, "limit": size, "cursor": cursor})
            needed(body, "data")
            data = body["data"]
            page = data if isinstance(data, list) else [] if data is None else [data]
            found.things += [as_record(each, "an element of 'data'") for each in page]
            meta = member(body, "meta")
            found.total = meta.get("count")
            previous, cursor = cursor, meta.get("cursor")
            found.more = bool(cursor) or len(found.things) > most
            del found.things[most:]
            if not cursor or len(found.things) >= most:
                return found
            if cursor == previous or not page:
                raise BadReply("VirusTotal's pages do not end", service="VirusTotal")

    async def _get(
        self, path: str, fill: Mapping[str, str], params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        reply = await self.provider.http.aget(path, fill=fill, params=params)
        if reply.status_code in self.provider.not_found:
            raise RequestFailed(
                "VirusTotal does not know it", service="VirusTotal", status=reply.status_code
            )
        return record(reply)
