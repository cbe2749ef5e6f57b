"""Providers that are tables somewhere: asked in KQL by whatever runs queries."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from huntkit.core.contracts import QueryRunner
from huntkit.core.errors import SettingsError
from huntkit.enrich.ti.provider import Facts, Lookup, TIProvider
from huntkit.tables import to_polars


class KqlTIProvider(TIProvider):
    """A provider whose answers are rows of a table, many indicators with one query.

    A subclass gives the query for a batch and reads the rows. The runner is the connected query
    provider that the settings name (``query_provider``), or the one that was handed over.

    Attributes:
        batch: how many indicators one query asks for.
        internal: the table is the organisation's own.
    """

    batch = 500
    internal: ClassVar[bool] = True
    days: ClassVar[int] = 90

    _runner: QueryRunner | None = None

    def use(self, runner: QueryRunner) -> None:
        """Ask this query provider; it must be connected."""
        self._runner = runner

    def lacking(self) -> str:
        """Whether there is nobody who runs its queries."""
        given = self._runner or getattr(self.chosen, "query_provider", None)
        return "" if given is not None else f"{self.name} needs a connected query provider"

    @property
    def runner(self) -> QueryRunner:
        """Whatever runs the queries.

        Raises:
            SettingsError: there is none.
        """
        given = self._runner or getattr(self.chosen, "query_provider", None)
        if given is None:
            raise SettingsError(
                self.lacking(),
                hint=f'lookup.provider("{self.name}").use(QueryProvider("MSSentinel") ...)',
            )
        runner: QueryRunner = given
        return runner

    @abstractmethod
    def query(self, lookups: Sequence[Lookup]) -> tuple[str, Mapping[str, Any]]:
        """The KQL text with ``declare query_parameters``, and the values."""

    @abstractmethod
    def rows_for(self, lookup: Lookup, rows: Sequence[Mapping[str, Any]]) -> Facts:
        """The facts about one indicator out of the rows of its batch."""

    def ask(self, lookup: Lookup) -> Facts:
        """The facts about one indicator."""
        return self.ask_many([lookup])[lookup]

    def ask_many(self, lookups: Sequence[Lookup]) -> Mapping[Lookup, Facts]:
        """The facts about many, by one query."""
        text, values = self.query(lookups)
        frame = self.runner.exec_query(text, parameters=dict(values))
        rows = to_polars(frame).to_dicts()
        return {lookup: self.rows_for(lookup, rows) for lookup in lookups}

    def span(self, lookups: Sequence[Lookup]) -> tuple[datetime, datetime]:
        """The time that is meant: the caller's, else the last `days`."""
        end = next((each.end for each in lookups if each.end), None) or datetime.now(UTC)
        start = next((each.start for each in lookups if each.start), None)
        return start or end - timedelta(days=self.days), end
