"""Kept answers: the same rows, only for the same question, only as long as they hold."""

import json
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntkit.core.errors import UsageError
from huntkit.core.timespan import TimeSpan
from huntkit.runtime.secrets import Secret
from huntkit.sources.kept import Asked, Kept

NOW = datetime(2024, 5, 10, 12, tzinfo=UTC)
OLD = TimeSpan(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC))
TABLE = pa.table({"x": pa.array([1, None], pa.int64()), "Text": ["a", "=1+1"]})


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(tmp_path: Path, clock: Clock) -> Kept:
    return Kept(tmp_path / "cache", limit_bytes=10**9, clock=clock)


def asked(**more: object) -> Asked:
    return replace(
        Asked(environment="Kusto", place="db at x.example", text="T | take 1", span=OLD),
        **more,  # type: ignore[arg-type]
    )


def keep(kept: Kept, question: Asked, table: pa.Table = TABLE, at: datetime = NOW) -> bool:
    return kept.keep(question, table, asked_at=at, facts={"rows": table.num_rows})


def test_the_same_question_gets_the_same_rows(kept: Kept) -> None:
    assert kept.find(asked()) is None
    assert keep(kept, asked())
    hit = kept.find(asked())
    assert hit is not None
    assert hit.table.equals(TABLE)
    assert hit.table.schema.metadata is None
    assert (hit.asked_at, hit.age, dict(hit.facts)) == (NOW, timedelta(0), {"rows": 2})


@pytest.mark.parametrize(
    "change",
    [
        {"environment": "MSSentinel"},
        {"place": "other at x.example"},
        {"text": "T | take  1"},
        {"parameters": {"host": "a"}},
        {"span": TimeSpan(OLD.start, OLD.end + timedelta(microseconds=1))},
        {"span": None},
        {"options": "max_rows=5"},
    ],
)
def test_any_other_question_does_not(kept: Kept, change: dict[str, object]) -> None:
    keep(kept, asked())
    assert kept.find(asked(**change)) is None


def test_values_that_look_alike_are_told_apart() -> None:
    values = ["1", 1, True, 1.0, None, ["1"], [1], ["1", "2"], [["1"], "2"], "['1']", "", []]
    keys = {asked(parameters={"x": each}).key for each in values}
    assert len(keys) == len(values)
    assert asked(parameters={"a": 1, "b": 2}).key == asked(parameters={"b": 2, "a": 1}).key


@pytest.mark.parametrize(
    ("asked_after_end", "age", "found"),
    [
        (timedelta(hours=48), timedelta(days=3000), True),
        (timedelta(hours=48) - timedelta(microseconds=1), timedelta(minutes=10), False),
        (timedelta(hours=47), timedelta(minutes=9, seconds=59), True),
        (timedelta(hours=47), timedelta(hours=2), False),  # by now its end is older than 48 h
        (timedelta(0), timedelta(0), True),
        (timedelta(hours=-5), timedelta(minutes=11), False),  # its end was in the future
        (timedelta(days=9), timedelta(microseconds=-1), False),  # a clock was set back
    ],
)
def test_how_long_an_answer_holds(
    kept: Kept, clock: Clock, asked_after_end: timedelta, age: timedelta, found: bool
) -> None:
    at = OLD.end + asked_after_end
    keep(kept, asked(), at=at)
    clock.now = at + age
    assert (kept.find(asked()) is not None) == found


def test_without_a_range_an_answer_holds_ten_minutes(kept: Kept, clock: Clock) -> None:
    keep(kept, asked(span=None))
    clock.now = NOW + timedelta(minutes=9)
    assert kept.find(asked(span=None)) is not None
    clock.now = NOW + timedelta(minutes=10)
    assert kept.find(asked(span=None)) is None


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_files_are_for_the_owner_alone_also_with_an_open_umask(kept: Kept) -> None:
    before = os.umask(0)
    try:
        keep(kept, asked())
    finally:
        os.umask(before)
    [file] = kept.folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_what_others_could_have_written_is_not_taken(kept: Kept) -> None:
    keep(kept, asked())
    [file] = kept.folder.iterdir()
    file.chmod(0o660)
    assert kept.find(asked()) is None
    file.chmod(0o600)
    assert kept.find(asked()) is not None
    moved = file.rename(file.with_suffix(".elsewhere"))
    file.symlink_to(moved)
    assert kept.find(asked()) is None


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\0" * 200 + b"PAR1", b"no"])
def test_a_damaged_file_is_removed_and_asked_for_again(kept: Kept, content: bytes) -> None:
    keep(kept, asked())
    [file] = kept.folder.iterdir()
    file.write_bytes(content)
    assert kept.find(asked()) is None
    assert not file.exists()


