import datetime as dt
import json
import math
import zipfile

import pandas as pd
import polars as pl
import pytest

from huntkit.analyze import rare, rare_pairs
from huntkit.core.errors import UnknownColumn, UsageError

RUNS = pl.DataFrame(
    {
        "TimeGenerated": [f"2026-03-01 {hour:02}:00" for hour in (9, 10, 11, 8, 12)],
        "Computer": ["a", "b", "b", "c", "c"],
        "app": ["x", "x", "x", "x", "y"],
    }
)


def test_count_spread_times_score_and_reason():
    found = rare(RUNS, "app").to_dicts()
    assert [row["app"] for row in found] == ["y", "x"]
    odd, usual = found
    assert (odd["Count"], odd["Spread"], odd["SourceIndex"]) == (1, 1, 4)
    assert odd["score"] == pytest.approx(math.log2(5) + math.log2(3))
    assert odd["reason"] == "1 of 5 rows (20 %), on 1 of 3 hosts"
    assert (usual["Count"], usual["Spread"]) == (4, 3)
    assert (usual["FirstSeen"].hour, usual["LastSeen"].hour) == (8, 11)
    assert usual["score"] == pytest.approx(math.log2(5 / 4))


def test_of_equally_many_the_one_on_fewer_hosts_is_rarer():
    frame = pl.DataFrame({"host": ["a", "b", "c", "c"], "app": ["x", "x", "y", "y"]})
    assert rare(frame, "app", over="host")["app"].to_list() == ["y", "x"]
    by_app = rare(frame, "host", over="app")["reason"]
    assert by_app[0] == "1 of 4 rows (25 %), with 1 of 2 different app"


def test_a_missing_host_is_no_host():
    for nothing in (None, ""):
        frame = pl.DataFrame({"host": ["a", nothing, "b", nothing], "app": ["x", "y", "x", "x"]})
        odd, usual = rare(frame, "app").to_dicts()
        assert (odd["Count"], odd["Spread"]) == (1, 0)
        assert odd["reason"] == "1 of 4 rows (25 %), host unknown"
        assert odd["score"] == pytest.approx(2)  # what is not known makes nothing rarer
        assert usual["Spread"] == 2
        assert usual["reason"] == "3 of 4 rows (75 %), on 2 of 2 hosts"
        assert rare(frame, "app", over=["host"])["Spread"].to_list() == [0, 2]
    users = pl.DataFrame({"user": [1, None], "app": ["x", "y"]})
    assert rare(users, "app", over="user")["reason"][1] == "1 of 2 rows (50 %), user unknown"


def test_new_is_what_was_not_seen_before():
    found = rare(RUNS, "app", new_since="2026-03-01 12:00")
    assert found["app"].to_list() == ["y"]
    assert found["reason"][0].endswith("first seen 2026-03-01 12:00:00 UTC")
    assert rare(RUNS, "app", new_since=dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)).height == 2
    assert rare(RUNS, "app", new_since=dt.datetime(2026, 3, 2)).height == 0
    with pytest.raises(UsageError, match="new_since"):
        rare(RUNS, "app", new_since="soon")
    with pytest.raises(UsageError, match="no row has a time"):
        rare(RUNS.drop("TimeGenerated"), "app", new_since="2026-03-01")


def test_combinations_nulls_and_limits():
    frame = pl.DataFrame({"a": ["x", "x", None], "b": [1, 1, None]})
    found = rare(frame, ["a", "b"])
    assert found.select("a", "b", "Count").rows() == [(None, None, 1), ("x", 1, 2)]
    assert rare(frame, ["a", "b"], at_most=1).height == 1
    assert found["Spread"].to_list() == [0, 0]  # nothing is known of hosts


def test_empty_tables_and_wrong_columns():
    assert rare(RUNS.clear(), "app").height == 0
    assert rare_pairs(pl.DataFrame({"Image": [], "ParentImage": []})).height == 0
    with pytest.raises(UnknownColumn, match="ap"):
        rare(RUNS, "ap")
    with pytest.raises(UsageError, match="no column"):
        rare(RUNS, [])
    with pytest.raises(UsageError, match="parent_path"):
        rare_pairs(RUNS)


def test_pandas_gets_its_own_index_back():
    frame = pd.DataFrame({"app": ["x", "x", "y"]}, index=[5, 6, 7])
    assert rare(frame, "app")["SourceIndex"].tolist() == [7, 5]


def test_an_unusual_child_comes_before_a_rare_program():
    starts = pl.DataFrame(
        {
            "Image": ["C:\\W\\cmd.exe"] * 20
            + ["C:\\O\\WINWORD.EXE"] * 20
            + ["C:\\w\\CMD.exe", "C:\\once.exe", ""],
            "ParentImage": ["C:\\explorer.exe"] * 40
            + ["C:\\O\\winword.exe", "C:\\explorer.exe", None],
        }
    )
    starts = pl.concat(
        [starts, pl.DataFrame({"Image": ["x.exe"] * 9, "ParentImage": ["winword.exe"] * 9})]
    )
    found = rare_pairs(starts)
    first = found.to_dicts()[0]
    assert (first["Parent"], first["Child"]) == ("winword.exe", "cmd.exe")
    assert (first["Count"], first["ParentCount"], first["ChildCount"], first["SourceIndex"]) == (
        1,
        10,
        21,
        40,
    )
    assert first["score"] == pytest.approx(math.log2(51) + math.log2(10))
    assert first["reason"] == (
        "1 of 51 starts; 'cmd.exe' is 1 of 10 that 'winword.exe' started, "
        "and 'winword.exe' started 1 of the 21 'cmd.exe'"
    )
    assert found["Count"].sum() == 51  # the one without a program and a parent is in no pair


@pytest.mark.data
def test_the_empire_launcher_is_among_the_most_unusual_starts(shared_data):
    """Its script's start, pooled with 1,927 real process starts of two other machines."""
    attack = shared_data / "security-datasets/atomic/windows/execution/host/empire_launcher_vbs.zip"
    rows = []
    with zipfile.ZipFile(attack) as archive:
        for name in archive.namelist():
            for line in archive.read(name).splitlines():
                event = json.loads(line)
                if event.get("EventID") == 1 and "Sysmon" in event.get("SourceName", ""):
                    rows.append((event["ParentImage"], event["Image"], event["CommandLine"]))
    assert any("launcher.vbs" in line for _, _, line in rows)
    logs = shared_data / "logs"
    names = ["parent", "process", "command"]
    pooled = pl.concat(
        [
            pl.DataFrame(rows, schema=names, orient="row"),
            pl.read_csv(logs / "mde_proc_cs1.csv", infer_schema=False).select(
                parent="InitiatingProcessName",
                process="CreatedProcessName",
                command="CreatedProcessCommandLine",
            ),
            pl.read_csv(logs / "processes_on_host.csv", infer_schema=False).select(
                parent="ParentProcessName", process="NewProcessName", command="CommandLine"
            ),
        ]
    )
    found = rare_pairs(pooled, parent_column="parent", process_column="process").head(20)
    behind = pooled[found["SourceIndex"].cast(pl.UInt32)]["command"]
    assert behind.str.contains("launcher.vbs", literal=True).any()
