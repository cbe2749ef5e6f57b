"""Every table, column, file and record that holds a value."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from huntkit.core.errors import UsageError
from huntkit.core.progress import Progress
from huntkit.sources.local.catalog import INTERNAL, Input, Table
from huntkit.sources.local.parts import time_column

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


def values_of(value: str | int | Path | Sequence[str]) -> list[str]:
    """The values to look for: one, several, or the lines of a file given as a path.

    Blank lines and lines that start with ``#`` do not count.
    """
    if isinstance(value, Path):
        try:
            lines = value.read_text(encoding="utf-8-sig", errors="replace").splitlines()
        except OSError as failure:
            raise UsageError(f"the list {str(value)!r} can't be read: {failure.strerror}") from None
        found = [line.strip() for line in lines if not line.lstrip().startswith("#")]
    elif isinstance(value, str | int):
        found = [str(value)]
    else:
        found = [str(each) for each in value]
    found = list(dict.fromkeys(each for each in found if each.strip()))
    if not found:
        raise UsageError("there is no value to search for")
    return found


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
                    rows = _matching_rows(file, values, left + 1)
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
    conditions = {}
    for name, dtype in schema.items():
        if name in INTERNAL:
            continue
        if dtype == pl.String:
            conditions[name] = _contains(pl.col(name), values)
        elif dtype.is_integer() and numbers:
            conditions[name] = pl.col(name).cast(pl.Int64, strict=False).is_in(numbers)
    return conditions


def _contains(column: pl.Expr, values: list[str]) -> pl.Expr:
    if all(value.isascii() for value in values):
        return column.str.contains_any(values, ascii_case_insensitive=True)
    return column.str.to_lowercase().str.contains_any([value.lower() for value in values])


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
                pl.col(name).cast(pl.String).alias("Text"),
                file.alias("_file"),
                pl.col("_record").cast(pl.Int64),
            )
        )
    return _name_values(pl.concat(pieces), values) if pieces else pl.DataFrame(schema=SCHEMA)


def _name_values(hits: pl.DataFrame, values: list[str]) -> pl.DataFrame:
    """One row for each value that a text holds, with the text around it."""
    lowered = pl.col("Text").str.to_lowercase()
    pieces = []
    for value in values:
        place = lowered.str.find(value.lower(), literal=True)
        start = (place.cast(pl.Int64) - AROUND).clip(0)
        shown = pl.col("Text").str.slice(_characters(start), 2 * AROUND + len(value))
        pieces.append(
            hits.filter(place.is_not_null()).with_columns(
                pl.lit(value).alias("Value"), shown.alias("Text")
            )
        )
    return pl.concat(pieces).select(*SCHEMA)


def _characters(start: pl.Expr) -> pl.Expr:
    """Byte offsets as character offsets: near enough, and never behind the hit."""
    ratio = pl.col("Text").str.len_chars() / pl.col("Text").str.len_bytes()
    return (start.cast(pl.Float64) * ratio).floor().cast(pl.Int64)


def _is_integer(value: str) -> bool:
    return value.lstrip("-").isdecimal() and len(value) <= 18
