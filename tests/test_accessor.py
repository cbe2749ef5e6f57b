import importlib
import inspect
import subprocess
import sys
from typing import Any

import pandas as pd
import polars as pl
import pytest

from huntkit.charts.catalog import charts
from huntkit.charts.chart import Chart


def test_the_accessor_is_registered_only_by_its_own_import() -> None:
    code = (
        "import huntkit.tables, huntkit.tables.frames, pandas, polars\n"
        "assert not hasattr(pandas.DataFrame, 'hk') and not hasattr(polars.DataFrame, 'hk')\n"
        "import huntkit.accessor\n"
        "for frame in (pandas.DataFrame(), polars.DataFrame(), polars.LazyFrame()):\n"
        "    assert {'iocs', 'timeline', 'extract', 'charts'} <= set(dir(frame.hk))\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=120)


# One call of every kind, on a table that suits them all.
CALLS: dict[str, dict[str, object]] = {
    "clusters": {"x": "n", "y": "m", "cluster_column": "host"},
    "entity_graph": {"columns": ["host", "user"]},
    "geo_map": {"country_column": "land"},
    "matrix": {"x": "host", "y": "user"},
    "network": {"source_column": "host", "target_column": "user"},
    "parallel": {"columns": ["host", "n"]},
    "process_tree": {},
    "scored_sessions": {"score_column": "n"},
    "timeline": {"group_by": "host"},
    "timeline_duration": {"group_by": "host"},
    "timeline_values": {"value_column": "n"},
    "timeseries": {"data_column": "n"},
    "units": {"x": "n", "y": "host"},
}


@pytest.fixture
def hk() -> None:
    importlib.import_module("huntkit.accessor")


@pytest.mark.usefixtures("hk")
@pytest.mark.parametrize("kind", charts().names())
@pytest.mark.parametrize("make", [pl.DataFrame, pd.DataFrame, pl.LazyFrame])
def test_every_chart_is_a_method_of_pandas_and_polars(kind: str, make: Any) -> None:
    rows = {
        "TimeGenerated": ["2026-03-03T09:00:00Z", "2026-03-03T09:00:05Z"],
        "host": ["a", "b"], "user": ["al", "bo"], "land": ["DE", "FR"], "n": [1, 2], "m": [3, 4],
        "Image": ["C:/a.exe", "C:/b.exe"], "ProcessId": [4, 8], "ParentProcessId": [0, 4],
        "Computer": ["a", "a"], "CommandLine": ["a", "b"],
    }  # fmt: skip
    frame = make(rows)
    # Two packages know these: the table is meant, the picture is asked for by its package.
    methods = frame.hk.charts if kind in ("process_tree", "clusters") else frame.hk
    chart = getattr(methods, kind)(**CALLS[kind], title="T")
    assert isinstance(chart, Chart)
    assert chart.kind == kind
    assert kind in dir(frame.hk)
    assert list(inspect.signature(getattr(methods, kind)).parameters) == list(
        inspect.signature(charts().load(kind)).parameters
    )[1:]  # fmt: skip


@pytest.mark.usefixtures("hk")
def test_a_chart_of_another_package_is_a_method_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Brought:
        def names(self) -> list[str]:
            return ["heatmap"]

        def load(self, name: str) -> Any:
            return lambda data, **more: (name, len(data), more)

    monkeypatch.setattr("huntkit.charts.catalog.charts", lambda _off: Brought())
    frame = pd.DataFrame({"a": [1]})
    assert frame.hk.heatmap(x="a") == ("heatmap", 1, {"x": "a"})
    assert "heatmap" in dir(frame.hk.charts)
    with pytest.raises(AttributeError, match="did you mean 'heatmap'"):
        frame.hk.heatmp  # noqa: B018
