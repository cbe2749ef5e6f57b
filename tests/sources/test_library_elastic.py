"""Elastic's queries: read by Elastic's grammar and by a reader of its own, and asked of a stand-in.

No query here ran on a real Elasticsearch. What is shown: every text is well-formed ES|QL (by
Elasticsearch's own grammar, where the package esql-parser is) that uses only fields that its kind
of events has; values stay literals; what is sent is that text, with a half-open time range.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import esql_reader
from huntkit.core.errors import UsageError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from huntkit.sources.provider import QueryProvider
from huntkit.sources.queries import Query, queries_of, render
from huntkit.sources.queries.examples import example
from servers import Answer, Asked

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "src" / "huntkit" / "sources" / "library" / "elastic").glob("*.yaml"))
QUERIES = {
    f"{query.families[0]}.{query.name}": query
    for path in FILES
    for query in queries_of(path.read_text(encoding="utf-8"), origin=path.name, trusted=True)
}
FIELDS = yaml.safe_load(
    (ROOT / "tests" / "data" / "sources" / "library" / "elastic" / "fields.yaml").read_text()
)
START, END = datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC)
HOSTILE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
HOSTILE |= st.text(st.sampled_from("\"'\\`|[]()=,{}/*\r\n\t x"), min_size=1)
NASTY = [
    '" OR 1 == 1 OR "" == "', "\\", '\\"', '"""', 'x" | LIMIT 0 // ', "a\nb", "*?{}", "/* x",
]  # fmt: skip
TEXTS = [
    (name, each.name)
    for name, query in QUERIES.items()
    for each in query.parameters.values()
    if each.type == "str"
]


def values(query: Query, text: str = "zqvaluez") -> dict[str, Any]:
    """Something for each parameter that must be given: a text for every text."""
    return {
        each.name: text if each.type == "str" else example(each)
        for each in query.parameters.values()
        if each.required and each.name not in ("start", "end")
    }


def rendered(query: Query, **given: Any) -> str:
    return render(query, {"start": START, "end": END, **given}).text


def replaced(commands: list[list[Any]], old: str, new: str) -> list[list[Any]]:
    return [
        [(word[0].replace(old, new),) if isinstance(word, tuple) else word for word in command]
        for command in commands
    ]


def complaints(text: str) -> list[str]:
    pytest.importorskip("esql_parser", reason="uv pip install --no-deps esql-parser==9.1.3")
    return esql_reader.complaints(text)


def test_there_are_enough_of_each_family() -> None:
    by_family: dict[str, int] = {}
    for name in QUERIES:
        family = name.partition(".")[0]
        by_family[family] = by_family.get(family, 0) + 1
    assert set(by_family) == {"Authentication", "Process", "Network", "DNS", "Host", "Alerts"}
    assert min(by_family.values()) >= 8


@pytest.mark.parametrize("name", QUERIES)
def test_the_text_is_esql_with_fields_that_there_are(name: str) -> None:
    query = QUERIES[name]
    found = esql_reader.read(rendered(query, **values(query)))
    kind = str(query.metadata["data_source"])
    assert found.asked <= {*FIELDS["every"], *FIELDS[kind]}, found.asked
    assert found.given
    assert query.description
    assert query.environments == ("Elastic",)


@pytest.mark.parametrize("name", QUERIES)
def test_elastics_own_grammar_finds_nothing_wrong(name: str) -> None:
    query = QUERIES[name]
    assert complaints(rendered(query, **values(query))) == []
    piece = "| WHERE host.name IS NOT NULL | LIMIT 5"
    assert complaints(rendered(query, **values(query), add_query_items=piece)) == []


@pytest.mark.parametrize(
    "text", ["FROM a | WHRE b == 1", "FROM a | WHERE (b == 1", "FROM a | SORT last", "FROM a | "]
)
def test_elastics_own_grammar_finds_what_is_wrong(text: str) -> None:
    assert complaints(text)


@pytest.mark.parametrize(
    "text",
    [
        "ROW a = 1", "FROM a | LIMIT 5 | | KEEP b", "FROM a | WHERE b == (1", "FROM a | NOPE b",
        "FROM a | WHERE NOFUNCTION(b) > 1", "FROM a | STATS n = COUNT(*) BY b | WHERE c > 1",
        "FROM a | KEEP b | SORT c", 'FROM a | WHERE b == "x', "FROM a | WHERE b == 'x'",
        "FROM a | STATS b = COUNT(*) BY b",
    ],
)  # fmt: skip
def test_the_reader_knows_what_is_wrong(text: str) -> None:
    with pytest.raises(esql_reader.Wrong):
        esql_reader.read(text)


@pytest.mark.parametrize("name", QUERIES)
def test_the_time_range_is_half_open_and_first(name: str) -> None:
    found = esql_reader.read(rendered(QUERIES[name], **values(QUERIES[name])))
    assert found.commands[1] == [
        "WHERE", "@timestamp", ">=", "TO_DATETIME", "(", ("2024-05-01T00:00:00.000000Z",), ")",
        "AND", "@timestamp", "<", "TO_DATETIME", "(", ("2024-05-02T00:00:00.000000Z",), ")",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "parameter"), TEXTS)
@settings(max_examples=25, deadline=None)
@given(HOSTILE)
def test_a_value_stays_one_literal(name: str, parameter: str, value: str) -> None:
    query = QUERIES[name]
    others = values(query, "other")
    marked = esql_reader.read(rendered(query, **{**others, parameter: "zqvaluez"})).commands
    hostile = esql_reader.read(rendered(query, **{**others, parameter: value})).commands
    assert hostile == replaced(marked, "zqvaluez", value)
    assert hostile != replaced(marked, "zqvaluez", value + "x")


@pytest.mark.parametrize(("name", "parameter"), TEXTS)
def test_elastics_own_grammar_takes_hostile_values(name: str, parameter: str) -> None:
    query = QUERIES[name]
    for value in NASTY:
        assert complaints(rendered(query, **{**values(query), parameter: value})) == []


@pytest.mark.parametrize("name", QUERIES)
def test_a_piece_reaches_nothing_else(name: str) -> None:
    query = QUERIES[name]
    for piece in ("| ENRICH p", "| LOOKUP JOIN u ON a", "| FORK (WHERE a)", "; FROM b", "| FROM b"):
        with pytest.raises(UsageError):
            rendered(query, **values(query), add_query_items=piece)
    for index in ("a | LIMIT 1", "a METADATA _id", 'a"', ""):
        with pytest.raises(UsageError):
            rendered(query, **values(query), table=index)


def stand_in(asked: Asked) -> Answer:
    """One row with the columns that the query gives."""
    headers = {"X-Elastic-Product": "Elasticsearch"}
    if asked.path == "/":
        return Answer(headers=headers, json={"version": {"number": "9.2.0"}})
    text = asked.json()["query"].rpartition("\n| LIMIT ")[0]
    columns = [
        {"name": each, "type": "date" if each == "@timestamp" else "keyword"}
        for each in esql_reader.read(text).given or []
    ]
    row = ["2024-05-01T10:00:00Z" if each["type"] == "date" else "7" for each in columns]
    body = {"took": 1, "is_partial": False, "columns": columns, "values": [row]}
    return Answer(headers=headers, json=body)


@pytest.fixture
def asked(http_server: Any, tmp_path: Path) -> Iterator[tuple[QueryProvider, Any]]:
    server = http_server(stand_in)
    with Session(Settings(cache_dir=tmp_path)) as session:
        provider = QueryProvider("Elastic", session=session, frame="polars")
        provider.connect(url=server.url, api_key=Secret.held("good"))
        yield provider, server


@pytest.mark.parametrize("name", QUERIES)
def test_it_is_asked_as_it_is_written(name: str, asked: tuple[QueryProvider, Any]) -> None:
    provider, server = asked
    query = QUERIES[name]
    family, _, own = name.partition(".")
    rows = getattr(getattr(provider, family), own)(start=START, end=END, **values(query))
    text = rendered(query, **values(query)).strip()
    sent = server.asked[-1].json()
    assert sent["query"] == f"{text}\n| LIMIT 10000"
    (between,) = sent["filter"]["bool"]["filter"]
    assert between["range"]["@timestamp"]["lt"] == "2024-05-02T00:00:00+00:00"
    assert (rows.columns, rows.height) == (esql_reader.read(text).given, 1)
    assert provider.last is not None
    assert (provider.last.rows, provider.last.partial) == (1, False)
