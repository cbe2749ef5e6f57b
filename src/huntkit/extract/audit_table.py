"""Linux audit events as a table: one row each, fields typed, numbers named."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any

import polars as pl

from huntkit.formats.audit_names import architecture, syscall_name, user_name

Record = dict[str, Any]
Schema = dict[str, pl.DataType | type[pl.DataType]]

# What every result has, in this order; then comes what the lines hold.
_OWN: Schema = {
    "TimeGenerated": pl.Datetime("us", "UTC"),
    "Computer": pl.String,
    "EventType": pl.String,
    "EventTypes": pl.List(pl.String),
    "mssg_id": pl.String,
    "serial": pl.UInt64,
}
_NAMED: Schema = {
    "success": pl.String,
    "syscall": pl.String,
    "syscall_name": pl.String,
    "arch": pl.String,
    "pid": pl.Int64,
    "ppid": pl.Int64,
    "uid": pl.Int64,
    "user": pl.String,
    "auid": pl.Int64,
    "audit_user": pl.String,
    "euid": pl.Int64,
    "effective_user": pl.String,
    "tty": pl.String,
    "comm": pl.String,
    "exe": pl.String,
    "cmdline": pl.String,
    "argv": pl.List(pl.String),
    "cwd": pl.String,
    "paths": pl.List(pl.String),
}
_LAST: Schema = {"records": pl.String, "SourceIndex": pl.Int64}
EVENTS: Schema = {**_OWN, **_NAMED, **_LAST}
_INTEGERS = (
    "suid", "fsuid", "gid", "egid", "sgid", "fsgid", "ouid", "ogid", "ses", "items", "argc",
)  # fmt: skip
# The column of a name: the number's field, and the fields that auditd or auoms resolved.
_USERS = {
    "user": ("uid", "UID", "user"),
    "audit_user": ("auid", "AUID", "audit_user"),
    "effective_user": ("euid", "EUID", "effective_user"),
}
_LISTS = ("argv", "paths")
_MOST_COLUMNS = 400
_PART_EVENTS = 8_192
_RARE = 64
_BETWEEN = "\x1f"  # the unit separator: seldom in a text
_AT = " at"  # no field can have this name
_LAST_SECOND = 253_402_300_799  # of the year 9999, the last that Python's times know
_NO_SERIAL = 2**64
_STARTS = ("SYSCALL", "EXECVE")
_SPECIAL = frozenset({"PATH", "EXECVE"})


class _Heads:
    """What every event has, in lists: a container an event would keep the collector busy."""

    def __init__(self) -> None:
        self.nodes: list[str] = []
        self.times: list[str] = []
        self.serials: list[int] = []
        self.places: list[int] = []
        self.kinds: list[int] = []
        self.types: dict[tuple[str, ...], int] = {}


class _Shape:
    """Events that have the same fields: their places, and all values one behind the other."""

    def __init__(self) -> None:
        self.at: list[int] = []
        self.values: list[Any] = []


class EventTable:
    """Events, taken apart one by one while their lines are at hand, and the table of them all.

    Of several lines with a field of the same name the first one's value stands under its name,
    another one's under ``name_TYPE``; of several PATH lines the names are in ``paths``. With
    ``records`` all lines are in a column of that name, as they were read, so nothing is lost.
    """

    def __init__(self, *, users: Mapping[int, str] | None = None, records: bool = True) -> None:
        self._users = users or {}
        self._heads = _Heads()
        self._texts: list[str] | None = [] if records else None
        # Filled cells cost, empty ones do not.
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._known: dict[str, None] = {}
        self._parts: list[tuple[pl.DataFrame, pl.DataFrame]] = []

    def add(
        self, node: str, time: str, serial: int, place: int, records: Sequence[Record], text: str
    ) -> None:
        """Add an event of one or more lines; `place` is what the result says of its origin."""
        row, types = _flat(records)
        heads = self._heads
        at = len(heads.nodes)
        heads.nodes.append(node)
        heads.times.append(time)
        heads.serials.append(serial)
        heads.places.append(place)
        heads.kinds.append(heads.types.setdefault(types, len(heads.types)))
        if self._texts is not None:
            self._texts.append(text)
        names = tuple(row)
        shape = self._shapes.get(names)
        if shape is None:
            shape = self._shapes[names] = _Shape()
        shape.at.append(at)
        shape.values.extend(row.values())
        if at >= _PART_EVENTS:
            self._settle()

    def frame(self) -> pl.DataFrame:
        """One row for each event, with the columns `EVENTS` and one for each other field."""
        self._settle()
        own = pl.concat([own for own, _ in self._parts])
        fields = pl.concat([fields for _, fields in self._parts], how="diagonal")
        columns = own.get_columns()[: len(_OWN)]
        columns += _named_columns(fields, self._users)
        taken = {column.name for column in columns}
        for column in fields.get_columns():
            name = column.name
            if name in _OWN or name in _LAST:
                columns.append(_typed(column.alias(f"{name}_field")))
            elif name not in taken:
                columns.append(_typed(column))
        columns += own.get_columns()[len(_OWN) :]
        whole = pl.DataFrame({column.name: column for column in columns})
        in_order = whole["SourceIndex"].is_sorted()
        return whole if in_order else whole.sort("SourceIndex", maintain_order=True)

    def _settle(self) -> None:
        """Turn what was added into columns: they take a tenth of the room."""
        heads = self._heads
        if not heads.nodes and self._parts:
            return
        own = _own_columns(heads)
        if self._texts is not None:
            own.append(pl.Series("records", self._texts, dtype=pl.String))
            self._texts = []
        own.append(pl.Series("SourceIndex", heads.places, dtype=pl.Int64))
        self._parts.append((pl.DataFrame(own), self._fields()))
        self._heads, self._shapes = _Heads(), {}

    def _fields(self) -> pl.DataFrame:
        """The fields by name, a row for each event; no more than `_MOST_COLUMNS` in all."""
        known = self._known
        every = pl.Series(_AT, range(len(self._heads.nodes)), dtype=pl.UInt32)
        parts: list[pl.DataFrame] = [pl.DataFrame([every]).clear()]
        rare: list[Record] = []
        their: list[int] = []
        for names, shape in self._shapes.items():
            known.update(zip(names[: _MOST_COLUMNS - len(known)], repeat(None)))
            width = len(names)
            if len(shape.at) < _RARE:  # a frame of its own would cost more than it holds
                starts = range(0, len(shape.values), width)
                rows = (shape.values[start : start + width] for start in starts)
                rare += [dict(zip(names, row, strict=True)) for row in rows]
                their += shape.at
                continue
            wanted = [
                _raw(name, shape.values[place::width])
                for place, name in enumerate(names)
                if name in known
            ]
            parts.append(pl.DataFrame([*wanted, pl.Series(_AT, shape.at, dtype=pl.UInt32)]))
        parts.append(_sparse(their, rare, known))
        return pl.concat(parts, how="diagonal").sort(_AT).drop(_AT, "type", strict=False)


def _sparse(at: list[int], rows: list[Record], known: Iterable[str]) -> pl.DataFrame:
    """A frame of rows that have little in common."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = [_raw(name, [row.get(name) for row in rows]) for name in known if name in names]
    return pl.DataFrame([*columns, pl.Series(_AT, at, dtype=pl.UInt32)])


