"""Services that speak OData 4, and Microsoft Graph's security part.

A query is an address below the service's root: ``alerts_v2?$filter=severity eq 'high'``. Pages are
followed by the links that the service gives. Written to the standard (OData JSON format 4.01) and
Graph's documented API; checked against a stand-in, never against the live service.
"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, quote, urlsplit

from huntkit.core.errors import BadReply, HuntkitError, SettingsError, UsageError
from huntkit.runtime import Basic, Secret, Service
from huntkit.runtime import Limits as HttpLimits
from huntkit.runtime.http_client import HttpClient
from huntkit.signin.azure import AzureIdentity, AzureTokens
from huntkit.sources.driver import Answer, Driver, Gap, Limits, Request, Schema
from huntkit.sources.errors import NotConnected, QueryRefused
from huntkit.sources.json_rows import kql_type, table_of_objects
from huntkit.sources.kusto.complaints import refusal

_REFUSED: Final = frozenset({400, 404})
_SECURITY: Final = "/v1.0/security"
_EDM: Final[Mapping[str, str]] = {
    "DateTimeOffset": "datetime", "Date": "datetime", "Duration": "string", "TimeOfDay": "string",
    "Byte": "int", "Guid": "guid",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ODataSettings(AzureIdentity):
    """Which service to ask, and who asks.

    Attributes:
        root: the service's root; for Microsoft Graph its security part, unless it is said.
        user: a name, where the service wants name and password.
        password: its password.
        key: an API key, sent in the header `key_header`.
        key_header: the header that takes it.
        scope: what tokens are asked for, where Microsoft's sign-in is used.
        anonymous: send nothing that tells who asks.
    """

    root: str = ""
    user: str = ""
    password: Secret | None = None
    key: Secret | None = None
    key_header: str = "Authorization"
    scope: str = ""
    anonymous: bool = False


@dataclass(frozen=True, kw_only=True)
class ODataOptions:
    """What one call may say.

    Attributes:
        max_rows: stop after so many rows.
        headers: more headers, such as ``{"ConsistencyLevel": "eventual"}``.
    """

    max_rows: int | None = None
    headers: Mapping[str, str] | None = None


class OData(Driver):
    """A service that speaks OData 4, or the security part of Microsoft Graph."""

    environments: ClassVar = {"OData": (), "MSGraph": ()}
    language = "odata"
    settings = ODataSettings
    options = ODataOptions
    limits = Limits(max_parallel=4, timeout_s=300)

    chosen: ODataSettings
    _client: HttpClient | None = None

    async def connect(self) -> None:
        """Sign in, and ask for one alert, or for the service's own document."""
        root = self._root
        if not root:
            raise UsageError(
                "say which service to ask", hint='connect(root="https://.../odata/v4")'
            )
        client = self.session.http(self._service(root))
        first = "alerts_v2?$top=1" if self.environment == "MSGraph" else ""
        await self._page(client, first, {})
        self._client = client

    async def run(self, request: Request) -> Answer:
        """The rows that an address gives, over all its pages."""
        if self._client is None:
            raise NotConnected(f"{self.environment} is not connected", hint="call connect() first")
        options: ODataOptions = request.options
        rows: list[Mapping[str, Any]] = []
        gaps: list[Gap] = []
        seen: set[str] = set()
        link: str | None = " ".join(request.text.split())
        while link is not None:
            request.cancel.check()
            seen.add(link)
            try:
                body = await self._page(self._client, link, options.headers or {})
                found = _rows_of(body, service=self._client.service.name)
            except HuntkitError as problem:
                if not rows:
                    raise
                gaps.append(Gap(f"after {len(rows):,} rows: {problem}", helps="again"))
                break
            rows += found
            link = body.get("@odata.nextLink")
            most = options.max_rows
            if most is not None and len(rows) >= most:
                if link is not None or len(rows) > most:
                    gaps.append(Gap(f"only the first {most:,} rows", helps="nothing"))
                    rows = rows[:most]
                break
            if link in seen:
                gaps.append(Gap(f"the service repeats its page after {len(rows):,} rows", "again"))
                break
        return Answer(table=table_of_objects(rows, find_times=True), gaps=gaps)

    async def schema(self) -> Schema:
        """The sets of the service's own description, with their properties."""
        if self._client is None:
            raise NotConnected(f"{self.environment} is not connected", hint="call connect() first")
        reply = await self._client.aget("$metadata", headers={"Accept": "application/xml"})
        return _schema(reply.content)

    @property
    def identity(self) -> str:
        """The service's root."""
        return f"{self._root} {self.chosen.user or self.chosen.tenant_id or ''}".strip()

    @property
    def _root(self) -> str:
        given = self.chosen.root.rstrip("/")
        if given or self.environment != "MSGraph":
            return given
        return self.chosen.hosts.graph + _SECURITY

    def _service(self, root: str) -> Service:
        chosen = self.chosen
        headers: dict[str, Any] = {"Accept": "application/json", "OData-Version": "4.0"}
        if chosen.key is not None:
            headers[chosen.key_header] = chosen.key
        auth = None
        if chosen.user:
            if chosen.password is None:
                raise SettingsError(f"{self.environment}: user needs password, too")
            auth = Basic(chosen.user, chosen.password)
        tokens = None
        if auth is None and chosen.key is None and not chosen.anonymous:
            host = urlsplit(root)
            tokens = AzureTokens(chosen, chosen.scope or f"{host.scheme}://{host.netloc}/.default")
        return Service(
            name="Microsoft Graph" if self.environment == "MSGraph" else "OData",
            base_url=root,
            headers=headers,
            auth=auth,
            token=tokens,
            limits=HttpLimits(concurrency=4),
        )

    async def _page(
        self, client: HttpClient, link: str, headers: Mapping[str, str]
    ) -> Mapping[str, Any]:
        path, _, query = link.partition("?")
        absolute = path.startswith(("http://", "https://"))
        reply = await client.aget(
            path if absolute else quote(path, safe="/()',=$@:%"),
            params=dict(parse_qsl(query, keep_blank_values=True)),
            headers=dict(headers),
            answers=_REFUSED,
        )
        if reply.status_code in _REFUSED:
            problem = refusal(client.service.name, reply)
            raise problem if isinstance(problem, QueryRefused) else QueryRefused(str(problem))
        body = reply.json()
        if not isinstance(body, Mapping):
            raise BadReply(f"{client.service.name} answered no object", service="OData")
        return body


