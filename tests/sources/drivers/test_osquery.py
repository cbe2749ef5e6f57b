"""osquery's logs as a place to query."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from huntkit import QueryProvider
from huntkit.core.errors import UsageError
from huntkit.runtime.session import Session
from huntkit.sources.driver import Request
from huntkit.sources.drivers.osquery import OSQueryLogs, OSQueryOptions, OSQuerySettings
from huntkit.testing import check_driver

# Forms of osquery's documentation: events, a snapshot, a batch.
EVENT = {
    "action": "added", "columns": {"name": "osqueryd", "path": "/usr/bin/osqueryd", "pid": "97830"},
    "name": "processes", "hostIdentifier": "h1.example", "unixTime": 1412123850,
    "calendarTime": "Wed Oct  1 00:37:30 2014 UTC",
}  # fmt: skip
GONE = EVENT | {"action": "removed", "unixTime": 1412123910}
SNAPSHOT = {
    "action": "snapshot", "snapshot": [{"parent": "0", "path": "/sbin/launchd", "pid": "1"},
                                       {"parent": "1", "path": "/usr/sbin/syslogd", "pid": "51"}],
    "name": "process_snapshot", "hostIdentifier": "h1.example", "unixTime": 1412281453,
    "calendarTime": "Thu Oct  2 20:24:13 2014 UTC",
}  # fmt: skip
BATCH = {
    "diffResults": {"added": [{"name": "osqueryd", "pid": "97830"}],
                    "removed": [{"name": "launchd", "pid": "2"}]},
    "name": "processes", "hostIdentifier": "h2.example", "unixTime": 1412123950,
    "calendarTime": "Wed Oct  1 00:39:10 2014 UTC",
}  # fmt: skip


def write(folder: Path, *records: object, name: str = "osqueryd.results.log") -> Path:
    (folder / name).write_text("".join(json.dumps(each) + "\n" for each in records))
    return folder


def ask(folder: Path, text: str) -> list[dict[str, object]]:
    driver = OSQueryLogs("OSQueryLogs", OSQuerySettings(data=folder), Session())
    rows = driver.run(Request(text=text, options=OSQueryOptions())).table.to_pylist()
    driver.close()
    return rows


def test_it_keeps_the_promises_of_drivers(tmp_path):
    check_driver(
        OSQueryLogs,
        settings={"data": str(write(tmp_path, EVENT, GONE, SNAPSHOT))},
        query="Osquery_processes | project TimeGenerated, pid, Action | order by TimeGenerated asc",
        empty="Osquery_processes | where pid == 1",
        refused="Osquery_nothing | take 1",
    )


def test_events_batches_and_snapshots_become_rows(tmp_path):
    write(tmp_path, EVENT, GONE, BATCH)
    write(tmp_path, SNAPSHOT, name="osqueryd.snapshots.log")
    found = ask(tmp_path, "Osquery_processes | project TimeGenerated, Computer, Action, name, pid")
    key = [(r["Computer"], r["Action"], r["name"], r["pid"]) for r in found]
    assert sorted(key) == [
        ("h1.example", "added", "osqueryd", 97830),
        ("h1.example", "removed", "osqueryd", 97830),
        ("h2.example", "added", "osqueryd", 97830),
        ("h2.example", "removed", "launchd", 2),
    ]
    assert min(r["TimeGenerated"] for r in found) == datetime(2014, 10, 1, 0, 37, 30, tzinfo=UTC)
    taken = ask(tmp_path, "Osquery_process_snapshot | project Action, path, pid, _record")
    assert taken == [
        {"Action": "snapshot", "path": "/sbin/launchd", "pid": 1, "_record": 1},
        {"Action": "snapshot", "path": "/usr/sbin/syslogd", "pid": 51, "_record": 1},
    ]


def test_a_snapshot_that_found_nothing_is_still_known(tmp_path):
    write(tmp_path, SNAPSHOT | {"snapshot": []}, EVENT | {"columns": None}, EVENT)
    [row] = ask(tmp_path, "Osquery_process_snapshot | project Computer, Action")
    assert row == {"Computer": "h1.example", "Action": "snapshot"}
    assert len(ask(tmp_path, "Osquery_processes | project pid")) == 2


def test_results_of_no_known_form_stay_as_they_are(tmp_path):
    write(tmp_path, BATCH | {"diffResults": [1, {"a": 2}]}, SNAPSHOT | {"snapshot": ["x", 3]})
    [batch] = ask(tmp_path, "Osquery_processes | project diffResults")
    assert json.loads(str(batch["diffResults"])) == [1, {"a": 2}]
    [taken] = ask(tmp_path, "Osquery_process_snapshot | project snapshot")
    assert json.loads(str(taken["snapshot"])) == ["x", 3]


def test_each_of_osquerys_queries_is_a_function(tmp_path):
    write(tmp_path, EVENT, GONE, SNAPSHOT)
    provider = QueryProvider("OSQuery", data_paths=[str(tmp_path)], frame="polars")
    assert provider.list_queries() == ["osquery.process_snapshot", "osquery.processes"]
    assert provider.osquery.processes()["Action"].to_list() == ["added", "removed"]
    assert provider.osquery.processes(action_is="removed")["pid"].to_list() == [97830]
    early = provider.osquery.processes(end="2014-10-01T00:38:00Z")
    assert early["Action"].to_list() == ["added"]
    assert provider.osquery.process_snapshot(split_by="1h").height == 2


def test_rows_without_a_time_are_not_lost_to_a_range(tmp_path):
    timeless = {k: v for k, v in EVENT.items() if k not in ("unixTime", "calendarTime")}
    write(tmp_path, EVENT, timeless)
    provider = QueryProvider("OSQueryLogs", data=tmp_path, frame="polars")
    assert provider.osquery.processes().height == 2
    assert "takes no times" in provider.query_help("processes")


def test_what_holds_no_results_is_a_clear_mistake(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="no osquery result"):
        ask(tmp_path, "a")
    with pytest.raises(UsageError, match="which logs"):
        OSQueryLogs("OSQueryLogs", OSQuerySettings(), Session()).connect()
    assert OSQueryLogs("OSQueryLogs", OSQuerySettings(), Session()).queries() == ()


@pytest.mark.data
def test_real_logs_give_every_row(shared_data):
    folder = shared_data / "logs" / "osquery"
    lines = [
        json.loads(line)
        for path in sorted(folder.glob("*.log"))
        for line in path.read_text().splitlines()
    ]
    wanted: dict[str, int] = {}
    for each in lines:
        wanted[each["name"]] = wanted.get(each["name"], 0) + 1
    provider = QueryProvider("OSQueryLogs", data=folder, frame="polars")
    found = {n: provider.all_queries.__getattr__(n.split(".")[1])().height
             for n in provider.list_queries()}  # fmt: skip
    assert sorted(found.values()) == sorted(wanted.values())
    assert sum(found.values()) == len(lines) == 309
