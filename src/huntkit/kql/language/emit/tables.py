"""The tables that a query reads, as they are stored in an engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from huntkit.kql.language import plan
from huntkit.kql.language.emit.base import Rel
from huntkit.kql.language.emit.relations import Relations
from huntkit.kql.language.emit.sql import Sql, named
from huntkit.kql.language.errors import KqlUnsupported


@dataclass(frozen=True, slots=True)
class Physical:
    """Where a column is: its name in the engine and the engine's type for it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Source:
    """A table of the engine's."""

    name: str
    columns: Mapping[str, Physical]


class Tables(Relations):
    """The relations that stand for tables.

    Args:
        sources: the tables that may be read, by KQL name.
        external: gives the source of an ``externaldata``; without it these are refused.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        external: Callable[[plan.External], Source] | None = None,
    ) -> None:
        super().__init__()
        self.sources = sources
        self.external = external

    # --- what an engine says for itself --------------------------------------------------------

    def read(self, physical: Physical, kind: str) -> Sql:
        """A stored value as a value of a KQL type."""
        raise NotImplementedError

    def stamp(self, physical: Physical) -> Sql | None:
        """A stored value as the engine's own timestamp, in UTC; None if it is stored as another."""
        raise NotImplementedError

    # --- tables --------------------------------------------------------------------------------

    def on_scan(self, node: plan.Scan) -> Rel:
        """A table of the caller's, with its values in the form that all else expects."""
        source = self.sources.get(node.table)
        if source is None:
            raise KqlUnsupported(f"the table {node.table} has no rows here")
        return self.rows_of(source, node.schema)

    def on_external(self, node: plan.External) -> Rel:
        """``externaldata``."""
        if self.external is None:
            raise KqlUnsupported("externaldata without a mapped file")
        return self.rows_of(self.external(node), node.schema)

    def rows_of(self, source: Source, schema: plan.Schema) -> Rel:
        """A source's rows; timestamps are carried along as they are stored."""
        if not source.name:
            return self.on_values(plan.Values(schema, ()))
        items, raw = [], []
        for place, column in enumerate(schema):
            physical = source.columns.get(column.name)
            if physical is None:
                items.append(named(self.null_of(column.type), f"c{place}"))
                continue
            items.append(named(self.read(physical, column.type), f"c{place}"))
            if column.type == "datetime" and (stamp := self.stamp(physical)) is not None:
                name = self.fresh()
                raw.append((column.name, name))
                items.append(named(stamp, name))
        table = exp.Table(this=exp.Identifier(this=source.name, quoted=True))
        return self.add(self.select(items, table), schema, Rel("", schema, raw=tuple(raw)))
