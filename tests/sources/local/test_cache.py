import os
import time
from pathlib import Path

import pytest

from huntkit.core.errors import EvidenceError
from huntkit.sources.local import cache as cache_module
from huntkit.sources.local.cache import Cache
from huntkit.sources.local.inputs import find_files
from huntkit.sources.local.manifest import Manifest, MemberFacts, Part


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", options="utc-any", limit_bytes=10_000)


def _entry(cache: Cache, name: str, size: int = 10) -> Manifest:
    folder = cache.work_folder()
    (folder / "0.parquet").write_bytes(b"x" * size)
    part = Part("T", "0.parquet", 1, columns={"a": "string"})
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
    cache.remember(file, "aa")
    assert cache.known_hashes([file]) == {path: "aa"}
    path.write_text("two")
    assert cache.known_hashes(find_files(path)) == {}


def test_the_hash_of_a_file_that_changed_a_moment_ago_is_not_trusted(
    cache: Cache, tmp_path: Path
) -> None:
    path = tmp_path / "a.log"
    path.write_text("one")
    (file,) = find_files(path)
    cache.remember(file, "aa")
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
