"""Pieces of query in languages of commands and pipes: which commands a caller may add."""

from collections.abc import Iterable, Sequence
from typing import Final

from huntkit.core.errors import UsageError, did_you_mean
from huntkit.sources.queries.definition import Parameter
from huntkit.sources.queries.language import Dialect, Place

_PAIRS: Final = {")": "(", "]": "[", "}": "{"}
CONDITION_AFTER: Final = frozenset(["where", "and", "or", "not", "("])


def piece(
    dialect: Dialect,
    parameter: Parameter,
    text: str,
    place: Place,
    *,
    commands: frozenset[str],
    forbidden: Iterable[str] = (),
    true: str = "true",
) -> str:
    """A caller's piece as it may stand in the query.

    After ``where`` and the like it is one condition, elsewhere commands with pipes before them,
    of those that shape what the query found and reach nothing else.

    Args:
        dialect: the query's language.
        parameter: whose value it is.
        text: what the caller wrote.
        place: where it is to stand.
        commands: the commands that may be added, in lower case.
        forbidden: words and marks that may stand nowhere in a piece.
        true: a condition that always holds, for an empty piece.

    Raises:
        UsageError: it is something else.
    """
    own = parameter.name
    stripped = text.strip()
    words = [token.word for token in dialect.tokens(stripped)]
    before = place.before[-1].lower() if place.before else ""
    condition = before in CONDITION_AFTER
    if not words:
        return true if condition else ""
    never = {each.lower() for each in forbidden}
    for token in dialect.tokens(stripped):
        if token.kind == "opaque" or (token.kind != "string" and token.word.lower() in never):
            raise UsageError(f"{own}= holds {token.word[:40]!r}, which no piece of query may")
    _balanced(own, words, condition=condition)
    if condition:
        if "|" in words:
            raise UsageError(f"{own}= is one condition here, without '|'")
        return f"({stripped}\n)"
    if words[0] != "|":
        stripped, words = f"| {stripped}", ["|", *words]
    if before == "|":
        stripped = stripped[1:].lstrip()
    _commands(own, words, commands)
    return f"\n{stripped}\n"


def _balanced(own: str, words: Sequence[str], *, condition: bool) -> None:
    waiting: list[str] = []
    for word in words:
        if word in _PAIRS.values():
            waiting.append(word)
        elif word in _PAIRS and (not waiting or waiting.pop() != _PAIRS[word]):
            raise UsageError(f"{own}= closes a bracket that it did not open")
        elif word == "|" and waiting:
            raise UsageError(f"{own}= has a '|' inside brackets")
    if waiting:
        what = "condition" if condition else "piece of query"
        raise UsageError(f"{own}= leaves a bracket open, so that it is no whole {what}")


def _commands(own: str, words: Sequence[str], commands: frozenset[str]) -> None:
    for at, word in enumerate(words):
        if word != "|":
            continue
        command = words[at + 1].lower() if at + 1 < len(words) else ""
        if command not in commands:
            hint = did_you_mean(command, commands) or "only commands that shape what was found"
            raise UsageError(f"{own}= may not use the command {command!r}", hint=hint)
