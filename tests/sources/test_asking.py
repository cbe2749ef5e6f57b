"""Answers of pieces and connections are put together without losing or changing anything."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from huntkit.core.errors import QueryError
from huntkit.core.timespan import TimeSpan
from huntkit.runtime.session import Session
from huntkit.sources.asking import Manner, ask
from huntkit.sources.connection import Connection, Question
from huntkit.sources.driver import Answer, Driver, Nothing, Request
from huntkit.sources.queries.definition import Query
from huntkit.sources.queries.rendered import Rendered
from huntkit.sources.rowwise import Order

ZERO = datetime(2024, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Given(Driver):
    """Gives one table after another."""

    environments: ClassVar[Any] = {"Given": ()}
    language = "kql"
    tables: ClassVar[list[pa.Table]] = []

    def run(self, request: Request) -> Answer:
        if not self.tables:
            raise QueryError("nothing is left")
        return Answer(table=self.tables.pop(0))

    def schema(self) -> dict[str, dict[str, str]]:
        return {}


def question(span: TimeSpan) -> Question:
    def words(asked: TimeSpan | None) -> Rendered:
        return Rendered(
            query=Query(name="q", text="T"), language="kql", text="T", declared="T",
            constants={}, properties={}, parameters={}, span=asked,
        )  # fmt: skip

    return Question(name="", words=words, span=span)


def rows(*tables: pa.Table, orders: tuple[Order, ...] = ()) -> list[dict[str, Any]]:
    Given.tables = list(tables)
    connection = Connection("Default", Given("Given", Nothing(), Session()), None)
    connection.connect()
    pieces = [TimeSpan(ZERO + n * HOUR, ZERO + (n + 1) * HOUR) for n in range(len(tables))]
    whole = TimeSpan(ZERO, ZERO + len(tables) * HOUR)
    result = ask([connection], question(whole), Manner(pieces=pieces, orders=orders))
    assert result.origin.rows == result.rows.height
    return result.rows.to_dicts()


def test_columns_that_a_piece_lacks_are_null_there() -> None:
    found = rows(pa.table({"a": [1]}), pa.table({"a": [2], "b": ["x"]}))
    assert found == [{"a": 1, "b": None}, {"a": 2, "b": "x"}]


def test_a_piece_without_any_columns_changes_nothing() -> None:
    assert rows(pa.table({}), pa.table({"a": [1]}), pa.table({})) == [{"a": 1}]
    assert rows(pa.table({}), pa.table({})) == []


def test_a_column_of_nothing_but_nulls_takes_the_type_of_the_others() -> None:
    found = rows(pa.table({"a": pa.array([None], pa.null())}), pa.table({"a": [2**60]}))
    assert found == [{"a": None}, {"a": 2**60}]


def test_numbers_and_text_in_one_column_become_text_and_none_is_lost() -> None:
    found = rows(pa.table({"a": [2**60], "b": [1]}), pa.table({"a": ["x"], "b": [2]}))
    assert found == [{"a": str(2**60), "b": 1}, {"a": "x", "b": 2}]


def test_the_order_is_that_of_the_whole_query_with_nulls_in_their_place() -> None:
    tables = [pa.table({"a": [1, 3], "b": ["x", "y"]}), pa.table({"a": [2, None], "b": ["p", "q"]})]
    down = (Order("a", ascending=False, nulls_first=False),)
    assert [each["a"] for each in rows(*tables, orders=down)] == [3, 2, 1, None]
    up = (Order("a", ascending=True, nulls_first=True),)
    assert [each["a"] for each in rows(*tables, orders=up)] == [None, 1, 2, 3]
    assert [each["a"] for each in rows(*tables)] == [1, 3, 2, None]


def test_nothing_at_all_is_the_sources_error() -> None:
    Given.tables = []
    connection = Connection("Default", Given("Given", Nothing(), Session()), None)
    connection.connect()
    with pytest.raises(QueryError, match="nothing is left"):
        ask([connection], question(TimeSpan(ZERO, ZERO + HOUR)), Manner())
