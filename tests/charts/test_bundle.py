import gzip
import re
from importlib.resources import files
from pathlib import Path

import pytest

from huntkit.charts import bundle

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "js" / "src").rglob("*.js"))
ASSETS = files("huntkit.charts") / "assets"
KINDS = sorted(p.stem for p in (ROOT / "src/huntkit/charts/kinds").glob("*.py") if p.stem[0] != "_")


def test_every_kind_of_chart_has_its_script() -> None:
    assert sorted(p.name.removesuffix(".js") for p in (ASSETS / "kinds").iterdir()) == KINDS


@pytest.mark.parametrize("name", ["page.js", "live.js", *(f"kinds/{kind}.js" for kind in KINDS)])
def test_no_script_can_end_its_own_element_or_needs_another_encoding(name: str) -> None:
    text = bundle.script(name)
    assert "</script" not in text.lower()
    assert "<!--" not in text
    assert text.isascii()


def test_the_style_sheet_loads_nothing_and_stays_in_its_element() -> None:
    text = bundle.script("page.css")
    assert "</" not in text
    assert "url(" not in text
    assert "@import" not in text


@pytest.mark.parametrize(("name", "most"), [("echarts", 260_000), ("morph", 90_000)])
def test_the_libraries_are_there_once_and_small(name: str, most: int) -> None:
    text = gzip.decompress(ASSETS.joinpath(f"{name}.js.gz").read_bytes()).decode()
    assert len(bundle.library(name)) < most
    assert "</script" not in text.lower()


def test_morphcharts_makes_no_code_of_text() -> None:
    text = gzip.decompress(ASSETS.joinpath("morph.js.gz").read_bytes()).decode()
    assert not re.search(r"\beval\(|\bFunction\(|innerHTML|document\.write|\bimport\(", text)


LICENCES = ["echarts-LICENSE", "echarts-NOTICE", "zrender-LICENSE"]
LICENCES += ["morphcharts-LICENSE", "gl-matrix-LICENSE"]


@pytest.mark.parametrize("name", LICENCES)
def test_the_licences_of_the_library_are_shipped(name: str) -> None:
    assert ASSETS.joinpath("licenses", f"{name}.txt").read_text("utf-8").strip()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_sources_use_nothing_that_makes_markup_or_code_of_text(path: Path) -> None:
    code = re.sub(r"//.*", "", path.read_text("utf-8"))
    banned = (
        "innerHTML outerHTML insertAdjacentHTML document.write DOMParser createContextualFragment "
        "eval( Function( dataView sublink srcdoc location fetch( XMLHttpRequest WebSocket import("
    )
    # Live charts make the frame that charts in notebooks always have, from the same page.
    allowed = ["srcdoc"] if path.name == "live.js" else []
    assert [word for word in banned.split() if word in code] == allowed
    assert not re.search(r"renderMode:(?! \"richText\")|\blink:", code)


def test_the_lock_file_names_no_address() -> None:
    lock = (ROOT / "js/package-lock.json").read_text("utf-8")
    assert '"resolved"' not in lock
    assert "integrity" in lock
