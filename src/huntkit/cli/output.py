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
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from huntkit.cli.facts import escaped_json
from huntkit.cli.frame import note
from huntkit.cli.grid import cell, print_table
from huntkit.cli.options import Writing
from huntkit.cli.target import ENDINGS
from huntkit.core.errors import EvidenceError
from huntkit.core.text import has_hidden, visible, visible_lines
from huntkit.report.pages import table_page
from huntkit.report.processes import Branch
from huntkit.tables.stand_ins import exactly

ROWS_ON_A_TERMINAL = 50
# What a spreadsheet takes for the start of a formula, also behind blanks and in full width.
_FORMULA = "^[\\s\\x00]*[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]"
# All that `has_hidden` finds, and a little more; the engine's patterns look neither ahead nor back.
_MAY_HIDE = (
    r"[\p{C}\p{Zl}\p{Zp}\x{34F}\x{115F}\x{1160}\x{180E}\x{3164}\x{FFA0}\x{E0000}-\x{E0FFF}"
    r"&&[^\n\t]]"
)
_MARKDOWN = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "@": "&#64;",
        **{character: "\\" + character for character in "\\`*_{}[]()#+!|~"},
    }
)


def to_terminal(writing: Writing) -> bool:
    """Whether the answer goes before somebody's eyes."""
    return writing.output is None and sys.stdout.isatty()


def emit(
    frame: pl.DataFrame,
    writing: Writing,
    *,
    title: str,
    eyes: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
) -> None:
    """Hand the answer over, where and how the options say.

    Args:
        frame: the answer.
        writing: what the options say.
        title: what the answer is.
        eyes: the answer as people read it (terminal, Markdown, page) where that differs from what
            programs get.
    """
    on_screen = to_terminal(writing)
    limit = writing.limit
    if limit is None and on_screen:
        limit = ROWS_ON_A_TERMINAL
    shown = frame.head(limit) if limit else frame
    if on_screen and not frame.height:
        print(f"{visible(title)}: none")  # a heading over nothing looks like a fault
    elif on_screen:
        print_table(eyes(shown) if eyes else shown, title=title)
    elif writing.output is None or str(writing.output) == "-":
        sys.stdout.flush()
        write_ndjson(shown, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        ending = writing.output.suffix.lower()
        if eyes and ending in _FOR_EYES:
            shown = eyes(shown)
        save(writing.output, lambda stream: _WRITERS[ending](shown, stream, title, raw=writing.raw))
        rows = "row" if shown.height == 1 else "rows"
        note(f"{shown.height:,} {rows} written to {writing.output}")
    if shown.height < frame.height:
        how = "--limit 0 shows all" if on_screen else "by --limit"
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
    stream.writelines(
        escaped_json(part.write_ndjson()).encode()
        for part in _texts_of_times(frame).iter_slices(20_000)
    )


def _write_csv(frame: pl.DataFrame, stream: BinaryIO, title: str, *, raw: bool) -> None:  # noqa: ARG001
    write_csv(frame, stream, raw=raw)


def write_csv(frame: pl.DataFrame, stream: BinaryIO, *, raw: bool, header: bool = True) -> None:
    """Rows as CSV; unless ``raw``, made safe for spreadsheets and terminals."""
    flat = _flat(_texts_of_times(frame))
    if not raw:
        flat = _visible(formula_safe(flat))
    flat.write_csv(stream, quote_style="non_numeric", include_header=header)


def _visible(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts and names in which nothing can tell a terminal what to do; lines and tabs stay."""
    changed = []
    for each in frame.get_columns():
        if each.dtype == pl.String:
            column = each.alias("column")  # no pattern: Polars takes some names for such
            suspects = column.filter(column.str.contains(_MAY_HIDE)).unique()
            hidden = [text for text in suspects if has_hidden(text)]
            if hidden:
                marked = [visible_lines(text) for text in hidden]
                changed.append(column.replace(hidden, marked).alias(each.name))
    frame = frame.with_columns(changed)
    names = [visible_lines(name) for name in frame.columns]
    if len(set(names)) < len(names):
        names = [f"{name}_{place}" for place, name in enumerate(names, 1)]
    frame.columns = names
    return frame


def formula_safe(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts that a spreadsheet would run as a formula, with an apostrophe in front.

    Examples:
        >>> formula_safe(pl.DataFrame({"a": ["=1+1", "x", "-"]}))["a"].to_list()
        ["'=1+1", 'x', '-']
    """
    names = [name for name, kind in frame.schema.items() if kind == pl.String]
    safe = frame.with_columns(
        pl.when(exactly(name).str.contains(_FORMULA) & (exactly(name) != "-"))
        .then("'" + exactly(name))
        .otherwise(exactly(name))
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
    names = [
        _markdown(name) + (" (UTC)" if _is_time(frame.schema[name]) else "")
        for name in frame.columns
    ]
    lines.append("| " + " | ".join(names) + " |")
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
        *(exactly(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ") for name in times),
        *(exactly(name).dt.to_string("iso") for name in spans),
    )


def _is_time(kind: pl.DataType) -> bool:
    return isinstance(kind, pl.Datetime)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists and structs as JSON text, for formats without them."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        *(
            pl.struct(exactly(name).alias("v"))
            .struct.json_encode()
            .str.slice(5)
            .str.head(-1)
            .alias(name)
            for name in nested
        )
    )


_WRITERS: dict[str, Callable[..., None]] = dict(
    zip(
        ENDINGS,
        (_write_parquet, _write_csv, _write_ndjson, _write_ndjson, _write_html, _write_markdown),
        strict=True,
    )
)


_FOR_EYES = (".html", ".md")


def is_html(writing: Writing) -> bool:
    """Whether a picture is wanted rather than rows."""
    return writing.output is not None and writing.output.suffix.lower() == ".html"


def save_chart(chart: Any, writing: Writing) -> None:
    """Write a chart's page."""
    if writing.output is not None:
        save_text(writing.output, chart.to_html())
        note(f"{chart.summary} Written to {writing.output}")


def save_text(path: Path, text: str) -> None:
    """Write a text file so that it is either whole or not there."""
    save(path, functools.partial(_write_bytes, text.encode()))


def _write_bytes(content: bytes, stream: BinaryIO) -> None:
    stream.write(content)


def print_tree(branches: Sequence[Branch], writing: Writing) -> bool:
    """Branches as trees, on a terminal only; whether that was the place."""
    if not to_terminal(writing):
        return False
    console = Console(highlight=False)
    limit = 20 if writing.limit is None else writing.limit or len(branches)
    for branch in branches[:limit]:
        heading = (f"{visible(branch.host)}  {visible(branch.title)}", "bold")
        why = (f"  {visible(branch.why)}", "red") if branch.why else ("", "")
        top = Tree(Text.assemble(heading, (f"  {branch.size}", "dim"), why))
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
