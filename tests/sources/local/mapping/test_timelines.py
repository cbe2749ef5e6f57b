"""Output of plaso, Google Workspace, CrowdStrike, Zimmerman's tools and Velociraptor: times found.

Columns as the tools' documentation gives them, the values invented.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import huntkit
from huntkit.formats.batch import Batch
from huntkit.sources.local.mapping import Mapper
from huntkit.sources.local.mapping.layouts import event_data
from huntkit.sources.local.mapping.timelines import plaso_row, workspace_rows
from huntkit.sources.local.mapping.times import Clock

WHEN = datetime(2024, 3, 4, 10, 12, 33, tzinfo=UTC)
L2T = "date,time,timezone,MACB,source,sourcetype,type,user,host,short,desc,version,filename,inode"


def mapped(
    *records: dict[str, Any], name: str = "x.json", zone: str | None = None
) -> dict[str, Any]:
    mapper = Mapper(name=name, clock=Clock(assume_timezone=zone))
    found = mapper.map(Batch("json", range(1, len(records) + 1), records=list(records)))
    return dict(found + mapper.finish())


def tabled(header: str, *lines: str, name: str = "x.csv", zone: str | None = None) -> pl.DataFrame:
    rows = [line.split(",") for line in lines]
    columns = {
        field: [row[at] if at < len(row) else "" for row in rows]
        for at, field in enumerate(header.split(","))
    }
    mapper = Mapper(name=name, clock=Clock(assume_timezone=zone))
    found = mapper.map(Batch("csv", range(2, len(rows) + 2), columns=columns)) + mapper.finish()
    ((_, frame),) = found
    return frame


def test_l2tcsv_of_plaso_has_the_month_first_and_its_own_zone() -> None:
    frame = tabled(
        L2T,
        "03/04/2024,10:12:33,UTC,M...,EVT,WinEVTX,Written,ana,PC1,s,[4624],2,x.evtx,1",
        "03/04/2024,11:12:33,Europe/Berlin,...B,FILE,NTFS,Creation Time,-,PC1,/x,/x,2,x,2",
        "00/00/0000,--:--:--,UTC,...B,FILE,NTFS,Not a time,-,-,/x,/x,2,x,2",
        "03/04/2024,10:12:33,CEST,...B,FILE,NTFS,Creation Time,-,-,/x,/x,2,x,2",
        zone="America/New_York",
    )
    rows = frame.to_dicts()
    assert [row["TimeGenerated"] for row in rows] == [WHEN, WHEN, None, WHEN]
    assert [row["_time_note"] for row in rows] == ["", "", "", "zone assumed"]
    expected = {
        "MACB": "M...", "Source": "EVT", "SourceLong": "WinEVTX", "Message": "[4624]",
        "TimestampDescription": "Written", "Computer": "PC1", "UserName": "ana",
        "_extra": '{"short":"s","version":"2"}',
    }  # fmt: skip
    assert {name: rows[0][name] for name in expected} == expected
    assert rows[1]["UserName"] == ""
    assert json.loads(rows[2]["_extra"])["date"] == "00/00/0000"
    assert json.loads(rows[3]["_extra"])["_zone"] == "CEST"


def test_dynamic_and_json_output_of_plaso_are_the_same_table() -> None:
    dynamic = tabled(
        "datetime,timestamp_desc,source,source_long,message,parser,display_name,tag",
        "2024-03-04T10:12:33.123456+00:00,Creation Time,FILE,NTFS,/x,mft,TSK:/x,-",
        "0000-00-00T00:00:00.000000+00:00,Not a time,FILE,NTFS,/x,mft,TSK:/x,-",
    )
    assert dynamic["TimeGenerated"].to_list() == [WHEN.replace(microsecond=123_456), None]
    event = {
        "__container_type__": "event", "data_type": "windows:evtx:record", "hostname": "PC1",
        "message": "[4624]", "parser": "winevtx", "timestamp": 1709547153123457,
        "timestamp_desc": "Written", "username": "ana", "pathspec": {"location": "/x"},
    }  # fmt: skip
    (row, unset) = mapped(event, {**event, "timestamp": 0})["Plaso"].to_dicts()
    expected = {
        "TimeGenerated": WHEN.replace(microsecond=123_457), "Computer": "PC1", "UserName": "ana",
        "Message": "[4624]", "Parser": "winevtx", "DataType": "windows:evtx:record",
        "_extra": '{"__container_type__":"event","pathspec":{"location":"/x"}}',
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert unset["TimeGenerated"] is None


def test_events_of_google_workspace_are_rows() -> None:
    activity = {
        "kind": "admin#reports#activity",
        "id": {"time": "2024-03-04T10:12:33Z", "applicationName": "drive", "customerId": "C0"},
        "actor": {"email": "ana@corp.example"},
        "ipAddress": "203.0.113.7",
        "events": [
            {
                "type": "access", "name": "download",
                "parameters": [
                    {"name": "doc_title", "value": "Plan"}, {"name": "x", "boolValue": True},
                ],
            },
            {"type": "access", "name": "view"},
        ],
    }  # fmt: skip
    frame = mapped(activity, {**activity, "events": []})["GoogleWorkspaceReports"]
    assert frame["_record"].to_list() == [1, 1, 2]
    assert frame["TimeGenerated"].to_list() == [WHEN] * 3
    assert frame["EventName"].to_list() == ["download", "view", ""]
    row = frame.to_dicts()[0]
    expected = {
        "ActorEmail": "ana@corp.example", "SrcIpAddr": "203.0.113.7", "DocTitle": "Plan",
        "IdApplicationName": "drive",
        "EventParameters": '[{"name":"doc_title","value":"Plan"},{"name":"x","boolValue":true}]',
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_crowdstrikes_events_have_their_own_time_or_the_clouds() -> None:
    common = {"aid": "a", "cid": "c", "timestamp": "1709547154521"}
    frame = mapped(
        {"event_simpleName": "ProcessRollup2", **common, "ContextTimeStamp": "1709547153.100",
         "ProcessStartTime": "1709547150.001", "CommandLine": "cmd"},
        {"event_simpleName": "AgentOnline", **common},
        name="fdr.json",
    )["fdr"]  # fmt: skip
    assert frame["TimeGenerated"].to_list() == [
        WHEN.replace(microsecond=100_000), WHEN.replace(second=34, microsecond=521_000),
    ]  # fmt: skip
    assert {"event_simpleName", "ContextTimeStamp", "CommandLine"} <= set(frame.columns)


def test_crowdstrikes_stream_has_time_and_host() -> None:
    metadata = {"eventType": "DetectionSummaryEvent", "eventCreationTime": 1709547153000}
    event = {"ComputerName": "PC1", "UserName": "ana", "ProcessId": 7, "SeverityName": "High"}
    (row,) = mapped({"metadata": metadata, "event": event}, name="s.json")["s"].to_dicts()
    expected = {
        "TimeGenerated": WHEN, "EventType": "DetectionSummaryEvent", "ComputerName": "PC1",
        "UserName": "ana", "ProcessId": "7", "Severity": "High",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert json.loads(row["event"]) == event


def test_other_records_of_that_shape_stay_as_they_are() -> None:
    other = {"metadata": {"eventType": "x"}, "event": {"ComputerName": "PC1"}}
    assert mapped(other, name="s.json")["s"].columns == ["_record", "metadata", "event"]


TOOLS = {
    "MFTECmd": ("EntryNumber,InUse,ParentPath,FileName,Created0x10,LastModified0x10",
                "5,True,.\\x,a.exe,{when},2024-03-05 10:00:00.0000000"),
    "USN journal": ("Name,UpdateSequenceNumber,UpdateTimestamp,UpdateReasons", "a,1,{when},x"),
    "PECmd": ("SourceFilename,SourceCreated,ExecutableName,RunCount,LastRun",
              "p,2024-01-01 00:00:00,CMD.EXE,3,{when}"),
    "PECmd timeline": ("RunTime,ExecutableName", "{when},CMD.EXE"),
    "AmcacheParser": ("ApplicationName,ProgramId,FileKeyLastWriteTimestamp,SHA1,LinkDate",
                      "x,1,{when},a,2024-01-01 00:00:00"),
    "AppCompatCacheParser": ("ControlSet,CacheEntryPosition,Path,LastModifiedTimeUTC,Executed",
                             "1,0,C:\\a.exe,{when},Yes"),
    "RECmd": ("HivePath,HiveType,KeyPath,ValueName,LastWriteTimestamp", "x,NtUser,ROOT,a,{when}"),
    "LECmd": ("SourceFile,SourceCreated,SourceModified,TargetCreated",
              "a,2024-01-01 00:00:00,{when},2024-01-01 00:00:00"),
    "RBCmd": ("SourceName,FileType,FileName,FileSize,DeletedOn", "$I1,$I,a,5,{when}"),
    "SBECmd": ("BagPath,AbsolutePath,CreatedOn,LastWriteTime,LastInteracted",
               "x,y,2024-01-01 00:00:00,{when},"),
}  # fmt: skip


@pytest.mark.parametrize("tool", TOOLS)
def test_zimmermans_tools_have_times_in_utc(tool: str) -> None:
    header, line = TOOLS[tool]
    frame = tabled(header, line.format(when="2024-03-04 10:12:33.0000000"), zone="Europe/Berlin")
    assert frame.columns[:2] == ["_record", "TimeGenerated"]
    assert frame["TimeGenerated"].to_list() == [WHEN]
    assert frame.columns[2:] == header.split(",")
    assert WHEN in frame.row(0)[2:]  # the tool's own column, in the same zone


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("Windows.Forensics.Prefetch", {"Executable": "A", "RunCount": 2,
         "LastRunTimes": ["2024-03-04T10:12:33Z", "2024-03-03T10:12:33Z"]}),
        ("Windows.Registry.AppCompatCache", {"Position": 1, "Path": "x",
         "ModificationTime": "2024-03-04T10:12:33Z"}),
        ("Linux.Sys.LastUserLogin", {"login_User": "ana", "login_time": "2024-03-04T10:12:33Z"}),
    ],
)  # fmt: skip
def test_velociraptors_artifacts_have_times(name: str, row: dict[str, Any]) -> None:
    ((table, frame),) = mapped(row, name=f"{name}.json").items()
    assert table == f"Velociraptor_{name.replace('.', '_')}"
    assert frame["TimeGenerated"].to_list() == [WHEN]


def test_evtxecmds_output_is_windows_events() -> None:
    fields = {"NewProcessId": "0x1f4", "NewProcessName": "C:\\a.exe", "CommandLine": 'a "b"'}
    data = [{"@Name": name, "#text": text} for name, text in fields.items()]
    row = {
        "RecordNumber": "1", "EventRecordId": "7", "TimeCreated": "2024-03-04 10:12:33.0000000",
        "EventId": "4688", "Level": "LogAlways", "Provider": "Microsoft-Windows-Security-Auditing",
        "Channel": "Security", "ProcessId": "4", "ThreadId": "8", "Computer": "PC1",
        "ChunkNumber": "0", "UserId": "", "MapDescription": "Process creation",
        "PayloadData1": "x", "HiddenRecord": "False", "SourceFile": "S.evtx",
        "Payload": json.dumps({"EventData": {"Data": data}}),
    }  # fmt: skip
    mapper = Mapper(name="x.csv", clock=Clock(assume_timezone="Europe/Berlin"))
    columns = {name: [value] for name, value in row.items()}
    tables = dict(mapper.map(Batch("csv", range(2, 3), columns=columns)) + mapper.finish())
    event = tables["SecurityEvent"].row(0, named=True)
    assert (event["EventID"], event["Computer"], event["TimeGenerated"]) == (4688, "PC1", WHEN)
    assert event["NewProcessName"] == "C:\\a.exe"
    started = tables["DeviceProcessEvents"].row(0, named=True)
    assert (started["ProcessId"], started["ProcessCommandLine"]) == (500, 'a "b"')
    extra = json.loads(tables["WindowsEvent"]["_extra"][0])
    assert (extra["MapDescription"], extra["PayloadData1"]) == ("Process creation", "x")


@pytest.mark.parametrize(
    ("payload", "fields"),
    [
        ({"EventData": {"Data": {"@Name": "User", "#text": "ana"}}}, {"User": "ana"}),
        ({"EventData": {"Data": "a, b", "Binary": "00"}}, {"Data": "a, b", "Binary": "00"}),
        ({"UserData": {"EventXML": {"User": "ana", "Address": "x"}}},
         {"User": "ana", "Address": "x"}),
    ],
)  # fmt: skip
def test_evtxecmds_payloads_give_the_events_fields(payload: Any, fields: dict[str, str]) -> None:
    assert event_data(json.dumps(payload)) == fields


def test_velociraptors_event_logs_are_windows_events() -> None:
    tables = mapped(
        {
            "EventTime": "2024-03-04T10:12:33Z", "Computer": "PC1", "Channel": "Security",
            "Provider": "Microsoft-Windows-Security-Auditing", "EventID": 4624,
            "EventRecordID": 7, "EventData": {"TargetUserName": "ana", "LogonType": 3},
            "Message": "m", "OSPath": "x",
        }
    )  # fmt: skip
    assert set(tables) == {"WindowsEvent", "SecurityEvent", "DeviceLogonEvents"}
    for frame in tables.values():
        assert frame["TimeGenerated"].to_list() == [WHEN]
    (row,) = tables["SecurityEvent"].to_dicts()
    assert (row["TargetUserName"], row["EventRecordId"]) == ("ana", "7")
    assert not row["_time_note"]


@pytest.mark.parametrize("known", ["TimeGenerated", "Timestamp"])
def test_a_time_that_is_there_is_not_made(known: str) -> None:
    frame = tabled(f"RunTime,ExecutableName,{known}", "2024-03-04 10:12:33,A,2020-01-01 00:00:00")
    assert frame[known].to_list() == [datetime(2020, 1, 1, tzinfo=UTC)]


def test_what_is_no_time_is_not_made_one() -> None:
    frame = tabled("RunTime,ExecutableName", "1 h 20 min,A", "a while,B")
    assert frame.columns == ["_record", "RunTime", "ExecutableName"]


VALUES = st.one_of(
    st.none(), st.text(max_size=12), st.integers(), st.floats(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.none(), max_size=2),
)  # fmt: skip
FIELDS = ("date", "time", "timezone", "datetime", "timestamp", "events")


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_no_record_crashes_it(row: dict[str, Any]) -> None:
    plaso_row(row)
    assert workspace_rows(row)


def psort(count: int) -> str:
    """What psort's output module json writes: one object, an event on each line."""
    texts = [
        json.dumps(
            {"__container_type__": "event", "__type__": "AttributeContainer", "data_type": "t",
             "hostname": "ws1", "message": f'{{"event_{at}": {{', "parser": "syslog",
             "pathspec": {"type_indicator": "OS"}, "timestamp": 1709547153000000 + at,
             "timestamp_desc": "Recorded Time"}
        )
        for at in range(count)
    ]  # fmt: skip
    events = "\n, ".join(f'"event_{at}": {text}' for at, text in enumerate(texts))
    return "{" + events + "\n}"


