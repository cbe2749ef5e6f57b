from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.charts import parallel
from huntkit.core.errors import UnknownColumn, UsageError

START = datetime(2026, 3, 1, tzinfo=UTC)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("xyz")), min_size=1, max_size=30))
def test_rows_that_are_alike_are_one_line_that_counts_them(rows: list[tuple[int, str]]) -> None:
    frame = pl.DataFrame(rows, schema=["n", "t"], orient="row")
    chart = parallel(frame, columns=["n", "t"])
    assert {(n, t): count for n, t, count in chart.data.iter_rows()} == dict(Counter(rows))


def test_numbers_are_drawn_in_steps_and_none_is_lost() -> None:
    frame = pl.DataFrame({"n": [i / 7 for i in range(5_000)], "t": ["a"] * 5_000})
    chart = parallel(frame, columns=["n", "t"])
    assert chart.spec["lines"] == 251
    assert chart.data["rows"].sum() == 5_000
    assert (chart.data["n"].min(), chart.data["n"].max()) == (0, 4_999 / 7)


def test_rare_texts_share_a_place_and_groups_a_colour() -> None:
    frame = pl.DataFrame({"t": [f"v{i:03}" for i in range(50)], "n": [1] * 50})
    chart = parallel(frame, columns=["t", "n"], group_by="t", max_groups=3)
    assert chart.spec["axes"][0]["names"][-1] == "20 others"
    assert chart.spec["groups"][-1]["name"] == "47 others"
    assert chart.data.filter(pl.col("t") == "20 others")["rows"].sum() == 20


def test_times_are_an_axis() -> None:
    frame = pl.DataFrame({"when": [START, START + timedelta(days=1)], "t": ["a", "b"]})
    chart = parallel(frame, columns=["when", "t"])
    assert chart.spec["axes"][0]["time"]
    assert chart.data["when"].to_list() == [START, START + timedelta(days=1)]


def test_the_columns_taken_tell_something() -> None:
    frame = pl.DataFrame(
        {
            "_file": ["a"] * 40,
            "same": ["x"] * 40,
            "key": [f"k{i}" for i in range(40)],
            "n": list(range(40)),
            "kind": ["p", "q"] * 20,
        }
    )
    assert [axis["name"] for axis in parallel(frame).spec["axes"]] == ["n", "kind"]


def test_rows_that_lack_a_value_are_counted() -> None:
    frame = pl.DataFrame({"n": [1, None, 3], "t": ["a", "b", "c"]})
    assert "1 row that lack a value not drawn." in parallel(frame, columns=["n", "t"]).summary
    nothing = parallel(frame.clear(), columns=["n", "t"])
    assert (nothing.spec["lines"], nothing.summary) == (0, "No rows to draw.")


@pytest.mark.parametrize("wrong", [{"columns": ["n"]}, {"max_groups": 0}, {"columns": []}])
def test_wrong_arguments_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        parallel(pl.DataFrame({"n": [1], "t": ["a"]}), **wrong)


def test_too_many_lines_and_unknown_columns_are_refused() -> None:
    size = 30_000
    spread = [pl.Series(f"c{i}", [(n * (7 + 12 * i)) % 251 for n in range(size)]) for i in range(3)]
    with pytest.raises(UsageError, match="different lines"):
        parallel(pl.DataFrame([*spread, pl.Series("d", [n // 120 for n in range(size)])]))
    with pytest.raises(UnknownColumn):
        parallel(pl.DataFrame({"n": [1], "t": ["a"]}), columns=["n", "x"])
    with pytest.raises(UnknownColumn):
        parallel(pl.DataFrame({"n": [1], "t": ["a"]}), group_by="x")
