"""Microsoft Sentinel and Log Analytics, by the Log Analytics query API.

Its partial answers come with status 200 and an error beside the rows; they are marked as such.
Written to the documented API; checked against a stand-in that Microsoft's own client
(azure-monitor-query) was run against, never against the live service.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from huntkit.core.collecting import no_collecting
from huntkit.core.errors import BadReply, UsageError, did_you_mean
from huntkit.runtime import Limits as HttpLimits
from huntkit.runtime import Service
from huntkit.runtime.http_client import HttpClient
from huntkit.runtime.http_reply import Reply
from huntkit.signin.azure import AzureIdentity, AzureTokens
from huntkit.signin.workspaces import WorkspacesSection
from huntkit.sources.driver import Answer, Driver, Gap, Limits, Request, Schema
from huntkit.sources.errors import NotConnected
from huntkit.sources.json_rows import kql_type, table_of
from huntkit.sources.kusto.complaints import gap, refusal

_MIB: Final = 1024**2
_HOLE: Final = "/v1/workspaces/{workspace}"


@dataclass(frozen=True, kw_only=True)
class SentinelSettings(AzureIdentity):
    """Which workspaces to ask, and who asks.

    Attributes:
        workspace: the workspace's name in the settings file, under ``MSSentinel: Workspaces:``;
            ``Default`` where no id is given either.
        workspace_id: the workspace's id (a GUID).
        workspaces: more workspaces that are asked together with it: ids, names, or resource ids.
        endpoint: the API's address, where it is not the cloud's own.
        scope: what tokens are asked for, where it is not the endpoint's own.
    """

    workspace: str = ""
    workspace_id: str = ""
    workspaces: Sequence[str] = ()
    endpoint: str = ""
    scope: str = ""


@dataclass(frozen=True, kw_only=True)
class SentinelOptions:
    """What one call may say.

    Attributes:
        workspaces: asked beside the connection's own.
        search: ask a table of the Basic or Auxiliary plan; one table, and a time range.
        statistics: let the service tell what the query cost.
    """

    workspaces: Sequence[str] = ()
    search: bool = False
    statistics: bool = True


class Sentinel(Driver):
    """Workspaces of Microsoft Sentinel, or any of Log Analytics, in KQL."""

    environments: ClassVar = {"MSSentinel": ()}
    language = "kql"
    settings = SentinelSettings
    options = SentinelOptions
    limits = Limits(
        max_parallel=5,
        max_rows=500_000,
        max_bytes=100 * _MIB,
        timeout_s=300,
        max_timeout_s=600,
        takes_time_range=True,
    )

    chosen: SentinelSettings
    _client: HttpClient | None = None

    async def connect(self) -> None:
        """Sign in, and ask the workspace for one row."""
        chosen = self.chosen = self._named(self.chosen)
        endpoint = (chosen.endpoint or chosen.hosts.log_analytics).rstrip("/")
        client = self.session.http(
            Service(
                name="Log Analytics",
                base_url=endpoint,
                token=AzureTokens(chosen, chosen.scope or f"{endpoint}/.default"),
                limits=HttpLimits(
                    concurrency=5,
                    read_timeout_s=620,
                    total_timeout_s=660,
                    max_reply_bytes=1024 * _MIB,
                ),
            )
        )
        one = Request(text="print Connected = 1", options=SentinelOptions())
        (await self._asked(client, one)).json()  # a page of a proxy is none
        self._client = client

    async def run(self, request: Request) -> Answer:
        """The rows of a query, over all workspaces that were named."""
        request.cancel.check()
        reply = await self._asked(self._connected(), request)
        with no_collecting():
            return _answer(reply.json())

    async def schema(self) -> Schema:
        """The tables of the first workspace, with their columns."""
        reply = await self._connected().aget(
            f"{_HOLE}/metadata", fill={"workspace": self.chosen.workspace_id}
        )
        body = reply.json()
        tables = body.get("tables") if isinstance(body, Mapping) else None
        return {
            str(table["name"]): {
                str(each["name"]): kql_type(str(each.get("type", "")))
                for each in table.get("columns") or []
            }
            for table in tables or []
        }

    @property
    def identity(self) -> str:
        """The workspaces' ids."""
        return " ".join(["Log Analytics", self.chosen.workspace_id, *self.chosen.workspaces])

    def _named(self, chosen: SentinelSettings) -> SentinelSettings:
        """The settings with the ids of the workspace that is meant."""
        if chosen.workspace_id:
            return chosen
        section = self.session.settings_section("MSSentinel", WorkspacesSection)
        found = section.called(chosen.workspace)
        if found is None or not found.workspace_id:
            near = did_you_mean(chosen.workspace, section.workspaces) if chosen.workspace else ""
            raise UsageError(
                f"there is no workspace {chosen.workspace!r} in the settings file {near}".strip()
                if chosen.workspace
                else "say which workspace to ask",
                hint='connect(workspace_id="...") or name it in the settings file',
            )
        tenant = chosen.tenant_id or found.tenant_id or None
        return replace(chosen, workspace_id=found.workspace_id, tenant_id=tenant)

    def _connected(self) -> HttpClient:
        if self._client is None:
            raise NotConnected("Log Analytics is not connected", hint="call connect() first")
        return self._client

    async def _asked(self, client: HttpClient, request: Request) -> Reply:
        options: SentinelOptions = request.options
        kind = "search" if options.search else "query"
        span = _interval(request.start, request.end)
        if options.search and span is None:
            raise UsageError(
                "tables of the Basic plan are asked for a time range", hint="say start= and end="
            )
        body: dict[str, Any] = {"query": request.text}
        others = [*self.chosen.workspaces, *options.workspaces]
        if others and not options.search:
            body["workspaces"] = others
        if span is not None and not options.search:
            body["timespan"] = span
        prefer = f"wait={max(int(request.timeout_s), 1)}"
        if options.statistics:
            prefer += ",include-statistics=true"
        reply = await client.apost(
            f"{_HOLE}/{kind}",
            fill={"workspace": self.chosen.workspace_id},
            params={"timespan": span} if options.search else None,
            headers={"Prefer": prefer},
            json=body,
            answers={400},
            repeatable=True,
        )
        if reply.status_code == 400:
            raise refusal("Log Analytics", reply)
        return reply


