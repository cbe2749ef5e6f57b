"""Operators that keep, make and order rows and columns of one table."""

from huntkit.kql.language import lists
from huntkit.kql.language import syntax as s
from huntkit.kql.language.expressions import expression, name_of, properties_of, setting_value
from huntkit.kql.language.tokens import Cursor


def read_where(c: Cursor, start: int) -> s.Operator:
    """``where a == 1``."""
    lists.parameters(c)
    condition = expression(c)
    if c.kinds[c.at] == "=" and isinstance(condition, s.Name):
        c.at += 1
        value = expression(c)
        condition = s.Binary(
            start=condition.start, end=c.end(), op="=", left=condition, right=value
        )
    return s.Where(start=start, end=c.end(), condition=condition)


def read_extend(c: Cursor, start: int) -> s.Operator:
    """``extend a = 1, b``."""
    items = lists.items(c)
    return s.Extend(start=start, end=c.end(), items=items)


def read_project(c: Cursor, start: int) -> s.Operator:
    """``project a, b = c``."""
    items = lists.items_or_none(c)
    return s.Project(start=start, end=c.end(), items=items)


def read_project_away(c: Cursor, start: int) -> s.Operator:
    """``project-away a, b*``."""
    columns = lists.columns(c)
    return s.ProjectAway(start=start, end=c.end(), columns=columns)


def read_project_by_names(c: Cursor, start: int) -> s.Operator:
    """``project-by-names "a", "b*", dynamic(["c"])``."""
    names = [expression(c)]
    while c.skip(","):
        names.append(expression(c))
    return s.ProjectByNames(start=start, end=c.end(), names=tuple(names))


def read_project_keep(c: Cursor, start: int) -> s.Operator:
    """``project-keep a, b*``."""
    columns = lists.columns(c)
    return s.ProjectKeep(start=start, end=c.end(), columns=columns)


def read_project_rename(c: Cursor, start: int) -> s.Operator:
    """``project-rename a = b``."""
    items = lists.items(c)
    return s.ProjectRename(start=start, end=c.end(), items=items)


def read_project_reorder(c: Cursor, start: int) -> s.Operator:
    """``project-reorder a, b* desc, c granny-asc``."""
    columns: list[tuple[s.Expr, str]] = []
    while True:
        column, order = lists.column(c), ""
        if c.words[c.at] in ("asc", "desc"):
            order = c.words[c.at]
            c.at += 1
        elif c.words[c.at] == "granny" and c.words[c.at + 2] in ("asc", "desc"):
            order = "granny-" + c.words[c.at + 2]
            c.at += 3
        columns.append((column, order))
        if not c.skip(","):
            return s.ProjectReorder(start=start, end=c.end(), columns=tuple(columns))


def read_summarize(c: Cursor, start: int) -> s.Operator:
    """``summarize n = count(), max(a) by b``."""
    parameters = lists.parameters(c)
    aggregates = () if c.words[c.at] == "by" else lists.items_or_none(c)
    by = lists.by(c)
    if not aggregates and not by:
        raise c.expected("an aggregate such as count(), or by, after summarize")
    return s.Summarize(
        start=start, end=c.end(), aggregates=aggregates, by=by, parameters=parameters
    )


def read_distinct(c: Cursor, start: int) -> s.Operator:
    """``distinct a, b`` or ``distinct *``."""
    lists.parameters(c)
    items = lists.items(c)
    return s.Distinct(start=start, end=c.end(), items=items)


def read_sort(c: Cursor, start: int) -> s.Operator:
    """``sort by a desc nulls last, b``."""
    lists.parameters(c)
    c.keyword("by", "after 'sort' or 'order'")
    keys = lists.sort_keys(c)
    return s.Sort(start=start, end=c.end(), keys=keys)


