"""The commands that ask providers of threat intelligence."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from huntkit.cli.asking import finish, in_python, session_for, show_providers, values_of
from huntkit.cli.case import show_python
from huntkit.cli.options import Asking, General, Writing
from huntkit.cli.progress import Bars, Interrupt
from huntkit.cli.target import check_output
from huntkit.core.errors import UnknownPlugin, UsageError
from huntkit.enrich.ti.inputs import item_of, known_type
from huntkit.enrich.ti.provider import TIProvider
from huntkit.enrich.ti.providers.localfeeds import LocalFeeds, LocalFeedsSettings
from huntkit.enrich.ti.results_page import ResultsPage
from huntkit.enrich.ti.sub_queries import check_sub_query
from huntkit.enrich.ti.tilookup import TILookup
from huntkit.entities.indicators import defang


def ti(
    values: Sequence[str],
    asking: Asking,
    writing: Writing,
    general: General,
    *,
    feeds: Sequence[Path],
    ioc_type: str | None,
    subtype: str | None,
    tlp: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """What providers know about indicators."""
    check_output(writing)
    if ioc_type:
        ioc_type = known_type(ioc_type)
    wanted = values_of(
        values, command="ti", example="203.0.113.7", what="indicator",
        doubtful=lambda value: item_of(value).problem == "bad input",
    )  # fmt: skip
    feeds = _feed_files(feeds)
    names = asking.names
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
            tlp=tlp, start=since, end=until, budget=asking.budget,
            refresh=asking.refresh or None, dry_run=asking.dry_run or None,
        )  # fmt: skip
        check_sub_query(_asked(lookup, names), subtype or "", ioc_type)
        found = lookup.lookup_iocs(
            dict.fromkeys(wanted, ioc_type) if ioc_type else wanted,
            ioc_query_type=subtype,
            providers=names or None,
            tlp=tlp,
            start=since,
            end=until,
            budget=asking.budget,
            refresh=asking.refresh,
            dry_run=asking.dry_run,
            frame="polars",
        )
    finish(found, writing, interrupt, page=ResultsPage, eyes=_for_eyes, dry_run=asking.dry_run)


def providers(writing: Writing, general: General, *, types: bool) -> None:
    """All providers."""
    show_providers(
        TILookup, writing, general, types=types, title="Providers of threat intelligence"
    )


def _asked(lookup: TILookup, names: Sequence[str]) -> dict[str, TIProvider]:
    try:
        return lookup.asked_providers(names or None)
    except UnknownPlugin as problem:
        hint = problem.hint or "huntkit providers lists all; several stand with commas between"
        raise UsageError(problem.message, hint=hint) from problem


def _feed_files(given: Sequence[Path]) -> list[Path]:
    """Several files stand with commas between, unless that is the name of one."""
    found: list[Path] = []
    for each in given:
        if "," not in str(each) or each.expanduser().exists():
            found.append(each)
        else:
            found += [Path(part) for name in str(each).split(",") if (part := name.strip())]
    return found


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
    feeds: Sequence[Path],
    ioc_type: str | None,
    **options: object,
) -> None:
    """The same in Python."""
    if not general.show_python:
        return
    asked = repr(dict.fromkeys(values, ioc_type) if ioc_type else list(values))
    lines = ["import huntkit", "", "lookup = huntkit.TILookup()"]
    if feeds:
        module = "huntkit.enrich.ti.providers.localfeeds"
        lines.insert(1, f"from {module} import LocalFeeds, LocalFeedsSettings")
        files = ", ".join(repr(str(each)) for each in feeds)
        lines.append(f"files = LocalFeedsSettings(files=({files},))")
        lines.append("lookup.add_provider(LocalFeeds(files, lookup.session))")
    show_python(*lines, f"lookup.lookup_iocs({asked}{in_python(**options)})")
