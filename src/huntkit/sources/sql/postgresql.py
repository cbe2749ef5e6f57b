"""PostgreSQL, by ADBC: every statement in a read-only transaction on a connection of its own."""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pyarrow as pa

from huntkit.core.errors import (
    AccessDenied,
    BadReply,
    HuntkitError,
    RequestFailed,
    SettingsError,
    TimedOut,
)
from huntkit.core.extras import require
from huntkit.runtime.secrets import Secret
from huntkit.sources.column_types import json_column, numbers, table_of_columns
from huntkit.sources.driver import Answer, Gap, Schema
from huntkit.sources.errors import QueryRefused
from huntkit.sources.sql.engine import Statement, kql_type, refuse_writing, stopped_by

_SERVICE: Final = "PostgreSQL"
_READS: Final = frozenset(["select", "with", "values", "table"])
_ALLOWED: Final = frozenset(
    ["sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "connect_timeout", "application_name",
     "target_session_attrs", "user"]
)  # fmt: skip
_NEAR: Final = frozenset(["", "localhost", "127.0.0.1", "::1"])
_DENIED: Final = re.compile(
    r"authentication failed|permission denied|no pg_hba\.conf entry|no password supplied"
    r'|role "[^"]*" does not exist'
)
_COLUMNS: Final = """
    SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
    ORDER BY table_schema, table_name, ordinal_position"""


class PostgreSQL:
    """A PostgreSQL server.

    Args:
        address: ``postgresql://user@host:port/database``, without a password.
        user: who asks, where the address does not say.
        password: what proves it.

    Raises:
        SettingsError: an address that can't be used.
    """

    def __init__(self, address: str, *, user: str = "", password: Secret | None = None) -> None:
        self._address, self._user = address, user
        self._password = password
        self.place = _checked(address)
        self._library: ModuleType | None = None

    def connect(self) -> None:
        """Find out that the server is there.

        Raises:
            AccessDenied: it does not take this user and password.
            RequestFailed: it is not there.
            MissingExtra: the library is not installed.
        """
        self._library = require("adbc_driver_postgresql.dbapi", extra="sql")
        with self._transaction(10.0):
            pass

    def close(self) -> None:
        """Nothing stays open between statements."""
        self._library = None

    def run(self, statement: Statement) -> Answer:
        """The rows of a statement that reads.

        Raises:
            QueryRefused: what the server says is wrong with it.
        """
        refuse_writing(statement.text, _READS)
        statement.cancel.check()
        rows: list[pa.RecordBatch] = []
        gaps: list[Gap] = []
        with self._transaction(statement.timeout_s) as cursor:
            with stopped_by(statement, cursor.adbc_cancel) as stopped:
                try:
                    # The driver writes the text into COPY (...): a comment may not swallow its end.
                    cursor.execute(f"{statement.text}\n")
                    reader = cursor.fetch_record_batch()
                    _all_known(reader.schema)
                    gaps += _read(reader, rows, statement)
                except self._errors as problem:
                    if (reason := stopped.reason(statement, _SERVICE)) is not None:
                        raise reason from None
                    if not rows:
                        raise self._told(problem, statement) from None
                    text = f"after {sum(r.num_rows for r in rows):,} rows: {self._words(problem)}"
                    gaps.append(Gap(text))
            if gaps:
                cursor.adbc_cancel()
        schema = reader.schema
        whole = pa.Table.from_batches(rows, schema)
        columns = [_decoded(whole.column(n), each) for n, each in enumerate(schema)]
        table, lost = table_of_columns(schema.names, columns)
        return Answer(table=table, gaps=[*gaps, *lost])

    def schema(self) -> Schema:
        """The tables that this user may see; those of other schemas as ``schema.table``."""
        with self._transaction(60.0) as cursor:
            cursor.execute(_COLUMNS)
            found: dict[str, dict[str, str]] = {}
            for space, table, column, kind in cursor.fetchall():
                name = table if space == "public" else f"{space}.{table}"
                found.setdefault(name, {})[column] = (
                    "dynamic" if kind == "ARRAY" else kql_type(kind)
                )
        return found

    @property
    def _errors(self) -> tuple[type[Exception], ...]:
        """What the library raises; its reader raises Arrow's errors."""
        mine = self._library.Error if self._library else HuntkitError
        return (mine, pa.ArrowException, OSError)

    @contextmanager
    def _transaction(self, timeout_s: float) -> Iterator[Any]:
        """A cursor in a read-only transaction, which is given up at the end."""
        if self._library is None:
            raise RequestFailed(f"{_SERVICE} is not connected", service=_SERVICE)
        try:
            connection = self._library.connect(self._uri(), autocommit=True)
        except self._errors as problem:
            raise self._unreachable(problem) from None
        try:
            with connection.cursor() as cursor:
                cursor.execute("BEGIN TRANSACTION READ ONLY")
                cursor.execute(f"SET LOCAL statement_timeout = {max(1, int(timeout_s * 1000))}")
                cursor.execute("SET LOCAL TimeZone = 'UTC'")
                yield cursor
        finally:
            connection.close()

    def _uri(self) -> str:
        """The address with who asks; by ``verify-full`` unless it says otherwise or is near."""
        parts = urlsplit(self._address)
        options = dict(parse_qsl(parts.query))
        options.setdefault("connect_timeout", "10")
        if (parts.hostname or "") not in _NEAR and "sslmode" not in options:
            options |= {"sslmode": "verify-full"}
            options.setdefault("sslrootcert", "system")
        if user := parts.username or self._user:
            options["user"] = user
        if self._password is not None:
            options["password"] = self._password.reveal()
        host = parts.netloc.rpartition("@")[2]
        return f"postgresql://{host}{parts.path}?{urlencode(options, quote_via=quote)}"

    def _words(self, problem: Exception) -> str:
        """What the server said, without the statement around it and without the password."""
        text = str(problem).partition("\nQuery was:")[0].partition(" SQLSTATE:")[0]
        text = text.partition("ERROR:")[2] or text
        secret = self._password.reveal() if self._password else ""
        return " ".join((text.replace(secret, "****") if secret else text).split())

    def _unreachable(self, problem: Exception) -> HuntkitError:
        words = self._words(problem)
        if _DENIED.search(words):
            return AccessDenied(f"{_SERVICE} refused: {words}", service=_SERVICE)
        return RequestFailed(f"{_SERVICE} can't be reached: {words}", service=_SERVICE)

    def _told(self, problem: Exception, statement: Statement) -> HuntkitError:
        state = getattr(problem, "sqlstate", None) or ""
        words = self._words(problem)
        if state == "57014" or "statement timeout" in words:
            seconds = f"{statement.timeout_s:,.0f} s"
            return TimedOut(
                f"{_SERVICE} did not answer in {seconds}",
                service=_SERVICE,
                hint="ask for less, or give it more: timeout_s=",
            )
        if "nested record type" in words:
            return QueryRefused(
                "a column holds whole rows, which have no form here", hint="write it as x::text"
            )
        if state[:2] in ("08", "53", "57", "58", "XX"):
            return RequestFailed(f"{_SERVICE}: {words}", service=_SERVICE)
        if not state:
            return BadReply(f"{_SERVICE}: {words}", service=_SERVICE)
        return QueryRefused(f"{_SERVICE} refused the query: {words}")


