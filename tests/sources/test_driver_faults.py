"""Every way in which a service fails, at every reply, for every driver that speaks HTTP.

A good run tells which rows there are and how many replies they take. Then each reply in turn goes
wrong in each way, once and for good. Whatever happens, the answer is all rows, or rows from the
front that are marked as not whole, or an error of our own in words: never fewer rows that read as
all of them, never a foreign exception, and never an end without an answer.
"""

import itertools
import json
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anyio.lowlevel
import pytest

from huntkit.core.errors import HuntkitError
from huntkit.runtime import http_wire
from huntkit.runtime.clock import Clock
from huntkit.runtime.session import Session, Settings
from huntkit.sources.errors import PartialAnswerWarning
from huntkit.sources.provider import QueryProvider
from servers import Answer, Asked

pytestmark = pytest.mark.long

ROWS = [{"TimeGenerated": f"2024-05-01T10:00:0{n}Z", "Computer": f"ws{n}"} for n in range(6)]
START, END = "-2d", "-1d"  # some services keep nothing that is a month old
WITH_SPAN = "declare query_parameters(start: datetime, end: datetime); "


def columns(name: str = "name", kind: str = "type") -> list[dict[str, str]]:
    return [{name: each, kind: "string"} for each in ROWS[0]]


def values(rows: list[dict[str, str]]) -> list[list[str]]:
    return [list(row.values()) for row in rows]


# What each service answers when all is well; those that page do so by two rows.


def sentinel(asked: Asked) -> Any:
    return {"tables": [{"name": "PrimaryResult", "columns": columns(), "rows": values(ROWS)}]}


def kusto(asked: Asked) -> Any:
    found = {"FrameType": "DataTable", "TableKind": "PrimaryResult", "TableId": 1,
             "TableName": "PrimaryResult", "Columns": columns("ColumnName", "ColumnType"),
             "Rows": values(ROWS)}  # fmt: skip
    end = {"FrameType": "DataSetCompletion", "HasErrors": False, "Cancelled": False}
    return [{"FrameType": "DataSetHeader", "Version": "v2.0"}, found, end]


def defender(asked: Asked) -> Any:
    return {"schema": columns(), "results": ROWS}


def resource_graph(asked: Asked) -> Any:
    start = int(asked.json().get("options", {}).get("$skipToken") or 0)
    more = {"$skipToken": str(start + 2)} if start + 2 < len(ROWS) else {}
    page = ROWS[start : start + 2]
    return {"totalRecords": len(ROWS), "count": len(page), "data": page,
            "resultTruncated": "false", **more}  # fmt: skip


def odata(asked: Asked) -> Any:
    start = int(asked.params.get("$skiptoken") or 0)
    link = f"http://{asked.headers['host']}{asked.path}?$skiptoken={start + 2}"
    more = {"@odata.nextLink": link} if start + 2 < len(ROWS) else {}
    return {"value": ROWS[start : start + 2], **more}


def elastic(asked: Asked) -> Any:
    if asked.path == "/":
        return {"version": {"number": "9.2.0"}}
    told = [{**each, "type": "keyword"} for each in columns()]
    return {"took": 1, "is_partial": False, "columns": told, "values": values(ROWS)}


def opensearch(asked: Asked) -> Any:
    if asked.path == "/":
        return {"version": {"number": "3.1.0", "distribution": "opensearch"}}
    return {"schema": columns(), "datarows": values(ROWS), "total": 6, "size": 6}


def splunk(asked: Asked) -> Any:
    last = asked.path.rsplit("/", 1)[-1]
    if last == "login":
        return {"sessionKey": "k"}
    if last == "jobs":
        return {"sid": "1"}
    if last == "results":
        start = int(asked.params.get("offset", 0))
        return {"fields": [{"name": each} for each in ROWS[0]], "results": ROWS[start : start + 2]}
    told = {"isDone": True, "dispatchState": "DONE", "resultCount": len(ROWS)}
    return {"entry": [{"name": "x", "content": told}]}


@dataclass(frozen=True)
class Place:
    """An environment: how to connect, what to ask, what its service says, a refusal in a 200."""

    name: str
    settings: dict[str, Any]
    query: str
    good: Callable[[Asked], Any]
    inside: Any
    span: bool = True
    not_again: int = -1  # the reply whose request is never sent twice


