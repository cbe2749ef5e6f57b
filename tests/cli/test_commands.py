"""Every command on the demo, as a process of its own."""

import base64
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from huntkit.cli.app import app

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def rows_of(done: "subprocess.CompletedProcess[bytes]") -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def invoke(*arguments: object, given: str = "") -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments], input=given)


def answer(*arguments: object, given: str = "") -> list[dict[str, Any]]:
    result = invoke(*arguments, given=given)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_demo_writes_a_report_and_says_where(run: Run, tmp_path: Path) -> None:
    done = run("demo", "--folder", "logs")
    assert done.returncode == 0, done.stderr.decode()
    told = done.stderr.decode()
    path = tmp_path / "huntkit-demo.html"
    assert f"report: {path}" in told
    assert "done in " in told
    assert "Security log cleared" in told
    assert "Stand out, the most unusual first:" in told
    assert "Process start: winword.exe → powershell.exe  (lark-ws01.larkspur.example)" in told
    assert "Synthetic demo" in path.read_text(encoding="utf-8")
    assert "SYNTHETIC" in (tmp_path / "logs" / "README.md").read_text()
    summary = json.loads(done.stdout)
    assert summary["report"] == str(path)
    assert summary["partial"] is False
    again = run("demo", "--folder", "logs")
    assert (again.returncode, again.stdout) == (2, b"")
    assert b"--force replaces it" in again.stderr


def test_open_takes_the_next_free_name_and_never_overwrites(
    run: Run, demo_folder: Path, tmp_path: Path
) -> None:
    for expected in ("huntkit-report.html", "huntkit-report-2.html"):
        done = run("open", demo_folder / "zeek")
        assert json.loads(done.stdout)["report"] == str(tmp_path / expected)
    old = tmp_path / "old.html"
    old.write_text("kept")
    assert run("open", demo_folder, "-o", old).returncode == 2
    assert old.read_text() == "kept"


def test_report_says_only_where_it_is(run: Run, demo_folder: Path, tmp_path: Path) -> None:
    done = run("report", demo_folder / "zeek", "-o", "r.html", "--title", "Case <17>")
    assert "Tables" not in done.stderr.decode()
    assert "Case &lt;17&gt;" in (tmp_path / "r.html").read_text()


def test_part_of_the_files_failing_is_code_3_and_said(
    run: Run, demo_folder: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"PK\x03\x04" + b"\x00" * 40)
    done = run("open", bad, demo_folder / "zeek", "-o", "r.html")
    assert done.returncode == 3
    assert b"bad.zip" in done.stderr
    assert b"INCOMPLETE" in done.stderr
    assert "This evidence is incomplete" in (tmp_path / "r.html").read_text()


def test_a_missing_path_is_wrong_use(run: Run) -> None:
    done = run("open", "no-such-folder")
    assert done.returncode == 2
    assert done.stderr.decode().startswith("huntkit: there is no file or folder")
    assert b"Traceback" not in done.stderr


def test_tables_lists_tables_columns_and_files(demo_folder: Path) -> None:
    tables = {row["name"]: row for row in answer("tables", demo_folder)}
    assert tables["DeviceProcessEvents"]["rows"] > 300
    assert tables["SecurityEvent"]["first"].endswith("Z")
    columns = answer("tables", demo_folder, "--table", "SecurityEvent")
    assert {"column": "TimeGenerated", "type": "datetime"} in columns
    files = answer("tables", demo_folder, "--files")
    assert sum(row["skipped"] for row in files) == 0
    assert all(len(row["sha256"]) == 64 for row in files)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["tables", "--table", "SecurtyEvent"], "did you mean 'SecurityEvent'"),
        (["query", "--sql", "SELECT * FROM SecurtyEvent"], "did you mean 'SecurityEvent'"),
        (["timeline", "--table", "SecurtyEvent"], "did you mean 'SecurityEvent'"),
        (["query", "--sql", "DROP TABLE SecurityEvent"], "huntkit: "),
        (["query", "--sql", "SELECT * FROM read_csv('/etc/passwd')"], "huntkit: "),
        (["search", "x", "--since", "yesterdayish"], "yesterdayish"),
    ],
)
def test_mistakes_are_told_with_the_nearest_name(
    arguments: list[str], told: str, demo_folder: Path
) -> None:
    result = invoke(*arguments, demo_folder)
    assert result.exit_code in (1, 2)
    assert result.stdout == ""
    assert told in result.stderr
    assert "Traceback" not in result.stderr
    assert "inside huntkit" not in result.stderr


