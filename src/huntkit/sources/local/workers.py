"""Run ingest jobs here, or in worker processes when there is much to read.

Workers speak JSON lines over their pipes. A parser that a hostile file brings down takes its
worker along, not the analyst's session.
"""

import contextlib
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from polars.exceptions import PanicException

from huntkit.core.progress import SILENT, Task
from huntkit.formats.limits import Limits
from huntkit.sources.local.crew import Crew, Process, end
from huntkit.sources.local.ingest import Done, Job, Piece, run
from huntkit.sources.local.manifest import MemberFacts, Part, member_from
from huntkit.sources.local.mapping import Clock

Finished = tuple[Job, Done]


def run_jobs(
    jobs: Iterable[Job], *, workers: int, task: Task, crew: Crew | None = None
) -> Iterator[Finished]:
    """Run jobs and give each with its result as it ends; ``workers=1`` runs them here."""
    if workers <= 1:
        for job in jobs:
            task.check_cancelled()
            yield job, run(job, task)
        return
    pool = _Pool(workers, crew or Crew(0))
    try:
        yield from pool.run(jobs, task)
    finally:
        pool.close()


class _Pool:
    """A few worker processes, each with a thread here that feeds it."""

    def __init__(self, size: int, crew: Crew) -> None:
        self._jobs: queue.Queue[Job | None] = queue.Queue(maxsize=size)
        self._done: queue.Queue[Finished] = queue.Queue()
        self._workers = [_Worker(crew) for _ in range(size)]
        self._threads = [
            threading.Thread(target=self._feed, args=(worker,), daemon=True)
            for worker in self._workers
        ]

    def run(self, jobs: Iterable[Job], task: Task) -> Iterator[Finished]:
        for thread in self._threads:
            thread.start()
        waiting = 0
        for job in jobs:
            while True:
                task.check_cancelled()
                try:
                    self._jobs.put(job, timeout=0.1)
                    break
                except queue.Full:
                    continue
            waiting += 1
            while not self._done.empty():
                waiting -= 1
                yield self._done.get()
        while waiting:
            task.check_cancelled()
            try:
                finished = self._done.get(timeout=0.1)
            except queue.Empty:
                continue
            waiting -= 1
            yield finished

    def close(self) -> None:
        for worker in self._workers:
            worker.stop()
        with contextlib.suppress(queue.Empty):
            while True:
                self._jobs.get_nowait()
        running = [thread for thread in self._threads if thread.ident is not None]
        for _ in running:
            self._jobs.put(None)  # any thread may take any of these: join only after the last
        for thread in running:
            thread.join()

    def _feed(self, worker: "_Worker") -> None:
        worker.start()
        while (job := self._jobs.get()) is not None:
            try:
                done = worker.run(job)
            except Exception as failure:  # noqa: BLE001  the caller waits for an answer to each job
                done = _failed(f"the reader broke down: {type(failure).__name__}: {failure}")
            self._done.put((job, done))
        worker.end()


class _Worker:
    """One worker process; started anew where a job brought it down."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._process: Process | None = None
        self._stopped = False

    def start(self) -> None:
        """Start the process before there is a job for it: it takes a while to get ready."""
        with contextlib.suppress(OSError):  # `run` tries again, and says it
            self._running()

    def run(self, job: Job) -> Done:
        process = self._running()
        if process is None:
            return _failed("stopped")
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(orjson.dumps(_plain(job)) + b"\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = b""
        if not answer:
            code = self.end()
            return _failed(f"the reader broke down on this file (exit code {code})")
        plain = orjson.loads(answer)
        if "failure" in plain:
            return _failed(plain["failure"])
        return Done(
            [member_from(each) for each in plain["members"]],
            [Part(**each) for each in plain["parts"]],
        )

    def stop(self) -> None:
        """Kill the process, from any thread; who runs it tidies up."""
        self._stopped = True
        if (process := self._process) is not None:
            process.kill()

    def end(self) -> int:
        """Let the process go; its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        if self._stopped:
            process.kill()
        return end(process)

    def _running(self) -> Process | None:
        if self._process is None and not self._stopped:
            self._process = self._crew.take()
        return self._process


def _failed(reason: str) -> Done:
    return Done([MemberFacts(name="", error=reason)], [], broke=True)


def _plain(job: Job) -> dict[str, Any]:
    return {**asdict(job), "path": _sent(job.path), "folder": _sent(job.folder)}


def _sent(path: Path) -> str:
    """A path as text that is always UTF-8: a file name need not be."""
    return os.fsencode(path).decode("latin-1")


def _received(text: str) -> Path:
    return Path(os.fsdecode(text.encode("latin-1")))


def _job(plain: dict[str, Any]) -> Job:
    piece = plain.pop("piece")
    return Job(
        path=_received(plain.pop("path")),
        folder=_received(plain.pop("folder")),
        clock=Clock(**plain.pop("clock")),
        limits=Limits(**plain.pop("limits")),
        piece=Piece(**piece) if piece else None,
        **plain,
    )


def serve(read_line: Callable[[], bytes], write: Callable[[bytes], object]) -> None:
    """Answer jobs until the input ends."""
    with SILENT.task("reading") as task:
        while line := read_line():
            try:
                done = run(_job(orjson.loads(line)), task)
                answer: dict[str, Any] = {"members": done.members, "parts": done.parts}
            except (Exception, PanicException) as failure:  # noqa: BLE001  reported: one of many files
                answer = {"failure": f"{type(failure).__name__}: {failure}"}
            write(orjson.dumps(answer) + b"\n")


def main() -> None:
    """The worker process."""
    out = sys.stdout.buffer

    def write(answer: bytes) -> None:
        out.write(answer)
        out.flush()

    serve(sys.stdin.buffer.readline, write)


if __name__ == "__main__":
    main()
