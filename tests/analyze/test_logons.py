from datetime import UTC, datetime, timedelta

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import huntkit
from huntkit.analyze import logon_sessions
from huntkit.core.errors import UsageError

BEGIN = datetime(2026, 3, 1, 10, tzinfo=UTC)


def at(seconds):
    return BEGIN + timedelta(seconds=seconds)


def security(*events, **more):
    """Windows events: (second, event id, logon id, user)."""
    return pl.DataFrame(
        {
            "TimeGenerated": [at(e[0]) for e in events],
            "EventID": [e[1] for e in events],
            "Computer": ["ws1.example"] * len(events),
            "TargetLogonId": [e[2] for e in events],
            "TargetUserName": [e[3] for e in events],
            **more,
        },
        schema_overrides={"TimeGenerated": pl.Datetime("us", "UTC"), "TargetLogonId": pl.String,
                          "EventID": pl.Int64, "Computer": pl.String,
                          "TargetUserName": pl.String},
    )  # fmt: skip


def syslog(*lines, pid=None):
    """Syslog lines: (second, message)."""
    return pl.DataFrame(
        {
            "TimeGenerated": [at(second) for second, _ in lines],
            "HostName": ["lx1"] * len(lines),
            "SyslogMessage": [message for _, message in lines],
            "ProcessID": pid or [None] * len(lines),
        },
        schema_overrides={"ProcessID": pl.Int64},
    )


def spans(found):
    return [
        (user, start and (start - BEGIN).total_seconds(), end and (end - BEGIN).total_seconds())
        for user, start, end in found.select("User", "Start", "End").iter_rows()
    ]


OPENED = "pam_unix({}:session): session opened for user {} by {}(uid=0)"
CLOSED = "pam_unix({}:session): session closed for user {}"


def test_overlapping_sessions_of_windows_are_told_apart_by_their_logon_id():
    found = logon_sessions(
        security(
            (0, 4624, "0x1A", "al"), (1, 4624, "0x2b", "bo"), (2, 4688, "0x1a", "al"),
            (5, 4647, "0x1a", "al"), (6, 4634, "0x1a", "al"), (9, 4634, "0x2b", "bo"),
        )
    )  # fmt: skip
    assert spans(found) == [("al", 0, 5), ("bo", 1, 9)]
    assert found["events"].to_list() == [3, 2]
    assert found["SourceIndex"].to_list() == [0, 1]
    assert found["Host"].unique().to_list() == ["ws1.example"]


def test_a_logon_id_that_is_used_again_is_another_session():
    found = logon_sessions(
        security(
            (0, 4624, "0x1a", "al"), (5, 4634, "0x1a", "al"),
            (60, 4624, "0x1a", "al"), (70, 4624, "0x1a", "bo"), (80, 4634, "0x1a", "bo"),
        )
    )  # fmt: skip
    assert spans(found) == [("al", 0, 5), ("al", 60, None), ("bo", 70, 80)]


def test_what_began_before_the_log_or_lasts_is_there_with_null():
    found = logon_sessions(security((3, 4634, "0x1", "al"), (5, 4624, "0x2", "bo")))
    assert spans(found) == [("al", None, 3), ("bo", 5, None)]
    assert found["duration_s"].null_count() == 2


def test_a_start_and_an_end_of_one_second_belong_together_in_any_order():
    rows = security((1, 4634, "0x1", "al"), (1, 4624, "0x1", "al"))
    assert spans(logon_sessions(rows)) == [("al", 1, 1)]


def test_the_services_of_system_are_one_session():
    rows = security(*((s, 4624, "0x3e7", "SYSTEM") for s in range(5)))
    found = logon_sessions(rows)
    assert spans(found) == [("SYSTEM", 0, None)]
    assert found["events"].to_list() == [5]


def test_event_ids_of_a_pandas_column_with_gaps_are_known():
    log = security((0, 4624, "0x1", "al"), (5, 4634, "0x1", "al"), (6, None, None, None))
    found = logon_sessions(log.to_pandas())
    assert log.to_pandas()["EventID"].dtype == float
    assert found[["User", "duration_s"]].to_numpy().tolist() == [["al", 5.0]]


def packed(log, data):
    """The events as WindowsEvent has them: details as JSON in one column, and a message."""
    names = ("TargetLogonId", "TargetUserName", "LogonType", "IpAddress")
    inside = [name for name in names if name in log.columns]
    return log.drop(inside).with_columns(
        EventData=log.select(pl.struct(inside)).to_series().struct.json_encode() if data else None,
        RenderedDescription=pl.lit("An account was logged on."),
    )


def test_sessions_are_read_out_of_event_data_too():
    log = security(
        (0, 4624, "0x1A", "al"), (1, 4624, "0x2b", "bö"), (5, 4634, "0x1a", "al"),
        (6, 1, None, None),
        LogonType=["3", "10", "3", None], IpAddress=["192.0.2.7", "-", None, None],
    )  # fmt: skip
    plain, whole = logon_sessions(log), logon_sessions(packed(log, data=True))
    assert whole.height == 2
    assert whole.equals(plain)
    broken = packed(log, data=True).with_columns(
        EventData=pl.when(pl.col("EventID") == 1).then(pl.lit("{no json")).otherwise("EventData")
    )
    assert logon_sessions(broken).equals(plain)


