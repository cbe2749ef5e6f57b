"""The commands that ask providers of threat intelligence."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import typer

from huntkit.cli.case import show_python, stdin_lines
from huntkit.cli.frame import Code, counted, note
from huntkit.cli.options import General, Writing
from huntkit.cli.output import emit
from huntkit.cli.progress import Bars, Interrupt
from huntkit.cli.target import check_output
from huntkit.core.errors import Cancelled, UnknownPlugin, UsageError
from huntkit.core.progress import Progress
from huntkit.enrich.ti.inputs import item_of, known_type
from huntkit.enrich.ti.provider import TIProvider
from huntkit.enrich.ti.providers.localfeeds import LocalFeeds, LocalFeedsSettings
from huntkit.enrich.ti.results_page import ResultsPage
from huntkit.enrich.ti.sub_queries import check_sub_query
from huntkit.enrich.ti.tilookup import TILookup
from huntkit.entities.indicators import defang
from huntkit.formats.streams import as_utf8
from huntkit.runtime.session import Session

_SHOWN = 5
INCOMPLETE = ("failed", "rate limited")


def ti(
    values: Sequence[str],
    writing: Writing,
    general: General,
    *,
    providers: Sequence[str] | None,
    feeds: Sequence[Path],
    ioc_type: str | None,
    subtype: str | None,
    tlp: str | None,
    since: str | None,
    until: str | None,
    budget: int | None,
    dry_run: bool,
    refresh: bool,
) -> None:
    """What providers know about indicators."""
    check_output(writing)
    if ioc_type:
        ioc_type = known_type(ioc_type)
    wanted = _values(values)
    feeds = _feed_files(feeds)
    names = [name.strip() for each in providers or () for name in each.split(",") if name.strip()]
    interrupt = Interrupt()
    with interrupt.watched(), session_for(general, Bars(interrupt)) as session:
        lookup = TILookup(session=session)
        if feeds:
            made = LocalFeeds(LocalFeedsSettings(files=tuple(feeds)), session)
            lookup.add_provider(made)
            names = [*names, LocalFeeds.name] if names else []
        if not names and not lookup.loaded_providers:
            raise UsageError(
                "no provider is enabled in the settings",
                hint="name some: --providers InternetDB,Tor (huntkit providers lists all), or"
                " --feeds FILE",
            )
        _python(
            general, wanted, feeds, ioc_type, ioc_query_type=subtype, providers=names or None,
            tlp=tlp, start=since, end=until, budget=budget, refresh=refresh or None,
            dry_run=dry_run or None,
        )  # fmt: skip
        check_sub_query(_asked(lookup, names), subtype or "", ioc_type)
        found = lookup.lookup_iocs(
            dict.fromkeys(wanted, ioc_type) if ioc_type else wanted,
            ioc_query_type=subtype,
            providers=names or None,
            tlp=tlp,
            start=since,
            end=until,
            budget=budget,
            refresh=refresh,
            dry_run=dry_run,
            frame="polars",
        )
    tell(found, dry_run=dry_run)
    _give(found, writing, dry_run=dry_run)
    if interrupt.asked:
        raise Cancelled("interrupted: what was answered by then is given, the rest says so")
    if not dry_run and found["Status"].is_in(INCOMPLETE).any():
        raise typer.Exit(Code.IN_PART)


def providers(writing: Writing, general: General, *, types: bool) -> None:
    """All providers."""
    check_output(writing)
    if general.show_python:
        show_python("import huntkit", "", "huntkit.TILookup().list_available_providers()")
    with session_for(general, None) as session:
        lookup = TILookup(session=session)
        rows = lookup.list_available_providers(show_query_types=types)
    emit(rows, writing, title="Providers of threat intelligence")


def session_for(general: General, progress: Progress | None) -> Session:
    """The session of a command, offline if that was said."""
    given = Session() if progress is None else Session(progress=progress)
    return given.changed(frame="polars", offline=general.offline or given.offline)


def _asked(lookup: TILookup, names: Sequence[str]) -> dict[str, TIProvider]:
    try:
        return lookup.asked_providers(names or None)
    except UnknownPlugin as problem:
        hint = problem.hint or "huntkit providers lists all; several stand with commas between"
        raise UsageError(problem.message, hint=hint) from problem


def _values(given: Sequence[str]) -> list[str]:
    if given.count("-") > 1:
        raise UsageError("- (stdin) can be read only once")
    found = [line for each in given for line in lines_of(each)]
    wanted = list(dict.fromkeys(text for each in found if (text := each.strip())))
    if not wanted:
        raise UsageError("there is no value to look up", hint="huntkit ti 203.0.113.7")
    for each in wanted:
        if item_of(each).problem == "bad input" and is_file(each):
            raise UsageError(
                f"{each!r} is a file, and no indicator", hint=f"huntkit ti @{each} reads its lines"
            )
    return wanted


def _feed_files(given: Sequence[Path]) -> list[Path]:
    """Several files stand with commas between, unless that is the name of one."""
    found: list[Path] = []
    for each in given:
        if "," not in str(each) or each.expanduser().exists():
            found.append(each)
        else:
            found += [Path(part) for name in str(each).split(",") if (part := name.strip())]
    return found


def lines_of(given: str) -> list[str]:
    """A value itself, or the lines of stdin or of a file; remarks (``#``) are left out."""
    if given == "-":
        return _without_remarks(stdin_lines())
    if not (given.startswith("@") and len(given) > 1):
        return [given]
    path = Path(given[1:])
    try:
        with path.open("rb") as stream:
            return _without_remarks(as_utf8(stream).read().decode("utf-8", "replace").splitlines())
    except OSError as problem:
        raise UsageError(f"can't read {str(path)!r}: {problem.strerror}") from problem


def _without_remarks(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if not line.lstrip().startswith("#")]


def is_file(text: str) -> bool:
    """Whether a text is the name of a file here."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or a null in it
        return False


def tell(found: pl.DataFrame, *, dry_run: bool) -> None:
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


def _give(found: pl.DataFrame, writing: Writing, *, dry_run: bool) -> None:
    page = writing.output is not None and writing.output.suffix.lower() == ".html"
    if writing.output is not None and page and not dry_run:
        ResultsPage(found).save(writing.output, force=writing.force)
        note(f"{counted(found.height, 'result')} written to {writing.output}")
        return
    title = "What would be asked" if dry_run else "What is known"
    emit(found, writing, title=title, eyes=plan_for_eyes if dry_run else _for_eyes)


def _for_eyes(rows: pl.DataFrame) -> pl.DataFrame:
    """Few columns, the worst first, nothing that can be clicked."""
    safe = pl.coalesce(pl.when(pl.col("SafeIoc") != "").then("SafeIoc"), "Ioc")
    rank = pl.col("Severity").replace_strict(
        {"high": 3, "warning": 2, "information": 1}, default=0, return_dtype=pl.Int8
    )
    return rows.sort(rank, descending=True, maintain_order=True).select(
        Indicator=safe.map_elements(defang, return_dtype=pl.String),
        Type="IocType",
        Provider="Provider",
        Status="Status",
        Severity="Severity",
        Why=pl.col("Details").str.json_path_match("$.reason"),
        Reference="Reference",
    )


def plan_for_eyes(rows: pl.DataFrame) -> pl.DataFrame:
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


def _python(
    general: General,
    values: Sequence[str],
    feeds: Sequence[Path],
    ioc_type: str | None,
    **options: object,
) -> None:
    """The same in Python."""
    if not general.show_python:
        return
    asked = repr(dict.fromkeys(values, ioc_type) if ioc_type else list(values))
    shown = "".join(f", {name}={value!r}" for name, value in options.items() if value is not None)
    lines = ["import huntkit", "", "lookup = huntkit.TILookup()"]
    if feeds:
        module = "huntkit.enrich.ti.providers.localfeeds"
        lines.insert(1, f"from {module} import LocalFeeds, LocalFeedsSettings")
        files = ", ".join(repr(str(each)) for each in feeds)
        lines.append(f"files = LocalFeedsSettings(files=({files},))")
        lines.append("lookup.add_provider(LocalFeeds(files, lookup.session))")
    show_python(*lines, f"lookup.lookup_iocs({asked}{shown})")
