"""A table on a terminal: whole columns by importance, and what does not fit is named below it."""

from collections.abc import Mapping

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from huntkit.core.text import visible

_CELL = 72  # the widest that one column gets while others wait
_SURE = 24  # so many characters of a cell are shown, or the column is not
_BETWEEN = 3  # the blanks that a column costs
_LONGEST = 2_000
_SAMPLE = 200
_TELLING = {"Decoded": 64, "Text": 44, "Detail": 44}  # what the answer is about gets more
_PATHS = ("path", "_file")  # cut at the front, since the name stands at the end


def print_table(frame: pl.DataFrame, *, title: str = "", console: Console | None = None) -> None:
    """A table that fits the terminal; the columns come in the order of their importance."""
    console = console or Console()
    widths, hidden, empty = _fitting(frame, console.width)
    shown = frame.select(list(widths))
    table = Table(box=SIMPLE_HEAD, title=Text(title) if title else None, title_justify="left")
    for name, width in widths.items():
        table.add_column(
            Text(cut(_heading(frame, name), width)),
            justify="right" if _is_number(frame, name) else "left",
            width=width,
            no_wrap=len(widths) > 1,
            overflow="ellipsis" if len(widths) > 1 else "fold",
        )
    for row in shown.iter_rows():
        cells = zip(widths.items(), row, strict=True)
        table.add_row(*(_text(name, value, width, len(widths)) for (name, width), value in cells))
    console.print(table)
    if hidden:
        console.print(Text(f"not shown: {visible(', '.join(hidden), limit=300)}", style="dim"))
    if empty:
        columns = "column" if len(empty) == 1 else "columns"
        names = visible(", ".join(empty), limit=120)
        console.print(Text(f"empty: {len(empty)} {columns} ({names})", style="dim"))


def cell(value: object) -> str:
    """A value as a terminal or Markdown may show it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.6g}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d %H:%M:%S.%f"))[:-3]
    if isinstance(value, list | pl.Series):
        return visible(", ".join(cell(each) for each in value), limit=_LONGEST)
    if isinstance(value, Mapping):
        pairs = (f"{name}: {cell(each)}" for name, each in value.items() if each not in ("", None))
        return visible("; ".join(pairs), limit=_LONGEST)
    return visible(str(value), limit=_LONGEST)


def cut(text: str, width: int, *, front: bool = False) -> str:
    """Text in at most so many cells; ``…`` stands for what was cut, at its end or front."""
    if cell_len(text) <= width:
        return text
    if front:
        while (surplus := cell_len(text) - (width - 1)) > 0:
            text = text[(surplus + 1) // 2 :]  # a character is one or two cells wide
        return "…" + text
    return set_cell_size(text, width - 1).rstrip() + "…"


def _fitting(frame: pl.DataFrame, width: int) -> tuple[dict[str, int], list[str], list[str]]:
    """Widths of the columns that fit, names of those that do not, and of those without a value."""
    sample = frame.head(_SAMPLE)
    wanted: dict[str, int] = {}
    empty: list[str] = []
    for name in frame.columns:
        widest = max((cell_len(cell(value)) for value in sample[name].to_list()), default=0)
        if frame.height and widest == 0 and frame.width > 6:
            empty.append(name)
        else:
            wanted[name] = max(widest, min(cell_len(_heading(frame, name)), _SURE), 1)
    widths: dict[str, int] = {}
    left = width - 1
    for name, want in wanted.items():
        need = min(want, _least(frame, name))
        if not widths:
            need = min(need, max(left - _BETWEEN, 1))
        if need + _BETWEEN <= left:
            widths[name] = need
            left -= need + _BETWEEN
    for most in (_CELL, width):  # what is left goes to the first that can use it
        for name, given in widths.items():
            more = max(min(wanted[name], most) - given, 0)
            widths[name] += min(more, left)
            left -= min(more, left)
    hidden = [name for name in wanted if name not in widths]
    return widths, hidden, empty


def _least(frame: pl.DataFrame, name: str) -> int:
    """Numbers and times are whole or not there; a cut one would be a wrong one."""
    kind = frame.schema[name]
    return _TELLING.get(name, _SURE) if kind == pl.String or kind.is_nested() else 60


def _heading(frame: pl.DataFrame, name: str) -> str:
    zone = " (UTC)" if isinstance(frame.schema[name], pl.Datetime) else ""
    return visible(name, limit=40) + zone


def _is_number(frame: pl.DataFrame, name: str) -> bool:
    return frame.schema[name].is_numeric() and not name.startswith("_")


def _text(name: str, value: object, width: int, columns: int) -> Text:
    shown = cell(value)
    return Text(shown if columns == 1 else cut(shown, width, front=name in _PATHS))