def test_the_one_object_of_psort_is_as_many_events(tmp_path: Path) -> None:
    (tmp_path / "timeline.json").write_text(psort(5_000))
    with huntkit.open(tmp_path, cache=False, frame="polars") as evidence:
        assert [row[1:] for row in evidence.files.select("path", "rows", "skipped").rows()] == [
            (5_000, 0)
        ]
        found = evidence.table("Plaso").sort("_record")
    assert found["Message"].to_list() == [f'{{"event_{at}": {{' for at in range(5_000)]
    assert found["_record"].to_list() == list(range(1, 5_001))
    assert (found["TimeGenerated"][0], found["Computer"][0]) == (WHEN, "ws1")


def test_a_short_object_of_psort_on_one_line_is_events_too(tmp_path: Path) -> None:
    (tmp_path / "timeline.json").write_text(psort(3).replace("\n", ""))
    with huntkit.open(tmp_path, cache=False) as evidence:
        assert len(evidence.table("Plaso")) == 3


def test_a_line_of_psort_without_a_message_is_an_event() -> None:
    row = {"__container_type__": "event", "timestamp": 1709547153000000, "data_type": "t",
           "timestamp_desc": "Recorded Time"}  # fmt: skip
    assert mapped(row)["Plaso"]["TimeGenerated"].to_list() == [WHEN]
