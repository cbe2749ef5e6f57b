"""Evidence behind a driver: answers, schema, time span, and a query for each of its tables."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

import pyarrow as pa

from huntkit.core.contracts import GeoLookup
from huntkit.core.timespan import TimeSpan
from huntkit.sources.driver import Answer, Gap, Request, Schema
from huntkit.sources.local.evidence import Evidence
from huntkit.sources.queries.definition import Parameter, Query
from huntkit.tables import to_polars

_TIME: Final = "TimeGenerated"
_BOUNDS: Final = {
    name: Parameter(name=name, type="datetime", description=f"the {what} time")
    for name, what in (("start", "first"), ("end", "last"))
}


def answer_of(
    evidence: Evidence,
    request: Request,
    *,
    now: object = None,
    externals: Mapping[str, str] | None = None,
    geo: GeoLookup | None = None,
) -> Answer:
    """The rows of a request in KQL, with what the evidence itself lacks.

    Raises:
        KqlError: what is wrong with the query.
        UnknownTable: with the nearest names.
    """
    rows: pa.Table = evidence.kql(
        request.text,
        now=now,
        parameters=request.parameters,
        externals=externals,
        geo=geo,
        frame="arrow",
    )
    return Answer(table=rows, gaps=gaps_of(evidence))


def gaps_of(evidence: Evidence) -> tuple[Gap, ...]:
    """What the evidence lacks: a file that could not be read may hold the answer."""
    if not evidence.partial:
        return ()
    return tuple(Gap(each, helps="nothing") for each in evidence.problems)


def tables_of(evidence: Evidence, prefix: str = "") -> list[str]:
    """The tables that have rows."""
    return [name for name in _listed(evidence.tables, "name") if name.startswith(prefix)]


def schema_of(evidence: Evidence) -> Schema:
    """The tables that have rows, with their columns and KQL types."""
    return {name: evidence.schema(name) for name in tables_of(evidence)}


def identity_of(name: str, evidence: Evidence | None) -> str:
    """A name for exactly these contents."""
    if evidence is None:
        return name
    contents = sorted(_listed(evidence.files, "sha256"))
    return f"{name} {sha256(':'.join(contents).encode()).hexdigest()[:16]}"


def span_of(evidence: Evidence) -> TimeSpan | None:
    """All of the evidence: from its first event to just after its last."""
    tables = evidence.tables
    first = [each for each in _listed(tables, "first") if each is not None]
    last = [each for each in _listed(tables, "last") if each is not None]
    if not first or not last:
        return None
    return TimeSpan(min(first), max(last) + timedelta(microseconds=1))


def table_queries(
    evidence: Evidence,
    tables: Sequence[str],
    *,
    environment: str,
    family: str,
    name: Callable[[str], str],
    steps: Callable[[str], str] = lambda _: "",
    parameters: Sequence[Parameter] = (),
) -> tuple[Query, ...]:
    """A query for each table: its rows, within a range of time where every row has a time.

    A table without times, or with a row that lacks one, takes no range: a row may not be lost
    because nobody knows when it happened.

    Args:
        evidence: where the tables are.
        tables: their names; plain words of KQL.
        environment: what is asked.
        family: where the queries are listed.
        name: makes a query's name of a table's.
        steps: makes more steps of the query, with slots for `parameters`.
        parameters: what they ask the caller for.
    """
    made = []
    for table in tables:
        timed = _all_have_times(evidence, table)
        bounds = f"\n| where {_TIME} >= {{start}} and {_TIME} < {{end}}" if timed else ""
        asked = {**(_BOUNDS if timed else {}), **{each.name: each for each in parameters}}
        made.append(
            Query(
                name=name(table),
                text=f"{table}{bounds}{steps(table)}",
                description=f"All rows of {table}" + ("." if timed else "; it takes no times."),
                parameters=asked,
                environments=(environment,),
                families=(family,),
                tables=(table,),
            )
        )
    return tuple(made)


def _all_have_times(evidence: Evidence, table: str) -> bool:
    if evidence.schema(table).get(_TIME) != "datetime":
        return False
    rows = evidence.kql(f"{table} | where isnull({_TIME}) | count", frame="polars")
    return bool(rows.item() == 0)


def _listed(frame: Any, column: str) -> list[Any]:
    """A column's values, whatever kind of frame the evidence gives."""
    return to_polars(frame)[column].to_list()
