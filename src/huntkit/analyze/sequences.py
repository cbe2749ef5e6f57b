"""Sessions scored by their rarest stretch of events, and what is rare about it."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from huntkit.analyze.sequence_reasons import reasons
from huntkit.analyze.sequence_terms import Events, terms_of
from huntkit.analyze.sequence_windows import rare_bits, rarest, shared_bits
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.tables.frames import Guest


@dataclass(frozen=True)
class Cmd:
    """A command with its parameters: a set of names, or a mapping of names to values.

    Examples:
        >>> Cmd("Set-User", {"Identity"})
        Cmd(name='Set-User', params={'Identity'})
    """

    name: str
    params: AbstractSet[str] | Mapping[str, Any]

    def __str__(self) -> str:
        return repr(self)


class SessionType:
    """What the events of sessions are; the ``session_type`` of a model says it."""

    cmds_only = "cmds_only"
    cmds_params_only = "cmds_params_only"
    cmds_params_values = "cmds_params_values"


def read_sessions(sessions: Any) -> tuple[Events, str]:
    """The events of sessions, from a Polars column of lists or from Python lists."""
    if isinstance(sessions, pl.Series) and sessions.dtype.base_type() == pl.List:
        return _from_column(sessions)
    rows = [list(each) if each is not None else [] for each in sessions]
    lengths = np.array([len(each) for each in rows], dtype=np.int64)
    flat = [event for each in rows for event in each]
    if not any(isinstance(event, Cmd) or hasattr(event, "params") for event in flat):
        names = pl.Series([None if e is None else str(e) for e in flat], dtype=pl.String)
        return Events(names.fill_null(""), lengths), SessionType.cmds_only
    plain = [event for event in flat if not hasattr(event, "params")]
    if plain:
        raise UsageError(f"events are of two kinds: Cmd, and {type(plain[0]).__name__}")
    kinds = {isinstance(event.params, Mapping) for event in flat}
    if len(kinds) > 1:
        raise UsageError("parameters are of two kinds: sets of names, and names with values")
    with_values = kinds == {True}
    told: list[tuple[int, str, str | None]] = []
    for place, event in enumerate(flat):
        values = event.params if with_values else dict.fromkeys(event.params)
        told += [(place, str(p), None if v is None else str(v)) for p, v in values.items()]
    schema = {"event": pl.Int64, "parameter": pl.String, "value": pl.String}
    parameters = pl.DataFrame(told, schema=schema, orient="row")
    names = pl.Series([str(event.name) for event in flat], dtype=pl.String)
    kind = SessionType.cmds_params_values if with_values else SessionType.cmds_params_only
    return Events(names, lengths, parameters, with_values), kind


def _from_column(sessions: pl.Series) -> tuple[Events, str]:
    lengths = sessions.list.len().fill_null(0).to_numpy().astype(np.int64)
    inner = sessions.dtype.inner  # type: ignore[attr-defined]
    flat = sessions.filter(pl.Series(lengths > 0)).explode()
    if inner.base_type() != pl.Struct:
        if inner.is_nested() or inner in (pl.Binary, pl.Object):
            raise UsageError(f"sessions are lists of {inner}, not of text or structs")
        return Events(flat.cast(pl.String).fill_null(""), lengths), SessionType.cmds_only
    fields = [field.name for field in inner.fields]
    if len(fields) != 2:
        raise UsageError(f"an event is a struct of {fields}", hint="give it a name and parameters")
    names = flat.struct.field(fields[0]).cast(pl.String).fill_null("")
    listed = flat.struct.field(fields[1])
    if listed.dtype.base_type() != pl.List:
        raise UsageError(f"the parameters in {fields[1]!r} are {listed.dtype}, not lists")
    rows = pl.DataFrame({"event": pl.int_range(len(flat), eager=True, dtype=pl.Int64), "p": listed})
    rows = rows.filter(pl.col("p").list.len() > 0).explode("p").drop_nulls("p")
    with_values = rows.schema["p"].base_type() == pl.Struct
    if with_values:
        parts = [field.name for field in rows.schema["p"].fields]  # type: ignore[attr-defined]
        if len(parts) != 2:
            raise UsageError(f"a parameter is a struct of {parts}, not of a name and a value")
        rows = rows.select(
            "event",
            parameter=pl.col("p").struct.field(parts[0]).cast(pl.String).fill_null(""),
            value=pl.col("p").struct.field(parts[1]).cast(pl.String),
        )
    else:
        rows = rows.select(
            "event", parameter=pl.col("p").cast(pl.String), value=pl.lit(None, pl.String)
        )
    kind = SessionType.cmds_params_values if with_values else SessionType.cmds_params_only
    rows = rows.unique(["event", "parameter"], keep="last", maintain_order=True)
    return Events(names, lengths, rows, with_values), kind


def score_sessions(data: Any, session_column: str, window_length: int = 2) -> Any:
    """The table with the likelihood of each session's rarest window, and what is rare about it.

    Events are modelled as a Markov chain that is trained on the sessions themselves: how often
    one event follows another, smoothed by one. An event is text; or a command with parameters,
    as `Cmd` or as a struct of a name and a list of parameter names; or with values, as `Cmd` with
    a mapping or with a list of structs of a name and a value. Your own way to make events of raw
    rows is the way to say what matters.

    Args:
        data: a table of any kind, one row per session, such as `sessionize_data` gives.
        session_column: lists of events.
        window_length: how many events a window has. A session's start and end count, so that a
            session of one event has a window of two; shorter sessions have no likelihood.

    Returns:
        The table with ``rarest_window<N>_likelihood`` (small for rare sessions),
        ``rarest_window<N>`` (the events), ``score`` (in bits, large for rare ones) and
        ``reason``. Rows keep their order. The score is the likelihood in bits, and half of what
        the window's rarest parameter is by itself (``log2(uses / times seen)``): in the
        likelihood that drowns where a command has many parameters. A window that is the rarest
        of ``k`` sessions, with the same commands, parameters and modelled values, has happened
        ``k`` times and loses ``log2(k)`` bits; no score is below 0.

    Raises:
        UnknownColumn: the column is not in the table.
        UsageError: it holds no lists of events, or the window is shorter than 2.

    Examples:
        >>> sessions = pl.DataFrame({"did": [["Get", "Set"]] * 9 + [["Get", "Drop"]]})
        >>> found = score_sessions(sessions, "did")
        >>> found.sort("score")["reason"][-1]
        "'Drop': 1 of 20 events"
    """
    if window_length < 2 or window_length != int(window_length):
        raise UsageError(f"window_length is {window_length}", hint="a whole number, 2 or more")
    window_length = int(window_length)
    guest = Guest.receive(data)
    table, column = guest.inner, guest.name_of(session_column)
    if column is None:
        raise UnknownColumn(str(session_column), table.columns)
    name = f"rarest_window{window_length}"
    taken = [n for n in (f"{name}_likelihood", name, "score", "reason") if n in table.columns]
    if taken:
        raise UsageError(f"the table already has {taken[0]!r}", hint="drop or rename it before")
    given: Any = table[column]
    if given.dtype.base_type() != pl.List:  # pandas keeps objects of Python in its columns
        given = list(data[session_column])
        if any(isinstance(each, str | bytes) or not hasattr(each, "__iter__") for each in given):
            raise UsageError(f"the column {session_column!r} holds no lists of events")
    events, _ = read_sessions(given)
    terms = terms_of(events)
    logs, begins = rarest(terms, events.lengths, window_length, with_ends=True)
    rare, _ = rare_bits(terms, begins, window_length)
    bits = -logs / np.log(2) + rare / 2
    bits = np.maximum(bits - shared_bits(terms, begins, window_length), 0.0)
    shown = given if isinstance(given, pl.Series) else _as_text(given)
    result = table.with_columns(
        pl.Series(f"{name}_likelihood", np.exp(logs)).fill_nan(None),
        _windows(shown, begins, window_length).alias(name),
        pl.Series("score", bits).fill_nan(None),
        reasons(events, terms, begins, window_length).alias("reason"),
    )
    return guest.give_back(result, rows_kept=True)


def _as_text(sessions: Sequence[Any]) -> pl.Series:
    return pl.Series(
        [[str(event) for event in each] for each in sessions], dtype=pl.List(pl.String)
    )


def _windows(sessions: pl.Series, begins: Any, window: int) -> pl.Series:
    frame = pl.DataFrame({"s": sessions, "at": pl.Series(begins, dtype=pl.Int64)})
    cut = pl.col("s").list.slice(pl.col("at").clip(lower_bound=0), window)
    return frame.select(
        pl.when(pl.col("at") >= 0).then(cut).otherwise(pl.col("s").list.head(0)).alias("w")
    )["w"]
