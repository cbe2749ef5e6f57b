"""The check of queries notices what is wrong with a query or with its events."""

from pathlib import Path
from typing import Any

import pytest

from huntkit.core.errors import UsageError
from huntkit.sources.queries import Parameter, Query, QueryFileError
from huntkit.testing import check_queries, check_query
from huntkit.testing.query_events import events_of, read_events
from huntkit.testing.query_mutants import mutants

TEXT = """declare query_parameters(start: datetime, end: datetime, host: string);
Syslog
| where TimeGenerated >= start and TimeGenerated < end
| where HostName =~ host and ProcessName has "sshd"
| project TimeGenerated, HostName, SyslogMessage"""
ROW = {
    "_table": "Syslog",
    "TimeGenerated": "2024-05-01T10:00:00Z",
    "HostName": "ws01",
    "ProcessName": "sshd",
}
EVENTS: dict[str, Any] = {
    "parameters": {"host": "WS01"},
    "match": [{**ROW}, {**ROW, "ProcessName": "sshd session"}],
    "miss": [
        {"of": 0, "field": "HostName", "value": "ws011"},
        {"of": 1, "field": "ProcessName", "value": "cron"},
        {"of": 0, "field": "TimeGenerated", "value": "2024-05-02T00:00:00Z"},
        {"of": 0, "field": "TimeGenerated", "value": "2024-04-30T23:59:59Z"},
    ],
    "rows": 2,
}


def timed(value: Any) -> Any:
    """Times as YAML has them."""
    from datetime import datetime

    if isinstance(value, dict):
        return {key: timed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [timed(each) for each in value]
    is_time = isinstance(value, str) and value.startswith("2024-") and value.endswith("Z")
    return datetime.fromisoformat(value) if is_time else value


def query(text: str = TEXT) -> Query:
    parameters = {
        "start": Parameter(name="start", type="datetime"),
        "end": Parameter(name="end", type="datetime"),
        "host": Parameter(name="host"),
    }
    return Query(name="q", text=text, parameters=parameters)


def checked(text: str = TEXT, **changes: Any) -> tuple[str, ...]:
    return check_query(query(text), timed({**EVENTS, **changes})).problems


def test_a_right_query_has_no_problems_and_all_changes_are_noticed() -> None:
    found = check_query(query(), timed(EVENTS))
    assert found.problems == ()
    assert found.survivors == ()
    assert found.killed == 6  # four conditions left out, two turned round


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("=~ host", "startswith host", "miss 0 (HostName) gives rows"),
        ("< end", "<= end", "miss 2 (TimeGenerated) gives rows"),
        ('has "sshd"', '== "sshd"', "match 1 gives no row"),
        ("| project", "| take 1 | project", "all matches together give 1 rows, not 2"),
        ("HostName =~", "HostNam =~", "unknown column 'HostNam'"),
        ("| project TimeGenerated", "| project Time", "KqlNameError"),
        ("Syslog\n", "Sislog\n", "Sislog"),
    ],
)
def test_a_wrong_query_is_noticed(old: str, new: str, said: str) -> None:
    assert old in TEXT
    problems = checked(TEXT.replace(old, new))
    assert any(said in each for each in problems), problems


def test_events_that_notice_nothing_are_noticed() -> None:
    text = (
        "declare query_parameters(host: string);\n"
        "Syslog | summarize n = countif(HostName =~ host) | where n > 0"
    )
    found = check_query(
        Query(name="q", text=text, parameters={"host": Parameter(name="host")}),
        timed({**EVENTS, "miss": EVENTS["miss"][:1] * 2, "rows": None}),
    )
    assert found.problems == ()
    unfiltered = Query(name="q", text="Syslog | take 5")
    said = check_query(
        unfiltered, timed({**EVENTS, "parameters": {}, "miss": [], "rows": None})
    ).problems
    assert said == ("it has 0 misses, and needs 2",)


