"""Time and peak memory of a child process, so that no run warms or burdens the next."""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured run: seconds, peak resident bytes of the whole process tree, and its answer.

    ``cpu_seconds`` are those of all its threads and children, with the imports.
    """

    seconds: float
    peak_bytes: int
    answer: object
    cpu_seconds: float = 0.0


def measure(
    code: str, *arguments: str, times: int = 1, python: str | None = None, most_gb: int = 0
) -> Figure:
    """Run Python code in a fresh interpreter; it prints its answer as JSON in the last line.

    The median run counts. Code may print ``{"seconds": ..., "cpu": ...}`` to leave its imports
    out.

    Args:
        code: the code.
        arguments: what it finds in ``sys.argv``.
        times: how often it runs.
        python: the interpreter; by default this one.
        most_gb: how much memory it may ask for; 0: as much as it likes.
    """
    return median([_once(python or sys.executable, code, arguments, most_gb) for _ in range(times)])


def median(figures: list[Figure]) -> Figure:
    """The run in the middle."""
    middle = statistics.median_low([each.seconds for each in figures])
    return next(each for each in figures if each.seconds == middle)


def _once(python: str, code: str, arguments: tuple[str, ...], most_gb: int) -> Figure:
    before = os.times()
    started = time.perf_counter()
    command = [python, "-c", code, *arguments]
    if most_gb:
        command = ["prlimit", f"--as={most_gb << 30}", *command]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    watch = _Watch(child.pid)
    out, _ = child.communicate()
    seconds = time.perf_counter() - started
    watch.stop()
    after = os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    if child.returncode:
        raise RuntimeError(f"the measured code failed with {child.returncode}")
    answer = json.loads(out.strip().splitlines()[-1]) if out.strip() else None
    if isinstance(answer, dict) and "seconds" in answer:
        seconds, cpu = answer["seconds"], answer.get("cpu", cpu)
    return Figure(seconds, watch.peak, answer, cpu)


class _Watch:
    """Poll the resident size of a process and all its children (Linux)."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._pid = pid
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _poll(self) -> None:
        while not self._stopped.wait(0.1):
            sizes = [_sizes(pid) for pid in _tree(self._pid)]
            private = sum(resident - shared for resident, shared in sizes)
            self.peak = max(self.peak, private + max((shared for _, shared in sizes), default=0))


def _tree(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        try:
            for children in Path(f"/proc/{parent}/task").glob("*/children"):
                found += [int(child) for child in children.read_text().split()]
        except OSError:
            continue
    return found


def _sizes(pid: int) -> tuple[int, int]:
    """Resident bytes of a process, and how many of them other processes may share.

    Cheap to read: the exact figures (smaps) hold up the process that is measured.
    """
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except (OSError, ValueError):
        return 0, 0
    page = os.sysconf("SC_PAGE_SIZE")
    return int(resident) * page, int(shared) * page


def table(rows: list[tuple[str, ...]]) -> None:
    """Print rows as an aligned table."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
