"""What ServiceNow knows: configuration items by name, address and serial number, and users.

Shaped by the published Table API ("Table API", "Encoded query strings", "Inbound REST API rate
limiting" of the product documentation); never run against a live instance. Nothing counts that
does not say the value itself, and what may not be read is never "not found".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Final
from urllib.parse import quote

from huntkit.core.errors import (
    AccessDenied,
    BadReply,
    LimitReached,
    RequestFailed,
    SettingsError,
    UsageError,
)
from huntkit.enrich.context.encoded_query import Condition, any_of, checked_column
from huntkit.enrich.context.provider import ContextProvider
from huntkit.enrich.context.servicenow_rows import (
    ASKED,
    Row,
    card,
    conditions,
    fulfils,
    matched,
    raw,
)
from huntkit.enrich.context.servicenow_signin import ServiceNowTokens, instance_url
from huntkit.enrich.ti.provider import Facts, Lookup
from huntkit.enrich.ti.replies import members, needed, record
from huntkit.enrich.ti.service_words import MAX_RAW, https_link, refusal
from huntkit.runtime.http_call import Basic
from huntkit.runtime.http_client import HttpClient, Service
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session

_PAGE: Final = 100
_MOST: Final = 1000  # so many rows about one value: the question was not the one that was meant
_SHOWN: Final = 20
_LONGEST: Final = 5000  # letters of a query
_UNKNOWN: Final = Facts.unknown()
_GONE: Final = 404
_SYS_ID: Final = re.compile(r"[0-9a-f]{32}")

_COMPUTER: Final = (
    "sys_id", "name", "host_name", "fqdn", "dns_domain", "ip_address", "mac_address",
    "serial_number", "asset_tag", "sys_class_name", "os", "os_version", "os_domain",
    "manufacturer", "model_id", "virtual", "short_description", "environment", "used_for",
    "install_status", "operational_status", "assigned_to", "managed_by", "owned_by",
    "support_group", "department", "company", "location", "discovery_source", "last_discovered",
    "sys_created_on", "sys_updated_on",
)  # fmt: skip
_USER: Final = (
    "sys_id", "user_name", "name", "email", "title", "employee_number", "department", "manager",
    "company", "location", "active", "locked_out", "vip", "last_login_time", "sys_created_on",
    "sys_updated_on",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ServiceNowSettings:
    """The instance, and who asks it: an application, a key, or a user.

    Attributes:
        instance: its name, such as ``acme`` of ``acme.service-now.com``.
        base_url: its address, where it has another.
        client_id: an application that may use client credentials (OAuth).
        client_secret: its secret.
        api_key: a key for REST, in place of the application.
        api_id: a user, in place of both.
        auth_key: the user's password.
        table: the table of hosts; ``cmdb_ci`` knows network gear, too.
        user_table: the table of users.
        fields: more columns to show, such as ``u_environment``.
        per_hour: the instance's limit of requests, where it has one.
    """

    instance: str = ""
    base_url: str = ""
    client_id: str = ""
    client_secret: Secret | None = None
    api_key: Secret | None = None
    api_id: str = field(default="", metadata={"aliases": ("ApiID", "AuthId")})
    auth_key: Secret | None = None
    table: str = "cmdb_ci_computer"
    user_table: str = "sys_user"
    fields: tuple[str, ...] = ()
    per_hour: int | None = None


class ServiceNow(ContextProvider):
    """ServiceNow: computers and servers of the CMDB, and users."""

    name = "ServiceNow"
    takes: ClassVar = dict.fromkeys(ASKED, ("",))
    settings = ServiceNowSettings
    limits = Limits(concurrency=4)
    batch = 25
    splits: ClassVar[bool] = True
    home = "https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html"
    terms = "your own instance; what the user may not read is told as a failure"

    def __init__(self, chosen: ServiceNowSettings, session: Session) -> None:
        super().__init__(chosen, session)
        if chosen.per_hour:
            self.limits = Limits(concurrency=4, per_hour=chosen.per_hour)

    @property
    def base_url(self) -> str:
        """The instance's address."""
        return instance_url(self.chosen.instance, self.chosen.base_url)

    @property
    def identity(self) -> str:
        """Users see different rows, and tables have different columns."""
        chosen = self.chosen
        who = chosen.client_id or chosen.api_id or "key"
        asked = (chosen.table, chosen.user_table, *chosen.fields)
        where = chosen.base_url or chosen.instance
        return f"context {self.name} {where.strip().rstrip('/')} {who} {' '.join(asked)}"

    def lacking(self) -> str:
        """Which settings are missing, or that the session is offline."""
        chosen = self.chosen
        if not (chosen.instance or chosen.base_url):
            return f"{self.name} needs Instance"
        if (chosen.client_id and chosen.client_secret) or chosen.api_key:
            return self._offline
        if chosen.api_id and chosen.auth_key:
            return self._offline
        return f"{self.name} needs ClientId and ClientSecret, or ApiKey, or ApiID and AuthKey"

    @property
    def _offline(self) -> str:
        return "this session is offline" if self.session.offline else ""

    @cached_property
    def http(self) -> HttpClient:
        """The client; made on first use.

        Raises:
            SettingsError: a setting that it needs is missing.
        """
        if (why := self.lacking()) and why != self._offline:
            hint = f"put it into the settings file under {self.section}: {self.name}: Args:"
            raise SettingsError(why, hint=hint)
        chosen, base = self.chosen, self.base_url
        token, key, auth = None, None, None
        if chosen.client_id and chosen.client_secret:
            token = ServiceNowTokens(self.session, base, chosen.client_id, chosen.client_secret)
        elif chosen.api_key:
            key = chosen.api_key
        else:
            auth = Basic(chosen.api_id, chosen.auth_key)
        return self.session.http(
            Service(
                name=self.name,
                base_url=base,
                headers={"Accept": "application/json", **({"x-sn-apikey": key} if key else {})},
                token=token,
                auth=auth,
                limits=self.limits,
                answers={_GONE},
            )
        )

    async def ask(self, lookup: Lookup) -> Facts:
        """The configuration items or users that the value is about."""
        told = (await self.ask_many([lookup]))[lookup]
        if isinstance(told, Exception):
            raise told
        return told

    async def ask_many(self, lookups: Sequence[Lookup]) -> dict[Lookup, Facts | Exception]:
        """The same for many, by one query for each table and type; errors are those of a value."""
        told: dict[Lookup, Facts | Exception] = {}
        waiting = list(lookups)
        for place in range(2):
            groups: dict[tuple[str, str], list[Lookup]] = {}
            for lookup in waiting:
                tables = self._tables(lookup)
                if place < len(tables):
                    groups.setdefault((tables[place], lookup.ioc_type), []).append(lookup)
            for (table, _), group in groups.items():
                for part in _parts(group, table):
                    told |= await self._among(table, part)
            waiting = [each for each in waiting if told.get(each, _UNKNOWN) == _UNKNOWN]
        return {lookup: told.get(lookup, _UNKNOWN) for lookup in lookups}

    async def _among(
        self, table: str, lookups: Sequence[Lookup]
    ) -> dict[Lookup, Facts | Exception]:
        """What one query tells; where it tells too little of each value, they are asked alone."""
        alone = len(lookups) == 1
        asked = {lookup: conditions(lookup, table) for lookup in lookups}
        try:
            rows, hidden = await self._rows(table, [c for each in asked.values() for c in each])
        except (UsageError, LimitReached) as problem:
            if alone:
                return {lookups[0]: problem}
            return await self._one_by_one(table, lookups)
        except BadReply as problem:
            return dict.fromkeys(lookups, problem)
        if hidden and not alone:  # whose they are can't be seen
            return await self._one_by_one(table, lookups)
        return {lookup: self._told(lookup, table, rows, hidden) for lookup in lookups}

    async def _one_by_one(
        self, table: str, lookups: Sequence[Lookup]
    ) -> dict[Lookup, Facts | Exception]:
        told: dict[Lookup, Facts | Exception] = {}
        for lookup in lookups:
            told |= await self._among(table, [lookup])
        return told

    def _told(
        self, lookup: Lookup, table: str, rows: Sequence[Row], hidden: int
    ) -> Facts | Exception:
        asked = conditions(lookup, table)
        ours = [row for row in rows if fulfils(row, asked)]
        found = [(row, how) for row in ours if (how := matched(row, lookup))]
        if found:
            return self._facts(table, found, hidden)
        if hidden:
            return AccessDenied(
                f"{self.name} has {hidden:,} rows about it in {table} that this user may not read",
                service=self.name,
            )
        return _UNKNOWN

    def _tables(self, lookup: Lookup) -> list[str]:
        """Where it is asked for, one after another until it is found."""
        hosts, users = self.chosen.table, self.chosen.user_table
        if lookup.ioc_type == "sys_id":
            return [hosts, users]
        return [users] if lookup.ioc_type in ("user", "email") else [hosts]

    def _columns(self, table: str) -> list[str]:
        usual = _USER if table == self.chosen.user_table else _COMPUTER
        return [*usual, *(each for each in self.chosen.fields if each not in usual)]

    async def _rows(self, table: str, asked: Sequence[Condition]) -> tuple[list[Row], int]:
        """All rows of the answer, and how many there are that may not be read."""
        params: dict[str, str | int] = {
            "sysparm_query": any_of(dict.fromkeys(asked)),
            "sysparm_fields": ",".join(map(checked_column, self._columns(table))),
            "sysparm_display_value": "all",
            "sysparm_exclude_reference_link": "true",
            "sysparm_limit": _PAGE,
        }
        rows: list[Row] = []
        start = 0
        while True:
            reply = await self.http.aget(
                "/api/now/table/{table}",
                fill={"table": checked_column(table)},
                params={**params, "sysparm_offset": start},
            )
            page = _records(reply)
            if not all(fulfils(row, asked) for row in page):
                columns = " or ".join(dict.fromkeys(each.column for each in asked))
                raise BadReply(
                    f"{self.name} answered with rows of {table} that do not show the value in"
                    f" {columns}: the table lacks that column, or this user may not read it",
                    service=self.name,
                )
            rows += page
            total = _total(reply)
            start += _PAGE  # rows that may not be read count, though they are not there
            if (total or 0) > _MOST or (total is None and page and start >= _MOST):
                raise LimitReached(
                    f"{self.name} has more than {_MOST:,} rows of {table} about it: too many for"
                    " one value"
                )
            if start >= total if total is not None else not page:
                return rows, max((total or 0) - len(rows), 0)

    def _facts(self, table: str, found: Sequence[tuple[Row, str]], hidden: int) -> Facts:
        columns = self._columns(table)
        cards = [{**card(row, columns), "matched_by": how} for row, how in found]
        details: dict[str, Any] = {"table": table, "records": len(found)}
        if hidden:
            details["note"] = f"{hidden:,} more that this user may not read"
        details |= cards[0] if len(cards) == 1 else {"matches": cards[:_SHOWN]}
        kept = [dict(row) for row, _ in found[:MAX_RAW]]
        return Facts(details=details, raw=kept, reference=self._page(table, found[0][0]))

    def _page(self, table: str, row: Row) -> str:
        """The record in the instance's own pages."""
        number, kind = raw(row, "sys_id"), raw(row, "sys_class_name")
        if not _SYS_ID.fullmatch(number):
            return ""
        where = kind if re.fullmatch(r"[a-z][a-z0-9_]*", kind) else table
        inner = quote(f"{where}.do?sys_id={number}", safe="")
        return https_link(f"{self.base_url}/nav_to.do?uri={inner}")


