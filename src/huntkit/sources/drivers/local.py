"""Log files on this machine: evidence, asked in KQL."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from huntkit.core.contracts import GeoLookup
from huntkit.core.errors import UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.sources.driver import Answer, Driver, Limits, Request, Schema
from huntkit.sources.errors import NotConnected
from huntkit.sources.evidence_answers import answer_of, identity_of, schema_of, span_of
from huntkit.sources.local.evidence import Evidence, open_evidence


@dataclass(frozen=True, kw_only=True)
class LocalSettings:
    """What evidence to ask.

    Attributes:
        data: files, folders, globs or archives, one or several; or evidence that is open already.
        assume_timezone: the zone of times that carry none.
        assume_year: the year of times that carry none.
        day_first: whether 03/04/2020 is in April.
        cache: keep the parsed files.
        geo: tells where addresses are, for ``geo_info_from_ip_address``.
    """

    data: Evidence | str | Path | Sequence[str | Path] | None = field(
        default=None, metadata={"aliases": ("data_paths",)}
    )
    assume_timezone: str | None = None
    assume_year: int | None = None
    day_first: bool | None = None
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
            day_first=self.chosen.day_first,
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
        options: LocalOptions = request.options
        return answer_of(
            self.evidence,
            request,
            now=options.now,
            externals=options.externals,
            geo=self.chosen.geo,
        )

    def schema(self) -> Schema:
        """The tables that have rows, with their columns and KQL types."""
        return schema_of(self.evidence)

    @property
    def identity(self) -> str:
        """A hash of the files' contents."""
        return identity_of("Local", self._evidence)

    @property
    def now(self) -> datetime:
        """The last event's time: evidence is old by nature."""
        return self.evidence.now

    def span(self) -> TimeSpan | None:
        """All of the evidence: from its first event to just after its last."""
        return span_of(self.evidence)
