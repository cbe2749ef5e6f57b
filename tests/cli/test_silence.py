"""No answer is silent: what is missing, empty or misspelt is said, with the right exit code."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from huntkit.cli.app import app

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def invoke(*arguments: object, given: str = "") -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments], input=given)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["tree", "--host", "nosuchhost"], "there is no host 'nosuchhost'"),
        (["tree", "--host", "lark-ws1"], "did you mean 'lark-ws01'"),
        (["query", "--sql", "SELECT * FROM Sylog"], "did you mean 'Syslog'"),
        (["query", "--sql", "SELECT * FROM Foo"], "hint: tables: AWSCloudTrail, AuditLog_CL"),
        (["query", "SELECT * FROM Syslog"], "this looks like SQL: give it by --sql"),
        (["search", "-enc SQBF"], "a value that begins with - stands behind --"),
        (["query", "--sql", "SELECT\nHostNam FROM Syslog"], "line 2, column 1"),
        (["query", "--sql", "SELECT HostNam FROM Syslog"], "did you mean 'HostName'"),
        (["query", "--sql", "SELECT * FROM Syslog WHERE"], "line 1, column 22"),
        (["query", "--sql", "Syslog | take 5"], "this looks like KQL"),
        (["query", "Sylog | take 1"], "unknown table 'Sylog'"),
        (["query", "Syslog | where HostNam == ''"], "did you mean 'HostName'"),
        (["query", "Syslog |\nwher true"], "KQL, line 2, column 1"),
        (["query", "--now", "2026-01-01", "--sql", "SELECT 1"], "--now is for KQL"),
        (["query", "--sql", "SELECT 1; SELECT 2"], "one SQL statement, not 2"),
        (["query", "--sql", "DROP TABLE Syslog"], "only statements that read"),
        (["query", "--sql", "@no-such-file"], "can't be read"),
        (["iocs", "--type", "ip4"], "did you mean 'ipv4'"),
        (["timeline", "--group-by", "Foo"], "there is no column 'Foo'"),
        (["timeline", "--table", "zzz"], "tables: AWSCloudTrail"),
        (["open", "--no-report", "-o", "z.html"], "--no-report writes nothing"),
    ],
)
def test_what_is_not_there_is_wrong_use(arguments: list[str], told: str, demo_folder: Path) -> None:
    result = invoke(*arguments, demo_folder)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert told in result.stderr
    assert "Error:" not in result.stderr
    assert "␊" not in result.stderr


def test_a_statement_that_fails_while_it_runs_is_no_wrong_use(demo_folder: Path) -> None:
    result = invoke("query", "--sql", "SELECT CAST(HostName AS INT) FROM Syslog", demo_folder)
    assert result.exit_code == 1
    assert result.stderr.startswith("huntkit: Could not convert string")


def test_query_answers_kql(demo_folder: Path) -> None:
    text = "DeviceProcessEvents | where Timestamp > ago(100d) | summarize n = count() by ActionType"
    result = invoke("query", text, demo_folder)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["ActionType"] for row in rows] == ["ProcessCreated"]
    assert rows[0]["n"] > 100
    later = invoke("query", text, demo_folder, "--now", "2030-01-01")
    assert later.stdout == ""


def test_right_kql_that_is_not_run_here_is_no_wrong_use(demo_folder: Path) -> None:
    result = invoke("query", "Syslog | evaluate autocluster()", demo_folder)
    assert result.exit_code == 1
    assert "autocluster" in result.stderr


def test_a_misspelt_type_is_told_where_there_is_no_text_to_search_either(tmp_path: Path) -> None:
    (tmp_path / "numbers.json").write_text('{"n": 1}\n')
    result = invoke("iocs", "--type", "ip4", tmp_path)
    assert result.exit_code == 2
    assert "did you mean 'ipv4'" in result.stderr


def test_a_short_name_means_the_host(demo_folder: Path) -> None:
    result = invoke("tree", demo_folder, "--host", "LARK-WS01")
    hosts = {json.loads(line)["DeviceName"] for line in result.stdout.splitlines()}
    assert hosts == {"lark-ws01.larkspur.example"}


def test_evidence_without_processes_says_so(demo_folder: Path) -> None:
    result = invoke("tree", demo_folder / "cloudtrail.json")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no process starts" in result.stderr
    told = invoke("timeline", demo_folder / "zeek").stderr
    assert told.startswith("huntkit: notable events were not judged: no log of alerts")


def test_rows_without_a_time_are_counted(tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text("name,size\na,1\nb,2\n")
    result = invoke("timeline", tmp_path, "--table", "plain")
    assert result.exit_code == 0
    assert "2 of 2 rows have no time" in result.stderr


def test_a_search_without_hits_says_what_was_searched(demo_folder: Path) -> None:
    result = invoke("search", " no such text ", demo_folder)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "0 hits; searched" in result.stderr
    assert "tables for 1 value" in result.stderr
    assert json.loads(invoke("search", " helpdesk2 ", demo_folder).stdout.splitlines()[0])


def test_values_without_a_hit_are_named(demo_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("helpdesk2\nnope\n")
    result = invoke("search", f"@{tmp_path / 'v.txt'}", demo_folder)
    assert "no hit for 1 value: 'nope'" in result.stderr


def test_a_second_value_is_told_apart_from_a_path(demo_folder: Path) -> None:
    result = invoke("search", "a", "b", demo_folder)
    assert result.exit_code == 2
    assert "give @FILE" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["query", "--sql", "SELECT * FROM SigninLogs"],
        ["timeline", "--table", "signinlogs"],
        ["tables", "--table", "SigninLogs"],
    ],
)
def test_a_known_table_that_the_evidence_lacks_is_said(
    arguments: list[str], demo_folder: Path
) -> None:
    result = invoke(*arguments, demo_folder)
    assert result.exit_code == 0
    assert "this evidence has no rows of SigninLogs" in result.stderr


def test_names_in_texts_and_comments_are_no_tables(demo_folder: Path) -> None:
    sql = "SELECT 'from SigninLogs' AS a FROM Syslog -- FROM SigninLogs\nLIMIT 1"
    assert invoke("query", "--sql", sql, demo_folder).stderr == ""


def test_tables_are_named_in_any_case(demo_folder: Path) -> None:
    result = invoke("timeline", demo_folder, "-t", "zeek_CONN", "-n", 1)
    assert json.loads(result.stdout)["Table"] == "Zeek_conn"


def test_a_timeline_has_the_same_first_columns_for_every_table(demo_folder: Path) -> None:
    shape = ["TimeGenerated", "Table", "Host", "User", "Detail", "_file", "_record"]
    for tables in ([], ["-t", "Syslog"], ["-t", "Zeek_conn", "-t", "DeviceLogonEvents"]):
        [line, *_] = invoke("timeline", demo_folder, *tables).stdout.splitlines()
        assert list(json.loads(line))[:7] == shape


def test_a_timeline_names_who_logged_on_and_from_where(demo_folder: Path) -> None:
    span = ["--since", "2026-03-03T09:44Z", "--until", "2026-03-03T09:44:10Z"]
    lines = invoke("timeline", demo_folder, "-t", "DeviceLogonEvents", *span).stdout.splitlines()
    assert [json.loads(line)["User"] for line in lines] == ["anna.berg", "tom.reyes", "adm-nils"]
    detail = json.loads(lines[0])["Detail"]
    assert detail.startswith("LogonFailed: Network, InvalidUserNameOrPassword, LARK-WS01, 10.20")
    lines = invoke("timeline", demo_folder, "-t", "SecurityEvent", *span).stdout.splitlines()
    assert {json.loads(line)["User"] for line in lines} >= {"anna.berg", "tom.reyes", "adm-nils"}


def test_a_time_outside_the_evidence_is_said_with_the_time_that_it_has(demo_folder: Path) -> None:
    told = invoke("timeline", demo_folder, "--since", "2027-01-01").stderr
    assert "no notable events in that time; the evidence goes from 2026-03-03 07:30:00" in told


@pytest.mark.parametrize("span", [(), ("--since", "2027-01-01")])
def test_a_timeline_of_what_cannot_tell_of_notable_events_says_not_judged(
    tmp_path: Path, span: tuple[str, ...]
) -> None:
    log = tmp_path / "access.log"
    log.write_text(
        '203.0.113.9 - - [03/Mar/2026:13:55:36 +0000] "GET /a HTTP/1.1" 200 23 "-" "x"\n'
    )
    told = invoke("timeline", log, *span).stderr
    assert "notable events were not judged: no log of alerts or system changes" in told
    assert "no notable events" not in told


def test_nothing_in_a_folder_is_code_3_and_no_report(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run("open", "empty")
    assert done.returncode == 3
    assert b"no log records were found" in done.stderr
    assert json.loads(done.stdout)["report"] is None
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_damaged_file_is_said_once(run: Run, demo_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04" + b"\x00" * 40)
    done = run("open", "bad.zip", demo_folder / "zeek")
    assert done.returncode == 3
    assert done.stderr.count(b"bad.zip") == 1


def test_stdin_is_called_stdin(run: Run, demo_folder: Path, tmp_path: Path) -> None:
    log = (demo_folder / "zeek" / "conn.log").read_bytes()
    done = run("search", "203.0.113.45", "-", "-n", "1", given=log)
    assert json.loads(done.stdout)["_file"] == "<stdin>"
    (tmp_path / "own.csv").write_text("address\n203.0.113.45\n")
    both = run("tables", "-", "own.csv", "--files", given=log)
    paths = [json.loads(line)["path"] for line in both.stdout.splitlines()]
    assert paths == ["<stdin>", str(tmp_path / "own.csv")]


@pytest.mark.parametrize("command", ["tree", "timeline"])
def test_no_picture_is_drawn_of_nothing(command: str, demo_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.html"
    result = invoke(command, demo_folder / "zeek", "-o", path)
    assert result.exit_code == 0
    assert "nothing was written" in result.stderr
    assert not path.exists()
