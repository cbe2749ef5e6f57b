"""Events put together into sessions: who did what, one after the other, without a long break."""

import warnings
from collections.abc import Sequence

import numpy as np
import polars as pl

from huntkit.core.errors import UsageError
from huntkit.tables import step
from huntkit.tables.times import parse_times


@step(split="whole", columns=("user_identifier_cols", "time_col", "event_col"))
def sessionize_data(
    data: pl.DataFrame,
    user_identifier_cols: Sequence[str] | str,
    time_col: str,
    max_session_time_mins: float,
    max_event_separation_mins: float,
    event_col: str,
    *,
    null_identities: bool = False,
) -> pl.DataFrame:
    """One row per session: the events of one identity, in the order of time, without long breaks.

    A session ends before an event that comes more than `max_event_separation_mins` after the one
    before it, or more than `max_session_time_mins` after the session's first. Events at the same
    time keep the table's order.

    Args:
        data: a table of any kind; it need not be sorted.
        user_identifier_cols: whose session it is: one column or several.
        time_col: when the event happened.
        max_session_time_mins: how long a session may be, in minutes.
        max_event_separation_mins: how long a break within a session may be, in minutes.
        event_col: what happened: text; or a struct of a name and its parameters, see
            `score_sessions`.
        null_identities: whether events whose identity columns are all null or empty text form
            sessions of their own. They are nobody's, so by default they are left out, with a
            warning. (In tables of evidence, as in KQL, text that is missing is empty.)

    Returns:
        The identity columns, ``<time>_min``, ``<time>_max``, ``<event>_list``, ``duration`` and
        ``number_events``, sorted by identity and time.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: a length is negative, or no time can be read.

    Examples:
        >>> events = pl.DataFrame({
        ...     "user": ["al", "al", "bo", "al"], "cmd": ["Get-A", "Set-A", "Get-B", "Get-C"],
        ...     "time": ["2026-03-01 10:00", "2026-03-01 10:01", "2026-03-01 10:01",
        ...              "2026-03-01 12:00"]})
        >>> found = sessionize_data(events, ["user"], "time", 20, 2, "cmd")
        >>> found.select("user", "cmd_list", "number_events").rows()
        [('al', ['Get-A', 'Set-A'], 2), ('al', ['Get-C'], 1), ('bo', ['Get-B'], 1)]
    """
    who = _named(user_identifier_cols, max_session_time_mins, max_event_separation_mins)
    rows = data.select(
        *(pl.col(name).alias(f"i{place}") for place, name in enumerate(who)),
        pl.col(event_col).alias("event"),
        parse_times(data[time_col]).alias("time"),
    )
    identities = [f"i{place}" for place in range(len(who))]
    rows = _usable(rows, identities, time_col, null_identities=null_identities)
    rows = rows.sort([*identities, "time"], maintain_order=True)
    numbered = rows.with_columns(
        session=_numbers(rows, identities, max_session_time_mins, max_event_separation_mins)
    )
    found = numbered.group_by("session", maintain_order=True).agg(
        *(pl.col(name).first() for name in identities),
        pl.col("time").min().alias("first"),
        pl.col("time").max().alias("last"),
        pl.col("event"),
    )
    return found.select(
        *(pl.col(i).alias(name) for i, name in zip(identities, who, strict=True)),
        pl.col("first").alias(f"{time_col}_min"),
        pl.col("last").alias(f"{time_col}_max"),
        pl.col("event").alias(f"{event_col}_list"),
        (pl.col("last") - pl.col("first")).alias("duration"),
        pl.col("event").list.len().cast(pl.Int64).alias("number_events"),
    )


