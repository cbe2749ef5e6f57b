"""Texts and numbers of a table as times, read as the caller says."""

import warnings
from collections.abc import Sequence

import polars as pl

from huntkit.core.callers import caller_level
from huntkit.tables import step
from huntkit.tables.times import parse_times, pick_time_column, unread


@step(split="whole", columns=("columns",))
def times(
    data: pl.DataFrame,
    columns: str | Sequence[str] | None = None,
    *,
    day_first: bool | None = None,
    assume_timezone: str | None = None,
) -> pl.DataFrame:
    """The table with its times as times in UTC, for whatever asks for a time afterwards.

    Steps and charts read texts as times themselves. This is for what they can't know: the order
    of day and month, and the zone.

    Args:
        data: any frame; rows, columns and their order stay.
        columns: the columns of times; by default the one that says when each row happened.
        day_first: whether ``7/8/2019`` is in August. Without it, the whole column tells; where
            nothing tells, the month is taken to be first, with a `DateOrderWarning`.
        assume_timezone: the zone of times that carry none, such as ``Europe/Berlin`` or
            ``+02:00``; without it they are taken as UTC.

    Returns:
        The table. A value that is no time is null there; a warning counts them.

    Raises:
        UnknownColumn: there is no such column.
        UsageError: no such time zone, or no column holds times.

    Examples:
        >>> seen = pl.DataFrame({"when": ["7/8/2019 16:08", "9/8/2019 10:00"], "host": "pc1"})
        >>> times(seen, "when", day_first=True)["when"].dt.to_string("%d %B, %H:%M").to_list()
        ['07 August, 16:08', '09 August, 10:00']
    """
    if columns is None:
        columns = pick_time_column(data)
    for name in [columns] if isinstance(columns, str) else columns:
        given = data[name]
        read = parse_times(given, assume_timezone=assume_timezone, day_first=day_first)
        if lost := unread(given, read):
            warnings.warn(
                f"{lost:,} of {data.height:,} values of {name!r:.80} are no times: null",
                stacklevel=caller_level(),
            )
        data = data.with_columns(read)
    return data
