"""Bars on stderr for work that takes longer than a second, on a terminal only."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

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


class Bars:
    """The progress that commands hand to the library."""

    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt
        self._console = Console(stderr=True)
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
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
