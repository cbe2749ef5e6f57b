"""Which database is meant; what each does is tested beside its engine, in tests/sources/sql."""

import sqlite3

import pytest

from huntkit import QueryProvider
from huntkit.core.errors import EvidenceError, UsageError
from huntkit.runtime.session import Session
from huntkit.sources.driver import Request
from huntkit.sources.drivers.sql import SQL, SQLOptions, SQLSettings
from huntkit.sources.errors import NotConnected


def test_an_address_or_a_file_must_be_said_and_only_one(tmp_path):
    for settings in (SQLSettings(), SQLSettings(connection_str="postgresql://a/b", file=tmp_path)):
        with pytest.raises(UsageError, match="say which database"):
            SQL("SQL", settings, Session()).connect()
    with pytest.raises(UsageError, match="none of a database"):
        SQL("SQL", SQLSettings(connection_str="mysql://a/b"), Session()).connect()


def test_files_are_known_by_their_content(tmp_path):
    (tmp_path / "x.db").write_text("time,host\n")
    with pytest.raises(UsageError, match="neither a DuckDB nor an SQLite"):
        SQL("SQL", SQLSettings(file=tmp_path / "x.db"), Session()).connect()
    for missing in (tmp_path / "nothing.db", tmp_path):
        with pytest.raises(EvidenceError, match="can't be read"):
            SQL("SQL", SQLSettings(file=missing), Session()).connect()


def test_it_must_be_connected_first():
    with pytest.raises(NotConnected):
        SQL("SQL", SQLSettings(), Session()).run(Request(text="SELECT 1", options=SQLOptions()))


def test_a_changed_file_is_another_place(tmp_path):
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a)")
    driver = SQL("SQL", SQLSettings(file=path), Session())
    before = driver.identity
    connection.execute("CREATE TABLE u (a)")
    connection.commit()
    connection.close()
    assert driver.identity != before


def test_a_provider_asks_a_file(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("CREATE TABLE t AS SELECT 'pc1' AS host")
    connection.commit()
    connection.close()
    provider = QueryProvider("SQLite", frame="polars", session=Session())
    provider.connect(file=tmp_path / "a.db")
    assert provider.exec_query("SELECT * FROM t").rows() == [("pc1",)]
    assert provider.schema_tables == ["t"]
