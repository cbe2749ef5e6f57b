"""Splunk's queries: read by a reader of its own, and asked of a stand-in through a provider.

No search here ran on a real Splunk. What is shown: every text is well-formed SPL that uses only
fields that its kind of events has; values stay literals; what is sent is that text, with the time
range inclusive at its start and exclusive at its end, as Splunk reads earliest and latest.
"""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import spl_reader
from huntkit.core.errors import UsageError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from huntkit.sources.provider import QueryProvider
from huntkit.sources.queries import Query, queries_of, render
from huntkit.sources.queries.examples import example
from servers import Answer, Asked

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "src" / "huntkit" / "sources" / "library" / "splunk").glob("*.yaml"))
QUERIES = {
    f"{query.families[0]}.{query.name}": query
    for path in FILES
    for query in queries_of(path.read_text(encoding="utf-8"), origin=path.name, trusted=True)
}
FIELDS = yaml.safe_load(
    (ROOT / "tests" / "data" / "sources" / "library" / "splunk" / "fields.yaml").read_text()
)
START, END = datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC)
KNOWN = {
    "Alerts": ["list_alerts", "list_alerts_for_src_ip", "list_alerts_for_dest_ip",
               "list_alerts_for_user", "list_all_alerts"],
    "Authentication": ["list_logons_for_host", "list_logons_for_source_ip", "list_logon_failures",
                       "list_logons_for_account"],
    "SplunkGeneral": ["list_all_datatypes", "list_all_savedsearches", "get_events_parameterized"],
    "audittrail": ["list_all_audittrail"],
}  # fmt: skip
HOSTILE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
HOSTILE |= st.text(st.sampled_from("\"'\\`|[]()=,{}$*\n x"), min_size=1)


def values(query: Query, text: str = "zqvaluez") -> dict[str, Any]:
    """Something for each parameter that must be given: a text for every text."""
    return {
        each.name: text if each.type == "str" else example(each)
        for each in query.parameters.values()
        if each.required and each.name not in ("start", "end")
    }


def rendered(query: Query, **given: Any) -> str:
    return render(query, {"start": START, "end": END, **given}).text


def replaced(tree: Any, old: str, new: str) -> Any:
    """A tree with one text instead of another in its strings."""
    if isinstance(tree, tuple) and len(tree) == 2 and tree[0] == "string":
        return ("string", tree[1].replace(old, new))
    if isinstance(tree, tuple | list):
        return type(tree)(replaced(each, old, new) for each in tree)
    return tree


def test_there_are_enough_and_those_that_notebooks_call() -> None:
    by_family: dict[str, set[str]] = {}
    for name in QUERIES:
        family, _, own = name.partition(".")
        by_family.setdefault(family, set()).add(own)
    for family, names in KNOWN.items():
        assert set(names) <= by_family[family], family
    for family in ("Authentication", "Process", "Network", "DNS", "Host", "Alerts"):
        assert len(by_family[family]) >= 8, family


@pytest.mark.parametrize("name", [f"{family}.{each}" for family, names in KNOWN.items()
                                  for each in names])  # fmt: skip
def test_known_queries_take_what_notebooks_give(name: str) -> None:
    query = QUERIES[name]
    taken = {"start", "end", "add_query_items", "project_fields", "timeformat"}
    if name.split(".")[0] in ("SplunkGeneral", "audittrail") or name == "Alerts.list_all_alerts":
        taken |= {"index", "source"}
    else:
        taken |= {"field_rename"}
    assert taken <= set(query.parameters)
    assert not taken & set(query.required) - {"start", "end"}


@pytest.mark.parametrize("name", QUERIES)
def test_the_text_is_spl_with_fields_that_there_are(name: str) -> None:
    query = QUERIES[name]
    found = spl_reader.read(rendered(query, **values(query)))
    kind = str(query.metadata["data_source"])
    assert found.asked <= {*FIELDS["every"], *FIELDS[kind]}, found.asked
    assert query.description
    assert "Splunk" in query.environments


@pytest.mark.parametrize(
    "text",
    [
        "index=a", "search a=1 |", "search a=1 | whre b=1", "search (a=1", "search a=1) b=2",
        "search a=1 | stats count as n by host | where m > 1", "search a=1 | where b ==",
        "search a=1 | eval x=nofunction(a)", 'search a="x', "search a=1 | where if(a, b)",
        "search a=1 [search b=2]", "search a=`macro`", "search a=1 | delete", "search a OR",
        "search a=1 | sort host", "| tstats count by host where x=1",
    ],
)  # fmt: skip
def test_the_reader_knows_what_is_wrong(text: str) -> None:
    with pytest.raises(spl_reader.Wrong):
        spl_reader.read(text)


