"""Which process started which."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from huntkit.extract.process_links import LINKED, link
from huntkit.extract.process_starts import STARTS

START = datetime(2024, 5, 1, tzinfo=UTC)
NO_ENDS = pl.DataFrame(schema={"host": pl.String, "pid": pl.Int64, "time": STARTS["time"]})


def starts(*rows: dict) -> pl.DataFrame:
    """Starts out of the values that matter; `at` is in seconds."""
    texts = {name: "" for name, dtype in STARTS.items() if dtype == pl.String}
    empty = {**dict.fromkeys(STARTS), **texts, "host": "h", "rank": 0}
    full = []
    for place, row in enumerate(rows):
        values = {**empty, "row": place, **row}
        at = values.pop("at", place)
        values["time"] = None if at is None else START + timedelta(seconds=at)
        full.append(values)
    return pl.DataFrame(full, schema=STARTS)


def edges(*rows: dict, ends: pl.DataFrame = NO_ENDS) -> list[int | None]:
    """The place of each start's parent; inferred ones come behind the starts."""
    return link(starts(*rows), ends)["above"].to_list()


def test_keys_win_over_pids():
    rows = (
        {"pid": 8, "key": "k1"},
        {"pid": 8, "key": "k2"},
        {"pid": 9, "key": "k3", "parent_guid": "k1", "parent_pid": 8},
    )
    assert edges(*rows) == [None, None, 0]


def test_a_key_of_another_host_is_another_process():
    rows = ({"key": "k1"}, {"key": "k2", "parent_guid": "k1", "host": "other"})
    assert edges(*rows) == [None, 2, None]


def test_the_last_process_with_the_pid_is_the_parent():
    rows = ({"pid": 8}, {"pid": 8}, {"pid": 9, "parent_pid": 8}, {"pid": 8})
    assert edges(*rows) == [None, None, 1, None]


@pytest.mark.parametrize(
    ("last", "named", "same"),
    [
        ("cmd.exe", "cmd.exe", True),
        ("cmd.exe", "cmd", True),
        ("cmd.exe", "", True),
        ("a-very-long-process", "a-very-long-pro", True),
        ("cmd.exe", "calc.exe", False),
    ],
)
def test_the_name_that_the_child_tells_must_fit(last, named, same):
    rows = ({"pid": 8, "name": last}, {"pid": 9, "parent_pid": 8, "parent_name": named})
    assert edges(*rows)[1] == (0 if same else 2)


def test_a_parent_recorded_late_needs_the_same_name():
    late = {"pid": 8, "name": "cmd.exe", "at": 5}
    child = {"pid": 9, "parent_pid": 8, "parent_name": "cmd.exe"}
    assert edges(late, {**child, "at": 4}) == [None, 0]
    assert edges(late, {**child, "at": 2}) == [None, 2, None]  # more than two seconds
    assert edges(late, {**child, "at": 4, "parent_name": ""}) == [None, 2, None]


def test_a_process_that_had_ended_has_no_more_children():
    rows = ({"pid": 8}, {"pid": 9, "parent_pid": 8, "at": 60})
    end = pl.DataFrame({"host": ["h"], "pid": [8], "time": [START + timedelta(seconds=9)]},
                       schema=NO_ENDS.schema)  # fmt: skip
    assert edges(*rows) == [None, 0]
    assert edges(*rows, ends=end) == [None, 2, None]


def test_children_of_one_unseen_parent_share_it():
    child = {"parent_pid": 8, "parent_name": "sh"}
    nodes = link(starts({"pid": 1, **child}, {"pid": 2, **child}), NO_ENDS)
    assert nodes["above"].to_list() == [2, 2, None]
    guess = nodes.row(2, named=True)  # as the first child tells it
    assert (guess["inferred"], guess["row"], guess["name"]) == (True, 0, "sh")
    assert nodes.schema == pl.Schema(LINKED)


@pytest.mark.parametrize(
    "row",
    [
        {"pid": 8, "parent_pid": 8},
        {"pid": 8, "parent_pid": 0},
        {"pid": 8, "parent_pid": None},
        {"key": "k", "parent_guid": "k"},
    ],
)
def test_nothing_and_itself_are_no_parents(row):
    assert edges(row) == [None]


@pytest.mark.parametrize(
    ("row", "is_own"),
    [
        ({"pid": 8, "parent_pid": 8}, True),
        ({"key": "k", "parent_guid": "k"}, True),
        ({"pid": 8, "parent_pid": 8, "name": "a", "parent_name": "b"}, False),
        ({"pid": 8, "parent_pid": 8, "key": "k", "parent_guid": "m"}, False),
        ({"pid": 0, "parent_pid": 0}, False),
        ({"pid": None, "parent_pid": None}, False),
    ],
)
def test_who_claims_to_have_started_itself_is_told(row, is_own):
    assert link(starts(row), NO_ENDS)["is_own_parent"][0] is is_own


def test_keys_of_nodes_are_unique_and_say_the_host():
    nodes = link(starts({"key": "k"}, {"pid": 4, "name": "a"}), NO_ENDS)
    assert nodes["node"].to_list() == ["h|k", "h|4|2024-05-01T00:00:01.000000Z|a"]


def test_starts_without_times_are_linked_too():
    assert edges({"pid": 8, "at": None}, {"pid": 9, "parent_pid": 8, "at": None}) == [None, 0]
