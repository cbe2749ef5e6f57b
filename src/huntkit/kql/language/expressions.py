"""Scalar expressions by operator precedence, without recursion along chains of operators.

Only brackets nest: ``a or b or c ...`` costs a loop, ``((a))`` costs two levels of depth. What a
bracket may hold besides scalars (a pipeline) is read by the function that the cursor carries.
"""

from collections.abc import Callable

from huntkit.core.errors import did_you_mean
from huntkit.kql.language import syntax as s
from huntkit.kql.language.errors import KqlSyntaxError
from huntkit.kql.language.literals import TYPES, dynamic, literal, string
from huntkit.kql.language.tokens import Cursor

_EQUALITY, _STRING_LEVEL = 3, 7
_STRING_OPERATORS = (
    "has",
    "has_cs",
    "hasprefix",
    "hasprefix_cs",
    "hassuffix",
    "hassuffix_cs",
    "contains",
    "contains_cs",
    "startswith",
    "startswith_cs",
    "endswith",
    "endswith_cs",
)
# level, operator as the tree names it; higher levels bind tighter
_BINARY: dict[str, tuple[int, str]] = {
    "or": (1, "or"),
    "and": (2, "and"),
    "==": (3, "=="),
    "!=": (3, "!="),
    "<>": (3, "!="),
    "<": (4, "<"),
    "<=": (4, "<="),
    ">": (4, ">"),
    ">=": (4, ">="),
    "+": (5, "+"),
    "-": (5, "-"),
    "*": (6, "*"),
    "/": (6, "/"),
    "%": (6, "%"),
    "=~": (7, "=~"),
    "!~": (7, "!~"),
    ":": (7, "has"),
    "matches": (7, "matches-regex"),
    "like": (7, "like"),
    "notlike": (7, "notlike"),
    "notcontains": (7, "!contains"),
    "notcontains_cs": (7, "!contains_cs"),
    **{name: (7, name) for name in _STRING_OPERATORS},
    **{f"!{name}": (7, f"!{name}") for name in _STRING_OPERATORS},
}
_LISTS = {
    "in": "in",
    "in~": "in~",
    "!in": "!in",
    "!in~": "!in~",
    "has_any": "has_any",
    "has_all": "has_all",
}
_BETWEEN = {"between": False, "!between": True}
_CHAINS = {1, 2, 5, 6}  # levels whose operators may follow one another without brackets

# words that can't be names unless they are bracketed, as Microsoft's parser has it
RESERVED = frozenset(
    [
        "and",
        "or",
        "in",
        "has",
        "contains",
        "between",
        "by",
        "asc",
        "desc",
        "of",
        "to",
        "on",
        "with",
        "startswith",
        "endswith",
        "hasprefix",
        "hassuffix",
        "matches",
        "has_any",
        "has_all",
    ]
)


def expression(c: Cursor) -> s.Expr:
    """A scalar expression."""
    c.deeper()
    left = operand(c)
    words = c.words
    pending: list[tuple[int, str, s.Expr]] = []
    closed = False  # the operand is an ``in`` or ``between``: nothing of its level may follow
    while True:
        word = words[c.at]
        entry = _BINARY.get(word)
        if entry is None:
            if (word not in _LISTS and word not in _BETWEEN) or words[c.at + 1] == "range":
                break  # ``on t in range(...)`` is make-series
            level, op = _EQUALITY, ""
        else:
            level, op = entry
        while pending and pending[-1][0] > level:
            left = _join(pending.pop(), left)
        if pending and pending[-1][0] == level:
            if level not in _CHAINS:
                raise c.error(f"{word!r} can't follow another comparison; put it in brackets")
            left = _join(pending.pop(), left)
        if closed and level >= _EQUALITY:
            raise c.error(f"{word!r} can't follow another comparison; put it in brackets")
        c.at += 1
        if not op:
            left = _in_list(c, left, word) if word in _LISTS else _between(c, left, word)
            closed = True
            continue
        if word == "matches":
            c.keyword("regex", "after 'matches'")
        pending.append((level, op, left))
        left = operand(c)
        closed = False
    while pending:
        left = _join(pending.pop(), left)
    c.depth -= 1
    return left


