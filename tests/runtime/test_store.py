import os
import sqlite3
import stat
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huntkit.runtime.store import Store, StoreWarning

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


class Now:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "answers.sqlite"


@pytest.fixture
def store(path: Path, now: Now):
    store = Store(path, now=now)
    yield store
    store.close()


def test_an_answer_comes_back_with_its_age(store: Store, now: Now) -> None:
    store.put("otx", ("ipv4", "203.0.113.7"), {"pulses": [1, None, "x"]})
    now.time += 50
    kept = store.get("otx", ["ipv4", "203.0.113.7"], max_age_s=50)
    assert kept is not None
    assert (kept.value, kept.age_s, kept.at) == ({"pulses": [1, None, "x"]}, 50, 1_000_000)
    assert store.get("otx", ("ipv4", "203.0.113.7"), max_age_s=49) is None
    assert store.get("xforce", ("ipv4", "203.0.113.7"), max_age_s=99) is None
    store.put("otx", ("ipv4", "203.0.113.7"), "newer")
    kept = store.get("otx", ("ipv4", "203.0.113.7"), max_age_s=0)
    assert kept is not None
    assert kept.value == "newer"
    now.time -= 100
    assert store.get("otx", ("ipv4", "203.0.113.7"), max_age_s=999) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(JSON, JSON), max_size=8))
def test_whatever_goes_in_comes_out(store: Store, pairs) -> None:
    store.forget()
    store.put_many("any", pairs)

    def same(key: object) -> bytes:
        return orjson.dumps(key, option=orjson.OPT_SORT_KEYS)

    expected = {same(key): value for key, value in pairs}
    found = store.get_many("any", [key for key, _ in pairs], max_age_s=1)
    assert [kept and kept.value for kept in found] == [expected[same(key)] for key, _ in pairs]


def test_many_answers_keep_the_order_of_the_keys(store: Store) -> None:
    store.put_many("geo", ((n, n * 2) for n in range(2000)))
    keys = [*range(3000, 1000, -1), 5, 5]
    found = store.get_many("geo", keys, max_age_s=1)
    assert [kept.value if kept else None for kept in found] == [
        key * 2 if key < 2000 else None for key in keys
    ]


def test_it_is_for_its_owner_only_and_outlives_the_process(store: Store, path: Path) -> None:
    store.put("otx", "secret-looking-key", {"a": "x" * 5000})
    for each in path.parent.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600, each
    store.close()
    assert b"secret-looking-key" not in path.read_bytes()
    code = (
        "import sys; from pathlib import Path; from huntkit.runtime.store import Store\n"
        "store = Store(Path(sys.argv[1]), now=lambda: 1_000_001.0)\n"
        "print(len(store.get('otx', 'secret-looking-key', max_age_s=9).value['a']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "5000"


def test_an_open_file_is_made_private(store: Store, path: Path) -> None:
    path.parent.mkdir()
    path.touch(mode=0o644)
    path.chmod(0o644)
    store.put("a", "b", 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_does_not_grow_without_end_and_the_oldest_goes_first(path: Path, now: Now) -> None:
    store = Store(path, limit_bytes=200_000, now=now)
    blob = {n: os.urandom(500).hex() for n in range(1000)}
    for n, value in blob.items():
        now.time += 1
        store.put("x", n, value)
    assert 150_000 < store.size_bytes() <= 200_000 * 1.1
    found = [n for n in blob if store.get("x", n, max_age_s=1e9)]
    assert found == list(range(found[0], 1000))
    store.put_many("x", ((f"one batch {n}", value) for n, value in blob.items()))
    assert 100_000 < store.size_bytes() <= 200_000 * 1.1
    store.close()


def test_a_quota_is_kept_across_processes_and_threads(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from huntkit.runtime.store import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "print(sum(store.take('vt', 100, '2026-05-01') for _ in range(60)))\n"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    taken = [int(process.communicate(timeout=60)[0]) for process in running]
    assert sum(taken) == 100
    store, more = Store(path), []
    threads = [
        threading.Thread(target=lambda: more.append(store.take("vt", 110, "2026-05-01")))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert more.count(True) == 10
    assert store.left("vt", 110, "2026-05-01") == 0
    assert store.left("vt", 110, "2026-05-02") == 110
    assert store.take("vt", 1, "2026-05-02")
    store.close()


def test_a_new_file_that_another_process_is_opening_is_waited_for(path: Path) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")  # SQLite's own timeout does not wait for it
    done = threading.Timer(0.2, other.close)
    done.start()
    store = Store(path)
    assert store.take("vt", 1, "2026-05-01")
    assert not store.take("vt", 1, "2026-05-01")
    assert Store(path).left("vt", 1, "2026-05-01") == 0  # it was counted in the file
    done.join()
    store.close()


@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\1" * 5000]
)
def test_a_broken_file_is_set_aside_and_told(content: bytes, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    store = Store(path)
    with pytest.warns(StoreWarning, match="unreadable and begin anew"):
        store.put("a", "b", 1)
    kept = store.get("a", "b", max_age_s=60)
    assert kept is not None
    assert kept.value == 1
    assert path.with_name("answers.sqlite.broken").read_bytes() == content
    store.close()


def test_a_place_that_can_not_be_written_costs_only_the_keeping(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file" / "answers.sqlite")
    with pytest.warns(StoreWarning, match="answers are not kept"):
        store.put("a", "b", 1)
    with warnings.catch_warnings():  # said once
        warnings.simplefilter("error")
        assert store.get("a", "b", max_age_s=60) is None
        assert [store.take("vt", 2, "d") for _ in range(3)] == [True, True, False]
        assert store.left("vt", 2, "d") == 0
        assert store.size_bytes() == 0


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("somebody's file")
    (tmp_path / "answers.sqlite").symlink_to(tmp_path / "target")
    store = Store(tmp_path / "answers.sqlite")
    with pytest.warns(StoreWarning, match="answers are not kept"):
        store.put("a", "b", 1)
    assert (tmp_path / "target").read_text() == "somebody's file"


def test_forgetting_a_kind_leaves_the_others(store: Store) -> None:
    store.put("a", 1, 1)
    store.put("b", 1, 1)
    store.take("vt", 5, "d")
    store.forget("a")
    assert store.get("a", 1, max_age_s=9) is None
    assert store.get("b", 1, max_age_s=9) is not None
    store.forget()
    assert store.get("b", 1, max_age_s=9) is None
    assert store.left("vt", 5, "d") == 4


def test_what_json_can_not_hold_is_refused(store: Store) -> None:
    with pytest.raises(TypeError):
        store.put("a", "b", object())
    assert sqlite3.threadsafety >= 1
