import json
import zlib
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.charts import timeline
from huntkit.charts.chart import Chart
from huntkit.core.errors import UnknownColumn, UsageError

START = datetime(2026, 3, 1, 10, tzinfo=UTC)


def table(count: int, **more: list[object]) -> pl.DataFrame:
    moments = [START + timedelta(seconds=i) for i in range(count)]
    return pl.DataFrame({"TimeGenerated": moments, **more})


def times_of(chart: Chart) -> list[int]:
    """The times as the page will read them, in microseconds."""
    deltas = chart.blobs["deltas"]
    count = chart.spec["events"]
    total, out = 0, []
    for i in range(count):
        total += int.from_bytes(deltas[i::count], "little")
        out.append(chart.spec["first_us"] + total * chart.spec["unit_us"])
    return out


@given(st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), min_size=1, max_size=40))
def test_every_time_reaches_the_page_unchanged_and_in_order(moments: list[datetime]) -> None:
    chart = timeline(pl.DataFrame({"time": moments}), time_column="time")
    expected = sorted(int((m - datetime(1970, 1, 1)) / timedelta(microseconds=1)) for m in moments)
    assert times_of(chart) == expected


def test_groups_become_lanes_biggest_first_and_the_rest_share_one_that_says_so() -> None:
    names = [f"g{i}" for i in range(40) for _ in range(i + 1)]
    chart = timeline(table(len(names), g=names), group_by="g")
    lanes = chart.spec["lanes"]
    assert [lane["name"] for lane in lanes[:2]] == ["g39", "g38"]
    assert len(lanes) == 31
    assert lanes[-1]["name"] == "10 others"
    assert lanes[-1]["count"] == sum(range(1, 11))
    assert sum(lane["count"] for lane in lanes) == len(names)
    assert "10 others" in chart.summary
    assert chart.data["lane"].value_counts().filter(pl.col("lane") == "10 others")["count"][0] == 55


def test_one_group_too_many_is_shown_by_its_name() -> None:
    chart = timeline(table(31, g=list(range(31))), group_by="g")
    assert len(chart.spec["lanes"]) == 31
    assert "others" not in chart.summary


def test_rows_without_a_time_are_counted_and_not_drawn() -> None:
    chart = timeline(pl.DataFrame({"TimeGenerated": ["2026-03-01T10:00:00Z", None, "never"]}))
    assert chart.data.height == 1
    assert "2 events have no usable time" in chart.summary


def test_empty_groups_have_a_lane_with_a_name() -> None:
    chart = timeline(table(3, g=["", None, "x"]), group_by="g")
    assert [lane["name"] for lane in chart.spec["lanes"]] == ["(empty)", "x"]


@pytest.mark.parametrize(
    "empty",
    [
        pl.DataFrame(),
        pl.DataFrame({"host": []}, schema={"host": pl.String}),
        table(0),
        pl.DataFrame({"TimeGenerated": [None, None]}, schema={"TimeGenerated": pl.Datetime("us")}),
    ],
)
def test_nothing_to_draw_gives_a_page_that_says_so(empty: pl.DataFrame) -> None:
    chart = timeline(empty)
    assert chart.spec["events"] == 0
    assert "no events" in chart.spec["message"].lower()
    assert 'id="hk-library' not in chart.to_html()


def test_the_callers_columns_win_and_unknown_ones_are_refused() -> None:
    frame = table(2, other=[datetime(2020, 1, 1), datetime(2020, 1, 2)], text=["a", "b"])
    assert "2020-01-01" in timeline(frame, time_column="other").summary
    for wrong in ({"group_by": "tex"}, {"source_columns": ["tex"]}, {"time_column": "tex"}):
        with pytest.raises(UnknownColumn):
            timeline(frame, **wrong)  # type: ignore[arg-type]


def test_a_column_that_holds_no_times_is_refused() -> None:
    with pytest.raises(UsageError, match="holds no times"):
        timeline(table(2, text=["a", "b"]), time_column="text")


@pytest.mark.parametrize("lanes", [0, -1, 201])
def test_lanes_beyond_reason_are_refused(lanes: int) -> None:
    with pytest.raises(UsageError):
        timeline(table(1), max_lanes=lanes)


def test_several_tables_are_lanes_of_one_timeline() -> None:
    chart = timeline({"Security": table(3, Computer=["a", "b", "c"]), "Syslog": table(2)})
    assert {lane["name"]: lane["count"] for lane in chart.spec["lanes"]} == {
        "Security": 3,
        "Syslog": 2,
    }
    assert chart.data["Computer"].to_list().count(None) == 2


def test_several_tables_take_no_group_and_may_be_none() -> None:
    with pytest.raises(UsageError):
        timeline({"a": table(1)}, group_by="x")
    assert timeline({}).spec["events"] == 0


