"""A table on a terminal: whole columns by importance, and what does not fit is named below it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from huntkit.core.text import visible

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["text", "number", "time", "nested", "other"]
_CELL = 72  # the widest that one column gets while others wait
_SURE = 24  # so many characters of a cell are shown, or the column is not
_BETWEEN = 3  # the blanks that a column costs
_LONGEST = 2_000
_SAMPLE = 200
_TELLING = {"Decoded": 64, "Text": 44, "Detail": 36}  # what the answer is about gets more
_PATHS = ("path", "_file")  # cut at the front, since the name stands at the end


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, with its values."""

    name: str
    values: list[Any]
    kind: Kind = "text"

    @property
    def is_number(self) -> bool:
        """A number that says how many; not the number of a record."""
        return self.kind == "number" and not self.name.startswith("_")

    @property
    def heading(self) -> str:
        """The name, with the zone of times."""
        return visible(self.name, limit=40) + (" (UTC)" if self.kind == "time" else "")

    @property
    def least(self) -> int:
        """Numbers and times are whole or not there; a cut one would be a wrong one."""
        return _TELLING.get(self.name, _SURE) if self.kind in ("text", "nested") else 60


def print_table(frame: "pl.DataFrame", *, title: str = "", console: Console | None = None) -> None:
    """A frame that fits the terminal; the columns come in the order of their importance."""
    columns = [
        Column(name, frame[name].to_list(), _kind(dtype)) for name, dtype in frame.schema.items()
    ]
    print_columns(columns, title=title, console=console)


def print_columns(
    columns: Sequence[Column], *, title: str = "", console: Console | None = None
) -> None:
    """Columns of one length as a table that fits the terminal."""
    console = console or Console()
    widths, hidden, empty = _fitting(columns, console.width)
    shown = [column for column in columns if column.name in widths]
    table = Table(box=SIMPLE_HEAD, title=Text(title) if title else None, title_justify="left")
    for column in shown:
        table.add_column(
            Text(cut(column.heading, widths[column.name])),
            justify="right" if column.is_number else "left",
            width=widths[column.name],
            no_wrap=len(widths) > 1,
            overflow="ellipsis" if len(widths) > 1 else "fold",
        )
    for row in zip(*(column.values for column in shown), strict=True):
        cells = zip(widths.items(), row, strict=True)
        table.add_row(*(_text(name, value, width, len(widths)) for (name, width), value in cells))
    console.print(table)
    if hidden:
        console.print(Text(f"not shown: {visible(', '.join(hidden), limit=300)}", style="dim"))
    if empty:
        several = "column" if len(empty) == 1 else "columns"
        names = visible(", ".join(empty), limit=120)
        console.print(Text(f"empty: {len(empty)} {several} ({names})", style="dim"))


def _kind(dtype: "pl.DataType") -> Kind:
    """What a column of a frame is to a reader, told without loading the frame's library."""
    if dtype.is_nested():
        return "nested"
    if dtype.is_numeric():
        return "number"
    name = str(dtype)
    if name.startswith("Datetime"):
        return "time"
    return "text" if name == "String" else "other"


def cell(value: object) -> str:
    """A value as a terminal or Markdown may show it."""
    if value is None:
        return ""
    if isinstance(value, float):
        # A million and more would be written with an exponent, which nobody reads as a number.
        return f"{value:,.0f}" if 999_999 <= abs(value) < 1e15 else f"{value:,.6g}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d %H:%M:%S.%f"))[:-3]
    if isinstance(value, list):
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


def _fitting(columns: Sequence[Column], width: int) -> tuple[dict[str, int], list[str], list[str]]:
    """Widths of the columns that fit, names of those that do not, and of those without a value."""
    wanted: dict[str, int] = {}
    whole: dict[str, int] = {}
    empty: list[str] = []
    for column in columns:
        sample = column.values[:_SAMPLE]
        widest = max((cell_len(cell(value)) for value in sample), default=0)
        if sample and widest == 0 and len(columns) > 6:
            empty.append(column.name)
        else:
            heading = cell_len(column.heading)
            wanted[column.name] = max(widest, min(heading, _SURE), 1)
            whole[column.name] = max(widest, heading, 1)
    least = {column.name: column.least for column in columns}
    widths: dict[str, int] = {}
    left = width - 1
    for name, want in wanted.items():
        need = min(want, least[name])
        if not widths:
            need = min(need, max(left - _BETWEEN, 1))
        if need + _BETWEEN <= left:
            widths[name] = need
            left -= need + _BETWEEN
    # What is left goes to the first that can use it: to values, then to long headings.
    for wish, most in ((wanted, _CELL), (whole, _CELL), (whole, width)):
        for name, given in widths.items():
            more = max(min(wish[name], most) - given, 0)
            widths[name] += min(more, left)
            left -= min(more, left)
    hidden = [name for name in wanted if name not in widths]
    return widths, hidden, empty


def _text(name: str, value: object, width: int, columns: int) -> Text:
    shown = cell(value)
    return Text(shown if columns == 1 else cut(shown, width, front=name in _PATHS))
