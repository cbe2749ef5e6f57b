"""Cutting text into tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.kql.language.errors import KqlSyntaxError
from huntkit.kql.language.operators import subquery, tabular
from huntkit.kql.language.tokens import Cursor


def words(text: str) -> list[tuple[str, str]]:
    cursor = Cursor(text, tabular=tabular, subquery=subquery)
    return [
        (kind, word) for kind, word in zip(cursor.kinds, cursor.words, strict=True) if kind != "end"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1..5", [("long", "1"), ("..", ".."), ("long", "5")]),
        ("1.5..2d", [("real", "1.5"), ("..", ".."), ("timespan", "2d")]),
        ("3com 5week", [("name", "3com"), ("name", "5week")]),
        ("0x1F 1e5", [("long", "0x1F"), ("real", "1e5")]),
        ("a!in~b", [("name", "a"), ("!in~", "!in~"), ("name", "b")]),
        ("in~ xin", [("in~", "in~"), ("name", "xin")]),
        ("a//b\nc", [("name", "a"), ("name", "c")]),
        ("'//'", [("string", "'//'")]),
        ("ah'b'", [("name", "ah"), ("string", "'b'")]),
        ("h@'a''b'", [("string", "h@'a''b'")]),
        ("datetime(a, b) datetime", [("typed", "datetime(a, b)"), ("name", "datetime")]),
        ("todatetime(a)", [("name", "todatetime"), ("(", "("), ("name", "a"), (")", ")")]),
        ("```a\nb``c```", [("string", "```a\nb``c```")]),
        ("$left.a", [("name", "$left"), (".", "."), ("name", "a")]),
    ],
)  # fmt: skip
def test_tokens(text: str, expected: list[tuple[str, str]]) -> None:
    found = [("name" if kind == "in~" else kind, word) for kind, word in words(text)]
    assert found == [("name" if kind == "in~" else kind, word) for kind, word in expected]


@given(st.text(alphabet="ab1.'\"@h`~\\/-!=<>()[]{}|;:, \n#"))
def test_tokens_are_the_text_without_blanks_and_comments(text: str) -> None:
    try:
        cursor = Cursor(text, tabular=tabular, subquery=subquery)
    except KqlSyntaxError:
        return
    end = 0
    for word, start in zip(cursor.words, cursor.starts, strict=True):
        between = text[end:start]
        assert all(not line.split("//")[0].strip() for line in between.split("\n"))
        assert text[start : start + len(word)] == word
        end = start + len(word)
    assert end == len(text)
