"""ES|QL: a tokenizer written from Elasticsearch's grammar finds exactly the literal given.

``EsqlBaseLexer.g4``: a string holds escapes ``\\t \\n \\r \\" \\\\`` and any other character but
quotes, backslashes and line breaks.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.sources.queries import Parameter, Query, render

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.text(
    st.sampled_from("\"'\\`|[]()=,{}/*\r\n\t x")
)
STRING = re.compile(r'"(?:\\[tnr"\\]|[^\r\n"\\])*"')
MEANING = {r"\t": "\t", r"\n": "\n", r"\r": "\r", r"\"": '"', r"\\": "\\"}


def query(text: str, kind: str = "str", default: object = None) -> Query:
    parameter = Parameter(name="v", type=kind, default=default)  # type: ignore[arg-type]
    return Query(name="q", text=text, language="esql", parameters={"v": parameter})


def cut(text: str) -> list[str | tuple[str]]:
    """Words and marks as text, strings as what they hold in a tuple."""
    found: list[str | tuple[str]] = []
    at = 0
    while at < len(text):
        string = STRING.match(text, at)
        word = re.compile(r"[A-Za-z0-9_.]+").match(text, at)
        if string:
            inside = re.sub(r"\\.", lambda each: MEANING[each[0]], string[0][1:-1])
            found.append((inside,))
            at = string.end()
        elif word:
            found.append(word[0])
            at = word.end()
        else:
            assert text[at] != '"', "a string without an end"
            if not text[at].isspace():
                found.append(text[at])
            at += 1
    return found


@given(TEXTS)
def test_a_text_is_one_string_wherever_it_stands(value: str) -> None:
    made = render(query('FROM x | WHERE a == {v} AND b LIKE "*{v}*" | LIMIT 5'), {"v": value}).text
    assert cut(made) == [
        "FROM", "x", "|", "WHERE", "a", "=", "=", (value,), "AND", "b", "LIKE",
        (f"*{value}*",), "|", "LIMIT", "5",
    ]  # fmt: skip


@given(TEXTS)
def test_a_raw_string_becomes_an_escaped_one(value: str) -> None:
    made = render(query('FROM x | WHERE a RLIKE """\\d{{2}}{v}"""'), {"v": value}).text
    assert cut(made)[-1] == (f"\\d{{2}}{value}",)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_a_list_is_strings_with_commas(values: list[str]) -> None:
    made = render(query("FROM x | WHERE a IN ({v})", "list"), {"v": values}).text
    assert [each[0] for each in cut(made) if isinstance(each, tuple)] == values


def test_times_are_dates_in_utc() -> None:
    made = render(query("FROM x | WHERE t >= {v}", "datetime"), {"v": "2024-05-01T02:00:00+02:00"})
    assert made.text == 'FROM x | WHERE t >= TO_DATETIME("2024-05-01T00:00:00.000000Z")'


@pytest.mark.parametrize("name", ["logs-*", "a,b-*", "cluster:logs-endpoint.events.process-*"])
def test_a_pattern_of_indices_is_a_table(name: str) -> None:
    assert (
        render(query("FROM {v} | LIMIT 1", "table"), {"v": name}).text == f"FROM {name} | LIMIT 1"
    )


@pytest.mark.parametrize("name", ["a | LIMIT 1", "a b", "", "a METADATA _id", 'a"', "[x]", "a;b"])
def test_anything_else_is_no_table(name: str) -> None:
    with pytest.raises(UsageError):
        render(query("FROM {v} | LIMIT 1", "table"), {"v": name})


@pytest.mark.parametrize(
    "piece",
    ["| ENRICH policy", "| LOOKUP JOIN users ON a", "| FORK (WHERE a) (WHERE b)", "| COMPLETION x",
     "; FROM secret", "| WHERE a IN (FROM secret | KEEP a)", "| LIMIT 5 /*", "| WHERE `a",
     "| FROM x"],
)  # fmt: skip
def test_commands_that_reach_further_are_refused(piece: str) -> None:
    with pytest.raises(UsageError):
        render(query("FROM x\n{v}", "kql", ""), {"v": piece})


def test_commands_that_shape_and_conditions_may_be_added() -> None:
    made = render(query("FROM x\n{v}", "kql", ""), {"v": "LIMIT 5 // few"}).text
    assert cut(made)[:5] == ["FROM", "x", "|", "LIMIT", "5"]
    made = render(query("FROM x | WHERE a == 1 AND {v} | LIMIT 1", "kql", ""), {"v": "b OR c // d"})
    assert made.text == "FROM x | WHERE a == 1 AND (b OR c // d\n) | LIMIT 1"


@given(TEXTS)
def test_a_piece_never_crashes(piece: str) -> None:
    for text in ("FROM x\n{v}", "FROM x | WHERE {v} | LIMIT 5"):
        try:
            render(query(text, "kql", ""), {"v": piece})
        except UsageError:
            continue
