import re
from datetime import UTC, datetime, timedelta

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import huntkit
from huntkit.analyze import (
    Observation,
    Observations,
    clusters,
    score_sessions,
    ts_anomalies_stl,
)
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


def test_of_results_in_another_order_the_most_unusual_rows_are_kept():
    """Sessions stay as they were given, and a series is in the order of time."""
    sessions = pl.DataFrame({"user": range(20), "did": [["Get", "Set"]] * 19 + [["Get", "Drop"]]})
    found = Observations()
    found.add_result("Sessions", score_sessions(sessions, "did"), at_most=1)
    assert found["Sessions"].data["user"].to_list() == [19]
    assert found["Sessions"].description == "'Drop': 1 of 40 events"
    hours = [BEGIN + timedelta(hours=n) for n in range(240)]
    table = pl.DataFrame({"t": hours, "n": [50.0 + n % 24 + n * 7 % 5 / 10 for n in range(240)]})
    table[100, "n"], table[200, "n"] = 90.0, 5.0
    series = ts_anomalies_stl(table, method="light")
    found.add_result("Series", series)
    kept = found["Series"].data
    assert kept["t"].to_list() == [hours[200], hours[100]]  # the dip is farther than the peak
    assert found["Series"].score == -kept["score"][0] > kept["score"][1] > 0
    assert found["Series"].description.count("\n") == 1
    found.add_result("Nothing", series.with_columns(anomalies=0))
    assert (found["Nothing"].score, found["Nothing"].data.height) == (0.0, 0)


def test_text_of_a_log_moves_no_cursor():
    found = Observations()
    found.add_observation(caption="a\x1b[2Jb", data=1)
    assert "\x1b" not in repr(found)


RUN = "<script>window.hostile=1</script>"


class Drawn:
    """What somebody else drew."""

    def to_html(self):
        return RUN

    def __repr__(self):
        return f"{RUN}\x1b[2J"


def test_text_of_a_log_is_no_markup():
    found = Observations()
    rows = pl.DataFrame({RUN: [RUN, None], "b": [["\u202e", RUN], []]})
    for number, data in enumerate((rows, rows.to_pandas(), RUN, {"a": RUN}, Drawn(), 7)):
        found.add_observation(
            caption=f"{RUN}{number}",
            data=data,
            description=f"{RUN}\nline",
            link='"onclick=alert(1) javascript:x',
            tags=[RUN],
            **{RUN: RUN},
        )
    page = found.display_observations()._repr_html_()
    assert "<script" not in page.lower()
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert page.count('href="#%22onclick%3Dalert%281%29%20javascript%3Ax"') == 6
    assert "line" in page
    assert "\x1b" not in repr(found[f"{RUN}4"])


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_shown_as_text(caption, text):
    found = Observations()
    found.add_observation(caption=caption, data=text, description=text, link=text)
    page = found._repr_html_()
    known = {"div", "p", "section", "h3", "b", "a", "br"}
    assert set(re.findall(r"</?([^\s>]*)", page)) <= known
    page.encode()


def test_a_chart_is_shown_in_a_frame_that_shares_nothing_with_the_notebook():
    drawn = huntkit.charts.timeline(ROWS, time_column="t")
    found = Observation(caption="x", data=drawn)
    page = found.display()._repr_html_()
    assert 'iframe sandbox="allow-scripts"' in page
    assert "<script" not in page


def test_many_rows_and_columns_are_cut_and_counted():
    wide = pl.DataFrame({f"c{n}": range(1234) for n in range(30)})
    page = Observation(caption="x", data=wide)._repr_html_()
    assert page.count("<tr>") == 11
    assert "10 of 1,234 rows and 12 of 30 columns shown." in page
    assert "shown" not in Observation(caption="x", data=ROWS)._repr_html_()
    holes = pl.DataFrame({"a": [None, None], "b": ["", ""], "c": [1, None], "reason": ["r", ""]})
    page = Observation(caption="x", data=holes)._repr_html_()
    assert "2 of 4 columns (2 are empty) shown." in page
    assert page.index(">reason<") < page.index(">c<")


def test_only_rows_of_the_time_span_are_shown():
    span = (BEGIN, BEGIN + timedelta(hours=1))
    seen = Observation(caption="x", data=ROWS, time_span=span, time_column="t")
    assert seen._repr_html_().count("<tr>") == 3
    lacking = Observation(caption="x", data=ROWS, time_span=span, time_column="tt")
    assert "no column &#x27;tt&#x27;" in lacking._repr_html_()


def test_observations_are_taken_out_and_ordered():
    found = Observations()
    for caption, score, hour in (("c", 1, 2), ("a", 3, None), ("b", 1, 1)):
        when = None if hour is None else BEGIN + timedelta(hours=hour)
        found.add_observation(caption=caption, data=1, score=score, timestamp=when)
    assert list(found.ordered().observations) == ["a", "c", "b"]
    assert list(found.ordered("caption").observations) == ["a", "b", "c"]
    assert list(found.ordered("timestamp").observations) == ["b", "c", "a"]
    assert found.remove_observation("a").score == 3
    assert list(found.observations) == ["c", "b"]
    with pytest.raises(UsageError, match="no observation 'a'"):
        found.remove_observation("a")
    with pytest.raises(UsageError, match="no order by 'size'"):
        found.ordered("size")
    assert Observations().ordered("timestamp")._repr_html_() == "<div><p>0 observations</p></div>"


@pytest.mark.parametrize("wrong", [{"score": "high"}, {"score": float("nan")}, {"caption": 7}])
def test_what_can_not_be_sorted_is_refused_when_it_is_added(wrong):
    found = Observations()
    with pytest.raises(UsageError):
        found.add_observation(**{"caption": "x", "data": 1, **wrong})
    assert not len(found)


def test_one_tag_is_one_tag():
    found = Observations()
    found.add_observation(caption="x", data=1, tags="people")
    assert found.to_frame("polars")["Tags"].to_list() == [["people"]]
