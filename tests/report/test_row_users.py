"""Whose a PowerShell record is, by its own text."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from huntkit.report.command_lines import command_lines
from huntkit.report.layouts import layouts
from huntkit.report.overview import overview
from huntkit.report.texts import distinct_texts

WHEN = datetime(2026, 3, 3, 9, 12, 31, tzinfo=UTC)
Make = Callable[..., Any]
GUID = "1c1cb5c9-d305-49c1-9d7f-e864a6237819"
LINE = "C:\\new\\powershell.exe -enc ZABpAHIAIABjADoAXAA="


def detail(user: str, command: str = "id") -> str:
    return (
        f"Pipeline execution details for command line: {command}. \r\n\r\nContext Information: "
        f"\r\n\tSequenceNumber=1\r\n\r\n\tUserId={user}\r\n\tHostName=ConsoleHost"
        f"\r\n\tHostVersion=5.1\r\n\tHostId={GUID}\r\n\tHostApplication={LINE}\r\n\tEngineVersion=5"
    )


def context(user: str, words: tuple[str, str, str, str]) -> str:
    application, number, account, other = words
    return (
        f"        X = ConsoleHost\r\n        Y = {GUID}\r\n        {application} = {LINE}\r\n"
        f"        {number} = 22\r\n        {account} = {user}\r\n        {other} = \r\n"
        "        Shell = Microsoft.PowerShell\r\n"
    )


ENGLISH = ("Host Application", "Sequence Number", "User", "Connected User")
GERMAN = ("Hostanwendung", "Sequenznummer", "Benutzer", "Verbundener Benutzer")


def event(**more: Any) -> dict[str, pl.DataFrame]:
    base = {"TimeGenerated": WHEN, "Computer": "ws1", "_file": "a.evtx", "_record": 1,
            "Provider": "PowerShell", "EventData": "", "RenderedDescription": "",
            "SystemUserId": ""}  # fmt: skip
    frame = pl.DataFrame([{**base, **more}])
    return {"WindowsEvent": frame.with_columns(pl.col("TimeGenerated").dt.cast_time_unit("us"))}


def users(evidence: Make, tables: dict[str, pl.DataFrame]) -> set[str]:
    """The accounts that the views of command lines and of encoded texts tell."""
    made = evidence(tables)
    given = layouts(made)
    lines = command_lines(made, given)["User"].to_list()
    return {*lines, *distinct_texts(made, given, [])["user"].to_list()}


@pytest.mark.parametrize("place", ["text", "data"])
def test_the_classic_log_names_it_in_its_detail(evidence: Make, place: str) -> None:
    said = detail("NEST\\al")
    given = {"RenderedDescription": said} if place == "text" else {"EventData": json.dumps(
        {"Data": ["id", said]})}  # fmt: skip
    assert users(evidence, event(**given)) == {"NEST\\al"}


@pytest.mark.parametrize("words", [ENGLISH, GERMAN])
def test_a_command_names_it_in_its_context_in_every_language(
    evidence: Make, words: tuple[str, str, str, str]
) -> None:
    given = json.dumps({"ContextInfo": context("NEST\\al", words), "Payload": "p.example"})
    assert users(evidence, event(EventData=given, SystemUserId="S-1-5-18")) == {"NEST\\al"}


def test_a_script_has_the_sid_of_its_record(evidence: Make) -> None:
    given = {"EventData": '{"ScriptBlockText":"iex www.example"}', "SystemUserId": "S-1-5-21-1-2"}
    assert users(evidence, event(**given, Provider="Microsoft-Windows-PowerShell")) == {
        "S-1-5-21-1-2"
    }
    assert users(evidence, event(**given, Provider="Other")) == {""}
    given["SystemUserId"] = "S-1-5-18"
    found = users(evidence, event(**given, Provider="Microsoft-Windows-PowerShell"))
    assert found == {"SYSTEM"}


def test_what_a_command_prints_is_no_account(evidence: Make) -> None:
    fake = detail("NEST\\victim")
    assert users(evidence, event(RenderedDescription=detail("NEST\\al", fake))) == {""}
    loose = detail("NEST\\al", "\r\n\tUserId=NEST\\victim\r\n")
    assert users(evidence, event(RenderedDescription=loose)) == {"NEST\\al"}


def test_a_script_of_the_device_tables_has_the_sid_of_its_whole_record(evidence: Make) -> None:
    base = {"TimeGenerated": WHEN, "DeviceName": "ws1", "InitiatingProcessAccountName": "",
            "ActionType": "PowerShellCommand", "ProcessCommandLine": "iex www.example",
            "_file": "a.evtx", "_record": 1}  # fmt: skip
    rows = pl.DataFrame([base, {**base, "ActionType": "Other", "ProcessCommandLine": "run.example",
                                "_record": 2}])  # fmt: skip
    events = rows.with_columns(pl.col("TimeGenerated").dt.cast_time_unit("us"))
    [whole] = event(SystemUserId="S-1-5-21-1-2").values()
    assert users(evidence, {"DeviceEvents": events, "WindowsEvent": whole}) == {"S-1-5-21-1-2", ""}
    assert users(evidence, {"DeviceEvents": events}) == {""}


def cloud(file: str, **columns: list[str | None]) -> pl.DataFrame:
    count = len(next(iter(columns.values())))
    return pl.DataFrame(
        {"TimeGenerated": [WHEN] * count, "OperationName": ["Add user"] * count, **columns,
         "_file": [file] * count, "_record": list(range(count))}
    )  # fmt: skip


def test_people_of_audit_logs_of_entra_and_azure_are_users(evidence: Make) -> None:
    user = {"user": {"id": "1", "userPrincipalName": "al@example.org", "displayName": "Al"}}
    named = {"user": {"id": "1", "userPrincipalName": None, "displayName": "Bo"}}
    given = evidence(
        {
            "AuditLogs": cloud(
                "a.json",
                InitiatedBy=[
                    *map(json.dumps, (user, named, {"app": {"displayName": "Sync"}})),
                    "{oops", "", None, "[]",
                ],
                Identity=["Al", "", None, "cy", None, "", ""],
            ),
            "AzureActivity": cloud("b.json", Caller=["al@example.org", "di@example.org"]),
            "OfficeActivity": cloud("c.json", UserId=["al@example.org", "ed@example.org"]),
        }
    )  # fmt: skip
    users = overview(given, layouts(given)).users
    assert sorted(users.select("User", "Records", "Tables").rows()) == [
        ("Bo", 1, 1),
        ("Sync", 1, 1),
        ("al@example.org", 3, 3),
        ("cy", 1, 1),
        ("di@example.org", 1, 1),
        ("ed@example.org", 1, 1),
    ]


def test_an_object_of_entra_is_never_a_name(evidence: Make) -> None:
    given = evidence({"AuditLogs": cloud("a.json", InitiatedBy=["{}", "plain", None])})
    assert overview(given, layouts(given)).users.height == 0
