"""Logons in what osquery lists of sessions."""

import pytest

from huntkit.formats.batch import Batch
from huntkit.sources.local.mapping import Mapper

LAST = {
    "host": "203.0.113.9", "pid": "279604", "time": "1678962421", "tty": "pts/0", "type": "7",
    "type_name": "user-process", "username": "al",
}  # fmt: skip
HERE = {
    "cmdline": "sshd: al [priv]", "host": "203.0.113.9", "name": "sshd", "pid": "279604",
    "time": "1678962421", "tty": "pts/0", "type": "user", "user": "al",
}  # fmt: skip


def result(columns, name="last", **more):
    return {
        "name": f"pack_incident-response_{name}", "hostIdentifier": "pc1",
        "calendarTime": "Thu Mar 16 10:43:08 2023 UTC", "unixTime": 1678963388,
        "columns": columns, "action": "added", **more,
    }  # fmt: skip


def mapped(*results):
    mapper = Mapper(name="osqueryd.results.log")
    batch = Batch("json", list(range(1, len(results) + 1)), records=list(results))
    found = [*mapper.map(batch), *mapper.finish()]
    return [
        row for table, frame in found if table == "DeviceLogonEvents" for row in frame.to_dicts()
    ]


@pytest.mark.parametrize(("columns", "name"), [(LAST, "last"), (HERE, "logged_in_users")])
def test_a_session_is_a_logon_at_its_own_time(columns, name):
    (row,) = mapped(result(columns, name))
    assert (row["ActionType"], row["AccountName"], row["DeviceName"]) == (
        "LogonSuccess",
        "al",
        "pc1",
    )
    assert (row["RemoteIP"], row["LogonType"]) == ("203.0.113.9", "Network")
    assert row["InitiatingProcessId"] == 279604
    assert str(row["TimeGenerated"]) == "2023-03-16 10:27:01+00:00"


def test_a_session_counts_once_however_often_it_is_listed():
    snapshot = {"action": "snapshot", "snapshot": [LAST, {**LAST, "pid": "5"}]}
    taken = {key: value for key, value in result(LAST).items() if key not in ("columns", "action")}
    ended = result(HERE, "logged_in_users", action="removed")
    rows = mapped(result(LAST), {**taken, **snapshot}, ended, {**taken, **snapshot})
    assert [row["InitiatingProcessId"] for row in rows] == [279604, 5]
    assert len(mapped(ended)) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"type": "8", "type_name": "dead-process"}, {"type": "2", "type_name": "boot-time"},
        {"username": ""}, {"username": "reboot", "type": "2"}, {"type": "6"},
    ],
)  # fmt: skip
def test_other_rows_are_no_logons(other):
    assert mapped(result({**LAST, **other})) == []


def test_other_tables_with_users_are_no_logons():
    assert mapped(result({"username": "al", "uid": "0", "type": "user"}, "users")) == []


def test_a_local_session_has_no_address():
    (row,) = mapped(result({**LAST, "host": ":0", "tty": "tty1"}))
    assert (row["RemoteIP"], row["RemoteDeviceName"], row["LogonType"]) == ("", "", "")
    (row,) = mapped(result({**LAST, "host": "pc.example"}))
    assert (row["RemoteIP"], row["RemoteDeviceName"]) == ("", "pc.example")


def test_odd_values_stop_nothing():
    odd = {**LAST, "time": ["x"], "tty": {"a": 1}, "host": 7, "pid": None}
    (row,) = mapped(result(odd))
    assert row["TimeGenerated"] is None
