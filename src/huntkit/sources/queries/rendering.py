"""A query and values to the text that is sent, with every value inside a literal."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import pairwise

from huntkit.core.errors import QueryError, UsageError, did_you_mean
from huntkit.core.timespan import TimeSpan
from huntkit.sources.queries import languages
from huntkit.sources.queries.definition import Parameter, Query
from huntkit.sources.queries.language import Dialect, Place, Token
from huntkit.sources.queries.languages import kql_parameters
from huntkit.sources.queries.rendered import Rendered
from huntkit.sources.queries.template import Slot, pieces_of
from huntkit.sources.queries.values import converted


def render(query: Query, values: Mapping[str, object], *, now: datetime | None = None) -> Rendered:
    r"""The query with values in, or an error before anything is sent.

    A value can never change the structure of the query: it becomes one literal of the query's
    language, and the text is cut into tokens again to make sure of it.

    Args:
        query: what to ask.
        values: by the names or aliases of the query's parameters; None means not given.
        now: the moment from which relative times count; the current one by default.

    Raises:
        UsageError: an unknown name, a missing value, a value of the wrong type (`TimeError` for
            a time), or a piece of query that is more than one.

    Examples:
        >>> query = Query(name="q", text="T | where Host == {host}",
        ...               parameters={"host": Parameter(name="host")})
        >>> print(render(query, {"host": 'ws" | take 0'}).text)
        T | where Host == "ws\" | take 0"
    """
    given = complete(query, values, now=now or datetime.now(UTC))
    dialect = languages.dialect(query.language, query.text)
    text = filled(query, given, dialect)
    span = _span(given)
    if query.language != "kql":
        return Rendered(
            query=query, language=query.language, text=text, declared=text,
            constants={}, properties={}, parameters=given, span=span,
        )  # fmt: skip
    bound = kql_parameters.bound(text, given)
    return Rendered(
        query=query, language="kql", text=bound.text, declared=bound.declared,
        constants=bound.constants, properties=bound.properties, parameters=given, span=span,
    )  # fmt: skip


def complete(query: Query, values: Mapping[str, object], *, now: datetime) -> dict[str, object]:
    """A converted value for every parameter of the query, by its name, in their order.

    ``start`` and ``end`` may be missing where nothing was given for them and the text does not
    need them.

    Raises:
        UsageError: as `render`.
    """
    by_name: dict[str, object] = {}
    for name, value in values.items():
        parameter = query.parameter(name)
        if parameter is None:
            known = [a for each in query.parameters.values() for a in (each.name, *each.aliases)]
            raise UsageError(
                f"the query {query.name} has no parameter {name!r}",
                hint=did_you_mean(name, known) or f"it has {', '.join(query.parameters) or 'none'}",
                context={"parameter": name},
            )
        if value is None:
            continue
        if parameter.name in by_name:
            raise UsageError(f"{parameter.name}= is given twice, once by another name")
        by_name[parameter.name] = value
    missing = [name for name in query.required if name not in by_name]
    if missing:
        raise UsageError(
            f"the query {query.name} needs {', '.join(f'{name}=' for name in missing)}",
            context={"missing": missing},
        )
    found: dict[str, object] = {}
    for name, parameter in query.parameters.items():
        value = by_name.get(name, parameter.default)
        if value is not None:
            found[name] = converted(parameter, value, now=now)
    return found


def _span(given: Mapping[str, object]) -> TimeSpan | None:
    start, end = given.get("start"), given.get("end")
    if isinstance(start, datetime) and isinstance(end, datetime):
        return TimeSpan(start, end)
    return None


def filled(query: Query, given: Mapping[str, object], dialect: Dialect) -> str:
    """The text with every slot filled.

    Raises:
        UsageError: a slot without a value, or in a place where no value can stand.
    """
    pieces = pieces_of(query.text)
    marks = _Marks(query.text)
    text = "".join(each if isinstance(each, str) else marks.add(each) for each in pieces)
    if not marks.slots:
        return text
    for slot in marks.slots.values():
        if slot.name not in query.parameters:
            raise UsageError(f"the query {query.name} does not declare '{slot.name}'")
        if slot.name not in given:
            raise UsageError(f"the query {query.name} needs {slot.name}=")
    filling = _Filling(query.parameters, given, dialect, marks)
    result = filling.fill(text)
    if [each.word for each in dialect.tokens(result)] != filling.expected:
        raise QueryError(f"the values could not be entered into {query.name} as they are")
    return result


class _Marks:
    """Words that stand for slots; no text holds them already."""

    def __init__(self, text: str) -> None:
        self._prefix = "zqslot"
        while self._prefix in text:
            self._prefix += "q"
        self._any = re.compile(self._prefix + "[0-9]+z")
        self.slots: dict[str, Slot] = {}

    def add(self, slot: Slot) -> str:
        mark = f"{self._prefix}{len(self.slots)}z"
        self.slots[mark] = slot
        return mark

    def within(self, word: str) -> list[str]:
        return self._any.findall(word)

    def replaced(self, text: str, new: Callable[[Slot], str]) -> str:
        return self._any.sub(lambda found: new(self.slots[found[0]]), text)

    def unmarked(self, text: str) -> str:
        """Slots in comments become what they were."""
        return self.replaced(text, lambda slot: "{" + slot.name + "}")


class _Filling:
    """Fills the marked tokens of one text, and keeps the tokens that there must then be."""

    def __init__(
        self,
        parameters: Mapping[str, Parameter],
        given: Mapping[str, object],
        dialect: Dialect,
        marks: _Marks,
    ) -> None:
        self._parameters = parameters
        self._given = given
        self._dialect = dialect
        self._marks = marks
        self._known = frozenset(parameters)
        self.expected: list[str] = []

    def fill(self, text: str) -> str:
        made: list[str] = []
        at = 0
        tokens = list(self._dialect.tokens(text))
        self._known |= {b.word for a, b in pairwise(tokens) if a.word == "let"}
        for token in tokens:
            held = self._marks.within(token.word)
            if not held:
                self.expected.append(token.word)
                continue
            new = self._filled(token, held)
            self.expected.extend(each.word for each in self._dialect.tokens(new))
            starts_line = not text[text.rfind("\n", 0, token.start) + 1 : token.start].strip()
            rest = text[token.end : (text.find("\n", token.end) + 1) or len(text)]
            gap, at = self._marks.unmarked(text[at : token.start]), token.end
            if starts_line:
                new = new.lstrip("\n")
            if not rest.strip():
                new = new.rstrip("\n")
                if starts_line and not new:
                    gap, at = gap.rstrip(" \t"), at + len(rest)
            made.extend((gap, new))
        made.append(self._marks.unmarked(text[at:]))
        return "".join(made)

    def _filled(self, token: Token, held: list[str]) -> str:
        slot = self._marks.slots[held[0]]
        if token.kind == "string":
            return self._string(token)
        if token.kind == "typed" and len(held) == 1:
            return self._dialect.typed(token, held[0], self._value(slot))
        if token.kind == "word" and token.word == held[0]:
            return self._code(slot)
        parameters = [self._parameters[self._marks.slots[each].name] for each in held]
        if token.kind == "word" and all(each.type == "table" for each in parameters):
            name = self._marks.replaced(token.word, lambda each: str(self._given[each.name]))
            return self._dialect.table(name)
        shown = self._marks.unmarked(token.word)
        raise UsageError(
            f"{{{slot.name}}} stands inside {shown[:60]!r}, where no value can",
            hint="let it stand alone, or inside a string of the query",
        )

    def _string(self, token: Token) -> str:
        for mark in self._marks.within(token.word):
            parameter = self._parameters[self._marks.slots[mark].name]
            if parameter.type in ("kql", "op"):
                raise UsageError(f"{{{parameter.name}}} is a piece of query and stands in quotes")
        content = self._marks.replaced(self._dialect.inside(token), self._written)
        return self._checked(self._dialect.string(content, token.word), content)

    def _code(self, slot: Slot) -> str:
        parameter, value = self._parameters[slot.name], self._given[slot.name]
        if parameter.type == "op":
            return str(value)
        if parameter.type == "table":
            return self._dialect.table(str(value))
        if parameter.type == "kql":
            place = Place(tuple(self.expected[-4:]), self._known)
            return self._dialect.piece(parameter, str(value), place)
        if isinstance(value, list):
            before = self.expected[-1] if self.expected else ""
            return self._dialect.items(value, before)
        if slot.spec:
            value = self._written(slot)
        literal = self._dialect.literal(value)
        return self._checked(literal, value) if isinstance(value, str) else literal

    def _checked(self, literal: str, content: str) -> str:
        """The literal, if it is one token that holds just this text."""
        tokens = list(self._dialect.tokens(literal))
        if len(tokens) != 1 or tokens[0].word != literal or tokens[0].kind != "string":
            raise QueryError("a value could not be written as one literal")
        if self._dialect.inside(tokens[0]) != content:
            raise QueryError("a value could not be written as a literal without changing it")
        return literal

    def _value(self, slot: Slot) -> object:
        return self._written(slot) if slot.spec else self._given[slot.name]

    def _written(self, slot: Slot) -> str:
        value = self._given[slot.name]
        if not slot.spec:
            return self._dialect.plain(value)
        try:
            return format(value, slot.spec)
        except (TypeError, ValueError) as problem:
            raise UsageError(f"{slot.name}= can't be written as {slot.spec!r}: {problem}") from None
