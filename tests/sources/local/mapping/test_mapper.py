"""Records of any layout land in the right tables; hostile ones land somewhere and break nothing."""

import copy
from datetime import UTC, datetime
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from huntkit.formats.batch import Batch
from huntkit.sources.local import schemas
from huntkit.sources.local.mapping import Clock, Mapper, merge_table, rules
from huntkit.sources.local.mapping.collect import Collector
from huntkit.sources.local.mapping.layouts import layouts

POLARS = {
    "string": pl.String,
    "dynamic": pl.String,
    "guid": pl.String,
    "long": pl.Int64,
    "int": pl.Int32,
    "real": pl.Float64,
    "bool": pl.Boolean,
    "datetime": pl.Datetime("us", "UTC"),
}


def batch(records: list[dict[str, Any]], kind: str = "json") -> Batch:
    return Batch(kind, range(1, len(records) + 1), records=copy.deepcopy(records))


def mapped(
    records: list[dict[str, Any]],
    *,
    name: str = "x.json",
    kind: str = "json",
    clock: Clock | None = None,
) -> dict[str, pl.DataFrame]:
    mapper = Mapper(name=name, clock=clock)
    frames: dict[str, list[pl.DataFrame]] = {}
    for table, rows in mapper.map(batch(records, kind)) + mapper.finish():
        frames.setdefault(table, []).append(rows)
    return {t: pl.concat(f, how="diagonal_relaxed") for t, f in frames.items()}


SYSMON_1 = {
    "UtcTime": "2024-03-01 10:00:00.123",
    "ProcessGuid": "{9F85CE58-59DC-5F2B-1000-000000000400}",
    "ProcessId": "4321",
    "Image": "C:\\Windows\\System32\\whoami.exe",
    "CommandLine": "whoami /all",
    "User": "CORP\\ana",
    "LogonId": "0x3e7",
    "Hashes": "SHA1=1111111111111111111111111111111111111111,MD5=22222222222222222222222222222222",
    "ParentImage": "C:\\Windows\\explorer.exe",
    "ParentProcessId": "77",
    "ParentCommandLine": "-",
}
SYSTEM = {"channel": "Microsoft-Windows-Sysmon/Operational", "provider": "Microsoft-Windows-Sysmon"}

