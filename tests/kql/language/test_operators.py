"""Operators after a pipe, and those that start a query."""

from collections.abc import Callable

import pytest

from huntkit.kql.language.errors import KqlSyntaxError
from huntkit.kql.language.parser import parse

Shape = Callable[[object], str]
Golden = Callable[[str, Callable[[str], str]], None]


def test_operators(golden: Golden, shape: Shape) -> None:
    def tree(text: str) -> str:
        (operator,) = parse(f"T | {text}").statements[0].value.operators
        return shape(operator)

    golden("operators", tree)


def test_sources(golden: Golden, shape: Shape) -> None:
    golden("sources", lambda text: shape(parse(text).statements[0].value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("parse kind=odd a with b", "'odd' is no kind of parse"),
        ("parse a with", "expected a pattern"),
        ("evaluate a.b()", "a plugin is called by its name alone"),
        ("evaluate a", "expected a call of a plugin"),
        ("fork", "expected '(' and a subquery"),
        ("project-away 'a'", "expected a column"),
        ("sort by a nulls forst", "did you mean 'first'?"),
        ("top-nested 1 of a by b, c", "expected 'top-nested'"),
        ("mv-expand a to string", "expected 'typeof' after 'to'"),
        ("make-series count() on t", "expected 'step' in make-series"),
        ("join kind=inner inner (U | count) on a", "brackets of its own"),
        ("partition by a count", "expected '(' before the subquery"),
        ("parse-kv a as (b: long) with (c)", "expected '=' after 'c'"),
        ("as", "expected a name"),
        ("scan (", "expected ')'"),
    ],
)
def test_what_is_no_operator_is_refused_with_a_message(text: str, message: str) -> None:
    with pytest.raises(KqlSyntaxError) as caught:
        parse(f"T | {text}")
    assert message in str(caught.value)


def test_what_is_not_understood_ends_where_it_ends(shape: Shape) -> None:
    text = "T | scan with (step a: x == '|' => y = 1;) | graph-match (a)-[e]->(b) project c | count"
    operators = parse(text).statements[0].value.operators
    assert [shape(each) for each in operators] == [
        "(Unsupported name='scan')",
        "(Unsupported name='graph-match')",
        "(Count)",
    ]
