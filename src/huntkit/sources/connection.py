"""One connection to a source, and the questions that are put to it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from huntkit.core.errors import HuntkitError, UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.sources.driver import Answer, Cancel, Driver, Gap, Nothing, Request
from huntkit.sources.errors import NotConnected
from huntkit.sources.kept import Asked, Kept
from huntkit.sources.outer_bounds import reads_within
from huntkit.sources.queries.rendered import Rendered
from huntkit.sources.waiting import now_of

# Words by which a query's rows depend on the instant at which it is asked.
_DEPENDS_ON_NOW: Final = re.compile(
    r"\b(?:now|ago|relative_time|earliest|latest|getdate|current_timestamp|current_date)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A query that waits only for its range of time.

    Attributes:
        name: the library query's name with its family; empty for a text of the caller's.
        words: gives the query for a range.
        span: the whole range; None where the query has none.
        metadata: what the query's definition says about itself.
        options: what the call says beside it.
        timeout_s: when to give up; None for the driver's own.
        refresh: ask the source even where an answer is kept.
        outside: the caller's range is meant for a text that names none itself.
    """

    name: str
    words: Callable[[TimeSpan | None], Rendered]
    span: TimeSpan | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)
    options: Any = field(default_factory=Nothing)
    timeout_s: float | None = None
    refresh: bool = False
    outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Answer):
    """An answer, and whether it was a kept one.

    Attributes:
        asked_at: when the source was asked.
        age: how old a kept answer is; None for a new one.
    """

    asked_at: datetime
    age: timedelta | None = None


class Connection:
    """A driver that is asked under one alias.

    Args:
        alias: what people call this connection.
        driver: what talks to the source.
        kept: where answers are kept; None for nowhere.
    """

    def __init__(self, alias: str, driver: Driver, kept: Kept | None) -> None:
        self.alias = alias
        self.driver = driver
        self.connected = False
        self._kept = kept if driver.keeps_answers else None

    def connect(self) -> None:
        """Connect, unless that was done.

        Raises:
            HuntkitError: what the driver says.
        """
        if not self.connected:
            now_of(self.driver.connect())
            self.connected = True

    def close(self) -> None:
        """Disconnect."""
        self.connected = False
        now_of(self.driver.close())

    def ready(self) -> Driver:
        """The driver, connected.

        Raises:
            NotConnected: it has to be connected first.
        """
        if not self.connected:
            if not self.driver.connects_itself:
                raise NotConnected(
                    f"{self.driver.environment} is not connected", hint="call provider.connect()"
                )
            self.connect()
        return self.driver

    def ask(self, question: Question, span: TimeSpan | None, cancel: Cancel) -> Reply:
        """The answer for a range of time, from the source or kept.

        Raises:
            HuntkitError: nothing arrived.
        """
        driver = self.ready()
        rendered = question.words(span)
        request = self._request(question, rendered, span, cancel)
        asked = Asked(
            environment=driver.environment,
            place=driver.identity,
            text=request.text,
            parameters=request.parameters,
            span=None if _DEPENDS_ON_NOW.search(request.text) else span,
            options="" if request.options == driver.options() else repr(request.options),
        )
        if self._kept and not question.refresh and (hit := self._kept.find(asked)):
            return Reply(table=hit.table, statistics=hit.facts, asked_at=hit.asked_at, age=hit.age)
        asked_at = datetime.now(UTC)
        answer = self._whole(now_of(driver.run(request), cancel))
        if self._kept and not answer.partial:
            self._kept.keep(asked, answer.table, asked_at=asked_at, facts=answer.statistics)
        return Reply(
            table=answer.table,
            gaps=answer.gaps,
            statistics=answer.statistics,
            asked_at=asked_at,
        )

    def _request(
        self, question: Question, rendered: Rendered, span: TimeSpan | None, cancel: Cancel
    ) -> Request:
        limits = self.driver.limits
        outside = limits.takes_parameters
        wanted = limits.timeout_s if question.timeout_s is None else question.timeout_s
        if not wanted > 0:
            raise UsageError(f"timeout_s={wanted} leaves no time", hint="seconds, such as 300")
        sent = span if span and self._may_send(span, question, rendered) else None
        return Request(
            text=rendered.declared if outside else rendered.text,
            start=sent.start if sent else None,
            end=sent.end if sent else None,
            parameters=rendered.constants if outside else {},
            properties=rendered.properties if outside else {},
            options=question.options,
            metadata=question.metadata,
            timeout_s=min(wanted, limits.max_timeout_s),
            cancel=cancel,
        )

    def _may_send(self, span: TimeSpan, question: Question, rendered: Rendered) -> bool:
        """Whether the range may go beside the text: not where the text reads more than that."""
        if self.driver.language != "kql" or not self.driver.limits.takes_time_range:
            return True
        return question.outside or reads_within(rendered.text, span)

    def _whole(self, answer: Answer) -> Answer:
        """The answer, marked as cut off where it has as many rows as the source ever gives."""
        most = self.driver.limits.max_rows
        if answer.partial or most is None or answer.table.num_rows < most:
            return answer
        reason = f"{answer.table.num_rows:,} rows are the most that the source gives"
        return Answer(table=answer.table, gaps=[Gap(reason)], statistics=answer.statistics)

    def __repr__(self) -> str:
        state = "connected" if self.connected else "not connected"
        return f"{self.alias}: {shown(self.driver)}, {state}"


def shown(driver: Driver) -> str:
    """What a driver tells of itself; never an error."""
    try:
        return driver.identity
    except HuntkitError as problem:
        return problem.message
