from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.charts import timeline_duration
from huntkit.charts.kinds.timeline_duration import TRACKS
from huntkit.core.errors import UnknownColumn, UsageError

START = datetime(2026, 3, 1, 10, tzinfo=UTC)


def at(minute: int | None) -> datetime | None:
    return None if minute is None else START + timedelta(minutes=minute)


def spans(*rows: tuple[str, int | None, int | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "User": [row[0] for row in rows],
            "Start": [at(row[1]) for row in rows],
            "End": [at(row[2]) for row in rows],
        },
        schema_overrides={"Start": pl.Datetime("us", "UTC"), "End": pl.Datetime("us", "UTC")},
    )


def test_lanes_stand_in_order_of_their_first_start() -> None:
    chart = timeline_duration(spans(("b", 5, 9), ("a", 7, 8), ("b", 10, 12)), group_by="User")
    assert [lane["name"] for lane in chart.spec["lanes"]] == ["b", "a"]
    assert chart.table[1:] == (
        ("b", "2", "2026-03-01 10:05:00", "2026-03-01 10:12:00"),
        ("a", "1", "2026-03-01 10:07:00", "2026-03-01 10:08:00"),
    )
    assert chart.summary == "3 spans in 2 lanes (User), 2026-03-01 10:05:00 to 10:12:00 UTC."


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 30), st.integers(0, 9)), max_size=25)
)
def test_spans_beside_one_another_never_overlap(rows: list[tuple[str, int, int]]) -> None:
    chart = timeline_duration(
        spans(*((name, start, start + length) for name, start, length in rows)), group_by="User"
    )
    drawn = zip(
        chart.blobs["lanes"],
        chart.blobs["tracks"],
        chart.data["Start"].to_list(),
        chart.data["End"].to_list(),
        strict=True,
    )
    tracks: dict[tuple[int, int], list[tuple[Any, Any]]] = {}
    for lane, track, start, end in drawn:
        assert track < chart.spec["lanes"][lane]["tracks"]
        tracks.setdefault((lane, track), []).append((start, end))
    if all(lane["tracks"] < TRACKS for lane in chart.spec["lanes"]):
        for found in tracks.values():
            assert all(a[1] <= b[0] for a, b in pairwise(found))


def test_what_has_no_end_runs_on_and_what_ends_first_is_counted() -> None:
    frame = spans(("a", 0, None), ("a", 5, 20), ("a", 9, 1), ("a", None, 3))
    chart = timeline_duration(frame, group_by="User")
    assert chart.data.height == 2
    assert chart.data["End"].to_list() == [None, at(20)]
    assert list(chart.blobs["open"]) == [1, 0]
    assert chart.spec["lanes"][0]["last"] == "2026-03-01 10:20:00"
    assert "1 span has no end seen." in chart.summary
    assert "1 row without a usable start not drawn." in chart.summary
    assert "1 row not drawn: the end is before the start." in chart.summary


def test_without_ends_a_lane_reaches_from_its_first_to_its_last_event() -> None:
    frame = spans(("a", 0, 9), ("a", 5, 9), ("b", 7, 9)).drop("End")
    chart = timeline_duration(frame, group_by="User")
    assert chart.spec["moments"]
    assert chart.summary.startswith("3 events in 2 lanes (User)")
    assert chart.table[1] == ("a", "2", "2026-03-01 10:00:00", "2026-03-01 10:05:00")
    assert chart.data.columns == ["Start", "User"]


def test_groups_beyond_the_biggest_share_the_last_lane() -> None:
    rows = [(f"u{i:02}", 100 - i, 200) for i in range(9)] + [("big", 200, 201)] * 2
    chart = timeline_duration(spans(*rows), group_by="User", max_lanes=2)
    assert [lane["name"] for lane in chart.spec["lanes"]] == ["u00", "big", "8 others"]
    assert sum(lane["count"] for lane in chart.spec["lanes"]) == 11
    assert "The last lane holds 8 others." in chart.summary


def test_very_many_spans_that_nearly_touch_become_one_bar_that_counts_them() -> None:
    size = 60_000
    frame = pl.DataFrame({"i": pl.int_range(size, eager=True)}).select(
        Start=(pl.col("i") * 1_000_000).cast(pl.Datetime("us", "UTC")),
        End=(pl.col("i") * 1_000_000 + 900_000).cast(pl.Datetime("us", "UTC")),
    )
    late = pl.DataFrame({"Start": [datetime(1970, 1, 3, tzinfo=UTC)], "End": [None]}).cast(
        dict(frame.schema)  # type: ignore[arg-type]
    )
    chart = timeline_duration(pl.concat([frame, late]))
    assert chart.data.height == size + 1
    assert chart.spec["events"] == 2
    assert "drawn as one: 2 bars" in chart.summary
    assert list(chart.blobs["open"]) == [0, 1]


@pytest.mark.parametrize("name", ["group_by", "time_column", "end_time_column", "source_columns"])
def test_unknown_columns_are_refused(name: str) -> None:
    with pytest.raises(UnknownColumn):
        timeline_duration(spans(("a", 0, 1)), **{name: "Usr"})


def test_wrong_lanes_and_an_end_that_is_no_time_are_refused() -> None:
    with pytest.raises(UsageError):
        timeline_duration(spans(("a", 0, 1)), max_lanes=0)
    with pytest.raises(UsageError, match="end_time_column="):
        timeline_duration(spans(("a", 0, 1)), time_column="Start", end_time_column="User")


@pytest.mark.parametrize("empty", [pl.DataFrame(), spans(), spans(("a", None, None))])
def test_nothing_to_draw_says_so(empty: pl.DataFrame) -> None:
    chart = timeline_duration(empty)
    assert chart.spec["events"] == 0
    assert chart.summary.startswith("No ")


def test_the_same_table_gives_the_same_page() -> None:
    frame = spans(("b", 0, 9), ("a", 0, 9), ("c", 0, 9))
    assert len({timeline_duration(frame, group_by="User").to_html() for _ in range(3)}) == 1
