"""Operators after a pipe, and those that start a query."""

from collections.abc import Callable

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


def test_what_is_not_understood_ends_where_it_ends(shape: Shape) -> None:
    text = "T | scan with (step a: x == '|' => y = 1;) | graph-match (a)-[e]->(b) project c | count"
    operators = parse(text).statements[0].value.operators
    assert [shape(each) for each in operators] == [
        "(Unsupported name='scan')",
        "(Unsupported name='graph-match')",
        "(Count)",
    ]
