"""ClickHouse: its real engine within this process, through its own library."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from huntkit import QueryProvider
from huntkit.core.errors import (
    AccessDenied,
    Cancelled,
    Offline,
    RequestFailed,
    TimedOut,
    UsageError,
)
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from huntkit.sources.driver import Answer, Cancel, Request
from huntkit.sources.drivers.clickhouse import ClickHouse, ClickHouseOptions, ClickHouseSettings
from huntkit.sources.errors import PartialAnswerWarning, QueryRefused
from huntkit.testing import check_driver
from servers import Answer as HttpAnswer
from servers import Asked

chdb = pytest.importorskip("chdb", reason="*** ClickHouse is NOT tested: no chdb ***")
exceptions = pytest.importorskip("clickhouse_connect.driver.exceptions")


@pytest.fixture
def driver(loopback: None) -> Any:
    made = ClickHouse("ClickHouse", ClickHouseSettings(interface="chdb"), Session())
    made.connect()
    yield made
    made.close()


def ask(driver: ClickHouse, text: str, **more: Any) -> Answer:
    options = {k: more.pop(k) for k in ("max_rows", "values") if k in more}
    return driver.run(Request(text=text, options=ClickHouseOptions(**options), **more))


def test_it_keeps_the_promises_of_drivers(loopback):
    check_driver(
        ClickHouse,
        settings={"interface": "chdb"},
        query="SELECT number AS n, toString(number) AS t FROM numbers(5) ORDER BY n",
        empty="SELECT number FROM numbers(5) WHERE number > 9",
        refused="SELECT * FROM no_such_table",
    )


def test_every_type_comes_as_the_contract_says(driver):
    [row] = ask(
        driver,
        r"""SELECT toInt8(-1) a, toUInt32(4000000000) b, toUInt64(18446744073709551615) c,
        toUInt64(7) d, toInt128('170141183460469231731687303715884105727') e, toUInt256(5) f,
        toDateTime('2024-05-01 00:00:00', 'UTC') g,
        toDateTime('2024-05-01 00:00:00', 'Europe/Berlin') h,
        toDateTime64('2024-05-01 00:00:00.123456789', 9, 'UTC') i, toDate('2024-05-01') j,
        toDate32('1900-01-01') k, 'x' l, toFixedString('ab', 4) m, toLowCardinality('lc') n,
        toDecimal64(1.25, 4) o, toDecimal128('12345678901234567.89', 2) p, toDecimal64(3, 2) q,
        toUUID('f47ac10b-58cc-4372-a567-0e02b2c3d479') r, toIPv4('192.0.2.1') s,
        toIPv6('2001:db8::1') t, toIPv6('192.0.2.1') u, [1, 2] v, map('a', [1]) w,
        CAST((1, 'a'), 'Tuple(x UInt8, y String)') x, NULL y, toNullable(3) z, true aa,
        CAST('b', 'Enum8(\'b\' = 1)') ab, 1.5 ac, toIntervalDay(2) ad, toIntervalMonth(2) ae,
        unhex('ff00') af, '{"a": {"b": 1}}'::JSON ag, toTime('01:02:03') ah,
        [toDateTime('2024-05-01 00:00:00', 'UTC')] ai, toDecimal64(4, 0) aj""",
    ).table.to_pylist()
    at = datetime(2024, 5, 1, tzinfo=UTC)
    assert row == {
        "a": -1, "b": 4_000_000_000, "c": "18446744073709551615", "d": 7,
        "e": "170141183460469231731687303715884105727", "f": 5, "g": at,
        "h": at - timedelta(hours=2), "i": at + timedelta(microseconds=123456), "j": at,
        "k": datetime(1900, 1, 1, tzinfo=UTC), "l": "x", "m": "ab", "n": "lc", "o": 1.25,
        "p": "12345678901234567.89", "q": 3.0, "r": "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "s": "192.0.2.1", "t": "2001:db8::1", "u": "::ffff:192.0.2.1", "v": "[1,2]",
        "w": '{"a":[1]}', "x": '{"x":1,"y":"a"}', "y": None, "z": 3, "aa": True, "ab": "b",
        "ac": 1.5, "ad": timedelta(days=2), "ae": "2", "af": "ff00", "ag": '{"a":{"b":1}}',
        "ah": timedelta(hours=1, minutes=2, seconds=3), "ai": '["2024-05-01T00:00:00+00:00"]',
        "aj": 4,
    }  # fmt: skip


def test_two_columns_of_one_name_are_both_there(driver):
    answer = ask(driver, "SELECT number, number FROM numbers(2)")
    assert answer.table.to_pydict() == {"number": [0, 1], "number_2": [0, 1]}


def test_values_go_beside_the_text(driver):
    hostile = "a' OR 1=1 -- \\ {x:String} %(y)s"
    answer = ask(driver, "SELECT {v:String} AS v, {n:UInt8} AS n, '100%' AS p",
                 values={"v": hostile, "n": 3})  # fmt: skip
    assert answer.table.to_pylist() == [{"v": hostile, "n": 3, "p": "100%"}]
    assert ask(driver, "SELECT '50%' LIKE '%0\\%' AS p").table.to_pylist() == [{"p": 1}]
    with pytest.raises(UsageError, match="does not name the value 'x'"):
        ask(driver, "SELECT 1", values={"x": 1})
    with pytest.raises(QueryRefused):
        ask(driver, "SELECT {v:String}")


@pytest.mark.parametrize("text", [
    "CREATE TABLE x (a Int8) ENGINE = Memory", "INSERT INTO x VALUES (1)", "SET readonly = 0",
    "SELECT 1 SETTINGS readonly = 0", "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString')", "SELECT 1; SELECT 2", "",
    "SELECT 1 INTO OUTFILE '/tmp/hk-never.csv'", "SYSTEM SHUTDOWN", "selct 1",
    "SELECT * FROM executable('x.sh', 'TSV', 'a String')", "ATTACH TABLE x",
])  # fmt: skip
def test_nothing_but_reading_is_done(driver, text):
    with pytest.raises(QueryRefused):
        ask(driver, text)
    assert ask(driver, "SELECT 1 AS a").table.to_pylist() == [{"a": 1}]


def test_an_empty_answer_has_its_columns(driver):
    table = ask(driver, "SELECT number AS n, 'x' AS t FROM numbers(3) WHERE n > 9 -- end").table
    assert table.num_rows == 0
    assert table.column_names == ["n", "t"]
    assert ask(driver, "SHOW TABLES").table.num_rows == 0


def test_more_rows_than_wanted_are_said_and_the_order_is_kept(driver):
    answer = ask(driver, "SELECT number AS n FROM numbers(200000) ORDER BY n;", max_rows=150_000)
    assert answer.table.column("n").to_pylist() == list(range(150_000))
    assert answer.gaps[0].helps == "shorter"
    assert not ask(driver, "SELECT number FROM numbers(7)", max_rows=7).partial


class Breaking:
    """The real client, whose stream breaks after its first block."""

    def __init__(self, real: Any) -> None:
        self.real = real

    @contextmanager
    def query_column_block_stream(self, *text: str, **how: Any) -> Iterator[Any]:
        with self.real.query_column_block_stream(*text, **how) as stream:
            yield self.broken(stream)

    def close(self) -> None:
        self.real.close()

    class broken:
        def __init__(self, stream: Any) -> None:
            self.source = stream.source
            self.stream = stream

        def __iter__(self) -> Iterator[Any]:
            yield next(iter(self.stream))
            raise exceptions.StreamFailureError("Code: 241. DB::Exception: Memory limit exceeded")


def test_what_arrived_before_a_failure_is_kept(driver, monkeypatch):
    monkeypatch.setattr(driver, "_client", Breaking(driver._client))
    answer = ask(driver, "SELECT number AS n FROM numbers(200000) ORDER BY n")
    assert 0 < answer.table.num_rows < 200_000
    assert answer.table.column("n").to_pylist() == list(range(answer.table.num_rows))
    assert "Memory limit" in answer.gaps[0].reason


def test_the_schema_is_told(driver):
    assert isinstance(driver.schema(), dict)
    found = ask(driver, "SELECT name, type FROM system.columns WHERE table = 'one' AND "
                        "database = 'system'")  # fmt: skip
    assert found.table.to_pylist() == [{"name": "dummy", "type": "UInt8"}]


def test_a_provider_asks_it_and_says_what_is_missing(loopback):
    provider = QueryProvider("ClickHouse", frame="polars", session=Session())
    provider.connect(interface="chdb")
    found = provider.exec_query("SELECT {h:String} AS h", values={"h": "pc1"}, refresh=True)
    assert found.rows() == [("pc1",)]
    with pytest.warns(PartialAnswerWarning, match="first 2 rows"):
        provider.exec_query("SELECT number FROM numbers(5)", max_rows=2, refresh=True)
    provider.close()


def test_a_server_that_is_not_said_not_there_or_not_allowed(loopback):
    with pytest.raises(UsageError, match="which server"):
        ClickHouse("ClickHouse", ClickHouseSettings(), Session()).connect()
    near = ClickHouseSettings(host="127.0.0.1", port=9, password=Secret.held("canary-77"))
    with pytest.raises(RequestFailed) as caught:
        ClickHouse("ClickHouse", near, Session()).connect()
    assert "canary-77" not in str(caught.value)
    with pytest.raises(Offline):
        ClickHouse("ClickHouse", near, Session(Settings(offline=True))).connect()


class Server:
    """ClickHouse's HTTP interface before the real engine, for what is asked over the network."""

    def __call__(self, asked: Asked) -> HttpAnswer:
        if asked.headers.get("authorization") != "Basic aHVudGVyOmNhbmFyeS03Nw==":
            return self._error(516, "hunter: Authentication failed: password is incorrect")
        text = asked.params.get("query") or asked.body.decode()
        if text.startswith("KILL QUERY"):
            assert "readonly" not in asked.params
            return HttpAnswer(body=b"")
        if "sleep" in text:
            return self._error(394, "Query was cancelled. (QUERY_WAS_CANCELLED)", wait_s=2)
        if "slow" in text:
            return self._error(159, "Timeout exceeded: elapsed 1 s (TIMEOUT_EXCEEDED)")
        values = {k[6:]: v for k, v in asked.params.items() if k.startswith("param_")}
        try:
            found = chdb.query(text, "TabSeparated", params=values or None).bytes()
        except RuntimeError as problem:
            return self._error(60, str(problem))
        return HttpAnswer(body=found)

    @staticmethod
    def _error(code: int, words: str, wait_s: float = 0) -> HttpAnswer:
        body = f"Code: {code}. DB::Exception: {words}".encode()
        headers = {"X-ClickHouse-Exception-Code": str(code)}
        return HttpAnswer(500, body=body, headers=headers, wait_s=wait_s)


