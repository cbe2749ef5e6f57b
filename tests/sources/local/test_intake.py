import os
from collections.abc import Callable
from pathlib import Path

import pytest

from huntkit.core.errors import Cancelled
from huntkit.sources.local.intake import Intake
from huntkit.sources.local.opening import Assumptions, take_in

LINE = "Jan  2 03:04:05 host1 sshd[1]: hello\n"
TakeIn = Callable[..., Intake]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.log").write_text(LINE + name)
    return folder


@pytest.fixture
def read(tmp_path: Path) -> TakeIn:
    def read(*paths: Path, **more: object) -> Intake:
        return take_in(paths, cache_dir=tmp_path / "cache", **more)

    return read


def test_the_same_evidence_has_the_same_identity(read: TakeIn, logs: Path) -> None:
    first = read(logs).identity()
    assert first is not None
    assert read(logs).identity() == first


def test_content_path_order_and_assumptions_change_the_identity(
    read: TakeIn, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = logs / "a.log", logs / "b.log"
    seen = {read(a, b).identity(), read(b, a).identity(), read(a).identity()}
    seen.add(read(a, b, assumptions=Assumptions(year=2019)).identity())
    monkeypatch.chdir(logs)
    seen.add(read(Path("a.log"), Path("b.log")).identity())
    a.write_text(LINE + "another")
    seen.add(read(a, b).identity())
    a.unlink()
    a.mkdir()
    a.rmdir()
    a.symlink_to("nowhere")
    seen.add(read(a, b).identity())
    assert len(seen) == 7
    assert None not in seen


def test_parts_that_were_written_anew_have_another_identity(read: TakeIn, logs: Path) -> None:
    """A year that was guessed from a file's own time is no part of its content."""
    intake = read(logs)
    first = intake.identity()
    manifest = intake.sources[0].manifest
    part = manifest.folder / manifest.parts[0].file
    os.utime(part, ns=(1, 1))
    changed = read(logs).identity()
    assert changed not in (first, None)
    part.unlink()
    assert intake.identity() is None


def test_what_does_not_stay_has_no_identity(logs: Path) -> None:
    intake = take_in(logs, cache=False)
    assert intake.identity() is None
    assert intake.temporary is not None
    assert intake.temporary.is_dir()
    intake.close()
    assert not intake.temporary.exists()


def test_what_was_stopped_has_no_identity(read: TakeIn, logs: Path) -> None:
    class Stopper:
        def task(self, title, *, total=None):
            return self

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def advance(self, n=1):
            pass

        def check_cancelled(self):
            raise Cancelled("stop")

    intake = read(logs, progress=Stopper())
    assert intake.stopped
    assert intake.partial
    assert intake.identity() is None


@pytest.mark.skipif(os.name == "nt", reason="file names are text there")
def test_a_file_name_that_is_no_text_is_read_and_told(read: TakeIn, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.log")
    path.write_text(LINE)
    for _ in range(2):  # the second time from the cache
        ((name, facts),) = read(path).members()
        assert name == f"{tmp_path}/caf\\xe9.log"
        assert (facts.kept, facts.error) == (1, "")
    assert read(path).identity() == read(path).identity() != None  # noqa: E711
