import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from huntkit.charts import entity_graph
from huntkit.charts.chart import Chart
from huntkit.core.errors import UnknownColumn, UsageError


def names(chart: Chart) -> dict[str, str]:
    found = json.loads(chart.blobs["graph"])
    kinds = [kind["name"] for kind in chart.spec["kinds"]]
    return {n: kinds[k] for n, k in zip(found["names"], found["kinds"], strict=True)}


def alerts(*entities: Any) -> pl.DataFrame:
    texts = [each if isinstance(each, str) else json.dumps(each) for each in entities]
    return pl.DataFrame({"AlertName": [f"alert {i}" for i in range(len(texts))], "Entities": texts})


def test_things_of_one_row_are_linked_by_their_roles() -> None:
    frame = pl.DataFrame(
        {"Computer": ["ws1", "ws1"], "User": ["al", "al"], "SourceIp": ["192.0.2.1", None]}
    )
    chart = entity_graph(frame)
    assert names(chart) == {"ws1": "host", "al": "account", "192.0.2.1": "address"}
    assert sorted(chart.data["rows"].to_list()) == [1, 1, 2]


def test_an_alert_is_linked_with_the_entities_that_it_names() -> None:
    chart = entity_graph(
        alerts(
            [
                {"$id": "1", "Type": "host", "HostName": "ws1"},
                {
                    "$id": "2",
                    "Type": "account",
                    "Name": "al",
                    "NTDomain": "CORP",
                    "Host": {"$ref": "1"},
                },
                {"$id": "3", "Type": "ip", "Address": "192.0.2.1"},
                {"$id": "4", "Type": "file", "Directory": r"C:\x", "Name": "a.exe"},
                {"$ref": "1"},
            ],
            [
                {"Type": "host", "HostName": "ws1"},
                {"Type": "account", "Name": {"evil": 1}},
                7,
                None,
            ],
        )
    )
    assert names(chart) == {
        "ws1": "host",
        "alert 0": "alert",
        "alert 1": "alert",
        r"CORP\al": "account",
        "192.0.2.1": "address",
        r"C:\x\a.exe": "file",
    }
    assert chart.data.height == 5


def test_alerts_whose_entities_can_not_be_read_are_counted() -> None:
    deep = "[" * 100_000
    chart = entity_graph(alerts("{", deep, "{}", [{"Type": "ip", "Address": "192.0.2.1"}]))
    assert "3 alerts whose entities can't be read not drawn." in chart.summary
    assert chart.spec["nodes"] == 2


def test_named_columns_win_and_are_checked() -> None:
    frame = pl.DataFrame({"a": ["1"], "b": ["2"], "Computer": ["ws"], "User": ["al"]})
    assert names(entity_graph(frame, columns=["a", "b"])) == {"1": "a", "2": "b"}
    with pytest.raises(UnknownColumn):
        entity_graph(frame, columns=["a", "c"])
    with pytest.raises(UsageError):
        entity_graph(frame, columns=["a"])
    with pytest.raises(UsageError):
        entity_graph(pl.DataFrame({"x": ["1"]}))


@pytest.mark.data
def test_real_alerts_lead_to_their_entities(shared_data: Path) -> None:
    frame = pl.read_csv(shared_data / "logs/alertlist.csv", infer_schema_length=20_000)
    chart = entity_graph(frame)
    assert "whose entities can't be read" in chart.summary
    kinds = {kind["name"] for kind in chart.spec["kinds"]}
    assert {"alert", "host", "account", "address", "file"} <= kinds
    assert entity_graph(frame).to_html() == chart.to_html()
