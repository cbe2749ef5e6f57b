"""ClickHouse, by its own library: a server over HTTP, or the engine within this process."""

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Final, Literal

import pyarrow as pa

from huntkit.core.errors import (
    AccessDenied,
    Cancelled,
    HuntkitError,
    Offline,
    RequestFailed,
    TimedOut,
    UsageError,
)
from huntkit.core.extras import require
from huntkit.runtime import Basic, Secret
from huntkit.runtime.redaction import Redactor
from huntkit.sources.clickhouse_types import column_of, kql_type
from huntkit.sources.column_types import distinct_names
from huntkit.sources.driver import Answer, Driver, Gap, Limits, Request, Schema
from huntkit.sources.errors import NotConnected, QueryRefused
from huntkit.sources.queries.languages import dialect
from huntkit.sources.sql.engine import first_word, refuse_writing

_SERVICE: Final = "ClickHouse"
_KILL_S: Final = 10  # whoever cancels a query waits no longer than this
_NEAR: Final = frozenset(["localhost", "127.0.0.1", "::1"])
_READS: Final = frozenset(["select", "with", "show", "describe", "desc", "explain", "exists"])
_SELECTS: Final = frozenset(["select", "with"])
_CODE: Final = re.compile(r"Code: (\d+)")
# Numbers of https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
_DENIED: Final = frozenset([192, 193, 194, 497, 516])
_SLOW: Final = frozenset([159, 160])
_BUSY: Final = frozenset([173, 198, 202, 203, 209, 210, 241, 242, 243, 279, 394, 425, 439])
_COLUMNS: Final = """
    SELECT if(database = currentDatabase(), table, concat(database, '.', table)), name, type
    FROM system.columns WHERE lower(database) NOT IN ('system', 'information_schema')
    ORDER BY database, table, position"""


@dataclass(frozen=True, kw_only=True)
class ClickHouseSettings:
    """Which server to ask, and who asks.

    Attributes:
        host: the server.
        port: its HTTP port; 8443 with TLS, else 8123.
        user: who asks.
        password: what proves it.
        database: the database of tables that are named without one.
        secure: whether to use TLS; by default everywhere but on this machine. Certificates are
            always checked.
        ca_bundle: a file of certificates to check the server's with.
        interface: ``http`` for a server; ``chdb`` for the engine in this process, which needs
            the package chdb and no server.
    """

    host: str = ""
    port: int | None = None
    user: str = "default"
    password: Secret | None = None
    database: str | None = None
    secure: bool | None = None
    ca_bundle: Path | None = None
    interface: Literal["http", "chdb"] = "http"


@dataclass(frozen=True, kw_only=True)
class ClickHouseOptions:
    """What one call may say.

    Attributes:
        values: what ``{name:Type}`` in the text stands for; sent beside the text.
        max_rows: stop after so many rows, and say so.
    """

    values: Mapping[str, Any] | None = None
    max_rows: int = 1_000_000


