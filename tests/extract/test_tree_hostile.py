"""Process trees of frames that mean harm, or nothing."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.core.errors import HuntkitError
from huntkit.extract import get_roots, get_summary_info, process_tree, tree_to_text

IDS = [
    ("ProcessId", "ParentProcessId"), ("NewProcessId", "ProcessId"), ("pid", "ppid"),
    ("ProcessGuid", "ParentProcessGuid"),
]  # fmt: skip
NAMES = [
    "EventID", "ActionType", "EventType", "event_simpleName", "TimeGenerated", "UtcTime", "host",
    "Computer", "ParentProcessId", "ProcessGuid", "ParentProcessGuid", "Image", "ParentImage",
    "NewProcessName", "ParentProcessName", "CommandLine", "proc_key", "path", "Rarity", "Fault",
    "_program", "Message",
]  # fmt: skip
COLUMNS = st.one_of(
    st.lists(
        st.none() | st.sampled_from(["1", "4688", "ProcessCreated", "0x8", "8", "-", "", "a"])
    ),
    st.lists(st.none() | st.text(max_size=5)),
    st.lists(st.none() | st.integers(-5, 5)),
    st.lists(st.none() | st.integers(-(2**62), 2**62)),
    st.lists(st.none() | st.floats()),
    st.lists(st.none() | st.booleans()),
    st.lists(st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))),
    st.lists(st.none() | st.lists(st.integers(0, 2), max_size=2)),
    st.lists(st.none() | st.fixed_dictionaries({"a": st.integers(0, 2)})),
)


@settings(max_examples=150)
@given(
    st.dictionaries(st.sampled_from(NAMES), COLUMNS, max_size=7),
    st.sampled_from(IDS),
    st.tuples(COLUMNS, COLUMNS),
    st.integers(0, 6),
)
def test_any_frame_gives_a_forest_or_an_answer_why_not(more, ids, values, size):
    columns = {**more, **dict(zip(ids, values, strict=True))}
    frame = pl.DataFrame(
        {name: (values * size + [None] * size)[:size] for name, values in columns.items()},
        strict=False,
    )
    try:
        tree = process_tree(frame)
    except HuntkitError as problem:
        told = str(problem)
    else:
        check(tree, frame.height)
        return
    # Nothing that only Polars can't do.
    assert told.startswith(("no row of this table starts a process", "the column"))


def check(tree: pl.DataFrame, height: int) -> None:
    keys = tree["proc_key"]
    assert keys.is_unique().all()
    assert keys.null_count() == 0
    assert set(tree["parent_key"]) <= {"", *keys}
    assert (tree["IsRoot"] == (tree["parent_key"] == "")).all()
    assert tree.filter(~pl.col("Inferred")).height <= height
    info = get_summary_info(tree)
    assert info["RootProcesses"] == get_roots(tree).height
    assert info["InferredProcesses"] == tree["Inferred"].sum()
    assert len(tree_to_text(tree).splitlines()) == tree.height


def made(size: int, kind: str) -> pl.DataFrame:
    number = pl.int_range(size, eager=True)
    frame = pl.DataFrame({"host": ["h"]}).select(pl.col("host").repeat_by(size).explode())
    start = pl.lit(datetime(2024, 5, 1, tzinfo=UTC)).dt.cast_time_unit("us")
    frame = frame.with_columns(
        UtcTime=start + pl.duration(milliseconds=number), Image=pl.lit("x" * 30)
    )
    if kind == "one pid":
        return frame.with_columns(ProcessId=pl.lit(8), ParentProcessId=pl.lit(8))
    above = {
        "chain": number - 1,
        "star": number * 0,
        "one loop": (number + 1) % size,
        "strangers": number + 10_000_000,
    }[kind]
    return frame.with_columns(
        ProcessGuid=number.cast(pl.String) + "-k", ParentProcessGuid=above.cast(pl.String) + "-k"
    )


@pytest.mark.parametrize("kind", ["chain", "star", "one pid", "one loop", "strangers"])
def test_many_processes_of_any_shape_take_no_quadratic_time(kind, hang_guard):
    with hang_guard():
        assert process_tree(made(80_000, kind)).height >= 80_000


def test_a_chain_and_a_loop_are_what_they_are():
    chain = process_tree(made(5_000, "chain"))
    assert chain.filter(~pl.col("Inferred"))["Depth"].max() == 5_000
    loop = process_tree(made(5_000, "one loop"))
    assert loop["Fault"].value_counts().sort("count").rows() == [("loop", 1), ("", 4_999)]
    assert loop["Depth"].max() == 4_999
