"""What charts along time share: the moments, the lanes, references, and how they are told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

import polars as pl

from huntkit.charts.chart import Chart
from huntkit.charts.payload import as_text
from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.core.text import visible
from huntkit.tables import frames, roles, times

NAME_LIMIT: Final = 80  # characters of a lane's name
STRIP: Final = 50  # pixels of the strip below charts along time
REFERENCES: Final = 200  # more lines than this hide what they should point at

_FIRST: Final = datetime(1, 1, 2, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 30, tzinfo=UTC)
NO_TIME: Final = "TimeGenerated"
"""The name of the time in tables that have nothing to draw."""

# What an event shows when no columns are named: the first that the table has, at most six.
_ROLES: Final = (
    "event_id", "host", "user", "process_path", "command_line", "source_ip", "destination_ip",
)  # fmt: skip
_TELLING: Final = ("Activity", "ActionType", "EventName", "Operation", "SyslogMessage", "Message")
# What a reference is called: the first of these that its table has.
_NAMING: Final = ("AlertDisplayName", "AlertName", "DisplayName", "Title", "label", "name")


def time_of(table: pl.DataFrame, given: str | None) -> str:
    """The column with the time; a table without any time to draw needs none."""
    named = roles.candidates(table.columns, "time")
    bare = all(table[name].null_count() == table.height for name in named)
    if given in (None, NO_TIME) and bare and (named or not table.height):
        return next(iter(named), NO_TIME)
    return times.pick_time_column(table, given)


def moments(column: pl.Series, *, parameter: str = "time_column") -> pl.Series:
    """The times in UTC; null where a value is no time, or of no year that people write.

    Raises:
        UsageError: values, but none of them is a time; `parameter` is what the hint names.
    """
    stamps = times.parse_times(column).alias("time")
    written = pl.col("time").is_between(_FIRST, _LAST)
    stamps = stamps.to_frame().select(pl.when(written).then("time")).to_series().alias(column.name)
    if stamps.null_count() == len(stamps) and column.null_count() < len(column):
        raise UsageError(
            f"the column {column.name!r} holds no times", hint=f"name another by {parameter}="
        )
    return stamps


def require(columns: Sequence[str], names: Iterable[str | None]) -> None:
    """Refuse names that are not columns; None is no name.

    Raises:
        UnknownColumn: the first name that is not there.
    """
    for name in names:
        if name is not None and name not in columns:
            raise UnknownColumn(name, columns)


def listed(names: Sequence[str] | str | None) -> list[str] | None:
    """One name or several, as a list; None stays None."""
    return [names] if isinstance(names, str) else None if names is None else list(names)


def told(table: pl.DataFrame) -> list[str]:
    """Columns worth showing: known roles, then telling names, else the first ones."""
    found = [roles.resolve(table.columns, role) for role in _ROLES]
    found += [name for name in _TELLING if name in table.columns]
    told = list(dict.fromkeys(name for name in found if name is not None))
    return told or [name for name in table.columns if not name.startswith("_")]


def shown_columns(
    table: pl.DataFrame, sources: Sequence[str] | None, without: Iterable[str | None]
) -> list[str]:
    """The columns whose texts a mark shows: the caller's, or some that tell; and its place."""
    if sources is None:
        left_out = set(without)
        sources = [name for name in told(table) if name not in left_out][:6]
    places = [name for name in ("_file", "_record") if name in table.columns]
    return list(dict.fromkeys([*sources, *places]))


def lane_names(column: pl.Series) -> pl.Series:
    """The name of every row's lane, worked out once for each distinct value."""
    if column.dtype.is_nested():
        return pl.Series(as_text(column, limit=NAME_LIMIT), dtype=pl.String).replace("", "(empty)")
    values = column.rename("value")
    distinct = values.unique()
    names = [text or "(empty)" for text in as_text(distinct, limit=NAME_LIMIT)]
    known = pl.DataFrame({"value": distinct, "name": pl.Series(names, dtype=pl.String)})
    rows = values.to_frame()
    return rows.join(known, on="value", how="left", nulls_equal=True, maintain_order="left")["name"]


