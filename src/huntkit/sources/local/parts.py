"""Rows of many tables, written to Parquet parts as they come, in bounded memory."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import polars.selectors as cs
import pyarrow.parquet as pq

from huntkit.sources.local import schemas
from huntkit.sources.local.manifest import Part, crc_of
from huntkit.sources.local.mapping.hosts import host_column
from huntkit.sources.local.mapping.series import in_range
from huntkit.tables import roles
from huntkit.tables.times import parse_times

PART_BYTES = 24 << 20  # a table's buffered rows are written beyond this size
BUFFER_BYTES = 64 << 20  # all tables' together
HOSTS_KEPT = 1000  # host names that a part remembers
ROW_GROUP = 50_000
_LOOK = 500  # values that tell whether a column repeats itself
# Long texts that differ from row to row: a dictionary is of no use.
LONG_TEXTS = frozenset({"EventData", "RenderedDescription", "AdditionalFields", "_extra"})

# Rows that are looked at once more when all files are read (mapping.merge_table): where a frame
# has the column, those that the condition picks.
HELD: Mapping[str, tuple[str, pl.Expr]] = {
    "DeviceProcessEvents": ("_origin", pl.lit(value=True)),
    "DeviceLogonEvents": ("_origin", pl.lit(value=True)),
    "DeviceEvents": ("_script_parts", (pl.col("_script_parts") > 1).fill_null(value=False)),
}

# Numbers in a column that is called "time" may be anything else: seconds of an uptime, for one.
_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_ENOUGH = 0.9

_KQL_OF = {
    pl.String: "string",
    pl.Boolean: "bool",
    pl.Float32: "real",
    pl.Float64: "real",
    pl.Datetime: "datetime",
    pl.Date: "datetime",
    pl.Duration: "timespan",
    pl.Int8: "int",
    pl.Int16: "int",
    pl.Int32: "int",
}


class PartWriter:
    """Take frames of any table, write Parquet parts into ``folder``.

    Args:
        folder: where the parts go.
        prefix: starts every file's name, so that several writers can share the folder.
        zone: the assumed zone of times that carry none.
    """

    def __init__(self, folder: Path, *, prefix: str = "", zone: str | None = None) -> None:
        self._folder = folder
        self._prefix = prefix
        self._zone = zone
        self._frames: dict[tuple[str, bool], list[pl.DataFrame]] = defaultdict(list)
        self._bytes: dict[tuple[str, bool], int] = defaultdict(int)
        self.parts: list[Part] = []

    def add(self, table: str, rows: pl.DataFrame, *, member: str) -> None:
        """Take rows of a table that came out of one member."""
        rows = rows.with_columns(pl.lit(member, dtype=pl.String).alias("_member"))
        column, condition = HELD.get(table, ("", pl.lit(value=False)))
        if column not in rows.columns:
            self._take((table, False), rows)
            return
        held = rows.filter(condition)
        if held.height:
            self._take((table, True), held)
        if held.height < rows.height:
            self._take((table, False), rows.filter(~condition))

    def close(self) -> list[Part]:
        """Write what is left; every part so far."""
        for key in list(self._frames):
            self._write(key)
        return self.parts

    def _take(self, key: tuple[str, bool], rows: pl.DataFrame) -> None:
        self._frames[key].append(rows)
        self._bytes[key] += int(rows.estimated_size())
        if self._bytes[key] > PART_BYTES:
            self._write(key)
        elif sum(self._bytes.values()) > BUFFER_BYTES:
            self._write(max(self._bytes, key=self._bytes.__getitem__))

    def _write(self, key: tuple[str, bool]) -> None:
        frames = self._frames.pop(key)
        self._bytes.pop(key)
        table, held = key
        rows = stack(frames)
        path = self._folder / f"{self._prefix}{len(self.parts):05d}.parquet"
        stored = schemas.stored_names(table, rows.columns)
        part = write_part(rows, path, table=table, stored=stored, held=held, zone=self._zone)
        self.parts.append(part)


def write_part(
    rows: pl.DataFrame,
    path: Path,
    *,
    table: str,
    stored: Mapping[str, str],
    held: bool = False,
    zone: str | None = None,
) -> Part:
    """Write rows of a table, and say what they are.

    ``stored`` gives a name that no other column has in another case: the query engine could not
    tell them apart. Times beyond the years 1 to 9999, as a zone makes of their ends, are null:
    no engine could give them back.
    """
    rows = rows.with_columns(
        in_range(rows[name].alias("")).alias(name)  # Polars takes some names for patterns
        for name, kind in rows.schema.items()
        if isinstance(kind, pl.Datetime)
    )
    part = describe(rows, table=table, file=path.name, held=held, zone=zone)
    renamed = {own: stored[own] for own in rows.columns if stored.get(own, own) != own}
    write_parquet(rows.rename(renamed), path)
    part.crc = crc_of(path)
    part.columns = {renamed.get(column, column): kql for column, kql in part.columns.items()}
    part.names = {new: own for own, new in renamed.items()}
    return part


def write_parquet(rows: pl.DataFrame, path: Path) -> None:
    """One Parquet file, small and quick: log text repeats, so light zstd beats lz4 at both."""
    table = rows.to_arrow(compat_level=pl.CompatLevel.newest())
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=1,
        row_group_size=ROW_GROUP,
        use_dictionary=[each.name for each in rows.iter_columns() if _repeats(each)],
        write_statistics=[name for name, kind in rows.schema.items() if kind != pl.String],
    )


def _repeats(column: pl.Series) -> bool:
    """A text column whose first values tell that a dictionary is worth its making."""
    if column.dtype != pl.String or column.name in LONG_TEXTS:
        return False
    first = column.head(_LOOK)
    return first.n_unique() <= len(first) // 2


def stack(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Frames of one table over one another; a column of two types becomes text."""
    if len(frames) == 1:
        return frames[0]
    types: dict[str, set[pl.DataType]] = defaultdict(set)
    for frame in frames:
        for name, dtype in frame.schema.items():
            types[name].add(dtype)
    numeric = {
        name for name, seen in types.items() if len(seen) > 1 and all(t.is_numeric() for t in seen)
    }
    mixed = {
        name for name, seen in types.items() if len(seen - {pl.Null()}) > 1 and name not in numeric
    }
    if mixed:
        frames = [_as_text(frame, mixed) for frame in frames]
    return pl.concat(frames, how="diagonal_relaxed", rechunk=False)


