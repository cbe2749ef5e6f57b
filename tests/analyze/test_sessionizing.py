import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.analyze import create_session_col, sessionize_data
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.tables import to_polars

EVENTS = st.lists(
    st.tuples(st.sampled_from(["al", "bo"]), st.integers(0, 40), st.sampled_from("xyz")),
    max_size=40,
)
START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def table(events):
    return pl.DataFrame(
        {
            "user": [user for user, _, _ in events],
            "time": [START + dt.timedelta(minutes=minute) for _, minute, _ in events],
            "cmd": [name for _, _, name in events],
        },
        schema={"user": pl.String, "time": pl.Datetime("us", "UTC"), "cmd": pl.String},
    )


def in_plain_python(events, longest, widest):
    found = []
    for user in sorted({user for user, _, _ in events}):
        own = sorted(((m, place) for place, (u, m, _) in enumerate(events) if u == user))
        session = []
        for minute, place in own:
            if session and (minute - session[-1][0] > widest or minute - session[0][0] > longest):
                found.append((user, session))
                session = []
            session.append((minute, place))
        found.append((user, session))
    return [
        (user, s[0][0], s[-1][0], [events[place][2] for _, place in s], len(s)) for user, s in found
    ]


@given(EVENTS, st.integers(0, 20), st.integers(0, 20))
def test_sessions_are_those_of_plain_python(events, longest, widest):
    found = sessionize_data(table(events), ["user"], "time", longest, widest, "cmd")
    minutes = [(pl.col(f"time_{e}") - START).dt.total_minutes().alias(e) for e in ("min", "max")]
    rows = found.select("user", *minutes, "cmd_list", "number_events").rows()
    assert rows == in_plain_python(events, longest, widest)
    assert (found["duration"] == found["time_max"] - found["time_min"]).all()


@given(EVENTS, st.integers(0, 20), st.integers(0, 20), st.booleans())
def test_every_row_gets_the_number_of_its_session(events, longest, widest, pandas):
    rows = table(events)
    given_rows = rows.to_pandas() if pandas else rows
    numbered = create_session_col(given_rows, "user", "time", longest, widest)
    assert type(numbered) is type(given_rows)
    numbered = to_polars(numbered)
    assert numbered.drop("session_ind").equals(rows)
    sessions = sessionize_data(rows, "user", "time", longest, widest, "cmd")
    again = numbered.sort("session_ind", "time", maintain_order=True).group_by(
        "session_ind", maintain_order=True
    )
    found = again.agg("user", "cmd")
    assert found["session_ind"].to_list() == list(range(sessions.height))
    assert found["cmd"].to_list() == sessions["cmd_list"].to_list()
    assert found["user"].list.first().to_list() == sessions["user"].to_list()


def test_events_without_a_session_have_no_number():
    rows = pl.DataFrame({"user": ["al", None, "al"], "time": ["2026-03-01", "2026-03-01", "?"]})
    with pytest.warns(UserWarning, match="1 of 3 events have no readable time"):
        found = create_session_col(rows, "user", "time", 9, 9, null_identities=True)
    assert found["session_ind"].to_list() == [1, 0, None]
    with pytest.raises(UsageError, match="already has 'session_ind'"):
        create_session_col(found, "user", "time", 9, 9)


def test_events_of_nobody_are_told_and_taken_on_request():
    frame = table([("al", 0, "x"), ("al", 1, "y")]).with_columns(user=pl.Series([None, "al"]))
    with pytest.warns(UserWarning, match="1 of 2 events are nobody's"):
        assert sessionize_data(frame, "user", "time", 9, 9, "cmd").height == 1
    assert sessionize_data(frame, "user", "time", 9, 9, "cmd", null_identities=True).height == 2


@pytest.mark.parametrize("nothing", ["", "  "])
@pytest.mark.parametrize("kind", [pl.String, pl.Categorical])
def test_empty_text_is_nobody_as_well(nothing, kind):
    """In tables of evidence, as in KQL, text is never null."""
    frame = table([("al", 0, "x"), ("al", 1, "y")])
    frame = frame.with_columns(user=pl.Series([nothing, "al"]).cast(kind), ip=pl.lit(None))
    for who in (["user"], ["user", "ip"]):
        with pytest.warns(UserWarning, match="1 of 2 events are nobody's"):
            assert sessionize_data(frame, who, "time", 9, 9, "cmd")["user"].to_list() == ["al"]
        taken = sessionize_data(frame, who, "time", 9, 9, "cmd", null_identities=True)
        assert taken["user"].to_list() == [nothing, "al"]
    with pytest.warns(UserWarning, match="nobody's"):
        found = create_session_col(frame, "user", "time", 9, 9)
    assert found["session_ind"].to_list() == [None, 0]


def test_half_an_identity_is_one():
    frame = table([("al", 0, "x")]).with_columns(ip=pl.lit(None, pl.String))
    assert sessionize_data(frame, ["user", "ip"], "time", 9, 9, "cmd").height == 1


def test_events_without_a_time_are_told():
    frame = pl.DataFrame(
        {"user": ["al", "al"], "time": ["2026-03-01 10:00", "soon"], "cmd": ["x", "y"]}
    )
    with pytest.warns(UserWarning, match="1 of 2 events have no readable time"):
        assert sessionize_data(frame, "user", "time", 9, 9, "cmd")["number_events"].to_list() == [1]
    with pytest.raises(UsageError, match="no time"):
        sessionize_data(frame.tail(1), "user", "time", 9, 9, "cmd")


def test_a_long_chain_is_cut_in_many():
    frame = table([("al", minute, "x") for minute in range(1000)])
    found = sessionize_data(frame, "user", "time", 9, 1, "cmd")
    assert found["number_events"].to_list() == [10] * 100


@pytest.mark.parametrize("minutes", [2.01, 4.02, 1.1])
def test_an_event_at_the_very_bound_is_within(minutes):
    apart = [START, START + dt.timedelta(seconds=round(minutes * 60, 6))]
    rows = pl.DataFrame({"user": "al", "time": apart, "cmd": ["a", "b"]})
    assert sessionize_data(rows, "user", "time", minutes, 9, "cmd").height == 1
    assert sessionize_data(rows, "user", "time", 9, minutes, "cmd").height == 1


def test_a_length_that_is_no_number_is_refused():
    for longest, widest in ((float("nan"), 1), (1, float("nan"))):
        with pytest.raises(UsageError, match="can't be negative"):
            sessionize_data(table([("al", 1, "x")]), "user", "time", longest, widest, "cmd")
    unbounded = sessionize_data(
        table([("al", 1, "x"), ("al", 40, "y")]), "user", "time", float("inf"), float("inf"), "cmd"
    )
    assert unbounded["number_events"].to_list() == [2]


def test_wrong_input_is_told():
    with pytest.raises(UsageError, match="negative"):
        sessionize_data(table([]), "user", "time", -1, 1, "cmd")
    with pytest.raises(UsageError, match="no identity"):
        sessionize_data(table([]), [], "time", 1, 1, "cmd")
    with pytest.raises(UnknownColumn, match="usr"):
        sessionize_data(table([]), "usr", "time", 1, 1, "cmd")
