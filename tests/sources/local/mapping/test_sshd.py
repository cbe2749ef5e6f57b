"""Logons in sshd's syslog: one row for each try."""

import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.formats.batch import Batch
from huntkit.formats.format import ReadOptions
from huntkit.formats.kinds import syslog
from huntkit.formats.limits import Limits
from huntkit.sources.local.mapping import Clock, Mapper

PAM = "logname= uid=0 euid=0 tty=ssh ruser= rhost="


def mapped(lines: list[str], batches: int = 1) -> list[dict]:
    """The logons of a syslog file, by record."""
    records = [syslog.parse_line(line) for line in lines]
    mapper, found = Mapper(name="auth.log"), []
    size = -(-len(lines) // batches)
    for at in range(0, len(lines), size):
        some = records[at : at + size]
        numbers = list(range(at + 1, at + 1 + len(some)))
        found += mapper.map(Batch("syslog", numbers, records=some))
    found += mapper.finish()
    rows = [
        row for table, frame in found if table == "DeviceLogonEvents" for row in frame.to_dicts()
    ]
    return sorted(rows, key=lambda row: row["_record"])


def said(message: str, *, pid: int = 77, at: str = "10:00:00", app: str = "sshd") -> str:
    return f"<86>1 2024-03-01T{at}Z web1 {app} {pid} - - {message}"


def test_a_failed_and_an_accepted_login_are_logons():
    failed, accepted = mapped(
        [
            said("Failed password for root from 203.0.113.9 port 50122 ssh2", pid=5),
            said("Accepted publickey for al from 2001:db8::7 port 22 ssh2: ED25519 SHA256:q/1"),
        ]
    )
    assert (failed["ActionType"], failed["AccountName"]) == ("LogonFailed", "root")
    assert (failed["RemoteIP"], failed["RemotePort"]) == ("203.0.113.9", 50122)
    assert (failed["DeviceName"], failed["LogonType"]) == ("web1", "Network")
    assert (failed["InitiatingProcessFileName"], failed["InitiatingProcessId"]) == ("sshd", 5)
    assert failed["FailureReason"] == "Failed password"
    assert str(failed["TimeGenerated"]) == "2024-03-01 10:00:00+00:00" == str(failed["Timestamp"])
    assert failed["_time_note"] == ""
    assert (accepted["ActionType"], accepted["AccountName"]) == ("LogonSuccess", "al")
    assert (accepted["RemoteIP"], accepted["RemotePort"]) == ("2001:db8::7", 22)
    assert failed["RemoteIPType"] != ""
    assert "ED25519 SHA256:q/1" in accepted["AdditionalFields"]


def test_lines_without_year_and_zone_say_so():
    line = "Dec 10 06:55:48 web1 sshd[7]: Failed password for al from 10.0.0.1 port 5 ssh2"
    clock = Clock(assume_year=2015, assume_timezone="Asia/Shanghai")
    found = Mapper(name="x", clock=clock).map(
        Batch("syslog", [1], records=[syslog.parse_line(line)])
    )
    (row,) = dict(found)["DeviceLogonEvents"].to_dicts()
    assert row["_time_note"] == dict(found)["Syslog"]["_time_note"][0] != ""
    assert str(row["TimeGenerated"]) == "2015-12-09 22:55:48+00:00"


def test_lines_that_tell_of_the_same_try_do_not_count():
    lines = [
        said("Invalid user web from 203.0.113.9 port 3"),
        said("input_userauth_request: invalid user web [preauth]"),
        said("pam_unix(sshd:auth): check pass; user unknown"),
        said(f"pam_unix(sshd:auth): authentication failure; {PAM}host.example"),
        said("Failed none for invalid user web from 203.0.113.9 port 3 ssh2"),
        said("Failed password for invalid user web from 203.0.113.9 port 3 ssh2", at="10:00:02"),
        said("pam_unix(sshd:auth): check pass; user unknown", at="10:00:03"),
        said("Failed password for invalid user web from 203.0.113.9 port 3 ssh2", at="10:00:05"),
        said("PAM 1 more authentication failure; " + PAM + "host.example", at="10:00:06"),
        said("Connection closed by invalid user web 203.0.113.9 port 3 [preauth]", at="10:00:06"),
    ]
    rows = mapped(lines)
    assert [(row["_record"], row["ActionType"]) for row in rows] == [
        (6, "LogonFailed"), (8, "LogonFailed"),
    ]  # fmt: skip
    assert {row["FailureReason"] for row in rows} == {"Invalid user"}
    for batches in (2, 3, 10):
        assert [row["_record"] for row in mapped(lines, batches)] == [6, 8]


@pytest.mark.parametrize(
    "lines",
    [
        ["Invalid user web from 203.0.113.9 port 3",
         "Connection closed by invalid user web 203.0.113.9 port 3 [preauth]"],
        ["Illegal user web from 203.0.113.9"],
        ["Connection reset by authenticating user web 203.0.113.9 port 3 [preauth]"],
        ["Disconnecting authenticating user web 203.0.113.9 port 3: Too many failures [preauth]"],
        ["error: PAM: Authentication failure for illegal user web from 203.0.113.9"],
        [f"pam_unix(sshd:auth): authentication failure; {PAM}203.0.113.9  user=web"] * 3,
        ["Failed none for invalid user web from 203.0.113.9 port 3 ssh2"],
    ],
)  # fmt: skip
def test_a_connection_without_such_a_line_is_one_failed_logon(lines):
    (row,) = mapped([said(line) for line in lines])
    assert (row["ActionType"], row["AccountName"]) == ("LogonFailed", "web")
    assert row["RemoteIP"] == "203.0.113.9"


def test_a_process_id_that_is_used_again_is_another_connection():
    line = "Invalid user web from 203.0.113.9"
    assert len(mapped([said(line), said(line, at="10:14:00")])) == 1
    assert len(mapped([said(line), said(line, at="10:16:00")])) == 2
    later = "Failed password for root from 203.0.113.9 port 3 ssh2"
    assert len(mapped([said(line), said(later, at="10:16:00")])) == 2


def test_many_connections_are_not_forgotten():
    lines = [said(f"Invalid user u{pid} from 203.0.113.9", pid=pid) for pid in range(1, 5_001)]
    assert [row["AccountName"] for row in mapped(lines, 3)] == [f"u{n}" for n in range(1, 5_001)]


def test_repeated_messages_are_as_many_tries():
    failed = "Failed password for root from 203.0.113.9 port 3 ssh2"
    rows = mapped([said(failed), said(f"message repeated 5 times: [ {failed}]")])
    assert [row["_record"] for row in rows] == [1, 2, 2, 2, 2, 2]
    assert '"repeated":5' in rows[1]["AdditionalFields"]
    # What syslogd of BSD writes names no program: the line before it is meant.
    bsd = [
        f"Mar  1 10:00:00 web1 sshd[7]: {failed}",
        "Mar  1 10:00:30 web1 last message repeated 2 times",
    ]
    for batches in (1, 2):
        assert [row["_record"] for row in mapped(bsd, batches)] == [1, 2, 2]
    between = [bsd[0], "Mar  1 10:00:09 web1 cron[8]: x", bsd[1]]
    assert [row["_record"] for row in mapped(between)] == [1]
    other = [bsd[0], bsd[1].replace("web1", "web2")]
    assert [row["_record"] for row in mapped(other)] == [1]


def test_a_number_of_repeats_that_cannot_be_makes_no_flood():
    line = "message repeated 999999999 times: [ Failed password for a from 10.0.0.1 port 3 ssh2]"
    rows = mapped([said(line)])
    assert len(rows) == 100
    assert '"repeated":999999999' in rows[0]["AdditionalFields"]


@pytest.mark.parametrize(
    ("message", "app"),
    [
        ("Postponed publickey for al from 10.0.0.1 port 3 ssh2", "sshd"),
        ("Partial publickey for al from 10.0.0.1 port 3 ssh2", "sshd"),
        ("Connection closed by 10.0.0.1 port 3 [preauth]", "sshd"),
        ("Disconnected from user al 10.0.0.1 port 3", "sshd"),
        ("Failed password for root from 10.0.0.1 port 3 ssh2", "logger"),
        ("Failed password for root from 10.0.0.1 port 3 ssh2", "notsshd"),
        (f"pam_unix(sudo:auth): authentication failure; {PAM} user=al", "sudo"),
        ("pam_unix(sshd:session): session opened for user al by (uid=0)", "sshd"),
    ],
)
def test_other_lines_are_no_logons(message, app):
    assert mapped([said(message, app=app)]) == []


def test_who_visits_cannot_choose_the_address():
    name = "a from 198.51.100.1 port 1 ssh2"
    failed = said(f"Failed password for invalid user {name} from 203.0.113.9 port 3 ssh2")
    invalid = said(f"Invalid user {name} from 203.0.113.9 port 4", pid=8)
    closed = "Connection closed by invalid user b 198.51.100.1 port 1 203.0.113.9 port 5 [preauth]"
    for row in mapped([failed, invalid, said(closed, pid=9)]):
        assert row["RemoteIP"] == "203.0.113.9"
    (row,) = mapped([said("Failed password for x from 203.0.113.9 port 3 ssh2\n  more of it")])
    assert row["RemoteIP"] == "203.0.113.9"


def test_names_in_place_of_addresses_and_newer_programs():
    (row,) = mapped([said("Failed password for x from pc.example port 3 ssh2", app="sshd-session")])
    assert (row["RemoteIP"], row["RemoteDeviceName"]) == ("", "pc.example")
    assert row["InitiatingProcessFileName"] == "sshd-session"
    (row,) = mapped([said("Failed password for x from UNKNOWN port 65535 ssh2")])
    assert (row["RemoteIP"], row["RemoteDeviceName"]) == ("", "")


def test_exports_and_the_journal_tell_the_same():
    message = "Failed password for root from 203.0.113.9 port 3 ssh2"
    export = {
        "TimeGenerated": "2024-03-01T10:00:00Z", "Computer": "web1", "Facility": "authpriv",
        "SeverityLevel": "info", "SyslogMessage": message, "ProcessID": 77, "ProcessName": "sshd",
        "HostIP": "10.0.0.5", "Type": "Syslog",
    }  # fmt: skip
    journal = {
        "__REALTIME_TIMESTAMP": "1709287200000000", "__CURSOR": "s=1", "_HOSTNAME": "web1",
        "SYSLOG_IDENTIFIER": "sshd", "_PID": "77", "MESSAGE": message, "PRIORITY": "6",
    }  # fmt: skip
    columns = pl.DataFrame([export])
    expected = mapped([said(message)])[0]
    for batch in (
        Batch("json", [1], records=[export]),
        Batch("json", [1], records=[journal]),
        Batch("csv", [1], columns={k: [str(v)] for k, v in export.items()}),
        Batch("parquet", [1], table=columns),
    ):
        mapper = Mapper(name="x.json")
        found = [*mapper.map(batch), *mapper.finish()]
        (row,) = [r for table, f in found if table == "DeviceLogonEvents" for r in f.to_dicts()]
        assert row == expected


def test_without_a_process_id_the_port_tells_connections_apart():
    def line(message):
        return f"Mar  1 10:00:00 web1 sshd: {message}"

    rows = mapped(
        [
            line("Invalid user a from 203.0.113.9 port 3"),
            line("Failed password for invalid user a from 203.0.113.9 port 3 ssh2"),
            line("Invalid user a from 203.0.113.9 port 4"),
            line("Invalid user a from 203.0.113.9"),
        ]
    )
    assert [row["_record"] for row in rows] == [2, 3]


@settings(max_examples=25)
@given(st.lists(st.sampled_from([
    "Failed password for root from 203.0.113.9 port 3 ssh2", "Invalid user a from 203.0.113.9",
    f"pam_unix(sshd:auth): authentication failure; {PAM}x", "last message repeated 3 times",
    "message repeated 2 times: [ Failed password for root from 203.0.113.9 port 3 ssh2]",
    "Accepted password for root from 203.0.113.9 port 3 ssh2", "Failed ", "\n", "rhost=",
]) | st.text(max_size=40), min_size=1, max_size=12), st.integers(1, 4))  # fmt: skip
def test_how_a_file_is_cut_changes_nothing(messages, batches):
    lines = [f"<86>1 2024-03-01T10:00:00Z web1 sshd 7 - - {m}".rstrip() for m in messages]
    whole = mapped(lines)
    assert mapped(lines, batches) == whole
    came_in = {row["_record"] for row in whole if row["ActionType"] == "LogonSuccess"}
    assert came_in >= {n for n, m in enumerate(messages, 1) if m.startswith("Accepted password")}


def test_a_whole_file_is_read_so():
    text = said("Failed password for root from 203.0.113.9 port 3 ssh2") + "\n"
    batches = syslog.read(
        io.BytesIO(text.encode() * 3), name="auth.log", limits=Limits(), options=ReadOptions()
    )
    mapper = Mapper(name="auth.log")
    found = [each for batch in batches for each in mapper.map(batch)] + mapper.finish()
    assert sum(f.height for table, f in found if table == "DeviceLogonEvents") == 3
