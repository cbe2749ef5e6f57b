from datetime import UTC, datetime

import polars as pl
import pytest

from huntkit.charts.processes import PARTS, check, told
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.tables import roles

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_every_part_has_a_known_role() -> None:
    assert set(PARTS.values()) <= set(roles.names())


def test_each_kind_of_event_is_read_from_the_columns_that_it_fills() -> None:
    mixed = pl.DataFrame(
        {
            "EventID": [1, 4688, 1],
            "Image": [r"C:\a.exe", None, r"C:\c.exe"],
            "ProcessGuid": ["{1}", None, "{3}"],
            "NewProcessName": [None, r"C:\b.exe", None],
            "NewProcessId": [None, "0x20", None],
            "ProcessId": ["10", "0x4", "30"],
            "User": [r"CORP\al", None, r"CORP\al"],
            "SubjectUserName": [None, "bo", None],
            "SubjectDomainName": [None, "CORP", None],
        }
    )
    shown = told(mixed, {})
    assert shown["process"].to_list() == [r"C:\a.exe", r"C:\b.exe", r"C:\c.exe"]
    assert shown["pid"].to_list() == ["10", "0x20", "30"]
    assert shown["user"].to_list() == [r"CORP\al", r"CORP\bo", r"CORP\al"]


def test_a_path_that_is_only_a_folder_gets_its_file_name() -> None:
    frame = pl.DataFrame(
        {
            "ProcessCommandLine": ["a", "b", "c", "d"],
            "FolderPath": [r"C:\Windows", r"C:\Windows\cmd.exe", "", "/usr/bin/"],
            "FileName": ["cmd.exe", "CMD.EXE", "x.exe", "sh"],
        }
    )
    assert told(frame, {})["process"].to_list() == [
        r"C:\Windows\cmd.exe",
        r"C:\Windows\cmd.exe",
        "x.exe",
        "/usr/bin/sh",
    ]


def test_a_start_time_wins_and_the_events_time_stands_in_for_it() -> None:
    frame = pl.DataFrame(
        {
            "ProcessCommandLine": ["a", "b"],
            "Timestamp": [NOON, NOON],
            "ProcessCreationTime": [NOON.replace(hour=11), None],
        }
    )
    assert told(frame, {})["time"].to_list() == [NOON.replace(hour=11), NOON]


def test_named_columns_win_as_they_are() -> None:
    frame = pl.DataFrame({"Image": ["a.exe"], "User": ["x"], "Domain": ["D"], "Mine": ["mine"]})
    assert told(frame, {"user": "Mine", "process": "Mine"}).to_dicts() == [
        {"process": "mine", "user": "mine"}
    ]


def test_a_table_that_tells_nothing_still_has_its_rows() -> None:
    assert told(pl.DataFrame({"x": [1, 2]}), {}).height == 2
    assert told(pl.DataFrame({"Image": []}, schema={"Image": pl.String}), {}).height == 0


def test_wrong_names_are_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'user'"):
        check({"usr": "User"}, ["User"])
    with pytest.raises(UnknownColumn):
        check({"user": "Usr"}, ["User"])
