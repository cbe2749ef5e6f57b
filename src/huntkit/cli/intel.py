"""The commands that ask providers of threat intelligence."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import typer

from huntkit.cli.case import show_python, stdin_lines
from huntkit.cli.frame import Code, counted, note
from huntkit.cli.options import General, Writing
from huntkit.cli.output import emit
from huntkit.cli.progress import Bars, Interrupt
from huntkit.cli.target import check_output
from huntkit.core.errors import Cancelled, UsageError
from huntkit.core.progress import Progress
from huntkit.enrich.ti.providers.localfeeds import LocalFeeds, LocalFeedsSettings
from huntkit.enrich.ti.results_page import ResultsPage
from huntkit.enrich.ti.tilookup import TILookup
from huntkit.entities.indicators import check_ioc_type, defang
from huntkit.runtime.session import Session

_INCOMPLETE = ("failed", "rate limited")


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
    budget: int | None,
    dry_run: bool,
    refresh: bool,
) -> None:
    """What providers know about indicators."""
    check_output(writing)
    if ioc_type:
        check_ioc_type(ioc_type)
    wanted = _values(values)
    names = [name.strip() for each in providers or () for name in each.split(",") if name.strip()]
    interrupt = Interrupt()
    with interrupt.watched(), _session(general, Bars(interrupt)) as session:
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
        _python(general, wanted, names, tlp, budget)
        found = lookup.lookup_iocs(
            dict.fromkeys(wanted, ioc_type) if ioc_type else wanted,
            ioc_query_type=subtype,
            providers=names or None,
            tlp=tlp,
            budget=budget,
            refresh=refresh,
            dry_run=dry_run,
            frame="polars",
        )
    _give(found, writing, dry_run=dry_run)
    if interrupt.asked:
        raise Cancelled("interrupted: what was answered by then is given, the rest says so")
    if not dry_run and found["Status"].is_in(_INCOMPLETE).any():
        raise typer.Exit(Code.IN_PART)


def providers(writing: Writing, general: General, *, types: bool) -> None:
    """All providers."""
    check_output(writing)
    if general.show_python:
        show_python("import huntkit", "", "huntkit.TILookup().list_available_providers()")
    with _session(general, None) as session:
        lookup = TILookup(session=session)
        rows = lookup.list_available_providers(show_query_types=types)
    emit(rows, writing, title="Providers of threat intelligence")


def _session(general: General, progress: Progress | None) -> Session:
    given = Session() if progress is None else Session(progress=progress)
    return given.changed(frame="polars", offline=general.offline or given.offline)


def _values(given: Sequence[str]) -> list[str]:
    if given.count("-") > 1:
        raise UsageError("- (stdin) can be read only once")
    found = [line for each in given for line in (stdin_lines() if each == "-" else [each])]
    wanted = list(dict.fromkeys(text for each in found if (text := each.strip())))
    if not wanted:
        raise UsageError("there is no value to look up", hint="huntkit ti 203.0.113.7")
    return wanted


def _give(found: pl.DataFrame, writing: Writing, *, dry_run: bool) -> None:
    page = writing.output is not None and writing.output.suffix.lower() == ".html"
    if writing.output is not None and page and not dry_run:
        ResultsPage(found).save(writing.output, force=writing.force)
        note(f"{counted(found.height, 'result')} written to {writing.output}")
        return
    title = "What would be asked" if dry_run else "What is known"
    emit(found, writing, title=title, eyes=None if dry_run else _for_eyes)


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


def _python(
    general: General,
    values: Sequence[str],
    providers: Sequence[str],
    tlp: str | None,
    budget: int | None,
) -> None:
    if not general.show_python:
        return
    more = {"providers": list(providers) or None, "tlp": tlp, "budget": budget}
    shown = "".join(f", {name}={value!r}" for name, value in more.items() if value)
    show_python("import huntkit", "", f"huntkit.TILookup().lookup_iocs({list(values)!r}{shown})")