@step(split="whole", columns=("user_identifier_cols", "time_col"))
def create_session_col(
    data: pl.DataFrame,
    user_identifier_cols: Sequence[str] | str,
    time_col: str,
    max_session_time_mins: float,
    max_event_separation_mins: float,
    *,
    null_identities: bool = False,
) -> pl.DataFrame:
    """The same rows in the same order, with ``session_ind``: which session each event is in.

    Sessions are those of `sessionize_data`, numbered from 0 by identity and time. Events without
    a time, and those of nobody, have no number, with a warning.

    Raises:
        UnknownColumn: a named column is not in the table.
        UsageError: a length is negative, no time can be read, or there is a ``session_ind``.

    Examples:
        >>> events = pl.DataFrame({"user": ["al", "bo", "al"], "time": [
        ...     "2026-03-01 12:00", "2026-03-01 10:01", "2026-03-01 10:00"]})
        >>> create_session_col(events, "user", "time", 20, 2)["session_ind"].to_list()
        [1, 2, 0]
    """
    who = _named(user_identifier_cols, max_session_time_mins, max_event_separation_mins)
    if "session_ind" in data.columns:
        raise UsageError("the table already has 'session_ind'", hint="drop or rename it before")
    rows = data.select(
        *(pl.col(name).alias(f"i{place}") for place, name in enumerate(who)),
        parse_times(data[time_col]).alias("time"),
    ).with_row_index("row")
    identities = [f"i{place}" for place in range(len(who))]
    rows = _usable(rows, identities, time_col, null_identities=null_identities)
    rows = rows.sort([*identities, "time"], maintain_order=True)
    numbers = _numbers(rows, identities, max_session_time_mins, max_event_separation_mins) - 1
    found = pl.DataFrame({"row": rows["row"], "session_ind": numbers})
    joined = data.with_row_index(" row").join(
        found, left_on=" row", right_on="row", how="left", maintain_order="left"
    )
    return joined.drop(" row")


def _named(identities: Sequence[str] | str, longest: float, widest: float) -> list[str]:
    who = [identities] if isinstance(identities, str) else identities
    if not who:
        raise UsageError("no identity is named", hint="say whose sessions: a user, a host ...")
    if not (longest >= 0 and widest >= 0):
        raise UsageError(
            f"a session's length and its breaks can't be negative: {longest:g}, {widest:g} minutes"
        )
    return list(dict.fromkeys(who))


def _usable(
    rows: pl.DataFrame, identities: list[str], time_col: str, *, null_identities: bool
) -> pl.DataFrame:
    timed = rows.drop_nulls("time")
    if timed.height < rows.height:
        if not timed.height:
            raise UsageError(f"no time in {time_col!r} can be read")
        warnings.warn(
            f"{rows.height - timed.height:,} of {rows.height:,} events have no readable time in "
            f"{time_col!r} and are in no session",
            stacklevel=6,
        )
    if null_identities:
        return timed
    known = timed.filter(~pl.all_horizontal(_is_nobody(timed.schema[i], i) for i in identities))
    if known.height < timed.height:
        warnings.warn(
            f"{timed.height - known.height:,} of {timed.height:,} events are nobody's (all "
            "identity columns are null or empty) and are in no session; null_identities=True "
            "takes them",
            stacklevel=6,
        )
    return known


def _is_nobody(kind: pl.DataType, name: str) -> pl.Expr:
    if kind not in (pl.String, pl.Categorical, pl.Enum):
        return pl.col(name).is_null()
    return pl.col(name).cast(pl.String).str.strip_chars().fill_null("") == ""


def _numbers(rows: pl.DataFrame, identities: list[str], longest: float, widest: float) -> pl.Series:
    """The session number of each row; rows are sorted by identity and time, bounds are minutes."""
    if not rows.height:
        return pl.Series([], dtype=pl.Int64)
    longest, widest = np.rint(longest * 60e6), np.rint(widest * 60e6)  # 2.01 minutes are 120.6 s
    starts = rows.select(
        (
            pl.struct(identities).ne_missing(pl.struct(identities).shift(1))
            | (pl.col("time").diff().dt.total_microseconds() > widest).fill_null(value=True)
        ).alias("s")
    )["s"].to_numpy().copy()  # fmt: skip
    starts[0] = True
    times = rows["time"].to_physical().to_numpy()
    firsts = np.flatnonzero(starts)
    ends = np.append(firsts[1:], len(starts))
    too_long = times[ends - 1] - times[firsts] > longest
    for first, end in zip(firsts[too_long], ends[too_long], strict=True):
        part = times[first:end]
        # Where the next session begins, if one began here; then follow that chain.
        following = np.searchsorted(part, part + longest, side="right").tolist()
        at = 0
        while at < len(part):
            starts[first + at] = True
            at = following[at]
    return pl.Series(np.cumsum(starts), dtype=pl.Int64)
