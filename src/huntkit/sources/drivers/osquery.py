"""osquery's result and snapshot logs, asked in KQL.

Written to osquery's documented log formats: events, snapshots and batches
(https://osquery.readthedocs.io/en/stable/deployment/logging/).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final

from huntkit.core.errors import UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.sources.driver import Answer, Driver, Limits, Request, Schema
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
from huntkit.sources.queries.definition import Parameter, Query

_PREFIX: Final = "Osquery_"
_ACTION: Final = Parameter(
    name="action_is",
    default="",
    description="only these rows: added, removed or snapshot; all by default",
)


@dataclass(frozen=True, kw_only=True)
class OSQuerySettings:
    """Which logs to ask.

    Attributes:
        data: files, folders, globs or archives, one or several.
        cache: keep the parsed files.
    """

    data: str | Path | Sequence[str | Path] | None = field(
        default=None, metadata={"aliases": ("data_paths",)}
    )
    cache: bool = True


@dataclass(frozen=True, kw_only=True)
class OSQueryOptions:
    """What one call may say.

    Attributes:
        now: the instant of ``now()`` and ``ago()``; the last result's by default.
    """

    now: str | datetime | None = None


class OSQueryLogs(Driver):
    """osquery's logs: a table and a query for each of osquery's own queries.

    The result ``pack_fim_events`` is the table ``Osquery_pack_fim_events`` and the query
    ``osquery.pack_fim_events``. ``Action`` tells what became of a row: ``added``, ``removed``,
    or ``snapshot``.
    """

    environments: ClassVar = {"OSQueryLogs": ()}
    language = "kql"
    settings = OSQuerySettings
    options = OSQueryOptions
    limits = Limits(max_parallel=1, takes_parameters=True)
    connects_itself = True
    keeps_answers = False  # the parsed files are kept already, by content

    chosen: OSQuerySettings
    _evidence: Evidence | None = None

    @property
    def evidence(self) -> Evidence:
        """The tables; opened on first use."""
        if self._evidence is None:
            self.connect()
        if self._evidence is None:
            raise NotConnected("there is no log to ask")
        return self._evidence

    def connect(self) -> None:
        """Read the logs.

        Raises:
            UsageError: no logs were named, or there is no result in them.
        """
        given = self.chosen.data
        if given is None:
            raise UsageError(
                "say which logs to ask", hint='QueryProvider("OSQueryLogs", data="logs/")'
            )
        evidence = open_evidence(
            list(given) if isinstance(given, tuple) else given,
            cache=self.chosen.cache,
            frame="polars",
            progress=self.session.progress,
            session=self.session,
        )
        if not tables_of(evidence, _PREFIX):
            problems = "; ".join(evidence.problems[:3])
            evidence.close()
            raise UsageError(
                "there is no osquery result in these files" + (f": {problems}" if problems else ""),
                hint="give osqueryd.results.log and osqueryd.snapshots.log, or their folder",
            )
        self._evidence = evidence

    def close(self) -> None:
        """Free the tables."""
        if self._evidence is not None:
            self._evidence.close()
        self._evidence = None

    def run(self, request: Request) -> Answer:
        """The rows of a KQL query over the results."""
        request.cancel.check()
        options: OSQueryOptions = request.options
        return answer_of(self.evidence, request, now=options.now)

    def schema(self) -> Schema:
        """A table for each of osquery's queries, with its columns."""
        return schema_of(self.evidence)

    def queries(self) -> Sequence[Query]:
        """A query for each of osquery's queries; none before any logs were named."""
        if self._evidence is None and self.chosen.data is None:
            return ()
        return table_queries(
            self.evidence,
            tables_of(self.evidence, _PREFIX),
            environment="OSQueryLogs",
            family="osquery",
            name=lambda table: table.removeprefix(_PREFIX),
            steps=lambda _: '\n| where {action_is} == "" or Action =~ {action_is}',
            parameters=[_ACTION],
        )

    @property
    def identity(self) -> str:
        """A hash of the files' contents."""
        return identity_of("OSQueryLogs", self._evidence)

    @property
    def now(self) -> datetime:
        """The last result's time."""
        return self.evidence.now

    def span(self) -> TimeSpan | None:
        """From the first result to just after the last."""
        return span_of(self.evidence)
