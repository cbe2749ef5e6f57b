"""Tables into a Log Analytics workspace, by the Logs Ingestion API (version 2023-01-01).

Shaped by Microsoft's REST reference and proved on a stand-in with Microsoft's own client; never run
against the live service by this project.
"""

import gzip
import re
import uuid
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from huntkit.core.errors import AccessDenied, BadReply, HuntkitError, UsageError, did_you_mean
from huntkit.enrich.azure.ingestion_rows import (
    Chunk,
    body,
    checked,
    columns_of,
    json_text,
    planned,
)
from huntkit.enrich.azure.management import Management, resource_parts
from huntkit.enrich.azure.outcomes import Outcome, ends, outcome_of, told
from huntkit.runtime.http_client import HttpClient, Service
from huntkit.runtime.limits import Limits
from huntkit.runtime.session import Session, default_session
from huntkit.signin.azure import AzureIdentity, AzureTokens
from huntkit.tables import as_kind, to_polars

_VERSION: Final = "2023-01-01"
_RULES: Final = "2023-03-11"
_SERVICE: Final = "Logs Ingestion"
_LIMITS: Final = Limits(concurrency=2, per_minute=10_000, longest_wait_s=300)
_RULE: Final = re.compile(r"dcr-[0-9a-zA-Z]{8,64}")
_STREAM: Final = re.compile(r"(?:Custom|Microsoft)-[\w-]{1,100}", re.ASCII)
_TAKEN: Final = 204
_SCHEMA: Final = {
    "chunk": pl.Int64, "first_row": pl.Int64, "last_row": pl.Int64, "rows": pl.Int64,
    "size_bytes": pl.Int64, "outcome": pl.String, "status": pl.Int64, "error": pl.String,
}  # fmt: skip
_ROLE: Final = (
    "who asks needs the role 'Monitoring Metrics Publisher' on the data collection rule; "
    "a new role takes up to half an hour"
)


@dataclass(frozen=True, slots=True)
class _Done:
    chunk: Chunk
    outcome: Outcome = "not sent"
    status: int | None = None
    error: str | None = None


