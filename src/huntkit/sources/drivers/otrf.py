"""Security-Datasets (once Mordor): recorded attacks, by ATT&CK technique, as events to query.

A query is the name of a data set and gives its events as they were recorded; or it is KQL, and
then ``dataset=`` says over which of them. Checked against a stand-in of GitHub and a part of the
real collection, never against the live service.
"""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Final

import polars as pl

from huntkit.core.errors import EvidenceError, UsageError, did_you_mean
from huntkit.core.timespan import TimeSpan
from huntkit.sources.driver import Answer, Driver, Limits, Request, Schema
from huntkit.sources.errors import NotConnected, QueryRefused
from huntkit.sources.evidence_answers import answer_of, schema_of, span_of
from huntkit.sources.local.evidence import Evidence, open_evidence
from huntkit.sources.queries.definition import Query
from huntkit.sources.security_datasets.events import read_events
from huntkit.sources.security_datasets.metadata import (
    TACTICS,
    DataFile,
    DataSet,
    files_of,
    in_folder,
)
from huntkit.sources.security_datasets.repository import API, RAW, Repository

_MIB: Final = 1 << 20


class DataSetsWarning(UserWarning):
    """Data sets are missing from the list; the text says why."""


@dataclass(frozen=True, kw_only=True)
class OTRFSettings:
    """Where the data sets are.

    Attributes:
        data: a copy of the project, or a part of it, on this machine; then nothing is fetched.
            Without it metadata (kept for 30 days) and the files that are asked for come from
            GitHub, and stay in the cache folder.
        save_folder: where fetched files stay; the cache folder by default.
        refresh: fetch the metadata anew.
        max_bytes: the largest file to fetch.
        api: GitHub's address for the list of files.
        raw: GitHub's address for the files.
    """

    data: Path | None = field(default=None, metadata={"aliases": ("data_paths", "folder")})
    save_folder: Path | None = None
    refresh: bool = False
    max_bytes: int = 2048 * _MIB
    api: str = API
    raw: str = RAW


@dataclass(frozen=True, kw_only=True)
class OTRFOptions:
    """What one call may say.

    Attributes:
        dataset: for a query in KQL, the data sets that it is about: names, ids or paths.
        max_rows: of the events of a data set, stop after so many, and say so.
        now: the instant of ``now()`` and ``ago()`` in KQL; the last event's by default.
    """

    dataset: str | Sequence[str] = ()
    max_rows: int = 1_000_000
    now: str | datetime | None = None