DEVICES = WITH_SPAN + "DeviceInfo | where Timestamp between (start .. end)"
ERROR = {"error": {"code": "Unhappy", "message": "the service is unhappy"}}
PLACES = [
    Place("MSSentinel", {"workspace_id": "w", "endpoint": "{url}", "token": "t"}, "Heartbeat",
          sentinel, {"tables": sentinel(None)["tables"], **ERROR}),  # type: ignore[arg-type]
    Place("Kusto", {"cluster": "{url}", "database": "d", "anonymous": True},
          WITH_SPAN + "Heartbeat | where TimeGenerated between (start .. end)", kusto,
          [*kusto(None)[:-1], {"FrameType": "DataSetCompletion", "HasErrors": True,  # type: ignore[arg-type]
                               "Cancelled": False, "OneApiErrors": [ERROR]}]),
    Place("M365D", {"endpoint": "{url}", "token": "t"}, DEVICES, defender, ERROR),
    Place("ResourceGraph", {"endpoint": "{url}", "token": "t"}, "Resources", resource_graph, ERROR,
          span=False),
    Place("MSGraph", {"root": "{url}/v1.0/security", "token": "t"}, "alerts_v2", odata, ERROR,
          span=False),
    Place("Elastic", {"url": "{url}"}, "FROM logs", elastic,
          {**elastic(Asked("", "/_query", {}, b"", 0, 0)), "is_partial": True}),
    Place("OpenSearch", {"url": "{url}"}, "source=logs", opensearch, ERROR, span=False),
    Place("Splunk", {"host": "127.0.0.1", "port": "{port}", "scheme": "http", "user": "ann",
                     "password": "p"}, "index=main", splunk,
          {"messages": [{"type": "FATAL", "text": "the service is unhappy"}]},
          not_again=0),  # it would start the search once more
]  # fmt: skip


