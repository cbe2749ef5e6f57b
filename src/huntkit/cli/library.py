"""The library of queries on the command line: find one, read it, ask evidence with it."""

import json
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from huntkit.cli import views
from huntkit.cli.case import Case, opened, python_open, show_python
from huntkit.cli.frame import complain, note
from huntkit.cli.options import General, Reading, Span, Writing
from huntkit.cli.output import emit
from huntkit.cli.statement import say_lacking
from huntkit.cli.target import check_output
from huntkit.core.errors import UsageError
from huntkit.core.text import visible_lines
from huntkit.runtime.session import Session
from huntkit.sources.errors import PartialAnswerWarning
from huntkit.sources.local.evidence import AbsentTableWarning
from huntkit.sources.provider import QueryProvider


def list_queries(
    pattern: str | None,
    writing: Writing,
    general: General,
    *,
    family: str | None,
    own: Sequence[Path],
    environment: str = "Local",
) -> None:
    """The queries that there are."""
    check_output(writing)
    provider = _provider(environment, own)
    arguments = [repr(pattern)] if pattern else []
    arguments += [f"family={family!r}"] if family else []
    _python(general, environment, own, f"provider.list_queries({', '.join(arguments)})")
    _emit(provider, provider.list_queries(pattern, family=family), writing)


def search_queries(
    words: str | None,
    writing: Writing,
    general: General,
    *,
    table: str | None,
    parameter: str | None,
    own: Sequence[Path],
    environment: str,
) -> None:
    """The queries that fit."""
    check_output(writing)
    provider = _provider(environment, own)
    given = {"search": words, "table": table, "param": parameter}
    shown = ", ".join(f"{name}={value!r}" for name, value in given.items() if value)
    _python(general, environment, own, f"provider.search({shown})")
    _emit(provider, provider.search(words, table=table, param=parameter), writing)


def show_query(name: str, general: General, *, own: Sequence[Path], environment: str) -> None:
    """What there is to know about a query."""
    provider = _provider(environment, own)
    full = _full_name(provider, name)
    told, text = provider.query_help(full), provider.get_query(full)
    _python(general, environment, own, f"provider.query_help({name!r})")
    if sys.stdout.isatty():
        print(f"{told}\n\nText:\n{visible_lines(text)}")
        return
    print(json.dumps({"name": name, "help": told, "text": text}))


def run_query(
    name: str,
    paths: Sequence[str],
    reading: Reading,
    span: Span,
    writing: Writing,
    general: General,
    *,
    values: Sequence[str],
    own: Sequence[Path],
    split_by: str | None = None,
) -> None:
    """The rows that a library query gives on evidence."""
    check_output(writing)
    given = values_of(values)
    for each, value in (("start", span.since), ("end", span.until)):
        if value is not None and each in given:
            raise UsageError(f"{each} is given twice: by --set and by --since or --until")
        if value is not None:
            given[each] = value
    if split_by:
        given["split_by"] = split_by
    full = _full_name(_provider("Local", own), name)
    call = ", ".join(f"{each}={value!r}" for each, value in given.items())
    if general.show_python:
        more = f", query_paths={[str(each) for each in own]!r}" if own else ""
        show_python(
            python_open(paths, reading),
            f'provider = huntkit.QueryProvider("Local", data=evidence{more})',
            f"provider.{full}({call})",
        )
    with opened(paths, reading) as case:
        rows = _asked(case, full, given, own)
        if rows.is_empty():
            note(f"huntkit: {full} gives no rows")
        emit(rows, writing, title=full, eyes=views.answer)


def values_of(pairs: Sequence[str]) -> dict[str, str]:
    """``NAME=VALUE`` from the command line.

    Raises:
        UsageError: one is none, or a name is given twice.

    Examples:
        >>> values_of(["host_name=ws01", "where_clause=| where a == 1"])
        {'host_name': 'ws01', 'where_clause': '| where a == 1'}
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip().isidentifier():
            raise UsageError(f"--set {pair!r} is not NAME=VALUE", hint="--set host_name=ws01")
        if name.strip() in found:
            raise UsageError(f"--set {name.strip()} is given twice", hint="lists are one A,B,C")
        found[name.strip()] = value
    return found


def _asked(case: Case, name: str, given: Mapping[str, Any], own: Sequence[Path]) -> pl.DataFrame:
    session = Session(progress=case.bars)
    provider = _provider("Local", own, data=case.evidence, session=session)
    family, _, query = name.partition(".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PartialAnswerWarning)  # said below, and by the case
        warnings.simplefilter("ignore", AbsentTableWarning)  # said below
        rows: pl.DataFrame = getattr(getattr(provider, family), query)(**given)
    if rows.is_empty() and provider.last:
        say_lacking(case.evidence, provider.last.text)
    known = set(case.evidence.problems)
    for gap in provider.last.gaps if provider.last else ():
        if gap not in known:
            case.failed = True
            complain(f"warning: {gap}")
    return rows


def _provider(environment: str, own: Sequence[Path], **settings: Any) -> QueryProvider:
    """The provider, with the caller's queries; a faulty file that was named is no small thing."""
    provider = QueryProvider(environment, frame="polars", **settings)
    for each in own:
        provider.import_query_file(each)
    return provider


def _full_name(provider: QueryProvider, name: str) -> str:
    """The query's name with its family.

    Raises:
        UsageError: there is no such query, with the nearest names.
    """
    provider.get_query(name)
    folded = name.casefold()
    return next(
        each
        for each in provider.list_queries()
        if folded in (each.casefold(), each.partition(".")[2].casefold())
    )


def _emit(provider: QueryProvider, names: Sequence[str], writing: Writing) -> None:
    table: pl.DataFrame = provider.browse_queries()
    wanted = table.filter(pl.concat_str("Family", pl.lit("."), "Query").is_in(list(names)))
    if wanted.is_empty():
        note(f"huntkit: none of {table.height:,} queries fits")
    emit(wanted, writing, title="Queries", eyes=_for_eyes)


def _for_eyes(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        (pl.col("Family") + "." + pl.col("Query")).alias("Query"),
        "Description",
        pl.col("Required").list.join(" ").alias("Needs"),
        pl.col("Tables").list.join(" "),
        pl.col("Techniques").list.join(" "),
    )


def _python(general: General, environment: str, own: Sequence[Path], call: str) -> None:
    if general.show_python:
        more = f", query_paths={[str(each) for each in own]!r}" if own else ""
        show_python(
            "import huntkit\n",
            f"provider = huntkit.QueryProvider({environment!r}{more})",
            call,
        )