def _checked(address: str) -> str:
    """Host, port and database of an address, to be shown.

    Raises:
        SettingsError: it holds a password, or something that changes more than where to connect.
    """
    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.password is not None or "password" in options:
        raise SettingsError(
            "the address holds a password", hint="give it as password='env:NAME' instead"
        )
    if strange := sorted(set(options) - _ALLOWED):
        raise SettingsError(
            f"the address can't say {strange[0]}=", hint=f"it can say {', '.join(sorted(_ALLOWED))}"
        )
    host = parts.netloc.rpartition("@")[2]
    return f"postgresql://{host}{parts.path}"


def _read(reader: Any, rows: list[pa.RecordBatch], statement: Statement) -> list[Gap]:
    """Fill ``rows``, no further than wanted."""
    count = 0
    for batch in reader:
        statement.cancel.check()
        left = statement.max_rows - count
        if batch.num_rows > left:
            rows.append(batch.slice(0, left))
            return [Gap(f"only the first {statement.max_rows:,} rows were read (max_rows=)")]
        rows.append(batch)
        count += batch.num_rows
    return []


def _type_name(field: pa.Field) -> str:
    known: bytes = (field.metadata or {}).get(b"POSTGRESQL:type", b"")
    return known.decode()


def _all_known(schema: pa.Schema) -> None:
    """Refuse columns whose bytes would only look like values.

    Raises:
        QueryRefused: one is of such a type.
    """
    for field in schema:
        for inner in _inner(field):
            name = _opaque(inner)
            if _type_name(field) == "money" or (name is not None and name not in _DECODERS):
                raise QueryRefused(
                    f"the column {field.name!r} is of PostgreSQL's type "
                    f"{name or 'money'}, which has no form here",
                    hint=f"write it as {field.name}::text",
                )


def _inner(field: pa.Field) -> Iterator[pa.DataType]:
    kind = field.type
    yield kind
    while pa.types.is_list(kind):
        kind = kind.value_type
        yield kind


def _opaque(kind: pa.DataType) -> str | None:
    return str(kind.type_name) if isinstance(kind, pa.OpaqueType) else None


def _decoded(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    """A column of a type that only PostgreSQL has, as text or numbers."""
    kinds = list(_inner(field))
    name = _opaque(kinds[-1])
    if name is None:
        return column
    values = column.to_pylist()
    if len(kinds) > 1:
        return json_column([_each(value, _DECODERS[name]) for value in values])
    if name == "numeric":
        return numbers(values)
    made = [None if value is None else _DECODERS[name](value) for value in values]
    return pa.array(made, pa.string())


def _each(value: Any, decode: Callable[[Any], object]) -> Any:
    if isinstance(value, list):
        return [_each(one, decode) for one in value]
    return None if value is None else decode(value)


def _address(value: bytes) -> str:
    """``inet`` or ``cidr``: family, bits, whether it is a network, length, the address."""
    address = ipaddress.ip_address(value[4:])
    bits, network = value[1], value[2]
    return str(address) if bits == address.max_prefixlen and not network else f"{address}/{bits}"


_DECODERS: Final[Mapping[str, Callable[[Any], object]]] = {
    "numeric": str,
    "void": lambda _: "",
    "inet": _address,
    "cidr": _address,
    "macaddr": lambda value: value.hex(":"),
    "macaddr8": lambda value: value.hex(":"),
    "xml": lambda value: value.decode("utf-8", "replace"),
}