def test_a_parquet_file_of_somebody_else_is_not_taken(kept: Kept) -> None:
    keep(kept, asked())
    [file] = kept.folder.iterdir()
    pa.parquet.write_table(TABLE, file)
    assert kept.find(asked()) is None


def test_the_least_used_go_first(kept: Kept, tmp_path: Path, clock: Clock) -> None:
    for number in range(4):
        keep(kept, asked(text=f"T{number}"))
        path = kept.folder / f"{asked(text=f'T{number}').key}.parquet"
        os.utime(path, (number, number))
    size = path.stat().st_size
    small = Kept(tmp_path / "cache", limit_bytes=int(size * 3.5), clock=clock)
    assert keep(small, asked(text="T4"))
    left = [n for n in range(5) if small.find(asked(text=f"T{n}")) is not None]
    assert left == [2, 3, 4]
    tiny = Kept(tmp_path / "cache", limit_bytes=0, clock=clock)
    assert keep(tiny, asked(text="T5"))
    assert [path.stem for path in tiny.folder.iterdir()] == [asked(text="T5").key]
    assert tiny.clear() == 1


def test_a_folder_that_can_not_be_written_only_means_that_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the way")
    kept = Kept(tmp_path / "cache", limit_bytes=10**9)
    assert not keep(kept, asked())
    assert kept.find(asked()) is None
    assert kept.clear() == 0


def test_no_secret_reaches_a_key_or_a_file(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "canary-5519")
    with pytest.raises(UsageError, match="secret"):
        keep(kept, asked(parameters={"x": [Secret("env:CANARY")]}))
    assert not kept.folder.exists()


def test_a_file_tells_nothing_but_rows_and_plain_facts(kept: Kept) -> None:
    keep(kept, asked(parameters={"host": "canary-host"}))
    [file] = kept.folder.iterdir()
    metadata = pa.parquet.read_schema(file).metadata
    assert json.loads(metadata[b"huntkit"]) == {"rows": 2, "asked_at": NOW.isoformat()}
    assert b"canary-host" not in file.read_bytes()


cells = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False),
    pa.string(): st.text(st.characters(exclude_categories=["Cs"])),
    pa.bool_(): st.booleans(),
    pa.timestamp("us", "UTC"): st.datetimes(timezones=st.just(UTC)),
    pa.duration("us"): st.timedeltas(timedelta(days=-9999), timedelta(days=9999)),
    pa.list_(pa.string()): st.lists(st.text("ab", max_size=3), max_size=3),
    pa.null(): st.none(),
}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    height = draw(st.integers(0, 5))
    kinds = draw(st.lists(st.sampled_from(list(cells)), min_size=1, max_size=4))
    names = draw(
        st.lists(st.text("aA \"'=\u202e", max_size=4), min_size=len(kinds), max_size=len(kinds),
                 unique=True)
    )  # fmt: skip
    columns = {}
    for name, kind in zip(names, kinds, strict=True):
        cell = st.none() | cells[kind]
        columns[name] = pa.array(draw(st.lists(cell, min_size=height, max_size=height)), kind)
    return pa.table(columns)


@given(table=tables())
def test_any_rows_come_back_as_they_were(
    table: pa.Table, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = Kept(tmp_path_factory.mktemp("kept"), limit_bytes=10**9, clock=Clock())
    assert keep(kept, asked(), table)
    hit = kept.find(asked())
    assert hit is not None
    assert hit.table.equals(table)
    assert hit.table.schema == table.schema


def test_a_table_without_columns_is_not_kept(kept: Kept) -> None:
    assert not keep(kept, asked(), pa.table({}))
