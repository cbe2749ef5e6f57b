import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.kql import query
from huntkit.kql.language.errors import KqlUnsupported
from huntkit.kql.language.patterns import checked, groups, only_group


def ask(text):
    return query(f"print x = {text}", frame="polars").item()


PIECES = [
    "a",
    ".",
    r"\(",
    r"\)",
    "[(]",
    "[^)]",
    "[](]",
    "(a)",
    "(?:b)",
    "(?i)",
    "(?P<n>c)",
    "(",
    ")",
    "|",
]


@given(st.lists(st.sampled_from(PIECES), max_size=10).map("".join))
def test_groups_are_those_that_python_sees(pattern):
    try:
        counted = re.compile(pattern).groups
    except re.error:
        return
    assert groups(pattern) == counted
    for number in range(1, counted + 1):
        alone = re.compile(only_group(pattern, number))
        assert alone.groups == 1


def test_groups_beyond_nine_are_found():
    pattern = "".join(f"({letter})" for letter in "abcdefghijkl")
    assert ask(f"extract('{pattern}', 12, 'abcdefghijkl')") == "l"
    assert ask(f"extract('{pattern}', 13, 'abcdefghijkl')") == ""
    every = ask(f"extract_all('{pattern}', dynamic([1, 11, 12]), 'xabcdefghijkl')")
    assert every == '[["a","k","l"]]'


@pytest.mark.parametrize("pattern", ["(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", "a\x00"])
def test_what_the_language_has_not_is_refused(pattern):
    with pytest.raises(KqlUnsupported):
        checked(pattern)


@pytest.mark.parametrize(
    ("call", "place"),
    [
        (r"indexof_regex('xaab', 'a+')", 1),
        (r"indexof_regex('aab', 'a')", 0),
        (r"indexof_regex('aaa', 'a+', 0, -1, 2)", -1),  # one match, not two shorter ones
        (r"indexof_regex('abcabc', 'b.', 0, -1, 2)", 4),
        (r"indexof_regex('abcabc', 'b', 2)", 4),
        (r"indexof_regex('abcabc', 'c', 0, 2)", -1),
        (r"indexof_regex('a', 'a', -1)", None),
    ],
)
def test_the_place_of_a_match(call, place):
    assert ask(call) == place


def test_keys_and_values_by_a_pattern():
    text = """print s = "a: 1; b : x y;a: 2"
        | parse-kv s as (b: string, a: long, c: string, d: long)
        with (regex=@"(\\w+)\\s*:([^;]*)") | project-away s"""
    assert query(text, frame="polars").rows() == [("x y", 1, "", None)]
