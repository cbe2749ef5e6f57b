import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from huntkit.analyze.session_ends import by_number, in_turn

EVENTS = st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.booleans()), max_size=40)


def frame(events):
    return pl.DataFrame(
        {"key": [key for key, _ in events], "row": range(len(events)),
         "is_start": [start for _, start in events]},
        schema={"key": pl.String, "row": pl.Int64, "is_start": pl.Boolean},
    )  # fmt: skip


def queue(events):
    """In plain Python: a queue of open sessions for each key."""
    found, waiting = [], {}
    for row, (key, start) in enumerate(events):
        if start:
            waiting.setdefault(key, []).append(row)
        elif waiting.get(key):
            found.append((key, waiting[key].pop(0), row))
        else:
            found.append((key, None, row))
    return found + [(key, row, None) for key, rows in waiting.items() for row in rows]


def busiest(events, key, start, end):
    """Whether another session of the key was open at any moment of the stretch around this one."""
    level, stretches, members = 0, [], []
    for row, (other, is_start) in enumerate(events):
        if other != key:
            continue
        if is_start:
            if level == 0:
                stretches.append([0, set()])
            level += 1
            stretches[-1][0] = max(stretches[-1][0], level)
            stretches[-1][1].add(row)
        elif level:
            level -= 1
            members.append(row)
    return next(most > 1 for most, starts in stretches if start in starts)


@given(EVENTS)
def test_sessions_in_turn_are_those_of_a_queue(events):
    found = in_turn(frame(events), ["key"])
    got = set(found.select("key", "start_row", "end_row").iter_rows())
    assert got == set(queue(events))
    assert found.height == len(got)
    for row in found.iter_rows(named=True):
        if row["start_row"] is None:
            assert not row["overlapping"]
        else:
            assert row["overlapping"] == busiest(events, row["key"], row["start_row"], None)


@given(EVENTS)
def test_every_event_is_in_one_session_of_its_number(events):
    found = by_number(frame(events), ["key"])
    assert found["events"].sum() == len(events)
    expected, opened = [], {}
    for row, (key, start) in enumerate(events):
        state = opened.get(key)
        if state is None or (start and state["ended"]):
            state = {"key": key, "start": None, "end": None, "ended": False}
            opened[key] = state
            expected.append(state)
        if start:
            state["start"] = row if state["start"] is None else state["start"]
        else:
            state["end"] = row if state["end"] is None else state["end"]
            state["ended"] = True
    got = set(found.select("key", "start_row", "end_row").iter_rows())
    assert got == {(each["key"], each["start"], each["end"]) for each in expected}