class LogsIngestion:
    """Sends tables to the streams of one data collection rule.

    Args:
        endpoint: the address for logs of the rule or of its data collection endpoint, such as
            ``https://my-dce-ab12.westeurope-1.ingest.monitor.azure.com``.
        rule_id: the rule's immutable id, ``dcr-...``.
        streams: what each stream declares: name -> (column -> type); `of_rule` reads it.
        identity: who sends; by default whoever is signed in on this machine.
        session: network, progress and the kind of frames.

    Raises:
        UsageError: the rule's id is none.
    """

    def __init__(
        self,
        endpoint: str,
        rule_id: str,
        *,
        streams: Mapping[str, Mapping[str, str]] | None = None,
        identity: AzureIdentity | None = None,
        session: Session | None = None,
    ) -> None:
        if not _RULE.fullmatch(rule_id):
            raise UsageError(
                f"{rule_id!r:.100} is no immutable id of a data collection rule",
                hint="it looks like dcr-0123...; LogsIngestion.of_rule() takes the resource id",
            )
        self.endpoint = endpoint.rstrip("/")
        self.rule_id = rule_id
        self.streams = {name: dict(columns) for name, columns in (streams or {}).items()}
        self._identity = identity or AzureIdentity()
        self._session = session
        self._made: HttpClient | None = None
        self._last: list[_Done] = []

    @classmethod
    def of_rule(
        cls,
        resource_id: str,
        *,
        identity: AzureIdentity | None = None,
        session: Session | None = None,
        base_url: str | None = None,
    ) -> "LogsIngestion":
        """The same by the rule's resource id: address, id and streams are read from Azure.

        Raises:
            BadReply: the rule has no address for logs.
        """
        resource_parts(resource_id)
        identity = identity or AzureIdentity()
        used = session if session is not None else default_session()
        azure = Management(used, identity, base_url=base_url)
        facts = azure.one("/" + resource_id.strip("/"), _RULES).get("properties") or {}
        address = (facts.get("endpoints") or {}).get("logsIngestion")
        if not address and facts.get("dataCollectionEndpointId"):
            place = str(facts["dataCollectionEndpointId"])
            resource_parts(place)
            about = azure.one("/" + place.strip("/"), _RULES).get("properties") or {}
            address = (about.get("logsIngestion") or {}).get("endpoint")
        if not (address and facts.get("immutableId")):
            raise BadReply("the rule has no address for logs", service="Azure")
        declared = facts.get("streamDeclarations") or {}
        streams = {
            name: {str(each["name"]): str(each["type"]) for each in about.get("columns", [])}
            for name, about in declared.items()
        }
        return cls(
            str(address), str(facts["immutableId"]), streams=streams, identity=identity,
            session=session,
        )  # fmt: skip

    @staticmethod
    def columns_for(data: Any) -> dict[str, str]:
        """The columns that a stream would declare for a table: name -> type.

        Examples:
            >>> import polars as pl
            >>> LogsIngestion.columns_for(pl.DataFrame({"Computer": ["ws1"], "EventID": [4624]}))
            {'Computer': 'string', 'EventID': 'long'}
        """
        return columns_of(to_polars(data))

    @property
    def last(self) -> Any:
        """What became of each chunk of the last upload, also where it was stopped."""
        return as_kind(_frame(self._last), self._used.frame)

    def upload(
        self,
        data: Any,
        stream: str,
        *,
        columns: Mapping[str, str] | None = None,
        old_times: bool = False,
        dry_run: bool = False,
    ) -> Any:
        """Send a table; a row for each chunk says what became of its rows.

        Everything is checked before anything is sent. Chunks are below 1 MB and go one after
        another; a chunk that may have arrived is never sent twice. Null values are left out.

        Args:
            data: any frame. Times without a zone are UTC.
            stream: the stream, such as ``Custom-MyTable_CL``.
            columns: what it declares: column -> type (``string int long real boolean datetime
                dynamic guid``); left out, as `streams` says, else unchecked.
            old_times: send rows whose ``TimeGenerated`` the service replaces by its own time:
                older than two days, or more than a day ahead.
            dry_run: check and plan, and send nothing.

        Returns:
            A frame: ``chunk first_row last_row rows size_bytes outcome status error``. Rows count
            from 0; `outcome` is ``went``, ``failed``, ``unknown`` (it may have arrived: look
            before you send it again) or ``not sent``.

        Raises:
            UsageError: columns or values that the stream can't hold, or that the service would
                change or cut.
            RequestFailed: nothing went.
        """
        table = to_polars(data)
        declared = self._declared(stream, columns)
        now = self._used.network.clock.now()
        sent = checked(table, declared, now=now, old_times=old_times)
        dynamic = json_text(sent, declared)
        self._last = [_Done(chunk) for chunk in planned(sent, dynamic)]
        if not dry_run:
            self._send_all(sent, stream, dynamic)
        return self.last

    def _send_all(self, table: pl.DataFrame, stream: str, dynamic: frozenset[str]) -> None:
        first: HuntkitError | None = None
        with self._used.progress.task("sending rows", total=table.height) as task:
            for number, done in enumerate(self._last):
                task.check_cancelled()
                self._last[number] = replace(done, outcome="unknown", error="interrupted")
                try:
                    status = self._send(stream, body(table, done.chunk, dynamic))
                except HuntkitError as problem:
                    first = first or problem
                    self._last[number] = _failed(done, problem)
                    if ends(problem):
                        break
                else:
                    self._last[number] = _answered(done, status)
                task.advance(done.chunk.rows)
        self._tell(first)

    def _send(self, stream: str, content: bytes) -> int:
        call = self._client.call(
            "POST",
            "/dataCollectionRules/{rule}/streams/{stream}",
            fill={"rule": self.rule_id, "stream": stream},
            params={"api-version": _VERSION},
            headers={
                "Content-Type": "application/json",
                "Content-Encoding": "gzip",
                "x-ms-client-request-id": str(uuid.uuid4()),
            },
            content=gzip.compress(content, compresslevel=6, mtime=0),
            repeatable=False,
        )
        return self._client.send(call).status_code

    def _tell(self, first: HuntkitError | None) -> None:
        """An error if nothing went, a warning if not all did."""
        outcomes = [(done.outcome, done.chunk.rows) for done in self._last]
        if first is not None and "went" not in dict(outcomes):
            if isinstance(first, AccessDenied):
                first.hint = _ROLE
            elif "unknown" in dict(outcomes):
                first.hint = "the rows may have arrived: look before you send them again"
            raise first
        if rest := told(outcomes):
            warnings.warn(f"not all rows went: {rest}; the column outcome says which", stacklevel=4)

    def _declared(self, stream: str, columns: Mapping[str, str] | None) -> Mapping[str, str] | None:
        if not _STREAM.fullmatch(stream):
            near = did_you_mean(stream, self.streams)
            raise UsageError(
                f"{stream!r:.100} is no stream {near}".strip(),
                hint="it is named Custom-... or Microsoft-..., as the rule declares it",
            )
        if columns is not None:
            return columns
        if self.streams and stream not in self.streams and stream.startswith("Custom-"):
            near = did_you_mean(stream, self.streams)
            raise UsageError(
                f"the rule declares no stream {stream!r} {near}".strip(),
                hint=f"it declares: {', '.join(sorted(self.streams))}",
            )
        return self.streams.get(stream)

    @property
    def _used(self) -> Session:
        return self._session if self._session is not None else default_session()

    @property
    def _client(self) -> HttpClient:
        if self._made is None:
            scope = f"{self._identity.hosts.monitor}/.default"
            self._made = self._used.http(
                Service(
                    name=_SERVICE,
                    base_url=self.endpoint,
                    token=AzureTokens(self._identity, scope),
                    limits=_LIMITS,
                )
            )
        return self._made

    def __repr__(self) -> str:
        return f"<LogsIngestion {self.rule_id} at {self.endpoint}>"


def _answered(done: _Done, status: int) -> _Done:
    if status == _TAKEN:
        return replace(done, outcome="went", status=status)
    told = f"the service answered {status} instead of {_TAKEN}"
    return replace(done, outcome="unknown", status=status, error=told)


def _failed(done: _Done, problem: HuntkitError) -> _Done:
    outcome, status = outcome_of(problem)
    return replace(done, outcome=outcome, status=status, error=str(problem)[:500])


def _frame(done: list[_Done]) -> pl.DataFrame:
    rows = [
        (n, d.chunk.first, d.chunk.first + d.chunk.rows - 1, d.chunk.rows, d.chunk.size_bytes,
         d.outcome, d.status, d.error)
        for n, d in enumerate(done)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
