"""The same work by huntkit and by another tool on the same rows, in processes of their own."""

from bench._measure import Figure, measure, table

HEAD = """
import json, os, sys, time, warnings, logging
os.environ["TQDM_DISABLE"] = "1"
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
class Clock:
    def __enter__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()
    def __exit__(self, *failed):
        self.wall, self.cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
    def tell(self, **found):
        print(json.dumps({"seconds": self.wall, "cpu": self.cpu, **found}))
clock = Clock()
"""
"""What measured code begins with: time ``with clock: ...``, then ``clock.tell(found=...)``."""

COLUMNS = ("seconds", "CPU seconds", "peak MB")


def run(
    code: str, *arguments: str, times: int = 3, python: str | None = None, most_gb: int = 0
) -> Figure:
    """The median of some runs of code that begins with `HEAD`."""
    return measure(HEAD + code, *arguments, times=times, python=python, most_gb=most_gb)


def cells(figure: Figure) -> tuple[str, ...]:
    """Under `COLUMNS`."""
    peak = f"{figure.peak_bytes / 1e6:,.0f}"
    return (f"{figure.seconds:.3g}", f"{figure.cpu_seconds:.3g}", peak)


def compared(title: str, ours: Figure, theirs: Figure, other: str, agreement: str) -> None:
    """Print both, how many times as fast huntkit is, and how far the answers agree."""
    rows = [(title, *COLUMNS), ("huntkit", *cells(ours)), (other, *cells(theirs))]
    table(rows)
    wall = theirs.seconds / max(ours.seconds, 1e-9)
    cpu = theirs.cpu_seconds / max(ours.cpu_seconds, 1e-9)
    print(f"  huntkit is {wall:,.1f} times as fast ({cpu:,.1f} in CPU time); {agreement}")
