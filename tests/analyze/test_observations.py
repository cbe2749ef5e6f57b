from datetime import UTC, datetime, timedelta

import pandas as pd
import polars as pl
import pytest

from huntkit.analyze import Observation, Observations, clusters
from huntkit.core.errors import UsageError

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
ROWS = pl.DataFrame({"t": [BEGIN + timedelta(hours=h) for h in range(4)], "n": range(4)})


def test_findings_stand_in_the_order_in_which_they_were_added():
    found = Observations()
    found.add_observation(Observation(caption="one", data=1))
    found.add_observation(caption="two", data="text", score=2, ticket="T1")
    assert [caption for caption, _ in found] == ["one", "two"]
    assert found["two"].score == 2
    assert found["two"].additional_properties == {"ticket": "T1"}
    assert "one" in found
    assert len(found) == 2
    assert list(found.observations) == ["one", "two"]


def test_a_copy_is_a_list_of_its_own():
    first = Observations()
    first.add_observation(caption="one", data=1)
    second = Observations(first)
    second.add_observation(caption="two", data=2)
    assert (len(first), len(second)) == (1, 2)


def test_nothing_is_replaced_unless_asked():
    found = Observations()
    found.add_observation(caption="one", data=1)
    with pytest.raises(UsageError, match="'one' already"):
        found.add_observation(caption="one", data=2)
    assert found["one"].data == 1
    found.add_observation(found["one"], data=2, overwrite=True, more="x")
    assert found["one"].data == 2
    assert found["one"].additional_properties == {"more": "x"}


def test_what_is_missing_is_said():
    found = Observations()
    with pytest.raises(UsageError, match="needs data"):
        found.add_observation(caption="one")
    with pytest.raises(UsageError, match="needs caption and data"):
        found.add_observation()
    found.add_observation(caption="Odd logon", data=1)
    with pytest.raises(UsageError, match="did you mean 'Odd logon'"):
        found["Odd logons"]


@pytest.mark.parametrize("make", [pl.DataFrame.to_pandas, pl.DataFrame.clone])
def test_data_keep_to_their_time_span(make):
    rows = make(ROWS)
    span = (BEGIN + timedelta(hours=1), BEGIN + timedelta(hours=2))
    seen = Observation(caption="x", data=rows, time_span=span, time_column="t")
    assert list(seen.filtered_data["n"]) == [1, 2]
    assert type(seen.filtered_data) is type(rows)
    assert Observation(caption="x", data=rows).filtered_data is rows
    assert Observation(caption="x", data="y", time_span=span, time_column="t").filtered_data == "y"
    with pytest.raises(UsageError, match="no column 'tt'"):
        _ = Observation(caption="x", data=rows, time_span=span, time_column="tt").filtered_data


def test_the_table_has_the_highest_score_first():
    found = Observations()
    found.add_observation(caption="low", data=ROWS, tags=["a"], timestamp=BEGIN)
    found.add_observation(caption="high", data=None, score=9.5)
    table = found.to_frame()
    assert isinstance(table, pd.DataFrame)
    assert table["Caption"].tolist() == ["high", "low"]
    polars = found.to_frame("polars")
    assert polars["Rows"].to_list() == [None, 4]
    assert polars["Timestamp"].to_list() == [None, BEGIN]
    assert polars["Tags"].to_list() == [[], ["a"]]
    assert repr(found).splitlines() == ["2 observations, by score:", "9.5  high", "0  low"]
    assert Observations().to_frame("polars").height == 0


def test_results_of_an_analysis_come_with_their_reasons():
    starts = pd.DataFrame({"cmd": ["ping 1", "ping 2", "whoami"]})
    found = Observations()
    found.add_result("Rare commands", clusters(starts, "cmd"), at_most=1, tags=["processes"])
    seen = found["Rare commands"]
    assert isinstance(seen.data, pd.DataFrame)
    assert seen.data["cmd"].tolist() == ["whoami"]
    assert seen.description.startswith("1 of 3 rows has this pattern")
    assert seen.score == seen.data["score"].iloc[0]
    with pytest.raises(UsageError, match="no column 'reason'"):
        found.add_result("x", starts)


def test_text_of_a_log_moves_no_cursor():
    found = Observations()
    found.add_observation(caption="a\x1b[2Jb", data=1)
    assert "\x1b" not in repr(found)