def references(given: Any) -> list[dict[str, Any]]:
    """Lines to draw across the picture, as ``at_us`` and ``label``, the earliest first.

    Args:
        given: a time or text, several, times by label, or a table whose time role says when
            and whose ``AlertDisplayName``, ``AlertName``, ``label`` ... says what; or one row of
            such a table.

    Raises:
        UsageError: something is no time, or there are more than 200.

    Examples:
        >>> references({"alert": "2026-03-01T10:00:00Z"})
        [{'at_us': 1772359200000000, 'label': 'alert'}]
    """
    if given is None:
        return []
    if isinstance(given, str | datetime | date):
        given = [given]
    given = _unwrapped(given)
    labels: list[str]
    if isinstance(given, Mapping):
        labels = [visible(str(name), limit=NAME_LIMIT) for name in given]
        column = _as_times(list(given.values()))
    elif isinstance(given, list | tuple):
        column = _as_times(list(given))
        labels = [""] * len(column)
    else:
        table = frames.to_polars(given)
        column = moments(table[times.pick_time_column(table)])
        naming = next((name for name in _NAMING if name in table.columns), None)
        labels = [""] * table.height
        if naming is not None:
            labels = list(as_text(table[naming], limit=NAME_LIMIT))
    if len(column) > REFERENCES:
        raise UsageError(
            f"{len(column)} references", hint=f"at most {REFERENCES} can be told apart"
        )
    found = zip(column.to_physical().to_list(), labels, column.to_list(), strict=True)
    lines = [
        {"at_us": at, "label": label or f"{moment:%H:%M:%S}"}
        for at, label, moment in found
        if at is not None
    ]
    return sorted(lines, key=lambda line: (line["at_us"], line["label"]))


def _unwrapped(given: Any) -> Any:
    """One row as a table, and one column as a list."""
    if isinstance(given, pl.Series):
        return given.to_list()
    if not hasattr(given, "columns") and hasattr(given, "to_dict") and hasattr(given, "index"):
        row = {str(name): value for name, value in given.to_dict().items()}  # a pandas Series
        given = row if roles.candidates(list(row), "time") else list(row.values())
    if isinstance(given, Mapping) and any(name in given for name in _NAMING):
        times_of_it = roles.candidates([str(name) for name in given], "time")
        when = next((name for name in times_of_it if given[name] is not None), None)
        if when is not None:
            what = next(str(given[name]) for name in _NAMING if name in given)
            return {what: given[when]}
    return given


def _as_times(values: list[Any]) -> pl.Series:
    texts = [v.isoformat() if isinstance(v, datetime | date) else str(v) for v in values]
    stamps = times.parse_times(pl.Series("references", texts, dtype=pl.String))
    for text, stamp in zip(texts, stamps, strict=True):
        if stamp is None:
            raise UsageError(f"the reference {text!r} is no time", hint="such as 2026-03-01T10:00Z")
    return stamps


def sized(chart: Chart, *, height: int | None, range_tool: bool, usual: int) -> Chart:
    """The chart as tall as the caller wants it, with or without the strip below.

    Raises:
        UsageError: a height that nothing can be drawn in, or that no screen has.
    """
    changed = dict(chart.spec)
    if height is not None:
        if not 60 <= height <= 4_000:
            raise UsageError(f"height is {height}", hint="from 60 to 4,000 pixels")
        changed |= {"plot_height": height, "height": changed["height"] + height - usual}
    if not range_tool:
        changed |= {"range_tool": False, "height": changed["height"] - STRIP}
    return replace(chart, spec=changed)


def number(count: int, noun: str) -> str:
    """A count with its noun.

    Examples:
        >>> number(1, "event"), number(2_000, "event")
        ('1 event', '2,000 events')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def stamp(moment: Any) -> str:
    """A moment to the second, without its zone."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def span(first: Any, last: Any) -> str:
    """From when to when, in UTC; the day is said once if it is one."""
    until = stamp(last)
    return f"{stamp(first)} to {until[11:] if first.date() == last.date() else until} UTC"


def free_name(name: str, taken: Sequence[str]) -> str:
    """The name, with underscores behind it until no column has it."""
    while name in taken:
        name += "_"
    return name