def read_top(c: Cursor, start: int) -> s.Operator:
    """``top 5 by a``."""
    lists.parameters(c)
    count = expression(c)
    c.keyword("by", "after the number of rows")
    key = lists.sort_key(c)
    return s.Top(start=start, end=c.end(), count=count, keys=(key,))


def read_top_hitters(c: Cursor, start: int) -> s.Operator:
    """``top-hitters 5 of a by b``."""
    count = expression(c)
    c.keyword("of")
    of = lists.named(c)
    by = expression(c) if c.skip("by") else None
    return s.TopHitters(start=start, end=c.end(), count=count, of=of, by=by)


def read_top_nested(c: Cursor, start: int) -> s.Operator:
    """``top-nested 5 of a with others="x" by count(), top-nested of b by max(c)``."""
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
    of, others = lists.named(c), None
    if c.skip("with"):
        c.keyword("others")
        c.take("=")
        others = expression(c)
    c.keyword("by")
    by = lists.named(c)
    ascending = lists.direction(c)
    return s.NestedLevel(
        start=start, end=c.end(), count=count, of=of, others=others, by=by, ascending=ascending
    )


def read_take(c: Cursor, start: int) -> s.Operator:
    """``take 5``."""
    lists.parameters(c)
    count = expression(c)
    return s.Take(start=start, end=c.end(), count=count)


def read_sample(c: Cursor, start: int) -> s.Operator:
    """``sample 5``."""
    count = expression(c)
    return s.Sample(start=start, end=c.end(), count=count)


def read_sample_distinct(c: Cursor, start: int) -> s.Operator:
    """``sample-distinct 5 of a``."""
    lists.parameters(c)
    count = expression(c)
    c.keyword("of")
    of = lists.named(c)
    return s.Sample(start=start, end=c.end(), count=count, of=of)


def read_count(c: Cursor, start: int) -> s.Operator:
    """``count`` or ``count as n``."""
    name = name_of(c, "a name after 'as'") if c.skip("as") else None
    return s.Count(start=start, end=c.end(), name=name)


def read_serialize(c: Cursor, start: int) -> s.Operator:
    """``serialize`` or ``serialize n = row_number()``."""
    lists.parameters(c)
    items = lists.items_or_none(c)
    return s.Serialize(start=start, end=c.end(), items=items)


def read_render(c: Cursor, start: int) -> s.Operator:
    """``render timechart with (title="x", ycolumns=a, b)``."""
    chart = c.take("name", "a kind of chart")
    properties: s.Parameters = ()
    if c.skip("with"):
        properties = properties_of(c, lists=True)
    else:
        loose = []
        while c.kinds[c.at] == "name" and c.kinds[c.at + 1] == "=":
            name = c.take("name")
            c.at += 1
            loose.append((name, setting_value(c)))
        properties = tuple(loose)
    return s.Render(start=start, end=c.end(), chart=chart, properties=properties)


def read_as(c: Cursor, start: int) -> s.Operator:
    """``as hint.materialized=true T``."""
    lists.parameters(c)
    name = name_of(c, "a name")
    return s.As(start=start, end=c.end(), name=name)


def read_getschema(c: Cursor, start: int) -> s.Operator:
    """``getschema``."""
    lists.parameters(c, "kind")
    return s.GetSchema(start=start, end=c.end())


def read_reduce(c: Cursor, start: int) -> s.Operator:
    """``reduce by a with threshold=0.1``."""
    parameters = lists.parameters(c, "kind")
    c.keyword("by", "after 'reduce'")
    value = lists.named(c)
    if c.skip("with"):
        found = [*parameters]
        while c.kinds[c.at] == "name":
            name = c.take("name")
            c.take("=")
            found.append((name, setting_value(c)))
            c.skip(",")
        parameters = tuple(found)
    return s.ReduceBy(start=start, end=c.end(), value=value, parameters=parameters)


def read_consume(c: Cursor, start: int) -> s.Operator:
    """``consume``."""
    lists.parameters(c, "decodeblocks")
    return s.Consume(start=start, end=c.end())
