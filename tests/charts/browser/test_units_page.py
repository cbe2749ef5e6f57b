import io
import json
import statistics
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from huntkit.charts import units
from huntkit.charts.chart import Chart

pytestmark = pytest.mark.browser

START = datetime(2026, 3, 1, tzinfo=UTC)
LAYOUTS = ["Scatter", "Columns", "Cells", "Stacks", "Space", "Blocks"]
# How many pixels have a strong colour, as units do and axes don't; how many have that of the first
# group; and a number for the picture.
PICTURE = """() => {
  const canvas = document.querySelector(".hk-canvas canvas");
  const { width, height } = canvas;
  const copy = Object.assign(document.createElement("canvas"), { width, height });
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  let [strong, blue, hash] = [0, 0, 0];
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
    strong += Math.max(r, g, b) - Math.min(r, g, b) > 60;
    blue += r === 0 && g === 114 && b === 178;
    hash = (Math.imul(hash, 31) + r + g * 256 + b * 65536) | 0;
  }
  return { strong, blue, hash };
}"""
# How long the page itself works on each frame, in milliseconds.
WORK = """
window.work = [];
const request = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (act) => request((now) => {
  const start = performance.now();
  act(now);
  window.work.push(performance.now() - start);
});
"""


def events(count: int, **options: Any) -> Chart:
    frame = pl.DataFrame(
        {
            "TimeGenerated": [START + timedelta(minutes=i * i % 9_973) for i in range(count)],
            "host": [f"host{i * 7 % 13:02}" for i in range(count)],
            "action": [
                ["logon", "process", "network", "file"][i * i % 7 % 4] for i in range(count)
            ],
        }
    )
    given = {"x": "TimeGenerated", "y": "host", "z": "action", "group_by": "action"}
    return units(frame, **{**given, **options})


def real_events(shared_data: Path) -> pl.DataFrame:
    folder = shared_data / "security-datasets/atomic/windows/lateral_movement/host"
    rows = []
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                lines = io.BytesIO(archive.read(name))
                rows += [json.loads(line) for line in lines if line.strip()]
    names = ["@timestamp", "EventID", "Channel", "Hostname"]
    texts = {name: [None if r.get(name) is None else str(r[name]) for r in rows] for name in names}
    return pl.DataFrame(texts).drop_nulls()


def press(page: Any, *keys: str) -> None:
    page.locator(".hk-stage").focus()
    for key in keys:
        page.keyboard.press(key)
    settle(page)


def settle(page: Any) -> None:
    """Wait until nothing moves, and the picture is painted finely."""
    page.wait_for_timeout(100)
    page.locator(".hk-stage[aria-busy=false]").wait_for(state="attached")


def told(page: Any, of: str) -> dict[str, str]:
    names, values = (page.locator(f"{of} {tag}").all_text_contents() for tag in ("dt", "dd"))
    return dict(zip(names, values, strict=True))


@pytest.mark.data
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_tens_of_thousands_of_real_events_stand_in_six_layouts(
    drawn: Callable[..., Any], shared_data: Path, scheme: str
) -> None:
    frame = real_events(shared_data)
    assert frame.height > 20_000
    chart = units(frame, x="@timestamp", y="Channel", z="EventID", group_by="Channel")
    assert len(chart.to_html()) < 1_000_000
    page = drawn(chart, scheme=scheme)
    seen = []
    for number, layout in enumerate(LAYOUTS, start=1):
        press(page, str(number))
        pressed = page.locator(".hk-button[aria-pressed=true]:not(.hk-item)")
        assert pressed.all_text_contents() == [layout]
        seen.append(page.evaluate(PICTURE))
    assert min(picture["strong"] for picture in seen) > 3_000
    assert len({picture["hash"] for picture in seen}) == len(LAYOUTS)


def test_fifty_thousand_units_are_ready_in_a_second_and_move_smoothly(
    open_page: Callable[..., Any],
) -> None:
    started = time.perf_counter()
    page = open_page(events(50_000).to_html().replace("<head>", f"<head><script>{WORK}</script>"))
    page.locator("html[data-hk-ready]").wait_for(state="attached")
    ready = int(page.evaluate("document.documentElement.dataset.hkReady"))
    took, medians = [], []
    for number in range(1, 7):
        page.evaluate("window.work = []")
        press(page, str(number))
        work = page.evaluate("window.work")
        took += work
        medians.append(round(statistics.median(work), 1))
    print(f"50,000 units: ready in {ready} ms, a frame takes {medians} ms")
    assert ready < 10_000  # what does not end; `bench charts` has the figures
    assert statistics.median(took) < 400
    assert time.perf_counter() - started < 60


@pytest.mark.parametrize("key", ["2", "4", "5", "6"])
def test_what_lies_under_the_pointer_is_told_as_text(drawn: Callable[..., Any], key: str) -> None:
    frame = pl.DataFrame(
        {"n": [0, 40, 80, 120], "k": ["<b>a</b>", "b", "c", "d"], "m": ["p", "q", "r", "s"]}
    )
    page = drawn(units(frame, x="n", y="k", z="m", group_by="k"))
    press(page, key)
    for row in range(4):
        page.keyboard.press("]")
        ring = page.locator(".hk-ring").bounding_box()
        page.mouse.move(ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2)
        assert page.locator(".hk-tip").is_visible()
        said = told(page, ".hk-tip")
        n, k, m = frame.row(row)
        assert (said["n"], said["k"], said["m"], said["row"]) == (str(n), k, m, str(row))
        assert told(page, ".hk-details") == said
    page.mouse.move(5, 5)
    assert page.locator(".hk-tip").is_hidden()


