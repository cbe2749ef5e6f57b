"""Worker processes, started before there is work: they load the data libraries meanwhile.

They are started as ``python -m huntkit.sources.local.workers``: no fork (threads of the data
libraries would not survive it) and no import of the caller's main module (a script without a main
guard would start itself again). This module loads no data library itself, so that the caller and
the processes load them at the same time.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

SURELY_BYTES = (
    192 << 20
)  # files from this size on are read by several processes, whatever they hold

# https://www.gnu.org/software/libc/manual/html_node/Memory-Allocation-Tunables.html
_TUNABLES = ":".join(
    f"glibc.malloc.{name}={value}"
    for name, value in (
        ("hugetlb", 1),
        ("trim_threshold", 256 << 20),
        ("top_pad", 16 << 20),
        ("mmap_threshold", 32 << 20),
    )
)

Process = subprocess.Popen[bytes]


class Crew:
    """Processes that wait for whoever takes them; close it to end those that nobody took."""

    def __init__(self, count: int) -> None:
        self._waiting: list[Process] = []
        with contextlib.suppress(OSError):  # `take` tries again, and says it
            for _ in range(count):
                self._waiting.append(start())

    def take(self) -> Process:
        """One that waits, or else a new one. From any thread."""
        try:
            return self._waiting.pop()
        except IndexError:
            return start()

    def close(self) -> None:
        """End those that still wait."""
        while self._waiting:
            process = self._waiting.pop()
            process.kill()
            end(process)


def crew_for(sizes: Iterable[int]) -> Crew:
    """As many processes as reading files of these sizes will surely want.

    Examples:
        >>> crew = crew_for([1_000])
        >>> crew._waiting
        []
    """
    large = any(size >= SURELY_BYTES for size in sizes)
    return Crew((os.cpu_count() or 1) if large else 0)


def start() -> Process:
    """A process that answers jobs."""
    return subprocess.Popen(
        [sys.executable, "-m", "huntkit.sources.local.workers"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
    )


def end(process: Process) -> int:
    """Let a process go; its exit code."""
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):  # a dead reader leaves bytes that can't be flushed
            pipe.close() if pipe is not None else None
    return process.wait()


def _environment() -> dict[str, str]:
    """One thread of the data engine in each worker: the processes are what runs in parallel.

    Its allocator (jemalloc) keeps freed memory for five seconds: given back at once, every batch
    would pay for its pages anew, a tenth of the time. For the same reason the C library asks for
    large pages and gives none back. Linear algebra, which nobody does there, would start threads
    of its own.
    """
    source = str(Path(__file__).resolve().parents[3])
    paths = [source, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        "_RJEM_MALLOC_CONF": "dirty_decay_ms:5000,muzzy_decay_ms:-1",
        "GLIBC_TUNABLES": _TUNABLES,
        "OPENBLAS_NUM_THREADS": "1",
        **os.environ,
        "POLARS_MAX_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(paths),
    }
