"""The command that asks providers of context."""

from collections.abc import Sequence
from typing import Final

import polars as pl
import typer

from huntkit.cli.case import show_python
from huntkit.cli.frame import Code, counted, note
from huntkit.cli.intel import INCOMPLETE, is_file, lines_of, plan_for_eyes, session_for, tell
from huntkit.cli.options import General, Writing
from huntkit.cli.output import emit
from huntkit.cli.progress import Bars, Interrupt
from huntkit.cli.target import check_output
from huntkit.core.errors import Cancelled, UsageError
from huntkit.enrich.context import ContextLookup
from huntkit.enrich.context.results_page import ContextPage
from huntkit.enrich.context.values import check_context_type

# What a person wants to see of a host, a user or a resource, by whatever name it is told.
_WHAT: Final = ("name", "user_name", "computer", "sys_class_name", "type")
_WHOSE: Final = ("assigned_to", "managed_by", "owned_by", "support_group", "manager", "tags")


def context(
    values: Sequence[str],
    writing: Writing,
    general: General,
    *,
    providers: Sequence[str] | None,
    value_type: str | None,
    budget: int | None,
    dry_run: bool,
    refresh: bool,
) -> None:
    """What the organisation's own systems know about values."""
    check_output(writing)
    kind = check_context_type(value_type) if value_type else None
    wanted = _values(values)
    names = [name.strip() for each in providers or () for name in each.split(",") if name.strip()]
    interrupt = Interrupt()
    with interrupt.watched(), session_for(general, Bars(interrupt)) as session:
        lookup = ContextLookup(session=session)
        if not names and not lookup.loaded_providers:
            raise UsageError(
                "no provider of context is enabled in the settings",
                hint=f"name some: --providers {','.join(lookup.available_providers)}",
            )
        _python(
            general, wanted, providers=names or None, observable_type=kind, budget=budget,
            refresh=refresh or None, dry_run=dry_run or None,
        )  # fmt: skip
        found = lookup.lookup_observables(
            wanted, providers=names or None, observable_type=kind, budget=budget, refresh=refresh,
            dry_run=dry_run, frame="polars",
        )  # fmt: skip
    tell(found, dry_run=dry_run)
    _give(found, writing, dry_run=dry_run)
    if interrupt.asked:
        raise Cancelled("interrupted: what was answered by then is given, the rest says so")
    if not dry_run and found["Status"].is_in(INCOMPLETE).any():
        raise typer.Exit(Code.IN_PART)


def providers(writing: Writing, general: General, *, types: bool) -> None:
    """All providers of context."""
    check_output(writing)
    if general.show_python:
        show_python("import huntkit", "", "huntkit.ContextLookup().list_available_providers()")
    with session_for(general, None) as session:
        rows = ContextLookup(session=session).list_available_providers(show_query_types=types)
    emit(rows, writing, title="Providers of context")


def _values(given: Sequence[str]) -> list[str]:
    if given.count("-") > 1:
        raise UsageError("- (stdin) can be read only once")
    found = [line for each in given for line in lines_of(each)]
    wanted = list(dict.fromkeys(text for each in found if (text := each.strip())))
    if not wanted:
        raise UsageError("there is no value to look up", hint="huntkit context web01")
    for each in wanted:
        if "/" in each and is_file(each):
            raise UsageError(
                f"{each!r} is a file, and no value", hint=f"huntkit context @{each} reads its lines"
            )
    return wanted


def _give(found: pl.DataFrame, writing: Writing, *, dry_run: bool) -> None:
    page = writing.output is not None and writing.output.suffix.lower() == ".html"
    if writing.output is not None and page and not dry_run:
        ContextPage(found).save(writing.output, force=writing.force)
        note(f"{counted(found.height, 'result')} written to {writing.output}")
        return
    title = "What would be asked" if dry_run else "What is known"
    emit(found, writing, title=title, eyes=plan_for_eyes if dry_run else _for_eyes)


def _for_eyes(rows: pl.DataFrame) -> pl.DataFrame:
    """Few columns; several records of one value are counted."""
    told = pl.col("Details")

    def first(names: Sequence[str]) -> pl.Expr:
        return pl.coalesce(told.str.json_path_match(f"$.{name}") for name in names)

    several = told.str.json_path_match("$.records").cast(pl.Int64, strict=False) > 1
    many = told.str.json_path_match("$.records") + " records"
    return rows.select(
        Value=pl.coalesce(pl.when(pl.col("SafeObservable") != "").then("SafeObservable"),
                          "Observable"),
        Type="ObservableType",
        Provider="Provider",
        Status="Status",
        What=pl.when(several).then(many).otherwise(first(_WHAT)),
        Whose=pl.when(several).then(None).otherwise(first(_WHOSE)),
        Why=pl.coalesce(
            told.str.json_path_match("$.reason"), told.str.json_path_match("$.note"),
            told.str.json_path_match("$.matched_by"),
        ),
        Reference="Reference",
    )  # fmt: skip


def _python(general: General, values: Sequence[str], **options: object) -> None:
    if not general.show_python:
        return
    shown = "".join(f", {name}={value!r}" for name, value in options.items() if value is not None)
    lines = ("import huntkit", "", "lookup = huntkit.ContextLookup()")
    show_python(*lines, f"lookup.lookup_observables({list(values)!r}{shown})")
