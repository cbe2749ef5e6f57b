"""Pipelines: a source and the operators after it, and which function reads which operator."""

import re
from collections.abc import Callable

from huntkit.core.errors import did_you_mean
from huntkit.kql.language import combining, expanding, shaping
from huntkit.kql.language import syntax as s
from huntkit.kql.language.expressions import (
    expression,
)
from huntkit.kql.language.tokens import Cursor

_OPERATOR_NAME = re.compile(r"[A-Za-z_]+(?:-[A-Za-z]+)*")


def tabular(c: Cursor) -> s.Expr:
    """A pipeline, or the scalar expression that stands where one might."""
    start = c.starts[c.at]
    if c.kinds[c.at] == "name" and c.words[c.at] in _STARTERS and _starts(c):
        c.deeper()
        operator = _operator(c)
        c.depth -= 1
        source: s.Expr = s.Source(start=start, end=operator.end, operator=operator)
    else:
        source = expression(c)
    if c.kinds[c.at] != "|":
        return source
    return _piped(c, start, source)


def _piped(c: Cursor, start: int, source: s.Expr) -> s.Expr:
    c.deeper()
    operators = []
    while c.skip("|"):
        operators.append(_operator(c))
    c.depth -= 1
    return s.Pipeline(start=start, end=c.end(), source=source, operators=tuple(operators))


def _starts(c: Cursor) -> bool:
    """Whether this word starts an operator here, and is no name."""
    word, following = c.words[c.at], c.kinds[c.at + 1]
    if word == "range":
        return following in ("name", "[") and c.words[c.at + 2] != ")"
    if word == "evaluate":
        return following == "name"
    if word == "macro":
        return following == "-"
    return following not in ("=", ".", "==")


def _operator(c: Cursor) -> s.Operator:
    if c.kinds[c.at] != "name":
        error = c.expected("a query operator, such as 'where'")
        if c.kinds[c.at] == "|":
            error.hint = "'or' is the logical operator"
        raise error
    start = c.starts[c.at]
    match = _OPERATOR_NAME.match(c.text, start)
    word = match[0] if match else ""
    read = _OPERATORS.get(word)
    if read is None:
        shown = word if len(word) <= 40 else word[:37] + "..."
        raise c.error(f"there is no operator {shown!r}", hint=did_you_mean(shown, _OPERATORS))
    c.at += 1 + 2 * word.count("-")
    return read(c, start)


def subquery(c: Cursor) -> tuple[s.Operator, ...]:
    """``(where a | count)``: operators without a source."""
    c.deeper()
    c.take("(", "'(' before the subquery")
    operators = [_operator(c)]
    while c.skip("|"):
        operators.append(_operator(c))
    c.take(")", "'|' or ')' in the subquery")
    c.depth -= 1
    return tuple(operators)


_UNSUPPORTED = (
    "assert-schema",
    "execute-and-cache",
    "graph-mark-components",
    "graph-match",
    "graph-merge",
    "graph-shortest-paths",
    "graph-to-table",
    "graph-where-edges",
    "graph-where-nodes",
    "macro-expand",
    "make-graph",
    "partition-by",
    "scan",
)


_OPERATORS: dict[str, Callable[[Cursor, int], s.Operator]] = {
    "as": shaping.read_as,
    "consume": shaping.read_consume,
    "count": shaping.read_count,
    "distinct": shaping.read_distinct,
    "evaluate": combining.read_evaluate,
    "extend": shaping.read_extend,
    "facet": combining.read_facet,
    "filter": shaping.read_where,
    "find": combining.read_find,
    "fork": combining.read_fork,
    "getschema": shaping.read_getschema,
    "invoke": combining.read_invoke,
    "join": combining.read_join,
    "limit": shaping.read_take,
    "lookup": combining.read_lookup,
    "make-series": expanding.read_make_series,
    "mv-apply": expanding.read_mv_apply,
    "mv-expand": expanding.read_mv_expand,
    "mvapply": expanding.read_mv_apply,
    "mvexpand": expanding.read_mv_expand,
    "order": shaping.read_sort,
    "parse": expanding.read_parse,
    "parse-kv": expanding.read_parse_kv,
    "parse-where": expanding.read_parse_where,
    "partition": combining.read_partition,
    "print": combining.read_print,
    "project": shaping.read_project,
    "project-away": shaping.read_project_away,
    "project-by-names": shaping.read_project_by_names,
    "project-keep": shaping.read_project_keep,
    "project-rename": shaping.read_project_rename,
    "project-reorder": shaping.read_project_reorder,
    "range": combining.read_range,
    "reduce": shaping.read_reduce,
    "render": shaping.read_render,
    "sample": shaping.read_sample,
    "sample-distinct": shaping.read_sample_distinct,
    "search": combining.read_search,
    "serialize": shaping.read_serialize,
    "sort": shaping.read_sort,
    "summarize": shaping.read_summarize,
    "take": shaping.read_take,
    "top": shaping.read_top,
    "top-hitters": shaping.read_top_hitters,
    "top-nested": shaping.read_top_nested,
    "union": combining.read_union,
    "where": shaping.read_where,
    **{name: combining.read_unsupported(name) for name in _UNSUPPORTED},
}


_STARTERS = frozenset({"print", "range", "union", "search", "find", "evaluate", "macro"})
