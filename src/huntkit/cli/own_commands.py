"""The commands about huntkit itself: `doctor`, `demo`."""

from pathlib import Path
from typing import Annotated

import typer

from huntkit.cli.commands import command, work
from huntkit.cli.options import General, Reading, Writing


@command(
    "doctor",
    "huntkit doctor",
    "huntkit doctor | jq .",
    "Check this installation and say what to do about what is not well.",
)
def doctor(writing: Writing, general: General) -> None:
    """Versions, folders and what is missing."""
    work("doctor", general).doctor(writing)


@command(
    "demo",
    "huntkit demo",
    "huntkit demo --real Security-Datasets/ --force",
    "Write the log files of an invented intrusion (about 3,000 events on four machines, all"
    " synthetic), open them, and write huntkit-demo.html here. --real opens a checkout of the"
    " Security-Datasets project instead.",
)
def demo(
    reading: Reading,
    real: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Open this Security-Datasets checkout.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep the log files here.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed gives another morning.")] = 1,
    force: Annotated[
        bool, typer.Option("--force", help="Replace huntkit-demo.html if it exists.")
    ] = False,
    general: General = General(),  # noqa: B008
) -> None:
    """Make a synthetic intrusion, open it, write huntkit-demo.html."""
    work("opening", general).demo(
        reading, general, real=real, folder=folder, seed=seed, force=force
    )
