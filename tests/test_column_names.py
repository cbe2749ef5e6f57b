"""Columns of any name through the doors: a name is a name, never a pattern."""

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

import huntkit
from huntkit import analyze, charts, enrich, extract, kql
from huntkit.cli.app import app
from huntkit.report.pages import table_page
from huntkit.tables import as_kind

QUICK = ["^a$", ""]
REST = ["q\"'`\n[a](b){c}", "^.*$", "*", "^$", "^($", "q\"'`", "new\nline", "[a](b){c}", "x" * 1000]
NAMES: list[Any] = [*QUICK, *(pytest.param(name, marks=pytest.mark.long) for name in REST)]
KINDS = ["pandas", "polars", "lazy", "arrow"]
PLAIN = "zz"


def events(name: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "a": ["left 192.0.2.1", "b", "c", None],
            name: [
                "10.1.2.3 evil.example.com",
                "8.8.8.8",
                "run ZQBjAGgAbwAgAGgAZQBsAGwAbwA=",
                None,
            ],
            "n": [1.0, 2.0, 3.0, 99.0],
            "TimeGenerated": [f"2026-03-0{day}T10:00:00Z" for day in range(1, 5)],
        }
    )


def numbers(name: str) -> pl.DataFrame:
    hours = range(72)
    return pl.DataFrame(
        {
            "a": [1.5 + hour % 2 for hour in hours],
            name: [float(hour % 5) for hour in hours[:-1]] + [99.0],
            "TimeGenerated": [f"2026-03-0{1 + hour // 24}T{hour % 24:02}:00:00Z" for hour in hours],
        }
    )


STEPS: dict[str, Any] = {
    "iocs": (events, lambda data, name: extract.iocs(data, ["a", name], keep=[name])),
    "decode": (events, lambda data, name: extract.decode(data, name)),
    "network_edges": (events, lambda data, name: extract.network_edges(data, name, "a", by="n")),
    "geo": (events, lambda data, name: enrich.geo(data, name)),
    "ip_type": (events, lambda data, name: enrich.ip_type(data, name)),
    "rare": (events, lambda data, name: analyze.rare(data, by=["a", name])),
    "clusters": (events, lambda data, name: analyze.clusters(data, ["a", name])),
    "outliers": (numbers, lambda data, name: analyze.outliers(data, ["a", name])),
    "series": (numbers, lambda data, name: analyze.ts_anomalies_stl(data, data_column=name)),
}
CHARTS: dict[str, Any] = {
    "timeline": (
        events,
        lambda data, name: charts.timeline(data, group_by=name, source_columns=[name, "a"]),
    ),
    "timeline_values": (
        numbers,
        lambda data, name: charts.timeline_values(data, value_column=name, source_columns=["a"]),
    ),
    "timeline_duration": (events, lambda data, name: charts.timeline_duration(data, group_by=name)),
    "matrix": (events, lambda data, name: charts.matrix(data, x=name, y="a")),
    "network": (
        events,
        lambda data, name: charts.network(data, source_column=name, target_column="a"),
    ),
    "parallel": (events, lambda data, name: charts.parallel(data, columns=[name, "a"])),
    "timeseries": (numbers, lambda data, name: charts.timeseries(data, data_column=name)),
}


def told(frame: pl.DataFrame) -> tuple[list[str], list[tuple[Any, ...]]]:
    return frame.columns, frame.rows()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("step", STEPS)
def test_steps_give_the_same_whatever_a_column_is_called(step: str, name: str) -> None:
    table, run = STEPS[step]
    columns, rows = told(run(table(PLAIN), PLAIN))
    given = table(name)
    found, found_rows = told(run(given, name))
    assert found == [column.replace(PLAIN, name) for column in columns]
    untold = [place for place, column in enumerate(columns) if column.lower() == "reason"]
    for row, expected in zip(found_rows, rows, strict=True):
        for place, (value, plain) in enumerate(zip(row, expected, strict=True)):
            if place in untold:  # long names are cut there
                assert bool(value) == bool(plain)
            else:
                assert value == (name if plain == PLAIN else plain)
    assert given.equals(table(name))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["^a$", ""])
