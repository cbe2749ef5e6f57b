"""Stand-ins: an instance of ServiceNow and Azure Resource Graph, in their published forms.

Sources: "Table API", "Encoded query strings", "Operators available for filters and queries",
"Client credentials grant workflow" and "Inbound REST API rate limiting" of ServiceNow's product
documentation; "Resources" of the REST reference of Azure Resource Graph. Neither was compared with
a live service. ServiceNow's own client (pysnc) is run against the first in test_servicenow.py.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import polars as pl
import pytest

import huntkit.kql
from huntkit.enrich.context import ContextLookup
from huntkit.enrich.context.providers.azureresources import AzureResources, AzureResourcesSettings
from huntkit.enrich.context.providers.servicenow import ServiceNow, ServiceNowSettings
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from servers import Answer, Asked

KEY = "canary-key-0123456789abcdef"
TOKEN = "canary-token-of-servicenow-1"

REFERENCES = {"assigned_to": "Jane Doe", "support_group": "Windows", "manager": "Max Muster"}


def number(n: int) -> str:
    return f"{n:032x}"


def computer(n: int, name: str, **more: str) -> dict[str, str]:
    return {
        "sys_id": number(n), "name": name, "host_name": "", "fqdn": "", "dns_domain": "",
        "ip_address": "", "serial_number": f"SN-{n:04}", "sys_class_name": "cmdb_ci_win_server",
        "os": "Windows 2022", "assigned_to": number(900), "support_group": number(901),
        "sys_updated_on": "2026-10-01 07:08:09", **more,
    }  # fmt: skip


def user(n: int, user_name: str, **more: str) -> dict[str, str]:
    return {
        "sys_id": number(n), "user_name": user_name, "name": user_name.title(), "active": "true",
        "email": f"{user_name}@corp.example", "manager": number(902), "u_badge": f"B{n}",
        "sys_updated_on": "2026-10-02 00:00:00", **more,
    }  # fmt: skip


class Snow:
    """An instance: tables, the language of its queries, who may ask, and what may not be read.

    Attributes:
        tables: name -> rows.
        hidden: sys_ids that access control hides: counted, never given.
        instead: given a request, another answer; None for the usual one.
        tokens: how many tokens were given.
    """

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, str]]] = {
            "cmdb_ci_computer": [
                computer(1, "WEB01", ip_address="10.0.0.1", dns_domain="corp.example"),
                computer(2, "WEB10", ip_address="10.0.0.10, 192.168.7.7"),
                computer(3, "db01", fqdn="db01.corp.example", ip_address="2001:db8::5"),
                computer(4, "db02", ip_address="2001:0db8:0000:0000:0000:0000:0000:0006"),
                computer(5, "app01.lab.example", ip_address="10.9.9.9"),
                computer(6, "twin", ip_address="10.7.7.7"),
                computer(7, "twin", ip_address="10.7.7.7"),
            ],
            "sys_user": [user(101, "jdoe"), user(102, "mmuster"), user(103, "josé")],
        }
        self.hidden: set[str] = set()
        self.instead: Callable[[Asked], Answer | None] = lambda asked: None
        self.auth = "basic"
        self.tokens = 0
        self.counts = True
        self.url = ""
        self.asked: list[Asked] = []

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/oauth_token.do":
            return self._token(asked)
        if not self._may_ask(asked):
            return Answer(401, json=_error("User Not Authenticated",
                                           "Required to provide Auth information"))  # fmt: skip
        if (other := self.instead(asked)) is not None:
            return other
        *_, api, table = asked.path.split("/")
        if api != "table" or table not in self.tables:
            return Answer(400, json=_error(f"Invalid table {table}", None))
        return self._rows(table, asked.params)

    def _token(self, asked: Asked) -> Answer:
        form = {name: value[0] for name, value in parse_qs(asked.body.decode()).items()}
        wanted = {
            "grant_type": "client_credentials", "client_id": "app", "client_secret": KEY,
        }  # fmt: skip
        if form != wanted:
            return Answer(401, json={"error": "server_error", "error_description": "access_denied"})
        self.tokens += 1
        return Answer(json={"access_token": f"{TOKEN}{self.tokens}", "scope": "useraccount",
                            "token_type": "Bearer", "expires_in": 1799})  # fmt: skip

    def _may_ask(self, asked: Asked) -> bool:
        if self.auth == "key":
            return asked.headers.get("x-sn-apikey") == KEY
        if self.auth == "oauth":
            return asked.headers.get("authorization") == f"Bearer {TOKEN}{self.tokens}"
        basic = base64.b64encode(f"api.user:{KEY}".encode()).decode()
        return asked.headers.get("authorization") == f"Basic {basic}"

    def _rows(self, table: str, params: Mapping[str, str]) -> Answer:
        rows = _selected(self.tables[table], params.get("sysparm_query", ""))
        start, count = int(params.get("sysparm_offset", 0)), int(params.get("sysparm_limit", 10000))
        page = [row for row in rows[start : start + count] if row["sys_id"] not in self.hidden]
        fields = [name for name in params.get("sysparm_fields", "").split(",") if name]
        shown = [_shown(row, fields, params.get("sysparm_display_value", "false")) for row in page]
        counted = self.counts and params.get("sysparm_suppress_pagination_header") != "true"
        headers = {"X-Total-Count": str(len(rows))} if self.counts else {}
        if counted and start + count < len(rows):
            headers["Link"] = f'<https://x/{table}?sysparm_offset={start + count}>;rel="next"'
        return Answer(json={"result": shown}, headers=headers)


def _error(message: str, detail: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "detail": detail}, "status": "failure"}


def _selected(rows: list[dict[str, str]], query: str) -> list[dict[str, str]]:
    """As the instance reads a query: ^NQ parts, in them ^ of groups, in them ^OR of conditions."""
    order = [part[7:] for part in query.split("^") if part.startswith("ORDERBY")]
    parts = [
        [group.split("\x00") for group in part.replace("^OR", "\x00").split("^")
         if not group.startswith("DERBY")]
        for part in query.replace("^ORDERBY", "^DERBY").split("^NQ")
    ]  # fmt: skip
    found = [
        row for row in rows
        if any(all(any(_holds(row, c) for c in group) for group in part) for part in parts)
    ]  # fmt: skip
    for name in reversed(order):
        found.sort(key=lambda row: row.get(name, ""))
    return found


def _holds(row: Mapping[str, str], condition: str) -> bool:
    """One condition; of a column that there is not, it is dropped."""
    places = {op: condition.find(op) for op in ("!=", "=", "LIKE", "STARTSWITH", "ISNOTEMPTY")}
    there = {op: place for op, place in places.items() if place > 0}
    if not there:
        return True
    operator = min(there, key=lambda op: (there[op], -len(op)))
    column, value = condition[: there[operator]], condition[there[operator] + len(operator) :]
    if column not in row:
        return True
    ours, theirs = row[column].casefold(), value.casefold()
    answers = {"=": ours == theirs, "!=": ours != theirs, "LIKE": theirs in ours,
               "STARTSWITH": ours.startswith(theirs), "ISNOTEMPTY": bool(ours)}  # fmt: skip
    return answers[operator]


def _shown(row: Mapping[str, str], fields: list[str], how: str) -> dict[str, Any]:
    chosen = {name: row[name] for name in fields or row if name in row}
    if how == "false":
        return dict(chosen)
    if how == "true":
        return {name: REFERENCES.get(name, value) for name, value in chosen.items()}
    return {name: {"display_value": REFERENCES.get(name, value), "value": value}
            for name, value in chosen.items()}  # fmt: skip


class Graph:
    """Resource Graph: the queries are run by huntkit's own KQL, on these resources."""

    def __init__(self) -> None:
        text = (Path(__file__).parents[2] / "data/enrich/context/resources.json").read_text()
        self.resources: list[dict[str, Any]] = json.loads(text)
        self.instead: Callable[[Asked], Answer | None] = lambda asked: None
        self.page = 1000
        self.url = ""
        self.asked: list[Asked] = []

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return Answer(401, json={"error": {"code": "InvalidAuthenticationToken"}})
        if (other := self.instead(asked)) is not None:
            return other
        body = asked.json()
        rows = self._run(body["query"])
        start = int(body["options"].get("$skipToken") or 0)
        page = rows[start : start + self.page]
        more = {"$skipToken": str(start + self.page)} if start + self.page < len(rows) else {}
        return Answer(json={"totalRecords": len(rows), "count": len(page), "data": page,
                            "facets": [], "resultTruncated": "false", **more})  # fmt: skip

    def _run(self, query: str) -> list[dict[str, Any]]:
        dynamic = ("properties", "tags", "sku")
        names = list(dict.fromkeys(name for each in self.resources for name in each))
        table = pl.DataFrame(
            [{n: json.dumps(each.get(n)) if n in dynamic else each.get(n) for n in names}
             for each in self.resources]
        )  # fmt: skip
        schema = {name: "dynamic" if name in dynamic else "string" for name in names}
        inside = pl.col("id").str.contains("/providers/")
        tables = {"resources": table.filter(inside), "resourcecontainers": table.filter(~inside)}
        found = huntkit.kql.query(
            query, tables=tables, schemas=dict.fromkeys(tables, schema), frame="polars"
        )
        return list(found.to_dicts())


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(Settings(cache_dir=tmp_path, frame="polars")) as made:
        yield made


