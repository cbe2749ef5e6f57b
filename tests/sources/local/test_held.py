import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from huntkit.core.errors import EvidenceError
from huntkit.sources.local import database as module
from huntkit.sources.local.catalog import Input, Table
from huntkit.sources.local.database import Database
from huntkit.sources.local.held import hold, most_text

ROWS = pl.DataFrame(
    {
        "Text": ["b", None, "ä" * 50],
        "When": ["2026-01-02T03:04:05Z", None, "2026-01-01T00:00:00Z"],
        "Bytes": [2**40, None, -1],
        "Span": [1_000_000, None, 5],
        "_record": [3, 1, 2],
        "_member": ["", "!x", ""],
    }
).with_columns(pl.col("When").str.to_datetime(time_zone="UTC"))
TYPES = {
    "Text": "string", "When": "datetime", "Bytes": "long", "Span": "timespan", "Missing": "real",
}  # fmt: skip
ASKED = "SELECT *, typeof(Span) AS kind FROM Small"
Maker = Callable[[], Database]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Maker]:
    part = tmp_path / "small.parquet"
    with contextlib.ExitStack() as opened:

        def made() -> Database:
            ROWS.write_parquet(part)
            inputs = [Input((part,), "/logs/a", frozenset(ROWS.columns))]
            table = Table("Small", inputs, dict(TYPES), rows=ROWS.height)
            seen = {"Seen": 'SELECT * FROM "Small"'}
            database = Database({"Small": table}, views=seen, spill=tmp_path / "spill")
            opened.callback(database.close)
            return database

        yield made


def is_read_from_its_part(database: Database, tmp_path: Path) -> bool:
    (tmp_path / "small.parquet").unlink()
    try:
        database.run("SELECT count(*) FROM Small")
    except EvidenceError:
        return True
    return False


def test_a_small_table_is_held_once_much_was_asked_and_its_rows_are_the_same(make, tmp_path):
    database = make()
    first = database.run(ASKED)
    for _ in range(3):
        assert database.run(ASKED).equals(first)
        assert database.run("SELECT * FROM Seen").equals(first.drop("kind"))
    assert database.run("SHOW TABLES")["name"].to_list() == ["Seen", "Small"]
    assert not is_read_from_its_part(database, tmp_path)


def test_for_a_single_question_nothing_is_held(make, tmp_path):
    database = make()
    database.run(ASKED)
    assert is_read_from_its_part(database, tmp_path)


@pytest.mark.parametrize("limit", ["MOST_BYTES", "ALL_BYTES", "MOST_ROWS"])
def test_what_takes_too_much_memory_is_never_held(make, tmp_path, monkeypatch, limit):
    monkeypatch.setattr(module, limit, {"MOST_ROWS": ROWS.height - 1}.get(limit, 100))
    database = make()  # 101 bytes of text, and the paths
    for _ in range(5):
        database.run(ASKED)
    assert is_read_from_its_part(database, tmp_path)


def test_a_table_that_can_not_be_held_stays_the_view_that_it_was():
    with duckdb.connect() as connection:
        connection.execute("CREATE VIEW x AS SELECT 1 AS n")
        with pytest.raises(duckdb.Error):
            hold(connection, "x", "SELECT error('no memory') AS n")
        assert connection.execute("SELECT n FROM x").fetchall() == [(1,)]


def test_no_text_is_longer_than_the_footers_say(tmp_path: Path):
    part = tmp_path / "part.parquet"
    rows = pl.DataFrame({"same": ["x" * 1000] * 500, "own": [str(n) for n in range(500)]})
    rows.write_parquet(part, row_group_size=100)
    text = sum(rows.select(pl.all().str.len_bytes().sum()).row(0))
    assert part.stat().st_size < text
    assert most_text([part]) >= text
    assert most_text([part, tmp_path / "none.parquet"]) is None
    part.write_bytes(b"no parquet")
    assert most_text([part]) is None


def test_text_that_repeats_is_measured_as_it_will_be_held(tmp_path: Path):
    part = tmp_path / "part.parquet"
    rows = pl.DataFrame({"text": ["x" * 20_000] * 2_000, "_member": "", "_record": 1})
    rows.write_parquet(part)
    assert part.stat().st_size < 100_000
    inputs = [Input((part,), "/logs/a", frozenset(rows.columns))]
    table = Table("Small", inputs, {"text": "string"}, rows=rows.height)
    with contextlib.closing(Database({"Small": table}, views={}, spill=tmp_path)) as database:
        for _ in range(4):
            database.run("SELECT count(*) FROM Small")
        part.unlink()
        with pytest.raises(EvidenceError):
            database.run("SELECT count(*) FROM Small")
