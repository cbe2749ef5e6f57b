import json
import random
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.charts import process_tree
from huntkit.charts.chart import Chart
from huntkit.core.errors import UnknownColumn, UsageError


def tree(keys: list[Any], parents: list[Any], **more: list[Any]) -> pl.DataFrame:
    schema = {"proc_key": pl.String, "parent_key": pl.String}
    frame = pl.DataFrame({"proc_key": keys, "parent_key": parents}, schema=schema)
    return frame.with_columns(pl.Series(name, values) for name, values in more.items())


def nodes(chart: Chart) -> dict[str, Any]:
    return json.loads(chart.blobs["nodes"])  # type: ignore[no-any-return]


def test_children_follow_their_parent_in_order_of_time() -> None:
    frame = tree(
        ["c", "a", "b", "d"],
        ["a", None, "a", "b"],
        TimeGenerated=[
            "2026-03-01T10:00:03Z",
            "2026-03-01T10:00:00Z",
            *["2026-03-01T10:00:02Z"] * 2,
        ],
        Image=["c.exe", r"C:\x\a.exe", "/usr/bin/b", "d.exe"],
    )
    chart = process_tree(frame)
    assert chart.data["proc_key"].to_list() == ["a", "b", "d", "c"]
    drawn = nodes(chart)
    assert drawn["depth"] == [0, 1, 2, 1]
    assert drawn["process"]["values"] == [r"C:\x\a.exe", "/usr/bin/b", "d.exe", "c.exe"]
    assert drawn["time"] == [0, 2000, 2000, 3000]


@given(st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 9)), max_size=30))
def test_every_row_is_drawn_once_whatever_the_keys_say(pairs: list[tuple[int, int | None]]) -> None:
    frame = tree([str(k) for k, _ in pairs], [None if p is None else str(p) for _, p in pairs])
    frame = frame.with_row_index("row")
    chart = process_tree(frame)
    assert sorted(chart.data["row"].to_list()) == list(range(len(pairs)))
    depths = nodes(chart)["depth"]
    assert all(b <= a + 1 for a, b in pairwise(depths))
    assert not depths or depths[0] == 0


def test_a_chain_deeper_than_pythons_stack_is_drawn() -> None:
    size = 20_000
    chart = process_tree(tree([str(i) for i in range(size)], [str(i - 1) for i in range(size)]))
    assert nodes(chart)["depth"][-1] == size - 1
    assert "at most 20000 levels" in chart.summary


def test_a_circle_and_an_absent_parent_become_roots() -> None:
    chart = process_tree(tree(["a", "b", "c"], ["b", "a", "gone"]))
    assert sorted(nodes(chart)["depth"]) == [0, 0, 1]


def test_the_callers_columns_win_and_unknown_ones_are_refused() -> None:
    frame = tree(["a"], [None], Image=["x.exe"], Mine=["y.exe"])
    assert nodes(process_tree(frame, columns={"process": "Mine"}))["process"]["values"] == ["y.exe"]
    with pytest.raises(UnknownColumn):
        process_tree(frame, columns={"process": "Min"})
    with pytest.raises(UnknownColumn):
        process_tree(frame, source_columns="Min")
    with pytest.raises(UsageError, match="did you mean 'process'"):
        process_tree(frame, columns={"proces": "Mine"})


def test_rarity_orders_the_branches_unless_asked_otherwise() -> None:
    frame = tree(["a"], [None], Rarity=[0.25])
    assert process_tree(frame).spec["order"] == "rarest"
    assert process_tree(frame, order="time").spec["order"] == "time"
    assert process_tree(frame.drop("Rarity")).spec["order"] == "time"
    with pytest.raises(UsageError, match="order"):
        process_tree(frame, order="size")  # type: ignore[arg-type]


def test_what_is_risky_comes_before_what_is_rare() -> None:
    lines = ["rare.exe", "vssadmin delete shadows /all", "notepad.exe"]
    frame = tree(["a", "b", "c"], [None, None, None], Rarity=[0.9, 0.1, 0.1], CommandLine=lines)
    chart = process_tree(frame)
    assert chart.spec["order"] == "foremost"
    assert nodes(chart)["place"] == [1, 0, 2]
    for order in ("rarest", "time"):
        plain = process_tree(frame, order=order)
        assert (plain.spec["order"], plain.spec["foremost"]) == (order, False)
        assert "place" not in nodes(plain)


