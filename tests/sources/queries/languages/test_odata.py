"""OData: a tokenizer written from the standard's rules finds exactly the literal given.

OData 4.01, URL Conventions: a string stands in single quotes, a quote in it is doubled; in an
address, the whole is percent-encoded, and ``&`` separates the options.
"""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.sources.queries import Parameter, Query, render

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.text(
    st.sampled_from("'\"\\&?#%+=/$()2 7\n x")
)


def query(text: str, kind: str = "str", default: object = None) -> Query:
    parameter = Parameter(name="v", type=kind, default=default)  # type: ignore[arg-type]
    return Query(name="q", text=text, language="odata", parameters={"v": parameter})


def cut(text: str) -> list[str | tuple[str]]:
    """Runs of other characters as text, strings as what they hold in a tuple."""
    parts = text.split("'")
    found: list[str | tuple[str]] = []
    at = 0
    while at < len(parts):
        found.extend(parts[at].split())
        at += 1
        if at < len(parts):
            content = parts[at]
            while at + 2 < len(parts) and parts[at + 1] == "":
                content += "'" + parts[at + 2]
                at += 2
            found.append((content,))
            at += 1
    return found


@given(TEXTS)
def test_a_text_is_one_string_in_a_filter(value: str) -> None:
    made = render(query("a eq {v} and startswith(b, 'x{v}y') or c eq 1"), {"v": value}).text
    assert cut(made) == [
        "a", "eq", (value,), "and", "startswith(b,", (f"x{value}y",), ")", "or", "c", "eq", "1",
    ]  # fmt: skip


@given(TEXTS)
def test_a_text_is_one_string_in_an_address(value: str) -> None:
    made = render(query("alerts?$filter=a eq {v} or b eq '{v}'&$top=5"), {"v": value}).text
    parts = urlsplit(made)
    assert parts.path == "alerts"
    assert not parts.fragment
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    assert cut(options.pop("$filter")) == ["a", "eq", (value,), "or", "b", "eq", (value,)]
    assert options == {"$top": "5"}


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_a_list_is_strings_with_commas(values: list[str]) -> None:
    made = render(query("a in ({v})", "list"), {"v": values}).text
    assert [each[0] for each in cut(made) if isinstance(each, tuple)] == values


def test_times_stand_without_quotes_in_utc() -> None:
    made = render(query("t ge {v}", "datetime"), {"v": "2024-05-01T02:00:00+02:00"}).text
    assert made == "t ge 2024-05-01T00:00:00.000000Z"
    assert (
        render(query("t lt {v}", "timespan"), {"v": "90m"}).text == "t lt duration'PT5400.000000S'"
    )


@pytest.mark.parametrize(
    "piece",
    ["a eq 1)&$top=(5", "a eq 1&$top=5", "a eq 'x", "a) or (b", "(a", "$filter", "a;b", "a?b"],
)
def test_more_than_a_condition_is_refused(piece: str) -> None:
    with pytest.raises(UsageError):
        render(query("alerts?$filter=x eq 1 and {v}", "kql", ""), {"v": piece})


def test_a_condition_is_a_whole() -> None:
    made = render(query("alerts?$filter=x eq 1 and {v}", "kql", ""), {"v": "a eq 'b&c' or d"}).text
    assert dict(parse_qsl(urlsplit(made).query)) == {"$filter": "x eq 1 and (a eq 'b&c' or d)"}
    assert render(query("x eq 1 and {v}", "kql", ""), {}).text == "x eq 1 and true"
