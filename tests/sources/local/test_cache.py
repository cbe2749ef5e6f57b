import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from huntkit.core.errors import EvidenceError
from huntkit.sources.local import cache as cache_module
from huntkit.sources.local.cache import Cache, CacheWarning
from huntkit.sources.local.inputs import InputFile, find_files
from huntkit.sources.local.manifest import Manifest, MemberFacts, Part, crc_of

LONG_AGO = 1_700_000_000


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", options="utc-any", limit_bytes=10_000)


def _entry(cache: Cache, name: str, size: int = 10) -> Manifest:
    folder = cache.work_folder()
    (folder / "0.parquet").write_bytes(b"x" * size)
    crc = crc_of(folder / "0.parquet")
    part = Part("T", "0.parquet", 1, columns={"a": "string"}, crc=crc)
    return cache.keep(Manifest(name, size, [MemberFacts("", rows=1, kept=1)], [part], folder))


def test_what_was_kept_is_loaded_again(cache: Cache) -> None:
    kept = _entry(cache, "aa")
    loaded = cache.load("aa")
    assert loaded == kept
    assert cache.load("bb") is None


def test_an_entry_with_a_missing_part_does_not_count(cache: Cache) -> None:
    kept = _entry(cache, "aa")
    (kept.folder / "0.parquet").unlink()
    assert cache.load("aa") is None


@pytest.mark.parametrize("content", [b"", b"x" * 9, b"x" * 11])
def test_an_entry_with_a_part_that_was_cut_off_does_not_count(cache: Cache, content: bytes) -> None:
    kept = _entry(cache, "aa", size=10)
    (kept.folder / "0.parquet").write_bytes(content)
    assert cache.load("aa") is None
    assert _entry(cache, "aa", size=10).folder == kept.folder
    assert cache.load("aa") is not None


def test_a_damaged_entry_is_replaced(cache: Cache) -> None:
    (_entry(cache, "aa").folder / "manifest.json").write_text("{")
    assert cache.load("aa") is None
    _entry(cache, "aa")
    assert cache.load("aa") is not None


def test_the_first_of_two_writers_wins(cache: Cache) -> None:
    first = _entry(cache, "aa", size=10)
    second = _entry(cache, "aa", size=10)
    assert second.folder == first.folder
    assert not list(cache.folder.glob("work-*"))


def test_a_hash_is_remembered_until_the_file_changes(cache: Cache, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("one")
    long_ago = time.time() - 100
    os.utime(path, (long_ago, long_ago))
    (file,) = find_files(path)
    assert cache.known_hashes([file]) == {}
    cache.remember([(file, "aa")])
    assert cache.known_hashes([file]) == {path: "aa"}
    path.write_text("two")
    assert cache.known_hashes(find_files(path)) == {}


def test_the_hash_of_a_file_that_changed_a_moment_ago_is_not_trusted(
    cache: Cache, tmp_path: Path
) -> None:
    path = tmp_path / "a.log"
    path.write_text("one")
    (file,) = find_files(path)
    cache.remember([(file, "aa")])
    assert cache.known_hashes([file]) == {}


def test_the_oldest_unused_entries_go_first(cache: Cache) -> None:
    for age, name in ((3, "old"), (2, "newer")):
        kept = _entry(cache, name, size=6_000)
        used = time.time() - age * 10 * cache_module.IN_USE_S
        for path in [*kept.folder.iterdir(), kept.folder]:
            os.utime(path, (used, used))
    _entry(cache, "now", size=6_000)
    cache.evict()
    assert [name for name in ("old", "newer", "now") if cache.load(name)] == ["now"]


def test_what_was_used_within_the_hour_is_never_removed(cache: Cache) -> None:
    for name in ("one", "two", "three"):
        _entry(cache, name, size=6_000)
    cache.evict()
    assert all(cache.load(name) for name in ("one", "two", "three"))


def test_the_folder_is_for_the_owner_alone(cache: Cache) -> None:
    cache.prepare()
    assert cache.folder.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match=r"can't be made.*cache=False"):
        Cache(tmp_path / "file", options="x", limit_bytes=1).prepare()


def _old_file(folder: Path) -> InputFile:
    path = folder / "old.log"
    path.write_text("one")
    os.utime(path, (LONG_AGO, LONG_AGO))
    (file,) = find_files(path)
    return file


def _garbage(index: Path) -> None:
    index.write_bytes(b"no database at all" * 100)


def _truncated(index: Path) -> None:
    index.write_bytes(index.read_bytes()[:5_000])


