"""Operators that bring in other tables, subqueries, plugins and functions."""

from collections.abc import Callable

from huntkit.kql.language import lists
from huntkit.kql.language import syntax as s
from huntkit.kql.language.expressions import (
    columns_of,
    expression,
    name_of,
    path,
    type_of,
)
from huntkit.kql.language.tokens import Cursor


def _joined(c: Cursor) -> tuple[s.Parameters, s.Expr, tuple[s.Expr, ...]]:
    parameters = lists.parameters(c, "kind", "withsource", "isfuzzy")
    right = path(c)
    on: list[s.Expr] = []
    if c.skip("on"):
        on.append(expression(c))
        while c.skip(","):
            on.append(expression(c))
    return parameters, right, tuple(on)


def read_join(c: Cursor, start: int) -> s.Operator:
    """``join kind=inner (T) on a, $left.b == $right.c``."""
    parameters, right, on = _joined(c)
    return s.Join(start=start, end=c.end(), right=right, on=on, parameters=parameters)


def read_lookup(c: Cursor, start: int) -> s.Operator:
    """``lookup kind=leftouter (T) on a``."""
    parameters, right, on = _joined(c)
    return s.Lookup(start=start, end=c.end(), right=right, on=on, parameters=parameters)


def read_union(c: Cursor, start: int) -> s.Operator:
    """``union kind=outer withsource=x T, (U | where a), V*``."""
    parameters = lists.parameters(c, "kind", "withsource", "isfuzzy", "with_source")
    tables = lists.tables(c)
    return s.Union(start=start, end=c.end(), tables=tables, parameters=parameters)


def _call_of(c: Cursor, what: str) -> s.Expr:
    call = path(c)
    if not isinstance(call, s.Call | s.MemberCall):
        raise c.error_at(f"expected a call of {what}", call.start)
    return call


def read_evaluate(c: Cursor, start: int) -> s.Operator:
    """``evaluate pivot(a) : (*, b: long)``."""
    parameters = lists.parameters(c)
    call = _call_of(c, "a plugin")
    if not isinstance(call, s.Call):
        raise c.error_at("a plugin is called by its name alone", call.start)
    schema = columns_of(c) if c.skip(":") else None
    return s.Evaluate(start=start, end=c.end(), call=call, schema=schema, parameters=parameters)


def read_invoke(c: Cursor, start: int) -> s.Operator:
    """``invoke f(1)``."""
    call = _call_of(c, "a function")
    if isinstance(call, s.MemberCall):  # another database's function: not known here anyway
        return s.Unsupported(start=start, end=c.end(), name="invoke of another database")
    return s.Invoke(start=start, end=c.end(), call=call)  # type: ignore[arg-type]


def read_print(c: Cursor, start: int) -> s.Operator:
    """``print x = 1, 2``."""
    items = lists.items(c)
    return s.Print(start=start, end=c.end(), items=items)


def read_range(c: Cursor, start: int) -> s.Operator:
    """``range x from 1 to 5 step 1``."""
    name = name_of(c, "a name for the column", reserved=False)
    c.keyword("from")
    first = expression(c)
    c.keyword("to")
    last = expression(c)
    c.keyword("step")
    step = expression(c)
    return s.Range(start=start, end=c.end(), name=name, first=first, last=last, step=step)


def read_search(c: Cursor, start: int) -> s.Operator:
    """``search kind=case_sensitive in (T, U*) "text" and a: "b"``."""
    parameters = lists.parameters(c, "kind")
    tables = lists.in_tables(c)
    condition = expression(c)
    return s.Search(
        start=start, end=c.end(), condition=condition, tables=tables, parameters=parameters
    )


def read_find(c: Cursor, start: int) -> s.Operator:
    """``find withsource=x in (T) where a project b, c: string``."""
    parameters = lists.parameters(c, "withsource", "datascope")
    tables = lists.in_tables(c)
    c.skip("where")
    condition = expression(c)
    project: tuple[s.Named, ...] | None = None
    if c.skip("project"):
        if c.skip("-"):
            c.keyword("smart")
        else:
            project = tuple(_find_columns(c))
    return s.Find(
        start=start,
        end=c.end(),
        condition=condition,
        tables=tables,
        project=project,
        parameters=parameters,
    )


def _find_columns(c: Cursor) -> list[s.Named]:
    columns = []
    while True:
        start, value = c.start(), path(c)
        type_ = type_of(c) if c.skip(":") else None
        columns.append(s.Named(start=start, end=c.end(), value=value, type=type_))
        if not c.skip(","):
            return columns


def read_partition(c: Cursor, start: int) -> s.Operator:
    """``partition by a (top 1 by b)``, or a whole query in braces."""
    parameters = lists.parameters(c)
    c.keyword("by", "after 'partition'")
    by = _partition_key(c)
    subquery: tuple[s.Operator, ...] | s.Expr
    if c.kinds[c.at] == "{":
        c.deeper()
        c.at += 1
        subquery = c.tabular(c)
        c.take("}", "'}' after the subquery")
        c.depth -= 1
    else:
        subquery = c.subquery(c)
    return s.Partition(start=start, end=c.end(), by=by, subquery=subquery, parameters=parameters)


def _partition_key(c: Cursor) -> s.Expr:
    """A column: ``by x (...)`` is no call of x."""
    start = c.start()
    name = name_of(c, "a column after 'by'")
    key: s.Expr = s.Name(start=start, end=c.end(), name=name)
    while c.skip("."):
        name = name_of(c, "a name after '.'")
        key = s.Member(start=start, end=c.end(), base=key, name=name)
    return key


def read_fork(c: Cursor, start: int) -> s.Operator:
    """``fork (where a) name=(count)``."""
    branches: list[tuple[str | None, tuple[s.Operator, ...]]] = []
    while c.kinds[c.at] in ("(", "name"):
        name = None
        if c.kinds[c.at] == "name":
            name = name_of(c, "a name")
            c.take("=")
        branches.append((name, c.subquery(c)))
        c.skip(",")
    if not branches:
        raise c.expected("'(' and a subquery")
    return s.Fork(start=start, end=c.end(), branches=tuple(branches))


def read_facet(c: Cursor, start: int) -> s.Operator:
    """``facet by a, b with (take 5)``."""
    c.keyword("by", "after 'facet'")
    columns = lists.columns(c)
    subquery = c.subquery(c) if c.skip("with") else ()
    return s.Facet(start=start, end=c.end(), columns=columns, subquery=subquery)


_CLOSES = {"(": ")", "[": "]", "{": "}"}


def skip_balanced(c: Cursor) -> None:
    """Move to the end of an operator or statement that is not understood."""
    waiting: list[str] = []
    while True:
        kind = c.kinds[c.at]
        if kind in _CLOSES:
            waiting.append(_CLOSES[kind])
        elif waiting and kind == waiting[-1]:
            waiting.pop()
        elif kind == "end" or kind in (")", "]", "}"):
            if waiting:
                raise c.expected(repr(waiting[-1]))
            return
        elif not waiting and kind in ("|", ";"):
            return
        c.at += 1


def read_unsupported(name: str) -> Callable[[Cursor, int], s.Operator]:
    """A reader for an operator that is only read over."""

    def read(c: Cursor, start: int) -> s.Operator:
        skip_balanced(c)
        return s.Unsupported(start=start, end=c.end(), name=name)

    return read
