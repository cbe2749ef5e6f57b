"""Azure Resource Graph: which resources there are, in KQL.

Written to the documented API; checked against a stand-in that Microsoft's own client
(azure-mgmt-resourcegraph) was run against, never against the live service.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from huntkit.core.errors import BadReply, RequestFailed
from huntkit.runtime import Limits as HttpLimits
from huntkit.runtime import Service
from huntkit.runtime.http_client import HttpClient
from huntkit.signin.azure import AzureIdentity, AzureTokens
from huntkit.sources.driver import Answer, Driver, Gap, Limits, Request, Schema
from huntkit.sources.errors import NotConnected
from huntkit.sources.json_rows import table_of_objects
from huntkit.sources.kusto.complaints import refusal

_SERVICE: Final = "Resource Graph"
_VERSION: Final = "2022-10-01"
_PAGE_ROWS: Final = 1000


@dataclass(frozen=True, kw_only=True)
class ResourceGraphSettings(AzureIdentity):
    """Who asks, and for which part of Azure.

    Attributes:
        subscriptions: their ids; all that the identity may see if it is empty.
        management_groups: their ids, in the place of subscriptions.
        endpoint: Azure Resource Manager's address, where it is not the cloud's own.
        scope: what tokens are asked for, where it is not the endpoint's own.
    """

    subscriptions: Sequence[str] = ()
    management_groups: Sequence[str] = ()
    endpoint: str = ""
    scope: str = ""


@dataclass(frozen=True, kw_only=True)
class ResourceGraphOptions:
    """What one call may say.

    Attributes:
        subscriptions: asked in the place of the connection's own.
        max_rows: stop after so many rows.
    """

    subscriptions: Sequence[str] = ()
    max_rows: int | None = None


class ResourceGraph(Driver):
    """Azure's resources, in the KQL that Resource Graph knows."""

    environments: ClassVar = {"ResourceGraph": ()}
    language = "kql"
    settings = ResourceGraphSettings
    options = ResourceGraphOptions
    limits = Limits(max_parallel=3, timeout_s=300)

    chosen: ResourceGraphSettings
    _client: HttpClient | None = None

    async def connect(self) -> None:
        """Sign in, and ask for one row."""
        endpoint = (self.chosen.endpoint or self.chosen.hosts.management).rstrip("/")
        client = self.session.http(
            Service(
                name=_SERVICE,
                base_url=endpoint,
                token=AzureTokens(self.chosen, self.chosen.scope or f"{endpoint}/.default"),
                limits=HttpLimits(concurrency=3, per_second=3),
            )
        )
        await self._page(client, "Resources | project id | take 1", (), None)
        self._client = client

    async def run(self, request: Request) -> Answer:
        """The rows of a query, page by page."""
        if self._client is None:
            raise NotConnected(f"{_SERVICE} is not connected", hint="call connect() first")
        options: ResourceGraphOptions = request.options
        rows: list[Mapping[str, Any]] = []
        gaps: list[Gap] = []
        seen: set[str] = set()
        token: str | None = None
        while True:
            request.cancel.check()
            try:
                page = await self._page(self._client, request.text, options.subscriptions, token)
            except RequestFailed as problem:
                if not rows:
                    raise
                gaps.append(Gap(f"after {len(rows):,} rows: {problem}", helps="again"))
                break
            rows += [each for each in page["data"] if isinstance(each, Mapping)]
            token = page.get("$skipToken")
            if options.max_rows is not None and len(rows) >= options.max_rows:
                more = token is not None or len(rows) > options.max_rows
                if more:
                    gaps.append(Gap(f"only the first {options.max_rows:,} rows", helps="nothing"))
                rows = rows[: options.max_rows]
                break
            if not token:
                if str(page.get("resultTruncated", "false")).casefold() == "true":
                    gaps.append(_cut(len(rows), page.get("totalRecords")))
                break
            if token in seen:
                gaps.append(Gap(f"the service repeats its page after {len(rows):,} rows", "again"))
                break
            seen.add(token)
        return Answer(table=table_of_objects(rows), gaps=gaps)

    def schema(self) -> Schema:
        """Nothing: the service does not tell its tables."""
        return {}

    @property
    def identity(self) -> str:
        """The subscriptions or management groups."""
        named = [*self.chosen.subscriptions, *self.chosen.management_groups]
        return " ".join([_SERVICE, self.chosen.tenant_id or "", *named]).strip()

    async def _page(
        self, client: HttpClient, text: str, subscriptions: Sequence[str], token: str | None
    ) -> Mapping[str, Any]:
        options: dict[str, Any] = {"$top": _PAGE_ROWS, "resultFormat": "objectArray"}
        if token:
            options["$skipToken"] = token
        body: dict[str, Any] = {"query": text, "options": options}
        named = list(subscriptions or self.chosen.subscriptions)
        if named:
            body["subscriptions"] = named
        elif self.chosen.management_groups:
            body["managementGroups"] = list(self.chosen.management_groups)
        reply = await client.apost(
            "/providers/Microsoft.ResourceGraph/resources",
            params={"api-version": _VERSION},
            json=body,
            answers={400},
            repeatable=True,
        )
        if reply.status_code == 400:
            raise refusal(_SERVICE, reply)
        found = reply.json()
        if not isinstance(found, Mapping) or not isinstance(found.get("data"), list):
            raise BadReply(f"{_SERVICE} answered without data", service=_SERVICE)
        return found


def _cut(rows: int, total: Any) -> Gap:
    of = f" of {total:,}" if isinstance(total, int) else ""
    return Gap(
        f"the answer was cut off after {rows:,} rows{of}: a query that sorts or joins without an "
        "id column can't be paged",
        helps="nothing",
    )
