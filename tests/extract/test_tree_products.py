"""Process trees of the tables of each product, whatever its columns are called.

The rows are made up after the products' published fields; where the shared data hold real ones,
those are read too.
"""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from huntkit.core.errors import UsageError
from huntkit.extract import process_tree

START = datetime(2024, 5, 1, tzinfo=UTC)
EPOCH = int(START.timestamp())
GUIDS = [f"{{0000000{n}-0000-0000-0000-000000000001}}" for n in range(4)]


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


# Every table: init (1) starts sh (8), which starts id (12); a second host uses the same pids.
PRODUCTS: dict[str, list[dict]] = {
    "sysmon 1": [
        {"EventID": 1, "UtcTime": at(n), "Computer": host, "ProcessGuid": GUIDS[n] + host,
         "ProcessId": pid, "Image": f"C:\\{name}", "ParentProcessGuid": GUIDS[n - 1] + host,
         "ParentProcessId": above, "ParentImage": "C:\\up"}
        for n, pid, name, above in ((1, 8, "sh", 1), (2, 12, "id", 8)) for host in "ab"
    ],
    "sysmon for linux": [
        {"EventID": 1, "UtcTime": at(n), "Computer": host, "ProcessGuid": GUIDS[n] + host,
         "ProcessId": pid, "Image": f"/bin/{name}", "ParentProcessGuid": GUIDS[0],
         "ParentProcessId": above, "ParentImage": up}
        for n, pid, name, above, up in ((1, 8, "sh", 1, "/sbin/init"),) for host in "ab"
    ] + [
        {"EventID": 1, "UtcTime": at(2), "Computer": host, "ProcessGuid": GUIDS[2] + host,
         "ProcessId": 12, "Image": "/bin/id", "ParentProcessGuid": GUIDS[1] + host,
         "ParentProcessId": 8, "ParentImage": "/bin/sh"} for host in "ab"
    ],
    "security 4688": [
        {"EventID": 4688, "TimeGenerated": at(n), "Computer": host, "NewProcessId": hex(pid),
         "NewProcessName": f"C:\\{name}", "ProcessId": hex(above), "ParentProcessName": f"C:\\{up}"}
        for n, pid, name, above, up in ((1, 8, "sh", 1, "init"), (2, 12, "id", 8, "sh"))
        for host in "ab"
    ],
    "defender": [
        {"Timestamp": at(n), "ActionType": "ProcessCreated", "DeviceName": host, "ProcessId": pid,
         "FileName": name, "ProcessCommandLine": name, "ProcessCreationTime": at(n),
         "InitiatingProcessId": above, "InitiatingProcessFileName": up,
         "InitiatingProcessCreationTime": at(n - 1)}
        for n, pid, name, above, up in ((1, 8, "sh", 1, "init"), (2, 12, "id", 8, "sh"))
        for host in "ab"
    ],
    "auditd": [
        {"TimeGenerated": at(n), "EventType": "SYSCALL_EXECVE", "Computer": host, "pid": str(pid),
         "ppid": str(above), "exe": f"/bin/{name}", "comm": name, "cmdline": name}
        for n, pid, name, above in ((1, 8, "sh", 1), (2, 12, "id", 8)) for host in "ab"
    ],
    "osquery": [
        {"hostIdentifier": host, "unixTime": EPOCH + n, "action": "added", "columns.pid": str(pid),
         "columns.parent": str(above), "columns.name": name, "columns.path": f"/bin/{name}"}
        for n, pid, name, above in ((1, 8, "sh", 1), (2, 12, "id", 8)) for host in "ab"
    ],
    "velociraptor": [
        {"Fqdn": host, "Pid": pid, "Ppid": above, "Name": name, "Exe": f"/bin/{name}",
         "CreateTime": at(n).isoformat()}
        for n, pid, name, above in ((1, 8, "sh", 1), (2, 12, "id", 8)) for host in "ab"
    ],
    "crowdstrike": [
        {"event_simpleName": "ProcessRollup2", "aid": host, "ComputerName": host,
         "TargetProcessId_decimal": f"{host}{n}", "ParentProcessId_decimal": f"{host}{n - 1}",
         "RawProcessId_decimal": str(pid), "ImageFileName": f"\\Device\\{name}",
         "ProcessStartTime_decimal": f"{EPOCH + n}.125", "ParentBaseFileName": up}
        for n, pid, name, up in ((1, 8, "sh", "init"), (2, 12, "id", "sh")) for host in "ab"
    ] + [
        {"event_simpleName": "DnsRequest", "aid": "a", "ContextProcessId_decimal": "a1"},
        {"event_simpleName": "EndOfProcess", "aid": "a", "TargetProcessId_decimal": "a1"},
    ],
    "elastic": [
        {"@timestamp": at(n), "host.name": host, "event.type": "start", "event.category": "process",
         "process.pid": pid, "process.name": name, "process.parent.pid": above}
        for n, pid, name, above in ((1, 8, "sh", 1), (2, 12, "id", 8)) for host in "ab"
    ] + [{"@timestamp": at(9), "host.name": "a", "event.type": "end", "process.pid": 8}],
    "winlogbeat": [
        {"@timestamp": at(n), "winlog.event_id": 1, "winlog.computer_name": host,
         "winlog.event_data.ProcessId": str(pid), "winlog.event_data.Image": f"C:\\{name}",
         "winlog.event_data.ProcessGuid": GUIDS[n] + host,
         "winlog.event_data.ParentProcessGuid": GUIDS[n - 1] + host,
         "winlog.event_data.ParentProcessId": str(above)}
        for n, pid, name, above in ((1, 8, "sh", 1), (2, 12, "id", 8)) for host in "ab"
    ],
    "names that speak for themselves": [
        {"time": at(n), "host": host, "pid": pid, "ppid": above, "process_name": name}
        for n, pid, name, above in ((1, 8, "sh", 1), (2, 12, "id", 8)) for host in "ab"
    ],
}  # fmt: skip


