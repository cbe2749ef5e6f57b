import html
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import huntkit
import huntkit.charts
from huntkit import charts
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


START = datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_rows_are_those_behind_marks_or_of_a_stretch_of_time() -> None:
    chart = timeline(pl.DataFrame({"t": [START + timedelta(hours=i) for i in range(5)]}))
    assert chart.rows([3, 1, 99, -1])["t"].to_list() == [chart.data["t"][3], chart.data["t"][1]]
    two = chart.rows(between=(START + timedelta(hours=1), START + timedelta(hours=2)))
    assert two.height == 2
    assert (
        chart.rows([0, 1], between=(START + timedelta(hours=1), START + timedelta(hours=9))).height
        == 1
    )
    with pytest.raises(UsageError, match="no times"):
        charts.matrix(pl.DataFrame({"a": [1], "b": [2]}), x="a", y="b").rows(between=(START, START))


def test_rows_of_spans_count_when_any_part_lies_there() -> None:
    spans = pl.DataFrame(
        {
            "Start": [START, START, START + timedelta(hours=4)],
            "End": [START + timedelta(hours=3), None, START + timedelta(hours=5)],
        }
    )
    chart = charts.timeline_duration(spans)
    hour = (START + timedelta(hours=1), START + timedelta(hours=2))
    assert chart.rows(between=hour)["Start"].to_list() == [START, START]


def test_rows_of_a_node_are_its_links_and_of_a_cell_its_count() -> None:
    pairs = pl.DataFrame({"a": ["x", "x", "y", "z"], "b": ["p", "q", "p", "q"]})
    graph = charts.network(pairs, source_column="a", target_column="b")
    hub = graph.data.filter((pl.col("source") == "p") | (pl.col("target") == "p")).height
    content = json.loads(graph.blobs["graph"])
    assert graph.rows([content["names"].index("p")]).height == hub == 2
    assert graph.rows([0, 1, 2, 3, 4, 5, 1_000]).height == 4
    cells = charts.matrix(pairs, x="a", y="b")
    xs, ys = cells.spec["xs"], cells.spec["ys"]
    mark = ys.index("q") * len(xs) + xs.index("z")
    assert cells.rows([mark, 10_000]).select("a", "b").rows() == [("z", "q")]


def test_rows_of_marks_that_stand_for_many_or_are_some_of_many() -> None:
    size = 60_000
    start = pl.int_range(size, eager=True).cast(pl.Int64) * 1_000_000
    spans = pl.DataFrame(
        {
            "Start": start.cast(pl.Datetime("us", "UTC")),
            "End": (start + 500_000).cast(pl.Datetime("us", "UTC")),
        }
    )
    chart = charts.timeline_duration(spans)
    bars = chart.spec["events"]
    assert bars < size
    assert chart.rows([0]).height > 1
    assert chart.rows(range(bars)).height == size
    values = charts.timeline_values(
        pl.DataFrame(
            {
                "t": (pl.int_range(300_000, eager=True) * 1_000).cast(pl.Datetime("ms", "UTC")),
                "v": pl.int_range(300_000, eager=True) * 7919 % 1000,
            }
        ),
        value_column="v",
    )
    last = values.spec["events"] - 1
    assert last + 1 < 300_000
    assert values.rows([0, last])["t"].to_list() == [values.data["t"][0], values.data["t"][-1]]
