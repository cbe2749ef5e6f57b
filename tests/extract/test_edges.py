"""Edges of tables, and graphs of them."""

from datetime import UTC, datetime

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core import extras
from huntkit.core.errors import MissingExtra, UnknownColumn, UsageError
from huntkit.extract import df_to_networkx, network_edges

T = [datetime(2024, 5, 1, hour, tzinfo=UTC) for hour in range(4)]


def flows() -> pl.DataFrame:
    return pl.DataFrame({
        "TimeGenerated": [T[2], T[0], T[1], T[3]],
        "Computer": ["h1", "h1", "h2", None],
        "SourceIP": ["192.0.2.1", "192.0.2.1", "192.0.2.2", None],
        "DestinationIP": ["203.0.113.9", "203.0.113.9", "203.0.113.9", "203.0.113.9"],
        "DestinationPort": [443, 80, 443, None],
        "SentBytes": [10, None, 5, None],
    })  # fmt: skip


def test_pairs_are_counted_with_times_bytes_and_values():
    edges = network_edges(flows())
    first = edges.row(0, named=True)
    assert (first["Source"], first["Target"], first["Count"]) == ("192.0.2.1", "203.0.113.9", 2)
    assert (first["First"], first["Last"]) == (T[0], T[2])
    assert (first["BytesSent"], first["BytesReceived"]) == (10, None)
    assert (first["Ports"], first["Hosts"]) == (["443", "80"], ["h1"])
    assert edges["Count"].sum() == 4  # the row without a source counts, with an empty one
    assert "" in edges["Source"].to_list()


def test_more_columns_separate_edges_by_name_or_role():
    for by in ("DestinationPort", "destination_port"):
        edges = network_edges(flows(), by=by)
        assert edges.columns[:4] == ["Source", "Target", "DestinationPort", "Count"]
        assert edges.height == 4


def test_the_ends_may_be_any_columns_or_roles():
    edges = network_edges(flows(), "host", "DestinationPort")
    assert edges.select("Source", "Target", "Count").rows() == [
        ("h1", "443", 1), ("h1", "80", 1), ("h2", "443", 1), ("", "", 1),
    ]  # fmt: skip


def test_dns_queries_are_edges_from_hosts_to_names():
    frame = pl.DataFrame({"Computer": ["a", "a"], "QueryName": ["x.example", "x.example"]})
    edges = network_edges(frame)
    assert edges.select("Source", "Target", "Count", "First").rows() == [
        ("a", "x.example", 2, None)
    ]


def test_lists_give_an_edge_for_each_value():
    frame = pl.DataFrame({"host": ["a"], "dest": [["x", "y"]]})
    assert network_edges(frame, "host", "dest")["Target"].to_list() == ["x", "y"]


def test_any_frame_and_no_rows():
    pandas = network_edges(flows().to_pandas())
    assert isinstance(pandas, pd.DataFrame)
    assert network_edges(flows().head(0)).schema == network_edges(flows()).schema


def test_what_is_not_there_is_told():
    with pytest.raises(UsageError, match="address that the connection"):
        network_edges(pl.DataFrame({"a": ["x"]}))
    with pytest.raises(UnknownColumn, match="did you mean 'destination_ip'"):
        network_edges(flows(), target="destinatoin_ip")
    with pytest.raises(UsageError, match="in the way"):
        network_edges(flows().with_columns(Count=pl.lit(1)), by="Count")


def test_graph_nodes_and_edges_gather_their_values():
    frame = pl.DataFrame({
        "a": ["x", "x", "y", None, ""], "b": ["y", "y", "x", "z", "z"],
        "port": [80, 443, 80, 1, 1], "user": ["u", "v", "w", "n", "n"], "os": list("llmnn"),
    })  # fmt: skip
    graph = df_to_networkx(frame, "a", "b", ["user"], ["os"], ["port"], "digraph")
    assert dict(graph.nodes(data=True)) == {
        "x": {"node_role": "both", "node_type": "a", "user": "u, v", "os": "m"},
        "y": {"node_role": "both", "node_type": "a", "user": "w", "os": "l"},
    }
    assert list(graph.edges(data=True)) == [
        ("x", "y", {"port": "80, 443", "count": 2}), ("y", "x", {"port": 80, "count": 1}),
    ]  # fmt: skip
    assert graph.graph["rows_without_ends"] == 2
    undirected = df_to_networkx(frame, "a", "b", edge_attrs=["port"])
    assert list(undirected.edges(data=True)) == [("x", "y", {"port": "80, 443", "count": 3})]
    assert not graph.nodes["x"].keys() & {"port"}


def test_graphs_take_roles_and_refuse_other_types():
    graph = df_to_networkx(flows(), "source_ip", "destination_ip", edge_attrs=["host"])
    assert set(graph) == {"192.0.2.1", "192.0.2.2", "203.0.113.9"}
    with pytest.raises(UsageError, match="digraph"):
        df_to_networkx(flows(), "source_ip", "host", graph_type="tree")
    with pytest.raises(UnknownColumn):
        df_to_networkx(flows(), "SourceIP", "Destination")


def test_without_networkx_the_install_line_is_told(monkeypatch):
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(extras.importlib, "import_module", missing)
    with pytest.raises(MissingExtra, match=r"huntkit\[network\]"):
        df_to_networkx(flows(), "SourceIP", "DestinationIP")


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "", None]), st.sampled_from(["a", "c", "", None]),
                  st.integers(0, 3)), max_size=12,
    )
)  # fmt: skip
def test_every_row_is_in_one_edge(rows):
    schema = {"from": pl.String, "to": pl.String, "bytes_out": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    edges = network_edges(frame, "from", "to")
    assert edges["Count"].sum() == len(rows)
    assert (edges["BytesSent"].sum() or 0) == sum(n for _, _, n in rows)
    assert edges.select("Source", "Target").is_unique().all()
    graph = df_to_networkx(frame, "from", "to", ["bytes_out"], ["bytes_out"], ["bytes_out"])
    whole = [(a, b) for a, b, _ in rows if a and b]
    assert {frozenset(e) for e in graph.edges} == {frozenset(e) for e in whole}
    assert sum(count for *_, count in graph.edges(data="count")) == len(whole)
    assert graph.graph["rows_without_ends"] == len(rows) - len(whole)


@pytest.mark.data
def test_real_flows_are_all_counted(shared_data):
    frame = pl.read_csv(shared_data / "logs/az_net_flows.csv", infer_schema=False)
    edges = network_edges(frame, by="L7Protocol")
    assert edges["Count"].sum() == frame.height
    assert edges["First"].null_count() == 0


@pytest.mark.parametrize("ports", [[443.0, 80.0, None, 443.0], [443.0, 80.0, float("nan"), 443.0]])
def test_ports_in_a_column_of_floats_are_whole(ports: list[float | None]) -> None:
    frame = pl.DataFrame(
        {
            "SourceIp": ["192.0.2.1"] * 4,
            "DestinationIp": ["203.0.113.9"] * 4,
            "DestinationPort": ports,
            "SentBytes": ["1500.0", "20", "nan", "unknown"],
        }
    )
    for data in (frame, frame.to_pandas()):
        edges = network_edges(data)
        assert [list(each) for each in edges["Ports"]] == [["443", "80"]]
        assert list(edges["BytesSent"]) == [1520]
    odd = frame.with_columns(DestinationPort=pl.Series([443.5, 80.0, None, None]))
    assert network_edges(odd)["Ports"].to_list() == [["443.5", "80.0"]]
