"""Guessed passwords: told in one line, from where, by whom and why, each try once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from huntkit.report import gist, report
from huntkit.report.facts import Facts, gather

BEGIN = datetime(2026, 3, 3, 8, tzinfo=UTC)
Make = Callable[..., Any]


def failures(*rows: tuple[float, str], **more: Any) -> pl.DataFrame:
    """Rows of 4625 as they are mapped: no address, but a workstation, a program and an account."""
    every = {"RemoteIP": "", "RemoteDeviceName": "WS05", "InitiatingProcessFileName": "spray.exe",
             "InitiatingProcessAccountName": "eve", "ActionType": "LogonFailed",
             "LogonType": "Interactive", "DeviceName": "ws05.example", "_file": "ws05.json",
             "FailureReason": "InvalidUserNameOrPassword",
             "AdditionalFields": '{"Status":"0xc000006d","SubStatus":"0xC000006A"}'}  # fmt: skip
    return frame(rows, "AccountName", {**every, **more})


def checked(*rows: tuple[float, str], **more: Any) -> pl.DataFrame:
    """Rows of 4776 on the domain controller."""
    every = {"EventID": 4776, "Workstation": "WS05", "Status": "0xc000006a", "_file": "dc.json",
             "Computer": "dc.example"}  # fmt: skip
    return frame(rows, "TargetUserName", {**every, **more})


def frame(rows: tuple[tuple[float, str], ...], who: str, every: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"TimeGenerated": BEGIN + timedelta(seconds=when), who: name, "_record": n, **every}
            for n, (when, name) in enumerate(rows, 1)
        ]
    ).with_columns(pl.col("TimeGenerated").dt.cast_time_unit("us"))


def bursts(facts: Facts) -> list[Any]:
    kinds = ("Password spraying", "Password guessing", "Failed logons")
    return [each for each in facts.standouts.findings if each.kind in kinds]


SEVEN = tuple((0.0, f"user{n}") for n in range(7))


def test_a_spray_in_one_second_is_one_line_with_its_program_and_reason(evidence: Make) -> None:
    given = {"DeviceLogonEvents": failures(*SEVEN), "SecurityEvent": checked(*SEVEN)}
    made = report(evidence(given))
    [spray] = bursts(made.facts)
    assert spray.kind == "Password spraying"
    assert spray.what == (
        "7 accounts, 1 failure each, from WS05 within 1 s by spray.exe as eve: "
        "user0, user1, user2, user3, user4 and 2 more"
    )
    assert "T1110.003" in spray.reason
    assert "wrong password (7)" in spray.reason
    assert "the domain controller tells of them too, in 7 events" in spray.reason
    assert (spray.rows, spray.places[0]) == (7, ("ws05.json", 1))
    assert not any("not judged" in note for note in made.facts.standouts.notes)
    told = made.facts.failed_logons
    assert told["Failures"].sum() == 7  # not 14: both logs tell of the same tries
    assert told.select("Source", "Program", "Caller", "Reason").unique().rows() == [
        ("WS05", "spray.exe", "eve", "wrong password")
    ]
    [row] = gist.gist(made.facts).to_dicts()
    assert row["Worst"].startswith("Password spraying: 7 accounts")
    assert row["Also"] == ["Failed logons (7)"]


def test_one_account_that_fails_ten_times_in_a_minute_is_guessed(evidence: Make) -> None:
    tries = [(n * 2.0, "bo") for n in range(12)]
    [guess] = bursts(gather(evidence({"DeviceLogonEvents": failures(*tries, RemoteIP="10.0.0.9")})))
    assert guess.kind == "Password guessing"
    assert guess.what == "1 account, 12 failures, from 10.0.0.9 within 22 s by spray.exe as eve: bo"
    assert "T1110.001" in guess.reason


@pytest.mark.parametrize(
    "tries",
    [
        [(n * 240.0, f"user{n}") for n in range(7)],  # seven people in half an hour
        [(n * 5.0, "bo") for n in range(6)],  # one who forgot the password
    ],
)
def test_typing_errors_are_no_guessing(evidence: Make, tries: list[tuple[float, str]]) -> None:
    assert bursts(gather(evidence({"DeviceLogonEvents": failures(*tries)}))) == []


def test_what_only_the_domain_controller_tells_counts_and_is_said(evidence: Make) -> None:
    known = failures((500.0, "al"), (9000.0, "al"))
    told = checked(*SEVEN, (500.0, "AL"), (9100.0, "al"), (9200.0, "bo"))
    zero = checked((1.0, "ok"), Status="0x0", _file="ok.json")  # a logon that succeeded
    given = {"DeviceLogonEvents": known, "SecurityEvent": pl.concat([told, zero])}
    facts = gather(evidence(given))
    [spray] = bursts(facts)
    # One failure eight minutes later makes the seven in one second no slower.
    assert spray.what.startswith("8 accounts, 1 failure each, from WS05 within 8 min: user0")
    assert "T1110.003" in spray.reason
    assert "7 told by the domain controller alone" in spray.reason
    # Two of the host, seven sprayed, and two that no host tells of within 5 seconds.
    assert facts.failed_logons["Failures"].sum() == 2 + 7 + 2
    alone = facts.failed_logons.filter(pl.col("Account") == "bo")["Reason"].item()
    assert alone == "wrong password (told by the domain controller)"


@pytest.mark.parametrize(
    ("sub", "status", "word", "told"),
    [
        ("0xC0000064", "0xC000006D", "UnknownUser", "no such account"),
        ("0x0", "0xC0000234", "AccountLocked", "account locked"),
        ("0xc0000072", "0xc000006e", "AccountDisabled", "account disabled"),
        ("0xc0000193", "0xc000006e", "AccountExpired", "account expired"),
        ("0xdeadbeef", "0x1", "0xdeadbeef", "0xdeadbeef"),  # shown as it is
        ("", "", "AccountLocked", "account locked"),  # as Defender writes it
    ],
)
def test_reasons_are_told_in_words(
    evidence: Make, sub: str, status: str, word: str, told: str
) -> None:
    bag = f'{{"Status":"{status}","SubStatus":"{sub}"}}'
    rows = failures((0.0, "al"), FailureReason=word, AdditionalFields=bag)
    facts = gather(evidence({"DeviceLogonEvents": rows}))
    assert facts.failed_logons["Reason"].to_list() == [told]


@pytest.mark.parametrize("bag", ["{not json", "", "[1]", None, "'; DROP"])
def test_fields_that_are_no_json_do_no_harm(evidence: Make, bag: str | None) -> None:
    rows = failures(*SEVEN, AdditionalFields=bag, RemoteDeviceName="\\\\WS05")
    if bag is None:
        rows = rows.with_columns(AdditionalFields=pl.lit(None, pl.String))
    facts = gather(evidence({"DeviceLogonEvents": rows}))
    assert facts.failed_logons["Reason"].unique().to_list() == ["wrong name or password"]
    assert facts.failed_logons["Source"].unique().to_list() == ["WS05"]
    assert len(bursts(facts)) == 1


def test_the_axis_of_activity_ends_with_the_last_event(evidence: Make) -> None:
    rows = failures(*((n * 1.0, "al") for n in range(55)))
    activity = gather(evidence({"DeviceLogonEvents": rows})).activity
    assert activity is not None
    assert activity.step == timedelta(seconds=1)
    assert [counts for _, _, counts in activity.tables] == [[1] * 55]
