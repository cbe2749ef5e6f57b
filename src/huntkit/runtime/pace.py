"""When the next request to a service may go out, and whether it is asked at all for now."""

from collections import deque
from typing import Final

import anyio

from huntkit.core.errors import RateLimited, ServiceDown
from huntkit.runtime.clock import Clock
from huntkit.runtime.limits import Limits

# A server's window is not quite ours: requests that left in order may arrive closer together.
_SLACK_S: Final = 0.05


class Pace:
    """Keeps one service's limits for all calls of a session.

    A leaky bucket would let up to twice the declared number into the first window, and a service
    that allows four a minute refuses the fifth; so every window slides and is counted exactly.
    """

    def __init__(self, service: str, limits: Limits, clock: Clock) -> None:
        self.service = service
        self.limits = limits
        self._clock = clock
        self._windows = [(n, seconds, deque[float](maxlen=n)) for n, seconds in limits.windows()]
        self._paused_until = 0.0
        self._queue = anyio.Lock()
        self.slots = anyio.Semaphore(limits.concurrency, fast_acquire=True)

    async def turn(self) -> None:
        """Return when one more request may be sent.

        Raises:
            RateLimited: the service wants to be left alone for longer than anyone waits.
        """
        if not self._windows and not self._paused_until:
            return
        async with self._queue:  # first come, first served
            while (wait := self._wait_s()) > 0:
                await self._clock.sleep(wait)
            for _, _, sent in self._windows:
                sent.append(self._clock.ticks())

    def pause(self, seconds: float) -> None:
        """The service wants to be left alone for so long: nobody asks it meanwhile."""
        self._paused_until = max(self._paused_until, self._clock.ticks() + seconds)

    def _wait_s(self) -> float:
        now = self._clock.ticks()
        pause = self._paused_until - now
        if pause <= 0:
            self._paused_until = 0.0
        elif pause > self.limits.longest_wait_s:
            raise RateLimited(
                f"{self.service} was not asked: it wants to be left alone for {pause:.0f} s more",
                service=self.service,
                retry_after=pause,
                hint="ask again later, or ask for fewer values",
            )
        full = (
            sent[0] + seconds + _SLACK_S - now
            for n, seconds, sent in self._windows
            if len(sent) == n
        )
        return max([pause, *full])


class Breaker:
    """Stops asking a host that can't be reached, and tries it again after a while.

    Only what says that the host is away counts (no connection, no answer in time, a gateway that
    says so); one value that a service stumbles over must not cost the answers for the others.
    """

    def __init__(self, host: str, clock: Clock, *, failures: int = 5, rest_s: float = 30.0) -> None:
        self.host = host
        self._clock = clock
        self._allowed = failures
        self._rest_s = rest_s
        self._failed = 0
        self._closed_again = 0.0
        self._last = ""

    def check(self, service: str) -> None:
        """Nothing, if the host may be asked.

        Raises:
            ServiceDown: it failed too often in a row, and not long enough ago.
        """
        if self._failed < self._allowed:
            return
        now = self._clock.ticks()
        if now < self._closed_again:
            raise ServiceDown(
                f"{service} was not asked: {self.host} failed {self._failed} times in a row, "
                f"lastly: {self._last}",
                service=service,
                retry_after=self._closed_again - now,
                hint=f"it is tried again in {self._closed_again - now:.0f} s",
            )
        self._closed_again = now + self._rest_s  # this caller tries; the others go on resting

    def failed(self, why: str) -> None:
        """A call to the host failed, all its attempts."""
        self._failed += 1
        self._last = why
        self._closed_again = self._clock.ticks() + self._rest_s

    def answered(self) -> None:
        """The host is there."""
        self._failed = 0
