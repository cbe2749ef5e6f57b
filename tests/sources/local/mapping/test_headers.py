"""Portal exports: zones in column names, the portal's times, and the table they are of."""

from datetime import UTC, datetime

import polars as pl
import pytest

from huntkit.formats.batch import Batch
from huntkit.sources.local.mapping import Clock, Mapper
from huntkit.sources.local.mapping.headers import without_zones

WHEN = datetime(2024, 5, 1, 10, 0, 0, 123000, UTC)


def mapped(columns: dict[str, list[str]], clock: Clock | None = None) -> tuple[str, pl.DataFrame]:
    count = len(next(iter(columns.values())))
    mapper = Mapper(name="export.csv", clock=clock)
    found = mapper.map(Batch("csv", range(2, count + 2), columns=columns)) + mapper.finish()
    return found[0]


def test_a_sentinel_portal_export_is_the_table_it_came_from() -> None:
    table, rows = mapped(
        {
            "TimeGenerated [UTC]": ["5/1/2024, 10:00:00.123 AM"], "DeviceName": ["ws1"],
            "ActionType": ["ProcessCreated"], "FileName": ["whoami.exe"],
            "ProcessCommandLine": ["whoami /all"], "ProcessId": ["12"],
            "InitiatingProcessId": ["4"], "InitiatingProcessFileName": ["cmd.exe"],
        }
    )  # fmt: skip
    assert table == "DeviceProcessEvents"
    assert rows["TimeGenerated"].to_list() == rows["Timestamp"].to_list() == [WHEN]
    assert rows["ProcessId"].to_list() == [12]
    assert "_time_note" not in rows.columns


@pytest.mark.parametrize(
    ("label", "zone", "hour", "note"),
    [
        ("UTC", "Europe/Berlin", 10, ""), ("UTC+02:00", None, 8, ""), ("GMT-5", None, 15, ""),
        ("Europe/Berlin", None, 8, ""), ("Local Time", None, 10, "zone assumed"),
        ("Local Time", "Europe/Berlin", 8, "zone assumed"), ("No/Where", None, 10, "zone assumed"),
    ],
)  # fmt: skip
def test_the_zone_of_the_header_holds_and_a_vague_one_is_marked(
    label: str, zone: str | None, hour: int, note: str
) -> None:
    columns = {f"TimeCreated [{label}]": ["5/1/2024, 10:00:00.123 AM", ""], "x": ["a", "b"]}
    _, rows = mapped(columns, Clock(assume_timezone=zone))
    assert rows["TimeCreated"].to_list() == [WHEN.replace(hour=hour), None]
    assert rows.get_column("_time_note", default=pl.Series([""])).to_list()[0] == note


def test_every_column_with_a_zone_is_read_and_what_is_no_time_is_kept() -> None:
    _, rows = mapped(
        {
            "Timestamp [UTC]": ["5/1/2024, 10:00:00.123 AM", "soon"], "DeviceName": ["a", "b"],
            "ProcessCreationTime [UTC]": ["5/1/2024, 10:00:00.123 AM"] * 2,
            "ProcessCommandLine": ["x", "y"],
        }
    )  # fmt: skip
    assert rows["ProcessCreationTime"].to_list() == [WHEN, WHEN]
    assert rows["Timestamp"].to_list() == [WHEN, None]
    assert rows["_extra"].to_list() == ["", '{"Timestamp":"soon"}']


def test_other_brackets_and_names_that_would_be_twice_stay() -> None:
    columns = {"Bytes [MB]": ["1"], "Time": ["x"], "Time [UTC]": ["y"], "Time [": ["z"]}
    assert without_zones(columns, Clock()) == (columns, [])


@pytest.mark.parametrize(
    "text", ["May 1, 2024 10:00:00 AM", "2024-05-01T10:00:00Z", "2024-05-01T10:00:00.0000000Z"]
)
def test_times_of_the_defender_portal(text: str) -> None:
    table, rows = mapped(
        {"Timestamp": [text], "DeviceName": ["a"], "RemoteIP": ["203.0.113.9"],
         "RemotePort": ["443"], "RemoteUrl": ["x.example"]}
    )  # fmt: skip
    assert table == "DeviceNetworkEvents"
    assert rows["Timestamp"].to_list() == [WHEN.replace(microsecond=0)]


def test_long_names_of_months_are_read_in_tables_of_no_known_kind() -> None:
    _, rows = mapped({"seen": ["June 1, 2024 1:00:00 PM", "May 1, 2024 10:00:00 AM"]})
    assert rows["seen"].to_list() == [
        datetime(2024, 6, 1, 13, tzinfo=UTC), datetime(2024, 5, 1, 10, tzinfo=UTC)
    ]  # fmt: skip


def test_the_first_form_of_defenders_process_events() -> None:
    table, rows = mapped(
        {
            "": ["0"], "CreatedProcessId": ["17"], "CreatedProcessName": ["whoami.exe"],
            "CreatedProcessCommandLine": ["whoami /all"], "InitiatingProcessId": ["4"],
            "CreatedProcessCreationTime": ["2024-05-01 10:00:00.123000100+00:00"],
            "InitiatingProcessName": ["cmd.exe"], "Process_CommandLine": ["cmd /c whoami"],
            "InitiatingProcessImageFilePath": ["C:\\Windows\\System32"],
            "ComputerDnsName": ["ws1.example"], "IsTestOrg": ["False"], "ContainerId": [""],
        }
    )  # fmt: skip
    assert table == "DeviceProcessEvents"
    row = rows.to_dicts()[0]
    assert row["Timestamp"] == row["ProcessCreationTime"] == WHEN
    assert (row["DeviceName"], row["ProcessId"], row["FileName"]) == (
        "ws1.example", 17, "whoami.exe"
    )  # fmt: skip
    assert row["ProcessCommandLine"] == "whoami /all"
    assert row["InitiatingProcessFolderPath"] == "C:\\Windows\\System32\\cmd.exe"
    assert row["InitiatingProcessCommandLine"] == "cmd /c whoami"
    assert row["_extra"] == '{"":"0","IsTestOrg":"False"}'
