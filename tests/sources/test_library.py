"""Every query of the library finds its events and leaves its near misses alone.

Here, one change to each query must be noticed; ``python -m tools.check_queries --survivors`` tries
every change and lists those that no event notices.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from huntkit.sources.queries import Query, QueryFileError, queries_of, render
from huntkit.testing import check_query
from huntkit.testing.query_engine import Engine
from huntkit.testing.query_events import DAY, Events, read_events

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "src" / "huntkit" / "sources" / "library"
EVENTS = ROOT / "tests" / "data" / "sources" / "library"
FILES = sorted(each.relative_to(LIBRARY).as_posix() for each in LIBRARY.glob("*/*.yaml"))


def _queries(name: str) -> tuple[Query, ...]:
    text = (LIBRARY / name).read_text(encoding="utf-8")
    try:
        return queries_of(text, origin=name, trusted=True)
    except QueryFileError:
        return ()  # what is wrong is told by the test of the file


KQL = [(name, query) for name in FILES for query in _queries(name) if query.language == "kql"]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as made:
        yield made


@pytest.fixture(scope="module")
def events() -> dict[str, dict[str, Events]]:
    return {name: read_events(EVENTS / name) for name in {name for name, _ in KQL}}


@pytest.mark.parametrize("name", FILES)
def test_every_file_passes_the_whole_check_of_its_text(name: str) -> None:
    text = (LIBRARY / name).read_text(encoding="utf-8")
    assert queries_of(text, origin=name) == queries_of(text, origin=name, trusted=True)


@pytest.mark.parametrize(
    ("name", "query"), KQL, ids=[f"{name[:-5]}:{query.name}" for name, query in KQL]
)
def test_the_query_finds_its_events_and_no_near_miss(
    name: str, query: Query, engine: Engine, events: dict[str, dict[str, Events]]
) -> None:
    assert query.name in events[name], "it has no events"
    checked = check_query(query, events[name][query.name], thorough=False, engine=engine)
    assert not checked.problems
    assert checked.killed


@pytest.mark.parametrize("name", sorted({name for name, _ in KQL}))
def test_events_are_for_queries_that_there_are(
    name: str, events: dict[str, dict[str, Events]]
) -> None:
    assert set(events[name]) == {query.name for each, query in KQL if each == name}


def test_names_are_unique_within_a_family_and_an_environment() -> None:
    seen: dict[tuple[str, str, str], str] = {}
    for file in FILES:
        for query in _queries(file):
            for family in query.families:
                for place in query.environments:
                    if place == "Local":
                        continue
                    other = seen.setdefault((place, family, query.name), file)
                    assert other == file, f"{place} {family}.{query.name}: {other} and {file}"


def test_microsofts_parser_finds_nothing_wrong(events: dict[str, dict[str, Events]]) -> None:
    parser = ROOT / "tools" / "kusto_parser"
    node = shutil.which("node")
    if node is None or not (parser / "node_modules").is_dir():
        pytest.skip("Microsoft's parser is not here: run make kusto-parser (needs node)")
    asked = [{"name": "a query with a fault", "text": "T | were a == 1"}]
    for name, query in KQL:
        usual = {each: value for each, value in DAY.items() if each in query.parameters}
        given = events[name][query.name].parameters if query.name in events[name] else {}
        rendered = render(query, {**usual, **given})
        asked.append({"name": f"{name}: {query.name}", "text": rendered.declared})
        asked.append({"name": f"{name}: {query.name} (literals)", "text": rendered.text})
    lines = "".join(json.dumps(each) + "\n" for each in asked)
    command = [node, "check.mjs"]
    told = subprocess.run(
        command, cwd=parser, input=lines, capture_output=True, text=True, check=True
    )
    verdicts = [json.loads(line) for line in told.stdout.splitlines()]
    assert [each["name"] for each in verdicts] == [each["name"] for each in asked]
    wrong = [each for each in verdicts if each["problems"]]
    assert [each["name"] for each in wrong] == ["a query with a fault"], wrong[1:]
