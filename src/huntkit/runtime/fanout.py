"""Many questions to several services at once: fixed workers, and every outcome as it arrives."""

import asyncio
import inspect
import queue
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, cast

import anyio
import anyio.to_thread

from huntkit.runtime.portal import portal

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_DONE: Final = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class Share(Generic[Item, Answer]):
    """What one service is asked.

    Attributes:
        name: whose share it is.
        items: what is asked, in this order.
        ask: asks one; either awaitable, or a plain function, which then runs in threads.
        workers: how many are asked at once.
    """

    name: str
    items: Iterable[Item]
    ask: Callable[[Item], Awaitable[Answer]] | Callable[[Item], Answer]
    workers: int = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome(Generic[Item, Answer]):
    """What came of one question: an answer, or an error that concerns no other question.

    Attributes:
        share: the name of the share.
        item: what was asked.
        answer: what came back; None if there was an error.
        error: what went wrong; None if nothing did.
    """

    share: str
    item: Item
    answer: Answer | None = None
    error: Exception | None = None


def spread(*shares: Share[Item, Answer]) -> Iterator[Outcome[Item, Answer]]:
    """One outcome for each item of each share, in the order in which they arrive.

    Every share has workers of its own, so that a slow service holds up none of the others.
    Stopping early (an interrupt, closing the iterator) cancels what is under way; what has been
    taken until then stays with the caller.

    Examples:
        >>> async def double(n): return 2 * n
        >>> outcomes = spread(Share(name="doubles", items=[1, 2, 3], ask=double))
        >>> sorted(outcome.answer for outcome in outcomes)
        [2, 4, 6]
    """
    outcomes: queue.SimpleQueue[Any] = queue.SimpleQueue()
    under_way = portal().start(_work_all, shares, outcomes.put)
    under_way.add_done_callback(lambda _: outcomes.put(_DONE))
    try:
        while (arrived := _next(outcomes)) is not _DONE:
            yield from cast("list[Outcome[Item, Answer]]", arrived)
        under_way.result()  # a fault of ours is not swallowed
    finally:
        under_way.cancel()


def _next(outcomes: "queue.SimpleQueue[Any]") -> Any:
    while True:
        try:
            return outcomes.get(timeout=1.0)  # so that an interrupt is noticed on any system
        except queue.Empty:
            continue


class _Outbox:
    """Hands over together what arrived together: each handing over wakes another thread."""

    def __init__(self, put: Callable[[list[Any]], None]) -> None:
        self._put = put
        self._loop = asyncio.get_running_loop()
        self._arrived: list[Any] = []

    def add(self, outcome: Outcome[Any, Any]) -> None:
        if not self._arrived:
            self._loop.call_soon(self.send)
        self._arrived.append(outcome)

    def send(self) -> None:
        arrived, self._arrived = self._arrived, []
        if arrived:
            self._put(arrived)


async def _work_all(
    shares: tuple[Share[Item, Answer], ...], put: Callable[[list[Any]], None]
) -> None:
    outbox = _Outbox(put)
    try:
        async with anyio.create_task_group() as group:
            for share in shares:
                items = iter(share.items)
                ask = _awaitable(share)
                for _ in range(max(share.workers, 1)):
                    group.start_soon(_work, share.name, items, ask, outbox.add)
    finally:
        outbox.send()


async def _work(
    name: str,
    items: Iterator[Item],
    ask: Callable[[Item], Awaitable[Answer]],
    put: Callable[[Outcome[Item, Answer]], None],
) -> None:
    for item in items:  # all workers of a share take from the same iterator
        try:
            answer = await ask(item)
        except Exception as problem:  # noqa: BLE001  one question of many: the others go on
            put(Outcome(share=name, item=item, error=problem))
        else:
            put(Outcome(share=name, item=item, answer=answer))


def _awaitable(share: Share[Item, Answer]) -> Callable[[Item], Awaitable[Answer]]:
    ask = share.ask
    if inspect.iscoroutinefunction(ask) or inspect.iscoroutinefunction(
        getattr(ask, "__call__", None)  # noqa: B004  an object whose call is a coroutine
    ):
        return cast("Callable[[Item], Awaitable[Answer]]", ask)
    plain = cast("Callable[[Item], Answer]", ask)
    threads = anyio.CapacityLimiter(max(share.workers, 1))

    async def in_thread(item: Item) -> Answer:
        return await anyio.to_thread.run_sync(plain, item, limiter=threads)

    return in_thread
