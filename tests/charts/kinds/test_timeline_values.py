import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from huntkit.charts import timeline_values
from huntkit.core.errors import UnknownColumn, UsageError

START = datetime(2026, 3, 1, 10, tzinfo=UTC)


def table(values: list[Any], **more: list[Any]) -> pl.DataFrame:
    moments = [START + timedelta(seconds=i) for i in range(len(values))]
    return pl.DataFrame({"TimeGenerated": moments, "n": values, **more}, strict=False)


def test_the_summary_tells_range_and_median() -> None:
    chart = timeline_values(table([1, 9, 2]), value_column="n")
    assert chart.summary == (
        "3 values of n, 2026-03-01 10:00:00 to 10:00:02 UTC, from 1 to 9, median 2."
    )
    assert (chart.spec["low"], chart.spec["high"]) == (1, 9)


def test_groups_have_their_own_numbers_biggest_group_first() -> None:
    chart = timeline_values(
        table([1, 5, 3, 7], host=["a", "b", "b", "b"]), value_column="n", group_by="host"
    )
    assert [g["name"] for g in chart.spec["groups"]] == ["b", "a"]
    assert chart.table[1][:5] == ("b", "3", "3", "5", "7")
    assert chart.table[2][:5] == ("a", "1", "1", "1", "1")


def test_small_groups_share_one_that_says_so() -> None:
    chart = timeline_values(
        table(list(range(10)), host=[f"h{i}" for i in range(10)]), value_column="n", group_by="host"
    )
    assert [g["name"] for g in chart.spec["groups"]][-1] == "3 others"
    assert sum(g["count"] for g in chart.spec["groups"]) == 10


def test_rows_without_a_time_or_a_number_are_counted() -> None:
    frame = pl.DataFrame(
        {
            "TimeGenerated": [START, None, START, START, START],
            "n": ["1.5", "2", "soon", None, "inf"],
        }
    )
    chart = timeline_values(frame, value_column="n")
    assert chart.data["n"].to_list() == [1.5]
    assert "1 row without a usable time not drawn." in chart.summary
    assert "3 rows without a number not drawn." in chart.summary


@pytest.mark.parametrize("values", [["a", "b"], [["x"], ["y"]], [START, START]])
def test_a_column_without_numbers_is_refused(values: list[Any]) -> None:
    with pytest.raises(UsageError, match="holds no numbers"):
        timeline_values(table(values), value_column="n")


@pytest.mark.parametrize(
    "wrong", [{"kind": "bar"}, {"kind": []}, {"max_groups": 0}, {"references": "soon"}]
)
def test_wrong_arguments_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        timeline_values(table([1]), value_column="n", **wrong)


@pytest.mark.parametrize("name", ["value_column", "group_by", "source_columns", "time_column"])
def test_unknown_columns_are_refused(name: str) -> None:
    with pytest.raises(UnknownColumn):
        timeline_values(table([1]), **{"value_column": "n", name: "nn"})


@pytest.mark.parametrize("empty", [table([]), table([None]), pl.DataFrame({"n": [], "t": []})])
def test_nothing_to_draw_says_so(empty: pl.DataFrame) -> None:
    chart = timeline_values(empty, value_column="n")
    assert chart.spec["events"] == 0
    assert "No values to draw." in chart.summary
    assert 'id="hk-library' not in chart.to_html()


def test_of_very_many_events_the_page_holds_those_that_shape_the_picture() -> None:
    size = 250_000
    frame = pl.DataFrame({"i": pl.int_range(size, eager=True)}).select(
        (pl.col("i") * 1_000_000).cast(pl.Datetime("us", "UTC")).alias("TimeGenerated"),
        (pl.col("i") * 7919 % 1000).alias("n"),
    )
    spike = pl.when(pl.int_range(size) == 123_456).then(50_000).otherwise(pl.col("n")).alias("n")
    frame = frame.with_columns(spike)
    chart = timeline_values(frame, value_column="n")
    assert chart.data.height == size
    assert chart.spec["events"] < 17_000
    assert "The page holds the" in chart.summary
    steps = chart.blobs["rows"]
    count = chart.spec["events"]
    total, rows = 0, []
    for i in range(count):
        total += int.from_bytes(steps[i::count], "little")
        rows.append(total)
    assert 123_456 in rows
    assert rows[0] == 0
    assert rows[-1] == size - 1


def test_the_callers_columns_win_and_are_shown() -> None:
    frame = table([1, 2], other=[START - timedelta(days=9)] * 2, text=["x", "y"])
    chart = timeline_values(
        frame, value_column="n", time_column="other", source_columns="text", group_by="text"
    )
    assert "2026-02-20" in chart.summary
    assert [each["name"] for each in json.loads(chart.blobs["texts"])] == ["text"]
    assert chart.data.columns == ["other", "n", "text"]


def test_the_same_table_gives_the_same_page() -> None:
    frame = table([1.25, -3, 2], host=["b", "a", "b"])
    pages = {timeline_values(frame, value_column="n", group_by="host").to_html() for _ in range(3)}
    assert len(pages) == 1
