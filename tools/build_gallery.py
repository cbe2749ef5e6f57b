"""Draw the pictures of docs/charts.md from its own examples: ``python -m tools.build_gallery``.

Needs playwright and Chromium, as the browser tests do.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from huntkit.sources.demo import make_demo

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = re.compile(r"^```python demo\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WIDTH = 1000
TALLEST = 860
SCALE = 0.72


def main() -> None:
    """One picture per example, named after its chart's kind."""
    examples = EXAMPLE.findall((ROOT / "docs" / "charts.md").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        make_demo(Path(folder))
        os.chdir(folder)
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": WIDTH, "height": 700}, device_scale_factor=SCALE, offline=True
        )
        for number, example in enumerate(examples):
            names: dict[str, Any] = {}
            exec(compile(example, f"example {number}", "exec"), names)  # noqa: S102  our own page
            _draw(context, names["chart"], Path(folder) / f"{number}.html")
        browser.close()


def _draw(context: Any, chart: Any, path: Path) -> None:
    page = context.new_page()
    page.goto(chart.save(path).as_uri())
    page.locator("html[data-hk-ready]").wait_for(state="attached")
    target = ROOT / "docs" / "images" / f"chart-{chart.kind}.png"
    tall = min(page.locator("figure").bounding_box()["height"] + 28, TALLEST)
    page.set_viewport_size({"width": WIDTH, "height": round(tall)})
    page.wait_for_timeout(200)
    page.screenshot(path=target)
    page.close()
    print(target.name, target.stat().st_size)  # noqa: T201  a tool may talk


if __name__ == "__main__":
    main()
