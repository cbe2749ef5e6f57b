"""A session of its own for each test, whose answers and files are gone afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from huntkit.runtime import Session, Settings


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(Settings(cache_dir=tmp_path / "cache", frame="polars")) as made:
        yield made