class OTRF(Driver):
    """Recorded attacks of Security-Datasets, each file of events a query.

    ``provider.search("T1003")`` finds them by technique, tactic (``CredentialAccess``) or words;
    ``provider.atomic_windows_execution_host.<name>()`` gives the events, one row a record with
    the fields as they were recorded, nested ones as JSON text.
    """

    environments: ClassVar = {"OTRF": ()}
    language = "kql"
    settings = OTRFSettings
    options = OTRFOptions
    limits = Limits(max_parallel=1, takes_parameters=True)
    keeps_answers = False  # the files are kept, or are here anyway

    chosen: OTRFSettings
    _sets: Sequence[DataSet] | None = None
    _files: Sequence[DataFile] = ()
    _opened: tuple[tuple[str, ...], Evidence] | None = None

    def connect(self) -> None:
        """Read what data sets there are, from the folder or from GitHub.

        Raises:
            EvidenceError: the folder holds none.
            RequestFailed: GitHub did not answer.
        """
        given = self.chosen.data
        if given is None:
            sets, problems = self._repository.data_sets(refresh=self.chosen.refresh)
        else:
            sets, problems = in_folder(self._folder)
        self._sets, self._files = sets, files_of(sets)
        if not self._files:
            raise EvidenceError(
                f"there is no data set in {str(given)!r}" if given else "GitHub lists no data set",
                hint="give the folder with atomic/ and compound/" if given else "",
            )
        if problems:
            warnings.warn(
                f"{len(problems)} data sets are missing: {'; '.join(problems[:3])}",
                DataSetsWarning,
                stacklevel=2,
            )

    def close(self) -> None:
        """Free the tables of what was asked in KQL."""
        if self._opened is not None:
            self._opened[1].close()
        self._opened = None

    def run(self, request: Request) -> Answer:
        """The events of a data set, or the rows of KQL over some.

        Raises:
            QueryRefused: there is no such data set, or it is not said which.
            KqlError: what is wrong with a query in KQL.
        """
        request.cancel.check()
        options: OTRFOptions = request.options
        named = request.metadata.get("path") or request.text
        wanted = (options.dataset,) if isinstance(options.dataset, str) else options.dataset
        if wanted:
            return answer_of(self._evidence(wanted), request, now=options.now)
        found = self._found(str(named))
        if not found:
            raise QueryRefused(
                f"there is no data set {request.text.strip()[:80]!r}",
                hint=self._near(request.text) or "for a query in KQL say over what: dataset=",
            )
        paths = self._places(found)
        events = read_events(paths, most=options.max_rows, check=request.cancel.check)
        return Answer(table=events.table(), gaps=events.gaps(options.max_rows))

    def schema(self) -> Schema:
        """The tables of the data sets that KQL was last asked over; none before that."""
        return schema_of(self._opened[1]) if self._opened else {}

    def queries(self) -> Sequence[Query]:
        """Every file of events as a query, once it is connected."""
        return tuple(_query(each) for each in self._files)

    @property
    def identity(self) -> str:
        """The folder, or the project."""
        return f"OTRF {self.chosen.data or 'OTRF/Security-Datasets'}"

    @property
    def now(self) -> datetime:
        """In KQL the last event's time."""
        return self._opened[1].now if self._opened else super().now

    def span(self) -> TimeSpan | None:
        """In KQL all of the events."""
        return span_of(self._opened[1]) if self._opened else None

    # Finding data sets.

    def data_sets(self) -> pl.DataFrame:
        """All data sets, a row each."""
        rows = [
            {
                "Id": each.id,
                "Title": each.title,
                "Kind": each.kind,
                "Platforms": list(each.platforms),
                "Techniques": list(each.techniques),
                "Tactics": [TACTICS.get(one, one) for one in each.tactics],
                "Tags": list(each.tags),
                "Queries": [file.full for file in self._files if file.of.id == each.id],
                "Description": each.description,
            }
            for each in self._known
        ]
        return pl.DataFrame(rows, schema=_TABLE)

    def search_queries(self, search: str) -> list[str]:
        """The names of the queries whose data set has the words, in any case of letters.

        Args:
            search: words or parts of words: ``,`` between those of which one must be there,
                ``+`` between those that all must: ``"T1003 + empire, T1021"``.
        """
        choices = [
            [word for part in each.split("+") if (word := part.strip().casefold())]
            for each in search.split(",")
        ]
        wanted = [each for each in choices if each]
        if not wanted:
            raise UsageError("say what to search for", hint="search_queries('T1003 + empire')")
        return [
            each.full
            for each in self._files
            if any(all(word in _words(each) for word in words) for words in wanted)
        ]

    @property
    def mitre_techniques(self) -> pl.DataFrame:
        """The ATT&CK techniques of all data sets: ``Technique``, ``DataSets``, ``Queries``."""
        return self._by("Technique", [(each, each.of.techniques) for each in self._files])

    @property
    def mitre_tactics(self) -> pl.DataFrame:
        """The ATT&CK tactics of all data sets: ``Tactic``, ``DataSets``, ``Queries``, ``Name``."""
        found = self._by("Tactic", [(each, each.of.tactics) for each in self._files])
        named = pl.col("Tactic").replace_strict(dict(TACTICS), default=pl.col("Tactic"))
        return found.with_columns(named.alias("Name"))

    def paths(self, dataset: str) -> list[Path]:
        """The files of a data set on this machine, fetched if need be: for ``huntkit.open``.

        Raises:
            QueryRefused: there is no such data set.
        """
        found = self._found(dataset)
        if not found:
            raise QueryRefused(f"there is no data set {dataset!r}", hint=self._near(dataset))
        return self._places(found)

    # Inside.

    @property
    def _known(self) -> Sequence[DataSet]:
        if self._sets is None:
            raise NotConnected("OTRF is not connected", hint="call connect() first")
        return self._sets

    @property
    def _repository(self) -> Repository:
        chosen = self.chosen
        return Repository(
            self.session, api=chosen.api, raw=chosen.raw, save_folder=chosen.save_folder
        )

    @property
    def _folder(self) -> Path:
        """The folder with ``atomic`` and ``compound``, of whatever part of the project is here."""
        given = (self.chosen.data or Path()).expanduser()
        if not given.is_dir():
            raise EvidenceError(f"there is no folder {str(given)!r}")
        return given / "datasets" if (given / "datasets").is_dir() else given

    def _found(self, named: str) -> list[DataFile]:
        """The files that a name, an id, a title or a path means."""
        if self._sets is None:
            raise NotConnected("OTRF is not connected", hint="call connect() first")
        word = named.strip().casefold()
        exact = [f for f in self._files if word in (f.path.casefold(), f.full.casefold())]
        if exact:
            return exact
        for names in (_ids, _titles, _names):
            found = [each for each in self._files if names(each) == word]
            if len({names(each) for each in found}) == 1:
                return found
        return []

    def _near(self, text: str) -> str:
        every = [name for each in self._files for name in (each.name, each.of.id, each.full)]
        return did_you_mean(text.strip(), dict.fromkeys(every))

    def _places(self, files: Iterable[DataFile]) -> list[Path]:
        if self.chosen.data is not None:
            return [self._folder / each.path for each in files]
        most = self.chosen.max_bytes
        return [self._repository.file(each.path, max_bytes=most) for each in files]

    def _evidence(self, wanted: Sequence[str]) -> Evidence:
        """The data sets as tables; those of the last call stay open."""
        paths = [path for each in wanted for path in self.paths(each)]
        key = tuple(map(str, paths))
        if self._opened is None or self._opened[0] != key:
            self.close()
            evidence = open_evidence(
                paths, frame="polars", progress=self.session.progress, session=self.session
            )
            self._opened = (key, evidence)
        return self._opened[1]

    def _by(self, what: str, files: Iterable[tuple[DataFile, Sequence[str]]]) -> pl.DataFrame:
        found: dict[str, list[DataFile]] = {}
        for file, marks in files:
            for mark in marks:
                found.setdefault(mark, []).append(file)
        rows = [
            {
                what: mark,
                "DataSets": len({each.of.id for each in found[mark]}),
                "Queries": [each.full for each in found[mark]],
            }
            for mark in sorted(found)
        ]
        kinds: dict[str, Any] = {
            what: pl.String,
            "DataSets": pl.Int64,
            "Queries": pl.List(pl.String),
        }
        return pl.DataFrame(rows, schema=kinds)


