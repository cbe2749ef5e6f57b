"""Process trees: small made-up hosts, and real ones."""

from datetime import UTC, datetime, timedelta

import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import huntkit
from huntkit.core.errors import UsageError
from huntkit.extract import process_tree, tree_to_text

START = datetime(2024, 5, 1, tzinfo=UTC)
TREE = ["proc_key", "parent_key", "IsRoot", "IsLeaf", "IsBranch", "path", "Depth",
        "Descendants", "Rarity", "Inferred", "Fault"]  # fmt: skip


def starts(*rows: tuple, host: str = "host1") -> pl.DataFrame:
    """Security 4688 rows out of (second, pid, name, parent pid, parent name[, host])."""
    return pl.DataFrame(
        [
            {
                "EventID": 4688,
                "TimeGenerated": START + timedelta(seconds=row[0]),
                "Computer": row[5] if len(row) > 5 else host,
                "NewProcessId": hex(row[1]),
                "NewProcessName": row[2],
                "ProcessId": hex(row[3]),
                "ParentProcessName": row[4],
                "CommandLine": f"{row[2]} {row[0]}",
            }
            for row in rows
        ]
    )


def parents(tree: pl.DataFrame) -> list[str | None]:
    """For each observed process the command line of its parent, None if that one is inferred."""
    command = dict(zip(tree["proc_key"], tree["CommandLine"], strict=True))
    inferred = dict(zip(tree["proc_key"], tree["Inferred"], strict=True))
    return [
        None if not parent or inferred[parent] else command[parent]
        for parent, own in zip(tree["parent_key"], tree["Inferred"], strict=True)
        if not own
    ]


def test_columns_places_and_sizes():
    tree = process_tree(starts((0, 8, "a", 0, ""), (1, 12, "b", 8, "a"), (2, 16, "c", 12, "b")))
    assert tree.columns[-11:] == TREE
    assert tree.select("IsRoot", "IsBranch", "IsLeaf", "path", "Depth", "Descendants").rows() == [
        (True, False, False, "0", 0, 2),
        (False, True, False, "0/1", 1, 1),
        (False, False, True, "0/1/2", 2, 0),
    ]


def test_a_reused_pid_belongs_to_the_process_that_had_it_then():
    tree = process_tree(
        starts(
            (0, 8, "sh", 0, ""), (1, 12, "x", 8, "sh"), (5, 8, "sh", 0, ""), (6, 16, "y", 8, "sh")
        )
    )
    assert parents(tree) == [None, "sh 0", None, "sh 5"]


def test_a_pid_that_another_program_took_since_is_not_the_parent():
    tree = process_tree(starts((0, 8, "calc.exe", 0, ""), (5, 12, "x", 8, "explorer.exe")))
    assert parents(tree) == [None, None]
    (guess,) = tree.filter("Inferred").to_dicts()
    assert (guess["NewProcessName"], guess["NewProcessId"]) == ("explorer.exe", "0x8")
    assert guess["Computer"] == "host1"
    assert guess["Rarity"] is None


def test_one_unseen_parent_before_and_one_after_a_reuse_are_two():
    tree = process_tree(
        starts((0, 12, "x", 8, "sh"), (1, 8, "calc", 4, "init"), (2, 16, "y", 8, "sh"))
    )
    assert tree.filter("Inferred", pl.col("NewProcessName") == "sh").height == 2


def test_the_same_pids_on_two_hosts_never_mix():
    tree = process_tree(
        starts((0, 8, "a", 0, "", "one"), (1, 12, "b", 8, "a", "two"), (1, 12, "b", 8, "a", "ONE"))
    )
    assert parents(tree) == [None, None, "a 0"]


def test_a_parent_that_was_recorded_after_its_child_is_one_process():
    tree = process_tree(starts((1, 8, "sh", 0, ""), (0, 12, "x", 8, "sh")))
    assert tree.height == 2
    assert parents(tree) == ["sh 1", None]


def test_a_process_that_had_ended_is_not_the_parent():
    frame = starts((0, 8, "", 0, ""), (60, 12, "x", 8, ""))
    end = frame.head(1).with_columns(
        EventID=pl.lit(4689, pl.Int64),
        TimeGenerated=pl.lit(START + timedelta(seconds=9)).cast(frame.schema["TimeGenerated"]),
        ProcessId=pl.lit("0x8"),
        NewProcessId=pl.lit(None, pl.String),
        ProcessName=pl.lit("a"),
    )
    assert parents(process_tree(frame)) == [None, " 0"]
    assert parents(process_tree(pl.concat([frame, end], how="diagonal"))) == [None, None]


