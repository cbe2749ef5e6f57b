"""Key Vault, on a stand-in of its documented form."""

import pytest

from huntkit.core.errors import Offline, SettingsError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from servers import Answer, Asked


def service(asked: Asked) -> Answer:
    assert asked.params == {"api-version": "7.4"}
    if asked.headers.get("authorization") != "Bearer good-token-0123456789":
        return Answer(401, json={"error": {"code": "Unauthorized"}})
    if asked.path == "/prod/secrets/otx-key":
        return Answer(json={"value": "canary-secret-0123456789", "id": "x", "attributes": {}})
    return Answer(404, json={"error": {"code": "SecretNotFound", "message": "not found"}})


@pytest.fixture
def settings_file(http_server, tmp_path, monkeypatch):
    monkeypatch.setenv("VAULT_TOKEN", "good-token-0123456789")
    server = http_server(service)
    path = tmp_path / "huntkit.yaml"
    path.write_text(
        f"KeyVault:\n  VaultName: prod\n  Endpoint: {server.url}/{{vault}}\n"
        "  Token: env:VAULT_TOKEN\n"
        "TIProviders:\n  OTX:\n    Args:\n      AuthKey: {KeyVault: otx-key}\n"
    )
    return path


def test_a_secret_is_read_where_it_is_used_and_shown_nowhere(settings_file):
    with Session(settings_file=settings_file) as session:
        assert session.stores.get("keyvault", "prod/otx-key") == "canary-secret-0123456789"
        secret = Secret("keyvault:prod/otx-key")
        assert "canary" not in f"{secret!r} {session!r}"


@pytest.mark.parametrize("place", ["otx-key", "prod/", "/x", "prod/a b", "prod/../x", "a/b/c"])
def test_a_reference_that_names_no_secret_is_refused(settings_file, place):
    with Session(settings_file=settings_file) as session, pytest.raises(SettingsError):
        session.stores.get("keyvault", place)


def test_what_is_not_there_is_said_with_what_to_do(settings_file):
    with (
        Session(settings_file=settings_file) as session,
        pytest.raises(SettingsError, match="no secret 'other'"),
    ):
        session.stores.get("keyvault", "prod/other")


def test_offline_nobody_is_asked(settings_file):
    session = Session(Settings(offline=True), settings_file=settings_file)
    with session, pytest.raises(Offline):
        session.stores.get("keyvault", "prod/otx-key")
