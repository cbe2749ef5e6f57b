"""SPL: a tokenizer written from the manual's rules finds exactly the literal that was given.

Splunk Search Manual: strings stand in double quotes, a backslash escapes a quote or a backslash,
backticks hold macros, square brackets subsearches, and pipes separate commands.
"""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.sources.queries import Parameter, Query, render

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.text(
    st.sampled_from("\"'\\`|[]()=,{}$*\n x")
)


def query(text: str, kind: str = "str", default: object = None) -> Query:
    parameter = Parameter(name="v", type=kind, default=default)  # type: ignore[arg-type]
    return Query(name="q", text=text, language="spl", parameters={"v": parameter})


def cut(text: str) -> list[tuple[str, str]]:
    """Strings with what they hold, and every other character that is no space, in runs."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        if text[at] == '"':
            content, at = "", at + 1
            while text[at] != '"':
                if text[at] == "\\" and text[at + 1] in '"\\':
                    at += 1
                content, at = content + text[at], at + 1
            found.append(("string", content))
            at += 1
        elif text[at].isspace():
            at += 1
        else:
            start = at
            while at < len(text) and text[at] != '"' and not text[at].isspace():
                at += 1
            found.append(("code", text[start:at]))
    return found


@given(TEXTS)
def test_a_text_is_one_string_wherever_it_stands(value: str) -> None:
    made = render(query('search index=main a={v} b="*{v}*" | head 5'), {"v": value}).text
    assert cut(made) == [
        ("code", "search"), ("code", "index=main"), ("code", "a="), ("string", value),
        ("code", "b="), ("string", f"*{value}*"), ("code", "|"), ("code", "head"), ("code", "5"),
    ]  # fmt: skip


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_a_list_is_strings_with_commas(values: list[str]) -> None:
    made = render(query("search a IN ({v})", "list"), {"v": values}).text
    assert [each for kind, each in cut(made) if kind == "string"] == values
    code = [each for kind, each in cut(made) if kind == "code"]
    assert code == ["search", "a", "IN", "(", *[","] * (len(values) - 1), ")"]


def test_times_are_seconds_since_1970() -> None:
    moment = datetime(2024, 5, 1, 12, 30, 0, 250_000, tzinfo=UTC)
    made = render(query('search earliest={v} latest="{v}"', "datetime"), {"v": moment}).text
    assert made == 'search earliest=1714566600.250000 latest="1714566600.250000"'
    assert (
        render(query("bin span={v} _time", "timespan"), {"v": "1h"}).text == "bin span=3600s _time"
    )


def test_a_format_of_times_without_a_zone_is_refused() -> None:
    with pytest.raises(UsageError, match="seconds since 1970"):
        render(query('search timeformat="%Y" earliest={v}', "datetime"), {"v": "2024-05-01"})


@pytest.mark.parametrize("text", ["a={v}*", "a=x{v}", "`macro({v})`", "'{v}'=1", 'a="{v}'])
def test_a_value_inside_a_word_or_macro_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        render(query(f"search {text}"), {"v": "x"})


def test_what_spl_can_not_write_is_refused() -> None:
    with pytest.raises(UsageError, match="NUL"):
        render(query("search a={v}"), {"v": "a\0b"})
    with pytest.raises(UsageError, match="empty list"):
        render(query("search a IN ({v})", "list"), {"v": []})


@pytest.mark.parametrize("piece", ["| head 5", "table a b", '| where a="|" | stats count by b', ""])
def test_commands_that_shape_may_be_added(piece: str) -> None:
    made = render(query("search a=1\n{v}", "kql", ""), {"v": piece}).text
    assert made.startswith("search a=1\n")
    assert not piece or made.rstrip().endswith(piece.lstrip("| "))


@pytest.mark.parametrize(
    "piece",
    [
        "| delete", "| outputlookup x", '| map search="x"', "| append [search index=secret]",
        "| where a=[search index=secret | return a]", "`macro`", "| rest /services", "| collect x",
        "| sendemail to=x", "| head 5 | delete", "|", "| where (a=1", "| where a=1)",
        '| where a="x', "| loadjob x", "| inputlookup users", "| script x", "| dbxquery", "| |",
    ],
)  # fmt: skip
def test_other_commands_are_refused(piece: str) -> None:
    with pytest.raises(UsageError):
        render(query("search a=1\n{v}", "kql", ""), {"v": piece})


@given(TEXTS)
def test_a_piece_never_crashes(piece: str) -> None:
    for text in ("search a=1\n{v}", "search a=1 | where {v} | head 5"):
        try:
            render(query(text, "kql", ""), {"v": piece})
        except UsageError:
            continue


def test_an_escape_that_means_nothing_is_refused_beside_a_value() -> None:
    text = 'search path="C:\\\\Users\\\\{v}"'
    assert cut(render(query(text), {"v": "a"}).text)[-1] in (
        ("string", "C:\\Users\\a"),
        ("C:\\Users\\a",),
    )
    with pytest.raises(UsageError, match="double a backslash"):
        render(query(text.replace("\\\\", "\\")), {"v": "a"})
