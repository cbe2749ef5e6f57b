from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from huntkit.charts import units

pytestmark = pytest.mark.browser


def test_units_move_to_another_layout_and_the_chosen_one_with_them(
    drawn: Callable[..., Any],
) -> None:
    frame = pl.DataFrame({"n": list(range(500)), "host": ["a", "b", "c", "a", "a"] * 100})
    page = drawn(units(frame, x="n", y="host", group_by="host"))
    page.locator(".hk-stage").focus()
    page.keyboard.press("]")
    stacked = page.locator(".hk-ring").bounding_box()
    told = page.locator(".hk-details").text_content()
    for key, layout in (("3", "Cells"), ("1", "Scatter"), ("2", "Columns")):
        page.keyboard.press(key)
        page.wait_for_timeout(1_200)
        pressed = page.locator(".hk-button[aria-pressed=true]:not(.hk-item)")
        assert pressed.all_text_contents() == [layout]
        assert page.locator(".hk-details").text_content() == told
    assert page.locator(".hk-ring").bounding_box() == stacked
    page.keyboard.press("1")
    page.wait_for_timeout(1_200)
    assert page.locator(".hk-ring").bounding_box() != stacked


def test_who_asks_for_less_motion_gets_none(drawn: Callable[..., Any]) -> None:
    frame = pl.DataFrame({"n": list(range(50)), "host": ["a", "b"] * 25})
    page = drawn(units(frame, x="n", y="host"))
    page.emulate_media(reduced_motion="reduce")
    page.locator(".hk-stage").focus()
    page.keyboard.press("3")
    assert page.evaluate("document.querySelectorAll('[aria-pressed=true]').length") > 0
    before = page.screenshot()
    page.wait_for_timeout(300)
    assert page.screenshot() == before
