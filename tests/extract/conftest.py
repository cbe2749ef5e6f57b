"""Real events, read once for all tests of this folder."""

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_TEXTS = ("CommandLine", "ParentCommandLine", "Message")


@dataclass(frozen=True)
class RealEvents:
    """What the tests need of the simulated attacks on Windows."""

    texts: frozenset[str]  # all distinct command lines and messages
    starts: dict[Path, list[dict[str, Any]]]  # Sysmon 1 with its keys, for each archive


@pytest.fixture(scope="session")
def windows_events(shared_data: Path) -> RealEvents:
    """Command lines, messages and process starts of all archives."""
    texts: set[str] = set()
    starts: dict[Path, list[dict[str, Any]]] = {}
    for path in sorted((shared_data / "security-datasets/atomic/windows").rglob("*.zip")):
        for line in zip_lines(path):
            event = json.loads(line)
            texts.update(event[key] for key in _TEXTS if event.get(key))
            if event.get("EventID") == 1 and event.get("ProcessGuid") and b"ParentProcessG" in line:
                starts.setdefault(path, []).append(event)
    return RealEvents(frozenset(texts), starts)


@pytest.fixture(scope="session")
def lines_of(shared_data: Path) -> Callable[[str], list[str]]:
    """The lines of the archives that a pattern below the shared data names."""

    def read(pattern: str) -> list[str]:
        paths = sorted((shared_data / "security-datasets").glob(pattern))
        return [line.decode("utf-8", "replace") for path in paths for line in zip_lines(path)]

    return read


def zip_lines(path: Path) -> Iterator[bytes]:
    """The lines of all members."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            yield from archive.read(name).splitlines()