def over_http(url: str, password: str = "canary-77") -> ClickHouse:
    port = int(url.rpartition(":")[2])
    chosen = ClickHouseSettings(
        host="127.0.0.1", port=port, user="hunter", password=Secret.held(password)
    )
    made = ClickHouse("ClickHouse", chosen, Session())
    made.connect()
    return made


def test_a_server_is_told_to_read_only_and_when_to_give_up(http_server):
    server = http_server(Server())
    driver = over_http(server.url)
    answer = ask(driver, "SELECT number AS n, {v:String} AS v FROM numbers(3)", timeout_s=7.0,
                 values={"v": "a'b"})  # fmt: skip
    assert answer.table.to_pylist() == [{"n": n, "v": "a'b"} for n in range(3)]
    last = server.asked[-1].params
    assert last["readonly"] == "1"
    assert last["max_execution_time"] == "7"
    assert last["cancel_http_readonly_queries_on_client_close"] == "1"
    assert "session_id" not in last
    assert ask(driver, "SHOW DATABASES").table.num_rows > 0
    assert ask(driver, "SELECT 1 AS a WHERE 0").table.column_names == ["a"]
    with pytest.raises(QueryRefused, match="nope"):
        ask(driver, "SELECT * FROM nope")
    with pytest.raises(TimedOut):
        ask(driver, "SELECT 'slow'")
    driver.close()


