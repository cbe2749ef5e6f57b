"""Log Analytics, on a stand-in whose form Microsoft's own client confirms."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

import huntkit.kql
from huntkit.core.errors import AccessDenied, BadReply, HuntkitError, RequestFailed, UsageError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session
from huntkit.sources.driver import Request
from huntkit.sources.drivers.sentinel import Sentinel, SentinelOptions, SentinelSettings
from huntkit.sources.errors import NotConnected, QueryRefused
from huntkit.sources.waiting import now_of
from huntkit.testing import check_driver
from servers import Answer, Asked, in_turn

WORKSPACE = "6f1c0000-0000-4000-8000-000000000001"
BEATS = pl.DataFrame(
    {
        "TimeGenerated": [datetime(2024, 5, 1, n, tzinfo=UTC) for n in range(3)],
        "Computer": ["ws01", "ws02", None],
        "Bag": ['{"a": 1}', "", "[1]"],
        "Load": [0.5, None, 2.0],
        "Up": [True, False, None],
        "Span": [timedelta(seconds=90), None, timedelta(days=2)],
    }
)
TYPES = {
    "TimeGenerated": "datetime", "Computer": "string", "Bag": "dynamic", "Load": "real",
    "Up": "bool", "Span": "timespan",
}  # fmt: skip
PARTIAL = {
    "code": "PartialError",
    "message": "There were some errors when processing your query.",
    "details": [{"code": "EngineError", "message": "the record limit of 3 was exceeded"}],
}


def service(asked: Asked) -> Answer:
    """What the API documents: tables with columns and rows, errors with inner errors."""
    if asked.headers.get("authorization") != "Bearer good":
        return Answer(401, json={"error": {"code": "InvalidTokenError", "message": "no"}})
    if asked.path.endswith("/metadata"):
        columns = [{"name": name, "type": kind} for name, kind in TYPES.items()]
        return Answer(json={"tables": [{"name": "Heartbeat", "columns": columns}]})
    body = asked.json()
    if f"/workspaces/{WORKSPACE}/" not in asked.path:
        return Answer(404, json={"error": {"code": "WorkspaceNotFoundError", "message": "none"}})
    text = body["query"]
    try:
        found = huntkit.kql.query(
            text, tables={"Heartbeat": BEATS}, schemas={"Heartbeat": TYPES}, frame="polars"
        )
    except HuntkitError as problem:
        inner = {"code": "SyntaxError", "message": str(problem)}
        error = {"message": "The request had some invalid properties",
                 "code": "BadArgumentError", "innererror": inner}  # fmt: skip
        return Answer(400, json={"error": error})
    columns = [{"name": name, "type": TYPES.get(name, "long")} for name in found.columns]
    rows = [[cell(value) for value in row] for row in found.rows()]
    reply: dict[str, Any] = {
        "tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]
    }
    if "include-statistics=true" in asked.headers.get("prefer", ""):
        reply["statistics"] = {"query": {"executionTime": 0.01, "datasetStatistics": []}}
    if "serialize" in text:
        reply["error"] = PARTIAL
    return Answer(json=reply)


def cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        days, rest = divmod(value, timedelta(days=1))
        clock = (datetime.min + rest).strftime("%H:%M:%S")
        return f"{days}.{clock}" if days else clock
    return value


@pytest.fixture
def driver(http_server: Any) -> Any:
    made = []

    def make(handler: Callable[[Asked], Answer] = service, **settings: Any) -> Any:
        server = http_server(handler)
        session = Session()
        chosen = SentinelSettings(
            **{"workspace_id": WORKSPACE, "endpoint": server.url, "token": Secret.held("good")}
            | settings
        )
        made.append((Sentinel("MSSentinel", chosen, session), session))
        return made[-1][0], server

    yield make
    for each, session in made:
        each.close()
        session.close()


def ask(driver: Sentinel, text: str, **request: Any) -> Any:
    options = request.pop("options", SentinelOptions())
    return now_of(driver.run(Request(text=text, options=options, **request)))


def test_microsofts_own_client_gets_the_same_rows_from_the_stand_in(http_server, tmp_path):
    query = pytest.importorskip("azure.monitor.query")
    server = http_server(service, tls=True)

    class Good:
        def get_token(self, *scopes, **more):
            return SimpleNamespace(token="good", expires_on=2**40)

        def get_token_info(self, *scopes, **more):
            return SimpleNamespace(token="good", expires_on=2**40, token_type="Bearer",
                                   refresh_on=None)  # fmt: skip

    with query.LogsQueryClient(
        Good(), endpoint=f"{server.url}/v1", connection_verify=str(server.ca)
    ) as client:
        theirs = client.query_workspace(WORKSPACE, "Heartbeat", timespan=None)
        partial = client.query_workspace(WORKSPACE, "Heartbeat | serialize", timespan=None)
    assert theirs.status == query.LogsQueryStatus.SUCCESS
    assert partial.status == query.LogsQueryStatus.PARTIAL
    with Session() as session:
        plain = http_server(service)
        chosen = SentinelSettings(
            workspace_id=WORKSPACE, endpoint=plain.url, token=Secret.held("good")
        )
        ours = Sentinel("MSSentinel", chosen, session)
        now_of(ours.connect())
        rows = ask(ours, "Heartbeat").table.to_pylist()
    (table,) = theirs.tables
    assert [list(row.values())[:2] for row in rows] == [list(row)[:2] for row in table.rows]
    assert len(table.rows) == 3
    mine, its = plain.asked[-1], server.asked[0]
    assert mine.path == its.path
    assert {*mine.json()} <= {*its.json()} | {"query"}


def test_rows_types_statistics_and_schema(driver):
    made, server = driver()
    now_of(made.connect())
    answer = ask(made, "Heartbeat")
    assert answer.table.to_pylist()[0] == {
        "TimeGenerated": datetime(2024, 5, 1, tzinfo=UTC), "Computer": "ws01",
        "Bag": '{"a":1}', "Load": 0.5, "Up": True, "Span": timedelta(seconds=90),
    }  # fmt: skip
    assert not answer.partial
    assert answer.statistics == {"executionTime": 0.01}
    assert now_of(made.schema()) == {"Heartbeat": TYPES}
    assert server.asked[-1].headers["authorization"] == "Bearer good"


def test_it_keeps_the_promises_of_drivers(http_server, monkeypatch):
    monkeypatch.setenv("LA_TOKEN", "good")
    server = http_server(service)
    with Session() as session:
        check_driver(
            Sentinel,
            settings={"workspace_id": WORKSPACE, "endpoint": server.url, "token": "env:LA_TOKEN"},
            query="Heartbeat | order by TimeGenerated asc",
            empty="Heartbeat | where Computer == 'nobody'",
            refused="Heartbeat | whre Computer == 1",
            session=session,
        )


def test_rows_with_an_error_beside_them_are_partial_and_say_why(driver):
    made, _ = driver()
    now_of(made.connect())
    answer = ask(made, "Heartbeat | serialize")
    assert answer.table.num_rows == 3
    (gap,) = answer.gaps
    assert gap.helps == "shorter"
    assert "the record limit of 3 was exceeded" in gap.reason


def test_time_range_workspaces_and_waiting_are_sent_beside_the_text(driver):
    made, server = driver(workspaces=("second",))
    now_of(made.connect())
    span = {"start": datetime(2024, 5, 1, tzinfo=UTC), "end": datetime(2024, 5, 2, tzinfo=UTC)}
    ask(made, "Heartbeat", timeout_s=77, options=SentinelOptions(workspaces=("third",)), **span)
    asked = server.asked[-1]
    assert asked.json() == {
        "query": "Heartbeat",
        "workspaces": ["second", "third"],
        "timespan": "2024-05-01T00:00:00Z/2024-05-02T00:00:00Z",
    }
    assert asked.headers["prefer"] == "wait=77,include-statistics=true"
    ask(made, "Heartbeat", options=SentinelOptions(search=True), **span)
    search = server.asked[-1]
    assert search.path.endswith("/search")
    assert search.params == {"timespan": "2024-05-01T00:00:00Z/2024-05-02T00:00:00Z"}
    assert search.json() == {"query": "Heartbeat"}
    with pytest.raises(UsageError, match="time range"):
        ask(made, "Heartbeat", options=SentinelOptions(search=True))


def test_what_went_wrong_is_said_with_its_kind(driver):
    made, _ = driver()
    with pytest.raises(NotConnected):
        ask(made, "Heartbeat")
    now_of(made.connect())
    with pytest.raises(QueryRefused, match=r"invalid properties.*: .*whre"):
        ask(made, "Heartbeat | whre 1")
    with pytest.raises(UsageError, match="which workspace"):
        now_of(driver(workspace_id="")[0].connect())
    with pytest.raises(AccessDenied):
        now_of(driver(token=Secret.held("bad"))[0].connect())
    with pytest.raises(RequestFailed, match="404"):
        now_of(driver(workspace_id="other")[0].connect())


def test_throttling_is_waited_out_and_broken_replies_are_errors(driver):
    good = Answer(json={"tables": [{"name": "PrimaryResult", "columns": [], "rows": []}]})
    made, server = driver(
        in_turn(good, Answer(429, headers={"Retry-After": "0"}), Answer(503), good,
                Answer(body=b"{"), Answer(json={"rows": []}), Answer(json=[1]))
    )  # fmt: skip
    now_of(made.connect())
    assert ask(made, "Heartbeat").table.num_rows == 0
    assert len(server.asked) == 4
    for _ in range(3):
        with pytest.raises(BadReply):
            ask(made, "Heartbeat")


def test_a_workspace_is_found_by_its_name_in_the_settings_file(http_server, tmp_path):
    server = http_server(service)
    path = tmp_path / "msticpyconfig.yaml"
    path.write_text(
        "AzureSentinel:\n  Workspaces:\n"
        f"    Default: {{WorkspaceId: {WORKSPACE}, TenantId: t1, ResourceGroup: rg}}\n"
        "    Lab: {WorkspaceId: other}\n"
    )
    with Session(settings_file=path) as session:
        for name in ("", "default"):
            chosen = SentinelSettings(
                workspace=name, endpoint=server.url, token=Secret.held("good")
            )
            made = Sentinel("MSSentinel", chosen, session)
            now_of(made.connect())
            assert (made.chosen.workspace_id, made.chosen.tenant_id) == (WORKSPACE, "t1")
        with pytest.raises(UsageError, match="did you mean 'Lab'"):
            now_of(Sentinel("MSSentinel", SentinelSettings(workspace="Labb"), session).connect())
