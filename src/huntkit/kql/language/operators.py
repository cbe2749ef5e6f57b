"""Pipelines: a source and the operators after it. One function reads one operator."""

import re
from collections.abc import Callable

from huntkit.core.errors import did_you_mean
from huntkit.kql.language import syntax as s
from huntkit.kql.language.expressions import (
    columns_of,
    dotted_name,
    expression,
    name_of,
    path,
    properties_of,
    setting_value,
    type_of,
    unexpected,
)
from huntkit.kql.language.literals import string
from huntkit.kql.language.tokens import Cursor

_OPERATOR_NAME = re.compile(r"[A-Za-z_]+(?:-[A-Za-z]+)*")
_ENDS = frozenset({"|", ")", "}", ";", "end"})  # kinds after which no list can go on


def tabular(c: Cursor) -> s.Expr:
    """A pipeline, or the scalar expression that stands where one might."""
    start = c.starts[c.at]
    if c.kinds[c.at] == "name" and c.words[c.at] in _STARTERS and _starts(c):
        operator = _operator(c)
        source: s.Expr = s.Source(start=start, end=operator.end, operator=operator)
    else:
        source = expression(c)
    if c.kinds[c.at] != "|":
        return source
    return _piped(c, start, source)


def _piped(c: Cursor, start: int, source: s.Expr) -> s.Expr:
    operators = []
    while c.skip("|"):
        operators.append(_operator(c))
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
        raise c.expected("an operator, such as 'where'")
    start = c.starts[c.at]
    match = _OPERATOR_NAME.match(c.text, start)
    word = match[0] if match else ""
    read = _OPERATORS.get(word)
    if read is None:
        if c.words[c.at] not in _OPERATORS:
            hint = did_you_mean(word, _OPERATORS)
            raise c.error(f"there is no operator {word!r}", hint=hint)
        word = c.words[c.at]
        read = _OPERATORS[word]
    c.at += 1 + 2 * word.count("-")
    return read(c, start)


def _run(c: Cursor) -> tuple[s.Operator, ...]:
    """``(where a | count)``: operators without a source."""
    c.deeper()
    c.take("(", "'(' before the subquery")
    operators = [_operator(c)]
    while c.skip("|"):
        operators.append(_operator(c))
    c.take(")", "'|' or ')' in the subquery")
    c.depth -= 1
    return tuple(operators)


# --- lists and parameters -----------------------------------------------------------------------


def _named(c: Cursor, value: Callable[[Cursor], s.Expr] = expression) -> s.Named:
    start, at, kinds = c.start(), c.at, c.kinds
    names: tuple[str, ...] = ()
    if kinds[at + 1] == "=" and kinds[at] == "name":
        names = (name_of(c, "a name", reserved=False),)
        c.at += 1
    elif kinds[at] == "[" and kinds[at + 1 : at + 4] == ["string", "]", "="]:
        names = (name_of(c, "a name"),)
        c.at += 1
    elif kinds[at] == "(":
        names = _several_names(c)
    read = value(c)
    return s.Named(start=start, end=c.end(), value=read, names=names)


def _several_names(c: Cursor) -> tuple[str, ...]:
    """``(a, b) =``, or nothing if that is not what stands here."""
    at, kinds = c.at + 1, c.kinds
    while kinds[at] in ("name", ",") or kinds[at : at + 3] == ["[", "string", "]"]:
        at += 3 if kinds[at] == "[" else 1
    if kinds[at] != ")" or kinds[at + 1] != "=":
        return ()
    c.at += 1
    names = [name_of(c, "a name")]
    while c.skip(","):
        names.append(name_of(c, "a name"))
    c.take(")")
    c.at += 1
    return tuple(names)


def _items(c: Cursor) -> tuple[s.Named, ...]:
    items = [_named(c)]
    while c.skip(","):
        items.append(_named(c))
    return tuple(items)


def _items_or_none(c: Cursor) -> tuple[s.Named, ...]:
    return () if c.kinds[c.at] in _ENDS else _items(c)


