"""The corpus of public queries."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def corpus(shared_data: Path) -> list[dict[str, Any]]:
    """Public queries, each with its id."""
    with gzip.open(shared_data / "kql" / "queries.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
