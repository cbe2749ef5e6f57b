"""Settings as people write them become what a driver declared."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from huntkit.core.errors import UsageError
from huntkit.runtime.secrets import PlainSecretWarning, Secret
from huntkit.sources.declared import declared


@dataclass(frozen=True, kw_only=True)
class Settings:
    host: str
    token: Secret | None = None
    port: int = 8089
    wait_s: float = 1.0
    verify: bool = True
    folder: Path | None = None
    names: Sequence[str] = ()
    level: Literal["low", "high"] = "low"
    anything: Any = None


def test_everything_is_taken_as_declared() -> None:
    made = declared(
        Settings,
        {
            "host": "h.example",
            "token": "env:NAME",
            "wait_s": 3,
            "folder": "/x",
            "names": "one",
            "level": "high",
            "anything": object,
        },
        what="it",
    )
    assert made == Settings(
        host="h.example",
        token=Secret("env:NAME"),
        wait_s=3.0,
        folder=Path("/x"),
        names=("one",),
        level="high",
        anything=object,
    )
    assert declared(Settings, {"host": "h", "names": ["a", "b"]}, what="it").names == ("a", "b")


def test_all_faults_are_told_at_once_and_no_value_is_shown() -> None:
    given = {"hots": "canary1", "port": "canary2", "verify": "canary3", "level": "canary4"}
    with pytest.raises(UsageError) as caught:
        declared(Settings, given, what="the connection to X")
    message = str(caught.value)
    assert message.startswith("the connection to X: ")
    assert "'hots', did you mean 'host'?" in message
    assert "port is str, not int" in message
    assert "verify is str, not bool" in message
    assert "level is str, not one of 'low', 'high'" in message
    assert "host is missing" in message
    assert "canary" not in message


@pytest.mark.parametrize(
    ("name", "value"), [("port", True), ("port", 1.5), ("host", 1), ("names", 3), ("token", 5)]
)
def test_what_was_not_declared_is_refused(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"{name} is"):
        declared(Settings, {"host": "h", name: value}, what="it")


def test_a_secret_in_plain_text_warns_and_is_not_shown() -> None:
    with pytest.warns(PlainSecretWarning):
        made = declared(Settings, {"host": "h", "token": "s3cret"}, what="it")
    assert "s3cret" not in repr(made)
