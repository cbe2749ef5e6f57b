"""Answers of any length leave the command line without being held."""

import io
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from huntkit.cli.options import Writing
from huntkit.cli.streaming import emit_pieces
from huntkit.core.errors import ResultTooLarge

PIECES = [pl.DataFrame({"n": [1, 2], "t": ["a", "=b"]}), pl.DataFrame({"n": [3], "t": ["c"]})]


def emitted(frames: Any, writing: Writing, most_bytes: int = 1 << 30) -> None:
    emit_pieces(iter(frames), writing, title="T", eyes=None, most_bytes=most_bytes)


def endless() -> Iterator[pl.DataFrame]:
    return (pl.DataFrame({"n": range(i, i + 500_000)}) for i in itertools.count(0, 500_000))


@pytest.mark.parametrize("ending", ["csv", "ndjson", "parquet"])
def test_pieces_are_one_file(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{ending}"
    emitted(PIECES, Writing(output=path, raw=True), most_bytes=1)
    read: Any = getattr(pl, f"read_{ending}")
    assert read(path).equals(pl.concat(PIECES))
    emitted([PIECES[0].clear()], Writing(output=path, force=True))
    if ending != "ndjson":
        assert read(path).columns == ["n", "t"]
    assert ending == "parquet" or path.read_text().count("\n") == (ending == "csv")


def test_a_limit_ends_an_answer_without_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    emitted(endless(), Writing(output=path, limit=3))
    assert path.read_text() == '"n"\n0\n1\n2\n'
    assert "3 of more than" in capsys.readouterr().err
    emitted(PIECES, Writing(output=path, limit=1, force=True))
    assert "1 of 3 rows shown; by --limit" in capsys.readouterr().err


def test_a_page_holds_all_rows_or_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.html"
    with pytest.raises(ResultTooLarge):
        emitted(endless(), Writing(output=path), most_bytes=10_000_000)
    assert not path.exists()
    emitted(PIECES, Writing(output=path))
    assert "=b" in path.read_text()


def test_a_pipe_gets_rows_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw))
    seen = []

    def frames() -> Iterator[pl.DataFrame]:
        for each in PIECES:
            seen.append(len(raw.getvalue().splitlines()))
            yield each

    emitted(frames(), Writing())
    assert seen == [0, 2]
    assert [json.loads(line)["n"] for line in raw.getvalue().splitlines()] == [1, 2, 3]
