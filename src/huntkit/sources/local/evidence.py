"""A folder of log files as the tables that an analyst knows."""

import importlib
import shutil
import warnings
import weakref
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import polars as pl

from huntkit.core.contracts import GeoLookup
from huntkit.core.errors import TimeError, UnknownTable, UsageError, did_you_mean
from huntkit.core.progress import SILENT, Progress
from huntkit.formats.limits import DEFAULT, Limits
from huntkit.runtime.session import Session, default_session
from huntkit.sources.local import schemas
from huntkit.sources.local.catalog import OWN, Table, build, empty_table
from huntkit.sources.local.database import Database, quoted
from huntkit.sources.local.inputs import PathLike
from huntkit.sources.local.intake import Intake
from huntkit.sources.local.inventory import file_rows, table_rows, time_of
from huntkit.sources.local.mapping.views import VIEWS
from huntkit.sources.local.opening import Assumptions, take_in
from huntkit.sources.local.search import search, values_of
from huntkit.sources.local.selection import Selection, schema
from huntkit.sources.local.views import views
from huntkit.tables import as_kind
from huntkit.tables.frames import check_kind

Kind = Literal["pandas", "polars", "arrow"]
SEARCH_LIMIT = 100_000
_LISTED = 20  # tables that a message names


class AbsentTableWarning(UserWarning):
    """An answer has no rows, and the evidence has none of a table that was asked either."""


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
        max_result_bytes: how large an answer may be that is held in memory; may be set. By
            default about a quarter of the machine's memory. What is larger raises
            `ResultTooLarge`; `sql_pieces` and `kql_pieces` give answers of any size.
    """

    def __init__(
        self,
        intake: Intake,
        tables: dict[str, Table],
        database: Database,
        *,
        frame: Kind,
        now: datetime | None,
        spill: Path,
    ) -> None:
        self._intake = intake
        self._tables = tables
        self._views = views(tables)
        self._database = database
        self._frame: Kind = frame
        self._now = now
        self._finalizer = weakref.finalize(self, _remove, database, spill, intake)
        self.stopped = intake.stopped

    @property
    def tables(self) -> Any:
        """A frame with a row for each table that has rows.

        Columns: ``name``, ``rows``, ``first``, ``last`` (UTC), ``hosts`` (a list of names).
        """
        return as_kind(table_rows(self._all_tables()), self._frame)

    @property
    def files(self) -> Any:
        """A frame with a row for each file or archive member.

        Columns: ``path``, ``sha256``, ``format``, ``rows`` (source records: kept + skipped),
        ``kept``, ``skipped``, ``reasons`` (why, with the first line numbers; also what stopped
        the reading), ``complete``, ``repaired`` (what was mended in records that are kept, such
        as bytes that are no UTF-8; empty as a rule).
        """
        return as_kind(file_rows(self._intake), self._frame)

    @property
    def partial(self) -> bool:
        """Whether something is missing beyond single records."""
        return self._intake.partial

    @property
    def problems(self) -> list[str]:
        """What is missing from the tables, and why; one line a file."""
        return self._intake.problems

    @property
    def now(self) -> datetime:
        """The time that relative times count from."""
        last = max((table.last for table in self._tables.values()), default="")
        return self._now or time_of(last) or datetime.now(UTC)

    @property
    def max_result_bytes(self) -> int:
        """How large an answer may be that is held in memory."""
        return self._database.max_result_bytes

    @max_result_bytes.setter
    def max_result_bytes(self, most: int) -> None:
        if not isinstance(most, int) or isinstance(most, bool) or most <= 0:
            raise UsageError(f"max_result_bytes is a number of bytes above zero, not {most!r}")
        self._database.max_result_bytes = most

    def schema(self, name: str) -> dict[str, str]:
        """A table's columns with their KQL types, in order."""
        return schema(self._table(name))

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

        Times that a table keeps as text or numbers are read for ``start`` and ``end``; a
        :class:`PartialEvidenceWarning` counts the rows left out because theirs can't be.
        """
        chosen = Selection.of(self._table(name), columns)
        chosen.between(start, end, self.now, self._intake.timezone)
        chosen.where(where)
        if chosen.unread:
            self._check_times(name, chosen.unread)
        rows = self._database.run(chosen.text, chosen.values)
        rows.columns = chosen.columns
        return as_kind(rows, frame or self._frame)

    def sql(self, text: str, *, frame: Kind | None = None) -> Any:
        """The rows of one SQL statement that reads (DuckDB's dialect).

        The statement sees the evidence's tables and nothing else: no file, no network, no
        setting. Of two columns that differ only in case the second is ``Name_2``.

        Raises:
            QueryError: what the engine refused, with the nearest table names.
            ResultTooLarge: the rows are more than ``max_result_bytes``.
        """
        return as_kind(self._database.run(text), frame or self._frame)

    def sql_pieces(self, text: str, *, frame: Kind | None = None) -> Iterator[Any]:
        """What `sql` gives, however large, as frames of some 100,000 rows; one at least.

        All have the same columns and types. Only where a type depends on all values (sums beyond
        64 bits, intervals) the rows come in one frame, and ``max_result_bytes`` holds.
        """
        with closing(self._database.pieces(text)) as rows:
            for each in rows:
                yield as_kind(each, frame or self._frame)

    def kql(
        self,
        text: str,
        *,
        now: object = None,
        parameters: Mapping[str, object] | None = None,
        externals: Mapping[str, PathLike] | None = None,
        geo: GeoLookup | None = None,
        frame: Kind | None = None,
    ) -> Any:
        """The rows of a KQL query over the evidence's tables.

        Args:
            text: the query. Tables that a known schema names but the evidence lacks are empty;
                where nothing comes of it, an :class:`AbsentTableWarning` names them.
            now: the instant of ``now()`` and ``ago()``; the evidence's own ``now`` by default.
            parameters: values of ``declare query_parameters``, bound as constants.
            externals: URI -> local file, for ``externaldata``; ``watchlist:<alias>`` -> a CSV
                file with a header, for ``_GetWatchlist``. Nothing else is ever read.
            geo: tells where addresses are, for ``geo_info_from_ip_address``.
            frame: ``"pandas"``, ``"polars"`` or ``"arrow"``.

        Raises:
            KqlError: what is wrong with the query, with the place; `KqlUnsupported` names what
                can't be run.
            ResultTooLarge: the rows are more than ``max_result_bytes``.
        """
        given: dict[str, Any] = {
            "now": now,
            "parameters": parameters,
            "externals": externals,
            "geo": geo,
        }
        with closing(self._kql(text, whole=True, **given)) as rows:
            return as_kind(next(rows), frame or self._frame)

    def kql_pieces(self, text: str, *, frame: Kind | None = None, **given: Any) -> Iterator[Any]:
        """What `kql` gives, however large, as frames of some 100,000 rows; one at least.

        Takes what `kql` takes. The pieces are as those of `sql_pieces`.
        """
        with closing(self._kql(text, whole=False, **given)) as rows:
            for each in rows:
                yield as_kind(each, frame or self._frame)

    def _kql(
        self,
        text: str,
        *,
        whole: bool,
        now: object = None,
        parameters: Mapping[str, object] | None = None,
        externals: Mapping[str, PathLike] | None = None,
        geo: GeoLookup | None = None,
    ) -> Generator[pl.DataFrame, None, None]:
        language = importlib.import_module("huntkit.sources.local.kql")  # loads on first use
        present = [*self._tables, *self._views]
        schemas_ = language.Schemas([*present, *schemas.names()], self.schema, self._tables)
        sources = language.Sources(schemas_, self._table, frozenset(present))
        rows = language.pieces(
            text,
            self._database,
            schemas_,
            sources,
            whole=whole,
            now=self.now if now is None else now,
            parameters=parameters,
            externals=externals or {},
            geo=geo,
        )
        with closing(rows):
            for each in rows:
                if sources.absent and each.is_empty():  # only an answer without rows has these
                    none = "the evidence has no rows of " + ", ".join(sources.absent)
                    said = f"no rows, but {none} either"
                    warnings.warn(said, AbsentTableWarning, stacklevel=3)
                yield each

    def search(
        self,
        value: str | int | Path | Sequence[str],
        *,
        limit: int = SEARCH_LIMIT,
        frame: Kind | None = None,
        progress: Progress = SILENT,
    ) -> Any:
        """Every table, column, file and record that holds a value as it stands.

        What is encoded (``powershell -enc ...``) is not searched: ``huntkit.extract.decode``,
        and ``huntkit iocs`` and ``huntkit decode``, read that. A record gives a hit for each
        column, of each table, that holds the value.

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
        self._database.check_open()
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
        members = [facts for _, facts in self._intake.members()]
        files, records = len(members), sum(facts.kept for facts in members)
        tables = sum(1 for table in self._tables.values() if table.rows) + len(self._views)
        mark = ", PARTIAL" if self.partial else ""
        return f"<Evidence: {files} files, {records} records, {tables} tables{mark}>"

    def _check_times(self, name: str, counting: str) -> None:
        unread, rows, column = self._database.run(counting).row(0)
        if not unread:
            return
        if unread == rows:
            raise TimeError(
                f"no time of {name!r} can be read: column {column!r} holds no ISO 8601 text and no"
                " seconds since 1970",
                hint="leave start and end out, and read the times of the rows",
            )
        warnings.warn(
            f"{unread} of {rows} rows of {name!r} are left out: their {column!r} can't be read as"
            " a time",
            PartialEvidenceWarning,
            stacklevel=3,
        )

    def _table(self, name: str) -> Table:
        if not isinstance(name, str):
            raise UsageError(f"a table's name is a text, not {name!r}")
        if name in self._tables:
            return self._tables[name]
        if name in self._views:
            return self._view(name)
        if schemas.known(name) is None:
            known = [*self._tables, *self._views, *schemas.names()]
            here = sorted([*self._tables, *self._views])
            more = ", ..." if len(here) > _LISTED else ""
            listed = f"tables: {', '.join(here[:_LISTED])}{more}" if here else ""
            raise UnknownTable(name, known, hint=did_you_mean(name, known) or listed)
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


_KQL_OF_SQL = {
    "BIGINT": "long",
    "INTEGER": "int",
    "DOUBLE": "real",
    "BOOLEAN": "bool",
    "TIMESTAMP WITH TIME ZONE": "datetime",
}


def _remove(database: Database, spill: Path, intake: Intake) -> None:
    database.close()
    shutil.rmtree(spill, ignore_errors=True)
    intake.close()


def open_evidence(
    paths: PathLike | Sequence[PathLike],
    *,
    cache: bool = True,
    cache_dir: PathLike | None = None,
    frame: Kind | None = None,
    assume_timezone: str | None = None,
    assume_year: int | None = None,
    day_first: bool | None = None,
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
        day_first: whether 03/04/2020 is in April. None leaves it to what each file's dates tell;
            where they tell nothing, the month comes first and ``_time_note`` says so.
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
    if frame is not None:
        check_kind(frame)
    intake = take_in(
        paths,
        cache=cache,
        cache_dir=cache_dir,
        assumptions=Assumptions(
            timezone=assume_timezone,
            year=assume_year,
            day_first=day_first,
            limits=limits or DEFAULT,
        ),
        progress=progress,
        session=session,
    )
    return evidence_of(intake, frame=frame or session.frame, now=now)


def evidence_of(intake: Intake, *, frame: Kind = "pandas", now: datetime | None = None) -> Evidence:
    """The tables of what was read; what was not meant to stay goes with the evidence."""
    with ExitStack() as on_failure:
        on_failure.callback(intake.close)
        spill = intake.cache.work_folder("spill-")
        on_failure.callback(shutil.rmtree, spill, ignore_errors=True)
        tables = build(intake.sources, intake.cache)
        database = Database(tables, views=views(tables), spill=spill)
        on_failure.pop_all()
    if intake.temporary is None and intake.cache.grew:  # to look at it all takes its time
        intake.cache.evict()
    return Evidence(intake, tables, database, frame=frame, now=now, spill=spill)
