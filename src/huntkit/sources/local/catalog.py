"""Which tables the evidence has, and from which parts each comes.

Most tables are read straight from the sources' parts. Some are written once more ("packed"),
with the path of every row: those whose rows must be merged over all files (one row per process
start), those that come from many files, and those with columns that differ only in case, which
the query engine can't tell apart.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import polars as pl

from huntkit.sources.local import schemas
from huntkit.sources.local.cache import Cache
from huntkit.sources.local.intake import Source
from huntkit.sources.local.manifest import Manifest, Part
from huntkit.sources.local.mapping import merge_table
from huntkit.sources.local.parts import stack, write_part

MAX_INPUTS = 24  # of more sources than this, the small ones are packed
SMALL_ROWS = 50_000
GROUP_ROWS = 500_000  # rows that are packed at once
OWN = ("_file", "_record")  # every table ends with these
INTERNAL = {"_member", "_origin", *OWN}
WHERE_FROM = frozenset({*INTERNAL, "_merged_file", "_merged_record", "_merged_records"})


_Given = tuple[Source, Part]


@dataclass(frozen=True, slots=True)
class Input:
    """Parts of one table that share a path."""

    files: tuple[Path, ...]
    path: str | None  # None: the rows carry `_file`
    columns: frozenset[str]  # physical names


@dataclass(slots=True)
class Table:
    """One table of the evidence."""

    name: str
    inputs: list[Input] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)  # physical name -> KQL type
    names: dict[str, str] = field(default_factory=dict)  # physical name -> its own, where differing
    rows: int = 0
    first: str = ""
    last: str = ""
    hosts: set[str] = field(default_factory=set)

    def take(self, part: Part) -> None:
        """Count a part's rows."""
        self.rows += part.rows
        self.first = min(filter(None, (self.first, part.first)), default="")
        self.last = max(self.last, part.last)
        self.hosts.update(part.hosts)


def build(sources: list[Source], cache: Cache) -> dict[str, Table]:
    """The tables of some sources, by name."""
    by_name: dict[str, list[_Given]] = defaultdict(list)
    for source in sources:
        for part in source.manifest.parts:
            by_name[part.table].append((source, part))
    return {name: _table(name, by_name[name], cache) for name in sorted(by_name)}


def _table(name: str, given: list[_Given], cache: Cache) -> Table:
    held = [each for each in given if each[1].held]
    plain = [each for each in given if not each[1].held]
    if held and not _needs_merge(name, held):
        plain, held = given, []
    small, rest = _to_pack(name, plain)
    table = Table(name)
    for chosen, merge in ((held, True), (small, False)):
        if chosen:
            manifest = _pack(name, chosen, cache, merge=merge)
            _add_input(table, manifest.folder, manifest.parts, path=None)
    for source, parts in _by_source(rest):
        _add_input(table, source.manifest.folder, parts, path=source.name)
    known = empty_table(name)
    table.types = {**known.types, **table.types}
    table.names.update(known.names)
    return table


def empty_table(name: str) -> Table:
    """A table with the columns of its known schema, if it has one, and no rows."""
    types = schemas.known(name) or {}
    names = schemas.stored_names(name, ())
    return Table(
        name,
        types={names[own]: kql for own, kql in types.items()},
        names={physical: own for own, physical in names.items() if physical != own},
    )


def _needs_merge(name: str, held: list[_Given]) -> bool:
    """Process starts and logons are merged only where two kinds of records tell of them."""
    if name not in ("DeviceProcessEvents", "DeviceLogonEvents"):
        return True
    origins = {origin for _, part in held for origin in part.origins}
    return len(origins) > 1 or "osquery" in origins  # which lists a session again and again


def _to_pack(name: str, given: list[_Given]) -> tuple[list[_Given], list[_Given]]:
    """Which parts to write once more, and the rest.

    All on a clash of names, the small ones of many sources.
    """
    names = schemas.stored_names(name, _own_columns(given))
    if any(names[part.own(each)] != each for _, part in given for each in part.columns):
        return given, []
    if len({id(source) for source, _ in given}) <= MAX_INPUTS:
        return [], given
    small = [each for each in given if each[1].rows < SMALL_ROWS]
    return small, [each for each in given if each[1].rows >= SMALL_ROWS]


def _own_columns(given: list[_Given]) -> list[str]:
    return list(dict.fromkeys(part.own(each) for _, part in given for each in part.columns))


def _by_source(given: list[_Given]) -> list[tuple[Source, list[Part]]]:
    grouped: dict[int, tuple[Source, list[Part]]] = {}
    for source, part in given:
        grouped.setdefault(id(source), (source, []))[1].append(part)
    return list(grouped.values())


def _add_input(table: Table, folder: Path, parts: list[Part], path: str | None) -> None:
    columns: set[str] = set()
    for part in parts:
        table.take(part)
        for column, kql in part.columns.items():
            columns.add(column)
            if column not in INTERNAL:
                known = table.types.setdefault(column, kql)
                if known != kql:
                    table.types[column] = _common(known, kql)
        table.names.update(part.names)
    files = tuple(folder / part.file for part in parts)
    table.inputs.append(Input(files, path, frozenset(columns)))


def _common(one: str, other: str) -> str:
    numbers = {"int", "long", "real"}
    if {one, other} <= numbers:
        return "real" if "real" in (one, other) else "long"
    return "string"


def _pack(name: str, given: list[_Given], cache: Cache, *, merge: bool) -> Manifest:
    """Rows of many parts together, kept in the cache."""
    facts = [
        [source.name, source.manifest.sha256, source.manifest.folder.name, part.file]
        for source, part in given
    ]
    key = hashlib.sha256(orjson.dumps([name, merge, facts])).hexdigest()
    if kept := cache.load(key):
        return kept
    renamed = schemas.stored_names(name, [*_own_columns(given), "_file"])
    folder = cache.work_folder()
    parts = []
    for number, group in enumerate([given] if merge else _groups(given)):
        rows = _read(group)
        if merge:
            rows = merge_table(name, rows)
            renamed = schemas.stored_names(name, rows.columns)
        part = write_part(rows, folder / f"{number:05d}.parquet", table=name, stored=renamed)
        if not merge:  # they were told with the zone in mind
            part.first = min((p.first for _, p in group if p.first), default="")
            part.last = max(p.last for _, p in group)
        parts.append(part)
    return cache.keep(Manifest(key, 0, [], parts, folder))


def _groups(given: list[_Given]) -> Iterator[list[_Given]]:
    """Runs of parts that fit in memory together."""
    group: list[_Given] = []
    rows = 0
    for each in given:
        if group and rows + each[1].rows > GROUP_ROWS:
            yield group
            group, rows = [], 0
        group.append(each)
        rows += each[1].rows
    yield group


def _read(given: list[_Given]) -> pl.DataFrame:
    frames = [
        pl.read_parquet(source.manifest.folder / part.file)
        .rename(part.names)
        .with_columns((pl.lit(source.name) + pl.col("_member")).alias("_file"))
        for source, part in given
    ]
    return stack(frames).drop("_member")
