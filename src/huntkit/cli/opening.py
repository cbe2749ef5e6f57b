"""`huntkit open`, `report` and `demo`: read, say, and write one report."""

import importlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

import huntkit
from huntkit.cli import summary
from huntkit.cli.case import opened, python_open, show_python
from huntkit.cli.facts import write_facts
from huntkit.cli.frame import complain, note
from huntkit.cli.options import General, Reading, Writing
from huntkit.cli.target import check_output, free_name
from huntkit.core.errors import UsageError
from huntkit.report.kept import ready
from huntkit.report.saving import save_page
from huntkit.report.summary import Summary
from huntkit.runtime.session import default_session

if TYPE_CHECKING:
    from huntkit.report import Report

_DEFAULT = "huntkit-report"
_DEMO = Path("huntkit-demo.html")


def open_(
    paths: Sequence[str],
    reading: Reading,
    general: General,
    *,
    output: Path | None,
    title: str | None,
    write: bool,
    force: bool,
) -> None:
    """Read evidence, say what is in it, and write the report."""
    target = _target(output, force=force) if write else None
    _python(paths, reading, general, target, title)
    _open(paths, reading, target=target, title=title, force=force, say=True)


def report(
    paths: Sequence[str],
    reading: Reading,
    general: General,
    *,
    output: Path | None,
    title: str | None,
    force: bool,
) -> None:
    """Write the report and say only where it is."""
    target = _target(output, force=force)
    _python(paths, reading, general, target, title)
    _open(paths, reading, target=target, title=title, force=force, say=False)


def demo(
    reading: Reading,
    general: General,
    *,
    real: Path | None,
    folder: Path | None,
    seed: int,
    force: bool,
) -> None:
    """Open the synthetic intrusion, or a checkout of real data sets."""
    target = _target(_DEMO, force=force)
    if real is not None:
        if not real.is_dir():
            raise UsageError(
                f"--real {str(real)!r} is no folder",
                hint="it takes the folder of a checkout of Security-Datasets",
            )
        paths, title = [str(real)], f"Security-Datasets: {real.resolve().name}"
        _python(paths, reading, general, target, title)
        _open(paths, reading, target=target, title=title, force=force, say=True)
        return
    # Kept, so that the next commands have something to look at.
    place = folder or default_session().cache_dir / "demo" / f"seed-{seed}"
    synthetic = importlib.import_module("huntkit.sources.demo")  # not needed to open evidence
    synthetic.make_demo(place, seed=seed)
    evidence, title = str(place / "evidence"), synthetic.TITLE
    _python([evidence], reading, general, target, title)
    note(f"synthetic evidence: {evidence}")
    _open([evidence], reading, target=target, title=title, force=force, say=True)


def _open(
    paths: Sequence[str],
    reading: Reading,
    *,
    target: Path | None,
    title: str | None,
    force: bool,
    say: bool,
) -> None:
    begun = time.perf_counter()
    with opened(paths, reading, say_problems=not say) as case:

        def make() -> "Report":
            made: Report = huntkit.report.report(case.evidence, title=title, progress=case.bars)
            return made

        found = ready(case.intake, make, title=title, page=target is not None)
        told = found.summary
        if found.page is None:
            target = None  # a report of nothing reads as "clean"
        elif target is not None:
            save_page(found.page, target, force=force)
        _answer(told, target, time.perf_counter() - begun, say=say)
        case.failed = told.partial or not told.kept


def _answer(told: Summary, target: Path | None, seconds: float, *, say: bool) -> None:
    """The summary for eyes; into a pipe, one JSON object, and the summary on stderr."""
    piped = not sys.stdout.isatty()
    console = Console(stderr=piped, highlight=False)
    if not told.kept:
        for problem in told.problems:
            complain(problem)
        complain("there is no report of nothing")
    elif say:
        summary.show(told, console, seconds=seconds, target=target)
    elif target is not None:
        summary.show_target(target, console, seconds=seconds)
    if piped:
        facts = summary.as_dict(told, seconds=seconds, target=target)
        sys.stdout.flush()
        write_facts(facts, sys.stdout.buffer)


def _target(output: Path | None, *, force: bool) -> Path:
    """Where the report goes; checked before the work starts."""
    if output is not None:
        check_output(Writing(output=output, force=force), endings=(".html", ".htm"))
        return output
    return free_name(_DEFAULT, force=force)


def _python(
    paths: Sequence[str],
    reading: Reading,
    general: General,
    target: Path | None,
    title: str | None,
) -> None:
    if general.show_python:
        given = f", title={title!r}" if title else ""
        lines = [python_open(paths, reading), f"report = huntkit.report.report(evidence{given})"]
        if target is not None:
            lines.append(f"report.save({str(target)!r})")
        show_python(*lines)
