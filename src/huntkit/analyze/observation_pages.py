"""Findings as HTML for notebooks: escaped text, the first rows, charts in frames of their own."""

import html
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import quote

import polars as pl

from huntkit.core.contracts import Drawable
from huntkit.core.text import visible
from huntkit.tables.roles import resolve
from huntkit.tables.stand_ins import exactly

_ROWS: Final = 10
COLUMNS: Final = 12  # of many, the first that tell something
_CELL: Final = 200
_TEXT: Final = 2_000
_LINES: Final = 50
_STYLE: Final = (
    'style="text-align:left;vertical-align:top;overflow-wrap:anywhere;min-width:5em;max-width:30em"'
)
_ROLES: Final = ("time", "host", "user", "process_path", "command_line", "source_ip",
                 "destination_ip")  # fmt: skip
_RESULTS: Final = ("score", "reason", "pattern")


def telling(rows: pl.DataFrame) -> list[str]:
    """The columns worth showing first: results, then known roles, then others; no empty ones.

    Examples:
        >>> telling(pl.DataFrame({"x": [None], "b": [1], "CommandLine": ["a"], "score": [2.0]}))
        ['score', 'CommandLine', 'b']
    """
    known = [resolve(rows.columns, role) for role in _ROLES]
    first = [name for name in (*_RESULTS, *known) if name in rows.columns]
    names = list(dict.fromkeys(name for name in (*first, *rows.columns) if name is not None))
    return [
        name
        for name in names
        if rows[name].null_count() < rows.height
        and not (rows.schema[name] == pl.String and (rows[name].fill_null("") == "").all())
    ]


def finding(
    *,
    caption: str,
    facts: Iterable[tuple[str, str]],
    link: str,
    rows: pl.DataFrame | None,
    data: Any,
) -> str:
    """One finding; nothing of it is markup, whatever it holds."""
    parts = [f"<h3>{_text(caption, 200)}</h3>"]
    parts += [f"<p><b>{_text(name, 80)}</b>: {_lines(value)}</p>" for name, value in facts if value]
    if link:
        # Whatever it says, it leads within the notebook: it begins with the sign of a fragment.
        href = html.escape("#" + quote(link.lstrip("#"), safe=""))
        parts.append(f'<p><a href="{href}">Go to details</a></p>')
    if rows is not None:
        parts.append(_table(rows))
    elif data is not None:
        parts.append(_shown(data))
    return f"<section>{''.join(parts)}</section>"


def _shown(data: Any) -> str:
    # Only what huntkit drew is known to run nothing that came from a log.
    drawn = type(data).__module__.partition(".")[0] == "huntkit" and isinstance(data, Drawable)
    if drawn:
        page = html.escape(data.to_html())
        height = getattr(data, "spec", {}).get("height", 600) + 40  # charts know theirs
        return (
            f'<iframe sandbox="allow-scripts" width="100%" height="{int(height)}" frameborder="0" '
            f'srcdoc="{page}"></iframe>'
        )
    return f"<p>{_lines(data if isinstance(data, str) else repr(data))}</p>"


def _table(rows: pl.DataFrame) -> str:
    names = telling(rows)
    shown = rows.select(map(exactly, names[:COLUMNS])).head(_ROWS)
    head = "".join(f"<th {_STYLE}>{_text(name, 80)}</th>" for name in shown.columns)
    lines = [
        "".join(
            f"<td {_STYLE}>{'' if value is None else _text(value, _CELL)}</td>" for value in row
        )
        for row in shown.iter_rows()
    ]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    note = cut_short(rows, shown.height, names)
    return (
        '<div style="overflow-x:auto">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        + (f"<p>{note}</p>" if note else "")
    )


def cut_short(rows: pl.DataFrame, shown: int, names: Sequence[str]) -> str:
    """What of a table is not shown, or nothing."""
    parts = [f"{shown:,} of {rows.height:,} rows"] if shown < rows.height else []
    columns = min(len(names), COLUMNS)
    if columns < rows.width:
        empty = rows.width - len(names)
        left_out = f" ({empty:,} are empty)" if empty else ""
        parts.append(f"{columns:,} of {rows.width:,} columns{left_out}")
    return f"{' and '.join(parts)} shown." if parts else ""


def _text(value: Any, limit: int) -> str:
    return html.escape(visible(str(value), limit=limit))


def _lines(text: str) -> str:
    """Several lines, the first of many."""
    lines = text[:_TEXT].splitlines()
    kept = "<br>".join(_text(line, _TEXT) for line in lines[:_LINES])
    return kept + (" …" if len(text) > _TEXT or len(lines) > _LINES else "")
