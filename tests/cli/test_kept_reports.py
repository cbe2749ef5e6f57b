"""Opening evidence again says and writes the same, at once."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from huntkit.cli.app import app
from huntkit.core.errors import HuntkitError
from huntkit.report import notable

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
HEAVY = {"polars", "pyarrow", "pandas", "duckdb", "numpy", "jinja2"}


@pytest.fixture
def log(demo_folder: Path, tmp_path: Path) -> Path:
    """A log of our own that changed long ago, and so is known by its time."""
    path = tmp_path / "conn.log"
    path.write_bytes(next((demo_folder / "zeek").glob("conn*")).read_bytes())
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"HUNTKIT_CACHE_DIR": str(tmp_path / "cache")}


def told(done: "subprocess.CompletedProcess[bytes]") -> dict[str, Any]:
    assert done.returncode == 0, done.stderr.decode()
    plain = json.loads(done.stdout)
    return {name: plain[name] for name in plain if name not in ("seconds", "report")}


def words(done: "subprocess.CompletedProcess[bytes]") -> list[str]:
    lines = done.stderr.decode().splitlines()
    return [line for line in lines if not line.startswith(("report: ", "done in "))]


def test_the_same_evidence_again_gives_the_same_to_the_byte(
    run: Run, log: Path, env: dict[str, str], tmp_path: Path
) -> None:
    first = run("open", log, "-o", "1.html", **env)
    again = run("open", log, "-o", "2.html", **env)
    fresh = run("open", log, "-o", "3.html", "--no-cache", **env)
    assert told(first) == told(again) == told(fresh)
    assert words(first) == words(again) == words(fresh)
    pages = {(tmp_path / f"{number}.html").read_bytes() for number in (1, 2, 3)}
    assert len(pages) == 1


def test_known_evidence_is_answered_without_the_data_libraries(
    run: Run, log: Path, env: dict[str, str], tmp_path: Path
) -> None:
    run("open", log, "-o", "1.html", **env)
    code = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print({HEAVY!r} & set(sys.modules), file=sys.stderr))\n"
        "from huntkit.cli import main; main()"
    )
    for command in (["open", "-o", "2.html"], ["report", "-o", "3.html"], ["open", "--no-report"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *command, str(log)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, **env},
            timeout=60,
            check=False,
        )
        assert done.returncode == 0
        assert done.stderr.splitlines()[-1] == "set()"
    assert (tmp_path / "3.html").read_bytes() == (tmp_path / "1.html").read_bytes()


def test_a_damaged_report_is_made_again(
    run: Run, log: Path, env: dict[str, str], tmp_path: Path
) -> None:
    run("open", log, "-o", "1.html", **env)
    kept = list((tmp_path / "cache").glob("evidence/*/answer-*/answer"))
    assert len(kept) == 2
    for path in kept:
        whole = path.read_bytes()
        path.write_bytes(whole[:100] + b"<script>" + whole[108:])
    told(run("open", log, "-o", "2.html", **env))
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()


def test_changed_evidence_and_other_wishes_are_looked_at_anew(
    run: Run, log: Path, env: dict[str, str], tmp_path: Path
) -> None:
    before = told(run("open", log, "-o", "1.html", **env))
    titled = told(run("open", log, "-o", "2.html", "--title", "Case 17", **env))
    assert titled == before
    assert "Case 17" in (tmp_path / "2.html").read_text(encoding="utf-8")
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:-2]))
    after = told(run("open", log, "-o", "3.html", **env))
    assert after["records"]["kept"] < before["records"]["kept"]


def test_without_the_cache_nothing_is_kept(run: Run, log: Path, env: dict[str, str]) -> None:
    told(run("open", log, "-o", "1.html", "--no-cache", **env))
    cache = Path(env["HUNTKIT_CACHE_DIR"])
    assert not cache.exists() or not list(cache.glob("evidence/*/*"))


def test_part_that_failed_is_code_3_again(
    run: Run, log: Path, env: dict[str, str], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"PK\x03\x04" + b"\x00" * 40)
    os.utime(bad, (1_700_000_000, 1_700_000_000))
    first = run("open", bad, log, "-o", "1.html", **env)
    again = run("open", bad, log, "-o", "2.html", **env)
    assert (first.returncode, again.returncode) == (3, 3)
    assert words(first) == words(again)
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()
    quiet = run("report", bad, log, "-o", "3.html", **env)
    assert quiet.returncode == 3
    assert b"bad.zip" in quiet.stderr


def test_a_section_that_fails_is_code_3_and_made_again(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_once() -> Any:
        arguments = ["open", str(log), "--no-report", "--cache-dir", str(tmp_path / "cache")]
        return CliRunner().invoke(app, arguments)

    def fail(*_: object) -> None:
        raise HuntkitError("no memory")

    with monkeypatch.context() as patched:
        patched.setattr(notable, "notable", fail)
        broken = open_once()
    assert broken.exit_code == 3
    assert "the section notable failed: no memory" in broken.stderr
    assert "INCOMPLETE" in broken.stderr
    whole = open_once()
    assert whole.exit_code == 0
    assert "INCOMPLETE" not in whole.stderr
