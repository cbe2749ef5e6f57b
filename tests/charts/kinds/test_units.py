import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from huntkit.charts import units
from huntkit.core.errors import UnknownColumn, UsageError

START = datetime(2026, 3, 1, tzinfo=UTC)


def table(size: int, **more: list[Any]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "when": [START + timedelta(hours=i) for i in range(size)],
            "host": [f"h{i % 3}" for i in range(size)],
            "n": list(range(size)),
            **more,
        }
    )


def test_every_row_is_a_unit_in_its_group() -> None:
    chart = units(table(10), x="when", y="n", group_by="host")
    assert chart.spec["units"] == chart.data.height == 10
    assert [(g["name"], g["count"]) for g in chart.spec["groups"]] == [
        ("h0", 4),
        ("h1", 3),
        ("h2", 3),
    ]
    assert chart.table == (("host", "rows"), ("h0", "4"), ("h1", "3"), ("h2", "3"))
    assert list(chart.blobs["groups"]) == [i % 3 for i in range(10)]


def test_axes_are_numbers_times_or_names() -> None:
    spec = units(table(9), x="when", y="host").spec
    assert spec["x"]["time"]
    assert spec["y"]["names"] == ["h0", "h1", "h2"]
    assert not units(table(9), x="n", y="host").spec["x"]["time"]


def test_rare_texts_share_a_place_that_says_so() -> None:
    frame = table(100, key=[f"k{i:02}" for i in range(100)])
    names = units(frame, x="n", y="key").spec["y"]["names"]
    assert (len(names), names[-1]) == (31, "70 others")


def test_rows_without_a_value_are_counted() -> None:
    frame = pl.DataFrame({"a": [1, None], "b": ["x", "y"]})
    chart = units(frame, x="a", y="b")
    assert chart.data.rows() == [(1, "x")]
    assert "1 row without both values not drawn." in chart.summary


def test_the_callers_columns_are_told() -> None:
    chart = units(table(3, text=["p", "q", "r"]), x="n", y="host", source_columns="text")
    assert [each["name"] for each in json.loads(chart.blobs["texts"])] == ["text"]


def test_the_table_counts_what_stands_where() -> None:
    frame = table(7, kind=["p", "q", "p", "p", "q", "p", "p"])
    assert units(frame, x="when", y="host", group_by="kind").table == (
        ("host", "rows", "p", "q"),
        ("h0", "3", "3", "0"),  # rows 0, 3, 6
        ("h1", "2", "0", "2"),  # rows 1, 4
        ("h2", "2", "2", "0"),  # rows 2, 5
    )
    assert units(frame, x="when", y="host").table == (
        ("host", "rows"),
        ("h0", "3"),
        ("h1", "2"),
        ("h2", "2"),
    )


def test_a_third_column_opens_two_layouts_more() -> None:
    flat = units(table(9), x="when", y="n").spec
    assert flat["layouts"] == ["scatter", "columns", "cells", "stacks"]
    assert "z" not in flat
    chart = units(table(9), x="when", y="n", z="host", layout="blocks")
    assert chart.spec["layouts"] == [*flat["layouts"], "space", "blocks"]
    assert chart.spec["layout"] == "blocks"
    assert chart.spec["z"]["names"] == ["h0", "h1", "h2"]
    assert list(chart.blobs["z"]) == [i % 3 for i in range(9)]
    assert chart.summary.startswith("9 rows by when, n and host")
    assert chart.data.columns == ["when", "host", "n"]


def test_a_row_without_its_third_value_is_counted() -> None:
    frame = table(4, k=["a", None, "b", "c"])
    chart = units(frame, x="when", y="host", z="n", group_by="k")
    assert chart.spec["units"] == 4  # a missing group is a group
    frame = pl.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"], "c": [1.5, None, float("inf")]})
    chart = units(frame, x="a", y="b", z="c")
    assert chart.data.rows() == [(1, "x", 1.5)]
    assert "2 rows without all three values not drawn." in chart.summary


def test_the_library_is_left_out_where_only_the_canvas_is_wanted() -> None:
    assert units(table(3), x="n", y="host").libraries == ("morph",)
    assert units(table(3), x="n", y="host", renderer="gpu").libraries == ("morph",)
    assert units(table(3), x="n", y="host", renderer="canvas").libraries == ()


@pytest.mark.parametrize(
    "wrong",
    [{"layout": "pile"}, {"layout": "space"}, {"max_groups": 0}, {"renderer": "printer"}],
)
def test_wrong_arguments_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        units(table(3), x="n", y="host", **wrong)


def test_too_many_rows_and_unknown_columns_are_refused() -> None:
    many = pl.DataFrame({"a": pl.int_range(60_001, eager=True), "b": ["x"] * 60_001})
    with pytest.raises(UsageError, match="60,001 rows"):
        units(many, x="a", y="b")
    for name in ("x", "y", "z", "group_by", "source_columns"):
        with pytest.raises(UnknownColumn):
            units(table(3), **{"x": "n", "y": "host", name: "nn"})  # type: ignore[arg-type]


def test_the_same_table_gives_the_same_page() -> None:
    pages = {units(table(50), x="when", y="host", group_by="host").to_html() for _ in range(3)}
    assert len(pages) == 1
    assert units(table(0), x="n", y="host").spec["units"] == 0
