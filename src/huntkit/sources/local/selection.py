"""What `Evidence.table` asks for, as SQL with values apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from huntkit.core.errors import UnknownColumn, UsageError
from huntkit.core.timespan import TimeSpan, parse_time
from huntkit.sources.local.catalog import OWN, Table
from huntkit.sources.local.database import TEXT, quoted
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
    """

    table: Table
    columns: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    _conditions: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, table: Table, columns: Sequence[str] | None) -> "Selection":
        """All rows; an unknown column is an error with the nearest names."""
        known = list(schema(table))
        return cls(table, known if columns is None else _checked(columns, known))

    def between(self, start: object, end: object, now: datetime) -> None:
        """Only rows from one time until before another."""
        if start is None and end is None:
            return
        column = time_column(list(self.table.types))
        if column is None:
            raise UnknownColumn(
                "TimeGenerated", self.table.types, hint="this table has no time column"
            )
        span = _span(start, end, now)
        for name, bound, sign in (("start", span[0], ">="), ("end", span[1], "<")):
            if bound is not None:
                self.values[name] = bound
                self._conditions.append(f"{quoted(column)} {sign} CAST(${name} AS TIMESTAMPTZ)")

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

    @property
    def text(self) -> str:
        """The statement."""
        columns = ", ".join(self._stored(each) for each in self.columns)
        condition = f" WHERE {' AND '.join(self._conditions)}" if self._conditions else ""
        return f"SELECT {columns} FROM {quoted(self.table.name)}{condition}"  # noqa: S608  all quoted

    def _stored(self, column: str) -> str:
        stored = {own: name for name, own in self.table.names.items()}
        return quoted(stored.get(column, column))


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
