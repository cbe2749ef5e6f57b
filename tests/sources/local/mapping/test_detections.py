"""Timelines of Hayabusa and hunts of Chainsaw: the rules that matched, and the events."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.formats import Limits, ReadOptions
from huntkit.formats.batch import Batch
from huntkit.formats.detection import detect
from huntkit.sources.local.mapping import Mapper, detections, rules

START: dict[str, Any] = {
    "Timestamp": "2024-05-06 09:08:09.123 +02:00",
    "RuleTitle": "Proc Exec",
    "Level": "info",
    "Computer": "ws1.corp.example",
    "Channel": "Sysmon",
    "EventID": 1,
    "MitreTactics": ["Exec"],
    "RecordID": 5226,
    "Details": {
        "Cmdline": "whoami /all", "Proc": "C:\\Windows\\System32\\whoami.exe",
        "User": "CORP\\ana", "ParentCmdline": "cmd.exe", "LID": "0x30b90", "PID": 3352,
        "PGUID": "BC47D85C-DB68-5F71-0000-0010B237AB01", "ParentPID": 1456,
    },
    "ExtraFieldInfo": {"CurrentDirectory": "C:\\Users\\ana\\"},
    "RuleFile": "Sysmon_1_Info_ProcExec.yml",
}  # fmt: skip
LOGON = {
    **START, "Channel": "Sec", "EventID": 4624, "RecordID": 7, "RuleTitle": "Logon (Network)",
    "Details": "Type: 3 - NETWORK ¦ TgtUser: ana ¦ SrcComp: WS7 ¦ SrcIP: 203.0.113.7 ¦ LID: 0x5",
    "ExtraFieldInfo": "-",
}  # fmt: skip
WHEN = datetime(2024, 5, 6, 7, 8, 9, 123000, tzinfo=UTC)


def frames(mapper: Mapper, batches: list[Batch]) -> dict[str, pl.DataFrame]:
    made = [each for batch in batches for each in mapper.map(batch)] + mapper.finish()
    tables: dict[str, list[pl.DataFrame]] = {}
    for table, frame in made:
        tables.setdefault(table, []).append(frame)
    return {name: pl.concat(each, how="diagonal_relaxed") for name, each in tables.items()}


def mapped(*records: dict[str, Any]) -> dict[str, pl.DataFrame]:
    lines = b"".join(orjson.dumps(record) + b"\n" for record in records)
    return read(lines, "timeline.jsonl")


def read(data: bytes, name: str) -> dict[str, pl.DataFrame]:
    form = detect(data, name)
    assert form is not None
    stream = io.BytesIO(data)
    batches = form.read(stream, name=name, limits=Limits(), options=ReadOptions())
    return frames(Mapper(name=name), list(batches))


def test_a_process_start_of_hayabusa_is_one() -> None:
    tables = mapped(START)
    row = tables["DeviceProcessEvents"].to_dicts()[0]
    assert (row["Timestamp"], row["DeviceName"]) == (WHEN, "ws1.corp.example")
    assert (row["FileName"], row["ProcessCommandLine"], row["ProcessId"]) == (
        "whoami.exe", "whoami /all", 3352,
    )  # fmt: skip
    assert (row["AccountName"], row["InitiatingProcessId"]) == ("ana", 1456)
    event = tables["WindowsEvent"].to_dicts()[0]
    assert event["Channel"] == "Microsoft-Windows-Sysmon/Operational"
    assert orjson.loads(event["EventData"])["CurrentDirectory"] == "C:\\Users\\ana\\"
    told = tables["Hayabusa"].to_dicts()[0]
    expected = {
        "TimeGenerated": WHEN, "Computer": "ws1.corp.example", "RuleTitle": "Proc Exec",
        "RuleLevel": "info", "EventID": 1, "EventRecordId": 5226, "MitreTactics": '["Exec"]',
        "Channel": "Microsoft-Windows-Sysmon/Operational", "_record": 1,
    }  # fmt: skip
    assert {name: told[name] for name in expected} == expected


def test_details_that_are_text_have_fields_too() -> None:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(LOGON))
    writer.writeheader()
    writer.writerows([LOGON, {**LOGON, "RecordID": 8}])
    for tables in (mapped(LOGON), read(out.getvalue().encode(), "timeline.csv")):
        row = tables["DeviceLogonEvents"].to_dicts()[0]
        assert (row["LogonType"], row["RemoteIP"], row["AccountName"]) == (
            "Network", "203.0.113.7", "ana",
        )  # fmt: skip
        assert row["Timestamp"] == WHEN
        assert tables["SecurityEvent"]["TargetUserName"].to_list()[0] == "ana"
        assert tables["Hayabusa"]["RuleTitle"].to_list()[0] == "Logon (Network)"


def test_an_event_that_several_rules_matched_is_one_event() -> None:
    tables = mapped(START, {**START, "RuleTitle": "Recon"}, {**START, "RecordID": 5227})
    assert tables["Hayabusa"]["RuleTitle"].to_list() == ["Proc Exec", "Recon", "Proc Exec"]
    assert tables["WindowsEvent"]["_record"].to_list() == [1, 3]
    assert tables["DeviceProcessEvents"].height == 2


def test_a_timeline_without_channels_keeps_time_host_and_rule() -> None:
    old = {name: START[name] for name in ("Timestamp", "Computer", "EventID", "Level", "RuleTitle")}
    tables = mapped({**old, "Details": "Bootup", "RulePath": "x.yml"})
    assert list(tables) == ["Hayabusa"]
    row = tables["Hayabusa"].to_dicts()[0]
    assert (row["TimeGenerated"], row["Computer"], row["RuleFile"]) == (
        WHEN, "ws1.corp.example", "x.yml",
    )  # fmt: skip


def test_an_abbreviation_for_several_channels_stays() -> None:
    assert detections.channel_name("AppLocker") == "AppLocker"
    channels = rules.data("detections")["channels"]
    assert set(rules.data("detections")["fields"]) <= set(channels.values())


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"Proc": "a", "Image": "b.dll"}, {"Image": "a", "ImageLoaded": "b.dll"}),
        ({"Cmd": "a", "Cmdline": "b"}, {"CommandLine": "a", "Cmdline": "b"}),
        ({"Cmd": "a", "CommandLine": "b"}, {"Cmd": "a", "CommandLine": "b"}),
    ],
)
def test_two_fields_never_become_one(details, expected) -> None:
    made = detections.hayabusa({"Channel": "Sysmon", "EventID": 7, "Details": details})
    assert made["Details"] == expected


def chainsaw(**about: Any) -> dict[str, Any]:
    document = {
        "kind": "evtx", "path": "C:\\x.evtx",
        "data": {"Event": {
            "System": {
                "Provider_attributes": {"Name": "Microsoft-Windows-Security-Auditing"},
                "EventID": 4688, "Channel": "Security", "Computer": "ws1", "EventRecordID": 9,
                "TimeCreated_attributes": {"SystemTime": "2024-05-06T07:08:09.123Z"},
            },
            "EventData": {"NewProcessName": "C:\\a.exe", "CommandLine": "a.exe -x"},
        }},
    }  # fmt: skip
    return {
        "group": "Sigma", "kind": "individual", "document": document, "name": "Odd Process",
        "timestamp": "2024-05-06T07:08:09.123+00:00", "level": "high", "status": "stable",
        **about,
    }  # fmt: skip


def test_a_hunt_of_chainsaw_is_a_detection_and_an_event() -> None:
    tables = mapped(chainsaw())
    row = tables["Chainsaw"].to_dicts()[0]
    expected = {
        "TimeGenerated": WHEN, "Computer": "ws1", "Channel": "Security", "EventID": 4688,
        "EventRecordId": 9, "RuleTitle": "Odd Process", "RuleLevel": "high", "RuleGroup": "Sigma",
        "EvtxFile": "C:\\x.evtx", "DocumentKind": "evtx",
        "Provider": "Microsoft-Windows-Security-Auditing",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert tables["DeviceProcessEvents"]["ProcessCommandLine"].to_list() == ["a.exe -x"]
    assert '"document_kind":"evtx"' in tables["WindowsEvent"]["_extra"][0]


def test_what_chainsaw_took_together_is_taken_apart() -> None:
    single = chainsaw()
    document = single.pop("document")
    tables = mapped({**single, "kind": "aggregate", "documents": [document, document]})
    assert tables["Chainsaw"]["_record"].to_list() == [1, 1]
    assert tables["WindowsEvent"].height == 2
    assert list(mapped({**single, "documents": [document, "x"]})) == ["timeline"]


def test_chainsaws_csv_keeps_time_host_and_rule() -> None:
    data = (
        "timestamp,detections,path,count,Event.System.Provider,Event ID,Record ID,Computer,"
        "Event Data\n"
        "2024-05-06T07:08:09.123+00:00,+ Odd Process,C:\\x.evtx,1,Microsoft-Windows-Sysmon,1,9,ws1,"
        '"Image: C:\\a.exe\nUser: ana"\n'
    )
    row = read(data.encode(), "sigma.csv")["Chainsaw"].to_dicts()[0]
    assert (row["TimeGenerated"], row["Computer"], row["RuleTitle"], row["EventID"]) == (
        WHEN, "ws1", "+ Odd Process", 1,
    )  # fmt: skip
    assert row["EventData"] == "Image: C:\\a.exe\nUser: ana"
    assert row["Provider"] == "Microsoft-Windows-Sysmon"


values = (
    st.none() | st.integers() | st.text(max_size=12) | st.lists(st.text(max_size=3), max_size=2)
)
bags = values | st.dictionaries(st.sampled_from(["Proc", "Image", "Type", "x", ""]), values)


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.sampled_from(list(START)), bags, max_size=8))
def test_any_detection_is_a_row_and_an_event(fields) -> None:
    record = {**START, **fields}
    tables = frames(Mapper(name="x"), [Batch("json", [1], records=[record])])
    assert tables["Hayabusa"].height == tables["WindowsEvent"].height == 1
