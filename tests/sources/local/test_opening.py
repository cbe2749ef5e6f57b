import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import huntkit
from huntkit.core.errors import EvidenceError, UsageError
from huntkit.formats.limits import Limits
from huntkit.sources.local import parts, reading
from huntkit.sources.local.cache import CacheWarning
from huntkit.sources.local.opening import Assumptions, take_in


def test_a_zone_that_does_not_exist_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no time zone 'Europe/Berln'.*Europe/Berlin"):
        Assumptions(timezone="Europe/Berln")


@pytest.mark.parametrize("year", [0, -1, 99_999, "2024", 2024.0, True])
def test_what_is_no_year_is_refused(year) -> None:
    with pytest.raises(UsageError, match="is no year"):
        Assumptions(year=year)
    with pytest.raises(UsageError, match="no time zone 5"):
        Assumptions(timezone=5)  # type: ignore[arg-type]


def test_what_other_limits_cut_off_is_not_taken_from_the_cache(tmp_path: Path) -> None:
    log = tmp_path / "a.json"
    log.write_text('{"a": "%s"}\n{"a": 1}\n' % ("x" * 5_000))
    small = Assumptions(limits=Limits(max_line_bytes=1_000))

    def kept(assumptions: Assumptions) -> int:
        intake = take_in(log, cache_dir=tmp_path / "cache", assumptions=assumptions)
        return sum(facts.kept for _, facts in intake.members())

    assert [kept(small), kept(Assumptions()), kept(small)] == [1, 2, 1]


def test_nothing_stays_where_reading_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "a.log").write_text("Jan  2 03:04:05 host1 sshd[1]: hello\n")

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reading, "run_jobs", fail)
    with pytest.raises(KeyboardInterrupt):
        take_in(tmp_path / "a.log", cache=False)
    with pytest.raises(UsageError):
        take_in(tmp_path / "nothing", cache=False)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_what_was_read_is_found_again_without_its_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, cache_dir = tmp_path / "a.log", tmp_path / "cache"
    log.write_text("Jan  2 03:04:05 host1 sshd[1]: hello\n")
    os.utime(log, (1_700_000_000, 1_700_000_000))
    first = take_in(log, cache_dir=cache_dir)
    (first.cache.folder / "index.sqlite").write_bytes(b"garbage" * 1_000)
    monkeypatch.setattr(reading, "run_jobs", lambda jobs, **_: map(pytest.fail, jobs))
    with pytest.warns(CacheWarning, match="begun anew"):
        again = take_in(log, cache_dir=cache_dir)
    assert again.sources == first.sources
    assert take_in(log, cache_dir=cache_dir).sources == first.sources


def test_known_files_are_found_without_the_data_libraries(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("Jan  2 03:04:05 host1 sshd[1]: hello\n")
    take_in(log, cache_dir=tmp_path / "cache")  # changed just now: its hash is not trusted
    long_ago = (1_000_000_000, 1_000_000_000)
    os.utime(log, long_ago)
    take_in(log, cache_dir=tmp_path / "cache")
    code = (
        "import sys; from huntkit.sources.local.opening import take_in;"
        f"intake = take_in({str(log)!r}, cache_dir={str(tmp_path / 'cache')!r});"
        "assert [facts.kept for _, facts in intake.members()] == [1];"
        "print({'polars', 'pyarrow', 'pandas', 'duckdb', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("set()\n", "")


@pytest.mark.parametrize(
    ("day_first", "month", "note"),
    [(None, 3, "day/month order assumed"), (True, 4, ""), (False, 3, "")],
)
def test_who_knows_the_order_of_dates_may_say_it(
    tmp_path: Path, day_first: bool | None, month: int, note: str
) -> None:
    (tmp_path / "x.csv").write_text("Time,Host,What\n03/04/2020 10:00,a,x\n05/06/2020 11:00,b,y\n")
    for order in (not day_first, day_first):  # what the cache holds of the other does not count
        evidence = huntkit.open(
            tmp_path / "x.csv", cache_dir=tmp_path / "c", frame="polars", day_first=order,
            assume_timezone="UTC",
        )  # fmt: skip
    rows = evidence.table("x")
    assert [when.month for when in rows["Time"]] == [month, month + 2]
    assert note in rows["_time_note"][0]
    assert bool(note) == ("order" in rows["_time_note"][0])


def test_a_full_disk_is_an_error_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "a.json").write_text('{"a": 1}')
    monkeypatch.setattr(parts, "write_parquet", full)
    for opened in (take_in, huntkit.open):  # the commands' door, and that of Python
        with pytest.raises(EvidenceError, match=r"No space left on device.*cache_dir="):
            opened(tmp_path / "a.json", cache_dir=tmp_path / "cache")
    monkeypatch.undo()
    with huntkit.open(tmp_path / "a.json", cache_dir=tmp_path / "cache") as evidence:
        assert evidence.files["kept"].sum() == 1


@pytest.mark.parametrize("where", ["cache", "."])
def test_a_cache_that_lies_in_the_evidence_is_no_evidence(tmp_path: Path, where: str) -> None:
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    (evidence / "a.json").write_text('{"a": 1}\n{"a": 2}\n')
    cache_dir = tmp_path / where

    def kept(paths: object, **choices: bool) -> list[int]:
        intake = take_in(paths, cache_dir=cache_dir, **choices)  # type: ignore[arg-type]
        return [facts.kept for _, facts in intake.members()]

    assert kept(tmp_path) == [2]
    for again in (tmp_path, str(tmp_path / "**" / "*"), [tmp_path]):
        with pytest.warns(CacheWarning, match=r"lies in the evidence: its \d+ files were not read"):
            assert kept(again) == [2]
    with pytest.warns(CacheWarning, match="lies in the evidence"):
        assert kept(tmp_path, cache=False) == [2]
    parsed = next(cache_dir.glob("evidence/*/*/*.parquet"))
    assert kept(parsed) == [2]  # asked for by name, it is read
