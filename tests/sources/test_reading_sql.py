"""Statements that only read."""

import duckdb
import pytest

from huntkit.core.errors import QueryError
from huntkit.sources.errors import QueryRefused
from huntkit.sources.reading_sql import reading_statement


@pytest.mark.parametrize(
    "text",
    [
        """SELECT '"type":"COPY_QUERY_NODE" "function_name":"query"' AS "query" """,
        """SELECT 1 AS "type"":""COPY_QUERY_NODE" """,
        "SELECT copy, query FROM (VALUES (1, 2)) AS t(copy, query)",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) FROM r",
        "FROM query_table('duckdb_tables')",
        "DESCRIBE SELECT 1",
        "SELECT " + " + ".join(["1"] * 900),
    ],
)
def test_what_only_reads_is_let_through_whatever_it_says(text: str) -> None:
    with duckdb.connect() as connection:
        statement = reading_statement(connection, text)
        assert connection.sql(statement).columns


@pytest.mark.parametrize(
    "text",
    [
        "", "SELECT '\ud800'", "SELEC", "SELECT 1; SELECT 2", "PRAGMA database_list",
        "EXPLAIN SELECT 1",
        "WITH x AS (COPY (SELECT 1) TO 'f') FROM x", "WITH x AS (UPDATE t SET a = 1) SELECT 1",
        "FROM QUERY('SELECT 1')", "SELECT * FROM json_execute_serialized_sql('{}')",
        "SELECT " + "(" * 3000 + "1" + ")" * 3000,
    ],
)  # fmt: skip
def test_all_else_is_refused_by_the_callers_error(text: str) -> None:
    with duckdb.connect() as connection, pytest.raises(QueryRefused):
        reading_statement(connection, text, refusal=QueryRefused)
    assert issubclass(QueryRefused, QueryError)
