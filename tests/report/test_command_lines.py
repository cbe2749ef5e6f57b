"""Which texts of the evidence are judged as command lines."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from huntkit.report.command_lines import command_lines
from huntkit.report.layouts import layouts

WHEN = datetime(2026, 3, 3, 9, 12, 31, tzinfo=UTC)
Make = Callable[..., Any]
CONTEXT = (
    "        {severity} = Informational\r\n        {name} = ConsoleHost\r\n"
    "        {id} = 39315e7d-5bea-48aa-8ea8-21c983c954a8\r\n"
    "        {application} = C:\\ps\\powershell.exe -w 1 -enc ZABpAHIA\r\n"
    "        Engine = 5.1\r\n        Runspace ID = 2f526b39-34e5-4958-8786-a61c85685778\r\n"
    "        Pipeline ID = 1\r\n"
)
ENGLISH = {
    "severity": "Severity",
    "name": "Host Name",
    "id": "Host ID",
    "application": "Host Application",
}
GERMAN = {
    "severity": "Schweregrad",
    "name": "Hostname",
    "id": "Host-ID",
    "application": "Hostanwendung",
}


def rows(*given: dict[str, Any]) -> pl.DataFrame:
    base = {"TimeGenerated": WHEN, "DeviceName": "ws1", "_file": "a.evtx", "_record": 1}
    return pl.DataFrame([{**base, **row} for row in given]).with_columns(
        pl.col("TimeGenerated").dt.cast_time_unit("us")
    )


def texts(evidence: Make, **tables: pl.DataFrame) -> list[str]:
    made = evidence(tables)
    return command_lines(made, layouts(made))["text"].to_list()


@pytest.mark.parametrize("words", [ENGLISH, GERMAN])
def test_a_script_block_and_a_command_with_its_host_application(
    evidence: Make, words: dict[str, str]
) -> None:
    context = json.dumps({"ContextInfo": CONTEXT.format(**words)})
    events = rows(
        {
            "ActionType": "PowerShellCommand",
            "ProcessCommandLine": "IEX $x",
            "InitiatingProcessCommandLine": "",
            "AdditionalFields": '{"ScriptBlockId":"b"}',
        },
        {
            "ActionType": "PowerShellCommand",
            "ProcessCommandLine": 'CommandInvocation(Set-Item): "Set-Item"',
            "InitiatingProcessCommandLine": "",
            "AdditionalFields": context,
            "_record": 2,
        },
    )
    assert set(texts(evidence, DeviceEvents=events)) == {
        "IEX $x",
        'CommandInvocation(Set-Item): "Set-Item"',
        "C:\\ps\\powershell.exe -w 1 -enc ZABpAHIA",
    }


def test_events_that_no_other_table_holds_are_read_from_their_data(evidence: Make) -> None:
    def event(record: int, data: str) -> dict[str, Any]:
        return {"EventID": 4104, "EventData": data, "_record": record}

    whole = rows(
        event(1, '{"CommandLine":"held elsewhere"}'),
        event(2, '{"ScriptBlockText":"IEX $y"}'),
        event(3, '{"Payload":"cut off'),
        event(4, json.dumps({"Payload": "p", "ContextInfo": CONTEXT.format(**ENGLISH)})),
    )
    started = rows({"ProcessCommandLine": "whoami.exe"})
    assert set(texts(evidence, WindowsEvent=whole, DeviceProcessEvents=started)) == {
        "whoami.exe",
        "IEX $y",
        "p",
        "C:\\ps\\powershell.exe -w 1 -enc ZABpAHIA",
    }


def test_classic_events_name_their_host_application(evidence: Make) -> None:
    said = (
        'HostName=ConsoleHost\r\n\tHostApplication=C:\\ps\\new\\p.exe -c "id"\r\n\tEngineVersion=5'
    )
    whole = rows(
        {"EventData": json.dumps({"Data": ["Registry", said]}), "RenderedDescription": ""},
        {"EventData": "null", "RenderedDescription": said.replace("new", "old"), "_record": 2},
    )
    assert set(texts(evidence, WindowsEvent=whole)) == {
        'C:\\ps\\new\\p.exe -c "id"',
        'C:\\ps\\old\\p.exe -c "id"',
    }


def test_a_text_is_there_once_with_its_rows_and_first_places(evidence: Make) -> None:
    started = rows(*({"ProcessCommandLine": "id", "_record": n} for n in range(9, 0, -1)))
    made = evidence({"DeviceProcessEvents": started})
    [row] = command_lines(made, layouts(made)).to_dicts()
    assert (row["text"], row["Mentions"], row["_record"]) == ("id", 9, 1)
    assert [place["_record"] for place in row["Places"]] == [1, 2, 3]


def test_all_hosts_and_accounts_of_a_text_are_told_and_the_start_is_cited(evidence: Make) -> None:
    line = "C:\\w\\wsmprovhost.exe -Embedding"

    def start(host: str, user: str, record: int, minutes: int) -> dict[str, Any]:
        return {"ProcessCommandLine": line, "DeviceName": host, "AccountName": user,
                "InitiatingProcessCommandLine": "", "InitiatingProcessAccountName": "WS$",
                "TimeGenerated": WHEN + timedelta(minutes=minutes), "_record": record}  # fmt: skip

    above = {"InitiatingProcessCommandLine": line, "InitiatingProcessAccountName": "al"}
    child = {**start("ws1", "child", 9, 0), "ProcessCommandLine": "id", **above}
    started = rows(start("ws2", "bo", 3, 4), start("ws1", "al", 2, 3), child)
    said = f"HostName=a\r\n\tHostApplication={line}\r\n"
    logged = rows(
        {"Computer": "WS1.a.example", "EventData": "", "RenderedDescription": said,
         "TimeGenerated": WHEN - timedelta(minutes=1), "_record": 7},
        {"Computer": "dc", "EventData": "", "RenderedDescription": said, "_record": 8,
         "TimeGenerated": WHEN + timedelta(hours=1)},
    ).drop("DeviceName")  # fmt: skip
    made = evidence({"WindowsEvent": logged, "DeviceProcessEvents": started})
    found = command_lines(made, layouts(made)).filter(text=line).to_dicts()
    assert len(found) == 1
    [row] = found
    cited = ("Table", "_record", "Host", "User", "Mentions")
    assert [row[name] for name in cited] == ["DeviceProcessEvents", 2, "ws1", "al", 3]
    assert row["Hosts"] == ["WS1.a.example", "ws2", "dc"]
    assert row["Users"] == ["al", "bo"]
    assert row["First"] == WHEN - timedelta(minutes=1)
    assert row["Last"] == WHEN + timedelta(hours=1)
    assert ("ws2", "bo") in [(each["Host"], each["User"]) for each in row["Seen"]]


def test_a_bound_is_said_and_takes_the_first(evidence: Make) -> None:
    lines = [{"ProcessCommandLine": f"run {n}", "_record": n} for n in range(1, 10)]
    made = evidence({"DeviceProcessEvents": rows(*lines)})
    problems: list[str] = []
    found = command_lines(made, layouts(made), most=4, problems=problems)
    assert found["text"].to_list() == ["run 1", "run 2", "run 3", "run 4"]
    assert problems == [
        "risky command lines: only the first 4 different ones of DeviceProcessEvents were judged"
    ]
    command_lines(made, layouts(made), most=10, problems=problems)
    assert len(problems) == 1


def test_evidence_without_command_lines_gives_the_columns(evidence: Make) -> None:
    made = evidence({"Other": rows({"a": "b"})})
    found = command_lines(made, layouts(made))
    assert found.height == 0
    assert "Places" in found.columns
