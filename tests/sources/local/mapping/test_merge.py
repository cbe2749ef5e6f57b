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
