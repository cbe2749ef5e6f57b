from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.charts.axes import axis
from huntkit.core.errors import UsageError


@given(st.lists(st.sampled_from(["a", "b", "c", "d", "e"]) | st.none(), max_size=30))
def test_every_text_has_a_place_whose_name_is_its_own_or_the_others(
    texts: list[str | None],
) -> None:
    found = axis(pl.Series("t", texts, dtype=pl.String), most=3, fold=True)
    if found.names is None:
        assert all(text is None for text in texts)
        return
    for text, place in zip(texts, found.values.to_list(), strict=True):
        name = found.names[int(place)]
        assert name == (text or "(empty)") or name.endswith(" others")
    others = [name for name in found.names if name.endswith(" others")]
    different = len(set(texts))
    assert len(others) == (different > 4)


def test_numbers_and_times_are_told_apart_from_texts() -> None:
    assert axis(pl.Series(["1", "2.5", None]), most=3).values.to_list() == [1.0, 2.5, None]
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    times = axis(pl.Series(["2026-03-01T00:00:00Z"]), most=3)
    assert times.is_time
    assert times.values.to_list() == [moment.timestamp() * 1000]
    assert axis(pl.Series([moment]), most=3).values.to_list() == times.values.to_list()
    assert axis(pl.Series([True, False]), most=3).names == ["false", "true"]
    assert axis(pl.Series([float("nan"), 1.0]), most=3).values.to_list() == [None, 1.0]
    assert axis(pl.Series([["x"], ["y"]]), most=3).names == ['["x"]', '["y"]']


def test_too_many_texts_are_refused_or_folded() -> None:
    many = pl.Series("t", [f"v{i:02}" for i in range(20)])
    with pytest.raises(UsageError, match="20 different texts"):
        axis(many, most=5)
    folded = axis(many, most=5, fold=True)
    assert folded.names == ["v00", "v01", "v02", "v03", "v04", "15 others"]
