"""Queries of the library find in real logs what plain Python counts in the raw records."""

import collections
import csv
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import huntkit
from huntkit.sources.local.evidence import Evidence
from huntkit.sources.queries import Query, read_queries, render

pytestmark = [
    pytest.mark.data,
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::huntkit.sources.local.evidence.AbsentTableWarning"),
]

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "src" / "huntkit" / "sources" / "library"
EXPECTED = ROOT / "tests" / "data" / "sources" / "library"
AT = datetime(2026, 11, 22, tzinfo=UTC)
_RANGE = {"start": "2015-01-01T00:00:00Z", "end": "2030-01-01T00:00:00Z"}
_SOME = {"str": "x", "list": ["x"], "table": "SecurityEvent", "int": 1, "float": 1.0, "bool": True,
         "datetime": AT, "timespan": "1h", "kql": ""}  # fmt: skip


def _entries() -> list[dict[str, Any]]:
    return [
        entry
        for path in sorted(EXPECTED.glob("real_rows*.yaml"))
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def _named(entry: dict[str, Any]) -> str:
    return f"{entry['family']}.{entry['query']}-{Path(entry['dataset']).name}"


@cache
def _queries() -> dict[tuple[str, str], Query]:
    return {
        (family, query.name): query
        for path in sorted(LIBRARY.glob("*/*.yaml"))
        for query in read_queries(path)
        if query.language == "kql"
        for family in query.families
    }


def _some(query: Query) -> dict[str, object]:
    """Any values for what the query must be given, and all of time."""
    times = {name: each for name, each in _RANGE.items() if name in query.parameters}
    return {**times, **{each: _SOME[query.parameters[each].type] for each in query.required}}


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """The name and the text of each file in a dataset."""
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if not name.endswith("/") and "__MACOSX" not in name:
                    yield name, archive.read(name).decode("utf-8-sig")
    elif path.name.endswith(".tar.gz"):
        with tarfile.open(path) as archive:
            for member in archive.getmembers():
                if (file := archive.extractfile(member)) is not None:
                    yield member.name, file.read().decode("utf-8-sig")
    else:
        yield path.name, path.read_bytes().decode("utf-8-sig")


@cache
def _raw(path: Path) -> list[Any]:
    """The records of a dataset as plain Python reads them."""
    found: list[Any] = []
    for name, text in _texts(path):
        lines = [line for line in text.split("\n") if line.strip()]
        if name.endswith(".csv"):
            found += csv.DictReader(text.splitlines(keepends=True))
        elif lines and lines[0].startswith("{"):
            found += map(json.loads, lines)
        else:
            found += lines
    return found


@pytest.fixture(scope="module")
def opened() -> Iterator[dict[Path, Evidence]]:
    """Evidence by path; what was asked once stays open for the next question."""
    found: dict[Path, Evidence] = {}
    yield found
    for evidence in found.values():
        evidence.close()


@pytest.mark.parametrize("entry", _entries(), ids=_named)
def test_the_query_finds_as_many_rows_as_the_raw_records_hold(
    entry: dict[str, Any], shared_data: Path, opened: dict[Path, Evidence]
) -> None:
    path = shared_data / entry["dataset"]
    known = {"rows": _raw(path), "re": re, "json": json, "collections": collections}
    assert int(eval(entry["counted"], known)) == entry["rows"] > 0
    if path not in opened:
        opened[path] = huntkit.open(path, frame="polars")
    query = _queries()[entry["family"], entry["query"]]
    rendered = render(query, entry["parameters"], now=AT)
    found = opened[path].kql(rendered.declared, parameters=rendered.constants, now=AT)
    assert found.height == entry["rows"]


def test_at_least_forty_queries_find_rows_in_real_logs() -> None:
    assert len({(each["family"], each["query"]) for each in _entries()}) >= 40


def test_every_query_runs_on_real_logs(shared_data: Path, opened: dict[Path, Evidence]) -> None:
    folder = shared_data / "security-datasets"
    opened[folder] = huntkit.open(folder, frame="polars")
    failed = {}
    for (family, name), query in _queries().items():
        rendered = render(query, _some(query), now=AT)
        try:
            opened[folder].kql(rendered.declared, parameters=rendered.constants, now=AT)
        except huntkit.HuntkitError as problem:
            failed[f"{family}.{name}"] = str(problem)
    assert not failed