def test_logons_without_their_numbers_are_refused_and_not_taken_for_none():
    log = packed(security((0, 4624, "0x1", "al"), (5, 4634, "0x1", "al")), data=False)
    with pytest.raises(UsageError, match="2 logon events have no TargetLogonId"):
        logon_sessions(log)


def test_sessions_of_pam_are_told_apart_by_their_process():
    found = logon_sessions(
        syslog(
            (0, "Accepted publickey for al from 203.0.113.7 port 4711 ssh2"),
            (1, OPENED.format("sshd", "al", "")),
            (2, OPENED.format("sshd", "al", "")),
            (8, CLOSED.format("sshd", "al")),
            (9, CLOSED.format("sshd", "al")),
            pid=[10, 10, 20, 20, 10],
        )
    )
    assert spans(found) == [("al", 1, 9), ("al", 2, 8)]
    assert found["Source"].to_list() == ["203.0.113.7", None]
    assert found["SessionId"].to_list() == ["10", "20"]
    assert not found["overlapping"].any()


def test_without_numbers_the_first_that_began_ends_first_and_is_marked():
    found = logon_sessions(
        syslog(
            (1, OPENED.format("sshd", "al", "")), (2, OPENED.format("sshd", "al", "")),
            (3, OPENED.format("sshd", "bo", "")), (8, CLOSED.format("sshd", "al")),
            (9, CLOSED.format("sshd", "al")), (9, CLOSED.format("sshd", "bo")),
        )
    )  # fmt: skip
    assert spans(found) == [("al", 1, 8), ("al", 2, 9), ("bo", 3, 9)]
    assert found["overlapping"].to_list() == [True, True, False]


def test_the_caller_of_sudo_is_the_user_and_root_the_target():
    found = logon_sessions(
        syslog((0, OPENED.format("sudo", "root(uid=0)", "al")), (4, CLOSED.format("sudo", "root")))
    )
    assert found.select("User", "Target", "Type", "duration_s").row(0) == ("al", "root", "sudo", 4)


@pytest.mark.parametrize(
    ("service", "by", "user"),
    [
        ("login", "LOGIN", "al"),
        ("gdm-password", "gdm", "al"),
        ("cron", "root", "al"),
        ("su-l", "bo", "bo"),
        ("sudo-i", "bo", "bo"),
        ("polkit-1", "bo", "bo"),
        ("sudo", "", "al"),
    ],
)
def test_programs_that_open_sessions_are_not_who_logged_on(service, by, user):
    found = logon_sessions(syslog((0, OPENED.format(service, "al(uid=1000)", by))))
    assert found.select("User", "Target", "Type").row(0) == (user, "al", service)


def test_a_session_that_could_not_be_opened_is_none():
    log = pl.DataFrame(
        {
            "TimeGenerated": [at(0), at(1), at(9)],
            "Computer": "lx1",
            "EventType": ["USER_START", "USER_START", "USER_END"],
            "ses": "7",
            "acct": "al",
            "exe": "/usr/sbin/sshd",
            "res": ["failed", "success", "success"],
        }
    )
    assert spans(logon_sessions(log)) == [("al", 1, 9)]
    assert spans(logon_sessions(log.drop("res"))) == [("al", 0, 9), ("al", 1, None)]


@pytest.mark.parametrize(
    ("exe", "auid", "audit_user", "user"),
    [
        ("/usr/bin/sudo", "1000", None, "1000"),
        ("/usr/bin/sudo", "1000", "bo", "bo"),
        ("/usr/sbin/cron", "998", "", "root"),
        ("/usr/sbin/cron", "4294967295", "unset", "root"),
        ("/usr/bin/su", "4294967295", None, "root"),
        ("/usr/bin/su", -1, None, "root"),
    ],
)
def test_users_of_audit_events_have_names_or_are_who_called(exe, auid, audit_user, user):
    row = {"TimeGenerated": at(0), "EventType": "USER_START", "ses": "7", "acct": "root"}
    log = pl.DataFrame([{**row, "exe": exe, "auid": auid, "audit_user": audit_user}])
    assert logon_sessions(log)["User"].to_list() == [user]
    if not audit_user:
        assert logon_sessions(log.drop("audit_user"))["User"].to_list() == [user]
        without = None if auid in ("4294967295", -1) else auid
        assert logon_sessions(log.drop("audit_user", "acct"))["User"].to_list() == [without]


def test_the_pid_may_stand_in_the_line():
    line = "Mar  1 10:00:0{} lx1 sshd[77]: " + OPENED.format("sshd", "al", "")
    assert logon_sessions(syslog((0, line)))["SessionId"].to_list() == ["77"]


