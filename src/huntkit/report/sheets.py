"""Plain tables for pages: what is shown of a frame, and how much of it there is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import polars as pl

from huntkit.core.text import visible
from huntkit.tables.stand_ins import exactly

Kind = Literal["text", "code", "time", "second", "number", "place", "list", "name"]
CELL_LIMIT = 600
CODE_LIMIT = 240
ROW_LIMIT = 200
_FEWEST_CUT = 20  # characters: what says that fewer are missing takes their place
_BREAK = re.compile(r"\r?\n")


@dataclass(frozen=True, slots=True)
class Cell:
    """One value, ready to be shown."""

    text: str
    kind: Kind
    more: str = ""  # what was cut off, in words
    tone: str = ""  # alarm, warn or nothing
    title: str = ""  # the whole of what is shown short
    repeats: str = ""  # how often, and until when
    link: str = ""  # the id of the place that says more


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of a page: its caption, its columns and the first of its rows."""

    caption: str
    columns: list[tuple[str, Kind]]
    rows: list[list[Cell]]
    total: int

    @property
    def shown(self) -> int:
        """How many rows are shown."""
        return len(self.rows)


def sheet(
    frame: pl.DataFrame,
    caption: str,
    *,
    columns: Sequence[tuple[str, str, Kind]] | None = None,
    limit: int = ROW_LIMIT,
    total: int | None = None,
) -> Sheet:
    """The first rows of a frame as a sheet.

    Args:
        frame: the rows.
        caption: says what the table is.
        columns: (column, heading, kind) of what is shown; all columns by default.
        limit: at most so many rows; the sheet knows how many there are.
        total: how many there are, where the frame itself was cut before.
    """
    chosen = list(columns or [(name, name, _kind(frame, name)) for name in frame.columns])
    shown = frame.select(exactly(name) for name, _, _ in chosen).head(limit)
    kinds = [kind for _, _, kind in chosen]
    rows = [
        [cell(value, kind) for value, kind in zip(row, kinds, strict=True)]
        for row in shown.iter_rows()
    ]
    headings = [(heading, kind) for _, heading, kind in chosen]
    return Sheet(caption, headings, rows, frame.height if total is None else total)


def cell(value: object, kind: Kind) -> Cell:
    """A value as text that hides nothing and fits a page.

    Examples:
        >>> cell("x" * 2000, "code").more
        '1,760 more characters'
    """
    if value is None or value == "":
        return Cell("", kind)
    if isinstance(value, datetime):
        return Cell(time_text(value)[: 19 if kind == "second" else None], "time")
    if isinstance(value, timedelta):
        return Cell(str(value), kind)
    if isinstance(value, bool):
        return Cell("yes" if value else "no", kind)
    if isinstance(value, int):
        return Cell(f"{value:,}" if kind == "number" else str(value), kind)
    if isinstance(value, float):
        return Cell(f"{value:,.3g}", kind)
    if isinstance(value, dict):  # a place: the file's name, its whole path
        return Cell(visible(value["short"], limit=CELL_LIMIT), kind, title=visible(value["whole"]))
    if isinstance(value, list | pl.Series):
        names = [str(each) for each in value]
        more = f"and {len(names) - 12:,} more" if len(names) > 12 else ""
        return Cell(visible(", ".join(names[:12]), limit=CELL_LIMIT), kind, more)
    text = str(value)
    limit = CODE_LIMIT if kind == "code" else CELL_LIMIT
    shown, more = shortened(text, limit)
    return Cell(shown, kind, more)


def shortened(text: str, limit: int) -> tuple[str, str]:
    """The beginning of a text as one line that hides nothing, and in words what was cut off.

    A line break is a mark that people know; all other control characters stay what they are. A
    cut that would hide only a few characters is not made.

    Examples:
        >>> shortened("Run this" + chr(13) + chr(10) + "or that", 240)
        ('Run this↵ or that', '')
        >>> shortened("x" * 30, 10)
        ('xxxxxxxxxx', '20 more characters')
        >>> shortened("x" * 29, 10)[1]
        ''
    """
    cut = len(text) - limit
    if cut < _FEWEST_CUT:
        return visible(_BREAK.sub("↵ ", text)), ""
    return visible(_BREAK.sub("↵ ", text[:limit])), f"{cut:,} more characters"


def time_text(value: datetime | None) -> str:
    """A time to the millisecond, in UTC as everything here; without the zone, which headings say.

    Examples:
        >>> time_text(datetime(2026, 3, 3, 9, 12, 31, 872000))
        '2026-03-03 09:12:31.872'
    """
    return "" if value is None else value.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _kind(frame: pl.DataFrame, name: str) -> Kind:
    dtype = frame.schema[name]
    if isinstance(dtype, pl.Datetime):
        return "time"
    if dtype.is_numeric() and not name.startswith("_"):
        return "number"
    return "list" if dtype.is_nested() else "text"
