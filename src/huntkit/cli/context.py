"""The command that asks providers of context."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from huntkit.cli.asking import finish, in_python, session_for, show_providers, values_of
from huntkit.cli.case import show_python
from huntkit.cli.options import Asking, General, Writing
from huntkit.cli.progress import Bars, Interrupt
from huntkit.cli.target import check_output
from huntkit.core.errors import UsageError
from huntkit.enrich.context import ContextLookup
from huntkit.enrich.context.results_page import ContextPage
from huntkit.enrich.context.values import check_context_type

# What a person wants to see of a host, a user or a resource, by whatever name it is told.
_WHAT: Final = ("name", "user_name", "computer", "sys_class_name", "type")
_WHOSE: Final = ("assigned_to", "managed_by", "owned_by", "support_group", "manager", "tags")


def context(
    values: Sequence[str],
    asking: Asking,
    writing: Writing,
    general: General,
    *,
    value_type: str | None,
) -> None:
    """What the organisation's own systems know about values."""
    check_output(writing)
    kind = check_context_type(value_type) if value_type else None
    wanted = values_of(
        values, command="context", example="web01", what="value",
        doubtful=lambda value: "/" in value,
    )  # fmt: skip
    names = asking.names
    interrupt = Interrupt()
    with interrupt.watched(), session_for(general, Bars(interrupt)) as session:
        lookup = ContextLookup(session=session)
        if not names and not lookup.loaded_providers:
            raise UsageError(
                "no provider of context is enabled in the settings",
                hint=f"name some: --providers {','.join(lookup.available_providers)}",
            )
        _python(
            general, wanted, providers=names or None, observable_type=kind, budget=asking.budget,
            refresh=asking.refresh or None, dry_run=asking.dry_run or None,
        )  # fmt: skip
        found = lookup.lookup_observables(
            wanted, providers=names or None, observable_type=kind, budget=asking.budget,
            refresh=asking.refresh, dry_run=asking.dry_run, frame="polars",
        )  # fmt: skip
    finish(found, writing, interrupt, page=ContextPage, eyes=_for_eyes, dry_run=asking.dry_run)


def providers(writing: Writing, general: General, *, types: bool) -> None:
    """All providers of context."""
    show_providers(ContextLookup, writing, general, types=types, title="Providers of context")


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
    lines = ("import huntkit", "", "lookup = huntkit.ContextLookup()")
    show_python(*lines, f"lookup.lookup_observables({list(values)!r}{in_python(**options)})")