def _join(pending: tuple[int, str, s.Expr], right: s.Expr) -> s.Expr:
    _, op, left = pending
    return s.Binary(start=left.start, end=right.end, op=op, left=left, right=right)


def _in_list(c: Cursor, left: s.Expr, op: str) -> s.Expr:
    c.take("(", f"'(' after {op!r}")
    items = [tabular(c)]
    while c.skip(","):
        items.append(tabular(c))
    c.take(")", "',' or ')' in this list")
    return s.InList(start=left.start, end=c.end(), op=_LISTS[op], left=left, items=tuple(items))


def _between(c: Cursor, left: s.Expr, op: str) -> s.Expr:
    c.take("(", f"'(' after {op!r}")
    low = expression(c)
    c.take("..", "'..' between the two bounds")
    high = expression(c)
    c.take(")")
    return s.Between(
        start=left.start, end=c.end(), value=left, low=low, high=high, negated=_BETWEEN[op]
    )


def operand(c: Cursor) -> s.Expr:
    """What stands between operators: a signed primary with its paths."""
    kind = c.kinds[c.at]
    if kind in ("-", "+"):
        start = c.start()
        c.at += 1
        inner = path(c)
        op = "-" if kind == "-" else "+"
        return s.Unary(start=start, end=c.end(), op=op, operand=inner)  # type: ignore[arg-type]
    return path(c)


def path(c: Cursor) -> s.Expr:
    """A primary followed by ``.name``, ``[index]`` and ``.call()``."""
    base = _primary(c)
    kinds = c.kinds
    while True:
        kind = kinds[c.at]
        if kind == ".":
            base = _member(c, base)
        elif kind == "[":
            c.at += 1
            index = expression(c)
            c.take("]")
            base = s.Element(start=base.start, end=c.end(), base=base, index=index)
        else:
            return base


def _member(c: Cursor, base: s.Expr) -> s.Expr:
    c.at += 1
    kind = c.kinds[c.at]
    if kind == "*":
        c.at += 1
        return s.Member(start=base.start, end=c.end(), base=base, name="*")
    start = c.start()
    bracketed = kind == "["
    if bracketed and c.kinds[c.at + 1] != "string":  # ``a.[0]`` is ``a[0]``
        return base
    name = name_of(c, "a name after '.'", reserved=False)
    if c.kinds[c.at] == "(" and not bracketed:
        call = _call(c, name, start)
        return s.MemberCall(start=base.start, end=c.end(), base=base, call=call)
    return s.Member(start=base.start, end=c.end(), base=base, name=name)


def _primary(c: Cursor) -> s.Expr:
    kind = c.kinds[c.at]
    if kind == "name":
        return _name_or_call(c)
    if kind in LITERALS:
        return literal(c)
    start = c.start()
    if kind == "(":
        c.at += 1
        inner = tabular(c)
        if not c.skip(")"):
            raise unexpected(c, "')'")
        return inner
    if kind == "[":
        name = name_of(c, "a name")
        if c.kinds[c.at] == "(":
            return _call(c, name, start)
        return s.Name(start=start, end=c.end(), name=name)
    if kind == "*":
        c.at += 1
        return s.Star(start=start, end=c.end())
    error = c.expected("an expression")
    error.hint = _HINTS.get(kind, "write 'not(...)'" if kind[0] == "!" else "")
    raise error


_HINTS = {
    "{": "a placeholder in braces must be filled in first",
    "#": "directives to a client are not KQL",
    "=": "equality is '==', inequality '!='",
}
LITERALS = frozenset({"string", "long", "real", "timespan", "typed"})