def _as_text(frame: pl.DataFrame, names: set[str]) -> pl.DataFrame:
    there = [name for name in frame.columns if name in names]
    return frame.with_columns(cs.by_name(there).cast(pl.String, strict=False))


def describe(
    rows: pl.DataFrame, *, table: str, file: str, held: bool = False, zone: str | None = None
) -> Part:
    """What a part holds: rows, first and last time, hosts, column types."""
    known = schemas.known(table) or {}
    first, last = _time_range(rows, zone)
    origins = rows["_origin"].unique().drop_nulls().to_list() if "_origin" in rows.columns else []
    return Part(
        table=table,
        file=file,
        rows=rows.height,
        first=first,
        last=last,
        hosts=_hosts(table, rows),
        columns={name: known.get(name) or kql_type(dtype) for name, dtype in rows.schema.items()},
        held=held,
        origins=sorted(map(str, origins)),
    )


def kql_type(dtype: pl.DataType) -> str:
    """The KQL type of a column whose table has no known schema."""
    return _KQL_OF.get(dtype.base_type(), "long" if dtype.is_integer() else "string")


def _time_range(rows: pl.DataFrame, zone: str | None) -> tuple[str, str]:
    name = time_column(rows.columns)
    if name is None:
        return "", ""
    column = rows[name]
    if not isinstance(column.dtype, pl.Datetime):
        column = _read_times(column, zone)
    first, last = column.min(), column.max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return "", ""
    return first.isoformat(), last.isoformat()


def _read_times(column: pl.Series, zone: str | None) -> pl.Series:
    """A column of numbers or texts as times, if nearly all are; else nulls."""
    times = parse_times(column, assume_timezone=zone, day_first=False)  # rows are marked
    times = times.set(~times.is_between(_EARLIEST, _LATEST).fill_null(value=False), None)
    said = column.filter(column.is_not_null())
    if column.dtype == pl.String:
        said = said.filter(said.str.strip_chars() != "")
    read = len(times) - times.null_count()
    return times if read and read >= _ENOUGH * len(said) else times.clear(len(times))


def time_column(columns: list[str]) -> str | None:
    """The column with the event's time."""
    for name in ("TimeGenerated", "Timestamp"):
        if name in columns:
            return name
    return roles.resolve(columns, "time")


def _hosts(table: str, rows: pl.DataFrame) -> list[str]:
    name = host_column(table, rows.columns)
    if name is None or rows.schema[name] != pl.String:
        return []
    hosts = rows[name].unique().drop_nulls()
    return sorted(host for host in hosts.to_list() if host)[:HOSTS_KEPT]
