"""A query with one condition left out or turned round, to see whether its events notice."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from huntkit.kql.language import syntax as s
from huntkit.kql.language.parser import parse
from huntkit.sources.queries.languages.kql_pieces import within

_OPPOSITE: Final = {
    "==": "!=",
    "=~": "!~",
    "has": "!has",
    "has_cs": "!has_cs",
    "in": "!in",
    "in~": "!in~",
}
_TURNED: Final = {**_OPPOSITE, **{new: old for old, new in _OPPOSITE.items()}}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed query.

    Attributes:
        what: what was changed, for people.
        text: the whole query.
    """

    what: str
    text: str


def mutants(text: str) -> Iterator[Mutant]:
    """The query without each of its conditions, and with each equality or ``has`` turned round.

    Examples:
        >>> [each.text for each in mutants("T | where a == 1 and b has 'x'")]
        ["T | where true and b has 'x'", 'T | where a == 1 and true',
        "T | where a != 1 and b has 'x'", "T | where a == 1 and b !has 'x'"]
    """
    wheres = [each for each in within(parse(text)) if isinstance(each, s.Where)]
    wheres.sort(key=lambda each: each.start)
    seen = set()
    for where in wheres:
        for each in _conjuncts(where.condition):
            if not (isinstance(each, s.Literal) and each.value is True):
                seen.add(each.start)
                changed = f"{text[: each.start]}true{text[each.end :]}"
                yield Mutant(f"without {_shown(text, each)}", changed)
    for where in wheres:
        for each in _conjuncts(where.condition):
            for part in within(each):
                turned = _turn(text, part)
                if turned is not None:
                    yield Mutant(f"{_shown(text, part)} turned round", turned)


def _conjuncts(condition: s.Expr) -> Iterator[s.Expr]:
    waiting = [condition]
    while waiting:
        each = waiting.pop()
        if isinstance(each, s.Binary) and each.op == "and":
            waiting.extend((each.right, each.left))
        else:
            yield each


def _turn(text: str, node: s.Node) -> str | None:
    if isinstance(node, s.Binary):
        start, end = node.left.end, node.right.start
    elif isinstance(node, s.InList):
        start, end = node.left.end, node.items[0].start
    else:
        return None
    between = text[start:end]
    new = _TURNED.get(node.op)
    if new is None or between.count(node.op) != 1:
        return None
    return text[:start] + between.replace(node.op, new) + text[end:]


def _shown(text: str, node: s.Node) -> str:
    shown = " ".join(text[node.start : node.end].split())
    return f"'{shown if len(shown) <= 100 else shown[:97] + '...'}'"
