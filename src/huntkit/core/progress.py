"""How long work tells its caller how far it is, and learns that it should stop.

The library never draws a bar and never prints: it tells a :class:`Progress`. The command line
and the notebook bring their own; everything else gets :data:`SILENT`.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol


class Task(Protocol):
    """One piece of work under way."""

    def advance(self, n: int = 1, /) -> None:
        """Say that `n` more units are done."""

    def check_cancelled(self) -> None:
        """Raise `Cancelled` if the caller wants the work to stop; call it once per batch."""


class Progress(Protocol):
    """Where long work reports. `total` is in the work's own unit; None where it is unknown."""

    def task(self, title: str, *, total: int | None = None) -> AbstractContextManager[Task]:
        """Open a task that is reported as done when its block ends."""


class _SilentTask:
    __slots__ = ()

    def advance(self, n: int = 1, /) -> None:
        pass

    def check_cancelled(self) -> None:
        pass


class _Silent:
    __slots__ = ()

    @contextmanager
    def task(self, title: str, *, total: int | None = None) -> Iterator[Task]:  # noqa: ARG002  the protocol's shape
        yield _SilentTask()


SILENT: Final[Progress] = _Silent()
"""Reports nowhere and never cancels."""
