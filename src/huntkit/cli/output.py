"""Write an answer: a table on a terminal, NDJSON into a pipe, or a file by its ending."""

import functools
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from huntkit.cli.frame import note
from huntkit.cli.options import Writing
from huntkit.core.errors import EvidenceError, UsageError
from huntkit.core.text import visible
from huntkit.report.pages import table_page
from huntkit.report.processes import Branch

_ROWS_ON_A_TERMINAL = 50
_CELL = 72
_SURE = 32  # so many characters of a cell are shown, or the column is not
# What a spreadsheet takes for the start of a formula, also behind blanks and in full width.
_FORMULA = "^[\\s\\x00]*[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]"
# JSON leaves these bare; a terminal at the end of the pipe might obey or be deceived by them.
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_MARKDOWN = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "@": "&#64;",
        **{character: "\\" + character for character in "\\`*_{}[]()#+!|~"},
    }
)


def check_output(writing: Writing, *, endings: tuple[str, ...] = ()) -> None:
    """Complain about the file to write before the work starts, not after it."""
    path = writing.output
    if path is None or str(path) == "-":
        return
    allowed = endings or tuple(_WRITERS)
    if path.suffix.lower() not in allowed:
        raise UsageError(
            f"-o {str(path)!r}: the ending does not say how to write it",
            hint="endings: " + " ".join(allowed),
        )
    if path.exists() and not writing.force:
        raise UsageError(f"{str(path)!r} exists", hint="--force replaces it")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"the folder of {str(path)!r} does not exist")


