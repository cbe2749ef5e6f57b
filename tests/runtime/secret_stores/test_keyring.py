import sys
from types import SimpleNamespace

import pytest

from huntkit.core.errors import SettingsError
from huntkit.runtime import Secret

HIDDEN = "hunter2-never-shown"


class Broken(Exception):
    pass


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], object]:
    kept: dict[tuple[str, str], object] = {("huntkit", "key"): HIDDEN}

    def get_password(service: str, name: str) -> object:
        found = kept.get((service, name))
        if isinstance(found, Exception):
            raise found
        return found

    fake = SimpleNamespace(get_password=get_password, errors=SimpleNamespace(KeyringError=Broken))
    monkeypatch.setitem(sys.modules, "keyring", fake)
    return kept


def test_the_keyring_is_asked_by_service_and_name(entries) -> None:
    assert Secret("keyring:huntkit/key").reveal() == HIDDEN
    entries["a/b", "c"] = "nested"
    assert Secret("keyring:a/b/c").reveal() == "nested"


def test_what_is_not_there_is_said_with_the_command_that_puts_it_there(entries) -> None:
    with pytest.raises(SettingsError, match="keyring set huntkit other"):
        Secret("keyring:huntkit/other").reveal()
    with pytest.raises(SettingsError, match="keyring:service/name"):
        Secret("keyring:huntkit").reveal()


def test_a_keyring_that_does_not_work_is_said(entries) -> None:
    entries["huntkit", "broken"] = Broken("no backend")
    with pytest.raises(SettingsError, match="can't be used here: Broken: no backend"):
        Secret("keyring:huntkit/broken").reveal()


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SettingsError, match="pip install keyring"):
        Secret("keyring:huntkit/key").reveal()
