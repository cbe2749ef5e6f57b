"""A question put to one or several connections, whole or in pieces, and the rows put together."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final

import polars as pl
import pyarrow as pa

from huntkit.core.errors import HuntkitError
from huntkit.core.progress import SILENT, Progress
from huntkit.core.timespan import TimeSpan
from huntkit.sources.connection import Connection, Question, Reply
from huntkit.sources.driver import Cancel
from huntkit.sources.provenance import Provenance
from huntkit.sources.rowwise import Order
from huntkit.sources.splitting import Chunk, Patience, ask_in_pieces
from huntkit.tables import to_polars

CONNECTION_COLUMN: Final = "_connection"

_ONCE: Final = Patience(tries=1, halvings=0)
_NO_TIME: Final = TimeSpan(datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC))
_MOST_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a question is asked.

    Attributes:
        pieces: the pieces of time to ask for; None for the whole at once.
        orders: how the rows of all pieces together are ordered.
        patience: how hard a piece is tried.
        progress: where to report.
        cancel: to stop the work from elsewhere.
    """

    pieces: Sequence[TimeSpan] | None = None
    orders: Sequence[Order] = ()
    patience: Patience = field(default_factory=Patience)
    progress: Progress = SILENT
    cancel: Cancel = field(default_factory=Cancel)


@dataclass(frozen=True, slots=True)
class Result:
    """Rows and where they come from.

    Attributes:
        rows: all rows.
        origin: their provenance.
        stopped: what stopped the work early, if something did.
    """

    rows: pl.DataFrame
    origin: Provenance
    stopped: BaseException | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one connection gave."""

    alias: str
    replies: Sequence[Reply] = ()
    gaps: Sequence[str] = ()
    chunks: Sequence[Chunk] = ()
    error: HuntkitError | None = None
    stopped: BaseException | None = None


def ask(connections: Sequence[Connection], question: Question, manner: Manner) -> Result:
    """Ask every connection.

    With several connections their answers stand one after another, and a last column
    ``_connection`` says whose each row is; one that fails makes the answer partial.

    Raises:
        HuntkitError: no connection gave anything.
    """
    began, started = time.perf_counter(), datetime.now(UTC)
    if len(connections) == 1:
        parts = [_part(connections[0], question, manner)]
    else:
        with ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="huntkit-connection") as pool:
            tried = partial(_tried, question=question, manner=manner)
            parts = list(pool.map(tried, connections))
    replies = [reply for part in parts for reply in part.replies]
    if not replies:
        raise next(part.error for part in parts if part.error is not None)
    rows = _together(parts, manner.orders)
    ages = [reply.age for reply in replies if reply.age is not None]
    asked = question.words(question.span)
    origin = Provenance(
        provider=connections[0].driver.environment,
        connections=[each.alias for each in connections],
        query=question.name,
        text=asked.text,
        parameters=asked.parameters,
        span=question.span,
        started=min([started, *(reply.asked_at for reply in replies)]),
        seconds=time.perf_counter() - began,
        rows=rows.height,
        gaps=[gap for part in parts for gap in part.gaps],
        kept=len(ages),
        age=max(ages, default=None),
        chunks=[chunk for part in parts for chunk in part.chunks],
        statistics=replies[0].statistics if len(replies) == 1 else {},
    )
    return Result(rows, origin, next((part.stopped for part in parts if part.stopped), None))


def _tried(connection: Connection, question: Question, manner: Manner) -> _Part:
    """What one of several connections gave, or its failure as a gap."""
    try:
        part = _part(connection, question, manner)
    except HuntkitError as problem:
        gap = f"{connection.alias} gave nothing: {problem.message}"
        return _Part(alias=connection.alias, gaps=[gap], error=problem)
    gaps = [f"{connection.alias}: {gap}" for gap in part.gaps]
    return _Part(
        alias=part.alias,
        replies=part.replies,
        gaps=gaps,
        chunks=part.chunks,
        stopped=part.stopped,
    )


def _part(connection: Connection, question: Question, manner: Manner) -> _Part:
    driver = connection.ready()
    if manner.pieces is not None:
        found = ask_in_pieces(
            manner.pieces,
            lambda span: connection.ask(question, span, manner.cancel),
            parallel=driver.limits.max_parallel,
            patience=manner.patience,
            cancel=manner.cancel,
            progress=manner.progress,
        )
        gaps = list(found.gaps)
    else:
        found = ask_in_pieces(
            [question.span or _NO_TIME],
            lambda _: connection.ask(question, question.span, manner.cancel),
            patience=_ONCE,
            cancel=manner.cancel,
            progress=manner.progress,
        )
        gaps = [gap.reason for reply in found.answers for gap in reply.gaps]
    return _Part(
        alias=connection.alias,
        replies=found.answers,
        gaps=gaps,
        chunks=found.chunks if manner.pieces is not None else (),
        stopped=found.stopped,
    )


def _together(parts: Sequence[_Part], orders: Sequence[Order]) -> pl.DataFrame:
    """All rows in order; whose each is, where there are several connections."""
    tables = []
    for part in parts:
        for reply in part.replies:
            table = reply.table
            if len(parts) > 1:
                names = pa.array([part.alias] * table.num_rows, pa.string())
                table = table.append_column(_free(CONNECTION_COLUMN, table.column_names), names)
            tables.append(table)
    rows = _stacked([each for each in tables if each.num_columns] or tables[:1])
    if len(parts) > 1:
        named = [each for each in rows.columns if each.startswith(CONNECTION_COLUMN)]
        rows = rows.select(pl.exclude(named), *named)
    shown = [each for each in orders if each.column in rows.columns]
    if not shown or len(tables) == 1:
        return rows
    return rows.sort(
        [each.column for each in shown],
        descending=[not each.ascending for each in shown],
        nulls_last=[not each.nulls_first for each in shown],
        maintain_order=True,
    )


def _stacked(tables: Sequence[pa.Table]) -> pl.DataFrame:
    """Tables one under another; a column that is not in all of them is null in the others."""
    try:
        return to_polars(pa.concat_tables(tables, promote_options="permissive"))
    except pa.ArrowException:  # a column of numbers here, of text there
        return pl.concat([to_polars(each) for each in tables], how="diagonal_relaxed")


def _free(name: str, taken: Sequence[str]) -> str:
    number = 1
    free = name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
