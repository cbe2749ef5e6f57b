"""The clock that waits are measured by; tests bring one that does not wait."""

import random
import time
from datetime import UTC, datetime

import anyio


class Clock:
    """Time as this machine tells it."""

    def ticks(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def jitter(self) -> float:
        """A number from 0 to 1 by which waits differ, so that callers don't return at once."""
        return random.random()  # noqa: S311  no secret hangs on it

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await anyio.sleep(seconds)