def _raw(name: str, values: Sequence[Any]) -> pl.Series:
    """Values as they were read: lists of arguments and of paths, else text."""
    if name not in _LISTS:
        return pl.Series(name, values, dtype=pl.String, strict=False)
    lists = [value if isinstance(value, list) else None for value in values]
    joined = [None if each is None else _BETWEEN.join(each) for each in lists]
    if any(
        text and text.count(_BETWEEN) >= len(its)
        for text, its in zip(joined, lists, strict=True)
        if its
    ):
        return pl.Series(name, lists, dtype=pl.List(pl.String))
    # Splitting texts is twenty times faster than building a column of lists.
    column = pl.Series(name, joined, dtype=pl.String).to_frame()
    empty = pl.Series([each == [] for each in lists], dtype=pl.Boolean)
    none = pl.lit([], dtype=pl.List(pl.String))
    split = pl.col(name).str.split(_BETWEEN)
    return column.select(pl.when(empty).then(none).otherwise(split).alias(name))[name]


def _flat(records: Sequence[Record]) -> tuple[Record, tuple[str, ...]]:
    """The fields of all lines of an event in one, and the types of its lines."""
    first = records[0]
    if len(records) == 1 and first["type"] not in _SPECIAL and "proctitle" not in first:
        return first, (first["type"],)
    types: list[str] = []
    paths: list[str] = []
    parts: list[tuple[str, Record]] = []
    for record in records:
        kind = record["type"]
        if kind == "PATH" and "name" in record:
            paths.append(record["name"])
        if kind not in types:
            types.append(kind)
        elif kind == "PATH":
            continue
        parts.append((kind, _arguments_joined(record) if kind == "EXECVE" else record))
    row = _merged(parts)
    if paths:
        row["paths"] = paths
    if "cmdline" not in row and row.get("proctitle"):
        row["cmdline"] = row["proctitle"]
    return row, tuple(types)