def _parts(lookups: Sequence[Lookup], table: str) -> Iterator[list[Lookup]]:
    """As many values as fit into one query; addresses of pages have their bounds."""
    part: list[Lookup] = []
    size = 0
    for lookup in lookups:
        more = sum(len(each.value) + 30 for each in conditions(lookup, table))
        if part and size + more > _LONGEST:
            yield part
            part, size = [], 0
        part, size = [*part, lookup], size + more
    if part:
        yield part


def _records(reply: Reply) -> list[dict[str, Any]]:
    """The rows of a page. Errors come with status 200, too, even beside some rows."""
    body = record(reply)
    error = body.get("error")
    if error:
        told = error if isinstance(error, Mapping) else {"message": error}
        words = f"{told.get('message') or ''} {told.get('detail') or ''}".strip()
        if reply.status_code == _GONE and "no record found" in words.casefold():
            return []
        plain = reply.hide(words)
        if "acl" in plain.casefold().split() or "authori" in plain.casefold():
            raise AccessDenied(f"ServiceNow refused: {plain[:200]}", service="ServiceNow")
        raise refusal("ServiceNow", plain)
    if reply.status_code == _GONE:
        raise RequestFailed("ServiceNow answered 404 without a reason", service="ServiceNow")
    needed(body, "result")
    if not isinstance(body["result"], list):
        raise BadReply("ServiceNow answered with no list of rows", service="ServiceNow")
    return members(body, "result")


def _total(reply: Reply) -> int | None:
    """How many rows there are, if it says so; what this user may not read is among them."""
    told = reply.headers.get("x-total-count", "").strip()
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 12 else None
