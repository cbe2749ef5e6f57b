"""Process starts of any product in one set of columns."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from huntkit.core.errors import UsageError
from huntkit.extract.process_starts import STARTS, process_starts

START = datetime(2024, 5, 1, tzinfo=UTC)
GUID = "{00000001-0000-0000-0000-000000000001}"
ZERO = "{00000000-0000-0000-0000-000000000000}"


def one(frame: pl.DataFrame, **given: str) -> dict:
    starts, _, _ = process_starts(frame, given)
    assert starts.schema == pl.Schema(STARTS)
    (row,) = starts.to_dicts()
    return row


def sysmon(**changes) -> dict:
    return {
        "EventID": 1,
        "UtcTime": "2024-05-01 00:00:00.500",
        "Hostname": "HOST1",
        "Image": "C:\\Temp\\A.exe",
        "ProcessId": "8",
        "ProcessGuid": GUID,
        "ParentProcessGuid": ZERO,
        "ParentProcessId": "4",
        "ParentImage": "C:\\init.exe",
        **changes,
    }


def test_sysmon_rows_are_read_by_their_roles():
    row = one(pl.DataFrame([sysmon()]))
    assert row["time"] == START + timedelta(milliseconds=500)
    assert (row["pid"], row["parent_pid"], row["key"], row["parent_guid"]) == (8, 4, GUID, "")
    assert (row["host"], row["host_written"]) == ("host1", "HOST1")
    assert (row["image"], row["name"], row["parent_name"]) == (
        "C:\\Temp\\A.exe",
        "a.exe",
        "init.exe",
    )


@pytest.mark.parametrize(
    ("written", "pid"),
    [("0x1f", 31), ("0X1F", 31), (" 31 ", 31), ("31.0", 31), ("-", None), ("", None), ("3x", None),
     ("9" * 19, None), ("0x" + "f" * 16, None), ("31.5", None)],
)  # fmt: skip
def test_pids_are_read_in_all_their_forms(written, pid):
    frame = pl.DataFrame({"NewProcessId": [written, "4"], "NewProcessName": ["a", "b"]})
    starts, _, _ = process_starts(frame, {})
    assert starts.filter(pl.col("name") == "a")["pid"].to_list() == [pid]


def test_a_pid_that_the_collector_overwrote_is_taken_from_the_message():
    message = "Process Create:\r\nProcessId: 77\nParentProcessId: 0x9\n"
    row = one(pl.DataFrame([sysmon(ProcessId=None, ParentProcessId=None, Message=message)]))
    assert (row["pid"], row["parent_pid"]) == (77, 9)


def test_only_starts_are_starts_and_ends_are_apart():
    rows = [
        sysmon(),
        sysmon(EventID=3, ProcessGuid=GUID.replace("01}", "02}")),
        sysmon(EventID=5, UtcTime="2024-05-01 00:01:00"),
    ]
    starts, ends, _ = process_starts(pl.DataFrame(rows), {})
    assert starts["row"].to_list() == [0]
    assert ends.rows() == [("host1", 8, START + timedelta(minutes=1))]


def test_the_same_start_of_two_products_is_one_with_the_key():
    security = {
        "EventID": 4688,
        "UtcTime": "2024-05-01 00:00:01.900",
        "Hostname": "host1",
        "NewProcessId": "0x8",
        "NewProcessName": "C:\\Temp\\a.exe",
    }
    later = {**security, "UtcTime": "2024-05-01 00:00:09"}
    frame = pl.DataFrame([security, sysmon(), later], infer_schema_length=None)
    starts, _, _ = process_starts(frame, {})
    assert starts["row"].to_list() == [1, 2]
    assert starts["key"].to_list() == [GUID, ""]


def test_a_folder_without_the_file_name_is_completed():
    frame = pl.DataFrame(
        {
            "ActionType": "ProcessCreated",
            "ProcessId": [8],
            "ProcessCommandLine": ["b"],
            "FileName": ["b.exe"],
            "InitiatingProcessId": [4],
            "InitiatingProcessFileName": ["a.exe"],
            "InitiatingProcessFolderPath": ["C:\\Windows\\System32"],
        }
    )
    assert one(frame)["parent_image"] == "C:\\Windows\\System32\\a.exe"


def test_the_named_column_wins_and_a_table_without_ids_is_refused():
    frame = pl.DataFrame({"ProcessId": [1], "mine": [2], "FileName": ["a"]})
    assert one(frame)["pid"] == 1
    assert one(frame, process_id="mine")["pid"] == 2
    with pytest.raises(UsageError, match="process_id"):
        process_starts(pl.DataFrame({"text": ["a"]}), {})
