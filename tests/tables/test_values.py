import copy
import datetime as dt
import decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.tables import as_kind, to_polars

KINDS = ["pandas", "polars", "lazy", "arrow", "record_batch", "duckdb"]
UTC_US = pl.Datetime("us", "UTC")


hostile_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=4)
    | st.datetimes(timezones=st.none() | st.just(dt.UTC))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals()
    | st.uuids()
    | st.fractions()
    | st.complex_numbers()
    | st.just(pd.NaT)
    | st.just(pd.NA)
    | st.just(np.float32(1.5))
    | st.just(np.array([1, 2])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(values=st.lists(hostile_values, max_size=6))
def test_any_python_values_make_a_column_that_goes_round(values: list[Any]) -> None:
    column = np.empty(len(values), dtype=object)
    column[:] = values or []
    for place, value in enumerate(values):
        column[place] = value
    frame = pd.DataFrame({"a": pd.Series(column, dtype=object)})
    inner = to_polars(frame)
    assert inner.height == len(values)
    assert inner["a"].dtype != pl.Object
    missing = sum(value is None or value is pd.NaT or value is pd.NA for value in values)
    assert inner["a"].null_count() >= missing
    for kind in KINDS:
        assert to_polars(as_kind(inner, kind)).height == len(values)


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(
        st.none()
        | st.text(max_size=4)
        | st.integers(-(2**70), 2**70)
        | st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
        min_size=1,
        max_size=6,
    )
)
def test_mixed_values_become_text_and_none_is_dropped(values: list[Any]) -> None:
    column = to_polars(pd.DataFrame({"a": pd.Series(values, dtype=object)}))["a"]
    assert column.is_null().to_list() == [value is None for value in values]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, "x", None, float("nan")], ["1", "x", None, None]),
        ([True, 0], ["True", "0"]),
        ([1, 2.5, None], [1.0, 2.5, None]),
        ([2**60 + 1, 0.5], [str(2**60 + 1), "0.5"]),
        ([2**80, 1], [str(2**80), "1"]),
        (["\ud800x", None], ["\\ud800x", None]),
        ([b"\xffa", "a"], ["\\xffa", "a"]),
        ([{"a": 1}, {"a": 2}, None], [{"a": 1}, {"a": 2}, None]),
        ([{"a": 1}, {"b": 2}], ['{"a": 1}', '{"b": 2}']),
        ([{"a": [1, "x"]}, {"a": []}], ['{"a": [1, "x"]}', '{"a": []}']),
        ([["a"], None, ["b", None]], [["a"], None, ["b", None]]),
        ([["a"], "a"], ['["a"]', "a"]),
        ([{1: 2}], ['{"1": 2}']),
        ([{"a"}], ['["a"]']),
        ([decimal.Decimal("1.50"), None], [decimal.Decimal("1.50"), None]),
        ([dt.date(2020, 1, 1), dt.datetime(2020, 1, 1)], ["2020-01-01", "2020-01-01T00:00:00"]),
        ([dt.date(2020, 1, 1), None], [dt.date(2020, 1, 1), None]),
    ],
)
def test_object_columns_keep_their_values_or_become_text(
    values: list[Any], expected: list[Any]
) -> None:
    before = copy.deepcopy(values)
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object)})
    assert to_polars(frame)["a"].to_list() == expected
    assert repr(frame["a"].tolist()) == repr(pd.Series(before, dtype=object).tolist())


def test_a_thousand_different_keys_do_not_make_a_thousand_columns() -> None:
    rows = [{f"k{n}": n} for n in range(1000)]
    inner = to_polars(pd.DataFrame({"a": pd.Series(rows, dtype=object)}))
    assert inner.schema == {"a": pl.String}


def test_deep_nesting_is_text_and_does_not_overflow() -> None:
    value: Any = "x"
    for _ in range(3000):
        value = [value]
    inner = to_polars(pd.DataFrame({"a": pd.Series([value], dtype=object)}))
    assert inner["a"].dtype == pl.String
