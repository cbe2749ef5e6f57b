"""Log files on this machine: evidence, asked in KQL."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from huntkit.core.contracts import GeoLookup
from huntkit.core.errors import UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.sources.driver import Answer, Driver, Gap, Limits, Request, Schema
from huntkit.sources.errors import NotConnected
from huntkit.sources.local.evidence import Evidence, open_evidence
from huntkit.tables import to_polars


@dataclass(frozen=True, kw_only=True)
class LocalSettings:
    """What evidence to ask.

    Attributes:
        data: files, folders, globs or archives, one or several; or evidence that is open already.
        assume_timezone: the zone of times that carry none.
        assume_year: the year of times that carry none.
        cache: keep the parsed files.
        geo: tells where addresses are, for ``geo_info_from_ip_address``.
    """

    data: Evidence | str | Path | Sequence[str | Path] | None = field(
        default=None, metadata={"aliases": ("data_paths",)}
    )
    assume_timezone: str | None = None
    assume_year: int | None = None
    cache: bool = True
    geo: GeoLookup | None = None


@dataclass(frozen=True, kw_only=True)
class LocalOptions:
    """What one call may say.

    Attributes:
        now: the instant of ``now()`` and ``ago()``; the last event's by default.
        externals: URI -> local file, for ``externaldata``; ``watchlist:<alias>`` -> a CSV file.
    """

    now: str | datetime | None = None
    externals: dict[str, str] | None = None


class Local(Driver):
    """Evidence as a place to query: every KQL query of the library works on it."""

    environments: ClassVar = {"Local": ()}
    language = "kql"
    settings = LocalSettings
    options = LocalOptions
    limits = Limits(max_parallel=1, takes_parameters=True)
    connects_itself = True
    keeps_answers = False  # the parsed files are kept already, by content
    whole_library = True

    chosen: LocalSettings
    _evidence: Evidence | None = None

    @property
    def evidence(self) -> Evidence:
        """The tables; opened on first use."""
        if self._evidence is None:
            self.connect()
        if self._evidence is None:
            raise NotConnected("there is no evidence to ask")
        return self._evidence

    def connect(self) -> None:
        """Open the evidence.

        Raises:
            UsageError: no evidence was named.
        """
        given = self.chosen.data
        if given is None:
            raise UsageError(
                "say which evidence to ask", hint='QueryProvider("Local", data="evidence/")'
            )
        if isinstance(given, Evidence):
            self._evidence = given
            return
        self._evidence = open_evidence(
            list(given) if isinstance(given, tuple) else given,
            cache=self.chosen.cache,
            assume_timezone=self.chosen.assume_timezone,
            assume_year=self.chosen.assume_year,
            progress=self.session.progress,
            session=self.session,
        )

    def close(self) -> None:
        """Free the tables, unless somebody else opened them."""
        if self._evidence is not None and not isinstance(self.chosen.data, Evidence):
            self._evidence.close()
        self._evidence = None

    def run(self, request: Request) -> Answer:
        """The rows of a KQL query over the evidence's tables."""
        request.cancel.check()
        rows: pa.Table = self.evidence.kql(
            request.text,
            now=request.options.now,
            parameters=request.parameters,
            externals=request.options.externals,
            geo=self.chosen.geo,
            frame="arrow",
        )
        return Answer(table=rows, gaps=self._gaps())

    def _gaps(self) -> tuple[Gap, ...]:
        """What the evidence itself lacks: a file that could not be read may hold the answer."""
        if not self.evidence.partial:
            return ()
        return tuple(Gap(each, helps="nothing") for each in self.evidence.problems)

    def schema(self) -> Schema:
        """The tables that have rows, with their columns and KQL types."""
        evidence = self.evidence
        return {name: evidence.schema(name) for name in _listed(evidence.tables, "name")}

    @property
    def identity(self) -> str:
        """The files' names and a hash of their contents."""
        if self._evidence is None:
            return "Local"
        contents = sorted(_listed(self._evidence.files, "sha256"))
        return f"Local {sha256(':'.join(contents).encode()).hexdigest()[:16]}"

    @property
    def now(self) -> datetime:
        """The last event's time: evidence is old by nature."""
        return self.evidence.now

    def span(self) -> TimeSpan | None:
        """All of the evidence: from its first event to just after its last."""
        tables = self.evidence.tables
        first = [each for each in _listed(tables, "first") if each is not None]
        last = [each for each in _listed(tables, "last") if each is not None]
        if not first or not last:
            return None
        return TimeSpan(min(first), max(last) + timedelta(microseconds=1))


def _listed(frame: Any, column: str) -> list[Any]:
    """A column's values, whatever kind of frame the evidence gives."""
    return to_polars(frame)[column].to_list()
