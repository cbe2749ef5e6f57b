import json

import pytest

import huntkit
from huntkit.core.errors import TimeError, UsageError
from huntkit.kql import KqlNameError
from huntkit.sources.local.evidence import AbsentTableWarning


@pytest.fixture
def evidence(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    events = [
        {
            "EventID": number,
            "Channel": "Security",
            "Computer": "ws1",
            "TimeCreated": f"2024-05-0{day}T10:00:00Z",
            "SystemTime": f"2024-05-0{day}T10:00:00Z",
            "@timestamp": f"2024-05-0{day}T10:00:00Z",
            "SubjectUserName": "ann",
        }
        for number, day in ((4624, 1), (4625, 2), (4624, 3))
    ]
    (folder / "events.json").write_text("\n".join(map(json.dumps, events)), encoding="utf-8")
    with huntkit.open(folder, cache=False, frame="polars") as opened:
        yield opened


def test_a_query_runs_on_the_evidence(evidence):
    (name,) = [each for each in evidence.tables["name"] if each.startswith("SecurityEvent")]
    found = evidence.kql(f"{name} | summarize Count = count() by EventID | sort by Count desc")
    assert found.rows() == [(4624, 2), (4625, 1)]


def test_now_is_the_evidences_own(evidence):
    assert evidence.kql("SecurityEvent | where TimeGenerated > ago(1h) | count").item() == 1
    later = evidence.kql("SecurityEvent | where TimeGenerated > ago(1h) | count", now="2030-01-01")
    assert later.item() == 0


def test_a_known_table_that_is_not_there_is_empty(evidence):
    assert evidence.kql("DeviceProcessEvents | where FileName =~ 'x' | count").item() == 0


def test_no_rows_because_a_table_is_not_there_are_said(evidence):
    with pytest.warns(AbsentTableWarning, match="no rows of DeviceProcessEvents either"):
        assert evidence.kql("DeviceProcessEvents | where FileName =~ 'x'").is_empty()
    assert evidence.kql("SecurityEvent | where EventID == 9").is_empty()  # that says enough


def test_a_kind_of_frame_that_there_is_not_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(UsageError, match=r"no kind of frame 'panda'.*'pandas'"):
        huntkit.open(tmp_path / "not there", frame="panda")


def test_the_name_of_a_file_is_no_part_of_its_events(evidence):
    for text in ("search 'events'", "search 'json'", "SecurityEvent | where * has 'events'",
                 "SecurityEvent | where * contains 'vents.js'"):  # fmt: skip
        assert evidence.kql(text).is_empty(), text
    assert evidence.kql("SecurityEvent | where _file has 'events' | count").item() == 3
    assert evidence.kql("search 'ann' | where $table == 'SecurityEvent' | count").item() == 3
    assert evidence.kql("SecurityEvent | where * has 'ANN' | count").item() == 3
    assert evidence.kql("SecurityEvent | where * has_cs 'ANN' | count").item() == 0
    assert evidence.kql("SecurityEvent | where * contains 's1' | count").item() == 3
    assert evidence.kql("SecurityEvent | where * has 4625 | count").item() == 1


def test_an_unknown_table_is_an_error_with_the_nearest_names(evidence):
    with pytest.raises(KqlNameError, match="SecurityEvent"):
        evidence.kql("SecurityEvents | count")


def test_the_same_functions_serve_many_queries(evidence):
    for _ in range(2):
        found = evidence.kql("SecurityEvent | where Computer has 'WS1' | project tostring(EventID)")
        assert found.height == 3


def test_a_star_stands_for_the_tables_that_have_rows(evidence):
    found = evidence.kql("union withsource=Name * | summarize Count = count() by Name")
    listed = evidence.tables.select("name", "rows").rows()
    assert sorted(found.rows()) == sorted((name, rows) for name, rows in listed)
    hits = evidence.kql("search 'ann' | summarize Count = count() by $table")
    assert ("SecurityEvent", 3) in hits.rows()


def test_external_data_comes_from_mapped_files_and_leaves_nothing_behind(evidence, tmp_path):
    file = tmp_path / "bad.csv"
    file.write_text("user,score\nann,7\n", encoding="utf-8")
    text = (
        "let bad = externaldata(user: string, score: long)['https://lists.example/bad.csv']"
        " with (format='csv', ignoreFirstRecord=true);"
        " SecurityEvent | join kind=inner bad on $left.SubjectUserName == $right.user"
        " | summarize count(), max(score)"
    )
    for _ in range(2):
        found = evidence.kql(text, externals={"https://lists.example/bad.csv": file})
        assert found.row(0) == (3, 7)
    assert evidence.sql("SELECT count(*) FROM duckdb_tables()").item() == 0


def test_a_time_that_is_none_is_told_as_such(evidence):
    with pytest.raises(TimeError, match="garbage"):
        evidence.kql("print now()", now="garbage")


def test_watchlists_are_joined_with_evidence(evidence, tmp_path):
    file = tmp_path / "vip.csv"
    file.write_text("SearchKey,Team\nann,red\n", encoding="utf-8")
    found = evidence.kql(
        "SecurityEvent | join kind=inner (_GetWatchlist('vip')) on"
        " $left.SubjectUserName == $right.SearchKey | summarize count() by Team",
        externals={"watchlist:vip": file},
    )
    assert found.rows() == [("red", 3)]
