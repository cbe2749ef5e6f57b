import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from huntkit.core.errors import SettingsError
from huntkit.core.progress import SILENT
from huntkit.runtime.http_settings import HttpSettings
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Run, Session, Settings, default_session
from huntkit.runtime.settings_file import SettingsWarning

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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Keys:
    auth_key: Secret


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "huntkit.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_session_takes_its_settings_from_the_file(written, tmp_path) -> None:
    path = written(
        "huntkit:\n  frame: arrow\n  offline: yes\n  cache_dir: ~/case\n"
        "  disabled_plugins: [driver.splunk]\n  http: {ca_bundle: ca.pem, no_proxy: ['*.lan']}\n"
    )
    session = Session(settings_file=path)
    assert session.settings == Settings(
        frame="arrow",
        offline=True,
        cache_dir=Path.home() / "case",
        disabled_plugins=("driver.splunk",),
        http=HttpSettings(ca_bundle=Path("ca.pem"), no_proxy=("*.lan",)),
    )
    assert session.network.offline
    assert session.changed(frame="polars").settings.offline
    given = Session(Settings(frame="pandas"), settings_file=path)
    assert (given.frame, given.offline) == ("pandas", False)


def test_the_found_file_is_used_and_read_when_something_of_it_is_needed(
    written, monkeypatch
) -> None:
    path = written("huntkit: {offline: true}\nTIProviders: {OTX: {Args: {AuthKey: env:KEY}}}\n")
    monkeypatch.setenv("HUNTKITCONFIG", str(path))
    session = Session()
    assert repr(session) == f"Session({path!r})"
    assert session.offline
    otx = session.settings_for("TIProviders", "OTX", Keys)
    assert otx is not None
    assert otx.args == Keys(auth_key=Secret("env:KEY"))
    assert Session(Settings()).settings_for("TIProviders", "OTX", Keys) == otx


def test_a_fault_in_our_own_section_is_never_passed_over(written) -> None:
    """A misspelt `offline` must not mean that the network is used."""
    session = Session(settings_file=written("huntkit:\n  ofline: true\n  frame: panda\n"))
    for look in (lambda: session.offline, lambda: session.network, lambda: session.frame):
        with pytest.raises(SettingsError, match=r"line 2.*'offline'.*line 3.*'pandas'"):
            look()


@pytest.mark.parametrize("text", ["a: [", "- x", "huntkit: 5", "huntkit: {http: {proxy: x}}"])
def test_a_broken_file_breaks_only_its_use(text: str, written, recwarn) -> None:
    path = written(text)
    session = Session(settings_file=path)
    with pytest.raises(SettingsError, match=r"huntkit\.yaml"):
        _ = session.settings
    assert Session(Settings(), settings_file=path).frame == "pandas"


def test_what_is_strange_warns_once(written) -> None:
    session = Session(settings_file=written("TIProvider: {}\nTIProviders: [x]\n"))
    with pytest.warns(SettingsWarning) as told:
        _ = session.file
    assert len(told) == 2
    assert session.frame == "pandas"
    assert session.settings_for("DataProviders", "Splunk", Keys) is None


def test_the_proxy_of_existing_files_is_used(written) -> None:
    older = (
        "msticpy:\n  http_timeout: 30\n  Proxies:\n    https:\n      Url: http://old.example:3128\n"
        "      UserName: me\n      Password: {EnvironmentVar: PROXY_PW}\n"
    )
    http = Session(settings_file=written(older)).settings.http
    assert (http.proxy, http.proxy_user) == ("http://old.example:3128", "me")
    assert http.proxy_password == Secret("env:PROXY_PW")
    ours = older + "huntkit: {http: {proxy: 'http://new.example:8080'}}\n"
    assert Session(settings_file=written(ours)).settings.http.proxy == "http://new.example:8080"


def test_a_session_that_is_closed_can_be_used_again(tmp_path: Path) -> None:
    with Session(Settings(cache_dir=tmp_path)) as session:
        session.store.put("a", "b", 1)
    kept = session.store.get("a", "b", max_age_s=60)
    assert kept is not None
    assert kept.value == 1
    session.close()
