"""SQLite files, read-only."""

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from huntkit.core.errors import Cancelled, EvidenceError, TimedOut
from huntkit.runtime.session import Session
from huntkit.sources.driver import Answer, Cancel, Request
from huntkit.sources.drivers.sql import SQL, SQLOptions, SQLSettings
from huntkit.sources.errors import QueryRefused
from huntkit.testing import check_driver

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "odd #name?.bin"
    connection = sqlite3.connect(path)
    connection.executescript(
        """CREATE TABLE t (i INTEGER, host TEXT, mixed, at DATETIME, raw BLOB);
        INSERT INTO t VALUES (1, 'pc1', 1, '2024-05-01 10:00:00', x'00ff'),
                             (2, CAST(x'61ff' AS TEXT), 2.5, NULL, NULL),
                             (9007199254740993, NULL, NULL, 5, x'');
        CREATE VIEW v AS SELECT i FROM t;"""
    )
    connection.close()
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


def test_columns_are_what_all_their_values_are(driver):
    table = ask(driver, "SELECT *, i FROM t ORDER BY i").table
    assert table.to_pydict() == {
        "i": [1, 2, 9007199254740993], "host": ["pc1", "a\\xff", None], "mixed": [1.0, 2.5, None],
        "at": ["2024-05-01 10:00:00", None, "5"], "raw": ["00ff", None, ""],
        "i_2": [1, 2, 9007199254740993],
    }  # fmt: skip
    mixed = ask(driver, "SELECT 9007199254740993 AS n UNION ALL SELECT 0.5 ORDER BY n").table
    assert mixed.to_pydict() == {"n": ["0.5", "9007199254740993"]}
    empty = ask(driver, "SELECT i, host FROM t WHERE false").table
    assert empty.schema.names == ["i", "host"]
    assert empty.schema.types == [pa.string(), pa.string()]


@pytest.mark.parametrize("text", [
    "DELETE FROM t", "ATTACH 'x.db' AS x", "PRAGMA query_only = OFF", "SELECT 1; DELETE FROM t",
    "WITH x AS (SELECT 1) DELETE FROM t", "SELECT load_extension('x')", "VACUUM INTO 'y'", "",
    "SELECT * FROM pragma_table_info('t')", "SELECT length(zeroblob(2000000000))",
    "CREATE TEMP TABLE x (a)", "EXPLAIN SELECT 1",
])  # fmt: skip
def test_nothing_but_reading_is_done(driver, text):
    with pytest.raises(QueryRefused):
        ask(driver, text)
    assert ask(driver, "SELECT count(*) AS n FROM t").table.to_pylist() == [{"n": 3}]


def test_limits_of_rows_and_time(driver):
    cut = ask(driver, "SELECT i FROM t ORDER BY i", max_rows=2)
    assert cut.table.to_pydict() == {"i": [1, 2]}
    assert cut.gaps[0].helps == "shorter"
    assert not ask(driver, "SELECT i FROM t", max_rows=3).partial
    with pytest.raises(TimedOut):
        ask(driver, ENDLESS, timeout_s=0.2)
    cancel = Cancel()
    threading.Timer(0.2, cancel.ask).start()
    with pytest.raises(Cancelled):
        ask(driver, ENDLESS, cancel=cancel)


def test_the_schema_and_a_file_that_is_broken(driver, tmp_path):
    assert driver.schema() == {
        "t": {"i": "long", "host": "string", "mixed": "string", "at": "string", "raw": "string"},
        "v": {"i": "long"},
    }  # fmt: skip
    broken = tmp_path / "broken"
    broken.write_bytes(b"SQLite format 3\x00" + b"\xff" * 200)
    with pytest.raises(EvidenceError, match="can't be"):
        SQL("SQL", SQLSettings(file=broken), Session()).connect()
