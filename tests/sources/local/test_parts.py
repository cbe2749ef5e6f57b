from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from huntkit.sources.local import parts
from huntkit.sources.local.parts import PartWriter, describe, stack


def test_a_column_of_two_types_becomes_text_and_numbers_widen() -> None:
    one = pl.DataFrame({"a": [1], "b": [1], "c": ["x"]})
    two = pl.DataFrame({"a": ["y"], "b": [0.5], "d": [True]})
    rows = stack([one, two])
    assert rows["a"].to_list() == ["1", "y"]
    assert rows["b"].to_list() == [1.0, 0.5]
    assert rows.columns == ["a", "b", "c", "d"]
    assert rows["c"].to_list() == ["x", None]


def test_a_column_that_was_null_at_first_takes_the_later_type() -> None:
    rows = stack([pl.DataFrame({"a": [None]}), pl.DataFrame({"a": [3]})])
    assert rows["a"].to_list() == [None, 3]


def test_buffers_are_written_when_they_grow(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", 1000)
    writer = PartWriter(tmp_path, prefix="p-")
    for number in range(5):
        writer.add("T", pl.DataFrame({"a": ["x" * 600], "_record": [number]}), member="")
    written = writer.close()
    assert [part.rows for part in written] == [2, 2, 1]
    assert [part.file for part in written] == [
        "p-00000.parquet",
        "p-00001.parquet",
        "p-00002.parquet",
    ]
    read = pl.concat([pl.read_parquet(tmp_path / part.file) for part in written])
    assert read["_record"].to_list() == [0, 1, 2, 3, 4]


def test_all_tables_together_are_bounded(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(parts, "BUFFER_BYTES", 2000)
    writer = PartWriter(tmp_path)
    for number in range(10):
        writer.add(f"T{number}", pl.DataFrame({"a": ["x" * 500]}), member="")
    assert len(writer.parts) >= 5
    assert {part.table for part in writer.close()} == {f"T{number}" for number in range(10)}


def test_rows_that_wait_for_the_merge_are_kept_apart(tmp_path: Path) -> None:
    writer = PartWriter(tmp_path)
    writer.add("DeviceEvents", pl.DataFrame({"_script_parts": [1, 2, None]}), member="")
    writer.add("DeviceProcessEvents", pl.DataFrame({"DeviceName": ["of an export"]}), member="")
    writer.add("DeviceProcessEvents", pl.DataFrame({"_origin": ["sysmon"]}), member="")
    assert sorted((part.table, part.held, part.rows) for part in writer.close()) == [
        ("DeviceEvents", False, 2),
        ("DeviceEvents", True, 1),
        ("DeviceProcessEvents", False, 1),
        ("DeviceProcessEvents", True, 1),
    ]


def test_a_part_says_its_times_hosts_and_types() -> None:
    times = [datetime(2026, 1, day, tzinfo=UTC) for day in (2, 1)]
    rows = pl.DataFrame(
        {"TimeGenerated": times, "Computer": ["b", ""], "Own": [1, 2], "EventID": [1, 2]}
    )
    part = describe(rows, table="SecurityEvent", file="x")
    assert (part.first[:10], part.last[:10]) == ("2026-01-01", "2026-01-02")
    assert part.hosts == ["b"]
    assert describe(rows.rename({"Computer": "machine"}), table="Zeek_pe", file="x").hosts == []
    assert part.columns == {
        "TimeGenerated": "datetime",
        "Computer": "string",
        "Own": "long",
        "EventID": "int",
    }


@pytest.mark.parametrize("names", [["LogonId", "LogonID"], ["a", "A", "a_2"]])
def test_names_that_differ_in_case_only_are_told_apart(names: list[str]) -> None:
    from huntkit.sources.local.schemas import physical_names

    found = physical_names(names)
    assert list(found) == names
    assert len({name.casefold() for name in found.values()}) == len(names)


def test_times_beyond_the_calendar_are_null_and_cost_nothing(tmp_path: Path) -> None:
    last = datetime(9999, 12, 31, 23, tzinfo=UTC)
    times = pl.Series([last, datetime(2026, 1, 1, tzinfo=UTC)], dtype=pl.Datetime("us", "UTC"))
    rows = pl.select(**{"TimeGenerated": times + pl.duration(hours=8), "^a$": times})
    writer = PartWriter(tmp_path)
    writer.add("SecurityEvent", rows, member="")
    [part] = writer.close()
    assert (part.rows, part.first, part.last) == (2, *["2026-01-01T08:00:00+00:00"] * 2)
    assert pl.read_parquet(tmp_path / part.file)["TimeGenerated"].null_count() == 1
