"""Evidence opened for one command: progress, Ctrl-C, stdin, what failed, and the exit code."""

import contextlib
import importlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from huntkit.cli.frame import Code, complain, note
from huntkit.cli.options import Reading
from huntkit.cli.progress import Bars, Interrupt
from huntkit.core.errors import Cancelled, UsageError
from huntkit.formats.streams import as_utf8
from huntkit.sources.local.intake import Intake
from huntkit.sources.local.opening import Assumptions, take_in

if TYPE_CHECKING:
    from huntkit.sources.local.evidence import Evidence

_PROBLEMS_SHOWN = 5
_STDIN = "stdin" if os.name == "nt" else "<stdin>"


@dataclass(slots=True)
class Case:
    """What was read, its tables once they are asked for, and what reports on work with it.

    Attributes:
        intake: what was read.
        bars: progress.
        interrupt: Ctrl-C.
        failed: to be set where a part of the work failed though the reading did not.
    """

    intake: Intake
    bars: Bars
    interrupt: Interrupt
    _stack: ExitStack
    failed: bool = False
    _evidence: "Evidence | None" = None

    @property
    def evidence(self) -> "Evidence":
        """The tables; making them loads the data libraries."""
        if self._evidence is None:
            local = importlib.import_module("huntkit.sources.local.evidence")
            made: Evidence = local.evidence_of(self.intake, frame="polars")
            self._evidence = self._stack.enter_context(made)
        return self._evidence


@contextmanager
def opened(paths: Sequence[str], reading: Reading, *, say_problems: bool = True) -> Iterator[Case]:
    """Evidence for the time of one command, which then ends with the right exit code.

    Args:
        paths: what to open; ``-`` is stdin.
        reading: how.
        say_problems: whether what failed is said at the end; a summary says it itself.

    Raises:
        typer.Exit: on leaving, where the evidence is partial or empty, or part of the work failed.
        Cancelled: on leaving, where Ctrl-C was pressed.
    """
    interrupt = Interrupt()
    bars = Bars(interrupt)
    with ExitStack() as stack:
        stack.enter_context(interrupt.watched())
        intake = _read(_once(paths), reading, bars, stack)
        stack.callback(intake.close)
        case = Case(intake, bars, interrupt, stack)
        yield case
        if say_problems:
            _say_problems(intake)
    if interrupt.asked:
        raise Cancelled("interrupted: what was found by then is given, the rest is missing")
    if intake.partial or intake.is_empty or case.failed:
        raise typer.Exit(Code.IN_PART)


def python_open(paths: Sequence[str], reading: Reading) -> str:
    """The Python that opens the same evidence."""
    options = [
        *(["cache=False"] if reading.no_cache else []),
        *([f"cache_dir={str(reading.cache_dir)!r}"] if reading.cache_dir else []),
        *([f"assume_timezone={reading.assume_timezone!r}"] if reading.assume_timezone else []),
        *([f"assume_year={reading.assume_year!r}"] if reading.assume_year else []),
        *([f"day_first={reading.day_first}"] if reading.day_first is not None else []),
    ]
    inside = ", ".join([repr(list(paths)) if len(paths) != 1 else repr(paths[0]), *options])
    return f"import huntkit\n\nevidence = huntkit.open({inside})"


TEXTS_IN_PYTHON = """
from huntkit.report import encoded, indicators, risky
from huntkit.report.layouts import layouts
from huntkit.report.texts import distinct_texts

texts = distinct_texts(evidence, layouts(evidence), [])"""
"""Every text of evidence that may hold something, as `iocs`, `decode` and `geo` take them."""


def show_python(*lines: str) -> None:
    """Print Python on stderr, ready to paste."""
    print("\n".join(lines), file=sys.stderr)


def read_stdin() -> bytes:
    """All of stdin; a terminal gets a word, so that nobody waits in vain."""
    if sys.stdin.isatty():
        note("reading stdin; end with Ctrl-D")
    return sys.stdin.buffer.read()


def stdin_lines() -> list[str]:
    """The lines of stdin, also of UTF-16, which PowerShell's ``>`` writes."""
    text = as_utf8(io.BytesIO(read_stdin())).read()
    return text.decode("utf-8", "replace").splitlines()


def texts_of(value: str) -> list[str] | Path:
    """A value from the command line: itself, ``@FILE``, or ``-`` for the lines of stdin."""
    if value == "-":
        return [line for line in stdin_lines() if line]
    if value.startswith("@") and len(value) > 1:
        return Path(value[1:])
    return [value]


def _once(paths: Sequence[str]) -> list[str]:
    if sum(path == "-" for path in paths) > 1:
        raise UsageError("- (stdin) can be read only once")
    return list(paths)


def _read(paths: list[str], reading: Reading, bars: Bars, stack: ExitStack) -> Intake:
    cache_dir = reading.cache_dir.absolute() if reading.cache_dir else None
    with ExitStack() as inside:
        if "-" in paths:
            # Stdin becomes a file, since formats are found by content and hashes are kept; it is
            # opened from its own folder so that rows name it <stdin> and no folder of ours.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="huntkit-")))
            _keep_stdin(folder / _STDIN)
            paths = [
                _STDIN if path == "-" else str(Path(path).expanduser().absolute()) for path in paths
            ]
            inside.enter_context(contextlib.chdir(folder))
        return take_in(
            paths,
            cache=not reading.no_cache,
            cache_dir=cache_dir,
            assumptions=Assumptions(
                timezone=reading.assume_timezone,
                year=reading.assume_year,
                day_first=reading.day_first,
            ),
            progress=bars,
        )


def _keep_stdin(path: Path) -> None:
    if sys.stdin.isatty():
        note("reading stdin; end with Ctrl-D")
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)


def _say_problems(intake: Intake) -> None:
    problems = intake.problems
    for problem in problems[:_PROBLEMS_SHOWN]:
        complain(f"warning: {problem}")
    if len(problems) > _PROBLEMS_SHOWN:
        complain(f"warning: {len(problems) - _PROBLEMS_SHOWN:,} more (huntkit tables --files)")
