"""Which number of a date is the day: what values tell, and what somebody said."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.tables.dates import DayOrder


def settled(order: DayOrder, *texts: str) -> list[str]:
    return order.settle("when", pl.Series(texts))[0].to_list()


def test_what_was_said_goes_before_what_values_tell() -> None:
    texts = ["25/12/2020", "05/12/2020"]
    assert settled(DayOrder(day_first=False), *texts) == ["12/25/2020", "05/12/2020"]
    assert settled(DayOrder(day_first=True), "12/25/2020", "05/12/2020") == [
        "12/25/2020", "12/05/2020",
    ]  # fmt: skip


@pytest.mark.parametrize("day_first", [True, False])
def test_what_was_said_leaves_no_doubt(day_first: bool) -> None:
    text = pl.Series(["05/12/2020", "06-12-2020 10:00"])
    assert DayOrder(day_first=day_first).settle("when", text)[1] is None


def test_a_column_that_was_read_before_is_read_as_was_said() -> None:
    order = DayOrder(day_first=True)
    settled(order, "12/25/2020")
    assert settled(order, "05/12/2020") == ["12/05/2020"]


@pytest.mark.parametrize(
    ("day_first", "texts", "is_so"),
    [
        (None, ["25/12/2020", "12/25/2020"], True),
        (None, ["25/12/2020", "05/12/2020"], False),
        (True, ["12/25/2020"], True),
        (True, ["25/12/2020"], False),
        (False, ["12/25/2020"], False),
        (False, ["25/12/2020"], True),
        (None, [], False),
    ],
)
def test_contradictions_are_known(day_first: bool | None, texts: list[str], is_so: bool) -> None:
    order = DayOrder(day_first=day_first)
    order.settle("when", pl.Series(texts, dtype=pl.String))
    assert order.contradicts("when") is is_so
    assert not order.contradicts("other")


def test_an_order_is_open_as_long_as_a_date_can_be_read_both_ways() -> None:
    order = DayOrder()
    order.hear("when", pl.Series(["05/12/2020"]))
    assert order.is_open
    assert not order.is_shown("when")
    order.hear("when", pl.Series(["25/12/2020"]))
    assert not order.is_open
    assert order.is_shown("when")


@given(st.lists(st.text(alphabet="0123/ :APMapm,٣", max_size=12) | st.just(""), max_size=8))
@settings(max_examples=50, deadline=None)
def test_any_texts_are_taken(values: list[str]) -> None:
    text = pl.Series("t", values, dtype=pl.String)
    found, doubtful = DayOrder().settle("t", text)
    assert len(found) == len(text)
    assert sorted("".join(found.to_list())) == sorted("".join(values))
    assert doubtful is None or len(doubtful) == len(text)
