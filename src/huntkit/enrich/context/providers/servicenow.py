"""What ServiceNow knows: configuration items by name, address and serial number, and users.

Shaped by the published Table API ("Table API", "Encoded query strings", "Inbound REST API rate
limiting" of the product documentation); never run against a live instance. A condition on a
column that a table lacks is silently dropped by ServiceNow, which then gives all rows; so every
row is compared with what was asked, and nothing counts that does not say the value itself.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Final
from urllib.parse import quote

from huntkit.core.errors import AccessDenied, BadReply, LimitReached, RequestFailed, SettingsError
from huntkit.enrich.context.encoded_query import Condition, any_of, checked_column
from huntkit.enrich.context.host_names import host_matched, spellings
from huntkit.enrich.context.provider import ContextProvider
from huntkit.enrich.context.servicenow_signin import ServiceNowTokens, instance_url
from huntkit.enrich.ti.provider import Facts, Lookup
from huntkit.enrich.ti.replies import members, needed, record
from huntkit.enrich.ti.service_words import MAX_RAW, https_link, refusal
from huntkit.entities.addresses import parse_address
from huntkit.runtime.http_call import Basic
from huntkit.runtime.http_client import HttpClient, Service
from huntkit.runtime.http_reply import Reply
from huntkit.runtime.limits import Limits
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session

_PAGE: Final = 100
_MOST: Final = 1000  # so many rows about one value: the question was not the one that was meant
_SHOWN: Final = 20
_GONE: Final = 404
_SYS_ID: Final = re.compile(r"[0-9a-f]{32}")
_BETWEEN: Final = re.compile(r"[\s,;]+")

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
_TIMES: Final = ("last_discovered", "last_login_time", "sys_created_on", "sys_updated_on")
_ASKED: Final[Mapping[str, Sequence[str]]] = {
    "ipv4": ("ip_address",),
    "ipv6": ("ip_address",),
    "hostname": ("name", "host_name", "fqdn"),
    "serial_number": ("serial_number",),
    "user": ("user_name",),
    "email": ("email", "user_name"),
    "sys_id": ("sys_id",),
}

Row = Mapping[str, Any]


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
    takes: ClassVar = dict.fromkeys(_ASKED, ("",))
    settings = ServiceNowSettings
    limits = Limits(concurrency=4)
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
        return f"context {self.name} {self.base_url} {who} {' '.join(asked)}"

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
        for table, columns in self._tables(lookup):
            rows, hidden = await self._rows(lookup, table, columns)
            found = [(row, how) for row in rows if (how := _matched(row, lookup))]
            if found:
                return self._facts(table, columns, found, hidden)
            if hidden:
                raise AccessDenied(
                    f"{self.name} has {hidden:,} rows about it in {table} that this user may not"
                    " read", service=self.name,
                )  # fmt: skip
        return Facts.unknown()

    def _tables(self, lookup: Lookup) -> list[tuple[str, Sequence[str]]]:
        """Where it is asked for, with the columns that are wanted."""
        chosen = self.chosen
        more = [checked_column(each) for each in chosen.fields]
        hosts = (checked_column(chosen.table), [*_COMPUTER, *more])
        users = (checked_column(chosen.user_table), [*_USER, *more])
        if lookup.ioc_type == "sys_id":
            return [hosts, users]
        return [users] if lookup.ioc_type in ("user", "email") else [hosts]

    async def _rows(
        self, lookup: Lookup, table: str, columns: Sequence[str]
    ) -> tuple[list[Row], int]:
        """All rows of the answer, and how many there are that may not be read."""
        params: dict[str, str | int] = {
            "sysparm_query": any_of(_conditions(lookup)),
            "sysparm_fields": ",".join(dict.fromkeys(columns)),
            "sysparm_display_value": "all",
            "sysparm_exclude_reference_link": "true",
            "sysparm_limit": _PAGE,
        }
        rows: list[Row] = []
        start = 0
        while True:
            reply = await self.http.aget(
                "/api/now/table/{table}",
                fill={"table": table},
                params={**params, "sysparm_offset": start},
            )
            page = _records(reply)
            for row in page:
                self._check_asked(row, lookup, table)
            rows += page
            total = _total(reply)
            start += _PAGE  # rows that may not be read count, though they are not there
            if total is None and page and start >= _MOST:
                total = _MOST + 1
            if total is not None and total > _MOST:
                raise LimitReached(
                    f"{self.name} has more than {_MOST:,} rows of {table} about it: too many for"
                    " one value"
                )
            if start >= total if total is not None else not page:
                return rows, max((total or 0) - len(rows), 0)

    def _check_asked(self, row: Row, lookup: Lookup, table: str) -> None:
        """A row that does not fulfil the conditions says that they were dropped."""
        asked = _conditions(lookup)
        if not any(each.holds(_raw(row, each.column)) for each in asked):
            columns = " or ".join(dict.fromkeys(each.column for each in asked))
            raise BadReply(
                f"{self.name} answered with rows of {table} that do not show the value in"
                f" {columns}: the table lacks that column, or this user may not read it",
                service=self.name,
            )  # fmt: skip

    def _facts(
        self,
        table: str,
        columns: Sequence[str],
        found: Sequence[tuple[Row, str]],
        hidden: int,
    ) -> Facts:
        cards = [{**_card(row, columns), "matched_by": how} for row, how in found]
        details: dict[str, Any] = {"table": table, "records": len(found)}
        if hidden:
            details["note"] = f"{hidden:,} more that this user may not read"
        details |= cards[0] if len(cards) == 1 else {"matches": cards[:_SHOWN]}
        raw = [dict(row) for row, _ in found[:MAX_RAW]]
        return Facts(details=details, raw=raw, reference=self._page(table, found[0][0]))

    def _page(self, table: str, row: Row) -> str:
        """The record in the instance's own pages."""
        number, kind = _raw(row, "sys_id"), _raw(row, "sys_class_name")
        if not _SYS_ID.fullmatch(number):
            return ""
        where = kind if re.fullmatch(r"[a-z][a-z0-9_]*", kind) else table
        inner = quote(f"{where}.do?sys_id={number}", safe="")
        return https_link(f"{self.base_url}/nav_to.do?uri={inner}")


