"""SQL: sqlglot, which shares no code with us, reads exactly the literal that was given."""

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from huntkit.core.errors import UsageError
from huntkit.sources.queries import Parameter, Query, render

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.text(
    st.sampled_from("\"'\\`|;()=,{}/*-$\n x")
)
PLACES = [("sql", "postgres"), ("sql", "duckdb"), ("clickhouse", "clickhouse")]


def query(text: str, language: str = "sql", kind: str = "str", default: object = None) -> Query:
    parameter = Parameter(name="v", type=kind, default=default)  # type: ignore[arg-type]
    return Query(name="q", text=text, language=language, parameters={"v": parameter})  # type: ignore[arg-type]


def strings(text: str, dialect: str) -> list[str]:
    [tree] = sqlglot.parse(text, dialect=dialect)
    assert isinstance(tree, exp.Select)
    return [each.this for each in tree.find_all(exp.Literal, bfs=False) if each.is_string]


@pytest.mark.parametrize(("language", "dialect"), PLACES)
@given(value=TEXTS)
def test_a_text_is_one_string_wherever_it_stands(language: str, dialect: str, value: str) -> None:
    template = "SELECT * FROM t WHERE a = {v} AND b LIKE '%{v}' AND c = 'z'"
    made = render(query(template, language), {"v": value}).text
    assert sorted(strings(made, dialect)) == sorted([value, f"%{value}", "z"])
    [tree] = sqlglot.parse(made, dialect=dialect)
    assert tree is not None
    assert len(list(tree.find_all(exp.And))) == 2
    assert not list(tree.find_all(exp.Or, exp.Subquery, exp.Union))


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_negative_number_starts_no_comment(number: int) -> None:
    made = render(query("SELECT 1 -{v}", kind="int"), {"v": number}).text
    [tree] = sqlglot.parse(made, dialect="postgres")
    assert tree is not None
    assert isinstance(tree.expressions[0], exp.Sub)
    assert "--" not in made


@pytest.mark.parametrize(("language", "dialect"), PLACES)
@given(values=st.lists(TEXTS, min_size=1, max_size=4))
def test_a_list_is_strings_with_commas(language: str, dialect: str, values: list[str]) -> None:
    made = render(query("SELECT 1 WHERE a IN ({v})", language, "list"), {"v": values}).text
    assert sorted(strings(made, dialect)) == sorted(values)


def test_times_say_that_they_are_utc() -> None:
    at = {"v": "2024-05-01T02:00:00+02:00"}
    assert render(query("{v}", kind="datetime"), at).text == (
        "TIMESTAMPTZ '2024-05-01 00:00:00.000000+00:00'"
    )
    assert render(query("{v}", "clickhouse", "datetime"), at).text == (
        "toDateTime64('2024-05-01 00:00:00.000000', 6, 'UTC')"
    )


@pytest.mark.parametrize("text", ["E'{v}'", '"{v}"', "$${v}$$", "a{v}", "'a'{v}", "{v}'a'"])
def test_other_strings_and_words_take_no_values(text: str) -> None:
    with pytest.raises((UsageError, ValueError)):
        render(query(f"SELECT {text}"), {"v": "x"})


@pytest.mark.parametrize(
    "piece",
    ["1=1); DROP TABLE t; --", "a = 1 OR b IN (SELECT 1)", "a = 1 UNION SELECT 1", "a = 1 --",
     "pg_read_file('x') = ''", "a = 1 ORDER BY b", "a) OR (b", "EXISTS (SELECT 1 FROM secret)"],
)  # fmt: skip
def test_more_than_a_condition_is_refused(piece: str) -> None:
    if piece == "a = 1 --":
        made = render(
            query("SELECT * FROM t WHERE b AND {v}", kind="kql", default=""), {"v": piece}
        )
        assert made.text.endswith("(a = 1 --\n)")
        return
    with pytest.raises(UsageError):
        render(query("SELECT * FROM t WHERE b AND {v}", kind="kql", default=""), {"v": piece})


@pytest.mark.parametrize("piece", ["ORDER BY a LIMIT 5", "LIMIT 5 OFFSET 2", ""])
def test_order_and_limit_may_be_added(piece: str) -> None:
    made = render(query("SELECT * FROM t\n{v}", kind="kql", default=""), {"v": piece}).text
    assert " ".join(made.split()) == f"SELECT * FROM t {piece}".strip()


@pytest.mark.parametrize(
    "piece", ["WHERE a", ", secret", "JOIN u ON true", "; DROP TABLE t", "UNION ALL SELECT 1"]
)
def test_anything_else_is_refused_there(piece: str) -> None:
    with pytest.raises(UsageError):
        render(query("SELECT * FROM t\n{v}", kind="kql", default=""), {"v": piece})


def test_an_escape_that_means_nothing_is_refused_beside_a_value() -> None:
    text = "SELECT 'C:\\temp\\{v}'"
    assert strings(render(query(text), {"v": "a"}).text, "postgres") == ["C:\\temp\\a"]
    with pytest.raises(UsageError, match="double a backslash"):
        render(query(text, "clickhouse"), {"v": "a"})
    made = render(query(text.replace("\\", "\\\\"), "clickhouse"), {"v": "a"}).text
    assert strings(made, "clickhouse") == ["C:\\temp\\a"]
