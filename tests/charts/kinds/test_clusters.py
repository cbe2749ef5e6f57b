import json
from typing import Any

import polars as pl
import pytest

from huntkit.charts import clusters
from huntkit.core.errors import UnknownColumn, UsageError


def table(*rows: tuple[Any, Any, Any], **more: list[Any]) -> pl.DataFrame:
    names = ("length", "tokens", "ClusterId")
    data = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    return pl.DataFrame({**data, **more}, strict=False)


def test_equal_points_of_a_cluster_are_one_mark() -> None:
    chart = clusters(table((1, 2, 0), (1, 2, 0), (1, 2, 1), (3, 4, 1)))
    assert sorted(chart.data.rows()) == [
        (1.0, 2.0, "0", 2),
        (1.0, 2.0, "1", 1),
        (3.0, 4.0, "1", 1),
    ]


def test_noise_comes_last_and_is_called_so() -> None:
    chart = clusters(table((1, 1, -1), (2, 2, -1), (3, 3, 7)))
    assert [(g["name"], g["count"], g["rest"]) for g in chart.spec["groups"]] == [
        ("7", 1, False),
        ("noise", 2, True),
    ]
    assert "3 rows in 1 cluster and 2 rows of noise" in chart.summary


def test_a_size_column_says_how_many_rows_a_row_stands_for() -> None:
    chart = clusters(table((1, 1, 0), (2, 2, 1), ClusterSize=[40, None]))
    assert chart.table == (("ClusterId", "size"), ("0", "40"), ("1", "1"))


def test_small_clusters_share_a_colour() -> None:
    chart = clusters(table(*[(i, i, i) for i in range(12)]), max_groups=4)
    assert [g["name"] for g in chart.spec["groups"]][-1] == "8 others"
    assert sum(g["count"] for g in chart.spec["groups"]) == 12
    assert max(chart.blobs["groups"]) == 4


def test_axes_may_be_times_and_texts() -> None:
    frame = pl.DataFrame(
        {"when": ["2026-03-01", "2026-03-02"], "host": ["b", "a"], "ClusterId": [0, 0]}
    )
    chart = clusters(frame, x="when", y="host")
    assert chart.spec["x_time"]
    assert chart.spec["y_names"] == ["a", "b"]
    assert sorted(chart.data["host"].to_list()) == [0.0, 1.0]


def test_a_mark_tells_the_first_different_texts() -> None:
    frame = table((1, 1, 0), (1, 1, 0), (1, 1, 0), cmd=["x", "y", "x"])
    texts = json.loads(clusters(frame, source_columns="cmd").blobs["texts"])
    assert (texts[0]["name"], texts[0]["values"]) == ("cmd", ["x; y"])


def test_rows_without_a_value_are_counted() -> None:
    assert (
        "1 row without both values not drawn." in clusters(table((1, 1, 0), (None, 2, 0))).summary
    )


def test_what_makes_no_plane_is_refused() -> None:
    with pytest.raises(UsageError, match="which cluster"):
        clusters(table((1, 1, 0)).drop("ClusterId"))
    with pytest.raises(UsageError, match="x= and y="):
        clusters(table((1, 1, 0)).drop("tokens"))
    with pytest.raises(UsageError, match="different texts"):
        clusters(table(*[(f"t{i}", 1, 0) for i in range(50)]), x="length", y="tokens")
    with pytest.raises(UsageError, match="different points"):
        clusters(pl.DataFrame({"a": range(20_001), "b": 1, "ClusterId": 0}))
    for name in ("x", "y", "cluster_column", "size_column", "source_columns"):
        with pytest.raises(UnknownColumn):
            clusters(table((1, 1, 0)), **{name: "nn"})  # type: ignore[arg-type]


def test_the_same_table_gives_the_same_page_without_a_library() -> None:
    frame = table((1, 1, 0), (1, 2, 1), (3, 2, -1))
    pages = {clusters(frame).to_html() for _ in range(3)}
    assert len(pages) == 1
    assert 'id="hk-library' not in pages.pop()
    assert clusters(table().cast(pl.Int64)).spec["points"] == 0
