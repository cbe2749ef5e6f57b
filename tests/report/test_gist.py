"""What a report says first."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import polars as pl

import huntkit
from huntkit.report import gist
from huntkit.report.facts import Facts, gather
from huntkit.report.finding import Finding
from huntkit.report.standouts import Standouts
from huntkit.report.summary import Summary
from huntkit.report.summing import summed
from huntkit.tables.times import parse_times

Make = Callable[..., Any]
WHEN = parse_times(pl.Series(["2026-03-03T09:00:00Z"]))[0]


def facts(**more: Any) -> Facts:
    return Facts(layouts=[], files=pl.DataFrame(), tables=pl.DataFrame(), partial=False,
                 problems=[], **more)  # fmt: skip


def notable(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    names = ("Kind", "Tone", "Host", "Account")
    return pl.DataFrame(
        [dict(zip(names, row, strict=True), Name="", TimeGenerated=WHEN) for row in rows]
    )


def risky(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"Severity": severity, "Titles": [title, "other"], "Host": host, "User": user,
             "TimeGenerated": WHEN + timedelta(hours=1), "Hosts": [host] if host else [],
             "Seen": [{"Host": host, "User": user, "First": WHEN + timedelta(hours=1),
                       "Last": WHEN + timedelta(hours=1)}]}
            for severity, title, host, user in rows
        ]
    )  # fmt: skip


def test_the_host_with_the_worst_comes_first_and_its_findings_are_counted() -> None:
    found = gist.gist(
        facts(
            notable=notable(
                ("Log cleared", "alarm", "WS01", "al"),
                ("Log cleared", "alarm", "ws01.a.example", "bo"),
                ("Task", "warn", "ws02", ""),
                ("Told", "", "ws03", "x"),
            ),
            risky=risky(
                ("critical", "Dumped", "ws02", "ws02$"),
                ("low", "Listed", "ws03", "cy"),
                ("medium", "Explored", "ws01.a.example", "al"),
            ),
        )
    )
    assert found["Host"].to_list() == ["ws02", "ws01.a.example"]
    assert found["Worst"].to_list() == ["Dumped", "Log cleared (2)"]
    assert found["Also"].to_list() == [["Task"], ["Explored"]]
    assert found["Accounts"].to_list() == [[], ["al", "bo"]]
    assert found["Alarms"].to_list() == [1, 2]
    assert found["First"].to_list() == [WHEN, WHEN]
    assert found["Last"].to_list() == [WHEN + timedelta(hours=1)] * 2


def test_what_stands_out_and_failed_logons_are_told_too() -> None:
    odd = Finding(kind="Process start", what="a → b", score=30.0, unit="bits", weight=1.5,
                  reason="", host="dc01 and 3 more", first=WHEN, last=WHEN)  # fmt: skip
    failed = pl.DataFrame({"Account": ["al"], "Source": [""], "Host": [None], "Failures": [20],
                           "First": [WHEN], "Last": [WHEN]},
                          schema_overrides={"Host": pl.String})  # fmt: skip
    found = gist.gist(facts(standouts=Standouts([odd], 1), failed_logons=failed))
    told = dict(found.select("Host", "Worst").iter_rows())
    assert told == {"dc01": "Process start: a → b", "(no host named)": "Failed logons (20)"}


def test_a_long_finding_says_that_it_goes_on() -> None:
    odd = Finding(kind="Failed logons", what="a" * 500, score=30.0, unit="bits", weight=1.5,
                  reason="", host="dc01", first=WHEN, last=WHEN)  # fmt: skip
    [told] = gist.gist(facts(standouts=Standouts([odd], 1)))["Worst"]
    assert len(told) < 200
    assert told.endswith("a…")


def test_more_than_fits_is_counted() -> None:
    many = [(f"Kind {n}", "warn", "ws01", f"u{n}") for n in range(10)]
    [row] = gist.gist(facts(notable=notable(*many))).to_dicts()
    assert row["Also"][-1] == "3 more"
    assert len(row["Also"]) == 7
    assert row["Accounts"] == [*(f"u{n}" for n in range(6)), "4 more"]


def test_a_risky_line_is_told_of_each_host_with_its_own_times_and_accounts() -> None:
    def at(host: str, user: str, hours: int) -> dict[str, Any]:
        when = WHEN + timedelta(hours=hours)
        return {"Host": host, "User": user, "First": when, "Last": when}

    seen = [at("ws01", "al", 0), at("ws01", "bo", 2), at("ws02", "A\\al", 5)]
    lines = risky(("high", "Remote", "ws01", "al")).with_columns(pl.Series("Seen", [seen]))
    found = gist.gist(facts(risky=lines)).sort("Host").to_dicts()
    assert [(row["Host"], row["Worst"], row["Accounts"]) for row in found] == [
        ("ws01", "Remote", ["al", "bo"]),
        ("ws02", "Remote", ["A\\al"]),
    ]
    assert [(row["First"], row["Last"]) for row in found] == [
        (WHEN, WHEN + timedelta(hours=2)),
        (WHEN + timedelta(hours=5), WHEN + timedelta(hours=5)),
    ]


def test_hosts_with_low_findings_only_are_counted_in_the_lead() -> None:
    lines = risky(
        ("high", "Bad", "ws1", "al"), ("low", "Listed", "ws1", "al"), ("low", "Listed", "ws2", "al")
    )  # fmt: skip
    made = gist.section(facts(risky=lines))
    assert made is not None
    assert "Left out: 1 host of which only low findings are told." in made.lead
    assert "Left out" not in gist.section(facts(risky=lines.head(2))).lead


def test_accounts_that_are_bare_sids_come_last() -> None:
    sid = "S-1-5-21-2079883792-3656946353-945924832-1104"
    names = [sid, *(f"user{n}" for n in range(6))]
    found = gist.gist(facts(notable=notable(*(("Bad", "alarm", "ws1", name) for name in names))))
    assert found["Accounts"].to_list() == [[*names[1:], "1 more"]]


def test_nothing_found_is_no_section() -> None:
    assert gist.section(facts()) is None


def test_the_page_begins_with_it(evidence: Make) -> None:
    row = {"TimeGenerated": WHEN, "Computer": "<b>ws01", "EventID": 1102, "EventLevelName": "",
           "Channel": "Security", "Provider": "Microsoft-Windows-Eventlog", "EventData": "{}",
           "_file": "a.json", "_record": 1}  # fmt: skip
    page = huntkit.report.report(evidence({"WindowsEvent": pl.DataFrame([row])})).to_html()
    assert page.index('id="gist"') < page.index('id="notable"')
    assert "&lt;b&gt;ws01" in page.replace("<wbr>", "")
    assert "<b>ws01" not in page


def test_a_summary_names_the_worst_lines_once_for_each_host(evidence: Make) -> None:
    given = [("high", "A", "ws01", ""), ("high", "A", "ws01", ""), ("high", "A", "ws02", "")]
    with_risk = gather(evidence({}))
    with_risk.risky = risky(*given, ("low", "B", "", ""), ("low", "C", "", ""))
    several = with_risk.risky.head(1).with_columns(Hosts=pl.Series([["a", "b", "c", "d"]]))
    told = summed(with_risk)
    assert told.riskiest == [("high", "A", "ws01"), ("high", "A", "ws02"), ("low", "B", "")]
    assert Summary.from_json(told.to_json()) == told
    with_risk.risky = several
    assert summed(with_risk).riskiest == [("high", "A", "a, b, c and 1 more")]