def _arguments_joined(record: Record) -> Record:
    argv = record["argv"]
    joined = {"type": "EXECVE", "argv": argv, "cmdline": " ".join(argv)}
    return {**joined, "argc": record["argc"]} if "argc" in record else joined


def _merged(parts: Sequence[tuple[str, Record]]) -> Record:
    """The fields of several lines; a value that differs from the first gets a name of its own."""
    row: Record = {}
    fields = 0
    for _, part in reversed(parts):
        row.update(part)
        fields += len(part)
    if fields - len(row) == len(parts) - 1:  # no two share more than their type
        return row
    row = {}
    for kind, part in parts:
        for name in sorted(row.keys() & part.keys()):
            if name != "type" and row[name] != part[name]:
                row.setdefault(f"{name}_{kind}", part[name])
        row = {**part, **row}
    return row


def _own_columns(heads: _Heads) -> list[pl.Series]:
    times = pl.Series("time", heads.times, dtype=pl.String)
    seconds = pl.DataFrame({"time": times.cast(pl.Float64, strict=False)}).select(
        pl.when(pl.col("time") <= _LAST_SECOND).then(pl.col("time"))
    )["time"]
    micros = (seconds * 1e6).round().cast(pl.Int64, strict=False)
    kinds = pl.Series(heads.kinds, dtype=pl.UInt32)
    names = ["SYSCALL_EXECVE" if set(_STARTS) <= set(its) else its[0] for its in heads.types]
    lists = pl.Series([list(its) for its in heads.types], dtype=pl.List(pl.String))
    serials = heads.serials
    if max(serials, default=0) < _NO_SERIAL:
        ids = pl.select(pl.format("{}:{}", times, pl.Series(serials, dtype=pl.UInt64))).to_series()
    else:  # more than a number of 64 bits holds
        ids = pl.Series(map("{}:{}".format, heads.times, serials), dtype=pl.String)
        serials = [min(serial, _NO_SERIAL - 1) for serial in serials]
    made: dict[str, Any] = {
        "TimeGenerated": micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        "Computer": heads.nodes,
        "EventType": pl.Series(names, dtype=pl.String)[kinds],
        "EventTypes": lists[kinds],
        "mssg_id": ids,
        "serial": serials,
    }
    return [pl.Series(name, made[name], dtype=dtype) for name, dtype in _OWN.items()]


def _named_columns(fields: pl.DataFrame, users: Mapping[int, str]) -> list[pl.Series]:
    def of(name: str, dtype: Any = pl.String) -> pl.Series:
        if name in fields.columns:
            return fields[name]
        return pl.Series(name, [None], dtype=dtype).new_from_index(0, fields.height)

    columns = {
        name: of(name, dtype if name in _LISTS else pl.String).cast(dtype, strict=False)
        for name, dtype in _NAMED.items()
        if name not in _USERS and name != "syscall_name"
    }
    columns["arch"] = _mapped(columns["arch"], architecture)
    columns["syscall_name"] = _syscalls(
        columns["arch"],
        columns["syscall"],
        fields["SYSCALL"] if "SYSCALL" in fields.columns else None,
    )
    for name, (number, *resolved) in _USERS.items():
        told = [fields[each] for each in resolved if each in fields.columns]
        columns[name] = _users(of(number), told, users)
    return [columns[name].alias(name) for name in _NAMED]


def _mapped(column: pl.Series, work: Callable[[str], str | None]) -> pl.Series:
    """Each distinct value changed once."""
    distinct = column.drop_nulls().unique()
    made = pl.Series([work(value) for value in distinct], dtype=pl.String)
    return column.replace_strict(distinct, made, default=None, return_dtype=pl.String)


def _syscalls(arch: pl.Series, number: pl.Series, told: pl.Series | None) -> pl.Series:
    both = arch.fill_null("x") + " " + number
    names = _mapped(both, lambda pair: syscall_name(*pair.split(" ", 1)) or None)
    return names if told is None else pl.select(pl.coalesce(told, names)).to_series()


def _users(number: pl.Series, told: list[pl.Series], users: Mapping[int, str]) -> pl.Series:
    """The name that the log resolved, else the caller's, else what every system calls it."""

    def name(value: str) -> str | None:
        if not value.lstrip("-").isdecimal():
            return value  # a log that was written with names
        known = users.get(int(value)) if len(value) < 12 else None
        return known or user_name(value) or None

    names = _mapped(number, name)
    return pl.select(pl.coalesce(*told, names)).to_series() if told else names


def _typed(column: pl.Series) -> pl.Series:
    return column.cast(pl.Int64, strict=False) if column.name in _INTEGERS else column
