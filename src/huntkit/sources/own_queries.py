"""Queries that callers make in Python, checked as those of files are."""

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.sources.queries.definition import KINDS, Parameter, Query
from huntkit.sources.queries.template import Slot, pieces_of


def parameter_of(name: str, kind: str, description: str, default: object) -> Parameter:
    """A parameter.

    Raises:
        UsageError: its name is no name, or there is no such type.

    Examples:
        >>> parameter_of("host", "str", "the host", None).required
        True
    """
    if not name.isidentifier():
        raise UsageError(f"{name!r} can't be the name of a parameter")
    found = next((each for each in KINDS if each == kind), None)
    if found is None:
        raise UsageError(
            f"there is no type {kind!r} of parameters",
            hint=did_you_mean(kind, KINDS) or f"one of {', '.join(KINDS)}",
        )
    return Parameter(name=name, type=found, description=description, default=default)


def own_query(query: Query) -> Query:
    """The query, if it can be called.

    Raises:
        UsageError: a name that can't be an attribute, or a slot without a parameter.
    """
    for name in (query.name, *query.families):
        if not name.isidentifier() or name.startswith("_"):
            raise UsageError(f"{name!r} can't be called as an attribute")
    if not query.families:
        raise UsageError(f"the query {query.name} has no family")
    if not query.text.strip():
        raise UsageError(f"the query {query.name} has no text")
    for piece in pieces_of(query.text):
        if isinstance(piece, Slot) and piece.name not in query.parameters:
            raise UsageError(
                f"the query {query.name} has {{{piece.name}}} and no such parameter",
                hint=did_you_mean(piece.name, query.parameters)
                or "make one by create_param, or double the braces",
            )
    return query
