from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.analyze import Cmd, dbcluster_events, identify_outliers, score_sessions
from huntkit.charts import (
    plot_cluster,
    plot_outlier_results,
    score_and_visualise_sessions,
    visualise_scored_sessions,
)
from huntkit.core.errors import HuntkitError, UnknownColumn, UsageError

START = datetime(2026, 3, 1, tzinfo=UTC)
RUN = "</script><script>window.hostile=1</script>"
ROWS = pl.DataFrame(
    {
        "length": [9.0, 9.1, 9.2, 30.0, 30.1, 5.0],
        "words": [1, 1, 1, 9, 9, 40],
        "CommandLine": [f"{RUN}{n}" for n in range(6)],
        "x": range(6),
        "ClusterSize": 100,
    }
)


@dataclass
class Model:
    """What a density clustering leaves behind."""

    labels_: Any


def sessions(count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "begun": [START + timedelta(hours=n) for n in range(count)],
            "did": [["Get", "Set"]] * (count - 1) + [["Get", RUN]],
        }
    )


def test_the_rarest_session_stands_out_with_its_window_and_reason() -> None:
    chart = score_and_visualise_sessions(sessions(30), "did", 2, "begun")
    out = chart.data.filter(pl.col("rarity") == "the 1 rarest")
    assert out["begun"].to_list() == [START + timedelta(hours=29)]
    assert out["reason"].to_list() == [
        "'</script><script>window.hostile=1</script>': 1 of 60 events"
    ]
    assert RUN not in chart.to_html()


