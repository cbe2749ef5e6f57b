"""Letters made small and every run of digits made one ``#``, for whole columns of text at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa

ROWS: Final = 50_000  # of one part; bounds the memory of the tables that are made along the way
_THREADS: Final = 2

_SMALL: Final = np.arange(256, dtype=np.uint8)
_SMALL[ord("A") : ord("Z") + 1] += 32
_SMALL[ord("0") : ord("9") + 1] = ord("#")


def in_parts(column: pl.Series, work: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """What `work` makes of a column, parts of it side by side; order and length are kept.

    Regular expressions and array work let go of Python's lock, but use one core each.
    """
    if len(column) <= ROWS:
        return work(column)
    parts = (column.slice(start, ROWS) for start in range(0, len(column), ROWS))
    with ThreadPoolExecutor(_THREADS) as pool:
        return pl.concat(list(pool.map(work, parts)), rechunk=True)


def without_digits(column: pl.Series) -> pl.Series:
    """The texts in small letters (ASCII's), with ``#`` for each run of digits.

    Examples:
        >>> without_digits(pl.Series(["Run 4711 on SRV01.", None, ""])).to_list()
        ['run # on srv#.', None, '']
    """
    array: Any = column.rechunk().to_arrow().cast(pa.large_string())
    if array.offset:
        array = pa.concat_arrays([array])
    valid, places, data = array.buffers()
    offsets = np.frombuffer(places, dtype=np.int64, count=len(array) + 1)
    raw = np.frombuffer(data, dtype=np.uint8)[: offsets[-1]] if data else np.empty(0, np.uint8)
    is_digit = (raw >= ord("0")) & (raw <= ord("9"))
    follows = np.zeros(len(raw), dtype=bool)
    follows[1:] = is_digit[1:] & is_digit[:-1]
    starts = offsets[:-1]
    follows[starts[starts < len(raw)]] = False  # runs end where their text ends
    keep = ~follows
    kept_before = np.zeros(len(raw) + 1, dtype=np.int64)
    np.cumsum(keep, out=kept_before[1:])
    made = pa.LargeStringArray.from_buffers(
        len(array),
        pa.py_buffer(kept_before[offsets]),
        pa.py_buffer(_SMALL[raw[keep]]),
        valid,
    )
    return pl.Series(column.name, made, dtype=pl.String)
