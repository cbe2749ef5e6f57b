"""`huntkit chart`: every kind from the command line, and what is said when it is used wrongly."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

import huntkit
from huntkit.charts.catalog import charts
from huntkit.cli import chart_commands
from huntkit.cli.app import app

KINDS = charts().names()
# What each kind is drawn with on the demo's evidence.
DRAWN = {
    "clusters": "-t Zeek_conn --x duration --y resp_bytes --cluster-column service",
    "entity_graph": "-t DeviceLogonEvents --columns DeviceName,AccountName,RemoteIP",
    "geo_map": '-q \'datatable(c: string)["DE", "FR"]\' --country-column c',
    "matrix": "-t DeviceLogonEvents --x AccountName --y DeviceName --no-log-scale --distinct"
    " --value-column LogonType",
    "network": "-t DeviceNetworkEvents --source-column DeviceName --target-column RemoteIP",
    "parallel": "-t Zeek_conn --columns id_orig_h,id_resp_h --columns resp_bytes",
    "process_tree": "--color-by AccountName --columns user=AccountDomain",
    "scored_sessions": "-q 'Zeek_conn | project TimeGenerated, p=1.0 / (1.0 + resp_bytes)'"
    " --score-column p --rarest 3",
    "timeline": "-t DeviceLogonEvents --group-by DeviceName --since -2h"
    " --references lunch=2026-03-03T12:00Z",
    "timeline_duration": "-t DeviceLogonEvents --group-by DeviceName,AccountName",
    "timeline_values": "-t Zeek_conn --value-column resp_bytes --kind circle,line",
    "timeseries": "-q 'DeviceEvents | summarize n=count() by bin(TimeGenerated, 5m)'",
    "units": "-t SecurityEvent --x TimeGenerated --y Activity",
}


# What no text on a command line can be: a second table, settings of a tile layer, a session.
NOT_TEXT = {"overlay_data", "tiles", "session"}


def invoke(*arguments: object, given: bytes | None = None) -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments], input=given)


def split(text: str) -> list[str]:
    import shlex

    return shlex.split(text)


def test_every_kind_is_listed_with_what_it_needs() -> None:
    rows = [json.loads(line) for line in invoke("chart").stdout.splitlines()]
    assert [row["kind"] for row in rows] == KINDS
    needs = {row["kind"]: row["needs"] for row in rows}
    assert (needs["matrix"], needs["timeline"]) == ("--x --y", "")
    assert all(row["shows"].endswith(".") for row in rows)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_draws_from_the_command_line(
    kind: str, demo_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "chart.html"
    done = invoke("chart", kind, demo_folder, *split(DRAWN[kind]), "-o", path, "--title", "T<b>")
    assert done.exit_code == 0, done.stderr
    page = path.read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page
    assert "T&lt;b&gt;" in page
    told = json.loads(done.stdout)
    assert told["kind"] == kind
    assert told["rows"] > 0
    assert told["summary"] in done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_a_kinds_help_has_two_examples_first_and_every_parameter(kind: str) -> None:
    done = CliRunner().invoke(app, ["chart", kind, "--help"], env={"COLUMNS": "200"})
    pasted = re.sub(r" \\\s*\n\s*", " ", done.stdout)  # as a shell reads them
    lines = [line.strip() for line in pasted.splitlines() if line.strip()]
    assert lines[0].startswith(f"Usage: huntkit chart {kind}")
    assert lines[1].startswith(f"huntkit chart {kind} evidence/ ")
    assert f"| huntkit chart {kind} - " in lines[2] + " "
    names = list(inspect.signature(charts().load(kind)).parameters)[1:]
    lacking = {n for n in names if f"--{n.replace('_', '-')}" not in done.stdout}
    assert lacking <= NOT_TEXT
    assert "<" not in done.stdout
    assert "list[" not in done.stdout


def test_the_examples_of_the_help_are_options_that_the_kinds_have() -> None:
    for kind, text in chart_commands._FIRST.items():
        command = chart_commands.command_of(kind, charts().load(kind))
        known = {name for each in command.params for name in each.opts}
        assert {word for word in split(text) if word.startswith("-") and word != "-2h"} <= known


def test_a_query_piped_into_a_chart_draws(demo_folder: Path, tmp_path: Path) -> None:
    rows = invoke("query", "DeviceLogonEvents | project AccountName, DeviceName", demo_folder)
    path = tmp_path / "m.csv"
    arguments = ["--x", "AccountName", "--y", "DeviceName", "-o", path]
    done = invoke("chart", "matrix", "-", *arguments, given=rows.stdout_bytes)
    assert done.exit_code == 0, done.stderr
    drawn = pl.read_csv(path)
    assert int(drawn["rows"].sum()) == len(rows.stdout.splitlines()) > 100


@pytest.mark.parametrize("ending", ["csv", "parquet", "ndjson"])
def test_files_of_rows_are_evidence_with_one_table(ending: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"src": ["a", "a"], "dst": ["b", "c"]})
    getattr(frame, f"write_{ending}")(tmp_path / f"flows.{ending}")
    out = tmp_path / "g.graphml"
    more = ["--source-column", "src", "--target-column", "dst", "-o", out]
    done = invoke("chart", "network", tmp_path / f"flows.{ending}", *more)
    assert done.exit_code == 0, done.stderr
    assert out.read_text(encoding="utf-8").count("<edge ") == 2


def test_without_a_name_the_next_free_one_is_taken_and_nothing_is_overwritten(
    demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("huntkit-timeline.html", "huntkit-timeline-2.html"):
        done = invoke("chart", "timeline", demo_folder, "-t", "Syslog")
        assert json.loads(done.stdout)["chart"] == str(tmp_path / name)
    again = invoke("chart", "timeline", demo_folder, "-t", "Syslog", "-o", name)
    assert again.exit_code == 2
    assert "exists" in again.stderr
    given = ["-o", name, "--force"]
    assert invoke("chart", "timeline", demo_folder, "-t", "Syslog", *given).exit_code == 0


def test_show_python_prints_python_that_draws_the_same(
    demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["-t", "DeviceLogonEvents", "--since", "-2h", "--group-by", "DeviceName"]
    done = invoke("chart", "timeline", demo_folder, *arguments, "--show-python", "-o", "a.html")
    code = done.stderr[: done.stderr.index("chart.save")]
    assert "max_lanes" not in code
    spaces: dict[str, Any] = {"huntkit": huntkit}
    exec(code, spaces)
    assert spaces["chart"].to_html() == (tmp_path / "a.html").read_text(encoding="utf-8")
    spaces["evidence"].close()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["matri", "EVIDENCE"], "did you mean 'matrix'"),
        (["EVIDENCE"], "the kind comes first, such as: huntkit chart timeline"),
        (["zzz"], "charts: clusters "),
        (["matrix"], "Missing argument 'PATHS'"),
        (["matrix", "EVIDENCE"], "Missing option '--x'"),
        (["timeline", "EVIDENCE"], "which one is to be drawn?"),
        (["timeline", "EVIDENCE", "-t", "Sylog"], "did you mean 'Syslog'"),
        (["timeline", "EVIDENCE", "-t", "Syslog", "--group-by", "HostNam"], "'HostName'"),
        (["timeline", "EVIDENCE", "-t", "Syslog", "--max-lanes", "0"], "--max-lanes is 0"),
        (["timeline", "EVIDENCE", "-t", "Syslog", "--since", "gestern"], "is not a time"),
        (["timeline", "EVIDENCE", "-t", "Syslog", "-q", "Syslog"], "leave out --table"),
        (["timeline", "EVIDENCE", "-q", "Syslog | tak 5"], "did you mean 'take'"),
        (["timeline", "EVIDENCE", "-t", "Syslog", "-o", "a.pdf"], "does not say how"),
        (["timeline", "EVIDENCE", "-t", "Syslog", "-o", "a.svg"], "can't be written as '.svg'"),
        (["timeline", "EVIDENCE", "-t", "Syslog", "--references", "never"], "is no time"),
        (["clusters", "EVIDENCE", "-t", "Syslog"], "name it with --cluster-column"),
        (["matrix", "EVIDENCE", "-t", "Syslog", "--x", "HostName", "--y", "HostName",
          "--show", "pink"], "rare or presence"),
        (["process_tree", "EVIDENCE", "--columns", "usr=AccountName"], "did you mean 'user'"),
    ],
)  # fmt: skip
def test_wrong_use_is_told_in_the_words_of_the_command_line(
    arguments: list[str], told: str, demo_folder: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    given = [str(demo_folder) if each == "EVIDENCE" else each for each in arguments]
    done = invoke("chart", *given)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert told in done.stderr
    assert not list(tmp_path.iterdir())


def test_nothing_to_draw_writes_nothing_and_says_so(demo_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    late = ["-t", "Syslog", "--since", "2030-01-01", "-o", path]
    done = invoke("chart", "timeline", demo_folder, *late)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "nothing was written" in done.stderr
    assert not path.exists()


def test_a_tree_as_text_holds_every_process(demo_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "tree.txt"
    done = invoke("tree", demo_folder, "--host", "lark-ws01", "-o", path)
    assert done.exit_code == 0, done.stderr
    rows = invoke("tree", demo_folder, "--host", "lark-ws01").stdout.splitlines()
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if "[" in line]) >= len(rows) > 50
    assert "WINWORD.EXE" in path.read_text(encoding="utf-8")