@pytest.mark.parametrize("count", [1, 9, 30, 500])
def test_a_tenth_stands_out_and_twenty_at_most(count: int) -> None:
    rows = pl.DataFrame(
        {"t": [START] * count, "score": [(n + 1) / count for n in range(count)], "w": "a"}
    )
    chart = visualise_scored_sessions(rows, "t", "score", "w")
    assert chart.data["rarity"].ne("others").sum() == min(20, max(1, count // 10))


def test_likelier_sessions_are_left_out_and_counted() -> None:
    rows = pl.DataFrame({"t": [START] * 4, "score": [0.1, 0.2, None, 0.5], "w": "a", "u": "al"})
    chart = visualise_scored_sessions(rows, "t", "score", "w", 0.2, "u")
    assert chart.data["score"].to_list() == [0.1, 0.2]
    assert chart.data["u"].to_list() == ["al", "al"]
    assert chart.summary.endswith(
        "1 row without a number not drawn. 1 session above 0.2 not drawn."
    )
    assert chart.summary in chart.spec["description"]


def test_objects_of_pandas_are_drawn_too() -> None:
    did = [[Cmd("Get", {"Id"})] * 2] * 8 + [[Cmd("Get", {"Id"}), Cmd("Set", {"Force"})]]
    table = pd.DataFrame({"begun": pd.date_range(START, periods=9, freq="h"), "did": did})
    chart = score_and_visualise_sessions(table, "did", 2, "begun")
    assert chart.data.height == 9
    scored = score_sessions(table, "did", 2)
    names = ("begun", "rarest_window2_likelihood", "rarest_window2")
    assert visualise_scored_sessions(scored, *names).data.height == 9
    assert isinstance(table["did"][0][0], Cmd)


def test_sessions_that_are_none_are_refused() -> None:
    with pytest.raises(UnknownColumn):
        visualise_scored_sessions(sessions(2), "begun", "score", "did")
    with pytest.raises(UnknownColumn):
        score_and_visualise_sessions(sessions(2), "did", 2, "when")
    with pytest.raises(UsageError):
        visualise_scored_sessions(sessions(2), "begun", "did", "did")


def test_a_plane_has_every_row_in_the_colour_of_its_cluster() -> None:
    _, model, features = dbcluster_events(ROWS.drop("ClusterSize"), ["length", "words"])
    chart = plot_cluster(model, ROWS, features, "CommandLine", verbose=True, xlabel=RUN)
    assert [(g["name"], g["count"]) for g in chart.spec["groups"]] == [
        ("0", 3),
        ("1", 2),
        ("noise", 1),
    ]
    assert chart.summary.endswith("1 cluster of fewer than 3 rows. 5 core rows.")
    assert chart.spec["x_name"].startswith("</script>")
    assert RUN not in chart.to_html()
    assert b"window.hostile=1</script>5" in chart.blobs["texts"]


@given(
    st.lists(
        st.tuples(st.floats(-9, 9), st.floats(-9, 9), st.integers(-1, 3)), min_size=1, max_size=30
    )
)
def test_any_labels_are_counted_as_they_are(rows: list[tuple[float, float, int]]) -> None:
    labels = [label for *_, label in rows]
    chart = plot_cluster(Model(labels), None, [[x, y] for x, y, _ in rows])
    assert {g["name"]: g["count"] for g in chart.spec["groups"]} == {
        "noise" if label == -1 else str(label): labels.count(label) for label in labels
    }


def test_more_points_than_can_be_drawn_are_put_together() -> None:
    draw = np.random.default_rng(7)
    points = draw.normal(size=(30_000, 2))
    points[0] = [np.nan, 0]
    points[1] = [np.inf, 0]
    chart = plot_cluster(Model((points[:, 0] > 0).astype(int)), None, points)
    assert chart.spec["points"] <= 20_000
    assert sum(group["count"] for group in chart.spec["groups"]) == 29_998
    assert "drawn together" in chart.summary
    assert "2 rows without both values not drawn" in chart.summary
    most = max(chart.data["x"])
    assert most == pytest.approx(points[2:, 0].max(), abs=0.1)


@pytest.mark.parametrize(
    ("model", "data", "points", "more", "match"),
    [
        (object(), None, [[1, 2]], {}, "labels_"),
        (Model([0]), None, [["a", "b"]], {}, "no table of numbers"),
        (Model([0]), None, [1, 2], {}, "dimensions"),
        (Model([0]), None, [[1, 2]], {"plot_features": (0, 2)}, "no feature 2"),
        (Model([0]), None, [[1, 2]], {"plot_features": (1, 1)}, "both 1"),
        (Model([0, 1]), None, [[1, 2]], {}, "x_predict has 1, labels_ has 2"),
        (Model([0]), ROWS, [[1, 2]], {}, "data has 6"),
        (Model([0] * 6), ROWS, [[1, 2]] * 6, {"plot_label": "Commandline"}, "CommandLine"),
    ],
)
def test_what_makes_no_plane_is_told(
    model: Any, data: Any, points: Any, more: dict[str, Any], match: str
) -> None:
    with pytest.raises(HuntkitError, match=match):
        plot_cluster(model, data, points, **more)


def test_nothing_to_draw_is_a_chart_that_says_so() -> None:
    assert "No points" in plot_cluster(Model([]), None, np.empty((0, 2))).summary
    empty = score_and_visualise_sessions(sessions(3).clear(), "did", 2, "begun")
    assert empty.data.height == 0


def test_outliers_are_drawn_where_they_are_farthest_out() -> None:
    draw = np.random.default_rng(3)
    known = draw.normal(size=(300, 4))
    judged = np.vstack([draw.normal(size=(60, 4)), [[0.0, 9, 0, -9]]])
    model, found, labels = identify_outliers(known, judged, contamination=0.01)
    names = ["a", RUN, "c", "d"]
    chart = plot_outlier_results(model, known, judged, found, names, RUN)
    assert {g["name"]: g["count"] for g in chart.spec["groups"]} == {
        "learned from": 300,
        "regular": int((labels == 1).sum()),
        "outlier": int((labels == -1).sum()),
    }
    assert [g["name"] for g in chart.spec["groups"] if g["alarm"]] == ["outlier"]
    assert chart.spec["y_name"] == "d"
    assert chart.spec["x_name"].startswith("</script>")
    assert RUN not in chart.to_html()
    assert "of 61 rows judged, learned from 300 rows" in chart.summary
    assert b"score" in chart.blobs["texts"]


def test_no_outliers_and_other_columns() -> None:
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    chart = plot_outlier_results(object(), rows, rows, [], ["a", "b"], "None")
    assert chart.summary.startswith("0 outliers of 2 rows judged")
    with pytest.raises(UsageError, match="3 are named"):
        plot_outlier_results(object(), rows, rows, [], ["a", "b", "c"], "None")
    with pytest.raises(UsageError, match="x_outliers is no table"):
        plot_outlier_results(object(), rows, rows, "abc", ["a", "b"], "None")
