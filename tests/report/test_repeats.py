"""Events that several files hold."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl

from huntkit.report.facts import gather
from huntkit.report.layouts import layouts
from huntkit.report.repeats import repeats
from huntkit.report.sections import draw
from huntkit.report.summing import summed

Make = Callable[..., Any]
WHEN = datetime(2026, 3, 3, 8, 0, 1, tzinfo=UTC)


def rows(*given: dict[str, Any]) -> pl.DataFrame:
    base = {"TimeGenerated": WHEN, "Computer": "ws1.example", "Channel": "Security",
            "EventID": 4688, "EventRecordId": "7", "_file": "c/a.evtx", "_record": 7}  # fmt: skip
    return pl.DataFrame(
        [{**base, **each} for each in given],
        schema_overrides={"TimeGenerated": pl.Datetime("us", "UTC")},
    )


def test_an_event_and_its_export_are_told_as_one_that_counts_twice(evidence: Make) -> None:
    export = {"_file": "c/a.json", "_record": 1, "Computer": "WS1.example"}
    table = rows({}, {**export, "TimeGenerated": WHEN.replace(microsecond=5)})
    facts = gather(evidence({"WindowsEvent": table}))
    [note] = facts.repeats
    assert note.startswith("1 Windows event stands in more than one file (a.evtx and a.json)")
    assert summed(facts).notes == [note]
    [files] = [each for each in draw(facts) if each.id == "files"]
    assert files.blocks[0]["text"] == f"{note}."


def test_other_events_of_several_files_are_not_told(evidence: Make) -> None:
    other = {"_file": "c/b.evtx"}
    table = rows(
        {}, {"_record": 8},
        {**other, "EventRecordId": "8"}, {**other, "Channel": "System"},
        {**other, "Computer": "ws2.example"}, {**other, "TimeGenerated": WHEN.replace(year=2027)},
        {"EventRecordId": "", "_record": 9}, {**other, "EventRecordId": ""},
        {"EventRecordId": None, "_record": 9}, {**other, "EventRecordId": None},
    )  # fmt: skip
    given = evidence({"WindowsEvent": table})
    assert repeats(given, layouts(given)) == []
    given = evidence({"Syslog": table, "WindowsEvent": table.drop("EventRecordId")})
    assert repeats(given, layouts(given)) == []
