"""Charts of a million events, three thousand groups and ten thousand processes, in Chromium.

The events are made up, at random distances over seven days. What the page does itself is measured:
until the chart is drawn, and for each step of zooming and moving by keys, without what the browser
does afterwards to show it. Needs playwright and Chromium, as the browser tests do.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from playwright.sync_api import sync_playwright

from bench._measure import table
from bench.trees import make
from huntkit import charts
from huntkit.charts import bundle
from huntkit.charts.chart import Chart
from huntkit.charts.layout import layout

WEEK_US = 7 * 86_400_000_000
LOADS = 3
STEPS = ["+"] * 12 + ["-"] * 12 + ["0", "+"] + ["ArrowRight"] * 8 + ["ArrowLeft"] * 8

# How long each key keeps the page busy.
WORK = """(keys) => {
  const stage = document.querySelector(".hk-stage");
  stage.focus();
  return keys.map((key) => {
    const start = performance.now();
    stage.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    return performance.now() - start;
  });
}"""
SEARCH = """(words) => {
  const search = document.querySelector(".hk-search");
  return words.map((word) => {
    const start = performance.now();
    search.value = word;
    search.dispatchEvent(new Event("input"));
    document.querySelector(".hk-tree").offsetHeight; // with the layout of the rows
    return performance.now() - start;
  });
}"""


def events(size: int, groups: int) -> pl.DataFrame:
    """Events at random times, in groups of uneven size."""
    random = np.random.default_rng(7)
    at = np.sort(random.integers(0, WEEK_US, size))
    group = (random.random(size) ** 2 * groups).astype(int)
    start = pl.lit(datetime(2026, 3, 1, tzinfo=UTC)).dt.cast_time_unit("us")
    return pl.DataFrame({"at": at, "group": group}).select(
        TimeGenerated=start + pl.duration(microseconds="at"),
        EventID=4600 + pl.col("group"),
        CommandLine=pl.format("program{}.exe -n {}", "group", pl.int_range(pl.len())),
    )


def run(_data: Path) -> None:
    """Print the tables."""
    rows = [("chart", "Python s", "page MB", "beside library MB", "ready ms", "median step ms",
             "worst step ms")]  # fmt: skip
    million, varied = events(1_000_000, 6), events(100_000, 3_000)
    drawn: list[tuple[str, Callable[[], Chart]]] = [
        ("timeline, 1,000,000 in 6 lanes", lambda: charts.timeline(million, group_by="EventID")),
        ("timeline, 100,000 in 3,000 groups", lambda: charts.timeline(varied, group_by="EventID")),
        ("values, 1,000,000", lambda: charts.timeline_values(million, value_column="EventID")),
        ("process tree, 10,000", lambda: charts.process_tree(make(10_000))),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = driver.chromium.launch(executable_path=chromium, args=arguments)
        for name, draw in drawn:
            took, chart, page = _made(draw)
            path = Path(folder) / "chart.html"
            path.write_text(page, "utf-8")
            libraries = sum(len(bundle.library(each)) for each in chart.libraries)
            own = len(page) - libraries
            ready, steps = _loaded(browser, path)
            rows.append(
                (name, f"{took:.2f}", f"{len(page) / 1e6:.2f}", f"{own / 1e6:.2f}",
                 f"{ready:.0f}", f"{statistics.median(steps):.0f}", f"{max(steps):.0f}")
            )  # fmt: skip
        browser.close()
    table(rows)
    print("  (the steps of the tree are searches)")
    _layouts()


def _made(draw: Callable[[], Chart]) -> tuple[float, Chart, str]:
    draw()  # what is only loaded once does not count
    started = time.perf_counter()
    chart = draw()
    page = chart.to_html()
    return time.perf_counter() - started, chart, page


def _loaded(browser: Any, path: Path) -> tuple[float, list[float]]:
    """The median time until the page is drawn, and the times of all steps of all loads."""
    ready, steps = [], []
    for _ in range(LOADS):
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(path.as_uri())
        page.locator("html[data-hk-ready]").wait_for(state="attached")
        ready.append(float(page.evaluate("document.documentElement.dataset.hkReady")))
        if page.locator(".hk-tree").count():
            steps += page.evaluate(SEARCH, ["program1", "p", "program17.exe -n 99", "nothing", ""])
        else:
            steps += page.evaluate(WORK, STEPS)
        page.close()
    return statistics.median(ready), steps


def _layouts() -> None:
    rows = [("graph", "layout s")]
    random = np.random.default_rng(7)
    for nodes, links in ((300, 1_000), (1_000, 5_000), (1_000, 20_000), (3_000, 12_000)):
        edges = [(int(a), int(b)) for a, b in random.integers(0, nodes, (links, 2))]
        started = time.perf_counter()
        layout(nodes, edges)
        took = time.perf_counter() - started
        rows.append((f"{nodes:,} nodes, {links:,} links", f"{took:.2f}"))
    table(rows)
