"""The report in headless Chromium: nothing runs that is not ours, nothing is asked for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import huntkit
from huntkit.report import report
from huntkit.sources.demo import make_demo

pytestmark = pytest.mark.browser

ATTACKS = [
    "<script>window.owned=1</script>",
    "<img src=x onerror='window.owned=1'>",
    "</script><script>window.owned=1</script>",
    "'\"><svg onload=window.owned=1>",
    "<meta http-equiv=refresh content='0;url=http://203.0.113.9/'>",
    "<link rel=stylesheet href=http://203.0.113.9/x.css>",
    "\u2028window.owned=1//",
]


class Seen:
    """What a page did."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda r: self.requests.append(r.url))
        page.on("console", lambda m: self.complaints.append(m.text))
        page.on("pageerror", lambda e: self.complaints.append(str(e)))

    def open(self, path: Path) -> Any:
        self.page.goto(path.as_uri())
        # Not by a function: its polling is an eval, which the page's policy rightly refuses.
        self.page.wait_for_selector("html[data-hk-ready]", state="attached")
        return self.page


def test_the_demo_report_draws_and_asks_for_nothing(browser: Any, tmp_path: Path) -> None:
    with huntkit.open(make_demo(tmp_path / "demo"), cache=False) as evidence:
        path = report(evidence).save(tmp_path / "r.html")
    seen = Seen(browser.new_page(viewport={"width": 1400, "height": 1000}))
    page = seen.open(path)
    assert page.evaluate("document.documentElement.dataset.hkFailed") == "0"
    assert seen.requests == [path.as_uri()]
    assert seen.complaints == []
    assert page.locator("figure.hk-chart").count() == 2
    # Nothing is wider than the window, and a link of the contents leads to its section.
    assert page.evaluate("document.documentElement.scrollWidth") <= 1400
    page.click("nav a[href='#indicators']")
    assert page.evaluate("location.hash") == "#indicators"


def test_hostile_text_does_not_run(
    browser: Any,
    tmp_path: Path,
    evidence: Callable[..., Any],
    process_rows: Callable[..., pl.DataFrame],
) -> None:
    rows = process_rows(
        *(
            {
                "DeviceName": text,
                "AccountName": text,
                "FolderPath": text,
                "FileName": text,
                "ProcessCommandLine": text,
                "ProcessId": number + 10,
                "_file": text,
                "_record": number,
            }
            for number, text in enumerate(ATTACKS)
        )
    )
    notable = rows.with_columns(
        ActionType=pl.lit("ServiceInstalled"),
        AdditionalFields=pl.col("ProcessCommandLine"),
        InitiatingProcessAccountName=pl.col("AccountName"),
    )
    given = evidence(
        {"DeviceProcessEvents": rows, "DeviceEvents": notable}, problems=ATTACKS, partial=True
    )
    path = report(given, title=ATTACKS[0]).save(tmp_path / "r.html")
    seen = Seen(browser.new_page())
    page = seen.open(path)
    page.wait_for_timeout(300)
    assert page.evaluate("window.owned") is None
    assert seen.requests == [path.as_uri()]
    assert seen.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(
    scheme: str, browser: Any, tmp_path: Path, evidence: Callable[..., Any]
) -> None:
    path = report(evidence({}, partial=True, problems=["x"])).save(tmp_path / "r.html")
    page = Seen(browser.new_page(color_scheme=scheme)).page
    page.goto(path.as_uri())
    worst = page.evaluate(
        """() => {
        const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map(v => v / 255)
            .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
            return .2126 * r + .7152 * g + .0722 * b; };
        const ground = e => { for (; e; e = e.parentElement) {
            const c = getComputedStyle(e).backgroundColor;
            if (c !== 'rgba(0, 0, 0, 0)') return c; } return 'rgb(255, 255, 255)'; };
        return Math.min(...[...document.querySelectorAll('p, li, dt, dd, h1, h2, td, th, a')]
            .filter(e => e.innerText && !e.matches('.skip, .hidden'))
            .map(e => { const a = light(getComputedStyle(e).color), b = light(ground(e));
                return (Math.max(a, b) + .05) / (Math.min(a, b) + .05); }));
        }"""
    )
    assert worst >= 4.5
