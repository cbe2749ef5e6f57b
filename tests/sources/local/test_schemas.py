"""The known tables' columns and types."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from huntkit.sources.local import schemas


def test_known_tables_have_their_types() -> None:
    known = schemas.known("DeviceProcessEvents")
    assert known is not None
    assert (known["ProcessId"], known["Timestamp"], known["FileName"]) == (
        "long", "datetime", "string",
    )  # fmt: skip


def test_unknown_tables_have_none() -> None:
    assert schemas.known("securityevent") is None
    assert schemas.known("") is None


def test_the_answer_is_the_callers_own() -> None:
    first = schemas.known("Syslog")
    assert first is not None
    first.clear()
    assert schemas.known("Syslog")


def test_names_are_sorted_and_unique() -> None:
    names = schemas.names()
    assert names == sorted(set(names))
    assert len(names) > 1000


@pytest.mark.data
def test_the_file_says_what_its_source_says(shared_data: Path) -> None:
    with gzip.open(shared_data / "kql" / "schemas.json.gz", "rt", encoding="utf-8") as stream:
        tables = json.load(stream)["tables"]
    own = {"DeviceAlertEvents", "ResourceContainers", "Resources"}  # the source lacks them
    assert set(tables) | own == set(schemas.names())
    assert all(schemas.known(name) == tables[name]["columns"] for name in tables)


def test_importing_reads_nothing() -> None:
    code = "from huntkit.sources.local import schemas as s; print(s._lines.cache_info().currsize)"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "0"
