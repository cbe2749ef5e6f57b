"""Units drawn by morphcharts; the graphics card is imitated here, so there are few of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from huntkit.charts import units

pytestmark = pytest.mark.browser

# The stand-in for a graphics card says how slow it is when its picture is copied.
STALL = "GPU stall due to ReadPixels"
KEEP = """
const own = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, options) {
  const context = own.call(this, kind, options);
  if (kind === "webgl") (window.cards ??= []).push(context);
  return context;
};
addEventListener("securitypolicyviolation", (e) => console.error("policy: " + e.violatedDirective));
"""
# The colours of the picture, at every fourth pixel.
PIXELS = """() => {
  const canvas = document.querySelector(".hk-canvas canvas");
  const { width, height } = canvas;
  const copy = Object.assign(document.createElement("canvas"), { width, height });
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  let out = "";
  for (let i = 0; i < data.length; i += 16) {
    out += ((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]).toString(16).padStart(6, "0");
  }
  return out;
}"""


def frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "n": [i * i % 997 for i in range(300)],
            "host": [f"host{i * 7 % 5}" for i in range(300)],
            "action": [["logon", "process", "network"][i % 3] for i in range(300)],
        }
    )


@pytest.fixture
def shown(browser: Any, tmp_path: Path) -> Iterator[Any]:
    faults: list[str] = []
    contexts = []

    def show(renderer: str, layout: str, scheme: str = "light") -> Any:
        chart = units(
            frame(),
            x="n",
            y="host",
            z="action",
            group_by="action",
            layout=layout,
            renderer=renderer,
        )
        context = browser.new_context(
            viewport={"width": 900, "height": 800}, color_scheme=scheme, offline=True
        )
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(KEEP)
        page.on("console", lambda m: None if STALL in m.text else faults.append(m.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        path = tmp_path / f"{renderer}-{layout}-{scheme}.html"
        chart.save(path)
        page.goto(path.as_uri())
        page.locator("html[data-hk-ready]").wait_for(state="attached")
        assert page.evaluate("document.documentElement.dataset.hkFailed") == "0"
        assert page.locator(".hk-stage").get_attribute("data-painter") == renderer
        return page

    yield show
    for context in contexts:
        context.close()
    assert faults == []


def pixels(page: Any) -> bytes:
    return bytes.fromhex(page.evaluate(PIXELS))


def alike(one: bytes, other: bytes) -> float:
    """The share of colours that are near one another."""
    assert len(one) == len(other)
    return sum(abs(a - b) < 40 for a, b in zip(one, other, strict=True)) / len(one)


def strong(picture: bytes) -> int:
    each = zip(picture[::3], picture[1::3], picture[2::3], strict=True)
    return sum(max(pixel) - min(pixel) > 60 for pixel in each)


@pytest.mark.parametrize(
    ("layout", "scheme"), [("columns", "dark"), ("stacks", "light"), ("blocks", "dark")]
)
def test_both_painters_draw_the_same_picture(shown: Any, layout: str, scheme: str) -> None:
    gpu, canvas = (pixels(shown(who, layout, scheme)) for who in ("gpu", "canvas"))
    assert strong(gpu) > 500
    assert 0.8 < strong(gpu) / strong(canvas) < 1.25
    assert alike(gpu, canvas) > 0.97


def test_morphcharts_moves_the_units_to_where_the_canvas_puts_them(shown: Any) -> None:
    page = shown("gpu", "columns")
    page.locator(".hk-stage").focus()
    for key in ("4", "1", "6"):
        page.keyboard.press(key)
        page.wait_for_timeout(400)
    page.locator(".hk-stage[aria-busy=false]").wait_for(state="attached")
    assert alike(pixels(page), pixels(shown("canvas", "blocks"))) > 0.97


def test_a_group_switched_off_is_not_painted(shown: Any) -> None:
    page = shown("gpu", "columns")
    whole = strong(pixels(page))
    page.locator(".hk-item").first.click()
    page.wait_for_timeout(500)
    assert 0.5 < strong(pixels(page)) / whole < 0.8  # one of three equal groups


def test_a_graphics_card_that_is_lost_leaves_a_picture_and_a_word(shown: Any) -> None:
    page = shown("gpu", "stacks")
    before = pixels(page)
    page.evaluate("window.cards.at(-1).getExtension('WEBGL_lose_context').loseContext()")
    page.locator(".hk-stage[data-painter=canvas]").wait_for(state="attached")
    page.wait_for_timeout(500)
    assert "the graphics card was lost" in str(page.locator(".hk-painter").text_content())
    assert alike(pixels(page), before) > 0.97
