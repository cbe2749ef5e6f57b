"""Queries with values in: what is given, what is left out, and what is refused."""

from datetime import UTC, datetime

import pytest

from huntkit.core.errors import TimeError, UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.kql.language import syntax as s
from huntkit.kql.language.parser import parse
from huntkit.sources.queries import Parameter, Query, Rendered, built_in, queries_of, render
from huntkit.sources.queries.examples import example
from huntkit.sources.queries.languages import dialect
from huntkit.sources.queries.languages.kql_pieces import parts_of, within

NOW = datetime(2024, 5, 15, 13, 45, tzinfo=UTC)


def query(text: str, *parameters: Parameter) -> Query:
    return Query(name="q", text=text, parameters={each.name: each for each in parameters})


HOST = Parameter(name="host", aliases=("hostname",))
START = Parameter(name="start", type="datetime")
END = Parameter(name="end", type="datetime")
DECLARED = query(
    "declare query_parameters(start: datetime, end: datetime, host: string, n: int);\n"
    "T\n| where t >= start and t < end and Host =~ host | take n",
    START, END, HOST, Parameter(name="n", type="int", default=10),
)  # fmt: skip


def test_declared_parameters_come_in_both_forms() -> None:
    made = render(DECLARED, {"hostname": "ws01", "start": "-1d@d", "end": "today"}, now=NOW)
    assert made.declared == DECLARED.text
    assert made.constants == {
        "start": datetime(2024, 5, 14, tzinfo=UTC),
        "end": datetime(2024, 5, 15, tzinfo=UTC),
        "host": "ws01",
        "n": 10,
    }
    assert made.properties == {
        "start": "datetime(2024-05-14T00:00:00.000000Z)",
        "end": "datetime(2024-05-15T00:00:00.000000Z)",
        "host": "ws01",
        "n": "int(10)",
    }
    assert made.text == (
        "T\n| where t >= datetime(2024-05-14T00:00:00.000000Z) and "
        't < datetime(2024-05-15T00:00:00.000000Z) and Host =~ "ws01" | take int(10)'
    )
    assert made.span == TimeSpan(datetime(2024, 5, 14), datetime(2024, 5, 15))
    assert made.parameters == made.constants


def test_a_text_that_looks_like_a_literal_is_no_property() -> None:
    made = render(DECLARED, {"host": '"ws01"', "start": 0, "end": 0}, now=NOW)
    assert "host" not in made.properties
    assert made.declared.startswith(
        "declare query_parameters(start: datetime, end: datetime, n: int);"
    )
    assert 'Host =~ "\\"ws01\\""' in made.declared


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "needs host="),
        ({"host": None}, "needs host="),
        ({"host": "a", "hots": "b"}, r"no parameter 'hots' \(did you mean 'host'"),
        ({"host": "a", "hostname": "b"}, "given twice"),
        ({"host": 5}, "takes text"),
        ({"host": "a", "n": "x"}, "whole number"),
        ({"host": "a", "n": 2**31}, "32 bits"),
        ({"host": "a", "start": "2024-05-02", "end": "2024-05-01"}, "before the start"),
    ],
)
def test_what_can_not_be_right_is_refused(values: dict[str, object], said: str) -> None:
    span = {"start": "2024-05-01", "end": "2024-05-02"}
    with pytest.raises(UsageError, match=said):
        render(DECLARED, {**span, **values}, now=NOW)


def test_a_missing_bound_of_time_is_told_by_the_text_that_needs_it() -> None:
    with pytest.raises(UsageError, match="'start', which has no value"):
        render(DECLARED, {"host": "a"}, now=NOW)
    with pytest.raises(UsageError, match="needs start="):
        render(query("T | where t > {start}", START), {}, now=NOW)
    assert render(query("T", START, END), {}, now=NOW).span is None


def test_an_unreadable_time_is_an_error() -> None:
    with pytest.raises(TimeError):
        render(query("T | where t > {start}", START), {"start": "yesterdy"}, now=NOW)


def test_empty_pieces_leave_no_empty_lines() -> None:
    piece = Parameter(name="more", type="kql", default="")
    made = render(query("T\n  {more}\n| count", piece), {})
    assert made.text == "T\n| count"
    made = render(query("T\n{more}\n| count", piece), {"more": "| take 5 // few"})
    assert made.text == "T\n| take 5 // few\n| count"