def test_search_finds_a_value_in_every_kind_of_log(demo_folder: Path) -> None:
    hits = answer("search", "203.0.113.45", demo_folder)
    assert {"DeviceNetworkEvents", "Zeek_conn"} <= {hit["Table"] for hit in hits}
    assert all(hit["_record"] > 0 and "203.0.113.45" in hit["Text"] for hit in hits)
    late = answer("search", "203.0.113.45", demo_folder, "--since", "2026-03-03T11:00:00Z")
    assert 0 < len(late) < len(hits)
    assert min(hit["TimeGenerated"] for hit in late) >= "2026-03-03T11:00:00"


def test_search_tells_records_from_hits_and_that_encoded_text_is_not_searched(
    tmp_path: Path,
) -> None:
    payload = base64.b64encode("ping 198.51.100.7".encode("utf-16-le")).decode()
    rows = [
        {"Computer": "WS1", "A": "198.51.100.7", "B": "to 198.51.100.7"},
        {"Computer": "ws2", "A": "198.51.100.7", "B": "-"},
        {"Computer": "WS3", "A": f"powershell -enc {payload}", "B": "-"},
    ]
    (tmp_path / "odd.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = invoke("search", "198.51.100.7", tmp_path)
    assert len(told.stdout.splitlines()) == 3
    assert "3 hits in 2 records of 1 table on 2 hosts" in told.stderr
    assert "encoded text is not searched" in told.stderr
    assert "encoded text is not searched" in invoke("search", "198.51.100.8", tmp_path).stderr


def test_search_finds_no_names_of_the_files_themselves(demo_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "unheardof").symlink_to(demo_folder)
    merged = "SELECT _merged_file FROM DeviceProcessEvents WHERE _merged_file <> ''"
    folder = tmp_path / "unheardof"
    assert "unheardof" in answer("query", "--sql", merged, folder)[0]["_merged_file"]
    assert answer("search", "unheardof", folder) == []


def test_search_reads_values_from_a_file_and_from_stdin(demo_folder: Path, tmp_path: Path) -> None:
    wanted = tmp_path / "values.txt"
    wanted.write_text("203.0.113.77\nhelpdesk2\n")
    from_file = answer("search", f"@{wanted}", demo_folder)
    assert {hit["Value"] for hit in from_file} == {"203.0.113.77", "helpdesk2"}
    assert answer("search", "-", demo_folder, given="203.0.113.77\nhelpdesk2\n") == from_file


def test_query_answers_sql(demo_folder: Path, tmp_path: Path) -> None:
    sql = tmp_path / "q.sql"
    sql.write_text("SELECT count(*) AS n FROM SecurityEvent WHERE EventID = 1102")
    assert answer("query", "--sql", f"@{sql}", demo_folder) == [{"n": 1}]


@pytest.mark.parametrize("ending", ["parquet", "csv", "ndjson", "html", "md"])
def test_every_ending_holds_the_rows(ending: str, demo_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    result = invoke("search", "helpdesk2", demo_folder, "-o", path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "rows written to" in result.stderr
    content = path.read_bytes()
    if ending == "parquet":
        assert "helpdesk2" in pl.read_parquet(io.BytesIO(content))["Value"].to_list()
    else:
        assert b"helpdesk2" in content


def test_iocs_of_other_types_by_group_and_so_that_nobody_can_click_them() -> None:
    text = "hxxp://198.51.100.7/a CVE-2021-44228 C:\\Temp\\a.exe"
    found = answer("iocs", "-", "--type", "path", "--type", "cve", given=text)
    assert [row["IoCType"] for row in found] == ["cve", "windows_path"]
    [row] = answer("iocs", "-", "--type", "url", "--defang", given=text)
    assert row["Observable"] == "hxxp://198[.]51[.]100[.]7/a"


def test_iocs_of_evidence_and_of_stdin(demo_folder: Path) -> None:
    found = {row["Observable"]: row for row in answer("iocs", demo_folder, "--type", "url")}
    stage = found["http://cdn.updates-portal.example.net/launch.ps1"]
    assert stage["Defanged"].startswith("hxxp://cdn[.]updates-portal")
    [row] = answer("iocs", "-", "--type", "ipv4", given="to 198.51.100.7\nto 198.51.100.7\n")
    assert (row["Observable"], row["Mentions"], row["Line"]) == ("198.51.100.7", 2, 1)


def test_decode_takes_text_stdin_and_evidence(demo_folder: Path) -> None:
    command = "powershell -enc ZABpAHIAIABjADoA"
    [row] = answer("decode", "--text", command)
    assert row["Decoded"] == "dir c:"
    [row] = answer("decode", "-", given=command + "\n")
    assert row["Decoded"] == "dir c:"
    rows = answer("decode", demo_folder)
    assert any("DownloadString" in layer["Decoded"] for r in rows for layer in r["Layers"])


def test_tree_and_timeline_as_rows_and_as_pictures(demo_folder: Path, tmp_path: Path) -> None:
    rows = answer("tree", demo_folder, "--host", "lark-ws01.larkspur.example")
    assert {row["DeviceName"] for row in rows} == {"lark-ws01.larkspur.example"}
    assert any(row["FolderPath"].endswith("WINWORD.EXE") for row in rows)
    events = answer("timeline", demo_folder)
    times = [event["TimeGenerated"] for event in events]
    assert times == sorted(times)
    for command in ("tree", "timeline"):
        path = tmp_path / f"{command}.html"
        assert invoke(command, demo_folder, "-o", path).exit_code == 0
        assert "Content-Security-Policy" in path.read_text(encoding="utf-8")


def test_stdin_can_be_the_evidence(run: Run, demo_folder: Path) -> None:
    log = (demo_folder / "zeek" / "conn.log").read_bytes()
    found = rows_of(run("tables", "-", given=log))
    assert "Zeek_conn" in {row["name"] for row in found}


def test_a_reader_that_leaves_early_is_no_error(demo_folder: Path, tmp_path: Path) -> None:
    shell = f"{sys.executable} -c 'from huntkit.cli import main; main()' tables {demo_folder}"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {shell} | true"], capture_output=True, check=False
    )
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("command", [["tables"], ["search", "x"], ["iocs"], ["query", "print 1"]])
def test_evidence_without_records_is_never_done(command: list[str], tmp_path: Path) -> None:
    result = invoke(*command, tmp_path)
    assert result.exit_code == 3
    assert "no log records were found" in result.stderr


def test_show_python_prints_python_that_runs(demo_folder: Path, tmp_path: Path) -> None:
    result = invoke("search", "helpdesk2", demo_folder, "--show-python", "--limit", 1)
    code = result.stderr[: result.stderr.index(")\n", result.stderr.index("search(")) + 1]
    spaces: dict[str, Any] = {}
    exec(code.replace("evidence.search", "hits = evidence.search"), spaces)
    assert len(spaces["hits"]) > 1
    spaces["evidence"].close()


@pytest.mark.parametrize(
    "command",
    [
        *(pytest.param(name, marks=pytest.mark.long) for name in ("decode", "geo", "iocs")),
        "timeline",
    ],
)
def test_python_of_a_whole_answer_runs_and_gives_as_many_rows(
    command: str, demo_folder: Path
) -> None:
    told = invoke(command, demo_folder, "--show-python")
    lines = told.stderr.splitlines()
    last = next(
        n for n, line in reversed(list(enumerate(lines))) if not line.startswith("huntkit: ")
    )
    value = (
        lines[last].removeprefix("print(").removesuffix(")")
        if command == "timeline"
        else lines[last]
    )
    spaces: dict[str, Any] = {}
    exec("\n".join([*lines[:last], f"rows = {value}"]), spaces)
    assert spaces["rows"].height == len(told.stdout.splitlines()) > 1
    spaces["evidence"].close()


def test_doctor_names_what_is_there() -> None:
    rows = {row["what"]: row for row in answer("doctor")}
    assert rows["polars"]["state"] == "ok"
    assert "cache" in rows


def test_offline_changes_nothing_where_no_network_is_used(run: Run, demo_folder: Path) -> None:
    assert rows_of(run("tables", demo_folder / "zeek", "--offline"))


def on_a_terminal(arguments: list[str], folder: Path, **env: str) -> str:
    """What a person sees."""
    here, there = pty.openpty()
    command = [sys.executable, "-c", "from huntkit.cli import main; main()", *arguments]
    given = {**os.environ, "COLUMNS": "110", "TERM": "xterm-256color", **env}
    process = subprocess.Popen(command, stdout=there, stderr=subprocess.PIPE, cwd=folder, env=given)
    os.close(there)
    seen = b""
    while True:
        try:
            piece = os.read(here, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    process.wait(60)
    if process.stderr:
        process.stderr.close()
    os.close(here)
    return seen.decode()


def test_a_terminal_gets_tables_and_trees_and_no_colour_with_no_color(
    demo_folder: Path, tmp_path: Path
) -> None:
    seen = on_a_terminal(["tables", str(demo_folder)], tmp_path, NO_COLOR="1")
    assert "DeviceProcessEvents" in seen
    assert "(UTC)" in seen
    assert "\x1b[3" not in seen
    tree = on_a_terminal(["tree", str(demo_folder), "-n", "1"], tmp_path, NO_COLOR="1")
    assert "WINWORD.EXE" in tree
    assert "└──" in tree


def test_a_terminal_gets_the_sums_of_a_search_before_its_rows(
    demo_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "v.txt").write_text("203.0.113.77\nhelpdesk2\n")
    command = ["search", "@v.txt", str(demo_folder)]
    seen = on_a_terminal(command, tmp_path, NO_COLOR="1", COLUMNS="140")
    sums, _, rows = seen.partition("Rows that hold one of 2 values of v.txt")
    assert all(name in sums for name in ("Value", "Table", "Column", "Hits", "First", "Last"))
    assert "203.0.113.77" in sums
    head = next(line for line in rows.splitlines() if "Value" in line)
    assert [name for name in ("Value", "Table", "Column", "Text") if name not in head] == []
    assert "not shown: " in rows


def test_the_chain_to_the_foremost_program_survives_a_narrow_terminal(
    demo_folder: Path, tmp_path: Path
) -> None:
    command = ["open", str(demo_folder), "--no-report"]
    for columns in ("80", "120"):
        seen = on_a_terminal(command, tmp_path, NO_COLOR="1", COLUMNS=columns)
        assert "WINWORD.EXE → powershell.exe  (lark-ws01" in seen
        assert "Hosts" in seen
        assert "Hos…" not in seen
    tree = on_a_terminal(["tree", str(demo_folder), "-n", "1"], tmp_path, NO_COLOR="1")
    assert "OUTLOOK.EXE → WINWORD.EXE" in tree.splitlines()[0]


def test_hostile_evidence_reaches_a_terminal_only_as_marks(tmp_path: Path) -> None:
    event = {
        "EventID": 4688,
        "Channel": "Security",
        "SourceName": "Microsoft-Windows-Security-Auditing",
        "Hostname": "ws\x1b[2J\u202e",
        "EventTime": "2026-03-03 09:00:00",
        "NewProcessName": "C:\\a\x1b]0;owned\x07.exe",
        "CommandLine": "=cmd|' /C calc'!A0 \x00 <script>" + "A" * 1_000_000,
    }
    (tmp_path / "e.json").write_text(json.dumps(event))
    seen = on_a_terminal(["search", "calc", "e.json"], tmp_path, NO_COLOR="1")
    seen += on_a_terminal(["open", "e.json", "-o", "r.html"], tmp_path, NO_COLOR="1")
    assert "\x1b[2J" not in seen
    assert "\x1b]" not in seen
    assert "\x07" not in seen
    assert "\u202e" not in seen
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "\x1b" not in page
    assert "<script>A" not in page
    assert len(page) < 3_000_000


def test_ctrl_c_ends_with_130(tmp_path: Path) -> None:
    # A shell gives commands in its background no Ctrl-C, and so the tests that it runs there.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{heard}; from huntkit.cli import main; main()", "iocs", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    time.sleep(2.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == b""
    assert b"interrupted" in err
    assert b"Traceback" not in err
