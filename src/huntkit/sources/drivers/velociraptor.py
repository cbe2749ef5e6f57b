"""What Velociraptor collected: offline collectors' archives and exports, asked in KQL.

An archive holds ``results/<artifact>.json`` (JSON lines, sources of an artifact after ``%2F``);
see https://docs.velociraptor.app/docs/offline_triage/.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final

from huntkit.core.errors import UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.sources.driver import Answer, Driver, Gap, Limits, Request, Schema
from huntkit.sources.errors import NotConnected
from huntkit.sources.evidence_answers import (
    answer_of,
    identity_of,
    schema_of,
    span_of,
    table_queries,
    tables_of,
)
from huntkit.sources.local.evidence import Evidence, open_evidence
from huntkit.sources.local.mapping.targets import own_table
from huntkit.sources.queries.definition import Query

_PREFIX: Final = "Velociraptor_"
_TWIN: Final = '\n| where not(_file endswith ".csv")'
# Indexes of result files, and uploaded files that are no logs: no result is missing without them.
_NO_RESULTS: Final = re.compile(
    r"(?:\.index|[!/\\]uploads[/\\].*): not a known log format$", re.DOTALL
)


@dataclass(frozen=True, kw_only=True)
class VelociraptorSettings:
    """Which collections to ask.

    Attributes:
        data: archives of collectors, folders, files or globs, one or several.
        cache: keep the parsed files.
    """

    data: str | Path | Sequence[str | Path] | None = field(
        default=None, metadata={"aliases": ("data_paths",)}
    )
    cache: bool = True


@dataclass(frozen=True, kw_only=True)
class VelociraptorOptions:
    """What one call may say.

    Attributes:
        now: the instant of ``now()`` and ``ago()``; the last event's by default.
    """

    now: str | datetime | None = None


class VelociraptorLogs(Driver):
    """Velociraptor's collections: a table and a query for each artifact.

    The artifact ``Windows.System.Pslist`` is the table ``Velociraptor_Windows_System_Pslist`` and
    the query ``velociraptor.Windows_System_Pslist``; rows of several hosts stand together, and
    ``_file`` tells them apart. Event logs among the results and uploads are in the tables of
    such events (``WindowsEvent`` ...).
    """

    environments: ClassVar = {"VelociraptorLogs": ()}
    language = "kql"
    settings = VelociraptorSettings
    options = VelociraptorOptions
    limits = Limits(max_parallel=1, takes_parameters=True)
    connects_itself = True
    keeps_answers = False  # the parsed files are kept already, by content

    chosen: VelociraptorSettings
    _evidence: Evidence | None = None
    _twins: frozenset[str] = frozenset()

    @property
    def evidence(self) -> Evidence:
        """The tables; opened on first use."""
        if self._evidence is None:
            self.connect()
        if self._evidence is None:
            raise NotConnected("there is no collection to ask")
        return self._evidence

    def connect(self) -> None:
        """Read the collections.

        Raises:
            UsageError: none was named, or there is no artifact in them.
        """
        given = self.chosen.data
        if given is None:
            raise UsageError(
                "say which collections to ask",
                hint='QueryProvider("VelociraptorLogs", data="Collection-host.zip")',
            )
        evidence = open_evidence(
            list(given) if isinstance(given, tuple) else given,
            cache=self.chosen.cache,
            frame="polars",
            progress=self.session.progress,
            session=self.session,
        )
        if not tables_of(evidence):
            problems = "; ".join(evidence.problems[:3])
            evidence.close()
            raise UsageError(
                "there is nothing collected in these files" + (f": {problems}" if problems else ""),
                hint="give a collector's archive, or the folder with results/",
            )
        self._evidence = evidence
        self._twins = _twins(evidence)

    def close(self) -> None:
        """Free the tables."""
        if self._evidence is not None:
            self._evidence.close()
        self._evidence = None

    def run(self, request: Request) -> Answer:
        """The rows of a KQL query over the artifacts."""
        request.cancel.check()
        options: VelociraptorOptions = request.options
        answer = answer_of(self.evidence, request, now=options.now)
        gaps = [each for each in answer.gaps if not _NO_RESULTS.search(each.reason)]
        if "_file" not in request.text:
            gaps += [
                Gap(
                    f"{name} was collected as JSON and as CSV, and its rows stand there twice: add "
                    '| where not(_file endswith ".csv")',
                    helps="nothing",
                )
                for name in sorted(self._twins)
                if re.search(rf"\b{name}\b", request.text)
            ]
        return Answer(table=answer.table, gaps=gaps)

    def schema(self) -> Schema:
        """A table for each artifact, with its columns; and those of uploaded logs."""
        return schema_of(self.evidence)

    def queries(self) -> Sequence[Query]:
        """A query for each artifact; none before any collection was named."""
        if self._evidence is None and self.chosen.data is None:
            return ()
        return table_queries(
            self.evidence,
            tables_of(self.evidence, _PREFIX),
            environment="VelociraptorLogs",
            family="velociraptor",
            name=lambda table: table.removeprefix(_PREFIX),
            steps=lambda table: _TWIN if table in self._twins else "",
        )

    @property
    def identity(self) -> str:
        """A hash of the files' contents."""
        return identity_of("VelociraptorLogs", self._evidence)

    @property
    def now(self) -> datetime:
        """The last event's time."""
        return self.evidence.now

    def span(self) -> TimeSpan | None:
        """From the first event to just after the last."""
        return span_of(self.evidence)


def _twins(evidence: Evidence) -> frozenset[str]:
    """The artifacts whose rows were collected as JSON and as CSV beside it."""
    paths = set(evidence.files["path"])
    pairs = (each for each in paths if each.endswith(".csv") and f"{each[:-4]}.json" in paths)
    return frozenset(map(own_table, pairs)) & frozenset(tables_of(evidence, _PREFIX))
