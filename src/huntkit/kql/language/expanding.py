"""Operators that take values apart or line them up: parse, mv-expand, mv-apply, make-series."""

from huntkit.kql.language import lists
from huntkit.kql.language import syntax as s
from huntkit.kql.language.expressions import columns_of, expression, name_of, properties_of, type_of
from huntkit.kql.language.literals import string
from huntkit.kql.language.tokens import Cursor


def _expanded(c: Cursor) -> tuple[s.Parameters, tuple[s.Named, ...], s.Expr | None]:
    parameters = lists.parameters(c, "kind", "bagexpansion", "with_itemindex")
    items = [_with_type(c)]
    while c.skip(","):
        items.append(_with_type(c))
    limit = expression(c) if c.skip("limit") else None
    return parameters, tuple(items), limit


def _with_type(c: Cursor) -> s.Named:
    item = lists.named(c)
    if not c.skip("to"):
        return item
    c.keyword("typeof", "after 'to'")
    c.take("(")
    type_ = type_of(c)
    c.take(")")
    return s.Named(start=item.start, end=c.end(), value=item.value, names=item.names, type=type_)


def read_mv_expand(c: Cursor, start: int) -> s.Operator:
    """``mv-expand kind=array a, b = c to typeof(long) limit 5``."""
    parameters, items, limit = _expanded(c)
    return s.MvExpand(start=start, end=c.end(), items=items, limit=limit, parameters=parameters)


def read_mv_apply(c: Cursor, start: int) -> s.Operator:
    """``mv-apply a to typeof(long) on (where a > 1)``."""
    parameters, items, limit = _expanded(c)
    c.keyword("on", "before the subquery of mv-apply")
    subquery = c.subquery(c)
    return s.MvApply(
        start=start,
        end=c.end(),
        items=items,
        subquery=subquery,
        limit=limit,
        parameters=parameters,
    )


def read_parse(c: Cursor, start: int, *, where: bool = False) -> s.Operator:
    """``parse kind=regex flags=U a with "x" b: long "y" *``."""
    settings = dict(lists.parameters(c, "kind", "flags"))
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


def read_parse_where(c: Cursor, start: int) -> s.Operator:
    """``parse-where a with "x" b``."""
    return read_parse(c, start, where=True)


def read_parse_kv(c: Cursor, start: int) -> s.Operator:
    """``parse-kv a as (b: long) with (pair_delimiter=";")``."""
    value = expression(c)
    c.keyword("as", "before the columns of parse-kv")
    columns = columns_of(c)
    parameters = properties_of(c) if c.skip("with") else ()
    return s.ParseKv(start=start, end=c.end(), value=value, columns=columns, parameters=parameters)


def read_make_series(c: Cursor, start: int) -> s.Operator:
    """``make-series n = count() default=0 on t from a to b step 1d by c``."""
    parameters = lists.parameters(c, "kind")
    aggregates = [_series_aggregate(c)]
    while c.skip(","):
        aggregates.append(_series_aggregate(c))
    c.keyword("on", "and the axis")
    axis = lists.named(c)
    first = last = None
    in_range = c.skip("in")
    if in_range:
        c.keyword("range", "after 'in'")
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
    by = lists.by(c)
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
        in_range=in_range,
    )


def _series_aggregate(c: Cursor) -> tuple[s.Named, s.Expr | None]:
    item = lists.named(c)
    default = None
    if c.skip("default"):
        c.take("=")
        default = expression(c)
    return item, default
