import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from huntkit.charts import Tiles, geo_map

pytestmark = pytest.mark.browser

# One dark red pixel.
TILE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mOMUnP5DwACtQGb4u0zeAAAAABJRU5ErkJg"
    "gg=="
)
PLACES = pl.DataFrame({"Latitude": [48.2, 35.7, -33.9], "Longitude": [16.4, 139.7, 18.4]})
URL = "https://tiles.example/{z}/{x}/{y}.png"


def open_with_tiles(browser: Any, path: Path, *, works: bool) -> tuple[Any, list[str], list[str]]:
    """A page, what it asked for, and what went wrong in it."""
    chart = geo_map(PLACES, tiles=Tiles(url=URL, attribution="© Example <b>owner</b>", deepest=6))
    path.write_text(chart.to_html(), "utf-8")
    page = browser.new_context(viewport={"width": 1000, "height": 800}).new_page()
    asked: list[str] = []
    faults: list[str] = []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        if works and route.request.url.startswith("https://tiles.example/"):
            route.fulfill(body=TILE, content_type="image/png")
        else:
            route.abort()

    page.route(lambda url: not url.startswith("file:"), answer)
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(path.as_uri())
    page.locator("html[data-hk-ready]").wait_for(state="attached")
    page.wait_for_timeout(400)
    return page, asked, faults


def test_only_the_named_server_is_asked_for_what_is_in_view(browser: Any, tmp_path: Path) -> None:
    page, asked, faults = open_with_tiles(browser, tmp_path / "map.html", works=True)
    assert asked
    assert all(url.startswith("https://tiles.example/") for url in asked)
    first = len(asked)
    page.locator(".hk-stage").focus()
    for _ in range(4):
        page.keyboard.press("+")
    page.wait_for_timeout(400)
    assert len(asked) > first
    assert max(int(url.split("/")[3]) for url in asked) <= 6
    assert len(set(asked)) == len(asked), "a tile is asked for once"
    # Another server stays closed: the page's policy, not good manners, sees to that.
    page.evaluate("new Image().src = 'https://other.example/x.png'")
    page.wait_for_timeout(200)
    assert not any("other.example" in url for url in asked)
    assert [fault for fault in faults if "other.example" not in fault] == []
    assert page.locator("figure b").count() == 0
    page.context.close()


def test_where_no_tile_comes_the_countries_stay(browser: Any, tmp_path: Path) -> None:
    page, asked, _ = open_with_tiles(browser, tmp_path / "map.html", works=False)
    assert asked
    page.locator(".hk-stage").focus()
    page.keyboard.press("]")
    assert "-33.9, 18.4" in str(page.locator(".hk-details").text_content())
    colours = page.evaluate("""() => {
      const canvas = document.querySelector(".hk-canvas canvas");
      const context = canvas.getContext("2d");
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    }""")
    assert colours > 4
    page.context.close()


def test_without_tiles_nothing_is_asked(drawn: Callable[..., Any]) -> None:
    assert drawn(geo_map(PLACES)).locator(".hk-stage").count() == 1
