"""Splunk, by version 2 of its search endpoints.

A search becomes a job, which is polled, read page by page and deleted. Written to the documented
REST API (9 and 10); checked against a stand-in that Splunk's own library was run against, never
against a live service.
"""

import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

import anyio
import pyarrow as pa

from huntkit.core.errors import BadReply, HuntkitError, SettingsError, TimedOut, UsageError
from huntkit.runtime import Limits as HttpLimits
from huntkit.runtime import Secret, Service
from huntkit.runtime.http_client import HttpClient
from huntkit.runtime.http_reply import Reply
from huntkit.sources.driver import Answer, Driver, Gap, Limits, Request, Schema
from huntkit.sources.errors import NotConnected, QueryRefused
from huntkit.sources.json_rows import column_of
from huntkit.sources.queries.definition import Query

_SERVICE: Final = "Splunk"
_JOBS: Final = "/services/search/v2/jobs"
_PAGE_ROWS: Final = 10_000
_FIRST_POLL_S: Final = 0.1
_LAST_POLL_S: Final = 2.0
_TIMES: Final = frozenset({"_time", "_indextime"})
_LACKING: Final = re.compile(
    r"incomplete|truncat|limit|skipped|partial|unable to|could not|timed? ?out|search peer",
    re.IGNORECASE,
)
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})$")
_REAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,15})\.[0-9]{1,15}$")


@dataclass(frozen=True, kw_only=True)
class SplunkSettings:
    """Where Splunk's management port is, and who asks.

    Attributes:
        host: the search head.
        port: its management port.
        scheme: ``https``, or ``http`` for a server on this machine.
        token: a bearer token.
        user: a name, where there is no token.
        password: its password.
        app: the app whose knowledge objects are meant.
        owner: whose they are.
    """

    host: str
    port: int = 8089
    scheme: str = "https"
    token: Secret | None = None
    user: str = ""
    password: Secret | None = None
    app: str = ""
    owner: str = ""


@dataclass(frozen=True, kw_only=True)
class SplunkOptions:
    """What one call may say.

    Attributes:
        max_rows: read so many rows at most.
    """

    max_rows: int | None = None


class Splunk(Driver):
    """Splunk Enterprise or Cloud, in SPL."""

    environments: ClassVar = {"Splunk": ()}
    language = "spl"
    settings = SplunkSettings
    options = SplunkOptions
    limits = Limits(max_parallel=3, timeout_s=300, max_timeout_s=7200, takes_time_range=True)

    chosen: SplunkSettings
    _client: HttpClient | None = None
    _saved: Sequence[Query] = ()

    async def connect(self) -> None:
        """Sign in, and ask who is there; saved searches become queries."""
        chosen = self.chosen
        token: tuple[str, Secret]
        if chosen.token is not None:
            token = ("Bearer ", chosen.token)
        elif chosen.user and chosen.password is not None:
            token = ("Splunk ", await self._session_key())
        else:
            raise SettingsError(
                "Splunk needs a token, or a user and a password",
                hint='connect(host="...", token="env:SPLUNK_TOKEN")',
            )
        client = self.session.http(self._service(token))
        await _json(client, "/services/server/info")
        self._saved = await _saved_searches(client)
        self._client = client

    async def run(self, request: Request) -> Answer:
        """The rows of a search."""
        request.cancel.check()
        client = self._connected()
        async with _job(client, self._form(request)) as sid:
            told = await _finished(client, sid, request)
            return await _results(client, sid, told, request.options.max_rows)

    async def schema(self) -> Schema:
        """The indexes; Splunk does not know fields before a search."""
        body = await _json(self._connected(), "/services/data/indexes", count=0)
        return {str(entry["name"]): {} for entry in body.get("entry") or []}

    def queries(self) -> Sequence[Query]:
        """The saved searches that the user may see."""
        return self._saved

    @property
    def identity(self) -> str:
        """The server, and whose view of it."""
        view = "/".join(each for each in (self.chosen.owner, self.chosen.app) if each)
        return f"{self.chosen.scheme}://{self.chosen.host}:{self.chosen.port} {view}".strip()

    def _connected(self) -> HttpClient:
        if self._client is None:
            raise NotConnected("Splunk is not connected", hint="call connect() first")
        return self._client

    def _service(self, token: tuple[str, Secret] | None) -> Service:
        chosen = self.chosen
        return Service(
            name=_SERVICE,
            base_url=f"{chosen.scheme}://{chosen.host}:{chosen.port}",
            headers={"Authorization": token} if token else {},
            limits=HttpLimits(concurrency=6, max_reply_bytes=512 * 1024**2),
        )

    async def _session_key(self) -> Secret:
        client = self.session.http(self._service(None))
        form = {"username": self.chosen.user, "password": self.chosen.password}
        reply = await client.apost(
            "/services/auth/login", params={"output_mode": "json"}, form=form, repeatable=True
        )
        body = reply.json()
        key = body.get("sessionKey") if isinstance(body, Mapping) else None
        if not isinstance(key, str) or not key:
            raise BadReply("Splunk's sign-in gave no session key", service=_SERVICE)
        return Secret.held(key)

    def _form(self, request: Request) -> dict[str, str]:
        text = request.text.strip()
        if not text:
            raise UsageError("the search is empty")
        if not text.startswith("|") and text.split(None, 1)[0].casefold() != "search":
            text = f"search {text}"
        form = {"search": text, "exec_mode": "normal", "output_mode": "json"}
        if request.start is not None:
            form["earliest_time"] = _epoch(request.start)
        if request.end is not None:
            form["latest_time"] = _epoch(request.end)
        if request.options.max_rows is not None:
            form["max_count"] = str(request.options.max_rows)
        form["auto_cancel"] = str(max(int(request.timeout_s), 30))
        if self.chosen.app:
            form["namespace"] = self.chosen.app
        return form


