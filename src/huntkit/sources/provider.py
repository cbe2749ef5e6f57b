"""Logs of one environment: connect, ask by library query or by text, get frames."""

import functools
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal

import anyio.to_thread

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.core.timespan import TimeSpan
from huntkit.runtime.session import FrameKind, Run, Session, default_session
from huntkit.sources import questions, shelf
from huntkit.sources.asking import Manner, Result, ask
from huntkit.sources.catalog import drivers, places
from huntkit.sources.configured import query_paths_from_file
from huntkit.sources.connection import Question, shown
from huntkit.sources.connections import Connections, place_of
from huntkit.sources.declared import declared, names_of, told
from huntkit.sources.driver import Driver
from huntkit.sources.errors import PartialAnswer, PartialAnswerWarning
from huntkit.sources.functions import (
    HELP,
    PRINT,
    Controls,
    Family,
    QueryFunction,
    Shown,
    as_call,
    help_text,
    sorted_out,
)
from huntkit.sources.own_queries import own_query, parameter_of
from huntkit.sources.provenance import Provenance, framed
from huntkit.sources.queries.definition import Parameter, Query
from huntkit.sources.queries.library import built_in
from huntkit.sources.queries.matching import values_from
from huntkit.sources.splitting import pieces_of
from huntkit.sources.waiting import now_of
from huntkit.tables import as_kind

_GAPS_SHOWN: Final = 5


