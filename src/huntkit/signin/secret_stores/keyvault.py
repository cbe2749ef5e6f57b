"""Azure Key Vault: ``keyvault:vault/name``, by its REST API (version 7.4).

Written to the documented API; its stand-in was proved with Microsoft's own client, the live service
was never asked by this project.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from huntkit.core.errors import AccessDenied, RequestFailed, SettingsError
from huntkit.runtime.http_client import HttpClient, Service
from huntkit.runtime.secret_store import SecretStore
from huntkit.runtime.secrets import Secret
from huntkit.signin.azure import AzureIdentity, AzureTokens, Cloud

_VERSION: Final = "7.4"
_NAME: Final = re.compile(r"[0-9A-Za-z-]{1,127}")
_HOSTS: Final = {
    "global": "vault.azure.net",
    "usgov": "vault.usgovcloudapi.net",
    "china": "vault.azure.cn",
}
_CLOUDS: Final[Mapping[str, Cloud]] = {"usgov": "usgov", "chi": "china", "cn": "china"}
_PAGES: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class KeyVaultSettings(AzureIdentity):
    """The section ``KeyVault`` of the settings file.

    Attributes:
        vault_name: for references that name no vault.
        endpoint: the vaults' address, where it is not the cloud's own; ``{vault}`` is its name.
        authority: the cloud, as older files name it: ``global``, ``usgov``, ``chi``.
    """

    vault_name: str = ""
    endpoint: str = ""
    authority: str = ""


class KeyVault(SecretStore):
    """Secrets of Azure Key Vaults.

    In all methods:
        AccessDenied: nobody is signed in, or may not do that; the hint says which role it takes.
        SettingsError: the reference names no vault or no secret.
    """

    network = True
    _clients: dict[str, HttpClient] | None = None

    def get(self, place: str) -> str:
        """The newest version of the secret `name` of `vault`.

        Raises:
            SettingsError: there is no such secret, with the command that makes one.
        """
        vault, name = _parts(place)
        reply = self._ask(vault, "GET", "/secrets/{name}", "Secrets User", name=name)
        if reply.status_code == 404:
            raise SettingsError(
                f"the key vault {vault!r} has no secret {name!r}",
                hint=f"run: az keyvault secret set --vault-name {vault} --name {name} --value ...",
            )
        value = _value(reply.json())
        if not value:
            raise SettingsError(f"the key vault {vault!r} gave no value for {name!r}")
        return value

    def put(self, place: str, value: Secret) -> None:
        """Make `value` the newest version of a secret; older versions stay. Changes the vault."""
        vault, name = _parts(place)
        self._ask(
            vault, "PUT", "/secrets/{name}", "Secrets Officer", name=name, json={"value": value}
        )

    def names(self, vault: str = "") -> list[str]:
        """The names of a vault's secrets that can be read, in order, without their values.

        Args:
            vault: the vault; left out, the one that the settings name.

        Raises:
            RequestFailed: the answer is no list.
        """
        chosen = vault or self._settings.vault_name
        if not _NAME.fullmatch(chosen):
            raise SettingsError(
                f"{chosen!r:.80} is no key vault",
                hint="KeyVault: VaultName in the settings names one",
            )
        found: list[str] = []
        token: str | None = None
        for _ in range(_PAGES):
            reply = self._ask(
                chosen, "GET", "/secrets", "Secrets User", params={"$skiptoken": token}
            )
            listed, token = _page(reply.json(), token)
            found += listed
            if token is None:
                return sorted(found)
        raise RequestFailed(f"the vault has more than {_PAGES:,} pages", service="Key Vault")

    def _ask(
        self, vault: str, method: str, path: str, role: str, *, name: str | None = None,
        params: Mapping[str, str | None] | None = None, json: Any = None,
    ) -> Any:  # fmt: skip
        # A client takes what it has sent out of all replies: one that wrote a secret can't read it.
        client = self._client(vault) if json is None else self._made(vault)
        call = client.call(
            method, path, fill={"name": name} if name else None,
            params={"api-version": _VERSION, **(params or {})}, json=json,
        )  # fmt: skip
        try:
            return client.send(call, answers={404} if method == "GET" and name else ())
        except AccessDenied as problem:
            problem.hint = _denied(problem, vault, name, role)
            raise

    def _client(self, vault: str) -> HttpClient:
        if self._clients is None:
            self._clients = {}
        if vault not in self._clients:
            self._clients[vault] = self._made(vault)
        return self._clients[vault]

    def _made(self, vault: str) -> HttpClient:
        settings = self._settings
        host = _HOSTS[settings.cloud]
        address = settings.endpoint or f"https://{{vault}}.{host}"
        return self.session.http(
            Service(
                name="Key Vault",
                base_url=address.replace("{vault}", vault).rstrip("/"),
                token=AzureTokens(settings, f"https://{host}/.default"),
            )
        )

    @property
    def _settings(self) -> KeyVaultSettings:
        settings = self.session.settings_section("KeyVault", KeyVaultSettings)
        cloud = _CLOUDS.get(settings.authority.casefold())
        return replace(settings, cloud=cloud) if cloud else settings


def _parts(place: str) -> tuple[str, str]:
    vault, slash, name = place.rpartition("/")
    if not (slash and _NAME.fullmatch(vault) and _NAME.fullmatch(name)):
        raise SettingsError(
            f"'keyvault:{place[:80]}' does not say which secret",
            hint="write keyvault:vault/name; names have letters, digits and hyphens",
        )
    return vault, name


def _value(body: object) -> str:
    """The value in a reply; never quoted in an error."""
    value = body.get("value") if isinstance(body, Mapping) else None
    if not isinstance(value, str):
        raise RequestFailed("Key Vault answered without a value", service="Key Vault")
    return value


def _page(body: object, before: str | None) -> tuple[list[str], str | None]:
    """The names on a page, and the token of the next one.

    The address of the next page is not followed: it names a port that the vault's own lacks.
    """
    listed = body.get("value") if isinstance(body, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(listed, list):
        raise RequestFailed("Key Vault answered without a list", service="Key Vault")
    names = [
        str(each.get("id", "")).rstrip("/").rsplit("/", 1)[-1]
        for each in listed
        if isinstance(each, Mapping) and (each.get("attributes") or {}).get("enabled") is not False
    ]
    link = body.get("nextLink")
    if not link:
        return names, None
    token = parse_qs(urlsplit(str(link)).query).get("$skiptoken", [""])[0]
    if not token or token == before:
        raise RequestFailed("Key Vault's list does not say how it goes on", service="Key Vault")
    return names, token


def _denied(problem: AccessDenied, vault: str, name: str | None, role: str) -> str:
    """What to do now, by what the service said."""
    said = problem.message
    if "SecretDisabled" in said or "disabled secret" in said:
        enabled = f"az keyvault secret set-attributes --vault-name {vault} --name {name}"
        return f"the secret is switched off; run: {enabled} --enabled true"
    if "ForbiddenByFirewall" in said or "firewall" in said:
        return f"the vault's firewall does not let this machine in: {vault}, Networking"
    if problem.status == 403:
        return f"who asks needs the role 'Key Vault {role}' on {vault!r}, or an access policy"
    return problem.hint
