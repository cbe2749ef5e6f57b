"""One spelling for each channel, and none of what was logged lost."""

import polars as pl
import pytest

from huntkit.formats.batch import Batch
from huntkit.sources.local.mapping import Mapper, channels, rules
from huntkit.tables.data_files import data_file


def mapped(names: list[str | None]) -> dict[str, pl.DataFrame]:
    """Events of some channels, as a collector exports them."""
    records = [
        {"EventID": 4672, "EventTime": "2020-09-20 12:16:37", "Hostname": "ws1.a.example",
         "SourceName": "Some", **({} if name is None else {"Channel": name})}
        for name in names
    ]  # fmt: skip
    mapper = Mapper(name="x.json")
    made = mapper.map(Batch("json", range(len(names)), records=records)) + mapper.finish()
    found: dict[str, list[pl.DataFrame]] = {}
    for table, rows in made:
        found.setdefault(table, []).append(rows)
    return {name: pl.concat(each, how="diagonal_relaxed") for name, each in found.items()}


def test_channels_have_windows_case_and_keep_what_was_logged() -> None:
    logged = [
        "security",
        "Security",
        "SYSTEM",
        "microsoft-windows-sysmon/operational",
        "my-App/Log",
    ]
    tables = mapped([*logged])
    rows = tables["WindowsEvent"].sort("_record")
    assert rows["Channel"].to_list() == [
        "Security", "Security", "System", "Microsoft-Windows-Sysmon/Operational", "my-App/Log",
    ]  # fmt: skip
    assert rows["_channel"].to_list() == ["security", "", "SYSTEM", logged[3], ""]
    security = tables["SecurityEvent"].sort("_record")
    assert security.select("Channel", "_channel").rows() == [
        ("Security", "security"), ("Security", ""),
    ]  # fmt: skip


def test_channels_of_one_spelling_get_no_column_more() -> None:
    for rows in mapped(["Security", "my-App/Log", "my-app/log"]).values():
        assert "_channel" not in rows.columns


@pytest.mark.parametrize("name", ["SecuritY ", "Secur", "My/Security", ""])
def test_other_names_stay_as_they_are(name: str) -> None:
    assert channels.as_windows_spells(pl.Series([name, None], dtype=pl.String)) is None


def test_known_channels_stand_once_and_are_all_that_rules_name() -> None:
    listed = data_file("huntkit.sources.local.mapping", "data/channels.yaml")
    known = {name.lower() for name in listed}
    assert len(known) == len(listed)
    named = {name for family in rules.families() for name in family.channels}
    assert "security" in named
    assert named <= known