def test_bars_in_hosts_and_keys_make_no_two_processes_alike():
    frame = pl.DataFrame({"Computer": ["h|a", "h", "h", "h%7ca"], "UtcTime": START,
                          "ProcessGuid": ["b", "a|b", "8|2024-05-01T00:00:00.000000Z|x", "b"],
                          "ParentProcessGuid": ["", "", "a|b", ""], "Image": "x"})  # fmt: skip
    tree = process_tree(frame)
    assert tree["proc_key"].n_unique() == tree.height == 4
    assert tree["Depth"].to_list() == [0, 0, 1, 0]


def test_a_parent_that_was_never_seen_has_no_invented_time():
    tree = process_tree(starts((0, 8, "a", 4, "init")))
    assert tree.filter("Inferred")["TimeGenerated"].to_list() == [None]
    assert "1970" not in tree.filter("Inferred")["proc_key"].item()


def test_a_sysmon_table_without_event_ids_is_read():
    frame = pl.DataFrame({"ProcessGuid": ["{a}", "{b}"], "ParentProcessGuid": ["{z}", "{a}"],
                          "Image": ["x", "y"], "Computer": "h"})  # fmt: skip
    assert process_tree(frame)["Depth"].to_list() == [1, 2, 0]


def test_a_parent_with_a_key_may_be_recorded_any_time_after_its_child():
    frame = pl.DataFrame({"ProcessGuid": ["{b}", "{a}"], "ParentProcessGuid": ["{a}", None],
                          "UtcTime": [START, START + timedelta(hours=1)], "Image": ["y", "x"],
                          "Computer": "h"})  # fmt: skip
    tree = process_tree(frame)
    assert tree.select("Image", "path", "Fault").rows() == [("y", "1/0", ""), ("x", "1", "")]


def test_self_parents_and_loops_are_cut():
    keys = [f"{{0000000{n}-0000-0000-0000-000000000001}}" for n in range(1, 6)]
    frame = pl.DataFrame(
        {
            "UtcTime": [START + timedelta(seconds=n) for n in range(5)],
            "Hostname": "h",
            "Image": ["a", "b", "c", "d", "e"],
            "ProcessGuid": keys,
            "ParentProcessGuid": [keys[2], keys[0], keys[1], keys[3], keys[2]],
        }
    )
    tree = process_tree(frame)
    assert tree["path"].to_list() == ["0", "0/1", "0/1/2", "3", "0/1/2/4"]
    assert tree["parent_key"][0] == tree["parent_key"][3] == ""
    assert tree["Fault"].to_list() == ["loop", "", "", "own parent", ""]


def test_one_start_recorded_by_two_products_is_one_process():
    sysmon = pl.DataFrame(
        {
            "EventID": [1],
            "UtcTime": ["2024-05-01 00:00:00.500"],
            "Hostname": ["host1"],
            "Image": ["C:\\a.exe"],
            "ProcessId": ["8"],
            "ProcessGuid": ["{00000001-0000-0000-0000-000000000001}"],
            "ParentProcessId": ["4"],
            "ParentImage": ["C:\\init.exe"],
        }
    )
    security = starts((0, 8, "C:\\a.exe", 4, "C:\\init.exe"), (3, 12, "C:\\b.exe", 8, "C:\\a.exe"))
    security = security.rename({"Computer": "Hostname", "TimeGenerated": "UtcTime"}).with_columns(
        pl.col("UtcTime").dt.strftime("%Y-%m-%d %H:%M:%S%.3f"), pl.col("EventID").cast(pl.Int64)
    )
    tree = process_tree(pl.concat([security, sysmon], how="diagonal"))
    seen = tree.filter(~pl.col("Inferred"))
    assert seen.select("Image", "NewProcessName").rows() == [
        ("C:\\a.exe", None),
        (None, "C:\\b.exe"),
    ]
    assert seen["parent_key"][1] == seen["proc_key"][0]


def test_rarity_is_one_over_the_number_of_such_pairs():
    tree = process_tree(
        starts(
            (0, 8, "C:/sh", 0, ""), (1, 3, "x", 8, "sh"), (2, 4, "x", 8, "sh"), (3, 2, "y", 8, "sh")
        )
    )  # fmt: skip
    assert tree["Rarity"].to_list() == [1.0, 0.5, 0.5, 1.0]


def test_frames_kinds_empty_input_and_clashing_names():
    frame = starts((0, 8, "a", 0, ""))
    pandas = process_tree(frame.to_pandas())
    assert isinstance(pandas, pd.DataFrame)
    assert process_tree(frame.head(0)).columns[-11:] == TREE
    renamed = process_tree(frame.with_columns(path=pl.lit("own")))
    assert renamed["path_source"].to_list() == ["own"]
    with pytest.raises(UsageError, match="process_id"):
        process_tree(pl.DataFrame({"a": [1]}))


