"""A table as the Logs Ingestion API wants it: checked against the stream, as JSON in chunks.

Limits and types: Microsoft's "Azure Monitor service limits" and "Structure of a data collection
rule". What the service would cut or drop without a word is refused here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import polars as pl

from huntkit.core.errors import UnknownColumn, UsageError, did_you_mean
from huntkit.tables.times import parse_times, unread

MOST_BYTES: Final = 1_000_000
"""Of one call, before compression."""

LONGEST_FIELD: Final = 64 * 1024
TIME: Final = "TimeGenerated"

_TYPES: Final = ("string", "int", "long", "real", "boolean", "datetime", "dynamic", "guid")
_PAST: Final = timedelta(days=2)
_FUTURE: Final = timedelta(days=1)
_SLICE: Final = 2_000
_INT: Final = 1 << 31
_LONG: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that go in one call: from `first`, and how large they are as JSON."""

    first: int
    rows: int
    size_bytes: int


def columns_of(table: pl.DataFrame) -> dict[str, str]:
    """The columns of a table with the types that a stream would declare for them.

    Examples:
        >>> columns_of(pl.DataFrame({"Computer": ["ws1"], "EventID": [1], "Score": [0.5]}))
        {'Computer': 'string', 'EventID': 'long', 'Score': 'real'}
    """
    return {name: _type_of(name, dtype) for name, dtype in table.schema.items()}


def checked(
    table: pl.DataFrame, declared: Mapping[str, str] | None, *, now: datetime, old_times: bool
) -> pl.DataFrame:
    """The table with the values that are sent: times as ISO 8601 in UTC, JSON text marked.

    Raises:
        UsageError: a column or value that the stream can't hold, or that the service would change;
            all faults at once.
    """
    faults: list[str] = []
    if declared is not None:
        _check_names(table, declared)
    if table.width == 0:
        raise UsageError("the table has no columns")
    for place, name in enumerate(table.columns):
        if not name.strip():
            raise UsageError(f"column {place} has no name", hint="name it, or leave it out")
    types = declared or columns_of(table)
    sent = []
    for column in table.get_columns():
        try:
            sent.append(_as(column, types[column.name]))
        except UsageError as problem:
            faults.append(str(problem))
    faults += _too_long(table)
    if not old_times:
        faults += _not_kept(table, now)
    if faults:
        raise UsageError("; ".join(faults), context={"faults": faults})
    return pl.DataFrame(sent)


def planned(table: pl.DataFrame, dynamic: frozenset[str]) -> list[Chunk]:
    """How the rows are put into calls.

    Raises:
        UsageError: a row that is larger than a call.
    """
    chunks, first, rows, size = [], 0, 0, 2  # the brackets
    for number, line in enumerate(_lines(table, dynamic)):
        more = len(line) + 1
        if more + 2 > MOST_BYTES:
            raise UsageError(
                f"row {number} has {len(line):,} bytes as JSON; one call takes {MOST_BYTES:,}",
                hint="leave out or shorten its longest column",
            )
        if size + more > MOST_BYTES:
            chunks.append(Chunk(first, rows, size))
            first, rows, size = number, 0, 2
        rows, size = rows + 1, size + more
    return [*chunks, Chunk(first, rows, size)] if rows else chunks


def body(table: pl.DataFrame, chunk: Chunk, dynamic: frozenset[str]) -> bytes:
    """The rows of a chunk as JSON; what is null is left out."""
    lines = _lines(table.slice(chunk.first, chunk.rows), dynamic)
    return b"[" + b",".join(lines) + b"]"


def json_text(table: pl.DataFrame, declared: Mapping[str, str] | None) -> frozenset[str]:
    """Columns whose text may be JSON, which is then sent as what it says."""
    types = declared or {}
    return frozenset(
        name
        for name, dtype in table.schema.items()
        if dtype == pl.String and types.get(name) == "dynamic"
    )


def _lines(table: pl.DataFrame, dynamic: frozenset[str]) -> Iterator[bytes]:
    for part in table.iter_slices(_SLICE):
        for row in part.iter_rows(named=True):
            kept = {name: value for name, value in row.items() if value is not None}
            for name in dynamic & kept.keys():
                kept[name] = _opened(kept[name])
            try:
                yield orjson.dumps(kept, option=orjson.OPT_UTC_Z)
            except orjson.JSONEncodeError as problem:
                raise UsageError(f"a nested value is no JSON: {problem}") from None


