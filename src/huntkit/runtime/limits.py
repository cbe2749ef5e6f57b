"""What a service allows, as its plugin declares it; the kernel keeps to it."""

from dataclasses import dataclass, fields
from typing import Final

from huntkit.core.errors import UsageError

_MIB: Final = 1024**2


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How often, how many at once, how long and how much.

    Rates are kept exactly: in no window of that length are more requests sent, retries included.

    Attributes:
        concurrency: how many requests are under way at once.
        per_second: how many are sent in any second; 0.5 is one in two seconds.
        per_minute: how many in any minute.
        per_hour: how many in any hour.
        per_day: how many in one day of UTC; counted on disk, so that a restart forgets nothing.
        attempts: how often one request is tried at most.
        longest_wait_s: the longest that a service may ask us to wait; if it asks for more, the
            request fails at once and says until when.
        connect_timeout_s: the longest wait for a connection.
        read_timeout_s: the longest silence of the service.
        total_timeout_s: the longest time for one attempt, from connecting to the last byte.
        max_reply_bytes: the largest reply, after decompression.

    Examples:
        >>> Limits(concurrency=4, per_minute=4, per_day=500).per_minute
        4
    """

    concurrency: int = 8
    per_second: float | None = None
    per_minute: float | None = None
    per_hour: float | None = None
    per_day: int | None = None
    attempts: int = 4
    longest_wait_s: float = 60.0
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    total_timeout_s: float = 300.0
    max_reply_bytes: int = 64 * _MIB

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if value < 0 or (value == 0 and field.name != "longest_wait_s"):
                raise UsageError(f"{field.name}={value!r} must be above zero")

    def windows(self) -> list[tuple[int, float]]:
        """The declared rates as (how many, in how many seconds), the day left out.

        Examples:
            >>> Limits(per_second=0.5, per_minute=4).windows()
            [(1, 2.0), (4, 60.0)]
        """
        rates = ((self.per_second, 1.0), (self.per_minute, 60.0), (self.per_hour, 3600.0))
        found = []
        for rate, seconds in rates:
            if rate is not None:
                count = max(int(rate), 1)
                found.append((count, seconds * count / rate))
        return found
