"""DuckDB files, read-only and alone."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from huntkit.core.errors import Cancelled, EvidenceError, TimedOut
from huntkit.runtime.session import Session
from huntkit.sources.driver import Answer, Cancel, Request
from huntkit.sources.drivers.sql import SQL, SQLOptions, SQLSettings
from huntkit.sources.errors import QueryRefused
from huntkit.testing import check_driver


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "logs.any"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t AS SELECT i, 'h' || i AS host FROM range(5) r(i)")
        connection.execute("CREATE SCHEMA s")
        connection.execute("CREATE VIEW s.v AS SELECT 1::DECIMAL(10, 2) AS a, [1] AS b")
    return path


@pytest.fixture
def driver(file: Path) -> Any:
    made = SQL("SQL", SQLSettings(file=file), Session())
    made.connect()
    yield made
    made.close()


def ask(driver: SQL, text: str, **more: Any) -> Answer:
    options = SQLOptions(**{k: more.pop(k) for k in ("max_rows",) if k in more})
    return driver.run(Request(text=text, options=options, **more))


def test_it_keeps_the_promises_of_drivers(file):
    check_driver(
        SQL, settings={"file": str(file)}, query="SELECT * FROM t ORDER BY i",
        empty="SELECT * FROM t WHERE i = 9", refused="SELECT * FROM no_such_table",
    )  # fmt: skip


def test_every_type_comes_as_the_contract_says(driver):
    [row] = ask(
        driver,
        """SELECT 1::tinyint a, 2::utinyint b, 18446744073709551615::ubigint c,
        170141183460469231731687303715884105727::hugeint d, 5::hugeint e, 1.25::decimal(10,2) f,
        1::decimal(10,2) g, 12345678901234567.89::decimal(20,2) h,
        'f47ac10b-58cc-4372-a567-0e02b2c3d479'::uuid i, '\\xff\\x00'::blob j, interval 1 day k,
        interval 1 month l, 'x'::enum('x','y') m, [1,2] n, {'a':1, 'at': timestamp '2024-05-01'} o,
        map{'a':1} p, '{"a":1}'::json q, timestamptz '2024-05-01 02:00+02' r,
        timestamp '2024-05-01' s, '2024-05-01 00:00:00.123456789'::timestamp_ns u,
        date '2024-05-01' v, time '01:02:03' w, null x, '101'::bit y, sum(1::bigint) z, 1 z""",
    ).table.to_pylist()  # fmt: skip
    at = datetime(2024, 5, 1, tzinfo=UTC)
    assert row == {
        "a": 1, "b": 2, "c": "18446744073709551615",
        "d": "170141183460469231731687303715884105727", "e": 5, "f": 1.25, "g": 1.0,
        "h": "12345678901234567.89", "i": "f47ac10b-58cc-4372-a567-0e02b2c3d479", "j": "ff00",
        "k": timedelta(days=1), "l": "P1M0DT0.000000S", "m": "x", "n": "[1,2]",
        "o": '{"a":1,"at":"2024-05-01T00:00:00"}', "p": '[["a",1]]', "q": '{"a":1}', "r": at,
        "s": at, "u": at + timedelta(microseconds=123456), "v": at, "w": "01:02:03", "x": None,
        "y": "101", "z": 1, "z_2": 1,
    }  # fmt: skip


def test_times_without_end_are_left_empty_and_said(driver):
    answer = ask(driver, "SELECT 'infinity'::timestamp a, '-infinity'::timestamptz b, "
                         "'infinity'::date c")  # fmt: skip
    assert answer.table.to_pylist() == [{"a": None, "b": None, "c": None}]
    assert len(answer.gaps) == 3


def test_the_order_of_rows_is_kept_over_many_batches(driver):
    text = "SELECT i FROM range(200000) r(i) ORDER BY i DESC"
    assert ask(driver, text).table.column("i").to_pylist() == list(range(199_999, -1, -1))


@pytest.mark.parametrize("text", [
    "INSERT INTO t VALUES (1, 'x')", "COPY t TO 'out.csv'", "ATTACH 'other.db'",
    "SELECT 1; SELECT 2",
    "SET enable_external_access = true", "PRAGMA database_list", "INSTALL httpfs", "", "nonsense",
    "SELECT * FROM read_csv('/etc/passwd')", "FROM '/etc/passwd'", "FROM glob('/etc/*')",
    "SELECT * FROM read_text('/etc/passwd')", "SELECT getenv('HOME')", "FROM statement",
    "SELECT * FROM 'http://127.0.0.1/x.csv'", "EXPLAIN ANALYZE SELECT 1", "CALL pragma_version()",
])  # fmt: skip
def test_nothing_but_the_files_own_tables_is_read(driver, text):
    with pytest.raises(QueryRefused):
        ask(driver, text)
    assert ask(driver, "SELECT count(*) AS n FROM t").table.to_pylist() == [{"n": 5}]


def test_the_schema(driver):
    assert driver.schema() == {
        "t": {"i": "long", "host": "string"}, "s.v": {"a": "real", "b": "dynamic"},
    }  # fmt: skip


def test_limits_of_rows_and_time(driver):
    assert ask(driver, "SELECT * FROM t", max_rows=5).gaps == []
    cut = ask(driver, "SELECT * FROM t ORDER BY i", max_rows=3)
    assert cut.table.column("i").to_pylist() == [0, 1, 2]
    assert cut.gaps[0].helps == "shorter"
    endless = "SELECT count(*) FROM range(100000000) a, range(1000000) b WHERE a.range < b.range"
    with pytest.raises(TimedOut):
        ask(driver, endless, timeout_s=0.3)
    cancel = Cancel()
    timer = threading.Timer(0.3, cancel.ask)
    timer.start()
    with pytest.raises(Cancelled):
        ask(driver, endless, cancel=cancel)


@pytest.mark.parametrize("end", ["", ".wal", ".tmp/x"])
def test_a_query_never_writes_over_the_file(driver: SQL, file: Path, end: str) -> None:
    before = file.read_bytes()
    (file.parent / "logs.any.tmp").mkdir()
    forged = f"COPY (SELECT 1) TO '{file}{end}' (FORMAT csv, USE_TMP_FILE false)"
    with pytest.raises(QueryRefused, match="not COPY"):
        ask(driver, f"WITH x AS ({forged}) SELECT * FROM x")
    assert file.read_bytes() == before
    assert not end or not Path(f"{file}{end}").exists()


def test_a_file_that_somebody_writes_is_an_error_that_says_so(tmp_path):
    path = tmp_path / "busy.duckdb"
    path.write_bytes(b"\x00" * 8 + b"DUCK" + b"\x00" * 100)
    with pytest.raises(EvidenceError, match="can't be opened"):
        SQL("SQL", SQLSettings(file=path), Session()).connect()