def test_units_move_to_another_layout_and_the_chosen_one_with_them(
    drawn: Callable[..., Any],
) -> None:
    page = drawn(events(500))
    page.locator(".hk-stage").focus()
    page.keyboard.press("]")
    stacked = page.locator(".hk-ring").bounding_box()
    chosen = page.locator(".hk-details").text_content()
    places = []
    for key in "134562":
        press(page, key)
        assert page.locator(".hk-details").text_content() == chosen
        places.append(page.locator(".hk-ring").bounding_box())
    assert places[-1] == stacked
    assert len({(place["x"], place["y"]) for place in places}) == 6


def test_a_move_passes_through_places_in_between(drawn: Callable[..., Any]) -> None:
    page = drawn(events(500))
    before = page.evaluate(PICTURE)["hash"]
    page.locator(".hk-stage").focus()
    page.keyboard.press("4")
    page.wait_for_timeout(500)
    between = page.evaluate(PICTURE)["hash"]
    settle(page)
    assert len({before, between, page.evaluate(PICTURE)["hash"]}) == 3


def test_a_move_broken_off_ends_where_the_last_key_says(drawn: Callable[..., Any]) -> None:
    page = drawn(events(500))
    press(page, "3")
    expected = page.evaluate(PICTURE)
    page.keyboard.press("4")
    page.wait_for_timeout(300)
    press(page, "3")
    assert page.evaluate(PICTURE) == expected


def test_keys_turn_move_and_enlarge_and_zero_shows_all_again(drawn: Callable[..., Any]) -> None:
    page = drawn(events(500))
    press(page, "4")
    first = page.evaluate(PICTURE)["hash"]
    seen = {first}
    for key in ["ArrowLeft", "ArrowUp", "Shift+ArrowLeft", "+", "-", "-"]:
        press(page, key)
        seen.add(page.evaluate(PICTURE)["hash"])
    assert len(seen) == 7
    press(page, "0")
    assert page.evaluate(PICTURE)["hash"] == first


def test_the_wheel_and_the_mouse_do_the_same(drawn: Callable[..., Any]) -> None:
    page = drawn(events(500))
    press(page, "4")
    box = page.locator(".hk-canvas canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    seen = [page.evaluate(PICTURE)["hash"]]
    page.mouse.move(x, y)
    page.mouse.wheel(0, -200)
    settle(page)
    seen.append(page.evaluate(PICTURE)["hash"])
    page.mouse.down()
    page.mouse.move(x + 80, y + 20, steps=4)
    page.mouse.up()
    settle(page)
    seen.append(page.evaluate(PICTURE)["hash"])
    assert len(set(seen)) == 3
    page.get_by_role("button", name="Show everything").click()
    settle(page)
    assert page.evaluate(PICTURE)["hash"] == seen[0]


def test_a_group_switched_off_is_neither_painted_nor_told(drawn: Callable[..., Any]) -> None:
    page = drawn(events(600))
    assert page.evaluate(PICTURE)["blue"] > 1_000
    first = page.locator(".hk-item").first
    hidden = str(first.locator(".hk-label").text_content())
    first.click()
    settle(page)
    picture = page.evaluate(PICTURE)
    assert picture["blue"] == 0
    assert picture["strong"] > 1_000
    page.locator(".hk-stage").focus()
    for _ in range(5):
        page.keyboard.press("]")
        assert told(page, ".hk-details")["action"] != hidden


def test_layouts_that_need_a_third_column_are_not_offered_without_one(
    drawn: Callable[..., Any],
) -> None:
    page = drawn(events(100, z=None))
    offered = page.locator(".hk-button[aria-pressed]:not(.hk-item)").all_text_contents()
    assert offered == LAYOUTS[:4]


def test_who_asks_for_less_motion_gets_none(drawn: Callable[..., Any]) -> None:
    page = drawn(events(50))
    page.emulate_media(reduced_motion="reduce")
    page.locator(".hk-stage").focus()
    page.keyboard.press("4")
    before = page.evaluate(PICTURE)
    assert before["strong"] > 100
    page.wait_for_timeout(400)
    assert page.evaluate(PICTURE) == before


@pytest.mark.parametrize(
    ("gets", "says"),
    [("null", "gives no access to a graphics card"), ("own.call(this, kind, o)", "only imitates")],
)
def test_the_page_says_why_it_does_without_the_graphics_card(
    open_page: Callable[..., Any], gets: str, says: str
) -> None:
    script = (
        "const own = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, o) {"
        f"return kind === 'webgl' ? {gets} : own.call(this, kind, o); }};"
    )
    page = open_page(events(200).to_html().replace("<head>", f"<head><script>{script}</script>"))
    page.locator("html[data-hk-ready]").wait_for(state="attached")
    assert says in str(page.locator(".hk-painter").text_content())
    assert page.locator(".hk-stage").get_attribute("data-painter") == "canvas"
    assert page.evaluate(PICTURE)["strong"] > 1_000


def test_the_canvas_alone_needs_no_library_and_no_excuse(drawn: Callable[..., Any]) -> None:
    chart = events(200, renderer="canvas")
    assert 'id="hk-library' not in chart.to_html()
    page = drawn(chart)
    assert page.locator(".hk-painter").text_content() == ""
    assert page.evaluate(PICTURE)["strong"] > 1_000
