"""Plain and asynchronous methods are called alike, and a stop reaches both."""

import asyncio
import threading
import time

import pytest

from huntkit.core.errors import Cancelled
from huntkit.sources.driver import Cancel
from huntkit.sources.waiting import now_of


def test_what_is_awaited_raises_its_own_errors() -> None:
    async def fail() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        now_of(fail())


def test_a_stop_ends_what_waits_for_the_network() -> None:
    cancel = Cancel()
    ended = threading.Event()

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    threading.Timer(0.05, cancel.ask).start()
    started = time.perf_counter()
    with pytest.raises(Cancelled):
        now_of(slow(), cancel)
    assert ended.wait(5)
    assert time.perf_counter() - started < 10


def test_it_works_where_a_loop_runs_already() -> None:
    async def two() -> int:
        return 2

    async def outer() -> int:
        return now_of(two())

    assert asyncio.run(outer()) == 2
