"""One row per process start, whole script blocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from huntkit.sources.local.mapping import merge_table

AT = datetime(2024, 3, 1, 10, tzinfo=UTC)


def start(origin: str, record: int, *, seconds: float = 0, **fields: Any) -> dict[str, Any]:
    return {
        "_record": record, "_file": f"{origin}.evtx", "_origin": origin,
        "Timestamp": AT + timedelta(seconds=seconds), "ActionType": "ProcessCreated",
        "DeviceName": "WS1.corp.example", "ProcessId": 16, "FileName": "a.exe",
        "ProcessCommandLine": "", "AccountSid": "", "ReportId": record, **fields,
    }  # fmt: skip


def test_4688_and_sysmon_of_one_start_become_one_row() -> None:
    rows = pl.DataFrame(
        [
            start("security", 5, seconds=1.5, DeviceName="ws1", FileName="A.EXE",
                  ProcessCommandLine="from 4688", AccountSid="S-1-5-18"),
            start("sysmon", 9, ProcessCommandLine="from sysmon"),
        ]
    )  # fmt: skip
    merged = merge_table("DeviceProcessEvents", rows)
    assert merged.height == 1
    row = merged.row(0, named=True)
    assert (row["ProcessCommandLine"], row["AccountSid"], row["_record"]) == (
        "from sysmon", "S-1-5-18", 9,
    )  # fmt: skip
    assert (row["_merged_file"], row["_merged_record"]) == ("security.evtx", 5)


@pytest.mark.parametrize(
    "other",
    [
        {"seconds": 2.5}, {"ProcessId": 17}, {"DeviceName": "ws2"}, {"FileName": "b.exe"},
        {"ActionType": "ProcessTerminated"}, {"DeviceName": ""},
    ],
)  # fmt: skip
def test_what_differs_is_not_merged(other: dict[str, Any]) -> None:
    rows = pl.DataFrame([start("sysmon", 1), start("security", 2, **other)])
    assert merge_table("DeviceProcessEvents", rows).height == 2


def test_addresses_are_not_cut_at_their_dots() -> None:
    rows = pl.DataFrame(
        [start("sysmon", 1, DeviceName="10.0.0.1"), start("security", 2, DeviceName="10.0.0.2")]
    )
    assert merge_table("DeviceProcessEvents", rows).height == 2


def test_hosts_of_one_name_in_two_domains_are_two_hosts() -> None:
    names = ("WS1.a.example", "ws1.B.example", "ws1.A.example", "ws1")
    origins = ("sysmon", "security", "security", "security")
    rows = pl.DataFrame(
        [
            start(origin, at, seconds=at / 10, DeviceName=name)
            for at, (origin, name) in enumerate(zip(origins, names, strict=True))
        ]
    )
    merged = merge_table("DeviceProcessEvents", rows)
    assert merged.select("_record", "_merged_record").rows() == [(0, 2), (1, None), (3, None)]


@pytest.mark.parametrize("name", ["ws1", "WS1.corp.example.", "ws1.CORP.example"])
def test_a_host_is_known_by_any_spelling_of_its_name(name: str) -> None:
    rows = pl.DataFrame([start("sysmon", 1), start("security", 2, DeviceName=name)])
    assert merge_table("DeviceProcessEvents", rows).height == 1


def test_each_sysmon_row_takes_at_most_one_4688() -> None:
    rows = pl.DataFrame([start("sysmon", 1), start("security", 2), start("security", 3, seconds=1)])
    merged = merge_table("DeviceProcessEvents", rows)
    assert sorted(merged["_record"]) == [1, 3]


def test_two_starts_with_the_same_pid_find_their_own_4688() -> None:
    rows = pl.DataFrame(
        [start("sysmon", 1), start("sysmon", 2, seconds=1), start("security", 3, seconds=0.9),
         start("security", 4, seconds=1.1)]
    )  # fmt: skip
    merged = merge_table("DeviceProcessEvents", rows)
    assert merged["_record"].to_list() == [1, 2]
    assert sorted(merged["_merged_record"]) == [3, 4]


def test_a_hundred_thousand_starts_of_one_pid_are_no_quadratic_job() -> None:
    many = 50_000
    one = pl.DataFrame([start("sysmon", 1)])
    other = pl.DataFrame([start("security", 2)])
    rows = pl.concat([one.select(pl.all().repeat_by(many).explode()),
                      other.select(pl.all().repeat_by(many).explode())])  # fmt: skip
    assert merge_table("DeviceProcessEvents", rows).height >= many


def part(number: int | None, total: int, text: str, record: int) -> dict[str, Any]:
    return {
        "_record": record, "ActionType": "PowerShellCommand", "DeviceName": "ws1",
        "ProcessCommandLine": text, "_script_id": "s1", "_script_part": number,
        "_script_parts": total,
    }  # fmt: skip


def unnumbered(origin: str, record: int, **fields: Any) -> dict[str, Any]:
    """A start as an export tells it that loses the pid of Sysmon's events."""
    own = {"ProcessId": None if origin == "sysmon" else record, "InitiatingProcessId": 704,
           "FolderPath": "C:\\Windows\\a.exe", "ProcessCommandLine": "a.exe -x"}  # fmt: skip
    return start(origin, record, **{**own, **fields})


