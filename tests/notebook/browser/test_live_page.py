"""Live charts in a page that behaves like a notebook: both ways, through the real wire."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from huntkit import charts
from huntkit.charts.catalog import charts as catalog
from huntkit.charts.chart import Chart
from huntkit.notebook import live

pytestmark = pytest.mark.browser

START = datetime(2026, 3, 1, 10, tzinfo=UTC)
RUN = "</script><script>window.hostile=1</script>"


def table(size: int = 12) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "TimeGenerated": [START + timedelta(seconds=i) for i in range(size)],
            "later": [START + timedelta(seconds=2 * i) for i in range(size)],
            RUN: [f"<img src=x onerror=window.hostile=1> {i}" for i in range(size)],
            "host": [f"h{i % 3}" for i in range(size)],
            "number": range(size),
            "proc_key": [str(i) for i in range(size)],
            "parent_key": [None, *(str(i // 2) for i in range(size - 1))],
            "Image": [f"tool{i}.exe" for i in range(size)],
        }
    )


KINDS: dict[str, Callable[[pl.DataFrame], Chart]] = {
    "clusters": lambda t: charts.clusters(t, x="TimeGenerated", y="number", cluster_column="host"),
    "entity_graph": lambda t: charts.entity_graph(t, columns=[RUN, "host"]),
    "geo_map": lambda t: charts.geo_map(
        t.with_columns(Latitude="number", Longitude="number"), group_by="host"
    ),
    "matrix": lambda t: charts.matrix(t, x=RUN, y="host"),
    "network": lambda t: charts.network(t, source_column=RUN, target_column="host"),
    "parallel": lambda t: charts.parallel(t, columns=["number", "host", RUN]),
    "process_tree": lambda t: charts.process_tree(t, source_columns=[RUN]),
    "scored_sessions": lambda t: charts.scored_sessions(t, score_column="number", rarest=2),
    "timeline": lambda t: charts.timeline(t, group_by=RUN, title=RUN),
    "timeline_duration": lambda t: charts.timeline_duration(
        t, time_column="TimeGenerated", end_time_column="later", group_by="host"
    ),
    "timeline_values": lambda t: charts.timeline_values(t, value_column="number", group_by=RUN),
    "timeseries": lambda t: charts.timeseries(t, data_column="number"),
    "units": lambda t: charts.units(t, x="number", y="host", group_by=RUN),
}


def test_no_kind_is_forgotten() -> None:
    assert set(KINDS) == set(catalog().names())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_chosen_comes_to_python_and_goes_from_it(notebook: Any, kind: str) -> None:
    widget = live(KINDS[kind](table()))
    frame = notebook.show(widget)
    notebook.pump(lambda: widget._state != "")
    stage = frame.locator(".hk-stage, .hk-tree")
    stage.focus()
    notebook.page.keyboard.press("ArrowDown" if kind == "process_tree" else "]")
    notebook.pump(lambda: widget.mark is not None and (kind != "process_tree" or widget.mark > 0))
    first = widget.mark
    assert widget.selection.height >= 1
    details = frame.locator(".hk-details")
    for name, text in widget.value.items():
        assert name in str(details.text_content())
        assert text in str(details.text_content())
    seen: list[Any] = []
    widget.observe(lambda change: seen.append(change["new"]), names="value")
    other = 5 if kind != "matrix" else 13
    widget.mark = other
    notebook.pump(lambda: bool(seen))
    assert widget.mark == other != first
    for text in widget.value.values():
        assert text in str(details.text_content())
    assert widget.selection.height >= 1


def test_the_stretch_of_time_goes_both_ways(notebook: Any) -> None:
    widget = live(charts.timeline(table(100)))
    frame = notebook.show(widget)
    notebook.pump(lambda: widget.time_range is not None)
    whole = widget.time_range
    assert widget.selection.height == 100
    frame.locator(".hk-stage").focus()
    notebook.page.keyboard.press("+")
    notebook.pump(lambda: widget.time_range != whole)
    assert 40 < widget.selection.height < 60
    assert f"{widget.selection.height} of 100 events in view" in str(
        frame.locator(".hk-status").text_content()
    )
    widget.time_range = (START + timedelta(seconds=10), START + timedelta(seconds=19.5))
    notebook.pump(lambda: "10 of 100 events" in str(frame.locator(".hk-status").text_content()))
    notebook.pump(lambda: widget.selection.height == 10)


def test_a_brush_on_parallel_axes_keeps_rows(notebook: Any) -> None:
    widget = live(charts.parallel(table(), columns=["number", "host"]))
    frame = notebook.show(widget)
    frame.locator(".hk-stage").focus()
    for key in ["]", "ArrowRight", "Enter"]:
        notebook.page.keyboard.press(key)
    notebook.pump(lambda: widget.kept is not None)
    widget.mark = None
    assert widget.selection["host"].n_unique() == 1
    assert widget.selection.height == 4


def test_a_search_in_a_process_tree_keeps_its_hits(notebook: Any) -> None:
    widget = live(charts.process_tree(table()))
    frame = notebook.show(widget)
    frame.locator(".hk-search").fill("tool1")
    notebook.pump(lambda: widget.kept is not None)
    hits = widget.chart.rows(widget.kept)["Image"].to_list()
    assert sorted(hits) == ["tool1.exe", "tool10.exe", "tool11.exe"]


def test_live_charts_share_one_copy_of_a_library(notebook: Any) -> None:
    for kind in ("timeline", "timeseries", "timeline_values"):
        notebook.show(live(KINDS[kind](table())))
    assert notebook.asked == [{"library": "echarts"}]


def test_only_the_chart_itself_is_heard(notebook: Any) -> None:
    widget = live(charts.timeline(table()))
    notebook.show(widget)
    notebook.pump(lambda: widget._state != "")
    before = widget._state
    notebook.page.evaluate("postMessage({ huntkit: '{\"mark\": 7}' }, '*')")
    notebook.page.evaluate(
        "() => { const f = document.createElement('iframe'); f.srcdoc = "
        "'<script>parent.postMessage({ huntkit: `{\"mark\": 7}` }, `*`)</' + 'script>';"
        "document.body.append(f); }"
    )
    notebook.page.wait_for_timeout(600)
    assert widget._state == before
    assert widget.mark is None


def test_a_closed_view_hears_and_says_nothing_more(notebook: Any) -> None:
    widget = live(charts.timeline(table()))
    frame = notebook.show(widget)
    notebook.pump(lambda: widget._state != "")
    before = widget._state
    notebook.page.evaluate("models.w0.end()")
    frame.locator(".hk-stage").focus()
    notebook.page.keyboard.press("]")
    notebook.page.wait_for_timeout(500)
    assert widget._state == before


def test_the_frame_stays_sandboxed(notebook: Any) -> None:
    notebook.show(live(charts.timeline(table())))
    assert notebook.page.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    inside = notebook.page.frames[1]
    assert inside.evaluate("origin") == "null"
