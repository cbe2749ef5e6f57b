"""PostgreSQL: a real server, started for these tests as a user of its own."""

import _socket
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from huntkit import QueryProvider
from huntkit.core.errors import (
    AccessDenied,
    Cancelled,
    Offline,
    RequestFailed,
    SettingsError,
    TimedOut,
)
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from huntkit.sources.driver import Answer, Cancel, Request
from huntkit.sources.drivers.sql import SQL, SQLOptions, SQLSettings
from huntkit.sources.errors import PartialAnswerWarning, QueryRefused
from huntkit.testing import check_driver

pytest.importorskip("adbc_driver_postgresql", reason="*** PostgreSQL is NOT tested: no ADBC ***")
PASSWORD = "canary-5d1e&:/@%"
NOBODY = 65534


def free_port() -> int:
    """A port of loopback; by the system's own socket, as tests may not open others."""
    probe = _socket.socket()
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    probe.close()
    return port


def as_nobody(folder: Path, *command: str) -> None:
    """Run a program of PostgreSQL, which refuses to run as root."""
    prefix = []
    if os.geteuid() == 0:
        prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    home = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C"}
    subprocess.run(
        [*prefix, *command], check=True, cwd=folder, env=home, timeout=60,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a server that holds a few events."""
    missing = [each for each in ("initdb", "pg_ctl", "postgres") if not shutil.which(each)]
    if missing or (os.geteuid() == 0 and not shutil.which("setpriv")):
        pytest.skip(f"*** PostgreSQL is NOT tested: no {', '.join(missing) or 'setpriv'} ***")
    folder = Path("/tmp") / f"hk-pg-{os.getpid()}-{threading.get_ident()}"
    folder.mkdir(mode=0o755)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    port = free_port()
    data = str(folder / "data")
    (folder / "pw").write_text(PASSWORD)
    try:
        as_nobody(folder, "initdb", "-D", data, "-U", "hunter", "--auth=scram-sha-256",
                  f"--pwfile={folder / 'pw'}", "-N", "-E", "UTF8", "--locale=C")  # fmt: skip
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c shared_buffers=16MB"
        as_nobody(folder, "pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options,
                  "start")  # fmt: skip
        try:
            yield f"postgresql://hunter@127.0.0.1:{port}/postgres"
        finally:
            as_nobody(folder, "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def filled(server: str) -> str:
    import adbc_driver_postgresql.dbapi as library

    with library.connect(
        server.replace("hunter@", f"hunter:{quote(PASSWORD, safe='')}@"), autocommit=True
    ) as connection, connection.cursor() as cursor:  # fmt: skip
        for text in (
            "CREATE TABLE logons (at timestamptz, host text, source inet, tries int)",
            """INSERT INTO logons VALUES ('2024-05-01 10:00+02', 'pc1', '203.0.113.7', 3),
               ('2024-05-01 09:00+00', 'pc2', '2001:db8::/32', NULL)""",
            "CREATE SCHEMA more",
            "CREATE VIEW more.hosts AS SELECT host FROM logons",
        ):
            cursor.execute(text)
    return server


@pytest.fixture
def driver(filled: str, loopback: None) -> Iterator[SQL]:
    made = SQL("SQL", SQLSettings(connection_str=filled, password=Secret.held(PASSWORD)), Session())
    made.connect()
    yield made
    made.close()


def ask(driver: SQL, text: str, **more: Any) -> Answer:
    options = SQLOptions(**{k: more.pop(k) for k in ("max_rows",) if k in more})
    return driver.run(Request(text=text, options=options, **more))


def rows(driver: SQL, text: str) -> list[dict[str, Any]]:
    return ask(driver, text).table.to_pylist()


def test_it_keeps_the_promises_of_drivers(filled, loopback, monkeypatch):
    monkeypatch.setenv("LOGS_PASSWORD", PASSWORD)
    check_driver(
        SQL,
        settings={"connection_str": filled, "password": "env:LOGS_PASSWORD"},
        query="SELECT at, host, tries FROM logons ORDER BY at",
        empty="SELECT * FROM logons WHERE host = 'nobody'",
        refused="SELECT * FROM no_such_table",
    )


def test_every_common_type_comes_as_the_contract_says(driver):
    [row] = rows(
        driver,
        """SELECT 1::int2 a, 2::int4 b, 3::int8 c, 1.5::float4 d, 2.5::float8 e, 'x'::varchar f,
        '2024-05-01 12:00:00.123456+02'::timestamptz g, '2024-05-01 12:00'::timestamp h,
        '2024-05-01'::date i, '01:02:03'::time j, '1 day 2 hours'::interval k,
        '1 month'::interval l, '{"a": [1]}'::json m, '{"b":2}'::jsonb n, array[1,null,2] o,
        '\\x00ff'::bytea p, 'f47ac10b-58cc-4372-a567-0e02b2c3d479'::uuid q,
        '10.0.0.0/8'::cidr r, '2001:db8::1'::inet s, '192.0.2.1/24'::inet t,
        '08:00:2b:01:02:03'::macaddr u, true v, null w, '<a/>'::xml x,
        array['192.0.2.1'::inet] y, array[1.50, 2]::numeric[] z""",
    )
    at = datetime(2024, 5, 1, 12, tzinfo=UTC)
    assert row == {
        "a": 1, "b": 2, "c": 3, "d": 1.5, "e": 2.5, "f": "x",
        "g": at + timedelta(hours=-2, microseconds=123456), "h": at,
        "i": datetime(2024, 5, 1, tzinfo=UTC), "j": "01:02:03",
        "k": timedelta(days=1, hours=2), "l": "P1M0DT0.000000S",
        "m": '{"a": [1]}', "n": '{"b": 2}', "o": "[1,null,2]", "p": "00ff",
        "q": "f47ac10b-58cc-4372-a567-0e02b2c3d479", "r": "10.0.0.0/8", "s": "2001:db8::1",
        "t": "192.0.2.1/24", "u": "08:00:2b:01:02:03", "v": True, "w": None, "x": "<a/>",
        "y": '["192.0.2.1"]', "z": '["1.50","2"]',
    }  # fmt: skip


def test_exact_numbers_are_never_bent(driver):
    [row] = rows(
        driver,
        """SELECT 1.10::numeric a, 12345678901234567890::numeric b, 0.1234567890123456789 c,
        count(*)::numeric d, 'NaN'::numeric e FROM logons""",
    )
    nan = row.pop("e")
    assert nan != nan
    assert row == {"a": 1.1, "b": "12345678901234567890", "c": "0.1234567890123456789", "d": 2}


def test_times_without_end_are_left_empty_and_said(driver):
    answer = ask(
        driver,
        """SELECT 'infinity'::timestamptz a, '-infinity'::timestamp b,
        '0044-03-15 BC'::timestamp c, 'infinity'::date d, now() > 'epoch' e""",
    )
    assert answer.table.to_pylist() == [{"a": None, "b": None, "c": None, "d": None, "e": True}]
    assert [each.helps for each in answer.gaps] == ["nothing"] * 4


@pytest.mark.parametrize("column", [
    "row(1, 'a')", "B'101'", "'[1,5)'::int4range", "money '12.50'", "'01:02:03+01'::timetz",
    "array[B'1']",
])  # fmt: skip
def test_types_of_no_known_form_are_refused_with_what_to_write(driver, column):
    with pytest.raises(QueryRefused, match="::text"):
        ask(driver, f"SELECT {column} AS x")
    assert rows(driver, f"SELECT ({column})::text AS x")[0]["x"]


@pytest.mark.parametrize("text", [
    "DELETE FROM logons", "CREATE TABLE x (a int)", "COPY logons TO STDOUT", "BEGIN",
    "SET TRANSACTION READ WRITE", "SELECT 1; DELETE FROM logons", "SELECT * INTO x FROM logons",
    "WITH gone AS (DELETE FROM logons RETURNING *) SELECT * FROM gone",
    "SELECT 1) TO '/tmp/hk-never' --", "", "SELECT nextval('s')",
    "/* SELECT */ TRUNCATE logons", "SELECT * FROM logons FOR UPDATE",
])  # fmt: skip
def test_nothing_but_reading_is_done(driver, text):
    with pytest.raises(QueryRefused):
        ask(driver, text)
    assert rows(driver, "SELECT count(*) AS n FROM logons") == [{"n": 2}]


def test_comments_brackets_and_two_columns_of_one_name_are_fine(driver):
    text = "-- all\n/* of */ (SELECT host, host FROM logons ORDER BY at LIMIT 1) -- end"
    assert rows(driver, text) == [{"host": "pc1", "host_2": "pc1"}]
    assert ask(driver, "SELECT at, tries FROM logons WHERE false").table.column_names == [
        "at", "tries"]  # fmt: skip


def test_more_rows_than_wanted_are_said(driver):
    answer = ask(driver, "SELECT generate_series(1, 100000) AS n", max_rows=70_000)
    assert answer.table.num_rows == 70_000
    assert answer.gaps[0].helps == "shorter"
    assert not ask(driver, "SELECT generate_series(1, 7) AS n", max_rows=7).partial


def test_what_arrived_before_a_failure_is_kept(driver):
    text = (
        "SELECT n, repeat('x', 100) AS x, 1 / (900000 - n) AS y FROM generate_series(1, 1000000) n"
    )
    answer = ask(driver, text)
    assert 0 < answer.table.num_rows < 900_000
    assert answer.table.column("n").to_pylist() == list(range(1, answer.table.num_rows + 1))
    assert "division by zero" in answer.gaps[0].reason
    with pytest.raises(QueryRefused, match="division by zero"):
        ask(driver, "SELECT 1 / 0")


def test_a_slow_statement_ends_in_time_and_when_it_is_cancelled(driver):
    with pytest.raises(TimedOut, match="did not answer in 1 s"):
        ask(driver, "SELECT pg_sleep(60)", timeout_s=1.0)
    cancel = Cancel()
    timer = threading.Timer(0.5, cancel.ask)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        ask(driver, "SELECT pg_sleep(60)", cancel=cancel)
    assert time.monotonic() - began < 10
    busy = """SELECT count(*) AS n FROM pg_stat_activity
        WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()"""
    deadline = time.monotonic() + 10
    while rows(driver, busy) != [{"n": 0}]:
        assert time.monotonic() < deadline, "the statement runs on"
        time.sleep(0.05)


def test_the_schema_names_tables_of_other_schemas_with_theirs(driver):
    assert driver.schema() == {
        "logons": {"at": "datetime", "host": "string", "source": "string", "tries": "int"},
        "more.hosts": {"host": "string"},
    }


def test_passwords_are_never_shown(filled, loopback, driver):
    assert PASSWORD not in f"{driver!r} {driver.identity} {driver.chosen!r}"
    wrong = SQLSettings(connection_str=filled, password=Secret.held("wrong-canary"))
    with pytest.raises(AccessDenied) as caught:
        SQL("SQL", wrong, Session()).connect()
    assert "wrong-canary" not in str(caught.value)
    for bad in (filled.replace("hunter@", "hunter:pw@"), f"{filled}?password=pw"):
        with pytest.raises(SettingsError, match="holds a password"):
            SQL("SQL", SQLSettings(connection_str=bad), Session()).connect()
    with pytest.raises(SettingsError, match="can't say options="):
        SQL("SQL", SQLSettings(connection_str=f"{filled}?options=-c x=1"), Session()).connect()


def test_a_server_that_is_not_there(loopback):
    port = free_port()
    settings = SQLSettings(connection_str=f"postgresql://a@127.0.0.1:{port}/x")
    with pytest.raises(RequestFailed, match="can't be reached"):
        SQL("SQL", settings, Session()).connect()
    with pytest.raises(Offline):
        SQL("SQL", settings, Session(Settings(offline=True))).connect()


def test_servers_elsewhere_are_asked_over_tls_with_their_certificate_checked():
    from huntkit.sources.sql.postgresql import PostgreSQL

    assert (
        "sslmode=verify-full&sslrootcert=system" in PostgreSQL("postgresql://db.example/x")._uri()
    )
    assert "sslmode=require" in PostgreSQL("postgresql://db.example/x?sslmode=require")._uri()
    assert "sslmode" not in PostgreSQL("postgresql://localhost/x")._uri()


def test_a_provider_asks_it_by_any_of_its_names(filled, loopback, monkeypatch):
    monkeypatch.setenv("LOGS_PASSWORD", PASSWORD)
    provider = QueryProvider("PostgreSQL", frame="polars", session=Session())
    provider.connect(filled, password="env:LOGS_PASSWORD")
    found = provider.exec_query("SELECT host FROM logons ORDER BY at", refresh=True)
    assert found["host"].to_list() == ["pc1", "pc2"]
    with pytest.warns(PartialAnswerWarning, match="first 1 rows"):
        provider.exec_query("SELECT host FROM logons", max_rows=1, refresh=True)
    provider.add_custom_query("by_host", "SELECT source FROM logons WHERE host = {host}", "mine",
                              parameters=[provider.create_param("host", "str")])  # fmt: skip
    assert provider.mine.by_host(host="pc1")["source"].to_list() == ["203.0.113.7"]
    assert provider.mine.by_host(host="' OR 1=1 --").height == 0
