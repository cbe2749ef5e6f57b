"""The built-in queries are read once, quickly, and only when they are asked for."""

import subprocess
import sys

from huntkit.sources.queries import asked_of, built_in
from huntkit.sources.queries.definition import TIME_BOUNDS
from huntkit.sources.queries.environments import environment


def test_all_are_read_once() -> None:
    found = built_in()
    assert len(found) >= 150
    assert built_in() is found


def test_importing_reads_and_loads_nothing() -> None:
    code = (
        "import sys, huntkit.sources.queries as q; from huntkit.sources.queries import Query;"
        "print([m for m in ('yaml', 'duckdb', 'polars', 'sqlglot') if m in sys.modules])"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"


def test_queries_are_found_by_any_name_of_a_place() -> None:
    sentinel = asked_of(built_in(), "loganalytics")
    assert sentinel == asked_of(built_in(), "MSSentinel")
    assert sentinel
    assert {each.language for each in sentinel} == {"kql"}
    assert asked_of(built_in(), "Nowhere") == ()


def test_every_query_says_what_people_need_to_find_and_call_it() -> None:
    for each in built_in():
        assert each.description
        assert each.description == each.description.strip()
        assert each.families
        assert all(environment(place) for place in each.environments)
        for parameter in each.parameters.values():
            assert parameter.description, f"{each.name}: {parameter.name}"
        bounds = [name for name in TIME_BOUNDS if name in each.parameters]
        assert len(bounds) in (0, 2), each.name