LAYOUTS: dict[str, dict[str, Any]] = {
    "flat": {
        "EventID": 1, "Channel": SYSTEM["channel"], "SourceName": SYSTEM["provider"],
        "Hostname": "ws1.corp.example", "TimeCreated": "2024-03-01T10:00:00.123Z", **SYSMON_1,
    },
    "nxlog": {
        "EventID": 1, "Channel": SYSTEM["channel"], "SourceName": SYSTEM["provider"],
        "Hostname": "ws1.corp.example", "EventTime": "2024-03-01 05:00:00", "EventType": "INFO",
        "EventReceivedTime": "2024-03-01 05:00:03", "SeverityValue": 2, "port": 514, **SYSMON_1,
    },
    "winlogbeat6": {
        "event_id": 1, "log_name": SYSTEM["channel"], "source_name": SYSTEM["provider"],
        "computer_name": "ws1.corp.example", "@timestamp": "2024-03-01T10:00:00.123Z",
        "event_data": SYSMON_1,
    },
    "winlogbeat7": {
        "@timestamp": "2024-03-01T10:00:00.123Z", "host": {"name": "collector"},
        "winlog": {
            "event_id": "1", "channel": SYSTEM["channel"], "provider_name": SYSTEM["provider"],
            "computer_name": "ws1.corp.example", "event_data": SYSMON_1,
        },
    },
    "evtx": {
        "Event": {
            "System": {
                "Provider": {"#attributes": {"Name": SYSTEM["provider"]}},
                "EventID": {"#attributes": {"Qualifiers": 0}, "#text": 1},
                "Channel": SYSTEM["channel"], "Computer": "ws1.corp.example",
                "TimeCreated": {"#attributes": {"SystemTime": "2024-03-01T10:00:00.123Z"}},
            },
            "EventData": {**SYSMON_1, "ProcessId": 4321, "ParentProcessId": 77},
        }
    },
    "evtx with a list of Data": {
        "Event": {
            "System": {
                "Provider": {"#attributes": {"Name": SYSTEM["provider"]}}, "EventID": 1,
                "Channel": SYSTEM["channel"], "Computer": "ws1.corp.example",
                "TimeCreated": {"#attributes": {"SystemTime": "2024-03-01T10:00:00.123Z"}},
            },
            "EventData": {
                "Data": [{"#attributes": {"Name": k}, "#text": v} for k, v in SYSMON_1.items()]
            },
        }
    },
    "chainsaw": {
        "group": "x", "name": "rule", "document": {"kind": "evtx", "data": {"Event": {
            "System": {
                "Provider_attributes": {"Name": SYSTEM["provider"]}, "EventID": 1,
                "Channel": SYSTEM["channel"], "Computer": "ws1.corp.example",
                "TimeCreated_attributes": {"SystemTime": "2024-03-01T10:00:00.123Z"},
            },
            "EventData": SYSMON_1,
        }}},
    },
    "sentinel": {
        "Provider": SYSTEM["provider"], "Channel": SYSTEM["channel"], "EventID": 1,
        "Type": "WindowsEvent",
        "Computer": "ws1.corp.example", "TimeGenerated": "2024-03-01T10:00:00.5Z",
        "EventData": orjson.dumps(SYSMON_1).decode(),
    },
    "kibana": {
        "@timestamp": "2024-03-01T10:00:00.123Z", "winlog.event_id": 1,
        "winlog.channel": SYSTEM["channel"], "winlog.provider_name": SYSTEM["provider"],
        "winlog.computer_name": "ws1.corp.example",
        **{f"winlog.event_data.{k}": v for k, v in SYSMON_1.items()},
    },
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_process_start(layout: str) -> None:
    tables = mapped([LAYOUTS[layout]])
    assert tables["WindowsEvent"].height == 1
    row = tables["DeviceProcessEvents"].row(0, named=True)
    expected = {
        "Timestamp": datetime(2024, 3, 1, 10, 0, 0, 123000, tzinfo=UTC),
        "TimeGenerated": datetime(2024, 3, 1, 10, 0, 0, 123000, tzinfo=UTC),
        "DeviceName": "ws1.corp.example",
        "ActionType": "ProcessCreated",
        "FileName": "whoami.exe",
        "FolderPath": "C:\\Windows\\System32\\whoami.exe",
        "ProcessId": 4321,
        "ProcessUniqueId": "9f85ce58-59dc-5f2b-1000-000000000400",
        "ProcessCommandLine": "whoami /all",
        "AccountName": "ana",
        "AccountDomain": "CORP",
        "LogonId": 0x3E7,
        "SHA1": "1" * 40,
        "MD5": "2" * 32,
        "SHA256": "",
        "InitiatingProcessFileName": "explorer.exe",
        "InitiatingProcessId": 77,
        "InitiatingProcessCommandLine": "",
        "_time_note": "",
        "_record": 1,
    }
    assert {name: row[name] for name in expected} == expected
    data = orjson.loads(tables["WindowsEvent"]["EventData"][0])
    assert data["CommandLine"] == "whoami /all"
    assert tables["WindowsEvent"]["Channel"][0] == SYSTEM["channel"]


def test_no_field_of_a_record_is_lost() -> None:
    record = {**LAYOUTS["nxlog"], "SourceModuleName": "in", "odd name": [1, {"a": None}]}
    row = mapped([record])["WindowsEvent"].row(0, named=True)
    kept = {**orjson.loads(row["EventData"]), **orjson.loads(row["_extra"])}
    system = {"EventID", "Channel", "SourceName", "Hostname"}
    assert {k: v for k, v in record.items() if k not in system} == kept


def security(event: int, **fields: Any) -> dict[str, Any]:
    return {
        "EventID": event, "Channel": "Security", "Hostname": "ws1",
        "SourceName": "Microsoft-Windows-Security-Auditing",
        "TimeCreated": "2024-03-01T10:00:00Z", **fields,
    }  # fmt: skip


def test_security_event_has_fields_as_columns_and_what_sentinel_adds() -> None:
    record = security(
        4688, SubjectUserName="ana", SubjectDomainName="CORP", TargetUserName="-",
        TargetDomainName="-", NewProcessName="C:\\a\\b.exe", NewProcessId="0x10",
    )  # fmt: skip
    row = mapped([record])["SecurityEvent"].row(0, named=True)
    assert row["Activity"] == "4688 - A new process has been created."
    assert (row["Account"], row["AccountType"], row["Process"]) == ("CORP\\ana", "User", "b.exe")
    assert (row["NewProcessId"], row["EventID"], row["Channel"]) == ("0x10", 4688, "Security")


def test_logon_is_the_target_account_in_security_event() -> None:
    record = security(
        4624, SubjectUserName="WS1$", SubjectDomainName="CORP", TargetUserName="bo",
        TargetDomainName="CORP", LogonType="3",
    )  # fmt: skip
    tables = mapped([record])
    row = tables["SecurityEvent"].row(0, named=True)
    assert (row["Account"], row["LogonType"]) == ("CORP\\bo", 3)
    logon = tables["DeviceLogonEvents"].row(0, named=True)
    assert (logon["LogonType"], logon["ActionType"], logon["AccountName"]) == (
        "Network", "LogonSuccess", "bo",
    )  # fmt: skip


def test_4688_takes_the_target_user_when_there_is_one() -> None:
    start = {"NewProcessId": "0x10", "ProcessId": "0x20", "SubjectUserName": "svc",
             "SubjectDomainName": "CORP", "SubjectUserSid": "S-1-5-18"}  # fmt: skip
    records = [
        security(4688, **start, TargetUserName="-", TargetDomainName="-", TargetUserSid="S-1-0-0"),
        security(4688, **start, TargetUserName="bo", TargetDomainName="LAB", TargetUserSid="S-1-2"),
    ]
    rows = mapped(records)["DeviceProcessEvents"]
    assert rows["AccountName"].to_list() == ["svc", "bo"]
    assert rows["AccountDomain"].to_list() == ["CORP", "LAB"]
    assert rows["AccountSid"].to_list() == ["S-1-5-18", "S-1-2"]
    assert rows["ProcessId"].to_list() == [16, 16]


def test_parent_of_a_4688_without_process_id_is_read_from_the_message() -> None:
    message = "...\r\n\tNew Process ID:\t\t0x1968\r\n\tCreator Process ID:\t0x670\r\n"
    row = mapped([security(4688, Message=message)])["DeviceProcessEvents"].row(0, named=True)
    assert (row["ProcessId"], row["InitiatingProcessId"]) == (0x1968, 0x670)


SYSMON_ACTIONS = [
    (1, {}, "DeviceProcessEvents", "ProcessCreated"),
    (5, {}, "DeviceEvents", "ProcessTerminated"),
    (3, {"Initiated": "true"}, "DeviceNetworkEvents", "ConnectionSuccess"),
    (3, {"Initiated": "false"}, "DeviceNetworkEvents", "InboundConnectionAccepted"),
    (11, {}, "DeviceFileEvents", "FileCreated"),
    (15, {}, "DeviceFileEvents", "FileCreated"),
    (23, {}, "DeviceFileEvents", "FileDeleted"),
    (26, {}, "DeviceFileEvents", "FileDeleted"),
    (2, {}, "DeviceFileEvents", "FileModified"),
    (12, {"EventType": "CreateKey"}, "DeviceRegistryEvents", "RegistryKeyCreated"),
    (12, {"EventType": "DeleteKey"}, "DeviceRegistryEvents", "RegistryKeyDeleted"),
    (12, {"EventType": "DeleteValue"}, "DeviceRegistryEvents", "RegistryValueDeleted"),
    (13, {"EventType": "SetValue"}, "DeviceRegistryEvents", "RegistryValueSet"),
    (14, {"EventType": "RenameKey"}, "DeviceRegistryEvents", "RegistryKeyRenamed"),
    (7, {}, "DeviceImageLoadEvents", "ImageLoaded"),
    (6, {}, "DeviceEvents", "DriverLoad"),
    (8, {}, "DeviceEvents", "CreateRemoteThreadApiCall"),
    (10, {}, "DeviceEvents", "OpenProcessApiCall"),
    (17, {}, "DeviceEvents", "NamedPipeEvent"),
    (20, {}, "DeviceEvents", "WmiBindEventFilterToConsumer"),
    (22, {}, "DeviceEvents", "DnsQueryResponse"),
    (25, {}, "DeviceEvents", "ProcessTampering"),
]


@pytest.mark.parametrize(("event", "fields", "table", "action"), SYSMON_ACTIONS)
def test_sysmon_events_have_their_action(
    event: int, fields: dict[str, str], table: str, action: str
) -> None:
    rows = mapped([{**LAYOUTS["flat"], "EventID": event, **fields}])[table]
    assert rows["ActionType"].to_list() == [action]


SECURITY_ACTIONS = [
    (4689, {}, "DeviceEvents", "ProcessTerminated"),
    (5156, {"Direction": "%%14593"}, "DeviceNetworkEvents", "ConnectionSuccess"),
    (5156, {"Direction": "%%14592"}, "DeviceNetworkEvents", "InboundConnectionAccepted"),
    (5157, {"Direction": "%%14592"}, "DeviceNetworkEvents", "ConnectionFailed"),
    (5158, {}, "DeviceNetworkEvents", "ListeningConnectionCreated"),
    (4657, {}, "DeviceRegistryEvents", "RegistryValueSet"),
    (4625, {}, "DeviceLogonEvents", "LogonFailed"),
    (4648, {}, "DeviceLogonEvents", "LogonAttempted"),
    (4698, {}, "DeviceEvents", "ScheduledTaskCreated"),
    (4702, {}, "DeviceEvents", "ScheduledTaskUpdated"),
    (4699, {}, "DeviceEvents", "ScheduledTaskDeleted"),
    (4697, {}, "DeviceEvents", "ServiceInstalled"),
    (1102, {}, "DeviceEvents", "SecurityLogCleared"),
    (4720, {}, "DeviceEvents", "UserAccountCreated"),
    (4726, {}, "DeviceEvents", "UserAccountDeleted"),
    (4732, {}, "DeviceEvents", "UserAccountAddedToLocalGroup"),
]


@pytest.mark.parametrize(("event", "fields", "table", "action"), SECURITY_ACTIONS)
def test_security_events_have_their_action(
    event: int, fields: dict[str, str], table: str, action: str
) -> None:
    rows = mapped([security(event, **fields)])[table]
    assert rows["ActionType"].to_list() == [action]


def test_file_access_is_a_file_event_only_for_files() -> None:
    records = [
        security(4663, ObjectType="File", ObjectName="C:\\x.txt"),
        security(4663, ObjectType="Key", ObjectName="\\REGISTRY\\X"),
    ]
    tables = mapped(records)
    assert tables["DeviceFileEvents"]["FileName"].to_list() == ["x.txt"]
    assert tables["SecurityEvent"].height == 2


def test_inbound_connections_have_the_other_end_as_remote() -> None:
    record = {
        **LAYOUTS["flat"],
        "EventID": 3,
        "Initiated": "false",
        "SourceIp": "203.0.113.9",
        "SourcePort": "5555",
        "DestinationIp": "10.0.0.1",
        "DestinationPort": "445",
    }
    row = mapped([record])["DeviceNetworkEvents"].row(0, named=True)
    assert (row["RemoteIP"], row["RemotePort"], row["LocalIP"], row["LocalPort"]) == (
        "203.0.113.9", 5555, "10.0.0.1", 445,
    )  # fmt: skip


def test_registry_values_are_told_from_their_keys() -> None:
    record = {**LAYOUTS["flat"], "EventID": 13, "EventType": "SetValue", "Details": "cmd.exe",
              "TargetObject": "HKLM\\Software\\Run\\evil"}  # fmt: skip
    row = mapped([record])["DeviceRegistryEvents"].row(0, named=True)
    assert (row["RegistryKey"], row["RegistryValueName"], row["RegistryValueData"]) == (
        "HKLM\\Software\\Run", "evil", "cmd.exe",
    )  # fmt: skip


def nxlog(event: int, time: str, **fields: Any) -> dict[str, Any]:
    return {**security(event), "EventTime": time, **fields}


def test_zone_of_a_bare_clock_is_inferred_from_sysmon() -> None:
    records = [LAYOUTS["nxlog"], nxlog(4688, "2024-03-01 05:00:01")]
    rows = mapped(records)["WindowsEvent"].sort("_record")
    assert rows["TimeGenerated"][1] == datetime(2024, 3, 1, 10, 0, 1, tzinfo=UTC)
    assert rows["_time_note"].to_list() == ["", "zone inferred"]


def test_zone_of_a_bare_clock_is_assumed_where_nothing_betrays_it() -> None:
    bare = nxlog(4688, "2024-03-01 05:00:01")
    rows = mapped([bare], clock=Clock(assume_timezone="America/New_York"))["WindowsEvent"]
    assert rows["TimeGenerated"][0] == datetime(2024, 3, 1, 10, 0, 1, tzinfo=UTC)
    assert rows["_time_note"][0] == "zone assumed"
    assert mapped([bare])["WindowsEvent"]["TimeGenerated"][0].hour == 5


def test_receiving_time_is_the_last_resort_and_marked() -> None:
    record = {"EventID": 4688, "Channel": "Security", "@timestamp": "2024-03-01T10:00:00Z"}
    row = mapped([record])["WindowsEvent"].row(0, named=True)
    assert row["TimeGenerated"] == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert row["_time_note"] == "receiving time"


@pytest.mark.parametrize("provider", ["Anybody", ["Any", "body"]])
def test_a_clock_like_sysmons_is_not_believed_from_other_providers(provider: Any) -> None:
    lying = copy.deepcopy(LAYOUTS["evtx"])
    system = lying["Event"]["System"]
    system["Provider"]["#attributes"]["Name"], system["Channel"] = provider, "Application"
    lying["Event"]["EventData"]["UtcTime"] = "1999-01-01 00:00:00"
    times = mapped([lying, LAYOUTS["evtx"]])["WindowsEvent"]["TimeGenerated"]
    assert times.dt.year().to_list() == [2024, 2024]


def test_local_time_that_was_labelled_utc_is_corrected_by_sysmon() -> None:
    sysmon = {**LAYOUTS["flat"], "TimeCreated": "2024-03-01T06:00:00.200Z"}
    late = {**security(4688), "TimeCreated": "2024-03-01T06:00:01Z"}
    rows = mapped([late, sysmon])["WindowsEvent"].sort("_record")
    assert rows["TimeGenerated"][0] == datetime(2024, 3, 1, 10, 0, 1, tzinfo=UTC)
    assert rows["_time_note"].to_list() == ["zone inferred", ""]


def test_cloudtrail_gets_sentinels_names() -> None:
    record = {
        "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances", "awsRegion": "us-east-1",
        "eventTime": "2024-03-01T10:00:00Z", "sourceIPAddress": "203.0.113.1",
        "userIdentity": {"type": "IAMUser", "userName": "ana", "extra": 7},
        "requestParameters": {"a": 1}, "newField": "kept",
    }  # fmt: skip
    row = mapped([record])["AWSCloudTrail"].row(0, named=True)
    assert (row["EventName"], row["UserIdentityUserName"], row["RequestParameters"]) == (
        "RunInstances", "ana", '{"a":1}',
    )  # fmt: skip
    extra = orjson.loads(row["_extra"])
    assert extra["newField"] == "kept"
    assert extra["userIdentity"]["extra"] == 7


def test_entra_records_of_graph_get_sentinels_names() -> None:
    records = [
        {"createdDateTime": "2024-03-01T10:00:00Z", "userPrincipalName": "ana@corp.example",
         "appDisplayName": "Portal", "ipAddress": "203.0.113.7", "status": {"errorCode": 50126}},
        {"activityDateTime": "2024-03-01T10:00:00Z", "activityDisplayName": "Add user",
         "initiatedBy": {"user": {}}, "targetResources": []},
    ]  # fmt: skip
    tables = mapped(records)
    sign_in = tables["SigninLogs"].row(0, named=True)
    assert (sign_in["IPAddress"], sign_in["ResultType"]) == ("203.0.113.7", "50126")
    assert tables["AuditLogs"]["OperationName"].to_list() == ["Add user"]


def test_sign_ins_that_graph_calls_not_interactive_have_a_table_of_their_own() -> None:
    person = {
        "createdDateTime": "2024-03-01T10:00:00Z", "userPrincipalName": "ana@corp.example",
        "appDisplayName": "Portal", "ipAddress": "203.0.113.7", "isInteractive": True,
        "appliedConditionalAccessPolicies": [{"displayName": "MFA"}], "userAgent": "Mozilla",
        "signInEventTypes": ["interactiveUser"], "homeTenantId": "t1",
    }  # fmt: skip
    token = {**person, "isInteractive": False, "signInEventTypes": ["nonInteractiveUser"]}
    tables = mapped([person, token])
    row = tables["SigninLogs"].row(0, named=True)
    assert (row["IsInteractive"], row["UserAgent"], row["HomeTenantId"]) == (True, "Mozilla", "t1")
    assert row["ConditionalAccessPolicies"] == '[{"displayName":"MFA"}]'
    other = tables["AADNonInteractiveUserSignInLogs"].row(0, named=True)
    assert (other["_record"], other["SignInEventTypes"]) == (2, '["nonInteractiveUser"]')
    assert tables["SigninLogs"].height == 1


def test_audit_execution_is_a_process_start() -> None:
    record = {
        "time": 1604996384.965, "time_text": "1604996384.965", "serial": 93777, "node": "box",
        "types": ["SYSCALL", "EXECVE"],
        "records": [
            {"type": "SYSCALL", "success": "yes", "pid": "2168", "ppid": "29002", "uid": "1000",
             "exe": "/bin/dd", "comm": "dd"},
            {"type": "EXECVE", "argc": "2", "a0": "dd", "argv": ["dd", "if=/dev/zero"]},
            {"type": "CWD", "cwd": "/home/ana"},
        ],
    }  # fmt: skip
    tables = mapped([record], kind="auditd")
    row = tables["DeviceProcessEvents"].row(0, named=True)
    assert (row["FileName"], row["ProcessCommandLine"], row["ProcessId"]) == (
        "dd", "dd if=/dev/zero", 2168,
    )  # fmt: skip
    assert row["Timestamp"] == datetime(2020, 11, 10, 8, 19, 44, 965000, tzinfo=UTC)
    audit = tables["LinuxAudit"].row(0, named=True)
    assert (audit["EventType"], audit["cwd"], audit["serial"]) == (
        "SYSCALL_EXECVE", "/home/ana", 93777,
    )  # fmt: skip


def syslog(timestamp: str, **fields: Any) -> dict[str, Any]:
    return {
        "timestamp": timestamp, "host": "web1", "app": "sshd", "pid": "77", "facility": "auth",
        "severity": "info", "message": "hello", "year_missing": True, "zone_missing": True,
        **fields,
    }  # fmt: skip


def test_syslog_years_and_zones_are_assumed_and_marked() -> None:
    lines = [syslog("Dec 31 23:59:59"), syslog("Jan  1 00:00:01")]
    clock = Clock(assume_timezone="Europe/Berlin", assume_year=2023)
    rows = mapped(lines, kind="syslog", clock=clock)["Syslog"]
    assert rows["TimeGenerated"].to_list() == [
        datetime(2023, 12, 31, 22, 59, 59, tzinfo=UTC),
        datetime(2023, 12, 31, 23, 0, 1, tzinfo=UTC),
    ]
    assert rows["_time_note"].to_list() == ["year assumed, zone assumed"] * 2


@pytest.mark.parametrize(
    ("stamp", "written", "year"),
    [
        ("Mar  3 09:12:00", datetime(2024, 3, 3, 9, 12, 5, tzinfo=UTC), 2024),
        ("Mar  3 09:12:00", datetime(2024, 3, 3, 8, 0, tzinfo=UTC), 2024),  # a zone ahead
        ("Mar  3 09:12:00", datetime(2024, 3, 1, tzinfo=UTC), 2023),
        ("Dec 31 23:59:59", datetime(2024, 1, 1, tzinfo=UTC), 2023),
        ("Jan  1 00:00:01", datetime(2023, 12, 31, 23, 0, tzinfo=UTC), 2024),
        ("Feb 29 12:00:00", datetime(2023, 6, 1, tzinfo=UTC), 2020),
        ("Mar  3 09:12:00", datetime(1, 1, 1, tzinfo=UTC), None),
    ],
)
def test_a_missing_year_is_the_last_one_before_the_file_was_written(
    stamp: str, written: datetime, year: int | None
) -> None:
    clock = Clock(file_time=written)
    rows = mapped([syslog(stamp)], name="auth.log", kind="syslog", clock=clock)["Syslog"]
    when = rows["TimeGenerated"].to_list()[0]
    assert (when and when.year) == year
    if year:
        assert rows["_time_note"].to_list() == ["year assumed, zone assumed"]


def test_the_year_that_the_user_gave_comes_before_the_files_time() -> None:
    clock = Clock(assume_year=2019, file_time=datetime(2024, 6, 1, tzinfo=UTC))
    rows = mapped([syslog("Mar  3 09:12:00")], name="a", kind="syslog", clock=clock)["Syslog"]
    assert rows["TimeGenerated"].to_list() == [datetime(2019, 3, 3, 9, 12, tzinfo=UTC)]


YEARS = [
    (["Dec 31 23:59:59", "Jan  1 00:00:01", "Feb  1 10:00:00"], [2023, 2024, 2024]),
    (["Jan  1 00:00:01", "Dec 31 23:59:59", "Jan  1 00:00:02"], [2023, 2022, 2023]),  # late
    (["Feb  5 10:00:00", "Dec 31 23:59:59", "Jan  1 00:00:01"], [2023, 2023, 2024]),  # quiet
    (["Jan  5 10:00:00", "Dec 30 10:00:00", "Jan  2 10:00:00"], [2023, 2023, 2024]),
    (["Feb 29 10:00:00", "Mar  1 10:00:00"], [None, 2023]),
]


@pytest.mark.parametrize(("stamps", "years"), YEARS)
def test_the_year_turns_once_between_december_and_january(stamps, years) -> None:
    made = mapped(list(map(syslog, stamps)), kind="syslog", clock=Clock(assume_year=2023))
    assert [each and each.year for each in made["Syslog"]["TimeGenerated"]] == years
    if None in years:
        assert made["Syslog"]["_time_note"][0] == "year unknown"


def test_what_offices_audit_search_exports_is_office_activity() -> None:
    record = {
        "CreationTime": "2024-01-01T10:00:00",
        "Operation": "FileAccessed",
        "RecordType": 6,
        "Workload": "SharePoint",
        "UserId": "u@x.example",
    }
    columns = {
        "CreationDate": ["1/1/2024 10:00:00 AM"] * 2,
        "UserIds": ["u@x.example"] * 2,
        "AuditData": [orjson.dumps(record).decode(), "{cut"],
    }
    tables = dict(Mapper(name="audit.csv").map(Batch("csv", [2, 3], columns=columns)))
    row = tables["OfficeActivity"].row(0, named=True)
    assert row["TimeGenerated"] == datetime(2024, 1, 1, 10, tzinfo=UTC)
    assert (row["Operation"], row["UserId"], row["_record"]) == ("FileAccessed", "u@x.example", 2)
    assert "1/1/2024 10:00:00 AM" in row["_extra"]
    assert tables["audit"]["AuditData"].to_list() == ["{cut"]


def test_syslog_without_a_year_gets_none_invented() -> None:
    rows = mapped([syslog("Mar  1 10:00:00")], kind="syslog")["Syslog"]
    assert rows["TimeGenerated"].to_list() == [None]
    assert rows["_time_note"].to_list() == ["year unknown"]


def test_sysmon_for_linux_inside_syslog_is_mapped() -> None:
    message = (
        '<Event><System><Provider Name="Linux-Sysmon"/><EventID>1</EventID>'
        '<TimeCreated SystemTime="2022-05-11T18:10:20Z"/>'
        "<Channel>Linux-Sysmon/Operational</Channel>"
        "<Computer>box</Computer></System><EventData>"
        '<Data Name="UtcTime">2022-05-11 18:10:20.395</Data><Data Name="ProcessId">17</Data>'
        '<Data Name="Image">/bin/sh</Data></EventData></Event>'
    )
    tables = mapped([syslog("2022-05-11T18:10:20Z", message=message, year_missing=False,
                            zone_missing=False)], kind="syslog")  # fmt: skip
    row = tables["DeviceProcessEvents"].row(0, named=True)
    assert (row["FileName"], row["ProcessId"], row["DeviceName"]) == ("sh", 17, "box")
    assert tables["Syslog"].height == 1


def test_zeek_keeps_its_names_and_feeds_network_sessions() -> None:
    made = Batch(
        "zeek", [9],
        columns={"ts": [1588205199.5], "uid": ["C1"], "id.orig_h": ["10.0.0.1"],
                 "id.orig_p": [54243], "id.resp_h": ["10.0.0.4"], "id.resp_p": [53],
                 "proto": ["udp"], "version": ["007"]},
        context={"path": "conn"},
    )  # fmt: skip
    tables = dict(Mapper(name="conn.log").map(made))
    conn = tables["Zeek_conn"].row(0, named=True)
    assert conn["id_orig_h"] == "10.0.0.1"
    assert conn["version"] == "007"
    assert conn["TimeGenerated"] == datetime(2020, 4, 30, 0, 6, 39, 500000, tzinfo=UTC)
    session = tables["NetworkSession"].row(0, named=True)
    assert (session["DstPortNumber"], session["SrcIpAddr"]) == (53, "10.0.0.1")
    assert session["NetworkApplicationProtocol"] == ""  # a connection does not say it


ZEEK_IN_JSON = [
    ({"conn_state": "SF"}, "x.json", "Zeek_conn"),
    ({"proto": "udp"}, "conn.log", "Zeek_conn"),
    ({"name": "bad_checksum"}, "a.zip!logs/weird.12:00:00-13:00:00.log", "Zeek_weird"),
    ({"query": "a.example", "trans_id": 7}, "conn_2024-01-01.json", "Zeek_conn"),
    ({"query": "a.example", "trans_id": 7}, "sensor1.json", "Zeek_dns"),
    ({"_path": "ssl"}, "conn.log", "Zeek_ssl"),
    ({"answer": 42}, "connections.log", "connections"),
]


@pytest.mark.parametrize(("fields", "name", "table"), ZEEK_IN_JSON)
def test_zeek_in_json_is_known_by_what_it_says_then_by_its_file_then_by_its_fields(
    fields, name, table
) -> None:
    row = {"ts": 1588205199.5, "uid": "C1", "id.orig_h": "10.0.0.1", **fields}
    made = dict(Mapper(name=name).map(Batch("json", [1], records=[row])))
    assert table in made
    assert ("NetworkSession" in made) == (table in ("Zeek_conn", "Zeek_dns"))


def test_a_file_named_like_a_zeek_log_is_not_one_without_its_fields() -> None:
    made = Mapper(name="http.json").map(Batch("json", [1], records=[{"ts": 1.5, "status": 200}]))
    assert [table for table, _ in made] == ["http"]


@pytest.mark.parametrize("columnar", [False, True])
def test_rows_of_a_union_go_to_the_tables_that_they_name(columnar) -> None:
    columns = {
        "TimeGenerated": ["2024-01-01T00:00:00Z"] * 3,
        "Type": ["SecurityEvent", "Syslog", "Own_CL"],
        "Computer": ["a", "b", "c"],
        "EventID": ["4624", "", ""],
        "SyslogMessage": ["", "hello", ""],
    }
    given = {"table": pl.DataFrame(columns)} if columnar else {"columns": columns}
    tables = dict(Mapper(name="u.csv").map(Batch("csv", [2, 3, 4], **given)))
    assert {name: rows["Computer"].to_list() for name, rows in tables.items()} == {
        "SecurityEvent": ["a"], "Syslog": ["b"], "u": ["c"],
    }  # fmt: skip
    assert tables["Syslog"]["SyslogMessage"].to_list() == ["hello"]


def columnar(table: pl.DataFrame, name: str = "t.parquet") -> dict[str, pl.DataFrame]:
    mapper = Mapper(name=name)
    made = Batch("parquet", range(1, table.height + 1), table=table)
    return dict(mapper.map(made) + mapper.finish())


def test_columnar_files_keep_their_types() -> None:
    table = pl.DataFrame(
        {"when": [datetime(2024, 3, 1, tzinfo=UTC)], "n": [1], "small": [2], "list": [[1, 2]],
         "text": ["007"], "day": [datetime(2024, 3, 1).date()]},
        schema_overrides={"small": pl.UInt8},
    )  # fmt: skip
    rows = columnar(table)["t"]
    assert rows.schema["when"] == pl.Datetime("us", "UTC")
    assert rows.schema["small"] == pl.Int64
    assert (rows["list"][0], rows["day"][0]) == ("[1,2]", datetime(2024, 3, 1, tzinfo=UTC))


def test_columnar_exports_of_windows_events_are_mapped() -> None:
    record = {**LAYOUTS["sentinel"], "TimeGenerated": datetime(2024, 3, 1, 10, tzinfo=UTC)}
    tables = columnar(pl.DataFrame([record]))
    assert tables["DeviceProcessEvents"]["FileName"].to_list() == ["whoami.exe"]
    assert tables["WindowsEvent"]["TimeGenerated"].to_list() == [record["TimeGenerated"]]


def test_a_table_of_no_known_kind_is_named_after_its_file() -> None:
    tables = mapped([{"host": "a", "n": "1"}], name="dir/My list (2).csv")
    assert list(tables) == ["My_list_2"]


def test_columns_that_differ_in_case_are_both_kept() -> None:
    rows = mapped([{"LogonId": "a", "LogonID": "b"}])["x"]
    assert (rows["LogonId"][0], rows["LogonID"][0]) == ("a", "b")


def test_events_come_out_the_same_however_they_are_batched() -> None:
    records = [{**LAYOUTS["nxlog"], "ProcessId": str(i)} for i in range(1200)]
    whole = mapped(records)["DeviceProcessEvents"]
    mapper, rows = Mapper(name="x"), []
    for start in range(0, 1200, 7):
        part = Batch(
            "json", range(start + 1, start + 8), records=copy.deepcopy(records[start : start + 7])
        )
        part.numbers = part.numbers[: len(part.records or [])]
        rows += mapper.map(part)
    rows += mapper.finish()
    parts = pl.concat([d for t, d in rows if t == "DeviceProcessEvents"], how="diagonal_relaxed")
    assert parts.sort("_record").equals(whole.sort("_record"))


def test_endless_names_do_not_become_endless_columns() -> None:
    records = [security(4688, **{f"n{i}_{k}": "x" for k in range(50)}) for i in range(300)]
    tables = mapped(records)
    assert tables["SecurityEvent"].width < 500
    assert all(len(orjson.loads(bag)) == 50 for bag in tables["WindowsEvent"]["EventData"])
    plain = mapped([{f"n{i}_{k}": "x" for k in range(50)} for i in range(300)])
    assert plain["x"].width < 2_010
    assert plain["x"].height == 300


# Hostile records: anything that JSON, or a reader's repair, can hold.
names = st.sampled_from(
    ["EventID", "Channel", "EventTime", "TimeCreated", "Hostname", "SourceName", "Message", "Image",
     "UtcTime", "ProcessId", "Hashes", "Event", "winlog", "event_data", "log_name", "event_id",
     "EventData", "Provider", "TimeGenerated", "Computer", "Activity", "Type", "ts", "uid", "_path",
     "name", "hostIdentifier", "columns", "action", "userIdentity", "eventName", "eventSource",
     "awsRegion", "records", "time_text", "serial", "EventType", "Keywords", "SyslogMessage",
     "_record", "_extra", "_time_note", "_file", "", "a.b", "Account", "document", "RuleTitle"]
) | st.text(max_size=8)  # fmt: skip
texts = (
    st.text(st.characters(exclude_categories=()), max_size=12)
    | st.sampled_from(
        ["Security", "System", "Microsoft-Windows-Sysmon/Operational", "-", "\0", "\ud800", "0x10",
         "2024-03-01T10:00:00Z", "9" * 400, "<Event>", "<Event/>", "{", "{}", "[1]", "SHA1=",
         "audit(1:2)", "type=X audit(1.5:2):", "Syslog", "WindowsEvent", "1e400", "nan"]
    )
)  # fmt: skip
scalars = (
    st.none() | st.booleans() | st.integers() | st.integers(0, 6000) | st.floats() | texts
    | st.just(10**400)
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
record_lists = st.lists(st.dictionaries(names, values, max_size=10), min_size=1, max_size=6)
optional = [
    "TimeCreated", "EventTime", "@timestamp", "Hostname", "Image", "Message", "UtcTime",
    "ProcessId", "Hashes", "User", "SubjectUserName", "NewProcessName", "ScriptBlockText", "tags",
    "MessageNumber", "Keywords", "EventType", "Task", "LogonType", "TargetUserName", "Initiated",
    "Level", "RecordNumber",
]  # fmt: skip
events = st.fixed_dictionaries(
    {
        "EventID": values | st.sampled_from([1, 3, 10, 13, 4688, 4624, 4104, "1", 7045]),
        "Channel": values | st.sampled_from(["Security", "Microsoft-Windows-Sysmon/Operational"]),
    },
    optional=dict.fromkeys(optional, values),
)


def check(records: list[dict[str, Any]], kind: str = "json") -> None:
    mapper = Mapper(name="evil\u202e\0.json")
    frames = mapper.map(batch(records, kind)) + mapper.finish()
    seen: set[int] = set()
    for table, rows in frames:
        assert "_record" in rows.columns
        assert rows.schema["_record"] == pl.Int64
        seen |= set(rows["_record"])
        known = schemas.known(table) or {}
        for name, dtype in rows.schema.items():
            if name in known:
                assert dtype == POLARS[known[name]], (table, name)
            if dtype == pl.String:
                assert not rows[name].null_count(), (table, name)
        rows.write_ndjson()
    assert seen == set(range(1, len(records) + 1))


hard = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@hard
@example([{"^a$": None, "*": 1}, {"^a$": "x", "*": "y"}])  # Polars reads such names as patterns
@given(record_lists)
def test_any_record_lands_in_a_table(records: list[dict[str, Any]]) -> None:
    check(records)


@hard
@example([{"EventID": 1, "Channel": "Security", "ProcessId": 0},
          {"EventID": 1, "Channel": "Security", "ProcessId": "\ud800"}])  # fmt: skip
@given(st.lists(events, min_size=1, max_size=6))
def test_any_flat_event_lands_in_a_table(records: list[dict[str, Any]]) -> None:
    check(records)


ODD = [
    None,
    True,
    7,
    2.5,
    10**30,
    "",
    "-",
    "\ud800",
    "0x1f",
    [],
    [1, "a", None],
    {},
    {"a": {"b": 1}},
]


@pytest.mark.parametrize("family", rules.families(), ids=lambda each: each.name)
def test_odd_values_are_taken_in_any_field_that_a_rule_reads(family: rules.Family) -> None:
    whole = sorted(next(iter(family.keys), ()))
    known = {
        "Channel": next(iter(family.channels), ""),
        "Provider": next(iter(family.providers), ""),
    }
    read = [(event, rule) for event, its in family.by_event.items() for rule in its]
    for event, rule in [*read, *((0, rule) for rule in family.always)]:
        usual = dict.fromkeys([*whole, *rule.needs], "10.0.0.1") | {"EventID": event, **known}
        for name in rule.needs:
            check([{**usual, name: odd} for odd in ODD])


@hard
@given(st.lists(st.dictionaries(names, values, max_size=6), min_size=1, max_size=4))
def test_any_nested_event_lands_in_a_table(insides: list[dict[str, Any]]) -> None:
    system = {"EventID": 1, "Channel": "Security"}
    check([{"Event": {"System": {**system, **each}, "EventData": each}} for each in insides])
    check([{"winlog": {**system, **each, "event_data": each}} for each in insides])


KINDS = [
    "access", "auditd", "cef", "evtx", "firewall", "iis", "s3access", "syslog", "text", "w3c",
]  # fmt: skip


@hard
@given(record_lists, st.sampled_from(KINDS))
def test_any_record_of_any_kind_lands_in_a_table(records: list[dict[str, Any]], kind: str) -> None:
    check(records, kind)


def _cleared(event: int, channel: str, message: str, **fields: str) -> dict[str, Any]:
    record = {
        "EventID": event, "Channel": channel, "SourceName": "Microsoft-Windows-Eventlog",
        "Hostname": "ws1", "TimeCreated": "2024-03-01T10:00:00Z", "Message": message, **fields,
    }  # fmt: skip
    return mapped([record])["DeviceEvents"].to_dicts()[0]


def test_a_cleared_security_log_names_its_account_from_the_message() -> None:
    message = (
        "The audit log was cleared.\r\nSubject:\r\n\tSecurity ID:\tS-1-5-21-1-500\r\n"
        "\tAccount Name:\tana\r\n\tDomain Name:\tCORP\r\n\tLogon ID:\t0x3E7"
    )
    row = _cleared(1102, "Security", message)
    assert row["ActionType"] == "SecurityLogCleared"
    assert row["InitiatingProcessAccountName"] == "ana"
    assert row["InitiatingProcessAccountDomain"] == "CORP"
    assert row["InitiatingProcessAccountSid"] == "S-1-5-21-1-500"
    assert row["LogonId"] == 999


def test_fields_come_before_the_message() -> None:
    row = _cleared(1102, "Security", "Account Name:\tbob", SubjectUserName="ana")
    assert row["InitiatingProcessAccountName"] == "ana"
    row = _cleared(104, "System", "The Setup log file was cleared.", BackupPath="C:\\x.evtx")
    assert orjson.loads(row["AdditionalFields"]) == {"Channel": "Setup", "BackupPath": "C:\\x.evtx"}


@pytest.mark.parametrize("log", ["System", "Windows PowerShell", "Microsoft-Windows-Foo/Bar"])
def test_another_cleared_log_is_not_the_security_log(log: str) -> None:
    row = _cleared(104, "System", f"The {log} log file was cleared.")
    assert row["ActionType"] == "EventLogCleared"
    assert orjson.loads(row["AdditionalFields"]) == {"Channel": log}


def test_a_cleared_log_as_windows_writes_it() -> None:
    record = {
        "Event": {
            "System": {
                "Provider": {"#attributes": {"Name": "Microsoft-Windows-Eventlog"}},
                "EventID": 104, "Channel": "System", "Computer": "ws1",
                "TimeCreated": {"#attributes": {"SystemTime": "2024-03-01T10:00:00Z"}},
            },
            "UserData": {
                "LogFileCleared": {
                    "SubjectUserName": "ana", "SubjectDomainName": "CORP",
                    "Channel": "Application", "BackupPath": "",
                }
            },
        }
    }  # fmt: skip
    row = mapped([record])["DeviceEvents"].to_dicts()[0]
    assert (row["ActionType"], row["InitiatingProcessAccountName"]) == ("EventLogCleared", "ana")
    assert orjson.loads(row["AdditionalFields"])["Channel"] == "Application"


KNOWN_COLUMNS = sorted({c for table in schemas.names() for c in schemas.known(table) or ()})
SOURCE_FIELDS = sorted(
    {name for family in rules.families() for keys in family.keys for name in keys}
    | {name for each in layouts() for name in (*each.needs, *each.any_of, *each.shipper)}
    | {"TimeGenerated [UTC]", "Timestamp [Local Time]", "", "_record", "_file", "_time_note"}
)
CELLS = st.one_of(
    st.sampled_from(
        ["", "-", "0x3e7", "4688", "1", "2024-03-01T10:00:00Z", "5/1/2024, 10:00:00.123 AM",
         "{}", "[1]", '{"a": {"b": [1]}}', "<Event><System/></Event>", "ProcessCreated", "\u0000",
         "Security", "Microsoft-Windows-Sysmon/Operational", "-1e400", "99999999999999999999"]
    ),
    st.text(max_size=8),
)  # fmt: skip


@st.composite
def known_tables(draw: st.DrawFn) -> dict[str, list[str]]:
    """A CSV file whose header is made of names that mean something."""
    table = draw(st.sampled_from(schemas.names()))
    near = st.sampled_from(sorted(schemas.known(table) or KNOWN_COLUMNS))
    any_name = st.sampled_from(KNOWN_COLUMNS + SOURCE_FIELDS)
    names = draw(st.lists(near | near | any_name, min_size=1, max_size=15, unique=True))
    rows = draw(st.integers(0, 3))
    return {name: draw(st.lists(CELLS, min_size=rows, max_size=rows)) for name in names}


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(columns=known_tables(), year=st.none() | st.integers(1, 9999))
def test_any_header_of_known_names_becomes_tables(
    columns: dict[str, list[str]], year: int | None
) -> None:
    count = len(next(iter(columns.values())))
    mapper = Mapper(name="x.csv", clock=Clock(assume_timezone="Europe/Berlin", assume_year=year))
    found = mapper.map(Batch("csv", range(2, count + 2), columns=copy.deepcopy(columns)))
    found += mapper.finish()
    rows = [dict(zip(columns, each, strict=True)) for each in zip(*columns.values(), strict=True)]
    other = Mapper(name="x.json")
    again = other.map(batch(rows)) + other.finish()
    for frames in (found, again):
        landed = {number for _, frame in frames for number in frame["_record"].to_list()}
        assert len(landed) == count
    for table, frame in found + again:
        merge_table(table, frame.with_columns(pl.lit("x.csv").alias("_file")))


def test_free_text_of_all_files_is_one_table_of_texts() -> None:
    for name in ("LICENSE", "notes.txt", "a.zip!b/app.log"):
        tables = mapped([{"Text": "12"}, {"Text": "007"}], name=name, kind="text")
        assert list(tables) == ["Text"]
        assert tables["Text"].to_dicts() == [
            {"_record": 1, "Text": "12"}, {"_record": 2, "Text": "007"}
        ]  # fmt: skip
    assert mapped([], kind="text") == {}


DEEP = b"[" * 900 + b"]" * 900  # as deep as the reader lets through; Polars looks at it for minutes
SYSMON = "Microsoft-Windows-Sysmon/Operational"


@pytest.mark.parametrize(
    "record",
    [
        {"x": "DEEP"},
        {
            "EventID": 1,
            "Channel": "DEEP",
            "Provider": "x",
            "RecordNumber": "DEEP",
            "EventTime": "DEEP",
        },
        {"EventID": 4688, "Channel": "Security", "NewProcessName": "DEEP", "Message": "DEEP"},
        {
            "EventID": 1,
            "Channel": SYSMON,
            "SourceName": "Microsoft-Windows-Sysmon",
            "Image": "DEEP",
        },
        {"Event": {"System": {"EventID": "DEEP", "Channel": "DEEP"}, "EventData": "DEEP"}},
        {"ts": "DEEP", "uid": "C1", "_path": "conn", "id.orig_h": "DEEP"},
    ],
)
def test_lists_within_lists_cost_no_more_than_others(
    record: dict[str, Any], hang_guard: Any
) -> None:
    deep = orjson.loads(orjson.dumps(record).replace(b'"DEEP"', DEEP))
    mapper = Mapper(name="x.json")
    with hang_guard():
        found = mapper.map(Batch("json", range(1, 3), records=[deep, {"x": "y"}]))
        found += mapper.finish()
    assert {number for _, rows in found for number in rows["_record"]} == {1, 2}


def test_many_slices_of_doubtful_dates_are_marked_once_each() -> None:
    events = [
        {
            "EventID": 1,
            "Channel": SYSMON,
            "SourceName": "x",
            "EventTime": f"05/{n % 12 + 1:02}/2020 10:00:00",
        }
        for n in range(40)
    ]
    mapper = Mapper(name="x.json")
    found = []
    for at in range(0, 40, 4):
        found += mapper.map(Batch("json", range(at + 1, at + 5), records=events[at : at + 4]))
    rows = dict(found + mapper.finish())["WindowsEvent"]
    doubted = pl.Series([n % 12 + 1 != 5 for n in range(40)])
    assert rows["_time_note"].str.contains("day/month order assumed").eq_missing(doubted).all()
    for text, n in zip(rows["_extra"], range(40), strict=True):
        assert text == f'{{"EventTime":"05/{n % 12 + 1:02}/2020 10:00:00"}}'


def test_long_texts_are_not_held_for_the_next_events() -> None:
    long = "x" * 100_000
    collector = Collector(layouts()[0])
    rows = [{"Event": {"System": {"Channel": f"{long}{n}", "EventID": 1}}} for n in range(64)]
    collector.add(collector.layout.read(rows, list(range(64))))
    assert sum(map(len, collector._texts)) < 10_000


@pytest.mark.parametrize("name", ["Event", "winlog", "System"])
def test_a_field_called_as_a_windows_event_is_one_only_if_it_holds_one(name: str) -> None:
    records = [{"time": "2024-01-01T00:00:00Z", name: "login", "user": "ana"}]
    found = mapped(records, name="app.json")
    assert found.keys() == {"app"}
    assert found["app"].select("time", name, "user").rows() == [
        (datetime(2024, 1, 1, tzinfo=UTC), "login", "ana")
    ]
    columns = {field: [value] for field, value in records[0].items()}
    mapper = Mapper(name="app.csv")
    made = dict(mapper.map(Batch("csv", [2], columns=columns)) + mapper.finish())
    assert made["app"][name].to_list() == ["login"]


PARSE_EVTX = {
    "System": {
        "Provider": {"Name": "Microsoft-Windows-Security-Auditing", "Guid": "5484"},
        "EventID": {"Value": 4624}, "Version": 2, "Level": 0, "Task": 12544, "Opcode": 0,
        "Keywords": 9232379236109516800, "TimeCreated": {"SystemTime": 1708300800.1234567},
        "EventRecordID": 77, "Correlation": {"ActivityID": "A-1"},
        "Execution": {"ProcessID": 4, "ThreadID": 8}, "Channel": "Security", "Computer": "ws1",
        "Security": {"UserID": "S-1-5-18"}, "Odd": "kept",
    },
    "EventData": {"TargetUserName": "ana", "LogonType": 3, "IpAddress": "203.0.113.7"},
    "Message": "An account was logged on", "OSPath": "C:/Security.evtx",
}  # fmt: skip


def test_bare_rows_of_velociraptors_parse_evtx_are_windows_events() -> None:
    cleared = {
        "System": {
            "EventID": 1102, "TimeCreated": {"SystemTime": 1708300801}, "Channel": "Security",
        },
        "UserData": {"LogFileCleared": {"SubjectUserName": "eve"}},
    }  # fmt: skip
    found = mapped([PARSE_EVTX, cleared])
    first, second = found["WindowsEvent"].sort("_record").to_dicts()
    expected = {
        "TimeGenerated": datetime(2024, 2, 19, 0, 0, 0, 123457, tzinfo=UTC), "EventID": 4624,
        "Channel": "Security", "Computer": "ws1", "EventRecordId": "77", "SystemProcessId": 4,
        "RenderedDescription": "An account was logged on", "Correlation": "A-1",
    }  # fmt: skip
    assert {name: first[name] for name in expected} == expected
    assert orjson.loads(first["EventData"]) == PARSE_EVTX["EventData"]
    assert orjson.loads(first["_extra"]) == {
        "ProviderGuid": "5484", "OSPath": "C:/Security.evtx", "Odd": "kept",
    }  # fmt: skip
    assert (second["EventID"], second["TimeGenerated"].second) == (1102, 1)
    assert found["SecurityEvent"].sort("_record")["Account"].to_list() == ["ana", "eve"]
    assert found["DeviceLogonEvents"]["RemoteIP"].to_list() == ["203.0.113.7"]


def test_velociraptors_kernel_events_are_no_windows_events() -> None:
    row = {
        "Timestamp": "2025-01-30T14:13:08Z",
        "System": {"EventID": {"Value": 0}},
        "EventData": {},
    }
    assert mapped([row], name="etw.json").keys() == {"etw"}


def test_who_and_what_of_an_export_of_event_stay_in_their_columns() -> None:
    row = {
        "TimeGenerated": "2021-08-02T13:05:32Z", "Source": "Microsoft-Windows-Sysmon",
        "EventLog": "Microsoft-Windows-Sysmon/Operational", "Computer": "adfs01", "EventID": 18,
        "EventLevelName": "Information", "EventCategory": 5, "UserName": "NT AUTHORITY\\SYSTEM",
    }  # fmt: skip
    (event,) = mapped([row])["WindowsEvent"].to_dicts()
    assert (event["SystemUserId"], event["Task"]) == ("NT AUTHORITY\\SYSTEM", 5)
    assert "UserName" not in event["_extra"]