def _overwritten(index: Path) -> None:
    whole = index.read_bytes()
    index.write_bytes(whole[:200] + b"\xff" * (len(whole) - 200))


def _of_another_shape(index: Path) -> None:
    index.unlink()
    with sqlite3.connect(index) as connection:
        connection.execute("CREATE TABLE files (path BLOB PRIMARY KEY)")
    connection.close()


@pytest.mark.parametrize("damage", [_garbage, _truncated, _overwritten, _of_another_shape])
def test_a_damaged_index_is_set_aside_and_begun_anew(
    cache: Cache, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    file, kept = _old_file(tmp_path), _entry(cache, "aa")
    cache.remember([(file, "aa")])
    damage(cache.folder / "index.sqlite")
    with pytest.warns(CacheWarning, match="damaged"):
        assert cache.known_hashes([file]) == {}
    assert cache.load("aa") == kept
    cache.remember([(file, "aa")])
    assert cache.known_hashes([file]) == {file.path: "aa"}
    assert (cache.folder / "index.sqlite.damaged").is_file()


def test_an_empty_index_is_only_empty(cache: Cache, tmp_path: Path) -> None:
    file = _old_file(tmp_path)
    cache.remember([(file, "aa")])
    (cache.folder / "index.sqlite").write_bytes(b"")
    assert cache.known_hashes([file]) == {}


def test_an_index_that_is_locked_is_done_without(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "INDEX_WAIT_S", 0.01)
    file = _old_file(tmp_path)
    cache.remember([(file, "aa")])
    other = sqlite3.connect(cache.folder / "index.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.warns(CacheWarning, match="can't be used"):
        assert cache.known_hashes([file]) == {}
    cache.remember([(file, "bb")])  # in silence: it was said once
    other.close()
    again = Cache(tmp_path / "cache", options="utc-any", limit_bytes=10_000)
    assert again.known_hashes([file]) == {file.path: "aa"}


def test_an_index_that_can_not_be_opened_is_done_without(cache: Cache, tmp_path: Path) -> None:
    (cache.prepare() / "index.sqlite").mkdir()
    with pytest.warns(CacheWarning, match="can't be used"):
        assert cache.known_hashes([_old_file(tmp_path)]) == {}


def test_an_index_never_gives_what_is_no_hash(cache: Cache, tmp_path: Path) -> None:
    file = _old_file(tmp_path)
    for wrong in ("../../elsewhere", "", None, b"aa"):
        cache.remember([(file, wrong)])  # type: ignore[arg-type]
        assert file.path not in cache.known_hashes([file])


@pytest.mark.parametrize("at", [32_503_680_000, -(2**40)])
def test_times_beyond_what_the_index_counts_are_no_obstacle(cache: Cache, at: int) -> None:
    file = InputFile(Path("a.log"), size=1, mtime_ns=at * 10**9, inode=2**64 - 1)
    cache.remember([(file, "aa")])
    assert cache.known_hashes([file]) == ({file.path: "aa"} if at < 0 else {})


def test_where_nothing_can_be_written_the_work_goes_on_elsewhere(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, spare = tempfile.mkdtemp, tmp_path / "spare"
    spare.mkdir()

    def only_elsewhere(*, prefix: str, dir: Path | None = None) -> str:  # noqa: A002  its name
        if dir == cache.folder:
            raise PermissionError(13, "Permission denied")
        return real(prefix=prefix, dir=dir or spare)

    monkeypatch.setattr(tempfile, "mkdtemp", only_elsewhere)
    with pytest.warns(CacheWarning, match="nothing new is kept"):
        kept = _entry(cache, "aa")
    assert _entry(cache, "bb").folder.is_relative_to(spare)
    assert (kept.folder / "0.parquet").is_file()
    assert not cache.grew
    assert cache.load("aa") is None


@pytest.mark.parametrize("touched", [False, True])
def test_a_part_whose_bytes_changed_does_not_count(cache: Cache, touched: bool) -> None:
    kept = _entry(cache, "aa", size=10)
    part = kept.folder / "0.parquet"
    before = part.stat()
    part.write_bytes(b"xxxxxxxxxy")
    if touched:  # as who copies files back does
        os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert cache.load("aa") is None
    assert _entry(cache, "aa", size=10).folder == kept.folder
    assert cache.load("aa") is not None


def test_a_part_that_was_only_copied_counts(cache: Cache) -> None:
    part = _entry(cache, "aa", size=10).folder / "0.parquet"
    os.utime(part, (LONG_AGO, LONG_AGO))
    assert cache.load("aa") is not None
