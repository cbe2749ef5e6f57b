"""The contract of drivers: the code that talks to one kind of place with logs.

A driver declares (names, language, settings, options, limits) and does three things: connect,
run one query, tell the schema. The kernel does the rest: it reads the settings, renders and
escapes queries, splits them by time, asks again after failures, keeps answers, converts frames,
reports progress, stops. One module of ``huntkit.sources.drivers`` is one driver; other packages
register theirs as ``driver.<name>`` in the entry point group ``huntkit.plugins``.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from huntkit.core.errors import Cancelled
from huntkit.core.timespan import TimeSpan
from huntkit.runtime.session import Session
from huntkit.sources.queries.environments import Language

if TYPE_CHECKING:
    import pyarrow as pa

    from huntkit.sources.queries.definition import Query

Schema = Mapping[str, Mapping[str, str]]
"""Table -> column -> type; in KQL's words (``datetime``, ``long`` ...) where they are known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a source bears and gives; the kernel keeps to it.

    Attributes:
        max_parallel: how many queries may run at once on one connection.
        max_rows: the most rows of one answer. An answer with as many counts as cut off, even
            where the source does not say so.
        max_bytes: the most bytes of one answer; told to people only.
        timeout_s: how long one query may take unless the caller says otherwise.
        max_timeout_s: the longest that a caller may ask for.
        takes_time_range: the source takes the time range outside the text (``Request.start``,
            ``Request.end``); the text keeps its own bounds.
        takes_parameters: the source takes values of ``declare query_parameters`` outside the
            text (``Request.parameters``); elsewhere the kernel writes them in as literals.
    """

    max_parallel: int = 1
    max_rows: int | None = None
    max_bytes: int | None = None
    timeout_s: float = 300.0
    max_timeout_s: float = 3600.0
    takes_time_range: bool = False
    takes_parameters: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """The settings or options of a driver that has none."""


class Cancel:
    """Says that a query should stop; one object may stand for many queries.

    Examples:
        >>> cancel = Cancel()
        >>> with cancel.calling(lambda: print("job deleted")):
        ...     cancel.ask()
        job deleted
        >>> cancel.asked
        True
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._stops: list[Callable[[], object]] = []

    @property
    def asked(self) -> bool:
        """Whether the work should stop."""
        return self._event.is_set()

    def ask(self) -> None:
        """Say that the work should stop."""
        with self._lock:
            self._event.set()
            stops, self._stops = self._stops, []
        for stop in stops:
            stop()

    def check(self) -> None:
        """Stop here if that was asked: between pages, between polls.

        Raises:
            Cancelled: it was asked.
        """
        if self.asked:
            raise Cancelled("the query was cancelled")

    def wait(self, seconds: float) -> None:
        """Sleep, but no longer than until the work should stop.

        Raises:
            Cancelled: it should.
        """
        self._event.wait(seconds)
        self.check()

    @contextmanager
    def calling(self, stop: Callable[[], object]) -> Iterator[None]:
        """While the block runs, call ``stop`` once if it is asked; from the asker's thread."""
        with self._lock:
            asked = self.asked
            if not asked:
                self._stops.append(stop)
        if asked:
            stop()
        try:
            yield
        finally:
            with self._lock:
                if stop in self._stops:
                    self._stops.remove(stop)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One query as a driver gets it: final, escaped, checked.

    Attributes:
        text: the query, in the driver's language.
        start: the first time that is asked for, inclusive, in UTC; None where none was said.
        end: the last time, exclusive.
        parameters: values of ``declare query_parameters``, where the driver takes them; Python's
            own types (str, int, float, bool, aware datetime, timedelta, list).
        properties: the same as KQL literals, as Azure Data Explorer takes them.
        options: the call's own options, an instance of the driver's `options`.
        metadata: what the query's definition says about itself (``database``, ``cluster`` ...).
        timeout_s: when to give up.
        cancel: asked between pages and polls.
    """

    text: str
    start: datetime | None = None
    end: datetime | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    options: Any = field(default_factory=Nothing)
    metadata: Mapping[str, object] = field(default_factory=dict)
    timeout_s: float = 300.0
    cancel: Cancel = field(default_factory=Cancel)


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that an answer lacks.

    Attributes:
        reason: what is missing and why, in the analyst's words.
        helps: what would give it. ``shorter``: asking for less time (too many rows, too many bytes,
            too slow); the kernel then halves a split query's piece. ``again``: asking the same
            again (one of several workspaces did not answer). ``nothing``: it is not to be had.
    """

    reason: str
    helps: Literal["shorter", "again", "nothing"] = "shorter"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a query gave.

    Attributes:
        table: the rows. Times are ``timestamp[us, UTC]``, time spans ``duration[us]``, dynamic
            values JSON text, identifiers text; an empty answer has the columns too where the
            source tells them.
        gaps: what is missing; empty where the answer is whole. A failure after rows had arrived
            is a gap, not an error: what did arrive is kept.
        statistics: what the source tells about the work (bytes scanned, time); plain values, kept
            with the result.
    """

    table: "pa.Table"
    gaps: Sequence[Gap] = ()
    statistics: Mapping[str, object] = field(default_factory=dict)

    @property
    def partial(self) -> bool:
        """Whether something is missing."""
        return bool(self.gaps)


class Driver(ABC):
    """The code that talks to one kind of place with logs; inherit from it to add one.

    `connect`, `close`, `run` and `schema` may be plain or ``async`` methods. `run` of a driver
    with ``max_parallel`` above 1 is called from several threads at once.

    Attributes:
        environments: what it can ask: the name of each environment, with other names of its own
            (those in ``queries/environments.py`` need not be repeated). ``self.environment`` is
            the one that was meant. Case does not matter.
        language: what its queries are written in; like `limits`, a driver of several
            environments may set it for itself in ``__init__``.
        settings: a frozen dataclass of what it needs to connect; secrets have the type `Secret`.
            It is filled from the settings file, the constructor and ``connect(...)``.
        options: a frozen dataclass of what one call may say (``database``, ``timespan`` ...).
        limits: what the source bears and gives.
        connects_itself: it needs no ``connect()``: nothing leaves the machine.
        keeps_answers: whether the kernel keeps answers on disk; not for what is local anyway.
        whole_library: it runs every library query of its language, not only those that name one
            of its environments.
    """

    environments: ClassVar[Mapping[str, Sequence[str]]]
    language: Language
    settings: ClassVar[type[Any]] = Nothing
    options: ClassVar[type[Any]] = Nothing
    limits: Limits = Limits()
    connects_itself: ClassVar[bool] = False
    keeps_answers: ClassVar[bool] = True
    whole_library: ClassVar[bool] = False

    def __init__(self, environment: str, chosen: Any, session: Session) -> None:
        self.environment = environment
        self.chosen = chosen
        self.session = session

    def connect(self) -> Awaitable[None] | None:
        """Sign in, and find out that the source is there.

        Raises:
            HuntkitError: with what to do about it.
        """
        return None

    def close(self) -> Awaitable[None] | None:
        """Free what is held; may be called twice."""
        return None

    @abstractmethod
    def run(self, request: Request) -> Answer | Awaitable[Answer]:
        """Ask one query.

        Raises:
            QueryRefused: asking again would be refused again (`KqlError` means the same).
            HuntkitError: it failed, and nothing had arrived.
            Cancelled: ``request.cancel`` was asked.
        """

    @abstractmethod
    def schema(self) -> Schema | Awaitable[Schema]:
        """The tables with their columns; empty where the source does not tell."""

    @property
    def identity(self) -> str:
        """What tells this connection's data from another's, without any secret.

        A part of the key of kept answers (a host and index, a workspace id), and shown to people.
        """
        return self.environment

    @property
    def now(self) -> datetime:
        """The instant that relative times count from."""
        return datetime.now(UTC)

    def span(self) -> TimeSpan | None:
        """The time that is meant where a call says none; None for the provider's default."""
        return None

    def queries(self) -> "Sequence[Query]":
        """Queries that the source itself knows (saved searches, artifacts); after `connect`."""
        return ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.identity}>"