def _name_or_call(c: Cursor) -> s.Expr:
    at = c.at
    word = c.words[at]
    start = c.starts[at]
    if c.kinds[at + 1] == "(":
        special = _SPECIAL.get(word)
        if special is not None:
            return special(c)
        if word in _NEVER_CALLED:
            raise c.expected("an expression")
        c.at = at + 1
        return _call(c, word, start)
    if word in _BOOLEANS:
        c.at = at + 1
        return s.Literal(start=start, end=c.end(), type="bool", value=_BOOLEANS[word])
    if word in RESERVED:
        hint = f"a column of this name is written ['{word}']"
        raise c.error(f"expected an expression, found {word!r}", hint=hint)
    c.at = at + 1
    return s.Name(start=start, end=start + len(word), name=word)


_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False}
_BOOLEANS["FALSE"] = False
_NEVER_CALLED = frozenset({"and", "or", "in", "has", "contains", "between", "by", "on", "has_any"})


_TAKE_PIPELINES = frozenset({"toscalar", "materialize"})  # elsewhere ``f((T | count))``


def _call(c: Cursor, name: str, start: int) -> s.Call:
    """The arguments of a call; the cursor stands on the opening bracket."""
    c.at += 1
    args: list[s.Argument] = []
    value = tabular if name in _TAKE_PIPELINES else expression
    if not c.skip(")"):
        args.append(_argument(c, value))
        while c.skip(","):
            args.append(_argument(c, value))
        if not c.skip(")"):
            raise unexpected(c, f"',' or ')' in the arguments of {name}()")
    return s.Call(start=start, end=c.end(), name=name, args=tuple(args))


def _argument(c: Cursor, read: Callable[[Cursor], s.Expr]) -> s.Argument:
    start = c.start()
    name = None
    if c.kinds[c.at] == "name" and c.kinds[c.at + 1] == "=":
        name = c.words[c.at]
        c.at += 2
    value = read(c)
    return s.Argument(start=start, end=c.end(), value=value, name=name)


def unexpected(c: Cursor, what: str) -> KqlSyntaxError:
    """The error for a token after a whole expression, where an operator may have been meant."""
    error = c.expected(what)
    word, following = c.words[c.at], c.words[c.at + 1]
    if word == "not" and f"!{following}" in (*_LISTS, *_BINARY, *_BETWEEN):
        error.hint = f"write '!{following}'"
    elif c.kinds[c.at] == "name" and len(word) > 1:
        error.hint = did_you_mean(word[:40], _AFTER_EXPRESSION)
    elif word == "=":
        error.hint = "'==' compares, '=' gives a name"
    elif word == "|":
        error.hint = "a pipeline stands in brackets of its own"
    elif word == ",":
        error.hint = "a list of values needs an operator such as 'has_any' or 'in'"
    return error


_AFTER_EXPRESSION = (
    *(word for word in (*_BINARY, *_LISTS, *_BETWEEN) if word.isidentifier()),
    *("by", "on", "to", "of", "with", "from", "step", "limit", "default", "asc", "desc", "nulls"),
)


def name_of(c: Cursor, what: str, *, reserved: bool = True) -> str:
    """A name, plain or in brackets: ``a``, ``['a b']``, ``["a b"]``."""
    at = c.at
    kind = c.kinds[at]
    if kind == "name":
        word = c.words[at]
        if reserved and word in RESERVED:
            raise c.error(f"expected {what}, found {word!r}", hint=f"write ['{word}']")
        c.at = at + 1
        return word
    if kind == "[" and c.kinds[at + 1] == "string" and c.kinds[at + 2] == "]":
        c.at = at + 1
        name = string(c)
        c.at += 1
        return name
    raise c.expected(what)


def type_of(c: Cursor) -> str:
    """A type's name, in its one spelling."""
    word = c.words[c.at]
    if c.kinds[c.at] != "name" or word not in TYPES:
        raise c.expected("a type", known=sorted(TYPES))
    c.at += 1
    return TYPES[word]


def columns_of(c: Cursor) -> tuple[s.Typed, ...]:
    """``(a: long, ['b c']: string, *)``."""
    c.take("(", "'(' before the columns")
    columns: list[s.Typed] = []
    if c.skip(")"):
        return ()
    while True:
        start = c.start()
        if c.skip("*"):
            columns.append(s.Typed(start=start, end=c.end(), name="*", type=""))
        else:
            name = name_of(c, "a column's name", reserved=False)
            c.take(":", f"':' and a type after {name!r}")
            columns.append(s.Typed(start=start, name=name, type=type_of(c), end=c.end()))
        if not c.skip(","):
            break
    c.take(")", "',' or ')' in the columns")
    return tuple(columns)