def _by(c: Cursor) -> tuple[s.Named, ...]:
    return _items(c) if c.skip("by") else ()


def _parameters(c: Cursor, *known: str) -> s.Parameters:
    """``kind=inner hint.strategy=shuffle``: the known names and any hint."""
    found: list[tuple[str, s.Scalar]] = []
    while c.kinds[c.at] == "name":
        word, following = c.words[c.at], c.kinds[c.at + 1]
        hint = following == "." and word == "hint"
        if not hint and (following != "=" or word not in known):
            break
        name = dotted_name(c)
        c.take("=", f"'=' after {name!r}")
        found.append((name, setting_value(c)))
    return tuple(found)


_WILD = re.compile(r"[A-Za-z0-9_$*]+")


def _column(c: Cursor) -> s.Expr:
    """A name, a name with ``*`` in it, ``*``, or a path."""
    kind, at = c.kinds[c.at], c.at
    if kind in ("name", "*", "long"):
        start = c.starts[at]
        match = _WILD.match(c.text, start)
        if match and "*" in match[0]:
            while c.starts[c.at] < match.end():
                c.at += 1
            if match[0] == "*":
                return s.Star(start=start, end=match.end())
            return s.WildcardName(start=start, end=match.end(), pattern=match[0])
    return path(c)


def _columns(c: Cursor) -> tuple[s.Expr, ...]:
    columns = [_column(c)]
    while c.skip(","):
        columns.append(_column(c))
    return tuple(columns)


def _table(c: Cursor) -> s.Expr:
    """One table of a union: a name, wildcards also after ``database("x").``, or a subquery."""
    table = _column(c)
    if isinstance(table, s.Member) and c.kinds[c.at] == "*" and c.start() == table.end:
        c.at += 1
        name = table.name + "*"
        return s.Member(start=table.start, end=c.end(), base=table.base, name=name)
    return table


def _tables(c: Cursor) -> tuple[s.Expr, ...]:
    tables = [_table(c)]
    while c.skip(","):
        tables.append(_table(c))
    return tuple(tables)


def _in_tables(c: Cursor) -> tuple[s.Expr, ...]:
    if c.words[c.at] != "in" or c.kinds[c.at + 1] != "(":
        return ()
    c.at += 2
    tables = _tables(c)
    c.take(")", "',' or ')' in the tables")
    return tables


def _sort_key(c: Cursor) -> s.SortKey:
    start = c.start()
    value = _named(c)
    ascending = _direction(c)
    nulls_first = None
    if c.skip("nulls"):
        if c.words[c.at] not in ("first", "last"):
            raise c.expected("'first' or 'last' after 'nulls'", known=["first", "last"])
        nulls_first = c.words[c.at] == "first"
        c.at += 1
    return s.SortKey(
        start=start, end=c.end(), value=value, ascending=ascending, nulls_first=nulls_first
    )


def _direction(c: Cursor) -> bool | None:
    if c.skip("asc"):
        return True
    return False if c.skip("desc") else None


def _sort_keys(c: Cursor) -> tuple[s.SortKey, ...]:
    keys = [_sort_key(c)]
    while c.skip(","):
        keys.append(_sort_key(c))
    return tuple(keys)


# --- operators ----------------------------------------------------------------------------------


def _where(c: Cursor, start: int) -> s.Operator:
    _parameters(c)
    condition = expression(c)
    if c.kinds[c.at] == "=" and isinstance(condition, s.Name):
        c.at += 1
        value = expression(c)
        condition = s.Binary(
            start=condition.start, end=c.end(), op="=", left=condition, right=value
        )
    return s.Where(start=start, end=c.end(), condition=condition)


def _extend(c: Cursor, start: int) -> s.Operator:
    items = _items(c)
    return s.Extend(start=start, end=c.end(), items=items)


def _project(c: Cursor, start: int) -> s.Operator:
    items = _items_or_none(c)
    return s.Project(start=start, end=c.end(), items=items)


