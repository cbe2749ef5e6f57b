import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.charts import network
from huntkit.charts.chart import Chart
from huntkit.core.errors import UnknownColumn, UsageError


def graph_of(chart: Chart) -> dict[str, Any]:
    return json.loads(chart.blobs["graph"])  # type: ignore[no-any-return]


def links(chart: Chart) -> dict[tuple[str, str], int]:
    found = graph_of(chart)
    ends = zip(found["source"], found["target"], found["weights"], strict=True)
    return {(found["names"][a], found["names"][b]): weight for a, b, weight in ends}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("bcd")), max_size=20))
def test_every_row_is_in_one_link(rows: list[tuple[str, str]]) -> None:
    frame = pl.DataFrame(rows, schema=["s", "t"], orient="row", strict=False).cast(pl.String)
    chart = network(frame, source_column="s", target_column="t")
    assert links(chart) == {pair: rows.count(pair) for pair in rows}


def test_one_value_is_one_node_unless_the_columns_hold_different_things() -> None:
    frame = pl.DataFrame({"SourceIp": ["x", "y"], "DestinationIp": ["y", "z"], "User": ["y", "y"]})
    assert network(frame).spec["nodes"] == 3
    mixed = network(frame, source_column="User", target_column="DestinationIp")
    assert [kind["name"] for kind in mixed.spec["kinds"]] == ["account", "address"]
    assert mixed.spec["nodes"] == 3  # the account y, the addresses y and z


def test_without_direction_both_ways_are_one_link() -> None:
    frame = pl.DataFrame({"s": ["a", "b"], "t": ["b", "a"]})
    both = network(frame, source_column="s", target_column="t")
    assert links(both) == {("a", "b"): 1, ("b", "a"): 1}
    one = network(frame, source_column="s", target_column="t", directed=False)
    assert links(one) == {("a", "b"): 2}


def test_a_link_tells_when_and_what() -> None:
    frame = pl.DataFrame(
        {
            "TimeGenerated": [datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (9, 12)],
            "s": ["a", "a"],
            "t": ["b", "b"],
            "port": [443, 80],
        }
    )
    found = graph_of(network(frame, source_column="s", target_column="t", edge_columns="port"))
    assert found["first"] == ["2026-03-01 09:00:00"]
    assert found["last"] == ["2026-03-01 12:00:00"]
    assert found["details"] == [{"name": "port", "values": ["443; 80"]}]


def test_a_link_tells_whatever_a_column_holds() -> None:
    frame = pl.DataFrame({"s": ["a"] * 3, "t": ["b"] * 3, "x": [["p"], None, ["p"]]})
    found = graph_of(network(frame, source_column="s", target_column="t", edge_columns="x"))
    assert found["details"] == [{"name": "x", "values": ['["p"]']}]


def test_rows_without_both_ends_and_nodes_too_many_are_told() -> None:
    frame = pl.DataFrame({"s": ["hub"] * 9 + [None, "x", "-"], "t": [*"abcdefghi", "q", "", "z"]})
    chart = network(frame, source_column="s", target_column="t", max_nodes=4)
    assert "10 nodes and 9 links; most linked: hub (node, 9 neighbours)." in chart.summary
    assert "Drawn are the 4 most linked nodes and the 3 links between them." in chart.summary
    assert "3 rows without both ends not drawn." in chart.summary
    assert chart.data.height == 9
    assert links(chart) == {("hub", name): 1 for name in "abc"}


def test_names_that_differ_in_case_are_one_where_case_says_nothing() -> None:
    frame = pl.DataFrame({"User": ["AL", "al", "al"], "Computer": ["ws1", "WS1", "ws1"]})
    assert links(network(frame, source_column="User", target_column="Computer")) == {
        ("al", "ws1"): 3
    }
    paths = pl.DataFrame({"s": [r"C:\A.exe", r"c:\a.exe", "/bin/A", "/bin/a"], "t": ["t"] * 4})
    found = links(network(paths, source_column="s", target_column="t"))
    assert found == {(r"C:\A.exe", "t"): 2, ("/bin/A", "t"): 1, ("/bin/a", "t"): 1}


def test_a_node_is_not_its_own_neighbour() -> None:
    frame = pl.DataFrame({"s": ["a", "a"], "t": ["a", "b"]})
    chart = network(frame, source_column="s", target_column="t")
    assert chart.table[1] == ("a", "node", "1", "3")


def test_programs_are_whole_paths_even_where_the_column_has_the_folder() -> None:
    frame = pl.DataFrame(
        {
            "CreatedProcessFilePath": [r"C:\Windows"],
            "CreatedProcessName": ["a.exe"],
            "CreatedProcessId": [7],
            "CreatedProcessCommandLine": ["a"],
            "InitiatingProcessImageFilePath": [r"C:\Windows\b.exe"],
            "InitiatingProcessName": ["b.exe"],
        }
    )
    assert links(network(frame)) == {(r"C:\Windows\b.exe", r"C:\Windows\a.exe"): 1}


@pytest.mark.parametrize("name", ["source_column", "target_column", "edge_columns"])
def test_unknown_columns_are_refused(name: str) -> None:
    with pytest.raises(UnknownColumn):
        network(pl.DataFrame({"s": ["a"], "t": ["b"]}), **{name: "x"})


@pytest.mark.parametrize("wrong", [{}, {"source_column": "s"}, {"max_nodes": 1}])
def test_what_makes_no_graph_is_refused(wrong: dict[str, Any]) -> None:
    given_ = {"source_column": "s", "target_column": "t"} if "max_nodes" in wrong else {}
    with pytest.raises(UsageError):
        network(pl.DataFrame({"s": ["a"], "t": ["b"]}), **given_, **wrong)


def test_the_same_table_gives_the_same_page() -> None:
    frame = pl.DataFrame({"s": list("abcab"), "t": list("bcade")})
    pages = {network(frame, source_column="s", target_column="t").to_html() for _ in range(3)}
    assert len(pages) == 1
