"""A session for each test, and somebody who is signed in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from huntkit.runtime import Secret, Session, Settings
from huntkit.signin.azure import AzureIdentity

TOKEN = "t0ken-of-azure"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(Settings(cache_dir=tmp_path / "cache", frame="polars")) as made:
        yield made


@pytest.fixture
def identity() -> AzureIdentity:
    return AzureIdentity(token=Secret.held(TOKEN))
