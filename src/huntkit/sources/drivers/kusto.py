"""Azure Data Explorer, and what else speaks its REST API: Sentinel's data lake, emulators.

Values of ``declare query_parameters`` go beside the text. Checked against a real engine behind
the API (duckdb-kql) that Microsoft's own client was run against, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import orjson

from huntkit.core.collecting import no_collecting
from huntkit.core.errors import BadReply, HuntkitError, RequestFailed, UsageError
from huntkit.runtime import Limits as HttpLimits
from huntkit.runtime import Service
from huntkit.runtime.http_client import HttpClient
from huntkit.runtime.http_reply import Reply
from huntkit.signin.azure import AzureIdentity, AzureTokens
from huntkit.sources.driver import Answer, Driver, Gap, Limits, Request, Schema
from huntkit.sources.errors import NotConnected, QueryRefused
from huntkit.sources.json_rows import kql_type, table_of
from huntkit.sources.kusto.complaints import gap, messages, refusal

_MIB: Final = 1024**2
_LAKE: Final = "https://api.securityplatform.microsoft.com/lake/kql"
_SERVICE: Final = "Kusto"


@dataclass(frozen=True, kw_only=True)
class KustoSettings(AzureIdentity):
    """Which cluster to ask, and who asks.

    Attributes:
        cluster: its address, such as ``https://help.kusto.windows.net``; ``lake`` stands for
            Sentinel's data lake.
        database: asked where a query names none.
        anonymous: send no token, as emulators want it.
        scope: what tokens are asked for, where it is not the cluster's own.
    """

    cluster: str = ""
    database: str = ""
    anonymous: bool = False
    scope: str = ""


@dataclass(frozen=True, kw_only=True)
class KustoOptions:
    """What one call may say.

    Attributes:
        database: the database to ask.
        options: request properties of Kusto, such as ``{"truncationmaxrecords": 1000}``.
    """

    database: str = ""
    options: Mapping[str, Any] | None = None


class Kusto(Driver):
    """A cluster of Azure Data Explorer, or Sentinel's data lake, in KQL."""

    environments: ClassVar = {"Kusto": ()}
    language = "kql"
    settings = KustoSettings
    options = KustoOptions
    limits = Limits(
        max_parallel=4,
        max_rows=500_000,
        max_bytes=64 * _MIB,
        timeout_s=240,
        max_timeout_s=3600,
        takes_parameters=True,
    )

    chosen: KustoSettings
    _client: HttpClient | None = None

    async def connect(self) -> None:
        """Sign in, and ask the cluster for one row."""
        cluster = self._cluster
        if not cluster:
            raise UsageError(
                "say which cluster to ask",
                hint='connect(cluster="https://name.region.kusto.windows.net", database="...")',
            )
        tokens = AzureTokens(self.chosen, self.chosen.scope or f"{cluster}/.default")
        client = self.session.http(
            Service(
                name=_SERVICE,
                base_url=cluster,
                headers={"x-ms-app": "huntkit", "Accept": "application/json"},
                token=None if self.chosen.anonymous else tokens,
                limits=HttpLimits(
                    concurrency=4,
                    read_timeout_s=3620,
                    total_timeout_s=3660,
                    max_reply_bytes=1024 * _MIB,
                ),
            )
        )
        one = Request(text="print Connected = 1", options=KustoOptions())
        (await self._asked(client, one)).json()  # a page of a proxy is none
        self._client = client

    async def run(self, request: Request) -> Answer:
        """The rows of a query, or of a command that begins with a dot."""
        request.cancel.check()
        reply = await self._asked(self._connected(), request)
        with no_collecting():
            return _answer(reply.json())

    async def schema(self) -> Schema:
        """The database's tables with their columns."""
        client = self._connected()
        try:
            text = ".show database schema as json"
            reply = await self._asked(client, Request(text=text, options=KustoOptions()))
            answer = _answer(reply.json())
            return _schema(orjson.loads(answer.table.column(0)[0].as_py()))
        except (QueryRefused, RequestFailed, ValueError, IndexError):
            return await self._schema_by_table(client)

    @property
    def identity(self) -> str:
        """The cluster and the database."""
        return f"{self._cluster} {self.chosen.database}"

    @property
    def _cluster(self) -> str:
        given = self.chosen.cluster.rstrip("/")
        return _LAKE if given == "lake" else given

    def _connected(self) -> HttpClient:
        if self._client is None:
            raise NotConnected("Kusto is not connected", hint="call connect() first")
        return self._client

    async def _schema_by_table(self, client: HttpClient) -> Schema:
        """For services that know only the simple commands."""

        async def ask(text: str) -> list[dict[str, Any]]:
            reply = await self._asked(client, Request(text=text, options=KustoOptions()))
            rows: list[dict[str, Any]] = _answer(reply.json()).table.to_pylist()
            return rows

        found: dict[str, dict[str, str]] = {}
        for row in await ask(".show tables"):
            name = str(row.get("TableName", ""))
            quoted = name.replace("\\", "\\\\").replace("'", "\\'")
            columns = await ask(f"['{quoted}'] | getschema")
            found[name] = {
                str(each["ColumnName"]): str(each.get("ColumnType") or "") for each in columns
            }
        return found

    async def _asked(self, client: HttpClient, request: Request) -> Reply:
        options: KustoOptions = request.options
        arguments = request.metadata.get("arguments")
        named = arguments if isinstance(arguments, Mapping) else request.metadata
        database = options.database or str(named.get("database") or "") or self.chosen.database
        command = request.text.lstrip().startswith(".")
        properties = {
            "Options": {
                "servertimeout": _timeout(request.timeout_s),
                **({} if command else {"request_readonly": True}),
                **(options.options or {}),
            },
            "Parameters": {**request.properties, **_plain(request.parameters)},
        }
        reply = await client.apost(
            "/v1/rest/mgmt" if command else "/v2/rest/query",
            json={"db": database, "csl": request.text, "properties": properties},
            answers={400, 404},
            repeatable=not command or request.text.lstrip().casefold().startswith(".show"),
        )
        if reply.status_code >= 400:
            raise refusal(_SERVICE, reply)
        return reply


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    """Values that JSON holds as they are; others go as KQL literals."""
    return {name: value for name, value in values.items() if isinstance(value, bool | int | float)}


