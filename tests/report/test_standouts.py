"""What stands out: found, explained, bounded, and honest about what was not judged."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from huntkit.cli import summary as told_by_cli
from huntkit.core.errors import QueryError
from huntkit.report import odd_calls, odd_starts, report
from huntkit.report.calls import calls, tables_of_calls
from huntkit.report.facts import Facts, gather
from huntkit.report.finding import Finding, Look
from huntkit.report.layouts import layouts
from huntkit.report.logons import Logons
from huntkit.report.standouts import standouts
from huntkit.report.summary import Summary
from huntkit.report.summing import summed

BEGIN = datetime(2026, 3, 3, 8, tzinfo=UTC)
Make = Callable[..., Any]


def timed(rows: list[dict[str, Any]], **every: Any) -> pl.DataFrame:
    base = {"_file": "c/x.log", **every}
    full = [{**base, "_record": number, **row} for number, row in enumerate(rows, 1)]
    return pl.DataFrame(full).with_columns(pl.col("TimeGenerated").dt.cast_time_unit("us"))


def connections(seconds: list[float], target: str = "198.51.100.9", **more: Any) -> pl.DataFrame:
    rows = [{"TimeGenerated": BEGIN + timedelta(seconds=s)} for s in seconds]
    ends = {"SourceIP": "10.0.0.5", "DestinationIP": target, "SentBytes": 100}
    return timed(rows, **{**ends, **more})


def found(facts: Facts, kind: str) -> list[Any]:
    return [each for each in facts.standouts.findings if each.kind == kind]


def irregular(count: int, span: float = 3600) -> list[float]:
    return sorted(n * n * 7919 % (span * 1000) / 1000 for n in range(count))


def test_a_beacon_is_told_with_its_rows_and_its_picture(evidence: Make) -> None:
    beats = connections([60 * n for n in range(50)])
    noise = connections(irregular(50), "198.51.100.77", _file="c/y.log")
    [beacon] = found(gather(evidence({"NetworkSession": pl.concat([beats, noise])})), "Beacon")
    assert beacon.what == "10.0.0.5 → 198.51.100.9"
    assert beacon.rows == 50
    assert beacon.places[0] == ("c/x.log", 1)
    assert "every 60.0 s" in beacon.reason
    assert len(beacon.strip.moments) == 50


def test_a_connection_that_two_tables_tell_of_is_one(evidence: Make) -> None:
    """The second log's clock is three seconds behind, and it began later and ended later."""
    first = connections([60 * n for n in range(50)])
    second = connections([60 * n + 3 for n in range(10, 70)], _file="c/z.log")
    given = evidence({"Zeek_conn": first, "Flows": second})
    told = calls(given, tables_of_calls(layouts(given)))
    # The longer one counts from 10:03 on; more than a minute before that, the other one.
    assert told.rows.height == 60 + 10
    assert told.told_again == 40
    assert told.rows["_file"].value_counts().sort("count")["count"].to_list() == [10, 60]
    [beacon] = found(gather(given), "Beacon")
    assert beacon.rows == 70


def test_the_same_address_in_two_spellings_is_one(evidence: Make) -> None:
    short = connections([60 * n for n in range(20)], "2001:db8::7")
    long = connections([60 * n for n in range(15)], "2001:0db8:0:0:0:0:0:7")
    given = evidence({"Zeek_conn": short, "Flows": long})
    told = calls(given, tables_of_calls(layouts(given)))
    assert (told.rows.height, told.told_again) == (20, 15)


def test_far_more_bytes_than_others_sent(evidence: Make) -> None:
    parts = [connections(irregular(3), f"198.51.100.{n}", SentBytes=900 + n) for n in range(12)]
    parts.append(connections([1800], "203.0.113.9", SentBytes=400_000_000))
    [sent] = found(gather(evidence({"NetworkSession": pl.concat(parts)})), "Bytes sent")
    assert sent.what == "10.0.0.5 → 203.0.113.9: 400 MB"
    assert sent.reason.startswith("more than 99 % of all bytes, in 1 connection; the median of 13")


def test_loopback_and_multicast_are_no_beacons(evidence: Make) -> None:
    rows = [connections([60 * n for n in range(50)], each) for each in ("127.0.0.1", "239.1.1.1")]
    facts = gather(evidence({"NetworkSession": pl.concat(rows)}))
    assert found(facts, "Beacon") == []


