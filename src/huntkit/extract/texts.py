"""The texts to search: one column of any type as text, or one text as a frame."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ParamSpec, TypeVar, cast

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.tables import as_kind
from huntkit.tables.values import as_text

P = ParamSpec("P")
R = TypeVar("R", bound=Callable[..., Any])

_BATCH_BYTES = 64 * 1024 * 1024


def text_of(column: pl.Series) -> pl.Series:
    """A column of any type as text; lists and structs as JSON, bytes as UTF-8 with marks.

    Examples:
        >>> text_of(pl.Series([1, None])).to_list()
        ['1', None]
        >>> text_of(pl.Series([{"a": "b"}])).to_list()
        ['{"a": "b"}']
    """
    if column.dtype == pl.String:
        return column
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
        values = [None if value is None else as_text(value) for value in column.to_list()]
        return pl.Series(column.name, values, dtype=pl.String)
    return column.cast(pl.String, strict=False)


def batches(texts: pl.Series) -> Iterator[tuple[int, pl.Series]]:
    """Slices of about 64 MB with the place where each starts, so that memory stays bounded."""
    if not len(texts):
        return
    sizes = texts.str.len_bytes().fill_null(0).cast(pl.Int64)
    ends = (sizes.cum_sum() // _BATCH_BYTES).rle_id()
    lengths = ends.rle().struct.field("len").to_list()
    start = 0
    for length in lengths:
        yield start, texts.slice(start, length)
        start += length


def columns_to_search(data: pl.DataFrame, columns: str | Sequence[str] | None) -> list[str]:
    """The named columns; without names every text column, but none that starts with ``_``.

    Raises:
        UsageError: there is none.

    Examples:
        >>> frame = pl.DataFrame({"_file": ["a.log"], "text": ["x"], "number": [1]})
        >>> columns_to_search(frame, None)
        ['text']
    """
    if columns is None:
        names = [
            name
            for name, dtype in data.schema.items()
            if dtype == pl.String and not name.startswith("_")
        ]
    else:
        names = [columns] if isinstance(columns, str) else list(dict.fromkeys(columns))
    if not names:
        hint = f"one or more of: {', '.join(data.columns[:12])}" if data.columns else ""
        raise UsageError("no column to search", hint=hint and f"name {hint}")
    return names


def also_one_text(function: R) -> R:
    """Let a step take one text in place of a frame; it gives a pandas frame then.

    The column is called ``text``.
    """

    @functools.wraps(function)
    def run(data: Any, columns: Any = None, **options: Any) -> Any:
        if not isinstance(data, str):
            return function(data, columns, **options)
        if columns is not None:
            raise UsageError("one text has no columns", hint="leave columns= out")
        text = as_text(data)  # half a surrogate pair becomes a visible mark
        return as_kind(function(pl.DataFrame({"text": [text]}), "text", **options), "pandas")

    return cast("R", run)
