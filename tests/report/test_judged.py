"""What the report says of what it could not judge."""

import json
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from huntkit.cli import summary as told_by_cli
from huntkit.core.errors import Cancelled, QueryError
from huntkit.report import judged, notable, sections
from huntkit.report.document import Report
from huntkit.report.facts import gather
from huntkit.report.layouts import layouts
from huntkit.report.summary import Summary
from huntkit.report.summing import summed

Make = Callable[..., Any]


def logon_rows(when: Any, *rows: dict[str, Any]) -> pl.DataFrame:
    base = {
        "TimeGenerated": when, "DeviceName": "web1", "ActionType": "LogonFailed",
        "AccountName": "root", "RemoteIP": "203.0.113.9", "LogonType": "Network",
        "AdditionalFields": "", "_file": "auth.log",
    }  # fmt: skip
    return pl.DataFrame([{**base, "_record": n, **row} for n, row in enumerate(rows, 1)])


@pytest.fixture
def when(process_rows: Make) -> Any:
    return process_rows({})["TimeGenerated"][0]


@pytest.fixture
def cron(when: Any) -> pl.DataFrame:
    return pl.DataFrame(
        {"TimeGenerated": [when], "Computer": ["web1"], "ProcessName": ["cron"],
         "SyslogMessage": ["x"], "_file": ["syslog"], "_record": [1]}
    )  # fmt: skip


def tile(facts: Any, label: str) -> tuple[str, str, str, str]:
    return next(each for each in sections.tiles(facts) if each[0] == label)


def judgement(facts: Any, what: str) -> judged.Judgement:
    return next(each for each in judged.judgements(facts) if each.what == what)


def test_what_no_table_could_hold_is_not_judged(evidence: Make, cron: pl.DataFrame) -> None:
    facts = gather(evidence({"Text": cron}))
    assert tile(facts, "Failed logons") == ("Failed logons", "not judged", "judged", "unjudged")
    assert judged.not_judged(facts) == {
        "Alarming": "no log of alerts or system changes",
        "Notable events": "no log of alerts or system changes",
        "Risky commands": "no command lines",
        "Failed logons": "no logon records",
        "Processes": "no process starts",
        "Stands out": "nothing that can be compared",
    }
    assert tile(facts, "Encoded")[1] == tile(facts, "Indicators")[1] == "0"
    page = Report("t", facts).to_html()
    assert '<span class="lacking">no logon records</span>' in page
    assert "<span>–</span>" in page.partition("</nav>")[0]
    drawn = {each.id: each for each in sections.draw(facts)}
    assert drawn["processes"].count == drawn["notable"].count == "not judged"
    assert (
        drawn["processes"].blocks[0]["empty"] == "Not judged: no process starts in this evidence."
    )
    assert drawn["encoded"].count == "0"
    assert "Failed logons" not in str(drawn["users"].blocks)


def test_syslog_tells_of_accounts_and_without_sudo_or_cron_of_no_commands(
    evidence: Make, cron: pl.DataFrame
) -> None:
    facts = gather(evidence({"Syslog": cron}))
    assert [each.name for each in judgement(facts, "Notable events").tables] == ["Syslog"]
    assert tile(facts, "Notable events")[1] == "0"
    assert judged.not_judged(facts)["Risky commands"] == "no command lines"


@pytest.mark.parametrize(
    ("line", "shown", "why"), [("", "not judged", "no command lines"), ("ls", "0", "")]
)
def test_a_column_of_command_lines_with_nothing_in_it_is_not_judged(
    evidence: Make, when: Any, line: str, shown: str, why: str
) -> None:
    rows = logon_rows(when, {"InitiatingProcessCommandLine": line})
    facts = gather(evidence({"DeviceLogonEvents": rows}))
    assert tile(facts, "Risky commands")[1] == shown
    assert judgement(facts, "Risky commands").why_not == why
    assert judged.not_judged(facts).get("Risky commands", "") == why


def test_what_was_looked_at_and_not_found_is_a_zero(
    evidence: Make, process_rows: Make, when: Any
) -> None:
    succeeded = logon_rows(when, {"ActionType": "LogonSuccess"})
    facts = gather(
        evidence({"DeviceLogonEvents": succeeded, "DeviceProcessEvents": process_rows({})})
    )
    assert tile(facts, "Failed logons")[1:] == ("0", "notable", "")
    assert judged.not_judged(facts).keys() == {"Alarming", "Notable events"}
    found = judgement(facts, "Failed logons")
    assert ([each.name for each in found.tables], found.why_not) == (["DeviceLogonEvents"], "")


def test_lists_of_sessions_hold_no_failures(evidence: Make, when: Any) -> None:
    listed = {"ActionType": "LogonSuccess", "AdditionalFields": '{"osquery_table":"Osquery_last"}'}
    facts = gather(evidence({"DeviceLogonEvents": logon_rows(when, listed)}))
    assert judged.not_judged(facts)["Failed logons"] == "only records of logons that succeeded"
    both = logon_rows(when, listed, {"ActionType": "LogonSuccess"})
    facts = gather(evidence({"DeviceLogonEvents": both}))
    assert "Failed logons" not in judged.not_judged(facts)


