import asyncio
import threading
import time

import pytest

from huntkit.core.errors import UsageError
from huntkit.runtime import Share, spread
from huntkit.runtime.portal import portal


def test_every_item_has_one_outcome_and_errors_stay_with_theirs() -> None:
    async def ask(n: int) -> int:
        await asyncio.sleep(0.001 * (n % 3))
        if n % 5 == 0:
            raise ValueError(n)
        return n * 2

    def plain(n: int) -> int:
        if n == 3:
            raise KeyError(n)
        return -n

    shares = [
        Share(name="a", items=range(50), ask=ask, workers=4),
        Share(name="b", items=range(10), ask=plain, workers=2),
    ]
    outcomes = list(spread(*shares))
    assert len(outcomes) == 60
    for outcome in outcomes:
        if outcome.share == "a" and outcome.item % 5 == 0:
            assert isinstance(outcome.error, ValueError)
        elif outcome.share == "b" and outcome.item == 3:
            assert isinstance(outcome.error, KeyError)
        else:
            assert outcome.error is None
            assert outcome.answer == outcome.item * (2 if outcome.share == "a" else -1)
    assert {(o.share, o.item) for o in outcomes} == {
        *(("a", n) for n in range(50)),
        *(("b", n) for n in range(10)),
    }


@pytest.mark.parametrize("plain", [False, True])
def test_no_more_than_the_workers_are_under_way(plain: bool) -> None:
    now, most, lock = 0, 0, threading.Lock()

    def count(by: int) -> None:
        nonlocal now, most
        with lock:
            now += by
            most = max(most, now)

    async def ask(_: int) -> None:
        count(1)
        await asyncio.sleep(0.01)
        count(-1)

    def ask_plainly(_: int) -> None:
        count(1)
        time.sleep(0.01)
        count(-1)

    share = Share(name="x", items=range(20), ask=ask_plainly if plain else ask, workers=3)
    assert len(list(spread(share))) == 20
    assert most == 3


def test_a_slow_share_holds_up_no_other() -> None:
    async def slow(_: int) -> None:
        await asyncio.sleep(0.2)

    async def quick(_: int) -> None:
        return None

    shares = (
        Share(name="slow", items=range(2), ask=slow, workers=1),
        Share(name="quick", items=range(50), ask=quick, workers=1),
    )
    assert [outcome.share for outcome in spread(*shares)] == ["quick"] * 50 + ["slow"] * 2


def test_stopping_keeps_what_arrived_and_cancels_the_rest() -> None:
    cancelled = threading.Event()

    async def ask(n: int) -> int:
        if n < 3:
            return n
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return n

    taken = []
    outcomes = spread(Share(name="x", items=range(1000), ask=ask, workers=2))
    for outcome in outcomes:
        taken.append(outcome.answer)
        if len(taken) == 3:
            outcomes.close()  # type: ignore[attr-defined]
    assert taken == [0, 1, 2]
    assert cancelled.wait(5)


def test_nothing_asked_gives_nothing() -> None:
    assert list(spread()) == []
    assert list(spread(Share(name="x", items=[], ask=len))) == []


def test_a_blocking_call_inside_a_coroutine_is_an_error_of_its_item() -> None:
    async def nothing() -> None:
        return None

    async def ask(_: int) -> None:
        portal().run(nothing)

    (outcome,) = spread(Share(name="x", items=[1], ask=ask))
    assert isinstance(outcome.error, UsageError)


def test_items_that_fail_are_not_swallowed() -> None:
    def items():
        yield 1
        raise OSError("the list of items broke")

    async def ask(n: int) -> int:
        return n

    outcomes = spread(Share(name="x", items=items(), ask=ask, workers=1))
    assert next(outcomes).answer == 1
    with pytest.raises(ExceptionGroup) as caught:
        list(outcomes)
    assert caught.group_contains(OSError, match="the list of items broke")