def _project_away(c: Cursor, start: int) -> s.Operator:
    columns = _columns(c)
    return s.ProjectAway(start=start, end=c.end(), columns=columns)


def _project_keep(c: Cursor, start: int) -> s.Operator:
    columns = _columns(c)
    return s.ProjectKeep(start=start, end=c.end(), columns=columns)


def _project_rename(c: Cursor, start: int) -> s.Operator:
    items = _items(c)
    return s.ProjectRename(start=start, end=c.end(), items=items)


def _project_reorder(c: Cursor, start: int) -> s.Operator:
    columns: list[tuple[s.Expr, str]] = []
    while True:
        column, order = _column(c), ""
        if c.words[c.at] in ("asc", "desc"):
            order = c.words[c.at]
            c.at += 1
        elif c.words[c.at] == "granny" and c.words[c.at + 2] in ("asc", "desc"):
            order = "granny-" + c.words[c.at + 2]
            c.at += 3
        columns.append((column, order))
        if not c.skip(","):
            return s.ProjectReorder(start=start, end=c.end(), columns=tuple(columns))


def _summarize(c: Cursor, start: int) -> s.Operator:
    parameters = _parameters(c)
    aggregates = () if c.words[c.at] == "by" else _items_or_none(c)
    by = _by(c)
    return s.Summarize(
        start=start, end=c.end(), aggregates=aggregates, by=by, parameters=parameters
    )


def _distinct(c: Cursor, start: int) -> s.Operator:
    _parameters(c)
    items = _items(c)
    return s.Distinct(start=start, end=c.end(), items=items)


def _sort(c: Cursor, start: int) -> s.Operator:
    _parameters(c)
    c.keyword("by", "after 'sort' or 'order'")
    keys = _sort_keys(c)
    return s.Sort(start=start, end=c.end(), keys=keys)


def _top(c: Cursor, start: int) -> s.Operator:
    _parameters(c)
    count = expression(c)
    c.keyword("by", "after the number of rows")
    key = _sort_key(c)
    return s.Top(start=start, end=c.end(), count=count, keys=(key,))


def _top_hitters(c: Cursor, start: int) -> s.Operator:
    count = expression(c)
    c.keyword("of")
    of = _named(c)
    by = expression(c) if c.skip("by") else None
    return s.TopHitters(start=start, end=c.end(), count=count, of=of, by=by)


def _top_nested(c: Cursor, start: int) -> s.Operator:
    levels = [_nested_level(c)]
    while c.skip(","):
        if not c.text.startswith("top-nested", c.start()):
            raise c.expected("'top-nested'")
        c.at += 3
        levels.append(_nested_level(c))
    return s.TopNested(start=start, end=c.end(), levels=tuple(levels))


def _nested_level(c: Cursor) -> s.NestedLevel:
    start = c.start()
    count = None if c.words[c.at] == "of" else expression(c)
    c.keyword("of")
    of, others = _named(c), None
    if c.skip("with"):
        c.keyword("others")
        c.take("=")
        others = expression(c)
    c.keyword("by")
    by = _named(c)
    ascending = _direction(c)
    return s.NestedLevel(
        start=start, end=c.end(), count=count, of=of, others=others, by=by, ascending=ascending
    )


def _take(c: Cursor, start: int) -> s.Operator:
    _parameters(c)
    count = expression(c)
    return s.Take(start=start, end=c.end(), count=count)


def _sample(c: Cursor, start: int) -> s.Operator:
    count = expression(c)
    return s.Sample(start=start, end=c.end(), count=count)


def _sample_distinct(c: Cursor, start: int) -> s.Operator:
    _parameters(c)
    count = expression(c)
    c.keyword("of")
    of = _named(c)
    return s.Sample(start=start, end=c.end(), count=count, of=of)


def _count(c: Cursor, start: int) -> s.Operator:
    name = name_of(c, "a name after 'as'") if c.skip("as") else None
    return s.Count(start=start, end=c.end(), name=name)