def test_the_last_section_names_the_tables_of_each_detector(
    evidence: Make, process_rows: Make, cron: pl.DataFrame
) -> None:
    facts = gather(evidence({"Syslog": cron, "DeviceProcessEvents": process_rows({}, {})}))
    last = sections.draw(facts)[-1]
    assert last.id == "judged"
    rows = {row[0].text: (row[1].text, row[2].text) for row in last.blocks[0]["sheet"].rows}
    assert rows["Risky commands"] == ("DeviceProcessEvents (2), Syslog (1)", "")
    assert rows["Encoded"] == ("DeviceProcessEvents (2), Syslog (1)", "")
    assert rows["Failed logons"] == ("", "no logon records")
    assert "too few" in rows["Stands out: process starts"][1]
    judged_ones = sum(bool(on) for on, _ in rows.values())
    assert last.count == f"{judged_ones} of {len(rows)}"


def test_what_failed_is_not_judged(
    evidence: Make, when: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise QueryError("out of memory")

    monkeypatch.setattr("huntkit.report.overview.failed_logons", fail)
    facts = gather(evidence({"DeviceLogonEvents": logon_rows(when, {})}))
    assert judged.not_judged(facts)["Failed logons"] == "it failed, see the problems"


def test_what_was_not_reached_is_not_judged(
    evidence: Make, process_rows: Make, when: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise Cancelled("stopped")

    monkeypatch.setattr("huntkit.report.processes.processes", stop)
    tables = {"DeviceLogonEvents": logon_rows(when, {}), "DeviceProcessEvents": process_rows({})}
    facts = gather(evidence(tables))
    assert facts.stopped
    lacking = judged.not_judged(facts)
    assert "Failed logons" not in lacking
    why = "the work was stopped before"
    assert lacking["Processes"] == lacking["Risky commands"] == lacking["Stands out"] == why
    assert tile(facts, "Encoded")[1] == "not judged"


def test_two_logs_of_the_same_logins_are_named(
    evidence: Make, when: Any, cron: pl.DataFrame
) -> None:
    tables = {
        "DeviceLogonEvents": logon_rows(when, {}, {"_file": "audit.log"}),
        "Syslog": cron.with_columns(_file=pl.lit("auth.log")),
        "LinuxAudit": cron.with_columns(_file=pl.lit("audit.log"), _record=pl.lit(2)),
    }
    note = judgement(gather(evidence(tables)), "Failed logons").note
    assert note.startswith("logons in the audit log: 1, only in sshd's lines in syslog: 1;")
    assert "count twice" in note
    del tables["LinuxAudit"]
    assert judgement(gather(evidence(tables)), "Failed logons").note == ""


def test_the_summary_says_it_to_people_and_programs(
    evidence: Make, cron: pl.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    told = summed(gather(evidence({"Syslog": cron})))
    assert Summary.from_json(told.to_json()) == told
    plain = json.loads(json.dumps(told_by_cli.as_dict(told, seconds=1, target=None)))
    assert plain["found"]["failed_logons"] is None
    assert plain["found"]["encoded"] == 0
    assert plain["not_judged"]["Failed logons"] == "no logon records"
    from rich.console import Console

    told_by_cli.show(told, Console(width=200), seconds=1, target=None)
    assert "not judged: " in (shown := capsys.readouterr().out)
    assert "failed logons (no logon records)" in shown


@pytest.mark.parametrize(
    ("note", "actions", "tone"),
    [
        ("SSH::Password_Guessing", '["Notice::ACTION_LOG"]', "warn"),
        ("SSH::Login_By_Password_Guesser", "", "alarm"),
        ("SSL::Invalid_Server_Cert", '["Notice::ACTION_LOG"]', "plain"),
        ("SSL::Invalid_Server_Cert", '["Notice::ACTION_LOG","Notice::ACTION_ALARM"]', "alarm"),
        ("CaptureLoss::Too_Much_Loss", "", "plain"),
        ("Site::Own_Finding", "", "warn"),
    ],
)
def test_zeek_notices_are_notable(
    evidence: Make, when: Any, note: str, actions: str, tone: str
) -> None:
    rows = pl.DataFrame(
        {"TimeGenerated": [when], "note": [note], "msg": ["seen"], "src": ["203.0.113.9"],
         "actions": [actions], "_file": ["notice.log"], "_record": [7]}
    )  # fmt: skip
    given = evidence({"Zeek_notice": rows})
    found = notable.notable(given, layouts(given))
    assert found.select("Kind", "Name", "Tone", "Detail", "_record").rows() == [
        ("Zeek notice", note, tone, f"{note}; seen; from 203.0.113.9", 7)
    ]
    bare = evidence({"Zeek_notice": rows.select("TimeGenerated", "note", "_file", "_record")})
    assert notable.notable(bare, layouts(bare))["Detail"].to_list() == [note]