def _epoch(instant: datetime) -> str:
    return f"{instant.timestamp():.6f}"


@asynccontextmanager
async def _job(client: HttpClient, form: Mapping[str, str]) -> AsyncIterator[str]:
    """A search job's id; the job is deleted in the end, whatever happens."""
    reply = await client.apost(_JOBS, form=form, answers={400}, repeatable=False)
    if reply.status_code == 400:
        raise _refusal(reply)
    body = reply.json()
    sid = str(body.get("sid") or "") if isinstance(body, Mapping) else ""
    if not sid:
        raise BadReply("Splunk gave no id for the search", service=_SERVICE)
    try:
        yield sid
    finally:
        with anyio.CancelScope(shield=True), suppress(HuntkitError), anyio.move_on_after(10):
            await client.apost(
                f"{_JOBS}/{{sid}}/control", fill={"sid": sid}, form={"action": "cancel"}
            )


async def _finished(client: HttpClient, sid: str, request: Request) -> Mapping[str, Any]:
    """What the job says of itself once it has ended."""
    ends, wait = time.monotonic() + request.timeout_s, _FIRST_POLL_S
    while True:
        request.cancel.check()
        body = await _json(client, f"{_JOBS}/{{sid}}", fill={"sid": sid})
        told = _content(body)
        if _true(told.get("isFailed")) or told.get("dispatchState") == "FAILED":
            said = [text for _, text in _messages(told)] or ["it does not say why"]
            raise QueryRefused(f"Splunk could not run the search: {': '.join(said[:3])}")
        if _true(told.get("isDone")):
            return told
        if time.monotonic() > ends:
            raise TimedOut(
                f"Splunk did not finish the search in {request.timeout_s:,.0f} s",
                service=_SERVICE,
                hint="ask for less time, or give it more: timeout=",
            )
        await anyio.sleep(wait)
        wait = min(wait * 1.5, _LAST_POLL_S)


