"""From a library query or a text to a question that can be asked, whole or in pieces."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from huntkit.core.errors import HuntkitError, UsageError, did_you_mean
from huntkit.core.timespan import TimeSpan, parse_time
from huntkit.kql.language import plan
from huntkit.kql.language.binder import bind
from huntkit.kql.language.errors import KqlError
from huntkit.kql.language.parser import parse
from huntkit.sources.connection import Connection, Question
from huntkit.sources.local import schemas
from huntkit.sources.queries.definition import TIME_BOUNDS, Query
from huntkit.sources.queries.languages import kql_parameters
from huntkit.sources.queries.rendered import Rendered
from huntkit.sources.queries.rendering import render
from huntkit.sources.rowwise import Order, orders_of
from huntkit.sources.waiting import now_of

_DECLARES: Final = re.compile(r"\bdeclare\s+query_parameters\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """What times mean in a call.

    Attributes:
        now: what relative times count from.
        chosen: the range that the caller chose for all calls, if there is one.
        usual: gives the range that is meant where nobody says any.
    """

    now: datetime
    chosen: TimeSpan | None
    usual: Callable[[], TimeSpan]


def of_query(name: str, query: Query, values: Mapping[str, object], clock: Clock) -> Question:
    """The question of a library query.

    Raises:
        UsageError: what is wrong with the values; `TimeError` for a time.
    """
    given = _with_bounds(query, values, clock)
    _check_filled(query, given)
    whole = render(query, given, now=clock.now)

    def words(span: TimeSpan | None) -> Rendered:
        if span is None or span == whole.span:
            return whole
        return render(query, {**given, "start": span.start, "end": span.end}, now=clock.now)

    metadata = {**query.metadata, **({"arguments": query.arguments} if query.arguments else {})}
    return Question(name=name, words=words, span=whole.span, metadata=metadata)


def _check_filled(query: Query, given: Mapping[str, object]) -> None:
    """Refuse an empty text for what must be given: any value would match it, or none."""
    for name, value in given.items():
        parameter = query.parameter(name)
        if parameter and parameter.required and isinstance(value, str) and not value.strip():
            raise UsageError(
                f"{name}= of {query.name} is empty",
                hint=f"say which {parameter.description or name}",
                context={"parameter": name},
            )


def _with_bounds(query: Query, values: Mapping[str, object], clock: Clock) -> dict[str, object]:
    """The values by the parameters' own names, with both bounds of time where there are any."""
    given: dict[str, object] = {}
    for name, value in values.items():
        parameter = query.parameter(name)
        known = parameter.name if parameter else name
        if value is None:
            continue
        if known in given:
            raise UsageError(f"{known} is given twice: {name} is another name for it")
        given[known] = value
    wanted = [each for each in TIME_BOUNDS if each in query.parameters]
    missing = [each for each in wanted if each not in given]
    if not missing:
        return given
    has_default = any(query.parameters[each].default is not None for each in missing)
    if clock.chosen is None and has_default:
        return given
    span = _span_around(given.get("start"), given.get("end"), clock)
    return {**given, **{each: getattr(span, each) for each in missing}}


def _span_around(start: object, end: object, clock: Clock) -> TimeSpan:
    """The range that is meant where a bound or both are not said."""
    usual = clock.chosen or clock.usual()
    first = usual.start if start is None else parse_time(start, now=clock.now)
    last = usual.end if end is None else parse_time(end, now=clock.now)
    if end is None and last <= first:
        last = max(clock.now, first)
    if start is None and first >= last:
        first = last - usual.length
    return TimeSpan(first, last)


