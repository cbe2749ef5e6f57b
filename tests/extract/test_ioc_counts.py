"""Indicators put together."""

from datetime import UTC, datetime

import polars as pl
import pytest

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.extract import ioc_summary, iocs

FRAME = pl.DataFrame(
    {
        "text": ["192.0.2.1", "evil.com 192.0.2.1", "192.0.2.1"],
        "at": [datetime(2024, 1, day, tzinfo=UTC) for day in (3, 1, 2)],
        "table": ["A", "B", "A"],
        "_file": ["a.log", "b.log", "a.log"],
        "_record": [7, 8, 9],
    }
)


def test_counts_times_tables_and_first_places():
    found = iocs(FRAME, "text", keep=["at", "table", "_file", "_record"])
    summary = ioc_summary(found, time_column="at", table_column="table", first_rows=2)
    assert summary.row(0, named=True) == {
        "IoCType": "ipv4",
        "Observable": "192.0.2.1",
        "scope": "documentation",
        "defanged": False,
        "Count": 3,
        "FirstTime": datetime(2024, 1, 1, tzinfo=UTC),
        "LastTime": datetime(2024, 1, 3, tzinfo=UTC),
        "Tables": ["B", "A"],
        "Files": ["b.log", "a.log"],
        "FirstRows": ["b.log#8", "a.log#9"],
        "_file": "b.log",
        "_record": 8,
    }
    assert summary["Count"].to_list() == [3, 1]


def test_without_times_and_files_the_first_rows_are_those_of_the_frame():
    row = ioc_summary(iocs(FRAME, "text")).row(0, named=True)
    assert (row["FirstTime"], row["Tables"], row["FirstRows"], row["_file"]) == (
        None,
        [],
        ["0", "1", "2"],
        None,
    )


def test_another_table_is_refused_with_a_hint():
    with pytest.raises(UnknownColumn, match="result of iocs"):
        ioc_summary(FRAME)
    with pytest.raises(UsageError, match="holds no times"):
        ioc_summary(iocs(FRAME, "text", keep=["table"]), time_column="table")


def test_what_was_left_out_is_not_counted():
    frame = pl.DataFrame({"t": ["192.0.2.1", "999.1.2.3 and 192.0.2.1"]})
    summary = ioc_summary(iocs(frame, rejected=True))
    assert summary.select("Observable", "Count").rows() == [("192.0.2.1", 2)]
