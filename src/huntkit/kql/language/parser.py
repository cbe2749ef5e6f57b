"""Text of a query to its syntax tree."""

from huntkit.core.errors import did_you_mean
from huntkit.kql.language import syntax as s
from huntkit.kql.language.combining import skip_balanced
from huntkit.kql.language.errors import KqlSyntaxError
from huntkit.kql.language.expressions import (
    LITERALS,
    columns_of,
    expression,
    name_of,
    setting_value,
    type_of,
    unexpected,
)
from huntkit.kql.language.literals import literal as read_literal
from huntkit.kql.language.operators import subquery, tabular
from huntkit.kql.language.tokens import NESTING, Cursor


def parse(text: str) -> s.Query:
    """The syntax tree of a query.

    Raises:
        KqlSyntaxError: the text is not KQL; it says where and what was expected.

    Examples:
        >>> query = parse("SecurityEvent | where EventID == 4688 | take 5")
        >>> [type(operator).__name__ for operator in query.statements[0].value.operators]
        ['Where', 'Take']
        >>> parse("SecurityEvent | were EventID == 4688")
        Traceback (most recent call last):
            ...
        huntkit.kql...: line 1, column 17: there is no operator 'were' (did you mean 'where'?)
    """
    c = Cursor(text, tabular=tabular, subquery=subquery)
    try:
        statements = _statements(c, "end")
    except RecursionError:  # the caller's own stack was nearly full
        raise c.error(f"the query is nested too deeply ({NESTING} levels is the most)") from None
    return s.Query(start=0, end=len(text), statements=statements)


def _statements(c: Cursor, close: str) -> tuple[s.Statement, ...]:
    """Statements up to the end or a closing brace; one ``;`` after each, the last may lack it."""
    found: list[s.Statement] = []
    while c.kinds[c.at] != close:
        found.append(_statement(c))
        if not c.skip(";"):
            if c.kinds[c.at] != close:
                raise _unfinished(c, found[-1])
            break
    return tuple(found)


def _unfinished(c: Cursor, statement: s.Statement) -> KqlSyntaxError:
    if c.kinds[c.at] in (")", "]", "}"):
        return c.error(f"{c.words[c.at]!r} has no opening partner")
    if c.kinds[c.at] == "name" and "\n" in c.text[c.end() : c.start()]:
        error = c.expected("an operator, '|' or ';'")
        error.hint = "each statement but the last ends with ';'"
        return error
    error = unexpected(c, "an operator, '|' or ';'")
    if isinstance(statement, s.Let) and not error.hint:
        return c.expected("';' after the value of let")
    return error


def _statement(c: Cursor) -> s.Statement:
    start, at = c.start(), c.at
    word, following = c.words[at], c.kinds[at + 1] if at + 1 < len(c.kinds) else "end"
    if c.kinds[at] == ".":
        raise c.error("management commands (starting with '.') are not queries")
    if c.kinds[at] == "|":
        raise c.error("a query can't start with '|'", hint="put a table before it")
    if word == "let" and following in ("name", "["):
        return _let(c, start)
    if following == "name":
        if word == "declare":
            return _declare(c, start)
        if word == "set":
            return _set(c, start)
        if word in ("alias", "restrict"):
            skip_balanced(c)
            return s.OtherStatement(start=start, end=c.end(), kind=word)
    value = tabular(c)
    return s.Result(start=start, end=c.end(), value=value)


def _let(c: Cursor, start: int) -> s.Statement:
    c.at += 1
    name = name_of(c, "a name after 'let'", reserved=False)
    c.take("=", f"'=' after 'let {name}'")
    value = _function(c) if _is_function(c) else tabular(c)
    return s.Let(start=start, end=c.end(), name=name, value=value)


def _is_function(c: Cursor) -> bool:
    at = c.at
    if c.words[at] == "view" and c.kinds[at + 1] == "(":
        return True
    if c.kinds[at] != "(":
        return False
    first, second = c.kinds[at + 1], c.kinds[at + 2]
    if first == ")":
        return second == "{"
    return (first == "name" and second == ":") or c.kinds[at + 1 : at + 5] == [
        "[",
        "string",
        "]",
        ":",
    ]


def _function(c: Cursor) -> s.Expr:
    start = c.start()
    view = c.skip("view")
    c.deeper()
    c.take("(")
    parameters: list[s.Typed | s.TableParameter] = []
    if not c.skip(")"):
        parameters.append(_parameter(c))
        while c.skip(","):
            parameters.append(_parameter(c))
        c.take(")", "',' or ')' in the parameters")
    c.take("{", "'{' before the function's body")
    body_start = c.start()
    statements = _statements(c, "}")
    body = s.Query(start=body_start, end=c.end(), statements=statements)
    c.take("}", "'}' after the function's body")
    c.depth -= 1
    return s.Function(start=start, end=c.end(), parameters=tuple(parameters), body=body, view=view)


def _parameter(c: Cursor) -> s.Typed | s.TableParameter:
    start = c.start()
    name = name_of(c, "a parameter's name", reserved=False)
    c.take(":", f"':' and a type after {name!r}")
    if c.kinds[c.at] == "(":
        if c.kinds[c.at + 1] == "*" and c.kinds[c.at + 2] == ")":
            c.at += 3
            return s.TableParameter(start=start, end=c.end(), name=name, columns=None)
        columns = columns_of(c)
        return s.TableParameter(start=start, end=c.end(), name=name, columns=columns)
    return _typed(c, start, name)


def _typed(c: Cursor, start: int, name: str) -> s.Typed:
    type_ = type_of(c)
    default = expression(c) if c.skip("=") else None
    return s.Typed(start=start, end=c.end(), name=name, type=type_, default=default)


def _declare(c: Cursor, start: int) -> s.Statement:
    c.at += 1
    word = c.words[c.at]
    if word == "pattern":
        skip_balanced(c)
        return s.OtherStatement(start=start, end=c.end(), kind="declare pattern")
    if word != "query_parameters":
        hint = did_you_mean(word, ["query_parameters", "pattern"])
        raise c.error(f"expected 'query_parameters' after 'declare', found {word!r}", hint=hint)
    c.at += 1
    c.take("(")
    parameters = []
    while c.kinds[c.at] != ")":
        at = c.start()
        name = name_of(c, "a parameter's name", reserved=False)
        c.take(":", f"':' and a type after {name!r}")
        parameters.append(_typed(c, at, name))
        if not c.skip(","):
            break
    c.take(")", "',' or ')' in the parameters")
    return s.QueryParameters(start=start, end=c.end(), parameters=tuple(parameters))


def _set(c: Cursor, start: int) -> s.Statement:
    c.at += 1
    name = c.take("name", "a name after 'set'")
    value, literal = None, None
    if c.skip("="):
        at = c.at
        value = setting_value(c)
        if c.kinds[at] in LITERALS:
            after, c.at = c.at, at
            literal, c.at = read_literal(c), after
    return s.SetOption(start=start, end=c.end(), name=name, value=value, literal=literal)