def test_an_unusual_start(evidence: Make, process_rows: Make) -> None:
    system = "C:\\Windows\\System32\\"
    rows = process_rows(
        *(
            {
                "InitiatingProcessFolderPath": system + "services.exe",
                "FolderPath": system + "svchost.exe",
                "FileName": "svchost.exe",
                "ProcessCommandLine": "svchost -k a",
                "ProcessId": n,
                "_record": n,
            }
            for n in range(10, 80)
        ),
        {
            "InitiatingProcessFolderPath": "C:\\Users\\al\\cv.pdf.exe",
            "FolderPath": system + "cmd.exe",
            "FileName": "cmd.exe",
            "ProcessCommandLine": "cmd /c whoami",
            "ProcessId": 99,
            "_record": 99,
        },
    )
    facts = gather(evidence({"DeviceProcessEvents": rows}))
    [start] = found(facts, "Process start")
    assert (start.what, start.code) == ("cv.pdf.exe → cmd.exe", "cmd /c whoami")
    assert (start.host, start.rows, start.places) == ("ws01.example", 1, (("a.json", 99),))
    few = gather(evidence({"DeviceProcessEvents": rows.head(20)}))
    assert few.standouts.findings == []
    assert any("20 process starts are too few" in note for note in few.standouts.notes)