def _timeout(seconds: float) -> str:
    whole = max(int(seconds), 1)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def _answer(body: Any) -> Answer:
    """The primary result out of the frames of version 2, or the tables of version 1."""
    frames = _frames_of(body)
    table, gaps = None, list[Gap]()
    for frame in frames:
        kind = frame.get("FrameType")
        if kind == "DataSetCompletion" and frame.get("HasErrors"):
            gaps += [gap(each) for each in frame.get("OneApiErrors") or [None]]
        elif table is None and (kind is None or frame.get("TableKind") == "PrimaryResult"):
            table = frame
    if table is None:
        said = [each.reason for each in gaps]
        raise _failed(said or ["it sent no result"], refused=bool(gaps))
    rows = []
    for row in table.get("Rows") or []:
        if isinstance(row, Mapping):  # an error that came up while rows were being sent
            gaps += [
                gap(each) for each in row.get("OneApiErrors") or row.get("Exceptions") or [row]
            ]
        else:
            rows.append(row)
    columns = table.get("Columns") or []
    made = table_of(
        [str(each.get("ColumnName", "")) for each in columns],
        [str(each.get("ColumnType") or each.get("DataType") or "dynamic") for each in columns],
        rows,
    )
    return Answer(table=made, gaps=list(dict.fromkeys(gaps)), statistics=_statistics(frames))


def _frames_of(body: Any) -> Sequence[Mapping[str, Any]]:
    if isinstance(body, Mapping) and isinstance(body.get("Tables"), list):
        body = body["Tables"]
    if not isinstance(body, list) or not all(isinstance(each, Mapping) for each in body):
        raise _failed(messages(body) or ["the reply is not of its form"], refused=False)
    return body


def _failed(said: Sequence[str], *, refused: bool) -> HuntkitError:
    text = f"{_SERVICE} gave no rows: {': '.join(said[:3])}"
    return QueryRefused(text) if refused else BadReply(text, service=_SERVICE)


def _statistics(frames: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """What the query cost, out of the table that tells it."""
    for frame in frames:
        if frame.get("TableKind") != "QueryCompletionInformation":
            continue
        names = [each.get("ColumnName") for each in frame.get("Columns") or []]
        for row in frame.get("Rows") or []:
            if not isinstance(row, list):
                continue
            told = dict(zip(names, row, strict=False))
            if told.get("EventTypeName") == "QueryResourceConsumption":
                return _costs(told.get("Payload"))
    return {}


def _costs(payload: Any) -> dict[str, object]:
    try:
        cost = orjson.loads(payload) if isinstance(payload, str) else payload
    except orjson.JSONDecodeError:
        return {}
    plain = cost.items() if isinstance(cost, Mapping) else ()
    return {str(k): v for k, v in plain if isinstance(v, str | int | float | bool)}


def _schema(told: Any) -> Schema:
    found = {}
    for database in told["Databases"].values():
        for name, table in {
            **(database.get("Tables") or {}),
            **(database.get("MaterializedViews") or {}),
        }.items():
            found[name] = {
                str(each["Name"]): kql_type(str(each.get("CslType") or each.get("Type") or ""))
                for each in table.get("OrderedColumns") or []
            }
    return found
