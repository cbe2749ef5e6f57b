"""Columns of any type as text, in slices of bounded size."""

import pandas as pd
import polars as pl
import pytest

from huntkit.core.errors import UsageError
from huntkit.extract import texts
from huntkit.extract.texts import also_one_text, batches, columns_to_search, text_of


def test_values_of_any_type_become_text_and_nulls_stay():
    frame = pl.DataFrame(
        {
            "text": ["a", None],
            "number": [1, None],
            "list": [["x", None], None],
            "struct": [{"a": 1}, None],
            "bytes": [b"\xffz", None],
        },
        schema_overrides={"bytes": pl.Binary},
    )
    first = {name: text_of(frame[name])[0] for name in frame.columns}
    assert first == {
        "text": "a",
        "number": "1",
        "list": '["x", null]',
        "struct": '{"a": 1}',
        "bytes": "\\xffz",
    }
    assert all(text_of(frame[name])[1] is None for name in frame.columns)


def test_slices_are_bounded_in_order_and_complete(monkeypatch):
    monkeypatch.setattr(texts, "_BATCH_BYTES", 10)
    column = pl.Series(["abcd", None, "efgh", "ijklmnopqrstuvwxyz", "", "é" * 6])
    parts = list(batches(column))
    assert pl.concat([part for _, part in parts]).to_list() == column.to_list()
    assert len(parts) > 2
    for start, part in parts:
        assert column[start] == part[0]
        sizes = part.str.len_bytes().fill_null(0)
        assert sizes.sum() - sizes.max() <= 10  # one long text alone may go beyond
    assert list(batches(column.head(0))) == []


def test_the_columns_to_search_are_the_named_or_all_text_but_our_own():
    frame = pl.DataFrame({"a": ["x"], "n": [1], "_file": ["f"], "b": [None]})
    frame = frame.with_columns(pl.col("b").cast(pl.String))
    assert columns_to_search(frame, None) == ["a", "b"]
    assert columns_to_search(frame, "_file") == ["_file"]
    assert columns_to_search(frame, ("b", "a", "b")) == ["b", "a"]
    with pytest.raises(UsageError, match=r"no column to search.*one or more of: n"):
        columns_to_search(frame.select("n"), None)
    with pytest.raises(UsageError, match="no column to search"):
        columns_to_search(frame, [])


def test_one_text_is_searched_as_a_frame_and_half_surrogates_are_marked():
    @also_one_text
    def step(data, columns, **options):
        return data.with_columns(seen=pl.lit(columns), **options)

    found = step("a\ud800b", more=pl.lit(1))
    assert isinstance(found, pd.DataFrame)
    assert found.iloc[0].to_list() == ["a\\ud800b", "text", 1]
    frame = pl.DataFrame({"text": ["x"]})
    assert step(frame, "other")["seen"].to_list() == ["other"]
    with pytest.raises(UsageError, match="one text has no columns"):
        step("a", "text")
