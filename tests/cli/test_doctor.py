import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from huntkit.cli.app import app
from huntkit.runtime import default_session


@pytest.fixture(autouse=True)
def _a_session_of_its_own() -> Iterator[None]:
    default_session.cache_clear()
    yield
    default_session.cache_clear()


def told(what: str) -> list[tuple[str, str]]:
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0, result.stderr
    assert "Warning" not in result.stderr
    rows = map(json.loads, result.stdout.splitlines())
    return [(row["state"], row["value"]) for row in rows if row["what"] == what]


def test_no_settings_file_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert told("settings") == [("ok", "there is no settings file")]


def test_the_settings_file_is_named_with_all_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.yaml"
    monkeypatch.setenv("HUNTKITCONFIG", str(path))
    path.write_text("huntkit: {frame: polars}\n")
    assert told("settings") == [("ok", str(path))]
    default_session.cache_clear()
    path.write_text("huntkit:\n  frame: panda\n  offlin: yes\nTIProviders: 5\nAzur: {}\n")
    (head, *rest) = told("settings")
    assert head == ("faulty", str(path))
    assert [state for state, _ in rest] == ["fault", "fault", "fault", "warning"]
    text = "\n".join(value for _, value in rest)
    for part in ("line 2", "'pandas'", "line 3", "'offline'", "line 4", "line 5", "'Azure'"):
        assert part in text
    assert told("cache")  # the rest is told all the same


def test_a_file_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSTICPYCONFIG", str(tmp_path / "gone.yaml"))
    assert told("settings")[0] == ("faulty", str(tmp_path / "gone.yaml"))
    assert "No such file" in told("settings")[1][1]