def test_texts_of_inferred_rows_are_empty_in_every_kind_of_frame():
    frame = starts((0, 8, "a", 4, "init"), (1, 12, "b", 8, "a")).with_columns(
        user=pl.lit("bob"), size=pl.lit(3)
    )
    tree = process_tree(frame)
    assert tree.height == frame.height + 1
    assert tree.filter("Inferred").select("CommandLine", "user", "size").rows() == [("", "", None)]
    pandas = process_tree(frame.to_pandas())
    assert not pandas.select_dtypes("str").isna().any(axis=None)
    assert pandas["user"].to_list() == ["bob", "bob", ""]


def test_arrow_tables_and_duckdb_relations_give_the_same_rows():
    frame = starts((0, 8, "a", 4, "init"), (1, 12, "b", 8, "a"))
    wanted = process_tree(frame)
    assert pl.from_arrow(process_tree(frame.to_arrow())).rows() == wanted.rows()
    with duckdb.connect() as connection:
        relation = process_tree(connection.from_arrow(frame.to_arrow()))
        assert isinstance(relation, duckdb.DuckDBPyRelation)
        assert relation.pl()["path"].to_list() == wanted["path"].to_list()
        assert relation.pl().select(TREE).rows() == wanted.select(TREE).rows()
    assert (
        pl.from_pandas(process_tree(frame.to_pandas())).select(TREE).rows()
        == wanted.select(TREE).rows()
    )


def test_the_caller_may_name_the_columns():
    frame = pl.DataFrame({"number": [4, 8], "mother": [0, 4], "what": ["a", "b"]})
    roles = {"process_id": "number", "parent_id": "mother", "process_name": "what"}
    assert process_tree(frame, roles=roles)["path"].to_list() == ["0", "0/1"]
    with pytest.raises(UsageError, match="no role 'procid'"):
        process_tree(frame, roles={"procid": "number"})
    with pytest.raises(UsageError, match="did you mean 'number'"):
        process_tree(frame, roles={"process_id": "numbr"})


def test_text_of_a_tree_is_indented_bounded_and_harmless():
    tree = process_tree(
        starts((0, 8, "a", 4, "init"), (1, 12, "b\x1b[31m", 8, "a"), (2, 16, "c", 8, "a"))
    )
    text = tree_to_text(tree)
    assert [line.split("  [")[0] for line in text.splitlines()] == [
        "init", "└── a", "    ├── b␛[31m", "    └── c",
    ]  # fmt: skip
    assert "\x1b" not in text
    assert tree_to_text(tree, max_rows=2).splitlines()[-1] == "... more processes than 2"
    root = tree.filter(pl.col("NewProcessName") == "c")["proc_key"][0]
    assert tree_to_text(tree, root=root).startswith("c  [")
    with pytest.raises(UsageError):
        tree_to_text(pl.DataFrame({"a": [1]}))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 6), st.integers(0, 5), st.sampled_from(["a", "b", ""]),
            st.integers(0, 5), st.sampled_from(["a", "b", ""]), st.sampled_from(["x", "y", ""]),
        ),
        min_size=1, max_size=14,
    )
)  # fmt: skip
def test_whatever_the_rows_the_result_is_a_forest(rows):
    tree = process_tree(starts(*rows))
    keys = tree["proc_key"].to_list()
    assert len(set(keys)) == len(keys)
    host = dict(zip(keys, tree["Computer"], strict=True))
    depth = dict(zip(keys, tree["Depth"], strict=True))
    below = dict.fromkeys(keys, 0)
    for key, parent in zip(keys, tree["parent_key"], strict=True):
        if parent:
            assert (host[key] or "") == (host[parent] or "")
            assert depth[key] == depth[parent] + 1
            below[parent] += 1
        else:
            assert depth[key] == 0
    leaves = [count == 0 for count in below.values()]
    assert tree["IsLeaf"].to_list() == leaves
    assert tree.filter("IsRoot").select((pl.col("Descendants") + 1).sum()).item() == tree.height


def _frame(events: list[dict]) -> pl.DataFrame:
    names = sorted({name for event in events for name in event})
    return pl.DataFrame(
        {n: [None if e.get(n) is None else str(e[n]) for e in events] for n in names},
        schema=dict.fromkeys(names, pl.String),
    )


@pytest.mark.data
def test_sysmon_edges_are_those_of_the_guids_and_nearly_the_same_without_them(windows_events):
    total = same = edges = 0
    for events in windows_events.starts.values():
        frame = _frame(events)
        frame = frame.with_columns(number=pl.int_range(pl.len()))
        tree = process_tree(frame)
        guid = dict(zip(tree["proc_key"], tree["ProcessGuid"], strict=True))
        host = dict(zip(tree["proc_key"], tree["Hostname"], strict=True))
        for row in tree.filter(~pl.col("Inferred")).iter_rows(named=True):
            edges += 1
            assert guid[row["parent_key"]].lower() == row["ParentProcessGuid"].lower()
            assert host[row["parent_key"]] == row["Hostname"]
        if "ProcessId" not in frame.columns:
            continue  # an export that lost the process ids: nothing but GUIDs can link it
        bare = process_tree(frame.drop([n for n in frame.columns if "guid" in n.lower()]))
        total += frame.height
        same += len(_numbers(tree) & _numbers(bare))
    assert total >= 50
    assert same >= 0.98 * total


