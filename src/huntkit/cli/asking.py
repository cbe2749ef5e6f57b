"""What the commands that ask providers about values have in common."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import typer

from huntkit.cli.case import show_python, stdin_lines
from huntkit.cli.frame import Code, counted, note
from huntkit.cli.options import General, Writing
from huntkit.cli.output import emit
from huntkit.cli.progress import Interrupt
from huntkit.cli.target import check_output
from huntkit.core.errors import Cancelled, UsageError
from huntkit.core.progress import Progress
from huntkit.enrich.ti.provider_set import ProviderSet
from huntkit.enrich.ti.results_page import ResultsPage
from huntkit.entities.indicators import defang
from huntkit.formats.streams import as_utf8
from huntkit.runtime.session import Session

_SHOWN = 5
_INCOMPLETE = ("failed", "rate limited")


def session_for(general: General, progress: Progress | None) -> Session:
    """The session of a command, offline if that was said."""
    given = Session() if progress is None else Session(progress=progress)
    return given.changed(frame="polars", offline=general.offline or given.offline)


def values_of(
    given: Sequence[str], *, command: str, example: str, what: str, doubtful: Callable[[str], bool]
) -> list[str]:
    """The values of a command, each once.

    Args:
        given: values; ``-`` stands for the lines of stdin, ``@FILE`` for those of a file.
        command: the command, for hints.
        example: a value, for hints.
        what: what a value is called.
        doubtful: whether a value looks like none; if there is a file of that name, it is one.

    Raises:
        UsageError: there is no value, a file in place of one, or a file that can't be read.
    """
    if given.count("-") > 1:
        raise UsageError("- (stdin) can be read only once")
    found = [line for each in given for line in lines_of(each)]
    wanted = list(dict.fromkeys(text for each in found if (text := each.strip())))
    if not wanted:
        raise UsageError("there is no value to look up", hint=f"huntkit {command} {example}")
    for each in wanted:
        if doubtful(each) and _is_file(each):
            raise UsageError(
                f"{each!r} is a file, and no {what}",
                hint=f"huntkit {command} @{each} reads its lines",
            )
    return wanted


def lines_of(given: str) -> list[str]:
    """A value itself, or the lines of stdin (``-``) or of a file (``@FILE``).

    Remarks (lines that begin with ``#``) are left out; lists may be UTF-16, as PowerShell writes.

    Raises:
        UsageError: the file can't be read.
    """
    if given == "-":
        return _without_remarks(stdin_lines())
    if not (given.startswith("@") and len(given) > 1):
        return [given]
    try:
        path = Path(given[1:]).expanduser()
        with path.open("rb") as stream:
            text = as_utf8(stream).read().decode("utf-8-sig", "replace")
    except (OSError, RuntimeError, ValueError) as problem:  # no such user's home; a null in a name
        told = getattr(problem, "strerror", None) or problem
        raise UsageError(f"can't read {given[1:]!r}: {told}") from problem
    return _without_remarks(text.splitlines())


def _without_remarks(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if not line.lstrip().startswith("#")]


def _is_file(text: str) -> bool:
    """Whether a text is the name of a file here."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or a null in it
        return False


def finish(
    found: pl.DataFrame,
    writing: Writing,
    interrupt: Interrupt,
    *,
    page: type[ResultsPage],
    eyes: Callable[[pl.DataFrame], pl.DataFrame],
    dry_run: bool,
) -> None:
    """Tell and give what was found; the exit code says whether all of it was.

    Args:
        found: results, or the forecast of a dry run.
        writing: where they go.
        interrupt: Ctrl-C.
        page: what an ``.html`` file holds.
        eyes: the columns that a terminal shows.
        dry_run: nobody was asked.

    Raises:
        Cancelled: Ctrl-C was pressed.
        typer.Exit: a provider failed.
    """
    _tell(found, dry_run=dry_run)
    _give(found, writing, page, eyes, dry_run=dry_run)
    if interrupt.asked:
        raise Cancelled("interrupted: what was answered by then is given, the rest says so")
    if not dry_run and found["Status"].is_in(_INCOMPLETE).any():
        raise typer.Exit(Code.IN_PART)


def _tell(found: pl.DataFrame, *, dry_run: bool) -> None:
    """How many of what, in one line."""
    if dry_run:
        asked = found.filter(pl.col("Plan") == "ask")
        note(
            f"nobody was asked; {counted(int(asked['Requests'].sum()), 'request')} would go to "
            f"{counted(asked.filter(pl.col('Requests') > 0).height, 'provider')}"
        )
        return
    statuses = found["Status"].value_counts(sort=True).rows()
    note(", ".join(f"{count:,} {status}" for status, count in statuses) or "nothing was looked up")


def _give(
    found: pl.DataFrame,
    writing: Writing,
    page: type[ResultsPage],
    eyes: Callable[[pl.DataFrame], pl.DataFrame],
    *,
    dry_run: bool,
) -> None:
    if writing.output is not None and writing.output.suffix.lower() == ".html" and not dry_run:
        page(found).save(writing.output, force=writing.force)
        note(f"{counted(found.height, 'result')} written to {writing.output}")
        return
    title = "What would be asked" if dry_run else "What is known"
    emit(found, writing, title=title, eyes=_plan_for_eyes if dry_run else eyes)


def _plan_for_eyes(rows: pl.DataFrame) -> pl.DataFrame:
    """What would be asked, with the limits in words."""
    return pl.DataFrame(
        {
            "Provider": rows["Provider"],
            "Plan": rows["Plan"],
            "Indicators": rows["Indicators"],
            "Requests": rows["Requests"],
            "Why": rows["Why"],
            "Values": [_some(values) for values in rows["Values"]],
            "Limits": [_limits(row) for row in rows.iter_rows(named=True)],
        }
    )


def _some(values: Sequence[str]) -> str:
    shown = ", ".join(defang(each) for each in list(values)[:_SHOWN])
    return shown + (f" and {len(values) - _SHOWN:,} more" if len(values) > _SHOWN else "")


def _limits(row: dict[str, Any]) -> str:
    names = {"PerSecond": "second", "PerMinute": "minute", "PerHour": "hour", "PerDay": "day"}
    told = [f"{row[name]:g} a {word}" for name, word in names.items() if row[name] is not None]
    if row["LeftToday"] is not None:
        told.append(f"{row['LeftToday']:,} left today")
    if row["Budget"] is not None:
        told.append(f"budget {row['Budget']:,}")
    if row["MinSeconds"]:
        told.append(f"takes {_duration(row['MinSeconds'])} at least")
    return ", ".join(told)


def _duration(seconds: float) -> str:
    """A time in the largest unit that it fills.

    Examples:
        >>> _duration(45), _duration(90), _duration(86_400)
        ('45 s', '1.5 min', '24 h')
    """
    size, word = next((u for u in ((3600, "h"), (60, "min")) if seconds >= u[0]), (1, "s"))
    return f"{round(seconds / size, 1):g} {word}"


def in_python(**options: object) -> str:
    """Options as a call in Python has them, those that were given.

    Examples:
        >>> in_python(budget=3, tlp=None)
        ', budget=3'
    """
    return "".join(f", {name}={value!r}" for name, value in options.items() if value is not None)


def show_providers(
    kind: type[ProviderSet[Any]], writing: Writing, general: General, *, types: bool, title: str
) -> None:
    """All providers that a look-up may ask."""
    check_output(writing)
    if general.show_python:
        show_python("import huntkit", "", f"huntkit.{kind.__name__}().list_available_providers()")
    with session_for(general, None) as session:
        rows = kind(session=session).list_available_providers(show_query_types=types)
    emit(rows, writing, title=title)
