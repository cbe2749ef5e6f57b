"""What `Evidence.table` asks for, as SQL with values apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.core.timespan import TimeSpan, parse_time
from huntkit.sources.local.catalog import OWN, Table
from huntkit.sources.local.database import TEXT, literal, quoted
from huntkit.sources.local.parts import time_column


def schema(table: Table) -> dict[str, str]:
    """A table's own columns with their KQL types, in order."""
    types = {table.names.get(column, column): kql for column, kql in table.types.items()}
    return {**types, OWN[0]: "string", OWN[1]: "long"}


@dataclass(slots=True)
class Selection:
    """A statement over one table, made step by step.

    Attributes:
        columns: the chosen columns by their own names.
        values: what the statement's parameters stand for.
        unread: where times are kept as texts or numbers, a statement that counts the rows whose
            time says nothing, and all; else nothing.
    """

    table: Table
    columns: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    unread: str = ""
    _conditions: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, table: Table, columns: Sequence[str] | None) -> "Selection":
        """All rows; an unknown column is an error with the nearest names."""
        known = list(schema(table))
        return cls(table, known if columns is None else _checked(columns, known))

    def between(self, start: object, end: object, now: datetime, zone: str | None = None) -> None:
        """Only rows from one time until before another; `zone` is that of texts without one."""
        if start is None and end is None:
            return
        column = time_column(list(self.table.types))
        if column is None:
            raise UnknownColumn(
                "TimeGenerated",
                self.table.types,
                hint="this table has no time column, so leave out start= and end=",
            )
        span = _span(start, end, now)
        when = _as_time(quoted(column), self.table.types[column], zone)
        if when != quoted(column):
            self.unread = self._counting(column, when)
        for name, bound, sign in (("start", span[0], ">="), ("end", span[1], "<")):
            if bound is not None:
                self.values[name] = bound
                self._conditions.append(f"{when} {sign} CAST(${name} AS TIMESTAMPTZ)")

    def where(self, where: str | Mapping[str, Any] | None) -> None:
        """Only rows for which an SQL condition holds, or that have the given values."""
        if isinstance(where, str):
            self._conditions.append(f"({where}\n)")
            return
        if where is not None and not isinstance(where, Mapping):
            raise UsageError(
                f"where={where!r} is no condition",
                hint="give SQL text, or a mapping such as {'EventID': [4624, 4625]}",
            )
        known = schema(self.table)
        for number, (column, value) in enumerate((where or {}).items()):
            _checked([column], list(known))
            several = list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
            given = [each for each in several if each is not None]
            names = [f"v{number}_{place}" for place in range(len(given))]
            self.values.update(zip(names, given, strict=True))
            stored = self._stored(column)
            condition = f"{stored} IN ({', '.join(f'${name}' for name in names) or 'NULL'})"
            if len(given) < len(several):  # text is never null: what is missing is empty
                missing = f"{stored} = ''" if known[column] in TEXT else f"{stored} IS NULL"
                condition = f"({condition} OR {missing})"
            self._conditions.append(condition)

    def _counting(self, column: str, when: str) -> str:
        unread = f"count(*) FILTER (WHERE ({when}) IS NULL) AS unread"
        own = self.table.names.get(column, column)
        return (
            f"SELECT {unread}, count(*) AS rows, {literal(own)} AS name"  # noqa: S608  all quoted
            f" FROM {quoted(self.table.name)}"
        )

    @property
    def text(self) -> str:
        """The statement."""
        columns = ", ".join(self._stored(each) for each in self.columns)
        condition = f" WHERE {' AND '.join(self._conditions)}" if self._conditions else ""
        return f"SELECT {columns} FROM {quoted(self.table.name)}{condition}"  # noqa: S608  all quoted

    def _stored(self, column: str) -> str:
        stored = {own: name for name, own in self.table.names.items()}
        return quoted(stored.get(column, column))


_ZONED = r":\d\d(\.\d+)?\s*(Z|UTC|[+-]\d\d(:?\d\d)?)\s*$"


def _as_time(column: str, kql: str, zone: str | None) -> str:
    """A column as a time, in SQL: numbers count since 1970, in a unit that their size tells."""
    if kql == "datetime":
        return column
    if kql in TEXT:
        return (
            f"CASE WHEN regexp_matches({column}, {literal(_ZONED)})"
            f" THEN TRY_CAST({column} AS TIMESTAMPTZ)"
            f" ELSE timezone({literal(zone or 'UTC')}, TRY_CAST({column} AS TIMESTAMP)) END"
        )
    if kql not in {"int", "long", "real"}:
        return "CAST(NULL AS TIMESTAMPTZ)"
    number = f"CAST({column} AS DOUBLE)"
    seconds = (  # first the counts of Chrome, Windows and .NET, as huntkit.tables.times knows them
        f"CASE WHEN {number} BETWEEN 1.227e16 AND 1.417e16 THEN {number} / 1e6 - 11644473600"
        f" WHEN {number} BETWEEN 1.227e17 AND 1.417e17 THEN {number} / 1e7 - 11644473600"
        f" WHEN {number} BETWEEN 6.276e17 AND 6.467e17 THEN {number} / 1e7 - 62135596800"
        f" WHEN abs({number}) < 1e11 THEN {number} WHEN abs({number}) < 1e14"
        f" THEN {number} / 1e3 WHEN abs({number}) < 1e17 THEN {number} / 1e6"
        f" WHEN abs({number}) < 9e18 THEN {number} / 1e9 END"
    )
    return f"to_timestamp({seconds})"


def _span(start: object, end: object, now: datetime) -> tuple[datetime | None, datetime | None]:
    first = None if start is None else parse_time(start, now=now)
    last = None if end is None else parse_time(end, now=now)
    if first is not None and last is not None:
        TimeSpan(first, last)  # refuses an end before its start
    return first, last


def _checked(columns: Sequence[str], known: list[str]) -> list[str]:
    chosen = [columns] if isinstance(columns, str) else list(dict.fromkeys(columns))
    if not chosen:
        raise UsageError("no column is named", hint="leave columns= out for all of them")
    for each in chosen:
        if each not in known:
            raise UnknownColumn(each, known)
    return chosen
