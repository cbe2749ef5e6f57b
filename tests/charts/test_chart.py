import html
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import huntkit
import huntkit.charts
from huntkit.charts import timeline
from huntkit.charts.chart import Chart
from huntkit.core.errors import EvidenceError, UsageError


@pytest.fixture
def chart() -> Chart:
    rows = {"TimeGenerated": ["2026-03-01T10:00:00Z"], "Computer": ["<b>ws01</b>"]}
    return timeline(pl.DataFrame(rows), group_by="Computer", title="<script>alert(1)</script>")


class Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_doors_are_all_there() -> None:
    assert huntkit.charts.__all__ == sorted(huntkit.charts.__all__)
    for name in huntkit.charts.__all__:
        assert callable(getattr(huntkit.charts, name))
    with pytest.raises(AttributeError):
        huntkit.charts.nonsense  # noqa: B018


def test_the_page_holds_only_its_own_elements_and_refers_to_nothing(chart: Chart) -> None:
    found = Elements(chart.to_html()).found
    policy = [i for i, (tag, a) in enumerate(found) if "http-equiv" in a]
    active = [i for i, (tag, _) in enumerate(found) if tag in {"script", "style", "title"}]
    assert policy[0] < active[0]
    assert not [a for _, a in found if {"src", "href", "onerror", "onload", "style"} & set(a)]
    assert not [tag for tag, _ in found if tag in {"b", "img", "link", "iframe", "base"}]
    for tag, attributes in found:
        if tag == "script" and "type" not in attributes:
            assert attributes["nonce"]


def test_a_notebook_gets_a_sandboxed_frame_and_a_text(chart: Chart) -> None:
    bundle = chart._repr_mimebundle_()
    ((tag, attributes),) = Elements(bundle["text/html"]).found
    assert tag == "iframe"
    assert attributes["sandbox"] == "allow-scripts"
    assert attributes["srcdoc"] == chart.to_html()
    assert bundle["text/plain"] == repr(chart)
    assert "1 event" in bundle["text/plain"]


def test_save_writes_the_page_and_overwrites_only_by_force(chart: Chart, tmp_path: Path) -> None:
    path = chart.save(tmp_path / "a.html")
    assert path.read_text("utf-8") == chart.to_html()
    path.write_text("mine")
    with pytest.raises(UsageError, match="force=True"):
        chart.save(path)
    assert path.read_text() == "mine"
    chart.save(path, force=True)
    assert path.read_text("utf-8") == chart.to_html()


def test_a_folder_that_is_not_there_is_said_plainly(chart: Chart, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="can't write"):
        chart.save(tmp_path / "no" / "a.html")


def test_the_table_for_readers_without_a_picture_is_escaped(chart: Chart) -> None:
    assert f"<td>{html.escape('<b>ws01</b>')}</td>" in chart.fragment("x")


def test_drawing_a_polars_frame_loads_no_pandas() -> None:
    code = (
        "import sys, polars as pl, huntkit.charts as c;"
        "c.timeline(pl.DataFrame({'TimeGenerated': ['2026-03-01T10:00:00Z'] * 3})).to_html();"
        "c.process_tree(pl.DataFrame({'proc_key': ['a'], 'parent_key': ['b']})).to_html();"
        "print('pandas' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