def test_it_keeps_the_promises_over_http(http_server, monkeypatch):
    monkeypatch.setenv("CH_PASSWORD", "canary-77")
    port = int(http_server(Server()).url.rpartition(":")[2])
    check_driver(
        ClickHouse,
        settings={"host": "127.0.0.1", "port": port, "user": "hunter",
                  "password": "env:CH_PASSWORD"},
        query="SELECT number AS n, toString(number) AS t FROM numbers(5) ORDER BY n",
        empty="SELECT number FROM numbers(5) WHERE number > 9",
        refused="SELECT * FROM no_such_table",
    )  # fmt: skip


def test_a_cancelled_query_is_ended_on_the_server(http_server):
    server = http_server(Server())
    driver = over_http(server.url)
    cancel = Cancel()
    threading.Timer(0.3, cancel.ask).start()
    with pytest.raises(Cancelled):
        ask(driver, "SELECT sleep(3)", cancel=cancel)
    [slow] = [each for each in server.asked if b"sleep" in each.body]
    [kill] = [each for each in server.asked if b"KILL" in each.body]
    assert kill.at - slow.at < 1.5
    assert kill.params["param_query"] == slow.params["query_id"]
    driver.close()


def test_a_wrong_password_is_said_and_not_shown(http_server):
    with pytest.raises(AccessDenied, match="password is incorrect") as caught:
        over_http(http_server(Server()).url, "wrong-canary")
    assert "wrong-canary" not in f"{caught.value} {caught.value.__cause__}"


def test_tls_is_used_everywhere_but_here():
    def where(**settings: Any) -> tuple[bool, int]:
        made = ClickHouse("ClickHouse", ClickHouseSettings(**settings), Session())._where()
        return made["secure"], made["port"]

    assert where(host="ch.example") == (True, 8443)
    assert where(host="localhost") == (False, 8123)
    assert where(host="ch.example", secure=False) == (False, 8123)