_LISTS: Final = pl.List(pl.String)
_TABLE: Final[dict[str, Any]] = {
    "Id": pl.String, "Title": pl.String, "Kind": pl.String, "Platforms": _LISTS,
    "Techniques": _LISTS, "Tactics": _LISTS, "Tags": _LISTS, "Queries": _LISTS,
    "Description": pl.String,
}  # fmt: skip


def _ids(file: DataFile) -> str:
    return file.of.id.casefold()


def _titles(file: DataFile) -> str:
    return file.of.title.casefold()


def _names(file: DataFile) -> str:
    return file.name.casefold()


def _words(file: DataFile) -> str:
    """All that a data set can be found by."""
    of = file.of
    tactics = [word for each in of.tactics for word in (each, TACTICS.get(each, ""))]
    words = (file.path, file.full, of.id, of.title, of.description, of.kind)
    return " ".join([*words, *of.platforms, *of.tags, *of.techniques, *tactics]).casefold()


def _query(file: DataFile) -> Query:
    of = file.of
    return Query(
        name=file.name,
        text=file.full,
        language="kql",
        description=f"{of.title}. {of.description}".strip(". ") + ".",
        environments=("OTRF",),
        families=(file.family,),
        tags=of.tags,
        techniques=of.techniques,
        tactics=tuple(TACTICS.get(each, each) for each in of.tactics),
        metadata={"path": file.path, "id": of.id, "platforms": of.platforms},
        origin=file.path,
    )