def test_audit_sessions_are_paired_within_their_number():
    rows = pl.DataFrame(
        {
            "TimeGenerated": [at(s) for s in (0, 1, 2, 3, 4)],
            "EventType": ["USER_START", "USER_START", "USER_LOGIN", "USER_END", "USER_END"],
            "ses": ["5", "6", "6", "5", "6"],
            "acct": ["al"] * 5,
            "audit_user": [None] * 5,
            "exe": ["/usr/sbin/sshd"] * 5,
            "addr": ["?", "203.0.113.7", "?", "?", "203.0.113.7"],
        }
    )
    found = logon_sessions(rows)
    assert spans(found) == [("al", 0, 3), ("al", 1, 4)]
    assert found.select("Type", "Source", "SessionId").rows() == [
        ("sshd", None, "5"),
        ("sshd", "203.0.113.7", "6"),
    ]


def test_neither_order_nor_zone_nor_kind_of_frame_changes_the_sessions():
    rows = security(
        *((s, 4624 if s % 2 else 4634, f"0x{s // 3}", "al") for s in range(40)),
    )
    want = spans(logon_sessions(rows))
    assert spans(logon_sessions(rows.sample(fraction=1, shuffle=True, seed=1))) == want
    tokyo = rows.with_columns(pl.col("TimeGenerated").dt.convert_time_zone("Asia/Tokyo"))
    assert spans(logon_sessions(tokyo)) == want
    got = logon_sessions(rows.to_pandas())
    assert isinstance(got, pd.DataFrame)
    assert spans(pl.from_pandas(got)) == want


def test_nothing_in_gives_nothing_out():
    assert logon_sessions(security()).height == 0
    assert logon_sessions(security((0, 4688, "0x1", "al"))).height == 0
    assert logon_sessions(syslog((0, "hello"), (1, None))).height == 0


def test_events_without_time_are_left_out_and_counted():
    rows = security((0, 4624, "0x1", "al"), (1, 4634, "0x1", "al"))
    rows = rows.with_columns(
        TimeGenerated=pl.when(pl.col("EventID") == 4624).then(pl.col("TimeGenerated"))
    )
    with pytest.warns(UserWarning, match="1 of 2 logon events have no time"):
        assert spans(logon_sessions(rows, time_column="TimeGenerated")) == [("al", 0, None)]


def test_other_tables_are_refused():
    rows = pl.DataFrame({"TimeGenerated": [BEGIN], "size": [1]})
    with pytest.raises(UsageError, match="no columns in which logons are known"):
        logon_sessions(rows)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 20),
            st.sampled_from([4624, 4634, 4647, 1]),
            st.sampled_from(["0x1", "0x2", "-", None]),
            st.sampled_from(["al", "bo", None]),
        ),
        max_size=40,
    )
)
def test_every_start_and_end_of_windows_is_in_a_session(events):
    found = logon_sessions(security(*events), time_column="TimeGenerated")
    assert found["events"].sum() == sum(event != 1 for _, event, *_ in events)
    assert (found["duration_s"].drop_nulls() >= 0).all()
    assert found.select(pl.max_horizontal("Start", "End").null_count()).item() == 0


@pytest.mark.data
def test_windows_events_of_the_simulations_are_all_in_sessions(shared_data):
    evidence = huntkit.open(shared_data / "security-datasets" / "atomic" / "windows")
    events = evidence.table("SecurityEvent", frame="polars")
    wanted = events.filter(pl.col("EventID").is_in([4624, 4634, 4647]))
    found = logon_sessions(events)
    assert found["events"].sum() == wanted.height == 187
    both = found.drop_nulls(["Start", "End"])
    # Looked up the long way: the logoff of the same number on the same host.
    for row in both.sample(20, seed=1).iter_rows(named=True):
        end = wanted.filter(
            (pl.col("Computer") == row["Host"])
            & (pl.col("TargetLogonId").str.to_lowercase() == row["SessionId"])
            & (pl.col("EventID") != 4624)
        )
        assert end["TimeGenerated"].min() == row["End"]


@pytest.mark.data
def test_sessions_are_the_same_from_either_table_of_windows_events(shared_data):
    folder = shared_data / "security-datasets" / "atomic" / "windows" / "lateral_movement"
    evidence = huntkit.open(folder)
    found = [
        logon_sessions(evidence.table(table, frame="polars")).drop("SourceIndex", "Type")
        for table in ("SecurityEvent", "WindowsEvent")
    ]
    assert found[0].height > 20
    assert found[0].sort(pl.all()).equals(found[1].sort(pl.all()))


@pytest.mark.data
def test_the_sudo_sessions_of_a_real_log(shared_data):
    rows = pl.read_csv(shared_data / "logs" / "sudo_session_test.csv")
    found = logon_sessions(rows)
    assert found["Start"].count() == 5
    assert found["events"].sum() == rows["SyslogMessage"].str.contains(":session").sum()
    assert set(found.drop_nulls("Start")["User"]) == {"peteb"}


@pytest.mark.data
def test_the_sessions_of_a_real_audit_log(shared_data):
    evidence = huntkit.open(shared_data / "logs" / "auditd_log.txt")
    found = logon_sessions(evidence.table("LinuxAudit", frame="polars"))
    assert found["events"].sum() == 132  # 66 starts and 66 ends
    assert found["Start"].count() == found["End"].count() == 66
    called = found.filter(Type="sudo")
    assert called.select("User", "Target").unique().rows() == [("1000", "root")]
