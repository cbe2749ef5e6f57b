"""What the settings file says about sources is what a provider connects with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from huntkit.core.errors import SettingsError, UsageError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session
from huntkit.sources.configured import query_paths_from_file, settings_from_file
from huntkit.sources.driver import Answer, Driver, Request
from huntkit.sources.provider import QueryProvider

FILE = """
DataProviders:
  Splunk:
    Args:
      Host: splunk.example
      Token: env:SPLUNK_TOKEN
      Indexes: [main, web]
  Splunk-lab:
    Args: {host: lab.example, port: 9000}
  Elastic:
    Enabled: false
    Args: {host: elastic.example}
QueryDefinitions:
  Custom: [hunts, /elsewhere/more.yaml]
"""


@dataclass(frozen=True, kw_only=True)
class Settings:
    host: str
    token: Secret | None = None
    port: int = 8089
    indexes: Sequence[str] = field(default=(), metadata={"aliases": ("index",)})
    level: Literal["low", "high"] = "low"
    helper: Driver | None = None


class Splunkish(Driver):
    """A driver whose settings may stand in the file."""

    environments = {"Splunk": ()}  # noqa: RUF012  the contract says that it is the class's
    language = "spl"
    settings = Settings

    def run(self, request: Request) -> Answer:
        raise NotImplementedError

    def schema(self) -> dict[str, dict[str, str]]:
        return {}

    @property
    def identity(self) -> str:
        return f"{self.chosen.host}:{self.chosen.port}"


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    (tmp_path / "huntkit.yaml").write_text(FILE)
    monkeypatch.setenv("HUNTKITCONFIG", str(tmp_path / "huntkit.yaml"))
    monkeypatch.setenv("SPLUNK_TOKEN", "canary-9901")
    return Session()


def test_an_entry_gives_what_it_says_and_leaves_the_rest_out(session: Session) -> None:
    found = settings_from_file(session, ["Splunk"], None, Settings)
    assert found == {
        "host": "splunk.example",
        "token": Secret("env:SPLUNK_TOKEN"),
        "indexes": ["main", "web"],
    }
    assert "canary" not in repr(found)
    assert settings_from_file(session, ["Splunk"], "lab", Settings) == {
        "host": "lab.example",
        "port": 9000,
    }
    assert settings_from_file(session, ["MSSentinel", "splunk"], None, Settings) == found
    assert settings_from_file(session, ["Kusto"], None, Settings) == {}
    assert settings_from_file(session, ["Splunk"], "nope", Settings) == {}


def test_what_is_switched_off_is_refused(session: Session) -> None:
    with pytest.raises(SettingsError, match="Elastic is switched off"):
        settings_from_file(session, ["Elastic"], None, Settings)


def test_a_fault_of_an_entry_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("DataProviders:\n  Splunk:\n    Args:\n      port: many\n")
    monkeypatch.setenv("HUNTKITCONFIG", str(path))
    with pytest.raises(SettingsError, match="line 4"):
        settings_from_file(Session(), ["Splunk"], None, Settings)


def test_calls_win_over_the_constructor_and_both_over_the_file(session: Session) -> None:
    provider = QueryProvider("Splunk", driver=Splunkish, session=session)
    provider.connect()
    assert provider.connection_string == "splunk.example:8089"
    provider = QueryProvider("Splunk", driver=Splunkish, session=session, port=1, index="x")
    provider.connect()
    assert provider.connection_string == "splunk.example:1"
    provider.connect(port=2)
    assert provider.connection_string == "splunk.example:2"
    provider.add_connection(alias="lab")
    assert provider.list_connections() == [
        "Default: splunk.example:2, connected",
        "lab: lab.example:9000, connected",
    ]
    provider = QueryProvider("Splunk", driver=Splunkish, session=session, instance="lab")
    provider.connect()
    assert provider.connection_string == "lab.example:9000"
    with pytest.raises(UsageError, match="port is str"):
        provider.connect(port="many")


def test_folders_of_queries_are_relative_to_the_file(session: Session, tmp_path: Path) -> None:
    assert query_paths_from_file(session) == [tmp_path / "hunts", Path("/elsewhere/more.yaml")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("QueryDefinitions: {Custom: hunts}", ["hunts"]),
        ("QueryDefinitions: {Default: builtin}", []),
        ("QueryDefinitions:", []),
        ("huntkit: {}", []),
    ],
)
def test_few_or_no_folders_are_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, found: list[str]
) -> None:
    (tmp_path / "own.yaml").write_text(text)
    monkeypatch.setenv("HUNTKITCONFIG", str(tmp_path / "own.yaml"))
    assert query_paths_from_file(Session()) == [tmp_path / each for each in found]


def test_a_fault_there_warns_and_hides_no_query(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.yaml").write_text("QueryDefinitions: {Custom: {a: 1}}")
    monkeypatch.setenv("HUNTKITCONFIG", str(tmp_path / "own.yaml"))
    monkeypatch.setattr("huntkit.sources.provider.built_in", lambda: ())
    provider: Any = QueryProvider("Splunk", driver=Splunkish, session=Session())
    provider.add_custom_query("mine", "search x", "Own")
    with pytest.warns(UserWarning, match="queries are missing"):
        assert provider.list_queries() == ["Own.mine"]
