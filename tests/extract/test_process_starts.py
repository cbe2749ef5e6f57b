"""Process starts of any product in one set of columns."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from huntkit.extract.process_starts import STARTS, distinct_rows, process_starts, whole_path

START = datetime(2024, 5, 1, tzinfo=UTC)
GUID = "{00000001-0000-0000-0000-000000000001}"
ZERO = "{00000000-0000-0000-0000-000000000000}"


def one(frame: pl.DataFrame, **given: str) -> dict:
    starts = process_starts(frame, given).starts
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
    assert (row["host"], row["name"], row["parent_name"]) == ("host1", "a.exe", "init.exe")


@pytest.mark.parametrize(
    ("written", "pid"),
    [("0x1f", 31), ("0X1F", 31), (" 31 ", 31), ("31.0", 31), ("-", None), ("", None), ("3x", None),
     ("9" * 19, None), ("0x" + "f" * 16, None), ("31.5", None)],
)  # fmt: skip
def test_pids_are_read_in_all_their_forms(written, pid):
    frame = pl.DataFrame({"NewProcessId": [written, "4"], "NewProcessName": ["a", "b"]})
    starts = process_starts(frame, {}).starts
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
    found = process_starts(pl.DataFrame(rows), {})
    assert found.starts["row"].to_list() == [0]
    assert found.ends.rows() == [("host1", 8, START + timedelta(minutes=1))]


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
    starts = process_starts(frame, {}).starts
    assert starts["row"].to_list() == [1, 2]
    assert starts["key"].to_list() == [GUID, ""]


def test_a_folder_without_the_file_name_is_completed():
    paths = pl.Series(["C:\\Windows", "/usr/bin/", "C:\\a.exe", "", "/usr/bin/very-long-program"])
    names = pl.Series(["a.exe", "sh", "a.exe", "b", "very-long-progr"])
    assert whole_path(paths, names).to_list() == [
        "C:\\Windows\\a.exe", "/usr/bin/sh", "C:\\a.exe", "b", "/usr/bin/very-long-program",
    ]  # fmt: skip


def test_events_of_other_kinds_are_no_starts_unless_the_caller_says_so():
    logons = pl.DataFrame({"EventID": [4624, 3], "ProcessId": [1, 2], "Image": ["a", "b"]})
    assert process_starts(logons, {}).starts.height == 0
    assert process_starts(logons, {"process_id": "ProcessId"}).starts.height == 2


def test_the_named_column_wins():
    frame = pl.DataFrame({"ProcessId": [1], "mine": [2], "FileName": ["a"]})
    assert one(frame)["pid"] == 1
    assert one(frame, process_id="mine")["pid"] == 2
    assert process_starts(pl.DataFrame({"text": ["a"]}), {}).starts.height == 0


def test_the_first_row_of_each_combination_stays_in_its_place():
    frame = pl.DataFrame({"a": ["x", "y", "x", "x", None, None], "b": [1, 1, 1, 2, 3, 3]})
    assert distinct_rows(frame, ["a", "b"]).rows() == [("x", 1), ("y", 1), ("x", 2), (None, 3)]
    assert distinct_rows(frame.head(2), ["a", "b"]).rows() == [("x", 1), ("y", 1)]


@pytest.mark.parametrize("count", [1, 3, 40])
def test_names_are_read_the_same_in_short_and_in_long_tables(count):
    images = ["C:\\A\\B.exe", "/bin/SH", "", None, '"C:\\x y\\Z.EXE"'] * count
    frame = pl.DataFrame({"pid": range(len(images)), "Image": images, "host": "H"})
    starts = process_starts(frame, {"process_path": "Image", "process_name": "Image"}).starts
    assert starts.sort("pid")["name"].to_list() == ["b.exe", "sh", "", "", "z.exe"] * count
