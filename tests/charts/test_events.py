from datetime import UTC, date, datetime

import pandas as pd
import polars as pl
import pytest

from huntkit.charts.events import lane_names, references, span
from huntkit.core.errors import UsageError

TEN = datetime(2026, 3, 1, 10, tzinfo=UTC)
TEN_US = 1_772_359_200_000_000


@pytest.mark.parametrize("given", [TEN, "2026-03-01T10:00:00Z", [TEN], ("2026-03-01 10:00",)])
def test_a_reference_is_a_time_however_it_is_given(given: object) -> None:
    assert references(given) == [{"at_us": TEN_US, "label": "10:00:00"}]


def test_references_have_their_labels_and_stand_in_order_of_time() -> None:
    assert references({"late": TEN, "early": date(2026, 3, 1)}) == [
        {"at_us": TEN_US - 36_000_000_000, "label": "early"},
        {"at_us": TEN_US, "label": "late"},
    ]


def test_alerts_are_references_by_their_names_and_rows_without_a_time_are_none() -> None:
    alerts = pl.DataFrame({"TimeGenerated": [TEN, None], "AlertName": ["a\u202eb", "x"]})
    assert references(alerts) == [{"at_us": TEN_US, "label": "a⟦RLO⟧b"}]


@pytest.mark.parametrize("given", ["soon", ["2026-03-01", "soon"], {"a": None}, [TEN] * 201])
def test_what_is_no_time_is_refused(given: object) -> None:
    with pytest.raises(UsageError):
        references(given)


def test_no_references_are_none() -> None:
    assert references(None) == references([]) == references({}) == []


def test_lanes_are_named_whatever_the_values_are() -> None:
    assert lane_names(pl.Series([1, None, 2])).to_list() == ["1", "(empty)", "2"]
    assert lane_names(pl.Series([["a"], None])).to_list() == ['["a"]', "(empty)"]


def test_a_day_is_said_once() -> None:
    assert span(TEN, TEN.replace(hour=11)) == "2026-03-01 10:00:00 to 11:00:00 UTC"
    assert span(TEN, TEN.replace(day=2)) == "2026-03-01 10:00:00 to 2026-03-02 10:00:00 UTC"


def test_one_row_or_one_column_are_references_too() -> None:
    alert = {"StartTime": None, "TimeGenerated": "2026-03-01T10:00:00Z", "AlertName": "odd logon"}
    expected = [{"at_us": TEN_US, "label": "odd logon"}]
    assert references(alert) == expected
    table = pd.DataFrame([alert, {**alert, "AlertName": "other"}])
    assert references(table.iloc[0]) == expected
    assert [each["at_us"] for each in references(table["TimeGenerated"])] == [TEN_US] * 2
    assert references(pl.Series(["2026-03-01T10:00:00Z"]))[0]["label"] == "10:00:00"
    assert references({"name": "2026-03-01T10:00:00Z"})[0]["label"] == "name"
