"""What all engines share."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import Cancelled, TimedOut
from huntkit.sources.driver import Cancel
from huntkit.sources.errors import QueryRefused
from huntkit.sources.sql.engine import Statement, first_word, refuse_writing, stopped_by


def statement(timeout_s: float = 5.0) -> Statement:
    return Statement(text="SELECT 1", max_rows=1, timeout_s=timeout_s, cancel=Cancel())


@given(st.lists(st.sampled_from([" ", "\n", "(", "-- select\n", "/* select */", "/*\n*/"])))
def test_comments_and_brackets_do_not_hide_the_first_word(before):
    assert first_word("".join(before) + "DELETE FROM t") == "DELETE"


@pytest.mark.parametrize(
    "text", ["", "--", "/* open", "-- select", "/* */ ;select", "selects", "1"]
)
def test_what_does_not_begin_with_a_reading_word_is_refused(text):
    with pytest.raises(QueryRefused):
        refuse_writing(text, frozenset(["select"]))


def test_a_long_beginning_is_read_in_little_time():
    started = time.monotonic()
    first_word("(" * 100_000 + "/*" * 100_000)
    first_word("--\n" * 100_000 + "/* x */" * 50_000)
    assert time.monotonic() - started < 2


def test_work_is_stopped_while_it_runs_and_never_after():
    stops = []
    late = statement(timeout_s=0.05)
    with stopped_by(late, lambda: stops.append("late")) as stopped:
        time.sleep(0.3)
    assert stops == ["late"]
    assert isinstance(stopped.reason(late, "it"), TimedOut)
    asked = statement()
    with stopped_by(asked, lambda: stops.append("asked")) as stopped:
        threading.Thread(target=asked.cancel.ask).start()
        time.sleep(0.2)
    assert stops == ["late", "asked"]
    assert isinstance(stopped.reason(asked, "it"), Cancelled)
    done = statement(timeout_s=0.1)
    with stopped_by(done, lambda: stops.append("done")) as stopped:
        pass
    done.cancel.ask()
    time.sleep(0.2)
    assert stops == ["late", "asked"]
    assert not stopped.late
