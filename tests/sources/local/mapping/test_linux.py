"""Audit events as flat records, before the mapping file sees them."""

from datetime import UTC, datetime

import pytest

from huntkit.formats.audit_lines import parse_line
from huntkit.formats.batch import Batch
from huntkit.sources.local.mapping import Mapper
from huntkit.sources.local.mapping.linux import audit_row, inner_events


def event(*lines: str) -> dict[str, object]:
    parsed = [parse_line(line) for line in lines]
    return {
        "time_text": parsed[0].time,
        "serial": parsed[0].serial,
        "node": parsed[0].node,
        "records": [line.record for line in parsed],
    }


def test_the_first_line_with_a_field_gives_it_and_arguments_become_a_command_line():
    row = audit_row(
        event(
            "node=web1 type=SYSCALL msg=audit(1.5:7): arch=c000003e syscall=59 a0=55 pid=2 uid=0",
            'type=EXECVE msg=audit(1.5:7): argc=2 a0="sh" a1="-x"',
            'type=PATH msg=audit(1.5:7): item=0 name="/bin/sh"',
            'type=PATH msg=audit(1.5:7): item=1 name="/lib/ld"',
        )
    )
    assert (row["a0"], row["cmdline"], row["item"]) == ("55", "sh -x", "0")
    assert row["_paths"] == ["/bin/sh", "/lib/ld"]
    assert (row["_type"], row["_started"], row["_id"]) == ("SYSCALL_EXECVE", "yes", "1.5:7")
    assert row["_node"] == "web1"
    assert "type" not in row
    assert "argv" not in row


def test_system_calls_and_root_are_named_and_nobody_else():
    row = audit_row(
        event("type=SYSCALL msg=audit(1.5:7): arch=c000003e syscall=42 uid=0 auid=1000")
    )
    assert (row["SYSCALL"], row["UID"]) == ("connect", "root")
    assert "AUID" not in row
    told = 'type=SYSCALL msg=audit(1.5:7): arch=c000003e syscall=42 uid=0\x1dSYSCALL=x UID="toor"'
    row = audit_row(event(told))
    assert (row["SYSCALL"], row["UID"]) == ("x", "toor")
    unknown = audit_row(event("type=SYSCALL msg=audit(1.5:7): arch=80000016 syscall=11"))
    assert unknown["SYSCALL"] == "11"


def test_a_title_stands_in_for_a_command_line_that_is_not_there():
    row = audit_row(event("type=PROCTITLE msg=audit(1.5:7): proctitle=7368002D78"))
    assert row["cmdline"] == "sh -x"
    assert row["_started"] == "no"


def test_what_is_no_event_gives_an_empty_one():
    assert audit_row({"records": "x"})["_types"] == []
    assert audit_row({})["_lines"] == []


EXECUTED = (
    "type=SYSCALL msg=audit(1604996384.965:9): arch=c000003e syscall=59 success=yes exit=0 "
    'ppid=7 pid=8 auid=1000 uid=0 comm="id" exe="/usr/bin/id"'
)
TITLE = "type=PROCTITLE msg=audit(1604996384.965:9): proctitle=6964002D75"


@pytest.mark.parametrize(
    ("lines", "command"),
    [
        ((EXECUTED, TITLE), "id -u"),
        ((EXECUTED,), "/usr/bin/id"),
        ((EXECUTED.replace('exe="/usr/bin/id"', "exe=(null)"),), "id"),
        ((EXECUTED.replace("syscall=59", "syscall=322"), TITLE), "id -u"),  # execveat
        ((EXECUTED.replace("c000003e syscall=59", "40000003 syscall=11"), TITLE), "id -u"),
    ],
)
def test_an_execution_without_its_arguments_is_a_process_start(lines, command):
    mapper = Mapper(name="audit.log")
    found = dict(mapper.map(Batch("auditd", [1], records=[event(*lines)])))
    (row,) = found["DeviceProcessEvents"].to_dicts()
    assert row["ProcessCommandLine"] == command
    assert (row["ProcessId"], row["InitiatingProcessId"], row["AccountName"]) == (8, 7, "root")
    assert row["Timestamp"] == datetime(2020, 11, 10, 8, 19, 44, 965000, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        EXECUTED.replace("success=yes", "success=no"),
        EXECUTED.replace("syscall=59", "syscall=42"),
        EXECUTED.replace("type=SYSCALL", "type=CWD"),
    ],
)
def test_what_started_nothing_is_no_process_start(line):
    assert audit_row(event(line))["_started"] == "no"


@pytest.mark.parametrize(
    ("told", "action", "account", "address", "kind"),
    [
        ('acct="root" hostname=? addr=203.0.113.9 terminal=sshd res=failed',
         "LogonFailed", "root", "203.0.113.9", "Network"),
        ("id=0 hostname=pc.example addr=10.1.2.3 terminal=ssh res=success",
         "LogonSuccess", "root", "10.1.2.3", "Network"),
        ("id=1000 hostname=? addr=? terminal=tty1 res=success", "LogonSuccess", "1000", "", ""),
    ],
)  # fmt: skip
def test_logins_are_logons(told, action, account, address, kind):
    line = (
        "type=USER_LOGIN msg=audit(1551485408.371:23): pid=15745 uid=0 auid=4294967295 ses=1 "
        f"msg='op=login {told.partition(' ')[0]} exe=\"/usr/sbin/sshd\" {told.partition(' ')[2]}'"
    )
    found = dict(Mapper(name="audit.log").map(Batch("auditd", [1], records=[event(line)])))
    (row,) = found["DeviceLogonEvents"].to_dicts()
    assert (row["ActionType"], row["AccountName"]) == (action, account)
    assert (row["RemoteIP"], row["LogonType"]) == (address, kind)
    assert row["InitiatingProcessFileName"] == "sshd"
    repeated = event(line.replace("USER_LOGIN", "USER_AUTH"))
    again = dict(Mapper(name="audit.log").map(Batch("auditd", [1], records=[repeated])))
    assert "DeviceLogonEvents" not in again


def test_audit_lines_inside_syslog_are_one_event():
    execve = 'type=EXECVE msg=audit(1604996384.965:9): argc=2 a0="id" a1="-u"'
    other = EXECUTED.replace(":9)", ":10)")
    rows = [{"message": each, "host": "web1"} for each in (EXECUTED, execve, other)]
    rows.append({"message": EXECUTED, "host": "web2"})
    events, audits = inner_events(rows, [1, 2, 3, 4], "message")
    assert events == []
    assert [(each["node"], each["serial"], number) for each, number in audits] == [
        ("web1", 9, 1), ("web1", 10, 3), ("web2", 9, 4),
    ]  # fmt: skip
    assert audit_row(audits[0][0])["cmdline"] == "id -u"


def test_what_sudo_was_given_is_a_command_line_and_no_start():
    row = audit_row(event("type=USER_CMD msg=audit(1.5:7): uid=1000 msg='cmd=6964202D75 res=1'"))
    assert (row["cmdline"], row["_started"]) == ("id -u", "no")