def _joined(c: Cursor) -> tuple[s.Parameters, s.Expr, tuple[s.Expr, ...]]:
    parameters = _parameters(c, "kind", "withsource", "isfuzzy")
    right = path(c)
    on: list[s.Expr] = []
    if c.skip("on"):
        on.append(expression(c))
        while c.skip(","):
            on.append(expression(c))
    return parameters, right, tuple(on)


def _join(c: Cursor, start: int) -> s.Operator:
    parameters, right, on = _joined(c)
    return s.Join(start=start, end=c.end(), right=right, on=on, parameters=parameters)


def _lookup(c: Cursor, start: int) -> s.Operator:
    parameters, right, on = _joined(c)
    return s.Lookup(start=start, end=c.end(), right=right, on=on, parameters=parameters)


def _union(c: Cursor, start: int) -> s.Operator:
    parameters = _parameters(c, "kind", "withsource", "isfuzzy", "with_source")
    tables = _tables(c)
    return s.Union(start=start, end=c.end(), tables=tables, parameters=parameters)


def _expanded(c: Cursor) -> tuple[s.Parameters, tuple[s.Named, ...], s.Expr | None]:
    parameters = _parameters(c, "kind", "bagexpansion", "with_itemindex")
    items = [_with_type(c)]
    while c.skip(","):
        items.append(_with_type(c))
    limit = expression(c) if c.skip("limit") else None
    return parameters, tuple(items), limit


def _with_type(c: Cursor) -> s.Named:
    item = _named(c)
    if not c.skip("to"):
        return item
    c.keyword("typeof", "after 'to'")
    c.take("(")
    type_ = type_of(c)
    c.take(")")
    return s.Named(start=item.start, end=c.end(), value=item.value, names=item.names, type=type_)


def _mv_expand(c: Cursor, start: int) -> s.Operator:
    parameters, items, limit = _expanded(c)
    return s.MvExpand(start=start, end=c.end(), items=items, limit=limit, parameters=parameters)


def _mv_apply(c: Cursor, start: int) -> s.Operator:
    parameters, items, limit = _expanded(c)
    c.keyword("on", "before the subquery of mv-apply")
    subquery = _run(c)
    return s.MvApply(
        start=start,
        end=c.end(),
        items=items,
        subquery=subquery,
        limit=limit,
        parameters=parameters,
    )


def _parse(c: Cursor, start: int, *, where: bool = False) -> s.Operator:
    settings = dict(_parameters(c, "kind", "flags"))
    kind = str(settings.get("kind", "simple"))
    if kind not in ("simple", "regex", "relaxed"):
        raise c.error(f"{kind!r} is no kind of parse; it is simple, regex or relaxed")
    value = expression(c)
    c.keyword("with", "before the pattern of parse")
    steps = []
    while c.kinds[c.at] in ("string", "*", "name", "["):
        steps.append(_parse_step(c))
    if not steps:
        raise c.expected("a pattern")
    flags = str(settings.get("flags", ""))
    return s.Parse(
        start=start,
        end=c.end(),
        value=value,
        steps=tuple(steps),
        kind=kind,
        flags=flags,
        where=where,
    )


def _parse_step(c: Cursor) -> s.ParseStep:
    start = c.start()
    if c.skip("*"):
        return s.ParseStep(start=start, end=c.end(), kind="star")
    if c.kinds[c.at] == "string":
        text = string(c)
        return s.ParseStep(start=start, end=c.end(), kind="text", text=text)
    name = name_of(c, "a name for the capture")
    type_ = type_of(c) if c.skip(":") else None
    return s.ParseStep(start=start, end=c.end(), kind="capture", text=name, type=type_)


def _parse_where(c: Cursor, start: int) -> s.Operator:
    return _parse(c, start, where=True)


def _parse_kv(c: Cursor, start: int) -> s.Operator:
    value = expression(c)
    c.keyword("as", "before the columns of parse-kv")
    columns = columns_of(c)
    parameters = properties_of(c) if c.skip("with") else ()
    return s.ParseKv(start=start, end=c.end(), value=value, columns=columns, parameters=parameters)


