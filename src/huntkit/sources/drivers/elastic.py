"""Elasticsearch, in ES|QL.

ES|QL gives 1,000 rows unless a query says how many, and 10,000 at most; every query is sent with
a limit, and an answer that reaches it is marked as cut off. Written to the documented API; checked
against a stand-in that Elastic's own client was run against, never against a live service.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import pyarrow as pa

from huntkit.core.collecting import no_collecting
from huntkit.core.errors import BadReply, RequestFailed, SettingsError, UsageError
from huntkit.runtime import Basic, Secret, Service
from huntkit.runtime import Limits as HttpLimits
from huntkit.runtime.http_client import HttpClient
from huntkit.runtime.http_reply import Reply
from huntkit.sources.driver import Answer, Driver, Gap, Limits, Request, Schema
from huntkit.sources.errors import NotConnected, QueryRefused
from huntkit.sources.json_rows import table_of

_SERVICE: Final = "Elasticsearch"
_MOST_ROWS: Final = 10_000
_ACCEPT: Final = {"Accept": "application/json"}
# Field types of Elasticsearch that have another name in KQL; what is missing is text or a bag.
_TYPES: Final[Mapping[str, str]] = {
    "keyword": "string", "text": "string", "ip": "string", "version": "string",
    "constant_keyword": "string", "wildcard": "string", "match_only_text": "string",
    "byte": "long", "short": "long", "integer": "long", "long": "long", "counter_long": "long",
    "counter_integer": "long", "unsigned_long": "long", "double": "real", "float": "real",
    "half_float": "real", "scaled_float": "real", "counter_double": "real", "boolean": "bool",
    "date": "datetime", "date_nanos": "datetime", "null": "string",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ElasticSettings:
    """Which cluster to ask, and who asks.

    Attributes:
        url: its address, such as ``https://es.example:9200``.
        cloud_id: in its place, for Elastic Cloud.
        api_key: an API key, as Kibana shows it (encoded).
        user: a name, where there is no key.
        password: its password.
        token: a bearer token of a service account.
        time_field: the field that time ranges mean.
    """

    url: str = ""
    cloud_id: str = ""
    api_key: Secret | None = None
    user: str = ""
    password: Secret | None = None
    token: Secret | None = None
    time_field: str = "@timestamp"


@dataclass(frozen=True, kw_only=True)
class ElasticOptions:
    """What one call may say.

    Attributes:
        max_rows: ask for so many rows at most; clusters refuse more than they are set up for.
        filter: a filter in the Query DSL that is applied before the query.
    """

    max_rows: int = _MOST_ROWS
    filter: Mapping[str, Any] | None = None


class Elastic(Driver):
    """Elasticsearch 8.14 and newer, in ES|QL."""

    environments: ClassVar = {"Elastic": ()}
    language = "esql"
    settings = ElasticSettings
    options = ElasticOptions
    limits = Limits(max_parallel=4, max_rows=_MOST_ROWS, timeout_s=120, takes_time_range=True)

    chosen: ElasticSettings
    _client: HttpClient | None = None

    async def connect(self) -> None:
        """Ask the cluster who it is."""
        client = self.session.http(self._service())
        reply = await client.aget("/", headers=_ACCEPT)
        body = reply.json()
        if not isinstance(body, Mapping) or not isinstance(body.get("version"), Mapping):
            raise BadReply(f"{self._url} is no Elasticsearch", service=_SERVICE)
        self._client = client

    async def run(self, request: Request) -> Answer:
        """The rows of a query."""
        request.cancel.check()
        text = request.text.strip()
        if not text:
            raise UsageError("the query is empty")
        options: ElasticOptions = request.options
        body: dict[str, Any] = {"query": f"{text}\n| LIMIT {options.max_rows:d}"}
        conditions = [options.filter] if options.filter is not None else []
        if request.start is not None or request.end is not None:
            conditions.append(_between(self.chosen.time_field, request.start, request.end))
        if conditions:
            body["filter"] = {"bool": {"filter": conditions}}
        reply = await self._connected().apost(
            "/_query",
            params={"format": "json", "drop_null_columns": "false"},
            headers=_ACCEPT,
            json=body,
            answers={400, 404},
            repeatable=True,
        )
        if reply.status_code >= 400:
            raise refusal(_SERVICE, reply)
        with no_collecting():
            return _answer(reply.json(), options.max_rows)

    async def schema(self) -> Schema:
        """Indices with their fields, as far as the user may see them."""
        reply = await self._connected().aget("/_mapping", headers=_ACCEPT)
        body = reply.json()
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
        return f"{self._url} {self.chosen.user}".strip()

    @property
    def _url(self) -> str:
        return self.chosen.url.rstrip("/") or cloud_url(self.chosen.cloud_id)

    def _connected(self) -> HttpClient:
        if self._client is None:
            raise NotConnected("Elasticsearch is not connected", hint="call connect() first")
        return self._client

    def _service(self) -> Service:
        chosen = self.chosen
        if not self._url:
            raise UsageError(
                "say which cluster to ask",
                hint='connect(url="https://...:9200", api_key="env:...")',
            )
        headers: dict[str, Any] = {}
        if chosen.api_key is not None:
            headers["Authorization"] = ("ApiKey ", chosen.api_key)
        elif chosen.token is not None:
            headers["Authorization"] = ("Bearer ", chosen.token)
        auth = None
        if not headers and chosen.user:
            if chosen.password is None:
                raise SettingsError("Elasticsearch: user needs password, too")
            auth = Basic(chosen.user, chosen.password)
        return Service(
            name=_SERVICE,
            base_url=self._url,
            headers=headers,
            auth=auth,
            limits=HttpLimits(concurrency=4, max_reply_bytes=512 * 1024**2),
        )


def cloud_url(cloud_id: str) -> str:
    """The address that a cloud id stands for: ``name:base64(host$cluster$kibana)``.

    Examples:
        >>> cloud_url("lab:ZXUuZXhhbXBsZSRhYmMkZGVm")
        'https://abc.eu.example'
    """
    if not cloud_id:
        return ""
    try:
        host, cluster, *_ = base64.b64decode(cloud_id.rpartition(":")[2]).decode().split("$")
    except (binascii.Error, ValueError):
        raise SettingsError(
            "cloud_id is none: it is name:base64 as Elastic Cloud shows it"
        ) from None
    name, colon, port = host.partition(":")
    return f"https://{cluster}.{name}{colon}{port}"


def _between(field: str, start: datetime | None, end: datetime | None) -> dict[str, Any]:
    bounds = {"gte": start, "lt": end}
    written = {k: v.astimezone(UTC).isoformat() for k, v in bounds.items() if v is not None}
    return {"range": {field: {**written, "format": "strict_date_optional_time"}}}


def _answer(body: Any, max_rows: int) -> Answer:
    if not isinstance(body, Mapping) or not isinstance(body.get("columns"), list):
        raise BadReply(f"{_SERVICE} answered without columns", service=_SERVICE)
    rows = body.get("values") or []
    table = typed_table(body["columns"], rows)
    gaps = []
    if body.get("is_partial"):
        gaps.append(Gap("some shards or clusters did not answer", helps="again"))
    gaps += _failed_clusters(body.get("_clusters"))
    if len(rows) >= max_rows:
        gaps.append(Gap(f"only the first {max_rows:,} rows", helps="shorter"))
    took = body.get("took")
    return Answer(table=table, gaps=gaps, statistics={"took_ms": took} if took is not None else {})


def _failed_clusters(told: Any) -> list[Gap]:
    details = told.get("details") if isinstance(told, Mapping) else None
    return [
        Gap(f"the cluster {name!r} is {each.get('status')}", helps="again")
        for name, each in (details or {}).items()
        if isinstance(each, Mapping) and each.get("status") not in ("successful", None)
    ]


def typed_table(columns: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows with Elasticsearch's types; a column that has lists in it is JSON text."""
    names = [str(each.get("name", "")) for each in columns]
    types = [_TYPES.get(str(each.get("type", "")), "dynamic") for each in columns]
    for place, kind in enumerate(types):
        if any(type(row[place]) is list for row in rows if place < len(row)):
            types[place] = "string" if kind == "string" else "dynamic"
    return table_of(names, types, rows)


def fields_of(mappings: Mapping[str, Any]) -> dict[str, str]:
    """Field -> type, out of an index's mappings, with names like ``host.name``."""
    found: dict[str, str] = {}
    left = [("", mappings)]
    while left:
        before, told = left.pop()
        for name, field in (told.get("properties") or {}).items():
            if "properties" in field:
                left.append((f"{before}{name}.", field))
            if "type" in field and field["type"] not in ("object", "nested"):
                found[f"{before}{name}"] = _TYPES.get(field["type"], "dynamic")
    return dict(sorted(found.items()))


def refusal(service: str, reply: Reply) -> QueryRefused | RequestFailed:
    """The error of a reply of 400 or 404."""
    try:
        body = reply.json()
    except RequestFailed as problem:
        return problem
    error = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(error, Mapping):
        said = error.get("details") or error.get("reason") or error.get("type") or ""
        said = f"{error.get('reason')}: {said}" if error.get("details") else str(said)
    else:
        said = str(error or f"status {reply.status_code}")
    return QueryRefused(f"{service} refused the query: {' '.join(said.split())[:1_000]}")
