import os
from pathlib import Path

import pytest

from huntkit.core.errors import UsageError
from huntkit.sources.local.inputs import ELSEWHERE, find_files


def _names(found) -> list[str]:
    return [each.path.name for each in found]


def test_a_folder_is_walked_in_order_and_a_file_named_twice_counts_once(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "deep/c.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    found = find_files([tmp_path / "b.json", tmp_path])
    assert _names(found) == ["b.json", "a.json", "c.json"]
    assert [each.size for each in found] == [2, 2, 2]


def test_a_glob_finds_files_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "one.evtx").write_text("1")
    (tmp_path / "two.txt").write_text("2")
    assert _names(find_files(str(tmp_path / "**" / "*.evtx"))) == ["one.evtx"]


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no file or folder '.*nowhere'"):
        find_files(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="no file matches"):
        find_files(str(tmp_path / "*.evtx"))


def test_a_link_loop_ends_and_a_dead_link_is_kept_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "dead").symlink_to(tmp_path / "gone")
    found = find_files(tmp_path)
    assert _names(found) == ["dead"]
    assert "No such file" in found[0].error


def test_one_file_by_several_spellings_and_links_counts_once(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    (tmp_path / "b.json").write_text("{}")
    (tmp_path / "z.json").symlink_to("b.json")
    found = find_files(["b.json", tmp_path / "b.json", "x/../b.json", tmp_path, "z.json"])
    assert [str(each.path) for each in found] == ["b.json"]


def test_folders_that_are_not_read_are_said(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "a.json").write_text("{}")
    (tmp_path / "here" / "shut").mkdir(parents=True)
    (tmp_path / "here" / "link").symlink_to(tmp_path / "away")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    said = {each.path.name: each.error for each in find_files(tmp_path / "here")}
    assert said == {"link": ELSEWHERE, "shut": "the folder can't be read: Permission denied"}


@pytest.mark.parametrize("paths", [None, 5, b"x", "", " ", [""], [None], [b"x"]])
def test_what_is_no_path_is_refused(paths) -> None:
    with pytest.raises(UsageError, match="is no path"):
        find_files(paths)


def test_what_is_no_regular_file_is_kept_with_its_reason(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert [each.error for each in find_files(tmp_path)] == ["not a regular file"]