def _make_series(c: Cursor, start: int) -> s.Operator:
    parameters = _parameters(c, "kind")
    aggregates = [_series_aggregate(c)]
    while c.skip(","):
        aggregates.append(_series_aggregate(c))
    c.keyword("on", "and the axis")
    axis = _named(c)
    first = last = None
    if c.skip("in"):
        c.keyword("range")
        c.take("(")
        first = expression(c)
        c.take(",")
        last = expression(c)
        c.take(",")
        step = expression(c)
        c.take(")")
    else:
        first = expression(c) if c.skip("from") else None
        last = expression(c) if c.skip("to") else None
        c.keyword("step", "in make-series")
        step = expression(c)
    by = _by(c)
    return s.MakeSeries(
        start=start,
        end=c.end(),
        aggregates=tuple(aggregates),
        axis=axis,
        first=first,
        last=last,
        step=step,
        by=by,
        parameters=parameters,
    )


def _series_aggregate(c: Cursor) -> tuple[s.Named, s.Expr | None]:
    item = _named(c)
    default = None
    if c.skip("default"):
        c.take("=")
        default = expression(c)
    return item, default


def _call_of(c: Cursor, what: str) -> s.Expr:
    call = path(c)
    if not isinstance(call, s.Call | s.MemberCall):
        raise c.error_at(f"expected a call of {what}", call.start)
    return call


def _evaluate(c: Cursor, start: int) -> s.Operator:
    parameters = _parameters(c)
    call = _call_of(c, "a plugin")
    if not isinstance(call, s.Call):
        raise c.error_at("a plugin is called by its name alone", call.start)
    schema = columns_of(c) if c.skip(":") else None
    return s.Evaluate(start=start, end=c.end(), call=call, schema=schema, parameters=parameters)


def _invoke(c: Cursor, start: int) -> s.Operator:
    call = _call_of(c, "a function")
    if isinstance(call, s.MemberCall):  # another database's function: not known here anyway
        return s.Unsupported(start=start, end=c.end(), name="invoke of another database")
    return s.Invoke(start=start, end=c.end(), call=call)  # type: ignore[arg-type]


def _serialize(c: Cursor, start: int) -> s.Operator:
    _parameters(c)
    items = _items_or_none(c)
    return s.Serialize(start=start, end=c.end(), items=items)


def _render(c: Cursor, start: int) -> s.Operator:
    chart = c.take("name", "a kind of chart")
    properties: s.Parameters = ()
    if c.skip("with"):
        properties = properties_of(c)
    else:
        loose = []
        while c.kinds[c.at] == "name" and c.kinds[c.at + 1] == "=":
            name = c.take("name")
            c.at += 1
            loose.append((name, setting_value(c)))
        properties = tuple(loose)
    return s.Render(start=start, end=c.end(), chart=chart, properties=properties)


def _print(c: Cursor, start: int) -> s.Operator:
    items = _items(c)
    return s.Print(start=start, end=c.end(), items=items)


def _range(c: Cursor, start: int) -> s.Operator:
    name = name_of(c, "a name for the column", reserved=False)
    c.keyword("from")
    first = expression(c)
    c.keyword("to")
    last = expression(c)
    c.keyword("step")
    step = expression(c)
    return s.Range(start=start, end=c.end(), name=name, first=first, last=last, step=step)


def _search(c: Cursor, start: int) -> s.Operator:
    parameters = _parameters(c, "kind")
    tables = _in_tables(c)
    condition = expression(c)
    return s.Search(
        start=start, end=c.end(), condition=condition, tables=tables, parameters=parameters
    )


def _find(c: Cursor, start: int) -> s.Operator:
    parameters = _parameters(c, "withsource", "datascope")
    tables = _in_tables(c)
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


