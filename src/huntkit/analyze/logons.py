"""Logon sessions out of Windows' and Linux's logs: who was on which host from when to when."""

import warnings
from typing import Final

import polars as pl

from huntkit.analyze.logon_events import linux_audit, linux_syslog, text_or_null, windows
from huntkit.analyze.session_ends import by_number, in_turn
from huntkit.core.errors import UsageError
from huntkit.tables import roles, step
from huntkit.tables.times import UTC_TIME, parse_times, pick_time_column

_GIVES: Final = {
    "User": pl.String,
    "Start": UTC_TIME,
    "End": UTC_TIME,
    "duration_s": pl.Float64,
    "Host": pl.String,
    "Target": pl.String,
    "Type": pl.String,
    "Source": pl.String,
    "SessionId": pl.String,
    "events": pl.Int64,
    "overlapping": pl.Boolean,
    "SourceIndex": pl.Int64,
}
_DETAILS: Final = ("User", "Host", "Target", "Type", "Source", "SessionId")


@step(
    split="whole", columns=("time_column", "host_column"), gives=_GIVES, index="SourceIndex"
)  # fmt: skip
def logon_sessions(
    data: pl.DataFrame, *, time_column: str | None = None, host_column: str | None = None
) -> pl.DataFrame:
    """One row for each logon session, from its start to its end, in the order of time.

    Read are Windows Security events (4624, 4634, 4647; their details in columns, or as JSON in
    ``EventData``), PAM's messages in syslog ("session opened for user ...") and audit events
    (``USER_START``, ``USER_END``). Sessions that overlap are kept
    apart by their number: the logon id, the process id of the service, the audit session. Where a
    log has no number, the session that began first ends first, and `overlapping` is true for all
    whose ends may be swapped.

    Args:
        data: any frame; other events in it do not matter, nor does the order.
        time_column: when it happened; found by its role and content.
        host_column: the computer; found by its role, and left out if there is none.

    Returns:
        ``User`` (who logged on; of sudo and su: who called it, where the log says so), ``Start``
        and ``End`` (null where the log has no start, or no end yet), ``duration_s``, ``Host``,
        ``Target`` (the account of the session), ``Type`` (logon type, or service), ``Source``
        (address), ``SessionId``, ``events`` (starts and ends that belong to it), ``overlapping``,
        and ``SourceIndex`` (the row of the start, or else of the end).

    Raises:
        UsageError: the table has none of these kinds of columns, or logons of Windows without
            their ``TargetLogonId``.

    Examples:
        >>> log = pl.DataFrame({"TimeGenerated": [f"2026-03-01T10:00:0{s}Z" for s in (0, 1, 5, 9)],
        ...     "EventID": [4624, 4624, 4634, 4634], "Computer": "ws1.example",
        ...     "TargetLogonId": ["0x1a", "0x2b", "0x1a", "0x2b"],
        ...     "TargetUserName": ["al", "bo", "al", "bo"]})
        >>> logon_sessions(log).select("User", "duration_s").rows()
        [('al', 5.0), ('bo', 8.0)]
    """
    time = parse_times(data[pick_time_column(data, time_column)])
    host = roles.resolve(data.columns, "host", host_column)
    events = _events(data).with_columns(
        pl.Series("time", time),
        text_or_null(data, host).alias("Host"),
        row=pl.int_range(pl.len(), dtype=pl.Int64),
    )  # fmt: skip
    events = events.filter(pl.col("is_start").is_not_null())
    if lost := events["time"].null_count():
        warnings.warn(
            f"{lost:,} of {events.height:,} logon events have no time: left out", stacklevel=5
        )
        events = events.drop_nulls("time")
    return _sessions(_sorted(events))


def _events(data: pl.DataFrame) -> pl.DataFrame:
    """For every row: whether it starts or ends a session (null: neither), and its details."""
    for read in (windows, linux_audit, linux_syslog):
        found = read(data)
        if found is not None:
            return found
    raise UsageError(
        "this table has no columns in which logons are known",
        hint="Windows events need EventID and TargetLogonId, audit events EventType and ses, "
        "syslog a message; the columns are: " + (", ".join(data.columns[:20]) or "none"),
    )


def _sorted(events: pl.DataFrame) -> pl.DataFrame:
    """By time, and at one time starts first: a log of whole minutes says nothing of their order."""
    return events.sort("time", "is_start", descending=[False, True], maintain_order=True)


def _sessions(events: pl.DataFrame) -> pl.DataFrame:
    keys = events.select("Host", "SessionId", "Type", "Target", "row", "is_start", "alone")
    found = pl.concat(
        [
            by_number(keys.filter("alone"), ["Host", "SessionId", "Target"]),
            in_turn(keys.filter(~pl.col("alone")), ["Host", "SessionId", "Type", "Target"]),
        ],
        how="diagonal_relaxed",
    ).select("start_row", "end_row", "events", "overlapping")
    told = events.select("row", "time", *_DETAILS)
    starts = told.rename({name: f"{name} first" for name in told.columns})
    ends = told.rename({name: f"{name} last" for name in told.columns})
    whole = found.join(starts, left_on="start_row", right_on="row first", how="left").join(
        ends, left_on="end_row", right_on="row last", how="left"
    )
    return whole.select(
        *(pl.coalesce(f"{name} first", f"{name} last").alias(name) for name in _DETAILS),
        Start="time first",
        End="time last",
        duration_s=(pl.col("time last") - pl.col("time first")).dt.total_microseconds() / 1e6,
        events="events",
        overlapping="overlapping",
        SourceIndex=pl.coalesce("start_row", "end_row"),
    ).sort(pl.coalesce("Start", "End"), "SourceIndex").select(list(_GIVES))  # fmt: skip
