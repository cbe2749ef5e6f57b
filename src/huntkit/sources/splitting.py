"""One question asked in pieces of time, and put together again.

Pieces are half open and touch each other, so that a row belongs to one of them. A piece that
fails is asked again itself; one that is cut off is given up and asked as two halves, so no row
is there twice; what can't be had in the end is told, never left out silently.
"""

import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Generic, Literal, TypeVar

from huntkit.core.errors import (
    AccessDenied,
    Cancelled,
    HuntkitError,
    Offline,
    QueryError,
    SettingsError,
    UsageError,
)
from huntkit.core.progress import SILENT, Progress, Task
from huntkit.core.timespan import TimeSpan
from huntkit.kql.language.errors import KqlError
from huntkit.sources.driver import Answer, Cancel
from huntkit.sources.errors import QueryRefused

A = TypeVar("A", bound=Answer)

Status = Literal["waiting", "running", "done", "partial", "failed", "halved", "cancelled"]

MOST_PIECES: Final = 10_000
# Asking again would be refused again.
_REFUSED: Final = (QueryRefused, KqlError, UsageError, AccessDenied, Offline, SettingsError)
_GIVE_UP_AFTER = 5  # pieces that failed before any was answered: the source is not there
_LOOK_EVERY_S: Final = 0.2  # whether somebody wants the work to stop
_INTERVAL: Final = re.compile(r"\s*(\d{1,6}(?:\.\d{1,3})?)\s*([a-z]+)\s*", re.IGNORECASE)
_UNITS: Final = {
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("m", "min", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("s", "sec", "second", "seconds"), timedelta(seconds=1)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How hard a piece is tried.

    Attributes:
        tries: how often one piece is asked before it counts as failed.
        pauses_s: how long to wait before the second try, the third ...; the last one repeats.
        shortest: no half is shorter than this.
        halvings: how often a piece may be halved.
    """

    tries: int = 3
    pauses_s: tuple[float, ...] = (1.0, 5.0)
    shortest: timedelta = timedelta(seconds=1)
    halvings: int = 12


@dataclass(slots=True)
class Chunk:
    """One piece of time, and what became of it.

    Attributes:
        span: from when to when; the end is not part of it.
        status: ``done``; ``partial`` (rows are missing); ``failed`` or ``cancelled`` (all are);
            ``halved`` (its halves stand behind it in the report).
        tries: how often it was asked.
        rows: how many rows of the result are its.
        seconds: how long asking took, all tries.
        reason: why it is not whole, or was asked again.
    """

    span: TimeSpan
    status: Status = "waiting"
    tries: int = 0
    rows: int = 0
    seconds: float = 0.0
    reason: str = ""

    def as_dict(self) -> dict[str, object]:
        """Plain values, for reports."""
        return {
            "start": self.span.start,
            "end": self.span.end,
            "status": self.status,
            "tries": self.tries,
            "rows": self.rows,
            "seconds": round(self.seconds, 3),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces(Generic[A]):
    """What asking in pieces gave.

    Attributes:
        answers: the answers, in the order of time.
        chunks: every piece, also the halved ones, in the order of time.
        gaps: what is missing, in words.
        stopped: what stopped the work early, if something did.
    """

    answers: Sequence[A]
    chunks: Sequence[Chunk]
    gaps: Sequence[str]
    stopped: BaseException | None = None


def pieces_of(span: TimeSpan, by: str | timedelta) -> list[TimeSpan]:
    """The span in pieces of the given length; the last one may be shorter.

    Args:
        span: the whole range.
        by: a timedelta, or text such as ``1h``, ``30min``, ``1d``.

    Raises:
        UsageError: not a length of time, or far too many pieces.

    Examples:
        >>> from datetime import UTC
        >>> day = TimeSpan(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC))
        >>> [f"{each.start:%H}-{each.end:%H}" for each in pieces_of(day, "10h")]
        ['00-10', '10-20', '20-00']
    """
    step = _length_of(by)
    count = -(-span.length // step)
    if count > MOST_PIECES:
        raise UsageError(
            f"{span.length} in pieces of {step} are {count:,} queries",
            hint=f"give a longer split_by; at most {MOST_PIECES:,} pieces are asked",
        )
    bounds = [span.start + step * place for place in range(count)] + [span.end]
    found = [TimeSpan(*pair) for pair in pairwise(bounds)]
    return found or [span]


def _length_of(by: str | timedelta) -> timedelta:
    length = by
    if isinstance(by, str):
        match = _INTERVAL.fullmatch(by)
        unit = _UNITS.get(match[2].lower()) if match else None
        length = float(match[1]) * unit if match and unit else by
    if not isinstance(length, timedelta) or length < timedelta(milliseconds=1):
        raise UsageError(
            f"split_by={by!r} is not a length of time", hint="write '1h', '30min', '1d' ..."
        )
    return length


def ask_in_pieces(
    pieces: Sequence[TimeSpan],
    ask: Callable[[TimeSpan], A],
    *,
    parallel: int = 1,
    patience: Patience | None = None,
    cancel: Cancel | None = None,
    progress: Progress = SILENT,
) -> Pieces[A]:
    """Ask every piece, as many at once as the source bears.

    Args:
        pieces: spans that touch each other, in order.
        ask: asks for one span; called from several threads.
        parallel: how many at once.
        patience: how hard each is tried.
        cancel: to stop the work from elsewhere; what had arrived is given.
        progress: one task whose unit is a piece.

    Raises:
        HuntkitError: nothing arrived at all; the first piece's error.
    """
    work = _Work(ask, patience or Patience(), cancel or Cancel())
    with progress.task("asking", total=len(pieces)) as task:
        work.run(pieces, parallel, task)
    return work.result()


@dataclass(slots=True)
class _Job(Generic[A]):
    """A chunk under way: how deep it was halved, what its last answer and error were."""

    chunk: Chunk
    root: int
    depth: int = 0
    answer: A | None = None
    error: Exception | None = None


class _Work(Generic[A]):
    """All pieces of one question, settled by one thread, asked by several."""

    def __init__(self, ask: Callable[[TimeSpan], A], patience: Patience, cancel: Cancel) -> None:
        self._ask = ask
        self._patience = patience
        self._cancel = cancel
        self._queue: deque[_Job[A]] = deque()
        self._jobs: list[_Job[A]] = []
        self._open: dict[int, int] = {}
        self._failed_first = 0
        self._answered = False
        self._stopped: BaseException | None = None

    def run(self, pieces: Sequence[TimeSpan], parallel: int, task: Task) -> None:
        for root, span in enumerate(pieces):
            self._add(_Job(Chunk(span), root))
        running: dict[Future[None], _Job[A]] = {}
        with ThreadPoolExecutor(parallel, thread_name_prefix="huntkit-ask") as pool:
            try:
                while (self._queue and not self._cancel.asked) or running:
                    while self._queue and len(running) < parallel and not self._cancel.asked:
                        job = self._queue.popleft()
                        running[pool.submit(self._try, job)] = job
                    done, _ = wait(running, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
                    for future in done:
                        job = running.pop(future)
                        future.result()
                        self._settle(job, task)
                    if not self._cancel.asked:
                        task.check_cancelled()
            except (Cancelled, KeyboardInterrupt) as stop:
                self._stopped = stop
                self._cancel.ask()  # the pool waits for what is under way, which now ends
        for job in self._jobs:
            if job.chunk.status == "running":  # it ended after the stop
                self._settle(job, task)

    def result(self) -> Pieces[A]:
        """What arrived.

        Raises:
            HuntkitError: nothing did.
        """
        for job in self._jobs:
            if job.chunk.status == "waiting":
                job.chunk.status = "cancelled"
                job.chunk.reason = job.chunk.reason or "not asked any more"
        self._jobs.sort(key=lambda job: (job.chunk.span.start, job.depth))
        answers = [job.answer for job in self._jobs if job.answer is not None]
        if not answers:
            self._raise_why()
        return Pieces(
            answers=answers,
            chunks=[job.chunk for job in self._jobs],
            gaps=[_in_words(job.chunk) for job in self._jobs if job.chunk.status in _MISSING],
            stopped=self._stopped,
        )

    def _raise_why(self) -> None:
        if self._stopped:
            raise self._stopped
        error = next((job.error for job in self._jobs if job.error is not None), None)
        if isinstance(error, HuntkitError):
            raise error
        if error is not None:
            raise QueryError(f"the query failed: {type(error).__name__}: {error}") from error
        raise Cancelled("the query was cancelled")

    def _add(self, job: _Job[A]) -> None:
        self._jobs.append(job)
        self._queue.append(job)
        self._open[job.root] = self._open.get(job.root, 0) + 1

    def _try(self, job: _Job[A]) -> None:
        """Ask one piece until it is whole, or there is no sense in asking it again."""
        chunk = job.chunk
        chunk.status = "running"
        while True:
            started = time.perf_counter()
            chunk.tries += 1
            try:
                self._cancel.check()
                job.answer = self._ask(chunk.span)
                job.error = None
            except Exception as problem:  # noqa: BLE001  a driver's fault; it is kept in the report
                job.error = problem
            chunk.seconds += time.perf_counter() - started
            if not self._again(job):
                return
            try:
                pauses = self._patience.pauses_s or (0.0,)
                self._cancel.wait(pauses[min(chunk.tries, len(pauses)) - 1])
            except Cancelled:
                return

    def _again(self, job: _Job[A]) -> bool:
        if job.error is not None:
            job.chunk.reason = str(job.error) or type(job.error).__name__
            worth_it = not isinstance(job.error, (*_REFUSED, Cancelled))
        else:
            gaps = job.answer.gaps if job.answer is not None else ()
            job.chunk.reason = "; ".join(gap.reason for gap in gaps) or job.chunk.reason
            worth_it = any(gap.helps == "again" for gap in gaps) and not self._halves_help(job)
        return worth_it and job.chunk.tries < self._patience.tries and not self._cancel.asked

    def _halves_help(self, job: _Job[A]) -> bool:
        """Whether a cut off piece is worth asking as two."""
        return (
            job.answer is not None
            and any(gap.helps == "shorter" for gap in job.answer.gaps)
            and job.chunk.span.length >= self._patience.shortest * 2
            and job.depth < self._patience.halvings
            and len(self._jobs) < MOST_PIECES
        )

    def _settle(self, job: _Job[A], task: Task) -> None:
        """Say what became of a piece, and what is to be done about it."""
        chunk = job.chunk
        if job.answer is None:
            self._settle_failed(job)
        elif not job.answer.partial:
            chunk.status, chunk.rows = "done", job.answer.table.num_rows
        elif self._halves_help(job) and not self._cancel.asked:
            self._halve(job)
        else:
            chunk.status, chunk.rows = "partial", job.answer.table.num_rows
        self._answered = self._answered or job.answer is not None
        self._open[job.root] -= 1
        if not self._open[job.root]:
            task.advance(1)

    def _settle_failed(self, job: _Job[A]) -> None:
        cancelled = isinstance(job.error, Cancelled) or job.error is None
        job.chunk.status = "cancelled" if cancelled else "failed"
        if cancelled or self._answered:
            return
        self._failed_first += 1
        if isinstance(job.error, _REFUSED) or self._failed_first >= _GIVE_UP_AFTER:
            self._cancel.ask()

    def _halve(self, job: _Job[A]) -> None:
        span = job.chunk.span
        middle = span.start + span.length / 2
        for half in (TimeSpan(span.start, middle), TimeSpan(middle, span.end)):
            self._add(_Job(Chunk(half), job.root, job.depth + 1))
        self._queue.rotate(2)  # halves first: the queue's order is the order of time
        job.chunk.status = "halved"
        job.answer = None  # its rows are the halves' rows


_MISSING: Final = ("partial", "failed", "cancelled")


def _in_words(chunk: Chunk) -> str:
    when = f"{_shown(chunk.span.start)} to {_shown(chunk.span.end)}"
    what = {"partial": "is not complete", "failed": "is missing", "cancelled": "was not asked"}
    reason = f": {chunk.reason}" if chunk.reason else ""
    return f"{when} {what[chunk.status]}{reason}"


def _shown(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
