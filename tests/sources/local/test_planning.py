import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.sources.local import planning
from huntkit.sources.local.planning import Cutter, can_split, hash_file


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "PIECE_BYTES", 50)
    monkeypatch.setattr(planning, "BLOCK_BYTES", 16)
    monkeypatch.setattr(planning, "SPLIT_BYTES", 100)


@given(lines=st.lists(st.binary(max_size=60).filter(lambda b: b"\n" not in b), max_size=40))
@settings(max_examples=60)
def test_pieces_are_whole_lines_with_right_numbers(
    lines: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "x"
    text = b"\n".join(lines)
    path.write_bytes(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "PIECE_BYTES", 50)
        patch.setattr(planning, "BLOCK_BYTES", 16)
        cutter = Cutter(path)
        pieces = list(cutter.pieces())
    assert b"".join(text[each.start : each.end] for each in pieces) == text
    for each in pieces:
        assert each.start == 0 or text[each.start - 1 : each.start] == b"\n"
        assert each.first_line == text[: each.start].count(b"\n") + 1
    assert cutter.sha256 == hashlib.sha256(text).hexdigest() == hash_file(path)


@pytest.mark.usefixtures("small_pieces")
def test_only_big_files_of_json_lines_are_cut(tmp_path: Path) -> None:
    lines = tmp_path / "lines.json"
    lines.write_text("\n".join(json.dumps({"n": n}) for n in range(50)))
    pretty = tmp_path / "pretty.json"
    pretty.write_text(json.dumps([{"n": n} for n in range(50)], indent=2))
    small = tmp_path / "small.json"
    small.write_text('{"n": 1}\n{"n": 2}\n')
    assert can_split(lines, lines.stat().st_size)
    assert not can_split(pretty, pretty.stat().st_size)
    assert not can_split(small, small.stat().st_size)


@pytest.mark.usefixtures("small_pieces")
def test_a_line_longer_than_a_piece_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a" * 300 + b"\n" + b"b" * 10 + b"\n")
    assert [(each.start, each.end) for each in Cutter(path).pieces()] == [(0, 301), (301, 312)]
