"""A browser that fails the test on any error, dialog, request or policy violation."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from huntkit.charts.chart import Chart

sync_api = pytest.importorskip("playwright.sync_api")

WATCH = """
addEventListener("securitypolicyviolation", (e) => console.error("policy: " + e.violatedDirective));
addEventListener("unhandledrejection", (e) => console.error("rejected: " + e.reason));
"""

Open = Callable[..., "sync_api.Page"]


@pytest.fixture
def open_page(browser: "sync_api.Browser", tmp_path: Path) -> Iterator[Open]:
    """Open a chart or an HTML text; on teardown, nothing may have gone wrong in it."""
    faults: list[str] = []
    contexts = []

    def open_it(content: Chart | str, *, scheme: str = "light") -> "sync_api.Page":
        context = browser.new_context(
            viewport={"width": 1400, "height": 900}, color_scheme=scheme, offline=True
        )
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(WATCH)
        file = tmp_path / f"{len(contexts)}.html"
        file.write_text(content if isinstance(content, str) else content.to_html(), "utf-8")
        own = {file.as_uri(), "about:srcdoc"}
        page.on("console", lambda m: faults.append(m.text) if m.type != "info" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda r: faults.append(r.url) if r.url not in own else None)
        page.on("popup", lambda _: faults.append("a window was opened"))
        page.goto(file.as_uri())
        return page

    yield open_it
    for context in contexts:
        for page in context.pages:
            ran = [frame.url for frame in page.frames if frame.evaluate("'hostile' in window")]
            faults.extend(f"something ran in {url}" for url in ran)
        context.close()
    assert faults == []


@pytest.fixture
def drawn(open_page: Open) -> Open:
    """Like `open_page`, and waits until every chart is drawn."""

    def open_and_wait(content: Chart | str, *, scheme: str = "light") -> "sync_api.Page":
        page = open_page(content, scheme=scheme)
        page.locator("html[data-hk-ready]").wait_for(state="attached")
        assert page.evaluate("document.documentElement.dataset.hkFailed") == "0"
        return page

    return open_and_wait
