"""Key Vault, on a stand-in of its documented form that Microsoft's own client is proved on, too."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from huntkit.core.errors import AccessDenied, Offline, RequestFailed, SettingsError
from huntkit.runtime.secrets import Secret
from huntkit.runtime.session import Session, Settings
from huntkit.signin.secret_stores.keyvault import KeyVault, KeyVaultSettings
from servers import Answer

TOKEN = "good-token-0123456789"
CANARY = "canary-secret-0123456789"
CHALLENGE = (
    'Bearer authorization="https://login.microsoftonline.com/0000", '
    'resource="https://vault.azure.net"'
)


class Vault:
    """Keeps secrets; two names a page, whose next address names the port, as the service's does.

    `prefix` stands before the paths where one server stands for several vaults.
    """

    def __init__(self, prefix=""):
        self.prefix = prefix
        self.kept = {"otx-key": CANARY, "b": "2", "c": "3", "off": "4", "e": "5"}

    def __call__(self, asked):
        if not asked.headers.get("authorization"):
            return Answer(401, headers={"WWW-Authenticate": CHALLENGE})
        assert asked.params["api-version"]
        if asked.headers["authorization"] != f"Bearer {TOKEN}":
            return self.error(401, "Unauthorized")
        path = asked.path.removeprefix(self.prefix).strip("/")
        if path == "secrets":
            return self.page(int(asked.params.get("$skiptoken", 0)))
        name = path.split("/")[1]
        if asked.method == "PUT":
            self.kept[name] = asked.json()["value"]
        if name == "off":
            return self.error(403, "Forbidden", {"code": "SecretDisabled"})
        if name not in self.kept:
            return self.error(404, "SecretNotFound")
        return Answer(json={"value": self.kept[name], **self.about(name)})

    def about(self, name):
        facts = {"enabled": name != "off", "created": 1482189047, "updated": 1482189047}
        return {"id": f"https://prod.vault.azure.net/secrets/{name}", "attributes": facts}

    def page(self, start):
        names = sorted(self.kept)
        body = {"value": [self.about(name) for name in names[start : start + 2]], "nextLink": None}
        if start + 2 < len(names):
            skip = f"api-version=7.4&$skiptoken={start + 2}"
            body["nextLink"] = f"https://prod.vault.azure.net:443/secrets?{skip}"
        return Answer(json=body)

    @staticmethod
    def error(status, code, inner=None):
        said = {"code": code, "message": "said by the stand-in", "innererror": inner}
        return Answer(status, json={"error": said})


@pytest.fixture
def vault():
    return Vault("/prod")


@pytest.fixture
def settings_file(http_server, tmp_path, monkeypatch, vault):
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    server = http_server(vault)
    path = tmp_path / "huntkit.yaml"
    path.write_text(
        f"KeyVault:\n  VaultName: prod\n  Endpoint: {server.url}/{{vault}}\n"
        "  Token: env:VAULT_TOKEN\n"
        "TIProviders:\n  OTX:\n    Args:\n      AuthKey: {KeyVault: otx-key}\n"
    )
    return path


@pytest.fixture
def session(settings_file, tmp_path):
    with Session(Settings(cache_dir=tmp_path), settings_file=settings_file) as made:
        yield made


def test_microsofts_client_finds_the_stand_in_right(http_server):
    library = pytest.importorskip("azure.keyvault.secrets")
    vault = Vault()

    def closing(asked):
        answer = vault(asked)
        return replace(answer, headers={**answer.headers, "Connection": "close"})

    server = http_server(closing, tls=True)
    signed = SimpleNamespace(token=TOKEN, expires_on=2**31)
    client = library.SecretClient(
        server.url, SimpleNamespace(get_token=lambda *_, **__: signed),
        connection_verify=str(server.ca), verify_challenge_resource=False,
    )  # fmt: skip
    assert client.get_secret("otx-key").value == CANARY
    assert client.set_secret("new", "value").value == "value"
    assert vault.kept["new"] == "value"
    with pytest.raises(Exception, match="SecretNotFound"):
        client.get_secret("other")
    first = next(client.list_properties_of_secrets().by_page())
    assert [each.name for each in first] == ["b", "c"]
    client.close()


def test_a_secret_is_read_where_it_is_used_and_shown_nowhere(session):
    assert session.stores.get("keyvault", "prod/otx-key") == CANARY
    secret = Secret("keyvault:prod/otx-key")
    assert "canary" not in f"{secret!r} {session!r}"


@pytest.mark.parametrize("place", ["otx-key", "prod/", "/x", "prod/a b", "prod/../x", "a/b/c"])
def test_a_reference_that_names_no_secret_is_refused(session, place):
    with pytest.raises(SettingsError):
        session.stores.get("keyvault", place)
    with pytest.raises(SettingsError):
        KeyVault(session).put(place, Secret.held(CANARY))


def test_what_is_not_there_is_said_with_what_to_do(session):
    with pytest.raises(SettingsError, match=r"no secret 'other'.*az keyvault secret set"):
        session.stores.get("keyvault", "prod/other")


def test_a_secret_that_is_kept_can_be_read(session, vault):
    store = KeyVault(session)
    store.put("prod/new-key", Secret.held(CANARY + "'\n"))
    assert vault.kept["new-key"] == CANARY + "'\n"
    assert store.get("prod/new-key") == CANARY + "'\n"


def test_all_names_of_a_vault_come_without_the_disabled_ones(session):
    assert KeyVault(session).names() == ["b", "c", "e", "otx-key"]
    assert KeyVault(session).names("prod") == ["b", "c", "e", "otx-key"]
    with pytest.raises(SettingsError, match="is no key vault"):
        KeyVault(session).names("../x")


@pytest.mark.parametrize(
    ("status", "inner", "hint"),
    [
        (403, "SecretDisabled", "--enabled true"),
        (403, "ForbiddenByFirewall", "firewall does not let"),
        (403, "ForbiddenByRbac", "role 'Key Vault Secrets Officer' on 'prod'"),
    ],
)
def test_a_refusal_says_what_to_do_and_not_the_secret(
    session, vault, monkeypatch, status, inner, hint
):
    said = Answer(status, json={"error": {"code": "Forbidden", "innererror": {"code": inner},
                                          "message": f"no {CANARY} for {TOKEN}"}})  # fmt: skip
    monkeypatch.setattr(Vault, "__call__", lambda *_: said)
    with pytest.raises(AccessDenied) as told:
        KeyVault(session).put("prod/x", Secret.held(CANARY))
    assert hint in told.value.hint
    shown = f"{told.value!r} {told.value} {told.value.context}"
    assert CANARY not in shown
    assert TOKEN not in shown


@pytest.mark.parametrize(
    "body",
    [[], {}, {"value": {}}, {"value": [], "nextLink": "https://x.example/"}, {"value": CANARY}],
)
def test_answers_that_are_none_are_errors_without_the_secret(session, monkeypatch, body):
    monkeypatch.setattr(Vault, "__call__", lambda *_: Answer(json=body))
    with pytest.raises(RequestFailed) as told:
        KeyVault(session).names()
    assert CANARY not in f"{told.value!r} {told.value}"


def test_pages_that_lead_in_a_circle_end(session, monkeypatch):
    page = {"value": [], "nextLink": "https://prod.vault.azure.net:443/secrets?$skiptoken=same"}
    monkeypatch.setattr(Vault, "__call__", lambda *_: Answer(json=page))
    with pytest.raises(RequestFailed, match="how it goes on"):
        KeyVault(session).names()


@pytest.mark.parametrize(
    ("authority", "cloud"),
    [("usgov", "usgov"), ("chi", "china"), ("global", "global"), ("", "global")],
)
def test_the_cloud_is_read_from_older_files(tmp_path, authority, cloud):
    path = tmp_path / "msticpyconfig.yaml"
    path.write_text(f"KeyVault:\n  VaultName: v\n  TenantId: t\n  Authority: '{authority}'\n")
    with Session(Settings(cache_dir=tmp_path), settings_file=path) as session:
        settings = KeyVault(session)._settings
    assert isinstance(settings, KeyVaultSettings)
    assert (settings.cloud, settings.vault_name, settings.tenant_id) == (cloud, "v", "t")


def test_offline_nobody_is_asked(settings_file):
    session = Session(Settings(offline=True), settings_file=settings_file)
    with session, pytest.raises(Offline):
        session.stores.get("keyvault", "prod/otx-key")
    with session, pytest.raises(Offline):
        KeyVault(session).names()
