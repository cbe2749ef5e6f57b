"""Lists that several operators hold: named items, columns, tables, sort keys, parameters."""

import re
from collections.abc import Callable

from huntkit.kql.language import syntax as s
from huntkit.kql.language.expressions import (
    dotted_name,
    expression,
    name_of,
    path,
    setting_value,
)
from huntkit.kql.language.tokens import Cursor

_ENDS = frozenset({"|", ")", "}", ";", "end"})  # kinds after which no list can go on


def named(c: Cursor, value: Callable[[Cursor], s.Expr] = expression) -> s.Named:
    """``x``, ``a = x`` or ``(a, b) = x``."""
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


def items(c: Cursor) -> tuple[s.Named, ...]:
    """One or more named expressions."""
    items = [named(c)]
    while c.skip(","):
        items.append(named(c))
    return tuple(items)


def items_or_none(c: Cursor) -> tuple[s.Named, ...]:
    """Named expressions, or none at the end of the operator."""
    return () if c.kinds[c.at] in _ENDS else items(c)


def by(c: Cursor) -> tuple[s.Named, ...]:
    """``by a, b`` if it is there."""
    return items(c) if c.skip("by") else ()


def parameters(c: Cursor, *known: str) -> s.Parameters:
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


def column(c: Cursor) -> s.Expr:
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
    found = path(c)
    if isinstance(found, s.Literal):
        raise c.error("expected a column", at=at)
    return found


def columns(c: Cursor) -> tuple[s.Expr, ...]:
    """Columns, wildcards among them."""
    columns = [column(c)]
    while c.skip(","):
        columns.append(column(c))
    return tuple(columns)


def _table(c: Cursor) -> s.Expr:
    """One table of a union: a name, wildcards also after ``database("x").``, or a subquery."""
    table = column(c)
    if isinstance(table, s.Member) and c.kinds[c.at] == "*" and c.start() == table.end:
        c.at += 1
        name = table.name + "*"
        return s.Member(start=table.start, end=c.end(), base=table.base, name=name)
    return table


def tables(c: Cursor) -> tuple[s.Expr, ...]:
    """The tables of a union."""
    tables = [_table(c)]
    while c.skip(","):
        tables.append(_table(c))
    return tuple(tables)


def in_tables(c: Cursor) -> tuple[s.Expr, ...]:
    """``in (T, U*)`` if it is there."""
    if c.words[c.at] != "in" or c.kinds[c.at + 1] != "(":
        return ()
    c.at += 2
    found = tables(c)
    c.take(")", "',' or ')' in the tables")
    return found


def sort_key(c: Cursor) -> s.SortKey:
    """``a desc nulls last``."""
    start = c.start()
    value = named(c)
    ascending = direction(c)
    nulls_first = None
    if c.skip("nulls"):
        if c.words[c.at] not in ("first", "last"):
            raise c.expected("'first' or 'last' after 'nulls'", known=["first", "last"])
        nulls_first = c.words[c.at] == "first"
        c.at += 1
    return s.SortKey(
        start=start, end=c.end(), value=value, ascending=ascending, nulls_first=nulls_first
    )


def direction(c: Cursor) -> bool | None:
    """``asc`` or ``desc`` if it is there."""
    if c.skip("asc"):
        return True
    return False if c.skip("desc") else None


def sort_keys(c: Cursor) -> tuple[s.SortKey, ...]:
    """One or more sort keys."""
    keys = [sort_key(c)]
    while c.skip(","):
        keys.append(sort_key(c))
    return tuple(keys)
