import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from huntkit.core.errors import SettingsError
from huntkit.core.progress import SILENT
from huntkit.runtime.session import Run, Session, Settings, default_session

NOW = datetime(2024, 5, 1, tzinfo=UTC)


def test_two_sessions_do_not_notice_each_other() -> None:
    one, other = Session(), Session(Settings(frame="arrow"))
    one.history.add(Run(what="sql", text="SELECT 1", started=NOW, rows=1))
    assert len(one.history) == 1
    assert len(other.history) == 0
    assert (one.frame, other.frame) == ("pandas", "arrow")


def test_history_only_grows() -> None:
    session = Session()
    for number in range(3):
        session.history.add(Run(what="sql", text=f"SELECT {number}", started=NOW))
    assert [run.text for run in session.history[1:]] == ["SELECT 1", "SELECT 2"]
    assert session.history[-1].text == "SELECT 2"
    assert [run.rows for run in session.history] == [None, None, None]
    with pytest.raises(AttributeError):
        session.history.clear()  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        session.history = []  # type: ignore[misc,assignment]
    with pytest.raises(dataclasses.FrozenInstanceError):
        session.history[0].text = "other"  # type: ignore[misc]


def test_settings_can_not_be_changed_in_place() -> None:
    session = Session()
    with pytest.raises(dataclasses.FrozenInstanceError):
        session.settings.offline = True  # type: ignore[misc]
    changed = session.changed(offline=True)
    assert (session.offline, changed.offline) == (False, True)
    assert changed.progress is SILENT


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"frame": "panda"}, "did you mean 'pandas'"),
        ({"cache_limit_bytes": -1}, "below zero"),
        ({"frame": "x", "cache_limit_bytes": -1}, "none of .*; .*below zero"),
    ],
)
def test_every_fault_of_the_settings_is_reported(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings(**wrong)


def test_the_cache_is_where_it_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUNTKIT_CACHE_DIR", str(tmp_path / "by variable"))
    assert Session().cache_dir == tmp_path / "by variable"
    assert Session(Settings(cache_dir=tmp_path / "given")).cache_dir == tmp_path / "given"
    assert not (tmp_path / "given").exists()
    monkeypatch.setenv("HUNTKIT_CACHE_DIR", " ")
    assert Session().cache_dir == platformdirs.user_cache_path("huntkit")
    assert Session(Settings(cache_dir=Path("~/x"))).cache_dir == Path.home() / "x"


def test_the_default_session_is_one() -> None:
    assert default_session() is default_session()
    assert default_session().cache_limit_bytes > 0
