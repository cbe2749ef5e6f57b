"""ClickHouse: its real engine within this process, through its own library."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from huntkit import QueryProvider
from huntkit.core.errors import Offline, RequestFailed, UsageError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from huntkit.sources.driver import Answer, Request
from huntkit.sources.drivers.clickhouse import ClickHouse, ClickHouseOptions, ClickHouseSettings
from huntkit.sources.errors import PartialAnswerWarning, QueryRefused
from huntkit.testing import check_driver

pytest.importorskip("chdb", reason="*** ClickHouse is NOT tested: no chdb ***")
pytest.importorskip("clickhouse_connect")


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


def test_what_arrived_before_a_failure_is_kept(driver):
    answer = ask(driver, "SELECT number AS n, throwIf(number = 150000) AS t FROM numbers(200000)")
    assert 0 < answer.table.num_rows <= 150_000
    assert answer.table.column("n").to_pylist() == list(range(answer.table.num_rows))
    assert "Code: 395" in answer.gaps[0].reason


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


def test_tls_is_used_everywhere_but_here():
    def where(**settings: Any) -> tuple[bool, int]:
        made = ClickHouse("ClickHouse", ClickHouseSettings(**settings), Session())._where()
        return made["secure"], made["port"]

    assert where(host="ch.example") == (True, 8443)
    assert where(host="localhost") == (False, 8123)
    assert where(host="ch.example", secure=False) == (False, 8123)
