"""Azure Data Explorer's API: a real engine behind it, and what only a stand-in can send."""

import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import pytest_socket

from huntkit.core.errors import BadReply, RequestFailed, UsageError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session
from huntkit.sources.driver import Request
from huntkit.sources.drivers.kusto import Kusto, KustoOptions, KustoSettings
from huntkit.sources.errors import QueryRefused
from huntkit.sources.waiting import now_of
from huntkit.testing import check_driver
from servers import Answer, in_turn

BEATS = """
CREATE TABLE Beats AS SELECT timestamp '2024-05-01 00:00:00' + INTERVAL 1 HOUR * i
    AS TimeGenerated, 'ws' || i AS Computer, i AS N, i / 2.0 AS Load, i % 2 = 0 AS Up
FROM range(3) t(i)
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The address of a KQL engine that speaks Kusto's REST API: duckdb-kql, with `Beats`."""
    pytest.importorskip("duckdb_kql")
    path = tmp_path_factory.mktemp("kusto") / "t.duckdb"
    with duckdb.connect(path) as made:
        made.execute(BEATS)
    pytest_socket.enable_socket()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    pytest_socket.disable_socket(allow_unix_socket=True)
    program = Path(sys.executable).with_name("duckdb-kql")
    with (path.parent / "log").open("wb") as log:
        running = subprocess.Popen(
            [program, "serve", "-p", str(port), path], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield f"http://127.0.0.1:{port}", running
    finally:
        running.terminate()
        running.wait(10)


@pytest.fixture
def cluster(engine: Any, loopback: None) -> str:
    """The engine, once it listens."""
    address, running = engine
    port = int(address.rpartition(":")[2])
    for _ in range(600):
        assert running.poll() is None, "the engine ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return str(address)
    raise AssertionError("the engine does not listen")


@pytest.fixture
def session() -> Any:
    with Session() as made:
        yield made


def connected(session: Session, cluster: str, **settings: Any) -> Kusto:
    chosen = KustoSettings(**{"cluster": cluster, "database": "t", "anonymous": True} | settings)
    made = Kusto("Kusto", chosen, session)
    now_of(made.connect())
    return made


def ask(driver: Kusto, text: str, **request: Any) -> Any:
    options = request.pop("options", KustoOptions())
    return now_of(driver.run(Request(text=text, options=options, **request)))


def test_a_real_engine_gives_us_the_rows_that_microsofts_client_gets(cluster, session):
    data = pytest.importorskip("azure.kusto.data")
    builder = data.KustoConnectionStringBuilder.with_no_authentication(cluster)
    text = "Beats | where N > 0 | extend Bag = dynamic({'a': 1}), Span = 90s | order by N asc"
    with data.KustoClient(builder) as client:
        theirs = [row.to_dict() for row in client.execute_query("t", text).primary_results[0]]
    ours = ask(connected(session, cluster), text).table.to_pylist()
    assert [{**row, "Bag": '{"a":1}'} for row in theirs] == [
        {**row, "Bag": row["Bag"].replace(" ", "")} for row in ours
    ]
    assert [row["TimeGenerated"] for row in ours] == [
        datetime(2024, 5, 1, 1, tzinfo=UTC), datetime(2024, 5, 1, 2, tzinfo=UTC),
    ]  # fmt: skip
    assert ours[0]["Span"] == timedelta(seconds=90)


def test_it_keeps_the_promises_of_drivers(cluster):
    with Session() as session:
        check_driver(
            Kusto,
            settings={"cluster": cluster, "database": "t", "anonymous": True},
            query="Beats | order by N asc",
            empty="Beats | where N > 99",
            refused="Beats | whre N > 0",
            session=session,
        )


def test_values_go_beside_the_text(cluster, session):
    text = (
        "declare query_parameters(n: long, name: string); Beats | where N == n or Computer == name"
    )
    driver = connected(session, cluster)
    hostile = "ws9' or 1 == 1 //"
    for name, rows in ((hostile, [1]), ("ws2", [1, 2])):
        found = ask(driver, text, parameters={"n": 1, "name": name},
                    properties={"n": "long(1)", "name": name})  # fmt: skip
        assert found.table.column("N").to_pylist() == rows


def test_the_schema_and_the_database_are_found(cluster, session):
    driver = connected(session, cluster)
    assert now_of(driver.schema())["Beats"]["Computer"] == "string"
    with pytest.raises((QueryRefused, RequestFailed)):
        ask(driver, "Beats", options=KustoOptions(database="none"))
    assert ask(driver, ".show tables").table.column("TableName").to_pylist() == ["Beats"]


def test_a_refusal_says_what_the_service_said(cluster, session):
    with pytest.raises(QueryRefused, match="could not parse KQL at 1:6"):
        ask(connected(session, cluster), "Beats | whre N > 0")


def frames(*rows: Any, completion: Any = None, kind: str = "PrimaryResult") -> Answer:
    table = {
        "FrameType": "DataTable", "TableId": 1, "TableKind": kind, "TableName": "PrimaryResult",
        "Columns": [{"ColumnName": "n", "ColumnType": "long"}], "Rows": list(rows),
    }  # fmt: skip
    end = {"FrameType": "DataSetCompletion", "HasErrors": False, "Cancelled": False}
    return Answer(json=[{"FrameType": "DataSetHeader", "Version": "v2.0"}, table,
                        {**end, **(completion or {})}])  # fmt: skip


TOO_LARGE = {
    "error": {
        "code": "LimitsExceeded",
        "message": "Request is invalid and cannot be executed.",
        "@type": "Kusto.Data.Exceptions.KustoServicePartialQueryFailureLimitsExceededException",
        "@message": "Query execution has exceeded the allowed limits (80DA0003): the result set "
        "exceeds the 500000 rows limit (E_QUERY_RESULT_SET_TOO_LARGE).",
        "@permanent": False,
    }
}


def test_errors_after_rows_leave_the_rows_and_a_gap(http_server, session):
    server = http_server(
        in_turn(frames([1]), frames([1], [2], {"OneApiErrors": [TOO_LARGE]}),
                frames([1], completion={"HasErrors": True, "OneApiErrors": [TOO_LARGE]}))
    )  # fmt: skip
    driver = connected(session, server.url)
    for rows in (2, 1):
        answer = ask(driver, "T")
        assert answer.table.num_rows == rows
        (gap,) = answer.gaps
        assert gap.helps == "shorter"
        assert "500000 rows limit" in gap.reason


def test_errors_without_rows_and_broken_replies_are_errors(http_server, session):
    refused = frames(completion={"HasErrors": True, "OneApiErrors": [TOO_LARGE]}, kind="Other")
    passing = Answer(400, json={"error": {"@message": "low memory", "@permanent": False}})
    server = http_server(
        in_turn(frames([1]), refused, passing, Answer(json={"x": 1}), Answer(json=[1]),
                frames(), Answer(body=b"[{"))
    )  # fmt: skip
    driver = connected(session, server.url)
    with pytest.raises(QueryRefused, match="500000 rows limit"):
        ask(driver, "T")
    with pytest.raises(RequestFailed, match="low memory"):
        ask(driver, "T")
    for _ in range(2):
        with pytest.raises(BadReply):
            ask(driver, "T")
    assert ask(driver, "T").table.num_rows == 0
    with pytest.raises(BadReply):
        ask(driver, "T")


def test_what_is_sent(http_server, session):
    server = http_server(frames([1]))
    driver = connected(session, server.url, anonymous=False, token=Secret.held("good"))
    ask(driver, "T", timeout_s=3700, metadata={"database": "other"},
        options=KustoOptions(options={"truncationmaxrecords": 5}))  # fmt: skip
    asked = server.asked[-1]
    assert (asked.path, asked.headers["authorization"]) == ("/v2/rest/query", "Bearer good")
    assert asked.json() == {
        "db": "other",
        "csl": "T",
        "properties": {
            "Options": {
                "servertimeout": "01:01:40",
                "request_readonly": True,
                "truncationmaxrecords": 5,
            },
            "Parameters": {},
        },
    }
    with pytest.raises(UsageError, match="which cluster"):
        connected(session, "")
    lake = Kusto("Kusto", KustoSettings(cluster="lake", database="ws"), session)
    assert lake.identity.startswith("https://api.securityplatform.microsoft.com/lake/kql")
