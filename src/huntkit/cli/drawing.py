"""`huntkit chart`: any chart, of a table of evidence or of the answer to a query."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from huntkit.charts.catalog import Draw, charts
from huntkit.charts.chart import Chart
from huntkit.cli.case import Case, opened, python_open, show_python
from huntkit.cli.facts import write_facts
from huntkit.cli.frame import note
from huntkit.cli.options import Charting, General, Reading, Span, Writing
from huntkit.cli.output import emit, save_text
from huntkit.cli.questions import named_tables
from huntkit.cli.statement import ask_kql, evidence_tables, text_of
from huntkit.cli.target import ENDINGS, check_output, free_name
from huntkit.cli.views import kinds_of_charts
from huntkit.core.errors import UsageError
from huntkit.core.registry import Registry
from huntkit.runtime.session import default_session
from huntkit.sources.local.mapping.views import VIEWS

_PAGES = (".html", ".htm")
_FILES = (".graphml", ".json", ".svg")
# The table that is meant where none is named.
_USUAL = {"process_tree": "DeviceProcessEvents"}
_WRITERS = {".csv": "write_csv", ".parquet": "write_parquet", ".ndjson": "write_ndjson",
            ".jsonl": "write_ndjson"}  # fmt: skip


def catalog() -> Registry[Draw]:
    """The charts that the settings do not switch off."""
    return charts(default_session().settings.disabled_plugins)


def kinds(writing: Writing) -> None:
    """Every kind of chart: its name, what it shows, and the options it can't do without."""
    emit(kinds_of_charts(catalog().load_all()), writing, title="Charts: huntkit chart KIND --help")


def chart(
    kind: str,
    given: Mapping[str, Any],
    *,
    paths: Sequence[str],
    charting: Charting,
    reading: Reading,
    span: Span,
    general: General,
) -> None:
    """Draw one kind of chart with the options that were given."""
    target = _target(kind, charting)
    if charting.query is not None and (charting.table or span.since or span.until):
        raise UsageError(
            "--query says by itself which table and which time it asks",
            hint="leave out --table, --since and --until, or --query",
        )
    text = text_of(charting.query) if charting.query is not None else None
    with opened(paths, reading) as case:
        if not evidence_tables(case.evidence):
            note("huntkit: there are no rows to draw; nothing was written")
            return
        name = None if text is not None else _table(case, charting.table, kind)
        rows = ask_kql(case.evidence, text) if text is not None else _rows(case, str(name), span)
        options = {key: _value(key, value, rows.columns) for key, value in given.items()}
        if general.show_python:
            source = _source(text, name, span)
            show_python(python_open(paths, reading), *_python(kind, source, options, target))
        made = catalog().load(kind)(rows, **options)
        if not rows.height or not made.data.height:
            note(f"huntkit: {made.spec.get('message') or made.summary}")
            note("nothing was written")
            return
        _save(made, target, charting)


def _target(kind: str, charting: Charting) -> Path:
    """Where the chart goes; checked before the work starts."""
    if charting.output is None:
        return free_name(f"huntkit-{kind}", force=charting.force)
    endings = (*_PAGES, *(each for each in ENDINGS if each not in _PAGES), *_FILES)
    check_output(Writing(output=charting.output, force=charting.force), endings=endings)
    return charting.output


def _table(case: Case, given: str | None, kind: str) -> str:
    """The table that is meant."""
    held = evidence_tables(case.evidence)
    if given is not None:
        return named_tables(case, [given])[0]
    own = [name for name in held if name not in VIEWS or VIEWS[name].source not in held]
    if _USUAL.get(kind) in held:
        return _USUAL[kind]
    if len(own) == 1:
        return own[0]
    shown = ", ".join(sorted(own)[:20])
    raise UsageError(
        f"this evidence has {len(own):,} tables; which one is to be drawn?",
        hint=f"--table NAME, or --query KQL; tables: {shown}",
    )


def _rows(case: Case, name: str, span: Span) -> pl.DataFrame:
    rows: pl.DataFrame = case.evidence.table(name, start=span.since, end=span.until, frame="polars")
    return rows


def _value(name: str, value: Any, columns: Sequence[str]) -> Any:
    """An option as the chart takes it: lists apart, pairs as mappings, references by label."""
    if not isinstance(value, list):
        return value
    if name == "references":
        return _references(value)
    if any("=" in each and each not in columns for each in value):
        return dict(_pair(each, f"--{name}") for each in value)
    parts = [part for each in value for part in ([each] if each in columns else each.split(","))]
    return [part.strip() if part not in columns else part for part in parts if part]


def _references(given: Sequence[str]) -> Any:
    """Times, some with a label in front of ``=``."""
    if not any("=" in each for each in given):
        return list(given)
    return {label or time: time for each in given for label, _, time in [each.rpartition("=")]}


def _pair(text: str, option: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise UsageError(f"{option} {text!r} is not PART=COLUMN")
    return name, value


def _save(made: Chart, target: Path, charting: Charting) -> None:
    ending = target.suffix.lower()
    if ending in _FILES and ending not in made.forms:
        raise UsageError(f"a {made.kind} can't be written as {ending!r}", hint="choose .html")
    if str(target) == "-" or (ending in ENDINGS and ending not in _PAGES):
        emit(made.data, Writing(output=target, force=charting.force), title=made.summary)
        return
    save_text(target, made.forms[ending]() if ending in made.forms else made.to_html())
    note(made.summary)
    note(f"chart: {target.resolve()}")
    if not sys.stdout.isatty():
        told = {"chart": str(target.resolve()), "kind": made.kind, "summary": made.summary,
                "rows": made.data.height}  # fmt: skip
        sys.stdout.flush()
        write_facts(told, sys.stdout.buffer)


def _source(text: str | None, name: str | None, span: Span) -> str:
    if text is not None:
        return f"evidence.kql({text!r})"
    ends = {"start": span.since, "end": span.until}
    return f"evidence.table({name!r}{_keywords({k: v for k, v in ends.items() if v})})"


def _python(kind: str, source: str, options: Mapping[str, Any], target: Path) -> list[str]:
    line = f"chart = huntkit.charts.{kind}({source}{_keywords(options)})"
    writer = _WRITERS.get(target.suffix.lower())
    if writer is None:
        return [line, f"chart.save({str(target)!r})"]
    return [line, f"chart.data.{writer}({str(target)!r})"]


def _keywords(values: Mapping[str, Any]) -> str:
    return "".join(f", {name}={value!r}" for name, value in values.items())