def _answer(body: Any) -> Answer:
    """The primary result out of the tables, and what is missing."""
    if not isinstance(body, Mapping) or not isinstance(body.get("tables"), list):
        raise BadReply("Log Analytics answered without tables", service="Log Analytics")
    tables = [each for each in body["tables"] if isinstance(each, Mapping)]
    primary = next((t for t in tables if t.get("name") == "PrimaryResult"), None)
    gaps: list[Gap] = []
    if primary is None:
        primary = tables[0] if tables else {"columns": [], "rows": []}
    if body.get("error"):
        gaps.append(gap(body["error"]))
    columns = primary.get("columns") or []
    table = table_of(
        [str(each.get("name", "")) for each in columns],
        [str(each.get("type", "dynamic")) for each in columns],
        primary.get("rows") or [],
    )
    return Answer(table=table, gaps=gaps, statistics=_statistics(body))


def _interval(start: datetime | None, end: datetime | None) -> str | None:
    """An ISO 8601 interval; a bound that is missing is far away."""
    if start is None and end is None:
        return None
    first = start or datetime(1900, 1, 1, tzinfo=UTC)
    last = end or datetime.now(UTC)
    return f"{first.astimezone(UTC).isoformat()}/{last.astimezone(UTC).isoformat()}".replace(
        "+00:00", "Z"
    )


def _statistics(body: Mapping[str, Any]) -> dict[str, object]:
    told = body.get("statistics")
    inner = told.get("query") if isinstance(told, Mapping) else None
    if not isinstance(inner, Mapping):
        return {}
    return {str(k): v for k, v in inner.items() if isinstance(v, str | int | float | bool)}
