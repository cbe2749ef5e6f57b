"""Audit events out of frames, texts and files: real ones, and hostile ones."""

import gzip
import json
from datetime import UTC, datetime

import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import EvidenceError, UnknownColumn, UsageError
from huntkit.extract import (
    auditd,
    extract_events_to_df,
    get_event_subset,
    process_tree,
    read_from_file,
)

START = """\
type=SYSCALL msg=audit(1551485405.619:21): arch=c000003e syscall=59 success=yes exit=0 a0=55 \
ppid=1 pid=2 auid=4294967295 uid=0 gid=0 euid=1000 comm="sh" exe="/bin/dash" key=(null)
type=EXECVE msg=audit(1551485405.619:21): argc=3 a0="sh" a1="-c" a2=6563686F20226869220A
type=CWD msg=audit(1551485405.619:21): cwd="/root"
type=PATH msg=audit(1551485405.619:21): item=0 name="/bin/sh" inode=13 nametype=NORMAL
type=PATH msg=audit(1551485405.619:21): item=1 name=2F746D702F6120622E736F inode=14
type=PROCTITLE msg=audit(1551485405.619:21): proctitle=7368002D63""".splitlines()
ENRICHED = """\
type=SYSCALL msg=audit(1.0:1): arch=c00000b7 syscall=221 uid=1000 auid=1001 pid=1\x1d\
ARCH=aarch64 UID="eve\""""


def test_the_lines_of_an_event_become_one_row():
    found = auditd(pl.DataFrame({"message": list(START)}))
    assert found.height == 1
    row = found.row(0, named=True)
    assert row["TimeGenerated"] == datetime(2019, 3, 2, 0, 10, 5, 619000, tzinfo=UTC)
    assert (row["EventType"], row["mssg_id"]) == ("SYSCALL_EXECVE", "1551485405.619:21")
    assert row["EventTypes"] == ["SYSCALL", "EXECVE", "CWD", "PATH", "PROCTITLE"]
    assert (row["pid"], row["ppid"], row["uid"], row["euid"]) == (2, 1, 0, 1000)
    assert (row["user"], row["audit_user"], row["effective_user"]) == ("root", "unset", None)
    assert (row["arch"], row["syscall"], row["syscall_name"]) == ("x86_64", "59", "execve")
    assert row["argv"] == ["sh", "-c", 'echo "hi"\n']
    assert row["cmdline"] == 'sh -c echo "hi"\n'
    assert row["a0"] == "55"  # the system call's, not the command's
    assert row["paths"] == ["/bin/sh", "/tmp/a b.so"]
    assert (row["cwd"], row["comm"], row["exe"], row["argc"]) == ("/root", "sh", "/bin/dash", 3)
    assert row["records"].split("\n") == START


def test_users_are_named_by_the_log_first_then_by_the_caller():
    lines = [
        ENRICHED,
        "type=SYSCALL msg=audit(1.0:2): arch=40000003 syscall=11 uid=1000 auid=1001 pid=1",
        "type=SYSCALL msg=audit(1.0:3): arch=80000016 syscall=11 uid=alice pid=1",
    ]
    found = auditd(pl.DataFrame({"x": lines}), users={1000: "bob", 1001: "carol"})
    assert found["user"].to_list() == ["eve", "bob", "alice"]
    assert found["audit_user"].to_list() == ["carol", "carol", None]
    assert found["uid"].to_list() == [1000, 1000, None]
    assert found["syscall_name"].to_list() == ["execve", "execve", None]


def test_a_field_with_several_values_keeps_them_all():
    lines = [
        "type=A msg=audit(1.0:1): op=x res=1 same=s",
        "type=B msg=audit(1.0:1): op=y same=s EventType=mine",
    ]
    row = auditd(pl.DataFrame({"x": lines})).row(0, named=True)
    assert (row["op"], row["op_B"], row["same"], row["EventType"]) == ("x", "y", "s", "A")
    assert row["EventType_field"] == "mine"
    assert "same_B" not in row


