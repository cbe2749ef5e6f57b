"""PPL: a tokenizer written from OpenSearch's grammar finds exactly the literal given.

``OpenSearchPPLLexer.g4``: in a string, a backslash takes the next character along and a doubled
quote is part of it; ``StringUtils.unquoteText`` then undoes both.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.sources.queries import Parameter, Query, render

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.text(
    st.sampled_from("\"'\\`|[]()=,{}/*\n x")
)


def query(text: str, kind: str = "str", default: object = None) -> Query:
    parameter = Parameter(name="v", type=kind, default=default)  # type: ignore[arg-type]
    return Query(name="q", text=text, language="ppl", parameters={"v": parameter})


def cut(text: str) -> list[str | tuple[str]]:
    """Runs of other characters as text, strings as what they hold in a tuple."""
    found: list[str | tuple[str]] = []
    at = 0
    while at < len(text):
        if text[at] in "\"'":
            quote, content, at = text[at], "", at + 1
            while True:
                if text[at] == "\\":
                    content += text[at + 1] if text[at + 1] in "\"'\\" else text[at : at + 2]
                    at += 2
                elif text[at] != quote:
                    content, at = content + text[at], at + 1
                elif text[at + 1 : at + 2] == quote:
                    content, at = content + quote, at + 2
                else:
                    break
            found.append((content,))
            at += 1
        elif text[at].isspace():
            at += 1
        else:
            start = at
            while at < len(text) and text[at] not in "\"'" and not text[at].isspace():
                at += 1
            found.append(text[start:at])
    return found


@given(TEXTS)
def test_a_text_is_one_string_wherever_it_stands(value: str) -> None:
    made = render(query("source=x | where a = {v} and like(b, '%{v}%') | head 5"), {"v": value})
    assert cut(made.text) == [
        "source=x", "|", "where", "a", "=", (value,), "and", "like(b,", (f"%{value}%",), ")",
        "|", "head", "5",
    ]  # fmt: skip


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_a_list_is_strings_with_commas(values: list[str]) -> None:
    made = render(query("source=x | where a in ({v})", "list"), {"v": values}).text
    assert [each[0] for each in cut(made) if isinstance(each, tuple)] == values


def test_times_are_timestamps_in_utc() -> None:
    made = render(
        query("source=x | where t >= {v}", "datetime"), {"v": "2024-05-01T02:00:00+02:00"}
    )
    assert made.text == 'source=x | where t >= TIMESTAMP("2024-05-01 00:00:00.000000")'


@pytest.mark.parametrize(
    "piece",
    ["| join left=a right=b on a.x = b.x secret", "| where a in [source=secret]", "| ad", "| ml",
     "| lookup users a", "| search source=secret", "| append [source=secret]", "| where `a"],
)  # fmt: skip
def test_commands_that_reach_further_are_refused(piece: str) -> None:
    with pytest.raises(UsageError):
        render(query("source=x\n{v}", "kql", ""), {"v": piece})


@given(TEXTS)
def test_a_piece_never_crashes(piece: str) -> None:
    for text in ("source=x\n{v}", "source=x | where {v} | head 5"):
        try:
            render(query(text, "kql", ""), {"v": piece})
        except UsageError:
            continue


def test_an_escape_that_means_nothing_is_refused_beside_a_value() -> None:
    text = "source=x | where a = 'C:\\\\Users\\\\{v}'"
    assert cut(render(query(text), {"v": "a"}).text)[-1] in (
        ("string", "C:\\Users\\a"),
        ("C:\\Users\\a",),
    )
    with pytest.raises(UsageError, match="double a backslash"):
        render(query(text.replace("\\\\", "\\")), {"v": "a"})
