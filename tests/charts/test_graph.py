import json
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from huntkit.charts import network
from huntkit.charts.chart import Chart
from huntkit.core.errors import UsageError

NAMESPACE = "{http://graphml.graphdrawing.org/xmlns}"


def chart(names: list[str] | None = None) -> Chart:
    a, b, c = names or ["a", "b", "c"]
    frame = pl.DataFrame({"from": [a, a, b], "to": [b, b, c]})
    return network(frame, source_column="from", target_column="to", title="<x>")


def test_graphml_holds_every_node_and_link(tmp_path: Path, hostile_texts: list[str]) -> None:
    named = [text for text in hostile_texts if text.strip()][:3]
    path = chart(named).save(tmp_path / "g.graphml")
    root = ET.fromstring(path.read_text("utf-8"))
    nodes = {
        node.get("id"): node.findtext(f"{NAMESPACE}data[@key='name']")
        for node in root.iter(f"{NAMESPACE}node")
    }
    assert sorted(nodes.values()) == sorted(named)
    links = {
        (nodes[edge.get("source")], nodes[edge.get("target")]): edge.findtext(f"{NAMESPACE}data")
        for edge in root.iter(f"{NAMESPACE}edge")
    }
    assert links == {(named[0], named[1]): "2", (named[1], named[2]): "1"}


def test_json_holds_every_node_and_link(tmp_path: Path) -> None:
    found = json.loads(chart().save(tmp_path / "g.json").read_text("utf-8"))
    names = {node["id"]: node["name"] for node in found["nodes"]}
    links = {(names[e["source"]], names[e["target"]]): e["rows"] for e in found["links"]}
    assert links == {("a", "b"): 2, ("b", "c"): 1}
    assert found["directed"] is True


def test_svg_is_a_picture_without_anything_active(tmp_path: Path, hostile_texts: list[str]) -> None:
    named = [text for text in hostile_texts if text.strip()][:3]
    root = ET.fromstring(chart(named).save(tmp_path / "g.svg").read_text("utf-8"))
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags == {"svg", "rect", "g", "line", "circle", "text"}
    assert {name for e in root.iter() for name in e.keys() if name.startswith("on")} == set()  # noqa: SIM118


def test_other_endings_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.graphml"):
        chart().save(tmp_path / "g.png")
    assert list(tmp_path.iterdir()) == []
    assert chart().save(tmp_path / "g.html").read_text("utf-8").startswith("<!DOCTYPE html>")
