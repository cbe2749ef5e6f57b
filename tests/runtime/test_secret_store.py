import importlib.metadata
import sys
import types

import pytest

from huntkit.core.errors import Offline, SettingsError
from huntkit.runtime import Secret, Session, Settings, secret_store
from huntkit.runtime.secret_store import SecretStore, SecretStores

HIDDEN = "hunter2-never-shown"


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch):
    """A store `testvault` from outside, which counts how often it is asked."""
    module = types.ModuleType("outside_vault")

    class Vault(SecretStore):
        """Keeps one secret."""

        network = True
        asked: list[str] = []  # noqa: RUF012  the test looks at it

        def get(self, place: str) -> str:
            self.asked.append(place)
            if place != "prod/key":
                raise SettingsError(f"there is no {place}")
            return HIDDEN

    Vault.__module__ = module.__name__
    module.Vault = Vault  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    entry = importlib.metadata.EntryPoint(
        "secret_store.testvault", module.__name__, "huntkit.plugins"
    )
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: [entry])
    secret_store.registry.cache_clear()
    yield Vault
    secret_store.registry.cache_clear()


def test_a_store_from_outside_is_found_by_its_name(vault) -> None:
    session = Session(Settings())
    secret = Secret("testvault:prod/key", stores=session.stores)
    assert (secret.store, secret.at_hand, vault.asked) == ("testvault", False, [])
    assert secret.reveal() == HIDDEN
    assert secret.reveal() == HIDDEN
    assert vault.asked == ["prod/key"]  # the second time it was kept
    assert secret.at_hand
    assert HIDDEN not in repr(secret)
    with pytest.raises(SettingsError, match="there is no prod/other"):
        Secret("testvault:prod/other", stores=session.stores).reveal()


def test_an_offline_session_asks_no_store_of_the_network(vault) -> None:
    session = Session(Settings(offline=True))
    with pytest.raises(Offline, match="kept in a testvault"):
        Secret("testvault:prod/key", stores=session.stores).reveal()
    assert vault.asked == []


def test_a_store_that_is_not_there_is_named() -> None:
    stores = SecretStores(Session(Settings()))
    with pytest.raises(SettingsError, match="nothing here reads secrets of the kind 'novault:'"):
        stores.get("novault", "x")


def test_the_keyring_is_listed_without_being_loaded() -> None:
    assert "keyring" in secret_store.registry()
