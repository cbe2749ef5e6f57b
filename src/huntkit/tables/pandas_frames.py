"""The pandas side of the frame border; with ``accessors`` the only place that imports pandas."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from huntkit.tables.values import from_objects

_ARROW_KNOWS = (
    pd.arrays.ArrowExtensionArray,
    pd.arrays.BooleanArray,
    pd.arrays.FloatingArray,
    pd.arrays.IntegerArray,
)


def from_pandas(frame: pd.DataFrame, names: list[str]) -> pl.DataFrame:
    """A Polars frame with the columns of `frame` under `names`; shares no memory with it."""
    # A dict, because a list of columns gives one whose name is empty another name.
    return pl.DataFrame(
        {name: _to_series(frame.iloc[:, place], "column") for place, name in enumerate(names)}
    )


def to_pandas(frame: pl.DataFrame) -> pd.DataFrame:
    """A pandas frame: integers with nulls are nullable, times are aware, lists are lists."""
    # Under a plain name: Polars takes some of the caller's for patterns.
    columns = {name: _to_pandas_series(frame[name].alias("column")) for name in frame.columns}
    return pd.DataFrame(columns, index=pd.RangeIndex(frame.height))


def index_values(frame: pd.DataFrame, rows: pl.Series) -> pd.Series:
    """The index values of `frame` at the positions `rows`; null stays null."""
    if rows.null_count() == 0:
        return pd.Series(frame.index.take(rows.to_numpy()).to_numpy())
    labels = frame.index.tolist()
    return pd.Series([None if row is None else labels[row] for row in rows], dtype=object)


def put_back(
    out: pd.DataFrame, original: pd.DataFrame, unchanged: dict[str, int], *, keep_index: bool
) -> pd.DataFrame:
    """`out` with the columns named in `unchanged` as they were in `original`, by position."""
    for name, place in unchanged.items():
        column = original.iloc[:, place].copy()
        column.index = out.index
        out[name] = column
    if keep_index:
        out.index = original.index.copy()
    return out


def relabel(out: pd.DataFrame, labels: dict[str, Any]) -> pd.DataFrame:
    """`out` with the caller's own column labels, which need not be text."""
    given = [labels.get(name, name) for name in out.columns]
    if any(not isinstance(label, str) for label in given):
        out.columns = pd.Index(given, tupleize_cols=False)
    return out


def _to_series(column: "pd.Series[Any]", name: str) -> pl.Series:
    dtype = column.dtype
    if isinstance(dtype, np.dtype):
        return _from_numpy(column, name, dtype)
    if isinstance(dtype, pd.DatetimeTZDtype):
        utc = column.dt.tz_convert("UTC").dt.tz_localize(None)
        times = utc.to_numpy().astype("datetime64[us]", copy=True)
        return pl.Series(name, times).dt.replace_time_zone("UTC")
    if isinstance(dtype, pd.CategoricalDtype | pd.SparseDtype):
        return from_objects(name, column.astype(object).tolist())
    if isinstance(column.array, _ARROW_KNOWS) or isinstance(dtype, pd.StringDtype):
        converted = _by_arrow(column, name)
        if converted is not None:
            return converted
    return from_objects(name, column.astype(object).tolist())


def _from_numpy(column: "pd.Series[Any]", name: str, dtype: "np.dtype[Any]") -> pl.Series:
    # Copied each time: Polars would share the memory, and see what the caller does to it later.
    match dtype.kind:
        case "b" | "i" | "u":
            return pl.Series(name, column.to_numpy().astype(dtype.newbyteorder("="), copy=True))
        case "f":
            wide = np.float32 if dtype.itemsize <= 4 else np.float64
            return pl.Series(name, column.to_numpy().astype(wide, copy=True), nan_to_null=True)
        case "M":
            times = column.to_numpy().astype("datetime64[us]", copy=True)
            return pl.Series(name, times).dt.replace_time_zone("UTC")
        case "m":
            return pl.Series(name, column.to_numpy().astype("timedelta64[us]", copy=True))
    return from_objects(name, column.tolist())


def _by_arrow(column: "pd.Series[Any]", name: str) -> pl.Series | None:
    try:
        array = pa.array(column.array.copy(), from_pandas=True)
        series = pl.from_arrow(array)
    except (pa.ArrowException, pl.exceptions.PolarsError, ValueError, TypeError, OverflowError):
        return None
    return series.rename(name) if isinstance(series, pl.Series) else None


def _to_pandas_series(column: pl.Series) -> "pd.Series[Any]":
    dtype = column.dtype
    has_nulls = column.null_count() > 0
    if dtype == pl.String:
        return pd.Series(column.to_arrow(compat_level=pl.CompatLevel.oldest()).to_pandas())
    if dtype == pl.Boolean:
        mask = column.is_null().to_numpy(writable=True)
        values = column.fill_null(value=False).to_numpy(writable=True)
        return pd.Series(pd.arrays.BooleanArray(values, mask) if has_nulls else values)
    if dtype.is_integer() and dtype not in (pl.Int128, pl.UInt128):
        mask = column.is_null().to_numpy(writable=True)
        values = column.fill_null(0).to_numpy(writable=True)
        return pd.Series(pd.arrays.IntegerArray(values, mask) if has_nulls else values)
    if dtype in (pl.Float32, pl.Float64):
        return pd.Series(column.to_numpy(writable=True))
    if isinstance(dtype, pl.Datetime):
        times = column.dt.replace_time_zone(None).to_numpy(writable=True)
        return pd.Series(times).dt.tz_localize("UTC")
    if isinstance(dtype, pl.Duration):
        return pd.Series(column.to_numpy(writable=True))
    return pd.Series(column.to_list(), dtype=object)