def _opened(text: str) -> Any:
    """JSON text of an object or list as what it says, to the last digit; other text as text."""
    if text[:1] in ("{", "["):
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError:
            return text
        return orjson.Fragment(text)
    return text


def _check_names(table: pl.DataFrame, declared: Mapping[str, str]) -> None:
    for name, kind in declared.items():
        if kind not in _TYPES:
            raise UsageError(
                f"column {name!r}: there is no type {kind!r}",
                hint=did_you_mean(kind, _TYPES) or f"one of {', '.join(_TYPES)}",
            )
    for name in table.columns:
        if name not in declared:
            near = did_you_mean(name, declared)
            hint = "the service drops what the stream does not declare: leave it out, or add it"
            raise UnknownColumn(name, declared, hint=f"{near} {hint}".strip())
    if TIME in declared and TIME not in table.columns:
        raise UnknownColumn(TIME, table.columns, hint="the stream needs the time of each row")


def _type_of(name: str, dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Datetime | pl.Date):
        return "datetime"
    if dtype.is_integer():
        return "long"
    if dtype.is_float():
        return "real"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        return "string"
    if isinstance(dtype, pl.List | pl.Array | pl.Struct):
        return "dynamic"
    raise UsageError(f"column {name!r}: {dtype} can't be sent", hint="make it text or a number")


def _as(column: pl.Series, kind: str) -> pl.Series:
    """The column as JSON values of that type.

    Raises:
        UsageError: it holds something else.
    """
    dtype, name = column.dtype, column.name
    if dtype == pl.Null:
        return column
    held = _type_of(name, dtype)
    if kind == "datetime":
        return _times(column, held)
    if kind in ("string", "guid") and held == "string":
        return column.cast(pl.String)
    if kind in ("int", "long") and held == "long":
        bound = _INT if kind == "int" else _LONG
        low: Any = column.min()
        high: Any = column.max()
        if low is not None and not -bound <= low <= high < bound:
            raise UsageError(f"column {name!r}: {kind} does not hold {low} to {high}")
        return column
    if kind == "real" and held in ("real", "long"):
        endless = int(column.is_infinite().sum() or 0) if held == "real" else 0
        if endless:
            raise UsageError(f"column {name!r}: JSON has no infinity ({endless:,} rows)")
        return column.fill_nan(None) if held == "real" else column
    if kind == "boolean" and held == "boolean":
        return column
    if kind == "dynamic":
        return _times(column, held) if held == "datetime" else column
    raise UsageError(f"column {name!r} is declared as {kind}, and holds {dtype}")


def _times(column: pl.Series, held: str) -> pl.Series:
    if held not in ("datetime", "string"):
        raise UsageError(f"column {column.name!r} is declared as datetime, and holds numbers")
    moments = parse_times(column)
    bad = unread(column, moments)
    if bad:
        raise UsageError(f"column {column.name!r}: {bad:,} texts are no time")
    return moments.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").alias(column.name)


def _too_long(table: pl.DataFrame) -> Iterator[str]:
    for column in table.get_columns():
        if column.dtype != pl.String:
            continue
        long = (column.str.len_bytes() > LONGEST_FIELD).fill_null(value=False)
        if found := int(long.sum()):
            first = long.arg_max()
            yield (
                f"column {column.name!r}: {found:,} values are longer than 64 KiB, which the "
                f"service would cut off (the first in row {first})"
            )


def _not_kept(table: pl.DataFrame, now: datetime) -> Iterator[str]:
    """Times that the service replaces by the time at which it gets the row."""
    if TIME not in table.columns:
        return
    moments = parse_times(table[TIME])
    kept = moments.is_between(now - _PAST, now + _FUTURE)
    if replaced := int((~kept).sum() or 0):
        yield (
            f"{TIME}: {replaced:,} rows are older than two days or in the future, and the service "
            "would put its own time there; keep theirs in another column too, and say "
            "old_times=True"
        )