def emit(frame: pl.DataFrame, writing: Writing, *, title: str) -> None:
    """Hand the answer over, where and how the options say."""
    to_terminal = writing.output is None and sys.stdout.isatty()
    limit = writing.limit
    if limit is None and to_terminal:
        limit = _ROWS_ON_A_TERMINAL
    shown = frame.head(limit) if limit else frame
    if to_terminal:
        print_table(shown, title=title)
    elif writing.output is None or str(writing.output) == "-":
        sys.stdout.flush()
        write_ndjson(shown, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        ending = writing.output.suffix.lower()
        save(writing.output, lambda stream: _WRITERS[ending](shown, stream, title, raw=writing.raw))
        note(f"{shown.height:,} rows written to {writing.output}")
    if shown.height < frame.height:
        how = "--limit 0 shows all" if to_terminal else "by --limit"
        note(f"{shown.height:,} of {frame.height:,} rows shown; {how}")


def save(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write a file so that it is either whole or not there."""
    try:
        handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=".huntkit-")
        try:
            with os.fdopen(handle, "wb") as stream:
                write(stream)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as problem:
        raise EvidenceError(f"can't write {str(path)!r}: {problem.strerror}") from problem


def write_ndjson(frame: pl.DataFrame, stream: BinaryIO) -> None:
    """One JSON object per row; times as ISO 8601 with their zone, invisible characters escaped."""
    for part in _texts_of_times(frame).iter_slices(20_000):
        text = part.write_ndjson()
        if not text.isascii():
            text = _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
        stream.write(text.encode())


def print_table(frame: pl.DataFrame, *, title: str = "", console: Console | None = None) -> None:
    """A table that fits the terminal; what does not fit is named below it."""
    console = console or Console()
    columns, hidden, empty = _fitting(frame, console.width)
    shown = frame.select(columns)
    table = Table(box=SIMPLE_HEAD, title=Text(title) if title else None, title_justify="left")
    for name in columns:
        zone = " (UTC)" if frame.schema[name].is_temporal() and _is_time(frame.schema[name]) else ""
        numeric = frame.schema[name].is_numeric() and not name.startswith("_")
        table.add_column(
            Text(visible(name, limit=40) + zone),
            justify="right" if numeric else "left",
            min_width=min(max(_widest(shown[name]), 4), _SURE),
            overflow="ellipsis" if len(columns) > 1 else "fold",
            no_wrap=len(columns) > 1,
        )
    for row in shown.iter_rows():
        table.add_row(*(Text(cell(value)) for value in row))
    console.print(table)
    if hidden:
        console.print(Text(f"not shown: {visible(', '.join(hidden), limit=300)}", style="dim"))
    if empty:
        console.print(Text(f"empty: {len(empty)} columns", style="dim"))


def cell(value: object) -> str:
    """A value as a terminal or Markdown may show it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.6g}"
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d %H:%M:%S.%f"))[:-3]
    if isinstance(value, list | pl.Series):
        return visible(", ".join(map(str, value)), limit=_CELL * 4)
    return visible(str(value), limit=_CELL * 4)


def _fitting(frame: pl.DataFrame, width: int) -> tuple[list[str], list[str], list[str]]:
    """Columns that fit beside one another, those that do not, and those without a value."""
    columns: list[str] = []
    hidden: list[str] = []
    empty: list[str] = []
    used = 2
    sample = frame.head(200)
    for name in frame.columns:
        widest = _widest(sample[name])
        if frame.height and widest == 0 and frame.width > 6:
            empty.append(name)
            continue
        need = min(max(widest, min(len(name), 24)), _CELL) + 2
        if columns and used + min(need, _SURE + 2) > width:
            hidden.append(name)
            continue
        columns.append(name)
        used += min(need, _SURE + 2)
    return columns, hidden, empty


def _widest(column: pl.Series) -> int:
    return max((len(cell(value)) for value in column.to_list()), default=0)


def _write_csv(frame: pl.DataFrame, stream: BinaryIO, title: str, *, raw: bool) -> None:  # noqa: ARG001
    flat = _flat(_texts_of_times(frame))
    if not raw:
        flat = formula_safe(flat)
    flat.write_csv(stream, quote_style="non_numeric")


def formula_safe(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts that a spreadsheet would run as a formula, with an apostrophe in front.

    Examples:
        >>> formula_safe(pl.DataFrame({"a": ["=1+1", "x", "-"]}))["a"].to_list()
        ["'=1+1", 'x', '-']
    """
    names = [name for name, kind in frame.schema.items() if kind == pl.String]
    safe = frame.with_columns(
        pl.when(pl.col(name).str.contains(_FORMULA) & (pl.col(name) != "-"))
        .then("'" + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name in names
    )
    return safe.rename({n: "'" + n for n in frame.columns if re.match(_FORMULA, n)})


def _write_parquet(frame: pl.DataFrame, stream: BinaryIO, title: str, *, raw: bool) -> None:  # noqa: ARG001
    frame.write_parquet(stream)


def _write_ndjson(frame: pl.DataFrame, stream: BinaryIO, title: str, *, raw: bool) -> None:  # noqa: ARG001
    write_ndjson(frame, stream)


def _write_html(frame: pl.DataFrame, stream: BinaryIO, title: str, *, raw: bool) -> None:  # noqa: ARG001
    stream.write(table_page(frame, title=title).encode())


def _write_markdown(frame: pl.DataFrame, stream: BinaryIO, title: str, *, raw: bool) -> None:  # noqa: ARG001
    lines = [f"# {_markdown(title)}", ""]
    lines.append("| " + " | ".join(_markdown(name) for name in frame.columns) + " |")
    lines.append("|" + " --- |" * frame.width)
    lines.extend(
        "| " + " | ".join(_markdown(cell(value)) for value in row) + " |"
        for row in frame.iter_rows()
    )
    stream.write(("\n".join(lines) + "\n").encode())


def _markdown(text: str) -> str:
    """Text that Markdown shows and does not obey: no markup, no HTML, no automatic links."""
    shown = visible(text).translate(_MARKDOWN)
    return re.sub(r"(?i)www\.", "www&#46;", shown.replace("://", "&#58;//"))


def _texts_of_times(frame: pl.DataFrame) -> pl.DataFrame:
    times = [name for name, kind in frame.schema.items() if _is_time(kind)]
    spans = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Duration)]
    return frame.with_columns(
        *(pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ") for name in times),
        *(pl.col(name).dt.to_string("iso") for name in spans),
    )


def _is_time(kind: pl.DataType) -> bool:
    return isinstance(kind, pl.Datetime)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists and structs as JSON text, for formats without them."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        *(
            pl.struct(pl.col(name).alias("v"))
            .struct.json_encode()
            .str.slice(5)
            .str.head(-1)
            .alias(name)
            for name in nested
        )
    )


_WRITERS: dict[str, Callable[..., None]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".ndjson": _write_ndjson,
    ".jsonl": _write_ndjson,
    ".html": _write_html,
    ".md": _write_markdown,
}


def records(frame: pl.DataFrame) -> list[dict[str, object]]:
    """Rows as plain values for JSON; times as in NDJSON."""
    return _texts_of_times(frame).to_dicts()


def is_html(writing: Writing) -> bool:
    """Whether a picture is wanted rather than rows."""
    return writing.output is not None and writing.output.suffix.lower() == ".html"


def save_chart(chart: Any, writing: Writing) -> None:
    """Write a chart's page."""
    if writing.output is not None:
        page = chart.to_html().encode()
        save(writing.output, functools.partial(_write_bytes, page))
        note(f"{chart.summary} Written to {writing.output}")


def _write_bytes(content: bytes, stream: BinaryIO) -> None:
    stream.write(content)


def print_tree(branches: Sequence[Branch], writing: Writing) -> bool:
    """Branches as trees, on a terminal only; whether that was the place."""
    if writing.output is not None or not sys.stdout.isatty():
        return False
    console = Console(highlight=False)
    limit = 20 if writing.limit is None else writing.limit or len(branches)
    for branch in branches[:limit]:
        top = Tree(Text(f"{visible(branch.host)}  {branch.why}", style="bold"))
        open_at: dict[int, Tree] = {-1: top}
        for node in branch.nodes:
            style = "red" if node.rare else ""
            text = Text.assemble(
                (f"{node.time}  ", "dim"),
                (visible(node.name), f"bold {style}"),
                (f" {node.pid}  ", "dim"),
                visible(node.command, limit=300),
            )
            parent = max(depth for depth in open_at if depth < node.depth)
            open_at[node.depth] = open_at[parent].add(text)
            for deeper in [depth for depth in open_at if depth > node.depth]:
                del open_at[deeper]
        console.print(top)
    if len(branches) > limit:
        note(f"{limit:,} of {len(branches):,} branches shown; --limit 0 shows all")
    return True
