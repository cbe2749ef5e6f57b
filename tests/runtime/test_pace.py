import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import RateLimited, ServiceDown
from huntkit.runtime import Limits
from huntkit.runtime.clock import Clock
from huntkit.runtime.pace import Breaker, Pace


class Ticking(Clock):
    def __init__(self) -> None:
        self.time = 0.0

    def ticks(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await anyio.lowlevel.checkpoint()


async def times(limits: Limits, gaps: list[float]) -> list[float]:
    clock = Ticking()
    pace = Pace("QuietNet", limits, clock)
    sent = []
    for gap in gaps:
        clock.time += gap
        await pace.turn()
        sent.append(clock.time)
    return sent


@given(
    per_second=st.one_of(st.none(), st.floats(0.1, 20)),
    per_minute=st.one_of(st.none(), st.integers(1, 30)),
    gaps=st.lists(st.floats(0, 20), max_size=60),
)
def test_no_window_ever_holds_more_than_declared(per_second, per_minute, gaps) -> None:
    limits = Limits(per_second=per_second, per_minute=per_minute)
    sent = anyio.run(times, limits, gaps)
    assert len(sent) == len(gaps)
    for count, seconds in limits.windows():
        for first, last in zip(sent, sent[count:], strict=False):
            assert last - first >= seconds
    if per_second is None and per_minute is None:
        assert sent == pytest.approx([sum(gaps[: n + 1]) for n in range(len(gaps))])


def test_many_that_wait_are_served_in_order() -> None:
    order = []

    async def main() -> None:
        pace = Pace("QuietNet", Limits(per_second=2), Ticking())

        async def one(n: int) -> None:
            await pace.turn()
            order.append(n)

        async with anyio.create_task_group() as group:
            for n in range(10):
                group.start_soon(one, n)

    anyio.run(main)
    assert order == list(range(10))


def test_a_pause_holds_for_all_and_ends() -> None:
    async def main() -> None:
        clock = Ticking()
        pace = Pace("QuietNet", Limits(longest_wait_s=60), clock)
        pace.pause(30)
        pace.pause(10)  # a shorter one takes nothing back
        await pace.turn()
        assert clock.time == 30
        await pace.turn()
        assert clock.time == 30
        pace.pause(100)
        with pytest.raises(RateLimited) as caught:
            await pace.turn()
        assert (clock.time, caught.value.retry_after) == (30, 100)
        clock.time += 50
        await pace.turn()
        assert clock.time == 130

    anyio.run(main)


def test_a_breaker_rests_tries_once_and_closes_again() -> None:
    clock = Ticking()
    breaker = Breaker("host.example", clock, failures=3, rest_s=30)
    for _ in range(3):
        breaker.check("QuietNet")
        breaker.failed("refused")
    with pytest.raises(ServiceDown, match="3 times in a row, lastly: refused") as caught:
        breaker.check("QuietNet")
    assert caught.value.retry_after == 30
    clock.time += 30
    breaker.check("QuietNet")  # one tries
    with pytest.raises(ServiceDown):
        breaker.check("QuietNet")  # the others rest
    breaker.answered()
    for _ in range(2):
        breaker.check("QuietNet")
        breaker.failed("refused")
    breaker.check("QuietNet")
