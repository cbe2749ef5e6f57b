"""Which rows start a process."""

import polars as pl
import pytest

from huntkit.extract.process_kinds import process_rows

GUID = "{00000001-0000-0000-0000-000000000001}"


def places(**columns) -> tuple[list[list[int]], list[int]]:
    starts, ends = process_rows(pl.DataFrame(columns, strict=False))
    return [each.to_list() for each in starts], ends.to_list()


@pytest.mark.parametrize(
    ("columns", "starts", "ends"),
    [
        ({"EventID": [4688, 4624, 4689]}, [[0]], [2]),
        ({"EventID": ["4688", " 4688 ", None]}, [[0, 1]], []),
        ({"EventID": [4688.0, None, 5.0]}, [[0]], []),
        ({"EventID": [1, 1, 5, 5], "ProcessGuid": [GUID, None, GUID, ""]}, [[0]], [2]),
        ({"EventID": [1, 4688], "Image": ["a", None]}, [[0], [1]], []),
        ({"EventID": [1, 3], "image": ["a", "b"]}, [[0]], []),
        ({"ActionType": ["ProcessCreated", "FileCreated", "ProcessTerminated"]}, [[0]], [2]),
        ({"event_simpleName": ["ProcessRollup2", "DnsRequest", "EndOfProcess",
                               "SyntheticProcessRollup2"]}, [[0, 3]], [2]),
        ({"event.type": ["start", "end", "info"], "process.pid": [1, 2, 3]}, [[0]], [1]),
        ({"EventType": ["EXECVE", "LOGIN", "SYSCALL_EXECVE_CWD"]}, [[0, 2]], []),
        ({"type": ["EXECVE", "PATH"]}, [[0]], []),
    ],
)  # fmt: skip
def test_starts_and_ends_of_each_product(columns, starts, ends):
    assert places(**columns) == (starts, ends)


def test_a_table_without_marks_holds_starts_only():
    assert places(pid=[1, 2]) == ([[0, 1]], [])
    assert places(EventType=["x", "y"]) == ([[0, 1]], [])
    assert places(EventID=[None, None], pid=[1, 2]) == ([[0, 1]], [])


@pytest.mark.parametrize(
    "columns",
    [
        {"EventID": [4624, 3]},
        {"ActionType": ["LogonSuccess"]},
        {"event_simpleName": ["DnsRequest"]},
    ],
)
def test_events_of_other_kinds_are_no_starts(columns):
    assert places(**columns) == ([], [])


def test_odd_columns_are_no_marks():
    assert places(EventID=[[1], [4688]], ActionType=[{"a": 1}, None]) == ([], [])
    assert places(type=[["EXECVE"]]) == ([[0]], [])