def test_events_are_told_apart_by_node_and_lines_put_together_however_far_apart():
    lines = [
        'node=web1 type=CWD msg=audit(1.0:1): cwd="/a"',
        'node=web2 type=CWD msg=audit(1.0:1): cwd="/b"',
        *(f'type=CWD msg=audit(2.0:{n}): cwd="/"' for n in range(20_000)),
        "node=web1 type=SYSCALL msg=audit(1.0:1): pid=1",
        "Mar  3 09:12:00 web3 audispd: type=CWD msg=audit(1.0:1): cwd=2F63",
        "no audit record",
    ]
    found = auditd(pl.DataFrame({"x": lines}))
    assert found.height == 20_003
    first = found.filter(pl.col("serial") == 1, pl.col("Computer") != "").sort("Computer")
    assert first["Computer"].to_list() == ["web1", "web2", "web3"]
    assert first["cwd"].to_list() == ["/a", "/b", "/c"]
    assert first["pid"].to_list() == [1, None, None]
    assert first["SourceIndex"].to_list() == [0, 1, 20_003]


def test_text_lines_and_every_frame_give_the_same_events():
    frame = pl.DataFrame({"n": [1, 2], "log": ["\n".join(START[:3]), "\n".join(START[3:])]})
    wanted = auditd(frame)
    assert wanted.height == 1
    assert auditd("\n".join(START))["cmdline"].tolist() == wanted["cmdline"].to_list()
    assert auditd(list(START))["cmdline"].tolist() == wanted["cmdline"].to_list()
    assert pl.from_arrow(auditd(frame.to_arrow())).equals(wanted)
    with duckdb.connect() as connection:
        relation = auditd(connection.from_arrow(frame.to_arrow()))
        assert relation.pl()["cmdline"].to_list() == wanted["cmdline"].to_list()
    pandas = pd.DataFrame({"log": list(START)}, index=range(10, 16))
    assert auditd(pandas, "log")["SourceIndex"].tolist() == [10]
    with pytest.raises(UsageError, match="no lines of text"):
        auditd([1])


def test_no_lines_give_no_events_with_the_columns_there():
    found = auditd(pl.DataFrame({"text": []}, schema={"text": pl.String}))
    assert found.height == 0
    assert {"TimeGenerated", "EventType", "cmdline", "argv", "records"} <= set(found.columns)
    assert found.schema["pid"] == pl.Int64
    with pytest.raises(UsageError, match="audit lines"):
        auditd(pl.DataFrame({"a": ["x"]}))
    with pytest.raises(UnknownColumn):
        auditd(pl.DataFrame({"a": ["x"]}), "b")


def test_events_of_a_type_and_their_columns():
    events = auditd(pl.DataFrame({"x": [*START, "type=LOGIN msg=audit(9.0:1): pid=5 uid=0"]}))
    logins = get_event_subset(events, "LOGIN")
    assert logins.columns == [
        "TimeGenerated", "Computer", "EventType", "EventTypes", "mssg_id", "serial", "pid", "uid",
        "user", "records", "SourceIndex",
    ]  # fmt: skip
    again = extract_events_to_df(events.select(AuditdMessage="records"))
    assert again.drop("SourceIndex").equals(events.drop("SourceIndex"))  # nothing was lost
    only = auditd(
        pl.DataFrame({"x": [*START, "type=LOGIN msg=audit(9.0:1): pid=5"]}), event_type="LOGIN"
    )
    assert only["EventType"].to_list() == ["LOGIN"]
    with pytest.raises(UsageError, match="no audit events"):
        get_event_subset(pl.DataFrame({"a": [1]}), "LOGIN")


def test_a_file_may_be_packed_and_says_what_it_left_out(tmp_path):
    path = tmp_path / "audit.log.gz"
    path.write_bytes(gzip.compress("\n".join([*START, "not one"]).encode()))
    with pytest.warns(UserWarning, match="1 lines are no audit records"):
        found = read_from_file(path)
    assert isinstance(found, pd.DataFrame)
    assert found["cmdline"].tolist() == ['sh -c echo "hi"\n']
    with pytest.raises(EvidenceError):
        read_from_file(tmp_path / "nothing.log")


@pytest.mark.data
def test_the_test_file_gives_its_938_events(shared_data):
    path = shared_data / "logs/auditd_log.txt"
    lines = path.read_text().splitlines()
    keys = {line.split("audit(")[1].split(")")[0] for line in lines}
    assert len(keys) == 938
    found = read_from_file(path, frame="polars")
    assert set(found["mssg_id"]) == keys
    assert found.height == 938
    assert found.filter(pl.col("EventType") == "SYSCALL_EXECVE").height == 146
    assert found["cmd"].str.contains("auditctl -w /etc/passwd -p wxa -k usergroup").any()
    same = auditd(pl.DataFrame({"line": lines}))
    assert same.drop("SourceIndex").equals(found.drop("SourceIndex"))