def test_values_in_comments_and_strings_that_hold_marks_are_safe() -> None:
    made = render(
        query('T | where a == "zqslot0z" and b == {host} // {host}', HOST), {"host": "zqslot1z"}
    )
    assert made.text == 'T | where a == "zqslot0z" and b == "zqslot1z" // {host}'


def test_a_value_that_looks_like_a_mark_stays_as_it_is() -> None:
    made = render(query("T | where a == {host} // {host}", HOST), {"host": "zqslot0z"})
    assert made.text == 'T | where a == "zqslot0z" // {host}'


@pytest.mark.parametrize("value", ["1) or (true", "x", "", "guid(null)", "11111111"])
def test_a_guid_is_a_guid(value: str) -> None:
    made = query("declare query_parameters(host: guid);\nT | where f(host)", HOST)
    with pytest.raises(UsageError, match="takes a GUID"):
        render(made, {"host": value})
    known = "11111111-2222-4333-8444-55555555555A"
    assert render(made, {"host": known}).text == f"T | where f(guid({known.lower()}))"


def test_doubled_braces_are_braces() -> None:
    made = render(query('T | extend a = dynamic({{"k": "v"}}), b = {host}', HOST), {"host": "{x}"})
    assert made.text == 'T | extend a = dynamic({"k": "v"}), b = "{x}"'


def test_a_name_that_is_not_declared_is_refused() -> None:
    with pytest.raises(UsageError, match="does not declare 'other'"):
        render(query("T | where a == {other}", HOST), {"host": "x"})


def test_files_of_notebooks_are_rendered_with_literals() -> None:
    [made] = queries_of("""
metadata: {data_environments: [LogAnalytics], data_families: [X]}
sources:
  q:
    description: d
    args:
      query: |
        T
        | where t >= datetime({start}) and t < datetime("{end}")
        | where h has "{host}" and i in ({ids}) and p matches regex h@'\\\\{host}$'
    parameters:
      start: {type: datetime}
      end: {type: datetime}
      host: {type: str}
      ids: {type: list}
""")
    values = {"start": "2024-05-01", "end": "2024-05-02", "host": 'a"b', "ids": "4624,4625"}
    assert render(made, values).text == (
        "T\n| where t >= datetime(2024-05-01T00:00:00.000000Z) and "
        "t < datetime(2024-05-02T00:00:00.000000Z)\n"
        '| where h has "a\\"b" and i in ("4624", "4625") and p matches regex h"\\\\\\\\a\\"b$"\n'
    )


def test_every_built_in_query_has_its_examples_rendered() -> None:
    for each in built_in():
        values = {name: example(parameter) for name, parameter in each.parameters.items()}
        values |= {"start": "-1d", "end": 0} if "start" in each.parameters else {}
        assert isinstance(render(each, values, now=NOW), Rendered)


HOSTILE = ['" or true // ', "') | union Secrets | where a in ('", "\\", "*\n;|`{[(%&#", "' or ''='"]


def shape(text: str, language: str) -> list[str]:
    """The tree of a query, or its tokens, with all literals alike."""
    if language != "kql":
        tokens = dialect(language, text).tokens(text)  # type: ignore[arg-type]
        return [each.kind if each.kind == "string" else each.word for each in tokens]
    found = []
    for node in within(parse(text)):
        held = [getattr(node, name) for name in parts_of(node)]
        plain = [each for each in held if isinstance(each, str | int | float | bool)]
        is_literal = isinstance(node, s.Literal | s.Dynamic)
        found.append(type(node).__name__ + ("" if is_literal else repr(plain)))
    return sorted(found)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_value_changes_the_structure_of_any_built_in_query(hostile: str) -> None:
    for each in built_in():
        mild, wild = {}, {}
        for name, parameter in each.parameters.items():
            mild[name] = wild[name] = example(parameter)
            if parameter.type in ("str", "list") and not parameter.choices:
                mild[name] = "mild" if parameter.type == "str" else ["mild"]
                wild[name] = hostile if parameter.type == "str" else [hostile]
        first, second = render(each, mild, now=NOW), render(each, wild, now=NOW)
        assert shape(first.text, each.language) == shape(second.text, each.language), each.name