def _typeof(c: Cursor) -> s.Expr:
    start = c.start()
    c.at += 1
    if c.kinds[c.at + 1] == "name" and c.kinds[c.at + 2] == ")":
        c.at += 1
        type_ = type_of(c)
        c.at += 1
        return s.TypeOf(start=start, end=c.end(), type=type_)
    columns = columns_of(c)
    return s.TypeOf(start=start, end=c.end(), columns=columns)


def _datatable(c: Cursor) -> s.Expr:
    start = c.start()
    c.at += 1
    columns = columns_of(c)
    c.take("[", "'[' before the values of datatable")
    values: list[s.Expr] = []
    while not c.skip("]"):
        values.append(expression(c))
        if not c.skip(",") and c.kinds[c.at] != "]":
            raise c.expected("',' or ']' in the values of datatable")
    if columns and len(values) % len(columns):
        raise c.error_at(f"{len(values)} values do not fill rows of {len(columns)} columns", start)
    return s.DataTable(start=start, end=c.end(), columns=columns, values=tuple(values))


def _externaldata(c: Cursor) -> s.Expr:
    start = c.start()
    c.at += 1
    columns = columns_of(c)
    c.take("[", "'[' before the URIs of externaldata")
    uris = []
    while not c.skip("]"):
        uris.append(string(c))
        if not c.skip(",") and c.kinds[c.at] != "]":
            raise c.expected("',' or ']' after this URI")
    properties: s.Parameters = ()
    if c.skip("with"):
        properties = properties_of(c)
    return s.ExternalData(
        start=start, end=c.end(), columns=columns, uris=tuple(uris), properties=properties
    )


def properties_of(c: Cursor, *, lists: bool = False) -> s.Parameters:
    """``(name=value, ...)``; with ``lists`` a value may be several names, as ``ycolumns=a, b``."""
    c.take("(", "'(' before the properties")
    found: list[tuple[str, s.Scalar]] = []
    while c.kinds[c.at] != ")":
        name = dotted_name(c)
        c.take("=", f"'=' after {name!r}")
        values = [setting_value(c)]
        while lists and c.kinds[c.at] == "," and _starts_value(c):
            c.at += 1
            values.append(setting_value(c))
        found.append((name, values[0] if len(values) == 1 else ",".join(map(str, values))))
        if not c.skip(","):
            break
    c.take(")", "',' or ')' in the properties")
    return tuple(found)


def _starts_value(c: Cursor) -> bool:
    """Whether one more value follows the comma, and no next property."""
    return c.kinds[c.at + 1] in ("name", "[") and c.kinds[c.at + 2] not in ("=", ".")


def dotted_name(c: Cursor) -> str:
    """``hint.strategy``: a name with dots in it."""
    name = c.take("name", "a name")
    while c.skip("."):
        name += "." + c.take("name", "a name")
    return name


def setting_value(c: Cursor) -> s.Scalar:
    """The value of a property or parameter: a literal or a bare name."""
    kind = c.kinds[c.at]
    if kind == "name" or kind == "[":
        name = name_of(c, "a value", reserved=False)
        return _BOOLEANS.get(name, name)
    negative = kind == "-" and c.skip("-")
    if c.kinds[c.at] not in LITERALS:
        raise c.expected("a value")
    value = literal(c).value
    return -value if negative and isinstance(value, int | float) else value


_SPECIAL: dict[str, Callable[[Cursor], s.Expr]] = {
    "dynamic": dynamic,
    "typeof": _typeof,
    "datatable": _datatable,
    "externaldata": _externaldata,
    "external_data": _externaldata,
}


def tabular(c: Cursor) -> s.Expr:
    """An expression that may be a pipeline."""
    return c.tabular(c)
