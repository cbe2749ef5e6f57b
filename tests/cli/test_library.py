"""Library queries on the command line."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from huntkit.cli.app import app

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]

FILE = """
metadata: {version: 1, description: Tests, data_environments: [MSSentinel], data_families: [Own]}
defaults:
  parameters:
    start: {description: "first time", type: datetime}
    end: {description: "last time", type: datetime}
sources:
  count_events:
    description: How many events of these kinds there are
    metadata: {techniques: [T1078]}
    args:
      query: |
        declare query_parameters(start: datetime, end: datetime, event_ids: dynamic);
        SecurityEvent
        | where TimeGenerated >= start and TimeGenerated < end
        | where EventID in (event_ids)
        | project TimeGenerated, EventID
    parameters:
      event_ids: {description: which kinds, type: list}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(FILE)
    return path


def invoke(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def answer(*arguments: object) -> list[dict[str, Any]]:
    result = invoke(*arguments)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_queries_are_listed_by_part_of_the_name_pattern_and_family(own: Path) -> None:
    every = answer("queries", "list", "--queries", own)
    mine = [row for row in every if row["Family"] == "Own"]
    assert [(row["Query"], row["Required"]) for row in mine] == [("count_events", ["event_ids"])]
    assert answer("queries", "list", "OWN.*", "--queries", own) == mine
    assert answer("queries", "list", "--family", "own", "--queries", own) == mine
    nothing = invoke("queries", "list", "zzzzz")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "none of" in nothing.stderr


def test_queries_alone_lists_them_all(run: Run) -> None:
    assert run("queries").stdout == run("queries", "list").stdout != b""


def test_queries_are_found_by_what_they_are_about(own: Path) -> None:
    found = answer("queries", "search", "T1078", "-t", "^SecurityEvent$", "-p", "event_ids",
                   "--queries", own)  # fmt: skip
    assert [row["Query"] for row in found] == ["count_events"]
    wrong = invoke("queries", "search")
    assert wrong.exit_code == 2
    assert "say what to search for" in wrong.stderr


def test_a_query_is_shown_with_its_text(own: Path) -> None:
    [shown] = answer("queries", "show", "count_events", "--queries", own)
    assert "event_ids (list, required): which kinds" in shown["help"]
    assert "EventID in (event_ids)" in shown["text"]


def test_a_query_is_run_on_evidence_in_both_ways(own: Path, demo_folder: Path) -> None:
    values = ["--queries", own, "--set", "event_ids=4624,4625"]
    rows = answer("queries", "run", "count_events", demo_folder, *values)
    kql = "SecurityEvent | where EventID in (4624, 4625) | project TimeGenerated, EventID"
    assert rows == answer("query", kql, demo_folder)
    assert len(rows) > 10
    assert rows == answer("query", "Own.count_events", demo_folder, *values)
    split = answer("queries", "run", "Own.count_events", demo_folder, *values, "--split-by", "2h")
    assert sorted(split, key=str) == sorted(rows, key=str)


def test_the_range_of_time_is_half_open_and_relative_to_the_last_event(
    own: Path, demo_folder: Path
) -> None:
    values = ["--queries", own, "--set", "event_ids=4624,4625"]
    rows = answer("queries", "run", "count_events", demo_folder, *values)
    times = sorted(row["TimeGenerated"] for row in rows)
    middle = times[len(times) // 2]
    before = answer("queries", "run", "count_events", demo_folder, *values, "--until", middle)
    after = answer("queries", "run", "count_events", demo_folder, *values, "--since", middle)
    assert len(before) == sum(each < middle for each in times)
    assert len(after) == sum(each >= middle for each in times)
    last = answer("queries", "run", "count_events", demo_folder, *values, "--since", "-30m")
    assert len(last) < len(rows)


def test_show_python_prints_a_program_that_gives_the_same(
    own: Path, demo_folder: Path, tmp_path: Path
) -> None:
    result = invoke("queries", "run", "count_events", demo_folder, "--queries", own,
                    "--set", "event_ids=4624", "--show-python")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    *program, call = [line for line in result.stderr.splitlines() if line]
    assert call.startswith("provider.Own.count_events(")
    code = "\n".join([*program, f"print(len({call}))"])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(result.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["queries", "lst"], "did you mean 'list'"),
        (["queries", "show", "count_evens"], "did you mean 'count_events'"),
        (["queries", "list", "--family", "Onw"], "did you mean 'Own'"),
        (["queries", "list", "-e", "Lokal"], "did you mean 'Local'"),
        (["queries", "run", "count_evens", "DEMO"], "did you mean 'count_events'"),
        (["queries", "run", "count_events", "DEMO"], "needs --set event_ids=VALUE"),
        (["queries", "run", "count_events", "DEMO", "-s", "event_id=1"], "mean 'event_ids'"),
        (["queries", "run", "count_events", "DEMO", "-s", "event_ids"], "is not NAME=VALUE"),
        (["queries", "run", "count_events", "DEMO", "-s", "a=1", "-s", "a=2"], "given twice"),
        (["queries", "run", "count_events", "DEMO", "-s", "event_ids=1", "--since", "soon"],
         "'soon' is not a time"),
        (["queries", "run", "count_events", "DEMO", "-s", "start=-1d", "--since", "-1d"],
         "start is given twice"),
        (["queries", "run", "count_events", "no-such-folder", "-s", "event_ids=1"],
         "there is no file or folder"),
        (["query", "Own.zzz", "DEMO"], "huntkit queries lists those"),
        (["query", "print 1", "DEMO", "--set", "a=1"], "declares no parameter of that name"),
        (["query", "Own.count_events", "DEMO", "--now", "2026-01-01"], "for queries of your own"),
    ],
)  # fmt: skip
def test_mistakes_are_wrong_use_with_a_hint(
    own: Path, demo_folder: Path, arguments: list[str], told: str
) -> None:
    given = [str(demo_folder) if each == "DEMO" else each for each in arguments]
    more = ["--queries", str(own)] if given[1] not in ("lst", "print 1") else []
    result = invoke(*given, *more)
    assert result.exit_code == 2, result.stderr
    assert told in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_file_of_queries_that_is_not_there_is_no_folder(tmp_path: Path) -> None:
    result = invoke("queries", "list", "--queries", tmp_path / "none.yaml")
    assert result.exit_code == 1
    assert f"there is no file or folder '{tmp_path / 'none.yaml'}'" in result.stderr


def test_a_faulty_file_of_queries_is_said_with_its_lines(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(FILE.replace("type: list", "type: lst"))
    result = invoke("queries", "list", "--queries", tmp_path / "bad.yaml")
    assert result.exit_code in (1, 2)
    assert result.stdout == ""
    assert "bad.yaml" in result.stderr
    assert "line 19" in result.stderr


def test_an_empty_answer_says_which_table_the_evidence_lacks(demo_folder: Path) -> None:
    found = invoke("queries", "run", "Azure.list_all_signins_geo", demo_folder)
    assert (found.exit_code, found.stdout) == (0, "")
    assert "this evidence has no rows of SigninLogs" in found.stderr


@pytest.mark.parametrize("command", [["search", "10.20.30.41"], ["timeline"]])
def test_a_range_that_ends_before_it_starts_is_wrong_use(
    command: list[str], demo_folder: Path
) -> None:
    ends = ("--since", "2026-03-03T12:00Z", "--until", "2026-03-03T11:00Z")
    found = invoke(*command, demo_folder, *ends)
    assert found.exit_code == 2
    assert "is before the start" in found.stderr
