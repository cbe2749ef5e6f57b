import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from huntkit.core.errors import QueryError, ResultTooLarge
from huntkit.sources.local.catalog import Input, Table
from huntkit.sources.local.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    part = tmp_path / "part'0.parquet"
    pl.DataFrame(
        {"Text": ["a", None], "Number": [1, None], "_record": [1, 2], "_member": ["", "!x.json"]}
    ).write_parquet(part)
    table = Table(
        "Odd \"name'",
        [Input((part,), "/logs/it's.zip", frozenset({"Text", "Number", "_record", "_member"}))],
        {"Text": "string", "Number": "long", "Missing": "string", "When": "datetime"},
        rows=2,
    )
    (tmp_path / "secret.txt").write_text("secret")
    return Database({table.name: table}, views={}, spill=tmp_path / "spill")


def test_text_is_never_null_and_missing_columns_are_typed(database: Database) -> None:
    rows = database.run('SELECT * FROM "Odd ""name\'"')
    assert rows.columns == ["Text", "Number", "Missing", "When", "_file", "_record"]
    assert rows["Text"].to_list() == ["a", ""]
    assert rows["Number"].to_list() == [1, None]
    assert rows["Missing"].to_list() == ["", ""]
    assert rows.schema["When"] == pl.Datetime("us", "UTC")
    assert rows["_file"].to_list() == ["/logs/it's.zip", "/logs/it's.zip!x.json"]


def test_a_known_table_that_the_evidence_lacks_is_empty_and_typed(database: Database) -> None:
    rows = database.run("SELECT TimeGenerated, EventID, Account, _record FROM SecurityEvent")
    assert rows.height == 0
    assert rows.schema["TimeGenerated"] == pl.Datetime("us", "UTC")
    assert rows.schema["EventID"] == pl.Int32
    assert rows.schema["Account"] == pl.String


def test_an_unknown_table_is_an_error_with_the_nearest_name(database: Database) -> None:
    with pytest.raises(QueryError, match=r"SecurityEvents.*did you mean 'SecurityEvent'"):
        database.run("SELECT * FROM SecurityEvents")


@pytest.mark.parametrize(
    "text",
    [
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "ATTACH '{folder}/x.db'",
        "CREATE TABLE t AS SELECT 1",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '1GB'",
        "PRAGMA database_list",
        "EXPORT DATABASE '{folder}/out'",
        "DROP VIEW SecurityEvent",
        "SELECT 1; SELECT 2",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/out.csv'",
        "CALL pragma_version()",
        "",
        "SELEC 1",
        "SELECT * FROM read_text('{folder}/secret.txt')",
        "SELECT * FROM '{folder}/secret.txt'",
        "SELECT * FROM read_csv('{folder}/secret.txt')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM 'http://203.0.113.7/x.parquet'",
        "FROM query('COPY (SELECT 1) TO ''{folder}/out.csv''')",
    ],
)
def test_a_statement_cannot_reach_further_than_the_tables(
    database: Database, tmp_path: Path, text: str
) -> None:
    before = sorted(tmp_path.iterdir())
    with pytest.raises(QueryError):
        database.run(text.format(folder=tmp_path))
    assert sorted(tmp_path.iterdir()) == before


_OVER = "COPY (SELECT 1 AS forged) TO '{part}' (FORMAT parquet, USE_TMP_FILE false)"


@pytest.mark.parametrize(
    "text",
    [
        f"WITH x AS ({_OVER}) SELECT * FROM x",
        f"with x as materialized (/**/copy/**/ {_OVER[4:]}) select 1",
        f"WITH x AS ({_OVER.replace('{part}', '{spill}/out')}) SELECT * FROM x",
        (
            "SELECT * FROM json_execute_serialized_sql(json_serialize_sql($$WITH x AS (CO$$ || "
            f"$$PY{_OVER[4:]}) FROM x$$))"
        ),
        (
            """FROM main."Query"('FROM json_exe' || 'cute_serialized_sql(json_serialize_sql($$"""
            f"WITH x AS ({_OVER.replace(chr(39), chr(39) * 2)}) FROM x$$))')"
        ),
        "WITH x AS (DELETE FROM Odd) SELECT 1",
        "WITH x AS (INSERT INTO Odd VALUES (1)) SELECT 1",
        "FROM register_external_resource('a', 'b', 'c')",
    ],
)
def test_a_select_that_writes_is_refused(tmp_path: Path, text: str) -> None:
    part, spill = tmp_path / "part.parquet", tmp_path / "spill"
    pl.DataFrame({"a": [7], "_record": [1], "_member": [""]}).write_parquet(part)
    table = Table("Odd", [Input((part,), "/f", frozenset({"a"}))], {"a": "long"}, rows=1)
    spill.mkdir()
    before = part.read_bytes()
    with pytest.raises(QueryError, match=r"only statements that read|is not run"):
        Database({"Odd": table}, views={}, spill=spill).run(text.format(part=part, spill=spill))
    assert part.read_bytes() == before
    assert not list(spill.iterdir())