def cut(good: Any, asked: Asked) -> Answer:
    body = json.dumps(good).encode()
    return Answer(body=body, reset_after=len(body) // 2)


def short(good: Any, asked: Asked) -> Answer:
    body = json.dumps(good).encode()
    return Answer(body=body[: len(body) // 2], length=len(body))


def slow(good: Any, asked: Asked) -> Answer:
    body = json.dumps(good).encode()
    size = -(-len(body) // 4)
    pieces = [body[n : n + size] for n in range(0, len(body), size)]
    return Answer(pieces=pieces, pause_s=0.02, headers={"Content-Type": "application/json"})


FAULTS: dict[str, Callable[[Any, Asked], Answer]] = {
    "429 with Retry-After": lambda good, asked: Answer(429, {"Retry-After": "1"}, json=ERROR),
    "429 without": lambda good, asked: Answer(429, json=ERROR),
    "500": lambda good, asked: Answer(500, json=ERROR),
    "503 in HTML": lambda good, asked: Answer(503, body="<h1>no</h1>"),
    "slow": slow,
    "silent": lambda good, asked: Answer(wait_s=1.5, json=good),
    "cut": cut,
    "too short": short,
    "hang up": lambda good, asked: Answer(hang_up=True),
    "half of JSON": lambda good, asked: Answer(body=json.dumps(good)[:-7]),
    "HTML": lambda good, asked: Answer(body="<html>sign in</html>"),
    "nothing": lambda good, asked: Answer(body=b""),
    "null": lambda good, asked: Answer(body="null"),
    "a list": lambda good, asked: Answer(json=[]),
    "an empty object": lambda good, asked: Answer(json={}),
    "a text": lambda good, asked: Answer(json="no"),
    "expired": lambda good, asked: Answer(401, {"WWW-Authenticate": "Bearer"}, json=ERROR),
    "forbidden": lambda good, asked: Answer(403, json=ERROR),
    "an error in a 200": lambda good, asked: Answer(json=inside(asked)),
}
PASSING = {"429 with Retry-After", "429 without", "500", "503 in HTML", "slow", "silent", "cut",
           "too short", "hang up"}  # fmt: skip
_INSIDE: dict[int, Any] = {}


def inside(asked: Asked) -> Any:
    port = int(asked.headers["host"].rpartition(":")[2])
    return _INSIDE[port]


class Quick(Clock):
    """Waits take no time, and the clock says that they did."""

    waited = 0.0

    def ticks(self) -> float:
        return super().ticks() + self.waited

    async def sleep(self, seconds: float) -> None:
        self.waited += seconds
        await anyio.lowlevel.checkpoint()


class Service:
    """Good, but for the replies from `first` to `last`, which go wrong as `fault` says."""

    def __init__(self, good: Callable[[Asked], Any]) -> None:
        self.good = good
        self.start("", 0, 0)

    def start(self, fault: str, first: int, last: int) -> None:
        self.fault, self.first, self.last = fault, first, last
        self.count = itertools.count()

    def __call__(self, asked: Asked) -> Answer:
        good = self.good(asked)
        if self.fault and self.first <= next(self.count) <= self.last:
            return FAULTS[self.fault](good, asked)
        return Answer(json=good, headers={"X-Elastic-Product": "Elasticsearch"})


def outcome(provider: QueryProvider, place: Place) -> tuple[str, list[Any]]:
    """How a query ended, with the rows that it gave."""
    span = {"start": START, "end": END} if place.span else {}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            rows = provider.exec_query(place.query, refresh=True, **span)
        except HuntkitError as error:
            return "error" if error.message.strip() else "an error without words", []
    assert provider.last is not None
    warned = any(isinstance(each.message, PartialAnswerWarning) for each in told)
    assert warned == provider.last.partial
    found = rows["Computer"].to_list() if "Computer" in rows else [None] * len(rows)
    return "partial" if warned else "whole", found


@pytest.fixture
def running(http_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """A place's service and a provider that is connected to it."""
    monkeypatch.setattr(
        http_wire, "_timeouts", lambda _: dict.fromkeys(("connect", "read", "write", "pool"), 0.5)
    )

    def run(place: Place, session: Session) -> tuple[Service, QueryProvider]:
        service = Service(place.good)
        server = http_server(service)
        _INSIDE[server.port] = place.inside
        words = {"{port}": server.port}
        made = {
            name: words.get(value, value.replace("{url}", server.url))
            if isinstance(value, str)
            else value
            for name, value in place.settings.items()
        }
        provider = QueryProvider(place.name, session=session)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the key is written out here
            provider.connect(**made)
        return service, provider

    return run


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_no_fault_at_any_reply_makes_rows_vanish_unseen(
    place: Place, running: Any, tmp_path: Any
) -> None:
    wanted = [row["Computer"] for row in ROWS]
    wrong, seen = [], set()
    with Session(Settings(cache_dir=tmp_path / "cache")) as session:
        session.network.clock = Quick()
        service, provider = running(place, session)
        assert outcome(provider, place) == ("whole", wanted), provider.last.gaps
        replies = next(service.count) if service.fault else _replies(service, provider, place)
        for fault, at, lasting in itertools.product(FAULTS, range(replies), (False, True)):
            if fault == "silent" and lasting:
                continue  # each attempt waits for its time; once says the same
            service.start(fault, at, 10**9 if lasting else at)
            ended, rows = outcome(provider, place)
            seen.add((fault, ended))
            case = f"{fault} at {at}{' for good' if lasting else ''}: {ended} {rows}"
            if rows != wanted[: len(rows)] or (ended == "whole" and rows != wanted):
                wrong.append(case)
            if fault in PASSING and not lasting and at != place.not_again and ended != "whole":
                wrong.append(case)
            if fault == "slow" and ended != "whole":
                wrong.append(case)
            service.start("", 0, 0)
            if lasting and outcome(provider, place) != ("whole", wanted):
                wrong.append(f"after {case}: not well again")
    assert wrong == [], "\n".join(wrong)
    assert {("429 without", "error"), ("slow", "whole")} <= seen or place.name == "MSSentinel"


def _replies(service: Service, provider: QueryProvider, place: Place) -> int:
    """How many replies a good run takes."""
    service.start("none of them", -1, -1)
    outcome(provider, place)
    return int(re.sub(r"\D", "", repr(service.count)))