def test_of_few_starts_the_odd_one_is_named_and_nothing_else_is_called_clean(
    evidence: Make, process_rows: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    system = "C:\\Windows\\System32\\"
    usual = [
        {"InitiatingProcessFolderPath": system + "services.exe", "ProcessId": n, "_record": n,
         "FolderPath": system + "svchost.exe", "FileName": "svchost.exe",
         "ProcessCommandLine": "svchost -k a"}
        for n in range(10, 33)
    ]  # fmt: skip
    odd = {"InitiatingProcessFolderPath": system + "cmd.exe", "FileName": "tool.exe",
           "FolderPath": "C:\\Users\\al\\Downloads\\tool.exe", "ProcessCommandLine": "tool.exe /t",
           "ProcessId": 99, "_record": 99}  # fmt: skip
    made = report(evidence({"DeviceProcessEvents": process_rows(*usual, odd)}))
    [start] = found(made.facts, "Process start")
    assert (start.what, start.factor_reason) == ("cmd.exe → tool.exe", "few starts")
    assert start.weight < 1  # not among what a report begins with
    assert start.reason.endswith("; of 24 starts only")
    assert any("huntkit rare" in note for note in made.facts.standouts.notes)
    page = report(evidence({"DeviceProcessEvents": process_rows(*usual)})).to_html()
    assert "Nothing stands out by these counts." not in page
    assert "huntkit rare ranks them" in page
    told = summed(made.facts)
    assert Summary.from_json(told.to_json()) == told
    told_by_cli.show(told, Console(width=400), seconds=1, target=None)
    shown = capsys.readouterr().out
    assert "not judged, of what stands out: 24 process starts are too few" in shown


def test_a_start_that_stands_for_several_programs_and_hosts_says_so(
    evidence: Make, process_rows: Make
) -> None:
    """Programs of one folder that users can write to are told of together."""
    system = "C:\\Windows\\System32\\"
    usual = [
        {"InitiatingProcessFolderPath": system + "services.exe", "ProcessCommandLine": "svchost",
         "FolderPath": system + "svchost.exe", "FileName": "svchost.exe", "ProcessId": n,
         "DeviceName": f"ws{n % 4}"}
        for n in range(10, 90)
    ]  # fmt: skip
    tools = [
        {"InitiatingProcessFolderPath": system + "cmd.exe", "ProcessCommandLine": name,
         "FolderPath": f"C:\\Users\\Public\\{name}", "FileName": name, "ProcessId": 100 + n,
         "DeviceName": f"ws{n % 2}"}
        for n, name in enumerate(("lsass.exe", "a.exe", "b.exe"))
    ]  # fmt: skip
    facts = gather(evidence({"DeviceProcessEvents": process_rows(*usual, *tools)}))
    [start] = found(facts, "Process start")
    assert start.what == "cmd.exe → lsass.exe and 2 more of its folder"
    assert start.rows == 3
    assert start.host == "ws0 and 1 more"


def logons(*rows: tuple[float, str, str, str]) -> pl.DataFrame:
    return timed(
        [
            {
                "TimeGenerated": BEGIN + timedelta(seconds=when),
                "AccountName": account,
                "RemoteIP": source,
                "ActionType": action,
            }
            for when, account, source, action in rows
        ],
        DeviceName="dc.example",
        LogonType="Network",
    )


def test_failures_in_a_burst_and_a_logon_from_an_unusual_place(evidence: Make) -> None:
    usual = [(n * 60.0, name, ip, "LogonSuccess") for n in range(80)
             for name, ip in (("al", "10.0.0.1"), ("bo", "10.0.0.2"))]  # fmt: skip
    mistyped = [(n * 900.0, "al", "10.0.0.1", "LogonFailed") for n in range(4)]
    spray = [(2000.0 + n, f"user{n % 5}", "10.0.0.2", "LogonFailed") for n in range(15)]
    guessed = [(2016.0, "al", "10.0.0.2", "LogonSuccess")]
    facts = gather(evidence({"DeviceLogonEvents": logons(*usual, *mistyped, *spray, *guessed)}))
    [burst] = found(facts, "Password spraying")
    assert burst.what == (
        "5 accounts, 3 failures each, from 10.0.0.2 within 14 s: user0, user1, user2, user3, user4"
    )
    assert burst.reason.startswith("15 of 19 failures; at the rate of the others")
    assert burst.rows == 15
    [logon] = found(facts, "Logon")
    assert logon.what == "al from 10.0.0.2 to dc"
    assert logon.reason == "1 of 81 logons of al, and of 81 from 10.0.0.2 to dc; 161 in all"
    assert len(logon.places) == 1
    later = (5000.0, "al", "10.0.0.2", "LogonFailed")
    rows = logons(*usual, *mistyped, *spray, *guessed, later)
    [logon] = found(gather(evidence({"DeviceLogonEvents": rows})), "Logon")
    assert logon.reason.endswith("to dc; 161 in all; 1 more of these failed")
    assert (logon.rows, logon.factor_reason) == (2, "with failures")  # not said to come before


def test_failed_logons_that_are_not_judged_are_counted_and_said(
    evidence: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    burst = [(n * 1.0, f"u{n % 5}", "10.0.0.2", "LogonFailed") for n in range(20)]
    local = [(n * 600.0, "al", "-", "LogonFailed") for n in range(7)]
    rows = logons(*burst, *local, (9000.0, "al", "10.0.0.1", "LogonSuccess"))
    facts = gather(evidence({"DeviceLogonEvents": rows}))
    assert facts.standouts.looked_at == ["1 logon of people, 27 failed (1 burst)"]
    assert any(
        "7 of 27 failed logons are not judged: 7 name no source" in note
        for note in facts.standouts.notes
    )
    monkeypatch.setattr("huntkit.report.odd_logons.MOST_FAILURES", 15)
    facts = gather(evidence({"DeviceLogonEvents": rows}))
    left = "13 of 27 failed logons are not judged: 7 name no source, no more than the first 15"
    assert any(left in note for note in facts.standouts.notes)


def test_a_session_in_which_rare_things_were_done(evidence: Make) -> None:
    usual = [
        {"TimeGenerated": BEGIN + timedelta(minutes=n), "UserId": f"u{n % 5}", "Operation": "Get"}
        for n in range(200)
    ]
    odd = [
        {"TimeGenerated": BEGIN + timedelta(minutes=50), "UserId": "", "Operation": "New-Rule"},
        {"TimeGenerated": BEGIN + timedelta(minutes=51), "UserId": "", "Operation": "Get"},
    ]
    table = timed([*usual, *odd], ClientIP="10.0.0.9", ResultStatus="True")
    [session] = found(gather(evidence({"OfficeActivity": table})), "Session")
    assert session.what == "nobody named from 10.0.0.9: 2 events of OfficeActivity"
    assert session.code == "New-Rule, Get"
    assert session.reason.startswith("'New-Rule': 1 of 202 events")
    assert session.places[0] == ("c/x.log", 201)


def test_a_peak_is_one_finding_with_its_bars_marked(evidence: Make) -> None:
    rows = [{"TimeGenerated": BEGIN + timedelta(seconds=30 * n)} for n in range(240)]
    rows += [{"TimeGenerated": BEGIN + timedelta(minutes=40, seconds=n / 9)} for n in range(900)]
    [peak] = found(gather(evidence({"Syslog": timed(rows, Computer="a")})), "Amount")
    assert peak.what.startswith("Peak at 2026-03-03 08:4")
    assert {peak.strip.values[n] for n in peak.strip.marked} >= {max(peak.strip.values)}


def test_a_peak_of_all_records_stands_behind_what_names_a_host_or_an_address(
    evidence: Make,
) -> None:
    rows = [{"TimeGenerated": BEGIN + timedelta(seconds=30 * n)} for n in range(240)]
    rows += [{"TimeGenerated": BEGIN + timedelta(minutes=40, seconds=n / 9)} for n in range(900)]
    facts = gather(
        evidence(
            {
                "Syslog": timed(rows, Computer="a"),
                "NetworkSession": connections([60 * n for n in range(50)]),
            }
        )
    )
    [peak] = found(facts, "Amount")
    assert [each.kind for each in facts.standouts.findings][-1] == "Amount"
    assert (peak.factor, peak.factor_reason) == (0.5, "it names no host, account or address")


def test_a_look_that_fails_is_named_and_the_others_stand(
    evidence: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise QueryError("the engine is tired")

    monkeypatch.setattr("huntkit.report.odd_logons.look", fail)
    made = report(evidence({"NetworkSession": connections([60 * n for n in range(50)])}))
    assert found(made.facts, "Beacon")
    assert made.facts.partial
    assert made.facts.failed == ["what stands out"]
    page = made.to_html()
    assert page.count("logons: the engine is tired") == 2  # in the banner, and in its section


def test_more_connections_than_are_looked_at_are_not_judged_and_said(
    evidence: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huntkit.report.odd_calls.MOST_ROWS", 49)
    facts = gather(evidence({"NetworkSession": connections([60 * n for n in range(50)])}))
    assert found(facts, "Beacon") == []
    assert any("50 rows are more than" in note for note in facts.standouts.notes)
    assert (
        "50 rows are more than"
        in report(evidence({"NetworkSession": connections([60 * n for n in range(50)])})).to_html()
    )


def test_many_findings_are_cut_and_the_page_says_so(evidence: Make) -> None:
    parts = [connections([60 * n for n in range(30)], f"198.51.100.{n}") for n in range(20)]
    page = report(evidence({"NetworkSession": pl.concat(parts)})).to_html()
    section = page[page.index('<section id="standouts"') :]
    section = section[: section.index("</section>")]
    assert "20 at a beat" in section
    assert section.count("<article") == 8


def test_hostile_names_stay_text(evidence: Make) -> None:
    bad = "<img src=x onerror=alert(1)>\x1b[31m\u202e"
    table = timed(
        [
            {"TimeGenerated": BEGIN + timedelta(minutes=n), "UserId": bad,
             "Operation": bad if n == 90 else "Get", "ClientIP": f"{bad}{n // 40}"}
            for n in range(200)
        ],
        _file=bad,
    )  # fmt: skip
    page = report(evidence({"OfficeActivity": table})).to_html()
    assert "<article" in page
    assert "<img src=x" not in page
    assert not any(sign in page for sign in ("\x1b", "\u202e"))


def test_the_findings_are_a_frame(evidence: Make) -> None:
    facts = gather(evidence({"NetworkSession": connections([60 * n for n in range(50)])}))
    assert facts.standouts.frame.select("Kind", "What", "Rows", "_record").rows() == [
        ("Beacon", "10.0.0.5 → 198.51.100.9", 50, 1)
    ]
    assert gather(evidence({})).standouts.frame.height == 0


def finding(kind: str, score: float, weight: float, factor: float = 1.0) -> Finding:
    return Finding(
        kind=kind,
        what=f"{kind} {score}",
        score=score,
        unit="bits",
        weight=weight,
        reason="",
        factor=factor,
    )


def test_within_a_kind_higher_scores_come_first_though_weights_end_at_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = [
        finding("a", 17.7, 1.0),
        finding("a", 30.0, 0.75, 0.75),
        finding("a", 18.19, 1.0),
        finding("a", 20.0, 0.5, 0.5),
        finding("b", 3.0, 0.95),
    ]
    monkeypatch.setattr(odd_starts, "look", lambda *_: Look(given))
    monkeypatch.setattr(odd_calls, "look", lambda *_: Look())
    made = standouts(
        None,  # type: ignore[arg-type]
        [],
        processes=pl.DataFrame(),
        starts=pl.DataFrame(),
        amounts=pl.DataFrame(),
        logons=Logons(),
    )
    scores = [each.score for each in made.findings if each.kind == "a"]
    assert scores == [30.0, 18.19, 17.7, 20.0]
    assert [each.kind for each in made.findings][:3] == ["a", "b", "a"]


def test_a_beacon_inside_says_that_it_counts_less(evidence: Make) -> None:
    beats = connections([60 * n for n in range(50)], "10.0.0.9")
    noise = connections(irregular(50), "198.51.100.77", _file="c/y.log")
    facts = gather(evidence({"NetworkSession": pl.concat([beats, noise])}))
    [beacon] = found(facts, "Beacon")
    assert beacon.factor == 0.75
    assert (
        " of 1, times 0.75 (inside)"
        in report(evidence({"NetworkSession": pl.concat([beats, noise])})).to_html()
    )
