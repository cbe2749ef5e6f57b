"""Methods that wait, as methods that are awaited."""

from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import anyio.to_thread

S = TypeVar("S")
P = ParamSpec("P")
R = TypeVar("R")


def awaited(
    method: Callable[Concatenate[S, P], R],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, R]]:
    """The same method, awaited: it waits in a thread, and the caller's loop goes on.

    Examples:
        >>> class Slow:
        ...     def double(self, n: int) -> int:
        ...         return 2 * n
        ...     double_async = awaited(double)
        >>> import anyio
        >>> anyio.run(Slow().double_async, 4)
        8
    """

    @wraps(method)
    async def twin(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        own = getattr(self, method.__name__)  # a subclass may have made it anew
        found: R = await anyio.to_thread.run_sync(partial(own, *args, **kwargs))
        return found

    twin.__name__ = f"{method.__name__}_async"
    twin.__qualname__ = f"{method.__qualname__}_async"
    twin.__doc__ = f"`{method.__name__}`, awaited."
    return twin