@pytest.mark.parametrize("step", ["iocs", "geo", "rare", "clusters"])
def test_every_kind_of_frame_keeps_the_names(step: str, name: str, kind: str) -> None:
    table, run = STEPS[step]
    expected = run(table(PLAIN), PLAIN)
    found = as_kind(run(as_kind(table(name), kind), name), "polars")
    assert found.columns == [column.replace(PLAIN, name) for column in expected.columns]
    assert found.height == expected.height


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("chart", CHARTS)
def test_charts_draw_the_named_column(chart: str, name: str) -> None:
    table, draw = CHARTS[chart]
    expected, drawn = draw(table(PLAIN), PLAIN), draw(table(name), name)
    assert drawn.data.columns == [c.replace(PLAIN, name) for c in expected.data.columns]
    assert drawn.data.rows() == expected.data.rows()
    assert drawn.blobs.keys() == expected.blobs.keys()
    assert "\uf8ff" not in drawn.to_html()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_kql_keeps_the_names(kind: str, name: str) -> None:
    table = pl.DataFrame({"a": ["p", "q"], name: ["X", "Y"], "n": [1, 2]})
    found = kql.query("T | where n == 2", T=as_kind(table, kind), frame="polars")
    assert told(found) == (table.columns, [("q", "Y", 2)])


def _in_kql(name: str) -> str:
    return "['" + name.replace("'", "\\'").replace("\n", "\\n") + "']"


@pytest.mark.parametrize("name", [name for name in NAMES if name != ""])
def test_evidence_is_asked_by_any_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    lines = [{"a": f"left{place}", name: f"value{place}", "b": {name: place}} for place in range(5)]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    evidence = huntkit.open(path, cache=False, frame="polars")
    table = evidence.tables["name"][0]
    in_kql = _in_kql(name)
    in_sql = '"' + name.replace('"', '""') + '"'
    with evidence:
        assert evidence.table(table)[name].to_list() == [line[name] for line in lines]
        assert evidence.table(table, columns=[name]).columns[0] == name
        asked = evidence.kql(f"{table} | where {in_kql} == 'value2' | project {in_kql}, a")
        assert told(asked) == ([name, "a"], [("value2", "left2")])
        asked = evidence.sql(f"SELECT {in_sql}, a FROM {table} WHERE {in_sql} = 'value3'")
        assert told(asked) == ([name, "a"], [("value3", "left3")])
        assert evidence.search("value4").height == 1
        found = extract.iocs(evidence.table(table), name)
        assert found.height == 0


@pytest.mark.parametrize("ending", ["csv", "ndjson", "md", "html", "parquet"])
@pytest.mark.parametrize(
    "name", ["^a$", *(pytest.param(name, marks=pytest.mark.long) for name in REST[:5])]
)
def test_the_command_line_writes_any_name(name: str, ending: str, tmp_path: Path) -> None:
    path, out = tmp_path / "x.json", tmp_path / f"out.{ending}"
    lines = [{"a": "=1+1", name: f"=value{place}", "b": [{name: 1}]} for place in range(3)]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    query = f"x | project a, {_in_kql(name)}, b"
    done = CliRunner().invoke(app, ["query", query, str(path), "-o", str(out)])
    assert done.exit_code == 0, done.output
    if ending == "csv":
        with out.open(encoding="utf-8", newline="") as file:
            read = list(csv.reader(file))
        assert read[0] == ["a", name, "b"]
        assert read[3] == ["'=1+1", "'=value2", json.dumps([{name: 1}], separators=(",", ":"))]
    elif ending == "parquet":
        assert told(pl.read_parquet(out))[0] == ["a", name, "b"]
    elif ending == "ndjson":
        assert [json.loads(line)[name] for line in out.read_text().splitlines()][2] == "=value2"
    else:
        assert "value2" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["^a$", pytest.param("*", marks=pytest.mark.long)])
def test_the_command_line_counts_by_any_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    times = [f"2026-03-0{1 + hour // 24}T{hour % 24:02}:00:00Z" for hour in range(72)]
    lines = [{"a": "z", name: f"v{at % 2}", "TimeGenerated": time} for at, time in enumerate(times)]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    arguments = ["series", str(path), "--by", name, "--every", "1h", "--period", "1", "--all"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row[name] for row in rows} == {"v0", "v1"}
    arguments = ["rare", str(path), "--table", "x", "--by", name, "--at-most", "99"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted((row[name], row["Count"]) for row in rows) == [("v0", 36), ("v1", 36)]


@pytest.mark.parametrize("name", NAMES)
def test_pages_show_any_name(name: str) -> None:
    page = table_page(events(name), title="T")
    assert "evil.example.com" in page
