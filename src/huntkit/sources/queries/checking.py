"""What can be wrong with a query's text: names that it does not declare, and its language."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from huntkit.core.errors import HuntkitError, did_you_mean
from huntkit.kql.language.errors import KqlError
from huntkit.sources.local import schemas
from huntkit.sources.queries.definition import Parameter, Query
from huntkit.sources.queries.environments import Language
from huntkit.sources.queries.faults import Fault
from huntkit.sources.queries.template import slots_of


def undeclared(
    name: str, text: str, parameters: Iterable[str], line: int
) -> tuple[list[Fault], dict[str, int]]:
    """Slots of a text that name no parameter, and where each slot stands.

    Raises:
        UsageError: a brace that is neither doubled nor holds a name.
    """
    used = {slot.name: slot.at for slot in slots_of(text)}
    known = list(parameters)
    faults = []
    for each, at in used.items():
        if each not in known:
            said = f"the query {name} names {{{each}}}, and declares no such parameter"
            hint = did_you_mean(each, known) or "double braces that belong to the query"
            faults.append(Fault(line + text.count("\n", 0, at), said, hint))
    return faults, used


def check(query: Query, line: int, declared: Mapping[str, int]) -> list[Fault]:
    """What is wrong with the text of a query.

    Args:
        query: as it was read.
        line: where its text starts in the file.
        declared: the query's own parameters -> their lines.
    """
    faults, used = undeclared(query.name, query.text, query.parameters, line)
    if faults:
        return faults
    from_text: set[str] = set()
    try:
        from_text = _language_faults(query, line, faults)
    except HuntkitError as problem:
        within = problem if isinstance(problem, KqlError) else problem.__cause__
        below = within.line - 1 if isinstance(within, KqlError) and within.line else 0
        faults.append(Fault(line + below, f"the query {query.name}: {problem}"))
        return faults
    for name, at in declared.items():
        # One with a default may stand for callers that know it from elsewhere.
        if query.parameters[name].required and name not in used and name not in from_text:
            said = f"the query {query.name} declares {name} and never uses it"
            faults.append(Fault(at, said, did_you_mean(name, [*used, *from_text])))
    return faults


def _language_faults(query: Query, line: int, faults: list[Fault]) -> set[str]:
    """Check the text by filling it with examples; gives the names that it uses by itself."""
    if query.language != "kql":
        _filled(query)
        return set()
    from huntkit.sources.queries.languages import kql_parameters  # noqa: PLC0415  costs 30 ms

    text = _filled(query)
    typed = kql_parameters.declared_in(text)
    for each in typed:
        parameter = query.parameters.get(each.name)
        if parameter is None:
            said = f"the query {query.name} declares the query parameter {each.name}"
            hint = did_you_mean(each.name, query.parameters) or "list it under 'parameters'"
            faults.append(Fault(line, f"{said}, which has no entry", hint))
        elif each.type not in kql_parameters.KQL_TYPES.get(parameter.type, ()):
            said = f"{each.name} is declared as {each.type} in the query {query.name}"
            faults.append(Fault(line, f"{said}, and as {parameter.type} under 'parameters'"))
    if not faults:
        kql_parameters.bound(text, _examples(query))
    return {each.name for each in typed}


def _filled(query: Query) -> str:
    from huntkit.sources.queries import languages, rendering  # noqa: PLC0415  costs 30 ms

    return rendering.filled(query, _examples(query), languages.dialect(query.language, query.text))


def _examples(query: Query) -> dict[str, object]:
    from huntkit.sources.queries.examples import example  # noqa: PLC0415

    return {name: example(each) for name, each in query.parameters.items()}


_WORD: Final = re.compile(
    r"(?:^|[(;=,]|\b(?:union|in)\b[^\n|]{0,80}?)\s*([A-Z][A-Za-z0-9_]{2,})\s*(?=$|[|);,])",
    re.MULTILINE,
)


@cache
def _known_tables() -> frozenset[str]:
    return frozenset(schemas.names())


def tables_in(
    text: str, parameters: Mapping[str, Parameter], language: Language
) -> tuple[str, ...]:
    """The known tables that a text in KQL names where tables stand, in order."""
    tables = [
        str(each.default)
        for each in parameters.values()
        if each.type == "table" and each.default and f"{{{each.name}}}" in text
    ]
    if language == "kql":
        known = _known_tables()
        tables.extend(name for name in _WORD.findall(text) if name in known)
    return tuple(dict.fromkeys(tables))
