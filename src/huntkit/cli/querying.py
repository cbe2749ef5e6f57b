"""`huntkit query`: a query of one's own in KQL or SQL, at work."""

import glob
import shlex
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

import huntkit
from huntkit.cli import views
from huntkit.cli.case import Case, opened, python_open, show_python
from huntkit.cli.frame import note
from huntkit.cli.library import values_of
from huntkit.cli.options import General, Reading, Writing
from huntkit.cli.statement import Pieces, ask, ask_kql_pieces, declared_values, text_of
from huntkit.cli.streaming import emit_pieces
from huntkit.cli.target import check_output
from huntkit.core.errors import UsageError


def query(
    words: Sequence[str],
    reading: Reading,
    writing: Writing,
    general: General,
    *,
    sql: str | None,
    now: str | None,
    geo: Sequence[str],
    external: Sequence[str],
    values: Sequence[str] = (),
) -> None:
    """The answer to a KQL query or an SQL statement."""
    check_output(writing)
    text = text_of(words[0] if sql is None else sql)
    paths = words[1:] if sql is None else words
    if not paths:
        is_place = sql is None and (
            words[0] == "-" or glob.has_magic(words[0]) or _is_there(words[0])
        )
        raise UsageError(
            "give the query first and then the evidence",
            hint=f"huntkit query 'SecurityEvent | take 5' {words[0]}"
            if is_place
            else f"huntkit query {shlex.quote(words[0])} evidence/",
        )
    if sql is not None and now is not None:
        raise UsageError("--now is for KQL; SQL has no ago()")
    if sql is not None and (geo or external):
        raise UsageError("--geo and --external are for KQL")
    if sql is None:
        more: dict[str, Any] = {"now": now} if now else {}
        if values:
            more["parameters"] = values_of(values)
        if external:
            more["externals"] = dict(map(_mapped, external))
        files = [each for each in geo if each != "countries"]
        shown = "".join(f", {name}={value!r}" for name, value in more.items())
        if geo:
            more["geo"] = huntkit.enrich.GeoDatabases(files)
            shown += f", geo=huntkit.enrich.GeoDatabases({files!r})"
        _show(general, paths, reading, f"evidence.kql({text!r}{shown})")
        with opened(paths, reading) as case:
            if values:
                given, now_ = more["parameters"], case.evidence.now
                more["parameters"] = declared_values(text, given, now=now_)
            _emit(case, ask_kql_pieces(case.evidence, text, **more), writing, say_none=True)
        return
    _show(general, paths, reading, f"evidence.sql({text!r})")
    with opened(paths, reading) as case:
        _emit(case, ask(case.evidence, text), writing)


def _emit(case: Case, pieces: Pieces, writing: Writing, *, say_none: bool = False) -> None:
    """Hand the answer over; after Ctrl-C what came by then."""

    def until_stopped() -> Iterator[pl.DataFrame]:
        for place, each in enumerate(pieces):
            if say_none and not place and each.is_empty():
                note("huntkit: the query gives no rows")
            yield each
            if case.interrupt.asked:
                return

    most = case.evidence.max_result_bytes
    with closing(pieces):
        emit_pieces(until_stopped(), writing, title="Answer", eyes=views.answer, most_bytes=most)


def _is_there(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):  # too long for a name, or a null in it
        return False


def _mapped(pair: str) -> tuple[str, str]:
    """``URI=FILE``; a URI may hold ``=`` itself, a file name after it seldom does."""
    uri, sign, file = pair.rpartition("=")
    if not (uri and sign and file):
        raise UsageError(f"--external {pair!r} is not URI=FILE")
    if not Path(file).is_file():
        raise UsageError(f"there is no file {file!r}")
    return uri, file


def _show(general: General, paths: Sequence[str], reading: Reading, line: str) -> None:
    if general.show_python:
        show_python(python_open(paths, reading), line)
