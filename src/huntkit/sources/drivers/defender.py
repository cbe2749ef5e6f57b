"""Advanced hunting in Microsoft Defender XDR, by Microsoft Graph's ``runHuntingQuery``.

The older APIs of Defender XDR and Defender for Endpoint are being switched off and not asked;
their environments' names lead here, where their tables are, too. Written to the documented API;
checked against a stand-in, never against the live service.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from huntkit.core.errors import BadReply
from huntkit.runtime import Limits as HttpLimits
from huntkit.runtime import Service
from huntkit.runtime.http_client import HttpClient
from huntkit.signin.azure import AzureIdentity, AzureTokens
from huntkit.sources.driver import Answer, Driver, Gap, Limits, Nothing, Request, Schema
from huntkit.sources.errors import NotConnected
from huntkit.sources.json_rows import table_of_objects
from huntkit.sources.kusto.complaints import refusal

_SERVICE: Final = "Defender hunting"
_KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class DefenderSettings(AzureIdentity):
    """Who asks, and where.

    Attributes:
        endpoint: Microsoft Graph's address, where it is not the cloud's own.
        scope: what tokens are asked for, where it is not the endpoint's own.
    """

    endpoint: str = ""
    scope: str = ""


class Defender(Driver):
    """The tables of Microsoft Defender XDR, in KQL; they hold 30 days."""

    environments: ClassVar = {"M365D": (), "MDE": ()}
    language = "kql"
    settings = DefenderSettings
    options = Nothing
    limits = Limits(
        max_parallel=4,
        max_rows=100_000,
        max_bytes=124 * 1024**2,
        timeout_s=180,
        max_timeout_s=600,
        takes_time_range=True,
    )

    chosen: DefenderSettings
    _client: HttpClient | None = None

    async def connect(self) -> None:
        """Sign in, and ask for one row."""
        endpoint = (self.chosen.endpoint or self.chosen.hosts.graph).rstrip("/")
        client = self.session.http(
            Service(
                name=_SERVICE,
                base_url=endpoint,
                token=AzureTokens(self.chosen, self.chosen.scope or f"{endpoint}/.default"),
                limits=HttpLimits(
                    concurrency=4,
                    per_minute=45,
                    read_timeout_s=200,
                    longest_wait_s=900,  # quotas of computing time are given anew every 15 minutes
                    max_reply_bytes=512 * 1024**2,
                ),
            )
        )
        await self._body(client, Request(text="print Connected = 1"))
        self._client = client

    async def run(self, request: Request) -> Answer:
        """The rows of a hunting query."""
        request.cancel.check()
        if self._client is None:
            raise NotConnected(f"{_SERVICE} is not connected", hint="call connect() first")
        body = await self._body(self._client, request)
        found = {str(name).casefold(): value for name, value in body.items()}
        rows, schema = found.get("results"), found.get("schema")
        if not isinstance(rows, list):
            raise BadReply(f"{_SERVICE} answered without results", service=_SERVICE)
        told = [
            (str(_of(each, "name")), str(_of(each, "type") or "dynamic"))
            for each in schema or []
            if isinstance(each, Mapping)
        ]
        plain = [
            {k: v for k, v in row.items() if "@odata" not in k}
            for row in rows
            if isinstance(row, Mapping)
        ]
        table = table_of_objects(plain, told)
        return Answer(table=table, gaps=_gaps(request, len(rows) - len(plain)))

    def schema(self) -> Schema:
        """Nothing: the service does not tell its tables."""
        return {}

    @property
    def identity(self) -> str:
        """The directory."""
        return f"{_SERVICE} {self.chosen.tenant_id or ''}".strip()

    async def _body(self, client: HttpClient, request: Request) -> Mapping[str, Any]:
        asked = {"Query": request.text}
        if request.start is not None and request.end is not None:
            asked["Timespan"] = f"{_text(request.start)}/{_text(request.end)}"
        reply = await client.apost(
            "/v1.0/security/runHuntingQuery", json=asked, answers={400}, repeatable=True
        )
        if reply.status_code == 400:
            raise refusal(_SERVICE, reply)
        body = reply.json()
        if not isinstance(body, Mapping):
            raise BadReply(f"{_SERVICE} answered no object", service=_SERVICE)
        return body


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _of(column: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in column.items() if key.casefold() == name), None)


def _gaps(request: Request, lost: int) -> list[Gap]:
    gaps = []
    if lost:
        gaps.append(Gap(f"{lost:,} rows of the reply are no objects", helps="again"))
    oldest = datetime.now(UTC) - _KEPT
    if request.start is not None and request.start < oldest - timedelta(hours=1):
        gaps.append(
            Gap(
                f"Defender keeps {_KEPT.days} days; what is older than "
                f"{oldest:%Y-%m-%d %H:%M} UTC is not there any more",
                helps="nothing",
            )
        )
    return gaps