def merged_records(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    merged = merge_table("DeviceProcessEvents", pl.DataFrame(rows, infer_schema_length=None))
    if "_merged_record" not in merged.columns:
        return [(number, None) for number in merged["_record"]]
    return merged.select("_record", "_merged_record").rows()


def test_a_start_whose_pid_sysmon_lost_is_the_only_4688_like_it() -> None:
    rows = pl.DataFrame(
        [
            unnumbered("security", 5, DeviceName="ws1", FolderPath="C:\\WINDOWS\\A.EXE",
                       ProcessCommandLine="a.exe -x ", seconds=-0.6),
            unnumbered("sysmon", 9),
        ]
    )  # fmt: skip
    row = merge_table("DeviceProcessEvents", rows).row(0, named=True)
    assert (row["_record"], row["_merged_record"], row["ProcessId"]) == (9, 5, 5)


@pytest.mark.parametrize(
    "other",
    [
        {"seconds": 2.5}, {"seconds": -2.5}, {"DeviceName": "ws2"}, {"DeviceName": ""},
        {"FolderPath": "D:\\a.exe"}, {"FolderPath": ""}, {"ProcessCommandLine": "a.exe -y"},
        {"ProcessCommandLine": ""}, {"InitiatingProcessId": 705}, {"InitiatingProcessId": None},
        {"ProcessId": None}, {"ActionType": "ProcessTerminated"},
    ],
)  # fmt: skip
def test_a_start_without_pid_that_differs_is_not_merged(other: dict[str, Any]) -> None:
    rows = [unnumbered("sysmon", 1), unnumbered("security", 2, **other)]
    assert merged_records(rows) == [(1, None), (2, None)]


@pytest.mark.parametrize("empty", ["FolderPath", "ProcessCommandLine", "InitiatingProcessId"])
def test_starts_without_pid_are_not_merged_for_what_neither_tells(empty: str) -> None:
    nothing = {empty: None if empty == "InitiatingProcessId" else ""}
    rows = [unnumbered("sysmon", 1, **nothing), unnumbered("security", 2, **nothing)]
    assert merged_records(rows) == [(1, None), (2, None)]


@pytest.mark.parametrize("apart", [0, 0.5, 1.5])
@pytest.mark.parametrize("twice", ["sysmon", "security"])
def test_two_starts_that_could_be_the_same_stay_apart(twice: str, apart: float) -> None:
    once = "security" if twice == "sysmon" else "sysmon"
    rows = [unnumbered(once, 1), unnumbered(twice, 2), unnumbered(twice, 3, seconds=apart)]
    assert [other for _, other in merged_records(rows)] == [None] * 3


def test_starts_without_pid_that_follow_each_other_find_their_own_4688() -> None:
    rows = [
        unnumbered(origin, record, seconds=seconds)
        for origin, record, seconds in (
            ("sysmon", 1, 0.5), ("security", 2, 0), ("sysmon", 3, 3.5), ("security", 4, 3),
        )
    ]  # fmt: skip
    assert merged_records(rows) == [(1, 2), (3, 4)]


def test_a_4688_that_is_paired_by_its_pid_is_nobody_elses() -> None:
    rows = [
        unnumbered("sysmon", 1), unnumbered("sysmon", 2, ProcessId=4), unnumbered("security", 4),
        unnumbered("security", 5, seconds=1),
    ]  # fmt: skip
    assert merged_records(rows) == [(1, 5), (2, 4)]


def test_script_blocks_are_put_together_in_order() -> None:
    rows = pl.DataFrame([part(2, 3, "b", 1), part(3, 3, "c", 2), part(1, 3, "a", 3)])
    merged = merge_table("DeviceEvents", rows)
    assert merged["ProcessCommandLine"].to_list() == ["abc"]
    assert merged["_merged_records"].to_list() == ["[3,1,2]"]


def test_missing_parts_are_said() -> None:
    rows = pl.DataFrame([part(2, 4, "b", 1)])
    text = merge_table("DeviceEvents", rows)["ProcessCommandLine"][0]
    assert text.index("part 1 of 4") < text.index("b") < text.index("parts 3 to 4 of 4")


def test_a_block_of_one_part_and_other_rows_stay_as_they_are() -> None:
    rows = pl.DataFrame([part(1, 1, "x", 1), {**part(None, 0, "y", 2), "_script_id": ""}])
    assert merge_table("DeviceEvents", rows).equals(rows)


def test_other_tables_and_tables_without_the_columns_stay_as_they_are() -> None:
    rows = pl.DataFrame({"a": [1]})
    for name in ("DeviceProcessEvents", "DeviceEvents", "Syslog"):
        assert merge_table(name, rows) is rows


def login(origin: str, record: int, *, seconds: float = 0, **fields: Any) -> dict[str, Any]:
    return {
        "_record": record, "_file": f"{origin}.log", "_origin": origin,
        "Timestamp": AT + timedelta(seconds=seconds), "ActionType": "LogonFailed",
        "DeviceName": "web1", "InitiatingProcessId": 77, "AccountName": "root",
        "RemoteIP": "203.0.113.9", "RemotePort": None, "FailureReason": "", **fields,
    }  # fmt: skip


def test_a_login_in_audit_log_and_syslog_becomes_one_row() -> None:
    told = {"RemotePort": 50122, "FailureReason": "Failed password"}
    rows = pl.DataFrame(
        [
            login("syslog", 3, DeviceName="web1.corp.example", **told),
            login("syslog", 4, seconds=3, AccountName="oracle", **told),
            login("auditd", 7, seconds=0.4),
            login("auditd", 8, seconds=3.2, AccountName="(unknown user)", RemoteIP=""),
        ],
        infer_schema_length=None,
    )
    one, two = merge_table("DeviceLogonEvents", rows).to_dicts()
    assert (one["_record"], one["_merged_file"], one["_merged_record"]) == (7, "syslog.log", 3)
    assert (one["RemotePort"], one["FailureReason"]) == (50122, "Failed password")
    assert (two["AccountName"], two["RemoteIP"]) == ("oracle", "203.0.113.9")
    assert (two["_record"], two["_merged_record"]) == (8, 4)


@pytest.mark.parametrize(
    "other",
    [
        {"seconds": 5.5}, {"InitiatingProcessId": 78}, {"DeviceName": "web2"},
        {"ActionType": "LogonSuccess"}, {"InitiatingProcessId": None}, {"Timestamp": None},
        {"_origin": "auditd"},
    ],
)  # fmt: skip
def test_logins_that_differ_stay_two(other: dict[str, Any]) -> None:
    rows = pl.DataFrame([login("auditd", 1), login("syslog", 2, **other)])
    assert merge_table("DeviceLogonEvents", rows).height == 2


def test_tries_of_one_connection_are_paired_one_to_one() -> None:
    rows = pl.DataFrame(
        [login("syslog", n, seconds=2 * n) for n in range(3)]
        + [login("auditd", 10 + n, seconds=2 * n + 0.5) for n in range(2)]
    )
    merged = merge_table("DeviceLogonEvents", rows)
    assert sorted(merged["_record"]) == [2, 10, 11]


def test_an_audit_log_without_a_host_is_that_of_the_only_one() -> None:
    rows = [login("auditd", 1, DeviceName=""), login("syslog", 2)]
    (row,) = merge_table("DeviceLogonEvents", pl.DataFrame(rows)).to_dicts()
    assert row["DeviceName"] == "web1"
    rows.append(login("syslog", 3, DeviceName="web2"))
    assert merge_table("DeviceLogonEvents", pl.DataFrame(rows)).height == 3


def test_a_session_that_osquery_lists_is_the_login_that_others_tell_of() -> None:
    ok = {"ActionType": "LogonSuccess"}
    rows = pl.DataFrame(
        [
            login("osquery", 1, seconds=1, **ok),
            login("osquery", 2, seconds=1, **ok),
            login("osquery", 3, seconds=1, **ok, InitiatingProcessId=5),
            login("syslog", 4, **ok),
            login("auditd", 5, seconds=2, **ok),
        ]
    )
    merged = merge_table("DeviceLogonEvents", rows)
    assert merged.select("_record", "InitiatingProcessId").rows() == [(3, 5), (5, 77)]
    alone = merge_table("DeviceLogonEvents", rows.filter(_origin="osquery"))
    assert alone["_record"].to_list() == [1, 3]