def _conditions(lookup: Lookup) -> list[Condition]:
    """What is asked for a value: all the ways in which it may be written there."""
    value, columns = lookup.value, _ASKED[lookup.ioc_type]
    address = parse_address(value) if lookup.ioc_type in ("ipv4", "ipv6") else None
    if address is not None:  # one column holds several, with commas between
        written = dict.fromkeys([value, address.exploded])
        return [Condition("ip_address", "LIKE", each) for each in written]
    if lookup.ioc_type == "hostname":
        found = [Condition(name, "=", each) for name in columns for each in spellings(value)]
        full = () if "." in value else ("name", "fqdn")
        return [*found, *(Condition(name, "STARTSWITH", f"{value}.") for name in full)]
    return [Condition(name, "=", _plain(lookup)) for name in columns]


def _plain(lookup: Lookup) -> str:
    """A user's name without the domain, which ServiceNow does not hold."""
    return lookup.value.rpartition("\\")[2] if lookup.ioc_type == "user" else lookup.value


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


def _matched(row: Row, lookup: Lookup) -> str:
    """The column that says the value itself, in words; empty where none does."""
    value = lookup.value
    if lookup.ioc_type in ("ipv4", "ipv6"):
        asked = parse_address(value)
        given = _BETWEEN.split(_raw(row, "ip_address"))
        return "ip_address" if any(asked == parse_address(each) for each in given if each) else ""
    if lookup.ioc_type == "hostname":
        names = {name: _raw(row, name) for name in ("name", "host_name", "fqdn")}
        return host_matched(value, names, _raw(row, "dns_domain"))
    wanted = _plain(lookup).casefold()
    for name in _ASKED[lookup.ioc_type]:
        if _raw(row, name).strip().casefold() == wanted:
            cut = lookup.ioc_type == "user" and "\\" in value
            return f"{name}, whatever the domain" if cut else name
    return ""


def _card(row: Row, columns: Sequence[str]) -> dict[str, Any]:
    """What a row says, as people read it."""
    card: dict[str, Any] = {}
    for name in columns:
        text = _raw(row, name) if name in _TIMES or name == "sys_id" else _shown(row, name)
        if text.strip():
            card[name] = f"{text.strip().replace(' ', 'T')}Z" if name in _TIMES else text
    return card


def _raw(row: Row, name: str) -> str:
    """A column's value as it is stored; empty where there is none."""
    return _text(row.get(name), "value")


def _shown(row: Row, name: str) -> str:
    """A column's value as people read it, such as the name of who a reference is to."""
    return _text(row.get(name), "display_value") or _raw(row, name)


def _text(value: Any, which: str) -> str:
    if isinstance(value, Mapping):
        value = value.get(which)
    return "" if value is None or isinstance(value, Mapping | list) else str(value)
