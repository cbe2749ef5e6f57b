"""How often is a domain linked to? Open PageRank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from huntkit.enrich.ti.http_provider import HttpTIProvider
from huntkit.enrich.ti.provider import Facts, Lookup
from huntkit.enrich.ti.replies import members, needed, number, record, said, shown_number
from huntkit.enrich.ti.service_words import refusal
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret


@dataclass(frozen=True, kw_only=True)
class OPRSettings:
    """The key, and where the service is."""

    auth_key: Secret | None = None
    base_url: str = ""


class OPR(HttpTIProvider):
    """Open PageRank: how well known a domain is, up to 10; says nothing about its intentions."""

    name = "OPR"
    takes: ClassVar = {"dns": ("",)}
    settings = OPRSettings
    needs = ("auth_key",)
    base_url = "https://openpagerank.com"
    endpoints: ClassVar = {}
    limits = Limits(concurrency=4, per_hour=10_000)
    batch = 100
    kept_s = 7 * 24 * 3600.0
    home = "https://www.domcop.com/openpagerank/documentation"
    terms = "free with a key; it is asked about 100 domains at once"

    def headers(self) -> Mapping[str, Any]:
        """The key."""
        return {"API-OPR": self.chosen.auth_key}

    async def ask(self, lookup: Lookup) -> Facts:
        """The rank of one domain."""
        return (await self.ask_many([lookup]))[lookup]

    async def ask_many(self, lookups: Sequence[Lookup]) -> Mapping[Lookup, Facts]:
        """The ranks of up to 100 domains."""
        names = [each.value for each in lookups]
        reply = await self.http.aget("/api/v1.0/getPageRank", params={"domains[]": names})
        return self._read_many(lookups, reply)

    def read(self, lookup: Lookup, reply: Reply) -> Facts:
        """The rank of one domain."""
        return self._read_many([lookup], reply)[lookup]

    def _read_many(self, lookups: Sequence[Lookup], reply: Reply) -> dict[Lookup, Facts]:
        body = record(reply)
        if body.get("error"):
            raise refusal(self.name, str(body["error"]))
        needed(body, "response")
        rows = {str(row.get("domain", "")).casefold(): row for row in members(body, "response")}
        return {each: _facts(rows[each.value]) for each in lookups if each.value in rows}


def _facts(row: Mapping[str, Any]) -> Facts:
    rank = number(row, "page_rank_decimal")
    if row.get("status_code") == 404:
        return Facts.unknown(dict(row))
    if rank is None or row.get("status_code") != 200:
        raise refusal("OPR", str(row.get("error") or "no rank"))
    return Facts(
        severity="information",
        reason=f"page rank {shown_number(rank)} of 10: how well known, not how good",
        details=said(row, "page_rank_decimal", "page_rank_integer", "rank"),
        raw=dict(row),
    )
