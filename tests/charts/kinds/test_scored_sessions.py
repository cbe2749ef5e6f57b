from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.charts import scored_sessions
from huntkit.core.errors import UnknownColumn, UsageError

START = datetime(2026, 3, 1, 10, tzinfo=UTC)


def sessions(scores: list[Any], **more: list[Any]) -> pl.DataFrame:
    begun = [START + timedelta(hours=i) for i in range(len(scores))]
    return pl.DataFrame(
        {
            "User": [f"u{i}" for i in range(len(scores))],
            "time_min": begun,
            "time_max": begun,
            "rarest_window3_likelihood": scores,
            "rarest_window3": ["a,b,c"] * len(scores),
            **more,
        },
        schema_overrides={"rarest_window3_likelihood": pl.Float64},
    )


@given(st.lists(st.sampled_from([0.5, 0.1, 0.01, 0.001, None]), max_size=12), st.integers(0, 6))
def test_the_least_likely_stand_out_and_equal_ones_do_so_together(
    scores: list[float | None], rarest: int
) -> None:
    chart = scored_sessions(sessions(scores), rarest=rarest)
    rows = chart.data.select("rarest_window3_likelihood", "rarity").rows()
    out = [score for score, group in rows if group != "others"]
    rest = [score for score, group in rows if group == "others"]
    assert len(out) <= rarest
    assert not out or not rest or max(out) < min(rest)
    assert len(rows) == len([score for score in scores if score is not None])


def test_the_rarest_come_first_in_the_colour_of_alarm() -> None:
    chart = scored_sessions(sessions([0.5, 0.001, 0.4]), rarest=1)
    assert [(g["name"], g["alarm"]) for g in chart.spec["groups"]] == [
        ("the 1 rarest", True),
        ("others", False),
    ]
    assert list(chart.blobs["lanes"]) == [1, 0, 1]
    assert chart.summary.startswith("3 sessions by rarest_window3_likelihood in 2 groups (rarity)")
    assert "rarest_window3" in chart.data.columns


def test_the_callers_columns_win() -> None:
    frame = sessions([0.5, 0.1], mine=[1.0, 2.0], when=[START - timedelta(days=3)] * 2)
    chart = scored_sessions(frame, score_column="mine", time_column="when", source_columns="User")
    assert "from 1 to 2" in chart.summary
    assert "2026-02-26" in chart.summary
    assert chart.data.columns == ["when", "mine", "rarity", "User"]


def test_what_has_no_likelihood_is_refused() -> None:
    with pytest.raises(UsageError, match="score_column="):
        scored_sessions(pl.DataFrame({"time_min": [START]}))
    with pytest.raises(UsageError):
        scored_sessions(sessions([0.1]), rarest=-1)
    with pytest.raises(UnknownColumn):
        scored_sessions(sessions([0.1]), score_column="likelyhood")