def test_the_list_of_tables_and_their_columns_can_be_asked(database: Database) -> None:
    assert database.run("SHOW TABLES").height == 1
    assert database.run('DESCRIBE "Odd ""name\'"').height == 6


def test_intervals_and_wide_sums_come_in_plain_types(database: Database) -> None:
    rows = database.run("SELECT INTERVAL 90 SECOND AS span, sum(n) AS total FROM range(5) r(n)")
    assert rows.schema == {"span": pl.Duration("us"), "total": pl.Int64}
    assert rows.row(0)[1] == 10


def test_values_are_bound_never_spliced(database: Database) -> None:
    rows = database.run("SELECT $v AS v", {"v": "x' OR '1'='1"})
    assert rows["v"].to_list() == ["x' OR '1'='1"]


def test_tables_are_given_when_a_text_holds_their_name_and_all_are_listed(tmp_path):
    frame = pl.DataFrame({"n": [1], "_member": [""], "_record": [1]})
    made = {}
    for name in ("First", "Second", 'Odd"one'):
        path = tmp_path / f"{len(made)}.parquet"
        frame.write_parquet(path)
        made[name] = Table(name, [Input((path,), "x", frozenset(frame.columns))], {"n": "long"})
    database = Database(made, views={"Third": 'SELECT * FROM "first"'}, spill=tmp_path / "spill")
    with contextlib.closing(database):
        assert database.run("SELECT n FROM second")["n"].to_list() == [1]
        assert database.run("SELECT n FROM Third")["n"].to_list() == [1]
        assert database.run('SELECT n FROM "Odd""one"')["n"].to_list() == [1]
        listed = database.run("SELECT table_name FROM information_schema.tables")
        assert set(listed["table_name"]) == {"First", "Second", "Third", 'Odd"one'}


def test_a_query_without_end_stops_at_an_interrupt(
    database: Database, interrupt: Callable[[], None]
) -> None:
    timer = threading.Timer(0.3, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        database.run("SELECT count(*) FROM range(100000000000), range(1000)")
    assert database.run("SELECT 1 AS a")["a"].to_list() == [1]
    database.close()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM range(10000000000)",
        "SELECT true FROM range(10000000000)",
        "SELECT repeat('x', 1000) FROM range(10000000000)",
        "SELECT CAST(range AS HUGEINT) FROM range(10000000000)",
    ],
)
def test_an_answer_that_memory_cannot_hold_is_refused(database: Database, text: str) -> None:
    database.max_result_bytes = 1_000_000
    with pytest.raises(ResultTooLarge, match=r"rows are more than 1 MB.*LIMIT.*-o FILE.parquet"):
        database.run(text)
    assert database.run("SELECT 1 AS a")["a"].to_list() == [1]
    database.close()


def test_the_pieces_of_an_answer_are_its_rows(database: Database) -> None:
    text = "SELECT range AS n, 'x' || range AS t FROM range(300_000)"
    pieces = list(database.pieces(text))
    assert len(pieces) > 1
    assert pl.concat(pieces).equals(database.run(text))
    [none] = database.pieces("SELECT 1 AS a, 'x' AS b WHERE false")
    assert none.schema == {"a": pl.Int32, "b": pl.String}
    [summed] = database.pieces("SELECT sum(range) AS s FROM range(3)")
    assert summed.schema == {"s": pl.Int64}


def test_an_answer_without_end_comes_in_pieces_and_can_be_left(database: Database) -> None:
    database.max_result_bytes = 1_000
    pieces = database.pieces("FROM range(10000000000)")
    assert next(pieces)["range"][0] == 0
    pieces.close()
    assert database.run("SELECT 1 AS a")["a"].to_list() == [1]
    database.close()


def test_a_fault_after_many_rows_is_said_as_one_before_them(database: Database) -> None:
    text = "SELECT CASE WHEN range = 500000 THEN error('bad') ELSE range END FROM range(1000000)"
    with pytest.raises(QueryError, match="Invalid Input Error: bad"):
        database.run(text)
    with pytest.raises(QueryError, match="Invalid Input Error: bad"):
        list(database.pieces(text))
