"""Which rows of a table start a process, and which end one, whatever the product.

The knowledge is data, in ``process_events.yaml`` beside this module.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from huntkit.tables.data_files import data_file


def process_rows(data: pl.DataFrame) -> tuple[list[pl.Series], pl.Series]:
    """The places of the starts, for each kind of event, and those of all ends.

    A table without any mark of its events is taken to hold nothing but starts.

    Examples:
        >>> starts, ends = process_rows(pl.DataFrame({"EventID": [4624, 4688, 4689, 4688]}))
        >>> [each.to_list() for each in starts], ends.to_list()
        ([[1, 3]], [2])
    """
    starts, ends = _marked(data, everywhere=False)
    if not starts:
        # Events under other column names: Sysmon 1 with an ``image`` and no ``Image``.
        starts, ends = _marked(data, everywhere=True)
    if starts or _is_decided(data):
        return starts, ends
    return [pl.int_range(data.height, dtype=pl.UInt32, eager=True)], ends


def _marked(data: pl.DataFrame, *, everywhere: bool) -> tuple[list[pl.Series], pl.Series]:
    free = pl.repeat(value=True, n=data.height, eager=True)
    ended = ~free
    starts: list[pl.Series] = []
    for kind in _kinds():
        filled = _filled(data, None if everywhere else kind.get("filled"))
        for name in kind["columns"]:
            if name not in data.columns or filled is None:
                continue
            mask = _like(data[name], kind["start"]) & filled & free
            if not mask.any():
                continue
            starts.append(mask.arg_true())
            free = free & ~mask
            if "end" in kind:
                ended = ended | (_like(data[name], kind["end"]) & filled)
            break
    return starts, (ended & free).arg_true()


def _kinds() -> Sequence[Mapping[str, Any]]:
    kinds: Sequence[Mapping[str, Any]] = data_file("huntkit.extract", "process_events.yaml")[
        "kinds"
    ]
    return kinds


def _is_decided(data: pl.DataFrame) -> bool:
    """Whether a column says of the rows what they are (and by now: no starts)."""
    names = {name for kind in _kinds() if kind.get("decisive") for name in kind["columns"]}
    return any(name in names and data[name].null_count() < data.height for name in data.columns)


def _like(column: pl.Series, pattern: str) -> pl.Series:
    """Whether the value is of the pattern; only distinct values are looked at."""
    if column.dtype.is_nested() or column.dtype.is_temporal():
        return pl.repeat(value=False, n=len(column), eager=True)
    distinct = column.unique()
    text = distinct.cast(pl.String, strict=False).str.strip_chars().str.replace(r"\.0$", "")
    chosen = distinct.filter(text.str.contains(f"(?i)^(?:{pattern})$").fill_null(value=False))
    return column.is_in(chosen.implode()).fill_null(value=False)


def _filled(data: pl.DataFrame, names: Sequence[str] | None) -> pl.Series | None:
    """Whether a row has a value in one of the columns; None if none of them is there."""
    if names is None:
        return pl.repeat(value=True, n=data.height, eager=True)
    there = [
        pl.col(name).is_not_null()
        & ((pl.col(name) != "") if data.schema[name] == pl.String else pl.lit(value=True))
        for name in names
        if name in data.columns
    ]
    return data.select(pl.any_horizontal(there)).to_series() if there else None
