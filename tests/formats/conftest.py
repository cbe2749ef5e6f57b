"""Reading bytes to the end, with everything that was said on the way."""

import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from huntkit.core.errors import FormatError
from huntkit.formats import Limits, ReadOptions, detect
from huntkit.formats.batch import Skip
from huntkit.formats.detection import known

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "formats"


@dataclass
class Outcome:
    format: str
    kinds: list[str] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    rows: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    skips: list[Skip] = field(default_factory=list)
    repaired: Counter[str] = field(default_factory=Counter)
    contexts: list[dict[str, Any]] = field(default_factory=list)
    batches: int = 0
    error: FormatError | None = None


def read_bytes(
    data: bytes, name: str = "x", *, kind: str | None = None, limits: Limits | None = None,
    options: ReadOptions | None = None,
) -> Outcome:  # fmt: skip
    """Everything a reader gives for `data`; the format is detected unless `kind` names it."""
    if kind is None:
        found = detect(data[: 64 * 1024], name)
        assert found is not None, "not a known log format"
    else:
        found = next(each for each in known() if each.name == kind)
    return read_stream(found, io.BytesIO(data), name, limits=limits, options=options)


def read_stream(found, stream, name="x", *, limits=None, options=None) -> Outcome:
    out = Outcome(found.name)
    batches = found.read(
        stream, name=name, limits=limits or Limits(), options=options or ReadOptions()
    )
    try:
        for batch in batches:
            rows = as_rows(batch)
            assert len(rows) == len(batch.numbers)
            assert batch.rows >= len(rows)
            out.kinds.append(batch.kind)
            out.records += rows
            out.numbers += batch.numbers
            out.rows += batch.rows
            out.skipped += batch.skipped
            out.skips += batch.skips
            out.repaired.update(batch.context.get("repaired", {}))
            out.contexts.append(batch.context)
            out.batches += 1
    except FormatError as error:
        out.error = error
    return out


def as_rows(batch) -> list[dict[str, Any]]:
    given = [x for x in (batch.records, batch.columns, batch.table) if x is not None]
    assert len(given) == 1
    if batch.records is not None:
        return batch.records
    if batch.table is not None:
        return batch.table.to_dicts()
    names = list(batch.columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*batch.columns.values(), strict=True)]


@pytest.fixture(scope="session")
def read() -> Callable[..., Outcome]:
    return read_bytes


@pytest.fixture(scope="session")
def read_from() -> Callable[..., Outcome]:
    return read_stream


@pytest.fixture(scope="session")
def sample() -> Callable[[str], bytes]:
    """The bytes of a sample under tests/data/formats."""
    return lambda path: (SAMPLES / path).read_bytes()
