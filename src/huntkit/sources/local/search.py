"""Every table, column, file and record that holds a value."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl
import polars.selectors as cs

from huntkit.core.errors import UsageError
from huntkit.core.progress import Progress
from huntkit.formats.streams import as_utf8
from huntkit.sources.local.cache import removed
from huntkit.sources.local.catalog import WHERE_FROM, Input, Table
from huntkit.sources.local.parts import time_column

_INTEGER = re.compile(r"-?[0-9]{1,19}\Z")
_REAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?\Z")
_IS_NUMBER = "_is_number"
AROUND = 80  # characters shown on each side of a hit
SCHEMA: dict[str, pl.DataType] = {
    "Value": pl.String(),
    "Table": pl.String(),
    "Column": pl.String(),
    "TimeGenerated": pl.Datetime("us", "UTC"),
    "Text": pl.String(),
    "_file": pl.String(),
    "_record": pl.Int64(),
}


def values_of(value: object) -> list[str]:
    """The values to look for: one, several, or the lines of a file given as a path.

    Blank lines and lines that start with ``#`` do not count.
    """
    if isinstance(value, Path):
        found = [line.strip() for line in _lines(value) if not line.lstrip().startswith("#")]
    elif isinstance(value, str | int | float):
        found = [str(value)]
    elif isinstance(value, bytes) or not isinstance(value, Iterable):
        raise UsageError(
            f"{value!r} can't be searched for",
            hint="give a text, a number, a list of these, or the Path of a file with one a line",
        )
    else:
        found = [str(each) for each in value if each is not None]
    found = list(dict.fromkeys(each for each in found if each.strip()))
    if not found:
        raise UsageError("there is no value to search for")
    return found


def _lines(path: Path) -> list[str]:
    """A text file's lines, in whatever encoding it was saved (Windows likes UTF-16)."""
    try:
        with path.open("rb") as stream:
            text = as_utf8(stream).read()
    except OSError as failure:
        reason = failure.strerror or str(failure)
        raise UsageError(f"the list {str(path)!r} can't be read: {reason}") from None
    return text.decode("utf-8-sig", errors="replace").splitlines()


def search(
    tables: Sequence[Table], values: list[str], *, limit: int, progress: Progress
) -> tuple[pl.DataFrame, bool]:
    """The hits, and whether there were more than ``limit``.

    Text columns are searched for the values as part of the text, without regard to case; number
    columns for the whole value.
    """
    found: list[pl.DataFrame] = []
    left = limit
    with progress.task("searching", total=sum(table.rows for table in tables)) as task:
        for table in tables:
            for given in table.inputs:
                for file in given.files:
                    task.check_cancelled()
                    rows = _read(file, values, left + 1)
                    hits = _hits(rows, values, table, given)
                    found.append(hits.head(left))
                    if hits.height > left or rows.height > left:
                        return _together(found), True
                    left -= hits.height
            task.advance(table.rows)
    return _together(found), False


def _together(found: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=SCHEMA), *found])


def _conditions(schema: pl.Schema, values: list[str]) -> dict[str, pl.Expr]:
    numbers = [int(value) for value in values if _is_integer(value)]
    reals = [float(value) for value in values if _REAL.match(value)]
    conditions = {}
    for name, dtype in schema.items():
        if name in WHERE_FROM:
            continue
        column = cs.by_name(name).as_expr()  # ``pl.col`` takes ``^a$`` for a pattern
        if dtype == pl.String:
            conditions[name] = _contains(column, values)
        elif dtype.is_integer() and numbers:
            conditions[name] = column.cast(pl.Int64, strict=False).is_in(numbers)
        elif dtype.is_float() and reals:
            conditions[name] = column.is_in(reals)
    return conditions


def _contains(column: pl.Expr, values: list[str]) -> pl.Expr:
    if all(value.isascii() for value in values):
        return column.str.contains_any(values, ascii_case_insensitive=True)
    return column.str.to_lowercase().str.contains_any([value.lower() for value in values])


def _read(file: Path, values: list[str], limit: int) -> pl.DataFrame:
    try:
        return _matching_rows(file, values, limit)
    except OSError as failure:
        raise removed() from failure


def _matching_rows(file: Path, values: list[str], limit: int) -> pl.DataFrame:
    scan = pl.scan_parquet(file)
    conditions = _conditions(scan.collect_schema(), values)
    if not conditions:
        return pl.DataFrame()
    return scan.filter(pl.any_horizontal(*conditions.values())).head(limit).collect()


def _hits(rows: pl.DataFrame, values: list[str], table: Table, given: Input) -> pl.DataFrame:
    if not rows.height:
        return pl.DataFrame(schema=SCHEMA)
    time = time_column(rows.columns)
    has_time = time is not None and isinstance(rows.schema[time], pl.Datetime)
    file = pl.col("_file") if given.path is None else pl.lit(given.path) + pl.col("_member")
    pieces = []
    for name, condition in _conditions(rows.schema, values).items():
        hits = rows.filter(condition)
        if not hits.height:
            continue
        pieces.append(
            hits.select(
                pl.lit(table.name).alias("Table"),
                pl.lit(table.names.get(name, name)).alias("Column"),
                (pl.col(time) if has_time and time else pl.lit(None))
                .cast(SCHEMA["TimeGenerated"])
                .alias("TimeGenerated"),
                cs.by_name(name).cast(pl.String).alias("Text"),
                file.alias("_file"),
                pl.col("_record").cast(pl.Int64),
                pl.lit(rows.schema[name] != pl.String).alias(_IS_NUMBER),
            )
        )
    return _name_values(pl.concat(pieces), values) if pieces else pl.DataFrame(schema=SCHEMA)


def _name_values(hits: pl.DataFrame, values: list[str]) -> pl.DataFrame:
    """One row for each value that a text holds or a number is, with the text around it."""
    is_number = pl.col(_IS_NUMBER)
    lowered = pl.col("Text").str.to_lowercase()
    pieces = []
    for value in values:
        place = lowered.str.find(value.lower(), literal=True)
        start = (place.cast(pl.Int64) - AROUND).clip(0)
        shown = pl.col("Text").str.slice(_characters(start), 2 * AROUND + len(value))
        found = pl.when(is_number).then(_equals(value)).otherwise(place.is_not_null())
        pieces.append(
            hits.filter(found).with_columns(pl.lit(value).alias("Value"), shown.alias("Text"))
        )
    return pl.concat(pieces).select(*SCHEMA)


def _equals(value: str) -> pl.Expr:
    """Whether a number's text is this value, however either is written."""
    text = pl.col("Text")
    if _is_integer(value):
        same = text == str(int(value))
        return same | (text.str.contains(r"[.eE]") & (_as_real(text) == float(value)))
    return _as_real(text) == float(value) if _REAL.match(value) else pl.lit(value=False)


def _as_real(text: pl.Expr) -> pl.Expr:
    return text.cast(pl.Float64, strict=False)


def _characters(start: pl.Expr) -> pl.Expr:
    """Byte offsets as character offsets: near enough, and never behind the hit."""
    ratio = pl.col("Text").str.len_chars() / pl.col("Text").str.len_bytes()
    return (start.cast(pl.Float64) * ratio).floor().cast(pl.Int64)


def _is_integer(value: str) -> bool:
    return _INTEGER.match(value) is not None and -(1 << 63) <= int(value) < 1 << 63