class QueryProvider:
    """Logs of one environment: local evidence, Sentinel, Splunk ...

    Library queries are attributes by family: ``provider.WindowsSecurity.list_host_logons(...)``,
    found by completion; `exec_query` asks in the environment's own language. Every result says
    where it comes from in ``df.attrs["huntkit"]``, and `last` tells the same for every kind of
    frame. Rows that are missing always warn.

    Args:
        data_environment: what to ask: ``Local``, ``MSSentinel``, ``Splunk`` ...;
            `list_data_environments` names those there are. Case does not matter.
        driver: the driver to use instead of the environment's own; a class, or one that is made.
        query_paths: files, and folders with files, of more queries.
        instance: the entry ``<environment>-<instance>`` of the settings file.
        session: settings, progress, history; the default session's by default.
        frame: the kind of frame that results come as; the session's by default.
        **settings: what the driver needs to connect (`driver_help` tells); may be given to
            `connect` as well, or stand in the settings file under ``DataProviders``.

    Attributes:
        session: settings, progress, history.
        last: where the last result came from.
        rescued: the rows that had arrived when a query was interrupted.

    Raises:
        UnknownPlugin: nothing can ask this environment; the message says what there is.

    Examples:
        >>> import json, pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> event = {"EventID": 4688, "Channel": "Security", "Computer": "pc1.example",
        ...          "TimeCreated": "2026-01-02T03:04:05Z"}
        >>> _ = (folder / "events.json").write_text(json.dumps(event))
        >>> provider = QueryProvider("Local", data=folder, frame="polars")
        >>> provider.exec_query("SecurityEvent | project Computer, EventID").rows()
        [('pc1.example', 4688)]
        >>> print(provider.last)
        1 row of a query from Local
    """

    def __init__(
        self,
        data_environment: str,
        driver: type[Driver] | Driver | None = None,
        query_paths: str | Path | Sequence[str | Path] = (),
        *,
        instance: str | None = None,
        session: Session | None = None,
        frame: FrameKind | None = None,
        **settings: Any,
    ) -> None:
        self.session = session or default_session()
        self.last: Provenance | None = None
        self.rescued: Any = None
        self._place = place_of(data_environment, driver, self.session)
        made = driver if isinstance(driver, Driver) else None
        self._connections = Connections(self._place, instance, made, settings, self.session)
        self._frame = frame
        self._chosen: TimeSpan | None = None
        self._paths = [query_paths] if isinstance(query_paths, str | Path) else list(query_paths)
        self._shelf = shelf.Shelf(self._library)

    # Connecting.

    def connect(self, connection_str: str | None = None, **settings: Any) -> None:
        """Connect; what the constructor was given need not be said again.

        Args:
            connection_str: for drivers with a setting of that name.
            **settings: what the driver needs; `driver_help` tells.

        Raises:
            UsageError: settings that are missing, unknown or of another type; all at once.
            HuntkitError: what the source says.
        """
        self._connections.connect(connection_str, settings)
        self._shelf.reload()

    def add_connection(
        self, connection_str: str | None = None, alias: str | None = None, **settings: Any
    ) -> None:
        """Connect to one more place of the same kind; queries then ask all of them.

        Results get a last column ``_connection``: the alias of the connection that each row
        comes from.

        Raises:
            UsageError: the alias is taken, or as `connect`.
        """
        self._connections.add(alias, connection_str, settings)
        self._shelf.reload()

    def list_connections(self) -> list[str]:
        """The connections: alias, where to, and whether it is connected; never a secret."""
        self._connections.first()
        return [repr(each) for each in self._connections.known()]

    @property
    def connected(self) -> bool:
        """Whether queries can be asked; local evidence is opened when the first one is."""
        known = self._connections.known()
        return self._place.driver.connects_itself or any(each.connected for each in known)

    @property
    def connection_string(self) -> str:
        """Where the first connection goes to; never a secret."""
        first = next(iter(self._connections.known()), None)
        return shown(first.driver) if first else ""

    @property
    def environment(self) -> str:
        """The environment by its own name."""
        return self._place.environment

    @property
    def instance(self) -> str | None:
        """The alias of the first connection."""
        first = next(iter(self._connections.known()), None)
        return first.alias if first else None

    def close(self) -> None:
        """End all connections."""
        self._connections.close()

    # Asking.

    def exec_query(
        self,
        query: str,
        /,
        *,
        start: object = None,
        end: object = None,
        parameters: Mapping[str, object] | None = None,
        split_by: str | timedelta | None = None,
        refresh: bool = False,
        frame: FrameKind | None = None,
        on_partial: Literal["warn", "raise"] = "warn",
        timeout_s: float | None = None,
        **options: Any,
    ) -> Any:
        """The rows of a query in the environment's own language.

        Args:
            query: the text. In KQL its values may be declared (``declare query_parameters``).
            start: the first time, inclusive; for the declared parameter of that name, and for
                services that take the range beside the text.
            end: the last time, exclusive.
            parameters: values of the declared parameters, by name.
            split_by: ask in pieces of this length (``"1h"``); only where that is exact.
            refresh: ask the source even where an answer is kept.
            frame: the kind of frame.
            on_partial: what to do where rows are missing: ``warn``, or ``raise`` `PartialAnswer`.
            timeout_s: when to give up.
            **options: what the driver takes with a call; `driver_help` tells.

        Raises:
            KqlError, QueryRefused: what is wrong with the query.
            NotConnected: `connect` first.
            HuntkitError: the source did not answer.
        """
        if not isinstance(query, str) or not query.strip():
            raise UsageError("the query is no text")
        question = questions.of_text(
            query,
            self._connections.all()[0],
            self._connections.clock(self._chosen),
            parameters=parameters or {},
            start=start,
            end=end,
        )
        controls = Controls(
            split_by=split_by,
            refresh=refresh,
            frame=frame,
            on_partial=on_partial,
            timeout_s=timeout_s,
        )
        return self._ask(question, options, controls)

    async def aexec_query(self, query: str, /, **how: Any) -> Any:
        """As `exec_query`, for ``await``: the event loop goes on meanwhile."""
        return await anyio.to_thread.run_sync(functools.partial(self.exec_query, query, **how))

    @property
    def query_time(self) -> TimeSpan:
        """The range of time that is meant where a call says none.

        The last day; of local evidence all of it. Set it to a `TimeSpan`, or to a pair of times
        such as ``("-7d", "now")``; None gives the usual one back.
        """
        return self._chosen or self._connections.clock(None).usual()

    @query_time.setter
    def query_time(self, span: object) -> None:
        if span is None or isinstance(span, TimeSpan):
            self._chosen = span
            return
        if isinstance(span, Sequence) and not isinstance(span, str) and len(span) == 2:
            start, end = span
        else:
            start, end = getattr(span, "start", None), getattr(span, "end", None)
        if start is None or end is None:
            raise UsageError(
                "query_time takes a TimeSpan or a pair of times such as ('-7d', 'now')"
            )
        self._chosen = TimeSpan.parse(start, end, now=self._connections.clock(None).now)

    @property
    def driver(self) -> Driver:
        """What talks to the source, connected; some can do more than run queries."""
        return self._connections.all()[0].ready()

    @property
    def schema(self) -> dict[str, dict[str, str]]:
        """The source's tables with their columns and types."""
        driver = self.driver
        return {name: dict(columns) for name, columns in now_of(driver.schema()).items()}

    @property
    def schema_tables(self) -> list[str]:
        """The names of the source's tables, sorted."""
        return sorted(self.schema)

    # The queries that there are.

    def list_queries(self, substring: str | None = None, *, family: str | None = None) -> list[str]:
        """The names of the queries: ``Family.name``, sorted.

        Args:
            substring: a part of the name in any case of letters, or a glob (``*logon*``).
            family: only this family.
        """
        return self._shelf.names(substring, family=family)

    def search(
        self,
        search: str | Sequence[str] | None = None,
        table: str | Sequence[str] | None = None,
        param: str | Sequence[str] | None = None,
        ignore_case: bool = True,
    ) -> list[str]:
        """The names of the queries that fit all that is given; each a regular expression.

        Args:
            search: found in the name, description, text, tags or techniques.
            table: found in the name of a table.
            param: found in the name of a parameter.
            ignore_case: whether ``a`` finds ``A``.
        """
        return shelf.search(
            self._shelf.items(), text=search, table=table, parameter=param, ignore_case=ignore_case
        )

    def query_help(self, query_name: str) -> Shown:
        """What there is to know about a query: parameters, tables, techniques, an example."""
        return Shown(help_text(*self._shelf.find(query_name)))

    def get_query(self, query_name: str) -> Shown:
        """A query's text, before values are put in."""
        return Shown(self._shelf.find(query_name)[1].text)

    def browse_queries(self, *, frame: FrameKind | None = None) -> Any:
        """All queries as a table: family, name, description, parameters, tables, techniques."""
        return as_kind(self._shelf.table(), frame or self._frame or self.session.frame)

    browse = browse_queries

    def import_query_file(self, query_file: str | Path) -> list[str]:
        """Add the queries of a YAML file, or of all in a folder; their full names.

        Raises:
            QueryFileError: what is wrong with a file, with line numbers; nothing is added then.
            UsageError: no query of it is for this environment.
        """
        fitting = [each for each in shelf.of_file(query_file) if self._takes(each)]
        if not fitting:
            raise UsageError(
                f"{str(query_file)!r} has no queries for {self.environment}",
                hint="look at its metadata: data_environments",
            )
        return self._shelf.add(fitting)

    @staticmethod
    def create_param(
        name: str, data_type: str, description: str | None = None, default: object = None
    ) -> Parameter:
        """A parameter for `add_custom_query`; without a default it must be given.

        Raises:
            UsageError: no such type.
        """
        return parameter_of(name, data_type, description or "", default)

    def add_custom_query(
        self,
        name: str,
        query: str,
        family: str | Iterable[str],
        description: str | None = None,
        parameters: Iterable[Parameter] = (),
    ) -> list[str]:
        """Add a query of your own to this provider; its full names.

        Args:
            name: what it is called.
            query: its text, with values in ``{braces}``; literal braces are doubled.
            family: the family or families to put it in.
            description: what it answers.
            parameters: made by `create_param`.

        Raises:
            UsageError: what is wrong with it.
        """
        families = (family,) if isinstance(family, str) else tuple(family)
        made = own_query(
            Query(
                name=name,
                text=query,
                language=self._place.driver.language,
                description=description or "",
                parameters={each.name: each for each in parameters or ()},
                environments=(self.environment,),
                families=families,
            )
        )
        return self._shelf.add([made])

    @property
    def all_queries(self) -> Family:
        """All queries by name alone, of whatever family."""
        full = {query.name: name for name, query in reversed(list(self._shelf.items()))}
        queries = {name: self._shelf.find(full[name])[1] for name in sorted(full)}
        return Family("all_queries", queries, lambda _, each: self._function(full[each.name], each))

    @staticmethod
    def list_data_environments() -> list[str]:
        """The environments that can be asked, but for what the settings switch off."""
        return list(places(drivers(default_session().settings.disabled_plugins)))

    def driver_help(self) -> Shown:
        """What the driver needs to connect, and what it takes with a call."""
        driver = self._place.driver
        return Shown(
            f"{self.environment}: {(driver.__doc__ or '').strip()}\n\n"
            f"connect takes:\n{told(driver.settings)}\n\na call takes:\n{told(driver.options)}"
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or "_shelf" not in self.__dict__:
            raise AttributeError(name)
        queries = self._shelf.family(name)
        if queries is None:
            near = did_you_mean(name, [*self._shelf.families(), *dir(type(self))])
            raise AttributeError(
                f"{self.environment} has no family of queries {name!r}"
                + (f" ({near})" if near else "")
            )
        return Family(name, queries, self._function)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._shelf.families()})

    def __repr__(self) -> str:
        state = "connected" if self.connected else "not connected"
        return f"<QueryProvider {self.environment}, {state}>"

    # Inside.

    def _library(self) -> list[Query]:
        """The caller's queries, then the source's own, then the package's."""
        found = shelf.of_paths([*self._paths, *query_paths_from_file(self.session)])
        self._connections.first()
        for connection in self._connections.known():
            found += connection.driver.queries()
        return [each for each in [*found, *built_in()] if self._takes(each)]

    def _takes(self, query: Query) -> bool:
        driver = self._place.driver
        if driver.whole_library:
            return query.language == driver.language
        return any(each.casefold() in self._place.names for each in query.environments)

    def _function(self, name: str, query: Query) -> QueryFunction:
        return QueryFunction(name, query, self._run)

    def _run(
        self, function: QueryFunction, objects: Sequence[Any], values: Mapping[str, Any]
    ) -> Any:
        """What the call of a query gives."""
        name, query = function.__qualname__, function.query
        words = {each for each in objects if isinstance(each, str)}
        if words & HELP:
            return Shown(help_text(name, query))
        if strange := sorted(words - PRINT):
            raise UsageError(
                f"{strange[0]!r} by itself says nothing",
                hint="give values by name; by position only objects, or 'print'",
            )
        options = names_of(self._place.driver.options)
        mine, controls, rest = sorted_out(query, values, options)
        taken = values_from(query, [each for each in objects if not isinstance(each, str)])
        mine = {**{k: v for k, v in taken.items() if k not in mine}, **mine}
        if not (words & PRINT or controls.as_code):
            self._connections.all()
        question = questions.of_query(name, query, mine, self._connections.clock(self._chosen))
        if controls.as_code:
            return Shown(as_call(name, query, mine, question.words(question.span)))
        if words & PRINT:
            return Shown(question.words(question.span).text)
        return self._ask(question, rest, controls)

    def _ask(self, question: Question, options: Mapping[str, object], controls: Controls) -> Any:
        connections = self._connections.all()
        what = f"a query of {self.environment}"
        question = replace(
            question,
            options=declared(self._place.driver.options, options, what=what),
            timeout_s=controls.timeout_s,
            refresh=controls.refresh,
        )
        manner = Manner(progress=self.session.progress)
        if controls.split_by is not None:
            orders = questions.orders_for(question, connections[0])
            pieces = pieces_of(question.span or self.query_time, controls.split_by)
            manner = replace(manner, pieces=pieces, orders=orders)
        return self._given(ask(connections, question, manner), controls)

    def _given(self, result: Result, controls: Controls) -> Any:
        """The rows as a frame, and a word where some are missing."""
        origin = self.last = result.origin
        self.session.history.add(
            Run(
                what=f"{self.environment} {origin.query}".strip(),
                text=origin.text,
                started=origin.started,
                rows=origin.rows,
                partial=origin.partial,
            )
        )
        rows = framed(result.rows, controls.frame or self._frame or self.session.frame, origin)
        if isinstance(result.stopped, KeyboardInterrupt):
            self.rescued = rows
            raise result.stopped
        if origin.partial and controls.on_partial == "raise":
            raise PartialAnswer(origin.gaps, rows)
        if origin.partial:
            gaps = list(origin.gaps[:_GAPS_SHOWN])
            if len(origin.gaps) > _GAPS_SHOWN:
                gaps.append(f"and {len(origin.gaps) - _GAPS_SHOWN} more (provider.last.gaps)")
            said = f"the answer is not complete ({origin.rows:,} rows): {'; '.join(gaps)}"
            warnings.warn(said, PartialAnswerWarning, stacklevel=4)
        return rows
