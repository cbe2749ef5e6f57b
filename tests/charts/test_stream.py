import struct
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.charts import stream


def read(form: dict[str, Any], content: bytes, count: int) -> list[float]:
    """What the page reads, written anew from the description in `stream.numbers`."""
    planes = [content[i * count : (i + 1) * count] for i in range(len(content) // max(count, 1))]
    rows = [bytes(plane[i] for plane in planes) for i in range(count)]
    if form["float"]:
        return [struct.unpack("<d" if form["float"] == 8 else "<f", row)[0] for row in rows]
    return [(form["base"] + int.from_bytes(row, "little")) / form["scale"] for row in rows]


@given(st.lists(st.integers(-(2**50), 2**50), max_size=30))
def test_integers_reach_the_page_exactly(values: list[int]) -> None:
    form, content = stream.numbers(pl.Series(values, dtype=pl.Int64))
    assert read(form, content, len(values)) == values
    assert form["float"] == 0


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=30))
def test_numbers_reach_the_page_exactly(values: list[float]) -> None:
    form, content = stream.numbers(pl.Series(values, dtype=pl.Float64))
    assert read(form, content, len(values)) == values


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=30))
def test_decimals_are_packed_as_integers(values: list[int]) -> None:
    decimals = [value / 100 for value in values]
    form, content = stream.numbers(pl.Series(decimals))
    assert form["float"] == 0
    assert read(form, content, len(values)) == decimals


def test_very_many_long_numbers_are_rounded_to_seven_digits() -> None:
    values = pl.Series([1 / (i + 3) for i in range(stream.FEW + 1)])
    form, content = stream.numbers(values)
    assert form["float"] == 4
    assert read(form, content, len(values))[:9] == pytest.approx(values[:9].to_list(), rel=1e-7)


def test_integers_too_large_for_a_page_become_floats() -> None:
    form, content = stream.numbers(pl.Series([2**62, 1]))
    assert read(form, content, 2) == [float(2**62), 1.0]
