"""Every query of the library finds its events and leaves its near misses alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from huntkit.sources.queries import Query, QueryFileError, queries_of
from huntkit.testing.queries import _check
from huntkit.testing.query_engine import Engine
from huntkit.testing.query_events import Events, read_events

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
    checked = _check(engine, query, events[name][query.name])
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
