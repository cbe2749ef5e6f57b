"""OpenSearch, in PPL.

Written to the documented API of the SQL and PPL plugin; checked against a stand-in that
OpenSearch's own client was run against, never against a live service.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from huntkit.core.errors import BadReply, SettingsError, UsageError
from huntkit.runtime import Basic, Secret, Service
from huntkit.runtime import Limits as HttpLimits
from huntkit.runtime.http_client import HttpClient
from huntkit.sources.driver import Answer, Driver, Gap, Limits, Nothing, Request, Schema
from huntkit.sources.drivers.elastic import fields_of, refusal
from huntkit.sources.errors import NotConnected
from huntkit.sources.json_rows import table_of

_SERVICE: Final = "OpenSearch"
_MOST_ROWS: Final = 10_000
_TYPES: Final[Mapping[str, str]] = {
    "string": "string", "keyword": "string", "text": "string", "ip": "string", "byte": "long",
    "short": "long", "integer": "long", "int": "long", "long": "long", "bigint": "long",
    "tinyint": "long", "smallint": "long", "float": "real", "double": "real", "boolean": "bool",
    "timestamp": "datetime", "datetime": "datetime", "date": "datetime", "time": "string",
    "interval": "string", "undefined": "string",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class OpenSearchSettings:
    """Which cluster to ask, and who asks.

    Attributes:
        url: its address, such as ``https://search.example:9200``.
        user: a name.
        password: its password.
        token: a bearer token, where there is no user.
    """

    url: str = ""
    user: str = ""
    password: Secret | None = None
    token: Secret | None = None


class OpenSearch(Driver):
    """OpenSearch with its SQL and PPL plugin, in PPL."""

    environments: ClassVar = {"OpenSearch": ()}
    language = "ppl"
    settings = OpenSearchSettings
    options = Nothing
    limits = Limits(max_parallel=4, max_rows=_MOST_ROWS, timeout_s=120)

    chosen: OpenSearchSettings
    _client: HttpClient | None = None

    async def connect(self) -> None:
        """Ask the cluster who it is."""
        chosen = self.chosen
        if not chosen.url:
            raise UsageError(
                "say which cluster to ask", hint='connect(url="https://...:9200", user="...")'
            )
        auth = None
        if chosen.user:
            if chosen.password is None:
                raise SettingsError("OpenSearch: user needs password, too")
            auth = Basic(chosen.user, chosen.password)
        headers: dict[str, Any] = {}
        if auth is None and chosen.token is not None:
            headers["Authorization"] = ("Bearer ", chosen.token)
        client = self.session.http(
            Service(
                name=_SERVICE,
                base_url=chosen.url.rstrip("/"),
                headers=headers,
                auth=auth,
                limits=HttpLimits(concurrency=4, max_reply_bytes=512 * 1024**2),
            )
        )
        body = (await client.aget("/")).json()
        if not isinstance(body, Mapping) or not isinstance(body.get("version"), Mapping):
            raise BadReply(f"{chosen.url} is no OpenSearch", service=_SERVICE)
        self._client = client

    async def run(self, request: Request) -> Answer:
        """The rows of a query."""
        request.cancel.check()
        text = request.text.strip()
        if not text:
            raise UsageError("the query is empty")
        reply = await self._connected().apost(
            "/_plugins/_ppl",
            json={"query": text},
            answers={400, 404},
            repeatable=True,
        )
        if reply.status_code >= 400:
            raise refusal(_SERVICE, reply)
        body = reply.json()
        if not isinstance(body, Mapping) or not isinstance(body.get("schema"), list):
            raise BadReply(f"{_SERVICE} answered without a schema", service=_SERVICE)
        if "datarows" not in body:
            raise BadReply(f"{_SERVICE} answered without rows", service=_SERVICE)
        return _answer(body)

    async def schema(self) -> Schema:
        """Indices with their fields, as far as the user may see them."""
        body = (await self._connected().aget("/_mapping")).json()
        if not isinstance(body, Mapping):
            raise BadReply(f"{_SERVICE} answered no mappings", service=_SERVICE)
        return {
            str(index): fields_of((told or {}).get("mappings") or {})
            for index, told in body.items()
            if not str(index).startswith(".")
        }

    @property
    def identity(self) -> str:
        """The cluster's address and the user."""
        return f"{self.chosen.url.rstrip('/')} {self.chosen.user}".strip()

    def _connected(self) -> HttpClient:
        if self._client is None:
            raise NotConnected("OpenSearch is not connected", hint="call connect() first")
        return self._client


def _answer(body: Mapping[str, Any]) -> Answer:
    rows = body["datarows"] or []
    columns = body["schema"]
    names = [str(each.get("alias") or each.get("name") or "") for each in columns]
    types = [_TYPES.get(str(each.get("type", "")).casefold(), "dynamic") for each in columns]
    for row in rows:
        for place, value in enumerate(row):
            if type(value) is list and place < len(types):
                types[place] = "string" if types[place] == "string" else "dynamic"
    gaps = []
    total = body.get("total")
    if isinstance(total, int) and total > len(rows):
        gaps.append(Gap(f"{len(rows):,} of {total:,} rows", helps="shorter"))
    return Answer(table=table_of(names, types, rows), gaps=gaps)
