"""Whatever a source does wrong: no row twice, none missing without a word."""

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import Cancelled, HuntkitError, QueryError, UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.sources.driver import Answer, Cancel, Gap
from huntkit.sources.errors import QueryRefused
from huntkit.sources.splitting import Patience, Pieces, ask_in_pieces, pieces_of

ZERO = datetime(2024, 5, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
AT_ONCE = Patience(tries=3, pauses_s=(0.0,), shortest=TICK, halvings=30)


def span(first: int, last: int) -> TimeSpan:
    return TimeSpan(ZERO + first * TICK, ZERO + last * TICK)


def rows_in(events: list[int], asked: TimeSpan) -> list[int]:
    return [each for each in events if asked.start <= ZERO + each * TICK < asked.end]


def answer(rows: list[int], *gaps: Gap) -> Answer:
    return Answer(table=pa.table({"t": pa.array(rows, pa.int64())}), gaps=gaps)


def given_rows(pieces: Pieces[Answer]) -> list[int]:
    return [row for each in pieces.answers for row in each.table["t"].to_pylist()]


def leaves(pieces: Pieces[Answer]) -> list[TimeSpan]:
    return [each.span for each in pieces.chunks if each.status != "halved"]


@pytest.mark.parametrize(
    ("by", "count"),
    [("1h", 24), ("7h", 4), ("1d", 1), ("3d", 1), ("90min", 16), ("0.5 h", 48), ("30M", 48)],
)
def test_pieces_touch_and_are_the_whole(by: str, count: int) -> None:
    day = TimeSpan(ZERO, ZERO + timedelta(days=1))
    found = pieces_of(day, by)
    assert len(found) == count
    assert (found[0].start, found[-1].end) == (day.start, day.end)
    assert all(one.end == other.start for one, other in itertools.pairwise(found))


def test_a_timedelta_is_taken_too_and_no_time_is_one_piece() -> None:
    assert len(pieces_of(span(0, 100_000), timedelta(milliseconds=10))) == 10
    assert pieces_of(span(5, 5), "1h") == [span(5, 5)]


@pytest.mark.parametrize("by", ["", "h", "1x", "-1h", "0h", "1 fortnight", "1", 5, None, True])
def test_what_is_no_length_of_time_is_refused(by: object) -> None:
    with pytest.raises(UsageError, match="is not a length of time"):
        pieces_of(TimeSpan(ZERO, ZERO + timedelta(days=1)), by)  # type: ignore[arg-type]


def test_far_too_many_pieces_are_refused() -> None:
    with pytest.raises(UsageError, match="86,400 queries"):
        pieces_of(TimeSpan(ZERO, ZERO + timedelta(days=1)), "1s")


class Faulty:
    """A source that holds events, gives at most so many, and fails as a seed says.

    Every span gets what it needs in the end: it fails at most ``AT_ONCE.tries - 1`` times.
    """

    def __init__(self, events: list[int], seed: int, cap: int, *, mends: bool) -> None:
        self.events, self.cap, self.mends = events, cap, mends
        self.chance = random.Random(seed)
        self.asked: Counter[TimeSpan] = Counter()
        self.lock = threading.Lock()

    def __call__(self, asked: TimeSpan) -> Answer:
        with self.lock:
            self.asked[asked] += 1
            last_try = self.asked[asked] >= AT_ONCE.tries
            fault = self.chance.choice(["none", "none", "error", "crash", "missing", "cut"])
        rows = rows_in(self.events, asked)
        if self.mends and last_try:
            fault = "none"
        if fault == "error":
            raise QueryError("the source is busy")
        if fault == "crash":
            raise KeyError("a fault of the driver")
        if fault == "missing":
            return answer(rows[::2], Gap("a shard did not answer", helps="again"))
        if fault == "cut" and not self.mends:
            return answer(rows[: len(rows) // 2], Gap("too slow"))
        if len(rows) > self.cap:
            return answer(rows[: self.cap], Gap("too many rows"))
        return answer(rows)


events_of_a_range = st.lists(st.integers(0, 399), max_size=60).map(sorted)


@given(
    events=events_of_a_range,
    seed=st.integers(0, 2**32),
    cap=st.integers(1, 20),
    step=st.integers(7, 200),
    parallel=st.integers(1, 4),
)
def test_every_row_is_there_once_and_in_order_however_often_the_source_fails(
    events: list[int], seed: int, cap: int, step: int, parallel: int
) -> None:
    events = sorted(set(events))  # several at one instant can't be told apart by halving
    source = Faulty(events, seed, cap, mends=True)
    bounds = [*range(0, 400, step), 400]
    spans = [span(*pair) for pair in itertools.pairwise(bounds)]
    found = ask_in_pieces(spans, source, parallel=parallel, patience=AT_ONCE)
    assert given_rows(found) == events
    assert not found.gaps
    assert {each.status for each in found.chunks} <= {"done", "halved"}
    assert sum(each.rows for each in found.chunks) == len(events)


@given(
    events=events_of_a_range,
    seed=st.integers(0, 2**32),
    cap=st.integers(1, 20),
    parallel=st.integers(1, 4),
)
def test_what_is_missing_is_told_and_the_rest_is_exact(
    events: list[int], seed: int, cap: int, parallel: int
) -> None:
    source = Faulty(events, seed, cap, mends=False)
    spans = [span(first, first + 50) for first in range(0, 400, 50)]
    try:
        found = ask_in_pieces(spans, source, parallel=parallel, patience=AT_ONCE)
    except HuntkitError:
        return  # nothing arrived at all; tested below
    parts = leaves(found)
    assert (parts[0].start, parts[-1].end) == (spans[0].start, spans[-1].end)
    assert all(one.end == other.start for one, other in itertools.pairwise(parts))
    rows = Counter(given_rows(found))
    assert rows <= Counter(events)
    for chunk in found.chunks:
        wanted = rows_in(events, chunk.span)
        if chunk.status == "done":
            assert chunk.rows == len(wanted)
            assert all(rows[each] == wanted.count(each) for each in wanted)
        elif chunk.status in ("failed", "cancelled"):
            assert chunk.rows == 0
            assert chunk.reason
    incomplete = [c for c in found.chunks if c.status in ("partial", "failed", "cancelled")]
    assert len(found.gaps) == len(incomplete)


def test_the_failed_piece_itself_is_asked_again() -> None:
    asked: list[TimeSpan] = []

    def ask(each: TimeSpan) -> Answer:
        asked.append(each)
        if each == span(2, 4) and asked.count(each) == 1:
            raise QueryError("once")
        return answer(rows_in(list(range(8)), each))

    spans = [span(first, first + 2) for first in range(0, 8, 2)]
    found = ask_in_pieces(spans, ask, patience=AT_ONCE)
    assert given_rows(found) == list(range(8))
    assert [each.tries for each in found.chunks] == [1, 2, 1, 1]
    assert found.chunks[1].reason == "once"


def test_a_piece_that_never_answers_is_reported_and_the_others_are_given() -> None:
    def ask(each: TimeSpan) -> Answer:
        if each == span(2, 4):
            raise QueryError("the source is on fire")
        return answer(rows_in(list(range(8)), each))

    spans = [span(first, first + 2) for first in range(0, 8, 2)]
    found = ask_in_pieces(spans, ask, parallel=2, patience=AT_ONCE)
    assert given_rows(found) == [0, 1, 4, 5, 6, 7]
    assert [each.status for each in found.chunks] == ["done", "failed", "done", "done"]
    [gap] = found.gaps
    assert "is missing: the source is on fire" in gap


def test_a_refused_query_is_asked_once_and_its_error_is_raised() -> None:
    asked: list[TimeSpan] = []

    def ask(each: TimeSpan) -> Answer:
        asked.append(each)
        raise QueryRefused("there is no table 'Nope'")

    with pytest.raises(QueryRefused, match="Nope"):
        ask_in_pieces([span(n, n + 1) for n in range(20)], ask, patience=AT_ONCE)
    assert len(asked) == 1


def test_a_source_that_is_not_there_is_given_up_early() -> None:
    asked: list[TimeSpan] = []

    def ask(each: TimeSpan) -> Answer:
        asked.append(each)
        raise ConnectionRefusedError("nobody listens")

    with pytest.raises(QueryError, match="nobody listens"):
        ask_in_pieces([span(n, n + 1) for n in range(100)], ask, patience=AT_ONCE)
    assert len(asked) == 5 * AT_ONCE.tries


def test_halving_ends_where_pieces_are_too_short() -> None:
    patience = Patience(pauses_s=(0.0,), shortest=TICK * 10)

    def ask(each: TimeSpan) -> Answer:
        return answer([0], Gap("always too many"))

    found = ask_in_pieces([span(0, 40)], ask, patience=patience)
    assert [each.length // TICK for each in leaves(found)] == [10, 10, 10, 10]
    assert {each.status for each in found.chunks} == {"halved", "partial"}
    assert len(found.gaps) == 4


def test_halves_are_asked_before_later_pieces() -> None:
    asked: list[TimeSpan] = []

    def ask(each: TimeSpan) -> Answer:
        asked.append(each)
        gaps = [Gap("too many")] if each == span(0, 10) else []
        return answer([], *gaps)

    ask_in_pieces([span(0, 10), span(10, 20)], ask, patience=AT_ONCE)
    assert asked == [span(0, 10), span(0, 5), span(5, 10), span(10, 20)]


def test_as_many_run_at_once_as_the_source_bears_and_no_more() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def ask(each: TimeSpan) -> Answer:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1
        return answer([])

    ask_in_pieces([span(n, n + 1) for n in range(12)], ask, parallel=3, patience=AT_ONCE)
    assert most == 3


class Watcher:
    """Progress that wants to stop after so many pieces."""

    def __init__(self, stop_after: int) -> None:
        self.stop_after, self.done, self.total = stop_after, 0, 0

    @contextmanager
    def task(self, title: str, *, total: int | None = None) -> Iterator["Watcher"]:
        self.total = total or 0
        yield self

    def advance(self, n: int = 1, /) -> None:
        self.done += n

    def check_cancelled(self) -> None:
        if self.done >= self.stop_after:
            raise Cancelled("enough")


def test_progress_counts_pieces_also_where_they_are_halved() -> None:
    watcher = Watcher(1000)
    source = Faulty(list(range(100)), 1, 3, mends=True)
    ask_in_pieces([span(n, n + 10) for n in range(0, 100, 10)], source, patience=AT_ONCE,
                  progress=watcher)  # fmt: skip
    assert (watcher.done, watcher.total) == (10, 10)


def test_what_had_arrived_before_the_stop_is_kept_and_the_rest_is_told() -> None:
    found = ask_in_pieces(
        [span(n, n + 1) for n in range(10)],
        lambda each: answer(rows_in(list(range(10)), each)),
        patience=AT_ONCE,
        progress=Watcher(4),
    )
    assert given_rows(found) == [0, 1, 2, 3]
    assert isinstance(found.stopped, Cancelled)
    assert [each.status for each in found.chunks] == ["done"] * 4 + ["cancelled"] * 6
    assert len(found.gaps) == 6


def stop_from_elsewhere(cancel: Cancel) -> Callable[[TimeSpan], Answer]:
    def ask(each: TimeSpan) -> Answer:
        if each == span(3, 4):
            threading.Timer(0.05, cancel.ask).start()
            cancel.wait(30)
        return answer(rows_in(list(range(10)), each))

    return ask


def test_a_stop_from_elsewhere_ends_what_is_under_way() -> None:
    cancel = Cancel()
    spans = [span(n, n + 1) for n in range(10)]
    found = ask_in_pieces(spans, stop_from_elsewhere(cancel), cancel=cancel, patience=AT_ONCE)
    assert given_rows(found) == [0, 1, 2]
    assert [each.status for each in found.chunks] == ["done"] * 3 + ["cancelled"] * 7


def test_an_interrupt_keeps_what_had_arrived() -> None:
    class Interrupting(Watcher):
        def check_cancelled(self) -> None:
            if self.done >= self.stop_after:
                raise KeyboardInterrupt

    found = ask_in_pieces(
        [span(n, n + 1) for n in range(5)],
        lambda each: answer(rows_in(list(range(5)), each)),
        patience=AT_ONCE,
        progress=Interrupting(2),
    )
    assert given_rows(found) == [0, 1]
    assert isinstance(found.stopped, KeyboardInterrupt)


def test_a_stop_before_anything_arrived_is_raised() -> None:
    cancel = Cancel()
    cancel.ask()
    with pytest.raises(Cancelled):
        ask_in_pieces([span(0, 1)], lambda each: answer([]), cancel=cancel)
