"""A folder of log files as the tables that an analyst knows."""

import importlib
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import polars as pl

from huntkit.core.errors import UnknownColumn, UnknownTable, UsageError, did_you_mean
from huntkit.core.progress import SILENT, Progress
from huntkit.core.timespan import TimeSpan, parse_time
from huntkit.formats.limits import Limits
from huntkit.runtime.session import Session, default_session
from huntkit.sources.local import schemas
from huntkit.sources.local.cache import Cache
from huntkit.sources.local.catalog import OWN, Table, build, empty_table
from huntkit.sources.local.database import Database, quoted
from huntkit.sources.local.inputs import PathLike, find_files
from huntkit.sources.local.manifest import MemberFacts
from huntkit.sources.local.mapping import Clock
from huntkit.sources.local.mapping.views import VIEWS
from huntkit.sources.local.opening import Opener, Source
from huntkit.sources.local.parts import time_column
from huntkit.sources.local.search import search, values_of
from huntkit.sources.local.views import views
from huntkit.tables import as_kind

Kind = Literal["pandas", "polars", "arrow"]
SEARCH_LIMIT = 100_000


class PartialEvidenceWarning(UserWarning):
    """Something of the evidence is missing from its tables; the text says what."""


class Evidence:
    """Log files, read into tables with known names, columns and types.

    Made by :func:`huntkit.open`. Every row ends with ``_file`` (the path; members of archives as
    ``a.zip!inner/x.json``) and ``_record`` (line number or record id). Times are UTC, text is
    never null, dynamic values are JSON text.

    Attributes:
        partial: True where a file failed, or more than 1 % of its records were skipped.
        problems: one line for each thing that is missing, and why.
        now: the time that relative times count from: the last event's, unless given.
    """

    def __init__(
        self,
        sources: list[Source],
        tables: dict[str, Table],
        database: Database,
        *,
        frame: Kind,
        now: datetime | None,
        stopped: bool = False,
        temporary: Sequence[Path] = (),
    ) -> None:
        self._sources = sources
        self._tables = tables
        self._database = database
        self._frame: Kind = frame
        self._finalizer = weakref.finalize(self, _remove, database, list(temporary))
        self._views = {name: text for name, text in views(tables).items() if name not in tables}
        self._now = now
        self.stopped = stopped

    @property
    def tables(self) -> Any:
        """A frame with a row for each table that has rows.

        Columns: ``name``, ``rows``, ``first``, ``last`` (UTC), ``hosts`` (a list of names).
        """
        given = [table for table in self._all_tables() if table.rows]
        rows = pl.DataFrame(
            {
                "name": [table.name for table in given],
                "rows": [table.rows for table in given],
                "first": [_time(table.first) for table in given],
                "last": [_time(table.last) for table in given],
                "hosts": [sorted(table.hosts) for table in given],
            },
            schema={
                "name": pl.String,
                "rows": pl.Int64,
                "first": pl.Datetime("us", "UTC"),
                "last": pl.Datetime("us", "UTC"),
                "hosts": pl.List(pl.String),
            },
        )
        return as_kind(rows, self._frame)

    @property
    def files(self) -> Any:
        """A frame with a row for each file or archive member.

        Columns: ``path``, ``sha256``, ``format``, ``rows`` (source records: kept + skipped),
        ``kept``, ``skipped``, ``reasons`` (why, with the first line numbers; also what stopped
        the reading), ``complete``.
        """
        given = [(s, facts) for s in self._sources for facts in s.manifest.members]
        rows = pl.DataFrame(
            {
                "path": [str(source.path) + facts.name for source, facts in given],
                "sha256": [facts.sha256 for _, facts in given],
                "format": [facts.format for _, facts in given],
                "rows": [facts.rows for _, facts in given],
                "kept": [facts.kept for _, facts in given],
                "skipped": [facts.skipped for _, facts in given],
                "reasons": [_why(facts) for _, facts in given],
                "complete": [not facts.error and not facts.skipped for _, facts in given],
            },
            schema={
                "path": pl.String,
                "sha256": pl.String,
                "format": pl.String,
                "rows": pl.Int64,
                "kept": pl.Int64,
                "skipped": pl.Int64,
                "reasons": pl.String,
                "complete": pl.Boolean,
            },
        )
        return as_kind(rows, self._frame)

    @property
    def partial(self) -> bool:
        """Whether something is missing beyond single records."""
        return self.stopped or any(
            facts.partial for source in self._sources for facts in source.manifest.members
        )

    @property
    def problems(self) -> list[str]:
        """What is missing from the tables, and why; one line a file."""
        lines = [
            f"{source.path}{facts.name}: {_why(facts)}"
            for source in self._sources
            for facts in source.manifest.members
            if facts.error or facts.skipped
        ]
        if not any(facts.rows for source in self._sources for facts in source.manifest.members):
            lines.append("no log records were found")
        return lines

    @property
    def now(self) -> datetime:
        """The time that relative times count from."""
        last = max((table.last for table in self._tables.values()), default="")
        return self._now or _time(last) or datetime.now(UTC)

    def schema(self, name: str) -> dict[str, str]:
        """A table's columns with their KQL types, in order."""
        table = self._table(name)
        types = {table.names.get(column, column): kql for column, kql in table.types.items()}
        return {**types, OWN[0]: "string", OWN[1]: "long"}

    def table(
        self,
        name: str,
        *,
        columns: Sequence[str] | None = None,
        start: object = None,
        end: object = None,
        where: str | Mapping[str, Any] | None = None,
        frame: Kind | None = None,
    ) -> Any:
        """Rows of one table.

        Args:
            name: the table. One that a known schema names but the evidence lacks is empty.
            columns: which columns; all by default.
            start: the first time, inclusive; a datetime, ISO text, or relative to ``now``
                (``"-2d"``).
            end: the last time, exclusive.
            where: an SQL condition, or a mapping of column to value (or list of values).
            frame: ``"pandas"``, ``"polars"`` or ``"arrow"``.

        Raises:
            UnknownTable, UnknownColumn: with the nearest names.
            TimeError: a time that can't be read, or a table that has none.
        """
        table = self._table(name)
        physical = {own: stored for stored, own in table.names.items()}
        known = [*self.schema(name)]
        chosen = known if columns is None else _checked(columns, known)
        values: dict[str, Any] = {}
        conditions = [*self._time_conditions(table, start, end, values)]
        conditions += _where(where, known, physical, values)
        text = (
            f"SELECT {', '.join(quoted(physical.get(each, each)) for each in chosen)}"  # noqa: S608
            f" FROM {quoted(table.name)}"
            + (f" WHERE {' AND '.join(conditions)}" if conditions else "")
        )
        rows = self._database.run(text, values)
        rows.columns = chosen
        return as_kind(rows, frame or self._frame)

    def sql(self, text: str, *, frame: Kind | None = None) -> Any:
        """The rows of one SQL statement that reads (DuckDB's dialect).

        The statement sees the evidence's tables and nothing else: no file, no network, no
        setting. Of two columns that differ only in case the second is ``Name_2``.

        Raises:
            QueryError: what the engine refused, with the nearest table names.
        """
        return as_kind(self._database.run(text), frame or self._frame)

    def kql(
        self,
        text: str,
        *,
        now: object = None,
        parameters: Mapping[str, object] | None = None,
        externals: Mapping[str, PathLike] | None = None,
        frame: Kind | None = None,
    ) -> Any:
        """The rows of a KQL query over the evidence's tables.

        Args:
            text: the query. Tables that a known schema names but the evidence lacks are empty.
            now: the instant of ``now()`` and ``ago()``; the evidence's own ``now`` by default.
            parameters: values of ``declare query_parameters``, bound as constants.
            externals: URI -> local file, for ``externaldata``; nothing else is ever read.
            frame: ``"pandas"``, ``"polars"`` or ``"arrow"``.

        Raises:
            KqlError: what is wrong with the query, with the place; `KqlUnsupported` names what
                can't be run.
        """
        language = importlib.import_module("huntkit.sources.local.kql")  # loads on first use
        present = [*self._tables, *self._views]
        schemas_ = language.Schemas([*present, *schemas.names()], self.schema)
        rows = language.answer(
            text,
            self._database,
            schemas_,
            language.Sources(schemas_, self._table, frozenset(present)),
            now=self.now if now is None else now,
            parameters=parameters,
            externals=externals or {},
        )
        return as_kind(rows, frame or self._frame)

    def search(
        self,
        value: str | int | Path | Sequence[str],
        *,
        limit: int = SEARCH_LIMIT,
        frame: Kind | None = None,
        progress: Progress = SILENT,
    ) -> Any:
        """Every table, column, file and record that holds a value.

        Args:
            value: a text or number, several, or a :class:`~pathlib.Path` of a file with one a
                line. Text is found inside other text and in any case; in number columns only
                the whole number counts.
            limit: the most hits; beyond it a :class:`PartialEvidenceWarning` says so.
            frame: ``"pandas"``, ``"polars"`` or ``"arrow"``.
            progress: where to report.

        Returns:
            Columns ``Value Table Column TimeGenerated Text _file _record``; ``Text`` is what
            stands around the hit.
        """
        hits, more = search(
            list(self._tables.values()), values_of(value), limit=limit, progress=progress
        )
        if more:
            warnings.warn(
                f"more than {limit} hits: only the first {hits.height} are given",
                PartialEvidenceWarning,
                stacklevel=2,
            )
        return as_kind(hits, frame or self._frame)

    def close(self) -> None:
        """Free the tables; with ``cache=False`` the parsed files are removed."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        files = sum(len(source.manifest.members) for source in self._sources)
        records = sum(f.kept for source in self._sources for f in source.manifest.members)
        tables = sum(1 for table in self._tables.values() if table.rows) + len(self._views)
        mark = ", PARTIAL" if self.partial else ""
        return f"<Evidence: {files} files, {records} records, {tables} tables{mark}>"

    def _table(self, name: str) -> Table:
        if name in self._tables:
            return self._tables[name]
        if name in self._views:
            return self._view(name)
        if schemas.known(name) is None:
            raise UnknownTable(name, [*self._tables, *self._views, *schemas.names()])
        return empty_table(name)

    def _all_tables(self) -> list[Table]:
        """Every table with rows, views too, by name."""
        return sorted(
            [*self._tables.values(), *map(self._view, self._views)], key=lambda table: table.name
        )

    def _view(self, name: str) -> Table:
        described = self._database.run(f"DESCRIBE {quoted(name)}")
        known = schemas.known(name) or {}
        types = {
            column: known.get(column, _KQL_OF_SQL.get(sql.split("(")[0], "string"))
            for column, sql in described.select("column_name", "column_type").iter_rows()
            if column not in OWN
        }
        source = self._tables[VIEWS[name].source]
        counted = self._database.run(f"SELECT count(*) AS rows FROM {quoted(name)}")  # noqa: S608  quoted
        rows = counted["rows"].item()
        return Table(
            name,
            types=types,
            rows=rows,
            first=source.first,
            last=source.last,
            hosts=source.hosts,
        )

    def _time_conditions(
        self, table: Table, start: object, end: object, values: dict[str, Any]
    ) -> list[str]:
        if start is None and end is None:
            return []
        column = time_column(list(table.types))
        if column is None:
            raise UnknownColumn("TimeGenerated", table.types, hint="this table has no time column")
        span = _span(start, end, self.now)
        conditions = []
        for name, bound, sign in (("start", span[0], ">="), ("end", span[1], "<")):
            if bound is not None:
                values[name] = bound
                conditions.append(f"{quoted(column)} {sign} CAST(${name} AS TIMESTAMPTZ)")
        return conditions


_KQL_OF_SQL = {
    "BIGINT": "long",
    "INTEGER": "int",
    "DOUBLE": "real",
    "BOOLEAN": "bool",
    "TIMESTAMP WITH TIME ZONE": "datetime",
}


def _remove(database: Database, folders: list[Path]) -> None:
    database.close()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _span(start: object, end: object, now: datetime) -> tuple[datetime | None, datetime | None]:
    first = None if start is None else parse_time(start, now=now)
    last = None if end is None else parse_time(end, now=now)
    if first is not None and last is not None:
        TimeSpan(first, last)  # refuses an end before its start
    return first, last


def _checked(columns: Sequence[str], known: list[str]) -> list[str]:
    chosen = [columns] if isinstance(columns, str) else list(columns)
    for each in chosen:
        if each not in known:
            raise UnknownColumn(each, known)
    return chosen


def _where(
    where: str | Mapping[str, Any] | None,
    known: list[str],
    physical: Mapping[str, str],
    values: dict[str, Any],
) -> list[str]:
    if where is None:
        return []
    if isinstance(where, str):
        return [f"({where}\n)"]
    conditions = []
    for number, (column, value) in enumerate(where.items()):
        _checked([column], known)
        several = list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
        names = [f"v{number}_{place}" for place in range(len(several))]
        values.update(zip(names, several, strict=True))
        listed = ", ".join(f"${name}" for name in names)
        conditions.append(f"{quoted(physical.get(column, column))} IN ({listed or 'NULL'})")
    return conditions


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _why(facts: MemberFacts) -> str:
    """Everything that is missing from one file, on one line."""
    pieces = []
    for reason in facts.reasons:
        numbers = ", ".join(str(each["number"]) for each in reason.first)
        more = ", ..." if reason.count > len(reason.first) else ""
        where = f" (record {numbers}{more})" if numbers else ""
        pieces.append(f"{reason.count} skipped: {reason.reason}{where}")
    return "; ".join([*([facts.error] if facts.error else []), *pieces])


def open_evidence(
    paths: PathLike | Sequence[PathLike],
    *,
    cache: bool = True,
    cache_dir: PathLike | None = None,
    frame: Kind | None = None,
    assume_timezone: str | None = None,
    assume_year: int | None = None,
    now: datetime | None = None,
    limits: Limits | None = None,
    progress: Progress = SILENT,
    session: Session | None = None,
) -> Evidence:
    r"""Read log files of any kind into tables with known names.

    Formats are found by content: EVTX, JSON in all its shapes, CSV and TSV, Parquet, Zeek,
    auditd, syslog, CEF, S3 access logs, Windows event XML, and exports of the usual SIEMs; also
    inside zip, tar, gzip, bzip2 and xz. Nothing is fetched from the network and nothing is
    written beside the files. What can't be read is said in ``files`` and ``problems``; it never
    stops the rest.

    Args:
        paths: files, folders or globs; one or several.
        cache: keep the parsed files, by content, so that opening them again is instant.
        cache_dir: where; the session's cache folder by default.
        frame: the kind of frame that results come as: ``"pandas"`` (the default), ``"polars"``
            or ``"arrow"``.
        assume_timezone: the zone (``"Europe/Berlin"``) of times that carry none; UTC by default.
            Assumed times are marked in ``_time_note``.
        assume_year: the year of times that carry none (RFC 3164 syslog).
        now: what relative times count from; the last event's time by default.
        limits: bounds of size, ratio and depth.
        progress: where to report, and how to stop; what was read by then is kept.
        session: settings; the default session's by default.

    Examples:
        >>> import json, pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> event = {"EventID": 4688, "Channel": "Security", "Computer": "pc1.example",
        ...          "TimeCreated": "2026-01-02T03:04:05Z", "NewProcessName": "C:\\\\x\\\\a.exe"}
        >>> _ = (folder / "events.json").write_text(json.dumps(event))
        >>> with open_evidence(folder, cache=False, frame="polars") as evidence:
        ...     evidence.table("SecurityEvent", columns=["Computer", "Process"]).rows()
        [('pc1.example', 'a.exe')]
    """
    session = session or default_session()
    folder = Path(cache_dir) if cache_dir is not None else session.cache_dir
    if not cache:
        folder = Path(tempfile.mkdtemp(prefix="huntkit-"))
    clock = _clock(assume_timezone, assume_year)
    store = Cache(folder, options=_options(clock), limit_bytes=session.cache_limit_bytes)
    opener = Opener(store, clock=clock, limits=limits or Limits())
    sources = opener.read(find_files(paths), progress)
    tables = build(sources, store)
    spill = Path(tempfile.mkdtemp(prefix="spill-", dir=store.prepare()))
    database = Database(tables, views=views(tables), spill=spill)
    if cache:
        store.evict()
    return Evidence(
        sources,
        tables,
        database,
        frame=frame or session.frame,
        now=now,
        stopped=opener.stopped,
        temporary=[spill] if cache else [spill, folder],
    )


def _clock(zone: str | None, year: int | None) -> Clock:
    try:
        ZoneInfo(zone or "UTC")
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise UsageError(
            f"there is no time zone {zone!r}",
            hint=did_you_mean(str(zone), available_timezones()) or "such as 'Europe/Berlin'",
        ) from None
    return Clock(assume_timezone=zone, assume_year=year)


def _options(clock: Clock) -> str:
    """A short name for the assumptions that change what parsing gives."""
    zone = "".join(c if c.isalnum() else "_" for c in clock.zone_name() or "utc")
    return f"{zone}-{clock.assume_year or 'any'}"
