from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.kql import query
from huntkit.kql.language.errors import KqlUnsupported

START = datetime(2024, 1, 1, tzinfo=UTC)


def column(text, name, **tables):
    return query(text, frame="polars", **tables)[name].to_list()


def test_ranks_count_runs_or_rows_and_start_again():
    rows = pl.DataFrame({"g": ["a", "a", "a", "b", "b"], "v": [5, 5, 7, 7, 9]})
    text = "T | sort by g asc, v asc | extend r = {}(v, g != prev(g))"
    assert column(text.format("row_rank_dense"), "r", T=rows) == [1, 1, 2, 1, 2]
    assert column(text.format("row_rank_min"), "r", T=rows) == [1, 1, 3, 1, 2]


@given(st.lists(st.integers(0, 3), max_size=12))
def test_ranks_are_those_of_a_walk_through_the_rows(values):
    dense, least, before = [], [], None
    for place, value in enumerate(values, 1):
        new = place == 1 or value != before
        dense.append((dense[-1] if dense else 0) + 1 if new else dense[-1])
        least.append(place if new else least[-1])
        before = value
    rows = pl.DataFrame({"i": range(len(values)), "v": values}, schema={"i": int, "v": int})
    found = query(
        "T | sort by i asc | extend d = row_rank_dense(v), m = row_rank_min(v)",
        T=rows,
        frame="polars",
    )
    assert found["d"].to_list() == dense
    assert found["m"].to_list() == least


def sessions(minutes, longest, apart):
    rows = pl.DataFrame(
        {"t": [None if m is None else START + timedelta(minutes=m) for m in minutes]},
        schema={"t": pl.Datetime("us", "UTC")},
    ).with_row_index("i")
    text = f"T | sort by i asc | extend s = row_window_session(t, {longest}m, {apart}m)"
    found = column(text, "s", T=rows)
    return [None if each is None else (each - START) // timedelta(minutes=1) for each in found]


@pytest.mark.parametrize(
    ("minutes", "starts"),
    [
        ([0, 4, 8], [0, 0, 0]),
        ([0, 5], [0, 5]),  # as far apart as may not be
        ([0, 4, 8, 12], [0, 0, 0, 12]),  # as long as may not be
        ([0, None, 1], [0, None, 1]),
        ([], []),
    ],
)
def test_a_session_ends_by_its_length_or_a_pause(minutes, starts):
    assert sessions(minutes, 12, 5) == starts


def test_sessions_of_each_group_are_apart():
    rows = pl.DataFrame(
        {"u": ["a", "b", "a", "b"], "t": [START + timedelta(minutes=m) for m in (0, 1, 3, 30)]}
    )
    text = (
        "T | partition by u (sort by t asc | extend s = row_window_session(t, 1h, 5m)) | sort by t"
    )
    found = query(text, T=rows, frame="polars")
    assert [(each - START).seconds // 60 for each in found["s"]] == [30, 0, 1, 0]


def test_distances_of_sessions_are_constants():
    with pytest.raises(KqlUnsupported, match="not constant"):
        query(
            "T | sort by t | extend s = row_window_session(t, d, 1h)",
            T=pl.DataFrame({"t": [START], "d": [timedelta(1)]}),
        )