def test_changes_that_no_event_notices_are_listed() -> None:
    found = check_query(query(), timed({**EVENTS, "miss": EVENTS["miss"][:2]}))
    assert found.problems == ()
    assert found.survivors == (
        "without 'TimeGenerated >= start'",
        "without 'TimeGenerated < end'",
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"match": [{**ROW}]}, "it has 1 matches, and needs 2"),
        ({"match": [{**ROW, "HostNam": "x"}, {**ROW}]}, "Syslog has no column 'HostNam'"),
        ({"match": [{**ROW, "ProcessID": "x"}, {**ROW, "HostName": 5}]}, "is of type"),
        ({"rows": 3}, "all matches together give 2 rows, not 3"),
        ({"parameters": {}}, "needs host="),
    ],
)
def test_wrong_events_are_noticed(changes: dict[str, Any], said: str) -> None:
    if "match" in changes:
        changes = {**changes, "miss": []}
    problems = checked(**changes)
    assert any(said in each for each in problems), problems


@pytest.mark.parametrize(
    "given",
    [
        [], {"match": [{"HostName": "x"}]}, {"match": ["x"]}, {"match": [ROW], "miss": [{}]},
        {"match": [ROW], "miss": [{"of": 5, "field": "HostName", "value": 1}]},
        {"match": [ROW], "miss": [{"of": 0, "field": "HostName", "value": "ws01"}]},
        {"match": [ROW], "miss": [{"of": 0, "field": "HostName", "value": "x", "rwo": 1}]},
        {"match": [ROW], "miss": [{"of": 0, "row": 1, "field": "HostName", "value": "x"}]},
        {"match": [ROW], "rows": "two"},
    ],
)  # fmt: skip
def test_events_that_say_nothing_are_refused(given: Any) -> None:
    with pytest.raises(UsageError):
        events_of(given)


def test_context_and_repeats_are_data_too() -> None:
    text = (
        "Syslog | summarize n = count() by HostName | where n >= 3\n"
        "| join (Heartbeat) on $left.HostName == $right.Computer"
    )
    row = {"_table": "Syslog", "HostName": "ws01"}
    found = check_query(
        Query(name="q", text=text),
        {
            "context": [{"_table": "Heartbeat", "Computer": "ws01"}],
            "match": [{**row, "_repeat": 3}, [{**row, "_repeat": 2}, row]],
            "miss": [
                {"of": 0, "field": "_repeat", "value": 2},
                {"of": 1, "row": 1, "field": "HostName", "value": "ws02"},
            ],
            "rows": 1,
        },
    )
    assert found.problems == ()


def test_files_are_checked_together(tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_text(
        "metadata: {data_environments: [MSSentinel], data_families: [X]}\n"
        "sources:\n"
        "  one:\n    description: d\n    args: {query: 'Syslog | where HostName == {h}'}\n"
        "    parameters: {h: {type: str}}\n"
        "  two: {description: d, args: {query: 'Syslog'}}\n",
        encoding="utf-8",
    )
    events = tmp_path / "e.yaml"
    events.write_text(
        "one:\n  parameters: {h: a}\n"
        "  match: [{_table: Syslog, HostName: a}, {_table: Syslog, HostName: a, Facility: x}]\n"
        "  miss: [{of: 0, field: HostName, value: b}, {of: 1, field: HostName, value: c}]\n"
        "three: {match: []}\n",
        encoding="utf-8",
    )
    found = {each.name: each.problems for each in check_queries(tmp_path / "q.yaml", events)}
    assert found == {
        "one": (),
        "two": ("it has no events",),
        "three": ("there are events for three, and no such query",),
    }
    events.write_text("one: {matches: []}\ntwo: [\n", encoding="utf-8")
    with pytest.raises(QueryFileError):
        read_events(events)


def test_changes_touch_conditions_only_and_read_as_queries() -> None:
    text = (
        "let x = 'a == 1';\n"
        "T | where (a == 1 or b in ('x', 'y')) and not(c has 'd')\n| extend e = a == 2"
    )
    changed = [each.text for each in mutants(text)]
    assert len(changed) == 5
    assert all(each.endswith("| extend e = a == 2") for each in changed)
    assert len(set(changed)) == 5
