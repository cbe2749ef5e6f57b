"""What each table of the evidence holds: its columns as SQL sees them, and their roles."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import polars as pl

from huntkit.sources.local.mapping.hosts import host_column
from huntkit.tables import roles, to_polars

_TEXT = ("string", "dynamic", "guid")
# Their records are in other tables too, with columns of their own.
# Tables that show another one's rows in other columns.
_VIEWS = {"Event": "WindowsEvent", "AuditLog_CL": "LinuxAudit"}
_GENERIC = ("WindowsEvent", "Event", "LinuxAudit", "AuditLog_CL", "NetworkSession")


class Evidence(Protocol):
    """What the report needs of evidence."""

    @property
    def tables(self) -> Any:
        """Name rows first last hosts."""

    @property
    def files(self) -> Any:
        """Path sha256 format rows kept skipped reasons."""

    @property
    def partial(self) -> bool:
        """Something failed."""

    @property
    def problems(self) -> list[str]:
        """What failed, and why."""

    def sql(self, text: str, *, frame: Any = None) -> Any:
        """Rows of a query."""

    def schema(self, name: str) -> dict[str, str]:
        """The columns of a table and their KQL types."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One table: its name, size, columns and the columns that play a role."""

    name: str
    rows: int
    first: datetime | None
    last: datetime | None
    columns: dict[str, str]  # name -> KQL type
    time: str | None
    host: str | None
    user: str | None

    @property
    def sql(self) -> str:
        """The table's name, quoted."""
        return quoted(self.name)

    def sql_time(self) -> str:
        """The time as an expression; null where the table has none."""
        return quoted(self.time) if self.time else "CAST(NULL AS TIMESTAMPTZ)"

    def sql_text(self, column: str | None) -> str:
        """A column as text; empty where the table has none."""
        return f"coalesce(CAST({quoted(column)} AS VARCHAR), '')" if column else "''"

    def texts(self) -> list[str]:
        """Columns of text that hold what was logged (not where it was logged)."""
        return [
            name for name, kql in self.columns.items() if kql in _TEXT and not name.startswith("_")
        ]


def quoted(name: str) -> str:
    """An SQL identifier.

    Examples:
        >>> quoted('a"b')
        '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def per_table(
    look: Callable[[Layout], pl.DataFrame], tables: Iterable[Layout]
) -> list[pl.DataFrame]:
    """The same look at several tables, a few at a time, in the order of the tables.

    Much of a small query is planning, which uses one core.
    """
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(look, tables))


def layouts(evidence: Evidence) -> list[Layout]:
    """All tables that have rows."""
    tables = frame_of(evidence.tables)
    return [_layout(evidence, row) for row in tables.iter_rows(named=True)]


def find(given: Sequence[Layout], name: str) -> Layout | None:
    """The table of that name, if it has rows."""
    return next((each for each in given if each.name == name), None)


def frame_of(frame: Any) -> pl.DataFrame:
    """A frame of any kind as Polars."""
    return to_polars(frame)


def _layout(evidence: Evidence, row: dict[str, Any]) -> Layout:
    columns: dict[str, str] = {}
    seen: set[str] = set()
    for name, kql in evidence.schema(row["name"]).items():
        # SQL does not tell such names apart: the first answers for both.
        if name.casefold() not in seen:
            seen.add(name.casefold())
            columns[name] = kql
    names = list(columns)
    times = [name for name, kql in columns.items() if kql == "datetime"]
    time = next((t for t in ("TimeGenerated", "Timestamp") if t in times), None)
    return Layout(
        row["name"],
        row["rows"],
        row["first"],
        row["last"],
        columns,
        time or _time(columns, times),
        host_column(row["name"], names),
        roles.resolve(names, "user"),
    )


def _time(columns: Iterable[str], times: Sequence[str]) -> str | None:
    # All columns tell whose table it is, and with it which of its times is the event's.
    known = (name for name in roles.candidates(columns, "time") if name in times)
    return next(known, None) or roles.resolve(times, "time")


def own_rows(layout: Layout, tables: Sequence[Layout]) -> str:
    """The table, without the rows whose records other tables hold in columns of their own."""
    source = _VIEWS.get(layout.name)
    others = [each for each in tables if each.name not in _GENERIC or each.name == source]
    if layout.name not in _GENERIC or not others:
        return layout.sql
    known = " UNION ALL ".join(f"SELECT _file, _record FROM {each.sql}" for each in others)  # noqa: S608
    return f"(SELECT * FROM {layout.sql} ANTI JOIN ({known}) USING (_file, _record))"  # noqa: S608