def _rows_of(body: Mapping[str, Any], *, service: str) -> list[Mapping[str, Any]]:
    """The entities of a page, or the one that was asked for, without the protocol's own marks.

    Each reply of the protocol names its context, but some services leave it out of lists. An
    object with neither is none of the protocol, and must not read as an answer without rows.
    """
    found = body.get("value", body)
    entity = bool({"@odata.context", "@context"} & body.keys())
    if "error" in body and not entity:
        raise BadReply(f"{service} answered with an error: {_told(body['error'])}", service="OData")
    if not isinstance(found, list) and not entity:
        raise BadReply(f"{service} answered with neither rows nor an entity", service="OData")
    rows = found if isinstance(found, list) else [found if isinstance(found, Mapping) else body]
    return [
        {k: v for k, v in row.items() if not k.startswith("@odata.")}
        if isinstance(row, Mapping)
        else {"value": row}
        for row in rows
    ]


def _told(error: object) -> str:
    """What an error object says, in one line."""
    words = error.get("message") if isinstance(error, Mapping) else error
    return " ".join(str(words or error).split())[:500]


def _schema(metadata: bytes) -> Schema:
    """The entity sets of a CSDL document, with their properties' types in KQL's words."""
    if b"<!DOCTYPE" in metadata or b"<!ENTITY" in metadata:
        raise BadReply("the service's description defines entities of its own", service="OData")
    try:
        root = ET.fromstring(metadata)  # noqa: S314  no document type, looked at above
    except ET.ParseError as problem:
        raise BadReply(f"the service's description is no XML: {problem}", service="OData") from None
    kinds: dict[str, dict[str, str]] = {}
    for schema in root.iter():
        if not schema.tag.endswith("}Schema"):
            continue
        space = schema.get("Namespace", "")
        for kind in schema:
            if kind.tag.endswith("}EntityType"):
                kinds[f"{space}.{kind.get('Name')}"] = {
                    str(each.get("Name")): _edm(each.get("Type", ""))
                    for each in kind
                    if each.tag.endswith("}Property")
                }
    sets = [each for each in root.iter() if each.tag.endswith("}EntitySet")]
    return {str(each.get("Name")): kinds.get(each.get("EntityType", ""), {}) for each in sets}


def _edm(name: str) -> str:
    short = name.removeprefix("Edm.")
    return _EDM.get(short) or kql_type(short)