def _partition(c: Cursor, start: int) -> s.Operator:
    parameters = _parameters(c)
    c.keyword("by", "after 'partition'")
    by = _partition_key(c)
    subquery: tuple[s.Operator, ...] | s.Expr
    if c.kinds[c.at] == "{":
        c.deeper()
        c.at += 1
        subquery = tabular(c)
        c.take("}", "'}' after the subquery")
        c.depth -= 1
    else:
        subquery = _run(c)
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


def _fork(c: Cursor, start: int) -> s.Operator:
    branches: list[tuple[str | None, tuple[s.Operator, ...]]] = []
    while c.kinds[c.at] in ("(", "name"):
        name = None
        if c.kinds[c.at] == "name":
            name = name_of(c, "a name")
            c.take("=")
        branches.append((name, _run(c)))
        c.skip(",")
    if not branches:
        raise c.expected("'(' and a subquery")
    return s.Fork(start=start, end=c.end(), branches=tuple(branches))


def _facet(c: Cursor, start: int) -> s.Operator:
    c.keyword("by", "after 'facet'")
    columns = _columns(c)
    subquery = _run(c) if c.skip("with") else ()
    return s.Facet(start=start, end=c.end(), columns=columns, subquery=subquery)


def _as(c: Cursor, start: int) -> s.Operator:
    _parameters(c)
    name = name_of(c, "a name")
    return s.As(start=start, end=c.end(), name=name)


def _getschema(c: Cursor, start: int) -> s.Operator:
    _parameters(c, "kind")
    return s.GetSchema(start=start, end=c.end())


def _reduce(c: Cursor, start: int) -> s.Operator:
    parameters = _parameters(c, "kind")
    c.keyword("by", "after 'reduce'")
    value = _named(c)
    if c.skip("with"):
        found = [*parameters]
        while c.kinds[c.at] == "name":
            name = c.take("name")
            c.take("=")
            found.append((name, setting_value(c)))
            c.skip(",")
        parameters = tuple(found)
    return s.ReduceBy(start=start, end=c.end(), value=value, parameters=parameters)


def _consume(c: Cursor, start: int) -> s.Operator:
    _parameters(c, "decodeblocks")
    return s.Consume(start=start, end=c.end())


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


def _unsupported(name: str) -> Callable[[Cursor, int], s.Operator]:
    def read(c: Cursor, start: int) -> s.Operator:
        skip_balanced(c)
        return s.Unsupported(start=start, end=c.end(), name=name)

    return read


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
    "project-by-names",
    "scan",
)

_OPERATORS: dict[str, Callable[[Cursor, int], s.Operator]] = {
    "as": _as,
    "consume": _consume,
    "count": _count,
    "distinct": _distinct,
    "evaluate": _evaluate,
    "extend": _extend,
    "facet": _facet,
    "filter": _where,
    "find": _find,
    "fork": _fork,
    "getschema": _getschema,
    "invoke": _invoke,
    "join": _join,
    "limit": _take,
    "lookup": _lookup,
    "make-series": _make_series,
    "mv-apply": _mv_apply,
    "mv-expand": _mv_expand,
    "mvapply": _mv_apply,
    "mvexpand": _mv_expand,
    "order": _sort,
    "parse": _parse,
    "parse-kv": _parse_kv,
    "parse-where": _parse_where,
    "partition": _partition,
    "print": _print,
    "project": _project,
    "project-away": _project_away,
    "project-keep": _project_keep,
    "project-rename": _project_rename,
    "project-reorder": _project_reorder,
    "range": _range,
    "reduce": _reduce,
    "render": _render,
    "sample": _sample,
    "sample-distinct": _sample_distinct,
    "search": _search,
    "serialize": _serialize,
    "sort": _sort,
    "summarize": _summarize,
    "take": _take,
    "top": _top,
    "top-hitters": _top_hitters,
    "top-nested": _top_nested,
    "union": _union,
    "where": _where,
    **{name: _unsupported(name) for name in _UNSUPPORTED},
}
_STARTERS = frozenset({"print", "range", "union", "search", "find", "evaluate", "macro"})

__all__ = ["skip_balanced", "tabular", "unexpected"]