def of_text(
    text: str,
    connection: Connection,
    clock: Clock,
    *,
    parameters: Mapping[str, object],
    start: object,
    end: object,
) -> Question:
    """The question of a caller's own text.

    Raises:
        UsageError: values or bounds that the text does not declare, or lacks.
    """
    driver = connection.driver
    query = Query(name="", text=text, language=driver.language)
    if driver.language == "kql" and _DECLARES.search(text):
        return _of_declaring(query, clock, parameters, start, end)
    if parameters:
        raise UsageError(
            "the text declares no parameters, so they would not be used",
            hint="begin with: declare query_parameters(name: string);",
        )
    span = None
    if start is not None or end is not None:
        if not driver.limits.takes_time_range:
            raise UsageError(
                "start= and end= would not be used: the text does not ask for them",
                hint="begin with: declare query_parameters(start: datetime, end: datetime);"
                if driver.language == "kql"
                else "write the range of time into the text",
            )
        span = _span_around(start, end, clock)
    said = Rendered(
        query=query, language=query.language, text=text, declared=text,
        constants={}, properties={}, parameters={}, span=span,
    )  # fmt: skip
    return Question(name="", words=lambda _: said, span=span, outside=span is not None)


def _of_declaring(
    query: Query, clock: Clock, parameters: Mapping[str, object], start: object, end: object
) -> Question:
    """The question of a text in KQL that declares its parameters."""
    types = {each.name: each for each in kql_parameters.declared_in(query.text)}
    unknown = [name for name in parameters if name not in types]
    if unknown:
        raise UsageError(
            f"the text declares no parameter {unknown[0]!r}",
            hint=did_you_mean(unknown[0], types) or f"it declares: {', '.join(types)}",
        )
    bounds = {
        name: value
        for name, value in (("start", start), ("end", end))
        if value is not None and name not in parameters
    }
    if any(name not in types for name in bounds):
        raise UsageError("start= or end= would not be used: the text does not declare it")
    given = {**parameters, **bounds}
    span = None
    if "start" in types and "end" in types:
        span = _span_around(given.get("start"), given.get("end"), clock)
        given |= {"start": span.start, "end": span.end}

    def words(asked: TimeSpan | None) -> Rendered:
        asked = asked or span
        both = {"start": asked.start, "end": asked.end} if asked else {}
        values = {**given, **both}
        bound = kql_parameters.bound(query.text, values)
        return Rendered(
            query=query, language="kql", text=bound.text, declared=bound.declared,
            constants=bound.constants, properties=bound.properties, parameters=values, span=asked,
        )  # fmt: skip

    return Question(name="", words=words, span=span)


def orders_for(question: Question, connection: Connection) -> tuple[Order, ...]:
    """How the rows of all pieces are ordered, once it is shown that pieces are exact.

    Raises:
        UsageError: they are not, or nobody can tell.
    """
    if question.span is None:
        raise UsageError(
            "this query can't be split by time: it has no range of time",
            hint="it needs the parameters start and end",
        )
    if question.metadata.get("row_wise") is True:  # its author's word
        return ()
    driver = connection.driver
    if driver.language != "kql":
        raise UsageError(
            f"this query can't be split by time: nobody can tell from {driver.language} text "
            "whether its pieces would be exact",
            hint="if it looks at each row for itself, say so in its definition: row_wise: true",
        )
    tables = Columns(connection)

    def bound(span: TimeSpan, now: int) -> plan.Plan:
        text = question.words(span).text
        return bind(parse(text), text=text, tables=tables, now=now)

    try:
        return orders_of(bound, question.span)
    except KqlError as problem:
        raise UsageError(
            f"this query can't be split by time: it is not understood here: {problem.message}",
            hint="ask it without split_by",
        ) from problem


class Columns(Mapping[str, Mapping[str, str]]):
    """Table -> column -> type: the source's own tables, then the known ones."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._own: Mapping[str, Mapping[str, str]] | None = None

    def _theirs(self) -> Mapping[str, Mapping[str, str]]:
        if self._own is None:
            try:
                self._own = now_of(self._connection.ready().schema())
            except HuntkitError:
                self._own = {}  # the known tables may do
        return self._own

    def __getitem__(self, name: str) -> Mapping[str, str]:
        if name in self._theirs():
            return self._theirs()[name]
        columns = schemas.known(name)
        if columns is None:
            raise KeyError(name)
        return columns

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._theirs(), *schemas.names()]))

    def __len__(self) -> int:
        return sum(1 for _ in self)