@pytest.mark.data
def test_the_process_tree_of_the_test_file(shared_data):
    events = read_from_file(shared_data / "logs/auditd_log.txt", frame="polars")
    tree = process_tree(events)
    starts = tree.filter(~pl.col("Inferred"))
    assert starts.height == 146
    assert tree.filter(~pl.col("IsRoot")).height > 100


@pytest.mark.data
def test_auoms_records_inside_syslog(shared_data, lines_of):
    lines = lines_of("compound/Log4Shell/syslog_auoms_auditd_*.zip")
    syslog = pl.DataFrame([json.loads(line) for line in lines])
    found = auditd(syslog, "SyslogMessage")
    assert (
        found.height
        == syslog.filter(pl.col("SyslogMessage").str.contains("audit(", literal=True)).height
    )
    assert set(found["Computer"]) == {"UBUNTU5"}
    assert set(found["syscall_name"]) == {"execve"}
    assert "tomcat" in found["user"].to_list()
    assert found["cmdline"].str.contains("bash").any()


@settings(max_examples=60)
@given(
    st.lists(
        st.none()
        | st.text(max_size=30)
        | st.builds(
            "type={} msg=audit({}:{}): {}".format,
            st.sampled_from(["SYSCALL", "EXECVE", "PATH", "AUOMS_EXECVE", "X", "1309"]),
            st.sampled_from(["1.5", "999999999999.9", "1"]),
            st.integers(0, 10**20 - 1) | st.just(7),
            st.lists(
                st.builds(
                    "{}={}".format,
                    st.sampled_from(["a0", "a1[0]", "pid", "uid", "name", "type", "records", "node",
                                     "msg", "SourceIndex", "argv", "paths", "_at", "cmdline"]),
                    st.sampled_from(['"x"', "41", "-1", "'", "{", "msg='a=b'", "1e9", '"', ""]),
                ),
                max_size=6,
            ).map(" ".join),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_no_lines_make_it_fail_and_each_event_is_one_row(lines):
    frame = pl.DataFrame({"text": lines}, schema={"text": pl.String})
    if not frame["text"].str.contains("audit(", literal=True).any():
        return
    found = auditd(frame, "text")
    assert found.select("Computer", "mssg_id").is_duplicated().sum() == 0
    assert found["SourceIndex"].is_sorted()


def test_the_same_serial_in_other_writing_is_the_same_event():
    lines = [
        'type=CWD msg=audit(1.5:007): cwd="/"',
        "text audit(9.9:9) type=SYSCALL msg=audit(1.5:7): pid=1",
    ]
    assert auditd(pl.DataFrame({"x": lines})).select("pid", "cwd").rows() == [(1, "/")]


def test_endlessly_many_field_names_are_bounded_and_still_in_the_records():
    lines = [f"type=X msg=audit(1.0:{n}): f{n}=1 g{n}=2" for n in range(5_000)]
    found = auditd(pl.DataFrame({"x": lines}))
    assert found.height == 5_000
    assert len(found.columns) < 450
    assert found["records"].to_list() == lines


def test_arguments_may_hold_anything_and_be_none():
    lines = [
        "type=EXECVE msg=audit(1.0:1): argc=2 a0=611F62 a1=1F",
        "type=EXECVE msg=audit(1.0:2): argc=0",
        'type=EXECVE msg=audit(1.0:3): argc=1 a0=""',
        'type=EXECVE msg=audit(1.0:4): argc=2 a0="a" a1=""',
        "type=LOGIN msg=audit(1.0:5): pid=1",
    ]
    for times in (1, 100):  # few, and enough for columns of their own
        found = auditd(pl.DataFrame({"x": [
            line.replace("1.0:", f"{n}.0:") for n in range(times) for line in lines
        ]}))  # fmt: skip
        assert found["argv"].to_list() == times * [["a\x1fb", "\x1f"], [], [""], ["a", ""], None]
    plain = auditd(pl.DataFrame({"x": lines[1:]}))
    assert plain["argv"].to_list() == [[], [""], ["a", ""], None]
