"""KQL: whatever the value, our parser reads the same query with exactly that literal in it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.kql import query as run
from huntkit.kql.language import syntax as s
from huntkit.kql.language.parser import parse
from huntkit.sources.queries import Parameter, Query, render
from huntkit.sources.queries.languages.kql_pieces import within

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.text(
    st.sampled_from("\"'\\`~@hH|;\n\r\t{}()[]/*-, \0\u2028x")
)
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(
    lambda each: each.replace(tzinfo=UTC)
)
SPANS = st.timedeltas(timedelta(days=-3_000_000), timedelta(days=3_000_000))


def query(text: str, **kinds: str) -> Query:
    parameters = {
        name: Parameter(name=name, type=kind, default="" if kind == "kql" else None)  # type: ignore[arg-type]
        for name, kind in kinds.items()
    }
    return Query(name="q", text=text, parameters=parameters)


def literals(text: str) -> list[tuple[str, object]]:
    found = [each for each in within(parse(text)) if isinstance(each, s.Literal)]
    return [(each.type, each.value) for each in sorted(found, key=lambda each: each.start)]


@given(TEXTS)
def test_a_text_is_one_string_wherever_it_stands(value: str) -> None:
    template = "T | where a == {v} and b has '{v}' and c == h@\"x{v}y\" | take 5"
    made = render(query(template, v="str"), {"v": value})
    assert literals(made.text) == [
        ("string", value),
        ("string", value),
        ("string", f"x{value}y"),
        ("long", 5),
    ]
    [statement] = parse(made.text).statements
    assert [type(each).__name__ for each in statement.value.operators] == ["Where", "Take"]  # type: ignore[attr-defined]


@given(TEXTS)
def test_a_declared_text_is_one_string(value: str) -> None:
    template = "declare query_parameters(v: string);\nT | where a == v | take 5"
    made = render(query(template, v="str"), {"v": value})
    assert literals(made.text) == [("string", value), ("long", 5)]
    assert len(parse(made.text).statements) == 1
    assert made.constants.get("v", value) == value
    # What a service might unquote is never sent as a property.
    assert made.properties.get("v", value) == value
    if value[:1] in ("'", '"'):
        assert "v" not in made.properties
        assert literals(made.declared) == [("string", value), ("long", 5)]


@given(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    MOMENTS,
    SPANS,
)
def test_other_values_are_one_literal_of_their_type(
    number: int, real: float, truth: bool, moment: datetime, span: timedelta
) -> None:
    template = "print a = 1 -{n}, b = {r}, c = {b}, d = {d}, e = datetime({d}), f = {t}"
    kinds = {"n": "int", "r": "float", "b": "bool", "d": "datetime", "t": "timespan"}
    values = {"n": number, "r": real, "b": truth, "d": moment, "t": span}
    made = render(query(template, **kinds), values)
    ticks = (moment - datetime(1, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 10
    assert literals(made.text) == [
        ("long", 1),
        ("long", number),
        ("real", real),
        ("bool", truth),
        ("datetime", ticks),
        ("datetime", ticks),
        ("timespan", span // timedelta(microseconds=1) * 10),
    ]


@given(st.lists(TEXTS | st.integers(-(2**63), 2**63 - 1) | st.booleans(), max_size=5))
def test_a_list_is_its_items(values: list[object]) -> None:
    declared = "declare query_parameters(v: dynamic);\nprint a = v"
    made = render(query(declared, v="list"), {"v": values})
    given_back = run(made.text, frame="polars")["a"][0]
    assert given_back == run(made.declared, parameters=made.constants, frame="polars")["a"][0]
    in_braces = render(query("T | where a in ({v})", v="list"), {"v": values}).text
    if all(isinstance(each, str) for each in values) and values:
        assert literals(in_braces) == [("string", each) for each in values]
    else:
        parse(in_braces)


def test_an_empty_list_finds_nothing() -> None:
    made = render(query("datatable(a: string)['x'] | where a in ({v})", v="list"), {"v": []})
    assert run(made.text, frame="polars").height == 0


def test_a_parameter_named_like_a_column_is_refused() -> None:
    for text in (
        "declare query_parameters(Computer: string);\nSecurityEvent | where Computer == Computer",
        "declare query_parameters(x: string);\nT | extend x = 1 | where x == 1",
        "declare query_parameters(x: string);\nlet x = 1; T | where a == x",
        "declare query_parameters(x: string);\nT | project-away x",
        "declare query_parameters(x: string);\nT | join (U) on x",
        "declare query_parameters(x: string);\nlet f = (x: string) {{ T | where a == x }}; f('a')",
    ):
        name = "Computer" if "Computer" in text else "x"
        with pytest.raises(UsageError, match="also gives that name"):
            render(query(text, **{name: "str"}), {name: "v"})


@pytest.mark.parametrize(
    "text",
    [
        "T | where a == x{v}",
        "T | where a == {v}y",
        "T | where a == datetime(2024{v})",
        "T | where a == ['{v}",
    ],
)
def test_a_value_inside_a_word_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        render(query(text, v="str"), {"v": "w"})


def test_a_slot_in_a_comment_stays_as_it_is() -> None:
    made = render(query("T // for {v}\n| where a == {v}", v="str"), {"v": "x\n| take 0"})
    assert made.text == 'T // for {v}\n| where a == "x\\n| take 0"'


PIECES = [
    "| take 5",
    "take 5",
    "| where a in ('x', 'y') | project a, b | order by a desc",
    "| summarize n = count(), arg_max(t, *) by bin(t, 1h) // why\n",
    "| mv-expand x to typeof(string) | parse a with * 'x' b: long *",
    "",
    "// nothing",
]
NO_PIECES = [
    "| take 5; Secrets | take 5",
    "| union Secrets",
    "| join kind=inner (Secrets) on a",
    "| lookup Secrets on a",
    "| where a in (Secrets)",
    "| where a in ((Secrets | project a))",
    "| extend a = toscalar(Secrets | count)",
    "| invoke f()",
    "| evaluate http_request('https://x.example')",
    "| extend a = externaldata(a: string)['https://x.example']",
    "| where database('d').T",
    "| extend a = stored(1)",
    "let x = 1",
    "Secrets",
    ") | take 5",
    "| where (a",
    "| as Everything",
    "| find 'x'",
    "| search 'x'",
    "| fork (take 1) (take 2)",
    "| consume",
    ".drop table T",
    "| where a == 'x",
]


@pytest.mark.parametrize("piece", PIECES)
def test_operators_may_be_added(piece: str) -> None:
    text = render(query("T\n| where a == 1\n{v}\n| count", v="kql"), {"v": piece}).text
    [statement] = parse(text).statements
    assert type(statement.value.operators[-1]).__name__ == "Count"  # type: ignore[attr-defined]
    assert text.startswith("T\n| where a == 1\n")


@pytest.mark.parametrize("piece", NO_PIECES)
def test_more_than_a_piece_is_refused(piece: str) -> None:
    with pytest.raises(UsageError, match="v="):
        render(query("T\n| where a == 1\n{v}\n| count", v="kql"), {"v": piece})


@pytest.mark.parametrize(
    "piece",
    ["true) or (true", "a == 1 | take 5", "| where a == 1", "a == 1; T", "a in (T)", "a =="],
)
def test_a_condition_is_one_condition(piece: str) -> None:
    with pytest.raises(UsageError, match="v="):
        render(query("T | where a == 1 and {v}", v="kql"), {"v": piece})


def test_a_condition_binds_as_a_whole() -> None:
    made = render(query("T | where a == 1 and {v}", v="kql"), {"v": "b == 2 or c == 3 // or"})
    [statement] = parse(made.text).statements
    condition = statement.value.operators[0].condition  # type: ignore[attr-defined]
    assert (condition.op, condition.right.op) == ("and", "or")
    assert render(query("T | where {v}", v="kql"), {}).text == "T | where true"


@pytest.mark.parametrize("name", ["T | take 5", "a b", "T;", "", "['x']", "by", "database('d').T"])
def test_a_table_is_one_word(name: str) -> None:
    with pytest.raises(UsageError):
        render(query("{v}\n| take 5", v="table"), {"v": name})


@given(TEXTS)
def test_pieces_never_crash_and_never_end_the_statement(piece: str) -> None:
    for template in ("T\n| where a == 1\n{v}\n| count", "T | where a == 1 and {v}\n| count"):
        try:
            text = render(query(template, v="kql"), {"v": piece}).text
        except UsageError:
            continue
        [statement] = parse(text).statements
        assert type(statement.value.operators[-1]).__name__ == "Count"  # type: ignore[attr-defined]