class ClickHouse(Driver):
    """ClickHouse, read-only: the server is told to refuse everything but reading.

    Times come as UTC. Whole numbers of more than 64 bits and decimals that a float64 does not
    hold come as text, arrays, maps, tuples and JSON as JSON text; text that is no UTF-8 as hex.
    """

    environments: ClassVar = {"ClickHouse": ()}
    language = "clickhouse"
    settings = ClickHouseSettings
    options = ClickHouseOptions
    limits = Limits(max_parallel=4, timeout_s=300)

    chosen: ClickHouseSettings
    _client: Any = None
    _killer: Any = None
    _library: ModuleType | None = None

    def connect(self) -> None:
        """Find out that the server is there, and which user it takes us for.

        Raises:
            AccessDenied: it does not take this user and password.
            RequestFailed: it is not there.
            MissingExtra: the library is not installed.
        """
        self._library = require("clickhouse_connect", extra="clickhouse")
        limits = {"max_execution_time": int(self.limits.max_timeout_s), "readonly": 1}
        if self.chosen.interface == "chdb":
            require("chdb", extra="clickhouse")
            self._client = self._made(interface="chdb", settings=limits)
            return
        if not self.chosen.host:
            raise UsageError("say which server to ask", hint='connect(host="clickhouse.example")')
        if self.session.offline:
            raise Offline("the network is switched off for this session", service=_SERVICE)
        where = self._where()
        more = {"cancel_http_readonly_queries_on_client_close": 1}
        self._client = self._made(**where, settings={**more, **limits})
        self._killer = self._made(**{**where, "send_receive_timeout": _KILL_S})

    def _where(self) -> dict[str, Any]:
        chosen = self.chosen
        secure = chosen.host not in _NEAR if chosen.secure is None else chosen.secure
        return {
            "host": chosen.host,
            "port": chosen.port or (8443 if secure else 8123),
            "secure": secure,
            "verify": True,
            "ca_cert": str(chosen.ca_bundle) if chosen.ca_bundle else None,
            "username": chosen.user,
            "password": chosen.password.reveal() if chosen.password else "",
            "send_receive_timeout": int(self.limits.max_timeout_s),
            "autogenerate_session_id": False,  # a session answers one query at a time
        }

    def _made(self, **how: Any) -> Any:
        library = self._loaded
        try:
            return library.get_client(database=self.chosen.database, **how)
        except self._errors as problem:
            raise self._told(problem, None) from None

    def close(self) -> None:
        """End the connections."""
        for each in (self._client, self._killer):
            if each is not None:
                each.close()
        self._client = self._killer = None

    def run(self, request: Request) -> Answer:
        """The rows of one statement that reads.

        Raises:
            QueryRefused: what the server says is wrong with it.
            UsageError: a value that the text does not name.
        """
        request.cancel.check()
        _refuse_writing(request.text)
        options: ClickHouseOptions = request.options
        text = request.text.rstrip().rstrip(";")
        values = _named(text, options.values or {})
        query = str(uuid.uuid4())
        rows = _Rows(options.max_rows)
        gaps: list[Gap] = []
        with request.cancel.calling(lambda: self._kill(query)):
            try:
                self._read(text, values, query, request, rows)
            except self._errors as problem:
                request.cancel.check()
                error = self._told(problem, request)
                if not rows.count:
                    raise error from None
                gaps.append(Gap(f"after {rows.count:,} rows: {error.message}"))
        if rows.cut:
            gaps.append(Gap(f"only the first {options.max_rows:,} rows were read (max_rows=)"))
        if not rows.names and _selects(text):
            rows.names, rows.types = self._columns(text, values)
        return Answer(table=rows.table(), gaps=gaps)

    def _read(
        self, text: str, values: Mapping[str, Any], query: str, request: Request, rows: "_Rows"
    ) -> None:
        own: dict[str, Any] = {}
        if self.chosen.interface == "http":  # the engine in this process takes no settings any more
            own = {"query_id": query, "max_execution_time": max(1, int(request.timeout_s))}
        how: dict[str, Any] = {
            "parameters": values or None, "settings": own, "tz_mode": "aware",
        }  # fmt: skip
        if not _selects(text):  # the engine in this process streams nothing else
            found = self._connected.query(text, column_oriented=True, **how)
            rows.names = list(found.column_names)
            rows.types = [each.name for each in found.column_types]
            rows.add(found.result_columns)
            return
        with self._connected.query_column_block_stream(text, **how) as blocks:
            rows.names = list(blocks.source.column_names)
            rows.types = [each.name for each in blocks.source.column_types]
            for block in blocks:
                request.cancel.check()
                if rows.add(block):
                    break

    def _columns(self, text: str, values: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        """What an empty answer would have had; the library tells it only with rows."""
        try:
            found = self._connected.query(f"DESCRIBE TABLE (\n{text}\n)", parameters=values or None)
        except self._errors:
            return [], []
        return [each[0] for each in found.result_rows], [each[1] for each in found.result_rows]

    def _kill(self, query: str) -> None:
        """End a query on the server, as far as it lets us; else it ends with its time."""
        if self._killer is not None:
            with suppress(*self._errors):
                self._killer.command(
                    "KILL QUERY WHERE query_id = {query:String} ASYNC", parameters={"query": query}
                )

    def schema(self) -> Schema:
        """The tables of all databases that this user may see, those of others with their names."""
        try:
            rows = self._connected.query(_COLUMNS).result_rows
        except self._errors as problem:
            raise self._told(problem, None) from None
        found: dict[str, dict[str, str]] = {}
        for table, column, kind in rows:
            found.setdefault(table, {})[column] = kql_type(kind)
        return found

    @property
    def identity(self) -> str:
        """Host, port, database and user."""
        chosen = self.chosen
        if chosen.interface == "chdb":
            return f"chdb {chosen.database or ''}".strip()
        return f"{chosen.host}:{chosen.port or ''} {chosen.database or ''} {chosen.user}"

    @property
    def _connected(self) -> Any:
        if self._client is None:
            raise NotConnected("ClickHouse is not connected", hint="call connect() first")
        return self._client

    @property
    def _loaded(self) -> ModuleType:
        if self._library is None:
            raise NotConnected("ClickHouse is not connected", hint="call connect() first")
        return self._library

    @property
    def _errors(self) -> tuple[type[Exception], ...]:
        mine: type[Exception] = self._loaded.driver.exceptions.ClickHouseError
        return (mine, OSError)

    def _hidden(self, text: str) -> str:
        """The text without the password, also in the form in which it is sent."""
        if self.chosen.password is None or not (password := self.chosen.password.reveal()):
            return text
        redactor = Redactor()
        redactor.learn(password)
        redactor.learn(Basic(self.chosen.user, password).header().removeprefix("Basic "))
        return redactor.text(text)

    def _told(self, problem: Exception, request: Request | None) -> HuntkitError:
        words = self._hidden(" ".join(str(problem).split()))
        found = _CODE.search(words)
        code = int(found.group(1)) if found else None
        if code in _DENIED:
            return AccessDenied(f"{_SERVICE} refused: {words}", service=_SERVICE)
        if code in _SLOW and request is not None:
            return TimedOut(
                f"{_SERVICE} did not answer in {request.timeout_s:,.0f} s: {words}",
                service=_SERVICE,
                hint="ask for less, or give it more: timeout_s=",
            )
        if code == 394:
            return Cancelled(f"{_SERVICE} ended the query: {words}")
        if code is None or code in _BUSY:
            return RequestFailed(f"{_SERVICE} failed: {words}", service=_SERVICE)
        return QueryRefused(f"{_SERVICE} refused the query: {words}")


class _Rows:
    """Blocks of columns, no more rows than wanted.

    Args:
        most: how many rows.
    """

    def __init__(self, most: int) -> None:
        self.names: list[str] = []
        self.types: list[str] = []
        self.count = 0
        self.cut = False
        self._most = most
        self._blocks: list[Sequence[Sequence[Any]]] = []

    def add(self, block: Sequence[Sequence[Any]]) -> bool:
        """Keep a block; whether there are more rows than wanted."""
        self._blocks.append(block)
        self.count += len(block[0]) if block else 0
        self.cut = self.count > self._most
        return self.cut

    def table(self) -> pa.Table:
        """All rows."""
        made = {}
        for place, (name, kind) in enumerate(
            zip(distinct_names(self.names), self.types, strict=True)
        ):
            values = list(_chained(block[place] for block in self._blocks))[: self._most]
            made[name] = column_of(kind, values)
        return pa.table(made)


def _chained(columns: Iterable[Sequence[Any]]) -> Iterator[Any]:
    for column in columns:
        yield from column


def _selects(text: str) -> bool:
    return first_word(text).casefold() in _SELECTS


def _refuse_writing(text: str) -> None:
    """Refuse what does more than read; the engine in this process would write files.

    Raises:
        QueryRefused: it does.
    """
    refuse_writing(text, _READS)
    tokens = dialect("clickhouse", text).tokens(text)
    if any(each.kind == "word" and each.word.casefold() == "outfile" for each in tokens):
        raise QueryRefused("a query may not write a file", hint="leave out INTO OUTFILE")


def _named(text: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values, if the text names each of them: the library would write others into the text.

    Raises:
        UsageError: it does not name one.
    """
    for name in values:
        if not re.search(rf"\{{\s*{re.escape(name)}\s*:", text):
            raise UsageError(
                f"the text does not name the value {name!r}", hint=f"write {{{name}:String}}"
            )
    return values
