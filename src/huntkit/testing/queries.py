"""A query checked against events that it must find and near misses that it must not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from huntkit.core.errors import HuntkitError
from huntkit.sources.queries.definition import Query
from huntkit.sources.queries.reading import read_queries
from huntkit.sources.queries.rendered import Rendered
from huntkit.sources.queries.rendering import render
from huntkit.testing.query_engine import EVERYWHERE, Engine
from huntkit.testing.query_events import DAY, Events, events_of, read_events
from huntkit.testing.query_mutants import mutants

LEAST: Final = 2  # matches and misses a query


@dataclass(frozen=True, slots=True)
class QueryCheck:
    """What a check found.

    Attributes:
        name: the query.
        problems: what is wrong; empty: nothing.
        killed: how many changed queries its events noticed.
        survivors: the changes that they did not notice.
    """

    name: str
    problems: tuple[str, ...]
    killed: int = 0
    survivors: tuple[str, ...] = ()


def check_query(
    query: Query,
    events: Mapping[str, Any] | Events,
    *,
    thorough: bool = True,
    engine: Engine | None = None,
) -> QueryCheck:
    """A query in KQL, run over its events on the local engine.

    Every match must give a row when it and the context are all the data, every miss none; the
    query with literals entered must give the same rows as with parameters; and leaving out or
    turning round at least one of its conditions must be noticed.

    Args:
        query: what to check.
        events: ``parameters``, ``context``, ``match``, ``miss`` and ``rows``; see docs/queries.md.
        thorough: whether to try every change of a condition, or only until one is noticed.
        engine: one to use again; making it takes longer than a check.

    Examples:
        >>> from huntkit.sources.queries import queries_of
        >>> [query] = queries_of('''
        ... metadata: {data_environments: [MSSentinel], data_families: [LinuxSyslog]}
        ... sources:
        ...   list_host_messages:
        ...     description: Messages of one host
        ...     args: {query: "Syslog | where HostName =~ {host_name}"}
        ...     parameters: {host_name: {description: the host, type: str}}
        ... ''')
        >>> check_query(query, {
        ...     "parameters": {"host_name": "ws01"},
        ...     "match": [{"_table": "Syslog", "HostName": "ws01"},
        ...               {"_table": "Syslog", "HostName": "WS01", "Facility": "auth"}],
        ...     "miss": [{"of": 0, "field": "HostName", "value": "ws011"},
        ...              {"of": 1, "field": "HostName", "value": "srv9"}],
        ... }).problems
        ()
    """
    given = events if isinstance(events, Events) else events_of(events)
    if engine is not None:
        return _check(engine, query, given, thorough=thorough)
    with Engine() as own:
        return _check(own, query, given, thorough=thorough)


def check_queries(
    path: str | Path, events: str | Path, *, thorough: bool = True
) -> list[QueryCheck]:
    """All queries in KQL of a file, each with its events of another; see `check_query`.

    Raises:
        QueryFileError: what is wrong with one of the files.
    """
    queries = {each.name: each for each in read_queries(path)}
    given = read_events(events)
    found = [
        QueryCheck(name, (f"there are events for {name}, and no such query",))
        for name in given
        if name not in queries
    ]
    with Engine() as engine:
        for name, query in queries.items():
            if query.language != "kql":
                continue
            if name in given:
                found.append(_check(engine, query, given[name], thorough=thorough))
            else:
                found.append(QueryCheck(name, ("it has no events",)))
    return found


def _check(engine: Engine, query: Query, events: Events, *, thorough: bool) -> QueryCheck:
    problems = list(_few(events))
    together = len(events.cases)
    cases = {place: each.rows for place, each in enumerate(events.cases)}
    everything = tuple(row for each in events.matches for row in each.rows)
    try:
        usual = {name: each for name, each in DAY.items() if name in query.parameters}
        rendered = render(query, {**usual, **events.parameters}, now=DAY["end"])
        engine.load({**cases, together: everything, EVERYWHERE: events.context})
        now = rendered.span.end if rendered.span else DAY["end"]
        engine.prepare(rendered.declared, rendered.constants, now=now)
        problems.extend(_wrong(engine, events))
        rows = engine.rows(together)
        if events.rows is not None and len(rows) != events.rows:
            problems.append(f"all matches together give {len(rows)} rows, not {events.rows}")
        engine.prepare(rendered.text, {}, now=now)
        if _sorted(engine.rows(together)) != _sorted(rows):
            problems.append("with values as literals it gives other rows than with parameters")
    except HuntkitError as problem:
        problems.append(f"{type(problem).__name__}: {problem}")
    if problems:
        return QueryCheck(query.name, tuple(problems))
    engine.optimize(on=False)
    killed, survivors = _mutated(engine, rendered, events, now, thorough=thorough)
    engine.optimize(on=True)
    if not killed:
        problems.append("its events notice no change to its conditions")
    return QueryCheck(query.name, tuple(problems), killed, tuple(survivors))


def _few(events: Events) -> Iterable[str]:
    misses = len(events.cases) - len(events.matches)
    if len(events.matches) < LEAST:
        yield f"it has {len(events.matches)} matches, and needs {LEAST}"
    if misses < LEAST:
        yield f"it has {misses} misses, and needs {LEAST}"


def _wrong(engine: Engine, events: Events) -> Iterable[str]:
    """What is wrong with the cases of a query, misses first: they notice most changes."""
    for place in sorted(range(len(events.cases)), key=lambda at: events.cases[at].found):
        case = events.cases[place]
        found = bool(engine.rows(place))
        if found != case.found:
            yield f"{case.name} gives {'rows' if found else 'no row'}"


def _mutated(
    engine: Engine, rendered: Rendered, events: Events, now: object, *, thorough: bool
) -> tuple[int, list[str]]:
    killed, survivors = 0, []
    changed = list(mutants(rendered.declared))
    # The bounds of time stand first, and say least about a query.
    for mutant in changed if thorough else reversed(changed):
        try:
            engine.prepare(mutant.text, rendered.constants, now=now)
            noticed = next(iter(_wrong(engine, events)), None)
            if noticed is None and events.rows is not None:
                rows = engine.rows(len(events.cases))
                noticed = None if len(rows) == events.rows else "other rows"
        except HuntkitError:
            continue  # no query any more, so nothing that could go unnoticed
        if noticed is None:
            survivors.append(mutant.what)
        else:
            killed += 1
            if not thorough:
                break
    return killed, survivors


def _sorted(rows: list[tuple[Any, ...]]) -> list[str]:
    return sorted(map(repr, rows))