@pytest.mark.parametrize("name", QUERIES)
def test_the_time_range_stands_in_the_text(name: str) -> None:
    text = rendered(QUERIES[name], **values(QUERIES[name]))
    if name == "SplunkGeneral.list_all_savedsearches":  # saved searches have no time
        assert "earliest" not in text
        return
    (_, arguments) = spl_reader.read(text).commands[0]
    bounds = str(arguments)
    assert "('=', 'earliest', '1714521600')" in bounds
    assert "('=', 'latest', '1714608000')" in bounds


TEXTS = [
    (name, each.name)
    for name, query in QUERIES.items()
    for each in query.parameters.values()
    if each.type == "str" and f"{{{each.name}}}" in query.text
]


@pytest.mark.parametrize(("name", "parameter"), TEXTS)
@settings(max_examples=25, deadline=None)
@given(HOSTILE)
def test_a_value_stays_one_literal(name: str, parameter: str, value: str) -> None:
    query = QUERIES[name]
    others = values(query, "other")
    marked = spl_reader.read(rendered(query, **{**others, parameter: "zqvaluez"})).commands
    hostile = spl_reader.read(rendered(query, **{**others, parameter: value})).commands
    assert hostile == replaced(marked, "zqvaluez", value)
    assert any("zqvaluez" in each for each in spl_reader.strings(marked))


PIECES = [
    (name, each.name)
    for name, query in QUERIES.items()
    for each in query.parameters.values()
    if each.type in ("kql", "table")
]


@pytest.mark.parametrize(("name", "parameter"), PIECES)
def test_a_piece_reaches_nothing_else(name: str, parameter: str) -> None:
    query = QUERIES[name]
    for piece in (
        "| delete",
        "| outputlookup x",
        "| append [search index=b]",
        "x | rest /y",
        "`m`",
    ):
        with pytest.raises(UsageError):
            rendered(query, **values(query), **{parameter: piece})


class StandIn:
    """Jobs of Splunk, whose results have the fields that the search gives."""

    def __init__(self) -> None:
        self.searches: dict[str, dict[str, str]] = {}
        self._numbers = itertools.count(1)

    def __call__(self, asked: Asked) -> Answer:
        parts = asked.path.strip("/").split("/")
        if parts[-1] == "info" or parts[-2:] == ["saved", "searches"]:
            return Answer(json={"entry": []})
        if asked.method == "POST" and parts[-1] == "jobs":
            sid = f"1714550400.{next(self._numbers)}"
            self.searches[sid] = dict(parse_qsl(asked.body.decode()))
            return Answer(201, json={"sid": sid})
        if parts[-1] == "control":
            return Answer(json={})
        if parts[-1] == "results":
            row = self._row(parts[-2])
            return Answer(json={"fields": [{"name": each} for each in row], "results": [row]})
        told = {"isDone": True, "resultCount": 1, "dispatchState": "DONE"}
        if spl_reader.read(self.searches[parts[-1]]["search"]).given:
            told["reportSearch"] = "stats"
        return Answer(json={"entry": [{"content": told}]})

    def _row(self, sid: str) -> dict[str, str]:
        names = spl_reader.read(self.searches[sid]["search"]).given or ["_time", "host", "_raw"]
        usual = {"_time": "2024-05-01T10:00:00.000+00:00"}
        return {each: usual.get(each, "7") for each in names}


@pytest.fixture
def asked(http_server: Any, tmp_path: Path) -> Iterator[tuple[QueryProvider, StandIn]]:
    made = StandIn()
    with Session(Settings(cache_dir=tmp_path)) as session:
        provider = QueryProvider("Splunk", session=session, frame="polars")
        provider.connect(
            host="127.0.0.1", port=http_server(made).port, scheme="http", token=Secret.held("good")
        )
        yield provider, made


@pytest.mark.parametrize("name", QUERIES)
def test_it_is_asked_as_it_is_written(name: str, asked: tuple[QueryProvider, StandIn]) -> None:
    provider, stand_in = asked
    query = QUERIES[name]
    family, _, own = name.partition(".")
    rows = getattr(getattr(provider, family), own)(start=START, end=END, **values(query))
    sent = list(stand_in.searches.values())[-1]
    assert sent["search"] == rendered(query, **values(query)).strip()
    assert (sent["earliest_time"], sent["latest_time"]) == (
        "1714521600.000000", "1714608000.000000",
    )  # fmt: skip
    expected = spl_reader.read(sent["search"]).given or ["_time", "host", "_raw"]
    assert (rows.columns, rows.height) == (expected, 1)
    assert provider.last is not None
    assert (provider.last.rows, provider.last.partial) == (1, False)
