"""Pieces of KQL that callers write themselves: pipe operators, or one predicate, and no more.

What a piece may hold is listed, not what it may not: operators that read the rows in hand, and
functions that compute. Everything that reaches another table, cluster, file or stored function
is refused, so that a piece can narrow and shape what a query gives, never what it reads.
"""

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Final

from huntkit.kql.language import syntax as s
from huntkit.kql.language.binder import special
from huntkit.kql.language.catalog import aliases, entry
from huntkit.kql.language.errors import KqlError, KqlUnsupported
from huntkit.kql.language.parser import parse

_START: Final = "T\n"
_OPERATORS: Final = (
    s.Where, s.Extend, s.Project, s.ProjectAway, s.ProjectKeep, s.ProjectRename,
    s.ProjectReorder, s.ProjectByNames, s.Summarize, s.Distinct, s.Sort, s.Top, s.TopHitters,
    s.TopNested, s.Take, s.Sample, s.Count, s.MvExpand, s.MvApply, s.Parse, s.ParseKv,
    s.MakeSeries, s.Serialize, s.Render, s.GetSchema, s.ReduceBy, s.Partition,
)  # fmt: skip
_TABULAR: Final = (
    s.Pipeline, s.DataTable, s.ExternalData, s.Source, s.Function, s.MemberCall,
)  # fmt: skip
_MORE_FUNCTIONS: Final = frozenset(["arg_max", "arg_min", "take_any", "any", "column_names_of"])


def operators(text: str, known: frozenset[str], *, piped: bool) -> str:
    """The piece as pipe operators, or an empty text.

    Args:
        text: what the caller wrote, with or without a first ``|``.
        known: names that the query itself declares, which may stand for lists.
        piped: whether it is to start with ``|``, because none stands before it.

    Raises:
        KqlError: it is something else.
    """
    stripped = text.strip()
    if not _code(stripped):
        if piped:
            return ""
        raise KqlError("something must stand after the '|' before it")
    own = stripped if stripped.startswith("|") else f"| {stripped}"
    for operator in _run(own):
        _check(operator, known)
    return f"\n{own}\n" if piped else f"{own[1:].lstrip()}\n"


def predicate(text: str, known: frozenset[str]) -> str:
    """The piece as one condition in brackets; an empty text is ``true``.

    Raises:
        KqlError: it is something else.
    """
    stripped = text.strip()
    if not _code(stripped):
        return "true"
    if stripped.startswith("|"):
        raise KqlError("a condition stands here, not operators", hint="leave out '| where'")
    # Without brackets first: ``a) or (b`` would pass with them.
    found = _run(f"| where {stripped}")
    if len(found) != 1 or not isinstance(found[0], s.Where):
        raise KqlError("one condition stands here, not operators")
    _check(found[0], known)
    return f"({stripped}\n)"


def _code(text: str) -> bool:
    """Whether anything but comments is there."""
    return any(line.strip() and not line.strip().startswith("//") for line in text.splitlines())


def _run(text: str) -> tuple[s.Operator, ...]:
    query = parse(f"{_START}{text}\n")
    first = query.statements[0]
    if len(query.statements) != 1 or not isinstance(first, s.Result):
        raise KqlError("one statement only, without ';' and 'let'")
    if not isinstance(first.value, s.Pipeline) or not isinstance(first.value.source, s.Name):
        raise KqlError("pipe operators, such as '| where ... | take 10', stand here")
    return first.value.operators


def _check(operator: s.Operator, known: frozenset[str]) -> None:
    for node in within(operator):
        if isinstance(node, s.Operator) and not isinstance(node, _OPERATORS):
            kind = getattr(node, "name", None) or type(node).__name__.lower()
            raise KqlUnsupported(f"the operator '{kind}' can't stand in a piece of query")
        if isinstance(node, _TABULAR):
            raise KqlUnsupported("a piece of query can't read another table")
        if isinstance(node, s.Call) and node.name not in functions():
            raise KqlUnsupported(f"the function '{node.name}' can't stand in a piece of query")
        if isinstance(node, s.InList) and len(node.items) == 1:
            item = node.items[0]
            if isinstance(item, s.Name) and item.name not in known:
                raise KqlUnsupported(
                    f"'in ({item.name})' may mean another table",
                    hint="write '==' for a column, or the values themselves",
                )


def within(node: object) -> Iterator[s.Node]:
    """A node and all that it holds, in no order."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, tuple):
            waiting.extend(each)
        elif isinstance(each, s.Node):
            yield each
            waiting.extend(getattr(each, name) for name in parts_of(each))


def parts_of(node: s.Node) -> tuple[str, ...]:
    """The names of what a node holds, without its place in the text."""
    return _PARTS[type(node)]


_PARTS: Final = {
    kind: tuple(each.name for each in fields(kind) if each.name not in ("start", "end"))
    for kind in vars(s).values()
    if isinstance(kind, type) and issubclass(kind, s.Node)
}


@cache
def functions() -> frozenset[str]:
    """The functions that compute from their arguments and nothing else."""
    return (
        frozenset(entry.scalars())
        | frozenset(entry.aggregates())
        | frozenset(aliases.SCALARS)
        | frozenset(aliases.AGGREGATES)
        | frozenset(special.FUNCTIONS)
        | _MORE_FUNCTIONS
    ) - frozenset(["toscalar"])
