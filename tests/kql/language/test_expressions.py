"""Scalar expressions: how tightly operators bind, and what may stand where."""

from collections.abc import Callable

import pytest

from huntkit.kql.language.errors import KqlSyntaxError
from huntkit.kql.language.parser import parse

Shape = Callable[[object], str]
Golden = Callable[[str, Callable[[str], str]], None]


def test_expressions(golden: Golden, shape: Shape) -> None:
    def tree(text: str) -> str:
        return shape(parse(f"print {text}").statements[0].value.operator.items[0])

    golden("expressions", tree)


@pytest.mark.parametrize(
    "text",
    [
        "a < b < c",
        "a has 'x' has 'y'",
        "a in (b) in (c)",
        "a between (1 .. 2) == true",
        "- - a",
        "a in ()",
        "f(a,)",
        "f(,)",
        "(a, b)",
        "a[]",
        "a.",
        "a ..",
        "a matches 'x'",
        "dynamic()",
        "dynamic({a: 1})",
        "dynamic([1,])",
        "typeof(text)",
        "datatable(a) [1]",
        "datatable(a: long) 1",
        "and",
        "a AND b",
        "a like",
    ],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(KqlSyntaxError):
        parse(f"print {text}")
