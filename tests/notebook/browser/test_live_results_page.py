"""Results of look-ups in a page that behaves like a notebook: both ways, and nothing runs."""

from typing import Any

import polars as pl
import pytest

from huntkit.enrich.ti import TILookup
from huntkit.notebook import live

pytestmark = pytest.mark.browser

RUN = "</script><script>window.hostile=1</script><img src=x onerror=window.hostile=1>"


def found(size: int = 6) -> pl.DataFrame:
    rows = [
        {
            "Ioc": f"9.9.9.{n}" if n else RUN, "SafeIoc": f"9.9.9.{n}" if n else RUN,
            "IocType": "ipv4", "Provider": provider, "Status": "ok",
            "Severity": ("high", "warning", "information")[n % 3], "Details": RUN,
            "RawResult": RUN, "Reference": "javascript:window.hostile=1",
        }
        for n in range(size)
        for provider in ("OTX", RUN)
    ]  # fmt: skip
    return pl.DataFrame(rows)


def ticked(frame: Any) -> list[str]:
    return [
        str(each.evaluate("each => each.closest('tbody').dataset.row"))
        for each in frame.locator("tbody input:checked").all()
    ]


def test_ticks_come_to_python_and_go_from_it(notebook: Any) -> None:
    widget = live(TILookup.browse_results(found()))
    frame = notebook.show(widget)
    frame.locator("tbody[data-row='4'] input").check()
    notebook.pump(lambda: widget.selected == ["9.9.9.4"])
    assert widget.value["SafeIoc"].to_list() == ["9.9.9.4"] * 2
    frame.locator("tbody[data-row='0'] input").focus()
    notebook.page.keyboard.press("Space")
    notebook.pump(lambda: len(widget.selected) == 2)
    assert widget.value.height == 4
    widget.selected = ["9.9.9.2", "9.9.9.1"]
    notebook.pump(lambda: sorted(ticked(frame)) == ["1", "2"])
    assert frame.locator("tbody.chosen").count() == 2
    assert widget.selected == ["9.9.9.2", "9.9.9.1"]
    frame.locator("#least").select_option("3")
    frame.locator("tbody[data-row='3'] input").check()
    notebook.pump(lambda: len(widget.selected) == 3)
    widget.selected = []
    notebook.pump(lambda: ticked(frame) == [])
    assert widget.value.height == 0
    for _ in range(2):  # the same choice again is a choice
        frame.locator("tbody[data-row='3'] input").check()
        notebook.pump(lambda: widget.selected == ["9.9.9.3"])
        widget.selected = []
        notebook.pump(lambda: ticked(frame) == [])


def test_shown_twice_both_say_the_same(notebook: Any) -> None:
    widget = live(TILookup.browse_results(found()))
    widget.selected = ["9.9.9.5"]
    frame = notebook.show(widget)
    notebook.pump(lambda: ticked(frame) == ["5"])
    assert widget.selected == ["9.9.9.5"]


def test_a_page_around_it_that_is_not_its_own_is_not_heard(notebook: Any) -> None:
    widget = live(TILookup.browse_results(found()))
    frame = notebook.show(widget)
    notebook.page.evaluate("postMessage({huntkit: JSON.stringify({rows: [1]})}, '*')")
    frame.locator("html").evaluate("() => window.postMessage({huntkit: {rows: [2]}}, '*')")
    frame.locator("tbody[data-row='4'] input").check()
    notebook.pump(lambda: len(widget.selected) > 0)
    assert widget.selected == ["9.9.9.4"]
    assert ticked(frame) == ["4"]
