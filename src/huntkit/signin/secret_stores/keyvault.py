"""Azure Key Vault: ``keyvault:vault/name``, by its REST API (version 7.4).

Written to the documented API; checked against a stand-in, never against the live service.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from huntkit.core.errors import RequestFailed, SettingsError
from huntkit.runtime.http_client import HttpClient, Service
from huntkit.runtime.secret_store import SecretStore
from huntkit.signin.azure import AzureIdentity, AzureTokens

_VERSION: Final = "7.4"
_NAME: Final = re.compile(r"[0-9A-Za-z-]{1,127}")
_HOSTS: Final = {
    "global": "vault.azure.net",
    "usgov": "vault.usgovcloudapi.net",
    "china": "vault.azure.cn",
}


@dataclass(frozen=True, kw_only=True)
class KeyVaultSettings(AzureIdentity):
    """The section ``KeyVault`` of the settings file.

    Attributes:
        vault_name: for references that name no vault.
        endpoint: the vaults' address, where it is not the cloud's own; ``{vault}`` is its name.
    """

    vault_name: str = ""
    endpoint: str = ""


class KeyVault(SecretStore):
    """Secrets of Azure Key Vaults."""

    network = True
    _clients: dict[str, HttpClient] | None = None

    def get(self, place: str) -> str:
        """The newest version of the secret `name` of `vault`."""
        vault, slash, name = place.rpartition("/")
        if not (slash and _NAME.fullmatch(vault) and _NAME.fullmatch(name)):
            raise SettingsError(
                f"'keyvault:{place[:80]}' does not say which secret",
                hint="write keyvault:vault/name; names have letters, digits and hyphens",
            )
        client = self._client(vault)
        reply = client.get(
            "/secrets/{name}", fill={"name": name}, params={"api-version": _VERSION}, answers={404}
        )
        if reply.status_code == 404:
            raise SettingsError(
                f"the key vault {vault!r} has no secret {name!r}",
                hint=f"run: az keyvault secret set --vault-name {vault} --name {name} --value ...",
            )
        value = _value(reply.json())
        if not value:
            raise SettingsError(f"the key vault {vault!r} gave no value for {name!r}")
        return value

    def _client(self, vault: str) -> HttpClient:
        if self._clients is None:
            self._clients = {}
        if vault not in self._clients:
            settings = self.session.settings_section("KeyVault", KeyVaultSettings)
            host = _HOSTS[settings.cloud]
            address = settings.endpoint or f"https://{{vault}}.{host}"
            self._clients[vault] = self.session.http(
                Service(
                    name="Key Vault",
                    base_url=address.replace("{vault}", vault).rstrip("/"),
                    token=AzureTokens(settings, f"https://{host}/.default"),
                )
            )
        return self._clients[vault]


def _value(body: object) -> str:
    """The value in a reply; never quoted in an error."""
    value = body.get("value") if isinstance(body, Mapping) else None
    if not isinstance(value, str):
        raise RequestFailed("Key Vault answered without a value", service="Key Vault")
    return value
