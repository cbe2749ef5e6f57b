"""A process tree as text."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import UnknownColumn
from huntkit.extract import process_tree, tree_to_text

ROLES = {"process_id": "Pid", "parent_id": "Ppid", "process_path": "Exe"}


def tree(*rows: tuple[int, int, str], **columns: list[str]) -> pl.DataFrame:
    """A tree out of (pid, parent's pid, program) and more columns."""
    pids, parents, names = zip(*rows, strict=True)
    return process_tree(
        pl.DataFrame({"Pid": pids, "Ppid": parents, "Exe": names, **columns}),
        roles=ROLES,
    )


def test_children_stand_below_their_parent_with_lines():
    text = tree_to_text(tree((4, 0, "a"), (8, 4, "b"), (12, 8, "c"), (16, 4, "d")))
    assert text.splitlines() == [
        "a  [4]",
        "├── b  [8]",
        "│   └── c  [12]",
        "└── d  [16]",
    ]


def test_inferred_parents_command_lines_and_hosts_are_shown():
    frame = tree((8, 4, "a"), (8, 4, "b"), host=["one", "two"], CommandLine=["a -x", ""])
    assert tree_to_text(frame).splitlines() == [
        "?  [4]  on one  (inferred)",
        "└── a  [8]  a -x",
        "?  [4]  on two  (inferred)",
        "└── b  [8]",
    ]


def test_any_kind_of_frame_and_filtered_rows():
    frame = tree((4, 0, "a"), (8, 4, "b"), (12, 8, "c"))
    assert tree_to_text(frame.to_pandas()) == tree_to_text(frame.to_arrow()) == tree_to_text(frame)
    without = frame.filter(pl.col("Exe") != "b")  # c has no parent any more: it is on top
    assert tree_to_text(without).splitlines() == ["a  [4]", "c  [12]"]


def test_one_process_and_what_is_below_it():
    frame = tree((4, 0, "a"), (8, 4, "b"), (12, 8, "c"), (16, 4, "d"))
    root = frame.filter(pl.col("Exe") == "b")["proc_key"][0]
    assert tree_to_text(frame, root=root).splitlines() == ["b  [8]", "└── c  [12]"]
    assert tree_to_text(frame, root="no such key") == ""


def test_lines_are_bounded_in_number_and_length():
    frame = tree(*((n + 1, n, "x" * 50) for n in range(60)))
    lines = tree_to_text(frame, max_rows=30, width=70).splitlines()
    assert len(lines) == 31
    assert lines[-1] == "... more processes than 30"
    assert max(map(len, lines)) == 70
    assert all("x" in line for line in lines[:-1])  # the indent leaves room for the name


def test_control_characters_of_events_reach_no_terminal():
    text = tree_to_text(tree((4, 0, "a\x1b[2J\r\nb"), CommandLine=["\x07\u202e"]))
    assert len(text.splitlines()) == 1
    assert not set(text) & set("\x1b\x07\r\u202e")


@pytest.mark.parametrize("name", ["proc_key", "parent_key", "Inferred"])
def test_other_tables_are_refused(name):
    with pytest.raises(UnknownColumn, match=r"process_tree\(\)"):
        tree_to_text(tree((4, 0, "a")).drop(name))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6), st.text("ab", max_size=2)), min_size=1)
)
def test_every_process_has_one_line(rows):
    frame = tree(*rows)
    assert len(tree_to_text(frame).splitlines()) == frame.height