def test_whoever_has_weights_of_their_own_names_their_column() -> None:
    frame = tree(["a", "b", "c"], [None, None, None], Mine=[1, None, 5], Text=["x", "y", "z"])
    chart = process_tree(frame, weight_column="Mine")
    assert (chart.spec["order"], nodes(chart)["place"]) == ("foremost", [1, 2, 0])
    with pytest.raises(UnknownColumn):
        process_tree(frame, weight_column="Min")
    with pytest.raises(UsageError, match="weight_column='Text' holds no numbers"):
        process_tree(frame, weight_column="Text")


def test_inferred_processes_are_marked_and_counted() -> None:
    chart = process_tree(tree(["a", "b"], [None, "a"], Inferred=[True, False]))
    assert nodes(chart)["inferred"] == [1, 0]
    assert "1 inferred" in chart.summary


def test_no_processes_give_a_page_that_says_so() -> None:
    chart = process_tree(tree([], []))
    assert chart.spec["nodes"] == 0
    assert "no processes" in chart.to_html().lower()


def test_long_command_lines_are_kept_as_long_as_there_is_room() -> None:
    few = process_tree(tree(["a"], [None], CommandLine=["x" * 3_999]))
    assert few.blobs["nodes"].count(b"x" * 3_999) == 1
    many = [str(i) for i in range(3_000)]
    lines = [f"{i}" + "x" * 1_000_000 for i in range(40)] + [
        f"{i}" + "y" * 5_000 for i in range(2_960)
    ]
    full = process_tree(tree(many, [None] * 3_000, CommandLine=lines), order="time")
    assert len(full.blobs["nodes"]) < 8_000_000


def test_ten_thousand_processes_weigh_under_300_kilobytes() -> None:
    rng = random.Random(7)
    size = 10_000
    programs = [f"C:\\Program Files\\Vendor {i}\\tool{i}.exe" for i in range(300)]
    chosen = [rng.choice(programs) for _ in range(size)]
    chart = process_tree(
        tree(
            [f"k{i}" for i in range(size)],
            [f"k{rng.randrange(i)}" if i and rng.random() < 0.98 else None for i in range(size)],
            TimeGenerated=[1_760_000_000_000 + i * 937 for i in range(size)],
            Image=chosen,
            CommandLine=[f'"{p}" --id {rng.randrange(10**6)} --mode fast' for p in chosen],
            User=[rng.choice(["CORP\\alice", "CORP\\bob", "NT AUTHORITY\\SYSTEM"]) for _ in chosen],
            ProcessId=[rng.randrange(100, 30_000) for _ in chosen],
        )
    )
    assert len(chart.to_html().encode()) <= 300_000


@pytest.mark.data
def test_raw_events_of_two_products_make_one_tree_with_names(shared_data: Path) -> None:
    folder = shared_data / "security-datasets/atomic/windows/lateral_movement/host"
    with zipfile.ZipFile(folder / "purplesharp_ad_playbook_I.zip") as archive:
        lines = [line for name in archive.namelist() for line in archive.read(name).splitlines()]
    rows = [row for row in map(json.loads, lines) if row.get("EventID") in (1, 4688)]
    texts = [{k: v if k == "EventID" else str(v) for k, v in row.items()} for row in rows]
    chart = process_tree(pl.DataFrame(texts, infer_schema_length=None))
    drawn = nodes(chart)
    named = sum(bool(drawn["process"]["values"][code - 1]) for code in drawn["process"]["codes"])
    assert named == chart.spec["nodes"] > 30
    assert {"user", "pid", "command"} <= set(drawn)


def test_a_column_may_colour_and_another_mark() -> None:
    frame = tree(
        ["a", "b", "c"],
        [None, "a", "a"],
        level=["High", "Low", "Low"],
        rules=[["r1", "r2"], [], None],
        odd=[True, None, False],
    )
    chart = process_tree(frame, color_by="level", mark_column="rules")
    assert nodes(chart)["colour"]["values"] == ["High", "Low"]
    assert nodes(chart)["mark"]["values"] == ["r1, r2", ""]
    assert "1 marked by rules." in chart.summary
    flags = process_tree(frame, mark_column="odd")
    assert nodes(flags)["mark"]["values"] == ["odd", ""]
    assert "1 marked by odd." in flags.summary
    for wrong in ({"color_by": "x"}, {"mark_column": "x"}):
        with pytest.raises(UnknownColumn):
            process_tree(frame, **wrong)  # type: ignore[arg-type]
