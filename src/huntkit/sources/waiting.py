"""One way to call what may be plain or ``async``."""

import inspect
from collections.abc import Awaitable
from typing import TypeVar

from anyio.from_thread import start_blocking_portal

T = TypeVar("T")


def now_of(value: T | Awaitable[T]) -> T:
    """The value itself, or what awaiting it gives.

    Examples:
        >>> async def two() -> int:
        ...     return 2
        >>> now_of(1), now_of(two())
        (1, 2)
    """
    if not inspect.isawaitable(value):
        return value

    async def wait() -> T:
        return await value

    with start_blocking_portal() as portal:
        return portal.call(wait)