@pytest.mark.parametrize("product", PRODUCTS)
def test_each_host_has_its_own_chain_of_three(product):
    rows = PRODUCTS[product]
    tree = process_tree(pl.DataFrame(rows, infer_schema_length=None))
    assert tree.select("Depth", "Inferred").rows() == [
        (1, False), (1, False), (2, False), (2, False), (0, True), (0, True),
    ]  # fmt: skip
    assert tree["path"].to_list() == ["2/0", "2/0", "2/0/1", "2/0/1", "2", "2"]
    parents = dict(zip(tree["proc_key"], tree["parent_key"], strict=True))
    for child, parent in parents.items():
        assert not parent or child.partition("|")[0] == parent.partition("|")[0]
    assert len(set(parents)) == 6


@pytest.mark.parametrize("product", PRODUCTS)
def test_hostile_values_neither_fail_nor_join_hosts(product):
    frame = pl.DataFrame(PRODUCTS[product], infer_schema_length=None)
    odd = frame.with_columns(
        pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.col(pl.String)).name.keep()
    )
    tree = process_tree(pl.concat([frame, odd, frame]))
    hosts = {key.partition("|")[0] for key in tree["proc_key"]}
    assert {"a", "b"} <= hosts
    edges = tree.filter(pl.col("parent_key") != "")
    assert (
        edges["proc_key"].str.split("|").list.first()
        == edges["parent_key"].str.split("|").list.first()
    ).all()


def test_sockets_are_no_process_starts():
    sockets = pl.DataFrame({"Computer": ["a"], "pid": ["7"], "local_port": ["80"]})
    with pytest.raises(UsageError, match="parent's process id"):
        process_tree(sockets)


@pytest.mark.parametrize("product", ["sysmon 1", "security 4688", "defender"])
def test_spark_gives_the_same_rows(product, spark):
    frame = pl.DataFrame(PRODUCTS[product], infer_schema_length=None)
    wanted = process_tree(frame)
    assert wanted["Rarity"].drop_nulls().unique().to_list() == [0.5]  # both hosts count
    given = spark.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
    found = pl.from_arrow(process_tree(given).toArrow())
    assert found.columns == wanted.columns
    assert found.sort("proc_key").rows() == wanted.sort("proc_key").rows()


def test_events_that_start_nothing_are_refused():
    logons = pl.DataFrame({"EventID": [4624, 4634], "ProcessId": [1, 2], "ParentProcessId": [0, 0]})
    with pytest.raises(UsageError, match="no row of this table starts a process"):
        process_tree(logons)
    with pytest.raises(UsageError, match="its process id"):
        process_tree(pl.DataFrame({"a": [1]}))


@pytest.mark.data
def test_a_real_process_list_of_velociraptor(shared_data):
    path = shared_data / "logs/velociraptor/Windows.System.Pslist.json"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    tree = process_tree(pl.DataFrame(rows, infer_schema_length=None))
    above = dict(tree.select("proc_key", "Pid").rows())
    seen = tree.filter(~pl.col("Inferred"))
    assert seen.height == len(rows)
    for row in seen.iter_rows(named=True):
        assert above.get(row["parent_key"], 0) == row["Ppid"]


@pytest.mark.data
def test_real_differential_results_of_osquery(shared_data):
    path = shared_data / "logs/osquery/osqueryd.results.log"
    events = [json.loads(line) for line in path.read_text().splitlines()]
    rows = [
        {**{f"columns.{key}": value for key, value in event["columns"].items()}, **event}
        for event in events
        if event["name"] == "pack_osquery-custom-pack_processes"
    ]
    for row in rows:
        del row["columns"]
    tree = process_tree(pl.DataFrame(rows, infer_schema_length=None))
    above = dict(tree.select("proc_key", "columns.pid").rows())
    seen = tree.filter(~pl.col("Inferred"))
    assert seen.height == len(rows) == 21
    for row in seen.iter_rows(named=True):
        assert above.get(row["parent_key"], "0") == row["columns.parent"]