@pytest.fixture
def snow(http_server: Any) -> Snow:
    """An instance, serving."""
    made = Snow()
    server = http_server(made)
    made.url, made.asked = server.url, server.asked
    return made


@pytest.fixture
def servicenow(snow: Snow, session: Session) -> Callable[..., ServiceNow]:
    """`servicenow(**settings)`: the provider that asks the instance."""

    def make(**settings: Any) -> ServiceNow:
        known = {
            "basic": {"api_id": "api.user", "auth_key": Secret.held(KEY)},
            "key": {"api_key": Secret.held(KEY)},
            "oauth": {"client_id": "app", "client_secret": Secret.held(KEY)},
        }
        given: dict[str, Any] = {"base_url": snow.url, **known[snow.auth], **settings}
        return ServiceNow(ServiceNowSettings(**given), session)

    return make


@pytest.fixture
def graph(http_server: Any) -> Graph:
    """Resource Graph, serving."""
    made = Graph()
    server = http_server(made)
    made.url, made.asked = server.url, server.asked
    return made


@pytest.fixture
def azure(graph: Graph, session: Session) -> Callable[..., AzureResources]:
    """`azure(**settings)`: the provider that asks Resource Graph."""

    def make(**settings: Any) -> AzureResources:
        given = {"base_url": graph.url, "token": Secret.held(KEY), **settings}
        return AzureResources(AzureResourcesSettings(**given), session)

    return make


@pytest.fixture
def ask(session: Session) -> Callable[..., dict[str, Any]]:
    """`ask(provider, value, type)`: the row of one look-up, as a dict; it shows no key."""

    def row(provider: Any, value: str, kind: str | None = None, **options: Any) -> dict[str, Any]:
        lookup = ContextLookup(primary_providers=[provider], session=session)
        found = lookup.lookup_observable(value, kind, refresh=True, **options)
        assert "canary" not in str(found.to_dicts())
        (only,) = found.to_dicts()
        only["Details"] = json.loads(only["Details"])
        return only

    return row
