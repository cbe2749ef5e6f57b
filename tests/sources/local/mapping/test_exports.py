"""Exports of known tables, and tables of no known kind."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

import huntkit
from huntkit.sources.local import schemas
from huntkit.sources.local.mapping import Clock, exports


@pytest.mark.parametrize(
    "table",
    ["DeviceProcessEvents", "DeviceNetworkEvents", "SigninLogs", "AuditLogs", "SecurityAlert",
     "OfficeActivity", "AWSCloudTrail", "CommonSecurityLog", "Syslog", "VMConnection"],
)  # fmt: skip
def test_a_whole_table_is_known_by_its_columns(table: str) -> None:
    assert exports.guess(schemas.known(table) or ()) == table


@pytest.mark.parametrize(
    "columns",
    [
        ["TimeGenerated", "Computer", "Type"],
        ["name", "value", "time"],
        ["Pid", "Ppid", "Name", "CommandLine", "Exe", "Hash", "Username"],
        [f"c{n}" for n in range(50)] + ["CommandLine", "IpAddress", "Protocol"],
        [],
        ["Timestamp", "DeviceName", "FileName"],
        ["DeviceName", "ProcessCommandLine"],
        ["Timestamp", "DeviceName", "ProcessCommandLine", "Ticket"],
        ["Timestamp", "ActionType", "FileName"],
        ["TimeGenerated", "UserPrincipalName", "IPAddress"],
        ["TimeGenerated", "RemoteIP", "RemotePort"],
    ],
)
def test_other_tables_are_not_grabbed(columns: list[str]) -> None:
    assert exports.guess(columns) is None


@pytest.mark.parametrize(
    ("columns", "action", "table"),
    [
        ("Timestamp,DeviceName,ActionType,FileName,ProcessCommandLine", "", "DeviceProcessEvents"),
        ("Timestamp,DeviceName,RemoteIP,RemotePort,RemoteUrl", "", "DeviceNetworkEvents"),
        ("TimeGenerated,UserPrincipalName,IPAddress,AppDisplayName,ResultType", "", "SigninLogs"),
        (
            "Timestamp,DeviceName,FileName,ProcessId,ProcessCommandLine,InitiatingProcessFileName",
            "",
            "DeviceProcessEvents",
        ),
        (
            "Timestamp,DeviceName,ActionType,FileName,FolderPath,SHA1,InitiatingProcessFileName",
            "FileRenamed",
            "DeviceFileEvents",
        ),
        (",Timestamp,DeviceName,RegistryKey", "", "DeviceRegistryEvents"),
        ("Timestamp,DeviceName,ActionType,FileName", "FileCreated", "DeviceFileEvents"),
        ("Timestamp,DeviceName,ActionType,FileName,Ticket", "FileCreated", None),
        (
            "Timestamp,DeviceName,ActionType,FileName,FolderPath,SHA256,InitiatingProcessFileName",
            "ImageLoaded",
            "DeviceImageLoadEvents",
        ),
    ],
)
def test_few_columns_are_enough_where_none_is_foreign(
    columns: str, action: str, table: str | None
) -> None:
    assert exports.guess(columns.split(","), action) == table


def test_a_process_table_of_the_usual_columns_is_not_one_of_its_rare_copies() -> None:
    columns = ["Timestamp", "DeviceName", "FileName", "ProcessId", "ProcessCommandLine"]
    more = ["InitiatingProcessFileName", "InitiatingProcessId", "InitiatingProcessCommandLine"]
    assert exports.guess(columns + more) == "DeviceProcessEvents"
    assert exports.guess([*columns, *more, "Ticket"]) == "DeviceProcessEvents"


def test_the_data_of_exports_names_only_what_schemas_know() -> None:
    data = exports.rules.data("exports")
    for each in data["signs"] + data["small"]:
        assert set(each["columns"]) <= set(schemas.known(each["table"]) or ()), each
    assert all(schemas.known(table) for table in data["actions"])


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("hosts.csv", "hosts"), ("a.zip!b/c d.json", "c_d"), ("2020.json", "T2020"),
        ("..", "Records"), ("\u202e\0.csv", "Records"), ("C:\\x\\y.csv", "y"), ("a.b.json", "a_b"),
    ],
)  # fmt: skip
def test_table_names_are_identifiers(name: str, table: str) -> None:
    assert exports.identifier(name) == table


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["1", "2", ""], pl.Int64), (["1.5", "2"], pl.Float64), (["true", "False"], pl.Boolean),
        (["007", "1"], pl.String), (["1234567890123456"], pl.String), (["+1"], pl.String),
        (["1", "x"], pl.String), (["2024-03-01 10:00:00", ""], pl.Datetime("us", "UTC")),
        (["2024-03-01 10:00:00", "soon"], pl.String), ([1, 2, None], pl.Int64),
        ([1, "a"], pl.String), ([{"a": 1}], pl.String), ([None, ""], pl.String),
        ([True, None], pl.Boolean), ([1.5, None], pl.Float64), ([2**70], pl.String),
        (["10.0.0.1"], pl.String), (["-"], pl.String), (["1e5"], pl.Float64), (["0x10"], pl.String),
    ],
)  # fmt: skip
def test_types_are_taken_only_where_every_value_fits(values: list[Any], dtype: pl.DataType) -> None:
    column, _ = exports.infer("c", values, Clock())
    assert column.dtype == dtype


def test_what_does_not_fit_a_known_type_is_kept() -> None:
    columns = {"EventID": ["4688", "many"], "TimeGenerated": ["2024-03-01T10:00:00Z", "later"]}
    rows = exports.frame_of("SecurityEvent", columns, [1, 2], Clock())
    assert rows["EventID"].to_list() == [4688, None]
    assert rows["TimeGenerated"].to_list() == [datetime(2024, 3, 1, 10, tzinfo=UTC), None]
    assert orjson.loads(rows["_extra"][1]) == {"EventID": "many", "TimeGenerated": "later"}


def test_device_tables_have_both_times() -> None:
    columns = {"Timestamp": ["2024-03-01T10:00:00Z"]}
    rows = exports.frame_of("DeviceEvents", columns, [1], Clock())
    assert rows["TimeGenerated"].to_list() == rows["Timestamp"].to_list()


def test_helper_names_of_the_log_do_not_replace_ours() -> None:
    columns = {"_record": ["x"], "_record_": ["y"], "_file": ["/etc/passwd"], "": ["0"]}
    rows = exports.frame_of("t", columns, [7], Clock())
    assert rows["_record"].to_list() == [7]
    assert rows.columns == ["_record", "_record_", "_record__2", "_file_", "_index"]


def test_bare_times_are_read_in_the_assumed_zone_and_marked() -> None:
    columns = {"when": ["2024-03-01 11:00:00"], "StartUtc": ["2024-03-01 11:00:00"]}
    rows = exports.frame_of("t", columns, [1], Clock(assume_timezone="Europe/Berlin"))
    assert rows["when"][0] == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert rows["StartUtc"][0] == datetime(2024, 3, 1, 11, tzinfo=UTC)
    assert rows["_time_note"][0] == "zone assumed"


def test_names_that_arrow_cannot_hold_are_made_ones_that_it_can() -> None:
    frame = exports.frame_of("x", {"a\0b": [1], "a\ufffdb": [2], "a\ud800": ["c"]}, [1], Clock())
    frame.to_arrow()  # a NUL in a name would end the process' reading here
    assert frame.columns == ["_record", "a\ufffdb", "a\ufffdb_2", "a\ufffd"]


def test_an_old_exports_odd_time_does_not_break_its_table(tmp_path: Path) -> None:
    """The column of today is made of the old one, whose texts are not all times."""
    header = "TenantId,TimeGenerated,AlertDisplayName,AlertName,Severity,ProviderName,"
    rows = [
        f"t,2020-01-0{day} 10:00:00,x,x,High,p,{time},i{day}"
        for day, time in enumerate(("2020-01-01 09:00:00", "n/a"), 1)
    ]
    (tmp_path / "alerts.csv").write_text(
        "\n".join([header + "StartTimeUtc,SystemAlertId", *rows]) + "\n"
    )
    with huntkit.open(tmp_path, cache=False, frame="polars") as evidence:
        found = evidence.table("SecurityAlert").sort("_record")
    assert found["StartTimeUtc"].to_list() == ["2020-01-01 09:00:00", "n/a"]
    assert found["StartTime"].to_list() == [datetime(2020, 1, 1, 9, tzinfo=UTC), None]
