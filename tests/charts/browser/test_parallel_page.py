from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from huntkit.charts import parallel

pytestmark = pytest.mark.browser


def status(page: Any) -> str:
    return str(page.locator(".hk-status").text_content())


def test_a_range_on_an_axis_keeps_the_lines_that_pass_there(drawn: Callable[..., Any]) -> None:
    frame = pl.DataFrame({"n": list(range(100)), "t": ["a", "b"] * 50})
    page = drawn(parallel(frame, columns=["n", "t"]))
    assert status(page).startswith("100 of 100 rows")
    box = page.locator(".hk-canvas canvas").bounding_box()
    x = box["x"] + 110
    page.mouse.move(x, box["y"] + 42)
    page.mouse.down()
    page.mouse.move(x, box["y"] + 42 + 456 / 2, steps=5)
    page.mouse.up()
    page.wait_for_timeout(100)
    assert status(page).startswith("50 of 100 rows")
    page.locator(".hk-stage").focus()
    page.keyboard.press("Backspace")
    assert status(page).startswith("100 of 100 rows")


def test_keys_keep_what_agrees_with_the_chosen_line(drawn: Callable[..., Any]) -> None:
    frame = pl.DataFrame({"n": list(range(100)), "t": ["a"] * 30 + ["b"] * 70})
    page = drawn(parallel(frame, columns=["n", "t"]))
    page.locator(".hk-stage").focus()
    page.keyboard.press("]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert status(page).startswith("30 of 100 rows")