def _content(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """How a job stands; a reply that does not say would be waited for in vain."""
    entries = body.get("entry")
    entry = entries[0] if isinstance(entries, list) and entries else None
    told = entry.get("content") if isinstance(entry, Mapping) else None
    if not isinstance(told, Mapping) or not {"isDone", "dispatchState"} & told.keys():
        raise BadReply("Splunk does not say how its search stands", service=_SERVICE)
    return told


async def _results(
    client: HttpClient, sid: str, told: Mapping[str, Any], max_rows: int | None
) -> Answer:
    rows: list[Mapping[str, Any]] = []
    names: dict[str, None] = {}
    gaps = _gaps(told)
    expected = int(told.get("resultCount") or 0)
    wanted = expected if max_rows is None else min(expected, max_rows)
    while len(rows) < wanted or not names:
        count = min(_PAGE_ROWS, max(wanted - len(rows), 1))
        try:
            page = await _json(
                client, f"{_JOBS}/{{sid}}/results", fill={"sid": sid}, count=count, offset=len(rows)
            )
        except HuntkitError as problem:
            if not rows:
                raise
            gaps.append(Gap(f"after {len(rows):,} of {wanted:,} rows: {problem}", helps="again"))
            break
        names.update(dict.fromkeys(str(f.get("name", f)) if isinstance(f, Mapping) else str(f)
                                   for f in page.get("fields") or []))  # fmt: skip
        found = [each for each in page.get("results") or [] if isinstance(each, Mapping)]
        rows += found
        if not found:
            if len(rows) < wanted:
                text = f"Splunk gave {len(rows):,} of the {wanted:,} rows that it had found"
                gaps.append(Gap(text, helps="again"))
            break
    if wanted < expected:
        gaps.append(Gap(f"only the first {wanted:,} of {expected:,} rows", helps="nothing"))
    names.update(dict.fromkeys(name for row in rows for name in row))
    made = bool(told.get("reportSearch"))  # commands that make new rows: their numbers are numbers
    columns = {name: _column(name, [row.get(name) for row in rows], made) for name in names}
    statistics = {
        key: told[key]
        for key in ("scanCount", "eventCount", "resultCount", "runDuration", "diskUsage")
        if isinstance(told.get(key), int | float | str)
    }
    return Answer(table=pa.table(columns), gaps=gaps, statistics=statistics)


def _column(name: str, values: Sequence[Any], numbers: bool) -> pa.Array:
    """Splunk's values are texts, and lists of texts where a field has several."""
    if name in _TIMES:
        with suppress(ValueError, pa.ArrowInvalid):
            return column_of(values, "datetime")
    present = [value for value in values if value not in (None, "")]
    if numbers and present and all(isinstance(value, str) for value in present):
        for pattern, kind in ((_INTEGER, "long"), (_REAL, "real")):
            if all(pattern.match(value) or (kind == "real" and _INTEGER.match(value))
                   for value in present):  # fmt: skip
                return column_of([v if v != "" else None for v in values], kind)
    return column_of(values, "string")


def _gaps(told: Mapping[str, Any]) -> list[Gap]:
    gaps = [
        Gap(text, helps="again" if kind in ("ERROR", "FATAL") else "shorter")
        for kind, text in _messages(told)
        if kind in ("ERROR", "FATAL") or (kind == "WARN" and _LACKING.search(text))
    ]
    if _true(told.get("isFinalized")):
        gaps.append(Gap("the search was ended before it had seen everything", helps="shorter"))
    return gaps


def _messages(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Kind and text of each message, in either form that Splunk has for them."""
    given = told.get("messages")
    if isinstance(given, Mapping):
        return [
            (str(kind).upper(), str(text))
            for kind, texts in given.items()
            for text in (texts if isinstance(texts, list) else [texts])
        ]
    return [
        (str(each.get("type", "")).upper(), str(each.get("text", "")))
        for each in given or []
        if isinstance(each, Mapping)
    ]


def _refusal(reply: Reply) -> HuntkitError:
    body = reply.json()
    said = [text for _, text in _messages(body)] if isinstance(body, Mapping) else []
    return QueryRefused(
        f"Splunk refused the search: {': '.join(said[:3]) or 'it does not say why'}",
        hint="look at the command that the message names",
    )


async def _json(
    client: HttpClient, path: str, *, fill: Mapping[str, str] | None = None, **params: int
) -> Mapping[str, Any]:
    reply = await client.aget(path, fill=fill, params={"output_mode": "json", **params})
    body = reply.json() if reply.status_code != 204 else {}
    if not isinstance(body, Mapping):
        raise BadReply("Splunk answered no object", service=_SERVICE)
    return body


async def _saved_searches(client: HttpClient) -> Sequence[Query]:
    """The user's saved searches; without the right to list them there are none."""
    try:
        body = await _json(client, "/services/saved/searches", count=0)
    except HuntkitError:
        return ()
    return tuple(_query(entry) for entry in body.get("entry") or [] if isinstance(entry, Mapping))


def _query(entry: Mapping[str, Any]) -> Query:
    content = entry.get("content") or {}
    name = re.sub(r"\W+", "_", str(entry.get("name", ""))).strip("_") or "unnamed"
    return Query(
        name=name if not name[0].isdigit() else f"_{name}",
        families=("SavedSearches",),
        environments=("Splunk",),
        description=str(content.get("description") or entry.get("name") or ""),
        text=str(content.get("search") or "").replace("{", "{{").replace("}", "}}"),
        language="spl",
    )


def _true(value: Any) -> bool:
    return value is True or str(value).casefold() in ("1", "true")