def test_the_callers_frame_is_left_alone_and_the_data_is_sorted() -> None:
    frame = table(3, n=[1, 2, 3]).reverse()
    before = frame.clone()
    chart = timeline(frame, source_columns="n")
    assert frame.equals(before)
    assert chart.data["n"].to_list() == [1, 2, 3]
    assert chart.data.columns == ["TimeGenerated", "lane", "n"]


def test_long_texts_shorten_what_is_told_not_what_is_drawn() -> None:
    texts = [f"{i:06}" + "x" * 1_000 for i in range(20_000)]
    chart = timeline(table(20_000, text=texts), source_columns="text")
    assert chart.spec["events"] == 20_000
    assert chart.spec["texts"] < 6_000
    assert len(chart.blobs["texts"]) < 2_000_000


def test_a_year_beyond_all_calendars_is_no_time() -> None:
    far = pl.Series("t", [2**62, 0], dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
    chart = timeline(far.to_frame(), time_column="t")
    assert chart.spec["events"] == 1
    assert chart.spec["without_time"] == 1


def test_a_million_events_stay_under_two_megabytes() -> None:
    size = 1_000_000
    rng = pl.Series([(i * 2654435761) % 2**32 for i in range(size)], dtype=pl.Int64)
    frame = pl.DataFrame({"TimeGenerated": rng * 140, "EventID": (rng // 7) % 20}).with_columns(
        pl.col("TimeGenerated").cast(pl.Datetime("us", "UTC"))
    )
    chart = timeline(frame, group_by="EventID")
    page = chart.to_html()
    assert len(page.encode()) <= 2_000_000
    assert "rounded down" in chart.summary
    assert len(zlib.compress(chart.blobs["deltas"])) < 1_150_000


def test_what_is_laid_over_stands_in_the_lane_of_its_group_and_keeps_its_texts() -> None:
    main = table(60_000, host=[f"ws{i % 2}" for i in range(60_000)])
    over = pl.DataFrame(
        {
            "StartTime": ["2026-03-01T23:00:00Z", "2026-03-01T11:00:00Z", None],
            "host": ["ws1", "ws9", "ws1"],
            "AlertName": ["late", "early", "never"],
        }
    )
    chart = timeline(main, group_by="host", overlay_data={"alerts": over})
    assert chart.spec["overlay"] == {"name": "alerts", "main": "events", "count": 2, "texts": 2}
    laid = chart.data.filter(pl.col("overlay"))
    assert laid["AlertName"].to_list() == ["early", "late"]
    assert laid["lane"].to_list() == ["ws9", "ws1"]
    assert "60,000 events in 3 lanes" in chart.summary
    assert "Laid over: 2 of alerts. 1 event has no usable time" in chart.summary
    columns = {each["name"]: each for each in json.loads(chart.blobs["overlay_texts"])}
    assert columns["AlertName"]["values"] == ["early", "late"]
    assert chart.table[0][:3] == ("host", "events", "alerts")
    assert [row[:3] for row in chart.table[1:]] == [
        ("ws1", "30,000", "1"),
        ("ws0", "30,000", "0"),
        ("ws9", "0", "1"),
    ]


def test_what_is_laid_over_has_a_lane_of_its_own_unless_there_is_but_one() -> None:
    over = table(2, number=["a", "b"])
    grouped = timeline(table(3, g=["x", "y", "y"]), group_by="g", overlay_data={"seen": over})
    assert [lane["name"] for lane in grouped.spec["lanes"]] == ["seen", "y", "x"]
    streams = timeline({"one": table(3), "two": table(1)}, overlay_data=over)
    assert [lane["name"] for lane in streams.spec["lanes"]] == ["one", "overlay", "two"]
    single = timeline(table(3, number=[1, 2, 3]), overlay_data=over, source_columns=["number"])
    assert [lane["name"] for lane in single.spec["lanes"]] == ["events"]
    assert single.data["number"].to_list() == ["1", "a", "2", "b", "3"]


def test_more_than_one_table_to_lay_over_is_refused() -> None:
    with pytest.raises(UsageError, match="2 tables"):
        timeline(table(1), overlay_data={"a": table(1), "b": table(1)})


def test_nothing_laid_over_nothing_is_said() -> None:
    chart = timeline(table(0), overlay_data=table(0))
    assert chart.summary.startswith("No events to draw. Laid over: 0 of overlay.")


def test_the_caller_says_how_tall_it_is_and_whether_the_strip_is_there() -> None:
    usual = timeline(table(3))
    small = timeline(table(3), height=80, range_tool=False)
    assert small.spec["height"] == usual.spec["height"] - 40 - 50
    assert small.spec["plot_height"] == 80
    assert small.spec["range_tool"] is False
    with pytest.raises(UsageError, match="height is 5"):
        timeline(table(3), height=5)
