"""One background event loop for everything that waits for the network.

Blocking calls work the same in a script and in a notebook whose own loop already runs; awaited
calls work from any loop. All sockets, rates and limits live in this one loop, so that both kinds
of calls share them. The loop starts with the first call, in a daemon thread.
"""

import asyncio
import atexit
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import TypeVar, TypeVarTuple

from anyio.from_thread import BlockingPortal, start_blocking_portal

from huntkit.core.errors import UsageError

T = TypeVar("T")
Args = TypeVarTuple("Args")

# Ctrl-C is noticed between two waits of this length at the latest: Windows interrupts no wait for a
# lock, and elsewhere a signal that comes just before the wait would be noticed at its end.
_GLANCE_S = 0.25


class Portal:
    """The way into the background loop; :func:`portal` gives the one of this process."""

    def __init__(self) -> None:
        self._running: AbstractContextManager[BlockingPortal] = start_blocking_portal(
            "asyncio", name="huntkit network"
        )
        self._portal = self._running.__enter__()
        self._thread = self._portal.call(threading.get_ident)
        self._loop = self._portal.call(asyncio.get_running_loop)
        self._left: set[asyncio.Task[None]] = set()
        self.process = os.getpid()

    @property
    def inside(self) -> bool:
        """Whether the caller runs in the background loop itself."""
        return threading.get_ident() == self._thread

    def start(self, work: Callable[[*Args], Awaitable[T]], *args: *Args) -> "Future[T]":
        """Start the work; cancelling the future cancels it."""
        return self._portal.start_task_soon(work, *args)

    def run(self, work: Callable[[*Args], Awaitable[T]], *args: *Args) -> T:
        """The result of the work, waited for; an interrupt cancels it.

        Raises:
            UsageError: called from inside the loop, which would wait for itself.
        """
        if self.inside:
            raise UsageError(
                "a blocking call was made from inside the event loop",
                hint="await the call that begins with 'a' instead, such as aget",
            )
        return result_of(self.start(work, *args))

    async def awaited(self, work: Callable[[*Args], Awaitable[T]], *args: *Args) -> T:
        """The same for callers that have an event loop of their own."""
        if self.inside:
            return await work(*args)
        return await asyncio.wrap_future(self.start(work, *args))

    def leave(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Have the work done some time; returns at once, wherever it is called.

        For finalizers, which may run in any thread with any lock held: `start` waits for the loop,
        and the loop may wait for that lock.
        """

        def begin() -> None:
            task = self._loop.create_task(work())
            self._left.add(task)  # the loop itself would forget it
            task.add_done_callback(self._left.discard)

        if self.process == os.getpid():  # a forked child has no part in it
            self._loop.call_soon_threadsafe(begin)

    def stop(self) -> None:
        """Cancel what runs and end the loop; for the end of the process."""
        if self.process != os.getpid() or self.inside:
            return
        try:
            self._portal.call(self._portal.stop, True)
        except RuntimeError:  # it is over already
            return
        self._running.__exit__(None, None, None)


def result_of(future: "Future[T]") -> T:
    """What comes out of a future; an interrupt while waiting cancels it."""
    try:
        while True:
            try:
                return future.result(timeout=_GLANCE_S)
            except TimeoutError:
                if future.done():
                    return future.result()
    except BaseException:
        future.cancel()
        raise


_LOCK = threading.Lock()
_THE_ONE: list[Portal] = []


def portal() -> Portal:
    """The portal of this process; a forked child gets its own.

    Examples:
        >>> async def answer(): return 42
        >>> portal().run(answer)
        42
    """
    with _LOCK:
        if not _THE_ONE or _THE_ONE[0].process != os.getpid():
            _THE_ONE[:] = [Portal()]
            atexit.register(_THE_ONE[0].stop)
        return _THE_ONE[0]
