"""Bars on stderr for work that takes longer than a second, on a terminal only."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from huntkit.core.errors import Cancelled
from huntkit.core.text import visible

_PATIENCE_S = 1.0


class Interrupt:
    """Ctrl-C: the first asks the work to stop and keep what it has, the second stops at once."""

    def __init__(self) -> None:
        self.asked = False

    @contextmanager
    def watched(self) -> Iterator["Interrupt"]:
        """Handle SIGINT inside; as before, outside."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = signal.signal(signal.SIGINT, self._ask)
        try:
            yield self
        finally:
            signal.signal(signal.SIGINT, before)

    def _ask(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  as signal calls it
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        print("huntkit: stopping; Ctrl-C again stops at once", file=sys.stderr)


class BarTask:
    """One line of the bars."""

    def __init__(self, bars: Progress, number: Any, interrupt: Interrupt) -> None:
        self._bars, self._number, self._interrupt = bars, number, interrupt

    def advance(self, n: int = 1) -> None:
        """So much more is done."""
        self._bars.advance(self._number, n)

    def check_cancelled(self) -> None:
        """Raise Cancelled if Ctrl-C was pressed."""
        if self._interrupt.asked:
            raise Cancelled("interrupted")


# What the library counts in each kind of work; the others count steps.
_BYTES = ("reading",)
_UNITS = {"searching": "rows", "searching indicators": "texts", "decoding": "texts"}


class _Amount(ProgressColumn):
    """How much is done of how much, with the unit."""

    def render(self, task: Task) -> Text:
        return Text(amount(task.description, int(task.completed), task.total), "dim")


def amount(title: str, done: int, total: float | None) -> str:
    """How much is done, in the unit of that kind of work.

    Examples:
        >>> amount("reading evidence", 1_500_000, 20_000_000)
        '1.5 MB of 20.0 MB'
        >>> amount("searching", 1000, 25_000)
        '1,000 of 25,000 rows'
    """
    if title.startswith(_BYTES):
        return decimal(done) + (f" of {decimal(int(total))}" if total is not None else "")
    unit = _UNITS.get(title, "steps")
    return f"{done:,} of {int(total):,} {unit}" if total is not None else f"{done:,} {unit}"


class Bars:
    """The progress that commands hand to the library."""

    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt
        self._console = Console(stderr=True)
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=28),
            _Amount(),
            console=self._console,
            transient=True,
        )
        self._open = 0
        self._shown = False
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    @contextmanager
    def task(self, title: str, *, total: int | None = None) -> Iterator[BarTask]:
        """A bar that appears if the work is not over within a second."""
        number = self._bars.add_task(visible(title, limit=60), total=total)
        self._enter()
        try:
            yield BarTask(self._bars, number, self._interrupt)
        finally:
            self._leave()
            self._bars.remove_task(number)

    def _enter(self) -> None:
        with self._lock:
            self._open += 1
            if self._open == 1 and self._console.is_terminal:
                self._timer = threading.Timer(_PATIENCE_S, self._show)
                self._timer.daemon = True
                self._timer.start()

    def _show(self) -> None:
        with self._lock:
            if self._open:
                self._bars.start()
                self._shown = True

    def _leave(self) -> None:
        with self._lock:
            self._open -= 1
            if self._open == 0:
                if self._timer is not None:
                    self._timer.cancel()
                    self._timer = None
                if self._shown:
                    self._bars.stop()
                    self._shown = False
