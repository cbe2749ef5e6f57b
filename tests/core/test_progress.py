from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from huntkit.core.errors import Cancelled
from huntkit.core.progress import SILENT, Progress, Task


class _Recorder:
    """A progress that counts, and stops the work at a limit."""

    def __init__(self, limit: int) -> None:
        self.limit, self.done, self.titles = limit, 0, list[tuple[str, int | None]]()

    @contextmanager
    def task(self, title: str, *, total: int | None = None) -> Iterator[Task]:
        self.titles.append((title, total))
        yield self

    def advance(self, n: int = 1, /) -> None:
        self.done += n

    def check_cancelled(self) -> None:
        if self.done >= self.limit:
            raise Cancelled("stopped")


def work(progress: Progress) -> int:
    with progress.task("counting", total=5) as task:
        for _ in range(5):
            task.check_cancelled()
            task.advance()
    return 5


def test_silent_work_runs_to_its_end() -> None:
    assert work(SILENT) == 5


def test_work_reports_and_can_be_stopped() -> None:
    recorder = _Recorder(limit=3)
    with pytest.raises(Cancelled):
        work(recorder)
    assert recorder.done == 3
    assert recorder.titles == [("counting", 5)]