def _numbers(tree: pl.DataFrame) -> set[tuple[int, int | None]]:
    number = dict(zip(tree["proc_key"], tree["number"], strict=True))
    seen = tree.filter(~pl.col("Inferred"))
    return {
        (own, number[parent])
        for own, parent in zip(seen["number"], seen["parent_key"], strict=True)
    }


@pytest.mark.data
def test_real_pid_reuse_never_joins_the_wrong_process(shared_data):
    frame = pl.read_csv(shared_data / "logs/processes_on_host.csv", infer_schema=False)
    tree = process_tree(frame)
    seen = tree.filter(~pl.col("Inferred"))
    assert (frame.height, frame["NewProcessId"].n_unique(), seen.height) == (363, 249, 363)
    above = tree.select(
        parent_key="proc_key", at="TimeGenerated", pid="NewProcessId", name="NewProcessName"
    )
    edges = seen.join(above, on="parent_key")
    assert edges.height == 363
    assert (edges["pid"] == edges["ProcessId"]).all()
    assert (edges["name"].str.to_lowercase() == edges["ParentProcessName"].str.to_lowercase()).all()
    real = edges.filter(pl.col("at") != "")
    assert real.height == 202
    assert (real["at"] <= real["TimeGenerated"]).all()
    for row in real.iter_rows(named=True):  # nobody else took the pid in between
        others = seen.filter(
            pl.col("NewProcessId") == row["pid"],
            pl.col("TimeGenerated") > row["at"],
            pl.col("TimeGenerated") < row["TimeGenerated"],
        )
        assert others.height == 0


@pytest.mark.data
def test_defender_parents_have_the_creation_time_that_the_child_tells(shared_data):
    frame = pl.read_csv(shared_data / "logs/mde_proc_cs1.csv", infer_schema=False)
    tree = process_tree(frame)
    above = tree.filter(~pl.col("Inferred")).select(
        parent_key="proc_key", at="CreatedProcessCreationTime", pid="CreatedProcessId"
    )
    edges = tree.join(above, on="parent_key")
    assert edges.height == 946
    assert (edges["at"] == edges["InitiatingProcessCreationTime"]).all()
    assert (edges["pid"] == edges["InitiatingProcessId"]).all()


def test_defender_tables_link_by_unique_ids_and_leave_other_actions_out():
    frame = pl.DataFrame(
        {
            "TimeGenerated": [START, START + timedelta(seconds=1), START + timedelta(seconds=2)],
            "DeviceName": "host1",
            "ActionType": ["ProcessCreated", "ProcessCreated", "ProcessTerminated"],
            "ProcessId": [8, 8, 8],
            "FileName": ["a.exe", "b.exe", "b.exe"],
            "ProcessCommandLine": ["a", "b", ""],
            "ProcessUniqueId": ["g1", "g2", "g2"],
            "InitiatingProcessId": [4, 8, None],
            "InitiatingProcessFileName": ["init.exe", "a.exe", ""],
            "InitiatingProcessUniqueId": ["g0", "g1", ""],
        }
    )
    tree = process_tree(frame)
    assert tree.select("FileName", "path", "Inferred").rows() == [
        ("a.exe", "2/0", False),
        ("b.exe", "2/0/1", False),
        ("init.exe", "2", True),
    ]
    assert tree["ProcessUniqueId"].to_list() == ["g1", "g2", "g0"]


@pytest.mark.data
def test_edges_of_a_real_audit_log_are_those_of_a_plain_loop(shared_data):
    evidence = huntkit.open(shared_data / "logs" / "auditd_log.txt")
    rows = evidence.table("LinuxAudit", frame="polars")
    tree = process_tree(rows.sample(fraction=1, shuffle=True, seed=3))
    records = dict(tree.filter(~pl.col("Inferred")).select("proc_key", "_record").rows())
    found = {
        record: records.get(parent)
        for record, parent in tree.filter(~pl.col("Inferred"))
        .select("_record", "parent_key")
        .rows()
    }
    wanted, last = {}, {}
    starts = rows.filter(pl.col("EventType") == "SYSCALL_EXECVE").sort("TimeGenerated", "_record")
    for record, pid, parent in starts.select("_record", "pid", "ppid").iter_rows():
        wanted[record] = last.get(parent)
        last[pid] = record
    assert found == wanted
    assert sum(parent is not None for parent in found.values()) > 50
