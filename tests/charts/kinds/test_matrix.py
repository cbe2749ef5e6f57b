from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.charts import matrix
from huntkit.core.errors import UnknownColumn, UsageError


def table(*pairs: tuple[Any, Any], **more: list[Any]) -> pl.DataFrame:
    data = {"Host": [a for a, _ in pairs], "User": [b for _, b in pairs], **more}
    return pl.DataFrame(data, strict=False)


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("xyz")), max_size=40))
def test_every_row_is_counted_in_exactly_one_cell(pairs: list[tuple[str, str]]) -> None:
    chart = matrix(table(*pairs), x="Host", y="User")
    found = {(host, user): count for host, user, count in chart.data.iter_rows()}
    assert found == dict(Counter(pairs))


def test_biggest_groups_come_first_and_small_ones_share_the_last() -> None:
    pairs = [(f"h{i}", "u") for i in range(6) for _ in range(i + 1)]
    chart = matrix(table(*pairs), x="Host", y="User", max_groups=3)
    assert chart.spec["xs"] == ["h5", "h4", "h3", "3 others"]
    assert chart.spec["rest_x"]
    assert not chart.spec["rest_y"]
    assert dict(zip(chart.data["Host"], chart.data["rows"], strict=True))["3 others"] == 6
    assert chart.spec["scale"]["low"] == 4  # the others do not set the scale
    assert "The last column holds 3 others." in chart.summary


def test_names_may_set_the_order_numbers_by_size() -> None:
    pairs = [("10", "u"), ("10", "u"), ("9", "u"), ("b", "u")]
    assert matrix(table(*pairs), x="Host", y="User", sort="name").spec["xs"] == ["9", "10", "b"]


def test_a_column_is_summed_up_or_its_different_values_are_counted() -> None:
    frame = table(("a", "u"), ("a", "u"), ("b", "u"), n=[1.5, 1.5, None], t=["p", "q", "p"])
    summed = matrix(frame, x="Host", y="User", value_column="n")
    assert summed.data.rows() == [("a", "u", 3.0)]
    counted = matrix(frame, x="Host", y="User", value_column="t", distinct=True)
    assert sorted(counted.data.rows()) == [("a", "u", 2), ("b", "u", 1)]
    with pytest.raises(UsageError, match="no numbers"):
        matrix(frame, x="Host", y="User", value_column="t")


def test_missing_values_are_a_group_and_the_same_column_may_be_both_axes() -> None:
    chart = matrix(table(("a", None), ("", "u")), x="Host", y="Host")
    assert sorted(chart.spec["xs"]) == ["(empty)", "a"]
    assert chart.data.height == 2


def test_colours_follow_powers_where_numbers_differ_widely() -> None:
    pairs = [("big", "u")] * 500 + [(f"h{i}", "u") for i in range(20)]
    assert matrix(table(*pairs), x="Host", y="User").spec["scale"]["log"]
    assert not matrix(table(*pairs), x="Host", y="User", log_scale=False).spec["scale"]["log"]
    negative = table(("a", "u"), ("b", "u"), n=[-1, 5])
    assert not matrix(negative, x="Host", y="User", value_column="n", log_scale=True).spec["scale"][
        "log"
    ]


def test_the_largest_cells_are_listed_for_readers() -> None:
    chart = matrix(table(("a", "u"), ("a", "u"), ("b", "v")), x="Host", y="User")
    assert chart.table == (("User", "Host", "rows"), ("u", "a", "2"), ("v", "b", "1"))
    assert "most rows: u and a (2)" in chart.summary


@pytest.mark.parametrize(
    "wrong", [{"show": "x"}, {"sort": "x"}, {"max_groups": 0}, {"distinct": True}]
)
def test_wrong_arguments_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        matrix(table(("a", "u")), x="Host", y="User", **wrong)


@pytest.mark.parametrize("name", ["x", "y", "value_column"])
def test_unknown_columns_are_refused(name: str) -> None:
    with pytest.raises(UnknownColumn):
        matrix(table(("a", "u")), **{"x": "Host", "y": "User", name: "Usr"})


def test_nothing_to_draw_says_so() -> None:
    chart = matrix(table(), x="Host", y="User")
    assert chart.summary == "No rows to draw."
    assert chart.spec["cells"] == 0


def test_the_page_carries_no_library_and_is_the_same_every_time() -> None:
    frame = table(("a", "u"), ("b", "u"), ("a", "v"))
    pages = {matrix(frame, x="Host", y="User").to_html() for _ in range(3)}
    assert len(pages) == 1
    assert len(pages.pop()) < 40_000
