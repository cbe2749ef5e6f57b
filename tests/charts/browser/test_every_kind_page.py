"""What holds for every chart, whatever its kind: real data, hostile data, keys, readers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from huntkit import charts
from huntkit.charts.catalog import charts as catalog
from huntkit.charts.chart import Chart
from huntkit.charts.page import Page

pytestmark = pytest.mark.browser

START = datetime(2026, 3, 1, 10, tzinfo=UTC)
# How many colours stand on more than 20 pixels of the picture.
COLOURS = """() => {
  const canvas = document.querySelector(".hk-canvas canvas");
  const { width, height } = canvas;
  const copy = Object.assign(document.createElement("canvas"), { width, height });
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const seen = {};
  for (const pixel of new Uint32Array(data.buffer)) seen[pixel] = (seen[pixel] || 0) + 1;
  return Object.values(seen).filter((n) => n > 20).length;
}"""
NUMBER = "number</title><svg onload=window.hostile=1>"
RUN = "</script><script>window.hostile=1</script>"


def log(shared_data: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(shared_data / "logs" / name, infer_schema_length=20_000)


REAL: dict[str, Callable[[Path], Chart]] = {
    "clusters": lambda data: charts.clusters(
        log(data, "processes_on_host.csv").with_columns(
            pl.col("CommandLine").fill_null("").str.len_chars().alias("length"),
            pl.col("CommandLine").fill_null("").str.count_matches(r"[^A-Za-z0-9]").alias("signs"),
        ),
        x="length",
        y="signs",
        cluster_column="Account",
    ),
    "entity_graph": lambda data: charts.entity_graph(log(data, "alertlist.csv")),
    "network": lambda data: charts.network(
        log(data, "processes_on_host.csv"),
        source_column="ParentProcessName",
        target_column="NewProcessName",
        edge_columns="Account",
    ),
    "geo_map": lambda data: charts.geo_map(log(data, "ip_locs.csv")),
    "matrix": lambda data: charts.matrix(
        log(data, "demo_exchange_data.csv"), x="Operation", y="UserId"
    ),
    "timeline_duration": lambda data: charts.timeline_duration(
        log(data, "az_net_flows.csv"), group_by=["L7Protocol", "FlowDirection"]
    ),
    "parallel": lambda data: charts.parallel(
        log(data, "az_net_flows.csv"),
        columns=[
            "FlowStartTime",
            "L7Protocol",
            "FlowDirection",
            "TotalAllowedFlows",
            "RemoteRegion",
        ],
        group_by="L7Protocol",
    ),
    "scored_sessions": lambda data: charts.scored_sessions(
        log(data, "demo_exchange_data.csv")
        .group_by("UserId", pl.col("TimeGenerated").str.head(13).alias("hour"))
        .agg(
            pl.col("TimeGenerated").min().alias("time_min"),
            (1 / pl.len()).alias("rarest_window3_likelihood"),
            pl.col("Operation").unique().sort().str.join(", ").alias("rarest_window3"),
        )
        .sort("time_min", "UserId")
    ),
    "units": lambda data: charts.units(
        log(data, "demo_exchange_data.csv"), x="TimeGenerated", y="Operation", group_by="UserId"
    ),
    "timeseries": lambda data: charts.timeseries(log(data, "time_series.csv")),
    "timeline_values": lambda data: charts.timeline_values(
        log(data, "az_net_flows.csv"), value_column="TotalAllowedFlows", group_by="L7Protocol"
    ),
}


def hostile_table(texts: list[str]) -> pl.DataFrame:
    size = len(texts)
    return pl.DataFrame(
        {
            "TimeGenerated": [START + timedelta(seconds=i) for i in range(size)],
            "later": [START + timedelta(seconds=2 * i) for i in range(size)],
            RUN: texts,
            "<img src=x onerror=window.hostile=1>": texts[::-1],
            "number{a|b}": range(size),
            NUMBER: range(size),
            "proc_key": [str(i) for i in range(size)],
            "parent_key": [None, *(str(i // 2) for i in range(size - 1))][:size],
        }
    )


def labels(table: pl.DataFrame) -> dict[str, datetime]:
    """References called by every text of the table."""
    return {text: START + timedelta(seconds=i) for i, text in enumerate(table[RUN])}


HOSTILE: dict[str, Callable[[pl.DataFrame], Chart]] = {
    "clusters": lambda table: charts.clusters(
        table,
        x=table.columns[3],
        y=NUMBER,
        cluster_column=RUN,
        size_column="number{a|b}",
        source_columns=table.columns[2:4],
        title=RUN,
    ),
    "entity_graph": lambda table: charts.entity_graph(table, columns=table.columns[2:4], title=RUN),
    "network": lambda table: charts.network(
        table,
        source_column=table.columns[2],
        target_column=table.columns[3],
        edge_columns=table.columns[2:],
        title=RUN,
    ),
    "geo_map": lambda table: charts.geo_map(
        table.with_columns(pl.col("number{a|b}").alias("Latitude") % 60),
        latitude_column="Latitude",
        longitude_column="number{a|b}",
        to_columns=("number{a|b}", "Latitude"),
        group_by=RUN,
        source_columns=table.columns[2:4],
        title=RUN,
    ),
    "matrix": lambda table: charts.matrix(
        table, x=table.columns[2], y=table.columns[3], value_column=NUMBER, title=RUN
    ),
    "timeline_duration": lambda table: charts.timeline_duration(
        table,
        group_by=[RUN, "TimeGenerated"],
        end_time_column="later",
        source_columns=table.columns[2:4],
        references={RUN: START, **labels(table)},
        title=RUN,
    ),
    "parallel": lambda table: charts.parallel(
        table, columns=[*table.columns[:4], NUMBER], group_by=RUN, title=RUN
    ),
    "scored_sessions": lambda table: charts.scored_sessions(
        table,
        score_column="number{a|b}",
        source_columns=table.columns[2:4],
        references={RUN: START, **labels(table)},
        rarest=3,
        title=RUN,
    ),
    "units": lambda table: charts.units(
        table,
        x=table.columns[2],
        y="number{a|b}",
        z=table.columns[3],
        group_by=table.columns[3],
        layout="blocks",
        source_columns=table.columns[2:4],
        title=RUN,
    ),
    "timeseries": lambda table: charts.timeseries(
        table.with_columns(odd=pl.col("number{a|b}") % 3 == 0),
        data_column=NUMBER,
        band_columns=("number{a|b}", NUMBER),
        anomalies_column="odd",
        source_columns=table.columns[2:4],
        references={RUN: START, **labels(table)},
        title=RUN,
    ),
    "timeline_values": lambda table: charts.timeline_values(
        table,
        value_column=NUMBER,
        group_by=RUN,
        source_columns=table.columns[2:4],
        references={RUN: START, **labels(table)},
        title=RUN,
    ),
}
# Kinds with a file of tests of their own for most of what is held here.
ELSEWHERE: dict[str, Callable[[pl.DataFrame], Chart]] = {
    "timeline": lambda table: charts.timeline(
        table,
        group_by=RUN,
        source_columns=table.columns[2:],
        references=labels(table),
        overlay_data={RUN: table.select("TimeGenerated", *table.columns[2:4])},
        title=RUN,
    ),
    "process_tree": lambda table: charts.process_tree(
        table,
        columns={"process": RUN, "command": table.columns[3], "user": RUN, "host": RUN},
        source_columns=table.columns[2:],
        color_by=RUN,
        mark_column=table.columns[3],
        title=RUN,
    ),
}
EVERY = HOSTILE | ELSEWHERE


def test_no_kind_is_forgotten() -> None:
    assert set(REAL) == set(HOSTILE) == set(catalog().names()) - set(ELSEWHERE)


@pytest.mark.data
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", sorted(REAL))
def test_real_data_is_drawn(
    drawn: Callable[..., Any], shared_data: Path, kind: str, scheme: str
) -> None:
    chart = REAL[kind](shared_data)
    page = drawn(chart, scheme=scheme)
    assert page.evaluate(COLOURS) > 4
    label = str(page.locator(".hk-stage").get_attribute("aria-label"))
    assert chart.summary in label
    assert page.locator(".hk-table tbody tr").count() == len(chart.table) - 1 > 0
    page.set_viewport_size({"width": 700, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    page.wait_for_timeout(200)
    assert page.locator(".hk-canvas canvas").first.bounding_box()["width"] < 700
    assert page.evaluate(COLOURS) > 4


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_hostile_texts_stay_texts(
    drawn: Callable[..., Any], hostile_texts: list[str], kind: str
) -> None:
    page = drawn(HOSTILE[kind](hostile_table(hostile_texts)))
    stage = page.locator(".hk-stage")
    stage.focus()
    for key in ["]", "ArrowRight", "ArrowDown", "Enter", "+", "]", "?", "Escape", "0", "-"]:
        page.keyboard.press(key)
    for _ in hostile_texts:
        page.keyboard.press("]")
    box = stage.bounding_box()
    for step in range(0, int(box["width"]), 30):
        x, y = box["x"] + step, box["y"] + 12 + step * 7 % int(box["height"] - 20)
        page.mouse.move(x, y)
        page.mouse.click(x, y)
    for item in page.locator(".hk-item").all():
        item.click()
    page.locator(".hk-table summary").click()
    assert page.locator("figure img, figure a, .hk-plot script, figure iframe").count() == 0


@pytest.mark.parametrize("kind", sorted(EVERY))
def test_a_notebook_shows_it_in_a_frame_where_nothing_runs(
    open_page: Callable[..., Any], hostile_texts: list[str], kind: str
) -> None:
    chart = EVERY[kind](hostile_table(hostile_texts))
    shown = chart._repr_mimebundle_()["text/html"]
    page = open_page(f"<!DOCTYPE html><meta charset=utf-8><body>{shown}")
    frame = page.frame_locator("iframe")
    frame.locator("html[data-hk-ready]").wait_for(state="attached")
    assert frame.locator("html").get_attribute("data-hk-failed") == "0"
    assert page.frames[1].evaluate("origin") == "null"
    picture = frame.locator(".hk-stage, .hk-tree")
    assert chart.summary in str(picture.get_attribute("aria-label"))
    picture.focus()
    told = set()
    for _ in hostile_texts:
        page.keyboard.press("ArrowDown" if kind == "process_tree" else "]")
        told.add(frame.locator(".hk-details").text_content())
    assert len(told) > 10
    box = picture.bounding_box()
    for step in range(0, int(box["width"]), 60):
        page.mouse.move(box["x"] + step, box["y"] + 12 + step * 7 % int(box["height"] - 20))
    if chart.table:
        frame.locator(".hk-table summary").click()
        assert frame.locator(".hk-table tbody tr").count() == len(chart.table) - 1
    foreign = "figure img, figure a, .hk-plot script, figure iframe, figure svg, figure b"
    assert frame.locator(foreign).count() == 0


@pytest.mark.parametrize("kind", sorted(EVERY))
def test_a_frame_that_is_hidden_at_first_shows_it_later(
    open_page: Callable[..., Any], kind: str
) -> None:
    shown = EVERY[kind](hostile_table(["a", "b", "a"]))._repr_mimebundle_()["text/html"]
    page = open_page(
        f"<!DOCTYPE html><meta charset=utf-8><style>div {{ width: 0; overflow: hidden }}</style>"
        f"<body><div>{shown}</div>"
    )
    frame = page.frame_locator("iframe")
    frame.locator("html[data-hk-ready]").wait_for(state="attached")
    assert frame.locator("html").get_attribute("data-hk-failed") == "0"
    page.evaluate("document.querySelector('div').style.width = '1000px'")
    picture = frame.locator(".hk-canvas canvas, .hk-tree").first
    picture.wait_for(state="visible")
    page.wait_for_timeout(300)
    assert picture.bounding_box()["width"] > 800


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_keys_walk_through_the_marks(drawn: Callable[..., Any], kind: str) -> None:
    page = drawn(HOSTILE[kind](hostile_table([f"text {i}" for i in range(12)])))
    page.locator(".hk-stage").focus()
    details = page.locator(".hk-details")
    seen = []
    for _ in range(3):
        page.keyboard.press("]")
        seen.append(str(details.text_content()))
        assert page.locator(".hk-ring").is_visible()
    assert len({*seen, ""}) == 4
    page.keyboard.press("[")
    assert details.text_content() == seen[1]
    page.keyboard.press("Escape")
    assert details.text_content() == ""
    assert page.locator(".hk-ring").is_hidden()
    page.keyboard.press("?")
    assert "Esc" in str(details.text_content())
    assert page.evaluate("document.activeElement.className") == "hk-stage"


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_nothing_to_draw_is_said(drawn: Callable[..., Any], kind: str) -> None:
    chart = HOSTILE[kind](hostile_table([]))
    page = drawn(chart)
    assert page.locator(".hk-message").text_content() == chart.spec["message"]


def test_all_kinds_share_a_page_and_its_libraries(drawn: Callable[..., Any]) -> None:
    table = hostile_table([f"text {i}" for i in range(12)])
    page = Page()
    body = "".join(page.add(HOSTILE[kind](table)) for kind in sorted(HOSTILE))
    tail = page.tail()
    content = (
        f"<!DOCTYPE html><html><head><meta charset=utf-8>{page.head()}</head>"
        f"<body>{body}{tail}</body></html>"
    )
    assert tail.count('id="hk-library-echarts"') == tail.count('id="hk-library-world"') == 1
    opened = drawn(content)
    assert opened.locator(".hk-stage").count() == len(HOSTILE)
    assert opened.locator(".hk-message").count() == 0
