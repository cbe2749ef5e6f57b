"""The relatives of a process in its tree."""

import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit import extract
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.extract import process_tree, tree_parts

ROWS = {
    "host": "h",
    "Pid": [4, 8, 12, 16, 20, 99],
    "Ppid": [0, 4, 8, 8, 12, 0],
    "Exe": ["init", "sh", "id", "ls", "deep", "lone"],
}


def tree() -> pl.DataFrame:
    return process_tree(pl.DataFrame(ROWS))


def key(name: str) -> str:
    return tree().filter(pl.col("Exe") == name)["proc_key"].item()


def names(rows: pl.DataFrame) -> list[str]:
    return rows["Exe"].to_list()


@pytest.mark.parametrize(
    ("function", "name", "options", "found"),
    [
        ("get_process", "id", {}, ["id"]),
        ("get_parent", "id", {}, ["sh"]),
        ("get_parent", "init", {}, []),
        ("get_root", "deep", {}, ["init"]),
        ("get_root", "lone", {}, ["lone"]),
        ("get_root_tree", "deep", {}, ["init", "sh", "id", "ls", "deep"]),
        ("get_root_tree", "lone", {}, ["lone"]),
        ("get_ancestors", "deep", {}, ["init", "sh", "id", "deep"]),
        ("get_ancestors", "deep", {"include_source": False}, ["init", "sh", "id"]),
        ("get_ancestors", "init", {"include_source": False}, []),
        ("get_children", "sh", {}, ["sh", "id", "ls"]),
        ("get_children", "sh", {"include_source": False}, ["id", "ls"]),
        ("get_children", "deep", {"include_source": False}, []),
        ("get_descendents", "init", {}, ["init", "sh", "id", "ls", "deep"]),
        ("get_descendents", "init", {"max_levels": 0}, ["init"]),
        ("get_descendents", "init", {"max_levels": 2, "include_source": False}, ["sh", "id", "ls"]),
        ("get_siblings", "id", {}, ["id", "ls"]),
        ("get_siblings", "ls", {"include_source": False}, ["id"]),
        ("get_siblings", "init", {"include_source": False}, []),
        ("get_siblings", "init", {}, ["init"]),
    ],
)
def test_relatives_of_a_process(function, name, options, found):
    call = getattr(tree_parts, function)
    assert names(call(tree(), key(name), **options)) == found


def test_roots_depth_and_summary():
    assert names(tree_parts.get_roots(tree())) == ["init", "lone"]
    assert tree_parts.get_tree_depth(tree()) == 4
    assert tree_parts.get_summary_info(tree()) == {
        "Processes": 6,
        "RootProcesses": 2,
        "LeafProcesses": 3,
        "BranchProcesses": 2,
        "IsolatedProcesses": 1,
        "InferredProcesses": 0,
        "Faults": 0,
        "LargestTreeDepth": 4,
    }


def test_inferred_processes_and_faults_are_counted():
    frame = pl.DataFrame({"host": "h", "Pid": [4, 8], "Ppid": [4, 9], "Exe": ["a", "b"]})
    info = tree_parts.get_summary_info(process_tree(frame))
    assert (info["Processes"], info["InferredProcesses"], info["Faults"]) == (3, 1, 1)


def test_a_row_names_a_process_as_its_key_does():
    pandas = tree().to_pandas()
    row = pandas[pandas["Exe"] == "id"]
    for process in (row.iloc[0], row, row.iloc[0].to_dict(), pl.from_pandas(row)):
        found = tree_parts.get_parent(pandas, process)
        assert isinstance(found, pd.DataFrame)
        assert found["Exe"].to_list() == ["sh"]


def test_arrow_and_duckdb_frames_come_back_as_they_were_given():
    arrow = tree_parts.get_children(tree().to_arrow(), key("sh"))
    assert arrow.column("Exe").to_pylist() == ["sh", "id", "ls"]
    with duckdb.connect() as connection:
        relation = tree_parts.get_roots(connection.from_arrow(tree().to_arrow()))
        assert isinstance(relation, duckdb.DuckDBPyRelation)
        assert relation.pl()["Exe"].to_list() == ["init", "lone"]


@pytest.mark.parametrize("process", ["nobody", "", {"proc_key": None}, {}, 7, None, [1]])
def test_unknown_processes_are_refused(process):
    with pytest.raises(UsageError, match=r"no process|names no single process"):
        tree_parts.get_process(tree(), process)


def test_misspelt_keys_get_a_suggestion():
    with pytest.raises(UsageError, match="did you mean"):
        tree_parts.get_process(tree(), key("id") + "x")


def test_two_rows_name_no_single_process():
    with pytest.raises(UsageError, match="single"):
        tree_parts.get_parent(tree(), tree().head(2))


def test_other_tables_are_refused_and_empty_trees_are_fine():
    with pytest.raises(UnknownColumn, match=r"process_tree\(\)"):
        tree_parts.get_roots(pl.DataFrame({"a": [1]}))
    empty = tree().head(0)
    assert tree_parts.get_roots(empty).height == 0
    assert tree_parts.get_tree_depth(empty) == 0
    assert set(tree_parts.get_summary_info(empty).values()) == {0}
    with pytest.raises(UsageError):
        tree_parts.get_process(empty, "x")


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdefg")))
def test_any_list_of_keys_and_parents_is_walked_without_end(parents):
    columns = {"proc_key": list(parents), "parent_key": list(parents.values())}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    roots = tree_parts.get_roots(frame)
    below = [tree_parts.get_descendents(frame, each) for each in roots["proc_key"]]
    assert sum(each.height for each in below) == frame.height
    for name in frame["proc_key"]:
        line = tree_parts.get_ancestors(frame, name)["proc_key"].to_list()
        assert line[-1] == name
        top = tree_parts.get_root(frame, name)["proc_key"].to_list()
        assert top == line[:1]
        assert tree_parts.get_parent(frame, name)["proc_key"].to_list() == line[-2:-1]
    assert tree_parts.get_tree_depth(frame) <= frame.height


def test_every_function_is_public():
    for name in dir(tree_parts):
        if name.startswith("get_"):
            assert getattr(extract, name) is getattr(tree_parts, name)
