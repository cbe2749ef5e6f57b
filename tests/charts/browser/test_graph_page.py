from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from huntkit.charts import network
from huntkit.charts.chart import Chart

pytestmark = pytest.mark.browser


def chain(size: int) -> Chart:
    """n0 - n1 - ... with two more leaves at n1, so that n1 has the most neighbours."""
    names = [f"n{i}" for i in range(size)]
    source = [*names[:-1], "n1", "n1"]
    target = [*names[1:], "leaf a", "leaf b"]
    frame = pl.DataFrame({"s": source, "t": target})
    return network(frame, source_column="s", target_column="t", directed=False)


def star(size: int) -> Chart:
    frame = pl.DataFrame({"s": ["hub"] * size, "t": [f"leaf {i:03}" for i in range(size)]})
    return network(frame, source_column="s", target_column="t")


def details(page: Any) -> str:
    return str(page.locator(".hk-details").text_content())


def status(page: Any) -> str:
    return str(page.locator(".hk-status").text_content())


def search(page: Any, text: str) -> None:
    page.locator(".hk-stage").focus()
    page.keyboard.press("/")
    page.locator(".hk-search").fill(text)
    page.keyboard.press("Enter")
    page.locator(".hk-stage").focus()


def test_the_path_between_two_nodes_is_found_and_told(drawn: Callable[..., Any]) -> None:
    page = drawn(chain(6))
    search(page, "leaf a")
    page.keyboard.press("p")
    assert "choose the path's other end" in status(page)
    search(page, "n4")
    assert "The shortest path, 4 links:" in details(page)
    assert [each.strip() for each in page.locator(".hk-details dd").all_text_contents()] == [
        "leaf a",
        "n1",
        "n2",
        "n3",
        "n4",
    ]
    page.keyboard.press("Escape")
    assert details(page) == ""


def test_no_path_is_said(drawn: Callable[..., Any]) -> None:
    frame = pl.DataFrame({"s": ["a", "c"], "t": ["b", "d"]})
    page = drawn(network(frame, source_column="s", target_column="t"))
    search(page, "a")
    page.keyboard.press("p")
    search(page, "d")
    assert "No path joins a and d." in details(page)


def test_neighbours_unfold_in_place_and_back_folds_them(drawn: Callable[..., Any]) -> None:
    page = drawn(star(400))
    assert status(page).startswith("150 of 401 nodes")
    page.locator(".hk-stage").focus()
    page.keyboard.press("]")
    assert "hub" in details(page)
    page.keyboard.press("Enter")
    assert status(page).startswith("250 of 401 nodes")
    page.keyboard.press("Enter")
    page.keyboard.press("Backspace")
    assert status(page).startswith("250 of 401 nodes")
    page.keyboard.press("Backspace")
    assert status(page).startswith("150 of 401 nodes")


def test_a_search_unfolds_what_it_finds(drawn: Callable[..., Any]) -> None:
    page = drawn(star(400))
    search(page, "leaf 399")
    assert "leaf 399" in details(page)
    assert status(page).startswith("151 of 401 nodes")
    search(page, "nothing like it")
    assert "No node has that" in details(page)


def test_kinds_can_be_hidden(drawn: Callable[..., Any]) -> None:
    frame = pl.DataFrame({"User": ["al", "bo"], "Computer": ["ws1", "ws1"]})
    page = drawn(network(frame, source_column="User", target_column="Computer"))
    assert status(page).startswith("3 of 3 nodes, 2 of 2 links")
    page.locator(".hk-item", has_text="account").click()
    assert status(page).startswith("1 of 3 nodes, 0 of 2 links")


def test_dragging_moves_the_picture_and_clicking_chooses(drawn: Callable[..., Any]) -> None:
    page = drawn(star(3))
    page.locator(".hk-stage").focus()
    page.keyboard.press("]")
    ring = page.locator(".hk-ring").bounding_box()
    x, y = ring["x"] + 9, ring["y"] + 9
    page.keyboard.press("Escape")
    page.mouse.click(x, y)
    assert "hub" in details(page)
    page.mouse.move(x + 60, y + 200)
    page.mouse.down()
    page.mouse.move(x + 160, y + 240, steps=4)
    page.mouse.up()
    page.wait_for_timeout(100)
    moved = page.locator(".hk-ring").bounding_box()
    assert moved["x"] - ring["x"] == pytest.approx(100, abs=3)
