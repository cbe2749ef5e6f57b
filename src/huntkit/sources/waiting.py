"""One way to call what may be plain or ``async``."""

import inspect
from collections.abc import Awaitable
from concurrent.futures import CancelledError
from contextlib import nullcontext
from typing import TypeVar

from huntkit.core.errors import Cancelled
from huntkit.runtime.portal import portal, result_of
from huntkit.sources.driver import Cancel

T = TypeVar("T")


def now_of(value: T | Awaitable[T], cancel: Cancel | None = None) -> T:
    """The value itself, or what awaiting it in the one background loop gives.

    Args:
        value: what a plain or ``async`` method gave.
        cancel: stops what is awaited.

    Raises:
        Cancelled: it was stopped.

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

    future = portal().start(wait)
    try:
        with cancel.calling(future.cancel) if cancel else nullcontext():
            return result_of(future)
    except CancelledError:
        raise Cancelled("the query was cancelled") from None
